/* Queries that nobody runs any more, since their serving process has died or lost the store. */
#include "affairs/room/room_inner.h"
#include "http/background.h"

#include <stdio.h>

struct interrupted {
    struct arena *arena;
    struct store_rows rows;
    int64_t server; /* that is dead; 0: of queries from before there were numbers */
};

static enum result find(struct work *work, void *argument)
{
    struct interrupted *interrupted = argument;
    return store_many(work->tx, work->arena, SQL_QUERY_UNFINISHED, STORE_NO_BINDS, &interrupted->rows);
}

static enum result end_query(struct work *work, row_id query)
{
    int64_t changed;
    TRY(store_exec(work->tx, SQL_QUERY_SET_FAILED,
                   STORE_BINDS({"id", store_integer(query)},
                               {"zh", store_text("服务重启，查询中断，请重新提交")},
                               {"en", store_text("the service was restarted while it ran: submit it again")},
                               {"at", store_integer(work_now(work))}),
                   &changed));
    TRY(store_exec(work->tx, SQL_QUERY_RUN_END, STORE_BINDS({"query", store_integer(query)}), NULL));
    return changed == 0 ? RESULT_OK : work_record(work, "interrupt", "query", query, LAW(SAFE_ROOM), NULL);
}

/* Asked again in the unit: some may have ended meanwhile. */
static enum result end_of_server(struct work *work, void *argument)
{
    struct interrupted *interrupted = argument;
    TRY(find(work, interrupted));
    for (size_t i = 0; i < interrupted->rows.count; i++)
        if (row_integer(&interrupted->rows.rows[i], "server") == interrupted->server)
            TRY(end_query(work, row_integer(&interrupted->rows.rows[i], "id")));
    return RESULT_OK;
}

/* Who can lead in its place knows that it is dead, and keeps it from coming back meanwhile. */
static enum result end_if_dead(const struct app *app, struct arena *arena, int64_t server)
{
    struct interrupted interrupted = {.arena = arena, .server = server};
    struct store_lead *lead = NULL;
    char name[SERVER_NAME_SIZE];
    if (server == app->server && server != 0)
        return RESULT_OK;
    if (server != 0) {
        server_name(server, name);
        enum result result = store_lead(app->store, name, &lead);
        if (result != RESULT_OK)
            return result == RESULT_BUSY ? RESULT_OK : result;
    }
    enum result result = background_write(app, arena, &background_system, end_of_server, &interrupted, NULL);
    store_lead_end(lead);
    return result;
}

enum result room_end_interrupted(const struct app *app, struct arena *arena)
{
    struct interrupted interrupted = {.arena = arena};
    TRY(background_read(app, arena, &background_system, find, &interrupted, NULL));
    for (size_t i = 0; i < interrupted.rows.count; i++) {
        int64_t server = row_integer(&interrupted.rows.rows[i], "server");
        bool met = false;
        for (size_t j = 0; j < i && !met; j++)
            met = row_integer(&interrupted.rows.rows[j], "server") == server;
        if (!met)
            TRY(end_if_dead(app, arena, server));
    }
    return RESULT_OK;
}
