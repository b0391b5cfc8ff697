#include "store/group_test.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* ---- a transaction that is lost half-way ---- */

static _Atomic int arrived;

/* Leads, and holds the batch open until the others have come. */
static enum result hold(struct store_tx *tx, struct writer *writer)
{
    for (int i = 0; atomic_load(&arrived) < 3 && i < 5000; i++)
        (void)usleep(1000);
    (void)usleep(20000);
    TRY(add(tx, writer->id, NULL));
    return fixture_record(tx);
}

static enum result fill_disk(struct store_tx *tx, struct writer *writer)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_row row;
    TRY(store_one(tx, arena, FIXTURE(FULL), STORE_NO_BINDS, &row));
    enum result result = RESULT_OK;
    for (row_id id = writer->id; result == RESULT_OK; id++)
        result = store_exec(tx, FIXTURE(NOTE_ADD),
                            STORE_BINDS({"id", store_integer(id)}, {"title", store_null()},
                                        {"weight", store_null()},
                                        {"body", store_blob(arena_alloc(arena, 8192), 8192)}),
                            NULL);
    assert_int_equal(add(tx, 1, NULL), RESULT_IO); /* and no statement runs outside the transaction */
    return result;
}

static void *write_one(void *argument)
{
    struct writer *writer = argument;
    atomic_fetch_add(&arrived, 1);
    writer->result = store_write(writer->store, run_steps, writer);
    return NULL;
}

TEST(a_unit_that_loses_the_transaction_fails_alone_and_the_others_run_again)
{
    struct store *store = fixture_open();
    struct writer writers[4] = {{.store = store, .id = 10, .steps = hold},
                                {.store = store, .id = 20, .steps = add_one},
                                {.store = store, .id = 1000, .steps = fill_disk},
                                {.store = store, .id = 30, .steps = add_one}};
    atomic_store(&arrived, -1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_one, &writers[i]), 0);
        (void)usleep(20000);
    }
    for (int i = 0; i < 4; i++)
        (void)pthread_join(writers[i].thread, NULL);
    assert_int_equal(writers[0].result, RESULT_OK);
    assert_int_equal(writers[1].result, RESULT_OK);
    assert_int_equal(writers[2].result, RESULT_IO);
    assert_int_equal(writers[3].result, RESULT_OK);
    assert_int_equal(writers[1].runs, 2);
    assert_int_equal(writers[2].runs, 1);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 3);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), 3);
    store_close(store);
}

/* ---- other processes ---- */

static void *release_later(void *argument)
{
    (void)usleep(100000);
    (void)sqlite3_exec(argument, "COMMIT", NULL, NULL, NULL);
    return NULL;
}

TEST(a_write_waits_for_another_process_that_writes)
{
    struct store *store = fixture_open();
    struct writer writer = {.store = store, .id = 1, .steps = add_one};
    sqlite3 *other;
    pthread_t thread;
    assert_int_equal(sqlite3_open(fixture_path(), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(pthread_create(&thread, NULL, release_later, other), 0);
    assert_ok(store_write(store, run_steps, &writer));
    (void)pthread_join(thread, NULL);
    (void)sqlite3_close(other);
    store_close(store);
}

TEST(the_size_of_the_log_is_told)
{
    struct store *store = fixture_open();
    struct writer writer = {.store = store, .id = 1, .steps = add_one};
    struct store_figures figures;
    assert_ok(store_write(store, run_steps, &writer));
    store_figures(store, &figures);
    assert_true(figures.log_bytes > 0);
    store_close(store);
}
