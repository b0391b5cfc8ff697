/* The master key, its rotation, and what brings the store from any state that a crash can leave to a good
 * one. */
#include "vault/disk.h"
#include "vault/keys_inner.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MASTER_FILE_SIZE = KEYS_MAGIC_SIZE + KEYS_VERSION_SIZE + VAULT_KEY_SIZE };

static const char master_magic[KEYS_MAGIC_SIZE + 1] = "DKMASTR1";

/* ---- the master key ---- */

static struct master *master_alloc(void)
{
    struct master *master = sodium_malloc(sizeof *master);
    if (master == NULL)
        abort();
    memset(master, 0, sizeof *master);
    return master;
}

static enum result master_write(const char *path, const struct master *master)
{
    uint8_t file[MASTER_FILE_SIZE];
    memcpy(file, master_magic, KEYS_MAGIC_SIZE);
    keys_put_version(file + KEYS_MAGIC_SIZE, master->version);
    memcpy(file + KEYS_MAGIC_SIZE + KEYS_VERSION_SIZE, master->key, VAULT_KEY_SIZE);
    enum result result = disk_put(path, file, sizeof file);
    sodium_memzero(file, sizeof file);
    return result;
}

static enum result master_read(const char *path, struct master *ret_master)
{
    uint8_t file[MASTER_FILE_SIZE];
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    if ((status.st_mode & 077) != 0)
        return RESULT_FORBIDDEN;
    TRY(keys_read_small(path, file, sizeof file));
    enum result result = RESULT_CORRUPT;
    if (memcmp(file, master_magic, KEYS_MAGIC_SIZE) == 0) {
        ret_master->version = keys_get_version(file + KEYS_MAGIC_SIZE);
        memcpy(ret_master->key, file + KEYS_MAGIC_SIZE + KEYS_VERSION_SIZE, VAULT_KEY_SIZE);
        result = RESULT_OK;
    }
    sodium_memzero(file, sizeof file);
    return result;
}

/* ---- rotation ---- */

struct rewrap {
    enum vault_rotation_step stop_after;
    int done;
};

static enum result rewrap_one(struct vault_keys *keys, const char *name, void *argument)
{
    struct rewrap *rewrap = argument;
    uint8_t key[VAULT_KEY_SIZE];
    uint8_t file[KEYS_WRAPPED_SIZE];
    char path[KEYS_PATH_BYTES];
    if (rewrap->stop_after == VAULT_ROTATION_ONE_KEY && rewrap->done > 0)
        return RESULT_CANCELLED;
    TRY(keys_read_wrapped(keys, name, file));
    if (keys_get_version(file + KEYS_MAGIC_SIZE) == keys->next->version)
        return RESULT_OK;
    TRY(keys_get(keys, name, key));
    keys_path(keys, name, path);
    enum result result = keys_wrap(keys->next, name, key, file);
    sodium_memzero(key, sizeof key);
    TRY(result);
    TRY(disk_put(path, file, sizeof file));
    rewrap->done++;
    return RESULT_OK;
}

/* From "master.new is written" on; also finishes what a crash left. */
static enum result rotate_on(struct vault_keys *keys, enum vault_rotation_step stop_after)
{
    struct rewrap rewrap = {.stop_after = stop_after};
    TRY(keys_walk(keys, rewrap_one, &rewrap));
    if (stop_after <= VAULT_ROTATION_ALL_KEYS)
        return RESULT_CANCELLED;
    if (rename(keys->master_path, keys->old_path) != 0)
        return RESULT_IO;
    TRY(disk_sync_folder_of(keys->master_path));
    if (stop_after == VAULT_ROTATION_ASIDE)
        return RESULT_CANCELLED;
    if (rename(keys->new_path, keys->master_path) != 0)
        return RESULT_IO;
    TRY(disk_sync_folder_of(keys->master_path));
    if (stop_after == VAULT_ROTATION_MOVED)
        return RESULT_CANCELLED;
    TRY(disk_shred(keys->old_path));
    sodium_free(keys->master);
    keys->master = keys->next;
    keys->next = NULL;
    return RESULT_OK;
}

static enum result rotate_locked(struct vault_keys *keys, enum vault_rotation_step stop_after)
{
    if (keys->next != NULL)
        return RESULT_CONFLICT;
    keys->next = master_alloc();
    keys->next->version = keys->master->version + 1;
    randombytes_buf(keys->next->key, VAULT_KEY_SIZE);
    TRY(master_write(keys->new_path, keys->next));
    if (stop_after == VAULT_ROTATION_NEW_MASTER)
        return RESULT_CANCELLED;
    return rotate_on(keys, stop_after);
}

enum result vault_keys_rotate(struct vault_keys *keys, enum vault_rotation_step stop_after)
{
    (void)pthread_rwlock_wrlock(&keys->lock);
    enum result result = rotate_locked(keys, stop_after);
    (void)pthread_rwlock_unlock(&keys->lock);
    return result;
}

uint32_t vault_keys_version(struct vault_keys *keys)
{
    (void)pthread_rwlock_rdlock(&keys->lock);
    uint32_t version = keys->master->version;
    (void)pthread_rwlock_unlock(&keys->lock);
    return version;
}

/* ---- opening ---- */

static enum result count_one(struct vault_keys *keys, const char *name, void *argument)
{
    (void)keys;
    (void)name;
    ++*(size_t *)argument;
    return RESULT_OK;
}

static enum result master_make(struct vault_keys *keys)
{
    size_t wrapped = 0;
    TRY(keys_walk(keys, count_one, &wrapped));
    if (wrapped > 0)
        return RESULT_CORRUPT; /* a new master key could open none of them */
    keys->master->version = 1;
    randombytes_buf(keys->master->key, VAULT_KEY_SIZE);
    return master_write(keys->master_path, keys->master);
}

/* Brings any state that a crash can leave to one master key. */
static enum result master_open(struct vault_keys *keys)
{
    char temporary[KEYS_PATH_BYTES + 4];
    (void)snprintf(temporary, sizeof temporary, "%s.tmp", keys->new_path);
    (void)disk_shred(temporary);
    if (disk_exists(keys->old_path) && !disk_exists(keys->master_path) && disk_exists(keys->new_path)) {
        if (rename(keys->new_path, keys->master_path) != 0)
            return RESULT_IO;
        TRY(disk_sync_folder_of(keys->master_path));
    }
    enum result result = master_read(keys->master_path, keys->master);
    if (result == RESULT_NOT_FOUND)
        return disk_exists(keys->new_path) || disk_exists(keys->old_path) ? RESULT_CORRUPT
                                                                          : master_make(keys);
    TRY(result);
    if (disk_exists(keys->new_path)) {
        keys->next = master_alloc();
        TRY(master_read(keys->new_path, keys->next));
        return rotate_on(keys, VAULT_ROTATION_DONE);
    }
    return disk_exists(keys->old_path) ? disk_shred(keys->old_path) : RESULT_OK;
}

static enum result check_one(struct vault_keys *keys, const char *name, void *argument)
{
    uint8_t key[VAULT_KEY_SIZE];
    (void)argument;
    enum result result = keys_get(keys, name, key);
    sodium_memzero(key, sizeof key);
    return result;
}

/* A backup that was restored must not bring a destroyed key back, nor a destruction be left half done. */
static enum result bury_one(struct vault_keys *keys, const char *name, void *argument)
{
    (void)argument;
    return keys_is_destroyed(keys, name) ? keys_bury(keys, name) : RESULT_OK;
}

/* What a crash left half written may hold a wrapped key that was destroyed since. */
static enum result sweep_temporaries(struct vault_keys *keys)
{
    char path[KEYS_PATH_BYTES + NAME_MAX];
    DIR *folder = opendir(keys->folder);
    if (folder == NULL)
        return RESULT_IO;
    enum result result = RESULT_OK;
    struct dirent *entry;
    while (result == RESULT_OK && (entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length <= 4 || strcmp(entry->d_name + length - 4, ".tmp") != 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", keys->folder, entry->d_name);
        result = disk_shred(path);
    }
    (void)closedir(folder);
    return result;
}

static enum result open_folders(struct vault_keys *keys)
{
    TRY(disk_folder(keys->folder));
    TRY(disk_folder(keys->tombstones[0]));
    TRY(disk_folder(keys->tombstones[1]));
    TRY(disk_sync_folder_of(keys->master_path));
    TRY(sweep_temporaries(keys));
    TRY(keys_walk(keys, bury_one, NULL));
    TRY(master_open(keys));
    return keys_walk(keys, check_one, NULL);
}

enum result vault_keys_open(const char *folder, const char *master, const char *second_tombstones,
                            struct vault_keys **ret_keys)
{
    enum { ROOM = KEYS_PATH_BYTES - VAULT_NAME_SIZE - 16 };
    if (strlen(folder) > ROOM || strlen(second_tombstones) > ROOM ||
        (master != NULL && strlen(master) > ROOM))
        return RESULT_TOO_LARGE;
    if (sodium_init() < 0)
        return RESULT_UNAVAILABLE;
    struct vault_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return RESULT_MEMORY;
    (void)snprintf(keys->folder, KEYS_PATH_BYTES, "%s", folder);
    (void)snprintf(keys->tombstones[0], KEYS_PATH_BYTES, "%.*s/destroyed", (int)ROOM, folder);
    (void)snprintf(keys->tombstones[1], KEYS_PATH_BYTES, "%s", second_tombstones);
    if (master != NULL)
        (void)snprintf(keys->master_path, KEYS_PATH_BYTES, "%s", master);
    else
        (void)snprintf(keys->master_path, KEYS_PATH_BYTES, "%.*s/master", (int)ROOM, folder);
    (void)snprintf(keys->new_path, KEYS_PATH_BYTES, "%.*s.new", (int)ROOM + 8, keys->master_path);
    (void)snprintf(keys->old_path, KEYS_PATH_BYTES, "%.*s.old", (int)ROOM + 8, keys->master_path);
    (void)pthread_rwlock_init(&keys->lock, NULL);
    keys->master = master_alloc();
    enum result result = open_folders(keys);
    if (result != RESULT_OK) {
        vault_keys_close(keys);
        return result;
    }
    *ret_keys = keys;
    return RESULT_OK;
}

void vault_keys_close(struct vault_keys *keys)
{
    if (keys == NULL)
        return;
    (void)pthread_rwlock_destroy(&keys->lock);
    sodium_free(keys->master); /* wipes */
    if (keys->next != NULL)
        sodium_free(keys->next);
    free(keys);
}
