/* SQLite's files on the disk in memory: the default VFS of the tests that register it. Locks and the
 * write-ahead log's index are those of one process with several connections. */
#include "crash/disk.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 64, REGIONS_MAX = 64, SLOTS = SQLITE_SHM_NLOCK };

/* A database or log of which something is open; shared by its connections. */
struct shared {
    int node; /* −1: free */
    int users;
    int readers; /* SQLITE_LOCK_SHARED and above */
    const void *reserved;
    const void *exclusive;
    int region_count;
    void *regions[REGIONS_MAX];
    int slot_readers[SLOTS];
    const void *slot_owner[SLOTS];
};

struct file {
    sqlite3_file base;
    struct shared *shared;
    int node;
    int level;
    bool sync_folder; /* of a log: its first fsync is of its folder too */
    bool delete_on_close;
    unsigned slots_shared;
    unsigned slots_exclusive;
    char path[256];
};

static struct shared files[FILES_MAX];
static bool registered;

static void shared_free(struct shared *shared)
{
    for (int r = 0; r < shared->region_count; r++)
        free(shared->regions[r]);
    *shared = (struct shared){.node = -1};
}

void disk_vfs_forget(void)
{
    for (int i = 0; i < FILES_MAX; i++)
        shared_free(&files[i]);
}

static struct shared *share(int node)
{
    struct shared *empty = NULL;
    for (int i = 0; i < FILES_MAX; i++) {
        if (files[i].users > 0 && files[i].node == node) {
            files[i].users++;
            return &files[i];
        }
        if (files[i].users == 0 && empty == NULL)
            empty = &files[i];
    }
    if (empty == NULL)
        abort();
    *empty = (struct shared){.node = node, .users = 1};
    return empty;
}

static int io_code(int error, int fallback)
{
    return error == -ENOSPC ? SQLITE_FULL : error == 0 ? SQLITE_OK : fallback;
}

/* ---- a file ---- */

static int shm_unmap(sqlite3_file *base, int remove);
static int unlock(sqlite3_file *base, int level);

static int file_close(sqlite3_file *base)
{
    struct file *file = (struct file *)base;
    (void)unlock(base, SQLITE_LOCK_NONE);
    (void)shm_unmap(base, 0);
    if (--file->shared->users == 0)
        shared_free(file->shared);
    if (file->delete_on_close)
        (void)disk_unlink(file->path, disk_root(), false);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *bytes, int size, sqlite3_int64 offset)
{
    struct file *file = (struct file *)base;
    size_t got = disk_read(file->node, bytes, (size_t)size, (size_t)offset);
    if (got == (size_t)size)
        return SQLITE_OK;
    memset((char *)bytes + got, 0, (size_t)size - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset)
{
    struct file *file = (struct file *)base;
    size_t written;
    int error = disk_write(file->node, bytes, (size_t)size, (size_t)offset, &written);
    if (error == 0 && written < (size_t)size)
        return SQLITE_FULL; /* as SQLite's own VFS says when a write takes only a part */
    return io_code(error, SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    return io_code(disk_truncate(((struct file *)base)->node, (size_t)size), SQLITE_IOERR_TRUNCATE);
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = (struct file *)base;
    char name[DISK_NAME_BYTES];
    (void)flags;
    if (disk_sync(file->node) != 0)
        return SQLITE_IOERR_FSYNC;
    if (file->sync_folder && disk_sync(disk_parent(file->path, disk_root(), name)) != 0)
        return SQLITE_IOERR_DIR_FSYNC;
    file->sync_folder = false;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)disk_size(((struct file *)base)->node);
    return SQLITE_OK;
}

/* ---- locks of the file ---- */

static int lock(sqlite3_file *base, int level)
{
    struct file *file = (struct file *)base;
    struct shared *shared = file->shared;
    if (level <= file->level)
        return SQLITE_OK;
    if (file->level == SQLITE_LOCK_NONE) {
        if (shared->exclusive != NULL)
            return SQLITE_BUSY;
        shared->readers++;
        file->level = SQLITE_LOCK_SHARED;
    }
    if (level >= SQLITE_LOCK_RESERVED) {
        if (shared->reserved != NULL && shared->reserved != file)
            return SQLITE_BUSY;
        shared->reserved = file;
    }
    if (level == SQLITE_LOCK_EXCLUSIVE) {
        if (shared->readers > 1)
            return SQLITE_BUSY;
        shared->exclusive = file;
    }
    file->level = level;
    return SQLITE_OK;
}

static int unlock(sqlite3_file *base, int level)
{
    struct file *file = (struct file *)base;
    struct shared *shared = file->shared;
    if (shared->exclusive == file)
        shared->exclusive = NULL;
    if (level < SQLITE_LOCK_RESERVED && shared->reserved == file)
        shared->reserved = NULL;
    if (level == SQLITE_LOCK_NONE && file->level > SQLITE_LOCK_NONE)
        shared->readers--;
    if (level < file->level)
        file->level = level;
    return SQLITE_OK;
}

static int is_reserved(sqlite3_file *base, int *ret_reserved)
{
    *ret_reserved = ((struct file *)base)->shared->reserved != NULL;
    return SQLITE_OK;
}

static int control(sqlite3_file *base, int op, void *argument)
{
    (void)base;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

/* What SQLite's own VFS says too: bytes beside those written are not harmed. */
static int characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- the index of the write-ahead log ---- */

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **ret_region)
{
    struct shared *shared = ((struct file *)base)->shared;
    *ret_region = NULL;
    if (region >= REGIONS_MAX)
        return SQLITE_IOERR_SHMMAP;
    while (shared->region_count <= region) {
        if (!extend)
            return SQLITE_OK;
        void *memory = calloc(1, (size_t)size);
        if (memory == NULL)
            abort();
        shared->regions[shared->region_count++] = memory;
    }
    *ret_region = shared->regions[region];
    return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    struct file *file = (struct file *)base;
    struct shared *shared = file->shared;
    for (int i = offset; (flags & SQLITE_SHM_UNLOCK) == 0 && i < offset + count; i++) {
        bool own_shared = (file->slots_shared & 1U << i) != 0;
        bool others_read = shared->slot_readers[i] > (own_shared ? 1 : 0);
        bool other_owns = shared->slot_owner[i] != NULL && shared->slot_owner[i] != file;
        if (other_owns || ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && others_read))
            return SQLITE_BUSY;
    }
    for (int i = offset; i < offset + count; i++) {
        unsigned bit = 1U << i;
        if ((flags & SQLITE_SHM_UNLOCK) != 0) {
            if ((file->slots_shared & bit) != 0)
                shared->slot_readers[i]--;
            if (shared->slot_owner[i] == file)
                shared->slot_owner[i] = NULL;
            file->slots_shared &= ~bit;
            file->slots_exclusive &= ~bit;
        } else if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
            shared->slot_owner[i] = file;
            file->slots_exclusive |= bit;
        } else if ((file->slots_shared & bit) == 0) {
            shared->slot_readers[i]++;
            file->slots_shared |= bit;
        }
    }
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int shm_unmap(sqlite3_file *base, int remove)
{
    (void)remove;
    return shm_lock(base, 0, SLOTS, SQLITE_SHM_UNLOCK);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* ---- the VFS ---- */

static sqlite3_vfs *real_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static bool is_ours(const char *path)
{
    return path != NULL && strncmp(path, DISK_ROOT "/", strlen(DISK_ROOT) + 1) == 0;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
    if (!is_ours(path))
        return real_of(vfs)->xOpen(real_of(vfs), path, base, flags, ret_flags);
    struct file *file = (struct file *)base;
    memset(file, 0, sizeof *file);
    int node = disk_find(path, disk_root());
    if (node == -ENOENT && (flags & SQLITE_OPEN_CREATE) != 0)
        node = disk_make(path, disk_root(), false);
    if (node < 0)
        return node == -ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN;
    file->base.pMethods = &methods;
    file->node = node;
    /* As SQLite's own VFS does, whether it was there before or not. */
    file->sync_folder =
        (flags & SQLITE_OPEN_CREATE) != 0 &&
        (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    file->shared = share(node);
    file->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    strncpy(file->path, path, sizeof file->path - 1);
    if (ret_flags != NULL)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    char name[DISK_NAME_BYTES];
    if (!is_ours(path))
        return real_of(vfs)->xDelete(real_of(vfs), path, sync_folder);
    int error = disk_unlink(path, disk_root(), false);
    if (error == -ENOENT)
        return SQLITE_IOERR_DELETE_NOENT;
    if (error != 0)
        return SQLITE_IOERR_DELETE;
    if (sync_folder && disk_sync(disk_parent(path, disk_root(), name)) != 0)
        return SQLITE_IOERR_DIR_FSYNC;
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_there)
{
    if (!is_ours(path))
        return real_of(vfs)->xAccess(real_of(vfs), path, flags, ret_there);
    int node = disk_find(path, disk_root());
    *ret_there = node >= 0 && (flags != SQLITE_ACCESS_EXISTS || disk_size(node) > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
    if (!is_ours(path))
        return real_of(vfs)->xFullPathname(real_of(vfs), path, size, ret_path);
    (void)sqlite3_snprintf(size, ret_path, "%s", path);
    return SQLITE_OK;
}

void disk_vfs_register(void)
{
    static sqlite3_vfs vfs;
    if (registered)
        return;
    registered = true;
    disk_vfs_forget();
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    vfs = *real;
    vfs.zName = "disk";
    vfs.pAppData = real;
    vfs.szOsFile = real->szOsFile > (int)sizeof(struct file) ? real->szOsFile : (int)sizeof(struct file);
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_path;
    (void)sqlite3_vfs_register(&vfs, 1);
}
