/* Every entry to its leaf, every tile to its root, all roots to the checkpoint; and no file beside them. */
#include "audit/edge.h"
#include "audit/merkle.h"
#include "audit/verify.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A log larger than memory waits for the disk more than for a processor: each has several threads. */
enum { THREADS_MAX = 64, THREADS_A_PROCESSOR = 16, BUNDLES_AT_ONCE = 8 };

struct shared {
    struct verify *verify;
    _Atomic int64_t next; /* bundle */
    int64_t bundles;
    struct edge *edge; /* of level 0 */
};

static const char *result_words(enum result result)
{
    switch ((int)result) {
    case RESULT_NOT_FOUND:
        return "missing";
    case RESULT_CORRUPT:
    case RESULT_TOO_LARGE:
        return "torn or of the wrong size";
    default:
        return "unreadable";
    }
}

static unsigned bundle_width(int64_t size, int64_t index)
{
    return index < tile_full_count(size, 0) ? TILE_WIDTH : tile_partial_width(size, 0);
}

/* The leaves of one bundle, each checked; false when the bundle cannot be read. */
static bool read_leaves(struct verify *verify, struct bundle *bundle, int64_t index, unsigned width,
                        struct digest *ret_leaves)
{
    enum result result = bundle_read(verify->folder, index, width, bundle);
    if (result != RESULT_OK) {
        char path[TILE_PATH_BYTES];
        tile_path(TILE_ENTRIES, index, width, path);
        verify_fault(verify, "%s: %s", path, result_words(result));
        return false;
    }
    for (unsigned i = 0; i < width; i++) {
        ret_leaves[i] = merkle_leaf(bundle->entries[i], bundle->sizes[i]);
        (void)verify_entry(verify, index * TILE_WIDTH + i, bundle->entries[i], bundle->sizes[i]);
    }
    return true;
}

/* Holds a tile's file against the hashes that it should have. */
static void check_tile(struct verify *verify, int level, int64_t index, unsigned width,
                       const struct digest *hashes)
{
    char path[TILE_PATH_BYTES];
    struct digest found[TILE_WIDTH];
    enum result result = tile_read(verify->folder, level, index, width, found);
    tile_path(level, index, width, path);
    if (result != RESULT_OK) {
        verify_fault(verify, "%s: %s", path, result_words(result));
        return;
    }
    for (unsigned i = 0; i < width; i++)
        if (memcmp(&found[i], &hashes[i], sizeof found[i]) != 0) {
            long long number = index * TILE_WIDTH + i;
            verify_fault(verify, "%s: hash %u is not that of %s %lld", path, i,
                         level == 0 ? "entry" : "the tile below,", number);
            return;
        }
}

static void check_bundle(struct shared *shared, struct bundle *bundle, int64_t index)
{
    struct verify *verify = shared->verify;
    unsigned width = bundle_width(verify->checkpoint.size, index);
    struct digest leaves[TILE_WIDTH];
    if (read_leaves(verify, bundle, index, width, leaves))
        check_tile(verify, 0, index, width, leaves);
    else if (tile_read(verify->folder, 0, index, width, leaves) != RESULT_OK)
        memset(leaves, 0, sizeof leaves); /* the root will not fit, which is so */
    if (width == TILE_WIDTH) {
        verify->hashes[index] = merkle_root(leaves, TILE_WIDTH);
        return;
    }
    memcpy(shared->edge->hashes, leaves, width * sizeof leaves[0]);
    shared->edge->width = width;
}

static void *check_bundles(void *argument)
{
    struct shared *shared = argument;
    struct bundle bundle = {0};
    for (;;) {
        int64_t first = atomic_fetch_add(&shared->next, BUNDLES_AT_ONCE);
        for (int64_t i = first; i < first + BUNDLES_AT_ONCE && i < shared->bundles; i++)
            check_bundle(shared, &bundle, i);
        if (first >= shared->bundles)
            break;
    }
    bundle_free(&bundle);
    return NULL;
}

static void run_threads(struct shared *shared)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    long wanted = (processors < 1 ? 1 : processors) * THREADS_A_PROCESSOR;
    int count = wanted > THREADS_MAX ? THREADS_MAX : (int)wanted;
    if (shared->bundles < BUNDLES_AT_ONCE)
        count = 1;
    pthread_t threads[THREADS_MAX];
    int started = 0;
    while (started < count - 1 && pthread_create(&threads[started], NULL, check_bundles, shared) == 0)
        started++;
    (void)check_bundles(shared);
    while (started > 0)
        (void)pthread_join(threads[--started], NULL);
}

/* Levels above 0: verify->hashes holds the roots of the full tiles below, and then of the full tiles here. */
static void check_level(struct verify *verify, int level, struct edge *edge)
{
    int64_t size = verify->checkpoint.size;
    int64_t full = tile_full_count(size, level);
    edge->width = tile_partial_width(size, level);
    memcpy(edge->hashes, &verify->hashes[full * TILE_WIDTH], edge->width * sizeof edge->hashes[0]);
    if (edge->width > 0)
        check_tile(verify, level, full, edge->width, edge->hashes);
    for (int64_t i = 0; i < full; i++) {
        check_tile(verify, level, i, TILE_WIDTH, &verify->hashes[i * TILE_WIDTH]);
        verify->hashes[i] = merkle_root(&verify->hashes[i * TILE_WIDTH], TILE_WIDTH);
    }
}

/* No file system holds tiles for more: a checkpoint that claims it is false, and not worth the memory. */
#define SIZE_BELIEVED ((int64_t)1 << 40)

enum result verify_tiles(struct verify *verify)
{
    int64_t size = verify->checkpoint.size;
    struct edge edges[TILE_LEVELS] = {0};
    int64_t full = tile_full_count(size, 0);
    char last[TILE_PATH_BYTES];
    struct stat info;
    tile_path(TILE_ENTRIES, full > 0 ? full - 1 : 0, TILE_WIDTH, last);
    if (size > SIZE_BELIEVED || (full > 0 && fstatat(verify->folder, last, &info, 0) != 0)) {
        verify_fault(verify, "checkpoint: it covers %lld entries, but %s is not there", (long long)size,
                     last);
        verify->checkpoint.size = 0;
        return RESULT_OK;
    }
    verify->hashes = calloc((size_t)full + 1, sizeof verify->hashes[0]);
    if (verify->hashes == NULL)
        return RESULT_MEMORY;
    struct shared shared = {
        .verify = verify, .bundles = full + (bundle_width(size, full) > 0), .edge = edges};
    run_threads(&shared);
    for (int level = 1; level < TILE_LEVELS; level++)
        check_level(verify, level, &edges[level]);
    struct digest root = edge_root(edges);
    if (!digest_equal(&root, &verify->checkpoint.root))
        verify_fault(verify, "checkpoint: its root is not that of the %lld entries", (long long)size);
    verify->report.entries = size;
    return RESULT_OK;
}

/* ---- files ---- */

/* A file as it is now; `or_full`: its full tile, if that has taken its place meanwhile. */
static enum result read_part(const struct verify *verify, const char *path, const char *or_full,
                             uint8_t *bytes, size_t limit, size_t *ret_size)
{
    enum result result = tile_file_read(verify->folder, path, bytes, limit, ret_size);
    if (result == RESULT_NOT_FOUND && or_full != NULL)
        result = tile_file_read(verify->folder, or_full, bytes, limit, ret_size);
    return result;
}

/* Compares a partial file with the beginning of the larger one, which has been checked. The sealer of a city
 * that works takes partial files away once their full tile is there: no fault. */
static void check_prefix(struct verify *verify, const char *path, int level, int64_t index, unsigned width,
                         unsigned known)
{
    char larger[TILE_PATH_BYTES];
    char full[TILE_PATH_BYTES];
    tile_path(level, index, known, larger);
    tile_path(level, index, TILE_WIDTH, full);
    size_t limit = level == TILE_ENTRIES ? BUNDLE_BYTES_MAX : TILE_WIDTH * DIGEST_SIZE;
    uint8_t *a = malloc(limit);
    uint8_t *b = malloc(limit);
    size_t a_size = 0;
    size_t b_size = 0;
    enum result result = RESULT_MEMORY;
    if (a != NULL && b != NULL)
        result = read_part(verify, path, NULL, a, limit, &a_size);
    bool whole = result == RESULT_OK && read_part(verify, larger, full, b, limit, &b_size) == RESULT_OK &&
                 a_size <= b_size && memcmp(a, b, a_size) == 0;
    if (whole && level == TILE_ENTRIES) {
        struct bundle bundle = {0};
        whole = bundle_read(verify->folder, index, width, &bundle) == RESULT_OK;
        bundle_free(&bundle);
    } else {
        whole = whole && a_size == (size_t)width * DIGEST_SIZE;
    }
    free(a);
    free(b);
    if (!whole && result != RESULT_NOT_FOUND)
        verify_fault(verify, "%s: not the beginning of %s", path, larger);
}

/* True when the file is one that the checkpoint does not reach. */
static bool check_file(struct verify *verify, const char *path)
{
    int level;
    int64_t index;
    unsigned width;
    if (!tile_path_parse(path, &level, &index, &width)) {
        verify_fault(verify, "%s: does not belong into a log", path);
        return false;
    }
    int64_t size = verify->checkpoint.size;
    int64_t full = tile_full_count(size, level);
    unsigned known = index < full ? TILE_WIDTH : index == full ? tile_partial_width(size, level) : 0;
    if (width > known)
        return true;
    if (width < known)
        check_prefix(verify, path, level, index, width, known);
    return false;
}

/* Taken away between the reading of its folder and of itself. */
static bool has_gone(const FTSENT *entry)
{
    bool failed = entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR;
    return failed && entry->fts_errno == ENOENT;
}

enum result verify_files(struct verify *verify)
{
    char root[64];
    (void)snprintf(root, sizeof root, "/proc/self/fd/%d/tile", verify->folder);
    if (access(root, F_OK) != 0)
        return RESULT_OK;
    char *const roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        return RESULT_IO;
    int64_t beyond = 0;
    for (FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk))
        if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP && !has_gone(entry))
            beyond += check_file(verify, entry->fts_path + strlen(root) - strlen("tile"));
    (void)fts_close(walk);
    if (beyond > 0)
        verify_note(verify,
                    "%lld files reach beyond the checkpoint: of a run that is under way, or was cut off and "
                    "is done again",
                    (long long)beyond);
    return RESULT_OK;
}
