/* The keys of the vault: one random 256-bit key a name, each in a file of its own, wrapped (AES-256-GCM, the
 * name and the master's version as associated data) under the master key.
 *
 *     FOLDER/master              the master key, 0600; elsewhere when so configured
 *     FOLDER/grant-17.key        the wrapped key "grant/17"
 *     FOLDER/destroyed/grant-17  its tombstone once it is destroyed: the certificate
 *
 * Invariants
 * 1. A key is readable exactly as long as its wrapped file is there and no tombstone bears its name. A
 * tombstone is durable before the wrapped file is overwritten; what a restored backup brings back under a
 * tombstone is overwritten again when the store is opened. Tombstones stand in two folders (keys and vault),
 * so that restoring one of them does not take them away.
 * 2. A name that was destroyed is never given a key again.
 * 3. At every instant each wrapped file opens under `master` or `master.new`; a rotation that was cut short
 * is finished when the store is opened; the old master key is overwritten and unlinked.
 * 4. The folder is no part of an ordinary backup.
 *
 * Any number of threads may call. */
#pragma once

#include "base/arena.h"
#include "base/digest.h"
#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>

#define VAULT_KEY_SIZE 32
#define VAULT_NAME_SIZE 64 /* "grant/17" and NUL */

struct vault_keys;

/* `folder` is made when absent; its master key is made when `master` (NULL: FOLDER/master) is absent and no
 * wrapped key is there. `second_tombstones` is a folder too. Finishes a rotation that was cut short.
 * RESULT_CORRUPT when the master key is not the one that wrapped the keys, or is lost; RESULT_FORBIDDEN when
 * others may read it. */
enum result vault_keys_open(const char *folder, const char *master, const char *second_tombstones,
                            struct vault_keys **ret_keys);
void vault_keys_close(struct vault_keys *keys); /* wipes the master key; NULL is allowed */

/* KIND/ID: lower-case letters, digits and '_' on both sides of one '/'. */
bool vault_name_is_valid(const char *name);

/* Makes a new key. RESULT_CONFLICT when the name has one or had one. */
enum result vault_key_make(struct vault_keys *keys, const char *name);

/* RESULT_NOT_FOUND when there is none or it was destroyed, RESULT_CORRUPT when the file was changed. Wipe it.
 */
enum result vault_key_get(struct vault_keys *keys, const char *name, uint8_t ret_key[VAULT_KEY_SIZE]);

/* Makes it unless it is there. RESULT_CONFLICT when it was destroyed. */
enum result vault_key_ensure(struct vault_keys *keys, const char *name, uint8_t ret_key[VAULT_KEY_SIZE]);

/* What may be told of a key: HMAC of a fixed label under it. */
struct digest vault_key_identifier(const uint8_t key[VAULT_KEY_SIZE]);

/* Destroys the key: `certificate` (text) becomes its tombstone, then the wrapped file is overwritten and
 * unlinked. RESULT_NOT_FOUND when there is none. */
enum result vault_key_destroy(struct vault_keys *keys, const char *name, const char *certificate);

/* Finishes a destruction that failed half-way; nothing to do for any other name. */
enum result vault_key_bury(struct vault_keys *keys, const char *name);

/* The certificate of a destroyed key, in the arena. RESULT_NOT_FOUND. */
enum result vault_key_certificate(struct vault_keys *keys, struct arena *arena, const char *name,
                                  const char **ret_certificate);

/* Calls `each` with the name of every destroyed key. */
typedef enum result vault_each_destroyed(const char *name, void *argument);
enum result vault_keys_destroyed(struct vault_keys *keys, vault_each_destroyed *each, void *argument);

/* Steps of a rotation, for tests that stop at each. */
enum vault_rotation_step {
    VAULT_ROTATION_NEW_MASTER, /* master.new is written */
    VAULT_ROTATION_ONE_KEY,    /* the first key is rewrapped */
    VAULT_ROTATION_ALL_KEYS,   /* all are */
    VAULT_ROTATION_ASIDE,      /* master is now master.old */
    VAULT_ROTATION_MOVED,      /* master.new is now master */
    VAULT_ROTATION_DONE,       /* master.old is gone */
};

/* A new master key wraps all keys. After a failure the store must be opened anew. `stop_after` is
 * VAULT_ROTATION_DONE outside tests. */
enum result vault_keys_rotate(struct vault_keys *keys, enum vault_rotation_step stop_after);

uint32_t vault_keys_version(struct vault_keys *keys); /* of the master key, from 1 */
