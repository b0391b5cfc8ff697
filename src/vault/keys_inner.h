/* Inside of the key store: shared by keys.c (the wrapped keys) and keys_master.c (the master key, its
 * rotation and the opening of the store); nobody else's business. */
#pragma once

#include "vault/keys.h"

#include <pthread.h>

enum {
    KEYS_PATH_BYTES = 1024,
    KEYS_VERSION_SIZE = 4,
    KEYS_MAGIC_SIZE = 8,
    KEYS_SALT_SIZE = 32,
    KEYS_TAG_SIZE = 16,
    KEYS_WRAPPED_SIZE = KEYS_MAGIC_SIZE + KEYS_VERSION_SIZE + KEYS_SALT_SIZE + VAULT_KEY_SIZE + KEYS_TAG_SIZE,
};

/* In memory that is locked and guarded (sodium_malloc). */
struct master {
    uint32_t version;
    uint8_t key[VAULT_KEY_SIZE];
};

struct vault_keys {
    char folder[KEYS_PATH_BYTES];
    char master_path[KEYS_PATH_BYTES];
    char new_path[KEYS_PATH_BYTES];
    char old_path[KEYS_PATH_BYTES];
    char tombstones[2][KEYS_PATH_BYTES];
    pthread_rwlock_t lock; /* held for writing while files of keys change */
    struct master *master;
    struct master *next; /* while a rotation runs */
};

/* ---- keys.c; the lock is held ---- */

void keys_path(const struct vault_keys *keys, const char *name, char *ret_path);
bool keys_is_destroyed(const struct vault_keys *keys, const char *name);
/* Finishes the destruction of a name that has a tombstone: the other tombstone, and the end of the wrapped
 * file. */
enum result keys_bury(struct vault_keys *keys, const char *name);

/* Calls `each` for every wrapped key until it fails. */
typedef enum result keys_each(struct vault_keys *keys, const char *name, void *argument);
enum result keys_walk(struct vault_keys *keys, keys_each *each, void *argument);

void keys_put_version(uint8_t *at, uint32_t version);
uint32_t keys_get_version(const uint8_t *at);

enum result keys_wrap(const struct master *master, const char *name, const uint8_t *key, uint8_t *ret_file);
/* A file of exactly this size; wipes its copy. RESULT_CORRUPT for another size. */
enum result keys_read_small(const char *path, uint8_t *bytes, size_t size);
enum result keys_read_wrapped(struct vault_keys *keys, const char *name, uint8_t *ret_file);
enum result keys_get(struct vault_keys *keys, const char *name, uint8_t *ret_key);
