/* The calls of the code under test, led to the disk in memory when they are about files below DISK_ROOT, and
 * to the C library otherwise. Linked with --wrap= (meson.build lists the calls). */
#include "crash/disk_calls.h"

#include "crash/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Descriptors of the disk begin here, above any of the kernel's. */
enum { FIRST = 1 << 20, OPEN_MAX_FILES = 256, FOLDERS_MAX = 16 };

struct handle {
    bool open;
    int node;
    size_t offset;
    bool appends;
    int lock; /* LOCK_EX, LOCK_SH or 0 */
};

struct walk {
    bool open;
    int fd;
    int node;
    size_t index;
    struct dirent entry;
};

static struct handle handles[OPEN_MAX_FILES];
static struct walk walks[FOLDERS_MAX];
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER; /* verification opens files on several threads */
static sigjmp_buf *stop_to;

void disk_calls_forget(void)
{
    memset(handles, 0, sizeof handles);
    memset(walks, 0, sizeof walks);
}

void disk_on_abort(sigjmp_buf *to)
{
    stop_to = to;
}

_Noreturn void __real_abort(void);
_Noreturn void __wrap_abort(void);
_Noreturn void __wrap_abort(void)
{
    if (stop_to != NULL)
        siglongjmp(*stop_to, 1);
    __real_abort();
}

static int given(int result)
{
    if (result >= 0)
        return result;
    errno = -result;
    return -1;
}

static struct handle *handle_of(int fd)
{
    if (fd < FIRST || fd >= FIRST + OPEN_MAX_FILES)
        return NULL;
    struct handle *handle = &handles[fd - FIRST];
    return handle->open ? handle : NULL;
}

/* The folder that a path is relative to; −1: the path is none of the disk's. */
static int folder_of(int fd, const char *path)
{
    size_t root = strlen(DISK_ROOT);
    if (path[0] == '/')
        return strncmp(path, DISK_ROOT, root) == 0 && (path[root] == '/' || path[root] == '\0') ? disk_root()
                                                                                                : -1;
    const struct handle *handle = handle_of(fd);
    return handle != NULL ? handle->node : -1;
}

static int handle_new(int node, int flags)
{
    int fd = -EMFILE;
    (void)pthread_mutex_lock(&opening);
    for (int i = 0; i < OPEN_MAX_FILES && fd < 0; i++)
        if (!handles[i].open) {
            handles[i] = (struct handle){.open = true, .node = node, .appends = (flags & O_APPEND) != 0};
            fd = FIRST + i;
        }
    (void)pthread_mutex_unlock(&opening);
    return fd;
}

static int open_node(int folder, const char *path, int flags)
{
    int node = disk_find(path, folder);
    if (node == -ENOENT && (flags & O_CREAT) != 0)
        node = disk_make(path, folder, false);
    else if (node >= 0 && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        node = -EEXIST;
    if (node < 0)
        return node;
    if ((flags & O_DIRECTORY) != 0 && !disk_is_folder(node))
        return -ENOTDIR;
    if ((flags & O_TRUNC) != 0 && disk_size(node) > 0) {
        int error = disk_truncate(node, 0);
        if (error != 0)
            return error;
    }
    return handle_new(node, flags);
}

/* A third argument that was not given is passed on and not looked at. */
int __wrap_open64(const char *path, int flags, mode_t mode)
{
    int folder = folder_of(-1, path);
    return folder < 0 ? __real_open64(path, flags, mode) : given(open_node(folder, path, flags));
}

int __wrap_openat64(int at, const char *path, int flags, mode_t mode)
{
    int folder = folder_of(at, path);
    return folder < 0 ? __real_openat64(at, path, flags, mode) : given(open_node(folder, path, flags));
}

int __wrap_close(int fd)
{
    struct handle *handle = handle_of(fd);
    if (handle == NULL)
        return __real_close(fd);
    handle->open = false;
    return 0;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    struct handle *handle = handle_of(fd);
    if (handle == NULL)
        return __real_read(fd, bytes, size);
    size_t got = disk_read(handle->node, bytes, size, handle->offset);
    handle->offset += got;
    return (ssize_t)got;
}

ssize_t __wrap_pread64(int fd, void *bytes, size_t size, off_t offset)
{
    struct handle *handle = handle_of(fd);
    return handle == NULL ? __real_pread64(fd, bytes, size, offset)
                          : (ssize_t)disk_read(handle->node, bytes, size, (size_t)offset);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    struct handle *handle = handle_of(fd);
    if (handle == NULL)
        return __real_write(fd, bytes, size);
    size_t written = 0;
    if (handle->appends)
        handle->offset = disk_size(handle->node);
    int error = disk_write(handle->node, bytes, size, handle->offset, &written);
    handle->offset += written;
    return error != 0 ? given(error) : (ssize_t)written;
}

off_t __wrap_lseek64(int fd, off_t offset, int whence)
{
    struct handle *handle = handle_of(fd);
    if (handle == NULL)
        return __real_lseek64(fd, offset, whence);
    if (whence == SEEK_CUR)
        offset += (off_t)handle->offset;
    if (whence == SEEK_END)
        offset += (off_t)disk_size(handle->node);
    handle->offset = (size_t)offset;
    return offset;
}

int __wrap_ftruncate64(int fd, off_t size)
{
    struct handle *handle = handle_of(fd);
    return handle == NULL ? __real_ftruncate64(fd, size) : given(disk_truncate(handle->node, (size_t)size));
}

int __wrap_fsync(int fd)
{
    struct handle *handle = handle_of(fd);
    return handle == NULL ? __real_fsync(fd) : given(disk_sync(handle->node));
}

/* ---- names ---- */

int __wrap_rename(const char *from, const char *to)
{
    int folder = folder_of(-1, from);
    return folder < 0 ? __real_rename(from, to) : given(disk_rename(from, folder, to, folder));
}

int __wrap_renameat(int from_at, const char *from, int to_at, const char *to)
{
    int folder = folder_of(from_at, from);
    return folder < 0 ? __real_renameat(from_at, from, to_at, to)
                      : given(disk_rename(from, folder, to, folder_of(to_at, to)));
}

int __wrap_unlink(const char *path)
{
    int folder = folder_of(-1, path);
    return folder < 0 ? __real_unlink(path) : given(disk_unlink(path, folder, false));
}

int __wrap_unlinkat(int at, const char *path, int flags)
{
    int folder = folder_of(at, path);
    return folder < 0 ? __real_unlinkat(at, path, flags)
                      : given(disk_unlink(path, folder, (flags & AT_REMOVEDIR) != 0));
}

static int make_folder(const char *path, int folder)
{
    int node = disk_make(path, folder, true);
    return node < 0 ? given(node) : 0;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    int folder = folder_of(-1, path);
    return folder < 0 ? __real_mkdir(path, mode) : make_folder(path, folder);
}

int __wrap_mkdirat(int at, const char *path, mode_t mode)
{
    int folder = folder_of(at, path);
    return folder < 0 ? __real_mkdirat(at, path, mode) : make_folder(path, folder);
}

/* ---- looking ---- */

static int look(int node, struct stat *status)
{
    if (node < 0)
        return given(node);
    memset(status, 0, sizeof *status);
    status->st_mode = disk_is_folder(node) ? S_IFDIR | 0700 : S_IFREG | 0600;
    status->st_size = (off_t)disk_size(node);
    status->st_ino = (ino_t)node + 1;
    status->st_nlink = 1;
    return 0;
}

int __wrap_stat64(const char *path, struct stat *status)
{
    int folder = folder_of(-1, path);
    return folder < 0 ? __real_stat64(path, status) : look(disk_find(path, folder), status);
}

int __wrap_lstat64(const char *path, struct stat *status)
{
    int folder = folder_of(-1, path);
    return folder < 0 ? __real_lstat64(path, status) : look(disk_find(path, folder), status);
}

int __wrap_fstat64(int fd, struct stat *status)
{
    struct handle *handle = handle_of(fd);
    return handle == NULL ? __real_fstat64(fd, status) : look(handle->node, status);
}

int __wrap_fstatat64(int at, const char *path, struct stat *status, int flags)
{
    int folder = folder_of(at, path);
    return folder < 0 ? __real_fstatat64(at, path, status, flags) : look(disk_find(path, folder), status);
}

int __wrap_access(const char *path, int mode)
{
    int folder = folder_of(-1, path);
    if (folder < 0)
        return __real_access(path, mode);
    int node = disk_find(path, folder);
    return node < 0 ? given(node) : 0;
}

/* ---- folders ---- */

static struct walk *walk_new(int node, int fd)
{
    for (int i = 0; i < FOLDERS_MAX; i++)
        if (!walks[i].open) {
            walks[i] = (struct walk){.open = true, .fd = fd, .node = node};
            return &walks[i];
        }
    errno = EMFILE;
    return NULL;
}

static struct walk *walk_of(DIR *folder)
{
    for (int i = 0; i < FOLDERS_MAX; i++)
        if ((DIR *)&walks[i] == folder)
            return &walks[i];
    return NULL;
}

DIR *__wrap_opendir(const char *path)
{
    int folder = folder_of(-1, path);
    if (folder < 0)
        return __real_opendir(path);
    int fd = open_node(folder, path, O_DIRECTORY);
    if (fd < 0) {
        errno = -fd;
        return NULL;
    }
    const struct handle *handle = handle_of(fd);
    return handle == NULL ? NULL : (DIR *)walk_new(handle->node, fd);
}

DIR *__wrap_fdopendir(int fd)
{
    struct handle *handle = handle_of(fd);
    return handle == NULL ? __real_fdopendir(fd) : (DIR *)walk_new(handle->node, fd);
}

int __wrap_dirfd(DIR *folder)
{
    struct walk *walk = walk_of(folder);
    return walk == NULL ? __real_dirfd(folder) : walk->fd;
}

int __wrap_closedir(DIR *folder)
{
    struct walk *walk = walk_of(folder);
    if (walk == NULL)
        return __real_closedir(folder);
    walk->open = false;
    return __wrap_close(walk->fd);
}

/* Removing names while walking moves the last one forward, which the standard lets a walk miss; so it goes
 * from the last to the first. */
struct dirent *__wrap_readdir64(DIR *folder)
{
    struct walk *walk = walk_of(folder);
    if (walk == NULL)
        return __real_readdir64(folder);
    int node;
    size_t count = 0;
    char name[DISK_NAME_BYTES];
    while (disk_entry(walk->node, count, name, &node))
        count++;
    if (walk->index == 0)
        walk->index = count + 1;
    if (walk->index > count + 1)
        walk->index = count + 1;
    if (walk->index <= 1)
        return NULL;
    walk->index--;
    (void)disk_entry(walk->node, walk->index - 1, walk->entry.d_name, &node);
    walk->entry.d_type = disk_is_folder(node) ? DT_DIR : DT_REG;
    walk->entry.d_ino = (ino_t)node + 1;
    return &walk->entry;
}

/* ---- locks ---- */

int __wrap_flock(int fd, int operation)
{
    struct handle *handle = handle_of(fd);
    if (handle == NULL)
        return __real_flock(fd, operation);
    int wanted = operation & (LOCK_EX | LOCK_SH);
    for (int i = 0; i < OPEN_MAX_FILES; i++) {
        const struct handle *other = &handles[i];
        if (other != handle && other->open && other->node == handle->node && other->lock != 0 &&
            (other->lock == LOCK_EX || wanted == LOCK_EX))
            return given(-EWOULDBLOCK);
    }
    handle->lock = wanted;
    return 0;
}
