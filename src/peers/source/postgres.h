/* PostgreSQL as a source, through libpq: one read-only snapshot. The role that the provider gives the agent
 * needs SELECT on the table and nothing else. Messages of the server are not passed on, since they can quote
 * rows; their SQLSTATE is. */
#pragma once

#include "peers/source/config.h"

struct postgres;

enum result postgres_open(struct arena *arena, const struct source_resource *resource,
                          struct postgres **ret_postgres, struct refusal *ret_refusal);
void postgres_close(struct postgres *postgres);

/* The table's columns with the types they are read as: whole numbers as integer, other numbers as double,
 * dates, booleans and times as such, the rest as text. RESULT_NOT_FOUND when there is no such table. */
enum result postgres_fields(struct arena *arena, struct postgres *postgres,
                            const struct source_resource *resource, struct engine_field **ret_fields,
                            size_t *ret_count, struct refusal *ret_refusal);

/* Writes the rows of a SELECT as CSV with a header to `fd`. */
enum result postgres_copy(struct arena *arena, struct postgres *postgres, const char *sql, int fd,
                          int64_t *ret_rows, struct refusal *ret_refusal);

/* "schema"."table" of SCHEMA.TABLE. */
const char *postgres_table(struct arena *arena, const char *table);

static inline void postgres_cleanup(struct postgres **postgres)
{
    postgres_close(*postgres);
}
#define CLEANUP_POSTGRES __attribute__((cleanup(postgres_cleanup)))
