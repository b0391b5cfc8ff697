/* What a store is opened with: statements, migrations and the tables that the audit log leaves out. The
 * program has one schema, made at build; a test may bring its own and name its statements by casting to enum
 * sql. */
#pragma once

#include "base/refusal.h"
#include "store/store.h"

struct store_schema {
    const struct sql_statement *statements;
    size_t statement_count;
    const struct sql_migration *migrations; /* ordered by number */
    size_t migration_count;
    const struct store_uncovered *uncovered; /* ends with {0} */
};

/* The schema of the program. */
extern const struct store_schema store_schema_built;

/* store_open_explained() with another schema, which must outlive the store. */
enum result store_open_schema(const char *url, const struct store_schema *schema, struct arena *arena,
                              struct refusal *ret_refusal, struct store **ret_store);

/* The reason why `table` is not covered, or NULL when it is. */
const char *store_schema_uncovered(const struct store_schema *schema, const char *table);
