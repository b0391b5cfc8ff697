#include "affairs/agreement/agreement.h"
#include "affairs/developer/developer.h"
#include "affairs/room/room_inner.h"
#include "base/limits.h"
#include "base/mutation.h"
#include "http/declare.h"
#include "http/rows.h"

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(room_by_id(&request->work, id, &row));
    return reply_row(request, &row);
}

/* For an admission: the developer's room. Without one: the operator's own, for its public data products. */
static enum result room_open(struct request *request)
{
    struct work *work = &request->work;
    struct store_row admission, row;
    const struct store_row *context = NULL;
    row_id agreement, developer = request->actor.party;
    struct store_value admission_id = body_integer(request, "admission_id");
    if (admission_id.type == STORE_INTEGER) {
        TRY(developer_admission_in_force(work, admission_id.integer, &admission));
        agreement = row_integer(&admission, "agreement_id");
        developer = row_integer(&admission, "developer_id");
        context = &admission;
    } else if (agreement_of_operator(work, request->actor.party, &agreement) != RESULT_OK) {
        return agreement_in_force(work, 0, request->actor.party);
    }
    TRY(store_one(work->tx, work->arena, SQL_ROOM_INSERT,
                  STORE_BINDS({"admission", admission_id}, {"agreement", store_integer(agreement)},
                              {"operator", store_integer(request->actor.party)},
                              {"developer", store_integer(developer)}, {"title", body_text(request, "title")},
                              {"quota", body_integer(request, "quota_seconds")}),
                  &row));
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(work, &room_workflow, id, "open", request->body, (void *)context));
    request->status = 201;
    return show(request, id);
}

static enum result room_list(struct request *request)
{
    struct store_rows rows;
    bool all = request->actor.role == ROLE_BUREAU || request->actor.role == ROLE_REGULATOR;
    TRY(store_many(
        request->work.tx, request->work.arena, SQL_ROOM_LIST,
        STORE_BINDS(PAGE_BINDS(request), {"own", all ? store_null() : store_integer(request->actor.party)}),
        &rows));
    return reply_page(request, &rows);
}

static enum result this_room_is_seen(struct request *request)
{
    return room_is_seen(request, request_id(request, "id"));
}

static enum result room_show(struct request *request)
{
    return show(request, request_id(request, "id"));
}

/* The policy is what the developer writes queries by: tables, columns and their uses, joins, thresholds. */
static const struct schema policy_schema = {
    .name = "RoomPolicy",
    .fields =
        (const struct field[]){
            {"rule", FIELD_TEXT, .required = true, .zh = "出域规则", .en = "the release rule"},
            {"version", FIELD_INTEGER, .required = true, .zh = "版本", .en = "its version"},
            {"tables", FIELD_ANY, .required = true, .zh = "可用的表与列及其用途",
             .en = "tables and columns with their uses"},
            {"joins", FIELD_ANY, .required = true, .zh = "已声明的连接", .en = "declared joins"},
            {0},
        },
    .open = true,
};

static enum result room_policy_show(struct request *request)
{
    return room_policy(&request->work, request_id(request, "id"), &request->reply);
}

static enum result join_declare(struct request *request)
{
    struct work *work = &request->work;
    struct store_row room, row;
    TRY(room_is_worked_in(request, request_id(request, "id"), &room));
    TRY(room_is_usable(work, request_id(request, "id"), &room));
    if (!mutation_without("join_is_of_the_room"))
        TRY(join_is_of_the_room(work, request_id(request, "id"), request->body));
    enum result result = store_one(work->tx, work->arena, SQL_JOIN_KEY_INSERT,
                                   STORE_BINDS({"room", store_integer(request_id(request, "id"))},
                                               {"left_table", body_text(request, "left_table")},
                                               {"left_column", body_text(request, "left_column")},
                                               {"right_table", body_text(request, "right_table")},
                                               {"right_column", body_text(request, "right_column")}),
                                   &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .zh = "该连接已声明",
                      .en = "this join is declared already", .remedy_zh = "直接使用", .remedy_en = "use it");
    TRY(result);
    TRY(work_record(work, "declare_join", "join_key", row_integer(&row, "id"), LAW(FUSION), NULL));
    request->status = 201;
    request->reply = json_copy(request->body);
    json_object_set_new(request->reply, "id", json_integer(row_integer(&row, "id")));
    json_object_set_new(request->reply, "entry", json_integer(work->entry));
    return RESULT_OK;
}

static enum result join_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_JOIN_KEY_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"room", store_integer(request_id(request, "id"))}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result room_history(struct request *request)
{
    return reply_history(request, &room_workflow, request_id(request, "id"));
}

static enum result room_actions(struct request *request)
{
    return reply_actions(request, &room_workflow, request_id(request, "id"), NULL);
}

static enum result import_history(struct request *request)
{
    return reply_history(request, &import_workflow, request_id(request, "id"));
}

static enum result import_actions(struct request *request)
{
    return reply_actions(request, &import_workflow, request_id(request, "id"), NULL);
}

#define ROOM_GET(name, clause, schema, english, chinese, handler)                                            \
    .method = HTTP_GET, .path = "/rooms/{id}" name, .law = LAW(clause), .needs = PERMISSION_ROOM_READ,       \
    .owner = OWNER(this_room_is_seen), .reply = schema, SUMMARY(english, chinese), .run = handler
#define ROOM_POST(name, clause, permission, schema, answer, english, chinese, handler)                       \
    .method = HTTP_POST, .path = "/rooms/{id}/" name, .law = LAW(clause), .needs = permission,               \
    .owner = OWNER(this_room_is_seen), .body = schema, .reply = answer, SUMMARY(english, chinese),           \
    .run = handler
#define IMPORT_GET(name, schema, english, chinese, handler)                                                  \
    .method = HTTP_GET, .path = "/imports/{id}" name, .law = LAW(FUSION), .needs = PERMISSION_ROOM_READ,     \
    .owner = OWNER(import_is_seen), .reply = schema, SUMMARY(english, chinese), .run = handler
#define IMPORT_POST(name, clause, permission, schema, english, chinese, handler)                             \
    .method = HTTP_POST, .path = "/imports/{id}/" name, .law = LAW(clause), .needs = permission,             \
    .owner = OWNER(import_is_seen), .body = schema, .reply = &import_schema, SUMMARY(english, chinese),      \
    .run = handler

const struct route room_routes[] = {
    {.method = HTTP_POST,
     .path = "/rooms",
     .law = LAW(SAFE_ROOM),
     .needs = PERMISSION_ROOM_RUN,
     .body = &room_new_schema,
     .reply = &room_schema,
     SUMMARY("Open a room for an admission, or of one's own", "开设开发环境"),
     .run = room_open},
    {.method = HTTP_GET,
     .path = "/rooms",
     .law = LAW(SAFE_ROOM),
     .needs = PERMISSION_ROOM_READ,
     .reply = &room_schema,
     .list = true,
     SUMMARY("Rooms", "开发环境列表"),
     .run = room_list},
    {ROOM_GET("", SAFE_ROOM, &room_schema, "Show a room with its quota", "查看开发环境", room_show)},
    {ROOM_POST("close", REASONS, PERMISSION_ROOM_RUN, &reason_schema, &room_schema,
               "Close it: work stops, results and imports are destroyed", "关闭开发环境并销毁其中数据",
               room_close),
     .style = ROUTE_LONG},
    {ROOM_GET("/policy", SAFE_ROOM, &policy_schema, "What queries may use here", "可用的表、列与连接",
              room_policy_show)},
    {ROOM_GET("/history", SAFE_ROOM, &history_schema, "Every step of it", "办理经过", room_history)},
    {ROOM_GET("/actions", SAFE_ROOM, &actions_schema, "What one may do with it now", "当前可办事项",
              room_actions)},
    {ROOM_POST("joins", FUSION, PERMISSION_ROOM_WORK, &join_schema, &join_made_schema,
               "Declare the keys of a join", "声明连接键", join_declare)},
    {ROOM_GET("/joins", FUSION, &join_made_schema, "Declared joins", "已声明的连接", join_list),
     .list = true},
    {ROOM_POST("imports", FUSION, PERMISSION_ROOM_WORK, &import_new_schema, &import_schema,
               "Declare an import of one's own lawful data", "申报自有数据", import_declare)},
    {ROOM_GET("/imports", FUSION, &import_schema, "Imports of the room", "自有数据列表", import_list),
     .list = true},
    {IMPORT_GET("", &import_schema, "Show an import", "查看自有数据", import_show)},
    {.method = HTTP_PUT,
     .path = "/imports/{id}/content",
     .law = LAW(FUSION),
     .needs = PERMISSION_ROOM_WORK,
     .upload = true,
     .upload_max = LIMIT_IMPORT_BYTES,
     .reply = &import_schema,
     .style = ROUTE_LONG,
     SUMMARY("Upload its CSV or Parquet; it is parsed in the jail", "上传 CSV 或 Parquet"),
     .run = import_load},
    {IMPORT_POST("prove", FUSION, PERMISSION_ROOM_WORK, &import_proof_schema,
                 "Attach the proof of lawful source", "补交来源合法证明", import_prove)},
    {IMPORT_POST("accept", FUSION, PERMISSION_ROOM_REVIEW, &empty_schema, "Accept it into the room",
                 "接受自有数据", import_accept)},
    {IMPORT_POST("refuse", REASONS, PERMISSION_ROOM_REVIEW, &reason_schema, "Refuse it, with the reason",
                 "不接受并说明理由", import_refuse)},
    {IMPORT_GET("/history", &history_schema, "Every step of it", "办理经过", import_history)},
    {IMPORT_GET("/actions", &actions_schema, "What one may do with it now", "当前可办事项", import_actions)},
    {ROOM_POST("queries", DATA_UNSEEN, PERMISSION_ROOM_WORK, &query_new_schema, &query_schema,
               "Check a query and run it; the result is sealed", "提交查询，结果封存", query_run),
     .style = ROUTE_LONG},
    {ROOM_GET("/queries", DATA_UNSEEN, &query_schema, "Queries of the room", "查询列表", query_list),
     .list = true},
    {.method = HTTP_GET,
     .path = "/queries/{id}",
     .law = LAW(DATA_UNSEEN),
     .needs = PERMISSION_ROOM_READ,
     .owner = OWNER(query_is_seen),
     .reply = &query_schema,
     SUMMARY("Show a query and the shape of its result", "查看查询及结果形状"),
     .run = query_show},
    {.method = HTTP_GET,
     .path = "/queries/{id}/events",
     .law = LAW(DATA_UNSEEN),
     .needs = PERMISSION_ROOM_READ,
     .reply = &query_schema,
     .style = ROUTE_EVENTS,
     SUMMARY("Progress, and the end, as server-sent events", "查询进度"),
     .run = query_events},
    {.method = HTTP_POST,
     .path = "/queries/{id}/cancel",
     .law = LAW(SAFE_ROOM),
     .needs = PERMISSION_ROOM_WORK,
     .body = &empty_schema,
     .reply = &query_schema,
     .style = ROUTE_LONG,
     SUMMARY("Stop a running query", "停止查询"),
     .run = query_cancel},
    {0},
};
