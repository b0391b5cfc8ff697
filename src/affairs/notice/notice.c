#include "affairs/notice/notice.h"

#include "http/rows.h"

enum result notice_publish(struct work *work, const char *kind, const char *object, row_id object_id,
                           const char *title, const json_t *body, instant until, enum law law,
                           row_id *ret_notice)
{
    struct store_row row;
    TRY(store_one(
        work->tx, work->arena, SQL_NOTICE_INSERT,
        STORE_BINDS({"party", work->actor->party != 0 ? store_integer(work->actor->party) : store_null()},
                    {"kind", store_text(kind)}, {"object", store_text(object)},
                    {"object_id", store_integer(object_id)}, {"title", store_text(title)},
                    {"body", store_text(json_print(work->arena, body))},
                    {"from", store_integer(work_now(work))},
                    {"until", until != 0 ? store_integer(until) : store_null()}),
        &row));
    row_id notice = row_integer(&row, "id");
    TRY(work_record(work, "publish", "notice", notice, law, NULL));
    if (ret_notice != NULL)
        *ret_notice = notice;
    return RESULT_OK;
}

static const struct schema query_schema = {
    .name = "NoticeQuery",
    .fields =
        (const struct field[]){
            {"kind", FIELD_TEXT, .max = 64, .zh = "只列此类公告", .en = "only this kind"},
            {"open", FIELD_BOOLEAN, .zh = "只列公示期内的", .en = "only those whose time has not run out"},
            {0},
        },
};

static const struct schema notice_schema = {
    .name = "Notice",
    .fields =
        (const struct field[]){
            {"id", FIELD_ID, .required = true, .zh = "编号", .en = "number"},
            {"kind", FIELD_TEXT, .required = true, .zh = "公告种类", .en = "kind"},
            {"object", FIELD_TEXT, .required = true, .zh = "所涉对象种类", .en = "what it is about"},
            {"object_id", FIELD_ID, .required = true, .zh = "所涉对象编号", .en = "its number"},
            {"title", FIELD_TEXT, .required = true, .zh = "标题", .en = "title"},
            {"body", FIELD_ANY, .required = true, .zh = "内容", .en = "content"},
            {"from_at", FIELD_INSTANT, .required = true, .zh = "发布时间", .en = "published at"},
            {"until_at", FIELD_INSTANT, .nullable = true, .zh = "公示截止", .en = "publicity ends at"},
            {0},
        },
};

static enum result notice_list(struct request *request)
{
    struct store_rows rows;
    struct store_value open = store_integer(json_boolean_or(request->query, "open", false));
    TRY(store_many(request->work.tx, request->work.arena, SQL_NOTICE_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"kind", query_text(request, "kind")}, {"open", open},
                               {"now", store_integer(work_now(&request->work))}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result notice_show(struct request *request)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_NOTICE_BY_ID,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    return reply_row(request, &row);
}

const struct route notice_routes[] = {
    {.method = HTTP_GET,
     .path = "/notices",
     .law = LAW(DISCLOSURE),
     .needs = PERMISSION_PUBLIC_READ,
     .query = &query_schema,
     .reply = &notice_schema,
     .list = true,
     .summary = "Public notices",
     .summary_zh = "公告公示",
     .run = notice_list},
    {.method = HTTP_GET,
     .path = "/notices/{id}",
     .law = LAW(DISCLOSURE),
     .needs = PERMISSION_PUBLIC_READ,
     .reply = &notice_schema,
     .summary = "Read a notice",
     .summary_zh = "查看公告",
     .run = notice_show},
    {0},
};
