/* What the files of this folder share: finding a case and its rows, and asking a row. */
#pragma once

#include "workflow/workflow.h"

struct workflow_case {
    row_id id;
    const struct workflow *workflow; /* the version it is pinned to */
    int state;
    instant since;
};

/* The state's number, or -1 when the workflow has no state of that name. */
int walk_state_number(const struct workflow *workflow, const char *name);
const char *walk_state_name(const struct workflow *workflow, int state);
const char *walk_state_chinese(const struct workflow *workflow, int state);

/* The case of an object, in the version it is pinned to; NOT_FOUND refuses. `all` may be NULL: `latest` only.
 */
enum result walk_find(struct work *work, workflow_list all, const struct workflow *latest, row_id object_id,
                      struct workflow_case *ret_case);

/* The row that leaves `state` by `event` for the actor; NULL when there is none. One that another role may
 * take is given when this one may not, so that the refusal can name the role. */
const struct transition *walk_row(const struct workflow *workflow, int state, const char *event,
                                  enum role role);

/* Whether one check of a row is taken out, such as "product:approve:role" (law/README.md). */
bool walk_without(const struct workflow *workflow, const char *event, const char *part);

/* Asks role, duty, two-person rule, reason and guards, in this order. `case_id` 0: the case is being opened.
 */
enum result walk_ask(struct move *move, const struct transition *row, row_id case_id);
