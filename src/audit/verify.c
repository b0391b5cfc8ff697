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

/* The checkpoint, its signatures, and whose they are. An absent one stands for the empty log. */
static enum result read_checkpoint(struct verify *verify, const char *keys_path)
{
    struct note_key keys[NOTE_KEYS_MAX];
    size_t key_count = 0;
    char *bytes = arena_alloc(verify->arena, NOTE_BYTES_MAX);
    size_t size = 0;
    struct note note;
    enum result keys_read = note_keys_read(keys_path, keys, &key_count);
    if (keys_read != RESULT_OK && keys_read != RESULT_NOT_FOUND)
        verify_fault(verify, "%s: not a key file", keys_path);
    enum result result = tile_file_read(verify->folder, "checkpoint", bytes, NOTE_BYTES_MAX, &size);
    if (result == RESULT_NOT_FOUND) {
        verify_note(verify, "there is no checkpoint: nothing has been sealed");
        return RESULT_OK;
    }
    TRY(result);
    if (keys_read == RESULT_NOT_FOUND)
        verify_fault(verify, "%s: missing, so nobody can tell who signed", keys_path);
    struct checkpoint checkpoint;
    if (note_parse(verify->arena, bytes, size, &note) != RESULT_OK ||
        checkpoint_parse(verify->arena, note.text, &checkpoint) != RESULT_OK) {
        verify_fault(verify, "checkpoint: not a checkpoint's bytes");
        return RESULT_OK;
    }
    verify->checkpoint = checkpoint;
    if (key_count > 0 && note_verify(&note, keys, key_count) != RESULT_OK)
        verify_fault(verify, "checkpoint: not signed by all of the %zu keys", key_count);
    for (size_t i = 0; i < key_count; i++)
        if (strcmp(keys[i].name, checkpoint.origin) != 0)
            verify_fault(verify, "checkpoint: it is of the log %s, the key is of %s", checkpoint.origin,
                         keys[i].name);
    return RESULT_OK;
}

static enum result run(struct verify *verify, const char *store_path, const char *keys_path)
{
    struct store *store = NULL;
    TRY(read_checkpoint(verify, keys_path));
    enum result result = store_path != NULL ? verify_store_open(verify, store_path, &store) : RESULT_OK;
    if (result == RESULT_OK)
        result = verify_tiles(verify);
    if (result == RESULT_OK)
        result = verify_files(verify);
    if (result == RESULT_OK && store != NULL)
        result = verify_store(verify, store);
    store_close(store);
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
    struct verify verify = {.arena = arena,
                            .copy = copy,
                            .folder = folder,
                            .checkpoint = {.origin = "", .root = merkle_empty()},
                            .map = last_map_new()};
    (void)pthread_mutex_init(&verify.lock, NULL);
    enum result result =
        run(&verify, store_path, keys_path != NULL ? keys_path : arena_printf(arena, "%s/keys", log_folder));
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
