/* How the server's parts hang together. Private to server.c, call.c, pool.c and stream.c.
 *
 * 1. A call is one request on a connection. It is made when the request line has been read and freed when MHD
 * says that the request is over; until then it belongs to the thread that reads the network, but while the
 * connection is suspended to the worker that answers it.
 * 2. Whoever resumes a connection does not touch its call any more.
 * 3. A reply is never queued in the handler's first call for a request, but for one whose body must not come:
 * that closes the connection. */
#pragma once

#include "http/dispatch.h"
#include "http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

struct pool;
struct watch;

struct server {
    const struct app *app;
    struct MHD_Daemon *daemon;
    struct pool *pool;
    struct watch *watch;
    pthread_key_t arenas; /* each thread's own */
    atomic_int calls;     /* requests between their first line and the end of their reply */
    atomic_int working;   /* requests with a worker, or waiting for one */
    atomic_int uploads;
    atomic_size_t large; /* bytes of large replies that are being read */
    atomic_int streams;
    atomic_bool stopping;
    struct MHD_Response *busy[2];    /* 503, made once: in Chinese, in English */
    atomic_int_fast64_t shed_second; /* monotonic: in which a line last told of a request turned away */
    uint8_t id_secret[crypto_shorthash_KEYBYTES];
    atomic_uint_fast64_t id_count;
};

/* Hexadecimal of 64 bits, and NUL. */
enum { CALL_ID_SIZE = 17 };

enum call_phase { CALL_NEW, CALL_BODY, CALL_READY };

struct call {
    struct server *server;
    struct MHD_Connection *connection;
    enum call_phase phase;
    enum http_method method;
    struct http_plan plan;
    char *path; /* of `uri`, which is cut at the question mark */
    char *query;
    size_t uri_length;
    instant began; /* monotonic */
    char *body;
    size_t body_size;
    size_t body_room;
    size_t body_max;
    int upload;
    bool counted; /* among server->uploads */
    bool too_large;
    bool events;     /* the reply is a stream of events */
    bool busy;       /* `response` is one of server->busy */
    unsigned status; /* of `response` */
    size_t reply_size;
    size_t large; /* what it counts in server->large */
    struct MHD_Response *response;
    char id[CALL_ID_SIZE]; /* X-Request-Id of the reply; tells nobody how many requests there are */
    char uri[];
};

/* The arena of this thread, empty. */
struct arena *server_arena(struct server *server);

/* ---- call.c ---- */

void *call_begin(void *server, const char *uri, struct MHD_Connection *connection);
enum MHD_Result call_handle(void *server, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *upload_data,
                            size_t *upload_size, void **call);
void call_end(void *server, struct MHD_Connection *connection, void **call,
              enum MHD_RequestTerminationCode why);

/* The message as MHD holds it: valid while the connection is suspended or its handler runs. */
void call_message(const struct call *call, struct arena *arena, struct http_message *ret_message);
/* Makes call->response of a reply; notes and logs the request. */
void call_reply(struct call *call, const struct http_message *message, const struct http_reply *reply);
/* Notes and logs a request whose reply has gone out. */
void call_note(struct server *server, const char *id, instant began, enum http_method method,
               const struct http_reply *reply);
/* Dispatches and makes the response. */
void call_answer(struct call *call, struct arena *arena);
/* Makes and frees server->busy. */
void call_busy_begin(struct server *server);
void call_busy_end(struct server *server);

/* ---- head.c ---- */

enum head_fault {
    HEAD_SOUND,
    HEAD_AMBIGUOUS,      /* two readers could understand it differently */
    HEAD_WITHOUT_LENGTH, /* a transfer coding instead of a Content-Length */
};
/* `target`, `method` and `version` as MHD gives them to its handler. */
enum head_fault head_check(const struct call *call, const char *target, const char *method,
                           const char *version);

/* ---- watch.c ---- */

/* Seconds as in struct server_options. */
struct watch *watch_new(int head_seconds, int reply_seconds);
/* After MHD has ended: no connection is left. */
void watch_free(struct watch *watch);
/* MHD_OPTION_NOTIFY_CONNECTION; the argument is the watch. */
void watch_connection(void *watch, struct MHD_Connection *connection, void **socket_context,
                      enum MHD_ConnectionNotificationCode code);
/* What is waited for from now on. A body has its own rule (call.c), an event stream its own (stream.c). */
void watch_for_head(struct watch *watch, struct MHD_Connection *connection);
void watch_for_reply(struct watch *watch, struct MHD_Connection *connection, size_t size);
void watch_for_nothing(struct MHD_Connection *connection);

/* ---- pool.c ---- */

struct pool *pool_new(struct server *server);
/* Whether a call would be refused now: a look at one number, for when most are. */
bool pool_is_full(const struct pool *pool);
/* RESULT_BUSY when the queue is full. The connection must be suspended already. */
enum result pool_take(struct pool *pool, struct call *call);
/* Ends the threads; nothing may be queued or running. */
void pool_free(struct pool *pool);

/* ---- stream.c ---- */

/* Answers by events in a thread of its own. The connection must be suspended already. */
enum result stream_start(struct call *call);
