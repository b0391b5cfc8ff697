/* SQLite tells a connection whether others have committed (PRAGMA data_version). This one never writes, so
 * all others are others, those of this process too. */
#include "store/sqlite/sqlite.h"

#include <pthread.h>
#include <stdlib.h>

struct sqlite_version {
    pthread_mutex_t lock; /* a connection is used by one thread at a time */
    struct sqlite_connection *connection;
    sqlite3_stmt *ask;
    uint64_t failures;
};

enum result sqlite_version_open(const char *url, const struct store_schema *schema,
                                struct sqlite_version **ret_version)
{
    struct sqlite_version *version = calloc(1, sizeof *version);
    if (version == NULL)
        abort();
    (void)pthread_mutex_init(&version->lock, NULL);
    enum result result = sqlite_connect(url, schema, SQLITE_USE_READ, &version->connection);
    if (result == RESULT_OK)
        result = sqlite_result(sqlite3_prepare_v3(version->connection->db, "PRAGMA data_version", -1,
                                                  SQLITE_PREPARE_PERSISTENT, &version->ask, NULL));
    if (result != RESULT_OK) {
        sqlite_version_free(version);
        return result;
    }
    *ret_version = version;
    return RESULT_OK;
}

void sqlite_version_free(struct sqlite_version *version)
{
    if (version == NULL)
        return;
    (void)sqlite3_finalize(version->ask);
    sqlite_disconnect(version->connection);
    (void)pthread_mutex_destroy(&version->lock);
    free(version);
}

uint64_t sqlite_version_read(struct sqlite_version *version)
{
    (void)pthread_mutex_lock(&version->lock);
    /* What cannot be asked has changed: a number that is given once. */
    uint64_t read = UINT64_MAX - version->failures;
    if (sqlite3_step(version->ask) == SQLITE_ROW)
        read = (uint64_t)sqlite3_column_int64(version->ask, 0);
    else
        version->failures++;
    (void)sqlite3_reset(version->ask);
    (void)pthread_mutex_unlock(&version->lock);
    return read;
}
