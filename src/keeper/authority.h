/* What the keeper knows of the log that it signs, so that it signs nothing but the log's growth.
 *
 * Two marks (size and root) are kept in HOME/keys/log.signed, under a MAC: `last`, the checkpoint signed
 * last, and `base`, the one before, which was on disk when `last` was begun. The mark is durable before the
 * signature is given. The serving side shows where its log stands (resume), then every entry (extend), then
 * the checkpoint (sign); the keeper hashes the entries itself.
 *
 * 1. A log goes on at `last`, or at `base` when the sealer went down before it had written `last`; then its
 * entries must lead through the very root of `last`. One that ends before is an older copy: refused.
 * 2. A log that is ahead, since an older copy of the keys was brought back, must be signed by these keys and
 * prove that it goes on from `last`.
 * 3. Without a mark (a home from before there were any) the log's checkpoint is taken once, if these keys
 * signed it.
 * 4. Only the size and root that the keeper has computed itself are signed, never a smaller size, never
 * another root of a size. */
#pragma once

#include "audit/edge.h"
#include "audit/entry.h"
#include "audit/note.h"
#include "base/refusal.h"

#include <pthread.h>

#define AUTHORITY_KEY_SIZE 32
#define AUTHORITY_EDGE_BYTES ((size_t)TILE_LEVELS * TILE_WIDTH * DIGEST_SIZE) /* at most */

struct authority_mark {
    int64_t size;
    struct digest root;
};

struct authority {
    pthread_mutex_t lock;
    char path[1024];
    const uint8_t *key; /* of the MAC: AUTHORITY_KEY_SIZE bytes, borrowed */
    const char *origin;
    struct note_key keys[2];
    bool known; /* there are marks */
    struct authority_mark base;
    struct authority_mark last;
    /* What the serving side has shown, not signed yet. */
    bool shown;
    bool from_base; /* it goes on at `base` */
    int64_t size;
    struct edge edges[TILE_LEVELS];
    char newest[32]; /* time of the newest entry seen since the start */
};

/* Reads the marks. RESULT_CORRUPT when the file is not what this keeper wrote. `origin` and `key` are
 * borrowed. */
enum result authority_open(struct authority *authority, const char *home, const char *origin,
                           const struct note_key keys[2], const uint8_t key[AUTHORITY_KEY_SIZE]);

/* Where a log stands. `note`: its checkpoint with signatures, NULL for a log without one. `edges`: the hashes
 * of its partial tiles, level by level. `proof`: of consistency with `last`, where the log is ahead.
 * *ret_taken: rule 3 or 2 took a checkpoint that was not known. */
enum result authority_resume(struct authority *authority, struct arena *arena, const char *note,
                             const void *edges, size_t edges_size, const struct digest *proof,
                             size_t proof_count, bool *ret_taken, struct refusal *ret_refusal);

/* Judges an entry, whose `reader` stands before its changes, which the caller reads to the end. */
struct authority_judge {
    enum result (*entry)(void *state, const struct entry_head *head, struct entry_reader *reader,
                         struct refusal *ret_refusal);
    void *state;
};

/* The next entries, from number `from` on, each after its length as a big-endian uint16. All or none are
 * taken; after a refusal the log must be shown anew. */
enum result authority_extend(struct authority *authority, struct arena *arena, int64_t from,
                             const uint8_t *bytes, size_t size, const struct authority_judge *judge,
                             struct refusal *ret_refusal);

/* RESULT_OK when the checkpoint may be signed: it is of what was shown, and its mark is on disk now. */
enum result authority_mark(struct authority *authority, struct arena *arena,
                           const struct checkpoint *checkpoint, struct refusal *ret_refusal);

/* The sizes; both 0 where nothing is known. */
void authority_sizes(struct authority *authority, bool *ret_known, int64_t *ret_base, int64_t *ret_last);
