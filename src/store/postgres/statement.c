/* Runs statements. What nobody waits for (an :exec whose count is not asked for) is sent and answered later;
 * a unit in which that turns out wrong runs again carefully, each statement in a savepoint of its own. */
#include "store/postgres/postgres.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PENDING_MOST = 100, PENDING_BYTES = 1024 * 1024, FETCHED = 256, MOST_BINDS = 64 };

/* ---- a statement of the program ---- */

/* The statement with its places found; their types may still be unknown. */
static struct pg_statement *statement_of(struct pg_store *store, enum sql number, bool *ret_described)
{
    (void)pthread_mutex_lock(&store->mutex);
    struct pg_statement *statement = store->statements[number];
    if (statement == NULL) {
        const struct sql_statement *source = &store->schema->statements[number];
        statement =
            pg_translate_statement(store->arena, source->postgres != NULL ? source->postgres : source->text);
        store->statements[number] = statement;
    }
    *ret_described = statement->described;
    (void)pthread_mutex_unlock(&store->mutex);
    return statement;
}

static void statement_name(const struct pg_connection *connection, enum sql number, char *name, size_t room)
{
    (void)snprintf(name, room, "s%d_%u", (int)number, connection->prepared[number].turn);
}

static void send_prepare(struct pg_connection *connection, enum sql number, const char *name,
                         const struct pg_statement *statement)
{
    Oid types[MOST_BINDS];
    for (size_t i = 0; i < statement->place_count; i++)
        types[i] = statement->places[i].type;
    pg_send_prepare(connection, name, statement->text, types, statement->place_count);
    connection->prepared[number].done = true;
    connection->prepared[number].doubtful = true;
    connection->any_doubtful = true;
}

/* ---- when something fails ---- */

/* A failure of the statement that was waited for, unless one before it had failed. */
static enum result fail(struct pg_tx *tx, const struct pg_outcome *outcome)
{
    tx->broken = outcome->result;
    if (!outcome->of_last || pg_worth_again(tx->connection))
        tx->again = true;
    return outcome->result;
}

static enum result stopped(struct pg_tx *tx)
{
    tx->again = true; /* the unit goes on after a failure, which only the careful way allows */
    return tx->broken;
}

enum result pg_tx_settle(struct pg_tx *tx)
{
    if (tx->broken != RESULT_OK || tx->connection->pending == 0)
        return tx->broken;
    struct pg_outcome outcome = pg_collect(tx->connection);
    PQclear(outcome.answer);
    if (outcome.result == RESULT_OK)
        return RESULT_OK;
    outcome.of_last = false;
    return fail(tx, &outcome);
}

/* Asks the server for the types of the places, once per statement and program. */
static enum result describe(struct pg_tx *tx, enum sql number, const char *name,
                            struct pg_statement *statement)
{
    struct pg_connection *connection = tx->connection;
    const struct sql_statement *source = &connection->store->schema->statements[number];
    TRY(pg_tx_settle(tx));
    send_prepare(connection, number, name, statement);
    pg_send_describe(connection, name);
    struct pg_outcome outcome = pg_collect(connection);
    if (outcome.result != RESULT_OK && strncmp(connection->state, "42", 2) == 0)
        store_stop("statement %s in %s: %s", source->name, source->file, connection->message);
    if (outcome.result != RESULT_OK) {
        tx->again = true;
        tx->broken = outcome.result;
        return outcome.result;
    }
    (void)pthread_mutex_lock(&connection->store->mutex);
    for (size_t i = 0; i < statement->place_count; i++)
        statement->places[i].type = PQparamtype(outcome.answer, (int)i);
    statement->described = true;
    (void)pthread_mutex_unlock(&connection->store->mutex);
    PQclear(outcome.answer);
    return RESULT_OK;
}

/* ---- binding ---- */

struct call {
    struct pg_tx *tx;
    enum sql number;
    struct pg_statement *statement;
    char name[24];
    struct arena *arena; /* of what is made of values; NULL until needed */
    struct pg_value values[MOST_BINDS];
    size_t changes_before;
};

static const struct store_value *bound(const struct store_bind *binds, const char *name, size_t hint,
                                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct store_bind *bind = &binds[(hint + i) % count];
        if (strcmp(bind->name, name) == 0)
            return &bind->value;
    }
    return NULL;
}

/* Every parameter is given, each once, and nothing else. */
static void check_binds(const struct call *call, const struct store_bind *binds, size_t count)
{
    const struct pg_statement *statement = call->statement;
    const char *name = call->tx->tx.schema->statements[call->number].name;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t n = 0; n < statement->name_count; n++)
            known = known || strcmp(statement->names[(i + n) % statement->name_count], binds[i].name) == 0;
        if (!known)
            store_stop("statement %s has no parameter :%s", name, binds[i].name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(binds[k].name, binds[i].name) == 0)
                store_stop("statement %s: parameter :%s is given twice", name, binds[i].name);
    }
    if (count != statement->name_count)
        store_stop("statement %s has %zu parameters, %zu were given", name, statement->name_count, count);
}

static enum result bind_all(struct call *call, const struct store_bind *binds)
{
    const struct pg_statement *statement = call->statement;
    size_t count = 0;
    while (binds[count].name != NULL)
        count++;
    check_binds(call, binds, count);
    assert(statement->place_count <= MOST_BINDS);
    for (size_t i = 0; i < statement->place_count; i++) {
        const struct pg_place *place = &statement->places[i];
        const struct store_value *value = bound(binds, statement->names[place->name], place->name, count);
        assert(value != NULL);
        if (place->form != PG_AS_IT_IS && call->arena == NULL)
            call->arena = arena_new(0);
        TRY(pg_value_put(call->arena, value, place, &call->values[i]));
    }
    return RESULT_OK;
}

/* ---- sending and waiting ---- */

static void send_call(struct call *call)
{
    struct pg_connection *connection = call->tx->connection;
    if (!connection->prepared[call->number].done)
        send_prepare(connection, call->number, call->name, call->statement);
    if (call->tx->careful)
        pg_send_verb(connection, PG_SAVE_STATEMENT);
    pg_send_prepared(connection, call->name, call->values, call->statement->place_count);
}

/* In the careful way a statement that fails is taken back, and the unit goes on. */
static enum result take_back(struct call *call, const struct pg_outcome *outcome)
{
    struct pg_tx *tx = call->tx;
    if (pg_lost(tx->connection) || pg_worth_again(tx->connection))
        return fail(tx, outcome);
    if (tx->changes != NULL)
        changes_undo(tx->changes, call->changes_before);
    pg_send_verb(tx->connection, PG_UNDO_STATEMENT);
    pg_send_verb(tx->connection, PG_KEEP_STATEMENT);
    if (pg_settle(tx->connection) != RESULT_OK) {
        tx->broken = RESULT_UNAVAILABLE;
        tx->again = true;
    }
    return outcome->result;
}

static enum result answer_of(struct call *call, PGresult **ret_answer)
{
    struct pg_tx *tx = call->tx;
    struct pg_outcome outcome = pg_collect(tx->connection);
    tx->asked++;
    if (outcome.result != RESULT_OK && strcmp(tx->connection->state, "0A000") == 0) {
        /* The table has got a column since the statement was prepared. */
        tx->connection->prepared[call->number].done = false;
        tx->connection->prepared[call->number].turn++;
    }
    if (outcome.result != RESULT_OK && tx->careful)
        return take_back(call, &outcome);
    if (outcome.result != RESULT_OK)
        return fail(tx, &outcome);
    if (tx->careful)
        pg_send_verb(tx->connection, PG_KEEP_STATEMENT);
    *ret_answer = outcome.answer;
    return RESULT_OK;
}

/* Everything up to sending; nothing is sent unless it gives RESULT_OK. */
static enum result call_begin(struct pg_tx *tx, enum sql number, struct call *call)
{
    if (tx->broken != RESULT_OK)
        return stopped(tx);
    call->tx = tx;
    call->number = number;
    call->arena = NULL;
    bool described;
    call->statement = statement_of(tx->connection->store, number, &described);
    statement_name(tx->connection, number, call->name, sizeof call->name);
    if (!described)
        TRY(describe(tx, number, call->name, call->statement));
    if (tx->careful)
        TRY(pg_tx_settle(tx));
    call->changes_before = tx->changes != NULL ? tx->changes->count : 0;
    return RESULT_OK;
}

static void call_end(struct call *call)
{
    if (call->arena != NULL)
        arena_free(call->arena);
}

static enum result ask(struct pg_tx *tx, enum sql number, const struct store_bind *binds,
                       PGresult **ret_answer)
{
    struct call call;
    TRY(call_begin(tx, number, &call));
    enum result result = bind_all(&call, binds);
    if (result == RESULT_OK) {
        send_call(&call);
        result = answer_of(&call, ret_answer);
    }
    call_end(&call);
    if (result == RESULT_OK && tx->too_large) {
        PQclear(*ret_answer);
        return RESULT_TOO_LARGE;
    }
    return result;
}

static enum result send_only(struct pg_tx *tx, enum sql number, const struct store_bind *binds)
{
    struct call call;
    TRY(call_begin(tx, number, &call));
    enum result result = bind_all(&call, binds);
    if (result == RESULT_OK)
        send_call(&call);
    call_end(&call);
    TRY(result);
    if (tx->connection->pending > PENDING_MOST || tx->connection->unread > PENDING_BYTES)
        TRY(pg_tx_settle(tx));
    return tx->too_large ? RESULT_TOO_LARGE : RESULT_OK;
}

enum result pg_exec(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                    int64_t *ret_changed)
{
    struct pg_tx *own = (struct pg_tx *)tx;
    if (ret_changed == NULL && !own->careful && own->changes != NULL)
        return send_only(own, number, binds);
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    TRY(ask(own, number, binds, &answer));
    if (ret_changed != NULL)
        *ret_changed = strtoll(PQcmdTuples(answer), NULL, 10);
    return RESULT_OK;
}

/* ---- rows ---- */

static const char **names_of(const PGresult *rows, struct arena *arena)
{
    size_t count = (size_t)PQnfields(rows);
    const char **names = arena_new_array(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_strdup(arena, PQfname(rows, (int)i));
    return names;
}

/* With `copies` the bytes go to the arena, otherwise they are borrowed from the result. */
static enum result decode(const PGresult *rows, int at, const char *const *names, struct arena *arena,
                          bool copies, struct store_row *ret_row)
{
    size_t count = (size_t)PQnfields(rows);
    if (arena_room(arena) < (count + 1) * sizeof(struct store_value))
        return RESULT_TOO_LARGE;
    struct store_value *values = arena_new_array(arena, struct store_value, count + 1);
    for (size_t i = 0; i < count; i++) {
        int column = (int)i;
        if (PQgetisnull(rows, at, column))
            continue;
        TRY(pg_value_get(PQftype(rows, column), PQgetvalue(rows, at, column), PQgetlength(rows, at, column),
                         &values[i]));
        if (!copies || (values[i].type != STORE_TEXT && values[i].type != STORE_BLOB))
            continue;
        if (values[i].size >= arena_room(arena))
            return RESULT_TOO_LARGE;
        values[i].bytes = arena_strndup(arena, values[i].bytes, values[i].size);
    }
    *ret_row = (struct store_row){count, names, values};
    return RESULT_OK;
}

enum result pg_one(struct store_tx *tx, struct arena *arena, enum sql number, const struct store_bind *binds,
                   struct store_row *ret_row)
{
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    TRY(ask((struct pg_tx *)tx, number, binds, &answer));
    if (PQntuples(answer) == 0)
        return RESULT_NOT_FOUND;
    return decode(answer, 0, names_of(answer, arena), arena, true, ret_row);
}

enum result pg_many(struct store_tx *tx, struct arena *arena, enum sql number, const struct store_bind *binds,
                    struct store_rows *ret_rows)
{
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    TRY(ask((struct pg_tx *)tx, number, binds, &answer));
    size_t count = (size_t)PQntuples(answer);
    if (arena_room(arena) < (count + 1) * sizeof(struct store_row))
        return RESULT_TOO_LARGE;
    struct store_row *rows = arena_new_array(arena, struct store_row, count + 1);
    const char **names = names_of(answer, arena);
    for (size_t i = 0; i < count; i++)
        TRY(decode(answer, (int)i, names, arena, true, &rows[i]));
    *ret_rows = (struct store_rows){count, rows};
    return RESULT_OK;
}

/* ---- rows, some at a time ---- */

static enum result collected(struct pg_tx *tx, PGresult **ret_answer)
{
    struct pg_outcome outcome = pg_collect(tx->connection);
    tx->asked++;
    if (outcome.result != RESULT_OK)
        return fail(tx, &outcome);
    *ret_answer = outcome.answer;
    return RESULT_OK;
}

enum result pg_tx_walk(struct pg_tx *tx, const char *text, const struct pg_value *values, const Oid *types,
                       size_t count, pg_each_rows *each, void *argument)
{
    if (tx->broken != RESULT_OK)
        return stopped(tx);
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    unsigned number = ++tx->walk;
    const char *fetch = arena_printf(arena, "FETCH %d FROM walk_%u", FETCHED, number);
    pg_send(tx->connection, arena_printf(arena, "DECLARE walk_%u NO SCROLL CURSOR FOR %s", number, text),
            values, types, count);
    enum result result = RESULT_OK;
    for (bool more = true; result == RESULT_OK && more;) {
        PGresult *rows = NULL;
        pg_send(tx->connection, fetch, NULL, NULL, 0);
        TRY(collected(tx, &rows));
        more = PQntuples(rows) == FETCHED;
        result = each(rows, argument);
        PQclear(rows);
    }
    if (tx->broken == RESULT_OK)
        pg_send(tx->connection, arena_printf(arena, "CLOSE walk_%u", number), NULL, NULL, 0);
    return result;
}

struct giving {
    store_each_row *each;
    void *argument;
};

static enum result give_rows(const PGresult *rows, void *argument)
{
    const struct giving *giving = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char **names = names_of(rows, arena);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct store_row row;
        TRY(decode(rows, i, names, arena, false, &row));
        TRY(giving->each(&row, giving->argument));
    }
    return RESULT_OK;
}

enum result pg_each(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                    store_each_row *each, void *argument)
{
    struct pg_tx *own = (struct pg_tx *)tx;
    struct call call;
    struct giving giving = {each, argument};
    TRY(call_begin(own, number, &call));
    Oid types[MOST_BINDS];
    enum result result = bind_all(&call, binds);
    for (size_t i = 0; i < call.statement->place_count; i++)
        types[i] = call.statement->places[i].type;
    if (result == RESULT_OK)
        result = pg_tx_walk(own, call.statement->text, call.values, types, call.statement->place_count,
                            give_rows, &giving);
    call_end(&call);
    return result;
}
