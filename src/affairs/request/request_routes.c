#include "affairs/catalogue/catalogue.h"
#include "affairs/request/request_inner.h"
#include "affairs/request/request_schema.h"
#include "affairs/resource/resource.h"
#include "affairs/room/room.h"
#include "base/limits.h"
#include "base/text.h"
#include "http/declare.h"
#include "http/rows.h"

#include <string.h>

enum { ORDER_DAYS = 30 };

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(request_find(&request->work, id, &row));
    return reply_row(request, &row);
}

static enum result insert(struct request *request, const struct store_row *room,
                          const struct store_row *entry, row_id *ret_id)
{
    struct work *work = &request->work;
    struct store_row row;
    struct store_value rows = body_json(request, "rows");
    TRY(store_one(work->tx, work->arena, SQL_REQUEST_INSERT,
                  STORE_BINDS({"admission", row_is_null(room, "admission_id")
                                                ? store_null()
                                                : store_integer(row_integer(room, "admission_id"))},
                              {"agreement", store_integer(row_integer(room, "agreement_id"))},
                              {"operator", store_integer(row_integer(room, "operator_id"))},
                              {"developer", store_integer(request->actor.party)},
                              {"provider", store_integer(row_integer(entry, "provider_id"))},
                              {"room", store_integer(row_integer(room, "id"))},
                              {"entry", store_integer(row_integer(entry, "id"))},
                              {"resource", store_integer(row_integer(entry, "resource_id"))},
                              {"version", store_integer(row_integer(entry, "resource_version"))},
                              {"table_name", body_text(request, "table_name")},
                              {"purpose", body_text(request, "purpose")},
                              {"columns", body_json(request, "columns")},
                              {"rows", rows.type == STORE_NULL ? store_text("[]") : rows},
                              {"period", body_json(request, "period")}),
                  &row));
    *ret_id = row_integer(&row, "id");
    return RESULT_OK;
}

static enum result request_submit(struct request *request)
{
    struct work *work = &request->work;
    struct store_row room, entry;
    row_id id = 0;
    TRY(room_by_id(work, json_integer_or(request->body, "room_id", 0), &room));
    if (row_integer(&room, "developer_id") != request->actor.party)
        return RESULT_NOT_FOUND;
    TRY(catalogue_entry(work, json_integer_or(request->body, "entry_id", 0), &entry));
    TRY(room_table_is_free(work, row_integer(&room, "id"), json_text(request->body, "table_name")));
    bool aimless = text_is_blank(json_text(request->body, "purpose"));
    if (aimless || json_array_size(json_object_get(request->body, "columns")) == 0)
        return REFUSE(work, .result = RESULT_INVALID, .law = LAW(CALL_REVIEW),
                      .field = aimless ? "/purpose" : "/columns", .zh = "须说明用途并指明所需数据项",
                      .en = "a request states its purpose and the items it needs",
                      .remedy_zh = "补齐 purpose 与 columns", .remedy_en = "fill in purpose and columns");
    TRY(insert(request, &room, &entry, &id));
    struct request_context context = {.room = &room, .entry = &entry, .body = request->body};
    TRY(workflow_open(work, &request_workflow, id, "submit", request->body, &context));
    request->status = 201;
    return show(request, id);
}

/* ---- review, and the order to the source ---- */

static enum result step(struct request *request, row_id id, const char *event)
{
    return workflow_step(&request->work, request->app->workflows, &request_workflow, id, event,
                         json_text(request->body, "reason"), request->body, NULL, NULL);
}

struct ordering {
    row_id request_id;
    row_id grant;
    row_id order;
    const json_t *text;
    const char *signature;
    char public_key[KEEPER_KEY_TEXT_SIZE];
};

static enum result approve_and_grant(struct request *request, void *argument)
{
    struct ordering *ordering = argument;
    struct work *work = &request->work;
    struct store_row row, grant;
    TRY(step(request, ordering->request_id, "approve"));
    TRY(request_find(work, ordering->request_id, &row));
    TRY(store_one(work->tx, work->arena, SQL_CALL_GRANT_INSERT,
                  STORE_BINDS({"request", store_integer(ordering->request_id)},
                              {"room", store_integer(row_integer(&row, "room_id"))},
                              {"agreement", store_integer(row_integer(&row, "agreement_id"))}),
                  &grant));
    ordering->grant = row_integer(&grant, "id");
    return work_record(work, "grant", "call_grant", ordering->grant, LAW(CALL_REVIEW), NULL);
}

static enum result regrant(struct request *request, void *argument)
{
    struct ordering *ordering = argument;
    struct store_row row;
    TRY(request_find(&request->work, ordering->request_id, &row));
    if (row_is_null(&row, "grant_id"))
        return RESULT_NOT_FOUND;
    ordering->grant = row_integer(&row, "grant_id");
    return RESULT_OK;
}

/* The subject's column always travels: it is by it that people are protected (guard/README.md). */
static json_t *ordered_columns(const struct store_row *row, const char *subject)
{
    const char *text = row_text(row, "columns");
    json_t *columns = json_loads(text, 0, NULL);
    bool there = subject == NULL;
    size_t i;
    json_t *column;
    json_array_foreach (columns, i, column)
        there = there || text_equal(json_string_value(column), subject);
    if (!there)
        json_array_append_new(columns, json_string(subject));
    return columns;
}

static enum result write_order(struct request *request, struct ordering *ordering,
                               const struct store_row *row, instant expires)
{
    struct work *work = &request->work;
    struct store_row resource;
    char issued_text[INSTANT_TEXT_SIZE], expires_text[INSTANT_TEXT_SIZE];
    TRY(resource_by_id(work, row_integer(row, "resource_id"), &resource));
    instant_print(work_now(work), issued_text);
    instant_print(expires, expires_text);
    json_t *period = row_is_null(row, "period") ? json_null() : json_loads(row_text(row, "period"), 0, NULL);
    json_t *text =
        json_pack("{s:I, s:I, s:s, s:o, s:o, s:o, s:s, s:s, s:s}", "order", (json_int_t)ordering->order,
                  "grant", (json_int_t)ordering->grant, "resource", row_text(row, "code"), "columns",
                  ordered_columns(row, row_text(&resource, "subject_item")), "rows",
                  json_loads(row_text(row, "rows"), 0, NULL), "period", period, "public_key",
                  ordering->public_key, "issued", issued_text, "expires", expires_text);
    ordering->text = json_keep(work->arena, text);
    return RESULT_OK;
}

static enum result open_order(struct request *request, void *argument)
{
    struct ordering *ordering = argument;
    struct work *work = &request->work;
    struct store_row row, order;
    instant expires = work_now(work) + ORDER_DAYS * INSTANT_DAY;
    TRY(request_find(work, ordering->request_id, &row));
    TRY(store_exec(work->tx, SQL_SOURCE_ORDERS_VOID, STORE_BINDS({"grant", store_integer(ordering->grant)}),
                   NULL));
    TRY(store_exec(
        work->tx, SQL_CALL_GRANT_SET_KEY,
        STORE_BINDS({"id", store_integer(ordering->grant)}, {"key", store_text(ordering->public_key)}),
        NULL));
    TRY(store_one(work->tx, work->arena, SQL_SOURCE_ORDER_INSERT,
                  STORE_BINDS({"grant", store_integer(ordering->grant)},
                              {"provider", store_integer(row_integer(&row, "provider_id"))},
                              {"at", store_integer(work_now(work))}, {"expires", store_integer(expires)}),
                  &order));
    ordering->order = row_integer(&order, "id");
    TRY(write_order(request, ordering, &row, expires));
    return work_record(work, "prepare", "source_order", ordering->order, LAW(CALL_REVIEW), NULL);
}

static enum result send_order(struct request *request, void *argument)
{
    struct ordering *ordering = argument;
    struct work *work = &request->work;
    TRY(store_exec(work->tx, SQL_SOURCE_ORDER_SET_TEXT,
                   STORE_BINDS({"id", store_integer(ordering->order)},
                               {"text", store_text(json_print_canonical(work->arena, ordering->text))},
                               {"signature", store_text(ordering->signature)}),
                   NULL));
    TRY(store_exec(work->tx, SQL_CALL_GRANT_SET_STATE,
                   STORE_BINDS({"id", store_integer(ordering->grant)}, {"state", store_text("ordered")}),
                   NULL));
    TRY(step(request, ordering->request_id, "order"));
    return show(request, ordering->request_id);
}

/* The grant's key is made and the order signed by the keeper; no key passes here but the public one. */
static enum result order_of_source(struct request *request, struct ordering *ordering)
{
    struct keeper *keeper = request->app->keeper;
    char *signature;
    TRY(keeper_grant_open(keeper, ordering->grant, ordering->public_key));
    TRY(request_write(request, open_order, ordering));
    TRY(keeper_order_sign(keeper, request->work.arena, ordering->text, &signature));
    ordering->signature = signature;
    return request_write(request, send_order, ordering);
}

static enum result request_approve(struct request *request)
{
    struct ordering ordering = {.request_id = request_id(request, "id")};
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    TRY(request_write(request, approve_and_grant, &ordering));
    return order_of_source(request, &ordering);
}

static enum result request_order_again(struct request *request)
{
    struct ordering ordering = {.request_id = request_id(request, "id")};
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    TRY(request_read(request, regrant, &ordering));
    return order_of_source(request, &ordering);
}

static enum result request_refuse(struct request *request)
{
    TRY(step(request, request_id(request, "id"), "refuse"));
    return show(request, request_id(request, "id"));
}

/* ---- reading ---- */

static bool sees_all(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR;
}

static enum result request_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own = sees_all(&request->actor) ? store_null() : store_integer(request->actor.party);
    TRY(store_many(
        request->work.tx, request->work.arena, SQL_REQUEST_LIST,
        STORE_BINDS(PAGE_BINDS(request), {"own", own}, {"room", query_integer(request, "room_id")}), &rows));
    return reply_page(request, &rows);
}

static enum result request_is_seen(struct request *request)
{
    struct store_row row;
    TRY(request_find(&request->work, request_id(request, "id"), &row));
    row_id party = request->actor.party;
    bool seen = sees_all(&request->actor) || row_integer(&row, "operator_id") == party ||
                row_integer(&row, "developer_id") == party || row_integer(&row, "provider_id") == party;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result request_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

static enum result request_history(struct request *request)
{
    return reply_history(request, &request_workflow, request_id(request, "id"));
}

static enum result request_actions(struct request *request)
{
    return reply_actions(request, &request_workflow, request_id(request, "id"), NULL);
}

#define GET(name, schema, english, chinese, handler)                                                         \
    .method = HTTP_GET, .path = "/requests/{id}" name, .law = LAW(CALL_REVIEW),                              \
    .needs = PERMISSION_REQUEST_READ, .owner = OWNER(request_is_seen), .reply = schema,                      \
    SUMMARY(english, chinese), .run = handler

const struct route request_routes[] = {
    {.method = HTTP_POST,
     .path = "/requests",
     .law = LAW(CALL_REVIEW),
     .needs = PERMISSION_REQUEST_SUBMIT,
     .body = &request_new_schema,
     .reply = &request_schema,
     SUMMARY("Request a listed resource for a stated purpose", "申请调用数据"),
     .run = request_submit},
    {.method = HTTP_GET,
     .path = "/requests",
     .law = LAW(CALL_REVIEW),
     .needs = PERMISSION_REQUEST_READ,
     .query = &request_query_schema,
     .reply = &request_schema,
     .list = true,
     SUMMARY("Requests", "调用申请列表"),
     .run = request_list},
    {GET("", &request_schema, "Show a request", "查看调用申请", request_show)},
    {.method = HTTP_POST,
     .path = "/requests/{id}/approve",
     .law = LAW(CALL_REVIEW),
     .needs = PERMISSION_REQUEST_REVIEW,
     .owner = OWNER(request_is_seen),
     .body = &empty_schema,
     .reply = &request_schema,
     .style = ROUTE_LONG,
     SUMMARY("Approve it: a signed order goes to the source", "审核通过并向源端下达指令"),
     .run = request_approve},
    {.method = HTTP_POST,
     .path = "/requests/{id}/refuse",
     .law = LAW(REASONS),
     .needs = PERMISSION_REQUEST_REVIEW,
     .owner = OWNER(request_is_seen),
     .body = &reason_schema,
     .reply = &request_schema,
     SUMMARY("Refuse it, with the reason", "不予通过并说明理由"),
     .run = request_refuse},
    {.method = HTTP_POST,
     .path = "/requests/{id}/order",
     .law = LAW(CALL_REVIEW),
     .needs = PERMISSION_REQUEST_REVIEW,
     .owner = OWNER(request_is_seen),
     .body = &empty_schema,
     .reply = &request_schema,
     .style = ROUTE_LONG,
     SUMMARY("Order it again after the source refused or the load was rejected",
             "源端拒绝或装载不合格后重新下达"),
     .run = request_order_again},
    {GET("/history", &history_schema, "Every step of it, with reasons", "办理经过及理由", request_history)},
    {GET("/actions", &actions_schema, "What one may do with it now", "当前可办事项", request_actions)},
    {.method = HTTP_GET,
     .path = "/source/orders",
     .law = LAW(CALL_REVIEW),
     .needs = PERMISSION_SOURCE,
     .query = &source_order_query_schema,
     .reply = &source_order_schema,
     .list = true,
     SUMMARY("Signed orders to one's source", "下达给本源端的指令"),
     .run = source_order_list},
    {.method = HTTP_POST,
     .path = "/source/orders/{id}/delay",
     .law = LAW(CALL_REVIEW),
     .needs = PERMISSION_SOURCE,
     .body = &delay_schema,
     .reply = &reply_step_schema,
     SUMMARY("Delay a delivery, with the reason", "延后交付并说明理由"),
     .run = source_order_delay},
    {.method = HTTP_POST,
     .path = "/source/orders/{id}/refuse",
     .law = LAW(REASONS),
     .needs = PERMISSION_SOURCE,
     .body = &reason_schema,
     .reply = &reply_step_schema,
     SUMMARY("Refuse a delivery, with the reason", "拒绝交付并说明理由"),
     .run = source_order_refuse},
    {.method = HTTP_PUT,
     .path = "/source/orders/{id}/slice",
     .law = LAW(CALL_REVIEW),
     .needs = PERMISSION_SOURCE,
     .upload = true,
     .upload_max = LIMIT_SLICE_BYTES,
     .reply = &reply_step_schema,
     .style = ROUTE_LONG,
     SUMMARY("Deliver what was ordered, sealed to the grant's key", "交付加密切片"),
     .run = source_order_deliver},
    {0},
};
