#include "audit/merkle.h"
#include "audit/tile.h"
#include "support/audit_log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_file(const struct audit_log *log, const char *name, off_t size)
{
    char path[256];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/%s", log->folder, name);
    return stat(path, &info) == 0 && (size < 0 || info.st_size == size);
}

static struct checkpoint read_checkpoint(struct audit_log *log)
{
    char path[256];
    char *bytes = arena_alloc(log->arena, NOTE_BYTES_MAX);
    size_t size;
    struct note note;
    struct checkpoint checkpoint;
    (void)snprintf(path, sizeof path, "%s/checkpoint", log->folder);
    assert_ok(tile_file_read(AT_FDCWD, path, bytes, NOTE_BYTES_MAX, &size));
    assert_ok(note_parse(log->arena, bytes, size, &note));
    assert_ok(note_verify(&note, log->keys.keys, 2));
    assert_ok(checkpoint_parse(log->arena, note.text, &checkpoint));
    return checkpoint;
}

/* The root over the entries as audit_read() gives them: the definition, without tiles. */
static struct digest root_by_entries(struct audit_log *log, int64_t size)
{
    struct digest *leaves = calloc((size_t)size, sizeof *leaves);
    assert_non_null(leaves);
    for (int64_t i = 0; i < size; i++) {
        const char *entry = NULL;
        assert_ok(audit_read(log->folder, i, log->arena, &entry));
        leaves[i] = merkle_leaf(entry, strlen(entry));
        arena_reset(log->arena);
    }
    struct digest root = merkle_root(leaves, (size_t)size);
    free(leaves);
    return root;
}

TEST(tile_names_are_those_of_the_specification)
{
    char path[TILE_PATH_BYTES];
    int level;
    int64_t index;
    unsigned width;
    tile_path(0, 1234067, 256, path);
    assert_string_equal(path, "tile/0/x001/x234/067");
    tile_path(TILE_ENTRIES, 5, 17, path);
    assert_string_equal(path, "tile/entries/005.p/17");
    static const char *const good[] = {"tile/0/000", "tile/7/x001/000.p/255", "tile/entries/x999/x999/999"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(tile_path_parse(good[i], &level, &index, &width));
        tile_path(level, index, width, path);
        assert_string_equal(path, good[i]);
    }
    static const char *const bad[] = {
        "tile/8/000",       "tile/00/000", "tile/0/00",        "tile/0/x000/001", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/0000", "tile/0/000.p/01",  "tile/entries/1",  "tile/0/000/",
        "tile/0/",          "checkpoint",  "tile/0/001.p/5/6", "tile/0/x001",     ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(tile_path_parse(bad[i], &level, &index, &width));
}

TEST(seventy_thousand_entries_lie_as_in_the_specification)
{
    struct audit_log log;
    audit_log_open(&log);
    for (int i = 0; i < 35; i++)
        audit_log_append(&log, 2000);
    audit_log_seal(&log, 70000);
    assert_true(has_file(&log, "tile/0/000", 8192));
    assert_true(has_file(&log, "tile/0/272", 8192));
    assert_false(has_file(&log, "tile/0/273", -1));
    assert_true(has_file(&log, "tile/0/273.p/112", (off_t)112 * 32));
    assert_true(has_file(&log, "tile/1/000", 8192));
    assert_true(has_file(&log, "tile/1/001.p/17", (off_t)17 * 32));
    assert_true(has_file(&log, "tile/2/000.p/1", 32));
    assert_false(has_file(&log, "tile/3/000.p/1", -1));
    assert_true(has_file(&log, "tile/entries/273.p/112", -1));
    struct checkpoint checkpoint = read_checkpoint(&log);
    struct digest root = root_by_entries(&log, 70000);
    assert_true(digest_equal(&checkpoint.root, &root));
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.entries, 70000);
    audit_log_close(&log);
}

TEST(every_size_on_the_way_has_the_right_root)
{
    static const int steps[] = {1, 1, 3, 250, 1, 1, 254, 257, 44};
    struct audit_log log;
    audit_log_open(&log);
    int64_t size = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        size += steps[i];
        audit_log_append(&log, steps[i]);
        audit_log_seal(&log, size);
        struct digest root = root_by_entries(&log, size);
        struct checkpoint checkpoint = read_checkpoint(&log);
        assert_int_equal(checkpoint.size, size);
        assert_true(digest_equal(&checkpoint.root, &root));
        struct audit_report report;
        assert_ok(audit_log_check(&log, &report));
        assert_int_equal(report.entries, size);
        if (i % 2 == 0) {
            audit_log_pause(&log);
            audit_log_reopen(&log);
        }
    }
    assert_true(has_file(&log, "tile/0/003.p/44", (off_t)44 * 32));
    assert_true(has_file(&log, "tile/1/000.p/3", (off_t)3 * 32));
    /* The partial tiles of a full tile are gone; those of the last one stay for older checkpoints. */
    assert_false(has_file(&log, "tile/0/000.p/1", -1));
    assert_false(has_file(&log, "tile/entries/000.p", -1));
    audit_log_close(&log);
}

static enum result count_entries(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    int64_t *counts = argument;
    struct store_rows rows;
    struct store_row row;
    TRY(store_many(tx, arena, SQL_AUDIT_ENTRIES_FROM,
                   STORE_BINDS({"entry", store_integer(0)}, {"count", store_integer(100000)}), &rows));
    TRY(store_one(tx, arena, SQL_AUDIT_SALT_COUNT, STORE_NO_BINDS, &row));
    counts[0] = (int64_t)rows.count;
    counts[1] = row_integer(&row, "count");
    return RESULT_OK;
}

TEST(sealed_entries_leave_the_store_and_their_salts_stay)
{
    struct audit_log log;
    audit_log_open(&log);
    audit_log_append(&log, 300);
    int64_t counts[2];
    assert_ok(store_read(log.store, count_entries, counts));
    assert_int_equal(counts[0], 300);
    audit_log_seal(&log, 300);
    assert_ok(store_read(log.store, count_entries, counts));
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[1], 300);
    audit_log_append(&log, 1);
    audit_log_seal(&log, 301);
    audit_log_seal(&log, 301); /* nothing new is no error */
    audit_log_close(&log);
}

TEST(a_folder_has_one_sealer)
{
    struct audit_log log;
    audit_log_open(&log);
    struct audit_sealer *second = NULL;
    assert_int_equal(audit_sealer_open(log.store, log.folder, LOG_ORIGIN,
                                       (struct audit_signer){log_sign, &log.keys}, &second),
                     RESULT_BUSY);
    assert_null(second);
    audit_log_close(&log);
}

TEST(a_store_from_an_older_backup_does_not_go_on)
{
    struct audit_log log;
    audit_log_open(&log);
    audit_log_append(&log, 10);
    char backup[256];
    (void)snprintf(backup, sizeof backup, "%s/backup", log.home);
    assert_ok(store_backup(log.store, backup));
    audit_log_append(&log, 10);
    audit_log_seal(&log, 20);
    audit_log_pause(&log);
    struct store *old;
    struct audit_sealer *sealer = NULL;
    assert_ok(store_open(backup, &old));
    assert_int_equal(
        audit_sealer_open(old, log.folder, LOG_ORIGIN, (struct audit_signer){log_sign, &log.keys}, &sealer),
        RESULT_CORRUPT);
    struct audit_report report;
    assert_int_equal(audit_verify(log.folder, backup, NULL, log.arena, &report), RESULT_CORRUPT);
    assert_non_null(strstr(report.first, "holds 20 entries, the store has given 10"));
    store_close(old);
    audit_log_close(&log);
}

TEST(another_origin_does_not_take_over_the_folder)
{
    struct audit_log log;
    audit_log_open(&log);
    audit_log_append(&log, 1);
    audit_log_seal(&log, 1);
    audit_sealer_close(log.sealer);
    log.sealer = NULL;
    assert_int_equal(audit_sealer_open(log.store, log.folder, "other.example/log",
                                       (struct audit_signer){log_sign, &log.keys}, &log.sealer),
                     RESULT_CORRUPT);
    audit_log_close(&log);
}

/* ---- failures and crashes ---- */

struct moody {
    struct log_keys *keys;
    int refusals; /* how often to fail first */
};

static enum result sign_moodily(void *state, const char *text, struct arena *arena, const char **ret_lines)
{
    struct moody *moody = state;
    if (moody->refusals-- > 0)
        return RESULT_UNAVAILABLE;
    return log_sign(moody->keys, text, arena, ret_lines);
}

TEST(a_signer_that_fails_costs_nothing_but_time)
{
    struct audit_log log;
    audit_log_open(&log);
    audit_log_append(&log, 20);
    audit_log_seal(&log, 20);
    audit_sealer_close(log.sealer);
    struct moody moody = {.keys = &log.keys, .refusals = 2};
    assert_ok(audit_sealer_open(log.store, log.folder, LOG_ORIGIN,
                                (struct audit_signer){sign_moodily, &moody}, &log.sealer));
    audit_log_append(&log, 500);
    int64_t size = -7;
    assert_int_equal(audit_seal(log.sealer, &size), RESULT_UNAVAILABLE);
    assert_int_equal(size, -7);
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report)); /* tiles beyond the checkpoint are no fault */
    assert_int_equal(report.entries, 20);
    assert_int_equal(report.pending, 500);
    assert_non_null(strstr(report.notes, "files reach beyond the checkpoint"));
    audit_log_append(&log, 7);
    assert_int_equal(audit_seal(log.sealer, &size), RESULT_UNAVAILABLE);
    audit_log_seal(&log, 527);
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.entries, 527);
    assert_null(report.notes);
    audit_log_close(&log);
}

/* Appends and seals until it is killed. */
static _Noreturn void write_for_ever(struct audit_log *log)
{
    audit_log_reopen(log);
    for (;;) {
        audit_log_append(log, 97);
        if (audit_seal(log->sealer, NULL) != RESULT_OK)
            _exit(1);
    }
}

TEST(a_kill_at_any_instant_loses_nothing)
{
    struct audit_log log;
    audit_log_open(&log);
    audit_log_append(&log, 1);
    audit_log_seal(&log, 1);
    audit_log_pause(&log);
    int64_t size = 1;
    /* 25 times, and on a slow machine until it has sealed something, each time a little later. */
    for (int round = 0; round < 25 || size <= 97; round++) {
        (void)fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_for_ever(&log);
        (void)usleep((useconds_t)(5000 + random_below(log.random, 40000) * (uint64_t)(1 + round / 25)));
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct audit_report report;
        enum result result = audit_log_check(&log, &report);
        if (result != RESULT_OK)
            fail_msg("round %d: %s", round, report.first);
        assert_true(report.entries >= size);
        size = report.entries;
    }
    audit_log_reopen(&log);
    assert_ok(audit_seal(log.sealer, &size));
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.entries, size);
    assert_int_equal(report.pending, 0);
    audit_log_close(&log);
}

/* What a power failure leaves of files that were not yet fsynced: nothing, a part, or zeros. */
TEST(files_beyond_the_checkpoint_may_be_torn)
{
    static const char *const lost[] = {"tile/0/000", "tile/entries/000", "tile/0/001.p/4", "tile/1/000.p/1"};
    for (size_t i = 0; i < 3 * (sizeof lost / sizeof lost[0]); i++) {
        struct audit_log log;
        audit_log_open(&log);
        struct moody moody = {.keys = &log.keys, .refusals = 1};
        audit_log_append(&log, 100);
        audit_log_seal(&log, 100);
        audit_sealer_close(log.sealer);
        assert_ok(audit_sealer_open(log.store, log.folder, LOG_ORIGIN,
                                    (struct audit_signer){sign_moodily, &moody}, &log.sealer));
        audit_log_append(&log, 160);
        assert_int_equal(audit_seal(log.sealer, NULL), RESULT_UNAVAILABLE);
        audit_log_pause(&log);
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", log.folder, lost[i / 3]);
        assert_int_equal(access(path, F_OK), 0);
        if (i % 3 == 0)
            assert_int_equal(unlink(path), 0);
        else
            assert_int_equal(truncate(path, i % 3 == 1 ? 0 : 17), 0);
        audit_log_reopen(&log);
        audit_log_seal(&log, 260);
        struct audit_report report;
        assert_ok(audit_log_check(&log, &report));
        assert_int_equal(report.entries, 260);
        audit_log_close(&log);
    }
}
