/* A route is declared once; router, gate, validator, OpenAPI, `dukou permissions`, the command line and the
 * API tests read that row. */
#pragma once

#include "http/permission.h"
#include "http/schema.h"
#include "workflow/work.h"
#include "workflow/workflow.h"

/* Routes are declared with the first five; the router answers the others itself: HEAD as GET without its
 * body, OPTIONS with Allow, anything else with 405. */
enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_ROUTE_METHODS,
    HTTP_HEAD = HTTP_ROUTE_METHODS,
    HTTP_OPTIONS,
    HTTP_OTHER
};

/* How a handler runs. */
enum route_style {
    ROUTE_IN_TRANSACTION, /* GET: in a read snapshot; else in one durable transaction, that may be run again
                           */
    ROUTE_LONG,           /* no transaction: the handler calls request_read() and request_write() itself */
    ROUTE_EVENTS          /* server-sent events: as ROUTE_LONG, replies by request_event() */
};

struct request;

/* Whether this caller owns this object (or stands in a relation to it that the row needs); a named rule, so
 * that a test can take it out. Answers RESULT_OK, RESULT_NOT_FOUND (also for objects that the caller may not
 * know of), or REFUSEs. */
struct owner {
    const char *name;
    enum result (*ask)(struct request *request);
};
/* Braces alone, so that it is a constant in a table. */
/* clang-format off */
#define OWNER(function) {#function, function}
/* clang-format on */

struct route {
    enum http_method method;
    const char *path; /* "/products/{id}/review"; the server serves it under /api */
    enum law law;
    enum permission needs;
    struct owner owner;
    const struct schema *query; /* parameters beside cursor and limit; NULL: none */
    const struct schema *body;  /* NULL: no body */
    bool upload;                /* the body is raw bytes, at most `upload_max`, in request->upload */
    size_t upload_max;
    const struct schema *reply; /* NULL: no content (204) or raw bytes when `bytes` */
    bool list;                  /* the reply is {"items": [reply…], "next": cursor or null} */
    bool bytes;                 /* the reply is raw bytes */
    bool kept; /* GET: what the public gets depends on the path, the query and the store alone (neither
                  caller nor clock), so that its text may be sent again until the next change */
    enum route_style style;
    bool own_keys; /* the handler itself makes requests with the same Idempotency-Key one: request_key() */
    const char *summary; /* "Decide whether a product may leave" */
    const char *summary_zh;
    enum result (*run)(struct request *request);
};

/* The routes of one concept; ends with a row whose run is NULL. */
struct route_table {
    const char *concept;
    const struct route *routes;
    const char *zh; /* its heading on the Chinese page; NULL: the concept's name */
};

struct app;

struct request {
    struct work work; /* work.tx is NULL in ROUTE_LONG outside request_read/_write */
    struct actor actor;
    const struct app *app;
    const struct route *route;
    json_t *body;  /* checked against route->body; NULL when there is none */
    json_t *query; /* checked; values already of their types */
    int upload;    /* memory file with the raw body, −1 when none; closed by the server */
    size_t upload_size;
    const char *address; /* of the client, for rate limits only; never stored */
    /* the reply */
    json_t *reply;     /* set by the handler, a new reference that the server takes */
    int status;        /* 0: 200, or 204 when there is no reply */
    const void *bytes; /* raw reply, in the arena */
    size_t bytes_size;
    const char *content_type;
    const char *file_name;
    void *inner; /* the server's own */
};

/* Parameters of the path. "{id}" and names that end in "_id" are numbers ≥ 1: anything else in their place is
 * answered with 404 before the handler runs. Other parameters are text. */
row_id request_id(const struct request *request, const char *name);
const char *request_parameter(const struct request *request, const char *name);

/* The Idempotency-Key of a request to a route with `own_keys`, NULL when it has none. */
const char *request_key(const struct request *request);

/* Runs a transaction inside a ROUTE_LONG handler, with request->work.tx set while it runs. */
enum result request_read(struct request *request, enum result (*part)(struct request *, void *),
                         void *argument);
enum result request_write(struct request *request, enum result (*part)(struct request *, void *),
                          void *argument);

/* Pages. A list handler asks for the rows after `cursor` (0 at first) and `limit` + 1 of them, appends at
 * most `limit` items and says where the next page starts: page_reply() makes {"items","next"} of it. Takes
 * the items' reference. */
row_id page_after(const struct request *request);
int page_limit(const struct request *request);
void page_reply(struct request *request, json_t *items, row_id next_after); /* 0: no further page */

/* Sends one event; RESULT_CANCELLED when the client has gone or the server stops. */
enum result request_event(struct request *request, const char *name, const json_t *data);
/* Waits; RESULT_CANCELLED at once when the client has gone or the server stops. For ROUTE_EVENTS. */
enum result request_wait(struct request *request, int milliseconds);

/* Cookies set by log-in and log-out. `session` NULL clears it. */
void request_set_session(struct request *request, const char *session, int64_t seconds);
/* The cookie by which log-in knows a browser again; not cleared by log-out. */
void request_set_browser(struct request *request, const char *browser, int64_t seconds);
/* As it came, NULL when there is none or there are two. */
const char *request_browser(const struct request *request);
/* The session token the request came with, NULL when none. */
const char *request_session(const struct request *request);
