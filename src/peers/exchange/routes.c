/* What the small exchange answers: exchange.h states the API. */
#include "base/identifier.h"
#include "base/text.h"
#include "peers/exchange/call.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { QUANTITY_MAX = 1000000000 };

static enum result refuse_call(struct exchange_call *call, enum result result, const char *field,
                               const char *zh, const char *en)
{
    return refuse(&call->refusal, (struct refusal){.result = result,
                                                   .field = field,
                                                   .zh = zh,
                                                   .en = en,
                                                   .remedy_zh = "请按交易平台的接口说明更正。",
                                                   .remedy_en = "See the exchange's interface description."});
}

/* ---- who calls ---- */

static const char *bearer(const struct exchange_call *call)
{
    const char *header = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Authorization");
    return header != NULL && strncmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
}

static enum result by_anyone(struct exchange_call *call)
{
    (void)call;
    return RESULT_OK;
}

static enum result by_platform(struct exchange_call *call)
{
    const char *token = bearer(call);
    struct digest digest = digest_sha256(token != NULL ? token : "", token != NULL ? strlen(token) : 0);
    if (token != NULL && digest_equal(&digest, &call->service->token_digest))
        return RESULT_OK;
    return refuse_call(call, RESULT_UNAUTHENTICATED, NULL, "须使用平台的令牌。",
                       "This needs the platform's token.");
}

static enum result by_customer(struct exchange_call *call)
{
    const char *token = bearer(call);
    struct digest digest = digest_sha256(token != NULL ? token : "", token != NULL ? strlen(token) : 0);
    if (token != NULL && exchange_state_customer(call->service->state, &digest, &call->customer) == RESULT_OK)
        return RESULT_OK;
    return refuse_call(call, RESULT_UNAUTHENTICATED, NULL, "须使用客户的令牌。",
                       "This needs a customer's token.");
}

/* ---- what is sent ---- */

static enum result need_text(struct exchange_call *call, const char *key, size_t most, const char **ret_text)
{
    const char *text = json_text(call->body, key);
    if (text_is_blank(text) || text_has_control(text) || text_characters(text) > most)
        return refuse_call(call, RESULT_INVALID, arena_printf(call->arena, "/%s", key),
                           "须为文本，且不过长。", "must be text of bounded length.");
    *ret_text = text;
    return RESULT_OK;
}

static enum result need_integer(struct exchange_call *call, const char *key, int64_t low, int64_t high,
                                int64_t *ret_number)
{
    int64_t number = json_integer_or(call->body, key, low - 1);
    if (number < low || number > high)
        return refuse_call(call, RESULT_INVALID, arena_printf(call->arena, "/%s", key), "须为范围内的整数。",
                           "must be an integer in range.");
    *ret_number = number;
    return RESULT_OK;
}

static enum result only_keys(struct exchange_call *call, const char *const *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach (call->body, key, value) {
        size_t i = 0;
        while (keys[i] != NULL && strcmp(keys[i], key) != 0)
            i++;
        if (keys[i] == NULL)
            return refuse_call(call, RESULT_INVALID, arena_printf(call->arena, "/%s", key), "没有这个字段。",
                               "there is no such field.");
    }
    return RESULT_OK;
}

static enum result read_body(struct exchange_call *call)
{
    if (call->too_large)
        return refuse_call(call, RESULT_TOO_LARGE, NULL, "请求体过大。", "The body is too large.");
    if (strcmp(call->method, "POST") != 0)
        return RESULT_OK;
    TRY(json_read(call->arena, call->bytes != NULL ? call->bytes : "", call->size, &call->body,
                  &call->refusal));
    if (!json_is_object(call->body))
        return refuse_call(call, RESULT_INVALID, "", "须为 JSON 对象。", "must be a JSON object.");
    return RESULT_OK;
}

static int64_t after(const struct exchange_call *call)
{
    const char *text = MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, "after");
    long long number = text != NULL ? strtoll(text, NULL, 10) : 0;
    return number > 0 ? number : 0;
}

/* ---- the routes ---- */

void exchange_make_token(char *ret_token)
{
    unsigned char bytes[EXCHANGE_TOKEN_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    hex_print(bytes, sizeof bytes, ret_token);
}

static enum result customer_add(struct exchange_call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"name", "credit_code", NULL};
    const char *name = "";
    const char *code = "";
    char token[EXCHANGE_TOKEN_SIZE];
    int64_t customer;
    TRY(only_keys(call, keys));
    TRY(need_text(call, "name", 200, &name));
    TRY(need_text(call, "credit_code", 18, &code));
    if (!identifier_is_credit_code(code))
        return refuse_call(call, RESULT_INVALID, "/credit_code", "统一社会信用代码校验不符(GB 32100)。",
                           "the credit code's check character is wrong (GB 32100).");
    exchange_make_token(token);
    struct digest digest = digest_sha256(token, strlen(token));
    enum result result = exchange_state_add_customer(call->service->state, name, code, &digest, &customer);
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/credit_code", "该机构已登记。",
                           "this organisation is registered already.");
    TRY(result);
    *ret_reply = json_pack("{s:I, s:s}", "customer", (json_int_t)customer, "token", token);
    return RESULT_OK;
}

static enum result check_digest(struct exchange_call *call)
{
    struct digest digest;
    if (hex_parse(json_text(call->body, "digest"), digest.bytes, DIGEST_SIZE) == RESULT_OK)
        return RESULT_OK;
    return refuse_call(call, RESULT_INVALID, "/digest", "须为 SHA-256 的 64 位十六进制。",
                       "must be a SHA-256 in 64 hexadecimal digits.");
}

static enum result listing_add(struct exchange_call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"product",   "title",  "kind",        "operator",
                                       "price_fen", "digest", "description", NULL};
    const char *text = "";
    int64_t number;
    TRY(only_keys(call, keys));
    TRY(need_integer(call, "product", 1, INT64_MAX, &number));
    TRY(need_integer(call, "price_fen", 0, QUANTITY_MAX, &number));
    TRY(need_text(call, "title", 200, &text));
    TRY(need_text(call, "kind", 20, &text));
    if (strcmp(text, "table") != 0 && strcmp(text, "verification") != 0 && strcmp(text, "score") != 0)
        return refuse_call(call, RESULT_INVALID, "/kind", "须为 table、verification 或 score。",
                           "must be table, verification or score.");
    TRY(need_text(call, "operator", 18, &text));
    if (!identifier_is_credit_code(text))
        return refuse_call(call, RESULT_INVALID, "/operator", "须为统一社会信用代码。",
                           "must be a credit code.");
    TRY(check_digest(call));
    enum result result = exchange_state_add_listing(call->service->state, call->body,
                                                    clock_now(call->service->clock), ret_reply);
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/digest", "该产品以另一摘要在架，请先撤下。",
                           "this product is listed with another digest; withdraw that first.");
    return result;
}

static enum result listing_list(struct exchange_call *call, json_t **ret_reply)
{
    return exchange_state_listings(call->service->state, after(call), ret_reply);
}

static enum result listing_withdraw(struct exchange_call *call, json_t **ret_reply)
{
    *ret_reply = NULL;
    return exchange_state_withdraw(call->service->state, call->number);
}

static enum result order_add(struct exchange_call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"listing", "quantity", "purpose", "reference", NULL};
    struct exchange_order order = {.customer = call->customer, .reference = ""};
    TRY(only_keys(call, keys));
    TRY(need_integer(call, "listing", 1, INT64_MAX, &order.listing));
    TRY(need_integer(call, "quantity", 1, QUANTITY_MAX, &order.quantity));
    TRY(need_text(call, "purpose", 500, &order.purpose));
    if (json_object_get(call->body, "reference") != NULL)
        TRY(need_text(call, "reference", 64, &order.reference));
    enum result result =
        exchange_state_add_order(call->service->state, &order, clock_now(call->service->clock), ret_reply);
    if (result == RESULT_NOT_FOUND)
        return refuse_call(call, result, "/listing", "没有这个在架产品。", "there is no such listing.");
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/reference", "该编号已用于另一订单。",
                           "this reference belongs to another order.");
    return result;
}

static enum result order_list(struct exchange_call *call, json_t **ret_reply)
{
    return exchange_state_orders(call->service->state, after(call), ret_reply);
}

static enum result order_get(struct exchange_call *call, json_t **ret_reply)
{
    return exchange_state_order(call->service->state, call->number, call->customer, ret_reply);
}

static enum result order_answer(struct exchange_call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"state", "reason", "grant", NULL};
    const char *state = "";
    const char *reason = "";
    TRY(only_keys(call, keys));
    TRY(need_text(call, "state", 20, &state));
    if (strcmp(state, "granted") != 0 && strcmp(state, "refused") != 0 && strcmp(state, "closed") != 0)
        return refuse_call(call, RESULT_INVALID, "/state", "须为 granted、refused 或 closed。",
                           "must be granted, refused or closed.");
    if (strcmp(state, "refused") == 0 || json_object_get(call->body, "reason") != NULL)
        TRY(need_text(call, "reason", 2000, &reason));
    int64_t grant = json_integer_or(call->body, "grant", 0);
    if (strcmp(state, "granted") == 0 && grant <= 0)
        return refuse_call(call, RESULT_INVALID, "/grant", "须给出授权编号。", "needs the grant's number.");
    enum result result =
        exchange_state_answer(call->service->state, call->number, state, reason, grant, ret_reply);
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/state", "订单的现状不允许。",
                           "the order's state does not allow that.");
    return result;
}

static const struct route {
    const char *method;
    const char *path; /* '#' stands for a number */
    enum result (*who)(struct exchange_call *);
    enum result (*run)(struct exchange_call *, json_t **);
} routes[] = {
    {"POST", "/customers", by_anyone, customer_add}, {"GET", "/listings", by_anyone, listing_list},
    {"POST", "/listings", by_platform, listing_add}, {"DELETE", "/listings/#", by_platform, listing_withdraw},
    {"POST", "/orders", by_customer, order_add},     {"GET", "/orders", by_platform, order_list},
    {"GET", "/orders/#", by_customer, order_get},    {"POST", "/orders/#/state", by_platform, order_answer},
};

static bool matches(const char *pattern, const char *path, int64_t *ret_number)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '#') {
            if (*path++ != *pattern)
                return false;
            continue;
        }
        size_t digits = strspn(path, "0123456789");
        if (digits == 0 || digits > 18)
            return false;
        *ret_number = strtoll(path, NULL, 10);
        path += digits;
    }
    return *path == '\0';
}

enum result exchange_route(struct exchange_call *call, json_t **ret_reply)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(routes[i].method, call->method) != 0 ||
            !matches(routes[i].path, call->path, &call->number))
            continue;
        TRY(routes[i].who(call));
        TRY(read_body(call));
        return routes[i].run(call, ret_reply);
    }
    return refuse_call(call, RESULT_NOT_FOUND, NULL, "没有这个接口。", "There is no such route.");
}
