#include "affairs/rule/rule.h"

#include "affairs/document/document.h"
#include "affairs/rule/rule_schema.h"
#include "base/mutation.h"
#include "http/declare.h"
#include "http/rows.h"

#include <string.h>

enum result rule_in_force(struct work *work, const char *kind, row_id owner, day on, struct rule *ret_rule)
{
    struct store_row row;
    TRY(store_one(
        work->tx, work->arena, SQL_RULE_IN_FORCE,
        STORE_BINDS({"kind", store_text(kind)}, {"owner", store_integer(owner)}, {"day", store_integer(on)}),
        &row));
    const char *text = row_text(&row, "parameters");
    json_t *parameters;
    TRY(json_read(work->arena, text, strlen(text), &parameters, work->refusal));
    int version = (int)row_integer(&row, "version");
    *ret_rule = (struct rule){.id = row_integer(&row, "id"),
                              .version = version,
                              .cite = arena_printf(work->arena, "%s@%d", kind, version),
                              .parameters = json_keep(work->arena, parameters)};
    return RESULT_OK;
}

/* ---- routes ---- */

static enum result find(struct request *request, row_id id, struct store_row *ret_row)
{
    return store_one(request->work.tx, request->work.arena, SQL_RULE_BY_ID,
                     STORE_BINDS({"id", store_integer(id)}), ret_row);
}

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(find(request, id, &row));
    return reply_row(request, &row);
}

static enum result weights_are_not_all_zero(struct work *work, const struct rule_kind *kind,
                                            const json_t *parameters)
{
    if (strcmp(kind->name, "revenue") != 0)
        return RESULT_OK;
    const char *name;
    json_t *weight;
    json_object_foreach ((json_t *)parameters, name, weight)
        if (json_integer_value(weight) > 0)
            return RESULT_OK;
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(REVENUE), .field = "/parameters",
                  .zh = "各方权重不能都是零", .en = "the weights cannot all be zero",
                  .remedy_zh = "至少一方权重大于零", .remedy_en = "give at least one party a weight");
}

/* An issuer, a version and a date in force: the version is counted by the store, the rest is checked here. */
static enum result rule_is_whole(struct request *request)
{
    struct work *work = &request->work;
    const struct rule_kind *kind = rule_kind_by_name(json_text(request->body, "kind"));
    if (!mutation_without("rule_is_whole") && (kind->issuers & (1u << request->actor.role)) == 0)
        return REFUSE(work, .result = RESULT_FORBIDDEN, .law = LAW(RULE_LIBRARY), .field = "/kind",
                      .zh = "本单位不发布这类规则", .en = "your party does not issue rules of this kind",
                      .remedy_zh = "准入退出规则由运营主体发布，其余由市数据局发布",
                      .remedy_en = "admission rules are the operator's, all others the bureau's");
    const json_t *parameters = json_object_get(request->body, "parameters");
    TRY(schema_check(work->arena, kind->parameters, parameters, work->refusal));
    TRY(weights_are_not_all_zero(work, kind, parameters));
    if (!mutation_without("rule_is_whole") && body_day(request, "from_day").integer < work_today(work))
        return REFUSE(work, .result = RESULT_INVALID, .law = LAW(RULE_LIBRARY), .field = "/from_day",
                      .zh = "施行日不能早于今天", .en = "a rule cannot be in force before today",
                      .remedy_zh = "改为今天或以后", .remedy_en = "choose today or later");
    return RESULT_OK;
}

static enum result rule_draft(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    struct store_value document = body_integer(request, "document_id");
    TRY(rule_is_whole(request));
    if (document.type == STORE_INTEGER)
        TRY(document_belongs(work, document.integer, request->actor.party, "/document_id", NULL));
    TRY(store_one(work->tx, work->arena, SQL_RULE_INSERT,
                  STORE_BINDS({"kind", body_text(request, "kind")},
                              {"owner", store_integer(request->actor.party)},
                              {"title", body_text(request, "title")}, {"document", document},
                              {"parameters", body_json(request, "parameters")},
                              {"from", body_day(request, "from_day")}),
                  &row));
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(work, &rule_workflow, id, "draft", request->body, NULL));
    request->status = 201;
    return show(request, id);
}

static enum result rule_list(struct request *request)
{
    struct store_rows rows;
    bool all = request->actor.role == ROLE_BUREAU || request->actor.role == ROLE_REGULATOR ||
               request->actor.role == ROLE_AUDIT_ADMIN;
    TRY(store_many(request->work.tx, request->work.arena, SQL_RULE_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"kind", query_text(request, "kind")},
                               {"owner", query_integer(request, "owner_id")}, {"all", store_integer(all)},
                               {"own", store_integer(request->actor.party)}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result rule_is_seen(struct request *request)
{
    struct store_row row;
    TRY(find(request, request_id(request, "id"), &row));
    bool all = request->actor.role == ROLE_BUREAU || request->actor.role == ROLE_REGULATOR ||
               request->actor.role == ROLE_AUDIT_ADMIN;
    bool seen = all || strcmp(row_text(&row, "state"), "in_force") == 0 ||
                row_integer(&row, "owner_id") == request->actor.party;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

/* Whoever may read a rule of another cannot put it before the bureau. */
static enum result rule_is_ones_own(struct request *request)
{
    struct store_row row;
    TRY(find(request, request_id(request, "id"), &row));
    return row_integer(&row, "owner_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result rule_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

static enum result step(struct request *request, const char *event)
{
    int state;
    TRY(workflow_step(&request->work, request->app->workflows, &rule_workflow, request_id(request, "id"),
                      event, json_text(request->body, "reason"), request->body, NULL, &state));
    return reply_step(request, request_id(request, "id"), rule_workflow.states[state]);
}

static enum result rule_submit(struct request *request)
{
    return step(request, "submit");
}

/* In force after the consent, never before it: a day that has passed meanwhile becomes today. */
static enum result rule_consent(struct request *request)
{
    struct work *work = &request->work;
    TRY(store_exec(work->tx, SQL_RULE_NOT_BEFORE,
                   STORE_BINDS({"id", store_integer(request_id(request, "id"))},
                               {"today", store_integer(work_today(work))}),
                   NULL));
    return step(request, "consent");
}

static enum result rule_return(struct request *request)
{
    return step(request, "return");
}

static enum result rule_history(struct request *request)
{
    return reply_history(request, &rule_workflow, request_id(request, "id"));
}

static enum result rule_actions(struct request *request)
{
    return reply_actions(request, &rule_workflow, request_id(request, "id"), NULL);
}

const struct route rule_routes[] = {
    {.method = HTTP_POST,
     .path = "/rules",
     .law = LAW(RULE_LIBRARY),
     .needs = PERMISSION_RULE_DRAFT,
     .body = &rule_new_schema,
     .reply = &rule_schema,
     SUMMARY("Draft a version of a rule", "起草规则版本"),
     .run = rule_draft},
    {.method = HTTP_GET,
     .path = "/rules",
     .law = LAW(RULE_LIBRARY),
     .needs = PERMISSION_RULE_READ,
     .query = &rule_query_schema,
     .reply = &rule_schema,
     .list = true,
     SUMMARY("The rule library", "制度规则库"),
     .run = rule_list},
    {.method = HTTP_GET,
     .path = "/rules/{id}",
     .law = LAW(RULE_LIBRARY),
     .needs = PERMISSION_RULE_READ,
     .owner = OWNER(rule_is_seen),
     .reply = &rule_schema,
     SUMMARY("Show a version of a rule", "查看规则版本"),
     .run = rule_show},
    {.method = HTTP_POST,
     .path = "/rules/{id}/submit",
     .law = LAW(RULE_LIBRARY),
     .needs = PERMISSION_RULE_DRAFT,
     .owner = OWNER(rule_is_ones_own),
     .body = &empty_schema,
     .reply = &reply_step_schema,
     SUMMARY("Put a rule before the bureau", "提请市数据局同意"),
     .run = rule_submit},
    {.method = HTTP_POST,
     .path = "/rules/{id}/consent",
     .law = LAW(ADMISSION_RULES),
     .needs = PERMISSION_RULE_DECIDE,
     .body = &empty_schema,
     .reply = &reply_step_schema,
     SUMMARY("Consent: the rule is in force from its day", "同意施行"),
     .run = rule_consent},
    {.method = HTTP_POST,
     .path = "/rules/{id}/return",
     .law = LAW(REASONS),
     .needs = PERMISSION_RULE_DECIDE,
     .body = &reason_schema,
     .reply = &reply_step_schema,
     SUMMARY("Return a rule, with the reason", "退回并说明理由"),
     .run = rule_return},
    {.method = HTTP_GET,
     .path = "/rules/{id}/history",
     .law = LAW(RULE_LIBRARY),
     .needs = PERMISSION_RULE_READ,
     .owner = OWNER(rule_is_seen),
     .reply = &history_schema,
     SUMMARY("How a rule came to be", "规则办理经过"),
     .run = rule_history},
    {.method = HTTP_GET,
     .path = "/rules/{id}/actions",
     .law = LAW(RULE_LIBRARY),
     .needs = PERMISSION_RULE_READ,
     .owner = OWNER(rule_is_seen),
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = rule_actions},
    {0},
};
