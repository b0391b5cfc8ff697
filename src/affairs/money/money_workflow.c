#include "affairs/money/money_inner.h"

enum reversal_state { REVERSAL_REQUESTED, REVERSAL_BOOKED, REVERSAL_DROPPED };

static const char *const states[] = {"requested", "booked", "dropped"};
static const char *const states_zh[] = {"待审批", "已冲销", "不予冲销"};

/* clang-format off */
static const struct transition transitions[] = {
/*  from                 event      to                  by             law            guards */
  { WORKFLOW_NEW,        "request", REVERSAL_REQUESTED, ROLE_OPERATOR, LAW(REVENUE),  { GUARD(bill_is_of_own_operator), GUARD(bill_stands) }, .reason = true },
  { REVERSAL_REQUESTED,  "book",    REVERSAL_BOOKED,    ROLE_OPERATOR, LAW(REVENUE),  { GUARD(bill_is_of_own_operator), GUARD(bill_stands) }, .duty = DUTY_APPROVER, .apart_from = "request" },
  { REVERSAL_REQUESTED,  "drop",    REVERSAL_DROPPED,   ROLE_OPERATOR, LAW(REASONS),  { GUARD(bill_is_of_own_operator) }, .duty = DUTY_APPROVER, .reason = true },
};
/* clang-format on */

const struct workflow reversal_workflow = {
    .name = "reversal",
    .zh = "冲销",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
