/* Small files of the agent, and the rows' files. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* `path` as seen from the folder of `from`, unless it is absolute. */
const char *source_file_beside(struct arena *arena, const char *from, const char *path);

/* The whole of a regular file of at most `limit` bytes, with a NUL after it. RESULT_NOT_FOUND, IO, TOO_LARGE,
 * INVALID for what is no regular file. */
enum result source_file_read(struct arena *arena, const char *path, size_t limit, char **ret_bytes,
                             size_t *ret_size, struct refusal *ret_refusal);

/* The same for a secret of at most 4 KiB: RESULT_FORBIDDEN when the group or others may read it. */
enum result source_file_read_secret(struct arena *arena, const char *path, char **ret_bytes, size_t *ret_size,
                                    struct refusal *ret_refusal);

/* A CSV or Parquet file, open for reading; the caller closes it. */
enum result source_file_open_rows(struct arena *arena, const char *path, int *ret_fd,
                                  struct refusal *ret_refusal);

/* An empty memory file: rows in clear are never written to a disk. */
enum result source_file_memory(int *ret_fd, struct refusal *ret_refusal);

/* Rewrites GBK (GB 18030) text from `from` into the memory file `to` as UTF-8. RESULT_MALFORMED names the
 * first byte that is neither. */
enum result source_file_from_gbk(struct arena *arena, int from, int to, struct refusal *ret_refusal);

/* Refuses a CSV that is not UTF-8 without a byte order mark, naming the byte, and GBK if it looks so. */
enum result source_file_check_utf8(struct arena *arena, int fd, struct refusal *ret_refusal);

static inline void file_cleanup(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
#define CLEANUP_FILE __attribute__((cleanup(file_cleanup)))
