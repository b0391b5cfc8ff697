#include "peers/client/client.h"
#include "peers/exchange/exchange.h"
#include "peers/exchange/service.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR "91420100MA4K2BJE2J"

struct market {
    struct exchange_service *service;
    char folder[64];
    char url[64];
    char token[80];
    struct exchange_peer platform;
    struct arena *arena;
    struct refusal refusal;
};

static void start(struct market *market)
{
    const struct exchange_service_options options = {.folder = market->folder};
    assert_ok(exchange_service_start(&options, &market->service));
    (void)snprintf(market->url, sizeof market->url, "http://127.0.0.1:%d",
                   exchange_service_port(market->service));
    (void)snprintf(market->token, sizeof market->token, "%s", exchange_service_token(market->service));
    market->platform = (struct exchange_peer){.url = market->url, .token = market->token};
}

static struct market *market_open(void)
{
    struct market *market = calloc(1, sizeof *market);
    assert_non_null(market);
    (void)snprintf(market->folder, sizeof market->folder, "%s", test_folder());
    market->arena = arena_new(0);
    start(market);
    return market;
}

static void market_close(struct market *market)
{
    exchange_service_stop(market->service);
    arena_free(market->arena);
    free(market);
}

/* As a customer, or anyone with token NULL; takes the reference to the body. */
static enum result call(struct market *market, const char *token, const char *method, const char *path,
                        json_t *body, json_t **ret_reply)
{
    CLEANUP_JSON json_t *owned = body;
    CLEANUP_CLIENT struct client *client = NULL;
    const struct client_options options = {market->url, token, NULL};
    assert_ok(client_open(market->arena, &options, &client, &market->refusal));
    const struct client_call one = {.method = method, .path = path, .body = owned};
    return client_send(client, market->arena, &one, ret_reply, &market->refusal);
}

static json_t *product(int id, char digit)
{
    char digest[65];
    memset(digest, digit, 64);
    digest[64] = '\0';
    return json_pack("{s:i, s:s, s:s, s:s, s:i, s:s, s:s}", "product", id, "title", "住房价格指数", "kind",
                     "table", "operator", OPERATOR, "price_fen", 1500, "digest", digest, "description",
                     "按季");
}

static int64_t list(struct market *market, int id, char digit)
{
    CLEANUP_JSON json_t *json = product(id, digit);
    int64_t listing = 0;
    assert_ok(exchange_list(&market->platform, market->arena, json, &listing, &market->refusal));
    return listing;
}

static const char *customer(struct market *market, const char *credit_code)
{
    CLEANUP_JSON json_t *reply = NULL;
    assert_ok(call(market, NULL, "POST", "/customers",
                   json_pack("{s:s, s:s}", "name", "合成客户", "credit_code", credit_code), &reply));
    return arena_strdup(market->arena, json_text(reply, "token"));
}

static json_t *order_body(int64_t listing, int quantity)
{
    return json_pack("{s:I, s:i, s:s}", "listing", (json_int_t)listing, "quantity", quantity, "purpose",
                     "市场研究");
}

TEST(an_order_starts_at_the_exchange_and_is_answered_by_the_platform)
{
    struct market *market = market_open();
    int64_t listing = list(market, 17, 'a');
    const char *token = customer(market, OPERATOR);
    CLEANUP_JSON json_t *placed = NULL;
    assert_ok(call(market, token, "POST", "/orders", order_body(listing, 3), &placed));
    int64_t number = json_integer_or(placed, "order", 0);
    CLEANUP_JSON json_t *orders = NULL;
    assert_ok(exchange_orders(&market->platform, market->arena, 0, &orders, &market->refusal));
    assert_int_equal(json_array_size(orders), 1);
    const json_t *order = json_array_get(orders, 0);
    assert_int_equal(json_integer_or(order, "order", 0), number);
    assert_int_equal(json_integer_or(order, "product", 0), 17);
    assert_int_equal(json_integer_or(order, "quantity", 0), 3);
    assert_string_equal(json_text(json_object_get(order, "customer"), "credit_code"), OPERATOR);
    assert_ok(
        exchange_answer(&market->platform, market->arena, number, "granted", 5, NULL, &market->refusal));
    assert_ok(
        exchange_answer(&market->platform, market->arena, number, "granted", 5, NULL, &market->refusal));
    CLEANUP_JSON json_t *seen = NULL;
    assert_ok(call(market, token, "GET", arena_printf(market->arena, "/orders/%lld", (long long)number), NULL,
                   &seen));
    assert_string_equal(json_text(seen, "state"), "granted");
    assert_int_equal(json_integer_or(seen, "grant", 0), 5);
    market_close(market);
}

TEST(listings_and_orders_outlive_a_restart_and_come_after_a_number)
{
    struct market *market = market_open();
    int64_t listing = list(market, 17, 'a');
    const char *token = customer(market, OPERATOR);
    for (int i = 1; i <= 3; i++)
        assert_ok(call(market, token, "POST", "/orders", order_body(listing, i), NULL));
    exchange_service_stop(market->service);
    start(market);
    CLEANUP_JSON json_t *orders = NULL;
    assert_ok(exchange_orders(&market->platform, market->arena, 1, &orders, &market->refusal));
    assert_int_equal(json_array_size(orders), 2);
    assert_int_equal(json_integer_or(json_array_get(orders, 0), "order", 0), 2);
    json_decref(orders);
    orders = NULL;
    assert_ok(exchange_orders(&market->platform, market->arena, 3, &orders, &market->refusal));
    assert_int_equal(json_array_size(orders), 0);
    assert_int_equal(list(market, 17, 'a'), listing);
    market_close(market);
}

TEST(the_same_product_is_listed_once_and_another_digest_waits_for_withdrawal)
{
    struct market *market = market_open();
    int64_t listing = list(market, 17, 'a');
    assert_int_equal(list(market, 17, 'a'), listing);
    CLEANUP_JSON json_t *changed = product(17, 'b');
    int64_t other = 0;
    assert_int_equal(exchange_list(&market->platform, market->arena, changed, &other, &market->refusal),
                     RESULT_CONFLICT);
    assert_ok(exchange_withdraw(&market->platform, market->arena, listing, &market->refusal));
    assert_ok(exchange_withdraw(&market->platform, market->arena, listing, &market->refusal));
    assert_ok(exchange_list(&market->platform, market->arena, changed, &other, &market->refusal));
    assert_int_not_equal(other, listing);
    assert_int_equal(exchange_withdraw(&market->platform, market->arena, 99, &market->refusal),
                     RESULT_NOT_FOUND);
    market_close(market);
}

TEST(what_is_off_the_market_cannot_be_ordered)
{
    struct market *market = market_open();
    int64_t listing = list(market, 17, 'a');
    const char *token = customer(market, OPERATOR);
    assert_ok(exchange_withdraw(&market->platform, market->arena, listing, &market->refusal));
    assert_int_equal(call(market, token, "POST", "/orders", order_body(listing, 1), NULL), RESULT_NOT_FOUND);
    assert_string_equal(market->refusal.field, "/listing");
    assert_int_equal(call(market, token, "POST", "/orders", order_body(77, 1), NULL), RESULT_NOT_FOUND);
    CLEANUP_JSON json_t *page = NULL;
    assert_ok(call(market, NULL, "GET", "/listings", NULL, &page));
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
    market_close(market);
}

TEST(the_same_reference_gives_the_same_order)
{
    struct market *market = market_open();
    int64_t listing = list(market, 17, 'a');
    const char *token = customer(market, OPERATOR);
    int64_t numbers[2];
    for (int i = 0; i < 2; i++) {
        CLEANUP_JSON json_t *reply = NULL;
        json_t *body = order_body(listing, 2);
        (void)json_object_set_new(body, "reference", json_string("PO-1"));
        assert_ok(call(market, token, "POST", "/orders", body, &reply));
        numbers[i] = json_integer_or(reply, "order", 0);
    }
    assert_int_equal(numbers[0], numbers[1]);
    json_t *body = order_body(listing, 9);
    (void)json_object_set_new(body, "reference", json_string("PO-1"));
    assert_int_equal(call(market, token, "POST", "/orders", body, NULL), RESULT_CONFLICT);
    market_close(market);
}

TEST(nobody_acts_for_another)
{
    struct market *market = market_open();
    int64_t listing = list(market, 17, 'a');
    const char *one = customer(market, OPERATOR);
    const char *two = customer(market, "91420100MA4KWXYX0B");
    assert_ok(call(market, one, "POST", "/orders", order_body(listing, 1), NULL));
    assert_int_equal(call(market, two, "GET", "/orders/1", NULL, NULL), RESULT_NOT_FOUND);
    assert_int_equal(call(market, one, "GET", "/orders", NULL, NULL), RESULT_UNAUTHENTICATED);
    assert_int_equal(call(market, one, "POST", "/listings", product(18, 'a'), NULL), RESULT_UNAUTHENTICATED);
    assert_int_equal(call(market, NULL, "POST", "/orders", order_body(listing, 1), NULL),
                     RESULT_UNAUTHENTICATED);
    assert_int_equal(call(market, market->token, "POST", "/orders", order_body(listing, 1), NULL),
                     RESULT_UNAUTHENTICATED);
    assert_int_equal(call(market, one, "POST", "/orders/1/state",
                          json_pack("{s:s, s:i}", "state", "granted", "grant", 1), NULL),
                     RESULT_UNAUTHENTICATED);
    market_close(market);
}

TEST(an_answer_is_not_taken_back)
{
    struct market *market = market_open();
    int64_t listing = list(market, 17, 'a');
    const char *token = customer(market, OPERATOR);
    assert_ok(call(market, token, "POST", "/orders", order_body(listing, 1), NULL));
    struct arena *arena = market->arena;
    assert_int_equal(exchange_answer(&market->platform, arena, 1, "refused", 0, NULL, &market->refusal),
                     RESULT_INVALID);
    assert_string_equal(market->refusal.field, "/reason");
    assert_int_equal(exchange_answer(&market->platform, arena, 1, "granted", 0, NULL, &market->refusal),
                     RESULT_INVALID);
    assert_ok(
        exchange_answer(&market->platform, arena, 1, "refused", 0, "用途不在许可范围", &market->refusal));
    assert_int_equal(exchange_answer(&market->platform, arena, 1, "granted", 4, NULL, &market->refusal),
                     RESULT_CONFLICT);
    assert_int_equal(exchange_answer(&market->platform, arena, 9, "granted", 4, NULL, &market->refusal),
                     RESULT_NOT_FOUND);
    market_close(market);
}

TEST(malformed_bodies_are_refused_by_field)
{
    struct market *market = market_open();
    static const struct {
        const char *field;
        const char *key;
        const char *value; /* JSON */
    } wrong[] = {{"/product", "product", "0"},
                 {"/product", "product", "\"1\""},
                 {"/title", "title", "\" \""},
                 {"/kind", "kind", "\"film\""},
                 {"/operator", "operator", "\"91420100MA4K2BJE2H\""},
                 {"/price_fen", "price_fen", "-1"},
                 {"/digest", "digest", "\"xyz\""},
                 {"/colour", "colour", "1"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *body = product(17, 'a');
        (void)json_object_set_new(body, wrong[i].key, json_loads(wrong[i].value, JSON_DECODE_ANY, NULL));
        assert_int_equal(call(market, market->token, "POST", "/listings", body, NULL), RESULT_INVALID);
        assert_string_equal(market->refusal.field, wrong[i].field);
    }
    assert_int_equal(call(market, NULL, "POST", "/customers",
                          json_pack("{s:s, s:s}", "name", "合成客户", "credit_code", "91420100MA4K2BJE2H"),
                          NULL),
                     RESULT_INVALID);
    assert_int_equal(call(market, NULL, "GET", "/nothing", NULL, NULL), RESULT_NOT_FOUND);
    market_close(market);
}

TEST(a_customer_registers_once)
{
    struct market *market = market_open();
    (void)customer(market, OPERATOR);
    assert_int_equal(call(market, NULL, "POST", "/customers",
                          json_pack("{s:s, s:s}", "name", "合成客户", "credit_code", OPERATOR), NULL),
                     RESULT_CONFLICT);
    market_close(market);
}

TEST(an_exchange_that_is_gone_is_unavailable)
{
    struct market *market = market_open();
    exchange_service_stop(market->service);
    market->service = NULL;
    json_t *orders = NULL;
    assert_int_equal(exchange_orders(&market->platform, market->arena, 0, &orders, &market->refusal),
                     RESULT_UNAVAILABLE);
    assert_null(orders);
    market_close(market);
}

TEST(a_token_goes_to_another_host_over_tls_only)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static const char *const wrong[] = {"http://exchange.example",
                                        "http://127.0.0.1.example",
                                        "ftp://localhost",
                                        "http://localhost@example",
                                        "https://",
                                        "https://a?b=c",
                                        "exchange"};
    struct refusal refusal;
    struct client *client = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct client_options options = {wrong[i], "t", NULL};
        assert_int_equal(client_open(arena, &options, &client, &refusal), RESULT_INVALID);
        assert_null(client);
    }
    const struct client_options fine = {"https://exchange.example/api/", "t", NULL};
    assert_ok(client_open(arena, &fine, &client, &refusal));
    client_close(client);
}
