/* Reading: each on a connection of the pool, in a transaction that holds its snapshot. */
#include "store/readers.h"

#include "store/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>

struct sqlite_readers {
    struct readers *pool;
    char *url;
    const struct store_schema *schema;
    const struct sqlite_covered *covered;
};

static enum result open_reader(void *state, void **ret_connection)
{
    const struct sqlite_readers *readers = state;
    struct sqlite_connection *connection;
    TRY(sqlite_connect(readers->url, readers->schema, SQLITE_USE_READ, &connection));
    *ret_connection = connection;
    return RESULT_OK;
}

static void close_reader(void *connection)
{
    sqlite_disconnect(connection);
}

static const struct readers_verbs verbs = {open_reader, close_reader};

struct sqlite_readers *sqlite_readers_new(const char *url, const struct store_schema *schema,
                                          const struct sqlite_covered *covered)
{
    struct sqlite_readers *readers = calloc(1, sizeof *readers);
    if (readers == NULL)
        abort();
    readers->url = strdup(url);
    if (readers->url == NULL)
        abort();
    readers->schema = schema;
    readers->covered = covered;
    readers->pool = readers_new(&verbs, readers);
    return readers;
}

void sqlite_readers_free(struct sqlite_readers *readers)
{
    if (readers == NULL)
        return;
    readers_free(readers->pool);
    free(readers->url);
    free(readers);
}

enum result sqlite_readers_read(struct sqlite_readers *readers, store_work *work, void *argument)
{
    void *taken;
    TRY(readers_take(readers->pool, &taken));
    struct sqlite_connection *connection = taken;
    struct sqlite_tx tx = {.tx = {.backend = &store_sqlite, .schema = readers->schema},
                           .connection = connection,
                           .covered = readers->covered};
    enum result result = sqlite_result(sqlite_do(connection, VERB_BEGIN_READ));
    if (result == RESULT_OK) {
        result = work(&tx.tx, argument);
        /* Nothing was changed, so this only lets go of the snapshot. */
        if (!sqlite3_get_autocommit(connection->db))
            (void)sqlite_do(connection, VERB_COMMIT);
    }
    readers_give(readers->pool, connection);
    return result;
}
