/* A pool of connections that read. The one used last is taken first, so that few of them hold memory. */
#include "base/limits.h"
#include "store/sqlite/sqlite.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sqlite_readers {
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    const char *url;
    const struct store_schema *schema;
    const struct sqlite_covered *covered;
    size_t opened;
    size_t idle_count;
    struct sqlite_connection *idle[LIMIT_READERS];
};

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
    (void)pthread_mutex_init(&readers->mutex, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&readers->returned, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return readers;
}

void sqlite_readers_free(struct sqlite_readers *readers)
{
    if (readers == NULL)
        return;
    assert(readers->idle_count == readers->opened); /* nobody reads any more */
    for (size_t i = 0; i < readers->idle_count; i++)
        sqlite_disconnect(readers->idle[i]);
    (void)pthread_cond_destroy(&readers->returned);
    (void)pthread_mutex_destroy(&readers->mutex);
    free((void *)(uintptr_t)readers->url);
    free(readers);
}

/* Waits with the mutex held until a connection is idle or may be opened. */
static bool wait_for_one(struct sqlite_readers *readers)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LIMIT_STORE_WAIT_SECONDS;
    while (readers->idle_count == 0 && readers->opened == LIMIT_READERS)
        if (pthread_cond_timedwait(&readers->returned, &readers->mutex, &until) != 0)
            return false;
    return true;
}

static enum result take(struct sqlite_readers *readers, struct sqlite_connection **ret_connection)
{
    (void)pthread_mutex_lock(&readers->mutex);
    bool may = wait_for_one(readers);
    struct sqlite_connection *connection = NULL;
    if (may && readers->idle_count > 0)
        connection = readers->idle[--readers->idle_count];
    else if (may)
        readers->opened++;
    (void)pthread_mutex_unlock(&readers->mutex);
    if (!may)
        return RESULT_BUSY;
    if (connection == NULL) {
        enum result result = sqlite_connect(readers->url, readers->schema, SQLITE_USE_READ, &connection);
        if (result != RESULT_OK) {
            (void)pthread_mutex_lock(&readers->mutex);
            readers->opened--;
            (void)pthread_cond_signal(&readers->returned);
            (void)pthread_mutex_unlock(&readers->mutex);
            return result;
        }
    }
    *ret_connection = connection;
    return RESULT_OK;
}

static void give(struct sqlite_readers *readers, struct sqlite_connection *connection)
{
    (void)pthread_mutex_lock(&readers->mutex);
    readers->idle[readers->idle_count++] = connection;
    (void)pthread_cond_signal(&readers->returned);
    (void)pthread_mutex_unlock(&readers->mutex);
}

enum result sqlite_readers_read(struct sqlite_readers *readers, store_work *work, void *argument)
{
    struct sqlite_connection *connection;
    TRY(take(readers, &connection));
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
    give(readers, connection);
    return result;
}
