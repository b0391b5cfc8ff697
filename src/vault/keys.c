#include "vault/keys.h"

#include "vault/disk.h"
#include "vault/suite.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_BYTES = 1024,
    VERSION_SIZE = 4,
    MAGIC_SIZE = 8,
    SALT_SIZE = 32,
    TAG_SIZE = 16,
    MASTER_FILE_SIZE = MAGIC_SIZE + VERSION_SIZE + VAULT_KEY_SIZE,
    WRAPPED_FILE_SIZE = MAGIC_SIZE + VERSION_SIZE + SALT_SIZE + VAULT_KEY_SIZE + TAG_SIZE,
    CERTIFICATE_BYTES = 4 * 1024 * 1024,
};

static const char master_magic[MAGIC_SIZE + 1] = "DKMASTR1";
static const char wrapped_magic[MAGIC_SIZE + 1] = "DKWRAPD1";

/* In memory that is locked and guarded (sodium_malloc). */
struct master {
    uint32_t version;
    uint8_t key[VAULT_KEY_SIZE];
};

struct vault_keys {
    char folder[PATH_BYTES];
    char master_path[PATH_BYTES];
    char new_path[PATH_BYTES];
    char old_path[PATH_BYTES];
    char tombstones[2][PATH_BYTES];
    pthread_rwlock_t lock; /* held for writing while files of keys change */
    struct master *master;
    struct master *next; /* while a rotation runs */
};

/* ---- names and paths ---- */

bool vault_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    const char *slash = strchr(name, '/');
    if (length >= VAULT_NAME_SIZE || slash == NULL || slash == name || slash[1] == '\0')
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (at != slash && !((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '_'))
            return false;
    return true;
}

/* '-' is in no name, so that no two names share a file. */
static void path_of(const char *folder, const char *name, const char *suffix, char *ret_path)
{
    assert(vault_name_is_valid(name));
    int length = (int)(strchr(name, '/') - name);
    int size =
        snprintf(ret_path, PATH_BYTES, "%s/%.*s-%s%s", folder, length, name, name + length + 1, suffix);
    assert(size < PATH_BYTES);
}

static void key_path(const struct vault_keys *keys, const char *name, char *ret_path)
{
    path_of(keys->folder, name, ".key", ret_path);
}

/* The name of a wrapped key's file; false for any other file. */
static bool name_of_file(const char *file, char *ret_name)
{
    size_t length = strlen(file);
    char *dash;
    if (length <= 4 || length - 4 >= VAULT_NAME_SIZE || strcmp(file + length - 4, ".key") != 0)
        return false;
    memcpy(ret_name, file, length - 4);
    ret_name[length - 4] = '\0';
    if ((dash = strchr(ret_name, '-')) == NULL)
        return false;
    *dash = '/';
    return vault_name_is_valid(ret_name);
}

static bool is_destroyed(const struct vault_keys *keys, const char *name)
{
    char path[PATH_BYTES];
    for (int i = 0; i < 2; i++) {
        path_of(keys->tombstones[i], name, "", path);
        if (disk_exists(path))
            return true;
    }
    return false;
}

typedef enum result each_key(struct vault_keys *keys, const char *name, void *argument);

static enum result walk_keys(struct vault_keys *keys, each_key *each, void *argument)
{
    DIR *folder = opendir(keys->folder);
    if (folder == NULL)
        return RESULT_IO;
    enum result result = RESULT_OK;
    struct dirent *entry;
    char name[VAULT_NAME_SIZE];
    while (result == RESULT_OK && (errno = 0, entry = readdir(folder)) != NULL)
        if (name_of_file(entry->d_name, name))
            result = each(keys, name, argument);
    if (result == RESULT_OK && errno != 0)
        result = RESULT_IO;
    (void)closedir(folder);
    return result;
}

/* ---- wrapping ---- */

static void put_version(uint8_t *at, uint32_t version)
{
    for (int i = 0; i < VERSION_SIZE; i++)
        at[i] = (uint8_t)(version >> (8 * i));
}

static uint32_t get_version(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* magic, master's version, salt, sealed key. The wrapping key is derived from the master and the fresh salt,
 * so that the fixed nonce of suite_seal() is used once only. */
static enum result wrap(const struct master *master, const char *name, const uint8_t *key, uint8_t *ret_file)
{
    uint8_t *version = ret_file + MAGIC_SIZE;
    uint8_t *salt = version + VERSION_SIZE;
    struct suite_keys derived;
    memcpy(ret_file, wrapped_magic, MAGIC_SIZE);
    put_version(version, master->version);
    randombytes_buf(salt, SALT_SIZE);
    suite_derive(SUITE_AES_256_GCM, master->key, salt, SALT_SIZE, &derived);
    enum result result =
        suite_seal(&derived, master->version, name, strlen(name), key, VAULT_KEY_SIZE, salt + SALT_SIZE);
    sodium_memzero(&derived, sizeof derived);
    return result;
}

static enum result unwrap(const struct master *master, const char *name, const uint8_t *file,
                          uint8_t *ret_key)
{
    const uint8_t *salt = file + MAGIC_SIZE + VERSION_SIZE;
    struct suite_keys derived;
    suite_derive(SUITE_AES_256_GCM, master->key, salt, SALT_SIZE, &derived);
    enum result result =
        suite_open(&derived, master->version, name, strlen(name), salt + SALT_SIZE, VAULT_KEY_SIZE, ret_key);
    sodium_memzero(&derived, sizeof derived);
    return result;
}

static enum result read_small(const char *path, uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new(64 * 1024);
    void *held = NULL;
    size_t held_size = 0;
    enum result result = disk_get(arena, path, 4096, &held, &held_size);
    if (result == RESULT_TOO_LARGE || (result == RESULT_OK && held_size != size))
        result = RESULT_CORRUPT;
    if (result == RESULT_OK) {
        memcpy(bytes, held, size);
        sodium_memzero(held, size);
    }
    arena_free(arena);
    return result;
}

static enum result read_wrapped(struct vault_keys *keys, const char *name, uint8_t *ret_file)
{
    char path[PATH_BYTES];
    key_path(keys, name, path);
    TRY(read_small(path, ret_file, WRAPPED_FILE_SIZE));
    return memcmp(ret_file, wrapped_magic, MAGIC_SIZE) == 0 ? RESULT_OK : RESULT_CORRUPT;
}

static enum result get_locked(struct vault_keys *keys, const char *name, uint8_t *ret_key)
{
    uint8_t file[WRAPPED_FILE_SIZE];
    if (is_destroyed(keys, name))
        return RESULT_NOT_FOUND;
    TRY(read_wrapped(keys, name, file));
    uint32_t version = get_version(file + MAGIC_SIZE);
    if (version == keys->master->version)
        return unwrap(keys->master, name, file, ret_key);
    if (keys->next != NULL && version == keys->next->version)
        return unwrap(keys->next, name, file, ret_key);
    return RESULT_CORRUPT;
}

static enum result make_locked(struct vault_keys *keys, const char *name, uint8_t *ret_key)
{
    uint8_t file[WRAPPED_FILE_SIZE];
    char path[PATH_BYTES];
    key_path(keys, name, path);
    if (is_destroyed(keys, name) || disk_exists(path))
        return RESULT_CONFLICT;
    randombytes_buf(ret_key, VAULT_KEY_SIZE);
    TRY(wrap(keys->next != NULL ? keys->next : keys->master, name, ret_key, file));
    return disk_put(path, file, sizeof file);
}

enum result vault_key_make(struct vault_keys *keys, const char *name)
{
    uint8_t key[VAULT_KEY_SIZE];
    if (!vault_name_is_valid(name))
        return RESULT_INVALID;
    (void)pthread_rwlock_wrlock(&keys->lock);
    enum result result = make_locked(keys, name, key);
    (void)pthread_rwlock_unlock(&keys->lock);
    sodium_memzero(key, sizeof key);
    return result;
}

enum result vault_key_get(struct vault_keys *keys, const char *name, uint8_t ret_key[VAULT_KEY_SIZE])
{
    if (!vault_name_is_valid(name))
        return RESULT_NOT_FOUND;
    (void)pthread_rwlock_rdlock(&keys->lock);
    enum result result = get_locked(keys, name, ret_key);
    (void)pthread_rwlock_unlock(&keys->lock);
    return result;
}

enum result vault_key_ensure(struct vault_keys *keys, const char *name, uint8_t ret_key[VAULT_KEY_SIZE])
{
    enum result result = vault_key_get(keys, name, ret_key);
    if (result != RESULT_NOT_FOUND || !vault_name_is_valid(name))
        return result;
    (void)pthread_rwlock_wrlock(&keys->lock);
    result = get_locked(keys, name, ret_key); /* another thread may have been faster */
    if (result == RESULT_NOT_FOUND)
        result = make_locked(keys, name, ret_key);
    (void)pthread_rwlock_unlock(&keys->lock);
    return result;
}

struct digest vault_key_identifier(const uint8_t key[VAULT_KEY_SIZE])
{
    static const char label[] = "dukou key identifier 1";
    return digest_hmac(key, VAULT_KEY_SIZE, label, sizeof label - 1);
}

/* ---- destruction ---- */

static enum result destroy_locked(struct vault_keys *keys, const char *name, const char *certificate)
{
    char path[PATH_BYTES];
    key_path(keys, name, path);
    if (is_destroyed(keys, name) || !disk_exists(path))
        return RESULT_NOT_FOUND;
    for (int i = 0; i < 2; i++) {
        char tombstone[PATH_BYTES];
        path_of(keys->tombstones[i], name, "", tombstone);
        TRY(disk_put(tombstone, certificate, strlen(certificate)));
    }
    return disk_shred(path);
}

enum result vault_key_destroy(struct vault_keys *keys, const char *name, const char *certificate)
{
    if (!vault_name_is_valid(name))
        return RESULT_NOT_FOUND;
    (void)pthread_rwlock_wrlock(&keys->lock);
    enum result result = destroy_locked(keys, name, certificate);
    (void)pthread_rwlock_unlock(&keys->lock);
    return result;
}

enum result vault_key_certificate(struct vault_keys *keys, struct arena *arena, const char *name,
                                  const char **ret_certificate)
{
    char path[PATH_BYTES];
    void *bytes = NULL;
    size_t size;
    if (!vault_name_is_valid(name))
        return RESULT_NOT_FOUND;
    path_of(keys->tombstones[0], name, "", path);
    if (!disk_exists(path))
        path_of(keys->tombstones[1], name, "", path);
    TRY(disk_get(arena, path, CERTIFICATE_BYTES, &bytes, &size));
    *ret_certificate = bytes;
    return RESULT_OK;
}

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
    memcpy(file, master_magic, MAGIC_SIZE);
    put_version(file + MAGIC_SIZE, master->version);
    memcpy(file + MAGIC_SIZE + VERSION_SIZE, master->key, VAULT_KEY_SIZE);
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
    TRY(read_small(path, file, sizeof file));
    enum result result = RESULT_CORRUPT;
    if (memcmp(file, master_magic, MAGIC_SIZE) == 0) {
        ret_master->version = get_version(file + MAGIC_SIZE);
        memcpy(ret_master->key, file + MAGIC_SIZE + VERSION_SIZE, VAULT_KEY_SIZE);
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
    uint8_t file[WRAPPED_FILE_SIZE];
    char path[PATH_BYTES];
    if (rewrap->stop_after == VAULT_ROTATION_ONE_KEY && rewrap->done > 0)
        return RESULT_CANCELLED;
    TRY(read_wrapped(keys, name, file));
    if (get_version(file + MAGIC_SIZE) == keys->next->version)
        return RESULT_OK;
    TRY(get_locked(keys, name, key));
    key_path(keys, name, path);
    enum result result = wrap(keys->next, name, key, file);
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
    TRY(walk_keys(keys, rewrap_one, &rewrap));
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
    TRY(walk_keys(keys, count_one, &wrapped));
    if (wrapped > 0)
        return RESULT_CORRUPT; /* a new master key could open none of them */
    keys->master->version = 1;
    randombytes_buf(keys->master->key, VAULT_KEY_SIZE);
    return master_write(keys->master_path, keys->master);
}

/* Brings any state that a crash can leave to one master key. */
static enum result master_open(struct vault_keys *keys)
{
    char temporary[PATH_BYTES + 4];
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
    enum result result = get_locked(keys, name, key);
    sodium_memzero(key, sizeof key);
    return result;
}

/* A backup that was restored must not bring a destroyed key back. */
static enum result bury_one(struct vault_keys *keys, const char *name, void *argument)
{
    char path[PATH_BYTES];
    (void)argument;
    if (!is_destroyed(keys, name))
        return RESULT_OK;
    key_path(keys, name, path);
    return disk_shred(path);
}

/* What a crash left half written may hold a wrapped key that was destroyed since. */
static enum result sweep_temporaries(struct vault_keys *keys)
{
    char path[PATH_BYTES + NAME_MAX];
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
    TRY(sweep_temporaries(keys));
    TRY(walk_keys(keys, bury_one, NULL));
    TRY(master_open(keys));
    return walk_keys(keys, check_one, NULL);
}

enum result vault_keys_open(const char *folder, const char *master, const char *second_tombstones,
                            struct vault_keys **ret_keys)
{
    enum { ROOM = PATH_BYTES - VAULT_NAME_SIZE - 16 };
    if (strlen(folder) > ROOM || strlen(second_tombstones) > ROOM ||
        (master != NULL && strlen(master) > ROOM))
        return RESULT_TOO_LARGE;
    if (sodium_init() < 0)
        return RESULT_UNAVAILABLE;
    struct vault_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return RESULT_MEMORY;
    (void)snprintf(keys->folder, PATH_BYTES, "%s", folder);
    (void)snprintf(keys->tombstones[0], PATH_BYTES, "%.*s/destroyed", (int)ROOM, folder);
    (void)snprintf(keys->tombstones[1], PATH_BYTES, "%s", second_tombstones);
    if (master != NULL)
        (void)snprintf(keys->master_path, PATH_BYTES, "%s", master);
    else
        (void)snprintf(keys->master_path, PATH_BYTES, "%.*s/master", (int)ROOM, folder);
    (void)snprintf(keys->new_path, PATH_BYTES, "%.*s.new", (int)ROOM + 8, keys->master_path);
    (void)snprintf(keys->old_path, PATH_BYTES, "%.*s.old", (int)ROOM + 8, keys->master_path);
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
