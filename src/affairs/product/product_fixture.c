#include "affairs/product/product_fixture.h"

#include <stdlib.h>
#include <string.h>

/* ---- the exchange ---- */

static struct market *market_of(const struct exchange_peer *peer)
{
    return (struct market *)(uintptr_t)peer;
}

static enum result list_product(const struct exchange_peer *peer, struct arena *arena, const json_t *product,
                                int64_t *ret_listing, struct refusal *ret_refusal)
{
    struct market *market = market_of(peer);
    (void)arena;
    if (market->failure != RESULT_OK)
        return refuse(ret_refusal, (struct refusal){.result = market->failure, .zh = "断", .en = "cut off"});
    json_array_append_new(market->listed, json_deep_copy(product));
    *ret_listing = (int64_t)json_array_size(market->listed);
    return RESULT_OK;
}

static enum result withdraw_product(const struct exchange_peer *peer, struct arena *arena, int64_t listing,
                                    struct refusal *ret_refusal)
{
    struct market *market = market_of(peer);
    (void)arena;
    (void)listing;
    (void)ret_refusal;
    if (market->failure != RESULT_OK)
        return market->failure;
    market->withdrawn++;
    return RESULT_OK;
}

static enum result give_orders(const struct exchange_peer *peer, struct arena *arena, int64_t after,
                               json_t **ret_orders, struct refusal *ret_refusal)
{
    struct market *market = market_of(peer);
    size_t i;
    json_t *order;
    (void)arena;
    (void)ret_refusal;
    if (market->failure != RESULT_OK)
        return market->failure;
    *ret_orders = json_array();
    json_array_foreach (market->orders, i, order)
        if (json_integer_or(order, "order", 0) > after && json_array_size(*ret_orders) < 2)
            json_array_append(*ret_orders, order);
    return RESULT_OK;
}

static enum result hear_answer(const struct exchange_peer *peer, struct arena *arena, int64_t order,
                               const char *state, int64_t grant, const char *reason,
                               struct refusal *ret_refusal)
{
    struct market *market = market_of(peer);
    (void)arena;
    (void)ret_refusal;
    if (market->failure != RESULT_OK)
        return market->failure;
    json_array_append_new(market->answers,
                          json_pack("{s:I, s:s, s:I, s:s?}", "order", (json_int_t)order, "state", state,
                                    "grant", (json_int_t)grant, "reason", reason));
    return RESULT_OK;
}

/* ---- the city ---- */

struct market *market_new(void)
{
    struct market *market = calloc(1, sizeof *market);
    assert_non_null(market);
    market->city = fixture_city(&market->people);
    market->agreement = fixture_agreement(market->city, &market->people);
    market->admission = fixture_admission(market->city, &market->people, market->agreement);
    fixture_days(market->city, 12);
    fixture_release_rule(market->city, &market->people);
    market->room = fixture_room(market->city, &market->people, market->admission);
    market->operator_room =
        fixture_number(city_expect(market->city, 201, market->people.operator_clerk, "POST /rooms",
                                   "{\"title\":\"公共数据产品\",\"quota_seconds\":600}"),
                       "id");
    market->orders = json_array();
    market->listed = json_array();
    market->answers = json_array();
    market->exchange = (struct product_exchange){.peer = (const struct exchange_peer *)(const void *)market,
                                                 .list = list_product,
                                                 .withdraw = withdraw_product,
                                                 .orders = give_orders,
                                                 .answer = hear_answer};
    city_app(market->city)->exchange = &market->exchange;
    return market;
}

void market_free(struct market *market)
{
    product_calls_free(city_app(market->city)->product_calls);
    city_free(market->city);
    json_decref(market->orders);
    json_decref(market->listed);
    json_decref(market->answers);
    free(market);
}

static const char *system_actor(struct market *market)
{
    return city_actor(market->city, ROLE_SYSTEM, 0, 0, 0);
}

/* ---- products ---- */

struct digest market_digest(const char *title)
{
    return digest_sha256(title, strlen(title));
}

struct product_new {
    struct market *market;
    const char *tier, *kind, *title, *state;
    row_id id;
};

static enum result insert_product(struct work *work, void *argument)
{
    struct product_new *new = argument;
    const struct people *people = &new->market->people;
    struct digest digest = market_digest(new->title);
    char text[DIGEST_TEXT_SIZE];
    struct store_row row;
    bool own = strcmp(new->tier, "public_data_product") == 0;
    bool decided = strcmp(new->state, "draft") != 0 && strcmp(new->state, "submitted") != 0;
    hex_print(digest.bytes, DIGEST_SIZE, text);
    TRY(store_one(
        work->tx, work->arena, SQL_PRODUCT_INSERT,
        STORE_BINDS({"tier", store_text(new->tier)}, {"kind", store_text(new->kind)},
                    {"room", store_integer(own ? new->market->operator_room : new->market->room)},
                    {"agreement", store_integer(new->market->agreement)},
                    {"party", store_integer(own ? people->candidate : people->developer)},
                    {"operator", store_integer(people->candidate)}, {"title", store_text(new->title)},
                    {"description", store_text("说明")}, {"query", store_null()}, {"spec", store_null()},
                    {"account", store_integer(work->actor->account)}, {"at", store_integer(work_now(work))}),
        &row));
    new->id = row_integer(&row, "id");
    TRY(store_exec(work->tx, SQL_PRODUCT_SET_MADE,
                   STORE_BINDS({"id", store_integer(new->id)}, {"digest", store_text(text)},
                               {"shape", store_text("{}")}, {"report", store_null()},
                               {"rule", store_text("release@1")}, {"at", store_integer(work_now(work))}),
                   NULL));
    if (decided)
        TRY(store_exec(work->tx, SQL_PRODUCT_SET_DECISION,
                       STORE_BINDS({"id", store_integer(new->id)}, {"decision", store_text("approved")},
                                   {"reason", store_null()}, {"digest", store_text(text)},
                                   {"at", store_integer(work_now(work))}),
                       NULL));
    TRY(store_one(work->tx, work->arena, SQL_WORKFLOW_CASE_ADD,
                  STORE_BINDS({"kind", store_text("product")}, {"object_id", store_integer(new->id)},
                              {"version", store_integer(product_workflow.version)},
                              {"state", store_text(new->state)}, {"since", store_integer(work_now(work))},
                              {"due", store_null()}),
                  &row));
    return work_record(work, "test", "product", new->id, LAW_NONE, NULL);
}

row_id market_product(struct market *market, const char *tier, const char *kind, const char *title,
                      const char *state)
{
    struct product_new new = {.market = market, .tier = tier, .kind = kind, .title = title, .state = state};
    bool own = strcmp(tier, "public_data_product") == 0;
    const char *usual = own ? market->people.operator_clerk : market->people.developer_clerk;
    assert_ok(
        city_write(market->city, market->maker != NULL ? market->maker : usual, insert_product, &new, NULL));
    return new.id;
}

struct source_new {
    row_id product, resource, provider;
    int64_t weight;
};

static enum result insert_source(struct work *work, void *argument)
{
    const struct source_new *new = argument;
    TRY(store_exec(
        work->tx, SQL_PRODUCT_SOURCE_INSERT,
        STORE_BINDS({"product", store_integer(new->product)}, {"resource", store_integer(new->resource)},
                    {"provider", store_integer(new->provider)}, {"weight", store_integer(new->weight)}),
        NULL));
    return work_record(work, "test", "product", new->product, LAW_NONE, NULL);
}

void market_source(struct market *market, row_id product, row_id resource, row_id provider, int64_t weight)
{
    struct source_new new = {product, resource, provider, weight};
    assert_ok(city_write(market->city, system_actor(market), insert_source, &new, NULL));
}

struct stepping {
    struct market *market;
    row_id product;
    const char *event;
    struct product_context *context;
};

static enum result step(struct work *work, void *argument)
{
    const struct stepping *stepping = argument;
    return workflow_step(work, city_app(stepping->market->city)->workflows, &product_workflow,
                         stepping->product, stepping->event, "理由", NULL, stepping->context, NULL);
}

enum result market_step(struct market *market, const char *who, row_id product, const char *event,
                        struct product_context *context, struct refusal *ret_refusal)
{
    struct stepping stepping = {market, product, event, context};
    return city_write(market->city, who, step, &stepping, ret_refusal);
}

struct query_new {
    row_id room, id;
};

static enum result insert_query(struct work *work, void *argument)
{
    struct query_new *new = argument;
    struct store_row row;
    struct store_value now = store_integer(work_now(work));
    TRY(store_one(work->tx, work->arena, SQL_QUERY_INSERT,
                  STORE_BINDS({"room", store_integer(new->room)}, {"account", store_integer(1)},
                              {"sql", store_text("SELECT 1")}, {"rule", store_text("release@1")},
                              {"at", now}),
                  &row));
    new->id = row_integer(&row, "id");
    TRY(store_exec(
        work->tx, SQL_QUERY_SET_DONE,
        STORE_BINDS({"id", store_integer(new->id)}, {"shape", store_text("{\"rows\":1}")}, {"at", now}),
        NULL));
    return work_record(work, "test", "query", new->id, LAW_NONE, NULL);
}

row_id market_query(struct market *market)
{
    struct query_new new = {.room = market->room};
    assert_ok(city_write(market->city, system_actor(market), insert_query, &new, NULL));
    return new.id;
}

/* ---- orders ---- */

int64_t market_order(struct market *market, row_id product, int64_t quantity)
{
    int64_t number = (int64_t)json_array_size(market->orders) + 1;
    json_array_append_new(market->orders,
                          json_pack("{s:I, s:I, s:{s:s, s:s}, s:I, s:s}", "order", (json_int_t)number,
                                    "product", (json_int_t)product, "customer", "name", "某银行",
                                    "credit_code", fixture_credit_code(market->city, 7), "quantity",
                                    (json_int_t)quantity, "purpose", "授信"));
    return number;
}

void market_sync(struct market *market)
{
    assert_ok(product_sync_orders(city_app(market->city), city_arena(market->city)));
}

row_id market_granted(struct market *market, row_id product, int64_t quantity)
{
    int64_t number = market_order(market, product, quantity);
    market_sync(market);
    const json_t *answer = json_array_get(market->answers, json_array_size(market->answers) - 1);
    assert_int_equal(json_integer_or(answer, "order", 0), number);
    assert_string_equal(json_text(answer, "state"), "granted");
    return json_integer_or(answer, "grant", 0);
}

/* ---- calls ---- */

const char *market_token(struct market *market, const char *subject)
{
    char text[DIGEST_TEXT_SIZE];
    struct digest digest = digest_sha256(subject, strlen(subject));
    hex_print(digest.bytes, DIGEST_SIZE, text);
    return city_format(market->city, "%s", text);
}

struct consent_new {
    struct market *market;
    row_id product, document, id;
    const char *token;
};

static enum result insert_consent(struct work *work, void *argument)
{
    struct consent_new *new = argument;
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_CONSENT_INSERT,
                  STORE_BINDS({"product", store_integer(new->product)},
                              {"customer", store_integer(new->market->people.customer)},
                              {"token", store_text(new->token)}, {"given", store_integer(work_now(work))},
                              {"until", store_integer(work_today(work) + 30)},
                              {"document", store_integer(new->document)}, {"digest", store_text(new->token)},
                              {"code", store_text(market_token(new->market, "code"))}),
                  &row));
    new->id = row_integer(&row, "id");
    return work_record(work, "test", "consent", new->id, LAW_NONE, NULL);
}

row_id market_consent(struct market *market, row_id product, const char *token)
{
    struct consent_new new = {.market = market,
                              .product = product,
                              .document = fixture_document(market->city, market->people.customer),
                              .token = token};
    assert_ok(city_write(market->city, system_actor(market), insert_consent, &new, NULL));
    return new.id;
}

enum result market_call(struct market *market, row_id product, const char *token, const char *key,
                        struct product_call *ret_call)
{
    const char *asked = token != NULL ? token : "table";
    *ret_call = (struct product_call){.product = product,
                                      .customer = market->people.customer,
                                      .subject_token = token,
                                      .key = key,
                                      .answer = digest_sha256(asked, strlen(asked))};
    return product_meter(city_app(market->city), ret_call);
}
