#include "affairs/party/party.h"

enum party_state { PARTY_APPLIED, PARTY_ACTIVE, PARTY_REFUSED, PARTY_ENDED };

static const char *const states[] = {"applied", "active", "refused", "ended"};
static const char *const states_zh[] = {"待受理", "正常", "未受理", "已退出"};

/* clang-format off */
static const struct transition transitions[] = {
/*  from            event       to              by              law                 */
  { WORKFLOW_NEW,   "apply",    PARTY_APPLIED,  ROLE_PUBLIC,    LAW(ONE_CHANNEL),   .due_working_days = 5 },
  { WORKFLOW_NEW,   "found",    PARTY_ACTIVE,   ROLE_SYSTEM,    LAW(ONE_CHANNEL) },
  { PARTY_APPLIED,  "accept",   PARTY_ACTIVE,   ROLE_BUREAU,    LAW(ONE_CHANNEL) },
  { PARTY_APPLIED,  "refuse",   PARTY_REFUSED,  ROLE_BUREAU,    LAW(REASONS),       .reason = true },
  { PARTY_ACTIVE,   "end",      PARTY_ENDED,    ROLE_BUREAU,    LAW(REASONS),       .duty = DUTY_APPROVER, .reason = true },
};
/* clang-format on */

const struct workflow party_workflow = {
    .name = "party",
    .zh = "单位入驻",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
