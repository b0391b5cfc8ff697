#include "affairs/money/money_inner.h"
#include "affairs/product/product_fixture.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(a_reversal_moves_only_as_written)
{
    workflow_test(&reversal_workflow, "new        request  requested  operator\n"
                                      "requested  book     booked     operator\n"
                                      "requested  drop     dropped    operator\n");
}

/* ---- the split, with seeded chance ---- */

static struct sharers random_sharers(struct random *random, row_id *ids, int64_t *weights)
{
    size_t count = random_below(random, 5);
    for (size_t i = 0; i < count; i++) {
        ids[i] = 100 + (row_id)i;
        weights[i] = 1 + (int64_t)random_below(random, 9);
    }
    return (struct sharers){.bureau = 1,
                            .operator_party = 2,
                            .developer = 2 + (row_id)random_below(random, 2),
                            .providers = ids,
                            .provider_weights = weights,
                            .provider_count = count};
}

TEST(shares_add_up_to_the_fen_whatever_the_weights)
{
    struct random *random = random_seeded(65);
    for (int i = 0; i < 3000; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        row_id ids[5];
        int64_t weights[5];
        struct posting postings[16];
        size_t count = 0;
        const struct sharers sharers = random_sharers(random, ids, weights);
        CLEANUP_JSON json_t *formula = json_pack(
            "{s:I, s:I, s:I, s:I}", "provider", (json_int_t)random_below(random, 100), "bureau",
            (json_int_t)random_below(random, 100), "operator", (json_int_t)random_below(random, 100),
            "developer", (json_int_t)random_below(random, 100) + 1);
        money due = (money)random_below(random, i % 2 == 0 ? 50 : 1000000000000);
        assert_ok(revenue_split(arena, due, formula, &sharers, postings, &count));
        money total = 0, providers = 0;
        for (size_t p = 0; p < count; p++) {
            assert_true(postings[p].amount <= 0);
            total += postings[p].amount;
            if (strcmp(postings[p].part, "provider") == 0)
                providers += -postings[p].amount;
            /* no share is further than a fen from its exact value, for each level of the split */
            double exact = (double)due * (double)postings[p].weight / (double)postings[p].weight_of *
                           (double)postings[p].share / (double)postings[p].share_of;
            assert_true((double)-postings[p].amount > exact - 2.01 &&
                        (double)-postings[p].amount < exact + 2.01);
        }
        assert_true(total == -due);
        double part =
            (double)due * (double)json_integer_or(formula, "provider", 0) / (double)postings[0].weight_of;
        assert_true((double)providers > part - 1.01 && (double)providers < part + 1.01);
    }
    random_free(random);
}

TEST(providers_share_their_part_and_a_missing_developer_s_part_is_the_operator_s)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static const row_id ids[] = {7, 8};
    static const int64_t weights[] = {2, 1};
    const struct sharers sharers = {.bureau = 1,
                                    .operator_party = 2,
                                    .developer = 2,
                                    .providers = ids,
                                    .provider_weights = weights,
                                    .provider_count = 2};
    CLEANUP_JSON json_t *formula =
        json_pack("{s:i, s:i, s:i, s:i}", "provider", 30, "bureau", 10, "operator", 20, "developer", 40);
    struct posting postings[5];
    size_t count;
    assert_ok(revenue_split(arena, 1001, formula, &sharers, postings, &count));
    assert_int_equal(count, 5);
    static const money expected[] = {-200, -100, -100, -200, -401};
    static const row_id parties[] = {7, 8, 1, 2, 2};
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(postings[i].amount, expected[i]);
        assert_int_equal(postings[i].party, parties[i]);
    }
}

/* ---- the books ---- */

static void set_price_as(struct market *market, const char *who, row_id product, const char *from,
                         const char *members)
{
    (void)city_expect(market->city, 201, who,
                      city_format(market->city, "POST /products/%lld/prices", (long long)product),
                      city_format(market->city, "{\"from_day\":\"%s\",%s}", from, members));
}

static void set_price(struct market *market, row_id product, const char *from, const char *members)
{
    set_price_as(market, market->people.developer_clerk, product, from, members);
}

static void formula(struct market *market, const char *from, int provider, int bureau, int operator,
                    int developer)
{
    struct city *city = market->city;
    const json_t *made = city_expect(
        city, 201, market->people.clerk, "POST /rules",
        city_format(city,
                    "{\"kind\":\"revenue\",\"title\":\"收益分配\",\"from_day\":\"%s\",\"parameters\":"
                    "{\"provider\":%d,\"bureau\":%d,\"operator\":%d,\"developer\":%d}}",
                    from, provider, bureau, operator, developer));
    long long id = (long long)fixture_number(made, "id");
    (void)city_expect(city, 200, market->people.clerk, city_format(city, "POST /rules/%lld/submit", id),
                      "{}");
    (void)city_expect(city, 200, market->people.approver, city_format(city, "POST /rules/%lld/consent", id),
                      "{}");
}

static void call_times(struct market *market, row_id product, int times)
{
    for (int i = 0; i < times; i++) {
        struct product_call call;
        assert_ok(market_call(market, product, NULL, NULL, &call));
    }
}

static const json_t *bill_at(struct market *market, int status, row_id order)
{
    return city_expect(market->city, status, market->people.operator_clerk,
                       city_format(market->city, "POST /orders/%lld/bill", (long long)order), "{}");
}

static int64_t share_of(const json_t *bill, const char *part)
{
    size_t i;
    json_t *share;
    int64_t total = 0;
    json_array_foreach (json_object_get(bill, "shares"), i, share)
        if (strcmp(json_text(share, "part"), part) == 0)
            total += json_integer_or(share, "amount_fen", 0);
    return total;
}

/* A table product with two providers, priced at 125 fen from the day it is listed, and an order. The city
 * stands at 2026-03-31. A public data product is the operator's own. */
static row_id traded_of(struct market *market, const char *tier, row_id *ret_order)
{
    bool own = strcmp(tier, "public_data_product") == 0;
    row_id product = market_product(market, tier, "table", "甲", "listed");
    row_id resource = fixture_resource(market->city, &market->people, "R1");
    row_id other = fixture_resource(market->city, &market->people, "R2");
    row_id second;
    (void)fixture_party(market->city, ROLE_PROVIDER, "市住更局", fixture_credit_code(market->city, 60),
                        &second);
    market_source(market, product, resource, market->people.provider, 1);
    market_source(market, product, other, second, 1);
    set_price_as(market, own ? market->people.operator_clerk : market->people.developer_clerk, product,
                 "2026-03-31", "\"per_call_fen\":125");
    *ret_order = market_granted(market, product, 1000);
    return product;
}

static row_id traded(struct market *market, row_id *ret_order)
{
    return traded_of(market, "data_product", ret_order);
}

static enum result book_unbalanced(struct work *work, void *argument)
{
    const struct journal journal = {.kind = "bill", .bill = *(const row_id *)argument};
    const struct posting postings[] = {{.account = "receivable", .party = 1, .amount = 100},
                                       {.account = "share", .party = 1, .amount = -99, .part = "bureau"}};
    row_id id;
    TRY(journal_book(work, &journal, postings, 2, &id));
    return work_record(work, "test", "journal", id, LAW_NONE, NULL);
}

static enum result book_reversal(struct work *work, void *argument)
{
    return workflow_step(work, NULL, &reversal_workflow, *(const row_id *)argument, "book", NULL, NULL, NULL,
                         NULL);
}

/* REVENUE (二(六)5) */
TEST(revenue_is_shared_to_the_fen_by_the_formula_of_the_day_and_reversed_by_two_persons_once)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id order;
    row_id product = traded(market, &order);
    call_times(market, product, 7);

    /* no formula in force, no bill: one that begins tomorrow does not apply today */
    formula(market, "2026-04-01", 30, 10, 20, 40);
    (void)bill_at(market, 409, order);
    fixture_days(city, 1);
    const json_t *bill = bill_at(market, 201, order);
    assert_int_equal(fixture_number(bill, "due_fen"), 875);
    assert_string_equal(json_text(bill, "formula"), "revenue@1");
    assert_int_equal(share_of(bill, "provider"), 263); /* 262.5: the larger remainder, the first of them */
    assert_int_equal(share_of(bill, "bureau"), 87);
    assert_int_equal(share_of(bill, "operator"), 175);
    assert_int_equal(share_of(bill, "developer"), 350);
    const json_t *share = json_array_get(json_object_get(bill, "shares"), 0);
    assert_string_equal(json_text(share, "explanation"), "revenue@1: provider 30/100 × 875 × 1/2 → 132");
    assert_int_equal(json_array_size(json_object_get(bill, "shares")), 5);

    /* a new formula applies from its date on, and leaves what was billed alone */
    formula(market, "2026-04-02", 0, 0, 100, 0);
    fixture_days(city, 1);
    call_times(market, product, 2);
    const json_t *second = bill_at(market, 201, order);
    assert_string_equal(json_text(second, "formula"), "revenue@2");
    assert_int_equal(share_of(second, "operator"), 250);

    /* what does not add up is not booked */
    row_id id = fixture_number(bill, "id"), later = fixture_number(second, "id");
    struct refusal refusal = {0};
    assert_int_equal(city_write(city, market->people.operator_clerk, book_unbalanced, &id, &refusal),
                     RESULT_CORRUPT);

    /* reversed by two persons, with the reason, once, the last bill first */
    const char *both =
        fixture_account(city, market->people.candidate, ROLE_OPERATOR, "both", DUTY_CLERK | DUTY_APPROVER);
    const char *ask = city_format(city, "POST /bills/%lld/reversals", (long long)later);
    (void)city_expect(city, 422, both, ask, "{\"reason\":\"　\"}");
    (void)city_expect(city, 409, both, city_format(city, "POST /bills/%lld/reversals", (long long)id),
                      "{\"reason\":\"错\"}");
    long long reversal =
        (long long)fixture_number(city_expect(city, 201, both, ask, "{\"reason\":\"多计\"}"), "id");
    const char *book = city_format(city, "POST /reversals/%lld/book", reversal);
    (void)city_expect(city, 403, both, book, "{}");
    row_id asked = reversal;
    assert_int_equal(city_write(city, market->people.operator_clerk, book_reversal, &asked, &refusal),
                     RESULT_FORBIDDEN);
    (void)city_expect(city, 403, market->people.operator_clerk, book, "{}");
    (void)city_expect(city, 200, market->people.operator_approver, book, "{}");
    (void)city_expect(city, 409, both, ask, "{\"reason\":\"再错\"}");
    (void)city_expect(city, 409, market->people.operator_approver, book, "{}");
}

TEST(a_reversal_leaves_both_journals_and_every_balance_at_zero)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id order;
    row_id product = traded(market, &order);
    formula(market, "2026-03-31", 30, 10, 20, 40);
    call_times(market, product, 3);
    long long bill = (long long)fixture_number(bill_at(market, 201, order), "id");
    const json_t *asked =
        city_expect(city, 201, market->people.operator_clerk,
                    city_format(city, "POST /bills/%lld/reversals", bill), "{\"reason\":\"价格有误\"}");
    (void)city_expect(city, 200, market->people.operator_approver,
                      city_format(city, "POST /reversals/%lld/book", (long long)fixture_number(asked, "id")),
                      "{}");
    const json_t *balances =
        json_object_get(city_expect(city, 200, market->people.clerk, "GET /balances", NULL), "items");
    assert_true(json_array_size(balances) >= 5);
    size_t i;
    json_t *row;
    json_array_foreach (balances, i, row)
        assert_int_equal(json_integer_or(row, "balance_fen", -1), 0);
    const json_t *ledger = json_object_get(
        city_expect(city, 200, market->people.regulator_clerk, "GET /ledger?limit=100", NULL), "items");
    assert_int_equal(json_array_size(ledger), 12);
    int64_t sum = 0;
    json_array_foreach (ledger, i, row)
        sum += json_integer_or(row, "amount_fen", 0);
    assert_int_equal(sum, 0);
    assert_string_equal(json_text(json_array_get(ledger, 11), "kind"), "reversal");
    assert_string_equal(json_text(json_array_get(ledger, 11), "reason"), "价格有误");
    /* its calls may be billed again */
    assert_int_equal(fixture_number(bill_at(market, 201, order), "calls"), 3);
}

/* ---- balances ---- */

/* What GET /balances says of a party, and what its postings add up to. */
struct sums {
    int64_t balance, postings;
};

static struct sums balance_told(struct market *market, row_id party)
{
    size_t i;
    json_t *row;
    json_array_foreach (
        json_object_get(city_expect(market->city, 200, market->people.clerk, "GET /balances?limit=100", NULL),
                        "items"),
        i, row)
        if (json_integer_or(row, "id", 0) == party)
            return (struct sums){json_integer_or(row, "balance_fen", -1),
                                 json_integer_or(row, "postings", -1)};
    return (struct sums){0};
}

/* The page of a list that follows `page`; the first when that is NULL. */
static const json_t *page_behind(struct market *market, const char *call, const json_t *page)
{
    if (page == NULL)
        return city_expect(market->city, 200, market->people.clerk, call, NULL);
    const char *next = json_text(page, "next");
    return next == NULL ? NULL
                        : city_expect(market->city, 200, market->people.clerk,
                                      city_format(market->city, "%s&cursor=%s", call, next), NULL);
}

static struct sums balance_summed(struct market *market, row_id party)
{
    struct sums sums = {0};
    size_t i;
    json_t *row;
    for (const json_t *page = NULL; (page = page_behind(market, "GET /ledger?limit=100", page)) != NULL;)
        json_array_foreach (json_object_get(page, "items"), i, row)
            if (json_integer_or(row, "party_id", 0) == party) {
                sums.balance += json_integer_or(row, "amount_fen", 0);
                sums.postings++;
            }
    return sums;
}

struct chance_journal {
    struct random *random;
    row_id bill;
    row_id parties[3];
    bool by_older; /* as a program books that keeps no balances */
};

static enum result book_by_chance(struct work *work, void *argument)
{
    const struct chance_journal *chance = argument;
    const struct journal journal = {.kind = "bill", .bill = chance->bill};
    struct posting postings[4];
    row_id id;
    money total = 0;
    for (size_t i = 0; i < 4; i++) {
        money amount = i < 3 ? (money)random_below(chance->random, 2000) - 1000 : -total;
        postings[i] = (struct posting){.account = "share",
                                       .party = chance->parties[random_below(chance->random, 3)],
                                       .amount = amount,
                                       .part = "bureau"};
        total += amount;
    }
    TRY(chance->by_older ? journal_write(work, &journal, postings, 4, &id)
                         : journal_book(work, &journal, postings, 4, &id));
    return work_record(work, "test", "journal", id, LAW_NONE, NULL);
}

/* Also of what a program of before the balances booked, beside this one or earlier. */
TEST(a_balance_is_the_sum_of_the_party_s_postings_whoever_booked_them)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct refusal refusal = {0};
    row_id order;
    row_id product = traded(market, &order);
    formula(market, "2026-03-31", 30, 10, 20, 40);
    call_times(market, product, 3);
    struct chance_journal chance = {.random = random_seeded(20261127),
                                    .bill = fixture_number(bill_at(market, 201, order), "id"),
                                    .parties = {1, market->people.provider, market->people.customer}};
    for (int i = 0; i < 60; i++) {
        chance.by_older = random_below(chance.random, 3) == 0;
        assert_ok(city_write(market->city, market->people.operator_clerk, book_by_chance, &chance, &refusal));
        if (i % 10 > 1)
            continue;
        for (size_t p = 0; p < 3; p++) {
            struct sums told = balance_told(market, chance.parties[p]);
            struct sums summed = balance_summed(market, chance.parties[p]);
            assert_int_equal(told.balance, summed.balance);
            assert_int_equal(told.postings, summed.postings);
        }
    }
    random_free(chance.random);
}

TEST(balances_come_page_by_page_and_a_party_sees_its_own_alone)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id order;
    row_id product = traded(market, &order);
    formula(market, "2026-03-31", 30, 10, 20, 40);
    call_times(market, product, 3);
    (void)bill_at(market, 201, order);
    const json_t *all = json_object_get(
        city_expect(city, 200, market->people.clerk, "GET /balances?limit=100", NULL), "items");
    assert_true(json_array_size(all) >= 5);
    size_t at = 0;
    for (const json_t *page = NULL; (page = page_behind(market, "GET /balances?limit=1", page)) != NULL;
         at++) {
        const json_t *items = json_object_get(page, "items");
        assert_int_equal(json_array_size(items), 1);
        assert_true(json_equal(json_array_get(items, 0), json_array_get(all, at)) == 1);
    }
    assert_int_equal(at, json_array_size(all));
    const json_t *own = json_object_get(
        city_expect(city, 200, market->people.provider_clerk, "GET /balances", NULL), "items");
    assert_int_equal(json_array_size(own), 1);
    assert_int_equal(json_integer_or(json_array_get(own, 0), "id", 0), market->people.provider);
    assert_int_equal(json_integer_or(json_array_get(own, 0), "balance_fen", 0), -57);
    /* who has no postings has no balance */
    const char *stranger = fixture_party(city, ROLE_CUSTOMER, "别家", fixture_credit_code(city, 41), NULL);
    own = json_object_get(city_expect(city, 200, stranger, "GET /balances", NULL), "items");
    assert_int_equal(json_array_size(own), 0);
}

TEST(a_bill_holds_each_day_s_calls_at_that_day_s_price_once)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id order;
    row_id product = traded(market, &order);
    formula(market, "2026-03-31", 30, 10, 20, 40);
    const char *prices = city_format(city, "POST /products/%lld/prices", (long long)product);
    static const char *const late[] = {"2026-03-30", "2026-03-31"};
    for (size_t i = 0; i < 2; i++)
        (void)city_expect(city, 422, market->people.developer_clerk, prices,
                          city_format(city, "{\"per_call_fen\":9,\"from_day\":\"%s\"}", late[i]));
    set_price(market, product, "2026-04-02", "\"per_call_fen\":300");
    call_times(market, product, 2); /* 03-31 */
    fixture_days(city, 1);
    call_times(market, product, 1); /* 04-01 */
    fixture_days(city, 1);
    call_times(market, product, 4); /* 04-02 */
    const json_t *bill = bill_at(market, 201, order);
    assert_int_equal(fixture_number(bill, "calls"), 7);
    assert_int_equal(fixture_number(bill, "due_fen"), 3 * 125 + 4 * 300);
    const json_t *lines = json_object_get(bill, "lines");
    assert_int_equal(json_array_size(lines), 3);
    assert_string_equal(json_text(json_array_get(lines, 2), "on_day"), "2026-04-02");
    assert_int_equal(fixture_number(json_array_get(lines, 2), "per_call_fen"), 300);
    (void)bill_at(market, 409, order);
    call_times(market, product, 1);
    assert_int_equal(fixture_number(bill_at(market, 201, order), "calls"), 1);
}

/* The numbers of the bills that a party sees, read a few at a time: "1 2 3 ". */
static const char *bills_seen(struct market *market, const char *who, const char *call)
{
    struct city *city = market->city;
    const char *seen = "";
    const char *next = NULL;
    size_t i;
    json_t *row;
    do {
        const json_t *page = city_expect(
            city, 200, who, next == NULL ? call : city_format(city, "%s&cursor=%s", call, next), NULL);
        json_array_foreach (json_object_get(page, "items"), i, row)
            seen = city_format(city, "%s%lld ", seen, (long long)json_integer_or(row, "id", 0));
        next = json_text(page, "next");
    } while (next != NULL);
    return seen;
}

TEST(whoever_has_a_part_in_bills_sees_them_page_by_page_in_order_and_each_once)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    const struct people *people = &market->people;
    row_id order;
    /* the operator has a part twice, as the maker too */
    row_id product = traded_of(market, "public_data_product", &order);
    formula(market, "2026-03-31", 30, 10, 20, 40);
    for (int i = 0; i < 7; i++) {
        call_times(market, product, 1);
        row_id bill = fixture_number(bill_at(market, 201, order), "id");
        if (i != 4)
            continue;
        /* reversed: its parties' last postings are of a bill that stands earlier, and its calls are billed
         * again */
        const json_t *asked = city_expect(city, 201, people->operator_clerk,
                                          city_format(city, "POST /bills/%lld/reversals", (long long)bill),
                                          "{\"reason\":\"错\"}");
        (void)city_expect(
            city, 200, people->operator_approver,
            city_format(city, "POST /reversals/%lld/book", (long long)fixture_number(asked, "id")), "{}");
    }
    const char *const all[] = {people->provider_clerk, people->customer_clerk, people->operator_clerk,
                               people->clerk};
    for (size_t p = 0; p < sizeof all / sizeof all[0]; p++) {
        assert_string_equal(bills_seen(market, all[p], "GET /bills?limit=2"), "1 2 3 4 5 6 7 ");
        assert_string_equal(
            bills_seen(market, all[p],
                       city_format(city, "GET /bills?limit=3&order_id=%lld", (long long)order)),
            "1 2 3 4 5 6 7 ");
    }
    const char *stranger = fixture_party(city, ROLE_CUSTOMER, "别家", fixture_credit_code(city, 41), NULL);
    assert_string_equal(bills_seen(market, stranger, "GET /bills?limit=2"), "");
    assert_string_equal(
        bills_seen(market, stranger, city_format(city, "GET /bills?limit=2&order_id=%lld", (long long)order)),
        "");
}

TEST(a_waived_price_is_shown_and_nothing_is_due)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id order;
    row_id product = traded(market, &order);
    formula(market, "2026-03-31", 30, 10, 20, 40);
    const char *prices = city_format(city, "POST /products/%lld/prices", (long long)product);
    (void)city_expect(city, 422, market->people.developer_clerk, prices,
                      "{\"per_call_fen\":125,\"from_day\":\"2026-04-01\",\"waived\":true}");
    set_price(market, product, "2026-04-01",
              "\"per_call_fen\":125,\"waived\":true,\"waiver_reason\":\"公共治理、公益事业\"");
    fixture_days(city, 1);
    call_times(market, product, 4);
    const json_t *bill = bill_at(market, 201, order);
    assert_int_equal(fixture_number(bill, "price_fen"), 500);
    assert_int_equal(fixture_number(bill, "waived_fen"), 500);
    assert_int_equal(fixture_number(bill, "due_fen"), 0);
    assert_int_equal(share_of(bill, "developer"), 0);
}

TEST(each_party_sees_its_own_part_of_the_books)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id order;
    row_id product = traded(market, &order);
    formula(market, "2026-03-31", 30, 10, 20, 40);
    call_times(market, product, 3);
    long long bill = (long long)fixture_number(bill_at(market, 201, order), "id");
    const char *show = city_format(city, "GET /bills/%lld", bill);
    const char *stranger = fixture_party(city, ROLE_CUSTOMER, "别家", fixture_credit_code(city, 41), NULL);
    (void)city_expect(city, 404, stranger, show, NULL);
    const json_t *seen = city_expect(city, 200, market->people.provider_clerk, show, NULL);
    assert_int_equal(json_array_size(json_object_get(seen, "shares")), 1);
    seen = city_expect(city, 200, market->people.customer_clerk, show, NULL);
    assert_int_equal(json_array_size(json_object_get(seen, "shares")), 5);
    const json_t *ledger =
        json_object_get(city_expect(city, 200, market->people.provider_clerk, "GET /ledger", NULL), "items");
    assert_int_equal(json_array_size(ledger), 1);
    assert_int_equal(json_integer_or(json_array_get(ledger, 0), "amount_fen", 0), -57);
    (void)city_expect(city, 403, market->people.customer_clerk,
                      city_format(city, "POST /orders/%lld/bill", (long long)order), "{}");
    const char *other = fixture_party(city, ROLE_OPERATOR, "另一家", fixture_credit_code(city, 42), NULL);
    (void)city_expect(city, 404, other, city_format(city, "POST /orders/%lld/bill", (long long)order), "{}");
    (void)city_expect(city, 404, other, city_format(city, "POST /bills/%lld/reversals", bill),
                      "{\"reason\":\"x\"}");
}
