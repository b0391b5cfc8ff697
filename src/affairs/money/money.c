/* Prices and bills. */
#include "affairs/money/money.h"

#include "affairs/money/money_inner.h"
#include "affairs/product/product.h"
#include "affairs/rule/rule.h"
#include "base/mutation.h"

enum result money_price(struct work *work, row_id product, day on, struct store_row *ret_price)
{
    return store_one(work->tx, work->arena, SQL_PRICE_IN_FORCE,
                     STORE_BINDS({"product", store_integer(product)}, {"day", store_integer(on)}), ret_price);
}

/* ---- the bill ---- */

/* One day's calls at that day's price. */
struct line {
    day on;
    row_id price;
    money per_call;
    int64_t calls;
    money amount;
    money waived;
};

struct bill {
    struct store_row order;
    struct rule formula;
    struct line *lines;
    size_t line_count;
    row_id first, last; /* meter */
    int64_t calls;
    money amount, waived, due;
    row_id id;
};

static enum result refuse_bill(struct work *work, const char *zh, const char *en, const char *remedy_zh,
                               const char *remedy_en)
{
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(REVENUE), .zh = zh, .en = en,
                  .remedy_zh = remedy_zh, .remedy_en = remedy_en);
}

static enum result price_line(struct work *work, row_id product, const struct store_row *row,
                              struct line *ret_line)
{
    struct store_row price;
    struct line line = {.on = (day)row_integer(row, "on_day"), .calls = row_integer(row, "calls")};
    enum result result = money_price(work, product, line.on, &price);
    if (result == RESULT_NOT_FOUND)
        return refuse_bill(work, "有调用日没有价格", "no price was in force on a day with calls", "先定价",
                           "set a price first");
    TRY(result);
    line.price = row_integer(&price, "id");
    line.per_call = row_integer(&price, "per_call_fen");
    TRY(money_multiply(line.per_call, line.calls, &line.amount));
    line.waived = row_integer(&price, "waived") != 0 ? line.amount : 0;
    *ret_line = line;
    return RESULT_OK;
}

static enum result gather_calls(struct work *work, row_id order, struct bill *bill)
{
    struct store_rows days;
    row_id product = row_integer(&bill->order, "product_id");
    TRY(store_many(work->tx, work->arena, SQL_ORDER_UNBILLED_DAYS,
                   STORE_BINDS({"order", store_integer(order)}), &days));
    if (days.count == 0)
        return refuse_bill(work, "没有未出账的调用", "there are no calls that are not billed",
                           "有新的调用后再出账", "bill it once there are new calls");
    bill->lines = arena_new_array(work->arena, struct line, days.count);
    bill->line_count = days.count;
    for (size_t i = 0; i < days.count; i++) {
        struct line *line = &bill->lines[i];
        row_id first = row_integer(&days.rows[i], "first"), last = row_integer(&days.rows[i], "last");
        TRY(price_line(work, product, &days.rows[i], line));
        bill->first = i == 0 || first < bill->first ? first : bill->first;
        bill->last = last > bill->last ? last : bill->last;
        bill->calls += line->calls;
        TRY(money_add(bill->amount, line->amount, &bill->amount));
        TRY(money_add(bill->waived, line->waived, &bill->waived));
    }
    return money_add(bill->amount, -bill->waived, &bill->due);
}

static enum result insert_bill(struct work *work, row_id order, struct bill *bill)
{
    struct store_row row;
    const struct line *first = &bill->lines[0], *last = &bill->lines[bill->line_count - 1];
    TRY(store_one(work->tx, work->arena, SQL_BILL_INSERT,
                  STORE_BINDS({"order", store_integer(order)},
                              {"product", store_integer(row_integer(&bill->order, "product_id"))},
                              {"customer", store_integer(row_integer(&bill->order, "customer_id"))},
                              {"first", store_integer(bill->first)}, {"last", store_integer(bill->last)},
                              {"from", store_integer(first->on)}, {"until", store_integer(last->on)},
                              {"calls", store_integer(bill->calls)}, {"price", store_integer(bill->amount)},
                              {"waived", store_integer(bill->waived)}, {"due", store_integer(bill->due)},
                              {"formula", store_text(bill->formula.cite)},
                              {"at", store_integer(work_now(work))}),
                  &row));
    bill->id = row_integer(&row, "id");
    for (size_t i = 0; i < bill->line_count; i++) {
        const struct line *line = &bill->lines[i];
        TRY(store_exec(
            work->tx, SQL_BILL_LINE_INSERT,
            STORE_BINDS({"bill", store_integer(bill->id)}, {"day", store_integer(line->on)},
                        {"price_id", store_integer(line->price)}, {"per_call", store_integer(line->per_call)},
                        {"calls", store_integer(line->calls)}, {"price", store_integer(line->amount)},
                        {"waived", store_integer(line->waived)}),
            NULL));
    }
    return RESULT_OK;
}

static enum result find_sharers(struct work *work, const struct store_row *order, struct sharers *ret_sharers)
{
    struct store_row product, bureau;
    struct store_rows providers;
    TRY(product_by_id(work, row_integer(order, "product_id"), &product));
    TRY(product_providers(work, row_integer(order, "product_id"), &providers));
    TRY(store_one(work->tx, work->arena, SQL_BUREAU_PARTY, STORE_NO_BINDS, &bureau));
    row_id *ids = arena_new_array(work->arena, row_id, providers.count);
    int64_t *weights = arena_new_array(work->arena, int64_t, providers.count);
    for (size_t i = 0; i < providers.count; i++) {
        ids[i] = row_integer(&providers.rows[i], "provider_id");
        weights[i] = row_integer(&providers.rows[i], "weight");
    }
    /* The maker of a public data product is the operator, and so has the developer's part. */
    *ret_sharers = (struct sharers){.bureau = row_integer(&bureau, "id"),
                                    .operator_party = row_integer(&product, "operator_id"),
                                    .developer = row_integer(&product, "party_id"),
                                    .providers = ids,
                                    .provider_weights = weights,
                                    .provider_count = providers.count};
    return RESULT_OK;
}

static enum result book_bill(struct work *work, const struct bill *bill)
{
    struct sharers sharers;
    row_id journal_id;
    size_t count;
    TRY(find_sharers(work, &bill->order, &sharers));
    struct posting *postings =
        arena_new_array(work->arena, struct posting, sharers.provider_count + SHARE_PARTS + 1);
    postings[0] = (struct posting){
        .account = "receivable", .party = row_integer(&bill->order, "customer_id"), .amount = bill->due};
    TRY(revenue_split(work->arena, bill->due, bill->formula.parameters, &sharers, postings + 1, &count));
    const struct journal journal = {.kind = "bill", .bill = bill->id};
    return journal_book(work, &journal, postings, count + 1, &journal_id);
}

enum result money_bill_order(struct work *work, row_id order, row_id *ret_bill)
{
    struct bill bill = {0};
    TRY(product_order_by_id(work, order, &bill.order));
    /* The formula of the day: a new one applies from its date on. */
    enum result found = rule_in_force(work, "revenue", 0, work_today(work), &bill.formula);
    if (found == RESULT_NOT_FOUND && !mutation_without("formula_is_in_force"))
        return refuse_bill(work, "没有施行中的收益分配公式", "no formula for sharing revenue is in force",
                           "待市数据局发布收益分配公式后再出账",
                           "bill it once the bureau's formula is in force");
    TRY(found);
    TRY(gather_calls(work, order, &bill));
    TRY(insert_bill(work, order, &bill));
    TRY(book_bill(work, &bill));
    TRY(work_record(work, "bill", "bill", bill.id, LAW(REVENUE), bill.formula.cite));
    *ret_bill = bill.id;
    return RESULT_OK;
}
