#include "support/workflow_test.h"

#include "base/json.h"
#include "workflow/workflow.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A little loan desk: enough to need every column of the table. */
enum { LOAN_DRAFT, LOAN_ASKED, LOAN_LENT, LOAN_CLOSED, LOAN_EXPIRED };
static const char *const loan_states[] = {"draft", "asked", "lent", "closed", "expired"};
static const char *const loan_states_zh[] = {"草稿", "已申请", "已借出", "已归还", "已超期"};

static enum result amount_is_even(struct move *move)
{
    if (move->preview || json_integer_or(move->input, "amount", 0) % 2 == 0)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_INVALID, .law = LAW(CALL_REVIEW), .field = "/amount",
                  .zh = "数量须为偶数。", .en = "The amount must be even.", .remedy_zh = "请改为偶数。",
                  .remedy_en = "Make it even.");
}

static enum result shelf_is_open(struct move *move)
{
    const bool *open = move->context;
    if (open == NULL || *open)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(CALL_REVIEW), .zh = "书库未开放。",
                  .en = "The shelf is shut.", .remedy_zh = "请改日再来。", .remedy_en = "Come again.");
}

/* clang-format off */
static const struct transition loan_rows[] = {
/*  from          event     to            by              law               guards                                         duty            apart_from  reason  due */
  { WORKFLOW_NEW, "start",  LOAN_DRAFT,   ROLE_DEVELOPER, LAW(CALL_REVIEW), {NO_GUARD} },
  { LOAN_DRAFT,   "ask",    LOAN_ASKED,   ROLE_DEVELOPER, LAW(CALL_REVIEW), {GUARD(amount_is_even)},                       DUTY_ANY,       NULL,       false,  5 },
  { LOAN_ASKED,   "lend",   LOAN_LENT,    ROLE_OPERATOR,  LAW(CALL_REVIEW), {GUARD(shelf_is_open), GUARD(amount_is_even)}, DUTY_APPROVER,  "check",    false,  10 },
  { LOAN_ASKED,   "check",  LOAN_ASKED,   ROLE_OPERATOR,  LAW(CALL_REVIEW), {NO_GUARD} },
  { LOAN_ASKED,   "refuse", LOAN_DRAFT,   ROLE_OPERATOR,  LAW(REASONS),     {NO_GUARD},                                    DUTY_ANY,       NULL,       true },
  { LOAN_LENT,    "close",  LOAN_CLOSED,  ROLE_DEVELOPER, LAW(CALL_REVIEW), {NO_GUARD} },
  { LOAN_LENT,    "close",  LOAN_CLOSED,  ROLE_OPERATOR,  LAW(CALL_REVIEW), {NO_GUARD} },
  { LOAN_LENT,    "expire", LOAN_EXPIRED, ROLE_SYSTEM,    LAW(CALL_REVIEW), {NO_GUARD} },
};
/* In the second version a refused loan is closed for good. */
static const struct transition loan_rows_2[] = {
  { WORKFLOW_NEW, "start",  LOAN_DRAFT,   ROLE_DEVELOPER, LAW(CALL_REVIEW), {NO_GUARD} },
  { LOAN_DRAFT,   "ask",    LOAN_ASKED,   ROLE_DEVELOPER, LAW(CALL_REVIEW), {NO_GUARD} },
  { LOAN_ASKED,   "refuse", LOAN_CLOSED,  ROLE_OPERATOR,  LAW(REASONS),     {NO_GUARD},                                    DUTY_ANY,       NULL,       true },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct workflow loan = {.name = "loan",
                                     .zh = "借阅",
                                     .version = 1,
                                     .states = loan_states,
                                     .states_zh = loan_states_zh,
                                     .state_count = COUNT(loan_states),
                                     .transitions = loan_rows,
                                     .transition_count = COUNT(loan_rows)};
static const struct workflow loan_2 = {.name = "loan",
                                       .zh = "借阅",
                                       .version = 2,
                                       .states = loan_states,
                                       .states_zh = loan_states_zh,
                                       .state_count = 4,
                                       .transitions = loan_rows_2,
                                       .transition_count = COUNT(loan_rows_2)};
static const struct workflow *const all_loans[] = {&loan, &loan_2, NULL};

/* ---- one desk with its store ---- */

struct desk {
    struct store *store;
    struct clock *clock;
    struct random *random;
    struct calendar *calendar;
    struct arena *arena;
    struct refusal refusal;
    struct actor actor;
    row_id entry;
};

/* Monday, 5 January 2026, 10:00 in China. */
#define MONDAY (INSTANT_DAY * 20458 + 2 * INSTANT_HOUR)

static void desk_open(struct desk *desk)
{
    *desk = (struct desk){.clock = clock_manual(MONDAY),
                          .random = random_seeded(3),
                          .calendar = calendar_plain(),
                          .arena = arena_new(0)};
    assert_ok(store_open(test_store_url(&store_schema_built), &desk->store));
}

static void desk_close(struct desk *desk)
{
    store_close(desk->store);
    arena_free(desk->arena);
    calendar_free(desk->calendar);
    random_free(desk->random);
    clock_free(desk->clock);
}

struct unit {
    struct desk *desk;
    enum result (*run)(struct work *work, void *argument);
    void *argument;
};

static enum result run_unit(struct store_tx *tx, void *argument)
{
    struct unit *unit = argument;
    struct desk *desk = unit->desk;
    desk->refusal = (struct refusal){0};
    struct work work = {.tx = tx,
                        .arena = desk->arena,
                        .actor = &desk->actor,
                        .clock = desk->clock,
                        .random = desk->random,
                        .calendar = desk->calendar,
                        .refusal = &desk->refusal,
                        .entry = -1};
    enum result result = unit->run(&work, unit->argument);
    desk->entry = work.entry;
    return result;
}

static enum result desk_do(struct desk *desk, enum result (*run)(struct work *work, void *argument),
                           void *argument)
{
    return store_write(desk->store, run_unit, &(struct unit){desk, run, argument});
}

struct call {
    const struct workflow *latest;
    row_id object_id;
    const char *event;
    const char *reason;
    json_t *input;
    void *context;
    int state;
    json_t *json;
};

static enum result do_open(struct work *work, void *argument)
{
    struct call *call = argument;
    return workflow_open(work, call->latest, call->object_id, call->event, call->input, call->context);
}

static enum result do_step(struct work *work, void *argument)
{
    struct call *call = argument;
    return workflow_step(work, all_loans, call->latest, call->object_id, call->event, call->reason,
                         call->input, call->context, &call->state);
}

static enum result do_state(struct work *work, void *argument)
{
    struct call *call = argument;
    return workflow_state(work, call->latest, call->object_id, &call->state);
}

static enum result do_actions(struct work *work, void *argument)
{
    struct call *call = argument;
    return workflow_actions(work, all_loans, call->latest, call->object_id, call->context, &call->json);
}

static enum result do_history(struct work *work, void *argument)
{
    struct call *call = argument;
    return workflow_history(work, call->latest, call->object_id, &call->json);
}

static enum result do_overdue(struct work *work, void *argument)
{
    struct call *call = argument;
    return workflow_overdue(work, 10, &call->json);
}

static void act_as(struct desk *desk, row_id account, enum role role, unsigned duties)
{
    desk->actor = (struct actor){.account = account, .party = 1, .role = role, .duties = duties};
}

static enum result start(struct desk *desk, row_id object_id)
{
    act_as(desk, 11, ROLE_DEVELOPER, 0);
    return desk_do(desk, do_open, &(struct call){.latest = &loan, .object_id = object_id, .event = "start"});
}

static enum result step(struct desk *desk, const char *event, const char *reason, int amount)
{
    CLEANUP_JSON json_t *input = json_pack("{s:i}", "amount", amount);
    struct call call = {
        .latest = &loan, .object_id = 1, .event = event, .reason = reason, .input = input, .state = -7};
    enum result result = desk_do(desk, do_step, &call);
    if (result != RESULT_OK)
        assert_int_equal(call.state, -7);
    return result;
}

static int state_of(struct desk *desk, row_id object_id)
{
    struct call call = {.latest = &loan, .object_id = object_id};
    assert_ok(desk_do(desk, do_state, &call));
    return call.state;
}

/* A loan in the state "asked", asked by account 11. */
static void desk_with_request(struct desk *desk)
{
    desk_open(desk);
    assert_ok(start(desk, 1));
    assert_ok(step(desk, "ask", NULL, 2));
}

/* ---- tests ---- */

TEST(every_state_event_and_role_moves_only_as_written)
{
    workflow_test(&loan, "new    start   draft    developer\n"
                         "draft  ask     asked    developer\n"
                         "asked  lend    lent     operator\n"
                         "asked  check   asked    operator\n"
                         "asked  refuse  draft    operator\n"
                         "lent   close   closed   developer\n"
                         "lent   close   closed   operator\n"
                         "lent   expire  expired  system\n");
}

TEST(a_step_is_in_the_history_with_its_audit_entry)
{
    struct desk desk;
    desk_with_request(&desk);
    assert_int_equal(desk.entry, 1);
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    assert_ok(step(&desk, "refuse", "材料不全", 0));
    assert_int_equal(desk.entry, 2);
    struct call call = {.latest = &loan, .object_id = 1};
    assert_ok(desk_do(&desk, do_history, &call));
    assert_int_equal(json_array_size(call.json), 3);
    json_t *first = json_array_get(call.json, 0);
    json_t *last = json_array_get(call.json, 2);
    assert_true(json_is_null(json_object_get(first, "from")));
    assert_string_equal(json_text(last, "event"), "refuse");
    assert_string_equal(json_text(last, "from"), "asked");
    assert_string_equal(json_text(last, "to"), "draft");
    assert_string_equal(json_text(last, "reason"), "材料不全");
    assert_string_equal(json_text(last, "at"), "2026-01-05T02:00:00.000000Z");
    assert_int_equal(json_integer_or(last, "account", 0), 21);
    assert_int_equal(json_integer_or(last, "party", 0), 1);
    assert_int_equal(json_integer_or(last, "entry", -1), 2);
    json_decref(call.json);
    desk_close(&desk);
}

TEST(a_move_without_a_row_is_refused_with_the_moves_that_exist)
{
    struct desk desk;
    desk_with_request(&desk);
    assert_int_equal(step(&desk, "close", NULL, 0), RESULT_CONFLICT);
    assert_string_equal(desk.refusal.en, "The loan is 'asked', from where there is no 'close'.");
    assert_string_equal(desk.refusal.remedy_en,
                        "What can be done now: lend (operator), check (operator), refuse (operator).");
    assert_non_null(strstr(desk.refusal.zh, "已申请"));
    assert_non_null(strstr(desk.refusal.remedy_zh, "授权运营主体"));
    assert_int_equal(state_of(&desk, 1), LOAN_ASKED);
    desk_close(&desk);
}

TEST(a_case_that_does_not_exist_is_not_found)
{
    struct desk desk;
    desk_open(&desk);
    act_as(&desk, 11, ROLE_DEVELOPER, 0);
    assert_int_equal(step(&desk, "ask", NULL, 2), RESULT_NOT_FOUND);
    assert_non_null(desk.refusal.zh);
    struct call call = {.latest = &loan, .object_id = 1, .state = -7};
    assert_int_equal(desk_do(&desk, do_state, &call), RESULT_NOT_FOUND);
    assert_int_equal(call.state, -7);
    desk_close(&desk);
}

TEST(a_case_is_opened_once)
{
    struct desk desk;
    desk_open(&desk);
    assert_ok(start(&desk, 1));
    assert_int_equal(start(&desk, 1), RESULT_CONFLICT);
    assert_non_null(desk.refusal.en);
    assert_ok(start(&desk, 2));
    assert_int_equal(desk.entry, 1);
    desk_close(&desk);
}

TEST(another_role_is_refused_with_the_one_that_may)
{
    struct desk desk;
    desk_with_request(&desk);
    assert_int_equal(step(&desk, "check", NULL, 0), RESULT_FORBIDDEN);
    assert_string_equal(desk.refusal.en, "'check' is for the operator; you act as developer.");
    assert_int_equal(desk.refusal.law, LAW(CALL_REVIEW));
    desk_close(&desk);
}

TEST(a_missing_duty_is_refused)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_CLERK | DUTY_REVIEWER);
    assert_int_equal(step(&desk, "lend", NULL, 2), RESULT_FORBIDDEN);
    assert_non_null(strstr(desk.refusal.en, "'approver'"));
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_CLERK | DUTY_APPROVER);
    assert_ok(step(&desk, "lend", NULL, 2));
    desk_close(&desk);
}

TEST(who_checked_does_not_lend)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    assert_ok(step(&desk, "check", NULL, 0));
    assert_int_equal(step(&desk, "lend", NULL, 2), RESULT_FORBIDDEN);
    assert_string_equal(desk.refusal.en, "'lend' and 'check' must be done by two different persons.");
    /* Only the last check counts: once somebody else has checked, the first may lend. */
    act_as(&desk, 22, ROLE_OPERATOR, DUTY_APPROVER);
    assert_ok(step(&desk, "check", NULL, 0));
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    assert_ok(step(&desk, "lend", NULL, 2));
    desk_close(&desk);
}

TEST(a_refusal_without_a_reason_is_refused)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 21, ROLE_OPERATOR, 0);
    static const char *const blanks[] = {NULL, "", " \n\t", "\xe3\x80\x80", "\xe2\x80\x8b"};
    for (size_t i = 0; i < COUNT(blanks); i++) {
        assert_int_equal(step(&desk, "refuse", blanks[i], 0), RESULT_INVALID);
        assert_int_equal(desk.refusal.law, LAW(REASONS));
        assert_string_equal(desk.refusal.field, "/reason");
        assert_int_equal(state_of(&desk, 1), LOAN_ASKED);
    }
    assert_ok(step(&desk, "refuse", "书已破损", 0));
    assert_int_equal(state_of(&desk, 1), LOAN_DRAFT);
    desk_close(&desk);
}

TEST(guards_are_asked_in_order_and_all_must_agree)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    bool open = false;
    CLEANUP_JSON json_t *odd = json_pack("{s:i}", "amount", 3);
    CLEANUP_JSON json_t *even = json_pack("{s:i}", "amount", 4);
    struct call call = {.latest = &loan, .object_id = 1, .event = "lend", .input = odd, .context = &open};
    assert_int_equal(desk_do(&desk, do_step, &call), RESULT_CONFLICT);
    assert_string_equal(desk.refusal.en, "The shelf is shut.");
    open = true;
    assert_int_equal(desk_do(&desk, do_step, &call), RESULT_INVALID);
    assert_string_equal(desk.refusal.en, "The amount must be even.");
    call.input = even;
    assert_ok(desk_do(&desk, do_step, &call));
    assert_int_equal(call.state, LOAN_LENT);
    desk_close(&desk);
}

TEST(a_refused_step_leaves_neither_event_nor_entry)
{
    struct desk desk;
    desk_with_request(&desk);
    assert_int_equal(step(&desk, "close", NULL, 0), RESULT_CONFLICT);
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    assert_int_equal(step(&desk, "lend", NULL, 3), RESULT_INVALID);
    assert_int_equal(desk.entry, -1);
    assert_ok(step(&desk, "lend", NULL, 2));
    assert_int_equal(desk.entry, 2);
    struct call call = {.latest = &loan, .object_id = 1};
    assert_ok(desk_do(&desk, do_history, &call));
    assert_int_equal(json_array_size(call.json), 3);
    json_decref(call.json);
    desk_close(&desk);
}

TEST(a_case_stays_with_the_version_it_was_opened_in)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 11, ROLE_DEVELOPER, 0);
    assert_ok(desk_do(&desk, do_open, &(struct call){.latest = &loan_2, .object_id = 2, .event = "start"}));
    assert_ok(desk_do(&desk, do_step, &(struct call){.latest = &loan_2, .object_id = 2, .event = "ask"}));
    act_as(&desk, 21, ROLE_OPERATOR, 0);
    struct call call = {.latest = &loan_2, .object_id = 1, .event = "refuse", .reason = "否"};
    assert_ok(desk_do(&desk, do_step, &call));
    assert_int_equal(call.state, LOAN_DRAFT);
    call.object_id = 2;
    assert_ok(desk_do(&desk, do_step, &call));
    assert_int_equal(call.state, LOAN_CLOSED);
    desk_close(&desk);
}

TEST(a_deadline_is_the_end_of_a_working_day_and_the_platform_acts_on_it)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    assert_ok(step(&desk, "lend", NULL, 2));
    /* Ten working days after Monday the 5th is Monday the 19th; that day ends at 16:00 UTC. */
    struct call call = {0};
    clock_advance(desk.clock, 14 * INSTANT_DAY + 13 * INSTANT_HOUR + 59 * INSTANT_MINUTE);
    assert_ok(desk_do(&desk, do_overdue, &call));
    assert_int_equal(json_array_size(call.json), 0);
    json_decref(call.json);
    clock_advance(desk.clock, INSTANT_MINUTE);
    assert_ok(desk_do(&desk, do_overdue, &call));
    assert_int_equal(json_array_size(call.json), 1);
    json_t *late = json_array_get(call.json, 0);
    assert_string_equal(json_text(late, "workflow"), "loan");
    assert_string_equal(json_text(late, "state"), "lent");
    assert_string_equal(json_text(late, "due"), "2026-01-19T16:00:00.000000Z");
    assert_int_equal(json_integer_or(late, "object_id", 0), 1);
    json_decref(call.json);
    act_as(&desk, 0, ROLE_SYSTEM, 0);
    assert_ok(step(&desk, "expire", NULL, 0));
    assert_ok(desk_do(&desk, do_overdue, &call));
    assert_int_equal(json_array_size(call.json), 0);
    json_decref(call.json);
    desk_close(&desk);
}

TEST(actions_tell_what_may_be_done_and_why_not)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 21, ROLE_OPERATOR, 0);
    bool open = true;
    struct call call = {.latest = &loan, .object_id = 1, .context = &open};
    assert_ok(desk_do(&desk, do_actions, &call));
    assert_int_equal(json_array_size(call.json), 3);
    json_t *lend = json_array_get(call.json, 0);
    assert_string_equal(json_text(lend, "event"), "lend");
    assert_false(json_boolean_or(lend, "may", true));
    assert_non_null(strstr(json_text(lend, "reason_en"), "approver"));
    assert_non_null(json_text(lend, "reason_zh"));
    json_t *refuse_action = json_array_get(call.json, 2);
    assert_string_equal(json_text(refuse_action, "to"), "draft");
    assert_true(json_boolean_or(refuse_action, "may", false));
    assert_null(json_object_get(refuse_action, "reason_en"));
    json_decref(call.json);
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    assert_ok(desk_do(&desk, do_actions, &call));
    assert_true(json_boolean_or(json_array_get(call.json, 0), "may", false));
    json_decref(call.json);
    open = false;
    assert_ok(desk_do(&desk, do_actions, &call));
    assert_string_equal(json_text(json_array_get(call.json, 0), "reason_en"), "The shelf is shut.");
    json_decref(call.json);
    desk_close(&desk);
}

TEST(diagrams_show_every_row_with_its_locator)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *dot = workflow_print(arena, &loan, WORKFLOW_GRAPHVIZ);
    assert_non_null(
        strstr(dot, "\"asked\" -> \"lent\" [label=\"lend\\n授权运营主体\\n二(六)1\\nnot who did: check\\n"
                    "due in 10 working days\\n[shelf_is_open]\\n[amount_is_even]\"];"));
    assert_non_null(strstr(dot, "\"new\" -> \"draft\" [label=\"start"));
    const char *mermaid = workflow_print(arena, &loan, WORKFLOW_MERMAID);
    assert_non_null(strstr(mermaid, "stateDiagram-v2\n    state \"草稿\" as draft\n"));
    assert_non_null(strstr(mermaid, "    [*] --> draft : start<br/>开发利用主体<br/>二(六)1\n"));
    assert_non_null(
        strstr(mermaid, "asked --> draft : refuse<br/>授权运营主体<br/>二(六)1<br/>with reason\n"));
}

static void check(const void *workflow)
{
    workflow_check(workflow);
}

/* True when workflow_check() does not let the table pass. */
static bool is_stopped(const struct workflow *workflow)
{
    char words[1024];
    return test_aborts(check, workflow, words, sizeof words);
}

TEST(a_faulty_table_does_not_start)
{
    assert_false(is_stopped(&loan));
    struct transition rows[COUNT(loan_rows)];
    struct workflow faulty = loan;
    faulty.transitions = rows;
    memcpy(rows, loan_rows, sizeof rows);
    rows[2].law = LAW_NONE;
    assert_true(is_stopped(&faulty));
    memcpy(rows, loan_rows, sizeof rows);
    rows[6].by = ROLE_DEVELOPER; /* as row 5 */
    assert_true(is_stopped(&faulty));
    memcpy(rows, loan_rows, sizeof rows);
    rows[7].to = LOAN_CLOSED; /* nothing leads to expired */
    assert_true(is_stopped(&faulty));
    memcpy(rows, loan_rows, sizeof rows);
    rows[2].apart_from = "look";
    assert_true(is_stopped(&faulty));
    memcpy(rows, loan_rows, sizeof rows);
    rows[1].to = 5;
    assert_true(is_stopped(&faulty));
}

#ifdef DUKOU_MUTATION
TEST(a_named_check_can_be_taken_out)
{
    struct desk desk;
    desk_with_request(&desk);
    act_as(&desk, 21, ROLE_OPERATOR, 0);
    assert_int_equal(setenv("DUKOU_WITHOUT", "loan:refuse:reason", 1), 0);
    assert_ok(step(&desk, "refuse", NULL, 0));
    assert_int_equal(setenv("DUKOU_WITHOUT", "loan:ask:role", 1), 0);
    assert_ok(step(&desk, "ask", NULL, 2));
    assert_int_equal(setenv("DUKOU_WITHOUT", "loan:check:row", 1), 0);
    assert_int_equal(step(&desk, "check", NULL, 0), RESULT_CONFLICT);
    assert_int_equal(unsetenv("DUKOU_WITHOUT"), 0);
    assert_ok(step(&desk, "check", NULL, 0));
    act_as(&desk, 21, ROLE_OPERATOR, DUTY_APPROVER);
    assert_int_equal(setenv("DUKOU_WITHOUT", "loan:lend:apart", 1), 0);
    assert_int_equal(step(&desk, "lend", NULL, 3), RESULT_INVALID);
    act_as(&desk, 22, ROLE_OPERATOR, 0);
    assert_int_equal(setenv("DUKOU_WITHOUT", "loan:lend:duty", 1), 0);
    assert_int_equal(step(&desk, "lend", NULL, 3), RESULT_INVALID);
    act_as(&desk, 22, ROLE_OPERATOR, DUTY_APPROVER);
    assert_int_equal(setenv("DUKOU_WITHOUT", "amount_is_even", 1), 0);
    assert_ok(step(&desk, "lend", NULL, 3));
    assert_int_equal(unsetenv("DUKOU_WITHOUT"), 0);
    desk_close(&desk);
}
#endif
