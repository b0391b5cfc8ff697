#include "affairs/agreement/agreement.h"
#include "affairs/developer/developer_inner.h"
#include "affairs/developer/developer_schema.h"
#include "affairs/document/document.h"
#include "affairs/rule/rule.h"
#include "http/declare.h"
#include "http/rows.h"

static enum result find(struct request *request, row_id id, struct store_row *ret_row)
{
    return store_one(request->work.tx, request->work.arena, SQL_ADMISSION_BY_ID,
                     STORE_BINDS({"id", store_integer(id)}), ret_row);
}

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(find(request, id, &row));
    return reply_row(request, &row);
}

static enum result cited(struct request *request, const char *field, row_id party, char *ret_digest)
{
    struct digest digest;
    TRY(document_belongs(&request->work, json_integer_or(request->body, field, 0), party,
                         arena_printf(request->work.arena, "/%s", field), &digest));
    hex_print(digest.bytes, DIGEST_SIZE, ret_digest);
    return RESULT_OK;
}

static enum result admission_apply(struct request *request)
{
    struct work *work = &request->work;
    struct store_row agreement, row;
    struct rule rule = {.cite = ""};
    char digest[DIGEST_TEXT_SIZE];
    row_id agreement_id = json_integer_or(request->body, "agreement_id", 0);
    TRY(agreement_in_force(work, agreement_id, 0));
    TRY(agreement_by_id(work, agreement_id, &agreement));
    row_id operator_party = row_integer(&agreement, "operator_id");
    enum result found = rule_in_force(work, "admission", operator_party, work_today(work), &rule);
    struct admission_context context = {.operator_party = operator_party, .rule_found = found == RESULT_OK};
    TRY(cited(request, "document_id", request->actor.party, digest));
    TRY(store_one(
        work->tx, work->arena, SQL_ADMISSION_INSERT,
        STORE_BINDS({"agreement", store_integer(agreement_id)}, {"operator", store_integer(operator_party)},
                    {"developer", store_integer(request->actor.party)}, {"rule", store_text(rule.cite)},
                    {"management", body_text(request, "management")},
                    {"security", body_text(request, "security")},
                    {"document", body_integer(request, "document_id")}, {"digest", store_text(digest)},
                    {"today", store_integer(work_today(work))},
                    {"months", store_integer(json_integer_or(rule.parameters, "report_months", 12))}),
        &row));
    row_id id = row_integer(&row, "id");
    TRY(document_share(work, json_integer_or(request->body, "document_id", 0), operator_party));
    TRY(workflow_open(work, &admission_workflow, id, "apply", request->body, &context));
    request->status = 201;
    return show(request, id);
}

static enum result step(struct request *request, const char *event)
{
    TRY(workflow_step(&request->work, request->app->workflows, &admission_workflow, request_id(request, "id"),
                      event, json_text(request->body, "reason"), request->body, NULL, NULL));
    return show(request, request_id(request, "id"));
}

static enum result admission_approve(struct request *request)
{
    return step(request, "approve");
}

static enum result admission_refuse(struct request *request)
{
    return step(request, "refuse");
}

static enum result admission_offer(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    char digest[DIGEST_TEXT_SIZE];
    TRY(find(request, request_id(request, "id"), &row));
    TRY(cited(request, "document_id", request->actor.party, digest));
    if (body_day(request, "until_day").integer < body_day(request, "from_day").integer)
        return REFUSE(work, .result = RESULT_INVALID, .law = LAW(DEVELOPER_AGREEMENT), .field = "/until_day",
                      .zh = "截止日早于起始日", .en = "it ends before it begins", .remedy_zh = "改正日期",
                      .remedy_en = "correct the dates");
    TRY(store_exec(work->tx, SQL_ADMISSION_SET_CONTRACT,
                   STORE_BINDS({"id", store_integer(request_id(request, "id"))},
                               {"document", body_integer(request, "document_id")},
                               {"digest", store_text(digest)}, {"from", body_day(request, "from_day")},
                               {"until", body_day(request, "until_day")}),
                   NULL));
    TRY(document_share(work, json_integer_or(request->body, "document_id", 0),
                       row_integer(&row, "developer_id")));
    return step(request, "offer");
}

static enum result admission_sign(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    TRY(find(request, request_id(request, "id"), &row));
    if (!row_is_null(&row, "from_day")) {
        day next =
            day_add_months((day)row_integer(&row, "from_day"), (int)row_integer(&row, "report_months"));
        TRY(store_exec(
            work->tx, SQL_ADMISSION_SET_NEXT_REPORT,
            STORE_BINDS({"id", store_integer(request_id(request, "id"))}, {"day", store_integer(next)}),
            NULL));
    }
    return step(request, "sign");
}

static enum result admission_end(struct request *request)
{
    return step(request, "end");
}

static enum result admission_report(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row, report;
    char digest[DIGEST_TEXT_SIZE];
    row_id id = request_id(request, "id");
    TRY(find(request, id, &row));
    TRY(cited(request, "document_id", request->actor.party, digest));
    day due = (day)row_integer(&row, "next_report_day");
    TRY(store_one(work->tx, work->arena, SQL_DEVELOPMENT_REPORT_INSERT,
                  STORE_BINDS({"admission", store_integer(id)}, {"due", store_integer(due)},
                              {"document", body_integer(request, "document_id")},
                              {"digest", store_text(digest)}, {"late", store_integer(work_today(work) > due)},
                              {"at", store_integer(work_now(work))}),
                  &report));
    day next = day_add_months(due, (int)row_integer(&row, "report_months"));
    TRY(store_exec(work->tx, SQL_ADMISSION_SET_NEXT_REPORT,
                   STORE_BINDS({"id", store_integer(id)}, {"day", store_integer(next)}), NULL));
    TRY(document_share(work, json_integer_or(request->body, "document_id", 0),
                       row_integer(&row, "operator_id")));
    return step(request, "report");
}

static enum result report_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_DEVELOPMENT_REPORT_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"admission", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

static bool sees_all(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR;
}

static enum result admission_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own = sees_all(&request->actor) ? store_null() : store_integer(request->actor.party);
    TRY(store_many(request->work.tx, request->work.arena, SQL_ADMISSION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own},
                               {"late", store_integer(json_boolean_or(request->query, "late", false))}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result admission_is_seen(struct request *request)
{
    struct store_row row;
    TRY(find(request, request_id(request, "id"), &row));
    bool seen = sees_all(&request->actor) || row_integer(&row, "operator_id") == request->actor.party ||
                row_integer(&row, "developer_id") == request->actor.party;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result admission_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

static enum result admission_history(struct request *request)
{
    return reply_history(request, &admission_workflow, request_id(request, "id"));
}

static enum result admission_actions(struct request *request)
{
    return reply_actions(request, &admission_workflow, request_id(request, "id"), NULL);
}

#define STEP(name, clause, permission, schema, english, chinese, handler)                                    \
    {                                                                                                        \
        .method = HTTP_POST, .path = "/admissions/{id}/" name, .law = LAW(clause), .needs = permission,      \
        .owner = OWNER(admission_is_seen), .body = schema, .reply = &admission_schema,                       \
        SUMMARY(english, chinese), .run = handler                                                            \
    }
#define GET(name, schema, english, chinese, handler)                                                         \
    .method = HTTP_GET, .path = "/admissions/{id}" name, .law = LAW(DEVELOPER_AGREEMENT),                    \
    .needs = PERMISSION_ADMISSION_READ, .owner = OWNER(admission_is_seen), .reply = schema,                  \
    SUMMARY(english, chinese), .run = handler

const struct route developer_routes[] = {
    {.method = HTTP_POST,
     .path = "/admissions",
     .law = LAW(DEVELOPER_ELIGIBILITY),
     .needs = PERMISSION_ADMISSION_APPLY,
     .body = &admission_new_schema,
     .reply = &admission_schema,
     SUMMARY("Apply to develop under an operator's agreement", "申请准入"),
     .run = admission_apply},
    {.method = HTTP_GET,
     .path = "/admissions",
     .law = LAW(DEVELOPER_AGREEMENT),
     .needs = PERMISSION_ADMISSION_READ,
     .query = &admission_query_schema,
     .reply = &admission_schema,
     .list = true,
     SUMMARY("Admissions", "准入列表"),
     .run = admission_list},
    {GET("", &admission_schema, "Show an admission", "查看准入", admission_show)},
    STEP("approve", DEVELOPER_AGREEMENT, PERMISSION_ADMISSION_REVIEW, &empty_schema,
         "Approve the application", "审核通过", admission_approve),
    STEP("refuse", REASONS, PERMISSION_ADMISSION_REVIEW, &reason_schema, "Refuse it, with the reason",
         "不予准入并说明理由", admission_refuse),
    STEP("offer", DEVELOPER_AGREEMENT, PERMISSION_ADMISSION_OFFER, &contract_schema,
         "Offer the development agreement", "提供开发利用协议", admission_offer),
    STEP("sign", DEVELOPER_AGREEMENT, PERMISSION_ADMISSION_APPLY, &empty_schema, "Sign it: it is in force",
         "签署协议生效", admission_sign),
    STEP("report", DEVELOPER_AGREEMENT, PERMISSION_ADMISSION_APPLY, &report_new_schema,
         "Hand in the periodic report", "提交定期报告", admission_report),
    STEP("end", REASONS, PERMISSION_ADMISSION_END, &reason_schema, "End it, with the reason",
         "结束并说明理由", admission_end),
    {GET("/reports", &report_schema, "Reports handed in", "已提交的报告", report_list), .list = true},
    {GET("/history", &history_schema, "Every step of it", "办理经过", admission_history)},
    {GET("/actions", &actions_schema, "What one may do with it now", "当前可办事项", admission_actions)},
    {0},
};
