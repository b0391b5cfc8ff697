/* The transactions of a request: what runs in which, and what is asked again there.
 *
 *   GET            one snapshot: identity, permission, input, owner, handler
 *   change         one durable transaction: identity again, owner, Idempotency-Key, If-Match, handler
 *   long, events   a snapshot for owner and If-Match, then the handler with transactions of its own */
#include "http/exchange.h"

#include <assert.h>

/* ---- transactions ---- */

/* A unit may run again: what it left in the request is dropped before. */
struct unit {
    struct request *request;
    enum result (*part)(struct request *request, void *argument);
    void *argument;
    json_t *reply; /* as they were before the unit */
    const char *cookie;
};

static enum result run_unit(struct store_tx *tx, void *argument)
{
    struct unit *unit = argument;
    struct request *request = unit->request;
    struct exchange *exchange = exchange_of(request);
    if (request->reply != unit->reply) {
        json_decref(request->reply);
        request->reply = json_incref(unit->reply);
    }
    exchange->refusal = (struct refusal){0};
    exchange->text = NULL;
    exchange->cookie = unit->cookie;
    request->work.tx = tx;
    request->work.entry = -1;
    enum result result = unit->part(request, unit->argument);
    request->work.tx = NULL;
    return result;
}

static enum result run_in_store(struct request *request, bool write,
                                enum result (*part)(struct request *, void *), void *argument)
{
    struct store *store = request->app->store;
    struct unit unit = {request, part, argument, json_incref(request->reply), exchange_of(request)->cookie};
    enum result result = write ? store_write(store, run_unit, &unit) : store_read(store, run_unit, &unit);
    json_decref(unit.reply);
    return result;
}

struct part {
    enum result (*run)(struct request *request, void *argument);
    void *argument;
};

/* Between admission and now the session may have ended or the duty been taken back. */
static enum result run_admitted(struct request *request, void *argument)
{
    const struct part *part = argument;
    if (exchange_of(request)->known) {
        TRY(gate_identify(request));
        TRY(gate_permit(request));
    }
    return part->run(request, part->argument);
}

enum result request_read(struct request *request, enum result (*part)(struct request *, void *),
                         void *argument)
{
    assert(request->work.tx == NULL && "a transaction does not begin inside another");
    return run_in_store(request, false, part, argument);
}

enum result request_write(struct request *request, enum result (*part)(struct request *, void *),
                          void *argument)
{
    assert(request->work.tx == NULL && "a transaction does not begin inside another");
    struct part inner = {part, argument};
    return run_in_store(request, true, run_admitted, &inner);
}

/* ---- running the handler ---- */

/* Tests find out when a reply is not what its route declares. */
static enum result check_reply(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct route *route = request->route;
    struct refusal fault = {0};
    enum result result = RESULT_OK;
    if (!exchange->app->check_replies || route->bytes || exchange->text != NULL)
        return RESULT_OK;
    if (route->reply == NULL && request->reply != NULL)
        result = refuse(
            &fault,
            (struct refusal){.result = RESULT_CORRUPT, .zh = "", .en = "a reply that is not declared"});
    else if (route->reply != NULL && !route->list && route->style != ROUTE_EVENTS)
        result = schema_check(exchange->arena, route->reply, request->reply, &fault);
    size_t count = route->list ? json_array_size(json_object_get(request->reply, "items")) : 0;
    for (size_t i = 0; i < count && result == RESULT_OK; i++)
        result = schema_check(exchange->arena, route->reply,
                              json_array_get(json_object_get(request->reply, "items"), i), &fault);
    if (result == RESULT_OK)
        return RESULT_OK;
    exchange->status = 599; /* not 500, so that the reason is told */
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_CORRUPT,
                                   .field = fault.field,
                                   .zh = arena_printf(exchange->arena, "回复与声明不符:%s", fault.zh),
                                   .en = arena_printf(exchange->arena,
                                                      "The reply does not fit its schema: %s", fault.en)});
}

static enum result run_handler(struct request *request, void *argument)
{
    (void)argument;
    TRY(gate_ask_owner(request));
    TRY(request->route->run(request));
    return check_reply(request);
}

static enum result run_change(struct request *request, void *argument)
{
    bool replay;
    (void)argument;
    TRY(gate_ask_owner(request));
    TRY(idempotency_begin(request, &replay));
    if (replay)
        return RESULT_OK;
    TRY(etag_check(request));
    TRY(request->route->run(request));
    TRY(check_reply(request));
    return idempotency_finish(request);
}

static enum result long_before(struct request *request, void *argument)
{
    (void)argument;
    TRY(gate_ask_owner(request));
    return exchange_of(request)->idempotency_key == NULL ? etag_check(request) : RESULT_OK;
}

static enum result long_claim(struct request *request, void *argument)
{
    bool *replay = argument;
    TRY(idempotency_begin(request, replay));
    return *replay ? RESULT_OK : etag_check(request);
}

static enum result long_after(struct request *request, void *argument)
{
    const enum result *result = argument;
    return *result == RESULT_OK ? idempotency_finish(request) : idempotency_release(request);
}

/* No transaction of its own, but for what stands before and after the handler. */
enum result transact_long(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    bool replay = false;
    TRY(run_in_store(request, false, long_before, NULL));
    if (exchange->idempotency_key != NULL)
        TRY(run_in_store(request, true, long_claim, &replay));
    if (replay)
        return RESULT_OK;
    enum result result = request->route->run(request);
    if (result == RESULT_OK)
        result = check_reply(request);
    if (exchange->idempotency_key == NULL)
        return result;
    struct refusal refusal = exchange->refusal;
    enum result after = run_in_store(request, true, long_after, &result);
    if (result != RESULT_OK)
        exchange->refusal = refusal;
    return result != RESULT_OK ? result : after;
}

static enum result get_in_snapshot(struct store_tx *tx, void *argument)
{
    struct unit *unit = argument;
    struct request *request = unit->request;
    if (gate_has_credentials(exchange_of(request)))
        TRY(admit_in(tx, request));
    return run_unit(tx, unit);
}

/* The public's reply of a route that depends on the store alone: kept until something changes. */
static enum result get_kept(struct request *request, struct unit *unit)
{
    struct exchange *exchange = exchange_of(request);
    uint64_t generation = store_generation(request->app->store);
    exchange->text = kept_find(exchange, generation);
    if (exchange->text != NULL)
        return RESULT_OK;
    TRY(store_read(request->app->store, get_in_snapshot, unit));
    kept_add(exchange, generation, reply_text(request));
    return RESULT_OK;
}

enum result transact_get(struct request *request)
{
    struct unit unit = {request, run_handler, NULL, NULL, NULL};
    bool known = gate_has_credentials(exchange_of(request));
    if (!known)
        TRY(admit(request));
    if (!known && request->route->kept)
        return get_kept(request, &unit);
    return store_read(request->app->store, get_in_snapshot, &unit);
}

enum result transact_change(struct request *request)
{
    struct part change = {run_change, NULL};
    return run_in_store(request, true, run_admitted, &change);
}
