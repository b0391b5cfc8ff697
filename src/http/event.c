/* Server-sent events (WHATWG HTML, section 9.2), path parameters and cookies: what a handler calls. */
#include "base/limits.h"
#include "http/exchange.h"

#include <assert.h>
#include <string.h>
#include <time.h>

/* ---- events ---- */

static enum result gather(struct exchange *exchange, const char *bytes, size_t size)
{
    size_t all = exchange->events_size + size;
    if (all > LIMIT_BODY_BYTES)
        return RESULT_CANCELLED;
    char *grown = arena_alloc(exchange->arena, all + 1);
    if (exchange->events_size > 0)
        memcpy(grown, exchange->events, exchange->events_size);
    memcpy(grown + exchange->events_size, bytes, size);
    exchange->events = grown;
    exchange->events_size = all;
    return RESULT_OK;
}

enum result request_event(struct request *request, const char *name, const json_t *data)
{
    struct exchange *exchange = exchange_of(request);
    const struct http_events *events = exchange->message->events;
    assert(request->route->style == ROUTE_EVENTS && request->work.tx == NULL);
    /* Each event has an arena of its own: a stream may last for hours. */
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *text = arena_printf(arena, "event: %s\ndata: %s\n\n", name, json_print(arena, data));
    size_t size = strlen(text);
    enum result result =
        events != NULL ? events->send(events->state, text, size) : gather(exchange, text, size);
    if (result == RESULT_OK)
        exchange->events_begun = true;
    return result;
}

enum result request_wait(struct request *request, int milliseconds)
{
    const struct http_events *events = exchange_of(request)->message->events;
    assert(request->work.tx == NULL && "nobody waits in a transaction");
    if (events != NULL)
        return events->wait(events->state, milliseconds);
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
    return RESULT_OK;
}

void event_or_problem(struct request *request, enum result result)
{
    struct exchange *exchange = exchange_of(request);
    if (!exchange->events_begun) {
        problem_fill(exchange, result);
        return;
    }
    /* The reply has begun: the problem is its last event. */
    if (result != RESULT_CANCELLED) {
        struct http_reply *reply = exchange->reply;
        problem_fill(exchange, result);
        json_error_t error;
        json_t *problem = json_loadb(reply->body, reply->body_size, 0, &error);
        (void)request_event(request, "problem", problem);
        json_decref(problem);
    }
    memset(exchange->reply, 0, sizeof *exchange->reply);
    exchange->header_count = 0;
    reply_fill(request);
}

/* ---- parameters ---- */

static const struct path_parameter *parameter_named(const struct request *request, const char *name)
{
    const struct router_match *match = &exchange_of(request)->match;
    size_t length = strlen(name);
    for (size_t i = 0; i < match->count; i++)
        if (match->parameters[i].name_length == length &&
            memcmp(match->parameters[i].name, name, length) == 0)
            return &match->parameters[i];
    assert(false && "the route's path has no parameter of that name");
    return NULL;
}

row_id request_id(const struct request *request, const char *name)
{
    const struct path_parameter *parameter = parameter_named(request, name);
    assert(parameter->id > 0 && "not an id: its name is neither \"id\" nor ends in \"_id\"");
    return parameter->id;
}

const char *request_parameter(const struct request *request, const char *name)
{
    return parameter_named(request, name)->text;
}

/* ---- cookies ---- */

static const char *cookie(struct exchange *exchange, const char *name, const char *value, int64_t seconds)
{
    const char *secure = exchange->app->secure_cookies ? "; Secure" : "";
    return arena_printf(exchange->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", name,
                        value, (long long)seconds, secure);
}

void request_set_session(struct request *request, const char *session, int64_t seconds)
{
    struct exchange *exchange = exchange_of(request);
    exchange->cookie = cookie(exchange, gate_cookie_name(exchange->app), session != NULL ? session : "",
                              session != NULL ? seconds : 0);
}

void request_set_browser(struct request *request, const char *browser, int64_t seconds)
{
    struct exchange *exchange = exchange_of(request);
    exchange->browser_cookie = cookie(exchange, gate_browser_name(exchange->app), browser, seconds);
}

const char *request_browser(const struct request *request)
{
    const struct exchange *exchange = exchange_of(request);
    return gate_find_cookie(exchange, gate_browser_name(exchange->app));
}

const char *request_session(const struct request *request)
{
    return exchange_of(request)->session;
}
