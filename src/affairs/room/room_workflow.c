#include "affairs/room/room_inner.h"

enum room_state { ROOM_OPEN, ROOM_CLOSED };

static const char *const room_states[] = {"open", "closed"};
static const char *const room_states_zh[] = {"开放", "已关闭"};

/* clang-format off */
static const struct transition room_transitions[] = {
/*  from            event    to            by              law                guards */
  { WORKFLOW_NEW,   "open",  ROOM_OPEN,    ROLE_OPERATOR,  LAW(SAFE_ROOM),    { GUARD(room_is_free_to_open) } },
  { ROOM_OPEN,      "close", ROOM_CLOSED,  ROLE_OPERATOR,  LAW(REASONS),      { GUARD(room_is_for_own_operator) }, .reason = true },
  { ROOM_OPEN,      "end",   ROOM_CLOSED,  ROLE_BUREAU,    LAW(EXIT_CLOSE) },
  { ROOM_OPEN,      "end",   ROOM_CLOSED,  ROLE_SYSTEM,    LAW(EXIT_CLOSE) }, /* again, after a restore */
};
/* clang-format on */

const struct workflow room_workflow = {
    .name = "room",
    .zh = "开发环境",
    .version = 1,
    .states = room_states,
    .states_zh = room_states_zh,
    .state_count = sizeof room_states / sizeof room_states[0],
    .transitions = room_transitions,
    .transition_count = sizeof room_transitions / sizeof room_transitions[0],
};

enum import_state { IMPORT_DECLARED, IMPORT_LOADED, IMPORT_ACCEPTED, IMPORT_REFUSED };

static const char *const import_states[] = {"declared", "loaded", "accepted", "refused"};
static const char *const import_states_zh[] = {"已申报", "已装载", "已接受", "不接受"};

/* clang-format off */
static const struct transition import_transitions[] = {
/*  from               event      to                by               law            guards */
  { WORKFLOW_NEW,      "declare", IMPORT_DECLARED,  ROLE_DEVELOPER,  LAW(FUSION) },
  { WORKFLOW_NEW,      "declare", IMPORT_DECLARED,  ROLE_OPERATOR,   LAW(FUSION) },
  { IMPORT_DECLARED,   "prove",   IMPORT_DECLARED,  ROLE_DEVELOPER,  LAW(FUSION),   { GUARD(import_is_own) } },
  { IMPORT_DECLARED,   "prove",   IMPORT_DECLARED,  ROLE_OPERATOR,   LAW(FUSION),   { GUARD(import_is_own) } },
  { IMPORT_LOADED,     "prove",   IMPORT_LOADED,    ROLE_DEVELOPER,  LAW(FUSION),   { GUARD(import_is_own) } },
  { IMPORT_LOADED,     "prove",   IMPORT_LOADED,    ROLE_OPERATOR,   LAW(FUSION),   { GUARD(import_is_own) } },
  { IMPORT_DECLARED,   "load",    IMPORT_LOADED,    ROLE_DEVELOPER,  LAW(FUSION),   { GUARD(import_is_own) }, .due_working_days = 5 },
  { IMPORT_DECLARED,   "load",    IMPORT_LOADED,    ROLE_OPERATOR,   LAW(FUSION),   { GUARD(import_is_own) }, .due_working_days = 5 },
  { IMPORT_LOADED,     "accept",  IMPORT_ACCEPTED,  ROLE_OPERATOR,   LAW(FUSION),   { GUARD(import_is_for_own_operator), GUARD(source_is_proven) }, .duty = DUTY_REVIEWER },
  { IMPORT_LOADED,     "refuse",  IMPORT_REFUSED,   ROLE_OPERATOR,   LAW(REASONS),  { GUARD(import_is_for_own_operator) }, .duty = DUTY_REVIEWER, .reason = true },
};
/* clang-format on */

const struct workflow import_workflow = {
    .name = "import",
    .zh = "自有数据导入",
    .version = 1,
    .states = import_states,
    .states_zh = import_states_zh,
    .state_count = sizeof import_states / sizeof import_states[0],
    .transitions = import_transitions,
    .transition_count = sizeof import_transitions / sizeof import_transitions[0],
};
