#include "http/jobs.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct job {
    void (*run)(const struct app *app, void *argument);
    const struct app *app;
    void *argument;
};

struct jobs {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t *threads;
    int thread_count;
    struct job *queue; /* a ring */
    int size;
    int first;
    int count;
    bool ending;
};

static void *work(void *argument)
{
    struct jobs *jobs = argument;
    (void)pthread_mutex_lock(&jobs->lock);
    for (;;) {
        while (jobs->count == 0 && !jobs->ending)
            (void)pthread_cond_wait(&jobs->changed, &jobs->lock);
        if (jobs->count == 0)
            break;
        struct job job = jobs->queue[jobs->first];
        jobs->first = (jobs->first + 1) % jobs->size;
        jobs->count--;
        (void)pthread_mutex_unlock(&jobs->lock);
        job.run(job.app, job.argument);
        (void)pthread_mutex_lock(&jobs->lock);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

struct jobs *jobs_new(int threads, int queue)
{
    assert(threads > 0 && queue > 0);
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (jobs == NULL)
        abort();
    jobs->threads = calloc((size_t)threads, sizeof *jobs->threads);
    jobs->queue = calloc((size_t)queue, sizeof *jobs->queue);
    if (jobs->threads == NULL || jobs->queue == NULL)
        abort();
    jobs->size = queue;
    (void)pthread_mutex_init(&jobs->lock, NULL);
    (void)pthread_cond_init(&jobs->changed, NULL);
    for (; jobs->thread_count < threads; jobs->thread_count++)
        if (pthread_create(&jobs->threads[jobs->thread_count], NULL, work, jobs) != 0)
            abort();
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->ending = true;
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
    for (int i = 0; i < jobs->thread_count; i++)
        (void)pthread_join(jobs->threads[i], NULL);
    (void)pthread_cond_destroy(&jobs->changed);
    (void)pthread_mutex_destroy(&jobs->lock);
    free(jobs->threads);
    free(jobs->queue);
    free(jobs);
}

enum result jobs_start(struct jobs *jobs, void (*run)(const struct app *app, void *argument),
                       const struct app *app, void *argument)
{
    enum result result = RESULT_BUSY;
    (void)pthread_mutex_lock(&jobs->lock);
    if (jobs->count < jobs->size && !jobs->ending) {
        jobs->queue[(jobs->first + jobs->count++) % jobs->size] = (struct job){run, app, argument};
        (void)pthread_cond_signal(&jobs->changed);
        result = RESULT_OK;
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return result;
}

int jobs_waiting(struct jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    int count = jobs->count;
    (void)pthread_mutex_unlock(&jobs->lock);
    return count;
}
