#include "affairs/catalogue/catalogue_inner.h"

enum entry_state {
    ENTRY_PROPOSED,
    ENTRY_CONSULTED,
    ENTRY_LISTED,
    ENTRY_REVISING,
    ENTRY_REVISED,
    ENTRY_DECLINED,
    ENTRY_DELISTED
};

static const char *const entry_states[] = {"proposed", "consulted", "listed",  "revising",
                                           "revised",  "declined",  "delisted"};
static const char *const entry_states_zh[] = {"征求意见",       "已征求意见",     "在列",  "修订征求意见",
                                              "修订已征求意见", "提供单位不同意", "已下架"};

/* clang-format off */
static const struct transition entry_transitions[] = {
/*  from              event             to                by              law                   guards */
  { WORKFLOW_NEW,     "propose",        ENTRY_PROPOSED,   ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(resource_is_graded), GUARD(resource_is_not_core) }, .due_working_days = 10 },
  { ENTRY_PROPOSED,   "concur",         ENTRY_CONSULTED,  ROLE_PROVIDER,  LAW(GRADED_UPDATE),   { GUARD(entry_is_own) } },
  { ENTRY_PROPOSED,   "decline",        ENTRY_DECLINED,   ROLE_PROVIDER,  LAW(REASONS),         { GUARD(entry_is_own) }, .reason = true },
  { ENTRY_PROPOSED,   "record_absence", ENTRY_CONSULTED,  ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(deadline_has_passed) }, .reason = true },
  { ENTRY_DECLINED,   "propose_again",  ENTRY_PROPOSED,   ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(resource_is_graded), GUARD(resource_is_not_core) }, .due_working_days = 10 },
  { ENTRY_CONSULTED,  "list",           ENTRY_LISTED,     ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(resource_is_graded), GUARD(resource_is_not_core) }, .duty = DUTY_APPROVER, .apart_from = "propose" },
  { ENTRY_LISTED,     "revise",         ENTRY_REVISING,   ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(resource_is_graded), GUARD(resource_is_not_core) }, .due_working_days = 10 },
  { ENTRY_REVISING,   "concur",         ENTRY_REVISED,    ROLE_PROVIDER,  LAW(GRADED_UPDATE),   { GUARD(entry_is_own) } },
  { ENTRY_REVISING,   "decline",        ENTRY_LISTED,     ROLE_PROVIDER,  LAW(REASONS),         { GUARD(entry_is_own) }, .reason = true },
  { ENTRY_REVISING,   "record_absence", ENTRY_REVISED,    ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(deadline_has_passed) }, .reason = true },
  { ENTRY_REVISED,    "list",           ENTRY_LISTED,     ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(resource_is_graded), GUARD(resource_is_not_core) }, .duty = DUTY_APPROVER, .apart_from = "revise" },
  { ENTRY_LISTED,     "delist",         ENTRY_DELISTED,   ROLE_BUREAU,    LAW(REASONS),         .duty = DUTY_APPROVER, .reason = true },
  { ENTRY_DELISTED,   "propose_again",  ENTRY_PROPOSED,   ROLE_BUREAU,    LAW(GRADED_UPDATE),   { GUARD(resource_is_graded), GUARD(resource_is_not_core) }, .due_working_days = 10 },
};
/* clang-format on */

const struct workflow entry_workflow = {
    .name = "entry",
    .zh = "授权目录条目",
    .version = 1,
    .states = entry_states,
    .states_zh = entry_states_zh,
    .state_count = sizeof entry_states / sizeof entry_states[0],
    .transitions = entry_transitions,
    .transition_count = sizeof entry_transitions / sizeof entry_transitions[0],
};

enum authorisation_state {
    AUTHORISATION_DRAFT,
    AUTHORISATION_IN_FORCE,
    AUTHORISATION_REFUSED,
    AUTHORISATION_REVOKED
};

static const char *const authorisation_states[] = {"draft", "in_force", "refused", "revoked"};
static const char *const authorisation_states_zh[] = {"待审批", "生效", "不予授权", "已撤销"};

/* clang-format off */
static const struct transition authorisation_transitions[] = {
/*  from                     event      to                       by              law                        guards */
  { WORKFLOW_NEW,            "draft",   AUTHORISATION_DRAFT,     ROLE_PROVIDER,  LAW(GRANT_BY_PROCEDURE),   { GUARD(authorised_entry_is_in_force) }, .due_working_days = 10 },
  { AUTHORISATION_DRAFT,     "approve", AUTHORISATION_IN_FORCE,  ROLE_PROVIDER,  LAW(GRANT_BY_PROCEDURE),   { GUARD(authorisation_is_own), GUARD(authorised_entry_is_in_force) }, .duty = DUTY_APPROVER, .apart_from = "draft" },
  { AUTHORISATION_DRAFT,     "refuse",  AUTHORISATION_REFUSED,   ROLE_PROVIDER,  LAW(REASONS),              { GUARD(authorisation_is_own) }, .duty = DUTY_APPROVER, .reason = true },
  { AUTHORISATION_IN_FORCE,  "revoke",  AUTHORISATION_REVOKED,   ROLE_PROVIDER,  LAW(REASONS),              { GUARD(authorisation_is_own) }, .duty = DUTY_APPROVER, .reason = true },
};
/* clang-format on */

const struct workflow authorisation_workflow = {
    .name = "authorisation",
    .zh = "资源授权",
    .version = 1,
    .states = authorisation_states,
    .states_zh = authorisation_states_zh,
    .state_count = sizeof authorisation_states / sizeof authorisation_states[0],
    .transitions = authorisation_transitions,
    .transition_count = sizeof authorisation_transitions / sizeof authorisation_transitions[0],
};
