/* Backup and restore of a store that is no file: as a copy in SQLite. */
#pragma once

#include "store/backend.h"

enum result transfer_backup(struct store *store, const struct store_schema *schema, const char *path);
/* Only into a store that holds no row, or just those of the copy: whoever overwrites a database drops it
 * first. */
enum result transfer_restore(const struct store_restoring *restoring);
