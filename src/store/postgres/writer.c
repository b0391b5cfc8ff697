/* The verbs of the group commit (store/group.h) on the one connection that writes.
 *
 * Writers of all processes come one after the other: a batch begins by taking a lock that its end releases.
 * So the highest number and one more is the next, and what a unit reads does not change under it.
 *
 * A unit runs twice at most: first without waiting for what needs no answer; when a statement then failed
 * that the unit did not hear of, or the unit went on after a failure, it is rolled back and runs again with
 * every statement in a savepoint of its own, which is what makes "a statement refused with RESULT_CONFLICT
 * has changed nothing" true. */
#include "base/clock.h"
#include "base/limits.h"
#include "store/group.h"
#include "store/postgres/postgres.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 4, PAUSE_MS = 100, YEAR_PAUSE_SECONDS = 60 };

struct pg_writer {
    struct pg_store *store;
    struct pg_connection *connection; /* NULL while there is none */
    struct pg_tx tx;
    struct changes changes;
    struct arena *arena;
    struct group *group;
    int64_t number;    /* of the transaction, as PostgreSQL knows it */
    int64_t year;      /* that the partitions are known to have */
    instant year_next; /* not asked again before (monotonic) */
};

static void use(struct pg_writer *writer, struct pg_connection *connection)
{
    writer->connection = connection;
    writer->tx.connection = connection;
    if (connection != NULL)
        connection->tx = &writer->tx;
}

static void drop(struct pg_writer *writer)
{
    pg_disconnect(writer->connection);
    use(writer, NULL);
}

static enum result connect(struct pg_writer *writer)
{
    struct pg_connection *connection;
    enum result result = pg_connect(writer->store, &connection);
    if (result == RESULT_OK)
        result = pg_enter_pipeline(connection);
    if (result != RESULT_OK) {
        pg_disconnect(connection);
        return result;
    }
    use(writer, connection);
    return RESULT_OK;
}

/* ---- begin ---- */

/* Partitions by year: the migration 0002 for PostgreSQL says how. When somebody reads for long it is tried
 * again later. */
static enum result turn_year(struct pg_writer *writer, int64_t year)
{
    struct pg_connection *connection = writer->connection;
    if (!writer->store->partitioned || year == writer->year || clock_monotonic() < writer->year_next)
        return RESULT_OK;
    writer->year_next = clock_monotonic() + YEAR_PAUSE_SECONDS * INSTANT_SECOND;
    static const Oid types[] = {PG_INT8};
    const struct pg_place place = {.type = PG_INT8};
    const struct store_value number = store_integer(year);
    struct pg_value value;
    (void)pg_value_put(writer->arena, &number, &place, &value);
    pg_send(connection, "SELECT dukou_partition($1::int)", &value, types, 1);
    struct pg_outcome outcome = pg_collect(connection);
    if (outcome.result == RESULT_OK && PQgetvalue(outcome.answer, 0, 0)[0] == 1)
        writer->year = year;
    PQclear(outcome.answer);
    return outcome.result;
}

static enum result begin_failed(struct pg_writer *writer, enum result result)
{
    struct pg_connection *connection = writer->connection;
    if (!pg_lost(connection)) {
        pg_send_verb(connection, PG_ROLLBACK);
        pg_end(connection);
    }
    if (pg_lost(connection))
        drop(writer);
    return result;
}

static enum result begin_once(struct pg_writer *writer)
{
    if (writer->connection == NULL)
        TRY(connect(writer));
    struct pg_connection *connection = writer->connection;
    pg_drain(connection);
    pg_send_verb(connection, PG_BEGIN_WRITE);
    pg_send_verb(connection, PG_LOCK);
    struct pg_outcome outcome = pg_collect(connection);
    if (outcome.result != RESULT_OK)
        return begin_failed(writer, outcome.result);
    struct store_value number = store_null();
    struct store_value year = store_null();
    (void)pg_value_get(PG_XID8, PQgetvalue(outcome.answer, 0, 1), 8, &number);
    (void)pg_value_get(PG_INT8, PQgetvalue(outcome.answer, 0, 2), 8, &year);
    writer->number = number.integer;
    PQclear(outcome.answer);
    enum result result = turn_year(writer, year.integer);
    return result == RESULT_OK ? RESULT_OK : begin_failed(writer, result);
}

/* The connection may have died while nobody wrote: then a new one does. */
static enum result begin(void *state)
{
    struct pg_writer *writer = state;
    bool had = writer->connection != NULL;
    enum result result = begin_once(writer);
    return had && writer->connection == NULL ? begin_once(writer) : result;
}

/* ---- run ---- */

static enum result check(struct pg_writer *writer)
{
    struct pg_connection *connection = writer->connection;
    TRY(pg_tx_settle(&writer->tx));
    if (writer->tx.too_large)
        return RESULT_TOO_LARGE;
    if (writer->store->owes_keys) {
        pg_send_verb(connection, PG_KEYS_NOW);
        pg_send_verb(connection, PG_KEYS_LATER);
        TRY(pg_settle(connection));
    }
    return changes_left(&writer->changes) ? RESULT_CORRUPT : RESULT_OK;
}

static enum result run_once(struct pg_writer *writer, store_work *work, void *argument, bool careful)
{
    struct pg_connection *connection = writer->connection;
    arena_reset(writer->arena);
    changes_begin(&writer->changes, writer->arena);
    writer->tx.careful = careful;
    writer->tx.too_large = false;
    writer->tx.broken = RESULT_OK;
    writer->tx.again = false;
    pg_send_verb(connection, PG_SAVE);
    enum result result = work(&writer->tx.tx, argument);
    if (result == RESULT_OK)
        result = check(writer);
    else
        (void)pg_tx_settle(&writer->tx); /* whether it heard of every failure */
    if (pg_lost(connection))
        return RESULT_UNAVAILABLE;
    if (result == RESULT_OK && writer->tx.broken == RESULT_OK) {
        pg_send_verb(connection, PG_KEEP);
        return RESULT_OK;
    }
    pg_send_verb(connection, PG_UNDO);
    pg_send_verb(connection, PG_KEEP);
    if (pg_settle(connection) != RESULT_OK && !pg_lost(connection))
        store_stop("a unit cannot be rolled back: %s", connection->message);
    return result != RESULT_OK ? result : writer->tx.broken;
}

static enum result run(void *state, store_work *work, void *argument, bool *ret_lost)
{
    struct pg_writer *writer = state;
    enum result result = run_once(writer, work, argument, false);
    for (int i = 1; writer->tx.again && i < TRIES && !pg_lost(writer->connection); i++)
        result = run_once(writer, work, argument, true);
    if (writer->tx.again)
        result = RESULT_BUSY;
    *ret_lost = pg_lost(writer->connection);
    if (!*ret_lost)
        return result;
    drop(writer);
    return RESULT_UNAVAILABLE;
}

/* ---- commit ---- */

/* "committed", "aborted", "in progress", or NULL while the server does not say. A number that the server has
 * not given yet is of a transaction that never reached it, or whose server was replaced by an older one. */
static const char *status_of(struct pg_writer *writer)
{
    if (writer->connection == NULL && connect(writer) != RESULT_OK)
        return NULL;
    struct pg_connection *connection = writer->connection;
    assert(connection != NULL);
    static const Oid types[] = {PG_XID8};
    const struct pg_place place = {.type = PG_XID8};
    const struct store_value number = store_integer(writer->number);
    struct pg_value value;
    (void)pg_value_put(writer->arena, &number, &place, &value);
    pg_drain(connection);
    pg_send(connection, "SELECT pg_xact_status($1)", &value, types, 1);
    struct pg_outcome outcome = pg_collect(connection);
    const char *status = NULL;
    if (outcome.result == RESULT_OK)
        status = PQgetisnull(outcome.answer, 0, 0)
                     ? NULL
                     : arena_strdup(writer->arena, PQgetvalue(outcome.answer, 0, 0));
    else if (strcmp(connection->state, "22023") == 0)
        status = "aborted";
    PQclear(outcome.answer);
    pg_end(connection);
    if (pg_lost(connection))
        drop(writer);
    return status;
}

/* The connection broke while the commit was on its way. What became of it is asked for until the server
 * answers; when it does not in time, nobody can know, and the process stops. */
static enum result find_out(struct pg_writer *writer)
{
    instant until = clock_monotonic() + LIMIT_STORE_FIND_OUT_SECONDS * INSTANT_SECOND;
    drop(writer);
    do {
        const char *status = status_of(writer);
        if (status != NULL && strcmp(status, "committed") == 0)
            return RESULT_OK;
        if (status != NULL && strcmp(status, "aborted") == 0)
            return RESULT_UNAVAILABLE;
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    } while (clock_monotonic() < until);
    store_stop("a commit got no answer, and the server did not say in time what became of it");
}

static enum result commit(void *state)
{
    struct pg_writer *writer = state;
    struct pg_connection *connection = writer->connection;
    enum result result = pg_settle(connection); /* nothing of the units is left unheard */
    if (result != RESULT_OK && pg_lost(connection)) {
        drop(writer); /* without its commit the server rolls the transaction back */
        return RESULT_UNAVAILABLE;
    }
    if (result != RESULT_OK)
        store_stop("a batch that was settled failed: %s", connection->message);
    pg_send_verb(connection, PG_COMMIT);
    struct pg_outcome outcome = pg_collect(connection);
    bool committed = outcome.result == RESULT_OK && strcmp(PQcmdStatus(outcome.answer), "COMMIT") == 0;
    PQclear(outcome.answer);
    if (pg_lost(connection))
        return find_out(writer);
    if (outcome.result == RESULT_OK && !committed)
        store_stop("a commit became a rollback");
    if (!committed)
        pg_send_verb(connection, PG_ROLLBACK); /* the server refused it and has rolled back */
    pg_end(connection);
    return outcome.result;
}

static const struct group_verbs verbs = {begin, run, commit, NULL};

struct pg_writer *pg_writer_new(struct pg_store *store)
{
    struct pg_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        abort();
    writer->store = store;
    writer->arena = arena_new(0);
    writer->tx = (struct pg_tx){.tx = {.backend = &store_postgres, .schema = store->schema},
                                .changes = &writer->changes};
    changes_begin(&writer->changes, writer->arena);
    writer->group = group_new(&verbs, writer);
    return writer;
}

void pg_writer_free(struct pg_writer *writer)
{
    if (writer == NULL)
        return;
    group_free(writer->group);
    pg_disconnect(writer->connection);
    arena_free(writer->arena);
    free(writer);
}

enum result pg_writer_write(struct pg_writer *writer, store_work *work, void *argument)
{
    return group_write(writer->group, work, argument);
}

void pg_writer_figures(struct pg_writer *writer, struct store_figures *figures)
{
    group_figures(writer->group, figures);
}
