/* Walks a case through a table of transitions.
 *
 * A case is one row of `workflow_case`: the object it is about ("product", 17), the workflow and version it
 * is pinned to, its state, since when, and when it is due. Every step adds a row to `workflow_event` (who,
 * when, event, reason) and one audit entry, in the transaction of the step. A move that has no row is refused
 * with the moves that exist.
 */
#pragma once

#include "base/digest.h"
#include "workflow/work.h"

#include <jansson.h>

struct workflow;

/* What a guard may look at. It answers RESULT_OK, or REFUSEs with the reason. */
struct move {
    struct work *work;
    const struct workflow *workflow;
    row_id object_id;
    const char *event;
    const char *reason;  /* as given by the actor, NULL when none */
    const json_t *input; /* the body of the request, or NULL */
    void *context;       /* what the concept hands to its own guards */
    bool preview; /* asked for workflow_actions(): reason and input are not there yet, so do not miss them */

    /* What a guard may leave for the audit entry. */
    const char *rule;              /* the rule version that decided, "admission@3" */
    const struct digest *evidence; /* the document or product that the step binds */
};

/* A named rule, so that a test can take it out and see the clause's test fail (law/README.md). */
struct guard {
    const char *name;
    enum result (*ask)(struct move *move);
};
/* In a row: {GUARD(product_is_whole), GUARD(bytes_are_unchanged)} */
#define GUARD(function)                                                                                      \
    {                                                                                                        \
#function, function                                                                                  \
    }
#define NO_GUARD                                                                                             \
    {                                                                                                        \
        NULL, NULL                                                                                           \
    }

struct transition {
    int from; /* WORKFLOW_NEW opens a case */
    const char *event;
    int to;
    enum role by;
    enum law law;
    struct guard guards[4]; /* asked in order, all must agree */
    enum duty duty;         /* that the actor's account needs; DUTY_ANY: none in particular */
    const char *apart_from; /* two-person rule: not the account that did this event last in this case */
    bool reason;            /* a reason is mandatory (clause 二(六)1, REASONS) */
    int due_working_days;   /* `to` is due that many working days later; 0: no deadline */
};

#define WORKFLOW_NEW (-1)

struct workflow {
    const char *name; /* "product" */
    const char *zh;
    int version;
    const char *const *states; /* names by state number */
    const char *const *states_zh;
    size_t state_count;
    const struct transition *transitions;
    size_t transition_count;
};

/* All workflows of the program, all versions that cases may be pinned to; given once by main.c. Ends with
 * NULL. */
typedef const struct workflow *const *workflow_list;

/* Opens the case of an object at the state that the WORKFLOW_NEW row for `event` gives. */
enum result workflow_open(struct work *work, const struct workflow *workflow, row_id object_id,
                          const char *event, const json_t *input, void *context);

/* Takes the step, or refuses: no such case (NOT_FOUND), no such row (CONFLICT, naming the moves that exist),
 * role or duty (FORBIDDEN), two-person rule (FORBIDDEN), no reason (INVALID), a guard. `latest` is the
 * version in force; a case pinned to another is found in `all`. *ret_state may be NULL. The step's audit
 * entry takes every change that the unit made so far; changes made after it need a work_record(). */
enum result workflow_step(struct work *work, workflow_list all, const struct workflow *latest,
                          row_id object_id, const char *event, const char *reason, const json_t *input,
                          void *context, int *ret_state);

/* The state of an object's case, RESULT_NOT_FOUND when it has none (work->refusal is left alone). */
enum result workflow_state(struct work *work, const struct workflow *workflow, row_id object_id,
                           int *ret_state);

/* What the actor may do now and why not otherwise: [{"event","to","may":bool,"reason_zh","reason_en"}]. */
enum result workflow_actions(struct work *work, workflow_list all, const struct workflow *latest,
                             row_id object_id, void *context, json_t **ret_actions);

/* The history of a case: [{"event","from","to","account","party","at","reason","entry"}]. */
enum result workflow_history(struct work *work, const struct workflow *workflow, row_id object_id,
                             json_t **ret_history);

/* Cases past their due instant, the longest overdue first, for timers and lists:
 * [{"workflow","object_id","state","due"}]. */
enum result workflow_overdue(struct work *work, int limit, json_t **ret_cases);

/* Checks the table itself: names, numbers, a clause on every row, no two rows for the same state, event and
 * role, every state reachable. Called at start; aborts with the row on stderr. */
void workflow_check(const struct workflow *workflow);

/* Diagrams. */
enum workflow_format { WORKFLOW_GRAPHVIZ, WORKFLOW_MERMAID };
char *workflow_print(struct arena *arena, const struct workflow *workflow, enum workflow_format format);
