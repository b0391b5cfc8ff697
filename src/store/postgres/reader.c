/* Reading: each on a connection of the pool, in a transaction that holds its snapshot. The transaction's
 * beginning travels with the first statement, and its end is not waited for. */
#include "store/postgres/postgres.h"
#include "store/readers.h"

#include <stdlib.h>

enum { TRIES = 3 };

static enum result open_reader(void *state, void **ret_connection)
{
    struct pg_connection *connection;
    enum result result = pg_connect(state, &connection);
    if (result == RESULT_OK)
        result = pg_enter_pipeline(connection);
    if (result != RESULT_OK) {
        pg_disconnect(connection);
        return result;
    }
    *ret_connection = connection;
    return RESULT_OK;
}

static void close_reader(void *connection)
{
    pg_disconnect(connection);
}

static const struct readers_verbs verbs = {open_reader, close_reader};

struct readers *pg_readers_new(struct pg_store *store, struct pg_connection *connection)
{
    struct readers *readers = readers_new(&verbs, store);
    readers_adopt(readers, connection);
    return readers;
}

/* *ret_again: what the work saw does not count, for the connection had died before it was used, or a plan was
 * stale. */
static enum result read_once(struct pg_store *store, store_work *work, void *argument, bool *ret_again)
{
    void *taken;
    TRY(readers_take(store->readers, &taken));
    struct pg_connection *connection = taken;
    pg_drain(connection);
    struct pg_tx tx = {.tx = {.backend = &store_postgres, .schema = store->schema}, .connection = connection};
    pg_send_verb(connection, PG_BEGIN_READ);
    enum result result = work(&tx.tx, argument);
    *ret_again = tx.broken != RESULT_OK && (pg_lost(connection) ? tx.asked <= 1 : pg_worth_again(connection));
    if (pg_lost(connection)) {
        readers_drop(store->readers, connection);
        return tx.broken != RESULT_OK ? RESULT_UNAVAILABLE : result;
    }
    pg_send_verb(connection, PG_COMMIT);
    pg_end(connection);
    readers_give(store->readers, connection);
    return result;
}

enum result pg_read(struct pg_store *store, store_work *work, void *argument)
{
    bool again = true;
    enum result result = RESULT_UNAVAILABLE;
    for (int i = 0; again && i < TRIES; i++) {
        again = false;
        result = read_once(store, work, argument, &again);
    }
    return result;
}
