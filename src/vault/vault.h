/* The vault: objects by name ("slice/17") in encrypted files below a folder, their keys, and what is left
 * when a key is destroyed.
 *
 *     HOME/vault/slice-17.vault     the object "slice/17"
 *     HOME/vault/destroyed/         tombstones (second copy)
 *     HOME/vault/backups.json       the register of backups: [{"path","made","until"}]
 *     HOME/keys/                    keys.h
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "vault/file.h"
#include "vault/keys.h"

struct vault;

/* HOME must exist. `master` as in vault_keys_open(). `clock` is borrowed. RESULT_BUSY when another process
 * has the vault open for three seconds on end. */
enum result vault_open(const char *home, const char *master, const struct clock *clock,
                       struct vault **ret_vault);
void vault_close(struct vault *vault); /* NULL is allowed */

struct vault_keys *vault_keys_of(struct vault *vault);

/* Writes an object under a key, which is made when it is not there yet. RESULT_CONFLICT when the key was
 * destroyed. */
enum result vault_put(struct vault *vault, const char *object, const char *key, enum suite suite,
                      const char *layout, const void *plain, size_t size, struct digest *ret_digest);

/* As vault_file_open(). */
enum result vault_get(struct vault *vault, const char *object, struct vault_file **ret_file);

/* The whole object in the arena, with a NUL behind it; RESULT_TOO_LARGE over `limit`. */
enum result vault_get_bytes(struct vault *vault, struct arena *arena, const char *object, size_t limit,
                            void **ret_bytes, size_t *ret_size);

bool vault_has(struct vault *vault, const char *object);

/* Whether the certificate of a destroyed key names the object. Reads all certificates. */
bool vault_was_destroyed(struct vault *vault, const char *object);

/* The numbers of the objects KIND/NUMBER that there are, in the arena and in no order. */
size_t vault_list(struct vault *vault, struct arena *arena, const char *kind, int64_t **ret_ids);

/* Destroys a key and removes the files that nobody can read any more. *ret_certificate:
 *   {"key", "digest": the key's identifier, "at", "files": [{"object","bytes"}],
 *    "backups": [{"path","made","until"}]: registered ones that may still hold those bytes, unreadable
 * without the key} It also stays in the tombstone, from which vault_certificate() reads it. RESULT_NOT_FOUND
 * when there is no such key (any more). */
enum result vault_destroy(struct vault *vault, const char *key, json_t **ret_certificate);
enum result vault_certificate(struct vault *vault, const char *key, json_t **ret_certificate);

/* Removes the files of destroyed keys that a restored backup brought back (nobody can read them), and adds
 * the names of all destroyed keys to the array. */
enum result vault_sweep_destroyed(struct vault *vault, json_t *ret_names);

/* Enters a backup of HOME/vault, made now at `path` and kept until `until`; before it is made. Callable from
 * any process. */
enum result vault_backup_register(const char *home, const char *path, instant made, instant until);
/* Notes that the backup at `path` was read back and found whole. RESULT_NOT_FOUND when it was never entered.
 */
enum result vault_backup_verified(const char *home, const char *path, instant at);
/* When the newest backup was made, and the newest of those found whole; 0: there is none. */
enum result vault_backup_newest(const char *home, instant *ret_made, instant *ret_verified);
