/* A developer's own lawful data (二(六)3, FUSION): declared with its proof, loaded in the jail, accepted by
 * the operator. */
#include "affairs/document/document.h"
#include "affairs/room/room_inner.h"
#include "http/rows.h"

#include <string.h>

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(import_find(&request->work, id, &row));
    return reply_row(request, &row);
}

static enum result proof_digest(struct request *request, struct store_value *ret_digest)
{
    struct work *work = &request->work;
    struct digest digest;
    char *text = arena_alloc(work->arena, DIGEST_TEXT_SIZE);
    TRY(document_belongs(work, json_integer_or(request->body, "proof_id", 0), request->actor.party,
                         "/proof_id", &digest));
    hex_print(digest.bytes, DIGEST_SIZE, text);
    *ret_digest = store_text(text);
    return RESULT_OK;
}

enum result import_declare(struct request *request)
{
    struct work *work = &request->work;
    struct store_row room, row;
    struct store_value proof = body_integer(request, "proof_id"), digest = store_null();
    TRY(room_is_worked_in(request, request_id(request, "id"), &room));
    TRY(room_is_usable(work, request_id(request, "id"), &room));
    TRY(room_table_is_free(work, request_id(request, "id"), json_text(request->body, "table_name")));
    if (proof.type == STORE_INTEGER) {
        TRY(proof_digest(request, &digest));
        TRY(document_share(work, proof.integer, row_integer(&room, "operator_id")));
    }
    TRY(store_one(work->tx, work->arena, SQL_IMPORT_INSERT,
                  STORE_BINDS({"room", store_integer(request_id(request, "id"))},
                              {"title", body_text(request, "title")},
                              {"table_name", body_text(request, "table_name")}, {"proof", proof},
                              {"digest", digest}, {"columns", body_json(request, "columns")}),
                  &row));
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(work, &import_workflow, id, "declare", request->body, NULL));
    request->status = 201;
    return show(request, id);
}

enum result import_prove(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    struct store_value digest;
    row_id id = request_id(request, "id");
    TRY(import_find(work, id, &row));
    TRY(proof_digest(request, &digest));
    TRY(document_share(work, json_integer_or(request->body, "proof_id", 0),
                       row_integer(&row, "operator_id")));
    TRY(store_exec(work->tx, SQL_IMPORT_SET_PROOF,
                   STORE_BINDS({"id", store_integer(id)}, {"proof", body_integer(request, "proof_id")},
                               {"digest", digest}),
                   NULL));
    TRY(workflow_step(work, request->app->workflows, &import_workflow, id, "prove", NULL, request->body, NULL,
                      NULL));
    return show(request, id);
}

/* ---- loading ---- */

struct loading {
    json_t *expected;
    json_t *report;
};

static enum result prepare(struct request *request, void *argument)
{
    struct loading *loading = argument;
    struct work *work = &request->work;
    struct store_row row, room;
    TRY(import_find(work, request_id(request, "id"), &row));
    TRY(room_is_worked_in(request, row_integer(&row, "room_id"), &room));
    TRY(room_is_usable(work, row_integer(&row, "room_id"), &room));
    if (strcmp(row_text(&row, "state"), "declared") != 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(FUSION), .zh = "该导入已装载",
                      .en = "this import has been loaded already", .remedy_zh = "另行申报一次导入",
                      .remedy_en = "declare another import");
    json_t *columns = json_loads(row_text(&row, "columns"), 0, NULL);
    loading->expected = json_keep(work->arena, json_pack("{s:o, s:n, s:I}", "columns", columns, "subject",
                                                         "room", (json_int_t)row_integer(&row, "room_id")));
    return RESULT_OK;
}

static enum result record_load(struct request *request, void *argument)
{
    const struct loading *loading = argument;
    struct work *work = &request->work;
    row_id id = request_id(request, "id");
    TRY(store_exec(work->tx, SQL_IMPORT_SET_LOADED,
                   STORE_BINDS({"id", store_integer(id)},
                               {"digest", store_text(json_text(loading->report, "digest"))},
                               {"rows", store_integer(json_integer_or(loading->report, "rows", 0))},
                               {"report", store_text(json_print(work->arena, loading->report))}),
                   NULL));
    TRY(workflow_step(work, request->app->workflows, &import_workflow, id, "load", NULL, request->body, NULL,
                      NULL));
    return show(request, id);
}

static enum result refuse_load(struct request *request, const json_t *report)
{
    struct work *work = &request->work;
    const json_t *first = json_array_get(json_object_get(report, "violations"), 0);
    const char *column = json_text(first, "column");
    int64_t line = json_integer_or(first, "line", 0);
    return REFUSE(
        work, .result = RESULT_INVALID, .law = LAW(FUSION),
        .field = arena_printf(work->arena, "line %lld, %s", (long long)line, column != NULL ? column : "-"),
        .zh = arena_printf(work->arena, "有 %lld 处与申报的列不符，首处在第 %lld 行（%s）",
                           (long long)json_integer_or(report, "violation_total", 1), (long long)line,
                           json_text(first, "reason")),
        .en = arena_printf(work->arena, "%lld places break the declared columns, the first on line %lld (%s)",
                           (long long)json_integer_or(report, "violation_total", 1), (long long)line,
                           json_text(first, "reason")),
        .remedy_zh = "改正文件或申报的列后重新上传",
        .remedy_en = "correct the file or the declared columns, and upload again");
}

enum result import_load(struct request *request)
{
    struct loading loading = {0};
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    TRY(request_read(request, prepare, &loading));
    TRY(keeper_import(request->app->keeper, request->work.arena, request_id(request, "id"), request->upload,
                      loading.expected, &loading.report, request->work.refusal));
    json_keep(request->work.arena, loading.report);
    if (!json_boolean_or(loading.report, "accepted", true))
        return refuse_load(request, loading.report);
    return request_write(request, record_load, &loading);
}

/* ---- decisions and reading ---- */

static enum result step(struct request *request, const char *event)
{
    TRY(workflow_step(&request->work, request->app->workflows, &import_workflow, request_id(request, "id"),
                      event, json_text(request->body, "reason"), request->body, NULL, NULL));
    return show(request, request_id(request, "id"));
}

enum result import_accept(struct request *request)
{
    return step(request, "accept");
}

enum result import_refuse(struct request *request)
{
    return step(request, "refuse");
}

enum result import_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_IMPORT_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"room", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

enum result import_is_seen(struct request *request)
{
    struct store_row row;
    TRY(import_find(&request->work, request_id(request, "id"), &row));
    return room_is_seen(request, row_integer(&row, "room_id"));
}

enum result import_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}
