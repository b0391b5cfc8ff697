/* Products with a real keeper: from rows delivered into a room to answers paid for. */
#include "affairs/product/product_fixture.h"
#include "keeper/fixture.h"
#include "vault/delivery.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trade {
    struct fixture keeper;
    struct market *market;
    row_id entry;
};

static void trade_end(struct trade *trade)
{
    market_free(trade->market);
    fixture_free(&trade->keeper);
}
#define CLEANUP_TRADE __attribute__((cleanup(trade_end)))

enum { PEOPLE = 400 };

/* Person i lives in district i % 4 and pays on 3000 + i. */
static char *rows_of_people(struct arena *arena)
{
    size_t room = (PEOPLE + 1) * 64, at = 0;
    char *text = arena_alloc(arena, room);
    at += (size_t)snprintf(text, room, "citizen,district,base\n");
    for (int i = 1; i <= PEOPLE; i++)
        at += (size_t)snprintf(text + at, room - at, "P%d,区%d,%d\n", i, i % 4, 3000 + i);
    return text;
}

static int sealed(const json_t *order, const char *csv)
{
    const char *text = json_text(order, "order");
    json_t *parsed = json_loads(text, 0, NULL);
    struct digest digest = digest_sha256(text, strlen(text));
    struct delivery_seal *seal = NULL;
    int fd = fixture_file("", 0);
    assert_ok(delivery_seal_open(fd, json_text(parsed, "public_key"), &digest, &seal));
    assert_ok(delivery_seal_write(seal, csv, strlen(csv)));
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    json_decref(parsed);
    return fd;
}

/* The rows of the entry come into the room as the table "insured". */
static void deliver(struct trade *trade, const char *who, row_id room)
{
    struct city *city = trade->market->city;
    const struct people *people = &trade->market->people;
    static char bytes[1 << 16];
    const json_t *asked = city_expect(
        city, 201, who, "POST /requests",
        city_format(city,
                    "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"insured\",\"purpose\":\"授信核验\","
                    "\"columns\":[\"citizen\",\"district\",\"base\"]}",
                    (long long)room, (long long)trade->entry));
    (void)city_expect(
        city, 200, people->operator_reviewer,
        city_format(city, "POST /requests/%lld/approve", (long long)fixture_number(asked, "id")), "{}");
    const json_t *orders = json_object_get(
        city_expect(city, 200, people->source, "GET /source/orders?state=open", NULL), "items");
    assert_int_equal(json_array_size(orders), 1);
    const json_t *order = json_array_get(orders, 0);
    int fd = sealed(order, rows_of_people(city_arena(city)));
    ssize_t size = pread(fd, bytes, sizeof bytes, 0);
    (void)close(fd);
    struct city_reply reply = city_upload(
        city, people->source,
        city_format(city, "PUT /source/orders/%lld/slice", (long long)fixture_number(order, "id")), bytes,
        (size_t)size);
    if (reply.status != 200)
        print_message("delivery: %d %s\n", reply.status, reply.text);
    assert_int_equal(reply.status, 200);
}

static struct trade trade_new(void)
{
    struct trade trade = {.keeper = fixture_new()}; /* before there are threads */
    trade.market = market_new();
    struct city *city = trade.market->city;
    city_app(city)->keeper = trade.keeper.keeper;
    trade.entry = fixture_entry(city, &trade.market->people, "R1");
    deliver(&trade, trade.market->people.developer_clerk, trade.market->room);
    return trade;
}

static const json_t *post(struct trade *trade, int status, const char *who, row_id product, const char *what,
                          const char *body)
{
    struct city *city = trade->market->city;
    return city_expect(city, status, who,
                       city_format(city, "POST /products/%lld/%s", (long long)product, what), body);
}

static row_id query(struct trade *trade, const char *who, row_id room, const char *sql)
{
    struct city *city = trade->market->city;
    const json_t *run =
        city_expect(city, 202, who, city_format(city, "POST /rooms/%lld/queries", (long long)room),
                    city_format(city, "{\"sql\":\"%s\"}", sql));
    return fixture_number(run, "id");
}

static row_id draft(struct trade *trade, const char *who, row_id room, const char *tier, const char *members)
{
    struct city *city = trade->market->city;
    const json_t *made = city_expect(
        city, 201, who, "POST /products",
        city_format(city, "{\"room_id\":%lld,\"tier\":\"%s\",\"title\":\"参保\",\"description\":\"按区\",%s}",
                    (long long)room, tier, members));
    return fixture_number(made, "id");
}

static row_id draft_table(struct trade *trade)
{
    struct market *market = trade->market;
    row_id sealed_query =
        query(trade, market->people.developer_clerk, market->room,
              "SELECT district, COUNT(*) AS people, AVG(base) AS pay FROM insured GROUP BY district");
    return draft(trade, market->people.developer_clerk, market->room, "data_product",
                 city_format(market->city, "\"kind\":\"table\",\"query_id\":%lld", (long long)sealed_query));
}

/* From the draft to the exchange; the price is 120 fen. */
static void bring_to_market(struct trade *trade, row_id product)
{
    const struct people *people = &trade->market->people;
    struct city *city = trade->market->city;
    (void)post(trade, 200, people->developer_clerk, product, "submit", "{}");
    (void)city_expect(city, 200, people->operator_reviewer,
                      city_format(city, "GET /products/%lld/review-sheet", (long long)product), NULL);
    (void)post(trade, 200, people->operator_reviewer, product, "approve", "{}");
    (void)post(trade, 200, people->operator_clerk, product, "file", "{}");
    (void)post(trade, 201, people->developer_clerk, product, "prices",
               "{\"per_call_fen\":120,\"from_day\":\"2026-03-31\"}");
    (void)post(trade, 200, people->operator_clerk, product, "list", "{}");
}

static void assert_no_rows(const json_t *reply)
{
    char *text = json_dumps(reply, 0);
    assert_null(strstr(text, "3202")); /* the mean of one district */
    assert_null(strstr(text, "区1"));
    free(text);
}

TEST(a_table_goes_from_a_room_through_review_and_filing_to_a_customer)
{
    CLEANUP_TRADE struct trade trade = trade_new();
    struct city *city = trade.market->city;
    const struct people *people = &trade.market->people;
    row_id product = draft_table(&trade);
    const char *show = city_format(city, "GET /products/%lld", (long long)product);
    const json_t *seen = city_expect(city, 200, people->developer_clerk, show, NULL);
    assert_int_equal(fixture_number(json_object_get(seen, "shape"), "rows"), 4);
    assert_string_equal(json_text(seen, "release_rule"), "release@1");
    assert_no_rows(seen);
    (void)city_expect(city, 404, people->customer_clerk, show, NULL);

    /* only the reviewer sees the rows, and the look is on record */
    const char *sheet = city_format(city, "GET /products/%lld/review-sheet", (long long)product);
    (void)city_expect(city, 409, people->operator_reviewer, sheet, NULL);
    (void)post(&trade, 200, people->developer_clerk, product, "submit", "{}");
    (void)post(&trade, 409, people->developer_clerk, product, "make", "{}");
    (void)city_expect(city, 403, people->developer_clerk, sheet, NULL);
    (void)city_expect(city, 403, people->operator_clerk, sheet, NULL);
    (void)post(&trade, 409, people->operator_reviewer, product, "approve", "{}");
    const json_t *opened = city_expect(city, 200, people->operator_reviewer, sheet, NULL);
    assert_true(fixture_number(opened, "entry") > 0);
    assert_int_equal(json_array_size(json_object_get(opened, "rows")), 4);
    assert_non_null(json_object_get(json_object_get(opened, "report"), "totals"));
    assert_non_null(strstr(json_text(opened, "released"), "区1"));
    (void)post(&trade, 409, people->operator_clerk, product, "list", "{}");
    (void)post(&trade, 200, people->operator_reviewer, product, "approve", "{}");
    (void)post(&trade, 409, people->operator_clerk, product, "list", "{}");
    (void)post(&trade, 200, people->operator_clerk, product, "file", "{}");
    const json_t *filings =
        json_object_get(city_expect(city, 200, people->clerk, "GET /filings", NULL), "items");
    assert_string_equal(json_text(json_array_get(filings, 0), "decision"), "approved");
    assert_string_equal(json_text(json_array_get(filings, 0), "digest"), json_text(seen, "digest"));

    /* the exchange gets it once it has a price; the order comes back as a grant */
    (void)post(&trade, 409, people->operator_clerk, product, "list", "{}");
    (void)post(&trade, 201, people->developer_clerk, product, "prices",
               "{\"per_call_fen\":120,\"from_day\":\"2026-03-31\"}");
    trade.market->failure = RESULT_UNAVAILABLE;
    (void)post(&trade, 503, people->operator_clerk, product, "list", "{}");
    trade.market->failure = RESULT_OK;
    const json_t *listed = post(&trade, 200, people->operator_clerk, product, "list", "{}");
    assert_string_equal(json_text(listed, "state"), "listed");
    assert_int_equal(json_array_size(trade.market->listed), 1);
    const json_t *offer = json_array_get(trade.market->listed, 0);
    assert_string_equal(json_text(offer, "digest"), json_text(seen, "digest"));
    assert_int_equal(fixture_number(offer, "price_fen"), 120);

    const char *get = city_format(city, "GET /products/%lld/table", (long long)product);
    assert_int_equal(city_call(city, people->customer_clerk, get, NULL).status, 403);
    row_id order = market_granted(trade.market, product, 2);
    struct city_reply table = city_call(city, people->customer_clerk, get, NULL);
    assert_int_equal(table.status, 200);
    struct digest digest = digest_sha256(table.text, table.size);
    char text[DIGEST_TEXT_SIZE];
    hex_print(digest.bytes, DIGEST_SIZE, text);
    assert_string_equal(text, json_text(seen, "digest"));
    assert_int_equal(city_call(city, people->customer_clerk, get, NULL).status, 200);
    assert_int_equal(city_call(city, people->customer_clerk, get, NULL).status, 429);
    const json_t *used = city_expect(city, 200, people->customer_clerk,
                                     city_format(city, "GET /orders/%lld", (long long)order), NULL);
    assert_int_equal(fixture_number(used, "used"), 2);
    (void)post(&trade, 409, people->customer_clerk, product, "calls", "{\"subject\":\"P1\"}");

    /* withdrawn, it leaves the exchange */
    (void)post(&trade, 200, people->operator_clerk, product, "withdraw", "{\"reason\":\"更新\"}");
    market_sync(trade.market);
    market_sync(trade.market);
    assert_int_equal(trade.market->withdrawn, 1);
    assert_int_equal(city_call(city, people->customer_clerk, get, NULL).status, 409);
}

/* Other bytes under the product's name, as nobody but the keeper could write them. */
static void change_bytes(struct trade *trade, row_id product, row_id sealed_query)
{
    CLEANUP_JSON json_t *release = json_pack("{s:i}", "rounding", 10);
    CLEANUP_JSON json_t *report = NULL;
    struct digest digest;
    assert_ok(keeper_product_table(trade->keeper.keeper, trade->keeper.arena, product, sealed_query, release,
                                   &digest, &report, NULL));
}

TEST(a_changed_byte_voids_the_approval_at_every_step)
{
    CLEANUP_TRADE struct trade trade = trade_new();
    struct city *city = trade.market->city;
    const struct people *people = &trade.market->people;
    row_id product = draft_table(&trade);
    (void)post(&trade, 200, people->developer_clerk, product, "submit", "{}");
    (void)city_expect(city, 200, people->operator_reviewer,
                      city_format(city, "GET /products/%lld/review-sheet", (long long)product), NULL);
    change_bytes(&trade, product, 1);
    const json_t *problem = post(&trade, 409, people->operator_reviewer, product, "approve", "{}");
    assert_string_equal(json_text(problem, "field"), "digest");

    row_id second = draft_table(&trade);
    (void)post(&trade, 200, people->developer_clerk, second, "submit", "{}");
    (void)city_expect(city, 200, people->operator_reviewer,
                      city_format(city, "GET /products/%lld/review-sheet", (long long)second), NULL);
    (void)post(&trade, 200, people->operator_reviewer, second, "approve", "{}");
    change_bytes(&trade, second, 2);
    (void)post(&trade, 409, people->operator_clerk, second, "file", "{}");

    row_id third = draft_table(&trade);
    bring_to_market(&trade, third);
    (void)market_granted(trade.market, third, 5);
    const char *get = city_format(city, "GET /products/%lld/table", (long long)third);
    assert_int_equal(city_call(city, people->customer_clerk, get, NULL).status, 200);
    change_bytes(&trade, third, 3);
    assert_int_equal(city_call(city, people->customer_clerk, get, NULL).status, 500);
    const json_t *orders =
        json_object_get(city_expect(city, 200, people->customer_clerk, "GET /orders", NULL), "items");
    assert_int_equal(fixture_number(json_array_get(orders, 0), "used"),
                     1); /* what was not given is not counted */
}

TEST(an_operator_s_own_product_is_reviewed_by_another_of_its_accounts)
{
    CLEANUP_TRADE struct trade trade = trade_new();
    struct market *market = trade.market;
    struct city *city = market->city;
    const char *both =
        fixture_account(city, market->people.candidate, ROLE_OPERATOR, "both", DUTY_CLERK | DUTY_REVIEWER);
    deliver(&trade, both, market->operator_room);
    row_id sealed_query = query(&trade, both, market->operator_room,
                                "SELECT district, COUNT(*) AS people FROM insured GROUP BY district");
    row_id product =
        draft(&trade, both, market->operator_room, "public_data_product",
              city_format(city, "\"kind\":\"table\",\"query_id\":%lld", (long long)sealed_query));
    const char *sheet = city_format(city, "GET /products/%lld/review-sheet", (long long)product);
    (void)post(&trade, 200, both, product, "submit", "{}");
    (void)city_expect(city, 200, both, sheet, NULL);
    (void)post(&trade, 403, both, product, "approve", "{}");
    (void)post(&trade, 403, both, product, "reject", "{\"reason\":\"x\"}");
    (void)city_expect(city, 200, market->people.operator_reviewer, sheet, NULL);
    const json_t *approved = post(&trade, 200, market->people.operator_reviewer, product, "approve", "{}");
    assert_string_equal(json_text(approved, "tier"), "public_data_product");
}

/* ---- calls ---- */

static row_id draft_index(struct trade *trade, const char *kind, const char *question)
{
    struct market *market = trade->market;
    return draft(
        trade, market->people.developer_clerk, market->room, "data_product",
        city_format(market->city, "\"kind\":\"%s\",\"spec\":{\"table\":\"insured\",%s}", kind, question));
}

static const json_t *consent(struct trade *trade, int status, row_id product, const char *subject)
{
    struct city *city = trade->market->city;
    return city_expect(
        city, status, trade->market->people.customer_clerk, "POST /consents",
        city_format(
            city,
            "{\"product_id\":%lld,\"subject\":\"%s\",\"until_day\":\"2026-12-31\",\"document_id\":%lld}",
            (long long)product, subject, (long long)fixture_document(city, trade->market->people.customer)));
}

static const json_t *call(struct trade *trade, int status, row_id product, const char *subject)
{
    return post(trade, status, trade->market->people.customer_clerk, product, "calls",
                city_format(trade->market->city, "{\"subject\":\"%s\"}", subject));
}

TEST(a_verification_answers_yes_no_or_unknown_to_who_has_order_and_consent)
{
    CLEANUP_TRADE struct trade trade = trade_new();
    struct city *city = trade.market->city;
    const struct people *people = &trade.market->people;
    row_id product = draft_index(&trade, "verification", "\"predicate\":\"base > 3200\"");
    const json_t *seen = city_expect(city, 200, people->developer_clerk,
                                     city_format(city, "GET /products/%lld", (long long)product), NULL);
    assert_null(json_object_get(seen, "report"));
    (void)post(&trade, 200, people->developer_clerk, product, "submit", "{}");
    const json_t *sheet =
        city_expect(city, 200, people->operator_reviewer,
                    city_format(city, "GET /products/%lld/review-sheet", (long long)product), NULL);
    assert_int_equal(fixture_number(json_object_get(sheet, "report"), "yes"), 200);
    (void)consent(&trade, 422, product, "P1"); /* not on offer yet */
    (void)post(&trade, 200, people->operator_reviewer, product, "approve", "{}");
    (void)post(&trade, 200, people->operator_clerk, product, "file", "{}");
    (void)post(&trade, 201, people->developer_clerk, product, "prices",
               "{\"per_call_fen\":120,\"from_day\":\"2026-03-31\"}");
    (void)post(&trade, 200, people->operator_clerk, product, "list", "{}");
    row_id order = market_granted(trade.market, product, 9);

    (void)call(&trade, 403, product, "P1");
    const json_t *given = consent(&trade, 201, product, "P1");
    (void)consent(&trade, 201, product, "P300");
    (void)consent(&trade, 201, product, "P9999");
    assert_string_equal(json_text(call(&trade, 200, product, "P1"), "answer"), "no");
    assert_string_equal(json_text(call(&trade, 200, product, "P300"), "answer"), "yes");
    assert_string_equal(json_text(call(&trade, 200, product, "P9999"), "answer"), "unknown");
    (void)call(&trade, 403, product, "P2");

    /* the subject withdraws it */
    (void)city_expect(
        city, 200, NULL,
        city_format(city, "POST /consents/%lld/withdraw", (long long)fixture_number(given, "id")),
        city_format(city, "{\"code\":\"%s\"}", json_text(given, "withdrawal_code")));
    (void)call(&trade, 403, product, "P1");
    (void)call(&trade, 200, product, "P300");
    const json_t *used = city_expect(city, 200, people->customer_clerk,
                                     city_format(city, "GET /orders/%lld", (long long)order), NULL);
    assert_int_equal(fixture_number(used, "used"), 4);
    struct city_reply table =
        city_call(city, people->customer_clerk,
                  city_format(city, "GET /products/%lld/table", (long long)product), NULL);
    assert_int_equal(table.status, 409);
    assert_int_equal(fixture_files_holding(trade.keeper.home, "P300"), 0);
    assert_int_equal(fixture_files_holding(city_app(city)->home, "P9999"), 0); /* nowhere in the store */
}

TEST(a_score_gives_its_value_within_its_bounds_or_unknown)
{
    CLEANUP_TRADE struct trade trade = trade_new();
    row_id product = draft_index(&trade, "score", "\"expression\":\"base - 3000\",\"low\":0,\"high\":100000");
    bring_to_market(&trade, product);
    (void)market_granted(trade.market, product, 9);
    (void)consent(&trade, 201, product, "P17");
    (void)consent(&trade, 201, product, "nobody");
    const json_t *answer = call(&trade, 200, product, "P17");
    assert_string_equal(json_text(answer, "answer"), "score");
    assert_int_equal(fixture_number(answer, "score"), 17);
    answer = call(&trade, 200, product, "nobody");
    assert_string_equal(json_text(answer, "answer"), "unknown");
    assert_null(json_object_get(answer, "score"));
}

TEST(a_call_sent_again_with_its_idempotency_key_is_answered_again_and_metered_once)
{
    CLEANUP_TRADE struct trade trade = trade_new();
    struct city *city = trade.market->city;
    row_id product = draft_index(&trade, "verification", "\"predicate\":\"base > 3200\"");
    bring_to_market(&trade, product);
    row_id order = market_granted(trade.market, product, 2);
    (void)consent(&trade, 201, product, "P300");
    (void)consent(&trade, 201, product, "P1");
    const struct http_header headers[] = {
        {"Idempotency-Key", "0123456789abcdef"}, {"Content-Type", "application/json"}, {NULL, NULL}};
    const char *path = city_format(city, "POST /products/%lld/calls", (long long)product);
    const char *who = trade.market->people.customer_clerk;
    static const char body[] = "{\"subject\":\"P300\"}", other[] = "{\"subject\":\"P1\"}";
    struct city_reply first = city_call_with(city, who, path, headers, body, strlen(body));
    struct city_reply again = city_call_with(city, who, path, headers, body, strlen(body));
    assert_int_equal(first.status, 200);
    assert_int_equal(again.status, 200);
    assert_true(json_boolean_or(again.json, "repeated", false));
    assert_int_equal(fixture_number(again.json, "meter"), fixture_number(first.json, "meter"));
    assert_string_equal(json_text(again.json, "answer"), "yes");
    assert_int_equal(city_call_with(city, who, path, headers, other, strlen(other)).status, 422);
    const json_t *used =
        city_expect(city, 200, who, city_format(city, "GET /orders/%lld", (long long)order), NULL);
    assert_int_equal(fixture_number(used, "used"), 1);
}

/* ---- how fast ---- */

enum { CROWD = 64, EACH = 400, ALL = CROWD * EACH, MIDDLE = ALL / 2, MOST = ALL * 99 / 100 };

struct crowd {
    struct trade *trade;
    const char *path;
    const char *authorization;
    atomic_int failures;
    atomic_int slot;
    instant took[CROWD * EACH];
};

static void *call_often(void *argument)
{
    struct crowd *crowd = argument;
    struct arena *arena = arena_new(0);
    const struct http_header headers[] = {
        {"Authorization", crowd->authorization}, {"Content-Type", "application/json"}, {NULL, NULL}};
    static const char body[] = "{\"subject\":\"P300\"}";
    for (int i = 0; i < EACH; i++) {
        struct http_message message = {.method = HTTP_POST,
                                       .path = crowd->path,
                                       .headers = headers,
                                       .body = body,
                                       .body_size = sizeof body - 1,
                                       .upload = -1};
        struct http_reply reply = {0};
        instant begun = clock_monotonic();
        dispatch(city_app(crowd->trade->market->city), arena, &message, &reply);
        crowd->took[atomic_fetch_add(&crowd->slot, 1)] = clock_monotonic() - begun;
        if (reply.status != 200)
            atomic_fetch_add(&crowd->failures, 1);
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    instant left = *(const instant *)a, right = *(const instant *)b;
    return left < right ? -1 : left > right;
}

TEST(calls_of_sixty_four_connections_are_all_metered)
{
    CLEANUP_TRADE struct trade trade = trade_new();
    struct city *city = trade.market->city;
    row_id product = draft_index(&trade, "verification", "\"predicate\":\"base > 3200\"");
    bring_to_market(&trade, product);
    row_id order = market_granted(trade.market, product, 10 * CROWD * EACH);
    (void)consent(&trade, 201, product, "P300");
    city_app(city)->product_calls = product_calls_new();
    struct crowd *crowd = calloc(1, sizeof *crowd);
    pthread_t threads[CROWD];
    crowd->trade = &trade;
    crowd->path = city_format(city, "/api/products/%lld/calls", (long long)product);
    crowd->authorization = city_format(city, "Bearer %s", trade.market->people.customer_clerk);
    instant begun = clock_monotonic();
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, crowd), 0);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    instant took = clock_monotonic() - begun;
    qsort(crowd->took, CROWD * EACH, sizeof crowd->took[0], by_time);
    print_message("%.0f metered calls a second, median %.2f ms, p99 %.2f ms\n",
                  (double)CROWD * EACH * (double)INSTANT_SECOND / (double)took,
                  (double)crowd->took[MIDDLE] / 1000, (double)crowd->took[MOST] / 1000);
    assert_int_equal(atomic_load(&crowd->failures), 0);
    free(crowd);
    const json_t *used = city_expect(city, 200, trade.market->people.customer_clerk,
                                     city_format(city, "GET /orders/%lld", (long long)order), NULL);
    assert_int_equal(fixture_number(used, "used"), CROWD * EACH);
}
