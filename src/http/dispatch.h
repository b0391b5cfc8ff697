/* A request from bytes to reply without a socket: route, gate, limits, validator, transaction, handler, problem. The server
 * calls it; so do the tests of the concepts. */
#pragma once

#include "http/app.h"

struct http_header {
    const char *name;
    const char *value;
};

struct http_message {
    enum http_method method;
    const char *path;                  /* with /api, without query string */
    const char *query;                 /* after '?', or NULL */
    const struct http_header *headers; /* ends with {0} */
    const void *body;
    size_t body_size;
    int upload;                        /* memory file of a raw body, or −1 */
    const char *address;
};

struct http_reply {
    int status;
    const char *content_type;
    const void *body;                  /* in the arena */
    size_t body_size;
    struct http_header headers[12];    /* ends with {0} */
};

/* Checks all tables (every row has a permission, a law or LAW_NONE said so, unique paths); asserts. */
void dispatch_check(const struct app *app);

/* Always fills *ret_reply, with a problem when something is refused. */
void dispatch(const struct app *app, struct arena *arena, const struct http_message *message,
              struct http_reply *ret_reply);
