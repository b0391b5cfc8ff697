/* Queries: checked by the guard at once, run in the background, sealed. The developer learns that it ran and
 * the shape of the result. */
#include "affairs/room/room_inner.h"
#include "affairs/room/room_quota.h"
#include "base/mutation.h"
#include "http/background.h"
#include "http/jobs.h"
#include "http/rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct checked {
    const char *sql;
    json_t *policy;
    const char *rule;
    row_id query;
    int64_t left_ms; /* of the room's quota */
};

static enum result prepare(struct request *request, void *argument)
{
    struct checked *checked = argument;
    struct store_row room;
    TRY(room_is_worked_in(request, request_id(request, "id"), &room));
    TRY(room_is_usable(&request->work, request_id(request, "id"), &room));
    TRY(room_policy(&request->work, request_id(request, "id"), &checked->policy));
    json_keep(request->work.arena, checked->policy);
    checked->rule = arena_printf(request->work.arena, "release@%lld",
                                 (long long)json_integer_or(checked->policy, "version", 0));
    return RESULT_OK;
}

static enum result insert(struct request *request, void *argument)
{
    struct checked *checked = argument;
    struct work *work = &request->work;
    struct store_row room, row;
    TRY(room_is_usable(work, request_id(request, "id"), &room));
    TRY(store_one(work->tx, work->arena, SQL_QUERY_INSERT,
                  STORE_BINDS({"room", store_integer(request_id(request, "id"))},
                              {"account", store_integer(request->actor.account)},
                              {"sql", store_text(checked->sql)}, {"rule", store_text(checked->rule)},
                              {"at", store_integer(work_now(work))}),
                  &row));
    checked->query = row_integer(&row, "id");
    TRY(store_exec(work->tx, SQL_QUERY_RUN_ADD,
                   STORE_BINDS({"query", store_integer(checked->query)},
                               {"server", store_integer(request->app->server)}),
                   NULL));
    checked->left_ms = 1000 * row_integer(&room, "quota_seconds") - row_integer(&room, "used_ms");
    TRY(work_record(work, "run", "query", checked->query, LAW(DATA_UNSEEN), checked->rule));
    TRY(store_one(work->tx, work->arena, SQL_QUERY_BY_ID, STORE_BINDS({"id", store_integer(checked->query)}),
                  &row));
    return reply_row(request, &row);
}

/* ---- the job ---- */

struct query_job {
    row_id query;
    row_id room;
    struct actor actor;
    json_t *policy;
    char *sql;
    int64_t left_ms;
};

struct outcome {
    const struct query_job *job;
    json_t *shape; /* NULL: it failed */
    struct refusal refusal;
    int64_t used_ms;
};

static enum result record_outcome(struct work *work, void *argument)
{
    const struct outcome *outcome = argument;
    struct store_value id = store_integer(outcome->job->query), at = store_integer(work_now(work));
    int64_t changed;
    if (outcome->shape != NULL)
        TRY(store_exec(work->tx, SQL_QUERY_SET_DONE,
                       STORE_BINDS({"id", id}, {"shape", store_text(json_print(work->arena, outcome->shape))},
                                   {"at", at}),
                       &changed));
    else
        TRY(store_exec(work->tx, SQL_QUERY_SET_FAILED,
                       STORE_BINDS({"id", id}, {"zh", store_text(outcome->refusal.zh)},
                                   {"en", store_text(outcome->refusal.en)}, {"at", at}),
                       &changed));
    TRY(store_exec(work->tx, SQL_QUERY_RUN_END, STORE_BINDS({"query", id}), NULL));
    TRY(store_exec(
        work->tx, SQL_ROOM_ADD_USE,
        STORE_BINDS({"id", store_integer(outcome->job->room)}, {"ms", store_integer(outcome->used_ms)}),
        NULL));
    /* Ended before by another process, which took this one for dead: only the time it used is noted. */
    const char *event = changed == 0 ? "late" : outcome->shape != NULL ? "seal" : "fail";
    return work_record(work, event, "query", outcome->job->query, LAW(DATA_UNSEEN), NULL);
}

/* It may have waited long for its turn: cancelled meanwhile, or its room closed. */
static enum result still_wanted(struct work *work, void *argument)
{
    const struct query_job *job = argument;
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_QUERY_BY_ID, STORE_BINDS({"id", store_integer(job->query)}),
                  &row));
    if (strcmp(row_text(&row, "state"), "running") != 0)
        return RESULT_CANCELLED;
    return room_is_usable(work, job->room, &row);
}

static void ask_keeper(const struct app *app, struct arena *arena, const struct query_job *job,
                       struct outcome *outcome)
{
    instant began = clock_monotonic();
    struct room_quota *quota = mutation_without("query_stops_at_quota")
                                   ? NULL
                                   : room_quota_begin(app->keeper, job->query, job->left_ms);
    if (keeper_query_run(app->keeper, arena, job->query, job->room, job->policy, job->sql, &outcome->shape,
                         &outcome->refusal) != RESULT_OK)
        outcome->shape = NULL;
    if (room_quota_end(quota) && outcome->shape == NULL)
        outcome->refusal = (struct refusal){.zh = "开发环境的计算配额已用完，查询中止",
                                            .en = "the room's quota of query time was used up while it ran"};
    outcome->used_ms = (clock_monotonic() - began) / 1000;
}

static void run_job(const struct app *app, void *argument)
{
    struct query_job *job = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct outcome outcome = {.job = job, .refusal = {.zh = "查询没有完成", .en = "the query was not done"}};
    if (background_read(app, arena, &job->actor, still_wanted, job, &outcome.refusal) == RESULT_OK)
        ask_keeper(app, arena, job, &outcome);
    (void)background_write(app, arena, &job->actor, record_outcome, &outcome, NULL);
    json_decref(outcome.shape);
    json_decref(job->policy);
    free(job->sql);
    free(job);
}

static enum result start_job(struct request *request, const struct checked *checked)
{
    struct query_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return RESULT_MEMORY;
    *job = (struct query_job){.query = checked->query,
                              .room = request_id(request, "id"),
                              .actor = request->actor,
                              .policy = json_deep_copy(checked->policy),
                              .sql = strdup(checked->sql),
                              .left_ms = checked->left_ms};
    if (request->app->jobs != NULL && jobs_start(request->app->jobs, run_job, request->app, job) == RESULT_OK)
        return RESULT_OK;
    run_job(request->app, job); /* the queue is full, or there is none: the caller waits instead */
    return RESULT_OK;
}

enum result query_run(struct request *request)
{
    struct checked checked = {.sql = json_text(request->body, "sql")};
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    TRY(request_read(request, prepare, &checked));
    struct refusal *refusal = request->work.refusal;
    enum result result =
        keeper_query_check(request->app->keeper, request->work.arena, checked.policy, checked.sql, refusal);
    if (result != RESULT_OK && refusal->zh != NULL && refusal->field == NULL)
        refusal->field = "/sql"; /* the guard names a place in it where it can */
    TRY(result);
    TRY(request_write(request, insert, &checked));
    request->status = 202;
    return start_job(request, &checked);
}

/* ---- reading ---- */

static enum result find(struct request *request, struct store_row *ret_row)
{
    return store_one(request->work.tx, request->work.arena, SQL_QUERY_BY_ID,
                     STORE_BINDS({"id", store_integer(request_id(request, "id"))}), ret_row);
}

enum result query_is_seen(struct request *request)
{
    struct store_row row;
    TRY(find(request, &row));
    return room_is_seen(request, row_integer(&row, "room_id"));
}

enum result query_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_QUERY_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"room", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

enum result query_show(struct request *request)
{
    struct store_row row;
    TRY(find(request, &row));
    return reply_row(request, &row);
}

static enum result find_seen(struct request *request, void *argument)
{
    TRY(query_is_seen(request));
    return find(request, argument);
}

/* "progress" with percent while it runs, then "end" with the query. */
enum result query_events(struct request *request)
{
    struct store_row row;
    for (;;) {
        TRY(request_read(request, find_seen, &row));
        if (strcmp(row_text(&row, "state"), "running") != 0)
            break;
        int percent = request->app->keeper != NULL
                          ? keeper_query_progress(request->app->keeper, row_integer(&row, "id"))
                          : -1;
        CLEANUP_JSON json_t *progress = json_pack("{s:i}", "percent", percent);
        TRY(request_event(request, "progress", progress));
        nanosleep(&(struct timespec){.tv_nsec = 200 * 1000 * 1000}, NULL);
    }
    CLEANUP_JSON json_t *query = row_to_json(request->work.arena, &query_schema, &row);
    return request_event(request, "end", query);
}

static enum result check_own(struct request *request, void *argument)
{
    struct store_row room;
    TRY(find(request, argument));
    return room_is_worked_in(request, row_integer(argument, "room_id"), &room);
}

static enum result end_waiting(struct request *request, void *argument)
{
    struct work *work = &request->work;
    const struct store_row *row = argument;
    int64_t changed;
    TRY(store_exec(work->tx, SQL_QUERY_SET_FAILED,
                   STORE_BINDS({"id", store_integer(row_integer(row, "id"))},
                               {"zh", store_text("任务已被停止")}, {"en", store_text("the job was stopped")},
                               {"at", store_integer(work_now(work))}),
                   &changed));
    if (changed == 0)
        return RESULT_OK;
    return work_record(work, "cancel", "query", row_integer(row, "id"), LAW(DATA_UNSEEN), NULL);
}

enum result query_cancel(struct request *request)
{
    struct store_row row;
    TRY(request_read(request, check_own, &row));
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    enum result result =
        keeper_cancel(request->app->keeper,
                      arena_printf(request->work.arena, "result/%lld", (long long)row_integer(&row, "id")));
    if (result == RESULT_NOT_FOUND) /* it waits for its turn, or has ended */
        result = request_write(request, end_waiting, &row);
    TRY(result);
    TRY(request_read(request, find_seen, &row));
    request->reply = row_to_json(request->work.arena, &query_schema, &row);
    return RESULT_OK;
}
