/* Closes connections that take too long over a head or over reading a reply. MHD knows idleness only: who
 * sends or reads one byte in every LIMIT_IDLE_SECONDS would hold a place for ever.
 *
 *     accepted ──► head due ──► (body: call.c) ──► reply due ──► head due …
 *
 * 1. A line is made and freed by MHD's callbacks, the freeing before MHD closes the socket, under the lock:
 *    so the watcher never meets a descriptor that belongs to somebody else already.
 * 2. Its deadline is set by MHD's threads without the lock. */
#include "base/limits.h"
#include "http/server_inner.h"

#include <stdlib.h>
#include <sys/socket.h>

struct line {
    struct line *next;
    struct line **at; /* what points at this one */
    int socket;
    _Atomic instant due; /* monotonic; 0: nothing is waited for */
};

struct watch {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct line *lines;
    instant head_time;
    instant reply_time; /* 0: by its size */
    bool ending;
};

static void cut_overdue(struct watch *watch)
{
    instant now = clock_monotonic();
    for (struct line *line = watch->lines; line != NULL; line = line->next) {
        instant due = line->due;
        if (due == 0 || now < due)
            continue;
        line->due = 0;
        (void)shutdown(line->socket, SHUT_RDWR);
    }
}

static void *run(void *argument)
{
    enum { STEP_NANOSECONDS = 250 * 1000000 };
    struct watch *watch = argument;
    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->ending) {
        struct timespec at;
        cut_overdue(watch);
        (void)clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_nsec += STEP_NANOSECONDS;
        at.tv_sec += at.tv_nsec / 1000000000;
        at.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&watch->changed, &watch->lock, &at);
    }
    (void)pthread_mutex_unlock(&watch->lock);
    return NULL;
}

struct watch *watch_new(int head_seconds, int reply_seconds)
{
    struct watch *watch = calloc(1, sizeof *watch);
    pthread_condattr_t monotonic;
    if (watch == NULL)
        abort();
    watch->head_time = (head_seconds > 0 ? head_seconds : LIMIT_HEAD_SECONDS) * INSTANT_SECOND;
    watch->reply_time = reply_seconds * INSTANT_SECOND;
    (void)pthread_mutex_init(&watch->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&watch->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&watch->thread, NULL, run, watch) != 0)
        abort();
    return watch;
}

void watch_free(struct watch *watch)
{
    (void)pthread_mutex_lock(&watch->lock);
    watch->ending = true;
    (void)pthread_cond_broadcast(&watch->changed);
    (void)pthread_mutex_unlock(&watch->lock);
    (void)pthread_join(watch->thread, NULL);
    (void)pthread_cond_destroy(&watch->changed);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}

static struct line *line_new(struct watch *watch, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct line *line = info != NULL ? calloc(1, sizeof *line) : NULL;
    if (line == NULL)
        return NULL;
    line->socket = info->connect_fd;
    line->due = clock_monotonic() + watch->head_time;
    line->next = watch->lines;
    line->at = &watch->lines;
    if (line->next != NULL)
        line->next->at = &line->next;
    watch->lines = line;
    return line;
}

static void line_free(struct line *line)
{
    *line->at = line->next;
    if (line->next != NULL)
        line->next->at = line->at;
    free(line);
}

void watch_connection(void *argument, struct MHD_Connection *connection, void **socket_context,
                      enum MHD_ConnectionNotificationCode code)
{
    struct watch *watch = argument;
    (void)pthread_mutex_lock(&watch->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = line_new(watch, connection);
    } else if (*socket_context != NULL) {
        line_free(*socket_context);
        *socket_context = NULL;
    }
    (void)pthread_mutex_unlock(&watch->lock);
}

static void set_due(struct MHD_Connection *connection, instant due)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct line *line = info != NULL ? info->socket_context : NULL;
    if (line != NULL)
        line->due = due;
}

void watch_for_head(struct watch *watch, struct MHD_Connection *connection)
{
    set_due(connection, clock_monotonic() + watch->head_time);
}

void watch_for_reply(struct watch *watch, struct MHD_Connection *connection, size_t size)
{
    int64_t seconds = LIMIT_REPLY_SECONDS + (int64_t)(size / LIMIT_BODY_BYTES_PER_SECOND);
    instant time = watch->reply_time != 0 ? watch->reply_time : seconds * INSTANT_SECOND;
    set_due(connection, clock_monotonic() + time);
}

void watch_for_nothing(struct MHD_Connection *connection)
{
    set_due(connection, 0);
}
