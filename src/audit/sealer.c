/* Puts entries into the log.
 *
 * What is where, at any instant:
 *   1. entries 0 … size−1 stand in the tiles under the signed checkpoint of that size;
 *   2. entries from size on stand in the store; the store may still hold some below;
 *   3. files beyond the checkpoint may exist after a crash; the next run writes the same bytes there again,
 * since positions and entries do not change. So one run writes tiles, then their folders, then the
 * checkpoint, then its folder, then drops what is sealed from the store, and may be cut off anywhere. */
#include "audit/edge.h"
#include "audit/entry.h"
#include "audit/log.h"
#include "audit/merkle.h"
#include "audit/note.h"
#include "audit/tile.h"
#include "base/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Entries taken from the store at a time. */
enum { SEAL_CHUNK = 2048 };

/* Bytes of entries that are shown to the signer at a time, and one entry more. */
enum { SHOW_BYTES = 4 * 1024 * 1024 };

/* Entries one after the other, each after its length. */
struct bundle_buffer {
    uint8_t *bytes;
    size_t size;
    size_t room;
};

struct audit_sealer {
    struct store *store;
    struct audit_signer signer;
    char *origin;
    int folder;
    struct tile_writer writer;
    int64_t sealed; /* under the checkpoint */
    int64_t size;   /* in the tiles that this run has written */
    struct edge edges[TILE_LEVELS];
    struct bundle_buffer bundle; /* the last bundle */
    struct bundle_buffer shown;  /* what the signer is to see next, from entry shown_from on */
    int64_t shown_from;
};

/* ---- adding ---- */

static void bundle_add(struct bundle_buffer *bundle, const uint8_t *bytes, size_t size)
{
    size_t needed = bundle->size + 2 + size;
    if (needed > bundle->room) {
        bundle->room = 2 * needed;
        bundle->bytes = realloc(bundle->bytes, bundle->room);
        if (bundle->bytes == NULL)
            abort();
    }
    uint8_t *at = bundle->bytes + bundle->size;
    at[0] = (uint8_t)(size >> 8);
    at[1] = (uint8_t)size;
    memcpy(at + 2, bytes, size);
    bundle->size = needed;
}

static enum result show(struct audit_sealer *sealer)
{
    enum result result = RESULT_OK;
    if (sealer->shown.size > 0)
        result = sealer->signer.extend(sealer->signer.state, sealer->shown_from, sealer->shown.bytes,
                                       sealer->shown.size);
    sealer->shown.size = 0;
    return result;
}

/* Keeps the entry for the signer, where it wants to see entries. */
static enum result show_entry(struct audit_sealer *sealer, const uint8_t *bytes, size_t size)
{
    if (sealer->signer.extend == NULL)
        return RESULT_OK;
    if (sealer->shown.size == 0)
        sealer->shown_from = sealer->size;
    bundle_add(&sealer->shown, bytes, size);
    return sealer->shown.size < SHOW_BYTES ? RESULT_OK : show(sealer);
}

/* Adds a hash to a level; a tile that is full is written and its root goes to the level above. */
static enum result edge_add(struct audit_sealer *sealer, int level, const struct digest *hash)
{
    assert(level < TILE_LEVELS);
    struct edge *edge = &sealer->edges[level];
    edge->hashes[edge->width++] = *hash;
    if (edge->width < TILE_WIDTH)
        return RESULT_OK;
    char path[TILE_PATH_BYTES];
    tile_path(level, tile_full_count(sealer->size, level) - 1, TILE_WIDTH, path);
    TRY(tile_writer_put(&sealer->writer, path, edge->hashes, sizeof edge->hashes));
    edge->width = 0;
    struct digest root = merkle_root(edge->hashes, TILE_WIDTH);
    return edge_add(sealer, level + 1, &root);
}

static enum result add_entry(struct audit_sealer *sealer, const uint8_t *bytes, size_t size)
{
    TRY(show_entry(sealer, bytes, size));
    bundle_add(&sealer->bundle, bytes, size);
    struct digest leaf = merkle_leaf(bytes, size);
    sealer->size++;
    if (tile_partial_width(sealer->size, 0) == 0) {
        char path[TILE_PATH_BYTES];
        tile_path(TILE_ENTRIES, tile_full_count(sealer->size, 0) - 1, TILE_WIDTH, path);
        TRY(tile_writer_put(&sealer->writer, path, sealer->bundle.bytes, sealer->bundle.size));
        sealer->bundle.size = 0;
    }
    return edge_add(sealer, 0, &leaf);
}

/* ---- taking from the store ---- */

struct chunk {
    struct audit_sealer *sealer;
    struct arena *arena;
    struct store_rows rows;
};

static enum result read_chunk(struct store_tx *tx, void *argument)
{
    struct chunk *chunk = argument;
    return store_many(
        tx, chunk->arena, SQL_AUDIT_ENTRIES_FROM,
        STORE_BINDS({"entry", store_integer(chunk->sealer->size)}, {"count", store_integer(SEAL_CHUNK)}),
        &chunk->rows);
}

/* Takes the next entries into the tiles; *ret_count says how many there were. */
static enum result take_chunk(struct audit_sealer *sealer, struct arena *arena, size_t *ret_count)
{
    struct chunk chunk = {.sealer = sealer, .arena = arena};
    TRY(store_read(sealer->store, read_chunk, &chunk));
    for (size_t i = 0; i < chunk.rows.count; i++) {
        const struct store_row *row = &chunk.rows.rows[i];
        size_t size;
        const uint8_t *bytes = row_blob(row, "bytes", &size);
        /* A gap would give an entry another's position. */
        if (row_integer(row, "entry") != sealer->size || size == 0 || size > LIMIT_ENTRY_BYTES)
            return RESULT_CORRUPT;
        TRY(add_entry(sealer, bytes, size));
    }
    *ret_count = chunk.rows.count;
    return show(sealer);
}

/* ---- the checkpoint ---- */

static enum result write_partials(struct audit_sealer *sealer)
{
    char path[TILE_PATH_BYTES];
    for (int level = 0; level < TILE_LEVELS; level++) {
        const struct edge *edge = &sealer->edges[level];
        if (edge->width == 0)
            continue;
        tile_path(level, tile_full_count(sealer->size, level), edge->width, path);
        TRY(tile_writer_put(&sealer->writer, path, edge->hashes, edge->width * sizeof edge->hashes[0]));
    }
    if (sealer->edges[0].width == 0)
        return RESULT_OK;
    tile_path(TILE_ENTRIES, tile_full_count(sealer->size, 0), sealer->edges[0].width, path);
    return tile_writer_put(&sealer->writer, path, sealer->bundle.bytes, sealer->bundle.size);
}

static enum result write_checkpoint(struct audit_sealer *sealer, struct arena *arena)
{
    const struct checkpoint checkpoint = {
        .origin = sealer->origin, .size = sealer->size, .root = edge_root(sealer->edges)};
    const char *text = checkpoint_print(arena, &checkpoint);
    const char *lines;
    TRY(sealer->signer.sign(sealer->signer.state, text, arena, &lines));
    const char *note = arena_printf(arena, "%s\n%s", text, lines);
    struct note parsed;
    if (note_parse(arena, note, strlen(note), &parsed) != RESULT_OK)
        return RESULT_INVALID;
    TRY(tile_writer_put(&sealer->writer, "checkpoint", note, strlen(note)));
    return tile_writer_flush(&sealer->writer);
}

/* A partial tile is of no use once its full tile is under a checkpoint. */
static void remove_partials(struct audit_sealer *sealer, int level, int64_t index)
{
    char path[TILE_PATH_BYTES];
    for (unsigned width = 1; width < TILE_WIDTH; width++) {
        tile_path(level, index, width, path);
        (void)unlinkat(sealer->folder, path, 0);
    }
    *strrchr(path, '/') = '\0';
    (void)unlinkat(sealer->folder, path, AT_REMOVEDIR);
}

static void remove_old_partials(struct audit_sealer *sealer, int64_t before)
{
    for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++)
        if (tile_partial_width(before, level) > 0 &&
            tile_full_count(sealer->size, level) > tile_full_count(before, level))
            remove_partials(sealer, level, tile_full_count(before, level));
}

struct drop {
    int64_t first;
    int64_t past;
};

static enum result drop_range(struct store_tx *tx, void *argument)
{
    const struct drop *drop = argument;
    return store_exec(tx, SQL_AUDIT_ENTRIES_DROP,
                      STORE_BINDS({"first", store_integer(drop->first)}, {"past", store_integer(drop->past)}),
                      NULL);
}

/* In steps, so that others can write in between. */
static enum result drop_sealed(struct audit_sealer *sealer, int64_t from)
{
    for (int64_t at = from; at < sealer->sealed; at += SEAL_CHUNK) {
        int64_t past = at + SEAL_CHUNK < sealer->sealed ? at + SEAL_CHUNK : sealer->sealed;
        TRY(store_write(sealer->store, drop_range, &(struct drop){at, past}));
    }
    return RESULT_OK;
}

/* ---- opening ---- */

static enum result load_bundle(struct audit_sealer *sealer, unsigned width)
{
    struct bundle bundle = {0};
    enum result result = bundle_read(sealer->folder, tile_full_count(sealer->size, 0), width, &bundle);
    for (unsigned i = 0; result == RESULT_OK && i < width; i++) {
        struct digest leaf = merkle_leaf(bundle.entries[i], bundle.sizes[i]);
        if (!digest_equal(&leaf, &sealer->edges[0].hashes[i]))
            result = RESULT_CORRUPT;
        bundle_add(&sealer->bundle, bundle.entries[i], bundle.sizes[i]);
    }
    bundle_free(&bundle);
    return result == RESULT_NOT_FOUND ? RESULT_CORRUPT : result;
}

/* The right edge of the tree of sealer->size entries; its root must be the checkpoint's. */
static enum result load_edges(struct audit_sealer *sealer, const struct digest *root)
{
    for (int level = 0; level < TILE_LEVELS; level++) {
        struct edge *edge = &sealer->edges[level];
        edge->width = tile_partial_width(sealer->size, level);
        if (edge->width == 0)
            continue;
        enum result result =
            tile_read(sealer->folder, level, tile_full_count(sealer->size, level), edge->width, edge->hashes);
        if (result == RESULT_NOT_FOUND)
            return RESULT_CORRUPT;
        TRY(result);
    }
    struct digest found = edge_root(sealer->edges);
    if (!digest_equal(&found, root))
        return RESULT_CORRUPT;
    sealer->bundle.size = 0;
    return sealer->edges[0].width > 0 ? load_bundle(sealer, sealer->edges[0].width) : RESULT_OK;
}

/* Tells the signer where the log stands. */
static enum result resume(struct audit_sealer *sealer, const struct checkpoint *checkpoint, const char *note,
                          struct arena *arena)
{
    if (sealer->signer.resume == NULL)
        return RESULT_OK;
    uint8_t *edges = arena_alloc(arena, sizeof(struct digest) * TILE_WIDTH * TILE_LEVELS);
    struct sealed_log log = {.folder = sealer->folder, .checkpoint = *checkpoint};
    const struct merkle_source tiles = {.node = sealed_log_node, .state = &log};
    struct audit_standing standing = {
        .note = note, .size = checkpoint->size, .edges = edges, .tiles = &tiles};
    for (int level = 0; level < TILE_LEVELS; level++) {
        const struct edge *edge = &sealer->edges[level];
        size_t size = edge->width * sizeof edge->hashes[0];
        memcpy(edges + standing.edges_size, edge->hashes, size);
        standing.edges_size += size;
    }
    sealer->shown.size = 0;
    return sealer->signer.resume(sealer->signer.state, &standing);
}

/* Goes back to what the checkpoint on disk covers; nothing when there is none. */
static enum result load(struct audit_sealer *sealer)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char *bytes = arena_alloc(arena, NOTE_BYTES_MAX + 1);
    size_t size;
    struct checkpoint checkpoint = {.origin = sealer->origin, .root = merkle_empty()};
    enum result result = tile_file_read(sealer->folder, "checkpoint", bytes, NOTE_BYTES_MAX, &size);
    if (result == RESULT_OK) {
        struct note note;
        if (note_parse(arena, bytes, size, &note) != RESULT_OK ||
            checkpoint_parse(arena, note.text, &checkpoint) != RESULT_OK ||
            strcmp(checkpoint.origin, sealer->origin) != 0)
            return RESULT_CORRUPT;
    } else if (result != RESULT_NOT_FOUND) {
        return result;
    }
    sealer->size = sealer->sealed = checkpoint.size;
    TRY(load_edges(sealer, &checkpoint.root));
    return resume(sealer, &checkpoint, result == RESULT_OK ? bytes : NULL, arena);
}

struct known {
    struct arena *arena;
    int64_t next;  /* the number of the next entry */
    int64_t first; /* the first entry whose bytes the store holds, or `next` */
};

static enum result ask_store(struct store_tx *tx, void *argument)
{
    struct known *known = argument;
    struct store_row row;
    TRY(store_one(tx, known->arena, SQL_AUDIT_NEXT, STORE_NO_BINDS, &row));
    known->next = row_integer(&row, "entry");
    struct store_rows rows;
    TRY(store_many(tx, known->arena, SQL_AUDIT_ENTRIES_FROM,
                   STORE_BINDS({"entry", store_integer(0)}, {"count", store_integer(1)}), &rows));
    known->first = rows.count > 0 ? row_integer(&rows.rows[0], "entry") : known->next;
    return RESULT_OK;
}

/* The store must go on where the log ends: one restored from an old backup would give numbers a second time,
 * one that lost entries could never fill the gap. */
static enum result meet_store(struct audit_sealer *sealer)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct known known = {.arena = arena};
    TRY(store_read(sealer->store, ask_store, &known));
    if (known.next < sealer->sealed || known.first > sealer->sealed)
        return RESULT_CORRUPT;
    return drop_sealed(sealer, known.first);
}

enum result audit_sealer_open(struct store *store, const char *folder, const char *origin,
                              struct audit_signer signer, struct audit_sealer **ret_sealer)
{
    TRY(tile_folder_make(folder));
    struct audit_sealer *sealer = calloc(1, sizeof *sealer);
    if (sealer == NULL)
        return RESULT_MEMORY;
    sealer->store = store;
    sealer->signer = signer;
    sealer->origin = strdup(origin);
    sealer->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum result result = sealer->origin != NULL ? RESULT_OK : RESULT_MEMORY;
    if (sealer->folder < 0)
        result = RESULT_IO;
    else if (flock(sealer->folder, LOCK_EX | LOCK_NB) != 0)
        result = RESULT_BUSY;
    if (result == RESULT_OK)
        result = tile_writer_open(&sealer->writer, sealer->folder);
    if (result == RESULT_OK)
        result = load(sealer);
    if (result == RESULT_OK)
        result = meet_store(sealer);
    if (result != RESULT_OK) {
        audit_sealer_close(sealer);
        return result;
    }
    *ret_sealer = sealer;
    return RESULT_OK;
}

void audit_sealer_close(struct audit_sealer *sealer)
{
    if (sealer == NULL)
        return;
    tile_writer_close(&sealer->writer);
    if (sealer->folder >= 0)
        (void)close(sealer->folder);
    free(sealer->bundle.bytes);
    free(sealer->shown.bytes);
    free(sealer->origin);
    free(sealer);
}

static enum result seal(struct audit_sealer *sealer, bool *ret_any)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    size_t count;
    do {
        TRY(take_chunk(sealer, arena, &count));
        arena_reset(arena);
    } while (count == SEAL_CHUNK);
    *ret_any = sealer->size > sealer->sealed;
    if (!*ret_any)
        return RESULT_OK;
    TRY(write_partials(sealer));
    TRY(tile_writer_flush(&sealer->writer));
    return write_checkpoint(sealer, arena);
}

enum result audit_seal(struct audit_sealer *sealer, int64_t *ret_size)
{
    bool any = false;
    enum result result = seal(sealer, &any);
    if (result != RESULT_OK) {
        /* Forget what this run put together; the next begins at the checkpoint again. */
        enum result again = load(sealer);
        return again != RESULT_OK ? again : result;
    }
    int64_t before = sealer->sealed;
    sealer->sealed = sealer->size;
    if (any) {
        remove_old_partials(sealer, before);
        TRY(drop_sealed(sealer, before));
    }
    if (ret_size != NULL)
        *ret_size = sealer->size;
    return RESULT_OK;
}
