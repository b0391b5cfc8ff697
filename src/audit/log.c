#include "audit/log.h"

#include "audit/audit.h"
#include "audit/merkle.h"
#include "audit/tile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void sealed_log_close(struct sealed_log *log)
{
    if (log->folder >= 0)
        (void)close(log->folder);
}
enum result sealed_log_open(const char *path, struct arena *arena, struct sealed_log *log)
{
    log->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log->folder < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    char *bytes = arena_alloc(arena, NOTE_BYTES_MAX + 1);
    size_t size;
    TRY(tile_file_read(log->folder, "checkpoint", bytes, NOTE_BYTES_MAX, &size));
    struct note note;
    if (note_parse(arena, bytes, size, &note) != RESULT_OK ||
        checkpoint_parse(arena, note.text, &log->checkpoint) != RESULT_OK)
        return RESULT_CORRUPT;
    log->note = bytes;
    return RESULT_OK;
}

static unsigned tile_width(int64_t size, int level, int64_t index)
{
    return index < tile_full_count(size, level) ? TILE_WIDTH : tile_partial_width(size, level);
}

enum result sealed_log_entry(const struct sealed_log *log, int64_t number, struct arena *arena,
                             const char **ret_entry, size_t *ret_size)
{
    if (number < 0 || number >= log->checkpoint.size)
        return RESULT_NOT_FOUND;
    struct bundle bundle = {0};
    int64_t index = number / TILE_WIDTH;
    enum result result = bundle_read(log->folder, index, tile_width(log->checkpoint.size, 0, index), &bundle);
    if (result == RESULT_OK) {
        *ret_size = bundle.sizes[number % TILE_WIDTH];
        *ret_entry = arena_strndup(arena, (const char *)bundle.entries[number % TILE_WIDTH], *ret_size);
    }
    bundle_free(&bundle);
    return result == RESULT_NOT_FOUND ? RESULT_CORRUPT : result;
}

enum result audit_sealed(const char *log_folder, struct arena *arena, int64_t *ret_size)
{
    CLEANUP_LOG struct sealed_log log = {.folder = -1};
    enum result result = sealed_log_open(log_folder, arena, &log);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    *ret_size = result == RESULT_OK ? log.checkpoint.size : 0;
    return RESULT_OK;
}

enum result audit_read(const char *log_folder, int64_t entry, struct arena *arena, const char **ret_entry)
{
    CLEANUP_LOG struct sealed_log log = {.folder = -1};
    size_t size;
    TRY(sealed_log_open(log_folder, arena, &log));
    return sealed_log_entry(&log, entry, arena, ret_entry, &size);
}

enum result sealed_log_node(void *state, unsigned height, uint64_t index, struct digest *ret_digest)
{
    const struct sealed_log *log = state;
    int level = (int)(height / 8);
    unsigned count = 1U << height % 8;
    int64_t first = (int64_t)(index * count);
    int64_t tile = first / TILE_WIDTH;
    struct digest hashes[TILE_WIDTH];
    enum result result =
        tile_read(log->folder, level, tile, tile_width(log->checkpoint.size, level, tile), hashes);
    if (result == RESULT_NOT_FOUND)
        return RESULT_CORRUPT;
    TRY(result);
    *ret_digest = merkle_root(&hashes[first % TILE_WIDTH], count);
    return RESULT_OK;
}

enum result audit_extends(const char *log_folder, const char *earlier, const char *keys_path,
                          struct arena *arena, struct refusal *ret_refusal)
{
    CLEANUP_LOG struct sealed_log log = {.folder = -1};
    struct note_key keys[NOTE_KEYS_MAX];
    size_t key_count;
    struct note note;
    struct checkpoint then;
    TRY(sealed_log_open(log_folder, arena, &log));
    TRY(note_keys_read(keys_path != NULL ? keys_path : arena_printf(arena, "%s/keys", log_folder), keys,
                       &key_count));
    if (note_parse(arena, earlier, strlen(earlier), &note) != RESULT_OK ||
        checkpoint_parse(arena, note.text, &then) != RESULT_OK ||
        note_verify(&note, keys, key_count) != RESULT_OK)
        return refuse(
            ret_refusal,
            (struct refusal){.result = RESULT_INVALID,
                             .zh = "这不是由该日志的密钥签名的检查点。",
                             .en = "This is no checkpoint signed by the log's keys.",
                             .remedy_zh = "请提供完整的检查点文件及当时的公钥。",
                             .remedy_en = "Give the whole checkpoint file, and the keys of that time."});
    struct digest root = merkle_empty();
    bool extends = strcmp(then.origin, log.checkpoint.origin) == 0 && then.size <= log.checkpoint.size;
    if (extends && then.size > 0) {
        const struct merkle_source source = {sealed_log_node, &log};
        TRY(merkle_range(&source, 0, (uint64_t)then.size, &root));
    }
    if (extends && digest_equal(&root, &then.root))
        return RESULT_OK;
    return refuse(
        ret_refusal,
        (struct refusal){
            .result = RESULT_CORRUPT,
            .zh = arena_printf(arena, "日志不是该检查点(%lld 条)的延续：其历史被删减或改写。",
                               (long long)then.size),
            .en = arena_printf(arena,
                               "The log does not go on from that checkpoint of %lld entries: its past "
                               "was cut back or rewritten.",
                               (long long)then.size),
            .remedy_zh = "请保存两份检查点作为证据，并通知监管部门。",
            .remedy_en = "Keep both checkpoints as evidence, and tell the regulator."});
}
