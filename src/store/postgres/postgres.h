/* The parts of the PostgreSQL back-end.
 *
 *   postgres.c    the struct of functions, opening and closing
 *   connection.c  one connection: how it is made, what is sent and collected, what errors mean
 *   translate.c   the program's SQL, written for both stores, in PostgreSQL's words
 *   value.c       values in PostgreSQL's binary form
 *   statement.c   runs statements: prepares them when first used, sends, decodes rows
 *   covered.c     records changes of covered rows; walks them
 *   writer.c      writing: the verbs of the group commit
 *   reader.c      reading: a pool of connections
 *   version.c     whether anything was committed
 *   lead.c        which process leads
 *   dump.c        rows out and in, for copies between back-ends
 *   migrate.c     brings the tables to the shape the program knows
 *   shape.c       what tables need beside their migration: next ids, triggers that tell of changes
 *
 * A connection is used by one thread at a time. It is opened plainly and then goes over to pipeline mode:
 * what is sent is not waited for until somebody needs an answer; pg_collect() then gathers the results of all
 * that is pending. The first failure makes the server skip the rest up to the end of the pipeline. */
#pragma once

#include "store/backend.h"
#include "store/changes.h"

#include <libpq-fe.h>
#include <pthread.h>

/* Types by the numbers they have in every PostgreSQL. */
enum pg_type {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_NAME = 19,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_OID = 26,
    PG_FLOAT8 = 701,
    PG_TEXT_LIST = 1009,
    PG_VARCHAR = 1043,
    PG_NUMERIC = 1700,
    PG_XID8 = 5069,
};

/* ---- statements ---- */

/* What is made of a bound text before it is sent: ":match:tokens" (search.h). */
enum pg_form { PG_AS_IT_IS, PG_TOKENS, PG_PATTERNS, PG_FOLDED };

/* A place where a parameter occurs. Each place has a number of its own, since PostgreSQL infers its type from
 * where it stands. */
struct pg_place {
    size_t name;    /* index in pg_statement.names */
    bool null_test; /* it is only asked whether it is NULL: any type does */
    enum pg_form form;
    Oid type; /* 0 until described */
};

struct pg_statement {
    char *text;
    size_t place_count;
    struct pg_place *places;
    size_t name_count;
    const char **names;
    bool described; /* guarded by pg_store.mutex */
};

/* Reads `text` with its :names. Memory is `arena`'s. */
struct pg_statement *pg_translate_statement(struct arena *arena, const char *text);
/* A migration in SQLite's words. */
char *pg_translate_migration(struct arena *arena, const char *text);

/* ---- values ---- */

struct pg_value {
    const char *bytes; /* NULL is SQL NULL */
    int size;
    int format; /* 0 text, 1 binary */
    char small[24];
};

/* RESULT_INVALID when the value cannot be one of the type. Bytes of text and blobs are borrowed, what is made
 * of them is `arena`'s. */
enum result pg_value_put(struct arena *arena, const struct store_value *value, const struct pg_place *place,
                         struct pg_value *ret_value);
/* A value in binary form; bytes are borrowed. */
enum result pg_value_get(Oid type, const char *bytes, int size, struct store_value *ret_value);
/* Whether columns of covered tables may have the type. */
bool pg_type_is_storable(Oid type);

/* ---- the store ---- */

struct pg_covered;

struct pg_store {
    const struct store_schema *schema;
    char *url;
    pthread_mutex_t mutex;            /* guards the next two */
    struct arena *arena;              /* of statements */
    struct pg_statement **statements; /* by enum sql; NULL until first used */
    struct pg_covered *covered;
    bool owes_keys;   /* there are foreign keys that wait for the end of a transaction */
    bool partitioned; /* by year, some tables (0002_audit.postgres.sql) */
    struct pg_writer *writer;
    struct readers *readers;
    struct pg_version *version;
};

/* ---- connection ---- */

enum pg_verb {
    PG_BEGIN_READ,
    PG_BEGIN_WRITE,
    PG_LOCK, /* waits for other writers; answers with the transaction's number and the year */
    PG_COMMIT,
    PG_ROLLBACK,
    PG_SAVE,
    PG_KEEP,
    PG_UNDO,
    PG_SAVE_STATEMENT,
    PG_KEEP_STATEMENT,
    PG_UNDO_STATEMENT,
    PG_KEYS_NOW,
    PG_KEYS_LATER,
    PG_VERBS
};

struct pg_prepared {
    bool done;
    bool doubtful; /* sent and not collected yet */
    unsigned turn; /* makes a new name when an earlier one may or may not be there */
};

struct pg_tx;

struct pg_connection {
    PGconn *pg;
    struct pg_store *store;
    struct pg_prepared *prepared; /* by enum sql */
    bool any_doubtful;
    size_t pending;   /* sent, results not collected */
    size_t unread;    /* bytes sent since the last collecting, about */
    bool syncing;     /* the end of a pipeline is on its way */
    bool dead;        /* the server said that it ends, or does not answer */
    struct pg_tx *tx; /* whose changes the notices tell; NULL when nobody's */
    char state[6];    /* SQLSTATE of the last error */
    char message[512];
};

/* On failure the words are in pg_connection.message: the connection is given all the same, to be closed. */
enum result pg_connect(struct pg_store *store, struct pg_connection **ret_connection);
/* From now on in pipeline mode. */
enum result pg_enter_pipeline(struct pg_connection *connection);
void pg_disconnect(struct pg_connection *connection);
bool pg_lost(const struct pg_connection *connection);

/* What the SQLSTATE means to a caller. */
enum result pg_result(const char *state);
/* The last failure came from outside the unit, which would succeed if it ran again: its data moved under it,
 * or a plan became stale. */
bool pg_worth_again(const struct pg_connection *connection);

/* Sends, without waiting. */
void pg_send_verb(struct pg_connection *connection, enum pg_verb verb);
void pg_send(struct pg_connection *connection, const char *text, const struct pg_value *values,
             const Oid *types, size_t count);
void pg_send_prepare(struct pg_connection *connection, const char *name, const char *text, const Oid *types,
                     size_t count);
void pg_send_describe(struct pg_connection *connection, const char *name);
void pg_send_prepared(struct pg_connection *connection, const char *name, const struct pg_value *values,
                      size_t count);

/* What became of all that was pending. */
struct pg_outcome {
    enum result result;
    bool of_last;     /* it was the last one that failed, and none before */
    PGresult *answer; /* of the last one; NULL on failure. To be cleared. */
};
struct pg_outcome pg_collect(struct pg_connection *connection);
/* The same, for results that nobody looks at. */
enum result pg_settle(struct pg_connection *connection);
/* The end of the pipeline, without which the server takes what follows for the same transaction: sends it,
 * and leaves its results for pg_drain(), to be called before the connection is used again. */
void pg_end(struct pg_connection *connection);
void pg_drain(struct pg_connection *connection);

/* One statement or several, outside pipeline mode, for opening and migrating; *ret_answer may be NULL. */
enum result pg_ask(struct pg_connection *connection, const char *text, PGresult **ret_answer);
#define PG_CLEANUP_RESULT __attribute__((cleanup(pg_result_cleanup)))
static inline void pg_result_cleanup(PGresult **result)
{
    PQclear(*result);
}

/* ---- transactions ---- */

struct pg_tx {
    struct store_tx tx; /* first */
    struct pg_connection *connection;
    struct changes *changes; /* NULL in a read */
    bool careful;            /* each statement in a savepoint of its own, answered at once */
    bool too_large;          /* the unit's changes passed the limit of its arena */
    /* Set once the server refuses to go on: what every further statement gets. */
    enum result broken;
    bool again;    /* the unit has seen something else than what was: its result does not count */
    size_t asked;  /* statements that were answered */
    unsigned walk; /* numbers the cursors */
};

enum result pg_exec(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                    int64_t *ret_changed);
enum result pg_one(struct store_tx *tx, struct arena *arena, enum sql number, const struct store_bind *binds,
                   struct store_row *ret_row);
enum result pg_many(struct store_tx *tx, struct arena *arena, enum sql number, const struct store_bind *binds,
                    struct store_rows *ret_rows);
enum result pg_each(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                    store_each_row *each, void *argument);
/* Collects what is pending in the transaction. */
enum result pg_tx_settle(struct pg_tx *tx);
/* The rows of `text`, some at a time. */
typedef enum result pg_each_rows(const PGresult *rows, void *argument);
enum result pg_tx_walk(struct pg_tx *tx, const char *text, const struct pg_value *values, const Oid *types,
                       size_t count, pg_each_rows *each, void *argument);

/* ---- tables ---- */

struct pg_column {
    const char *name;
    Oid type;
    bool is_key; /* the whole primary key */
    bool generated;
    bool has_default;
};

struct pg_table {
    const char *name;
    bool partitioned;
    size_t count;
    struct pg_column *columns;
    const char *keys; /* its primary key's columns, quoted, with commas between; NULL: none */
    const char *told; /* argument of the trigger that tells of changes; NULL when there is none */
};

/* All tables of the store, in the order of their names' bytes. Outside pipeline mode. */
enum result pg_tables_read(struct pg_connection *connection, struct arena *arena,
                           struct pg_table **ret_tables, size_t *ret_count);
/* The same as a transaction sees them. */
enum result pg_tx_tables(struct pg_tx *tx, struct arena *arena, struct pg_table **ret_tables,
                         size_t *ret_count);
/* What the trigger of the table must be told: its name and columns. */
const char *pg_table_words(struct arena *arena, const struct pg_table *table);

/* ---- covered tables ---- */

struct pg_covered *pg_covered_new(void);
void pg_covered_free(struct pg_covered *covered);
/* A notice of a trigger: false when it is none. */
bool pg_covered_notice(struct pg_tx *tx, const PGresult *notice);
enum result pg_walk(struct store_tx *tx, store_each_covered *each, void *argument);
const struct store_change *pg_take(struct store_tx *tx, size_t *ret_count);

/* ---- writing, reading ---- */

struct pg_writer;

/* Connects when it is first used. */
struct pg_writer *pg_writer_new(struct pg_store *store);
void pg_writer_free(struct pg_writer *writer);
enum result pg_writer_write(struct pg_writer *writer, store_work *work, void *argument);
void pg_writer_figures(struct pg_writer *writer, struct store_figures *figures);

/* Owns the connection, its first. */
struct readers *pg_readers_new(struct pg_store *store, struct pg_connection *connection);
enum result pg_read(struct pg_store *store, store_work *work, void *argument);

/* ---- other processes ---- */

/* Tells whether anything was committed, by whatever process, since it was asked last. */
struct pg_version;
struct pg_version *pg_version_new(struct pg_store *store);
void pg_version_free(struct pg_version *version);
uint64_t pg_version_read(struct pg_version *version);

/* For the back-end's struct: see backend.h. */
enum result pg_lead(void *state, int64_t number, void **ret_lead);
bool pg_leads(void *lead);
void pg_lead_end(void *lead);

/* ---- copies between back-ends (backend.h) ---- */

enum result pg_dump(struct store_tx *tx, store_dump_row *each, void *argument);
enum result pg_fill(struct pg_store *store, store_fill_work *work, void *argument);

/* ---- migrations ---- */

enum result pg_migrate(struct pg_connection *connection, const struct store_opening *opening);
/* Whether all covered tables have a trigger. */
enum result pg_is_shaped(struct pg_connection *connection, const struct store_schema *schema,
                         bool *ret_shaped);
/* Gives each table its next id and its trigger, where they are missing; refuses tables that cannot be
 * covered. */
enum result pg_shape(struct pg_connection *connection, const struct store_opening *opening);

/* No id of the table up to `last` is given any more. */
enum result pg_reserve_ids(struct pg_connection *connection, const char *table, int64_t last);
enum result pg_each_reserved(struct store_tx *tx, store_each_reserved *each, void *argument);

/* Locks of the store among PostgreSQL's advisory locks: "DKOU", then what for. */
#define PG_LOCK_WRITE "4921114244323213313"
#define PG_LOCK_MIGRATE "4921114244323213314"
