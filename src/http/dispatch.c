/* The walk of one request:
 *
 *   path → route → credentials → [snapshot: identity → rate → permission → CSRF] → query → body
 *        → transaction: identity again, owner, If-Match, Idempotency-Key, handler → reply or problem
 *
 * A GET does all of it in one snapshot; the public, who has no identity to look up, is judged before any. */
#include "http/dispatch.h"

#include "base/limits.h"
#include "http/exchange.h"
#include "http/openapi.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- finding the route ---- */

static enum result refuse_method(struct exchange *exchange)
{
    exchange->status = 405;
    return refuse(&exchange->refusal, (struct refusal){.result = RESULT_MALFORMED,
                                                       .zh = "此路径不支持该方法。",
                                                       .en = "This path does not have that method.",
                                                       .remedy_zh = "允许的方法见 Allow。",
                                                       .remedy_en = "Allow lists those that it has."});
}

static enum result refuse_path(struct exchange *exchange)
{
    return refuse(
        &exchange->refusal,
        (struct refusal){.result = RESULT_NOT_FOUND,
                         .zh = "没有这个路径。",
                         .en = "There is no such path.",
                         .remedy_zh = "接口列表见 /api;路径末尾不带斜杠，编号从 1 起。",
                         .remedy_en =
                             "/api lists the paths; they end without a slash, and numbers begin at 1."});
}

static const char *path_in_api(const char *path)
{
    return strncmp(path, "/api/", 5) == 0 ? path + 4 : NULL;
}

static enum result find_route(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct http_message *message = exchange->message;
    exchange->path = path_in_api(message->path);
    if (exchange->path == NULL || router_find(exchange->app->dispatcher->router, exchange->arena,
                                              message->method, exchange->path, &exchange->match) != RESULT_OK)
        return exchange->match.methods != 0 ? refuse_method(exchange) : refuse_path(exchange);
    request->route = exchange->match.route;
    return RESULT_OK;
}

/* ---- the walk ---- */

static enum result answer(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    TRY(find_route(request));
    TRY(gate_read_credentials(request));
    const struct route *route = request->route;
    if (route->style == ROUTE_IN_TRANSACTION && route->method == HTTP_GET)
        return transact_get(request);
    if (gate_has_credentials(exchange))
        TRY(store_read(request->app->store, admit_in, request));
    else
        TRY(admit(request));
    if (route->style != ROUTE_IN_TRANSACTION)
        return transact_long(request);
    return transact_change(request);
}

/* ---- language ---- */

/* The weight of the first tag of `language` in Accept-Language, −1 when it is not named. */
static double weight_of(const char *header, const char *language)
{
    while (header != NULL && *header != '\0') {
        header += strspn(header, " \t,");
        size_t length = strcspn(header, ",");
        if (strncmp(header, language, 2) == 0 && (length == 2 || strchr("-; \t", header[2]) != NULL)) {
            const char *q = memmem(header, length, ";q=", 3);
            return q != NULL ? strtod(q + 3, NULL) : 1;
        }
        header += length;
    }
    return -1;
}

bool dispatch_prefers_english(const char *header)
{
    return header != NULL && weight_of(header, "en") > weight_of(header, "zh");
}

/* ---- the whole ---- */

static void answer_options(struct exchange *exchange)
{
    exchange->path = path_in_api(exchange->message->path);
    if (exchange->path != NULL)
        (void)router_find(exchange->app->dispatcher->router, exchange->arena, HTTP_GET, exchange->path,
                          &exchange->match);
    problem_fill(exchange, RESULT_NOT_FOUND);
    if (exchange->match.methods == 0)
        return;
    exchange->reply->status = 204;
    exchange->reply->content_type = NULL;
    exchange->reply->body = NULL;
    exchange->reply->body_size = 0;
}

static void request_begin(struct exchange *exchange, struct request *ret_request)
{
    const struct app *app = exchange->app;
    *ret_request = (struct request){.app = app,
                                    .actor = {.role = ROLE_PUBLIC},
                                    .upload = -1,
                                    .address = exchange->message->address,
                                    .inner = exchange};
    ret_request->work = (struct work){.arena = exchange->arena,
                                      .actor = &ret_request->actor,
                                      .clock = app->clock,
                                      .random = app->random,
                                      .calendar = app->calendar,
                                      .refusal = &exchange->refusal,
                                      .entry = -1};
}

static void answer_route(struct exchange *exchange)
{
    struct request request;
    request_begin(exchange, &request);
    enum result result = answer(&request);
    if (result == RESULT_OK)
        reply_fill(&request);
    else
        event_or_problem(&request, result);
    exchange->reply->route = request.route;
    exchange->reply->result = result;
    exchange->reply->entry = result == RESULT_OK ? request.work.entry : -1;
    session_note_use(exchange);
    json_decref(request.body);
    json_decref(request.query);
    json_decref(request.reply);
}

bool dispatch_admits(const struct app *app, struct arena *arena, const struct http_message *message,
                     struct http_reply *ret_reply)
{
    struct exchange exchange = {.app = app, .arena = arena, .message = message, .reply = ret_reply};
    struct request request;
    request_begin(&exchange, &request);
    exchange.english = dispatch_prefers_english(exchange_header(&exchange, "Accept-Language"));
    enum result result = find_route(&request);
    if (result == RESULT_OK)
        result = gate_read_credentials(&request);
    if (result == RESULT_OK && gate_has_credentials(&exchange))
        result = store_read(app->store, admit_head_in, &request);
    else if (result == RESULT_OK)
        result = admit_head(&request);
    if (result == RESULT_OK)
        return true;
    problem_fill(&exchange, result);
    ret_reply->route = request.route;
    ret_reply->result = result;
    ret_reply->entry = -1;
    return false;
}

void dispatch(const struct app *app, struct arena *arena, const struct http_message *message,
              struct http_reply *ret_reply)
{
    struct exchange exchange = {.app = app, .arena = arena, .message = message, .reply = ret_reply};
    assert(app->dispatcher != NULL && "dispatch_open() comes first");
    memset(ret_reply, 0, sizeof *ret_reply);
    exchange.english = dispatch_prefers_english(exchange_header(&exchange, "Accept-Language"));
    if (message->method != HTTP_OPTIONS && !builtin_has(message->path)) {
        answer_route(&exchange);
        return;
    }
    if (!builtin_answer(&exchange))
        answer_options(&exchange);
    ret_reply->entry = -1;
}

struct http_plan dispatch_plan(const struct app *app, struct arena *arena, enum http_method method,
                               const char *path)
{
    struct http_plan plan = {.inline_reply = true, .body_max = LIMIT_BODY_BYTES};
    struct router_match match = {0};
    const char *in_api = path_in_api(path);
    if (in_api != NULL && router_find(app->dispatcher->router, arena, method, in_api, &match) == RESULT_OK) {
        const struct route *route = match.route;
        plan.inline_reply = route->method == HTTP_GET && route->style == ROUTE_IN_TRANSACTION;
        plan.events = route->style == ROUTE_EVENTS;
        plan.upload = route->upload;
        if (route->upload)
            plan.body_max = route->upload_max;
        else if (route->body == NULL)
            plan.body_max = 0;
    }
    return plan;
}

void dispatch_refuse(const struct app *app, struct arena *arena, const struct http_message *message,
                     const struct refusal *refusal, int status, struct http_reply *ret_reply)
{
    struct exchange exchange = {.app = app,
                                .arena = arena,
                                .message = message,
                                .reply = ret_reply,
                                .refusal = *refusal,
                                .status = status};
    exchange.english = dispatch_prefers_english(exchange_header(&exchange, "Accept-Language"));
    problem_fill(&exchange, refusal->result);
    ret_reply->result = refusal->result;
    ret_reply->entry = -1;
}

void dispatch_note(const struct app *app, const struct http_reply *reply, int64_t microseconds)
{
    traffic_note(app->dispatcher->traffic, reply->route, reply->status, microseconds);
}

struct traffic *dispatch_traffic(const struct app *app)
{
    return app->dispatcher->traffic;
}

/* ---- opening ---- */

/* Schemas may refer to themselves: below this depth everything was seen. */
enum { SCHEMA_DEPTH = 6 };

static void check_schema(const struct schema *schema, int depth)
{
    if (schema == NULL || depth == 0)
        return;
    assert(schema->name != NULL && schema->fields != NULL);
    for (const struct field *field = schema->fields; field->name != NULL; field++) {
        bool list = field->type == FIELD_LIST;
        enum field_type type = list && field->of == NULL ? field->item : field->type;
        assert(type != FIELD_END && (!list || type != FIELD_OBJECT));
        assert(type != FIELD_OBJECT || field->of != NULL);
        assert(type != FIELD_CHOICE || field->choices != NULL);
        assert(field->low <= field->high || field->high == 0);
        check_schema(field->of, depth - 1);
    }
}

static void check_route(const struct route *route)
{
    assert(route->needs > PERMISSION_UNSET && route->needs < PERMISSION_COUNT);
    assert(route->law < LAW_COUNT);
    assert(route->path != NULL && route->path[0] == '/');
    assert(route->summary != NULL && route->summary_zh != NULL);
    assert((!route->list && !route->bytes) || route->method == HTTP_GET || route->bytes);
    assert(!route->list || (route->reply != NULL && !route->bytes));
    assert(!route->upload || (route->upload_max > 0 && route->body == NULL));
    assert(!(route->upload && route->style == ROUTE_IN_TRANSACTION) &&
           "a transaction does not wait for a file");
    assert(route->method != HTTP_GET || (route->body == NULL && !route->upload));
    assert(route->style != ROUTE_EVENTS || route->method == HTTP_GET);
    assert(!route->kept ||
           (route->method == HTTP_GET && route->style == ROUTE_IN_TRANSACTION && !route->bytes));
    check_schema(route->query, SCHEMA_DEPTH);
    check_schema(route->body, SCHEMA_DEPTH);
    check_schema(route->reply, SCHEMA_DEPTH);
}

void dispatch_check(const struct app *app)
{
    for (const struct route_table *table = app->tables; table->routes != NULL; table++)
        for (const struct route *route = table->routes; route->run != NULL; route++)
            check_route(route);
    router_free(router_new(app->tables));
}

void dispatch_open(struct app *app)
{
    dispatch_check(app);
    struct dispatcher *dispatcher = calloc(1, sizeof *dispatcher);
    if (dispatcher == NULL)
        abort();
    dispatcher->router = router_new(app->tables);
    dispatcher->rate = rate_new();
    dispatcher->kept = kept_new();
    dispatcher->traffic = traffic_new(app->tables);
    app->dispatcher = dispatcher;
    builtin_prepare(app);
}

void dispatch_close(struct app *app)
{
    struct dispatcher *dispatcher = app->dispatcher;
    if (dispatcher == NULL)
        return;
    router_free(dispatcher->router);
    rate_free(dispatcher->rate);
    kept_free(dispatcher->kept);
    traffic_free(dispatcher->traffic);
    builtin_forget(app);
    free(dispatcher);
    app->dispatcher = NULL;
}
