#include "vault/keys.h"

#include "vault/disk.h"
#include "vault/keys_inner.h"
#include "vault/suite.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { CERTIFICATE_BYTES = 4 * 1024 * 1024 };

static const char wrapped_magic[KEYS_MAGIC_SIZE + 1] = "DKWRAPD1";

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
        snprintf(ret_path, KEYS_PATH_BYTES, "%s/%.*s-%s%s", folder, length, name, name + length + 1, suffix);
    assert(size < KEYS_PATH_BYTES);
}

void keys_path(const struct vault_keys *keys, const char *name, char *ret_path)
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

bool keys_is_destroyed(const struct vault_keys *keys, const char *name)
{
    char path[KEYS_PATH_BYTES];
    for (int i = 0; i < 2; i++) {
        path_of(keys->tombstones[i], name, "", path);
        if (disk_exists(path))
            return true;
    }
    return false;
}

enum result keys_walk(struct vault_keys *keys, keys_each *each, void *argument)
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

void keys_put_version(uint8_t *at, uint32_t version)
{
    for (int i = 0; i < KEYS_VERSION_SIZE; i++)
        at[i] = (uint8_t)(version >> (8 * i));
}

uint32_t keys_get_version(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* magic, master's version, salt, sealed key. The wrapping key is derived from the master and the fresh salt,
 * so that the fixed nonce of suite_seal() is used once only. */
enum result keys_wrap(const struct master *master, const char *name, const uint8_t *key, uint8_t *ret_file)
{
    uint8_t *version = ret_file + KEYS_MAGIC_SIZE;
    uint8_t *salt = version + KEYS_VERSION_SIZE;
    struct suite_keys derived;
    memcpy(ret_file, wrapped_magic, KEYS_MAGIC_SIZE);
    keys_put_version(version, master->version);
    randombytes_buf(salt, KEYS_SALT_SIZE);
    suite_derive(SUITE_AES_256_GCM, master->key, salt, KEYS_SALT_SIZE, &derived);
    enum result result =
        suite_seal(&derived, master->version, name, strlen(name), key, VAULT_KEY_SIZE, salt + KEYS_SALT_SIZE);
    sodium_memzero(&derived, sizeof derived);
    return result;
}

static enum result unwrap(const struct master *master, const char *name, const uint8_t *file,
                          uint8_t *ret_key)
{
    const uint8_t *salt = file + KEYS_MAGIC_SIZE + KEYS_VERSION_SIZE;
    struct suite_keys derived;
    suite_derive(SUITE_AES_256_GCM, master->key, salt, KEYS_SALT_SIZE, &derived);
    enum result result = suite_open(&derived, master->version, name, strlen(name), salt + KEYS_SALT_SIZE,
                                    VAULT_KEY_SIZE, ret_key);
    sodium_memzero(&derived, sizeof derived);
    return result;
}

enum result keys_read_small(const char *path, uint8_t *bytes, size_t size)
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

enum result keys_read_wrapped(struct vault_keys *keys, const char *name, uint8_t *ret_file)
{
    char path[KEYS_PATH_BYTES];
    keys_path(keys, name, path);
    TRY(keys_read_small(path, ret_file, KEYS_WRAPPED_SIZE));
    return memcmp(ret_file, wrapped_magic, KEYS_MAGIC_SIZE) == 0 ? RESULT_OK : RESULT_CORRUPT;
}

enum result keys_get(struct vault_keys *keys, const char *name, uint8_t *ret_key)
{
    uint8_t file[KEYS_WRAPPED_SIZE];
    if (keys_is_destroyed(keys, name))
        return RESULT_NOT_FOUND;
    TRY(keys_read_wrapped(keys, name, file));
    uint32_t version = keys_get_version(file + KEYS_MAGIC_SIZE);
    if (version == keys->master->version)
        return unwrap(keys->master, name, file, ret_key);
    if (keys->next != NULL && version == keys->next->version)
        return unwrap(keys->next, name, file, ret_key);
    return RESULT_CORRUPT;
}

static enum result make_locked(struct vault_keys *keys, const char *name, uint8_t *ret_key)
{
    uint8_t file[KEYS_WRAPPED_SIZE];
    char path[KEYS_PATH_BYTES];
    keys_path(keys, name, path);
    if (keys_is_destroyed(keys, name) || disk_exists(path))
        return RESULT_CONFLICT;
    randombytes_buf(ret_key, VAULT_KEY_SIZE);
    TRY(keys_wrap(keys->next != NULL ? keys->next : keys->master, name, ret_key, file));
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
    enum result result = keys_get(keys, name, ret_key);
    (void)pthread_rwlock_unlock(&keys->lock);
    return result;
}

enum result vault_key_ensure(struct vault_keys *keys, const char *name, uint8_t ret_key[VAULT_KEY_SIZE])
{
    enum result result = vault_key_get(keys, name, ret_key);
    if (result != RESULT_NOT_FOUND || !vault_name_is_valid(name))
        return result;
    (void)pthread_rwlock_wrlock(&keys->lock);
    result = keys_get(keys, name, ret_key); /* another thread may have been faster */
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

static enum result certificate_read(const struct vault_keys *keys, struct arena *arena, const char *name,
                                    const char **ret_certificate)
{
    char path[KEYS_PATH_BYTES];
    void *bytes = NULL;
    size_t size;
    path_of(keys->tombstones[0], name, "", path);
    if (!disk_exists(path))
        path_of(keys->tombstones[1], name, "", path);
    TRY(disk_get(arena, path, CERTIFICATE_BYTES, &bytes, &size));
    *ret_certificate = bytes;
    return RESULT_OK;
}

enum result keys_bury(struct vault_keys *keys, const char *name)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *certificate;
    char path[KEYS_PATH_BYTES];
    TRY(certificate_read(keys, arena, name, &certificate));
    for (int i = 0; i < 2; i++) {
        path_of(keys->tombstones[i], name, "", path);
        if (!disk_exists(path))
            TRY(disk_put(path, certificate, strlen(certificate)));
    }
    keys_path(keys, name, path);
    enum result result = disk_shred(path);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result destroy_locked(struct vault_keys *keys, const char *name, const char *certificate)
{
    char path[KEYS_PATH_BYTES];
    keys_path(keys, name, path);
    if (keys_is_destroyed(keys, name) || !disk_exists(path))
        return RESULT_NOT_FOUND;
    for (int i = 0; i < 2; i++) {
        char tombstone[KEYS_PATH_BYTES];
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

enum result vault_key_bury(struct vault_keys *keys, const char *name)
{
    if (!vault_name_is_valid(name))
        return RESULT_OK;
    (void)pthread_rwlock_wrlock(&keys->lock);
    enum result result = keys_is_destroyed(keys, name) ? keys_bury(keys, name) : RESULT_OK;
    (void)pthread_rwlock_unlock(&keys->lock);
    return result;
}

enum result vault_key_certificate(struct vault_keys *keys, struct arena *arena, const char *name,
                                  const char **ret_certificate)
{
    return vault_name_is_valid(name) ? certificate_read(keys, arena, name, ret_certificate)
                                     : RESULT_NOT_FOUND;
}

/* The tombstones of one folder; those that `before` has as well are passed over. */
static enum result walk_tombstones(const char *path, const char *before, vault_each_destroyed *each,
                                   void *argument)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? RESULT_OK : RESULT_IO;
    enum result result = RESULT_OK;
    struct dirent *entry;
    while (result == RESULT_OK && (entry = readdir(folder)) != NULL) {
        char name[VAULT_NAME_SIZE];
        char first[KEYS_PATH_BYTES];
        char *dash;
        size_t length = strlen(entry->d_name);
        if (length >= sizeof name)
            continue;
        memcpy(name, entry->d_name, length + 1);
        if ((dash = strchr(name, '-')) == NULL)
            continue;
        *dash = '/';
        if (!vault_name_is_valid(name))
            continue;
        if (before != NULL) {
            path_of(before, name, "", first);
            if (disk_exists(first))
                continue;
        }
        result = each(name, argument);
    }
    (void)closedir(folder);
    return result;
}

enum result vault_keys_destroyed(struct vault_keys *keys, vault_each_destroyed *each, void *argument)
{
    (void)pthread_rwlock_rdlock(&keys->lock);
    enum result result = walk_tombstones(keys->tombstones[0], NULL, each, argument);
    if (result == RESULT_OK)
        result = walk_tombstones(keys->tombstones[1], keys->tombstones[0], each, argument);
    (void)pthread_rwlock_unlock(&keys->lock);
    return result;
}
