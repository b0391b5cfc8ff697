#include "affairs/product/product_inner.h"

enum product_state {
    PRODUCT_DRAFT,
    PRODUCT_SUBMITTED,
    PRODUCT_APPROVED,
    PRODUCT_REJECTED,
    PRODUCT_FILED,
    PRODUCT_REJECTION_FILED,
    PRODUCT_LISTING,
    PRODUCT_LISTED,
    PRODUCT_WITHDRAWN
};

static const char *const states[] = {"draft",           "submitted", "approved", "rejected", "filed",
                                     "rejection_filed", "listing",   "listed",   "withdrawn"};
static const char *const states_zh[] = {"草稿",     "待审查", "审查通过", "不予出域", "已备案",
                                        "退回备案", "上架中", "已上架",   "已下架"};

#define REVIEWED GUARD(product_is_of_own_operator), GUARD(reviewer_is_apart), GUARD(sheet_was_opened)

/* clang-format off */
static const struct transition transitions[] = {
/*  from                event       to                       by              law                  guards */
  { WORKFLOW_NEW,       "draft",    PRODUCT_DRAFT,           ROLE_DEVELOPER, LAW(SAFE_ROOM),      { GUARD(room_is_own), GUARD(product_agreement_is_in_force) } },
  { WORKFLOW_NEW,       "draft",    PRODUCT_DRAFT,           ROLE_OPERATOR,  LAW(SAFE_ROOM),      { GUARD(room_is_own), GUARD(product_agreement_is_in_force) } },
  { PRODUCT_DRAFT,      "make",     PRODUCT_DRAFT,           ROLE_DEVELOPER, LAW(SAFE_ROOM),      { GUARD(product_is_own), GUARD(room_is_own) } },
  { PRODUCT_DRAFT,      "make",     PRODUCT_DRAFT,           ROLE_OPERATOR,  LAW(SAFE_ROOM),      { GUARD(product_is_own), GUARD(room_is_own) } },
  { PRODUCT_DRAFT,      "submit",   PRODUCT_SUBMITTED,       ROLE_DEVELOPER, LAW(EGRESS_REVIEW),  { GUARD(product_is_own), GUARD(product_is_whole), GUARD(product_agreement_is_in_force) } },
  { PRODUCT_DRAFT,      "submit",   PRODUCT_SUBMITTED,       ROLE_OPERATOR,  LAW(EGRESS_REVIEW),  { GUARD(product_is_own), GUARD(product_is_whole), GUARD(product_agreement_is_in_force) } },
  { PRODUCT_SUBMITTED,  "approve",  PRODUCT_APPROVED,        ROLE_OPERATOR,  LAW(EGRESS_REVIEW),  { REVIEWED, GUARD(bytes_are_unchanged) }, .duty = DUTY_REVIEWER, .apart_from = "submit" },
  { PRODUCT_SUBMITTED,  "reject",   PRODUCT_REJECTED,        ROLE_OPERATOR,  LAW(REASONS),        { REVIEWED }, .duty = DUTY_REVIEWER, .apart_from = "submit", .reason = true },
  { PRODUCT_APPROVED,   "file",     PRODUCT_FILED,           ROLE_OPERATOR,  LAW(EGRESS_REVIEW),  { GUARD(product_is_of_own_operator), GUARD(bytes_are_unchanged) } },
  { PRODUCT_REJECTED,   "file",     PRODUCT_REJECTION_FILED, ROLE_OPERATOR,  LAW(EGRESS_REVIEW),  { GUARD(product_is_of_own_operator) } },
  { PRODUCT_FILED,      "list",     PRODUCT_LISTING,         ROLE_OPERATOR,  LAW(EXCHANGE),       { GUARD(product_is_of_own_operator), GUARD(product_is_filed), GUARD(bytes_are_unchanged), GUARD(product_agreement_is_in_force) } },
  { PRODUCT_LISTING,    "list",     PRODUCT_LISTING,         ROLE_OPERATOR,  LAW(EXCHANGE),       { GUARD(product_is_of_own_operator), GUARD(product_is_filed), GUARD(bytes_are_unchanged), GUARD(product_agreement_is_in_force) } },
  { PRODUCT_LISTING,    "listed",   PRODUCT_LISTED,          ROLE_OPERATOR,  LAW(EXCHANGE),       { GUARD(product_is_of_own_operator) } },
  { PRODUCT_FILED,      "withdraw", PRODUCT_WITHDRAWN,       ROLE_OPERATOR,  LAW(EXCHANGE),       { GUARD(product_is_of_own_operator) }, .reason = true },
  { PRODUCT_LISTING,    "withdraw", PRODUCT_WITHDRAWN,       ROLE_OPERATOR,  LAW(EXCHANGE),       { GUARD(product_is_of_own_operator) }, .reason = true },
  { PRODUCT_LISTED,     "withdraw", PRODUCT_WITHDRAWN,       ROLE_OPERATOR,  LAW(EXCHANGE),       { GUARD(product_is_of_own_operator) }, .reason = true },
  { PRODUCT_LISTING,    "withdraw", PRODUCT_WITHDRAWN,       ROLE_SYSTEM,    LAW(EXCHANGE),       .reason = true }, /* after a restore */
  { PRODUCT_LISTED,     "withdraw", PRODUCT_WITHDRAWN,       ROLE_SYSTEM,    LAW(EXCHANGE),       .reason = true },
  { PRODUCT_LISTED,     "withdraw", PRODUCT_WITHDRAWN,       ROLE_DEVELOPER, LAW(EXCHANGE),       { GUARD(product_is_own) }, .reason = true },
};
/* clang-format on */

const struct workflow product_workflow = {
    .name = "product",
    .zh = "数据产品",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
