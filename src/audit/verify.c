#include "audit/verify.h"

#include "audit/merkle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_line(struct verify *verify, const char **text, const char *format, va_list args)
{
    const char *line = arena_vprintf(verify->arena, format, args);
    *text = arena_printf(verify->arena, "%s%s\n", *text != NULL ? *text : "", line);
}

void verify_fault(struct verify *verify, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)pthread_mutex_lock(&verify->lock);
    if (verify->report.faults++ < VERIFY_FAULTS_SHOWN)
        add_line(verify, &verify->report.first, format, args);
    (void)pthread_mutex_unlock(&verify->lock);
    va_end(args);
}

void verify_note(struct verify *verify, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)pthread_mutex_lock(&verify->lock);
    add_line(verify, &verify->report.notes, format, args);
    (void)pthread_mutex_unlock(&verify->lock);
    va_end(args);
}

static bool is_lost(const struct verify *verify, int64_t number)
{
    for (size_t i = 0; i < verify->lost_count; i++)
        if (number >= verify->lost[i].from && number < verify->lost[i].past)
            return true;
    return false;
}

bool verify_entry(struct verify *verify, int64_t number, const void *bytes, size_t size)
{
    struct entry_reader reader;
    struct entry_head head;
    struct entry_change change = {0};
    enum result result = entry_read(&reader, bytes, size, &head);
    if (result == RESULT_OK && head.number != number) {
        verify_fault(verify, "entry %lld: it calls itself entry %lld", (long long)number,
                     (long long)head.number);
        return false;
    }
    bool lost = is_lost(verify, number);
    while (result == RESULT_OK) {
        result = entry_next(&reader, &change);
        if (result == RESULT_OK && !lost)
            result = last_map_put(verify->map, number, &change);
    }
    if (result != RESULT_NOT_FOUND)
        verify_fault(verify, "entry %lld: not an entry's bytes", (long long)number);
    return result == RESULT_NOT_FOUND;
}

/* The checkpoint's bytes as they stand now. */
static enum result read_note(struct verify *verify, struct verify_head *ret_note)
{
    ret_note->size = 0;
    if (ret_note->bytes == NULL)
        ret_note->bytes = arena_alloc(verify->arena, NOTE_BYTES_MAX);
    enum result result =
        tile_file_read(verify->folder, "checkpoint", ret_note->bytes, NOTE_BYTES_MAX, &ret_note->size);
    ret_note->there = result == RESULT_OK;
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static bool is_same(const struct verify_head *a, const struct verify_head *b)
{
    return a->there == b->there && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* The checkpoint, its signatures, and whose they are. */
static void read_checkpoint(struct verify *verify, const char *keys_path)
{
    struct note_key keys[NOTE_KEYS_MAX];
    size_t key_count = 0;
    struct note note;
    enum result keys_read = note_keys_read(keys_path, keys, &key_count);
    if (keys_read != RESULT_OK && keys_read != RESULT_NOT_FOUND)
        verify_fault(verify, "%s: not a key file", keys_path);
    if (!verify->note.there) {
        verify_note(verify, "there is no checkpoint: nothing has been sealed");
        return;
    }
    if (keys_read == RESULT_NOT_FOUND)
        verify_fault(verify, "%s: missing, so nobody can tell who signed", keys_path);
    struct checkpoint checkpoint;
    if (note_parse(verify->arena, verify->note.bytes, verify->note.size, &note) != RESULT_OK ||
        checkpoint_parse(verify->arena, note.text, &checkpoint) != RESULT_OK) {
        verify_fault(verify, "checkpoint: not a checkpoint's bytes");
        return;
    }
    verify->checkpoint = checkpoint;
    if (key_count > 0 && note_verify(&note, keys, key_count) != RESULT_OK)
        verify_fault(verify, "checkpoint: not signed by all of the %zu keys", key_count);
    for (size_t i = 0; i < key_count; i++)
        if (strcmp(keys[i].name, checkpoint.origin) != 0)
            verify_fault(verify, "checkpoint: it is of the log %s, the key is of %s", checkpoint.origin,
                         keys[i].name);
}

struct run {
    struct verify *verify;
    const char *keys_path;
};

/* What an earlier try found says nothing. */
static void begin(struct verify *verify)
{
    last_map_free(verify->map);
    free(verify->hashes);
    verify->map = last_map_new();
    verify->hashes = NULL;
    verify->lost_count = 0;
    verify->report = (struct audit_report){0};
    verify->checkpoint = (struct checkpoint){.origin = "", .root = merkle_empty()};
}

static enum result check_log(const struct run *run)
{
    TRY(verify_tiles(run->verify));
    return verify_files(run->verify);
}

/* All in one snapshot of the store, which the checkpoint must have outlasted: RESULT_BUSY when the log has
 * grown between the reading of its head and the snapshot. */
static enum result check_both(struct store_tx *tx, void *argument)
{
    const struct run *run = argument;
    struct verify *verify = run->verify;
    struct verify_head now = {0};
    begin(verify);
    TRY(verify_snapshot(verify, tx));
    TRY(read_note(verify, &now));
    if (!is_same(&now, &verify->note))
        return RESULT_BUSY;
    read_checkpoint(verify, run->keys_path);
    TRY(verify_lost(verify, tx));
    TRY(check_log(run));
    return verify_store(verify, tx);
}

/* The city may seal meanwhile. Its head is read, the snapshot taken, and the head read again; if it is still
 * the same, then it was that of the snapshot's instant: what the snapshot holds of entries begins at or
 * before it, and what the log holds under it the snapshot knows. Sealing takes some fsyncs, the snapshot
 * none. */
static enum result run_with_store(struct run *run, struct store *store)
{
    enum { TRIES = 1000 };
    enum result result = RESULT_BUSY;
    for (int i = 0; i < TRIES && result == RESULT_BUSY; i++) {
        TRY(read_note(run->verify, &run->verify->note));
        result = store_read(store, check_both, run);
    }
    return result;
}

static enum result run_alone(struct run *run)
{
    begin(run->verify);
    TRY(read_note(run->verify, &run->verify->note));
    read_checkpoint(run->verify, run->keys_path);
    return check_log(run);
}

/* What a damaged database gives is a fault of the copy, not a failure of the machine; the log is told of
 * beside it. */
static enum result run(struct run *run, const char *store_path)
{
    struct store *store = NULL;
    if (store_path == NULL)
        return run_alone(run);
    enum result result = store_open(store_path, &store);
    if (result == RESULT_OK)
        result = run_with_store(run, store);
    store_close(store);
    if (result == RESULT_CORRUPT) {
        TRY(run_alone(run));
        verify_fault(run->verify, "store: the database file itself is damaged");
        result = RESULT_OK;
    }
    if (result == RESULT_OK)
        verify_uncovered(run->verify);
    return result;
}

static enum result verify_home(const char *log_folder, const char *store_path, const char *keys_path,
                               bool copy, struct arena *arena, struct audit_report *ret_report)
{
    if (store_path != NULL)
        TRY(store_there(store_path));
    int folder = open(log_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    struct verify verify = {.arena = arena, .copy = copy, .folder = folder};
    struct run whole = {.verify = &verify,
                        .keys_path =
                            keys_path != NULL ? keys_path : arena_printf(arena, "%s/keys", log_folder)};
    (void)pthread_mutex_init(&verify.lock, NULL);
    enum result result = run(&whole, store_path);
    (void)pthread_mutex_destroy(&verify.lock);
    last_map_free(verify.map);
    free(verify.hashes);
    (void)close(folder);
    TRY(result);
    *ret_report = verify.report;
    return verify.report.faults == 0 ? RESULT_OK : RESULT_CORRUPT;
}

enum result audit_verify(const char *log_folder, const char *store_path, const char *keys_path,
                         struct arena *arena, struct audit_report *ret_report)
{
    return verify_home(log_folder, store_path, keys_path, false, arena, ret_report);
}

enum result audit_verify_copy(const char *log_folder, const char *store_path, const char *keys_path,
                              struct arena *arena, struct audit_report *ret_report)
{
    return verify_home(log_folder, store_path, keys_path, true, arena, ret_report);
}
