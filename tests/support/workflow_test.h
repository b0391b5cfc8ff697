/* Tries a workflow in every state, with every event, as every role, on a real store, against a list of moves
 * that the test writes by hand:
 *
 *     TEST(a_product_moves_only_as_written)
 *     {
 *         workflow_test(&product_workflow, "new        submit   submitted  developer\n"
 *                                          "submitted  approve  approved   operator\n"
 *                                          "submitted  return   draft      operator\n");
 *     }
 *
 * One line a row: from ("new" opens a case), event, to, role (role_name()). Every other combination must be
 * refused: FORBIDDEN where another role may make the move, CONFLICT where nobody may. Guards are left out,
 * all duties are held, a reason is given and nobody has acted before: guards, duties, reasons and the
 * two-person rule want tests of their own. */
#pragma once

#include "base/json.h"
#include "support/store.h"
#include "support/test.h"
#include "workflow/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKFLOW_TEST_LINES = 512, WORKFLOW_TEST_REPORT = 4096 };

struct workflow_test_line {
    char from[64];
    char event[64];
    char to[64];
    char role[64];
};

struct workflow_test {
    const struct workflow *workflow;
    struct workflow_test_line lines[WORKFLOW_TEST_LINES];
    size_t count;
    size_t moved;                      /* moves that were made */
    char report[WORKFLOW_TEST_REPORT]; /* what did not go as written */
    row_id object_id;
};

static inline void workflow_test_read(struct workflow_test *test, const char *expected)
{
    for (const char *line = expected; *line != '\0';) {
        struct workflow_test_line *to = &test->lines[test->count];
        size_t length = strcspn(line, "\n");
        if (length > 0) {
            assert_true(test->count < WORKFLOW_TEST_LINES);
            assert_int_equal(sscanf(line, "%63s %63s %63s %63s", to->from, to->event, to->to, to->role), 4);
            assert_int_not_equal(role_by_name(to->role), ROLE_COUNT);
            test->count++;
        }
        line += length + (line[length] == '\n');
    }
}

/* The expected state; NULL when the move must be refused, with the expected result then in *ret_refused. */
static inline const char *workflow_test_expect(const struct workflow_test *test, const char *from,
                                               const char *event, const char *role, enum result *ret_refused)
{
    *ret_refused = RESULT_CONFLICT;
    for (size_t i = 0; i < test->count; i++) {
        const struct workflow_test_line *line = &test->lines[i];
        if (strcmp(line->from, from) != 0 || strcmp(line->event, event) != 0)
            continue;
        if (strcmp(line->role, role) == 0)
            return line->to;
        *ret_refused = RESULT_FORBIDDEN;
    }
    return NULL;
}

/* No assert here: this runs inside the store. */
static inline void workflow_test_complain(struct workflow_test *test, const char *from, const char *event,
                                          const char *role, const char *expected, const char *got)
{
    size_t used = strlen(test->report);
    (void)snprintf(test->report + used, sizeof test->report - used, "%s %s %s: %s expected, %s\n", from,
                   event, role, expected, got);
}

static inline enum result workflow_test_move(struct work *work, const struct workflow *workflow, int state,
                                             const char *event, row_id object_id)
{
    if (state == WORKFLOW_NEW) {
        CLEANUP_JSON json_t *input = json_pack("{s:s}", "reason", "理由");
        return workflow_open(work, workflow, object_id, event, input, NULL);
    }
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_WORKFLOW_CASE_ADD,
                  STORE_BINDS({"kind", store_text(workflow->name)}, {"object_id", store_integer(object_id)},
                              {"version", store_integer(workflow->version)},
                              {"state", store_text(workflow->states[state])},
                              {"since", store_integer(work_now(work))}, {"due", store_null()}),
                  &row));
    return workflow_step(work, NULL, workflow, object_id, event, "理由", NULL, NULL, NULL);
}

static inline void workflow_test_one(struct workflow_test *test, struct work *work, int state,
                                     const char *event)
{
    const char *from = walk_state_name(test->workflow, state);
    const char *role = role_name(work->actor->role);
    enum result refused;
    const char *to = workflow_test_expect(test, from, event, role, &refused);
    row_id object_id = ++test->object_id;
    int reached = WORKFLOW_NEW;
    *work->refusal = (struct refusal){0};
    enum result result = workflow_test_move(work, test->workflow, state, event, object_id);
    if (result == RESULT_OK || state != WORKFLOW_NEW)
        (void)workflow_state(work, test->workflow, object_id, &reached);
    const char *is = walk_state_name(test->workflow, reached);
    test->moved += result == RESULT_OK;
    if (to != NULL && (result != RESULT_OK || strcmp(is, to) != 0))
        workflow_test_complain(test, from, event, role, to, result == RESULT_OK ? is : result_name(result));
    else if (to == NULL && result != refused)
        workflow_test_complain(test, from, event, role, result_name(refused), result_name(result));
    else if (to == NULL && (strcmp(is, from) != 0 || work->refusal->zh == NULL || work->refusal->en == NULL))
        workflow_test_complain(test, from, event, role, "a reason and no change", is);
}

/* True for the first row of its event. */
static inline bool workflow_test_is_first(const struct workflow *workflow, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (strcmp(workflow->transitions[i].event, workflow->transitions[row].event) == 0)
            return false;
    return true;
}

static inline enum result workflow_test_all(struct store_tx *tx, void *argument)
{
    struct workflow_test *test = argument;
    const struct workflow *workflow = test->workflow;
    test->moved = 0;
    test->object_id = 0;
    test->report[0] = '\0';
    struct clock *clock = clock_manual(INSTANT_DAY * 20000);
    struct random *random = random_seeded(1);
    struct calendar *calendar = calendar_plain();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct actor actor = {
            .account = 7, .party = 3, .role = (enum role)role, .duties = (1U << DUTY_COUNT) - 1};
        struct refusal refusal = {0};
        struct work work = {.tx = tx,
                            .arena = arena,
                            .actor = &actor,
                            .clock = clock,
                            .random = random,
                            .calendar = calendar,
                            .refusal = &refusal,
                            .entry = -1};
        for (int state = WORKFLOW_NEW; state < (int)workflow->state_count; state++) {
            for (size_t i = 0; i < workflow->transition_count; i++)
                if (workflow_test_is_first(workflow, i))
                    workflow_test_one(test, &work, state, workflow->transitions[i].event);
            workflow_test_one(test, &work, state, "no_such_event");
            arena_reset(arena);
        }
    }
    calendar_free(calendar);
    random_free(random);
    clock_free(clock);
    return RESULT_CANCELLED; /* leaves no trace */
}

/* A copy of the table without its guards. */
static inline struct transition *workflow_test_copy(const struct workflow *workflow)
{
    struct transition *copy = calloc(workflow->transition_count, sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, workflow->transitions, workflow->transition_count * sizeof *copy);
    for (size_t i = 0; i < workflow->transition_count; i++)
        memset(copy[i].guards, 0, sizeof copy[i].guards);
    return copy;
}

static inline void workflow_test(const struct workflow *workflow, const char *expected)
{
    workflow_check(workflow);
    struct transition *transitions = workflow_test_copy(workflow);
    struct workflow bare = *workflow;
    bare.transitions = transitions;
    struct workflow_test *test = calloc(1, sizeof *test);
    assert_non_null(test);
    test->workflow = &bare;
    workflow_test_read(test, expected);
    struct store *store;
    assert_ok(store_open(test_store_url(&store_schema_built), &store));
    assert_int_equal(store_write(store, workflow_test_all, test), RESULT_CANCELLED);
    store_close(store);
    assert_string_equal(test->report, "");
    assert_int_equal(test->moved, test->count);
    free(transitions);
    free(test);
}
