/* A resource's rows, read where they live: CSV and Parquet through the engine's jail, PostgreSQL through
 * libpq. What comes out is Parquet in a memory file, encoded afresh in the jail; nothing is written to
 * a disk.
 *
 * Refusals that may be told to the platform carry LAW(CALL_REVIEW): they concern the order, or rows that
 * break the declared rules, and hold no local path and no value of a row. All others are the provider's own
 * affair. */
#pragma once

#include "peers/source/order.h"

struct rows {
    int fd; /* Parquet; the caller closes it */
    int64_t count;
};

/* Exactly the columns, rows and period of the order, as they are now. */
enum result rows_of_order(struct engine *engine, struct arena *arena, const struct source_resource *resource,
                          const struct order *order, struct rows *ret_rows, struct refusal *ret_refusal);

/* The whole resource for measuring: with the columns' types as found, and how many values of each break the
 * declared rules. `fields` are as they stand in the rows. */
struct rows_found {
    struct rows rows;
    const struct engine_field *fields;
    const int64_t *violations; /* per field, as a delivery would count them */
    size_t field_count;
};
enum result rows_of_resource(struct engine *engine, struct arena *arena,
                             const struct source_resource *resource, struct rows_found *ret_found,
                             struct refusal *ret_refusal);
