/* Files that are there after a crash, or not at all; and files that are gone. */
#pragma once

#include "base/arena.h"
#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* All `size` bytes, or RESULT_IO. read_all() gives RESULT_CORRUPT when the file ends before. */
enum result disk_write_all(int fd, const void *bytes, size_t size);
enum result disk_read_all(int fd, void *bytes, size_t size);
enum result disk_read_at(int fd, void *bytes, size_t size, uint64_t offset);

/* fsync, and when it fails says so on standard error and stops the process: what the kernel could not write
 * is lost, and asking again would be told that all is well. */
void disk_sync_or_stop(int fd);

/* Makes the folder (0700) unless it is there, its parent must exist. The folder, and what a process that was
 * killed has done to the names in it, is durable afterwards. */
enum result disk_folder(const char *path);

/* Fsyncs a folder; the folder in which `path` stands. */
enum result disk_sync_folder(const char *path);
enum result disk_sync_folder_of(const char *path);

/* A whole small file, 0600: temporary file beside it, fsync, rename, fsync of the folder. */
enum result disk_put(const char *path, const void *bytes, size_t size);

/* A whole file of at most `limit` bytes into the arena, with a NUL behind it. NOT_FOUND, TOO_LARGE, IO. */
enum result disk_get(struct arena *arena, const char *path, size_t limit, void **ret_bytes, size_t *ret_size);

bool disk_exists(const char *path);

/* Overwrites the bytes with random ones, fsyncs, unlinks, fsyncs the folder. On file systems that write
 * elsewhere (copy on write) and on flash the old block may live on: that is why keys are wrapped and why the
 * master key rotates. NOT_FOUND when it is not there. */
enum result disk_shred(const char *path);

static inline void disk_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
#define CLEANUP_FD __attribute__((cleanup(disk_close)))
