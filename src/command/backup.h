/* A backup's folder: dukou.db, log/, vault/, and `files`, the list of what is in log and vault with digests.
 */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"

/* Writes the list, last of all: a folder without one was cut short. */
enum result backup_seal(struct arena *arena, const char *folder);

/* Reads everything back: each file of the list, the store (on a copy, which the check must not change), and
 * the log with every row of the store against it. With `keys`, a copy of HOME/keys: that they open every file
 * of the vault whose key is not destroyed, to the last byte. RESULT_CORRUPT, and what is wrong, when anything
 * does not fit. */
enum result backup_check(struct arena *arena, const char *folder, const char *keys,
                         struct refusal *ret_refusal);
