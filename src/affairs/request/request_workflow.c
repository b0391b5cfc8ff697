#include "affairs/request/request_inner.h"

enum request_state {
    REQUEST_SUBMITTED,
    REQUEST_REFUSED,
    REQUEST_APPROVED,
    REQUEST_ORDERED,
    REQUEST_DELAYED,
    REQUEST_DELIVERED,
    REQUEST_SOURCE_REFUSED,
    REQUEST_LOAD_REJECTED,
    REQUEST_ENDED
};

static const char *const states[] = {"submitted", "refused",           "approved",      "ordered", "delayed",
                                     "delivered", "refused_by_source", "load_rejected", "ended"};
static const char *const states_zh[] = {"待审核", "未通过",   "审核通过",   "已下达", "源端延后",
                                        "已交付", "源端拒绝", "装载不合格", "已终止"};

/* clang-format off */
static const struct transition transitions[] = {
/*  from                      event     to                        by               law                     guards */
  { WORKFLOW_NEW,             "submit", REQUEST_SUBMITTED,        ROLE_DEVELOPER,  LAW(CALL_REVIEW),       { GUARD(requester_is_admitted), GUARD(entry_may_be_used), GUARD(columns_are_offered), GUARD(requesting_room_is_open) }, .due_working_days = 10 },
  { WORKFLOW_NEW,             "submit", REQUEST_SUBMITTED,        ROLE_OPERATOR,   LAW(CALL_REVIEW),       { GUARD(requester_is_admitted), GUARD(entry_may_be_used), GUARD(columns_are_offered), GUARD(requesting_room_is_open) }, .due_working_days = 10 },
  { REQUEST_SUBMITTED,        "approve", REQUEST_APPROVED,        ROLE_OPERATOR,   LAW(CALL_REVIEW),       { GUARD(request_is_for_own_operator), GUARD(request_may_still_be_used), GUARD(requesting_room_is_open) }, .duty = DUTY_REVIEWER, .apart_from = "submit" },
  { REQUEST_SUBMITTED,        "refuse", REQUEST_REFUSED,          ROLE_OPERATOR,   LAW(REASONS),           { GUARD(request_is_for_own_operator) }, .duty = DUTY_REVIEWER, .reason = true },
  { REQUEST_APPROVED,         "order",  REQUEST_ORDERED,          ROLE_OPERATOR,   LAW(CALL_REVIEW),       { GUARD(request_is_for_own_operator) } },
  { REQUEST_ORDERED,          "delay",  REQUEST_DELAYED,          ROLE_SOURCE,     LAW(CALL_REVIEW),       { GUARD(order_is_of_own_source) }, .reason = true },
  { REQUEST_DELAYED,          "delay",  REQUEST_DELAYED,          ROLE_SOURCE,     LAW(CALL_REVIEW),       { GUARD(order_is_of_own_source) }, .reason = true },
  { REQUEST_ORDERED,          "refuse_delivery", REQUEST_SOURCE_REFUSED, ROLE_SOURCE, LAW(REASONS),        { GUARD(order_is_of_own_source) }, .reason = true },
  { REQUEST_DELAYED,          "refuse_delivery", REQUEST_SOURCE_REFUSED, ROLE_SOURCE, LAW(REASONS),        { GUARD(order_is_of_own_source) }, .reason = true },
  { REQUEST_ORDERED,          "deliver", REQUEST_DELIVERED,       ROLE_SOURCE,     LAW(CALL_REVIEW),       { GUARD(order_is_of_own_source), GUARD(request_may_still_be_used), GUARD(requesting_room_is_open) } },
  { REQUEST_DELAYED,          "deliver", REQUEST_DELIVERED,       ROLE_SOURCE,     LAW(CALL_REVIEW),       { GUARD(order_is_of_own_source), GUARD(request_may_still_be_used), GUARD(requesting_room_is_open) } },
  { REQUEST_ORDERED,          "reject_load", REQUEST_LOAD_REJECTED, ROLE_SOURCE,   LAW(RESOURCE_STANDARD), { GUARD(order_is_of_own_source) } },
  { REQUEST_DELAYED,          "reject_load", REQUEST_LOAD_REJECTED, ROLE_SOURCE,   LAW(RESOURCE_STANDARD), { GUARD(order_is_of_own_source) } },
  { REQUEST_LOAD_REJECTED,    "order",  REQUEST_ORDERED,          ROLE_OPERATOR,   LAW(CALL_REVIEW),       { GUARD(request_is_for_own_operator), GUARD(request_may_still_be_used), GUARD(requesting_room_is_open) } },
  { REQUEST_SOURCE_REFUSED,   "order",  REQUEST_ORDERED,          ROLE_OPERATOR,   LAW(CALL_REVIEW),       { GUARD(request_is_for_own_operator), GUARD(request_may_still_be_used), GUARD(requesting_room_is_open) } },
  { REQUEST_SUBMITTED,        "end",    REQUEST_ENDED,            ROLE_BUREAU,     LAW(EXIT_CLOSE) },
  { REQUEST_APPROVED,         "end",    REQUEST_ENDED,            ROLE_BUREAU,     LAW(EXIT_CLOSE) },
  { REQUEST_ORDERED,          "end",    REQUEST_ENDED,            ROLE_BUREAU,     LAW(EXIT_CLOSE) },
  { REQUEST_DELAYED,          "end",    REQUEST_ENDED,            ROLE_BUREAU,     LAW(EXIT_CLOSE) },
  { REQUEST_DELIVERED,        "end",    REQUEST_ENDED,            ROLE_BUREAU,     LAW(EXIT_CLOSE) },
  { REQUEST_SOURCE_REFUSED,   "end",    REQUEST_ENDED,            ROLE_BUREAU,     LAW(EXIT_CLOSE) },
  { REQUEST_LOAD_REJECTED,    "end",    REQUEST_ENDED,            ROLE_BUREAU,     LAW(EXIT_CLOSE) },
  /* again, after a restore */
  { REQUEST_SUBMITTED,        "end",    REQUEST_ENDED,            ROLE_SYSTEM,     LAW(EXIT_CLOSE) },
  { REQUEST_APPROVED,         "end",    REQUEST_ENDED,            ROLE_SYSTEM,     LAW(EXIT_CLOSE) },
  { REQUEST_ORDERED,          "end",    REQUEST_ENDED,            ROLE_SYSTEM,     LAW(EXIT_CLOSE) },
  { REQUEST_DELAYED,          "end",    REQUEST_ENDED,            ROLE_SYSTEM,     LAW(EXIT_CLOSE) },
  { REQUEST_DELIVERED,        "end",    REQUEST_ENDED,            ROLE_SYSTEM,     LAW(EXIT_CLOSE) },
  { REQUEST_SOURCE_REFUSED,   "end",    REQUEST_ENDED,            ROLE_SYSTEM,     LAW(EXIT_CLOSE) },
  { REQUEST_LOAD_REJECTED,    "end",    REQUEST_ENDED,            ROLE_SYSTEM,     LAW(EXIT_CLOSE) },
};
/* clang-format on */

const struct workflow request_workflow = {
    .name = "request",
    .zh = "数据调用申请",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
