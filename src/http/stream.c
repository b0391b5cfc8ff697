/* A reply by server-sent events: its own thread runs the handler and fills a buffer that MHD's thread
 * empties.
 *
 *     handler → request_event() → stream_send → buffer → stream_read → socket
 *
 * The connection is suspended whenever the buffer is empty. The stream outlives neither: two references, one
 * of the thread and one of the response. */
#include "base/limits.h"
#include "http/server_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct stream {
    struct server *server;
    struct MHD_Connection *connection;
    struct call *call; /* NULL once the reply has begun */
    struct arena *arena;
    struct http_message message;
    instant began;
    char id[CALL_ID_SIZE];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int references;
    bool suspended;
    bool ended; /* by the handler */
    bool gone;  /* the response is over */
    size_t size;
    char buffer[LIMIT_EVENT_BUFFER_BYTES];
};

static void stream_release(struct stream *stream)
{
    (void)pthread_mutex_lock(&stream->lock);
    int left = --stream->references;
    (void)pthread_mutex_unlock(&stream->lock);
    if (left > 0)
        return;
    (void)pthread_cond_destroy(&stream->changed);
    (void)pthread_mutex_destroy(&stream->lock);
    arena_free(stream->arena);
    free(stream);
}

/* ---- MHD's side ---- */

static ssize_t stream_read(void *argument, uint64_t position, char *bytes, size_t max)
{
    struct stream *stream = argument;
    ssize_t result = 0;
    (void)position;
    (void)pthread_mutex_lock(&stream->lock);
    if (stream->size > 0) {
        size_t size = stream->size < max ? stream->size : max;
        memcpy(bytes, stream->buffer, size);
        stream->size -= size;
        memmove(stream->buffer, stream->buffer + size, stream->size);
        (void)pthread_cond_signal(&stream->changed);
        result = (ssize_t)size;
    } else if (stream->ended) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    (void)pthread_mutex_unlock(&stream->lock);
    return result;
}

static void stream_over(void *argument)
{
    struct stream *stream = argument;
    (void)pthread_mutex_lock(&stream->lock);
    stream->gone = true;
    (void)pthread_cond_signal(&stream->changed);
    (void)pthread_mutex_unlock(&stream->lock);
    stream_release(stream);
}

/* ---- the handler's side ---- */

static struct timespec after(int milliseconds)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += milliseconds / 1000;
    at.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

static bool cancelled(const struct stream *stream)
{
    return stream->gone || stream->server->stopping;
}

/* With the lock held. */
static void wake(struct stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->connection);
}

/* The reply begins: from here on the call is MHD's. */
static void begin_reply(struct stream *stream)
{
    struct call *call = stream->call;
    stream->call = NULL;
    stream->references++;
    call->response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, stream, stream_over);
    if (call->response == NULL)
        abort();
    call->status = 200;
    call->events = true;
    call->phase = CALL_READY;
    (void)MHD_add_response_header(call->response, "Content-Type", "text/event-stream; charset=utf-8");
    (void)MHD_add_response_header(call->response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(call->response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(call->response, "X-Request-Id", stream->id);
    MHD_resume_connection(stream->connection);
}

static enum result stream_send(void *state, const char *bytes, size_t size)
{
    struct stream *stream = state;
    enum result result = RESULT_OK;
    struct timespec deadline = after(LIMIT_IDLE_SECONDS * 1000);
    (void)pthread_mutex_lock(&stream->lock);
    if (stream->call != NULL && !stream->server->stopping)
        begin_reply(stream);
    while (size > 0 && result == RESULT_OK) {
        size_t part = LIMIT_EVENT_BUFFER_BYTES - stream->size;
        part = part < size ? part : size;
        memcpy(stream->buffer + stream->size, bytes, part);
        stream->size += part;
        bytes += part;
        size -= part;
        if (part > 0)
            wake(stream);
        /* A full buffer waits for the client to read, but not for ever. */
        if (cancelled(stream) ||
            (size > 0 && pthread_cond_timedwait(&stream->changed, &stream->lock, &deadline) != 0))
            result = RESULT_CANCELLED;
    }
    (void)pthread_mutex_unlock(&stream->lock);
    return result;
}

static enum result sleep_some(struct stream *stream, int milliseconds)
{
    struct timespec until = after(milliseconds);
    int waited = 0;
    (void)pthread_mutex_lock(&stream->lock);
    while (!cancelled(stream) && waited == 0)
        waited = pthread_cond_timedwait(&stream->changed, &stream->lock, &until);
    bool over = cancelled(stream);
    (void)pthread_mutex_unlock(&stream->lock);
    return over ? RESULT_CANCELLED : RESULT_OK;
}

/* In steps short enough to see the server stop, with a comment now and then that shows whether the client is
 * there. */
static enum result stream_wait(void *state, int milliseconds)
{
    enum { STEP = 200 };
    struct stream *stream = state;
    int quiet = 0;
    while (milliseconds > 0) {
        int step = milliseconds < STEP ? milliseconds : STEP;
        TRY(sleep_some(stream, step));
        milliseconds -= step;
        quiet += step;
        if (quiet >= LIMIT_EVENT_SECONDS * 1000) {
            TRY(stream_send(stream, ":\n\n", 3));
            quiet = 0;
        }
    }
    return RESULT_OK;
}

static void *stream_run(void *argument)
{
    struct stream *stream = argument;
    struct server *server = stream->server;
    struct http_events events = {stream_send, stream_wait, stream};
    struct http_reply reply;
    stream->message.events = &events;
    dispatch(server->app, stream->arena, &stream->message, &reply);
    (void)pthread_mutex_lock(&stream->lock);
    struct call *call = stream->call;
    stream->call = NULL;
    stream->ended = true;
    if (call == NULL && !stream->gone)
        wake(stream);
    (void)pthread_mutex_unlock(&stream->lock);
    if (call != NULL) { /* refused before the first event */
        call_reply(call, &stream->message, &reply);
        MHD_resume_connection(stream->connection);
    } else {
        call_note(server, stream->id, stream->began, stream->message.method, &reply);
    }
    server->streams--;
    stream_release(stream);
    return NULL;
}

/* The call's memory goes with the request; the stream may outlast it. */
static void copy_message(struct stream *stream, struct call *call)
{
    struct arena *arena = stream->arena;
    struct http_message *message = &stream->message;
    call_message(call, arena, message);
    message->path = arena_strdup(arena, message->path);
    message->query = message->query != NULL ? arena_strdup(arena, message->query) : NULL;
    size_t count = 0;
    while (message->headers[count].name != NULL)
        count++;
    struct http_header *headers = arena_new_array(arena, struct http_header, count + 1);
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct http_header){arena_strdup(arena, message->headers[i].name),
                                          arena_strdup(arena, message->headers[i].value)};
    message->headers = headers;
}

enum result stream_start(struct call *call)
{
    struct server *server = call->server;
    pthread_attr_t attributes;
    pthread_t thread;
    if (server->streams++ >= LIMIT_EVENT_STREAMS) {
        server->streams--;
        return RESULT_BUSY;
    }
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        abort();
    stream->server = server;
    stream->connection = call->connection;
    stream->call = call;
    stream->began = call->began;
    memcpy(stream->id, call->id, sizeof stream->id);
    stream->arena = arena_new(0);
    stream->references = 1;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&stream->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&stream->lock, NULL);
    copy_message(stream, call);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, 1024 * 1024);
    int failed = pthread_create(&thread, &attributes, stream_run, stream);
    (void)pthread_attr_destroy(&attributes);
    if (failed == 0)
        return RESULT_OK;
    server->streams--;
    stream_release(stream);
    return RESULT_BUSY;
}
