/* Trade through the data exchange (二(六)3): approved and filed products go there, orders come from there.
 *
 * The exchange is asked outside of transactions. Each exchange between the two is safe to repeat: listing
 * gives the same number, an order is taken once by its number, an answer may be given again; so whatever was
 * cut off is done again at the next turn of the timer. */
#include "affairs/agreement/agreement.h"
#include "affairs/money/money.h"
#include "affairs/party/party.h"
#include "affairs/product/product_inner.h"
#include "base/limits.h"
#include "base/mutation.h"
#include "base/text.h"
#include "http/rows.h"

#include <string.h>

/* ---- listing ---- */

struct listing {
    struct product_context context;
    json_t *offer;
    int64_t number;
};

static enum result refuse_without_exchange(struct work *work)
{
    return REFUSE(work, .result = RESULT_UNAVAILABLE, .law = LAW(EXCHANGE), .zh = "未接入数据流通交易平台",
                  .en = "no data exchange is connected", .remedy_zh = "由系统管理员接入后再上架",
                  .remedy_en = "have the system administrator connect one");
}

static enum result price_of(struct work *work, row_id product, struct store_row *ret_price)
{
    enum result result = money_price(work, product, work_today(work), ret_price);
    if (result != RESULT_NOT_FOUND)
        return result;
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EXCHANGE), .zh = "尚未定价",
                  .en = "no price is in force", .remedy_zh = "先以 POST /products/{id}/prices 定价",
                  .remedy_en = "set one with POST /products/{id}/prices");
}

static enum result begin_listing(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct listing *listing = argument;
    struct store_row row, price;
    row_id product = request_id(request, "id");
    TRY(product_by_id(work, product, &row));
    TRY(price_of(work, product, &price));
    TRY(product_step(request, "list", &listing->context));
    json_int_t due = row_integer(&price, "waived") != 0 ? 0 : row_integer(&price, "per_call_fen");
    listing->offer =
        json_keep(work->arena,
                  json_pack("{s:I, s:s, s:s, s:s, s:I, s:s, s:s}", "product", (json_int_t)product, "title",
                            row_text(&row, "title"), "kind", row_text(&row, "kind"), "operator",
                            row_text(&row, "operator_code"), "price_fen", due, "digest",
                            row_text(&row, "approved_digest"), "description", row_text(&row, "description")));
    return RESULT_OK;
}

static enum result finish_listing(struct request *request, void *argument)
{
    const struct listing *listing = argument;
    TRY(store_exec(request->work.tx, SQL_PRODUCT_SET_LISTING,
                   STORE_BINDS({"id", store_integer(request_id(request, "id"))},
                               {"listing", store_integer(listing->number)}),
                   NULL));
    return product_step(request, "listed", NULL);
}

enum result product_list_on_exchange(struct request *request)
{
    struct listing listing = {0};
    const struct product_exchange *exchange = request->app->exchange;
    if (exchange == NULL)
        return refuse_without_exchange(&request->work);
    TRY(product_stored(request, &listing.context));
    TRY(request_write(request, begin_listing, &listing));
    TRY(exchange->list(exchange->peer, request->work.arena, listing.offer, &listing.number,
                       request->work.refusal));
    return request_write(request, finish_listing, &listing);
}

/* Calls end at once; the exchange is told by the timer, as often as it takes. */
enum result product_withdraw(struct request *request)
{
    return product_step(request, "withdraw", NULL);
}

/* ---- what the timer does ---- */

static const struct actor system_actor = {.role = ROLE_SYSTEM};

struct turn {
    const struct app *app;
    struct arena *arena;
    const json_t *order; /* as the exchange gives it */
    row_id after;
    struct store_rows rows;
    row_id id;
};

static struct work work_of(const struct turn *turn, struct store_tx *tx, struct refusal *refusal)
{
    return (struct work){.tx = tx,
                         .arena = turn->arena,
                         .actor = &system_actor,
                         .clock = turn->app->clock,
                         .random = turn->app->random,
                         .calendar = turn->app->calendar,
                         .refusal = refusal,
                         .entry = -1};
}

/* What an order becomes: granted, or refused with the reason that the exchange passes on. */
struct verdict {
    row_id product;  /* 0: unknown */
    row_id customer; /* 0: unknown */
    day until;
    const char *reason; /* NULL: granted */
};

static enum result find_customer(struct work *work, const char *code, struct verdict *verdict)
{
    struct store_row party;
    enum result result = party_by_credit_code(work, code, &party);
    if (result == RESULT_NOT_FOUND && !mutation_without("customer_is_known")) {
        verdict->reason = "下单单位未在平台注册 (the customer is not registered with the platform)";
        return RESULT_OK;
    }
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    verdict->customer = row_integer(&party, "id");
    if (strcmp(row_text(&party, "state"), "active") != 0 || strcmp(row_text(&party, "role"), "customer") != 0)
        verdict->reason = "下单单位不是有效的产品使用方 (the party is no active customer of the platform)";
    return RESULT_OK;
}

static enum result find_product(struct work *work, row_id product, struct verdict *verdict)
{
    struct store_row row, agreement;
    enum result result = product_by_id(work, product, &row);
    if (result == RESULT_NOT_FOUND) {
        verdict->reason = "没有这个产品 (there is no such product)";
        return RESULT_OK;
    }
    TRY(result);
    verdict->product = product;
    row_id agreement_id = row_integer(&row, "agreement_id");
    bool listed = strcmp(row_text(&row, "state"), "listed") == 0;
    if ((!listed || agreement_in_force(work, agreement_id, 0) != RESULT_OK) &&
        !mutation_without("product_is_on_offer")) {
        verdict->reason = "产品已下架 (the product is not on offer)";
        return RESULT_OK;
    }
    TRY(agreement_by_id(work, agreement_id, &agreement));
    day last = (day)row_integer(&agreement, "until_day");
    day until = day_add_months(work_today(work), LIMIT_ORDER_MONTHS);
    verdict->until = until < last ? until : last;
    return RESULT_OK;
}

/* Text of the exchange that is kept with the order; "" for what is none or has no end. */
static const char *text_within(const json_t *object, const char *key, size_t characters)
{
    const char *text = json_text(object, key);
    return text != NULL && text_characters(text) <= characters ? text : "";
}

static bool is_too_long(const json_t *object, const char *key, size_t characters)
{
    const char *text = json_text(object, key);
    return text != NULL && text_characters(text) > characters;
}

static enum result judge(struct work *work, const json_t *order, struct verdict *verdict)
{
    const json_t *customer = json_object_get(order, "customer");
    const char *code = json_text(json_object_get(order, "customer"), "credit_code");
    TRY(find_customer(work, code != NULL ? code : "", verdict));
    TRY(find_product(work, json_integer_or(order, "product", 0), verdict));
    if (json_integer_or(order, "quantity", 0) <= 0)
        verdict->reason = "数量须大于零 (the quantity must be above zero)";
    if (is_too_long(customer, "name", LIMIT_ORDER_NAME_CHARACTERS) ||
        is_too_long(order, "purpose", LIMIT_ORDER_PURPOSE_CHARACTERS))
        verdict->reason = "名称或用途过长 (the name or the purpose is too long)";
    return RESULT_OK;
}

static struct store_value id_or_null(row_id id)
{
    return id != 0 ? store_integer(id) : store_null();
}

static enum result take_order(struct store_tx *tx, void *argument)
{
    struct turn *turn = argument;
    struct refusal refusal = {0};
    struct work work = work_of(turn, tx, &refusal);
    struct verdict verdict = {0};
    struct store_row row;
    const json_t *order = turn->order;
    const json_t *customer = json_object_get(order, "customer");
    TRY(judge(&work, order, &verdict));
    bool granted = verdict.reason == NULL;
    enum result result = store_one(
        tx, turn->arena, SQL_ORDER_INSERT,
        STORE_BINDS({"number", store_integer(json_integer_or(order, "order", 0))},
                    {"product", id_or_null(verdict.product)}, {"customer", id_or_null(verdict.customer)},
                    {"name", store_text(text_within(customer, "name", LIMIT_ORDER_NAME_CHARACTERS))},
                    {"code", store_text(text_within(customer, "credit_code", LIMIT_ORDER_NAME_CHARACTERS))},
                    {"quantity", store_integer(json_integer_or(order, "quantity", 0))},
                    {"purpose", store_text(text_within(order, "purpose", LIMIT_ORDER_PURPOSE_CHARACTERS))},
                    {"until", granted ? store_integer(verdict.until) : store_null()},
                    {"state", store_text(granted ? "granted" : "refused")},
                    {"reason", store_text(verdict.reason)}, {"at", store_integer(work_now(&work))}),
        &row);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* taken before */
    TRY(result);
    return work_record(&work, granted ? "grant" : "refuse", "product_order", row_integer(&row, "id"),
                       LAW(EXCHANGE), NULL);
}

static enum result read_last_seen(struct store_tx *tx, void *argument)
{
    struct turn *turn = argument;
    struct store_row row;
    TRY(store_one(tx, turn->arena, SQL_ORDER_LAST_SEEN, STORE_NO_BINDS, &row));
    turn->after = row_integer(&row, "last");
    return RESULT_OK;
}

/* In memory of its own, since nobody knows how many there are. */
static enum result take_page(struct turn *turn, size_t *ret_count)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct product_exchange *exchange = turn->app->exchange;
    json_t *orders = NULL;
    struct refusal refusal = {0};
    turn->arena = arena;
    TRY(exchange->orders(exchange->peer, arena, turn->after, &orders, &refusal));
    json_keep(arena, orders);
    *ret_count = json_array_size(orders);
    for (size_t i = 0; i < *ret_count; i++) {
        turn->order = json_array_get(orders, i);
        int64_t number = json_integer_or(turn->order, "order", 0);
        /* A number that does not grow would have us ask for ever. */
        if (number <= turn->after)
            return RESULT_MALFORMED;
        TRY(store_write(turn->app->store, take_order, turn));
        turn->after = number;
    }
    return RESULT_OK;
}

/* What is more than a turn takes waits for the next. */
static enum result take_orders(struct turn *turn)
{
    struct arena *arena = turn->arena;
    TRY(store_read(turn->app->store, read_last_seen, turn));
    enum result result = RESULT_OK;
    size_t count = 1;
    for (int page = 0; page < LIMIT_EXCHANGE_PAGES && count > 0 && result == RESULT_OK; page++)
        result = take_page(turn, &count);
    turn->arena = arena;
    return result;
}

static enum result read_unanswered(struct store_tx *tx, void *argument)
{
    struct turn *turn = argument;
    return store_many(tx, turn->arena, SQL_ORDER_UNANSWERED, STORE_BINDS({"after", store_integer(turn->id)}),
                      &turn->rows);
}

static enum result keep_answered(struct store_tx *tx, void *argument)
{
    struct turn *turn = argument;
    struct refusal refusal = {0};
    struct work work = work_of(turn, tx, &refusal);
    int64_t changed;
    TRY(store_exec(tx, SQL_ORDER_SET_ANSWERED,
                   STORE_BINDS({"id", store_integer(turn->id)}, {"at", store_integer(work_now(&work))}),
                   &changed));
    return changed == 0 ? RESULT_OK
                        : work_record(&work, "answer", "product_order", turn->id, LAW(EXCHANGE), NULL);
}

static enum result answer_orders(struct turn *turn)
{
    const struct product_exchange *exchange = turn->app->exchange;
    for (turn->id = 0;;) {
        TRY(store_read(turn->app->store, read_unanswered, turn));
        struct store_rows rows = turn->rows;
        for (size_t i = 0; i < rows.count; i++) {
            struct refusal refusal = {0};
            const char *state = row_text(&rows.rows[i], "state");
            turn->id = row_integer(&rows.rows[i], "id");
            TRY(exchange->answer(exchange->peer, turn->arena, row_integer(&rows.rows[i], "exchange_order"),
                                 state, strcmp(state, "granted") == 0 ? turn->id : 0,
                                 row_text(&rows.rows[i], "reason"), &refusal));
            TRY(store_write(turn->app->store, keep_answered, turn));
        }
        if (rows.count == 0)
            return RESULT_OK;
    }
}

static enum result read_withdrawn(struct store_tx *tx, void *argument)
{
    struct turn *turn = argument;
    return store_many(tx, turn->arena, SQL_PRODUCTS_TO_DELIST, STORE_NO_BINDS, &turn->rows);
}

static enum result keep_delisted(struct store_tx *tx, void *argument)
{
    struct turn *turn = argument;
    struct refusal refusal = {0};
    struct work work = work_of(turn, tx, &refusal);
    int64_t changed;
    TRY(store_exec(tx, SQL_PRODUCT_SET_DELISTED,
                   STORE_BINDS({"id", store_integer(turn->id)}, {"at", store_integer(work_now(&work))}),
                   &changed));
    return changed == 0 ? RESULT_OK : work_record(&work, "delist", "product", turn->id, LAW(EXCHANGE), NULL);
}

static enum result delist_withdrawn(struct turn *turn)
{
    const struct product_exchange *exchange = turn->app->exchange;
    TRY(store_read(turn->app->store, read_withdrawn, turn));
    struct store_rows rows = turn->rows;
    for (size_t i = 0; i < rows.count; i++) {
        struct refusal refusal = {0};
        turn->id = row_integer(&rows.rows[i], "id");
        TRY(exchange->withdraw(exchange->peer, turn->arena, row_integer(&rows.rows[i], "listing"), &refusal));
        TRY(store_write(turn->app->store, keep_delisted, turn));
    }
    return RESULT_OK;
}

enum result product_sync_orders(const struct app *app, struct arena *arena)
{
    struct turn turn = {.app = app, .arena = arena};
    if (app->exchange == NULL)
        return RESULT_OK;
    TRY(delist_withdrawn(&turn));
    TRY(take_orders(&turn));
    return answer_orders(&turn);
}

/* ---- orders ---- */

static bool sees_all(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR;
}

enum result order_is_seen(struct request *request)
{
    struct store_row row;
    TRY(product_order_by_id(&request->work, request_id(request, "id"), &row));
    row_id own = request->actor.party;
    bool seen = sees_all(&request->actor) || row_integer(&row, "customer_id") == own ||
                row_integer(&row, "operator_id") == own || row_integer(&row, "owner_id") == own;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result order_show(struct request *request)
{
    struct store_row row;
    TRY(product_order_by_id(&request->work, request_id(request, "id"), &row));
    return reply_row(request, &row);
}

enum result order_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own = sees_all(&request->actor) ? store_null() : store_integer(request->actor.party);
    TRY(store_many(
        request->work.tx, request->work.arena, SQL_ORDER_LIST,
        STORE_BINDS(PAGE_BINDS(request), {"own", own}, {"product", query_integer(request, "product_id")}),
        &rows));
    return reply_page(request, &rows);
}
