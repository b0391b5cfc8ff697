#include "command/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copies one file durably: under another name, synced, then moved, so that a copy that was cut off is no
 * file. */
static enum result copy_bytes(const char *from, const char *to)
{
    struct stat info;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    enum result result = in >= 0 && out >= 0 && fstat(in, &info) == 0 ? RESULT_OK : RESULT_IO;
    for (off_t left = result == RESULT_OK ? info.st_size : 0; left > 0;) {
        ssize_t sent = sendfile(out, in, NULL, (size_t)left);
        if (sent <= 0) {
            result = RESULT_IO;
            break;
        }
        left -= sent;
    }
    if (result == RESULT_OK && fsync(out) != 0)
        result = RESULT_IO;
    if (out >= 0)
        (void)close(out);
    if (in >= 0)
        (void)close(in);
    return result;
}

static enum result copy_file(const char *from, const char *to, enum folder_present present)
{
    char part[PATH_MAX];
    if (access(to, F_OK) == 0)
        return present == FOLDER_KEEP ? RESULT_OK : RESULT_IO;
    if (snprintf(part, sizeof part, "%s.part", to) >= (int)sizeof part)
        return RESULT_TOO_LARGE;
    (void)unlink(part);
    TRY(copy_bytes(from, part));
    return rename(part, to) == 0 ? RESULT_OK : RESULT_IO;
}

/* nftw() takes no argument of ours. */
static struct {
    const char *from;
    const char *to;
    enum folder_present present;
    enum result result;
} copying;

static int copy_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)walk;
    char to[PATH_MAX];
    if (snprintf(to, sizeof to, "%s%s", copying.to, path + strlen(copying.from)) >= (int)sizeof to)
        copying.result = RESULT_TOO_LARGE;
    else if (type == FTW_D)
        copying.result = mkdir(to, 0700) == 0 || errno == EEXIST ? RESULT_OK : RESULT_IO;
    else if (type == FTW_F)
        copying.result = copy_file(path, to, copying.present);
    return copying.result == RESULT_OK ? 0 : 1;
}

static int sync_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)walk;
    return type != FTW_DP || folder_sync(path) == RESULT_OK ? 0 : 1;
}

enum result folder_copy(const char *from, const char *to, enum folder_present present)
{
    copying.from = from;
    copying.to = to;
    copying.present = present;
    copying.result = RESULT_OK;
    if (access(from, R_OK) != 0)
        return RESULT_OK;
    if (nftw(from, copy_one, 16, FTW_PHYS) != 0 && copying.result == RESULT_OK)
        return RESULT_IO;
    TRY(copying.result);
    return nftw(to, sync_one, 16, FTW_PHYS | FTW_DEPTH) == 0 ? RESULT_OK : RESULT_IO;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

enum result folder_remove(const char *path)
{
    if (access(path, F_OK) != 0)
        return RESULT_OK;
    return nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0 ? RESULT_OK : RESULT_IO;
}

enum result folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum result result = fd >= 0 && fsync(fd) == 0 ? RESULT_OK : RESULT_IO;
    if (fd >= 0)
        (void)close(fd);
    return result;
}
