/* Threads for requests that may wait: started when they are needed, up to LIMIT_WORKERS. */
#include "base/limits.h"
#include "http/server_inner.h"

#include <stdlib.h>

enum { STACK_BYTES = 1024 * 1024 };

struct pool {
    struct server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct call *queue[LIMIT_WORK_QUEUE]; /* a ring */
    size_t first;
    atomic_size_t count; /* changed under the lock */
    pthread_t threads[LIMIT_WORKERS];
    size_t thread_count;
    size_t idle;
    bool ending;
};

static void *work(void *argument)
{
    struct pool *pool = argument;
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        pool->idle++;
        while (pool->count == 0 && !pool->ending)
            (void)pthread_cond_wait(&pool->changed, &pool->lock);
        pool->idle--;
        if (pool->count == 0)
            break;
        struct call *call = pool->queue[pool->first];
        pool->first = (pool->first + 1) % LIMIT_WORK_QUEUE;
        pool->count--;
        (void)pthread_mutex_unlock(&pool->lock);
        struct MHD_Connection *connection = call->connection;
        call_answer(call, server_arena(pool->server));
        pool->server->working--;
        MHD_resume_connection(connection);
        (void)pthread_mutex_lock(&pool->lock);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct pool *pool_new(struct server *server)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        abort();
    pool->server = server;
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->changed, NULL);
    return pool;
}

static void add_thread(struct pool *pool)
{
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (pthread_create(&pool->threads[pool->thread_count], &attributes, work, pool) == 0)
        pool->thread_count++;
    (void)pthread_attr_destroy(&attributes);
}

bool pool_is_full(const struct pool *pool)
{
    return atomic_load(&pool->count) >= LIMIT_WORK_QUEUE;
}

enum result pool_take(struct pool *pool, struct call *call)
{
    enum result result = RESULT_BUSY;
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->count >= pool->idle && pool->thread_count < LIMIT_WORKERS)
        add_thread(pool);
    if (pool->count < LIMIT_WORK_QUEUE && pool->thread_count > 0 && !pool->ending) {
        pool->queue[(pool->first + pool->count++) % LIMIT_WORK_QUEUE] = call;
        (void)pthread_cond_signal(&pool->changed);
        pool->server->working++;
        result = RESULT_OK;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return result;
}

void pool_free(struct pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    (void)pthread_cond_broadcast(&pool->changed);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        (void)pthread_join(pool->threads[i], NULL);
    (void)pthread_cond_destroy(&pool->changed);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
