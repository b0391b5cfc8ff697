#include "affairs/rule/rule.h"

#include <string.h>

enum rule_state { RULE_DRAFT, RULE_SUBMITTED, RULE_IN_FORCE, RULE_RETURNED };

static const char *const states[] = {"draft", "submitted", "in_force", "returned"};
static const char *const states_zh[] = {"起草", "待同意", "施行", "退回"};

static enum result rule_is_own(struct move *move)
{
    struct work *work = move->work;
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_RULE_BY_ID, STORE_BINDS({"id", store_integer(move->object_id)}),
                  &row));
    if (row_integer(&row, "owner_id") == work->actor->party)
        return RESULT_OK;
    return RESULT_NOT_FOUND;
}

/* clang-format off */
static const struct transition transitions[] = {
/*  from             event       to               by              law                     */
  { WORKFLOW_NEW,    "draft",    RULE_DRAFT,      ROLE_BUREAU,    LAW(RULE_LIBRARY) },
  { WORKFLOW_NEW,    "draft",    RULE_DRAFT,      ROLE_OPERATOR,  LAW(ADMISSION_RULES) },
  { RULE_DRAFT,      "submit",   RULE_SUBMITTED,  ROLE_BUREAU,    LAW(RULE_LIBRARY),      { GUARD(rule_is_own) }, .due_working_days = 10 },
  { RULE_DRAFT,      "submit",   RULE_SUBMITTED,  ROLE_OPERATOR,  LAW(ADMISSION_RULES),   { GUARD(rule_is_own) }, .due_working_days = 10 },
  { RULE_SUBMITTED,  "consent",  RULE_IN_FORCE,   ROLE_BUREAU,    LAW(ADMISSION_RULES),   .duty = DUTY_APPROVER, .apart_from = "submit" },
  { RULE_SUBMITTED,  "return",   RULE_RETURNED,   ROLE_BUREAU,    LAW(REASONS),           .duty = DUTY_APPROVER, .reason = true },
};
/* clang-format on */

const struct workflow rule_workflow = {
    .name = "rule",
    .zh = "制度规则",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
