#include "base/limits.h"
#include "store/postgres/postgres.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char lock_text[] = "SELECT pg_advisory_xact_lock(" PG_LOCK_WRITE "), pg_current_xact_id(),"
                                " extract(year FROM now() AT TIME ZONE 'UTC')::bigint";

static const char *const verb_texts[PG_VERBS] = {
    [PG_BEGIN_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    [PG_BEGIN_WRITE] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    [PG_LOCK] = lock_text,
    [PG_COMMIT] = "COMMIT",
    [PG_ROLLBACK] = "ROLLBACK",
    [PG_SAVE] = "SAVEPOINT unit",
    [PG_KEEP] = "RELEASE unit",
    [PG_UNDO] = "ROLLBACK TO unit",
    [PG_SAVE_STATEMENT] = "SAVEPOINT statement",
    [PG_KEEP_STATEMENT] = "RELEASE statement",
    [PG_UNDO_STATEMENT] = "ROLLBACK TO statement",
    [PG_KEYS_NOW] = "SET CONSTRAINTS ALL IMMEDIATE",
    [PG_KEYS_LATER] = "SET CONSTRAINTS ALL DEFERRED",
};

/* What a session must be like, whatever the server's, database's or role's defaults are. A weaker
 * synchronous_commit is raised; a stronger one (remote_apply) stays. */
static const char session_text[] =
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');"
    "SET client_encoding = 'UTF8'; SET client_min_messages = notice; SET jit = off;"
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET row_security = off;"
    "SET default_transaction_read_only = off; SET default_transaction_deferrable = off;"
    "SET standard_conforming_strings = on";

/* ---- what errors mean ---- */

enum result pg_result(const char *state)
{
    static const struct {
        const char *state; /* or its beginning; the first that fits */
        enum result result;
    } meanings[] = {
        {"23505", RESULT_CONFLICT},    {"23503", RESULT_CONFLICT},    {"23P01", RESULT_CONFLICT},
        {"23", RESULT_INVALID},        {"22", RESULT_INVALID},        {"25006", RESULT_INVALID},
        {"40", RESULT_BUSY},           {"55P03", RESULT_BUSY},        {"53300", RESULT_BUSY},
        {"57014", RESULT_CANCELLED},   {"57P", RESULT_UNAVAILABLE},   {"08", RESULT_UNAVAILABLE},
        {"54", RESULT_TOO_LARGE},      {"53200", RESULT_MEMORY},      {"53", RESULT_IO},
        {"XX001", RESULT_CORRUPT},     {"XX002", RESULT_CORRUPT},     {"28", RESULT_UNAVAILABLE},
        {"3D000", RESULT_UNAVAILABLE}, {"42501", RESULT_UNAVAILABLE}, {"", RESULT_IO},
    };
    size_t i = 0;
    while (strncmp(state, meanings[i].state, strlen(meanings[i].state)) != 0)
        i++;
    return meanings[i].result;
}

bool pg_worth_again(const struct pg_connection *connection)
{
    static const char *const states[] = {"40001", "40P01", "0A000"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(connection->state, states[i]) == 0)
            return true;
    return false;
}

static void remember_error(struct pg_connection *connection, const PGresult *answer)
{
    const char *state = answer != NULL ? PQresultErrorField(answer, PG_DIAG_SQLSTATE) : NULL;
    const char *words = answer != NULL ? PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *severity = answer != NULL ? PQresultErrorField(answer, PG_DIAG_SEVERITY_NONLOCALIZED) : NULL;
    if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
        connection->dead = true;
    if (state == NULL && PQstatus(connection->pg) == CONNECTION_BAD)
        connection->dead = true;
    (void)snprintf(connection->state, sizeof connection->state, "%s", state != NULL ? state : "08006");
    (void)snprintf(connection->message, sizeof connection->message, "%s",
                   words != NULL ? words : PQerrorMessage(connection->pg));
    size_t length = strlen(connection->message);
    while (length > 0 && connection->message[length - 1] == '\n')
        connection->message[--length] = '\0';
}

bool pg_lost(const struct pg_connection *connection)
{
    return connection->dead || PQstatus(connection->pg) == CONNECTION_BAD;
}

/* ---- making and ending ---- */

static void receive_notice(void *argument, const PGresult *notice)
{
    struct pg_connection *connection = argument;
    if (connection->tx != NULL && connection->tx->changes != NULL)
        (void)pg_covered_notice(connection->tx, notice);
}

/* What stands in the url counts before what is set here. */
static PGconn *dial(const char *url)
{
    static const char *const names[] = {
        "connect_timeout",  "application_name", "keepalives_idle", "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "dbname",          NULL};
    const char *const values[] = {"5", "dukou", "10", "5", "3", "30000", url, NULL};
    return PQconnectdbParams(names, values, 1);
}

enum result pg_connect(struct pg_store *store, struct pg_connection **ret_connection)
{
    struct pg_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        abort();
    connection->store = store;
    connection->prepared = calloc(store->schema->statement_count + 1, sizeof *connection->prepared);
    if (connection->prepared == NULL)
        abort();
    connection->pg = dial(store->url);
    *ret_connection = connection;
    if (PQstatus(connection->pg) != CONNECTION_OK) {
        remember_error(connection, NULL);
        connection->dead = true;
        return strstr(connection->message, "too many clients") != NULL ? RESULT_BUSY : RESULT_UNAVAILABLE;
    }
    (void)PQsetNoticeReceiver(connection->pg, receive_notice, connection);
    char text[64];
    TRY(pg_ask(connection, session_text, NULL));
    (void)snprintf(text, sizeof text, "SET lock_timeout = '%ds'", LIMIT_STORE_WAIT_SECONDS);
    return pg_ask(connection, text, NULL);
}

enum result pg_enter_pipeline(struct pg_connection *connection)
{
    char name[16];
    if (!PQenterPipelineMode(connection->pg))
        store_stop("no pipeline: %s", PQerrorMessage(connection->pg));
    for (size_t i = 0; i < PG_VERBS; i++) {
        (void)snprintf(name, sizeof name, "v%zu", i);
        pg_send_prepare(connection, name, verb_texts[i], NULL, 0);
    }
    TRY(pg_settle(connection));
    pg_end(connection);
    return RESULT_OK;
}

void pg_disconnect(struct pg_connection *connection)
{
    if (connection == NULL)
        return;
    PQfinish(connection->pg);
    free(connection->prepared);
    free(connection);
}

/* ---- sending ---- */

static void sent(struct pg_connection *connection, int accepted, size_t size)
{
    if (accepted) {
        connection->pending++;
        connection->unread += size;
    } else if (!pg_lost(connection)) {
        store_stop("nothing can be sent: %s", PQerrorMessage(connection->pg));
    } else {
        remember_error(connection, NULL);
        connection->dead = true;
    }
}

enum { MOST_PLACES = 64 };

static void wire_of(const struct pg_value *values, size_t count, const char **bytes, int *sizes, int *formats,
                    size_t *ret_size)
{
    if (count > MOST_PLACES)
        store_stop("a statement with %zu parameters, of at most %d", count, MOST_PLACES);
    *ret_size = 0;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = values[i].bytes;
        sizes[i] = values[i].size;
        formats[i] = values[i].format;
        *ret_size += (size_t)values[i].size;
    }
}

void pg_send_prepared(struct pg_connection *connection, const char *name, const struct pg_value *values,
                      size_t count)
{
    const char *bytes[MOST_PLACES];
    int sizes[MOST_PLACES];
    int formats[MOST_PLACES];
    size_t size;
    wire_of(values, count, bytes, sizes, formats, &size);
    sent(connection, PQsendQueryPrepared(connection->pg, name, (int)count, bytes, sizes, formats, 1), size);
}

void pg_send(struct pg_connection *connection, const char *text, const struct pg_value *values,
             const Oid *types, size_t count)
{
    const char *bytes[MOST_PLACES];
    int sizes[MOST_PLACES];
    int formats[MOST_PLACES];
    size_t size;
    wire_of(values, count, bytes, sizes, formats, &size);
    sent(connection, PQsendQueryParams(connection->pg, text, (int)count, types, bytes, sizes, formats, 1),
         size);
}

void pg_send_prepare(struct pg_connection *connection, const char *name, const char *text, const Oid *types,
                     size_t count)
{
    sent(connection, PQsendPrepare(connection->pg, name, text, (int)count, types), 0);
}

void pg_send_describe(struct pg_connection *connection, const char *name)
{
    sent(connection, PQsendDescribePrepared(connection->pg, name), 0);
}

void pg_send_verb(struct pg_connection *connection, enum pg_verb verb)
{
    char name[16];
    (void)snprintf(name, sizeof name, "v%d", (int)verb);
    pg_send_prepared(connection, name, NULL, 0);
}

/* ---- collecting ---- */

static PGresult *next_answer(struct pg_connection *connection)
{
    PGresult *answer = PQgetResult(connection->pg);
    for (PGresult *more = answer; more != NULL;) {
        more = PQgetResult(connection->pg);
        PQclear(more);
    }
    return answer;
}

static void read_sync(struct pg_connection *connection)
{
    bool found = false;
    while (!found && !pg_lost(connection)) {
        PGresult *answer = PQgetResult(connection->pg);
        found = answer != NULL && PQresultStatus(answer) == PGRES_PIPELINE_SYNC;
        PQclear(answer);
    }
}

static bool is_good(const PGresult *answer)
{
    ExecStatusType status = PQresultStatus(answer);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* Which statements were prepared is known once their results are collected without failure. Otherwise each
 * gets a new name. */
static void settle_prepared(struct pg_connection *connection, bool good)
{
    for (size_t i = 0; connection->any_doubtful && i < connection->store->schema->statement_count; i++) {
        struct pg_prepared *prepared = &connection->prepared[i];
        if (prepared->doubtful && !good) {
            prepared->done = false;
            prepared->turn++;
        }
        prepared->doubtful = false;
    }
    connection->any_doubtful = false;
}

struct pg_outcome pg_collect(struct pg_connection *connection)
{
    struct pg_outcome outcome = {.result = RESULT_OK};
    if (connection->pending > 0 && !pg_lost(connection)) {
        (void)PQsendFlushRequest(connection->pg);
        (void)PQflush(connection->pg);
    }
    for (; connection->pending > 0 && !pg_lost(connection); connection->pending--) {
        PGresult *answer = next_answer(connection);
        if (outcome.result == RESULT_OK && !is_good(answer)) {
            remember_error(connection, answer);
            outcome.result = pg_result(connection->state);
            outcome.of_last = connection->pending == 1;
        }
        if (outcome.result == RESULT_OK && connection->pending == 1)
            outcome.answer = answer;
        else
            PQclear(answer);
    }
    connection->pending = 0;
    connection->unread = 0;
    settle_prepared(connection, outcome.result == RESULT_OK);
    if (outcome.result != RESULT_OK && !pg_lost(connection) && PQpipelineSync(connection->pg))
        read_sync(connection);
    if (pg_lost(connection)) {
        connection->dead = true;
        PQclear(outcome.answer);
        return (struct pg_outcome){.result = RESULT_UNAVAILABLE};
    }
    return outcome;
}

enum result pg_settle(struct pg_connection *connection)
{
    struct pg_outcome outcome = pg_collect(connection);
    PQclear(outcome.answer);
    return outcome.result;
}

void pg_end(struct pg_connection *connection)
{
    if (pg_lost(connection))
        return;
    connection->syncing = PQpipelineSync(connection->pg) == 1;
    (void)PQflush(connection->pg);
}

void pg_drain(struct pg_connection *connection)
{
    if (!connection->syncing)
        return;
    for (; connection->pending > 0 && !pg_lost(connection); connection->pending--)
        PQclear(next_answer(connection));
    connection->pending = 0;
    connection->unread = 0;
    read_sync(connection);
    connection->syncing = false;
}

enum result pg_ask(struct pg_connection *connection, const char *text, PGresult **ret_answer)
{
    PG_CLEANUP_RESULT PGresult *answer = PQexec(connection->pg, text);
    if (!is_good(answer)) {
        remember_error(connection, answer);
        return pg_lost(connection) ? RESULT_UNAVAILABLE : pg_result(connection->state);
    }
    if (ret_answer != NULL) {
        *ret_answer = answer;
        answer = NULL;
    }
    return RESULT_OK;
}
