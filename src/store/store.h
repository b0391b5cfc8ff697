/* The store: rows, transactions, named statements. In a SQLite file or in PostgreSQL; no caller sees which.
 *
 * Rules
 * 1. SQL stands in .sql files and is named there; SQL_* names it here. Parameters are bound by name.
 * 2. All work happens in a transaction, given as a function. It may run more than once (the store retries
 *    it, or another unit of the same group commit failed), so it touches nothing but `tx` and memory that it
 *    allocated itself.
 *    It may run on the thread of another caller, and never calls store_write() itself.
 * 3. store_write() returns only when the change is durable. Units of several threads share one durable
 * commit. A unit that fails leaves no trace and does not harm the others.
 * 4. Every table is covered by the audit log unless store_uncovered[] lists it with the reason. A covered
 *    table has `id INTEGER PRIMARY KEY` (or BIGINT). A unit that changed a covered row and did not write an
 *    audit entry that takes the change (store_changes_take) is rolled back with RESULT_CORRUPT.
 * 5. A failed fsync stops the process; it is never retried.
 */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"
#include "base/result.h"
#include "base/spread.h"
#include "sql.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t row_id;

struct store;
struct store_tx;

/* ---- opening ---- */

/* `url`: a path or file: URL opens SQLite, postgresql:// PostgreSQL. Runs the migrations that are missing. */
enum result store_open(const char *url, struct store **ret_store);
/* The same, and says why not: a database newer than the program, a migration whose text changed, a table that
 * the audit log cannot cover, a file that is none. Words are in `arena`. */
enum result store_open_explained(const char *url, struct arena *arena, struct refusal *ret_refusal,
                                 struct store **ret_store);
/* Whether there is a store to open, which opening would otherwise make: RESULT_NOT_FOUND when not. */
enum result store_there(const char *url);
/* The address as it may be shown and logged: without a password. In the arena. */
char *store_shown(struct arena *arena, const char *url);
/* Nobody may be inside store_read() or store_write() any more. */
void store_close(struct store *store);

/* Copies the store as of one instant to the new file `path`, while it serves; it is there whole or not at
 * all. RESULT_CONFLICT when `path` exists. */
enum result store_backup(struct store *store, const char *path);

/* Puts the copy `from`, once it is found whole and a store of ours, at `to`. RESULT_CONFLICT when there is a
 * city and `overwrite` is false; RESULT_BUSY while a server has it open. A city that is overwritten stays
 * beside it as `to`.replaced until the next restore. */
enum result store_restore(const char *from, const char *to, bool overwrite, struct arena *arena,
                          struct refusal *ret_refusal);

/* From now on no new row of `table` gets an id of `last` or less, although no row is there that has it: for a
 * store restored from a backup, in which rows are missing that others still speak of. While nobody has it
 * open. Tables that are not there are passed over. A copy, and a backup, keep to it. */
struct store_reserved {
    const char *table;
    row_id last;
};
enum result store_reserve(const char *url, const struct store_reserved *reserved, size_t count);

/* Copies the whole store `from`, as of one instant, into `to`, which holds no row yet and which nobody uses;
 * and proves it: reads the copy and compares every row of every table, by its canonical bytes. What is
 * written to `from` meanwhile or afterwards is not in it. */
struct store_copied {
    size_t tables; /* that hold rows */
    int64_t rows;
};
enum result store_copy(struct store *from, struct store *to, struct arena *arena, struct refusal *ret_refusal,
                       struct store_copied *ret_copied);
/* Whether `copy` holds just the rows of `of`, and reserves what it reserves: RESULT_CORRUPT, with the first
 * table that does not. Nobody may write to either. */
enum result store_is_copy(struct store *of, struct store *copy, struct arena *arena,
                          struct refusal *ret_refusal);

/* ---- transactions ---- */

typedef enum result store_work(struct store_tx *tx, void *argument);

/* Blocks until the change is durable, or the unit failed: then with its result, nothing changed. */
enum result store_write(struct store *store, store_work *work, void *argument);

/* Counts the changes of all processes, each before it is acknowledged: what was read alone from the store
 * after this was asked still holds while it stays the same. */
uint64_t store_generation(struct store *store);

/* What this process has asked of the store since it opened it, for whoever watches the platform. */
struct store_figures {
    uint64_t reads;
    uint64_t writes;
    uint64_t failed[4];            /* transactions that ended in store_failures[] */
    bool has_batches;              /* the back-end commits in groups */
    struct spread_reading batches; /* units in one durable commit, by store_batch_bounds */
    int64_t log_bytes;             /* of the write-ahead log on this machine; −1: not known */
};
extern const enum result store_failures[4];
extern const struct spread_bounds store_batch_bounds;
void store_figures(struct store *store, struct store_figures *ret_figures);

/* ---- several processes on one store ---- */

/* Lead `name`: of all processes that have this store open one at a time does, until it lets go, ends or (a
 * store over a network) loses its connection. RESULT_BUSY while another leads. Use it from one thread at a
 * time. */
struct store_lead;
enum result store_lead(struct store *store, const char *name, struct store_lead **ret_lead);
/* Asks anew whether the lead still holds. Once it does not, another may lead: end it, and lead again. */
bool store_leads(struct store_lead *lead);
/* Before store_close(); NULL is allowed. */
void store_lead_end(struct store_lead *lead);

/* A consistent snapshot; statements that change anything fail with RESULT_INVALID. */
enum result store_read(struct store *store, store_work *work, void *argument);

/* ---- statements ---- */

enum store_type { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB };

struct store_value {
    enum store_type type;
    int64_t integer;
    double real;
    const void *bytes; /* text is NUL-terminated as well */
    size_t size;
};

/* A parameter: {"id", store_integer(7)}. A list ends with {0}. */
struct store_bind {
    const char *name;
    struct store_value value;
};

#define STORE_BINDS(...) ((const struct store_bind[]){__VA_ARGS__, {0}})
#define STORE_NO_BINDS ((const struct store_bind[]){{0}})

struct store_value store_null(void);
struct store_value store_integer(int64_t value);
struct store_value store_real(double value);
struct store_value store_text(const char *text); /* NULL gives SQL NULL */
struct store_value store_blob(const void *bytes, size_t size);

/* A row in the caller's arena; valid as long as that. */
struct store_row {
    size_t count;
    const char *const *names;
    const struct store_value *values;
};

/* By column name, which must exist (assert). NULL reads as 0, NULL, false. */
int64_t row_integer(const struct store_row *row, const char *column);
double row_real(const struct store_row *row, const char *column);
const char *row_text(const struct store_row *row, const char *column);
const void *row_blob(const struct store_row *row, const char *column, size_t *ret_size);
bool row_is_null(const struct store_row *row, const char *column);

struct store_rows {
    size_t count;
    const struct store_row *rows;
};

/* For ":exec" statements. RESULT_CONFLICT when a unique or foreign key forbids it; *ret_changed (may be NULL)
 * receives the number of rows changed. */
enum result store_exec(struct store_tx *tx, enum sql statement, const struct store_bind *binds,
                       int64_t *ret_changed);

/* For ":one" statements, INSERT … RETURNING included. RESULT_NOT_FOUND when there is no row. */
enum result store_one(struct store_tx *tx, struct arena *arena, enum sql statement,
                      const struct store_bind *binds, struct store_row *ret_row);

/* For ":many" statements; all rows. Ask for pages. */
enum result store_many(struct store_tx *tx, struct arena *arena, enum sql statement,
                       const struct store_bind *binds, struct store_rows *ret_rows);

/* For ":many" statements whose rows are too many to hold: `each` is called a row at a time and stops the walk
 * by returning anything but RESULT_OK, which is then returned. The row is valid during the call only. */
typedef enum result store_each_row(const struct store_row *row, void *argument);
enum result store_each(struct store_tx *tx, enum sql statement, const struct store_bind *binds,
                       store_each_row *each, void *argument);

/* ---- what the audit log covers ---- */

/* One covered row as this unit found and leaves it. `before`/`after` hold the row's canonical bytes (NULL
 * when it did not exist / is deleted): for each column that is not NULL, in table order, its name, type and
 * value. */
struct store_change {
    const char *table;
    row_id id;
    const uint8_t *before;
    size_t before_size;
    const uint8_t *after;
    size_t after_size;
};

/* The changes of this unit since the last call, in the order of the first touch; they count as recorded.
 * Memory belongs to the transaction. */
const struct store_change *store_changes_take(struct store_tx *tx, size_t *ret_count);

struct store_uncovered {
    const char *table;
    const char *reason;
};
/* Ends with {0}. */
extern const struct store_uncovered store_uncovered[];

/* Walks all rows of all covered tables in canonical bytes, ordered by table and id (for audit verify). */
typedef enum result store_each_covered(const char *table, row_id id, const uint8_t *bytes, size_t size,
                                       void *argument);
enum result store_walk_covered(struct store_tx *tx, store_each_covered *each, void *argument);
