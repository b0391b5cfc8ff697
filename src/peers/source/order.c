#include "peers/source/order.h"

#include "base/limits.h"
#include "base/mutation.h"
#include "base/text.h"

#include <string.h>

/* A refusal of an order goes back to the platform and to the developer: no local path, no value of a row. */
static enum result refuse_order(struct refusal *ret_refusal, enum result result, const char *field,
                                const char *zh, const char *en)
{
    return refuse(ret_refusal, (struct refusal){.result = result,
                                                .law = LAW(CALL_REVIEW),
                                                .field = field,
                                                .zh = zh,
                                                .en = en,
                                                .remedy_zh = "请核对后重新下达订单。",
                                                .remedy_en = "Check it and issue a new order."});
}

static enum result check_signature(const unsigned char *order_key, const char *text, const char *signature,
                                   struct refusal *ret_refusal)
{
    if (mutation_without("order_is_signed"))
        return RESULT_OK;
    unsigned char bytes[crypto_sign_BYTES];
    if (hex_parse(signature, bytes, sizeof bytes) == RESULT_OK &&
        crypto_sign_verify_detached(bytes, (const unsigned char *)text, strlen(text), order_key) == 0)
        return RESULT_OK;
    return refuse_order(ret_refusal, RESULT_FORBIDDEN, "/signature", "签名不是平台的订单密钥所签。",
                        "the signature is not by the platform's order key.");
}

static bool has_only(const json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_object_get(object, keys[i]) == NULL)
            return false;
    return json_object_size(object) == count;
}

/* ---- conditions ---- */

static bool read_operator(const char *text, enum order_operator *ret_operator)
{
    static const char *const names[] = {"=", "<>", "<", "<=", ">", ">=", "in"};
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret_operator = (enum order_operator)i;
            return true;
        }
    return false;
}

static bool is_value(const json_t *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

static bool are_values(const json_t *list)
{
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++)
        if (!is_value(json_array_get(list, i)))
            return false;
    return count > 0 && count <= LIMIT_LIST_ITEMS;
}

static enum result read_condition(struct arena *arena, const json_t *json, size_t at,
                                  struct order_condition *ret_condition, struct refusal *ret_refusal)
{
    static const char *const keys[] = {"column", "op", "value"};
    struct order_condition condition = {.column = json_text(json, "column"),
                                        .value = json_object_get(json, "value")};
    bool whole = has_only(json, keys, 3) && condition.column != NULL &&
                 read_operator(json_text(json, "op"), &condition.op);
    if (!whole || !(condition.op == ORDER_IN ? are_values(condition.value) : is_value(condition.value)))
        return refuse_order(ret_refusal, RESULT_INVALID, arena_printf(arena, "/rows/%zu", at), "条件读不懂。",
                            "the condition is not understood.");
    *ret_condition = condition;
    return RESULT_OK;
}

static enum result read_period(const json_t *period, struct order_condition *conditions, size_t *count,
                               struct refusal *ret_refusal)
{
    static const char *const keys[] = {"column", "from", "to"};
    day from;
    day to;
    if (json_is_null(period))
        return RESULT_OK;
    const char *column = json_text(period, "column");
    if (!has_only(period, keys, 3) || column == NULL ||
        day_parse(json_text(period, "from"), &from) != RESULT_OK ||
        day_parse(json_text(period, "to"), &to) != RESULT_OK || from > to)
        return refuse_order(ret_refusal, RESULT_INVALID, "/period", "期间读不懂。",
                            "the period is not understood.");
    conditions[(*count)++] =
        (struct order_condition){column, ORDER_FROM, json_object_get(period, "from"), true};
    conditions[(*count)++] = (struct order_condition){column, ORDER_TO, json_object_get(period, "to"), true};
    return RESULT_OK;
}

static enum result read_conditions(struct arena *arena, struct order *order, struct refusal *ret_refusal)
{
    const json_t *rows = json_object_get(order->json, "rows");
    size_t count = json_array_size(rows);
    if (!json_is_array(rows) || count > LIMIT_LIST_ITEMS)
        return refuse_order(ret_refusal, RESULT_INVALID, "/rows", "应为至多 1000 个条件的数组。",
                            "must be a list of at most 1000 conditions.");
    struct order_condition *conditions = arena_new_array(arena, struct order_condition, count + 2);
    for (size_t i = 0; i < count; i++)
        TRY(read_condition(arena, json_array_get(rows, i), i, &conditions[i], ret_refusal));
    TRY(read_period(json_object_get(order->json, "period"), conditions, &count, ret_refusal));
    order->conditions = conditions;
    order->condition_count = count;
    return RESULT_OK;
}

/* ---- the rest ---- */

static enum result read_columns(struct arena *arena, struct order *order, struct refusal *ret_refusal)
{
    const json_t *list = json_object_get(order->json, "columns");
    size_t count = json_array_size(list);
    bool whole = count > 0 && count <= LIMIT_TABLE_COLUMNS;
    const char **columns = arena_new_array(arena, const char *, count);
    for (size_t i = 0; i < count && whole; i++) {
        columns[i] = json_string_value(json_array_get(list, i));
        whole = !text_is_blank(columns[i]);
        for (size_t before = 0; before < i && whole; before++)
            whole = strcmp(columns[before], columns[i]) != 0;
    }
    if (!whole)
        return refuse_order(ret_refusal, RESULT_INVALID, "/columns", "应为 1 至 1000 个不同的列名。",
                            "must be 1 to 1000 different column names.");
    order->columns = columns;
    order->column_count = count;
    return RESULT_OK;
}

static enum result read_times(struct order *order, instant now, struct refusal *ret_refusal)
{
    if (instant_parse(json_text(order->json, "issued"), &order->issued) != RESULT_OK ||
        instant_parse(json_text(order->json, "expires"), &order->expires) != RESULT_OK ||
        order->issued >= order->expires)
        return refuse_order(ret_refusal, RESULT_INVALID, "/expires", "起止时间不对。", "its times are none.");
    if (order->expires <= now && !mutation_without("order_is_alive"))
        return refuse_order(ret_refusal, RESULT_TIMEOUT, "/expires", "订单已过期。",
                            "the order has expired.");
    if (order->issued > now + ORDER_SKEW)
        return refuse_order(ret_refusal, RESULT_INVALID, "/issued", "订单的签发时间在将来。",
                            "the order is dated in the future.");
    return RESULT_OK;
}

static enum result read_parts(struct arena *arena, struct order *order, int64_t id, instant now,
                              struct refusal *ret_refusal)
{
    static const char *const keys[] = {"order",  "grant",      "resource", "columns", "rows",
                                       "period", "public_key", "issued",   "expires"};
    unsigned char key[crypto_box_PUBLICKEYBYTES];
    if (!has_only(order->json, keys, sizeof keys / sizeof *keys))
        return refuse_order(ret_refusal, RESULT_INVALID, "", "订单缺少或多出了成员。",
                            "the order lacks a member or has one too many.");
    order->order = json_integer_or(order->json, "order", 0);
    order->grant = json_integer_or(order->json, "grant", 0);
    order->resource = json_text(order->json, "resource");
    order->public_key = json_text(order->json, "public_key");
    if (order->order != id || id <= 0)
        return refuse_order(ret_refusal, RESULT_INVALID, "/order", "订单号与送达的编号不同。",
                            "the order's number is not the one it came under.");
    if (order->grant <= 0 || order->resource == NULL)
        return refuse_order(ret_refusal, RESULT_INVALID, "/resource", "授权或资源读不懂。",
                            "grant or resource is not understood.");
    if (hex_parse(order->public_key, key, sizeof key) != RESULT_OK)
        return refuse_order(ret_refusal, RESULT_INVALID, "/public_key", "不是 X25519 公钥。",
                            "is no X25519 public key.");
    TRY(read_times(order, now, ret_refusal));
    TRY(read_columns(arena, order, ret_refusal));
    return read_conditions(arena, order, ret_refusal);
}

enum result source_order_read(struct arena *arena, const unsigned char *order_key, int64_t id,
                              const char *text, const char *signature, instant now, struct order *ret_order,
                              struct refusal *ret_refusal)
{
    if (text == NULL || signature == NULL)
        return refuse_order(ret_refusal, RESULT_MALFORMED, "", "没有订单文本或签名。",
                            "there is no text or no signature.");
    TRY(check_signature(order_key, text, signature, ret_refusal));
    struct order order = {.digest = digest_sha256(text, strlen(text))};
    TRY(json_read(arena, text, strlen(text), &order.json, ret_refusal));
    enum result result = RESULT_OK;
    if (!json_is_object(order.json) || strcmp(json_print_canonical(arena, order.json), text) != 0)
        result = refuse_order(ret_refusal, RESULT_MALFORMED, "", "订单文本不是规范形式的 JSON 对象。",
                              "the order's text is no JSON object in canonical form.");
    if (result == RESULT_OK)
        result = read_parts(arena, &order, id, now, ret_refusal);
    if (result != RESULT_OK) {
        json_decref(order.json);
        return result;
    }
    *ret_order = order;
    return RESULT_OK;
}

/* Conditions count as well: which rows come tells of the column they are chosen by. */
static enum result check_column(struct arena *arena, const struct source_resource *resource, const char *name,
                                struct refusal *ret_refusal)
{
    const struct source_column *column = source_column_by_name(resource, name);
    if (column == NULL || !column->never || mutation_without("column_may_leave"))
        return RESULT_OK;
    return refuse_order(ret_refusal, RESULT_FORBIDDEN, arena_strdup(arena, name),
                        "数据提供单位规定此列不得提供。",
                        "the provider has marked this column as never to leave.");
}

enum result source_order_allowed(struct arena *arena, const struct source_config *config,
                                 const struct order *order, const struct source_resource **ret_resource,
                                 struct refusal *ret_refusal)
{
    const struct source_resource *resource = source_resource_by_code(config, order->resource);
    if (resource == NULL)
        return refuse_order(ret_refusal, RESULT_NOT_FOUND, "/resource", "本代理没有这个资源。",
                            "this agent has no such resource.");
    for (size_t i = 0; i < order->column_count; i++)
        TRY(check_column(arena, resource, order->columns[i], ret_refusal));
    for (size_t i = 0; i < order->condition_count; i++)
        TRY(check_column(arena, resource, order->conditions[i].column, ret_refusal));
    *ret_resource = resource;
    return RESULT_OK;
}
