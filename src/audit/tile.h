/* The files of a log as C2SP tlog-tiles lays them out: `checkpoint`, `tile/<L>/<N>[.p/<W>]` with up to 256
 * hashes each, `tile/entries/<N>[.p/<W>]` with the entries themselves, each after its length as a big-endian
 * uint16; and beside them `keys`, the public keys, and `tmp/`, where files are written before they get their
 * name. */
#pragma once

#include "base/arena.h"
#include "base/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TILE_WIDTH 256
#define TILE_LEVELS 8 /* enough for 2^63 entries */
#define TILE_PATH_BYTES 128
#define TILE_ENTRIES (-1) /* as a level: the entries below level 0 */
#define BUNDLE_BYTES_MAX ((size_t)TILE_WIDTH * (2 + 65535))

/* Hashes that a tree of `size` entries has in the last, partial tile of a level; 0: there is none. */
static inline unsigned tile_partial_width(int64_t size, int level)
{
    return (unsigned)((uint64_t)size >> (8 * (level < 0 ? 0 : level)) & 255);
}

/* The number of full tiles in a level. */
static inline int64_t tile_full_count(int64_t size, int level)
{
    return size >> (8 * (level < 0 ? 0 : level)) >> 8;
}

/* "tile/0/x001/x234/067.p/5"; `width` 256 names a full tile. */
void tile_path(int level, int64_t index, unsigned width, char ret_path[TILE_PATH_BYTES]);
/* False unless tile_path() would write exactly this. */
bool tile_path_parse(const char *path, int *ret_level, int64_t *ret_index, unsigned *ret_width);

/* ---- reading ---- */

/* Reads the file into `buffer`. RESULT_NOT_FOUND, RESULT_IO, RESULT_TOO_LARGE when it is larger than `limit`.
 */
enum result tile_file_read(int folder, const char *path, void *buffer, size_t limit, size_t *ret_size);

/* Reads the tile of `width` hashes; a partial one from the full tile where only that is left. RESULT_CORRUPT
 * when the file has another size. */
enum result tile_read(int folder, int level, int64_t index, unsigned width, struct digest *ret_hashes);

/* Reads the first `width` entries of a bundle; *ret_bytes (free() it) holds the file, from which entry i is
 * the piece at ret_starts[i] (after its length) to ret_starts[i] + ret_sizes[i]. RESULT_CORRUPT when there
 * are fewer, or more in a file of exactly this width. */
struct bundle {
    uint8_t *bytes;
    size_t capacity;
    const uint8_t *entries[TILE_WIDTH];
    size_t sizes[TILE_WIDTH];
};
enum result bundle_read(int folder, int64_t index, unsigned width, struct bundle *bundle);
void bundle_free(struct bundle *bundle);

/* ---- writing ---- */

/* Files that were written and whose folders are not yet on disk. A process that was killed may have made
 * folders whose names are not on disk either; so every folder on the way counts until the first flush. */
struct tile_writer {
    int folder;
    bool flushed;
    char (*dirty)[TILE_PATH_BYTES];
    size_t dirty_count;
    size_t dirty_room;
    uint64_t number; /* of the next temporary file */
};

/* Makes the log's folder where it is missing; its name is durable. */
enum result tile_folder_make(const char *path);

/* Makes tmp/ where it is missing, and the names in the folder itself durable: what a process that was killed
 * had put there is built upon. */
enum result tile_writer_open(struct tile_writer *writer, int folder);
void tile_writer_close(struct tile_writer *writer);

/* Writes the file under its name, durably but for its folder's entry. A failed fsync ends the process. */
enum result tile_writer_put(struct tile_writer *writer, const char *path, const void *bytes, size_t size);
/* Makes the folders' entries durable. */
enum result tile_writer_flush(struct tile_writer *writer);
