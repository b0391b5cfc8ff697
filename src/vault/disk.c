#include "vault/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

enum result disk_write_all(int fd, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        ssize_t wrote = write(fd, at, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return RESULT_IO;
        at += wrote;
        size -= (size_t)wrote;
    }
    return RESULT_OK;
}

enum result disk_read_all(int fd, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = read(fd, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return RESULT_IO;
        if (got == 0)
            return RESULT_CORRUPT;
        at += got;
        size -= (size_t)got;
    }
    return RESULT_OK;
}

enum result disk_read_at(int fd, void *bytes, size_t size, uint64_t offset)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return RESULT_IO;
        if (got == 0)
            return RESULT_CORRUPT;
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return RESULT_OK;
}

void disk_sync_or_stop(int fd)
{
    if (fsync(fd) == 0)
        return;
    (void)fprintf(stderr,
                  "vault: fsync failed (%s): what was written may be lost, so nothing more is acknowledged\n",
                  strerror(errno));
    abort();
}

enum result disk_sync_folder(const char *path)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return RESULT_IO;
    disk_sync_or_stop(fd);
    return RESULT_OK;
}

enum result disk_sync_folder_of(const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    if (snprintf(folder, sizeof folder, "%.*s", length, slash == NULL ? "." : path) >= (int)sizeof folder)
        return RESULT_IO;
    return disk_sync_folder(folder);
}

/* A folder that is there already may have been made by a process that was killed before it had synced. */
enum result disk_folder(const char *path)
{
    struct stat status;
    if (mkdir(path, 0700) != 0 && (errno != EEXIST || stat(path, &status) != 0 || !S_ISDIR(status.st_mode)))
        return RESULT_IO;
    TRY(disk_sync_folder_of(path));
    return disk_sync_folder(path);
}

static enum result put_temporary(const char *path, const void *bytes, size_t size)
{
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return RESULT_IO;
    TRY(disk_write_all(fd, bytes, size));
    disk_sync_or_stop(fd);
    return RESULT_OK;
}

enum result disk_put(const char *path, const void *bytes, size_t size)
{
    char temporary[PATH_BYTES];
    if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
        return RESULT_IO;
    enum result result = put_temporary(temporary, bytes, size);
    if (result == RESULT_OK && rename(temporary, path) != 0)
        result = RESULT_IO;
    if (result != RESULT_OK) {
        (void)unlink(temporary);
        return result;
    }
    return disk_sync_folder_of(path);
}

enum result disk_get(struct arena *arena, const char *path, size_t limit, void **ret_bytes, size_t *ret_size)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return RESULT_IO;
    size_t size = (size_t)status.st_size;
    if (size > limit || size >= arena_room(arena))
        return RESULT_TOO_LARGE;
    uint8_t *bytes = arena_alloc(arena, size + 1);
    TRY(disk_read_all(fd, bytes, size));
    *ret_bytes = bytes;
    *ret_size = size;
    return RESULT_OK;
}

bool disk_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static enum result overwrite(int fd, size_t size)
{
    uint8_t noise[4096];
    for (size_t done = 0; done < size;) {
        size_t part = size - done < sizeof noise ? size - done : sizeof noise;
        randombytes_buf(noise, part);
        TRY(disk_write_all(fd, noise, part));
        done += part;
    }
    disk_sync_or_stop(fd);
    return RESULT_OK;
}

enum result disk_shred(const char *path)
{
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    struct stat status;
    if (fstat(fd, &status) != 0)
        return RESULT_IO;
    TRY(overwrite(fd, (size_t)status.st_size));
    if (unlink(path) != 0)
        return RESULT_IO;
    return disk_sync_folder_of(path);
}
