#include "affairs/document/document.h"
#include "affairs/notice/notice.h"
#include "affairs/party/party.h"
#include "affairs/selection/selection_inner.h"
#include "affairs/selection/selection_schema.h"
#include "base/mutation.h"
#include "base/text.h"
#include "http/declare.h"
#include "http/rows.h"

#include <string.h>

#define BODY_BINDS(request)                                                                                  \
    {"title", body_text(request, "title")}, {"mode", body_text(request, "mode")},                            \
        {"scope", body_json(request, "scope")}, {"necessity", body_text(request, "necessity")},              \
        {"conditions", body_text(request, "conditions")}, {"criteria", body_json(request, "criteria")},      \
        {"open", body_integer(request, "open")}, {"basis", body_text(request, "basis")},                     \
        {"exclusive", store_integer(json_boolean_or(request->body, "exclusive", false))},                    \
    {                                                                                                        \
        "until", body_day(request, "applications_until")                                                     \
    }

static bool ranking_is_seen(const struct store_row *row)
{
    static const char *const later[] = {"scored", "decided", "publicised", "filed"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (strcmp(row_text(row, "state"), later[i]) == 0)
            return true;
    return false;
}

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(selection_by_id(&request->work, id, &row));
    TRY(reply_row(request, &row));
    if (ranking_is_seen(&row)) {
        json_t *ranking;
        TRY(selection_ranking(&request->work, &row, &ranking));
        json_object_set_new(request->reply, "ranking", ranking);
    }
    return RESULT_OK;
}

static enum result criteria_add_up(struct request *request)
{
    int64_t sum = 0;
    size_t i;
    json_t *criterion;
    const json_t *criteria = json_object_get(request->body, "criteria");
    json_array_foreach (criteria, i, criterion)
        sum += json_integer_or(criterion, "weight", 0);
    if (criteria == NULL || sum == 100)
        return RESULT_OK;
    return REFUSE(&request->work, .result = RESULT_INVALID, .law = LAW(OPEN_SELECTION), .field = "/criteria",
                  .zh = arena_printf(request->work.arena, "评审标准权重合计为 %d，应为 100", (int)sum),
                  .en =
                      arena_printf(request->work.arena, "the weights add up to %d instead of 100", (int)sum),
                  .remedy_zh = "调整权重", .remedy_en = "adjust the weights");
}

static enum result selection_draft(struct request *request)
{
    struct store_row row;
    TRY(criteria_add_up(request));
    TRY(store_one(request->work.tx, request->work.arena, SQL_SELECTION_INSERT,
                  STORE_BINDS(BODY_BINDS(request)), &row));
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(&request->work, &selection_workflow, id, "draft", request->body, NULL));
    request->status = 201;
    return show(request, id);
}

static enum result take_step(struct request *request, const char *event)
{
    return workflow_step(&request->work, request->app->workflows, &selection_workflow,
                         request_id(request, "id"), event, json_text(request->body, "reason"), request->body,
                         NULL, NULL);
}

static enum result step(struct request *request, const char *event)
{
    TRY(take_step(request, event));
    return show(request, request_id(request, "id"));
}

static enum result selection_edit(struct request *request)
{
    TRY(criteria_add_up(request));
    TRY(take_step(request, "edit"));
    TRY(store_exec(request->work.tx, SQL_SELECTION_UPDATE,
                   STORE_BINDS({"id", store_integer(request_id(request, "id"))}, BODY_BINDS(request)), NULL));
    TRY(work_record(&request->work, "edit", "selection", request_id(request, "id"), LAW(OPEN_SELECTION),
                    NULL));
    return show(request, request_id(request, "id"));
}

static enum result publish_notice(struct request *request, const char *kind, instant until, enum law law)
{
    struct work *work = &request->work;
    struct store_row row;
    TRY(selection_by_id(work, request_id(request, "id"), &row));
    json_t *body = row_to_json(work->arena, &selection_schema, &row);
    json_keep(work->arena, body);
    if (strcmp(kind, "selection_outcome") == 0) {
        json_t *ranking;
        TRY(selection_ranking(work, &row, &ranking));
        json_object_set_new(body, "ranking", ranking);
    }
    return notice_publish(work, kind, "selection", request_id(request, "id"), row_text(&row, "title"), body,
                          until, law, NULL);
}

static enum result selection_publish(struct request *request)
{
    TRY(take_step(request, "publish"));
    struct store_row row;
    TRY(selection_by_id(&request->work, request_id(request, "id"), &row));
    instant until = day_begin((day)row_integer(&row, "applications_until") + 1);
    TRY(publish_notice(request, "selection", until, LAW(OPEN_SELECTION)));
    return show(request, request_id(request, "id"));
}

static enum result selection_close(struct request *request)
{
    return step(request, "close");
}

static enum result selection_end_review(struct request *request)
{
    return step(request, "end_review");
}

static enum result selection_decide(struct request *request)
{
    TRY(take_step(request, "decide"));
    TRY(store_exec(request->work.tx, SQL_SELECTION_SET_WINNER,
                   STORE_BINDS({"id", store_integer(request_id(request, "id"))},
                               {"application", body_integer(request, "application_id")}),
                   NULL));
    TRY(work_record(&request->work, "choose", "selection", request_id(request, "id"), LAW(JOINT_REVIEW),
                    NULL));
    return show(request, request_id(request, "id"));
}

static enum result selection_publicise(struct request *request)
{
    struct work *work = &request->work;
    day last = calendar_add_working_days(work->calendar, work_today(work),
                                         (int)json_integer_or(request->body, "working_days", 5));
    instant until = day_begin(last + 1);
    TRY(take_step(request, "publicise"));
    TRY(store_exec(
        work->tx, SQL_SELECTION_SET_PUBLICITY,
        STORE_BINDS({"id", store_integer(request_id(request, "id"))}, {"until", store_integer(until)}),
        NULL));
    TRY(publish_notice(request, "selection_outcome", until, LAW(JOINT_REVIEW)));
    return show(request, request_id(request, "id"));
}

static enum result selection_file(struct request *request)
{
    return step(request, "file");
}

static enum result selection_cancel(struct request *request)
{
    return step(request, "cancel");
}

static bool sees_drafts(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR;
}

static enum result selection_is_seen(struct request *request)
{
    struct store_row row;
    TRY(selection_by_id(&request->work, request_id(request, "id"), &row));
    return sees_drafts(&request->actor) || strcmp(row_text(&row, "state"), "draft") != 0 ? RESULT_OK
                                                                                         : RESULT_NOT_FOUND;
}

static enum result selection_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_SELECTION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"drafts", store_integer(sees_drafts(&request->actor))}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result selection_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

static enum result selection_history(struct request *request)
{
    return reply_history(request, &selection_workflow, request_id(request, "id"));
}

static enum result selection_actions(struct request *request)
{
    return reply_actions(request, &selection_workflow, request_id(request, "id"), NULL);
}

/* ---- applications ---- */

static enum result application_submit(struct request *request)
{
    struct work *work = &request->work;
    struct store_row selection, row;
    struct digest digest;
    char digest_text[DIGEST_TEXT_SIZE];
    row_id document = json_integer_or(request->body, "document_id", 0);
    TRY(selection_by_id(work, request_id(request, "id"), &selection));
    TRY(document_belongs(work, document, request->actor.party, "/document_id", &digest));
    hex_print(digest.bytes, DIGEST_SIZE, digest_text);
    enum result result = store_one(
        work->tx, work->arena, SQL_APPLICATION_INSERT,
        STORE_BINDS({"selection", store_integer(request_id(request, "id"))},
                    {"party", store_integer(request->actor.party)},
                    {"capability", body_text(request, "capability")},
                    {"ecosystem", body_text(request, "ecosystem")},
                    {"security", body_text(request, "security")}, {"document", store_integer(document)},
                    {"digest", store_text(digest_text)}, {"today", store_integer(work_today(work))}),
        &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(OPEN_SELECTION), .zh = "本单位已提交申请",
                      .en = "your party has applied already", .remedy_zh = "无需重复提交",
                      .remedy_en = "one application is enough");
    TRY(result);
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(work, &application_workflow, id, "apply", request->body, &selection));
    TRY(store_one(work->tx, work->arena, SQL_APPLICATION_BY_ID, STORE_BINDS({"id", store_integer(id)}),
                  &row));
    request->status = 201;
    return reply_row(request, &row);
}

static enum result application_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own =
        request->actor.role == ROLE_OPERATOR ? store_integer(request->actor.party) : store_null();
    TRY(store_many(request->work.tx, request->work.arena, SQL_APPLICATION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"selection", store_integer(request_id(request, "id"))},
                               {"own", own}),
                   &rows));
    return reply_page(request, &rows);
}

/* ---- scorers and scores ---- */

static enum result show_scorer(struct request *request, row_id account)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_SCORER_OF_ACCOUNT,
                  STORE_BINDS({"selection", store_integer(request_id(request, "id"))},
                              {"account", store_integer(account)}),
                  &row));
    return reply_row(request, &row);
}

/* Who scores, and on what declaration, decides the ranking: it stands when the review has ended. */
static enum result review_is_open(struct request *request)
{
    struct store_row selection;
    TRY(selection_by_id(&request->work, request_id(request, "id"), &selection));
    static const char *const open[] = {"draft", "published", "closed"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (strcmp(row_text(&selection, "state"), open[i]) == 0)
            return RESULT_OK;
    if (mutation_without("review_is_open"))
        return RESULT_OK;
    return REFUSE(&request->work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW), .zh = "评审已结束",
                  .en = "the review has ended", .remedy_zh = "评审人与声明不再变更",
                  .remedy_en = "scorers and their declarations stand");
}

static enum result name_scorer(struct request *request, const struct store_row *account)
{
    struct work *work = &request->work;
    struct store_row row;
    enum result result = store_one(work->tx, work->arena, SQL_SCORER_INSERT,
                                   STORE_BINDS({"selection", store_integer(request_id(request, "id"))},
                                               {"account", store_integer(row_integer(account, "id"))},
                                               {"party", store_integer(row_integer(account, "party_id"))},
                                               {"role", store_text(row_text(account, "role"))}),
                                   &row);
    if (result != RESULT_CONFLICT)
        return result;
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW), .field = "/login",
                  .zh = "该账号已是评审人", .en = "this account is a scorer already",
                  .remedy_zh = "无需重复指定", .remedy_en = "once is enough");
}

static enum result scorer_add(struct request *request)
{
    struct work *work = &request->work;
    struct store_row account;
    TRY(review_is_open(request));
    enum result result = store_one(work->tx, work->arena, SQL_ACCOUNT_BY_LOGIN,
                                   STORE_BINDS({"login", body_text(request, "login")}), &account);
    const char *role = result == RESULT_OK ? row_text(&account, "role") : "";
    if (strcmp(role, "bureau") != 0 && strcmp(role, "provider") != 0)
        return REFUSE(work, .result = RESULT_INVALID, .law = LAW(JOINT_REVIEW), .field = "/login",
                      .zh = "评审人须是市数据局或数据提供单位的账号",
                      .en = "a scorer is an account of the bureau or of a provider",
                      .remedy_zh = "核对登录名", .remedy_en = "check the log-in name");
    TRY(name_scorer(request, &account));
    TRY(work_record(work, "name_scorer", "selection", request_id(request, "id"), LAW(JOINT_REVIEW), NULL));
    request->status = 201;
    return show_scorer(request, row_integer(&account, "id"));
}

static enum result scorer_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_SCORER_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"selection", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result own_scorer(struct request *request, struct store_row *ret_row)
{
    struct work *work = &request->work;
    enum result result = store_one(work->tx, work->arena, SQL_SCORER_OF_ACCOUNT,
                                   STORE_BINDS({"selection", store_integer(request_id(request, "id"))},
                                               {"account", store_integer(request->actor.account)}),
                                   ret_row);
    if (result != RESULT_NOT_FOUND)
        return result;
    return REFUSE(work, .result = RESULT_FORBIDDEN, .law = LAW(JOINT_REVIEW), .zh = "您不是本次遴选的评审人",
                  .en = "you are no scorer of this selection", .remedy_zh = "由市数据局指定",
                  .remedy_en = "the bureau names scorers");
}

static enum result scorer_declare(struct request *request)
{
    struct work *work = &request->work;
    struct store_row scorer;
    TRY(own_scorer(request, &scorer));
    TRY(review_is_open(request));
    bool interest = json_boolean_or(request->body, "interest", true);
    TRY(store_exec(work->tx, SQL_SCORER_DECLARE,
                   STORE_BINDS({"id", store_integer(row_integer(&scorer, "id"))},
                               {"declared", store_integer(interest ? 2 : 1)},
                               {"declaration", body_text(request, "text")}),
                   NULL));
    TRY(work_record(work, "declare_interest", "selection", request_id(request, "id"), LAW(JOINT_REVIEW),
                    NULL));
    return show_scorer(request, request->actor.account);
}

/* One who has declared an interest, has not declared at all, or whose party is linked to the applicant,
 * cannot score. */
static enum result scorer_has_no_interest(struct request *request, const struct store_row *scorer,
                                          const struct store_row *application)
{
    struct work *work = &request->work;
    if (mutation_without("scorer_has_no_interest"))
        return RESULT_OK;
    if (row_integer(scorer, "declared") != 1)
        return REFUSE(work, .result = RESULT_FORBIDDEN, .law = LAW(JOINT_REVIEW),
                      .zh = "有利害关系或尚未声明的，不得评分",
                      .en = "one who has an interest, or has not declared to have none, cannot score",
                      .remedy_zh = "先声明；有利害关系的应回避",
                      .remedy_en = "declare first; with an interest, stand aside");
    return party_is_no_affiliate(work, row_integer(application, "party_id"), row_integer(scorer, "party_id"),
                                 LAW(JOINT_REVIEW));
}

static bool criterion_exists(struct work *work, const struct store_row *selection, const char *name)
{
    const char *text = row_text(selection, "criteria");
    json_t *criteria;
    if (text == NULL || json_read(work->arena, text, strlen(text), &criteria, NULL) != RESULT_OK)
        return false;
    json_keep(work->arena, criteria);
    size_t i;
    json_t *criterion;
    json_array_foreach (criteria, i, criterion)
        if (text_equal(json_text(criterion, "name"), name))
            return true;
    return false;
}

static enum result set_scores(struct request *request, const struct store_row *selection, row_id scorer,
                              row_id application)
{
    struct work *work = &request->work;
    size_t i;
    json_t *points;
    json_array_foreach (json_object_get(request->body, "points"), i, points) {
        const char *criterion = json_text(points, "criterion");
        if (!criterion_exists(work, selection, criterion))
            return REFUSE(work, .result = RESULT_INVALID, .law = LAW(JOINT_REVIEW),
                          .field = arena_printf(work->arena, "/points/%zu/criterion", i),
                          .zh = "公告中没有这项标准", .en = "the notice has no such criterion",
                          .remedy_zh = "按公告的标准评分",
                          .remedy_en = "score by the criteria of the notice");
        TRY(store_exec(work->tx, SQL_SCORE_SET,
                       STORE_BINDS({"application", store_integer(application)},
                                   {"scorer", store_integer(scorer)}, {"criterion", store_text(criterion)},
                                   {"points", store_integer(json_integer_or(points, "points", 0))}),
                       NULL));
    }
    return RESULT_OK;
}

static enum result score_give(struct request *request)
{
    struct work *work = &request->work;
    struct store_row selection, scorer, application;
    row_id id = request_id(request, "id");
    row_id application_id = json_integer_or(request->body, "application_id", 0);
    TRY(selection_by_id(work, id, &selection));
    TRY(own_scorer(request, &scorer));
    enum result result = store_one(work->tx, work->arena, SQL_APPLICATION_BY_ID,
                                   STORE_BINDS({"id", store_integer(application_id)}), &application);
    if (result != RESULT_OK || row_integer(&application, "selection_id") != id)
        return RESULT_NOT_FOUND;
    if (strcmp(row_text(&selection, "state"), "closed") != 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW),
                      .zh = "只在申请截止后、评审结束前评分",
                      .en = "scores are given after applications have closed and before the review ends",
                      .remedy_zh = "先关闭申请", .remedy_en = "close applications first");
    TRY(scorer_has_no_interest(request, &scorer, &application));
    TRY(set_scores(request, &selection, row_integer(&scorer, "id"), application_id));
    TRY(work_record(work, "score", "application", application_id, LAW(JOINT_REVIEW), NULL));
    return reply_step(request, application_id, NULL);
}

/* ---- objections during publicity ---- */

static enum result objection_raise(struct request *request)
{
    struct work *work = &request->work;
    struct store_row selection, row;
    TRY(selection_by_id(work, request_id(request, "id"), &selection));
    if (strcmp(row_text(&selection, "state"), "publicised") != 0 ||
        work_now(work) >= row_integer(&selection, "publicity_until"))
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW), .zh = "不在公示期内",
                      .en = "the outcome is not in publicity now", .remedy_zh = "公示期内提出，或另行投诉",
                      .remedy_en = "raise it during publicity, or complain otherwise");
    TRY(store_one(work->tx, work->arena, SQL_OBJECTION_INSERT,
                  STORE_BINDS({"selection", store_integer(request_id(request, "id"))},
                              {"text", body_text(request, "text")},
                              {"contact", body_text(request, "contact")},
                              {"at", store_integer(work_now(work))}),
                  &row));
    row_id id = row_integer(&row, "id");
    TRY(work_record(work, "object", "objection", id, LAW(JOINT_REVIEW), NULL));
    request->status = 201;
    return reply_step(request, id, NULL);
}

static enum result objection_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_OBJECTION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"selection", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result objection_settle(struct request *request)
{
    struct work *work = &request->work;
    row_id id = request_id(request, "objection_id");
    int64_t changed;
    TRY(store_exec(
        work->tx, SQL_OBJECTION_SETTLE,
        STORE_BINDS({"id", store_integer(id)}, {"selection", store_integer(request_id(request, "id"))},
                    {"settlement", body_text(request, "settlement")}, {"at", store_integer(work_now(work))}),
        &changed));
    if (changed == 0)
        return RESULT_NOT_FOUND;
    TRY(work_record(work, "settle", "objection", id, LAW(JOINT_REVIEW), NULL));
    return reply_step(request, id, NULL);
}

#define STEP(name, clause, permission, schema, english, chinese, handler)                                    \
    {                                                                                                        \
        .method = HTTP_POST, .path = "/selections/{id}/" name, .law = LAW(clause), .needs = permission,      \
        .body = schema, .reply = &selection_schema, SUMMARY(english, chinese), .run = handler                \
    }

const struct route selection_routes[] = {
    {.method = HTTP_POST,
     .path = "/selections",
     .law = LAW(OPEN_SELECTION),
     .needs = PERMISSION_SELECTION_RUN,
     .body = &selection_body_schema,
     .reply = &selection_schema,
     SUMMARY("Draft the selection of an operator", "起草运营主体遴选"),
     .run = selection_draft},
    {.method = HTTP_GET,
     .path = "/selections",
     .law = LAW(OPEN_SELECTION),
     .needs = PERMISSION_PUBLIC_READ,
     .reply = &selection_schema,
     .list = true,
     SUMMARY("Selections", "遴选列表"),
     .run = selection_list},
    {.method = HTTP_GET,
     .path = "/selections/{id}",
     .law = LAW(OPEN_SELECTION),
     .needs = PERMISSION_PUBLIC_READ,
     .owner = OWNER(selection_is_seen),
     .reply = &selection_schema,
     SUMMARY("Show a selection, with its ranking once reviewed", "查看遴选"),
     .run = selection_show},
    {.method = HTTP_PUT,
     .path = "/selections/{id}",
     .law = LAW(OPEN_SELECTION),
     .needs = PERMISSION_SELECTION_RUN,
     .body = &selection_body_schema,
     .reply = &selection_schema,
     SUMMARY("Edit the draft", "修改草稿"),
     .run = selection_edit},
    STEP("publish", OPEN_SELECTION, PERMISSION_SELECTION_DECIDE, &empty_schema, "Publish the notice",
         "发布公告", selection_publish),
    STEP("close", OPEN_SELECTION, PERMISSION_SELECTION_RUN, &empty_schema,
         "Close applications after the deadline", "申请截止", selection_close),
    STEP("end-review", JOINT_REVIEW, PERMISSION_SELECTION_RUN, &empty_schema, "End the joint review",
         "结束联合评审", selection_end_review),
    STEP("decide", JOINT_REVIEW, PERMISSION_SELECTION_DECIDE, &decide_schema,
         "Decide for the first in the ranking", "决定拟选定主体", selection_decide),
    STEP("publicise", JOINT_REVIEW, PERMISSION_SELECTION_RUN, &publicise_schema, "Publicise the outcome",
         "公示结果", selection_publicise),
    STEP("file", JOINT_REVIEW, PERMISSION_SELECTION_RUN, &empty_schema,
         "File the outcome with the city government", "向市政府备案", selection_file),
    STEP("cancel", REASONS, PERMISSION_SELECTION_DECIDE, &reason_schema,
         "Cancel the selection, with the reason", "终止遴选并说明理由", selection_cancel),
    {.method = HTTP_GET,
     .path = "/selections/{id}/history",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_PUBLIC_READ,
     .owner = OWNER(selection_is_seen),
     .reply = &history_schema,
     SUMMARY("Every step of it", "遴选办理经过"),
     .run = selection_history},
    {.method = HTTP_GET,
     .path = "/selections/{id}/actions",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_SELECTION_RUN,
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = selection_actions},
    {.method = HTTP_POST,
     .path = "/selections/{id}/applications",
     .law = LAW(OPERATOR_ELIGIBILITY),
     .needs = PERMISSION_SELECTION_APPLY,
     .body = &application_new_schema,
     .reply = &application_schema,
     SUMMARY("Apply to be the operator", "申请成为运营主体"),
     .run = application_submit},
    {.method = HTTP_GET,
     .path = "/selections/{id}/applications",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_APPLICATION_READ,
     .reply = &application_schema,
     .list = true,
     SUMMARY("Applications", "申请列表"),
     .run = application_list},
    {.method = HTTP_POST,
     .path = "/selections/{id}/scorers",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_SELECTION_RUN,
     .body = &scorer_new_schema,
     .reply = &scorer_schema,
     SUMMARY("Name a scorer", "指定评审人"),
     .run = scorer_add},
    {.method = HTTP_GET,
     .path = "/selections/{id}/scorers",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_SELECTION_SCORE,
     .reply = &scorer_schema,
     .list = true,
     SUMMARY("Scorers", "评审人列表"),
     .run = scorer_list},
    {.method = HTTP_POST,
     .path = "/selections/{id}/declaration",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_SELECTION_SCORE,
     .body = &declaration_schema,
     .reply = &scorer_schema,
     SUMMARY("Declare whether one has an interest", "声明有无利害关系"),
     .run = scorer_declare},
    {.method = HTTP_POST,
     .path = "/selections/{id}/scores",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_SELECTION_SCORE,
     .body = &score_new_schema,
     .reply = &reply_step_schema,
     SUMMARY("Score an application by the criteria", "评分"),
     .run = score_give},
    {.method = HTTP_POST,
     .path = "/selections/{id}/objections",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_PUBLIC_READ,
     .body = &objection_new_schema,
     .reply = &reply_step_schema,
     SUMMARY("Object to the outcome during publicity", "公示期提出异议"),
     .run = objection_raise},
    {.method = HTTP_GET,
     .path = "/selections/{id}/objections",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_SELECTION_RUN,
     .reply = &objection_schema,
     .list = true,
     SUMMARY("Objections", "异议列表"),
     .run = objection_list},
    {.method = HTTP_POST,
     .path = "/selections/{id}/objections/{objection_id}/settle",
     .law = LAW(JOINT_REVIEW),
     .needs = PERMISSION_SELECTION_RUN,
     .body = &settle_schema,
     .reply = &reply_step_schema,
     SUMMARY("Settle an objection", "答复异议"),
     .run = objection_settle},
    {0},
};
