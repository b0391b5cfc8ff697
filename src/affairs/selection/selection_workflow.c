#include "affairs/selection/selection_inner.h"

enum selection_state {
    SELECTION_DRAFT,
    SELECTION_PUBLISHED,
    SELECTION_CLOSED,
    SELECTION_SCORED,
    SELECTION_DECIDED,
    SELECTION_PUBLICISED,
    SELECTION_FILED,
    SELECTION_CANCELLED
};

static const char *const states[] = {"draft",   "published",  "closed", "scored",
                                     "decided", "publicised", "filed",  "cancelled"};
static const char *const states_zh[] = {"起草",   "已公告", "申请截止", "已评审",
                                        "已决定", "公示中", "已备案",   "已终止"};

/* clang-format off */
static const struct transition transitions[] = {
/*  from                   event             to                     by            law                    guards */
  { WORKFLOW_NEW,          "draft",          SELECTION_DRAFT,       ROLE_BUREAU,  LAW(OPEN_SELECTION) },
  { SELECTION_DRAFT,       "edit",           SELECTION_DRAFT,       ROLE_BUREAU,  LAW(OPEN_SELECTION) },
  { SELECTION_DRAFT,       "publish",        SELECTION_PUBLISHED,   ROLE_BUREAU,  LAW(OPEN_SELECTION),
    { GUARD(notice_is_whole), GUARD(other_way_has_basis), GUARD(individual_has_scope_and_necessity), GUARD(nothing_is_exclusive) }, .duty = DUTY_APPROVER, .apart_from = "draft" },
  { SELECTION_PUBLISHED,   "close",          SELECTION_CLOSED,      ROLE_BUREAU,  LAW(OPEN_SELECTION),   { GUARD(applications_are_closed) } },
  { SELECTION_CLOSED,      "end_review",     SELECTION_SCORED,      ROLE_BUREAU,  LAW(JOINT_REVIEW),     { GUARD(review_is_joint_and_complete) } },
  { SELECTION_SCORED,      "decide",         SELECTION_DECIDED,     ROLE_BUREAU,  LAW(JOINT_REVIEW),     { GUARD(winner_is_first) }, .duty = DUTY_APPROVER },
  { SELECTION_DECIDED,     "publicise",      SELECTION_PUBLICISED,  ROLE_BUREAU,  LAW(JOINT_REVIEW) },
  { SELECTION_PUBLICISED,  "file",           SELECTION_FILED,       ROLE_BUREAU,  LAW(JOINT_REVIEW),     { GUARD(publicity_has_ended), GUARD(objections_are_settled) } },
  { SELECTION_PUBLISHED,   "cancel",         SELECTION_CANCELLED,   ROLE_BUREAU,  LAW(REASONS),          .duty = DUTY_APPROVER, .reason = true },
  { SELECTION_CLOSED,      "cancel",         SELECTION_CANCELLED,   ROLE_BUREAU,  LAW(REASONS),          .duty = DUTY_APPROVER, .reason = true },
  { SELECTION_PUBLICISED,  "cancel",         SELECTION_CANCELLED,   ROLE_BUREAU,  LAW(REASONS),          .duty = DUTY_APPROVER, .reason = true },
};
/* clang-format on */

const struct workflow selection_workflow = {
    .name = "selection",
    .zh = "运营主体遴选",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};

enum application_state { APPLICATION_SUBMITTED };

static const char *const application_states[] = {"submitted"};
static const char *const application_states_zh[] = {"已提交"};

/* clang-format off */
static const struct transition application_transitions[] = {
  { WORKFLOW_NEW, "apply", APPLICATION_SUBMITTED, ROLE_OPERATOR, LAW(OPERATOR_ELIGIBILITY), { GUARD(application_is_in_time), GUARD(applicant_is_eligible), GUARD(applicant_is_clean) } },
};
/* clang-format on */

const struct workflow application_workflow = {
    .name = "application",
    .zh = "运营主体申请",
    .version = 1,
    .states = application_states,
    .states_zh = application_states_zh,
    .state_count = 1,
    .transitions = application_transitions,
    .transition_count = sizeof application_transitions / sizeof application_transitions[0],
};
