/* One request on its way through dispatch: what the handler need not see. Private to http. */
#pragma once

#include "http/dispatch.h"
#include "http/rate.h"
#include "http/router.h"
#include "http/traffic.h"

enum { ETAG_TEXT_SIZE = 67 };

/* Sessions whose use is being noted at once; others are noted at their next request. */
enum { SESSIONS_NOTED_AT_ONCE = 8 };

struct dispatcher {
    struct router *router;
    struct rate *rate;
    struct kept *kept;
    struct traffic *traffic;
    _Atomic uint64_t noting[SESSIONS_NOTED_AT_ONCE]; /* the beginnings of their tokens */
    /* made once from the tables */
    char *openapi;
    char *portal_zh, *portal_en;
    char *page_zh, *page_en;
    char *policy; /* Content-Security-Policy of the pages */
};

struct exchange {
    const struct app *app;
    struct arena *arena;
    const struct http_message *message;
    struct http_reply *reply;
    size_t header_count; /* of reply->headers */
    struct router_match match;
    const char *path;   /* without /api */
    const char *bearer; /* credentials as sent; at most one of the two is set */
    const char *session;
    struct session_known is;
    bool known;   /* the credential belongs to an account */
    bool english; /* the client prefers English to Chinese */
    row_id after; /* page */
    int limit;
    struct refusal refusal;
    int status; /* of the problem, where the result alone does not tell it; 0: by the result */
    int retry_seconds;
    const char *cookie; /* Set-Cookie of the session, of the browser */
    const char *browser_cookie;
    const char *idempotency_key;
    const char *own_key; /* the same of a route that keeps its keys itself */
    const char *etag;    /* of the reply */
    char *text;          /* the printed reply, when it had to be printed early */
    bool events_begun;
    char *events; /* gathered events where the message has no sink */
    size_t events_size;
};

static inline struct exchange *exchange_of(const struct request *request)
{
    return request->inner;
}

/* The first header of that name (case ignored), NULL when there is none. */
const char *exchange_header(const struct exchange *exchange, const char *name);
void exchange_add_header(struct exchange *exchange, const char *name, const char *value);

/* ---- gate.c ---- */

/* Over TLS a name that browsers take from this very host alone (RFC 6265bis, "__Host-"). */
const char *gate_cookie_name(const struct app *app);
const char *gate_browser_name(const struct app *app);
/* The value of a cookie, NULL when there is none of that name or there are two. */
const char *gate_find_cookie(const struct exchange *exchange, const char *name);
/* Finds the credentials among the headers; refuses an Authorization that is none of ours. */
enum result gate_read_credentials(struct request *request);
static inline bool gate_has_credentials(const struct exchange *exchange)
{
    return exchange->bearer != NULL || exchange->session != NULL;
}
/* Whose they are; in a transaction. A session that is not alive any more makes the caller the public. */
enum result gate_identify(struct request *request);
/* Role, duty, hand-over. */
enum result gate_permit(struct request *request);
/* The X-CSRF-Token of what changes state by cookie. */
enum result gate_check_csrf(struct request *request);
/* Asks the route's owner rule; in a transaction. */
enum result gate_ask_owner(struct request *request);

/* ---- session.c ---- */

/* After a request with a session that is stale: has it noted in the background that the session is in use, so
 * that no reading waits for the disk. At most one writing every few minutes for each session. */
void session_note_use(struct exchange *exchange);

/* ---- admit.c ---- */

/* A token of the address's bucket, for what is asked without an identity. */
enum result admit_address(struct exchange *exchange);
/* Identity, rate, permission, CSRF, Idempotency-Key; with a transaction when there are credentials. */
enum result admit_head(struct request *request);
/* And the input. */
enum result admit(struct request *request);
/* The same as work of the store; the argument is the request. */
enum result admit_head_in(struct store_tx *tx, void *request);
enum result admit_in(struct store_tx *tx, void *request);

/* ---- transact.c ---- */

enum result transact_get(struct request *request);    /* admits as well */
enum result transact_change(struct request *request); /* admitted already, as in the next */
enum result transact_long(struct request *request);

/* ---- kept.c ---- */

struct kept;
struct kept *kept_new(void);
void kept_free(struct kept *kept);
/* The reply to this path and query under this count of the store's changes, in the arena; NULL when none is
 * kept. */
char *kept_find(const struct exchange *exchange, uint64_t generation);
void kept_add(const struct exchange *exchange, uint64_t generation, const char *text);

/* ---- input.c ---- */

enum result input_read_query(struct request *request);
enum result input_read_body(struct request *request);

/* ---- page.c ---- */

char *cursor_print(const struct exchange *exchange, row_id after);
enum result cursor_parse(const struct exchange *exchange, const char *text, row_id *ret_after);

/* ---- etag.c ---- */

/* Replies of single objects by GET carry one. */
bool etag_applies(const struct route *route);
char *etag_of(struct arena *arena, const char *text);
/* Does a header such as If-Match: "a", "b" or * name it? */
bool etag_listed(const char *header, const char *etag);
/* If-Match of a state-changing request, in its transaction. */
enum result etag_check(struct request *request);

/* ---- idempotency.c ---- */

/* Reads the header; refuses a key that is too short, too long or not printable. */
enum result idempotency_read(struct request *request);
/* *ret_replay: the reply is that of the first request with this key; the handler must not run. */
enum result idempotency_begin(struct request *request, bool *ret_replay);
enum result idempotency_finish(struct request *request);
/* A long request failed: its key may be used again. */
enum result idempotency_release(struct request *request);

/* ---- reply.c ---- */

/* The handler's JSON as text, printed once. */
const char *reply_text(struct request *request);
/* Fills exchange->reply from what the handler left. */
void reply_fill(struct request *request);
/* Fills it with a problem. */
void problem_fill(struct exchange *exchange, enum result result);

/* ---- event.c ---- */

/* A problem, or the last event of a stream that has begun. */
void event_or_problem(struct request *request, enum result result);

/* ---- builtin.c ---- */

/* Makes the document and the page of the tables, once. */
void builtin_prepare(struct app *app);
void builtin_forget(struct app *app);

/* Answers what is not in the tables: /, /health, /metrics, /api, /api/openapi.json; false when the path is
 * another. */
bool builtin_answer(struct exchange *exchange);
bool builtin_has(const char *path);
