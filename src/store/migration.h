/* What a database remembers of its migrations, the same in every back-end: each with the digest of its text.
 */
#pragma once

#include "store/backend.h"

/* RESULT_CONFLICT, with the migration's number before the words; they are copied into opening->arena. */
enum result migration_refuse(const struct store_opening *opening, int number, const char *zh, const char *en,
                             const char *remedy_zh, const char *remedy_en);

/* The digest of a migration's text as hexadecimal, DIGEST_TEXT_SIZE bytes. */
void migration_digest(const struct sql_migration *migration, char *ret_text);

/* RESULT_OK when the migration remembered as `number` is the schema's, whose place in `applied` it then
 * marks; otherwise RESULT_CONFLICT: its text has changed since, or the database is newer than the program. */
enum result migration_check(const struct store_opening *opening, int number, const char *sha256,
                            bool *applied);
