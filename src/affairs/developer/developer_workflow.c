#include "affairs/developer/developer_inner.h"

enum admission_state {
    ADMISSION_APPLIED,
    ADMISSION_APPROVED,
    ADMISSION_REFUSED,
    ADMISSION_OFFERED,
    ADMISSION_IN_FORCE,
    ADMISSION_ENDED
};

static const char *const states[] = {"applied", "approved", "refused", "offered", "in_force", "ended"};
static const char *const states_zh[] = {"待审核", "审核通过", "未通过", "待签协议", "协议生效", "已结束"};

/* clang-format off */
static const struct transition transitions[] = {
/*  from                  event      to                    by               law                           guards */
  { WORKFLOW_NEW,         "apply",   ADMISSION_APPLIED,    ROLE_DEVELOPER,  LAW(DEVELOPER_ELIGIBILITY),
    { GUARD(admission_is_open), GUARD(developer_is_able), GUARD(developer_is_clean), GUARD(developer_is_no_affiliate) }, .due_working_days = 10 },
  { ADMISSION_APPLIED,    "approve", ADMISSION_APPROVED,   ROLE_OPERATOR,   LAW(DEVELOPER_AGREEMENT),     { GUARD(admission_is_for_own_operator) }, .duty = DUTY_REVIEWER },
  { ADMISSION_APPLIED,    "refuse",  ADMISSION_REFUSED,    ROLE_OPERATOR,   LAW(REASONS),                 { GUARD(admission_is_for_own_operator) }, .duty = DUTY_REVIEWER, .reason = true },
  { ADMISSION_APPROVED,   "offer",   ADMISSION_OFFERED,    ROLE_OPERATOR,   LAW(DEVELOPER_AGREEMENT),     { GUARD(admission_is_for_own_operator) } },
  { ADMISSION_OFFERED,    "sign",    ADMISSION_IN_FORCE,   ROLE_DEVELOPER,  LAW(DEVELOPER_AGREEMENT),     { GUARD(admission_is_own), GUARD(contract_is_offered) } },
  { ADMISSION_IN_FORCE,   "report",  ADMISSION_IN_FORCE,   ROLE_DEVELOPER,  LAW(DEVELOPER_AGREEMENT),     { GUARD(admission_is_own) } },
  { ADMISSION_IN_FORCE,   "late",    ADMISSION_IN_FORCE,   ROLE_SYSTEM,     LAW(DEVELOPER_AGREEMENT) },
  { ADMISSION_IN_FORCE,   "end",     ADMISSION_ENDED,      ROLE_OPERATOR,   LAW(REASONS),                 { GUARD(admission_is_for_own_operator) }, .duty = DUTY_APPROVER, .reason = true },
};
/* clang-format on */

const struct workflow admission_workflow = {
    .name = "admission",
    .zh = "开发利用主体准入",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
