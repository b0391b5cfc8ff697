/* The parts of the SQLite back-end.
 *
 *   sqlite.c      the struct of functions, opening and closing
 *   connection.c  one connection: settings, statements by number, what SQLite's errors mean
 *   statement.c   binds parameters, decodes rows
 *   covered.c     which tables the audit log covers; records changes of their rows; walks them
 *   writer.c      writing: the verbs of the group commit
 *   readers.c     reading: a pool of connections
 *   version.c     whether anything was committed
 *   lead.c        which process leads
 *   migrate.c     brings the tables to the shape the program knows
 *   copy.c        backup and restore
 *   dump.c        rows out and in, for copies between back-ends
 *
 * A connection is used by one thread at a time, so SQLite's own mutexes are off. */
#pragma once

#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include "store/backend.h"
#include "store/changes.h"
#include "store/group.h"

#include <sqlite3.h>

/* ---- connection ---- */

struct sqlite_statement {
    sqlite3_stmt *stmt;
    const char *name;
    size_t parameter_count;
    const char **parameters; /* without the colon */
    size_t column_count;
    const char **columns;
    bool changes_rows;
    bool in_use;
};

enum sqlite_verb {
    VERB_BEGIN_READ,
    VERB_BEGIN_WRITE,
    VERB_COMMIT,
    VERB_ROLLBACK,
    VERB_SAVE,
    VERB_KEEP,
    VERB_UNDO,
    VERB_COUNT
};

struct sqlite_connection {
    sqlite3 *db;
    const struct store_schema *schema;
    struct sqlite_statement **statements; /* by enum sql; NULL until first used */
    sqlite3_stmt *verbs[VERB_COUNT];
    int wal_pages; /* in the write-ahead log after the last commit of this connection */
};

enum sqlite_use { SQLITE_USE_READ, SQLITE_USE_WRITE };

/* Once per process, before anything else of SQLite. */
void sqlite_prepare_library(void);

enum result sqlite_connect(const char *url, const struct store_schema *schema, enum sqlite_use use,
                           struct sqlite_connection **ret_connection);
void sqlite_disconnect(struct sqlite_connection *connection);

/* Moves the write-ahead log into the file, when a store is opened: a process that stopped because an fsync
 * had failed leaves frames that the page cache shows and the disk has lost, and whoever appends to them loses
 * it all at the next power cut. And when it is closed: SQLite would do it too, but tells nobody that an fsync
 * failed. What another process still reads, or a full disk, is no reason not to go on. */
enum result sqlite_settle_log(struct sqlite_connection *connection);

/* BEGIN, COMMIT and their like; a code of SQLite. */
int sqlite_do(struct sqlite_connection *connection, enum sqlite_verb verb);

/* The statement, ready to be bound. A second taking before the first is given back gets one of its own. */
struct sqlite_statement *sqlite_statement_take(struct sqlite_connection *connection, enum sql number);
void sqlite_statement_give(struct sqlite_connection *connection, struct sqlite_statement *statement);

/* What SQLite's extended code means to a caller. Stops the process when it tells of a failed fsync. */
enum result sqlite_result(int code);

/* ---- transactions ---- */

struct sqlite_tx {
    struct store_tx tx; /* first */
    struct sqlite_connection *connection;
    const struct sqlite_covered *covered;
    struct changes *changes; /* NULL in a read */
    bool too_large;          /* the unit's changes passed the limit of its arena */
};

enum result sqlite_exec(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                        int64_t *ret_changed);
enum result sqlite_one(struct store_tx *tx, struct arena *arena, enum sql number,
                       const struct store_bind *binds, struct store_row *ret_row);
enum result sqlite_many(struct store_tx *tx, struct arena *arena, enum sql number,
                        const struct store_bind *binds, struct store_rows *ret_rows);
enum result sqlite_each(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                        store_each_row *each, void *argument);

int sqlite_bind_value(sqlite3_stmt *stmt, int index, const struct store_value *value);
/* SQLite's rules of affinity, as far as they lead to REAL. */
bool sqlite_declares_real(const char *type);
/* A column of the current row; bytes are borrowed until the next step. */
struct store_value sqlite_column(sqlite3_stmt *stmt, int index);

/* ---- covered tables ---- */

struct sqlite_covered;

/* Reads the tables; refuses one that is neither listed as uncovered nor has `id INTEGER PRIMARY KEY`. */
enum result sqlite_covered_read(struct sqlite_connection *connection, const struct store_opening *opening,
                                struct sqlite_covered **ret_covered);
void sqlite_covered_free(struct sqlite_covered *covered);
/* Records changes made on the connection in tx->changes from now on; call it before statements are prepared.
 */
void sqlite_covered_watch(struct sqlite_tx *tx);
enum result sqlite_walk(struct store_tx *tx, store_each_covered *each, void *argument);
const struct store_change *sqlite_take(struct store_tx *tx, size_t *ret_count);

/* ---- writing, reading ---- */

struct sqlite_writer;

/* Owns the connection. */
struct sqlite_writer *sqlite_writer_new(struct sqlite_connection *connection,
                                        const struct sqlite_covered *covered);
void sqlite_writer_free(struct sqlite_writer *writer);
enum result sqlite_writer_write(struct sqlite_writer *writer, store_work *work, void *argument);
void sqlite_writer_figures(struct sqlite_writer *writer, struct store_figures *figures);

struct sqlite_readers;

struct sqlite_readers *sqlite_readers_new(const char *url, const struct store_schema *schema,
                                          const struct sqlite_covered *covered);
void sqlite_readers_free(struct sqlite_readers *readers);
enum result sqlite_readers_read(struct sqlite_readers *readers, store_work *work, void *argument);

/* ---- other processes ---- */

/* Counts the commits of this and every other process, each before it is acknowledged; never the same number
 * again after one. */
struct sqlite_version;
enum result sqlite_version_open(const char *url, const struct store_schema *schema,
                                struct sqlite_version **ret_version);
void sqlite_version_free(struct sqlite_version *version);
uint64_t sqlite_version_read(struct sqlite_version *version);

/* For the back-end's struct: see backend.h. `database` is the file's path. */
enum result sqlite_lead(const char *database, int64_t number, void **ret_lead);
bool sqlite_leads(void *lead);
void sqlite_lead_end(void *lead);

/* ---- migrations, copies ---- */

enum result sqlite_migrate(struct sqlite_connection *connection, const struct store_opening *opening);

/* Copies the database open in `db` into a new file. */
enum result sqlite_copy(sqlite3 *db, const char *path);
enum result sqlite_restore(const struct store_restoring *restoring);
enum result sqlite_reserve(const char *url, const struct store_reserved *reserved, size_t count);
/* The same inside a transaction of a connection that is not defensive; behind it the store is to be found
 * sound. */
int sqlite_write_reserved(sqlite3 *db, const struct store_reserved *reserved, size_t count);
bool sqlite_is_sound(const char *url);
enum result sqlite_each_reserved(struct store_tx *tx, store_each_reserved *each, void *argument);

/* Between back-ends (backend.h). */
enum result sqlite_dump(struct store_tx *tx, store_dump_row *each, void *argument);
enum result sqlite_fill(const char *path, const struct store_schema *schema, store_fill_work *work,
                        void *argument);

/* "DKOU" in the header of every store's file. */
#define SQLITE_APPLICATION_ID 0x444b4f55
