/* A disk in memory that, when the power is cut, keeps what was fsynced and any part of the rest.
 *
 * What the code under test does to files below DISK_ROOT goes here: its own calls through the linker's --wrap
 * (disk_calls.c), SQLite's through a VFS (disk_vfs.c). Nothing of this is in the product.
 *
 * The model is the strictest that POSIX allows:
 *   - a write is kept from the file's next successful fsync on; before that, each of its 512-byte sectors may
 * or may not be on the disk after a cut, whatever came before or after it;
 *   - a name (made, renamed, removed) is kept from an fsync of its folder on; before that it may or may not
 * be there, whatever became of other names. A rename happens as a whole or not at all;
 *   - an fsync that fails loses what it should have kept, although the page cache goes on showing it: what is
 *     written since then is kept by a later fsync, what was lost is not.
 * A kill leaves everything as it is seen and closes every descriptor and lock.
 *
 * Disks are copied by reference, so that a hundred thousand of them cost little. One thread at a time writes;
 * a lock lets several read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_ROOT "/disk"
#define DISK_SECTOR 512
#define DISK_NAME_BYTES 104

struct disk;
struct disk_op;
struct random;

struct disk *disk_new(void);
struct disk *disk_copy(const struct disk *disk);
void disk_free(struct disk *disk);

/* The calls work on this disk from now on; descriptors and locks of the process are gone, as after a kill. */
void disk_use(struct disk *disk);
struct disk *disk_used(void);

/* Everything as it is seen becomes kept. */
void disk_settle(struct disk *disk);

/* What may be left after a power cut, picked by chance; what is seen is then what is kept. */
void disk_cut(struct disk *disk, struct random *random);

/* ---- what was done, to be done again on a copy ---- */

struct disk_log {
    struct disk_op **ops;
    size_t count;
    size_t room;
};

/* Changes of the used disk are also noted in `log` (NULL: nowhere). */
void disk_record(struct disk_log *log);
void disk_log_free(struct disk_log *log);
void disk_redo(struct disk *disk, struct disk_op *op);
/* "write city/dukou.db 4096+4096", for a failure's words; static storage. */
const char *disk_op_text(const struct disk *disk, const struct disk_op *op);

/* ---- faults ---- */

enum disk_fault {
    DISK_NO_FAULT,
    DISK_EIO,   /* this one change fails */
    DISK_FULL,  /* from here on `disk_fault_length` changes that need room fail with ENOSPC */
    DISK_SHORT, /* this write takes only a part; for SQLite, whose VFS knows no short write, ENOSPC after a
                   part */
    DISK_SYNC   /* this fsync fails */
};

/* `at`: the change, counted from 0 from now on, or with DISK_SYNC the fsync. */
void disk_fail(enum disk_fault fault, size_t at, size_t length);
/* Whether it came to that; and what changes and fsyncs were counted since disk_fail(). */
bool disk_failed(void);
size_t disk_steps(void);
size_t disk_syncs(void);

/* Every fsync is swallowed: the control that must lose something. It is also swallowed when the C library's
 * own fsync() is, as under eatmydata. */
void disk_swallow_syncs(bool swallow);
bool disk_syncs_are_swallowed(void);

/* ---- the changes, for disk_calls.c and disk_vfs.c; results are 0 or −errno ---- */

int disk_find(const char *path, int folder); /* a node, or −ENOENT, −ENOTDIR */
bool disk_is_folder(int node);
size_t disk_size(int node);
size_t disk_read(int node, void *bytes, size_t size, size_t offset);
int disk_make(const char *path, int folder, bool is_folder); /* the node */
int disk_write(int node, const void *bytes, size_t size, size_t offset, size_t *ret_written);
int disk_truncate(int node, size_t size);
int disk_unlink(const char *path, int folder, bool is_folder);
int disk_rename(const char *from, int from_folder, const char *to, int to_folder);
int disk_sync(int node);
/* Of a path's last part; static storage of the caller. The node of the folder it stands in, or −errno. */
int disk_parent(const char *path, int folder, char name[DISK_NAME_BYTES]);
/* The n-th name in a folder; false past the end. */
bool disk_entry(int folder, size_t index, char name[DISK_NAME_BYTES], int *ret_node);
int disk_root(void);

/* Whether the bytes stand anywhere on what is seen of the disk, in files without a name as well. */
bool disk_holds(const struct disk *disk, const void *bytes, size_t size);

/* The descriptors and locks of a process that has ended; of disk_calls.c and disk_vfs.c. */
void disk_calls_forget(void);
void disk_vfs_forget(void);
/* SQLite's files are on the disk from now on. */
void disk_vfs_register(void);
