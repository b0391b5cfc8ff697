#include "affairs/resource/resource_inner.h"

enum resource_state { RESOURCE_DRAFT, RESOURCE_REGISTERED, RESOURCE_WITHDRAWN };

static const char *const states[] = {"draft", "registered", "withdrawn"};
static const char *const states_zh[] = {"编制中", "已登记", "已撤回"};

/* clang-format off */
static const struct transition transitions[] = {
/*  from                  event       to                    by               law                       guards */
  { WORKFLOW_NEW,         "draft",    RESOURCE_DRAFT,       ROLE_PROVIDER,   LAW(RESOURCE_CATALOGUE) },
  { RESOURCE_DRAFT,       "edit",     RESOURCE_DRAFT,       ROLE_PROVIDER,   LAW(RESOURCE_CATALOGUE),  { GUARD(resource_is_own) } },
  { RESOURCE_DRAFT,       "register", RESOURCE_REGISTERED,  ROLE_PROVIDER,   LAW(RESOURCE_CATALOGUE),  { GUARD(resource_is_own), GUARD(resource_is_whole) } },
  { RESOURCE_REGISTERED,  "correct",  RESOURCE_REGISTERED,  ROLE_PROVIDER,   LAW(RESOURCE_STANDARD),   { GUARD(resource_is_own), GUARD(resource_is_whole) } },
  { RESOURCE_REGISTERED,  "grade",    RESOURCE_REGISTERED,  ROLE_PROVIDER,   LAW(OWN_DATA_DUTY),       { GUARD(resource_is_own), GUARD(sensitive_items_are_confirmed) }, .duty = DUTY_APPROVER },
  { RESOURCE_REGISTERED,  "update",   RESOURCE_REGISTERED,  ROLE_PROVIDER,   LAW(RESOURCE_STANDARD),   { GUARD(resource_is_own) } },
  { RESOURCE_REGISTERED,  "overdue",  RESOURCE_REGISTERED,  ROLE_SYSTEM,     LAW(RESOURCE_STANDARD) },
  { RESOURCE_REGISTERED,  "withdraw", RESOURCE_WITHDRAWN,   ROLE_PROVIDER,   LAW(REASONS),             { GUARD(resource_is_own) }, .duty = DUTY_APPROVER, .reason = true },
};
/* clang-format on */

const struct workflow resource_workflow = {
    .name = "resource",
    .zh = "资源登记",
    .version = 1,
    .states = states,
    .states_zh = states_zh,
    .state_count = sizeof states / sizeof states[0],
    .transitions = transitions,
    .transition_count = sizeof transitions / sizeof transitions[0],
};
