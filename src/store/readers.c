#include "store/readers.h"

#include "base/limits.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct readers {
    const struct readers_verbs *verbs;
    void *state;
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    size_t opened;
    size_t idle_count;
    void *idle[LIMIT_READERS];
};

struct readers *readers_new(const struct readers_verbs *verbs, void *state)
{
    struct readers *readers = calloc(1, sizeof *readers);
    if (readers == NULL)
        abort();
    readers->verbs = verbs;
    readers->state = state;
    (void)pthread_mutex_init(&readers->mutex, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&readers->returned, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return readers;
}

void readers_free(struct readers *readers)
{
    if (readers == NULL)
        return;
    assert(readers->idle_count == readers->opened); /* nobody reads any more */
    for (size_t i = 0; i < readers->idle_count; i++)
        readers->verbs->close(readers->idle[i]);
    (void)pthread_cond_destroy(&readers->returned);
    (void)pthread_mutex_destroy(&readers->mutex);
    free(readers);
}

/* Waits with the mutex held until a connection is idle or may be opened. */
static bool wait_for_one(struct readers *readers)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LIMIT_STORE_WAIT_SECONDS;
    while (readers->idle_count == 0 && readers->opened == LIMIT_READERS)
        if (pthread_cond_timedwait(&readers->returned, &readers->mutex, &until) != 0)
            return false;
    return true;
}

static void forget_one(struct readers *readers)
{
    (void)pthread_mutex_lock(&readers->mutex);
    readers->opened--;
    (void)pthread_cond_signal(&readers->returned);
    (void)pthread_mutex_unlock(&readers->mutex);
}

enum result readers_take(struct readers *readers, void **ret_connection)
{
    void *connection = NULL;
    (void)pthread_mutex_lock(&readers->mutex);
    bool may = wait_for_one(readers);
    if (may && readers->idle_count > 0)
        connection = readers->idle[--readers->idle_count];
    else if (may)
        readers->opened++;
    (void)pthread_mutex_unlock(&readers->mutex);
    if (!may)
        return RESULT_BUSY;
    if (connection == NULL) {
        enum result result = readers->verbs->open(readers->state, &connection);
        if (result != RESULT_OK) {
            forget_one(readers);
            return result;
        }
    }
    *ret_connection = connection;
    return RESULT_OK;
}

void readers_adopt(struct readers *readers, void *connection)
{
    readers->opened++;
    readers_give(readers, connection);
}

void readers_give(struct readers *readers, void *connection)
{
    (void)pthread_mutex_lock(&readers->mutex);
    readers->idle[readers->idle_count++] = connection;
    (void)pthread_cond_signal(&readers->returned);
    (void)pthread_mutex_unlock(&readers->mutex);
}

void readers_drop(struct readers *readers, void *connection)
{
    readers->verbs->close(connection);
    forget_one(readers);
}
