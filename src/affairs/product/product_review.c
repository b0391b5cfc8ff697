/* The egress review (二(六)3): sheet, decision, filing. */
#include "affairs/product/product_inner.h"
#include "affairs/product/product_schema.h"
#include "base/limits.h"
#include "http/rows.h"

#include <string.h>

/* ---- sheet ---- */

/* The look itself is on record before anything is shown. */
static enum result open_sheet(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_row *row = argument;
    row_id product = request_id(request, "id");
    TRY(product_by_id(work, product, row));
    if (strcmp(row_text(row, "state"), "draft") == 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW), .zh = "尚未提交审查",
                      .en = "it has not been submitted for review", .remedy_zh = "待提交后再查看",
                      .remedy_en = "look once it is submitted");
    TRY(store_exec(work->tx, SQL_PRODUCT_SET_SHEET,
                   STORE_BINDS({"id", store_integer(product)},
                               {"account", store_integer(request->actor.account)},
                               {"at", store_integer(work_now(work))}),
                   NULL));
    return work_record(work, "open_review_sheet", "product", product, LAW(EGRESS_REVIEW),
                       row_text(row, "release_rule"));
}

static enum result add_result(struct request *request, const struct store_row *row, json_t *sheet)
{
    json_t *opened = NULL;
    const char *report = row_text(row, "report");
    if (strcmp(row_text(row, "kind"), "table") != 0) {
        json_object_set_new(sheet, "report", json_loads(report != NULL ? report : "{}", 0, NULL));
        return RESULT_OK;
    }
    TRY(keeper_result_open(request->app->keeper, request->work.arena, row_integer(row, "id"),
                           row_integer(row, "query_id"), &opened, request->work.refusal));
    json_keep(request->work.arena, opened);
    json_object_set(sheet, "columns", json_object_get(opened, "columns"));
    json_object_set(sheet, "rows", json_object_get(opened, "rows"));
    json_object_set(sheet, "withheld", json_object_get(opened, "withheld"));
    json_object_set(sheet, "report", json_object_get(opened, "report"));
    return RESULT_OK;
}

/* The bytes as they would leave, up to what a reply can carry. */
static enum result add_bytes(struct request *request, const struct store_row *row, json_t *sheet)
{
    const void *bytes;
    size_t size;
    if (strcmp(row_text(row, "kind"), "table") != 0)
        return RESULT_OK;
    TRY(keeper_product_read(request->app->keeper, request->work.arena, row_integer(row, "id"), &bytes,
                            &size));
    json_object_set_new(sheet, "bytes", json_integer((json_int_t)size));
    if (size <= LIMIT_SHEET_BYTES)
        json_object_set_new(sheet, "released", json_stringn(bytes, size));
    return RESULT_OK;
}

enum result product_review_sheet(struct request *request)
{
    struct store_row row;
    if (request->app->keeper == NULL)
        return product_without_keeper(&request->work);
    TRY(request_write(request, open_sheet, &row));
    json_t *sheet = row_to_json(request->work.arena, &review_sheet_schema, &row);
    json_keep(request->work.arena, sheet);
    TRY(add_result(request, &row, sheet));
    TRY(add_bytes(request, &row, sheet));
    json_object_set_new(sheet, "entry", json_integer(request->work.entry));
    request->reply = json_incref(sheet);
    return RESULT_OK;
}

/* ---- decision ---- */

enum result product_submit(struct request *request)
{
    return product_step(request, "submit", NULL);
}

static enum result decide(struct request *request, const char *decision, const char *event,
                          struct product_context *context)
{
    struct work *work = &request->work;
    struct store_row row;
    row_id product = request_id(request, "id");
    TRY(product_by_id(work, product, &row));
    bool approved = strcmp(decision, "approved") == 0;
    /* Before the step, which records it; a step that is refused takes it back with the unit. */
    TRY(store_exec(work->tx, SQL_PRODUCT_SET_DECISION,
                   STORE_BINDS({"id", store_integer(product)}, {"decision", store_text(decision)},
                               {"reason", body_text(request, "reason")},
                               {"digest", approved ? store_text(row_text(&row, "digest")) : store_null()},
                               {"at", store_integer(work_now(work))}),
                   NULL));
    return product_step(request, event, context);
}

static enum result approve(struct request *request, void *argument)
{
    return decide(request, "approved", "approve", argument);
}

enum result product_approve(struct request *request)
{
    struct product_context context;
    TRY(product_stored(request, &context));
    return request_write(request, approve, &context);
}

enum result product_reject(struct request *request)
{
    return decide(request, "rejected", "reject", NULL);
}

/* ---- filing ---- */

static enum result file(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_row row;
    row_id product = request_id(request, "id");
    TRY(product_by_id(work, product, &row));
    /* Without a decision there is nothing to file: the step refuses with the moves that exist. */
    if (!row_is_null(&row, "decision") &&
        store_exec(work->tx, SQL_FILING_INSERT,
                   STORE_BINDS({"product", store_integer(product)},
                               {"operator", store_integer(row_integer(&row, "operator_id"))},
                               {"decision", store_text(row_text(&row, "decision"))},
                               {"reason", store_text(row_text(&row, "decision_reason"))},
                               {"digest", store_text(row_text(&row, "digest"))},
                               {"rule", store_text(row_text(&row, "release_rule"))},
                               {"at", store_integer(work_now(work))}),
                   NULL) == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW), .zh = "审查结果已备案",
                      .en = "the result is on file already", .remedy_zh = "无需重复备案",
                      .remedy_en = "there is nothing left to do");
    return product_step(request, "file", argument);
}

enum result product_file(struct request *request)
{
    struct product_context context;
    TRY(product_stored(request, &context));
    return request_write(request, file, &context);
}

enum result filing_list(struct request *request)
{
    struct store_rows rows;
    bool all = request->actor.role == ROLE_BUREAU || request->actor.role == ROLE_REGULATOR;
    struct store_value own = all ? store_null() : store_integer(request->actor.party);
    TRY(store_many(request->work.tx, request->work.arena, SQL_FILING_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own}), &rows));
    return reply_page(request, &rows);
}
