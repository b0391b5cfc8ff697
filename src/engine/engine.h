/* The engine reads untrusted files and runs checked queries, each in a fresh worker that can reach nothing
 * but the memory files of its one job. README.md beside this file numbers the invariants.
 *
 * Every call blocks until its job is over; call from as many threads as wanted. LIMIT_WORKERS_AT_ONCE jobs
 * run at a time (parsing has LIMIT_PARSERS_AT_ONCE places of its own), further ones wait. Results are in the
 * caller's arena. On failure outputs are untouched and *ret_refusal (may be NULL) says why; no refusal ever
 * quotes a value of a row, since those may be shown to people who must not see rows.
 *
 * Results every call may give besides its own: RESULT_CANCELLED (engine_job_cancel), RESULT_TIMEOUT,
 * RESULT_MEMORY (over the job's bound), RESULT_UNAVAILABLE (the worker died: this job only),
 * RESULT_CORRUPT (the worker's answer does not read), RESULT_BUSY, RESULT_IO. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"
#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

/* Kills what runs, waits for the calls to return (RESULT_UNAVAILABLE) and frees; NULL is allowed. */
void engine_stop(struct engine *engine);

/* Which layers of the jail the machine gives its workers, as a set of `1u << enum jail_layer` (jail/jail.h).
 * Starts a worker to ask it. */
enum result engine_jail(struct engine *engine, uint32_t *ret_layers, struct refusal *ret_refusal);

/* One piece of work, so that another thread can watch and stop it. Use a new one for each call below;
 * where a call takes a job, NULL means that nobody watches. */
struct engine_job;

struct engine_job *engine_job_new(void);
void engine_job_free(struct engine_job *job); /* after its call has returned; NULL is allowed */

/* Kills the job's worker at once, or gives up its place in the queue; from any thread, more than once. */
void engine_job_cancel(struct engine_job *job);

/* Thousandths done, 0 … 1000; -1 while it waits for a place or the engine cannot tell. */
int engine_job_progress(struct engine_job *job);

/* 0 stands for the default named beside it. */
struct engine_limits {
    size_t memory_bytes; /* LIMIT_WORKER_MEMORY_BYTES */
    unsigned seconds;    /* LIMIT_QUERY_SECONDS, from the start of the worker's work */
    unsigned threads;    /* the machine's processors */
    size_t answer_rows;  /* LIMIT_ANSWER_ROWS */
    size_t answer_bytes; /* LIMIT_ANSWER_BYTES */
    /* Of what a query keeps of each group, about; 0 for unknown. Where it is known and groups are told apart
     * by small whole numbers, the worker may hold a place ready for every possible group, within a fifth of
     * its memory, and hash none: twice as fast for thousands of groups. */
    size_t group_bytes;
};

enum engine_type {
    ENGINE_TEXT,      /* .texts */
    ENGINE_INTEGER,   /* .integers, 64 bits */
    ENGINE_DECIMAL,   /* .texts, decimal digits: sums and fixed-point numbers wider than 64 bits */
    ENGINE_DOUBLE,    /* .doubles */
    ENGINE_BOOLEAN,   /* .integers, 0 or 1 */
    ENGINE_DATE,      /* .integers, days since 1970-01-01 */
    ENGINE_TIMESTAMP, /* .integers, microseconds since 1970-01-01T00:00:00 */
    ENGINE_TYPE_COUNT
};

/* "text", "integer", …; static storage. */
const char *engine_type_name(enum engine_type type);
/* False when `name` is no type. */
bool engine_type_parse(const char *name, enum engine_type *ret_type);

/* The tree of `sql` as DuckDB's json_serialize_sql prints it; it names only SELECT statements, in
 * .statements. RESULT_TOO_LARGE over LIMIT_SQL_BYTES, RESULT_INVALID when it does not parse (field: "position
 * N"). */
enum result engine_parse(struct engine *engine, struct engine_job *job, struct arena *arena, const char *sql,
                         size_t size, const char **ret_tree, struct refusal *ret_refusal);

/* A table of one query. The worker sees the file under `name` with just `columns`, in that order; whatever
 * bytes `fd` holds are what it can ever know (fill in only the chunks of those columns:
 * engine_layout_ranges). The descriptor stays the caller's; the worker gets it read-only, so a memfd must not
 * be sealed against reopening and /proc must be mounted. */
struct engine_table {
    const char *name;
    int fd;                     /* Parquet */
    const char *const *columns; /* NULL: all */
    size_t column_count;
};

struct engine_query {
    const char *sql;                   /* one SELECT, printed by the guard; at most LIMIT_PRINTED_SQL_BYTES */
    const struct engine_table *tables; /* at most LIMIT_QUERY_TABLES */
    size_t table_count;
    struct engine_limits limits;
};

struct engine_text {
    const char *bytes; /* UTF-8, followed by a NUL that `size` does not count */
    size_t size;
};

struct engine_column {
    const char *name;
    enum engine_type type;
    const uint8_t *nulls; /* per row, 1 where there is no value */
    union {
        const int64_t *integers;
        const double *doubles;
        const struct engine_text *texts;
    };
};

struct engine_answer {
    size_t rows;
    size_t column_count;
    const struct engine_column *columns;
};

/* RESULT_INVALID: the engine does not accept the query, or a value cannot be computed (which value is not
 * told). RESULT_TOO_LARGE: the answer passes its limits. */
enum result engine_run(struct engine *engine, struct engine_job *job, struct arena *arena,
                       const struct engine_query *query, struct engine_answer *ret_answer,
                       struct refusal *ret_refusal);

/* Runs a query as engine_run() does, and writes its rows as Parquet (zstd) to `output`, an empty memory file,
 * which is emptied again on failure. Its answer limits do not count. */
enum result engine_extract(struct engine *engine, struct engine_job *job, struct arena *arena,
                           const struct engine_query *query, int output, int64_t *ret_rows,
                           struct refusal *ret_refusal);

enum engine_format {
    ENGINE_CSV,    /* RFC 4180, UTF-8 without a byte order mark, comma, header line; an empty field is NULL */
    ENGINE_PARQUET /* flat columns */
};

/* What a column has to hold. Text forms: integers and doubles in decimal without blanks or leading zeros,
 * dates as 2026-11-23 (2026-1-2 and 2026/1/2 are read too), booleans true, false, 1, 0, 是, 否, timestamps as
 * 2026-11-23 08:00:00. A double is finite. */
struct engine_field {
    const char *name;      /* not beginning with two underscores */
    enum engine_type type; /* not ENGINE_DECIMAL */
    bool nullable;
    const char *minimum; /* in text form, inclusive; NULL for none; not for text and boolean */
    const char *maximum;
    const char *pattern;     /* RE2, for text, must match the whole value; NULL for none */
    unsigned max_characters; /* for text; 0 for none */
};

struct engine_ingest {
    int input;
    enum engine_format format;
    const struct engine_field *fields; /* every column of the file, in any order; written in this one */
    size_t field_count;
    /* For each of these columns a column "__bucket_COLUMN" (UTINYINT), the low 6 bits of the next, which is
     * all that counting reads, and a column "__subject_COLUMN" (UBIGINT) are added: a hash of the secret and
     * the value's text form, NULL where the value is, for counting subjects without knowing them. */
    const char *const *subjects;
    size_t subject_count;
    const char *secret; /* text, one per room or resource; needed with subjects */
    int output; /* an empty memory file, receives Parquet (LZ4: a third more bytes than zstd, and queries
                 * that take a quarter less time); emptied again on failure */
    struct engine_limits limits;
};

struct engine_violation {
    int64_t line; /* CSV: line of the file where the row begins, the header being 1; Parquet: row, from 1 */
    const char *column; /* name of the field */
    const char *reason; /* "null", "type", "finite", "minimum", "maximum", "pattern", "length" */
};

struct engine_field_report {
    int64_t nulls;
    int64_t violations;
    int64_t not_finite; /* NaN and infinities, also counted in violations */
};

struct engine_report {
    bool accepted; /* no violation; only then the output has been written */
    int64_t rows;
    int64_t bytes;                             /* of the output */
    const struct engine_field_report *fields;  /* as in the job */
    int64_t violation_total;                   /* rows and fields that break their rule */
    const struct engine_violation *violations; /* the first LIMIT_VIOLATIONS */
    size_t violation_count;
    const char *layout; /* JSON, to be stored beside the file: see engine_layout_ranges() */
};

/* RESULT_OK also when rows break the schema: look at .accepted. RESULT_MALFORMED when the file itself cannot
 * be read (field: "line 12, column 3"); RESULT_INVALID when its columns are not those of the schema. */
enum result engine_ingest(struct engine *engine, struct engine_job *job, struct arena *arena,
                          const struct engine_ingest *ingest, struct engine_report *ret_report,
                          struct refusal *ret_refusal);

struct engine_described {
    const char *name;
    enum engine_type type; /* the narrowest that every value has */
    int64_t nulls;
};

struct engine_description {
    int64_t rows;
    size_t column_count;
    const struct engine_described *columns;
};

/* Looks at every row. RESULT_MALFORMED as engine_ingest(); RESULT_INVALID for nested or binary columns. */
enum result engine_describe(struct engine *engine, struct engine_job *job, struct arena *arena, int input,
                            enum engine_format format, const struct engine_limits *limits,
                            struct engine_description *ret_description, struct refusal *ret_refusal);

/* What the engine does now and has done since it started, for whoever watches the platform. */
struct engine_figures {
    unsigned running; /* jobs with a worker */
    unsigned waiting; /* jobs that wait for one */
    uint64_t jobs;    /* that got a worker */
    uint64_t killed;  /* of those: whose worker did not come to an answer: deadline, cancel, crash */
    bool able;        /* the last time that a worker was asked for there was one */
};
void engine_figures(struct engine *engine, struct engine_figures *ret_figures);

struct engine_range {
    int64_t offset;
    int64_t size;
};

/* Where in the footer the smallest and largest values of the other columns stand, which a worker need not
 * know: to be blanked in that memory file. None for a file that was taken in before they were noted.
 * RESULT_CORRUPT. */
enum result engine_layout_blanks(struct arena *arena, const char *layout, const char *const *columns,
                                 size_t column_count, const struct engine_range **ret_blanks,
                                 size_t *ret_blank_count);

/* The byte ranges of an ingested file that a memory file of the same size needs so that `columns` can be
 * read: magic, footer and their chunks, in order, joined where they touch. RESULT_CORRUPT when the layout
 * does not read, RESULT_NOT_FOUND for a column that the file has not. */
enum result engine_layout_ranges(struct arena *arena, const char *layout, const char *const *columns,
                                 size_t column_count, int64_t *ret_file_size,
                                 const struct engine_range **ret_ranges, size_t *ret_range_count);
