/* Whether anything was committed: a snapshot of PostgreSQL's is known by which transactions it sees, and
 * becomes another with every commit, before that is acknowledged. Commits of other databases of the server
 * count too, which costs no more than a page read anew. */
#include "store/postgres/postgres.h"

#include <stdlib.h>
#include <string.h>

struct pg_version {
    pthread_mutex_t lock; /* a connection is used by one thread at a time */
    struct pg_store *store;
    struct pg_connection *connection;
    char *seen;
    uint64_t number;
};

struct pg_version *pg_version_new(struct pg_store *store)
{
    struct pg_version *version = calloc(1, sizeof *version);
    if (version == NULL)
        abort();
    (void)pthread_mutex_init(&version->lock, NULL);
    version->store = store;
    return version;
}

void pg_version_free(struct pg_version *version)
{
    if (version == NULL)
        return;
    pg_disconnect(version->connection);
    (void)pthread_mutex_destroy(&version->lock);
    free(version->seen);
    free(version);
}

static bool is_ready(struct pg_version *version)
{
    if (version->connection != NULL && !pg_lost(version->connection))
        return true;
    pg_disconnect(version->connection);
    return pg_connect(version->store, &version->connection) == RESULT_OK;
}

/* The snapshot's name, or NULL when it cannot be asked. To be freed. */
static char *ask(struct pg_version *version)
{
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    if (!is_ready(version) ||
        pg_ask(version->connection, "SELECT pg_current_snapshot()::text", &answer) != RESULT_OK)
        return NULL;
    return strdup(PQgetvalue(answer, 0, 0));
}

/* What cannot be asked has changed. */
uint64_t pg_version_read(struct pg_version *version)
{
    (void)pthread_mutex_lock(&version->lock);
    char *seen = ask(version);
    if (seen == NULL || version->seen == NULL || strcmp(seen, version->seen) != 0)
        version->number++;
    free(version->seen);
    version->seen = seen;
    uint64_t number = version->number;
    (void)pthread_mutex_unlock(&version->lock);
    return number;
}
