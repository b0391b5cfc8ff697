/* What runs inside the jail: one DuckDB, one job, then the end. A worker frees nothing and unwinds nothing;
 * the first thing that fails is told to the keeper and ends it. */
#pragma once

#include "engine/duckdb/library.h"
#include "engine/failure.h"
#include "engine/jail/jail.h"
#include "engine/wire.h"

#include <pthread.h>
#include <stdatomic.h>

/* One empty database in memory, opened by the zygote: opening takes 10 ms, inheriting it less than one. It
 * has no thread, and nothing of a job. */
struct worker_base {
    duckdb_database database;
    duckdb_connection connection;
};

bool worker_base_open(const struct duckdb_library *db, struct worker_base *ret_base);

struct worker_options {
    const struct duckdb_library *library;
    const struct worker_base *base;
    struct jail *jail;
};

/* Serves one job that comes over `channel`. */
_Noreturn void worker_run(const struct worker_options *options, int channel);

/* ---- for the kinds of jobs ---- */

struct worker {
    const struct duckdb_library *db;
    duckdb_database database;
    duckdb_connection connection;
    int channel;
    int descriptors[WIRE_DESCRIPTORS_MAX];
    size_t descriptor_count;
    /* watch */
    pthread_t watch;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
    unsigned seconds;
    atomic_bool expired; /* the deadline is over: long loops look at it */
    atomic_int scanned;  /* thousandths that a loop outside DuckDB reports, -1 for none */
};

_Noreturn void worker_fail(struct worker *worker, enum failure failure, const char *where,
                           const char *detail);
_Noreturn void worker_answer(struct worker *worker, const struct wire_out *answer);

/* Runs `sql`; what fails ends the worker, with `failure` for what is no fault of memory or time, or with the
 * class of DuckDB's error when that is FAILURE_NONE. */
void worker_query(struct worker *worker, enum failure failure, duckdb_result *ret_result, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
void worker_execute(struct worker *worker, enum failure failure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void worker_fail_result(struct worker *worker, enum failure failure, duckdb_result *result);

/* A small result, whole. Numbers are in .integer and text in .text; .null where neither is. */
struct worker_cell {
    bool null;
    int64_t integer;
    const char *text;
};
struct worker_grid {
    size_t rows;
    size_t columns;
    struct worker_cell *cells; /* row by row */
};
struct worker_grid worker_grid(struct worker *worker, enum failure failure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* printf into new memory. */
char *worker_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same at the end of `text`, behind `separator` unless it is empty. */
void worker_append(struct wire_out *text, const char *separator, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *worker_text(const struct wire_out *text);
/* Zeroed, never NULL. */
void *worker_array(size_t size, size_t count);
/* "a ""name""" and 'a ''constant''' */
char *worker_identifier(const char *name);
char *worker_constant(const char *text);

/* The jobs; each ends the worker. */
_Noreturn void worker_parse(struct worker *worker, struct wire_in *job);
_Noreturn void worker_select(struct worker *worker, struct wire_in *job);
_Noreturn void worker_extract(struct worker *worker, struct wire_in *job);
_Noreturn void worker_ingest(struct worker *worker, struct wire_in *job);
_Noreturn void worker_describe(struct worker *worker, struct wire_in *job);
