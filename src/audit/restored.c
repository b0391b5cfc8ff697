/* What a store restored from an older backup needs of a log that went on without it. */
#include "audit/entry.h"
#include "audit/log.h"

#include <string.h>

static enum result see_entry(int64_t number, const char *bytes, size_t size, struct arena *arena,
                             audit_each_seen *each, void *argument)
{
    struct entry_reader reader;
    struct entry_head head;
    struct entry_change change = {0};
    enum result result;
    if (entry_read(&reader, bytes, size, &head) != RESULT_OK || head.number != number)
        return RESULT_CORRUPT;
    while ((result = entry_next(&reader, &change)) == RESULT_OK) {
        const struct audit_seen seen = {.entry = number,
                                        .table = arena_strndup(arena, change.table.at, change.table.size),
                                        .id = change.id,
                                        .deleted = !change.after};
        TRY(each(&seen, argument));
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : RESULT_CORRUPT;
}

enum result audit_walk(const char *log_folder, int64_t from, int64_t past, audit_each_seen *each,
                       void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_ARENA struct arena *turn = arena_new(0);
    CLEANUP_LOG struct sealed_log log = {.folder = -1};
    TRY(sealed_log_open(log_folder, arena, &log));
    for (int64_t number = from; number < past; number++) {
        const char *bytes;
        size_t size;
        arena_reset(turn);
        TRY(sealed_log_entry(&log, number, turn, &bytes, &size));
        TRY(see_entry(number, bytes, size, turn, each, argument));
    }
    return RESULT_OK;
}

enum result audit_words(const char *log_folder, int64_t entry, struct arena *arena, const char **ret_words)
{
    CLEANUP_LOG struct sealed_log log = {.folder = -1};
    struct entry_reader reader;
    struct entry_head head;
    const char *bytes;
    size_t size;
    TRY(sealed_log_open(log_folder, arena, &log));
    TRY(sealed_log_entry(&log, entry, arena, &bytes, &size));
    if (entry_read(&reader, bytes, size, &head) != RESULT_OK)
        return RESULT_CORRUPT;
    *ret_words = arena_printf(arena, "%lld %.*s %.*s %.*s %lld", (long long)entry, (int)head.at.size,
                              head.at.at, (int)head.event.size, head.event.at, (int)head.object.size,
                              head.object.at, (long long)head.object_id);
    return RESULT_OK;
}

enum result audit_skip(struct store_tx *tx, struct arena *arena, struct random *random, int64_t next)
{
    row_id number;
    TRY(audit_next(tx, arena, &number));
    for (; number < next; number++) {
        uint8_t salt[AUDIT_SALT_SIZE];
        random_bytes(random, salt, sizeof salt);
        TRY(store_exec(tx, SQL_AUDIT_SALT_ADD,
                       STORE_BINDS({"entry", store_integer(number)}, {"salt", store_blob(salt, sizeof salt)}),
                       NULL));
    }
    return RESULT_OK;
}

struct comparing {
    struct sealed_log log;
    struct arena *arena;
};

static enum result compare_entry(const struct store_row *row, void *argument)
{
    struct comparing *comparing = argument;
    int64_t number = row_integer(row, "entry");
    size_t size;
    size_t sealed_size;
    const char *sealed;
    const void *bytes = row_blob(row, "bytes", &size);
    if (number >= comparing->log.checkpoint.size)
        return RESULT_OK;
    arena_reset(comparing->arena);
    TRY(sealed_log_entry(&comparing->log, number, comparing->arena, &sealed, &sealed_size));
    return size == sealed_size && memcmp(bytes, sealed, size) == 0 ? RESULT_OK : RESULT_CORRUPT;
}

enum result audit_agrees(struct store_tx *tx, struct arena *arena, const char *log_folder)
{
    CLEANUP_ARENA struct arena *turn = arena_new(0);
    struct comparing comparing = {.log = {.folder = -1}, .arena = turn};
    enum result result = sealed_log_open(log_folder, arena, &comparing.log);
    if (result == RESULT_OK)
        result = store_each(tx, SQL_AUDIT_ENTRIES_FROM,
                            STORE_BINDS({"entry", store_integer(0)}, {"count", store_integer(INT64_MAX)}),
                            compare_entry, &comparing);
    sealed_log_close(&comparing.log);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* without a checkpoint all of them wait */
}
