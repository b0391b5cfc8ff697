#include "affairs/agreement/agreement_close.h"
#include "affairs/agreement/agreement_inner.h"
#include "affairs/agreement/agreement_schema.h"
#include "affairs/document/document.h"
#include "affairs/notice/notice.h"
#include "affairs/selection/selection.h"
#include "http/declare.h"
#include "http/rows.h"

enum { TERM_MONTHS = 36 };

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(agreement_by_id(&request->work, id, &row));
    return reply_row(request, &row);
}

/* Three years, the trial outside (二(四)1): trial from `from`, then the term. */
static enum result insert(struct request *request, const struct store_row *outcome, const char *digest,
                          row_id *ret_id)
{
    struct work *work = &request->work;
    struct store_row row;
    int trial = (int)json_integer_or(request->body, "trial_months", 0);
    day from = (day)body_day(request, "from_day").integer;
    day term_from = day_add_months(from, trial);
    day until = day_add_months(term_from, TERM_MONTHS) - 1;
    enum result result = store_one(
        work->tx, work->arena, SQL_AGREEMENT_INSERT,
        STORE_BINDS({"selection", body_integer(request, "selection_id")},
                    {"operator", store_integer(row_integer(outcome, "operator_id"))},
                    {"mode", store_text(row_text(outcome, "mode"))},
                    {"scope", store_text(row_text(outcome, "scope"))},
                    {"necessity", store_text(row_text(outcome, "necessity"))},
                    {"exclusive", store_integer(json_boolean_or(request->body, "exclusive", false))},
                    {"document", body_integer(request, "document_id")}, {"digest", store_text(digest)},
                    {"trial", store_integer(trial)}, {"from", store_integer(from)},
                    {"term_from", store_integer(term_from)}, {"until", store_integer(until)}),
        &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(AGREEMENT_TERM), .field = "/selection_id",
                      .zh = "该遴选已有协议", .en = "this selection has an agreement already",
                      .remedy_zh = "使用已有协议", .remedy_en = "use that agreement");
    TRY(result);
    *ret_id = row_integer(&row, "id");
    return RESULT_OK;
}

static enum result agreement_draft(struct request *request)
{
    struct work *work = &request->work;
    struct store_row outcome;
    struct digest digest;
    char text[DIGEST_TEXT_SIZE];
    row_id document = json_integer_or(request->body, "document_id", 0), id = 0;
    TRY(selection_outcome(work, json_integer_or(request->body, "selection_id", 0), &outcome));
    TRY(document_belongs(work, document, request->actor.party, "/document_id", &digest));
    hex_print(digest.bytes, DIGEST_SIZE, text);
    struct agreement_terms terms = {.trial_months = json_integer_or(request->body, "trial_months", 0),
                                    .exclusive = json_boolean_or(request->body, "exclusive", false)};
    TRY(insert(request, &outcome, text, &id));
    TRY(document_share(work, document, row_integer(&outcome, "operator_id")));
    TRY(workflow_open(work, &agreement_workflow, id, "draft", request->body, &terms));
    request->status = 201;
    return show(request, id);
}

static enum result step(struct request *request, const char *event)
{
    TRY(workflow_step(&request->work, request->app->workflows, &agreement_workflow, request_id(request, "id"),
                      event, json_text(request->body, "reason"), request->body, NULL, NULL));
    return show(request, request_id(request, "id"));
}

static enum result agreement_sign(struct request *request)
{
    return step(request, "sign");
}

static enum result agreement_countersign(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    TRY(step(request, "countersign"));
    TRY(agreement_by_id(work, request_id(request, "id"), &row));
    json_t *body = json_keep(work->arena, row_to_json(work->arena, &agreement_schema, &row));
    return notice_publish(work, "agreement", "agreement", request_id(request, "id"),
                          row_text(&row, "operator"), body, 0, LAW(AGREEMENT_TERM), NULL);
}

static bool is_operator(const struct request *request)
{
    return request->actor.role == ROLE_OPERATOR;
}

static enum result agreement_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own = is_operator(request) ? store_integer(request->actor.party) : store_null();
    TRY(store_many(request->work.tx, request->work.arena, SQL_AGREEMENT_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own}), &rows));
    return reply_page(request, &rows);
}

static enum result agreement_is_seen(struct request *request)
{
    struct store_row row;
    TRY(agreement_by_id(&request->work, request_id(request, "id"), &row));
    return !is_operator(request) || row_integer(&row, "operator_id") == request->actor.party
               ? RESULT_OK
               : RESULT_NOT_FOUND;
}

static enum result agreement_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

static enum result agreement_history(struct request *request)
{
    return reply_history(request, &agreement_workflow, request_id(request, "id"));
}

static enum result agreement_actions(struct request *request)
{
    return reply_actions(request, &agreement_workflow, request_id(request, "id"), NULL);
}

#define SEEN .owner = OWNER(agreement_is_seen)

const struct route agreement_routes[] = {
    {.method = HTTP_POST,
     .path = "/agreements",
     .law = LAW(AGREEMENT_TERM),
     .needs = PERMISSION_AGREEMENT_RUN,
     .body = &agreement_new_schema,
     .reply = &agreement_schema,
     SUMMARY("Draft the agreement of a filed selection", "拟定授权运营协议"),
     .run = agreement_draft},
    {.method = HTTP_GET,
     .path = "/agreements",
     .law = LAW(DISCLOSURE),
     .needs = PERMISSION_AGREEMENT_READ,
     .reply = &agreement_schema,
     .list = true,
     SUMMARY("Agreements", "协议列表"),
     .run = agreement_list},
    {.method = HTTP_GET,
     .path = "/agreements/{id}",
     .law = LAW(AGREEMENT_TERM),
     .needs = PERMISSION_AGREEMENT_READ,
     SEEN,
     .reply = &agreement_schema,
     SUMMARY("Show an agreement with its computed term", "查看协议"),
     .run = agreement_show},
    {.method = HTTP_POST,
     .path = "/agreements/{id}/sign",
     .law = LAW(AGREEMENT_TERM),
     .needs = PERMISSION_AGREEMENT_SIGN,
     SEEN,
     .body = &empty_schema,
     .reply = &agreement_schema,
     SUMMARY("Sign it, as the operator", "运营主体签署"),
     .run = agreement_sign},
    {.method = HTTP_POST,
     .path = "/agreements/{id}/countersign",
     .law = LAW(AGREEMENT_TERM),
     .needs = PERMISSION_AGREEMENT_DECIDE,
     .body = &empty_schema,
     .reply = &agreement_schema,
     SUMMARY("Sign it, as the bureau: it is in force", "市数据局签署生效"),
     .run = agreement_countersign},
    {.method = HTTP_POST,
     .path = "/agreements/{id}/close",
     .law = LAW(EXIT_CLOSE),
     .needs = PERMISSION_AGREEMENT_DECIDE,
     .body = &reason_schema,
     .reply = &agreement_schema,
     .style = ROUTE_LONG,
     SUMMARY("Close it: work stops, log-ins end, the data called in is destroyed",
             "退出关闭：停止处理、关闭账号、删除数据"),
     .run = agreement_close},
    {.method = HTTP_GET,
     .path = "/agreements/{id}/hand-over",
     .law = LAW(EXIT_CLOSE),
     .needs = PERMISSION_HAND_OVER_READ,
     SEEN,
     .reply = &hand_over_schema,
     SUMMARY("What is left to hand over, with the deletion certificates", "交接与删除证明"),
     .run = agreement_hand_over},
    {.method = HTTP_GET,
     .path = "/agreements/{id}/history",
     .law = LAW(AGREEMENT_TERM),
     .needs = PERMISSION_AGREEMENT_READ,
     SEEN,
     .reply = &history_schema,
     SUMMARY("Every step of it", "协议办理经过"),
     .run = agreement_history},
    {.method = HTTP_GET,
     .path = "/agreements/{id}/actions",
     .law = LAW(AGREEMENT_TERM),
     .needs = PERMISSION_AGREEMENT_READ,
     SEEN,
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = agreement_actions},
    {.method = HTTP_POST,
     .path = "/logs/purge",
     .law = LAW(EXIT_CLOSE),
     .needs = PERMISSION_LOG_PURGE,
     .body = &purge_schema,
     .reply = &reply_step_schema,
     SUMMARY("Ask to purge logs: refused, with the reason", "申请清除日志"),
     .run = log_purge},
    {0},
};
