#include "affairs/agreement/agreement_inner.h"

enum agreement_state {
    AGREEMENT_DRAFT,
    AGREEMENT_SIGNED,
    AGREEMENT_IN_FORCE,
    AGREEMENT_CLOSING,
    AGREEMENT_CLOSED
};

static const char *const states[] = {"draft", "signed", "in_force", "closing", "closed"};
static const char *const states_zh[] = {"拟定", "运营主体已签", "生效", "退出办理中", "已退出"};

/* clang-format off */
static const struct transition transitions[] = {
/*  from                  event          to                    by              law                    guards */
  { WORKFLOW_NEW,         "draft",       AGREEMENT_DRAFT,      ROLE_BUREAU,    LAW(AGREEMENT_TERM),   { GUARD(trial_is_at_most_six_months), GUARD(agreement_is_not_exclusive) } },
  { AGREEMENT_DRAFT,      "sign",        AGREEMENT_SIGNED,     ROLE_OPERATOR,  LAW(AGREEMENT_TERM),   { GUARD(agreement_is_own) } },
  { AGREEMENT_SIGNED,     "countersign", AGREEMENT_IN_FORCE,   ROLE_BUREAU,    LAW(AGREEMENT_TERM),   .duty = DUTY_APPROVER, .apart_from = "draft" },
  { AGREEMENT_IN_FORCE,   "close",       AGREEMENT_CLOSING,    ROLE_BUREAU,    LAW(EXIT_CLOSE),       .duty = DUTY_APPROVER, .reason = true },
  { AGREEMENT_CLOSING,    "close",       AGREEMENT_CLOSING,    ROLE_BUREAU,    LAW(EXIT_CLOSE),       .duty = DUTY_APPROVER, .reason = true },
  { AGREEMENT_CLOSING,    "end",         AGREEMENT_CLOSED,     ROLE_BUREAU,    LAW(EXIT_CLOSE),       .duty = DUTY_APPROVER },
};
/* clang-format on */

const struct workflow agreement_workflow = {
    .name = "agreement",
    .zh = "授权运营协议",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
