#include "affairs/resource/resource_inner.h"
#include "affairs/resource/resource_schema.h"
#include "base/mutation.h"
#include "http/declare.h"
#include "http/rows.h"

#include <string.h>

#define BODY_BINDS(request)                                                                                  \
    {"title", body_text(request, "title")}, {"abstract", body_text(request, "abstract")},                    \
        {"category", body_text(request, "category")}, {"industry", body_text(request, "industry")},          \
        {"region", body_text(request, "region")}, {"period_from", body_day(request, "period_from")},         \
        {"period_to", body_day(request, "period_to")}, {"format", body_text(request, "format")},             \
        {"share_type", body_text(request, "share_type")}, {"openness", body_text(request, "openness")},      \
        {"share_mode", body_text(request, "share_mode")}, {"conditions", body_text(request, "conditions")},  \
        {"update_cycle_days", body_integer(request, "update_cycle_days")},                                   \
        {"personal", body_integer(request, "personal")}, {"origin", body_text(request, "origin")},           \
        {"subject_item", body_text(request, "subject_item")},                                                \
        {"subject_kind", body_text(request, "subject_kind")},                                                \
    {                                                                                                        \
        "updated_day", body_day(request, "updated_day")                                                      \
    }

static struct store_value number_or_null(const json_t *item, const char *name)
{
    const json_t *value = json_object_get(item, name);
    return json_is_number(value) ? store_real(json_number_value(value)) : store_null();
}

static struct store_value integer_or_null(const json_t *item, const char *name)
{
    const json_t *value = json_object_get(item, name);
    return json_is_integer(value) ? store_integer(json_integer_value(value)) : store_null();
}

static enum result insert_item(struct work *work, row_id resource, int64_t version, size_t position,
                               const json_t *item)
{
    enum result result = store_exec(
        work->tx, SQL_RESOURCE_ITEM_INSERT,
        STORE_BINDS(
            {"resource", store_integer(resource)}, {"version", store_integer(version)},
            {"position", store_integer((int64_t)position)}, {"name", store_text(json_text(item, "name"))},
            {"title", store_text(json_text(item, "title"))}, {"type", store_text(json_text(item, "type"))},
            {"length", integer_or_null(item, "length")},
            {"nullable", store_integer(json_boolean_or(item, "nullable", false))},
            {"use", store_text(json_text(item, "use"))}, {"level", integer_or_null(item, "level")},
            {"sensitive", store_text(json_text(item, "sensitive"))},
            {"filterable", store_integer(json_boolean_or(item, "filterable", false))},
            {"low", number_or_null(item, "low")}, {"high", number_or_null(item, "high")}),
        NULL);
    if (result != RESULT_CONFLICT)
        return result;
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(RESOURCE_STANDARD),
                  .field = arena_printf(work->arena, "/items/%zu/name", position), .zh = "数据项重名",
                  .en = "two items have this name", .remedy_zh = "为其中一项改名或删去",
                  .remedy_en = "rename or drop one of them");
}

static enum result replace_items(struct request *request, row_id resource, int64_t version)
{
    struct work *work = &request->work;
    size_t i;
    json_t *item;
    TRY(store_exec(work->tx, SQL_RESOURCE_ITEM_DELETE,
                   STORE_BINDS({"resource", store_integer(resource)}, {"version", store_integer(version)}),
                   NULL));
    json_array_foreach (json_object_get(request->body, "items"), i, item)
        TRY(insert_item(work, resource, version, i, item));
    return RESULT_OK;
}

static enum result items_json(struct work *work, const struct store_row *row, json_t **ret_items)
{
    struct store_rows items;
    TRY(resource_items(work, row_integer(row, "id"), (int)row_integer(row, "version"), &items));
    json_t *list = json_array();
    for (size_t i = 0; i < items.count; i++)
        json_array_append_new(list, row_to_json(work->arena, &resource_item_schema, &items.rows[i]));
    *ret_items = list;
    return RESULT_OK;
}

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    json_t *items;
    TRY(resource_by_id(&request->work, id, &row));
    TRY(items_json(&request->work, &row, &items));
    TRY(reply_row(request, &row));
    json_object_set_new(request->reply, "items", items);
    return RESULT_OK;
}

static enum result step(struct request *request, row_id id, const char *event)
{
    return workflow_step(&request->work, request->app->workflows, &resource_workflow, id, event,
                         json_text(request->body, "reason"), request->body, NULL, NULL);
}

static enum result resource_draft(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    enum result result = store_one(work->tx, work->arena, SQL_RESOURCE_INSERT,
                                   STORE_BINDS({"party", store_integer(request->actor.party)},
                                               {"code", body_text(request, "code")},
                                               {"at", store_integer(work_now(work))}, BODY_BINDS(request)),
                                   &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(RESOURCE_CATALOGUE), .field = "/code",
                      .zh = "资源代码在全市已被使用", .en = "this code is taken in the city's catalogue",
                      .remedy_zh = "换一个代码", .remedy_en = "choose another code");
    TRY(result);
    row_id id = row_integer(&row, "id");
    TRY(replace_items(request, id, 1));
    TRY(workflow_open(work, &resource_workflow, id, "draft", request->body, NULL));
    request->status = 201;
    return show(request, id);
}

static enum result write_version(struct request *request, row_id id, int64_t version)
{
    struct work *work = &request->work;
    TRY(store_exec(work->tx, SQL_RESOURCE_UPDATE,
                   STORE_BINDS({"id", store_integer(id)}, {"version", store_integer(version)},
                               {"at", store_integer(work_now(work))}, BODY_BINDS(request)),
                   NULL));
    return replace_items(request, id, version);
}

static enum result code_is_unchanged(struct request *request, const struct store_row *row)
{
    if (strcmp(row_text(row, "code"), json_text(request->body, "code")) == 0)
        return RESULT_OK;
    return REFUSE(&request->work, .result = RESULT_INVALID, .law = LAW(RESOURCE_CATALOGUE), .field = "/code",
                  .zh = "资源代码不可更改", .en = "the code of a resource does not change",
                  .remedy_zh = "沿用原代码，或另行编制新资源",
                  .remedy_en = "keep the code, or draft another resource");
}

static enum result resource_edit(struct request *request)
{
    struct store_row row;
    row_id id = request_id(request, "id");
    TRY(resource_by_id(&request->work, id, &row));
    TRY(code_is_unchanged(request, &row));
    TRY(write_version(request, id, row_integer(&row, "version")));
    TRY(step(request, id, "edit"));
    return show(request, id);
}

/* A correction is a new version; a grade holds for the version that was graded, so it must be given anew. */
static enum result resource_correct(struct request *request)
{
    struct store_row row;
    row_id id = request_id(request, "id");
    TRY(resource_by_id(&request->work, id, &row));
    TRY(code_is_unchanged(request, &row));
    TRY(write_version(request, id, row_integer(&row, "version") + 1));
    TRY(store_exec(request->work.tx, SQL_RESOURCE_CLEAR_GRADE, STORE_BINDS({"id", store_integer(id)}), NULL));
    TRY(step(request, id, "correct"));
    return show(request, id);
}

static enum result resource_register(struct request *request)
{
    TRY(step(request, request_id(request, "id"), "register"));
    return show(request, request_id(request, "id"));
}

static enum result resource_grade(struct request *request)
{
    row_id id = request_id(request, "id");
    TRY(store_exec(request->work.tx, SQL_RESOURCE_SET_GRADE,
                   STORE_BINDS({"id", store_integer(id)}, {"grade", body_text(request, "grade")},
                               {"level", body_integer(request, "level")},
                               {"at", store_integer(work_now(&request->work))}),
                   NULL));
    TRY(step(request, id, "grade"));
    return show(request, id);
}

static enum result resource_withdraw(struct request *request)
{
    TRY(step(request, request_id(request, "id"), "withdraw"));
    return show(request, request_id(request, "id"));
}

static enum result resource_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_RESOURCE_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"provider", query_integer(request, "provider")},
                               {"overdue", store_integer(json_boolean_or(request->query, "overdue", false))},
                               {"own", store_integer(request->actor.party)}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result resource_is_seen(struct request *request)
{
    struct store_row row;
    TRY(resource_by_id(&request->work, request_id(request, "id"), &row));
    bool seen = strcmp(row_text(&row, "state"), "draft") != 0 ||
                row_integer(&row, "party_id") == request->actor.party;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result resource_of_own_party(struct request *request)
{
    struct store_row row;
    TRY(resource_by_id(&request->work, request_id(request, "id"), &row));
    return row_integer(&row, "party_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result resource_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

static enum result resource_history(struct request *request)
{
    return reply_history(request, &resource_workflow, request_id(request, "id"));
}

static enum result resource_actions(struct request *request)
{
    return reply_actions(request, &resource_workflow, request_id(request, "id"), NULL);
}

/* ---- what the source agent found ---- */

/* The newest day that the source measured moves the resource on, and ends an overdue alert. */
static enum result note_newest_day(struct request *request, const struct store_row *resource)
{
    struct work *work = &request->work;
    const json_t *description = json_object_get(request->body, "description");
    const char *newest = json_text(json_object_get(description, "quality"), "newest_day");
    day newest_day;
    if (newest == NULL || day_parse(newest, &newest_day) != RESULT_OK ||
        strcmp(row_text(resource, "state"), "registered") != 0)
        return RESULT_OK;
    return store_exec(
        work->tx, SQL_RESOURCE_SET_UPDATED,
        STORE_BINDS({"id", store_integer(row_integer(resource, "id"))}, {"day", store_integer(newest_day)}),
        NULL);
}

static enum result description_take(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row, resource;
    const char *code = json_text(request->body, "resource");
    TRY(store_one(work->tx, work->arena, SQL_RESOURCE_DESCRIPTION_INSERT,
                  STORE_BINDS({"party", store_integer(request->actor.party)}, {"code", store_text(code)},
                              {"description", body_json(request, "description")},
                              {"at", store_integer(work_now(work))}),
                  &row));
    if (store_one(work->tx, work->arena, SQL_RESOURCE_BY_CODE, STORE_BINDS({"code", store_text(code)}),
                  &resource) == RESULT_OK &&
        row_integer(&resource, "party_id") == request->actor.party)
        TRY(note_newest_day(request, &resource));
    row_id id = row_integer(&row, "id");
    TRY(work_record(work, "describe", "resource_description", id, LAW(OWN_DATA_DUTY), NULL));
    request->status = 201;
    return reply_step(request, id, NULL);
}

static enum result description_list(struct request *request)
{
    struct store_row row;
    struct store_rows rows;
    TRY(resource_by_id(&request->work, request_id(request, "id"), &row));
    TRY(store_many(request->work.tx, request->work.arena, SQL_RESOURCE_DESCRIPTION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"party", store_integer(row_integer(&row, "party_id"))},
                               {"code", store_text(row_text(&row, "code"))}),
                   &rows));
    return reply_page(request, &rows);
}

#define OWN .owner = OWNER(resource_of_own_party)

const struct route resource_routes[] = {
    {.method = HTTP_POST,
     .path = "/resources",
     .law = LAW(RESOURCE_CATALOGUE),
     .needs = PERMISSION_RESOURCE_WRITE,
     .body = &resource_body_schema,
     .reply = &resource_schema,
     SUMMARY("Draft a resource with its items", "编制资源及数据项"),
     .run = resource_draft},
    {.method = HTTP_GET,
     .path = "/resources",
     .law = LAW(RESOURCE_CATALOGUE),
     .needs = PERMISSION_RESOURCE_READ,
     .query = &resource_query_schema,
     .reply = &resource_schema,
     .list = true,
     SUMMARY("The city's resource catalogue: the union of all providers'", "全市资源目录"),
     .run = resource_list},
    {.method = HTTP_GET,
     .path = "/resources/{id}",
     .law = LAW(RESOURCE_CATALOGUE),
     .needs = PERMISSION_RESOURCE_READ,
     .owner = OWNER(resource_is_seen),
     .reply = &resource_schema,
     SUMMARY("Show a resource with its items", "查看资源"),
     .run = resource_show},
    {.method = HTTP_PUT,
     .path = "/resources/{id}",
     .law = LAW(RESOURCE_CATALOGUE),
     .needs = PERMISSION_RESOURCE_WRITE,
     OWN,
     .body = &resource_body_schema,
     .reply = &resource_schema,
     SUMMARY("Edit a draft", "修改草稿"),
     .run = resource_edit},
    {.method = HTTP_POST,
     .path = "/resources/{id}/register",
     .law = LAW(RESOURCE_CATALOGUE),
     .needs = PERMISSION_RESOURCE_WRITE,
     OWN,
     .body = &empty_schema,
     .reply = &resource_schema,
     SUMMARY("Register it in the city's catalogue", "登记入全市目录"),
     .run = resource_register},
    {.method = HTTP_POST,
     .path = "/resources/{id}/correct",
     .law = LAW(RESOURCE_STANDARD),
     .needs = PERMISSION_RESOURCE_WRITE,
     OWN,
     .body = &resource_body_schema,
     .reply = &resource_schema,
     SUMMARY("Correct it: a new version", "更正，形成新版本"),
     .run = resource_correct},
    {.method = HTTP_POST,
     .path = "/resources/{id}/grade",
     .law = LAW(OWN_DATA_DUTY),
     .needs = PERMISSION_RESOURCE_GRADE,
     OWN,
     .body = &resource_grade_schema,
     .reply = &resource_schema,
     SUMMARY("Confirm the sensitive items and grade the resource", "确认敏感项并分级"),
     .run = resource_grade},
    {.method = HTTP_POST,
     .path = "/resources/{id}/withdraw",
     .law = LAW(REASONS),
     .needs = PERMISSION_RESOURCE_GRADE,
     OWN,
     .body = &reason_schema,
     .reply = &resource_schema,
     SUMMARY("Withdraw it, with the reason", "撤回并说明理由"),
     .run = resource_withdraw},
    {.method = HTTP_GET,
     .path = "/resources/{id}/history",
     .law = LAW(RESOURCE_CATALOGUE),
     .needs = PERMISSION_RESOURCE_READ,
     .owner = OWNER(resource_is_seen),
     .reply = &history_schema,
     SUMMARY("How it came to be", "办理经过"),
     .run = resource_history},
    {.method = HTTP_GET,
     .path = "/resources/{id}/actions",
     .law = LAW(RESOURCE_CATALOGUE),
     .needs = PERMISSION_RESOURCE_READ,
     .owner = OWNER(resource_is_seen),
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = resource_actions},
    {.method = HTTP_GET,
     .path = "/resources/{id}/descriptions",
     .law = LAW(OWN_DATA_DUTY),
     .needs = PERMISSION_RESOURCE_WRITE,
     OWN,
     .reply = &description_schema,
     .list = true,
     SUMMARY("What the source agent found", "源端描述"),
     .run = description_list},
    {.method = HTTP_POST,
     .path = "/source/descriptions",
     .law = LAW(OWN_DATA_DUTY),
     .needs = PERMISSION_SOURCE,
     .body = &description_new_schema,
     .reply = &reply_step_schema,
     SUMMARY("Tell what was found where the rows live", "源端上报描述"),
     .run = description_take},
    {0},
};
