/* Prints a checked query afresh for DuckDB 1.5, with what must be measured beside it.
 *
 * The answer's columns, in order (O outputs, R resources, A aggregates):
 *   0 … O-1                       the developer's columns
 *   O+r                           "__n_<r>": occupied buckets among 64 of the group's rows, of resource r
 *   O+R+4(iR+r) … +3              "__n_<r>_<i>", "__t_<r>_<i>", "__b1_<r>_<i>", "__b2_<r>_<i>" of aggregate
 * i: buckets that contribute to it (a value that is neither NULL nor zero), the sum of all contributions (of
 * their sizes, where they may be negative), and the two largest buckets' sums (0 where there is none; all
 * three NULL for a COUNT(DISTINCT dimension), whose __n is the fewest buckets behind any value) n is BIGINT;
 * t, b1 and b2 are DOUBLE. Rows whose subject is NULL share one bucket of their own, which counts for
 * dominance and not for n. README.md says why this is sound. */
#pragma once

#include "base/arena.h"
#include "guard/query.h"

struct release_output {
    const char *name;
    struct type type;
    uint64_t aggregates; /* set of those the column rests on; 0 for a dimension or constant */
};

struct release_plan {
    const struct release_output *outputs;
    size_t output_count;
    const char *const *resources; /* table names, in the order of r */
    size_t resource_count;
    size_t aggregate_count;
    uint64_t weighted;   /* set of aggregates: sums and averages of more than a plain column, which can hide
                          * several numbers in the digits of one */
    uint64_t own;        /* set of aggregates over columns of imports */
    size_t column_count; /* of the whole answer */
};

struct guard_printed {
    const char *sql;
    size_t group_bytes; /* kept of each group and bucket while it runs: engine_limits */
    struct release_plan plan;
};

/* RESULT_TOO_LARGE over LIMIT_PRINTED_SQL_BYTES. */
enum result guard_print_duckdb(struct arena *arena, const struct query *query,
                               struct guard_printed *ret_printed);

/* Columns of the answer. */
static inline size_t release_rows_column(const struct release_plan *plan, size_t resource)
{
    return plan->output_count + resource;
}

static inline size_t release_measure_column(const struct release_plan *plan, size_t aggregate,
                                            size_t resource)
{
    return plan->output_count + plan->resource_count + 4 * (aggregate * plan->resource_count + resource);
}
