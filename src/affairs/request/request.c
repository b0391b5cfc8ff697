#include "affairs/agreement/agreement.h"
#include "affairs/catalogue/catalogue.h"
#include "affairs/developer/developer.h"
#include "affairs/request/request_inner.h"
#include "affairs/resource/resource.h"
#include "affairs/room/room.h"
#include "base/mutation.h"
#include "base/text.h"

#include <string.h>

enum result request_find(struct work *work, row_id id, struct store_row *ret_row)
{
    return store_one(work->tx, work->arena, SQL_REQUEST_BY_ID, STORE_BINDS({"id", store_integer(id)}),
                     ret_row);
}

enum result request_grants_of_room(struct work *work, row_id room, struct store_rows *ret_grants)
{
    return store_many(work->tx, work->arena, SQL_CALL_GRANTS_OF_ROOM,
                      STORE_BINDS({"room", store_integer(room)}), ret_grants);
}

/* ---- guards ---- */

/* A developer needs its admission in force; the operator works in rooms of its own under its agreement. */
enum result requester_is_admitted(struct move *move)
{
    struct work *work = move->work;
    const struct request_context *context = move->context;
    struct store_row admission;
    if (row_is_null(context->room, "admission_id"))
        return agreement_in_force(work, row_integer(context->room, "agreement_id"), work->actor->party);
    return developer_admission_in_force(work, row_integer(context->room, "admission_id"), &admission);
}

enum result entry_may_be_used(struct move *move)
{
    const struct request_context *context = move->context;
    return catalogue_may_use(move->work, row_integer(context->entry, "id"),
                             row_integer(context->room, "agreement_id"));
}

static const struct store_row *find_item(const struct store_rows *items, const char *name)
{
    for (size_t i = 0; i < items->count; i++)
        if (text_equal(row_text(&items->rows[i], "name"), name))
            return &items->rows[i];
    return NULL;
}

static enum result column_is_offered(struct work *work, const struct store_rows *items, const char *name,
                                     const char *field)
{
    const struct store_row *item = find_item(items, name);
    if (item != NULL && strcmp(row_text(item, "use"), "forbidden") != 0)
        return RESULT_OK;
    return REFUSE(
        work, .result = RESULT_INVALID, .law = LAW(CALL_REVIEW), .field = field,
        .zh = arena_printf(work->arena, "目录条目不提供数据项“%s”", name != NULL ? name : ""),
        .en = arena_printf(work->arena, "the entry does not offer the item \"%s\"", name != NULL ? name : ""),
        .remedy_zh = "从目录条目的数据项中选择",
        .remedy_en = "choose among the items of the catalogue entry");
}

enum result columns_are_offered(struct move *move)
{
    struct work *work = move->work;
    const struct request_context *context = move->context;
    struct store_rows items;
    TRY(resource_items(work, row_integer(context->entry, "resource_id"),
                       (int)row_integer(context->entry, "resource_version"), &items));
    size_t i;
    json_t *member;
    json_array_foreach (json_object_get(context->body, "columns"), i, member)
        TRY(column_is_offered(work, &items, json_string_value(member),
                              arena_printf(work->arena, "/columns/%zu", i)));
    json_array_foreach (json_object_get(context->body, "rows"), i, member)
        TRY(column_is_offered(work, &items, json_text(member, "column"),
                              arena_printf(work->arena, "/rows/%zu/column", i)));
    const json_t *period = json_object_get(context->body, "period");
    if (period != NULL)
        TRY(column_is_offered(work, &items, json_text(period, "column"), "/period/column"));
    return RESULT_OK;
}

enum result request_is_for_own_operator(struct move *move)
{
    struct store_row row;
    TRY(request_find(move->work, move->object_id, &row));
    return row_integer(&row, "operator_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result request_may_still_be_used(struct move *move)
{
    struct store_row row;
    TRY(request_find(move->work, move->object_id, &row));
    return catalogue_may_use(move->work, row_integer(&row, "entry_id"), row_integer(&row, "agreement_id"));
}

static enum result room_is_open(struct work *work, const struct store_row *room)
{
    if (strcmp(row_text(room, "state"), "open") == 0)
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(SAFE_ROOM), .field = "room",
                  .zh = "该开发环境已关闭", .en = "the room is closed", .remedy_zh = "请运营主体另开",
                  .remedy_en = "ask the operator for another room");
}

/* A closed room takes nothing in. */
enum result requesting_room_is_open(struct move *move)
{
    const struct request_context *context = move->context;
    struct store_row row, room;
    if (context != NULL)
        return room_is_open(move->work, context->room);
    TRY(request_find(move->work, move->object_id, &row));
    TRY(room_by_id(move->work, row_integer(&row, "room_id"), &room));
    return room_is_open(move->work, &room);
}

enum result request_usable(struct work *work, const struct store_row *row)
{
    struct store_row room;
    TRY(room_by_id(work, row_integer(row, "room_id"), &room));
    TRY(room_is_open(work, &room));
    return catalogue_may_use(work, row_integer(row, "entry_id"), row_integer(row, "agreement_id"));
}

enum result order_is_of_own_source(struct move *move)
{
    struct store_row row;
    TRY(request_find(move->work, move->object_id, &row));
    return row_integer(&row, "provider_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

/* ---- exit ---- */

struct ending {
    row_id agreement;
    row_id grant;
    row_id request_id;
    struct store_rows grants;
    const json_t *certificate; /* NULL: the grant never had a key */
};

static enum result find_grants(struct request *request, void *argument)
{
    struct ending *ending = argument;
    return store_many(request->work.tx, request->work.arena, SQL_CALL_GRANTS_TO_END,
                      STORE_BINDS({"agreement", store_integer(ending->agreement)}), &ending->grants);
}

static enum result end_one(struct work *work, workflow_list workflows, const struct ending *ending)
{
    struct store_value grant = store_integer(ending->grant);
    TRY(store_exec(work->tx, SQL_CALL_GRANT_SET_STATE,
                   STORE_BINDS({"id", grant}, {"state", store_text("ended")}), NULL));
    TRY(store_exec(work->tx, SQL_SOURCE_ORDERS_VOID, STORE_BINDS({"grant", grant}), NULL));
    if (ending->certificate != NULL)
        TRY(agreement_keep_certificate(work, ending->agreement, ending->certificate));
    return workflow_step(work, workflows, &request_workflow, ending->request_id, "end", NULL, NULL, NULL,
                         NULL);
}

static enum result end_grant(struct request *request, void *argument)
{
    return end_one(&request->work, request->app->workflows, argument);
}

enum result request_key_destroyed(struct work *work, const struct app *app, row_id grant,
                                  const json_t *certificate)
{
    struct store_row row;
    enum result result = store_one(work->tx, work->arena, SQL_CALL_GRANT_BY_ID,
                                   STORE_BINDS({"id", store_integer(grant)}), &row);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* the backup is older than the grant */
    TRY(result);
    if (strcmp(row_text(&row, "state"), "ended") == 0)
        return RESULT_OK;
    const struct ending ending = {.agreement = row_integer(&row, "agreement_id"),
                                  .grant = grant,
                                  .request_id = row_integer(&row, "request_id"),
                                  .certificate = certificate};
    return end_one(work, app->workflows, &ending);
}

/* The key first: when this fails in between, asking again finds the grant still to be ended, its key gone,
 * and the certificate at the keeper. */
static enum result destroy(struct request *request, row_id grant, const json_t **ret_certificate)
{
    json_t *certificate;
    struct keeper *keeper = request->app->keeper;
    if (keeper == NULL)
        return RESULT_UNAVAILABLE;
    const char *key = arena_printf(request->work.arena, "grant/%lld", (long long)grant);
    enum result result = keeper_key_destroy(keeper, key, &certificate);
    if (result == RESULT_NOT_FOUND)
        result = keeper_key_certificate(keeper, key, &certificate);
    *ret_certificate = NULL;
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    TRY(result);
    *ret_certificate = json_keep(request->work.arena, certificate);
    return RESULT_OK;
}

enum result request_end_grants(struct request *request, row_id agreement)
{
    struct ending ending = {.agreement = agreement};
    TRY(request_read(request, find_grants, &ending));
    for (size_t i = 0; i < ending.grants.count; i++) {
        ending.grant = row_integer(&ending.grants.rows[i], "id");
        ending.request_id = row_integer(&ending.grants.rows[i], "request_id");
        TRY(destroy(request, ending.grant, &ending.certificate));
        TRY(request_write(request, end_grant, &ending));
    }
    return RESULT_OK;
}
