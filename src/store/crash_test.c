/* Sudden ends: the process killed, a mistake found. */
#include "store/fixture.h"
#include "support/store.h"
#include "support/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the process is killed ---- */

struct reporter {
    pthread_t thread;
    struct store *store;
    row_id id;
    int pipe;
};

static void *write_and_report(void *argument)
{
    struct reporter *reporter = argument;
    for (;; reporter->id++) {
        if (store_write(reporter->store, fixture_add_one, &reporter->id) != RESULT_OK)
            abort();
        if (write(reporter->pipe, &reporter->id, sizeof(row_id)) != sizeof(row_id))
            abort();
    }
}

/* Writes from several threads, telling each unit's id once it is acknowledged, until it is killed. */
static _Noreturn void write_until_killed(const char *path, int pipe)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store *store;
    static struct reporter reporters[8];
    if (store_open_schema(path, &fixture_schema, arena, NULL, &store) != RESULT_OK)
        abort();
    for (int i = 0; i < 8; i++) {
        reporters[i] = (struct reporter){.store = store, .id = i * 1000000 + 1, .pipe = pipe};
        if (pthread_create(&reporters[i].thread, NULL, write_and_report, &reporters[i]) != 0)
            abort();
    }
    for (;;)
        (void)pause();
}

static enum result find(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_row row;
    return store_one(tx, arena, FIXTURE(NOTE_BY_ID), STORE_BINDS({"id", store_integer(*(row_id *)argument)}),
                     &row);
}

TEST(nothing_acknowledged_is_lost_when_the_process_is_killed)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char path[512];
    (void)snprintf(path, sizeof path, "%s", test_store_url(&fixture_schema));
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        write_until_killed(path, ends[1]);
    (void)close(ends[1]);
    static row_id acknowledged[100000];
    size_t count = 0;
    while (count < 300 && read(ends[0], &acknowledged[count], sizeof(row_id)) == sizeof(row_id))
        count++;
    (void)kill(child, SIGKILL);
    while (count < 100000 && read(ends[0], &acknowledged[count], sizeof(row_id)) == sizeof(row_id))
        count++;
    (void)waitpid(child, NULL, 0);
    assert_true(count >= 300);
    struct store *store;
    assert_ok(store_open_schema(path, &fixture_schema, arena, NULL, &store));
    for (size_t i = 0; i < count; i++)
        assert_ok(store_read(store, find, &acknowledged[i]));
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), fixture_count(store, FIXTURE(ENTRY_COUNT)));
    store_close(store);
    (void)close(ends[0]);
}

/* ---- a programmer's mistake ---- */

static enum result write_inside(struct store_tx *tx, void *argument)
{
    row_id id = 2;
    row_id first = 1;
    TRY(fixture_add_one(tx, &first));
    return store_write(argument, fixture_add_one, &id);
}

static void write_within_write(const void *path)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store *store;
    if (store_open_schema(path, &fixture_schema, arena, NULL, &store) != RESULT_OK)
        _exit(1);
    (void)store_write(store, write_inside, store);
}

TEST(a_write_inside_a_write_stops_instead_of_waiting_for_ever)
{
    char words[4096];
    assert_true(test_aborts(write_within_write, test_store_url(&fixture_schema), words, sizeof words));
    assert_non_null(strstr(words, "inside a unit of work"));
}
