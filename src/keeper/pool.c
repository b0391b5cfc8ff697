#include "keeper/pool.h"

#include <pthread.h>
#include <stdlib.h>

struct item {
    pool_work *work;
    void *argument;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    unsigned threads;
    unsigned threads_max;
    unsigned idle;
    size_t first;
    size_t count;
    size_t room;
    struct item items[];
};

struct pool *pool_new(unsigned threads, size_t queue)
{
    struct pool *pool = calloc(1, sizeof *pool + queue * sizeof *pool->items);
    if (pool == NULL)
        abort();
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->more, NULL);
    pool->threads_max = threads;
    pool->room = queue;
    return pool;
}

static void *serve_queue(void *argument)
{
    struct pool *pool = argument;
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->count == 0) {
            pool->idle++;
            (void)pthread_cond_wait(&pool->more, &pool->lock);
            pool->idle--;
        }
        struct item item = pool->items[pool->first];
        pool->first = (pool->first + 1) % pool->room;
        pool->count--;
        (void)pthread_mutex_unlock(&pool->lock);
        item.work(item.argument);
        (void)pthread_mutex_lock(&pool->lock);
    }
    return NULL;
}

/* The lock is held. */
static void start_thread(struct pool *pool)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve_queue, pool) != 0)
        return; /* those that run already will come to it */
    (void)pthread_detach(thread);
    pool->threads++;
}

bool pool_add(struct pool *pool, pool_work *work, void *argument)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->count >= pool->idle && pool->threads < pool->threads_max)
        start_thread(pool);
    bool taken = pool->count < pool->room && pool->threads > 0;
    if (taken) {
        pool->items[(pool->first + pool->count) % pool->room] = (struct item){work, argument};
        pool->count++;
        (void)pthread_cond_signal(&pool->more);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return taken;
}
