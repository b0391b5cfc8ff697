#include "affairs/room/room_quota.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct room_quota {
    struct keeper *keeper;
    char scope[40];
    struct timespec until;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;    /* the query came to its end */
    bool stopped; /* the quota came to its end before */
};

static struct timespec later(int64_t milliseconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

/* A query that the keeper has not begun yet is not there to be cancelled: so it is told until the query ends.
 */
static void *wait_and_cancel(void *argument)
{
    enum { AGAIN_MS = 100 };
    struct room_quota *quota = argument;
    (void)pthread_mutex_lock(&quota->lock);
    while (!quota->done) {
        if (pthread_cond_timedwait(&quota->changed, &quota->lock, &quota->until) == 0)
            continue;
        quota->stopped = true;
        quota->until = later(AGAIN_MS);
        (void)pthread_mutex_unlock(&quota->lock);
        (void)keeper_cancel(quota->keeper, quota->scope);
        (void)pthread_mutex_lock(&quota->lock);
    }
    (void)pthread_mutex_unlock(&quota->lock);
    return NULL;
}

static void set_up(struct room_quota *quota)
{
    pthread_condattr_t monotonic;
    (void)pthread_mutex_init(&quota->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&quota->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

static void tear_down(struct room_quota *quota)
{
    (void)pthread_cond_destroy(&quota->changed);
    (void)pthread_mutex_destroy(&quota->lock);
    free(quota);
}

struct room_quota *room_quota_begin(struct keeper *keeper, row_id query, int64_t left_ms)
{
    struct room_quota *quota = calloc(1, sizeof *quota);
    if (quota == NULL)
        return NULL;
    quota->keeper = keeper;
    quota->until = later(left_ms > 0 ? left_ms : 0);
    (void)snprintf(quota->scope, sizeof quota->scope, "result/%lld", (long long)query);
    set_up(quota);
    if (pthread_create(&quota->thread, NULL, wait_and_cancel, quota) == 0)
        return quota;
    tear_down(quota);
    return NULL;
}

bool room_quota_end(struct room_quota *quota)
{
    if (quota == NULL)
        return false;
    (void)pthread_mutex_lock(&quota->lock);
    quota->done = true;
    (void)pthread_cond_signal(&quota->changed);
    (void)pthread_mutex_unlock(&quota->lock);
    (void)pthread_join(quota->thread, NULL);
    bool stopped = quota->stopped;
    tear_down(quota);
    return stopped;
}
