/* The disk fails under SQLite. */
#include "store/fixture.h"
#include "support/test.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* SQLite's files with codes of our choice; of the log and of the file. */
static struct failing_disk {
    sqlite3_vfs vfs;
    sqlite3_io_methods methods[2];
    int (*real_write)(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset);
    int sync_code;
    int write_code;
} disk;

static int fail_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return disk.sync_code;
}

static int fail_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    return disk.write_code != SQLITE_OK ? disk.write_code : disk.real_write(file, bytes, size, offset);
}

static int open_failing(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    int code = real->xOpen(real, name, file, flags, ret_flags);
    if (code == SQLITE_OK && file->pMethods != NULL) {
        sqlite3_io_methods *methods = &disk.methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];
        *methods = *file->pMethods;
        disk.real_write = methods->xWrite;
        methods->xSync = fail_sync;
        methods->xWrite = fail_write;
        file->pMethods = methods;
    }
    return code;
}

/* A store whose writer uses the failing disk. */
static struct store *open_on_failing_disk(const char *path)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store *store;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    disk = (struct failing_disk){.vfs = *real};
    disk.vfs.zName = "failing";
    disk.vfs.pAppData = real;
    disk.vfs.xOpen = open_failing;
    (void)sqlite3_vfs_register(&disk.vfs, 1);
    enum result result = store_open_schema(path, &fixture_schema, arena, NULL, &store);
    (void)sqlite3_vfs_unregister(&disk.vfs);
    return result == RESULT_OK ? store : NULL;
}

static void write_without_sync(const void *path)
{
    struct store *store = open_on_failing_disk(path);
    row_id id = 1;
    if (store == NULL)
        _exit(1);
    disk.sync_code = SQLITE_IOERR_FSYNC;
    (void)store_write(store, fixture_add_one, &id);
}

TEST(a_failed_fsync_stops_the_process_and_says_so)
{
    char path[256];
    char words[4096];
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    assert_true(test_aborts(write_without_sync, path, words, sizeof words));
    assert_non_null(strstr(words, "fsync failed"));
}

static void write_with_errors(const void *path)
{
    struct store *store = open_on_failing_disk(path);
    row_id id = 1;
    if (store == NULL)
        _exit(1);
    disk.write_code = SQLITE_IOERR_WRITE;
    (void)store_write(store, fixture_add_one, &id);
}

TEST(a_commit_that_cannot_be_written_stops_the_process_and_says_so)
{
    char path[256];
    char words[4096];
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    assert_true(test_aborts(write_with_errors, path, words, sizeof words));
    assert_non_null(strstr(words, "a commit failed: disk I/O error"));
}

TEST(a_full_disk_at_the_commit_fails_the_units_and_the_store_goes_on)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    struct store *store = open_on_failing_disk(path);
    row_id ids[] = {1, 2, 3};
    assert_non_null(store);
    assert_ok(store_write(store, fixture_add_one, &ids[0]));
    disk.write_code = SQLITE_FULL;
    assert_int_equal(store_write(store, fixture_add_one, &ids[1]), RESULT_IO);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 1);
    disk.write_code = SQLITE_OK;
    assert_ok(store_write(store, fixture_add_one, &ids[2]));
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 2);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), 2);
    store_close(store);
}
