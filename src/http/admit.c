/* Everything that can be judged without the object itself: who calls, how often, may they, and is the input
 * sound. */
#include "base/limits.h"
#include "http/exchange.h"

static enum result take_token(struct exchange *exchange, uint64_t key, int per_minute)
{
    struct rate *rate = exchange->app->dispatcher->rate;
    if (per_minute < 0 || rate_take(rate, key, per_minute, clock_monotonic(), &exchange->retry_seconds))
        return RESULT_OK;
    return refuse(
        &exchange->refusal,
        (struct refusal){
            .result = RESULT_LIMIT,
            .zh = arena_printf(exchange->arena, "请求过于频繁，每分钟上限 %d 次。", per_minute),
            .en = arena_printf(exchange->arena, "Too many requests; %d a minute are allowed.", per_minute),
            .remedy_zh = "请按 Retry-After 稍后再试。",
            .remedy_en = "Come again as Retry-After says."});
}

enum result admit_address(struct exchange *exchange)
{
    int set = exchange->app->public_per_minute;
    return take_token(exchange,
                      rate_key_of_address(exchange->app->dispatcher->rate, exchange->message->address),
                      set != 0 ? set : LIMIT_REQUESTS_PER_MINUTE);
}

static enum result take_own_token(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct app *app = exchange->app;
    int set = app->account_per_minute;
    if (!exchange->known)
        return admit_address(exchange);
    return take_token(exchange, rate_key_of_account(app->dispatcher->rate, request->actor.account),
                      set != 0 ? set : LIMIT_ACCOUNT_REQUESTS_PER_MINUTE);
}

enum result admit_head(struct request *request)
{
    enum result result = gate_identify(request);
    TRY(take_own_token(request));
    TRY(result);
    TRY(gate_permit(request));
    TRY(gate_check_csrf(request));
    return idempotency_read(request);
}

enum result admit(struct request *request)
{
    TRY(admit_head(request));
    TRY(input_read_query(request));
    return input_read_body(request);
}

enum result admit_in(struct store_tx *tx, void *argument)
{
    struct request *request = argument;
    request->work.tx = tx;
    enum result result = admit(request);
    request->work.tx = NULL;
    return result;
}

enum result admit_head_in(struct store_tx *tx, void *argument)
{
    struct request *request = argument;
    request->work.tx = tx;
    enum result result = admit_head(request);
    request->work.tx = NULL;
    return result;
}
