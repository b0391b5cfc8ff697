#include "keeper/crew.h"

#include <pthread.h>
#include <stdlib.h>

struct item {
    crew_work *work;
    void *argument;
};

struct crew {
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

struct crew *crew_new(unsigned threads, size_t queue)
{
    struct crew *crew = calloc(1, sizeof *crew + queue * sizeof *crew->items);
    if (crew == NULL)
        abort();
    (void)pthread_mutex_init(&crew->lock, NULL);
    (void)pthread_cond_init(&crew->more, NULL);
    crew->threads_max = threads;
    crew->room = queue;
    return crew;
}

static void *serve_queue(void *argument)
{
    struct crew *crew = argument;
    (void)pthread_mutex_lock(&crew->lock);
    for (;;) {
        while (crew->count == 0) {
            crew->idle++;
            (void)pthread_cond_wait(&crew->more, &crew->lock);
            crew->idle--;
        }
        struct item item = crew->items[crew->first];
        crew->first = (crew->first + 1) % crew->room;
        crew->count--;
        (void)pthread_mutex_unlock(&crew->lock);
        item.work(item.argument);
        (void)pthread_mutex_lock(&crew->lock);
    }
    return NULL;
}

/* The lock is held. */
static void start_thread(struct crew *crew)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve_queue, crew) != 0)
        return; /* those that run already will come to it */
    (void)pthread_detach(thread);
    crew->threads++;
}

bool crew_add(struct crew *crew, crew_work *work, void *argument)
{
    (void)pthread_mutex_lock(&crew->lock);
    if (crew->count >= crew->idle && crew->threads < crew->threads_max)
        start_thread(crew);
    bool taken = crew->count < crew->room && crew->threads > 0;
    if (taken) {
        crew->items[(crew->first + crew->count) % crew->room] = (struct item){work, argument};
        crew->count++;
        (void)pthread_cond_signal(&crew->more);
    }
    (void)pthread_mutex_unlock(&crew->lock);
    return taken;
}

size_t crew_waiting(struct crew *crew)
{
    (void)pthread_mutex_lock(&crew->lock);
    size_t count = crew->count;
    (void)pthread_mutex_unlock(&crew->lock);
    return count;
}
