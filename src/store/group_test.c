#include "store/group_test.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, UNITS = 40 };

static void *write_units(void *argument)
{
    struct writer *writer = argument;
    row_id first = writer->id;
    for (int i = 0; i < UNITS; i++) {
        writer->id = first + i;
        writer->second = RESULT_CONFLICT;
        enum result result = store_write(writer->store, run_steps, writer);
        if (writer->second == RESULT_CONFLICT &&
            (writer->id % 3 == 0 ? result == RESULT_FORBIDDEN : result == RESULT_OK))
            writer->failed += result != RESULT_OK;
        else
            writer->result = result;
    }
    return NULL;
}

/* Every third unit changes rows and then fails; one in nine of them even by a key that is taken. */
static enum result add_or_fail(struct store_tx *tx, struct writer *writer)
{
    TRY(add(tx, writer->id, NULL));
    TRY(fixture_record(tx));
    if (writer->id % 3 != 0)
        return RESULT_OK;
    if (writer->id % 9 == 0)
        writer->second = add(tx, writer->id, NULL);
    return RESULT_FORBIDDEN;
}

TEST(units_of_64_threads_are_apart_and_failing_ones_harm_no_other)
{
    struct store *store = fixture_open();
    static struct writer writers[THREADS];
    memset(writers, 0, sizeof writers);
    int failed = 0;
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.store = store, .id = 1 + i * UNITS, .steps = add_or_fail};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_units, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(writers[i].thread, NULL);
        assert_int_equal(writers[i].result, RESULT_OK);
        failed += writers[i].failed;
    }
    assert_int_equal(failed, THREADS * UNITS / 3);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), THREADS * UNITS - failed);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), THREADS * UNITS - failed);
    store_close(store);
}

/* ---- snapshots ---- */

struct sums {
    struct store *store;
    _Atomic bool stop;
    int64_t odd; /* reads that saw two states */
    int64_t seen;
    pthread_t thread;
};

static enum result swap(struct store_tx *tx, struct writer *writer)
{
    TRY(store_exec(tx, FIXTURE(NOTE_DELETE), STORE_BINDS({"id", store_integer(writer->id)}), NULL));
    TRY(add(tx, writer->id + 1, NULL));
    return fixture_record(tx);
}

/* Two statements of one read must agree. */
static enum result count_twice(struct store_tx *tx, void *argument)
{
    struct sums *sums = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_rows first;
    struct store_rows second;
    TRY(store_many(tx, arena, FIXTURE(NOTE_ALL), STORE_NO_BINDS, &first));
    (void)sched_yield();
    TRY(store_many(tx, arena, FIXTURE(NOTE_ALL), STORE_NO_BINDS, &second));
    sums->odd += first.count != 1 || second.count != 1 ||
                 row_integer(&first.rows[0], "id") != row_integer(&second.rows[0], "id");
    sums->seen++;
    return RESULT_OK;
}

static void *read_sums(void *argument)
{
    struct sums *sums = argument;
    while (!atomic_load(&sums->stop))
        if (store_read(sums->store, count_twice, sums) != RESULT_OK)
            sums->odd++;
    return NULL;
}

TEST(readers_see_one_state_while_others_write)
{
    struct store *store = fixture_open();
    struct writer writer = {.store = store, .id = 1, .steps = add_one};
    static struct sums sums[20]; /* more than there are connections */
    memset(sums, 0, sizeof sums);
    assert_ok(store_write(store, run_steps, &writer));
    for (int i = 0; i < 20; i++) {
        sums[i].store = store;
        assert_int_equal(pthread_create(&sums[i].thread, NULL, read_sums, &sums[i]), 0);
    }
    writer.steps = swap;
    for (; writer.id < 200; writer.id++)
        assert_ok(store_write(store, run_steps, &writer));
    for (int i = 0; i < 20; i++) {
        atomic_store(&sums[i].stop, true);
        (void)pthread_join(sums[i].thread, NULL);
        assert_int_equal(sums[i].odd, 0);
        assert_true(sums[i].seen > 0);
    }
    store_close(store);
}

static void *write_one(void *argument)
{
    struct writer *writer = argument;
    writer->result = store_write(writer->store, run_steps, writer);
    return NULL;
}

static enum result refuse_reading(struct store_tx *tx, void *argument)
{
    (void)tx;
    (void)argument;
    return RESULT_CORRUPT;
}

TEST(figures_count_transactions_failures_and_units_in_each_commit)
{
    struct store *store = fixture_open();
    struct writer writers[8];
    struct store_figures before;
    struct store_figures after;
    store_figures(store, &before);
    for (int i = 0; i < 8; i++) {
        writers[i] = (struct writer){.store = store, .id = 1 + i, .steps = add_one};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_one, &writers[i]), 0);
    }
    for (int i = 0; i < 8; i++)
        (void)pthread_join(writers[i].thread, NULL);
    assert_int_equal(store_read(store, refuse_reading, NULL), RESULT_CORRUPT);
    store_figures(store, &after);
    assert_int_equal(after.writes - before.writes, 8);
    assert_int_equal(after.reads - before.reads, 1);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(after.failed[i] - before.failed[i], store_failures[i] == RESULT_CORRUPT);
    assert_true(after.has_batches);
    assert_int_equal(after.batches.sum - before.batches.sum, 8);
    store_close(store);
}
