/* Closing rooms: what runs is stopped, the keys of the room's results and imports are destroyed. */
#include "affairs/agreement/agreement.h"
#include "affairs/room/room_inner.h"
#include "base/mutation.h"
#include "http/rows.h"

#include <string.h>

struct closing {
    row_id agreement;
    row_id room;
    struct store_rows rooms;
    struct store_rows imports;
    json_t *certificates;
};

static enum result find_rooms(struct request *request, void *argument)
{
    struct closing *closing = argument;
    return store_many(request->work.tx, request->work.arena, SQL_ROOMS_OF_AGREEMENT,
                      STORE_BINDS({"agreement", store_integer(closing->agreement)}), &closing->rooms);
}

static enum result find_imports(struct request *request, void *argument)
{
    struct closing *closing = argument;
    return store_many(request->work.tx, request->work.arena, SQL_IMPORT_ALL,
                      STORE_BINDS({"room", store_integer(closing->room)}), &closing->imports);
}

static enum result destroy(struct request *request, const char *kind, row_id id, json_t *certificates)
{
    json_t *certificate;
    const char *key = arena_printf(request->work.arena, "%s/%lld", kind, (long long)id);
    enum result result = keeper_key_destroy(request->app->keeper, key, &certificate);
    if (result == RESULT_NOT_FOUND) /* perhaps it was destroyed, and the certificate not kept yet */
        result = keeper_key_certificate(request->app->keeper, key, &certificate);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    TRY(result);
    json_array_append_new(certificates, certificate);
    return RESULT_OK;
}

/* All that a room holds but its granted slices, whose keys are the grants'. */
static enum result destroy_room(struct request *request, row_id room, json_t *certificates)
{
    struct closing closing = {.room = room};
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    TRY(request_read(request, find_imports, &closing));
    for (size_t i = 0; i < closing.imports.count; i++)
        TRY(destroy(request, "import", row_integer(&closing.imports.rows[i], "id"), certificates));
    return destroy(request, "room", room, certificates);
}

static enum result stop_room(struct request *request, row_id room)
{
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    enum result result =
        keeper_cancel(request->app->keeper, arena_printf(request->work.arena, "room/%lld", (long long)room));
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* ---- with the agreement ---- */

enum result room_stop_all(struct request *request, row_id agreement)
{
    struct closing closing = {.agreement = agreement};
    TRY(request_read(request, find_rooms, &closing));
    for (size_t i = 0; i < closing.rooms.count; i++)
        TRY(stop_room(request, row_integer(&closing.rooms.rows[i], "id")));
    return RESULT_OK;
}

static enum result keep_certificates(struct work *work, const struct store_row *room,
                                     const json_t *certificates)
{
    size_t i;
    json_t *certificate;
    json_array_foreach (certificates, i, certificate)
        TRY(agreement_keep_certificate(work, row_integer(room, "agreement_id"), certificate));
    return RESULT_OK;
}

/* A room that its operator closed before is gone over too: a crash may have left its keys. */
static enum result end_room(struct request *request, void *argument)
{
    const struct closing *closing = argument;
    struct work *work = &request->work;
    struct store_row row;
    TRY(room_by_id(work, closing->room, &row));
    TRY(keep_certificates(work, &row, closing->certificates));
    if (strcmp(row_text(&row, "state"), "open") != 0)
        return work_record(work, "end", "room", closing->room, LAW(EXIT_CLOSE), NULL);
    return workflow_step(work, request->app->workflows, &room_workflow, closing->room, "end", NULL, NULL,
                         NULL, NULL);
}

enum result room_end_all(struct request *request, row_id agreement)
{
    struct closing closing = {.agreement = agreement};
    TRY(request_read(request, find_rooms, &closing));
    for (size_t i = 0; i < closing.rooms.count; i++) {
        closing.room = row_integer(&closing.rooms.rows[i], "id");
        closing.certificates = json_keep(request->work.arena, json_array());
        TRY(destroy_room(request, closing.room, closing.certificates));
        TRY(request_write(request, end_room, &closing));
    }
    return RESULT_OK;
}

/* ---- by its operator ---- */

/* One that is closed may be asked again: the keeper may have been gone, or a crash have come in between,
 * before its keys were destroyed. */
static enum result close_room(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_row row;
    (void)argument;
    TRY(room_by_id(work, request_id(request, "id"), &row));
    if (strcmp(row_text(&row, "state"), "closed") == 0)
        return RESULT_OK;
    return workflow_step(work, request->app->workflows, &room_workflow, request_id(request, "id"), "close",
                         json_text(request->body, "reason"), request->body, NULL, NULL);
}

static enum result record_deletion(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_row row;
    TRY(room_by_id(work, request_id(request, "id"), &row));
    TRY(keep_certificates(work, &row, argument));
    TRY(work_record(work, "destroy_keys", "room", request_id(request, "id"), LAW(FUSION), NULL));
    return reply_row(request, &row);
}

enum result room_close(struct request *request)
{
    json_t *certificates = json_keep(request->work.arena, json_array());
    TRY(request_write(request, close_room, NULL)); /* first: from here on nothing new can start */
    TRY(stop_room(request, request_id(request, "id")));
    if (!mutation_without("closing_destroys_keys"))
        TRY(destroy_room(request, request_id(request, "id"), certificates));
    return request_write(request, record_deletion, certificates);
}

/* ---- after a restore ---- */

enum result room_key_destroyed(struct work *work, const struct app *app, row_id room,
                               const json_t *certificate)
{
    struct store_row row;
    enum result result = room_by_id(work, room, &row);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* the backup is older than the room */
    TRY(result);
    if (strcmp(row_text(&row, "state"), "open") != 0)
        return RESULT_OK;
    TRY(agreement_keep_certificate(work, row_integer(&row, "agreement_id"), certificate));
    return workflow_step(work, app->workflows, &room_workflow, room, "end", NULL, NULL, NULL, NULL);
}
