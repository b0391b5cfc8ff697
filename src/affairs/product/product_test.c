#include "affairs/product/product_fixture.h"
#include "base/limits.h"
#include "support/workflow_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const char table_body[] =
    "{\"room_id\":%lld,\"tier\":\"%s\",\"kind\":\"table\",\"title\":\"房价指数\","
    "\"description\":\"按板块\",\"query_id\":%lld}";

static const char *field_of(const json_t *problem)
{
    return json_string_value(json_object_get(problem, "field"));
}

TEST(a_product_moves_only_as_written)
{
    workflow_test(&product_workflow, "new        draft     draft            developer\n"
                                     "new        draft     draft            operator\n"
                                     "draft      make      draft            developer\n"
                                     "draft      make      draft            operator\n"
                                     "draft      submit    submitted        developer\n"
                                     "draft      submit    submitted        operator\n"
                                     "submitted  approve   approved         operator\n"
                                     "submitted  reject    rejected         operator\n"
                                     "approved   file      filed            operator\n"
                                     "rejected   file      rejection_filed  operator\n"
                                     "filed      list      listing          operator\n"
                                     "listing    list      listing          operator\n"
                                     "listing    listed    listed           operator\n"
                                     "filed      withdraw  withdrawn        operator\n"
                                     "listing    withdraw  withdrawn        operator\n"
                                     "listed     withdraw  withdrawn        operator\n"
                                     "listing    withdraw  withdrawn        system\n"
                                     "listed     withdraw  withdrawn        system\n"
                                     "listed     withdraw  withdrawn        developer\n");
}

/* ---- making: SAFE_ROOM ---- */

TEST(each_party_makes_its_own_tier_in_its_own_room)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    const char *developer = market->people.developer_clerk, *operator= market->people.operator_clerk;
    const json_t *problem =
        city_expect(city, 403, developer, "POST /products",
                    city_format(city, table_body, (long long)market->room, "public_data_product", 1LL));
    assert_string_equal(field_of(problem), "/tier");
    problem =
        city_expect(city, 403, operator, "POST /products",
                    city_format(city, table_body, (long long)market->operator_room, "data_product", 1LL));
    assert_string_equal(field_of(problem), "/tier");
    problem = city_expect(city, 403, operator, "POST /products",
                          city_format(city, table_body, (long long)market->room, "public_data_product", 1LL));
    assert_string_equal(field_of(problem), "/room_id");
    problem =
        city_expect(city, 403, developer, "POST /products",
                    city_format(city, table_body, (long long)market->operator_room, "data_product", 1LL));
    assert_string_equal(field_of(problem), "/room_id");
    problem = city_expect(city, 422, developer, "POST /products",
                          city_format(city, table_body, 4711LL, "data_product", 1LL));
    assert_string_equal(field_of(problem), "/room_id");
    const json_t *mine = city_expect(city, 200, developer, "GET /products", NULL);
    assert_int_equal(json_array_size(json_object_get(mine, "items")), 0);
}

TEST(both_tiers_are_told_apart_in_the_public_list)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id own = market_product(market, "public_data_product", "table", "甲", "listed");
    row_id developed = market_product(market, "data_product", "table", "乙", "listed");
    (void)market_product(market, "data_product", "table", "丙", "filed");
    const json_t *items = json_object_get(city_expect(city, 200, NULL, "GET /products", NULL), "items");
    assert_int_equal(json_array_size(items), 2);
    assert_string_equal(json_text(json_array_get(items, 0), "tier"), "public_data_product");
    assert_string_equal(json_text(json_array_get(items, 1), "tier"), "data_product");
    items = json_object_get(city_expect(city, 200, NULL, "GET /products?tier=public_data_product", NULL),
                            "items");
    assert_int_equal(json_array_size(items), 1);
    assert_int_equal(fixture_number(json_array_get(items, 0), "id"), own);
    items = json_object_get(city_expect(city, 200, NULL, "GET /products?tier=data_product", NULL), "items");
    assert_int_equal(fixture_number(json_array_get(items, 0), "id"), developed);
    items = json_object_get(city_expect(city, 200, market->people.clerk, "GET /products", NULL), "items");
    assert_int_equal(json_array_size(items), 3);
}

TEST(a_definition_that_does_not_fit_its_kind_is_refused)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    static const struct {
        const char *members;
        const char *field;
    } cases[] = {
        {"\"kind\":\"table\"", "/query_id"},
        {"\"kind\":\"table\",\"query_id\":1,\"spec\":{\"table\":\"t\"}", "/query_id"},
        {"\"kind\":\"verification\",\"query_id\":1", "/spec"},
        {"\"kind\":\"verification\",\"spec\":{\"table\":\"t\",\"expression\":\"1\",\"low\":0,\"high\":1}",
         "/spec/predicate"},
        {"\"kind\":\"score\",\"spec\":{\"table\":\"t\",\"predicate\":\"a > 1\"}", "/spec/predicate"},
        {"\"kind\":\"verification\",\"spec\":{\"table\":\"t\",\"predicate\":\"a > 1\"}", "/spec/table"},
        {"\"kind\":\"verification\",\"spec\":{\"predicate\":\"a > 1\"}", "/spec/table"},
        {"\"kind\":\"picture\"", "/kind"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const json_t *problem =
            city_expect(city, 422, market->people.developer_clerk, "POST /products",
                        city_format(city,
                                    "{\"room_id\":%lld,\"tier\":\"data_product\",\"title\":\"核验\","
                                    "\"description\":\"说明\",%s}",
                                    (long long)market->room, cases[i].members));
        assert_string_equal(field_of(problem), cases[i].field);
    }
}

TEST(without_the_keeper_a_draft_has_no_bytes_and_is_not_submitted)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    const char *developer = market->people.developer_clerk;
    const json_t *problem =
        city_expect(city, 422, developer, "POST /products",
                    city_format(city, table_body, (long long)market->room, "data_product", 4711LL));
    assert_string_equal(field_of(problem), "/query_id");
    (void)city_expect(city, 503, developer, "POST /products",
                      city_format(city, table_body, (long long)market->room, "data_product",
                                  (long long)market_query(market)));
    const json_t *items =
        json_object_get(city_expect(city, 200, developer, "GET /products?state=draft", NULL), "items");
    assert_int_equal(json_array_size(items), 1);
    long long id = (long long)fixture_number(json_array_get(items, 0), "id");
    (void)city_expect(city, 409, developer, city_format(city, "POST /products/%lld/submit", id), "{}");
    (void)city_expect(city, 404, NULL, city_format(city, "GET /products/%lld", id), NULL);
    (void)city_expect(city, 404, market->people.operator_clerk,
                      city_format(city, "POST /products/%lld/make", id), "{}");
}

/* ---- review: EGRESS_REVIEW ---- */

struct opening {
    row_id product;
};

static enum result set_sheet(struct work *work, void *argument)
{
    const struct opening *opening = argument;
    TRY(store_exec(work->tx, SQL_PRODUCT_SET_SHEET,
                   STORE_BINDS({"id", store_integer(opening->product)},
                               {"account", store_integer(work->actor->account)},
                               {"at", store_integer(work_now(work))}),
                   NULL));
    return work_record(work, "open_review_sheet", "product", opening->product, LAW(EGRESS_REVIEW), NULL);
}

static void open_sheet(struct market *market, const char *who, row_id product)
{
    struct opening opening = {product};
    assert_ok(city_write(market->city, who, set_sheet, &opening, NULL));
}

struct filing_new {
    row_id product;
    const char *decision;
};

static enum result insert_filing(struct work *work, void *argument)
{
    const struct filing_new *new = argument;
    struct digest bytes = market_digest("甲");
    char digest[DIGEST_TEXT_SIZE];
    hex_print(bytes.bytes, DIGEST_SIZE, digest);
    TRY(store_exec(work->tx, SQL_FILING_INSERT,
                   STORE_BINDS({"product", store_integer(new->product)},
                               {"operator", store_integer(work->actor->party)},
                               {"decision", store_text(new->decision)}, {"reason", store_null()},
                               {"digest", store_text(digest)}, {"rule", store_null()},
                               {"at", store_integer(work_now(work))}),
                   NULL));
    return work_record(work, "test", "filing", new->product, LAW_NONE, NULL);
}

static void file_as(struct market *market, row_id product, const char *decision)
{
    struct filing_new new = {product, decision};
    assert_ok(city_write(market->city, market->people.operator_clerk, insert_filing, &new, NULL));
}

static struct product_context context_of(const char *title)
{
    return (struct product_context){.stored = market_digest(title), .known = true};
}

/* EGRESS_REVIEW (二(六)3) */
TEST(no_product_leaves_without_a_review_of_its_very_bytes_on_file)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct product_context same = context_of("甲"), changed = context_of("乙");
    struct refusal refusal = {0};
    const char *reviewer = market->people.operator_reviewer, *clerk = market->people.operator_clerk;
    const char *both = fixture_account(market->city, market->people.candidate, ROLE_OPERATOR, "both",
                                       DUTY_CLERK | DUTY_REVIEWER);

    /* without bytes nothing is submitted */
    (void)city_expect(market->city, 503, market->people.developer_clerk, "POST /products",
                      city_format(market->city, table_body, (long long)market->room, "data_product",
                                  (long long)market_query(market)));
    const json_t *items = json_object_get(
        city_expect(market->city, 200, market->people.developer_clerk, "GET /products", NULL), "items");
    row_id empty = fixture_number(json_array_get(items, 0), "id");
    assert_int_equal(market_step(market, market->people.developer_clerk, empty, "submit", NULL, &refusal),
                     RESULT_CONFLICT);

    /* the reviewer has the duty, is neither maker nor submitter, and has looked */
    row_id product = market_product(market, "data_product", "table", "甲", "submitted");
    open_sheet(market, clerk, product);
    assert_int_equal(market_step(market, clerk, product, "approve", &same, &refusal), RESULT_FORBIDDEN);
    assert_int_equal(market_step(market, reviewer, product, "approve", &same, &refusal), RESULT_CONFLICT);
    market->maker = both;
    row_id made = market_product(market, "public_data_product", "table", "甲", "submitted");
    open_sheet(market, both, made);
    assert_int_equal(market_step(market, both, made, "approve", &same, &refusal), RESULT_FORBIDDEN);
    market->maker = NULL;
    row_id submitted = market_product(market, "public_data_product", "table", "甲", "draft");
    assert_ok(market_step(market, both, submitted, "submit", NULL, &refusal));
    open_sheet(market, both, submitted);
    assert_int_equal(market_step(market, both, submitted, "approve", &same, &refusal), RESULT_FORBIDDEN);

    /* a changed byte voids the approval, at each step; so do bytes that are gone */
    open_sheet(market, reviewer, product);
    assert_int_equal(market_step(market, reviewer, product, "approve", &changed, &refusal), RESULT_CONFLICT);
    assert_int_equal(refusal.law, LAW(EGRESS_REVIEW));
    assert_ok(market_step(market, reviewer, product, "approve", &same, &refusal));
    assert_int_equal(market_step(market, clerk, product, "file", &changed, &refusal), RESULT_CONFLICT);
    assert_int_equal(market_step(market, clerk, product, "file", &(struct product_context){0}, &refusal),
                     RESULT_CONFLICT);
    assert_ok(market_step(market, clerk, product, "file", &same, &refusal));

    /* only what is on file as approved is listed, with the bytes that were approved */
    assert_int_equal(market_step(market, clerk, product, "list", &same, &refusal), RESULT_CONFLICT);
    row_id rejected = market_product(market, "data_product", "table", "甲", "filed");
    file_as(market, rejected, "rejected");
    assert_int_equal(market_step(market, clerk, rejected, "list", &same, &refusal), RESULT_CONFLICT);
    file_as(market, product, "approved");
    assert_int_equal(market_step(market, clerk, product, "list", &changed, &refusal), RESULT_CONFLICT);
    assert_ok(market_step(market, clerk, product, "list", &same, &refusal));
}

TEST(no_state_but_filed_leads_to_the_exchange)
{
    CLEANUP_MARKET struct market *market = market_new();
    static const char *const states[] = {"draft",    "submitted",       "approved",
                                         "rejected", "rejection_filed", "withdrawn"};
    struct product_context same = context_of("甲");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct refusal refusal = {0};
        row_id product = market_product(market, "data_product", "table", "甲", states[i]);
        file_as(market, product, "approved");
        assert_int_equal(market_step(market, market->people.operator_clerk, product, "list", &same, &refusal),
                         RESULT_CONFLICT);
    }
}

TEST(a_rejection_needs_a_reason_and_goes_on_file_too)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    const char *reviewer = market->people.operator_reviewer;
    row_id product = market_product(market, "data_product", "table", "甲", "submitted");
    open_sheet(market, reviewer, product);
    const char *path = city_format(city, "POST /products/%lld/reject", (long long)product);
    (void)city_expect(city, 422, reviewer, path, "{\"reason\":\" \"}");
    (void)city_expect(city, 422, reviewer, path, "{}");
    (void)city_expect(city, 403, market->people.operator_clerk, path, "{\"reason\":\"可识别\"}");
    const json_t *reply = city_expect(city, 200, reviewer, path, "{\"reason\":\"可识别个人\"}");
    assert_string_equal(json_text(reply, "state"), "rejected");
    reply = city_expect(city, 200, market->people.developer_clerk,
                        city_format(city, "GET /products/%lld", (long long)product), NULL);
    assert_string_equal(json_text(reply, "decision_reason"), "可识别个人");
    assert_null(json_object_get(reply, "approved_digest"));
    file_as(market, product, "rejected");
    const json_t *items =
        json_object_get(city_expect(city, 200, market->people.clerk, "GET /filings", NULL), "items");
    assert_int_equal(json_array_size(items), 1);
    assert_string_equal(json_text(json_array_get(items, 0), "decision"), "rejected");
    assert_string_equal(json_text(json_array_get(items, 0), "tier"), "data_product");
}

TEST(another_operator_s_reviewer_does_not_know_of_the_product)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    const char *other = fixture_party(city, ROLE_OPERATOR, "另一家", fixture_credit_code(city, 40), NULL);
    const char *stranger = fixture_party(city, ROLE_DEVELOPER, "别家", fixture_credit_code(city, 41), NULL);
    row_id product = market_product(market, "data_product", "table", "甲", "submitted");
    static const char *const calls[] = {"POST /products/%lld/approve", "POST /products/%lld/file",
                                        "POST /products/%lld/list", "GET /products/%lld/review-sheet"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        (void)city_expect(city, 404, other,
                          city_format(city, "%.*s%lld%s", (int)(strstr(calls[i], "%lld") - calls[i]),
                                      calls[i], (long long)product, strstr(calls[i], "%lld") + 4),
                          calls[i][0] == 'P' ? "{}" : NULL);
    (void)city_expect(city, 404, stranger, city_format(city, "GET /products/%lld", (long long)product), NULL);
    (void)city_expect(city, 404, stranger,
                      city_format(city, "GET /products/%lld/history", (long long)product), NULL);
    (void)city_expect(city, 404, stranger,
                      city_format(city, "POST /products/%lld/submit", (long long)product), "{}");
}

/* ---- the exchange: EXCHANGE ---- */

static void set_price(struct market *market, const char *owner, row_id product, int64_t fen)
{
    char today[DAY_TEXT_SIZE];
    day_print(day_of_instant(clock_now(city_app(market->city)->clock)), today);
    (void)city_expect(
        market->city, 201, owner, city_format(market->city, "POST /products/%lld/prices", (long long)product),
        city_format(market->city, "{\"per_call_fen\":%lld,\"from_day\":\"%s\"}", (long long)fen, today));
}

/* EXCHANGE (二(六)3) */
TEST(the_exchange_takes_approved_products_only_and_an_order_comes_back_as_a_grant)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    struct product_context same = context_of("甲");
    struct refusal refusal = {0};
    struct product_call call;
    const char *clerk = market->people.operator_clerk;

    /* an approved product that is not on file does not go there */
    row_id unfiled = market_product(market, "data_product", "table", "甲", "filed");
    assert_int_equal(market_step(market, clerk, unfiled, "list", &same, &refusal), RESULT_CONFLICT);

    /* orders for what is not listed, and of unknown customers, are refused there with the reason */
    row_id product = market_product(market, "data_product", "table", "甲", "listed");
    (void)market_order(market, unfiled, 5);
    (void)market_order(market, 4711, 5);
    (void)market_order(market, product, 5);
    json_t *customer = json_object_get(json_array_get(market->orders, 2), "customer");
    json_object_set_new(customer, "credit_code", json_string(fixture_credit_code(city, 77)));
    market_sync(market);
    assert_int_equal(json_array_size(market->answers), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(json_text(json_array_get(market->answers, i), "state"), "refused");
        assert_true(strlen(json_text(json_array_get(market->answers, i), "reason")) > 10);
    }

    /* without an order there is no call; with one, as many as were ordered */
    (void)city_expect(city, 403, market->people.customer_clerk,
                      city_format(city, "POST /products/%lld/calls", (long long)product),
                      "{\"subject\":\"1\"}");
    assert_int_equal(market_call(market, product, NULL, NULL, &call), RESULT_FORBIDDEN);
    row_id order = market_granted(market, product, 2);
    assert_ok(market_call(market, product, NULL, NULL, &call));
    assert_int_equal(call.order, order);
    assert_ok(market_call(market, product, NULL, NULL, &call));
    assert_int_equal(market_call(market, product, NULL, NULL, &call), RESULT_LIMIT);
}

TEST(an_order_is_taken_once_and_answered_until_the_exchange_has_heard)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id product = market_product(market, "data_product", "table", "甲", "listed");
    for (int i = 0; i < 5; i++)
        (void)market_order(market, product, 3);
    market->failure = RESULT_UNAVAILABLE;
    assert_int_equal(product_sync_orders(city_app(city), city_arena(city)), RESULT_UNAVAILABLE);
    market->failure = RESULT_OK;
    market_sync(market);
    market_sync(market);
    const json_t *orders =
        json_object_get(city_expect(city, 200, market->people.customer_clerk, "GET /orders", NULL), "items");
    assert_int_equal(json_array_size(orders), 5);
    assert_int_equal(json_array_size(market->answers), 5);
    assert_non_null(json_object_get(json_array_get(orders, 0), "answered_at"));
    const char *stranger =
        fixture_party(city, ROLE_CUSTOMER, "别家银行", fixture_credit_code(city, 41), NULL);
    orders = json_object_get(city_expect(city, 200, stranger, "GET /orders", NULL), "items");
    assert_int_equal(json_array_size(orders), 0);
    (void)city_expect(city, 404, stranger, "GET /orders/1", NULL);
}

TEST(a_withdrawn_product_is_called_no_more_and_leaves_the_exchange)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    struct product_call call;
    row_id product = market_product(market, "data_product", "table", "甲", "listed");
    (void)market_granted(market, product, 9);
    assert_ok(market_call(market, product, NULL, NULL, &call));
    const char *path = city_format(city, "POST /products/%lld/withdraw", (long long)product);
    (void)city_expect(city, 422, market->people.developer_clerk, path, "{}");
    (void)city_expect(city, 200, market->people.developer_clerk, path, "{\"reason\":\"停止更新\"}");
    assert_int_equal(market_call(market, product, NULL, NULL, &call), RESULT_CONFLICT);
    (void)market_order(market, product, 3);
    market_sync(market);
    const json_t *answer = json_array_get(market->answers, 1);
    assert_string_equal(json_text(answer, "state"), "refused");
}

TEST(calls_end_with_the_order_s_last_day_and_with_the_agreement)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    struct product_call call;
    row_id product = market_product(market, "data_product", "table", "甲", "listed");
    (void)market_granted(market, product, 9);
    fixture_days(city, 365);
    assert_ok(market_call(market, product, NULL, NULL, &call));
    fixture_days(city, 2);
    assert_int_equal(market_call(market, product, NULL, NULL, &call), RESULT_FORBIDDEN);
    (void)market_granted(market, product, 9);
    assert_ok(market_call(market, product, NULL, NULL, &call));
    (void)city_expect(city, 200, market->people.approver,
                      city_format(city, "POST /agreements/%lld/close", (long long)market->agreement),
                      "{\"reason\":\"违约\"}");
    assert_int_equal(market_call(market, product, NULL, NULL, &call), RESULT_CONFLICT);
}

TEST(a_product_is_not_listed_without_an_exchange_or_a_price)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id product = market_product(market, "data_product", "table", "甲", "filed");
    file_as(market, product, "approved");
    const char *path = city_format(city, "POST /products/%lld/list", (long long)product);
    city_app(city)->exchange = NULL;
    (void)city_expect(city, 503, market->people.operator_clerk, path, "{}");
    city_app(city)->exchange = &market->exchange;
    (void)city_expect(city, 503, market->people.operator_clerk, path, "{}"); /* no keeper here */
    assert_int_equal(json_array_size(market->listed), 0);
    set_price(market, market->people.developer_clerk, product, 120);
    (void)city_expect(city, 404, market->people.operator_clerk,
                      city_format(city, "POST /products/%lld/prices", (long long)product),
                      "{\"per_call_fen\":1,\"from_day\":\"2027-01-01\"}");
}

/* ---- consent and other bases ---- */

TEST(a_call_about_a_subject_needs_its_consent_until_that_is_withdrawn)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    struct product_call call;
    const char *token = market_token(market, "张"), *other = market_token(market, "李");
    row_id product = market_product(market, "data_product", "verification", "甲", "listed");
    row_id order = market_granted(market, product, 9);
    assert_int_equal(market_call(market, product, token, NULL, &call), RESULT_FORBIDDEN);
    assert_string_equal(call.refusal.field, "/subject");
    row_id consent = market_consent(market, product, token);
    assert_ok(market_call(market, product, token, NULL, &call));
    assert_int_equal(market_call(market, product, other, NULL, &call), RESULT_FORBIDDEN);
    const char *path = city_format(city, "POST /consents/%lld/withdraw", (long long)consent);
    (void)city_expect(city, 404, NULL, path, "{}");
    (void)city_expect(city, 404, NULL, path, "{\"code\":\"guess\"}");
    const char *stranger =
        fixture_party(city, ROLE_CUSTOMER, "别家银行", fixture_credit_code(city, 41), NULL);
    (void)city_expect(city, 404, stranger, path, "{}");
    (void)city_expect(city, 200, NULL, path, "{\"code\":\"code\"}"); /* the subject, with its code */
    assert_int_equal(market_call(market, product, token, NULL, &call), RESULT_FORBIDDEN);
    (void)city_expect(city, 409, market->people.customer_clerk, path, "{}");
    const json_t *shown = city_expect(city, 200, market->people.customer_clerk,
                                      city_format(city, "GET /orders/%lld", (long long)order), NULL);
    assert_int_equal(fixture_number(shown, "used"), 1); /* refused calls are not counted */
}

TEST(a_consent_ends_with_its_last_day)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct product_call call;
    const char *token = market_token(market, "张");
    row_id product = market_product(market, "data_product", "verification", "甲", "listed");
    (void)market_granted(market, product, 9);
    (void)market_consent(market, product, token);
    fixture_days(market->city, 30);
    assert_ok(market_call(market, product, token, NULL, &call));
    fixture_days(market->city, 1);
    assert_int_equal(market_call(market, product, token, NULL, &call), RESULT_FORBIDDEN);
}

TEST(another_legal_basis_counts_once_the_operator_has_accepted_it_and_until_it_is_withdrawn)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    struct product_call call;
    const char *token = market_token(market, "张"), *customer = market->people.customer_clerk;
    row_id product = market_product(market, "data_product", "score", "甲", "listed");
    row_id order = market_granted(market, product, 9);
    const char *declare = city_format(city, "POST /orders/%lld/legal-bases", (long long)order);
    const char *body = city_format(city,
                                   "{\"kind\":\"contract\",\"text\":\"为订立合同所必需\",\"document_id\":%"
                                   "lld,\"until_day\":\"2026-12-31\"}",
                                   (long long)fixture_document(city, market->people.customer));
    const char *stranger =
        fixture_party(city, ROLE_CUSTOMER, "别家银行", fixture_credit_code(city, 41), NULL);
    (void)city_expect(city, 404, stranger, declare, body);
    (void)city_expect(
        city, 422, customer, declare,
        "{\"kind\":\"contract\",\"text\":\"x\",\"document_id\":4711,\"until_day\":\"2026-12-31\"}");
    long long basis = (long long)fixture_number(city_expect(city, 201, customer, declare, body), "id");
    assert_int_equal(market_call(market, product, token, NULL, &call), RESULT_FORBIDDEN);
    const char *accept = city_format(city, "POST /legal-bases/%lld/accept", basis);
    (void)city_expect(city, 403, customer, accept, "{}");
    (void)city_expect(city, 200, market->people.operator_reviewer, accept, "{}");
    assert_ok(market_call(market, product, token, NULL, &call));
    const char *withdraw = city_format(city, "POST /legal-bases/%lld/withdraw", basis);
    (void)city_expect(city, 404, stranger, withdraw, "{\"reason\":\"x\"}");
    (void)city_expect(city, 200, customer, withdraw, "{\"reason\":\"合同终止\"}");
    assert_int_equal(market_call(market, product, token, NULL, &call), RESULT_FORBIDDEN);
    (void)city_expect(city, 409, market->people.operator_reviewer, accept, "{}");
}

/* ---- metering ---- */

TEST(a_call_sent_again_with_its_key_is_metered_once)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct product_call first, again;
    const char *token = market_token(market, "张"), *other = market_token(market, "李");
    row_id product = market_product(market, "data_product", "verification", "甲", "listed");
    (void)market_granted(market, product, 2);
    (void)market_consent(market, product, token);
    (void)market_consent(market, product, other);
    assert_ok(market_call(market, product, token, "k1", &first));
    assert_ok(market_call(market, product, token, "k1", &again));
    assert_true(again.repeated);
    assert_int_equal(again.meter, first.meter);
    assert_int_equal(market_call(market, product, other, "k1", &again), RESULT_INVALID);
    assert_ok(market_call(market, product, other, "k2", &again));
    assert_int_equal(again.meter, first.meter + 1);
    /* used up: a new call is refused, the old one is still answered */
    assert_int_equal(market_call(market, product, token, "k3", &again), RESULT_LIMIT);
    assert_ok(market_call(market, product, token, "k1", &again));
    assert_true(again.repeated);
}

TEST(a_call_that_is_refused_does_no_harm_to_others_of_its_batch)
{
    CLEANUP_MARKET struct market *market = market_new();
    enum { COUNT = 12 };
    struct product_call calls[COUNT], *batch[COUNT];
    row_id table = market_product(market, "data_product", "table", "甲", "listed");
    row_id asked = market_product(market, "data_product", "verification", "乙", "listed");
    row_id first = market_granted(market, table, 2), second = market_granted(market, table, 3);
    (void)market_granted(market, asked, 9);
    for (size_t i = 0; i < COUNT; i++) {
        calls[i] = (struct product_call){.product = i % 4 == 3 ? asked : table,
                                         .customer = market->people.customer,
                                         .subject_token = market_token(market, "张"),
                                         .key = i == 1 || i == 2 ? "same" : NULL};
        batch[i] = &calls[i];
    }
    assert_ok(product_meter_batch(city_app(market->city), batch, COUNT));
    size_t counted = 0, consents = 0, used_up = 0;
    for (size_t i = 0; i < COUNT; i++) {
        counted += calls[i].result == RESULT_OK && !calls[i].repeated;
        consents += calls[i].result == RESULT_FORBIDDEN;
        used_up += calls[i].result == RESULT_LIMIT;
    }
    assert_int_equal(counted, 5); /* two of the first order, three of the second */
    assert_int_equal(consents, 3);
    assert_int_equal(used_up, 3);
    assert_true(calls[2].repeated);
    assert_int_equal(calls[2].meter, calls[1].meter);
    assert_int_equal(calls[0].order, first);
    assert_int_equal(calls[6].order, second);
}

enum { THREADS = 24, CALLS_EACH = 40 };

struct crowd {
    struct market *market;
    row_id product;
    const char *token;
    atomic_int next;
    atomic_int answered;
    atomic_int repeated;
    atomic_int used_up;
    atomic_int other;
};

/* Each key is sent twice, by whichever threads come to it. */
static void *call_often(void *argument)
{
    struct crowd *crowd = argument;
    for (int i = 0; i < CALLS_EACH; i++) {
        char key[32];
        struct product_call call = {.product = crowd->product,
                                    .customer = crowd->market->people.customer,
                                    .subject_token = crowd->token,
                                    .key = key};
        (void)snprintf(key, sizeof key, "key-%d", atomic_fetch_add(&crowd->next, 1) / 2);
        switch ((int)product_meter(city_app(crowd->market->city), &call)) {
        case RESULT_OK:
            atomic_fetch_add(call.repeated ? &crowd->repeated : &crowd->answered, 1);
            break;
        case RESULT_LIMIT:
            atomic_fetch_add(&crowd->used_up, 1);
            break;
        default:
            atomic_fetch_add(&crowd->other, 1);
        }
    }
    return NULL;
}

TEST(calls_of_many_threads_are_metered_once_each_and_never_more_than_ordered)
{
    CLEANUP_MARKET struct market *market = market_new();
    enum { ORDERED = 400 };
    struct crowd crowd = {.market = market, .token = market_token(market, "张")};
    pthread_t threads[THREADS];
    crowd.product = market_product(market, "data_product", "verification", "甲", "listed");
    row_id order = market_granted(market, crowd.product, ORDERED);
    (void)market_consent(market, crowd.product, crowd.token);
    city_app(market->city)->product_calls = product_calls_new();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &crowd), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&crowd.other), 0);
    assert_int_equal(atomic_load(&crowd.answered), ORDERED);
    assert_true(atomic_load(&crowd.repeated) > 0);
    assert_int_equal(atomic_load(&crowd.answered) + atomic_load(&crowd.repeated) +
                         atomic_load(&crowd.used_up),
                     THREADS * CALLS_EACH);
    const json_t *shown = city_expect(market->city, 200, market->people.customer_clerk,
                                      city_format(market->city, "GET /orders/%lld", (long long)order), NULL);
    assert_int_equal(fixture_number(shown, "used"), ORDERED);
}
