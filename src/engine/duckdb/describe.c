/* Finding the columns of a file, their types and how many values are missing. */
#include "engine/duckdb/schema.h"
#include "engine/duckdb/source.h"
#include "engine/duckdb/worker.h"

#include <string.h>

enum { SAMPLE_ROWS = 10000, BATCH_COLUMNS = 100 };

struct describing {
    struct worker *worker;
    struct source source;
    const enum engine_type **found; /* per column the first candidate that has not failed yet */
    int64_t *nulls;
    int64_t rows;
};

static bool is_open(const struct describing *d, size_t i)
{
    return strcmp(d->source.types[i], "VARCHAR") == 0 && *d->found[i] != ENGINE_TEXT;
}

/* Tries the candidates of the columns from `first` up to `end` on `from`; a column that does not fit its own
 * goes on to its next. False when there were such. */
static bool try_columns(struct describing *d, const char *from, size_t first, size_t end)
{
    struct wire_out list = {0};
    worker_append(&list, "", "count(*)::BIGINT");
    for (size_t i = first; i < end; i++) {
        const char *column = d->source.quoted[i];
        worker_append(&list, ", ", "(count(*) - count(%s))::BIGINT", column);
        if (is_open(d, i)) /* Not FILTER: that copies all columns for each aggregate. */
            worker_append(&list, ", ", "coalesce(bool_and(CASE WHEN %s IS NULL THEN true ELSE %s END), true)",
                          column, schema_fits(*d->found[i], column));
    }
    struct worker_grid grid =
        worker_grid(d->worker, d->source.format == ENGINE_CSV ? FAILURE_UNKNOWN : FAILURE_NOT_PARQUET,
                    "SELECT %s FROM %s", worker_text(&list), from);
    const struct worker_cell *cell = grid.cells;
    bool all_fit = true;
    d->rows = cell++->integer;
    for (size_t i = first; i < end; i++) {
        d->nulls[i] = cell++->integer;
        if (is_open(d, i) && cell++->integer == 0) {
            d->found[i]++;
            all_fit = false;
        }
    }
    return all_fit;
}

/* Until all fit; in batches, since each expression has its vectors in memory. */
static void settle(struct describing *d, const char *from)
{
    for (size_t first = 0; first < d->source.columns; first += BATCH_COLUMNS) {
        size_t left = d->source.columns - first;
        while (!try_columns(d, from, first, first + (left < BATCH_COLUMNS ? left : BATCH_COLUMNS)))
            continue;
    }
}

_Noreturn void worker_describe(struct worker *worker, struct wire_in *job)
{
    struct describing d = {.worker = worker};
    struct wire_out answer = {0};
    source_open(worker, job, &d.source);
    d.found = worker_array(sizeof *d.found, d.source.columns);
    d.nulls = worker_array(sizeof *d.nulls, d.source.columns);
    for (size_t i = 0; i < d.source.columns; i++) {
        d.found[i] = schema_candidates(d.source.types[i]);
        if (d.found[i] == NULL)
            worker_fail(worker, FAILURE_COLUMN_TYPE, d.source.names[i], d.source.names[i]);
    }
    /* A conversion that fails costs much more than one that does not: fail on a sample. */
    settle(&d, worker_format("(SELECT * FROM %s LIMIT %d)", d.source.from, SAMPLE_ROWS));
    settle(&d, d.source.from);
    wire_put_u64(&answer, (uint64_t)d.rows);
    wire_put_u32(&answer, (uint32_t)d.source.columns);
    for (size_t i = 0; i < d.source.columns; i++) {
        bool nothing = d.nulls[i] == d.rows && strcmp(d.source.types[i], "VARCHAR") == 0;
        wire_put_text(&answer, d.source.names[i]);
        wire_put_u32(&answer, nothing ? ENGINE_TEXT : *d.found[i]);
        wire_put_u64(&answer, (uint64_t)d.nulls[i]);
    }
    worker_answer(worker, &answer);
}
