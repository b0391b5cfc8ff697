#include "affairs/agreement/agreement.h"
#include "affairs/catalogue/catalogue_inner.h"
#include "affairs/catalogue/catalogue_schema.h"
#include "affairs/resource/resource.h"
#include "affairs/resource/resource_schema.h"
#include "base/limits.h"
#include "base/mutation.h"
#include "base/text.h"
#include "http/declare.h"
#include "http/rows.h"
#include "store/search.h"

#include <string.h>

/* ---- the public catalogue ---- */

static enum result catalogue_list(struct request *request)
{
    struct store_rows rows;
    const char *typed = json_text(request->query, "q");
    if (text_is_blank(typed))
        TRY(store_many(request->work.tx, request->work.arena, SQL_ENTRY_PUBLIC_LIST,
                       STORE_BINDS(PAGE_BINDS(request)), &rows));
    else {
        const char *match = search_match(request->work.arena, typed);
        rows = (struct store_rows){0};
        if (match[0] != '\0')
            TRY(store_many(request->work.tx, request->work.arena, SQL_ENTRY_SEARCH,
                           STORE_BINDS(PAGE_BINDS(request), {"match", store_text(match)}), &rows));
    }
    return reply_page(request, &rows);
}

static const struct schema count_schema = {
    .name = "SearchCount",
    .fields =
        (const struct field[]){
            {"hits", FIELD_INTEGER, .required = true, .zh = "命中数，至多数到上限",
             .en = "hits, counted up to the cap"},
            {"more", FIELD_BOOLEAN, .required = true, .zh = "不止此数", .en = "there are more than that"},
            {0},
        },
};

static enum result catalogue_count(struct request *request)
{
    struct store_row row;
    int64_t hits = 0;
    const char *match = search_match(request->work.arena, json_text(request->query, "q"));
    if (match[0] != '\0') {
        TRY(store_one(
            request->work.tx, request->work.arena, SQL_ENTRY_SEARCH_COUNT,
            STORE_BINDS({"match", store_text(match)}, {"cap", store_integer(LIMIT_SEARCH_COUNT + 1)}), &row));
        hits = row_integer(&row, "hits");
    }
    bool more = hits > LIMIT_SEARCH_COUNT;
    request->reply =
        json_pack("{s:I, s:b}", "hits", (json_int_t)(more ? LIMIT_SEARCH_COUNT : hits), "more", more);
    return RESULT_OK;
}

static enum result catalogue_show(struct request *request)
{
    struct store_row row;
    struct store_rows items;
    TRY(store_one(request->work.tx, request->work.arena, SQL_ENTRY_PUBLIC,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    TRY(resource_items(&request->work, row_integer(&row, "resource_id"),
                       (int)row_integer(&row, "resource_version"), &items));
    TRY(reply_row(request, &row));
    json_t *list = json_array();
    for (size_t i = 0; i < items.count; i++)
        json_array_append_new(list, row_to_json(request->work.arena, &resource_item_schema, &items.rows[i]));
    json_object_set_new(request->reply, "items", list);
    return RESULT_OK;
}

static enum result catalogue_versions(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_ENTRY_VERSION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"entry", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

/* ---- an entry's case ---- */

static enum result show_case(struct request *request, row_id id)
{
    struct store_row row;
    TRY(catalogue_entry(&request->work, id, &row));
    return reply_row(request, &row);
}

static enum result entry_propose(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row, resource;
    row_id resource_id = json_integer_or(request->body, "resource_id", 0);
    TRY(resource_by_id(work, resource_id, &resource));
    enum result result = store_one(work->tx, work->arena, SQL_ENTRY_INSERT,
                                   STORE_BINDS({"resource", store_integer(resource_id)}), &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(AUTHORISED_CATALOGUE),
                      .field = "/resource_id", .zh = "该资源已有目录条目",
                      .en = "this resource has an entry already",
                      .remedy_zh = "对已有条目办理修订或重新征求意见",
                      .remedy_en = "revise that entry, or propose it again");
    TRY(result);
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(work, &entry_workflow, id, "propose", request->body, &resource));
    request->status = 201;
    return show_case(request, id);
}

static enum result entry_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own =
        request->actor.role == ROLE_PROVIDER ? store_integer(request->actor.party) : store_null();
    TRY(store_many(request->work.tx, request->work.arena, SQL_ENTRY_CASES,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own}), &rows));
    return reply_page(request, &rows);
}

static enum result entry_is_seen(struct request *request)
{
    struct store_row row;
    TRY(catalogue_entry(&request->work, request_id(request, "id"), &row));
    bool seen =
        request->actor.role != ROLE_PROVIDER || row_integer(&row, "provider_id") == request->actor.party;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result entry_show(struct request *request)
{
    return show_case(request, request_id(request, "id"));
}

static enum result step(struct request *request, const char *event)
{
    TRY(workflow_step(&request->work, request->app->workflows, &entry_workflow, request_id(request, "id"),
                      event, json_text(request->body, "reason"), request->body, NULL, NULL));
    return show_case(request, request_id(request, "id"));
}

static enum result entry_concur(struct request *request)
{
    return step(request, "concur");
}

static enum result entry_decline(struct request *request)
{
    return step(request, "decline");
}

static enum result entry_absence(struct request *request)
{
    return step(request, "record_absence");
}

static enum result entry_again(struct request *request)
{
    return step(request, "propose_again");
}

static enum result entry_revise(struct request *request)
{
    return step(request, "revise");
}

/* Listing takes the resource as it stands now, counts the version up and shows it (二(五)1). */
static enum result entry_put_on_list(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    row_id id = request_id(request, "id");
    struct store_value number = store_integer(id), at = store_integer(work_now(work));
    TRY(workflow_step(work, request->app->workflows, &entry_workflow, id, "list", NULL, request->body, NULL,
                      NULL));
    TRY(store_one(work->tx, work->arena, SQL_ENTRY_LAST_CONSULTATION, STORE_BINDS({"entry", number}), &row));
    const char *consulted = strcmp(row_text(&row, "event"), "concur") == 0 ? "concurred" : "absent";
    TRY(store_exec(work->tx, SQL_ENTRY_TAKE_RESOURCE, STORE_BINDS({"id", number}, {"at", at}), NULL));
    TRY(store_exec(work->tx, SQL_ENTRY_VERSION_INSERT,
                   STORE_BINDS({"id", number}, {"consulted", store_text(consulted)}, {"at", at}), NULL));
    TRY(store_exec(work->tx, SQL_ENTRY_SEARCH_REMOVE, STORE_BINDS({"id", number}), NULL));
    TRY(store_one(work->tx, work->arena, SQL_ENTRY_SEARCH_TEXT, STORE_BINDS({"id", number}), &row));
    TRY(store_exec(work->tx, SQL_ENTRY_SEARCH_ADD,
                   STORE_BINDS({"id", number}, {"text", store_text(row_text(&row, "text"))}), NULL));
    TRY(work_record(work, "publish", "entry", id, LAW(AUTHORISED_CATALOGUE), NULL));
    return show_case(request, id);
}

static enum result entry_take_off_list(struct request *request)
{
    struct work *work = &request->work;
    struct store_value number = store_integer(request_id(request, "id"));
    if (!mutation_without("delisted_is_not_public"))
        TRY(store_exec(work->tx, SQL_ENTRY_DELIST, STORE_BINDS({"id", number}), NULL));
    TRY(store_exec(work->tx, SQL_ENTRY_SEARCH_REMOVE, STORE_BINDS({"id", number}), NULL));
    return step(request, "delist");
}

static enum result entry_history(struct request *request)
{
    return reply_history(request, &entry_workflow, request_id(request, "id"));
}

static enum result entry_actions(struct request *request)
{
    return reply_actions(request, &entry_workflow, request_id(request, "id"), NULL);
}

/* ---- the provider's authorisation ---- */

static enum result show_authorisation(struct request *request, row_id id)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_AUTHORISATION_BY_ID,
                  STORE_BINDS({"id", store_integer(id)}), &row));
    return reply_row(request, &row);
}

static enum result authorisation_draft(struct request *request)
{
    struct work *work = &request->work;
    struct store_row entry, row;
    row_id entry_id = json_integer_or(request->body, "entry_id", 0);
    TRY(catalogue_entry(work, entry_id, &entry));
    if (row_integer(&entry, "provider_id") != request->actor.party)
        return RESULT_NOT_FOUND;
    struct store_value agreement = body_integer(request, "agreement_id");
    if (agreement.type == STORE_INTEGER)
        TRY(agreement_in_force(work, agreement.integer, 0));
    TRY(store_one(
        work->tx, work->arena, SQL_AUTHORISATION_INSERT,
        STORE_BINDS({"entry", store_integer(entry_id)}, {"provider", store_integer(request->actor.party)},
                    {"agreement", agreement}, {"conditions", body_text(request, "conditions")},
                    {"from", body_day(request, "from_day")}, {"until", body_day(request, "until_day")}),
        &row));
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(work, &authorisation_workflow, id, "draft", request->body, &entry_id));
    request->status = 201;
    return show_authorisation(request, id);
}

static enum result authorisation_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own =
        request->actor.role == ROLE_PROVIDER ? store_integer(request->actor.party) : store_null();
    struct store_value chosen =
        request->actor.role == ROLE_OPERATOR ? store_integer(request->actor.party) : store_null();
    TRY(store_many(request->work.tx, request->work.arena, SQL_AUTHORISATION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own}, {"operator", chosen},
                               {"entry", query_integer(request, "entry_id")}),
                   &rows));
    return reply_page(request, &rows);
}

/* A provider sees its own; an operator those that are bound to no agreement or to its own. */
static enum result authorisation_is_seen(struct request *request)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_AUTHORISATION_BY_ID,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    row_id party = request->actor.party;
    bool seen = true;
    if (request->actor.role == ROLE_PROVIDER)
        seen = row_integer(&row, "provider_id") == party;
    else if (request->actor.role == ROLE_OPERATOR)
        seen = row_is_null(&row, "operator_id") || row_integer(&row, "operator_id") == party;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result authorisation_show(struct request *request)
{
    return show_authorisation(request, request_id(request, "id"));
}

static enum result authorisation_step(struct request *request, const char *event)
{
    TRY(workflow_step(&request->work, request->app->workflows, &authorisation_workflow,
                      request_id(request, "id"), event, json_text(request->body, "reason"), request->body,
                      NULL, NULL));
    return show_authorisation(request, request_id(request, "id"));
}

static enum result authorisation_approve(struct request *request)
{
    return authorisation_step(request, "approve");
}

static enum result authorisation_refuse(struct request *request)
{
    return authorisation_step(request, "refuse");
}

static enum result authorisation_revoke(struct request *request)
{
    return authorisation_step(request, "revoke");
}

static enum result authorisation_history(struct request *request)
{
    return reply_history(request, &authorisation_workflow, request_id(request, "id"));
}

static enum result authorisation_actions(struct request *request)
{
    return reply_actions(request, &authorisation_workflow, request_id(request, "id"), NULL);
}

#define ENTRY_STEP(name, clause, permission, schema, english, chinese, handler)                              \
    {                                                                                                        \
        .method = HTTP_POST, .path = "/entries/{id}/" name, .law = LAW(clause), .needs = permission,         \
        .owner = OWNER(entry_is_seen), .body = schema, .reply = &entry_case_schema,                          \
        SUMMARY(english, chinese), .run = handler                                                            \
    }
#define AUTHORISATION_STEP(name, clause, schema, english, chinese, handler)                                  \
    {                                                                                                        \
        .method = HTTP_POST, .path = "/authorisations/{id}/" name, .law = LAW(clause),                       \
        .needs = PERMISSION_AUTHORISATION_DECIDE, .owner = OWNER(authorisation_is_seen), .body = schema,     \
        .reply = &authorisation_schema, SUMMARY(english, chinese), .run = handler                            \
    }

const struct route catalogue_routes[] = {
    {.method = HTTP_GET,
     .path = "/catalogue",
     .law = LAW(AUTHORISED_CATALOGUE),
     .needs = PERMISSION_PUBLIC_READ,
     .query = &entry_query_schema,
     .reply = &entry_schema,
     .list = true,
     SUMMARY("The authorised catalogue: exactly the entries in force", "授权目录"),
     .run = catalogue_list},
    {.method = HTTP_GET,
     .path = "/catalogue/count",
     .law = LAW(AUTHORISED_CATALOGUE),
     .needs = PERMISSION_PUBLIC_READ,
     .query = &entry_search_schema,
     .reply = &count_schema,
     SUMMARY("How many entries a search finds", "检索命中数"),
     .run = catalogue_count},
    {.method = HTTP_GET,
     .path = "/catalogue/{id}",
     .law = LAW(AUTHORISED_CATALOGUE),
     .needs = PERMISSION_PUBLIC_READ,
     .reply = &entry_schema,
     .kept = true,
     SUMMARY("An entry in force, with its data items", "目录条目"),
     .run = catalogue_show},
    {.method = HTTP_GET,
     .path = "/catalogue/{id}/versions",
     .law = LAW(GRADED_UPDATE),
     .needs = PERMISSION_PUBLIC_READ,
     .reply = &entry_version_schema,
     .list = true,
     SUMMARY("Every version of an entry", "条目历次版本"),
     .run = catalogue_versions},
    {.method = HTTP_POST,
     .path = "/entries",
     .law = LAW(GRADED_UPDATE),
     .needs = PERMISSION_ENTRY_PROPOSE,
     .body = &entry_new_schema,
     .reply = &entry_case_schema,
     SUMMARY("Propose to list a resource; the provider is consulted", "提议列入目录并征求提供单位意见"),
     .run = entry_propose},
    {.method = HTTP_GET,
     .path = "/entries",
     .law = LAW(GRADED_UPDATE),
     .needs = PERMISSION_ENTRY_READ,
     .reply = &entry_case_schema,
     .list = true,
     SUMMARY("Entries with the state of their cases", "目录条目办理情况"),
     .run = entry_list},
    {.method = HTTP_GET,
     .path = "/entries/{id}",
     .law = LAW(GRADED_UPDATE),
     .needs = PERMISSION_ENTRY_READ,
     .owner = OWNER(entry_is_seen),
     .reply = &entry_case_schema,
     SUMMARY("Show an entry's case", "查看条目办理情况"),
     .run = entry_show},
    ENTRY_STEP("concur", GRADED_UPDATE, PERMISSION_ENTRY_ANSWER, &empty_schema, "Concur with listing it",
               "同意列入", entry_concur),
    ENTRY_STEP("decline", REASONS, PERMISSION_ENTRY_ANSWER, &reason_schema, "Decline, with the reason",
               "不同意并说明理由", entry_decline),
    ENTRY_STEP("record-absence", GRADED_UPDATE, PERMISSION_ENTRY_PROPOSE, &reason_schema,
               "Record that the provider did not answer in time", "记录提供单位逾期未答复", entry_absence),
    ENTRY_STEP("propose-again", GRADED_UPDATE, PERMISSION_ENTRY_PROPOSE, &empty_schema,
               "Consult the provider again", "重新征求意见", entry_again),
    ENTRY_STEP("revise", GRADED_UPDATE, PERMISSION_ENTRY_PROPOSE, &empty_schema,
               "Propose to take over the resource's new version", "提议按资源新版本修订", entry_revise),
    ENTRY_STEP("list", AUTHORISED_CATALOGUE, PERMISSION_ENTRY_LIST, &empty_schema,
               "Publish it in the authorised catalogue", "公布入授权目录", entry_put_on_list),
    ENTRY_STEP("delist", REASONS, PERMISSION_ENTRY_LIST, &reason_schema,
               "Take it off the catalogue, with the reason", "下架并说明理由", entry_take_off_list),
    {.method = HTTP_GET,
     .path = "/entries/{id}/history",
     .law = LAW(GRADED_UPDATE),
     .needs = PERMISSION_ENTRY_READ,
     .owner = OWNER(entry_is_seen),
     .reply = &history_schema,
     SUMMARY("How it came to be listed", "条目办理经过"),
     .run = entry_history},
    {.method = HTTP_GET,
     .path = "/entries/{id}/actions",
     .law = LAW(GRADED_UPDATE),
     .needs = PERMISSION_ENTRY_READ,
     .owner = OWNER(entry_is_seen),
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = entry_actions},
    {.method = HTTP_POST,
     .path = "/authorisations",
     .law = LAW(GRANT_BY_PROCEDURE),
     .needs = PERMISSION_AUTHORISATION_DRAFT,
     .body = &authorisation_new_schema,
     .reply = &authorisation_schema,
     SUMMARY("Draft the authorisation of one's listed resource", "拟定资源授权"),
     .run = authorisation_draft},
    {.method = HTTP_GET,
     .path = "/authorisations",
     .law = LAW(GRANT_BY_PROCEDURE),
     .needs = PERMISSION_AUTHORISATION_READ,
     .query = &authorisation_query_schema,
     .reply = &authorisation_schema,
     .list = true,
     SUMMARY("Authorisations by providers", "资源授权列表"),
     .run = authorisation_list},
    {.method = HTTP_GET,
     .path = "/authorisations/{id}",
     .law = LAW(GRANT_BY_PROCEDURE),
     .needs = PERMISSION_AUTHORISATION_READ,
     .owner = OWNER(authorisation_is_seen),
     .reply = &authorisation_schema,
     SUMMARY("Show an authorisation", "查看资源授权"),
     .run = authorisation_show},
    AUTHORISATION_STEP("approve", GRANT_BY_PROCEDURE, &empty_schema, "Authorise: the provider's own act",
                       "审批授权", authorisation_approve),
    AUTHORISATION_STEP("refuse", REASONS, &reason_schema, "Do not authorise, with the reason",
                       "不予授权并说明理由", authorisation_refuse),
    AUTHORISATION_STEP("revoke", REASONS, &reason_schema, "Revoke it, with the reason", "撤销授权并说明理由",
                       authorisation_revoke),
    {.method = HTTP_GET,
     .path = "/authorisations/{id}/history",
     .law = LAW(GRANT_BY_PROCEDURE),
     .needs = PERMISSION_AUTHORISATION_READ,
     .owner = OWNER(authorisation_is_seen),
     .reply = &history_schema,
     SUMMARY("How it came to be", "授权办理经过"),
     .run = authorisation_history},
    {.method = HTTP_GET,
     .path = "/authorisations/{id}/actions",
     .law = LAW(GRANT_BY_PROCEDURE),
     .needs = PERMISSION_AUTHORISATION_READ,
     .owner = OWNER(authorisation_is_seen),
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = authorisation_actions},
    {0},
};
