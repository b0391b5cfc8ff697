#include "affairs/money/money_inner.h"
#include "affairs/money/money_schema.h"
#include "affairs/product/product.h"
#include "base/mutation.h"
#include "base/text.h"
#include "http/declare.h"
#include "http/rows.h"

#include <inttypes.h>

/* ---- prices ---- */

static enum result refuse_price(struct work *work, const char *field, const char *zh, const char *en)
{
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(REVENUE), .field = field, .zh = zh, .en = en,
                  .remedy_zh = "改正后重新定价", .remedy_en = "correct it and set it again");
}

/* Whoever owns the product, operator or developer. */
static enum result price_is_owners(struct request *request)
{
    struct store_row row;
    TRY(product_by_id(&request->work, request_id(request, "id"), &row));
    return row_integer(&row, "party_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

/* Calls of today may have been made at today's price: only the first may begin today. */
static enum result price_is_not_backdated(struct request *request)
{
    struct work *work = &request->work;
    struct store_row price;
    int64_t from = body_day(request, "from_day").integer;
    enum result result = money_price(work, request_id(request, "id"), work_today(work), &price);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    day first = work_today(work) + (result == RESULT_OK ? 1 : 0);
    if (from >= first || mutation_without("price_is_not_backdated"))
        return RESULT_OK;
    return refuse_price(work, "/from_day", "价格不得追溯：最早自明日起，首次定价最早自今日起",
                        "a price never goes back: from tomorrow at the earliest, the first from today");
}

static enum result price_set(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    bool waived = json_boolean_or(request->body, "waived", false);
    if (waived && text_is_blank(json_text(request->body, "waiver_reason")))
        return refuse_price(work, "/waiver_reason", "免费须说明理由", "a waiver needs its reason");
    TRY(price_is_not_backdated(request));
    TRY(store_one(
        work->tx, work->arena, SQL_PRICE_INSERT,
        STORE_BINDS({"product", store_integer(request_id(request, "id"))},
                    {"price", body_integer(request, "per_call_fen")}, {"waived", store_integer(waived)},
                    {"reason", body_text(request, "waiver_reason")}, {"from", body_day(request, "from_day")},
                    {"party", store_integer(request->actor.party)}, {"at", store_integer(work_now(work))}),
        &row));
    TRY(work_record(work, "set", "price", row_integer(&row, "id"), LAW(REVENUE), NULL));
    TRY(store_one(work->tx, work->arena, SQL_PRICE_BY_ID,
                  STORE_BINDS({"id", store_integer(row_integer(&row, "id"))}), &row));
    request->status = 201;
    return reply_row(request, &row);
}

static enum result price_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_PRICE_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"product", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

/* ---- bills ---- */

static struct store_value own_or_all(const struct request *request)
{
    bool all = request->actor.role == ROLE_BUREAU || request->actor.role == ROLE_REGULATOR;
    return all ? store_null() : store_integer(request->actor.party);
}

static enum result order_is_operators(struct request *request)
{
    struct store_row row;
    TRY(product_order_by_id(&request->work, request_id(request, "id"), &row));
    return row_integer(&row, "operator_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result bill_is_operators(struct request *request)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_BILL_BY_ID,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    return row_integer(&row, "operator_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result bill_is_seen(struct request *request)
{
    struct store_row row;
    return store_one(
        request->work.tx, request->work.arena, SQL_BILL_IS_SEEN,
        STORE_BINDS({"bill", store_integer(request_id(request, "id"))}, {"own", own_or_all(request)}), &row);
}

/* "revenue@2: 30/100 of 12345 fen; 1/2 of the provider part". */
static const char *explain(struct arena *arena, const struct store_row *bill, const struct store_row *share)
{
    int64_t share_of = row_integer(share, "share_of");
    const char *text =
        arena_printf(arena, "%s: %s %" PRId64 "/%" PRId64 " × %" PRId64, row_text(bill, "formula"),
                     row_text(share, "part"), row_integer(share, "weight"), row_integer(share, "weight_of"),
                     row_integer(bill, "due_fen"));
    if (share_of > 1)
        text = arena_printf(arena, "%s × %" PRId64 "/%" PRId64, text, row_integer(share, "share"), share_of);
    return arena_printf(arena, "%s → %" PRId64, text, row_integer(share, "amount_fen"));
}

static json_t *shares_of(struct arena *arena, const struct store_row *bill, const struct store_rows *shares)
{
    const struct field *field = bill_whole_schema.fields;
    while (!text_equal(field->name, "shares"))
        field++;
    json_t *list = json_array();
    for (size_t i = 0; i < shares->count; i++) {
        json_t *share = row_to_json(arena, field->of, &shares->rows[i]);
        json_object_set_new(share, "explanation", json_string(explain(arena, bill, &shares->rows[i])));
        json_array_append_new(list, share);
    }
    return list;
}

static json_t *lines_of(struct arena *arena, const struct store_rows *lines)
{
    const struct field *field = bill_whole_schema.fields;
    while (!text_equal(field->name, "lines"))
        field++;
    json_t *list = json_array();
    for (size_t i = 0; i < lines->count; i++)
        json_array_append_new(list, row_to_json(arena, field->of, &lines->rows[i]));
    return list;
}

/* A party that only shares in it sees its own share; the parties of the trade see all. */
static struct store_value shares_seen(const struct request *request, const struct store_row *bill)
{
    row_id own = request->actor.party;
    bool trades = row_integer(bill, "operator_id") == own || row_integer(bill, "owner_id") == own ||
                  row_integer(bill, "customer_id") == own;
    return trades ? store_null() : own_or_all(request);
}

static enum result show(struct request *request, row_id bill)
{
    struct work *work = &request->work;
    struct store_row row;
    struct store_rows lines, shares;
    TRY(store_one(work->tx, work->arena, SQL_BILL_BY_ID, STORE_BINDS({"id", store_integer(bill)}), &row));
    TRY(store_many(work->tx, work->arena, SQL_BILL_LINES, STORE_BINDS({"bill", store_integer(bill)}),
                   &lines));
    TRY(store_many(work->tx, work->arena, SQL_SHARE_OF_BILL,
                   STORE_BINDS({"bill", store_integer(bill)}, {"own", shares_seen(request, &row)}), &shares));
    TRY(reply_row(request, &row));
    json_object_set_new(request->reply, "lines", lines_of(work->arena, &lines));
    json_object_set_new(request->reply, "shares", shares_of(work->arena, &row, &shares));
    return RESULT_OK;
}

static enum result bill_make(struct request *request)
{
    row_id bill;
    TRY(money_bill_order(&request->work, request_id(request, "id"), &bill));
    request->status = 201;
    return show(request, bill);
}

static enum result bill_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

static enum result bill_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_BILL_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own_or_all(request)},
                               {"order", query_integer(request, "order_id")}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result ledger_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_LEDGER_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own_or_all(request)},
                               {"bill", query_integer(request, "bill_id")}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result balance_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_BALANCE_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own_or_all(request)}), &rows));
    return reply_page(request, &rows);
}

#define LIST(where, permission, schema, english, chinese, handler)                                           \
    .method = HTTP_GET, .path = where, .law = LAW(REVENUE), .needs = permission, .reply = schema,            \
    .list = true, SUMMARY(english, chinese), .run = handler
#define POST(where, permission, who, schema, gives, english, chinese, handler)                               \
    {                                                                                                        \
        .method = HTTP_POST, .path = where, .law = LAW(REVENUE), .needs = permission, .owner = OWNER(who),   \
        .body = schema, .reply = gives, SUMMARY(english, chinese), .run = handler                            \
    }

const struct route money_routes[] = {
    POST("/products/{id}/prices", PERMISSION_PRICE_SET, price_is_owners, &price_new_schema, &price_schema,
         "Set a price from a day on", "定价", price_set),
    {LIST("/products/{id}/prices", PERMISSION_PUBLIC_READ, &price_schema, "Prices of a product", "产品价格",
          price_list)},
    POST("/orders/{id}/bill", PERMISSION_BILL_MAKE, order_is_operators, &empty_schema, &bill_whole_schema,
         "Bill an order's calls up to now and share it out", "出账并分配收益", bill_make),
    {LIST("/bills", PERMISSION_BILL_READ, &bill_schema, "Bills", "账单", bill_list),
     .query = &bill_query_schema},
    {.method = HTTP_GET,
     .path = "/bills/{id}",
     .law = LAW(REVENUE),
     .needs = PERMISSION_BILL_READ,
     .owner = OWNER(bill_is_seen),
     .reply = &bill_whole_schema,
     SUMMARY("A bill, day by day, with its shares explained", "账单明细与收益分配说明"),
     .run = bill_show},
    POST("/bills/{id}/reversals", PERMISSION_REVERSAL_REQUEST, bill_is_operators, &reason_schema,
         &reversal_schema, "Ask for a bill to be booked back, with the reason", "申请冲销账单并说明理由",
         reversal_request),
    {LIST("/reversals", PERMISSION_BILL_READ, &reversal_schema, "Reversals", "冲销", reversal_list)},
    POST("/reversals/{id}/book", PERMISSION_REVERSAL_DECIDE, reversal_is_own, &empty_schema, &reversal_schema,
         "Book it back by a counter-entry", "审批并以反向分录冲销", reversal_book),
    POST("/reversals/{id}/drop", PERMISSION_REVERSAL_DECIDE, reversal_is_own, &reason_schema,
         &reversal_schema, "Do not book it back, with the reason", "不予冲销并说明理由", reversal_drop),
    {LIST("/ledger", PERMISSION_BILL_READ, &ledger_schema, "Postings: one's own; bureau and regulators: all",
          "分户账", ledger_list),
     .query = &ledger_query_schema},
    {LIST("/balances", PERMISSION_BILL_READ, &balance_schema, "Balances by party", "余额", balance_list)},
    {0},
};
