/* Who leads, and what one process learns of another's commits. */
#include "base/clock.h"
#include "store/fixture.h"
#include "store/store.h"
#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct store *open_again(void)
{
    struct store *store = NULL;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_ok(store_open_schema(fixture_path(), &fixture_schema, arena, NULL, &store));
    return store;
}

TEST(one_leads_at_a_time_and_the_next_once_it_lets_go)
{
    struct store *one = fixture_open();
    struct store *two = open_again();
    struct store_lead *lead = NULL;
    struct store_lead *other = NULL;
    assert_ok(store_lead(one, "sealer", &lead));
    assert_true(store_leads(lead));
    assert_int_equal(store_lead(two, "sealer", &other), RESULT_BUSY);
    assert_int_equal(store_lead(one, "sealer", &other), RESULT_BUSY);
    store_lead_end(lead);
    assert_ok(store_lead(two, "sealer", &other));
    assert_int_equal(store_lead(one, "sealer", &lead), RESULT_BUSY);
    store_lead_end(other);
    store_lead_end(NULL);
    store_close(two);
    store_close(one);
}

TEST(different_names_are_led_apart)
{
    enum { NAMES = 200 };
    struct store *one = fixture_open();
    struct store *two = open_again();
    struct store_lead *leads[NAMES];
    struct store_lead *other = NULL;
    char name[32];
    for (int i = 0; i < NAMES; i++) {
        (void)snprintf(name, sizeof name, "server/%d", i);
        assert_ok(store_lead(i % 2 == 0 ? one : two, name, &leads[i]));
    }
    for (int i = 0; i < NAMES; i++) {
        (void)snprintf(name, sizeof name, "server/%d", i);
        assert_int_equal(store_lead(i % 2 == 0 ? two : one, name, &other), RESULT_BUSY);
        assert_true(store_leads(leads[i]));
    }
    for (int i = 0; i < NAMES; i++)
        store_lead_end(leads[i]);
    store_close(two);
    store_close(one);
}

/* Leads "sealer" in a process of its own, writes `ready` and waits to be killed. */
static pid_t lead_elsewhere(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t process = fork();
    if (process == 0) {
        struct store_lead *lead = NULL;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (store_lead(open_again(), "sealer", &lead) == RESULT_OK)
            (void)!write(ready[1], "+", 1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return process;
}

/* A server learns of a client's end from its socket, a moment after the kernel has reaped the client. */
static enum result lead_within(struct store *store, int seconds, struct store_lead **ret_lead)
{
    const struct timespec pause = {0, 10000000};
    const instant end = clock_monotonic() + seconds * INSTANT_SECOND;
    enum result result = store_lead(store, "sealer", ret_lead);
    while (result == RESULT_BUSY && clock_monotonic() < end) {
        (void)nanosleep(&pause, NULL);
        result = store_lead(store, "sealer", ret_lead);
    }
    return result;
}

TEST(who_leads_is_followed_when_its_process_is_killed)
{
    store_close(fixture_open());
    pid_t process = lead_elsewhere();
    struct store *store = open_again();
    struct store_lead *lead = NULL;
    assert_int_equal(store_lead(store, "sealer", &lead), RESULT_BUSY);
    assert_int_equal(kill(process, SIGSTOP),
                     0); /* one that hangs leads on: nobody knows that it never wakes */
    assert_int_equal(store_lead(store, "sealer", &lead), RESULT_BUSY);
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitpid(process, NULL, 0), process);
    assert_ok(lead_within(store, 10, &lead));
    store_lead_end(lead);
    store_close(store);
}

/* ---- commits of others ---- */

TEST(the_generation_counts_the_commits_of_every_process_and_nothing_else)
{
    struct store *one = fixture_open();
    struct store *two = open_again();
    uint64_t before = store_generation(one);
    assert_int_equal(store_generation(one), before);
    assert_int_equal(fixture_count(one, FIXTURE(NOTE_COUNT)), 0);
    assert_int_equal(store_generation(one), before);
    for (row_id id = 1; id <= 10; id++) {
        assert_ok(store_write(id % 2 == 0 ? one : two, fixture_add_one, &id));
        uint64_t after = store_generation(one);
        assert_int_not_equal(after, before);
        assert_int_equal(fixture_count(one, FIXTURE(NOTE_COUNT)), id);
        assert_int_equal(store_generation(one), after);
        before = after;
    }
    store_close(two);
    store_close(one);
}

TEST(asking_the_generation_costs_little)
{
    enum { TIMES = 20000 };
    struct store *store = fixture_open();
    instant begun = clock_monotonic();
    for (int i = 0; i < TIMES; i++)
        (void)store_generation(store);
    print_message("generation: %.2f µs\n",
                  (double)(clock_monotonic() - begun) * 1e6 / TIMES / INSTANT_SECOND);
    store_close(store);
}

TEST(two_processes_that_write_without_pause_both_get_their_turn)
{
    enum { EACH = 200 };
    store_close(fixture_open());
    pid_t processes[2];
    for (int p = 0; p < 2; p++) {
        processes[p] = fork();
        if (processes[p] != 0)
            continue;
        struct store *store = open_again();
        instant longest = 0;
        for (row_id id = 1; id <= EACH; id++) {
            row_id own = p * EACH + id;
            instant begun = clock_monotonic();
            if (store_write(store, fixture_add_one, &own) != RESULT_OK)
                _exit(1);
            instant took = clock_monotonic() - begun;
            longest = took > longest ? took : longest;
        }
        store_close(store);
        _exit(longest < 5 * INSTANT_SECOND ? 0 : 2);
    }
    for (int p = 0; p < 2; p++) {
        int status = -1;
        assert_int_equal(waitpid(processes[p], &status, 0), processes[p]);
        assert_int_equal(status, 0);
    }
    struct store *store = open_again();
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 2 * EACH);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), 2 * EACH);
    store_close(store);
}
