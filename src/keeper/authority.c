#include "keeper/authority.h"

#include "audit/merkle.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "vault/disk.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- words ---- */

static enum result refuse_log(struct refusal *ret_refusal, enum result result, const char *zh, const char *en)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = result,
                                   .field = "log",
                                   .zh = zh,
                                   .en = en,
                                   .remedy_zh = "请恢复最新的日志与库（docs/backup.md）；不可让日志分叉",
                                   .remedy_en = "bring back the newest log and store (docs/backup.md); the "
                                                "log must not fork"});
}

/* ---- the marks' file ---- */

static json_t *mark_json(const struct authority_mark *mark)
{
    char root[DIGEST_TEXT_SIZE];
    hex_print(mark->root.bytes, DIGEST_SIZE, root);
    return json_pack("{s:I, s:s}", "size", (json_int_t)mark->size, "root", root);
}

static void mac_of(const struct authority *authority, const char *text, char *ret_mac)
{
    struct digest mac = digest_hmac(authority->key, AUTHORITY_KEY_SIZE, text, strlen(text));
    hex_print(mac.bytes, DIGEST_SIZE, ret_mac);
}

static enum result write_marks(const struct authority *authority, struct arena *arena,
                               const struct authority_mark *base, const struct authority_mark *last)
{
    char mac[DIGEST_TEXT_SIZE];
    CLEANUP_JSON json_t *marks = json_pack("{s:s, s:o, s:o}", "origin", authority->origin, "base",
                                           mark_json(base), "last", mark_json(last));
    const char *text = json_print_canonical(arena, marks);
    mac_of(authority, text, mac);
    const char *file = arena_printf(arena, "%s\n%s\n", mac, text);
    return disk_put(authority->path, file, strlen(file));
}

static enum result read_mark(const json_t *json, struct authority_mark *ret_mark)
{
    const char *root = json_text(json, "root");
    ret_mark->size = json_integer_or(json, "size", -1);
    return ret_mark->size >= 0 && root != NULL &&
                   hex_parse(root, ret_mark->root.bytes, DIGEST_SIZE) == RESULT_OK
               ? RESULT_OK
               : RESULT_CORRUPT;
}

static enum result read_marks(struct authority *authority, struct arena *arena)
{
    enum { MARKS_BYTES = 4096 };
    void *bytes = NULL;
    size_t size = 0;
    char mac[DIGEST_TEXT_SIZE];
    CLEANUP_JSON json_t *marks = NULL;
    enum result result = disk_get(arena, authority->path, MARKS_BYTES, &bytes, &size);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    TRY(result);
    char *text = bytes;
    if (size < DIGEST_TEXT_SIZE + 1 || text[DIGEST_TEXT_SIZE - 1] != '\n' || text[size - 1] != '\n')
        return RESULT_CORRUPT;
    text[DIGEST_TEXT_SIZE - 1] = text[size - 1] = '\0';
    mac_of(authority, text + DIGEST_TEXT_SIZE, mac);
    if (sodium_memcmp(mac, text, DIGEST_TEXT_SIZE) != 0 ||
        json_read(arena, text + DIGEST_TEXT_SIZE, strlen(text + DIGEST_TEXT_SIZE), &marks, NULL) != RESULT_OK)
        return RESULT_CORRUPT;
    const char *origin = json_text(marks, "origin");
    if (origin == NULL || strcmp(origin, authority->origin) != 0)
        return RESULT_CORRUPT;
    TRY(read_mark(json_object_get(marks, "base"), &authority->base));
    TRY(read_mark(json_object_get(marks, "last"), &authority->last));
    authority->known = true;
    return RESULT_OK;
}

enum result authority_open(struct authority *authority, const char *home, const char *origin,
                           const struct note_key keys[2], const uint8_t key[AUTHORITY_KEY_SIZE])
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    int size = snprintf(authority->path, sizeof authority->path, "%s/keys/log.signed", home);
    if (size >= (int)sizeof authority->path)
        return RESULT_TOO_LARGE;
    (void)pthread_mutex_init(&authority->lock, NULL);
    authority->key = key;
    memcpy(authority->keys, keys, sizeof authority->keys);
    authority->origin = origin;
    authority->base.root = authority->last.root = merkle_empty();
    return read_marks(authority, arena);
}

/* ---- where the log stands ---- */

/* The hashes of the partial tiles of a tree of `size` entries. */
static enum result take_edges(struct authority *authority, int64_t size, const uint8_t *bytes,
                              size_t edges_size)
{
    for (int level = 0; level < TILE_LEVELS; level++) {
        struct edge *edge = &authority->edges[level];
        edge->width = tile_partial_width(size, level);
        size_t room = edge->width * sizeof edge->hashes[0];
        if (room > edges_size)
            return RESULT_MALFORMED;
        if (room > 0)
            memcpy(edge->hashes, bytes, room);
        bytes += room;
        edges_size -= room;
    }
    return edges_size == 0 ? RESULT_OK : RESULT_MALFORMED;
}

static enum result read_note(const struct authority *authority, struct arena *arena, const char *text,
                             struct authority_mark *ret_mark)
{
    struct note note;
    struct checkpoint checkpoint;
    if (note_parse(arena, text, strlen(text), &note) != RESULT_OK ||
        checkpoint_parse(arena, note.text, &checkpoint) != RESULT_OK ||
        strcmp(checkpoint.origin, authority->origin) != 0)
        return RESULT_MALFORMED;
    TRY(note_verify(&note, authority->keys, 2));
    *ret_mark = (struct authority_mark){checkpoint.size, checkpoint.root};
    return RESULT_OK;
}

static enum result refuse_older(struct arena *arena, int64_t size, int64_t last, struct refusal *ret_refusal)
{
    return refuse_log(ret_refusal, RESULT_CONFLICT,
                      arena_printf(arena,
                                   "日志只到第 %lld 条，保管进程已签到第 %lld 条：这是较旧的副本，不予续签",
                                   (long long)size, (long long)last),
                      arena_printf(arena,
                                   "the log ends at %lld entries, the keeper has signed %lld: this is an "
                                   "older copy, and is not gone on with",
                                   (long long)size, (long long)last));
}

static enum result refuse_other(struct refusal *ret_refusal)
{
    return refuse_log(ret_refusal, RESULT_CORRUPT, "日志与保管进程签过的检查点不一致",
                      "the log is not the one whose checkpoints the keeper has signed");
}

static bool same_mark(const struct authority_mark *a, const struct authority_mark *b)
{
    return a->size == b->size && digest_equal(&a->root, &b->root);
}

/* Whether the log may be gone on with from `mark`; *ret_unknown: it is to become the mark. */
static enum result judge_mark(const struct authority *authority, struct arena *arena,
                              const struct authority_mark *mark, const struct digest *proof,
                              size_t proof_count, bool *ret_unknown, struct refusal *ret_refusal)
{
    const struct authority_mark *last = &authority->last;
    *ret_unknown = !authority->known;
    if (!authority->known || same_mark(mark, last) || same_mark(mark, &authority->base))
        return RESULT_OK;
    if (mark->size < last->size)
        return refuse_older(arena, mark->size, last->size, ret_refusal);
    *ret_unknown = true;
    if (mark->size > last->size &&
        (last->size == 0 || merkle_check_consistency((uint64_t)last->size, &last->root, (uint64_t)mark->size,
                                                     &mark->root, proof, proof_count) == RESULT_OK))
        return RESULT_OK;
    return refuse_other(ret_refusal);
}

static enum result resume(struct authority *authority, struct arena *arena, const char *note,
                          const void *edges, size_t edges_size, const struct digest *proof,
                          size_t proof_count, bool *ret_taken, struct refusal *ret_refusal)
{
    struct authority_mark mark = {.root = merkle_empty()};
    bool unknown = false;
    *ret_taken = false;
    if (note != NULL && read_note(authority, arena, note, &mark) != RESULT_OK)
        return refuse_log(ret_refusal, RESULT_CORRUPT, "日志的检查点不是本保管进程所签",
                          "the log's checkpoint is not signed by this keeper");
    TRY(judge_mark(authority, arena, &mark, proof, proof_count, &unknown, ret_refusal));
    TRY(take_edges(authority, mark.size, edges, edges_size));
    struct digest root = edge_root(authority->edges);
    if (!digest_equal(&root, &mark.root))
        return refuse_other(ret_refusal);
    if (unknown) {
        TRY(write_marks(authority, arena, &mark, &mark));
        authority->known = true;
        authority->base = authority->last = mark;
        *ret_taken = mark.size > 0;
    }
    authority->size = mark.size;
    authority->from_base = !same_mark(&mark, &authority->last);
    authority->shown = true;
    return RESULT_OK;
}

enum result authority_resume(struct authority *authority, struct arena *arena, const char *note,
                             const void *edges, size_t edges_size, const struct digest *proof,
                             size_t proof_count, bool *ret_taken, struct refusal *ret_refusal)
{
    (void)pthread_mutex_lock(&authority->lock);
    authority->shown = false;
    enum result result =
        resume(authority, arena, note, edges, edges_size, proof, proof_count, ret_taken, ret_refusal);
    (void)pthread_mutex_unlock(&authority->lock);
    return result;
}

/* ---- growth ---- */

static void add_hash(struct authority *authority, int level, const struct digest *hash)
{
    assert(level < TILE_LEVELS);
    struct edge *edge = &authority->edges[level];
    edge->hashes[edge->width++] = *hash;
    if (edge->width < TILE_WIDTH)
        return;
    edge->width = 0;
    struct digest root = merkle_root(edge->hashes, TILE_WIDTH);
    add_hash(authority, level + 1, &root);
}

static enum result refuse_entry(struct arena *arena, int64_t number, const char *zh, const char *en,
                                struct refusal *ret_refusal)
{
    return refuse_log(ret_refusal, RESULT_INVALID, arena_printf(arena, "第 %lld 条%s", (long long)number, zh),
                      arena_printf(arena, "entry %lld %s", (long long)number, en));
}

/* An entry may be dated a little before the one in front of it, since clocks are set; not a day. A keeper
 * that was started anew has seen none yet, so that a clock which was wrong by more can be put right. */
static bool is_in_time(struct authority *authority, const struct piece *at)
{
    char text[sizeof authority->newest] = "";
    instant newest;
    instant own;
    memcpy(text, at->at, at->size < sizeof text ? at->size : 0);
    if (authority->newest[0] == '\0' || strcmp(text, authority->newest) >= 0) {
        memcpy(authority->newest, text, sizeof text);
        return true;
    }
    return instant_parse(text, &own) == RESULT_OK && instant_parse(authority->newest, &newest) == RESULT_OK &&
           newest - own <= LIMIT_LOG_BACK_SECONDS * INSTANT_SECOND;
}

/* Exactly as entry.h has it, with this number. */
static enum result judge_entry(struct authority *authority, struct arena *arena, const uint8_t *bytes,
                               size_t size, const struct authority_judge *judge, struct refusal *ret_refusal)
{
    struct entry_reader reader;
    struct entry_head head;
    struct entry_change change;
    enum result read = entry_read(&reader, bytes, size, &head);
    struct entry_reader again = reader;
    while (read == RESULT_OK)
        read = entry_next(&reader, &change);
    if (read != RESULT_NOT_FOUND)
        return refuse_entry(arena, authority->size, "的写法不规范", "is not written as entries are",
                            ret_refusal);
    if (head.number != authority->size)
        return refuse_entry(arena, authority->size, "的编号不连续", "bears another number", ret_refusal);
    if (!is_in_time(authority, &head.at))
        return refuse_entry(arena, authority->size, "的时间倒退超过一天",
                            "is dated more than a day before the one in front of it", ret_refusal);
    return judge != NULL ? judge->entry(judge->state, &head, &again, ret_refusal) : RESULT_OK;
}

static enum result add_entry(struct authority *authority, struct arena *arena, const uint8_t *bytes,
                             size_t size, const struct authority_judge *judge, struct refusal *ret_refusal)
{
    if (size == 0 || size > LIMIT_ENTRY_BYTES)
        return RESULT_MALFORMED;
    TRY(judge_entry(authority, arena, bytes, size, judge, ret_refusal));
    struct digest leaf = merkle_leaf(bytes, size);
    authority->size++;
    add_hash(authority, 0, &leaf);
    if (authority->from_base && authority->size == authority->last.size) {
        struct digest root = edge_root(authority->edges);
        if (!digest_equal(&root, &authority->last.root))
            return refuse_other(ret_refusal);
    }
    return RESULT_OK;
}

static enum result extend(struct authority *authority, struct arena *arena, int64_t from,
                          const uint8_t *bytes, size_t size, const struct authority_judge *judge,
                          struct refusal *ret_refusal)
{
    if (!authority->shown || from != authority->size)
        return refuse_log(ret_refusal, RESULT_CONFLICT, "日志不是从已出示之处续写的",
                          "the entries do not follow what was shown of the log");
    while (size > 0) {
        size_t length = size >= 2 ? (size_t)bytes[0] << 8 | bytes[1] : SIZE_MAX;
        if (size < 2 || length > size - 2)
            return RESULT_MALFORMED;
        TRY(add_entry(authority, arena, bytes + 2, length, judge, ret_refusal));
        bytes += 2 + length;
        size -= 2 + length;
    }
    return RESULT_OK;
}

enum result authority_extend(struct authority *authority, struct arena *arena, int64_t from,
                             const uint8_t *bytes, size_t size, const struct authority_judge *judge,
                             struct refusal *ret_refusal)
{
    (void)pthread_mutex_lock(&authority->lock);
    enum result result = extend(authority, arena, from, bytes, size, judge, ret_refusal);
    if (result != RESULT_OK)
        authority->shown = false;
    (void)pthread_mutex_unlock(&authority->lock);
    return result;
}

/* ---- the checkpoint ---- */

static enum result mark(struct authority *authority, struct arena *arena, const struct checkpoint *checkpoint,
                        struct refusal *ret_refusal)
{
    struct authority_mark wanted = {checkpoint->size, checkpoint->root};
    struct digest root = edge_root(authority->edges);
    if (!authority->shown || wanted.size != authority->size || !digest_equal(&wanted.root, &root))
        return refuse_log(ret_refusal, RESULT_CONFLICT, "该检查点不是已出示的日志的",
                          "the checkpoint is not of the log that was shown");
    if (same_mark(&wanted, &authority->last))
        return RESULT_OK;
    if (wanted.size <= authority->last.size)
        return refuse_older(arena, wanted.size, authority->last.size, ret_refusal);
    struct authority_mark base = authority->from_base ? authority->base : authority->last;
    TRY(write_marks(authority, arena, &base, &wanted));
    authority->base = base;
    authority->last = wanted;
    authority->from_base = false;
    return RESULT_OK;
}

enum result authority_mark(struct authority *authority, struct arena *arena,
                           const struct checkpoint *checkpoint, struct refusal *ret_refusal)
{
    (void)pthread_mutex_lock(&authority->lock);
    enum result result = mark(authority, arena, checkpoint, ret_refusal);
    (void)pthread_mutex_unlock(&authority->lock);
    return result;
}

void authority_sizes(struct authority *authority, bool *ret_known, int64_t *ret_base, int64_t *ret_last)
{
    (void)pthread_mutex_lock(&authority->lock);
    *ret_known = authority->known;
    *ret_base = authority->base.size;
    *ret_last = authority->last.size;
    (void)pthread_mutex_unlock(&authority->lock);
}
