#include "store/fixture.h"
#include "support/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum result add(struct store_tx *tx, void *argument)
{
    TRY(store_exec(tx, FIXTURE(NOTE_ADD),
                   STORE_BINDS({"id", store_integer(*(row_id *)argument)}, {"title", store_null()},
                               {"weight", store_null()}, {"body", store_blob(argument, 8)}),
                   NULL));
    return fixture_record(tx);
}

static void add_many(struct store *store, row_id first, int count)
{
    for (row_id id = first; id < first + count; id++)
        assert_ok(store_write(store, add, &id));
}

/* A path in the folder of the fixture's store. */
static const char *beside(const char *ending)
{
    static char paths[4][300];
    static int turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s%s", fixture_path(), ending);
    return path;
}

static int64_t notes_in(const char *path)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store *store;
    assert_ok(store_open_schema(path, &fixture_schema, arena, NULL, &store));
    int64_t count = fixture_count(store, FIXTURE(NOTE_COUNT));
    assert_int_equal(count, fixture_count(store, FIXTURE(ENTRY_COUNT)));
    store_close(store);
    return count;
}

static enum result restore(const char *from, const char *to, bool overwrite, const char *words)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    enum result result = store_restore(from, to, overwrite, arena, &refusal);
    if (result != RESULT_OK && (words == NULL || refusal.en == NULL || strstr(refusal.en, words) == NULL))
        fail_msg("refused with %s: %s", result_name(result), refusal.en);
    return result;
}

TEST(a_backup_is_whole_and_never_overwrites)
{
    struct store *store = fixture_open();
    add_many(store, 1, 50);
    const char *backup = beside(".backup");
    assert_ok(store_backup(store, backup));
    add_many(store, 100, 5);
    assert_int_equal(store_backup(store, backup), RESULT_CONFLICT);
    assert_int_equal(store_backup(store, "/nonexistent/backup"), RESULT_IO);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 55);
    store_close(store);
    assert_int_equal(notes_in(backup), 50);
}

struct background {
    struct store *store;
    _Atomic bool stop;
};

static void *write_on(void *argument)
{
    struct background *background = argument;
    for (row_id id = 1000; !atomic_load(&background->stop); id++)
        if (store_write(background->store, add, &id) != RESULT_OK)
            abort();
    return NULL;
}

TEST(a_backup_under_writes_is_one_instant)
{
    struct background background = {.store = fixture_open()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_on, &background), 0);
    char copies[5][300];
    for (int i = 0; i < 5; i++) {
        (void)snprintf(copies[i], sizeof copies[i], "%s.%d", fixture_path(), i);
        (void)usleep(5000);
        assert_ok(store_backup(background.store, copies[i]));
    }
    atomic_store(&background.stop, true);
    (void)pthread_join(thread, NULL);
    store_close(background.store);
    int64_t before = 0;
    for (int i = 0; i < 5; i++) {
        int64_t now = notes_in(copies[i]);
        assert_true(now >= before);
        before = now;
    }
}

TEST(a_city_is_restored_to_a_new_place)
{
    struct store *store = fixture_open();
    add_many(store, 1, 20);
    assert_ok(store_backup(store, beside(".backup")));
    store_close(store);
    assert_ok(restore(beside(".backup"), beside(".new"), false, NULL));
    assert_int_equal(notes_in(beside(".new")), 20);
    assert_int_equal(notes_in(beside(".backup")), 20);
}

TEST(a_city_is_overwritten_only_when_asked_and_not_in_use_and_kept_aside)
{
    struct store *store = fixture_open();
    add_many(store, 1, 20);
    assert_ok(store_backup(store, beside(".backup")));
    add_many(store, 100, 7);
    const char *city = fixture_path();
    assert_int_equal(restore(beside(".backup"), city, false, "a city already"), RESULT_CONFLICT);
    assert_int_equal(restore(beside(".backup"), city, true, "in use"), RESULT_BUSY);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 27);
    store_close(store);
    assert_ok(restore(beside(".backup"), city, true, NULL));
    assert_int_equal(notes_in(city), 20);
    assert_int_equal(notes_in(beside(".replaced")), 27);
}

TEST(a_damaged_city_with_a_stale_log_is_replaced)
{
    struct store *store = fixture_open();
    add_many(store, 1, 20);
    assert_ok(store_backup(store, beside(".backup")));
    const char *log = beside(".log");
    assert_int_equal(link(beside("-wal"), log), 0);
    add_many(store, 30, 3);
    store_close(store);
    assert_int_equal(rename(log, beside("-wal")), 0);
    int file = open(fixture_path(), O_WRONLY);
    assert_int_equal(pwrite(file, "damaged damaged damaged", 23, 0), 23);
    (void)close(file);
    assert_ok(restore(beside(".backup"), fixture_path(), true, NULL));
    assert_int_equal(notes_in(fixture_path()), 20);
}

TEST(a_damaged_backup_is_refused_and_the_city_stays)
{
    struct store *store = fixture_open();
    add_many(store, 1, 400);
    const char *backup = beside(".backup");
    assert_ok(store_backup(store, backup));
    store_close(store);
    int file = open(backup, O_WRONLY);
    char rubbish[4096];
    memset(rubbish, 0x5a, sizeof rubbish);
    assert_int_equal(pwrite(file, rubbish, sizeof rubbish, 3 * 4096), sizeof rubbish);
    (void)close(file);
    assert_int_equal(restore(backup, fixture_path(), true, "damaged"), RESULT_CORRUPT);
    assert_int_equal(restore(backup, beside(".new"), false, "damaged"), RESULT_CORRUPT);
    assert_int_equal(access(beside(".new"), F_OK), -1);
    assert_int_equal(notes_in(fixture_path()), 400);
}

TEST(a_backup_that_is_not_there_or_not_ours_is_refused)
{
    struct store *store = fixture_open();
    store_close(store);
    assert_int_equal(restore(beside(".none"), beside(".new"), false, "not there"), RESULT_NOT_FOUND);
    FILE *file = fopen(beside(".text"), "w");
    assert_non_null(file);
    (void)fputs("hello", file);
    (void)fclose(file);
    assert_int_equal(restore(beside(".text"), beside(".new"), false, "not a store"), RESULT_CORRUPT);
}
