/* Everything that can be judged without the object itself: who calls, how often, may they, and is the input
 * sound. */
#include "base/limits.h"
#include "http/exchange.h"

static enum result take_token(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct app *app = exchange->app;
    struct rate *rate = app->dispatcher->rate;
    bool known = exchange->known;
    int set = known ? app->account_per_minute : app->public_per_minute;
    int per_minute = set != 0 ? set : known ? LIMIT_ACCOUNT_REQUESTS_PER_MINUTE : LIMIT_REQUESTS_PER_MINUTE;
    if (per_minute < 0)
        return RESULT_OK;
    uint64_t key = known ? rate_key_of_account(rate, request->actor.account)
                         : rate_key_of_address(rate, exchange->message->address);
    if (rate_take(rate, key, per_minute, clock_monotonic(), &exchange->retry_seconds))
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

enum result admit_head(struct request *request)
{
    enum result result = gate_identify(request);
    TRY(take_token(request));
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
