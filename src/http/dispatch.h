/* A request from bytes to reply without a socket: route, gate, limits, validator, transaction, handler,
 * problem. The server calls it; so do the tests of the concepts. */
#pragma once

#include "http/app.h"

struct http_header {
    const char *name;
    const char *value;
};

/* Where the events of a ROUTE_EVENTS reply go. Both answer RESULT_CANCELLED when the client has gone or the
 * server stops. */
struct http_events {
    enum result (*send)(void *state, const char *bytes, size_t size); /* the first call begins the reply */
    enum result (*wait)(void *state, int milliseconds);
    void *state;
};

struct http_message {
    enum http_method method;
    const char *path;                  /* with /api, without query string */
    const char *query;                 /* after '?', or NULL */
    const struct http_header *headers; /* ends with {0} */
    const void *body;
    size_t body_size;
    int upload; /* memory file of a raw body, or −1 */
    const char *address;
    const struct http_events *events; /* NULL: events are gathered in the reply's body */
};

struct http_reply {
    int status;
    const char *content_type;
    const void *body; /* in the arena */
    size_t body_size;
    struct http_header headers[12]; /* ends with {0} */
    const struct route *route;      /* for the log; NULL: none was found */
    enum result result;
    row_id entry;  /* of the audit log that the request wrote; −1: none */
    bool streamed; /* went out as events; there is nothing left to send */
};

/* Checks all tables (every row has a permission, summaries, a reply that fits its style, a unique path);
 * asserts. */
void dispatch_check(const struct app *app);

/* Checks the tables and builds what dispatch() needs into app->dispatcher; before the first dispatch(). */
void dispatch_open(struct app *app);
void dispatch_close(struct app *app);

/* How the body of this request is to be taken, known from its head alone, so that the server can refuse or
 * stream it. */
struct http_plan {
    bool inline_reply; /* answered without waiting: may run in the thread that reads the network */
    bool events;
    bool upload;     /* the body goes to a memory file */
    size_t body_max; /* bytes; more is answered with 413 */
};
struct http_plan dispatch_plan(const struct app *app, struct arena *arena, enum http_method method,
                               const char *path);

/* Whether the body of an upload may come at all: route, identity, permission, CSRF. False: *ret_reply tells
 * why not. */
bool dispatch_admits(const struct app *app, struct arena *arena, const struct http_message *message,
                     struct http_reply *ret_reply);

/* `header`: Accept-Language, or NULL. */
bool dispatch_prefers_english(const char *header);

/* The reply to what the server refuses before dispatch(): 400, 411, 413, 503… as a problem. `status` 0: by
 * the refusal's result. */
void dispatch_refuse(const struct app *app, struct arena *arena, const struct http_message *message,
                     const struct refusal *refusal, int status, struct http_reply *ret_reply);

/* Counts a request that has been answered. */
void dispatch_note(const struct app *app, const struct http_reply *reply, int64_t microseconds);
struct traffic *dispatch_traffic(const struct app *app);

/* Always fills *ret_reply, with a problem when something is refused. */
void dispatch(const struct app *app, struct arena *arena, const struct http_message *message,
              struct http_reply *ret_reply);
