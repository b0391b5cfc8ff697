/* The source agent's side of a request: it reads its orders, and delivers, delays or refuses. */
#include "affairs/request/request_inner.h"
#include "affairs/resource/resource.h"
#include "base/mutation.h"
#include "http/rows.h"

#include <string.h>

enum result source_order_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_SOURCE_ORDER_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"provider", store_integer(request->actor.party)},
                               {"state", query_text(request, "state")}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result refuse_closed(struct work *work)
{
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(CALL_REVIEW), .zh = "该指令已办结、作废或过期",
                  .en = "the order is done, void or expired",
                  .remedy_zh = "不再交付；需要时由运营主体重新下达",
                  .remedy_en = "do not deliver; the operator orders again if needed");
}

/* An order of the caller's own provider that still waits. */
static enum result find_open(struct request *request, struct store_row *ret_order)
{
    struct work *work = &request->work;
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_SOURCE_ORDER_BY_ID,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    if (row_integer(&row, "provider_id") != request->actor.party)
        return RESULT_NOT_FOUND;
    const char *state = row_text(&row, "state");
    bool open = strcmp(state, "open") == 0 || strcmp(state, "delayed") == 0;
    if (!open || work_now(work) >= row_integer(&row, "expires_at") ||
        strcmp(row_text(&row, "grant_state"), "ordered") != 0)
        return refuse_closed(work);
    *ret_order = row;
    return RESULT_OK;
}

static enum result set_order(struct work *work, row_id id, const char *state, struct store_value until,
                             const char *reason)
{
    return store_exec(work->tx, SQL_SOURCE_ORDER_SET_STATE,
                      STORE_BINDS({"id", store_integer(id)}, {"state", store_text(state)}, {"until", until},
                                  {"reason", store_text(reason)}),
                      NULL);
}

static enum result step(struct request *request, const struct store_row *order, const char *event)
{
    int state;
    row_id id = row_integer(order, "request_id");
    TRY(workflow_step(&request->work, request->app->workflows, &request_workflow, id, event,
                      json_text(request->body, "reason"), request->body, NULL, &state));
    return reply_step(request, request_id(request, "id"), request_workflow.states[state]);
}

enum result source_order_delay(struct request *request)
{
    struct store_row order;
    instant until;
    TRY(find_open(request, &order));
    TRY(instant_parse(json_text(request->body, "until"), &until));
    TRY(set_order(&request->work, request_id(request, "id"), "delayed", store_integer(until),
                  json_text(request->body, "reason")));
    return step(request, &order, "delay");
}

enum result source_order_refuse(struct request *request)
{
    struct store_row order;
    TRY(find_open(request, &order));
    TRY(set_order(&request->work, request_id(request, "id"), "refused", store_null(),
                  json_text(request->body, "reason")));
    TRY(store_exec(
        request->work.tx, SQL_CALL_GRANT_SET_STATE,
        STORE_BINDS({"id", store_integer(row_integer(&order, "grant_id"))}, {"state", store_text("refused")}),
        NULL));
    return step(request, &order, "refuse_delivery");
}

/* ---- delivery ---- */

struct delivery {
    struct store_row order;
    json_t *expected;
    json_t *report;
};

static enum result prepare(struct request *request, void *argument)
{
    struct delivery *delivery = argument;
    struct work *work = &request->work;
    struct store_row row;
    TRY(find_open(request, &delivery->order));
    TRY(request_find(work, row_integer(&delivery->order, "request_id"), &row));
    if (!mutation_without("delivery_is_allowed")) /* asked before a byte is taken, and again with the step */
        TRY(request_usable(work, &row));
    json_t *columns = json_keep(work->arena, json_loads(row_text(&row, "columns"), 0, NULL));
    TRY(resource_expected(work, row_integer(&row, "resource_id"), (int)row_integer(&row, "resource_version"),
                          columns, &delivery->expected));
    json_object_set_new(json_keep(work->arena, delivery->expected), "room",
                        json_integer(row_integer(&row, "room_id")));
    return RESULT_OK;
}

static enum result take(struct request *request, void *argument)
{
    struct delivery *delivery = argument;
    struct work *work = &request->work;
    struct store_row order;
    TRY(find_open(request, &order)); /* it may have been closed while the slice came in */
    TRY(set_order(work, request_id(request, "id"), "delivered", store_null(), NULL));
    TRY(store_exec(work->tx, SQL_CALL_GRANT_SET_DELIVERED,
                   STORE_BINDS({"id", store_integer(row_integer(&order, "grant_id"))},
                               {"digest", store_text(json_text(delivery->report, "digest"))},
                               {"rows", store_integer(json_integer_or(delivery->report, "rows", 0))},
                               {"report", store_text(json_print(work->arena, delivery->report))}),
                   NULL));
    return step(request, &order, "deliver");
}

/* A load that breaks the schema is reported row by row and nothing of it is published (二(一),
 * RESOURCE_STANDARD). */
static enum result reject(struct request *request, void *argument)
{
    struct delivery *delivery = argument;
    struct work *work = &request->work;
    struct store_row order;
    TRY(find_open(request, &order));
    TRY(set_order(work, request_id(request, "id"), "rejected", store_null(), NULL));
    TRY(store_exec(work->tx, SQL_CALL_GRANT_SET_REJECTED,
                   STORE_BINDS({"id", store_integer(row_integer(&order, "grant_id"))},
                               {"report", store_text(json_print(work->arena, delivery->report))}),
                   NULL));
    return step(request, &order, "reject_load");
}

enum result source_order_deliver(struct request *request)
{
    struct delivery delivery = {0};
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    TRY(request_read(request, prepare, &delivery));
    TRY(keeper_slice_receive(request->app->keeper, request->work.arena,
                             row_integer(&delivery.order, "grant_id"), request->upload, delivery.expected,
                             &delivery.report, request->work.refusal));
    json_keep(request->work.arena, delivery.report);
    bool accepted =
        json_boolean_or(delivery.report, "accepted", false) || mutation_without("load_fits_schema");
    return request_write(request, accepted ? take : reject, &delivery);
}
