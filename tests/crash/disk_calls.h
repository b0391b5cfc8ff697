/* The C library's own calls behind --wrap, and where an abort() of the code under test ends. */
#pragma once

#include <dirent.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <sys/types.h>

/* abort() jumps there, as the end of that process; NULL: it ends this one. */
void disk_on_abort(sigjmp_buf *to);

/* clang-format off */
#define DISK_CALL(type, name, ...) type __real_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__)
DISK_CALL(int, open64, const char *path, int flags, mode_t mode);
DISK_CALL(int, openat64, int at, const char *path, int flags, mode_t mode);
DISK_CALL(int, close, int fd);
DISK_CALL(ssize_t, read, int fd, void *bytes, size_t size);
DISK_CALL(ssize_t, pread64, int fd, void *bytes, size_t size, off_t offset);
DISK_CALL(ssize_t, write, int fd, const void *bytes, size_t size);
DISK_CALL(int, ftruncate64, int fd, off_t size);
DISK_CALL(off_t, lseek64, int fd, off_t offset, int whence);
DISK_CALL(int, fsync, int fd);
DISK_CALL(int, rename, const char *from, const char *to);
DISK_CALL(int, renameat, int from_at, const char *from, int to_at, const char *to);
DISK_CALL(int, unlink, const char *path);
DISK_CALL(int, unlinkat, int at, const char *path, int flags);
DISK_CALL(int, mkdir, const char *path, mode_t mode);
DISK_CALL(int, mkdirat, int at, const char *path, mode_t mode);
DISK_CALL(int, stat64, const char *path, struct stat *status);
DISK_CALL(int, lstat64, const char *path, struct stat *status);
DISK_CALL(int, fstat64, int fd, struct stat *status);
DISK_CALL(int, fstatat64, int at, const char *path, struct stat *status, int flags);
DISK_CALL(int, access, const char *path, int mode);
DISK_CALL(DIR *, opendir, const char *path);
DISK_CALL(DIR *, fdopendir, int fd);
DISK_CALL(int, dirfd, DIR *folder);
DISK_CALL(int, closedir, DIR *folder);
DISK_CALL(struct dirent *, readdir64, DIR *folder);
DISK_CALL(int, flock, int fd, int operation);
/* clang-format on */
