#include "affairs/document/document.h"

#include "affairs/document/document_schema.h"
#include "base/limits.h"
#include "http/rows.h"

static enum result insert_row(struct work *work, row_id party, const char *title, const char *kind,
                              size_t size, const char *digest, row_id *ret_document)
{
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_DOCUMENT_INSERT,
                  STORE_BINDS({"party", store_integer(party)}, {"title", store_text(title)},
                              {"kind", store_text(kind)},
                              {"media_type", store_text("application/octet-stream")},
                              {"size", store_integer((int64_t)size)}, {"digest", store_text(digest)},
                              {"at", store_integer(work_now(work))}),
                  &row));
    *ret_document = row_integer(&row, "id");
    return RESULT_OK;
}

static const char *digest_text(struct arena *arena, const struct digest *digest)
{
    char *text = arena_alloc(arena, DIGEST_TEXT_SIZE);
    hex_print(digest->bytes, DIGEST_SIZE, text);
    return text;
}

enum result document_insert(struct work *work, row_id party, const char *title, const char *kind, size_t size,
                            const struct digest *digest, row_id *ret_document)
{
    row_id document;
    TRY(insert_row(work, party, title, kind, size, digest_text(work->arena, digest), &document));
    TRY(work_record(work, "upload", "document", document, LAW_NONE, NULL));
    *ret_document = document;
    return RESULT_OK;
}

static enum result find(struct work *work, row_id document, struct store_row *ret_row)
{
    return store_one(work->tx, work->arena, SQL_DOCUMENT_BY_ID, STORE_BINDS({"id", store_integer(document)}),
                     ret_row);
}

enum result document_belongs(struct work *work, row_id document, row_id party, const char *field,
                             struct digest *ret_digest)
{
    struct store_row row;
    enum result result = find(work, document, &row);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    bool own =
        result == RESULT_OK && row_integer(&row, "party_id") == party && row_text(&row, "digest")[0] != '\0';
    if (!own)
        return REFUSE(work, .result = RESULT_INVALID, .field = field, .zh = "本单位没有这份文件",
                      .en = "your party has no such document",
                      .remedy_zh = "先以 POST /documents 上传，再引用其编号",
                      .remedy_en = "upload it with POST /documents and cite its number");
    if (ret_digest != NULL)
        return hex_parse(row_text(&row, "digest"), ret_digest->bytes, DIGEST_SIZE);
    return RESULT_OK;
}

enum result document_share(struct work *work, row_id document, row_id reader)
{
    return store_exec(work->tx, SQL_DOCUMENT_READER_ADD,
                      STORE_BINDS({"document", store_integer(document)}, {"party", store_integer(reader)}),
                      NULL);
}

/* ---- routes ---- */

struct upload {
    row_id document;
    struct digest digest;
};

static enum result begin_upload(struct request *request, void *argument)
{
    struct upload *upload = argument;
    TRY(insert_row(&request->work, request->actor.party, json_text(request->query, "title"),
                   json_text(request->query, "kind"), request->upload_size, "", &upload->document));
    return work_record(&request->work, "begin_upload", "document", upload->document, LAW_NONE, NULL);
}

static enum result finish_upload(struct request *request, void *argument)
{
    struct upload *upload = argument;
    struct work *work = &request->work;
    struct store_row row;
    TRY(store_exec(work->tx, SQL_DOCUMENT_SET_DIGEST,
                   STORE_BINDS({"id", store_integer(upload->document)},
                               {"digest", store_text(digest_text(work->arena, &upload->digest))}),
                   NULL));
    TRY(work_record(work, "upload", "document", upload->document, LAW_NONE, NULL));
    TRY(find(work, upload->document, &row));
    return reply_row(request, &row);
}

static enum result document_upload(struct request *request)
{
    struct upload upload;
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    TRY(request_write(request, begin_upload, &upload));
    TRY(keeper_document_put(request->app->keeper, upload.document, request->upload, &upload.digest));
    request->status = 201;
    return request_write(request, finish_upload, &upload);
}

static bool reads_all(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR;
}

static enum result document_list(struct request *request)
{
    struct store_rows rows;
    struct store_value own = reads_all(&request->actor) ? store_null() : store_integer(request->actor.party);
    TRY(store_many(request->work.tx, request->work.arena, SQL_DOCUMENT_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own}), &rows));
    return reply_page(request, &rows);
}

static enum result document_is_readable(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    row_id document = request_id(request, "id");
    TRY(find(work, document, &row));
    if (row_text(&row, "digest")[0] == '\0')
        return RESULT_NOT_FOUND;
    if (reads_all(&request->actor) || row_integer(&row, "party_id") == request->actor.party)
        return RESULT_OK;
    return store_one(
        work->tx, work->arena, SQL_DOCUMENT_READER_FIND,
        STORE_BINDS({"document", store_integer(document)}, {"party", store_integer(request->actor.party)}),
        &row);
}

static enum result document_show(struct request *request)
{
    struct store_row row;
    TRY(find(&request->work, request_id(request, "id"), &row));
    return reply_row(request, &row);
}

static enum result check_readable(struct request *request, void *argument)
{
    TRY(document_is_readable(request));
    return find(&request->work, request_id(request, "id"), argument);
}

static enum result document_content(struct request *request)
{
    struct store_row row;
    TRY(request_read(request, check_readable, &row));
    if (request->app->keeper == NULL)
        return RESULT_UNAVAILABLE;
    request->content_type = row_text(&row, "media_type");
    request->file_name = row_text(&row, "title");
    return keeper_document_get(request->app->keeper, request->work.arena, request_id(request, "id"),
                               &request->bytes, &request->bytes_size);
}

const struct route document_routes[] = {
    {.method = HTTP_POST,
     .path = "/documents",
     .needs = PERMISSION_DOCUMENT,
     .query = &document_query_schema,
     .upload = true,
     .upload_max = LIMIT_DOCUMENT_BYTES,
     .reply = &document_schema,
     .style = ROUTE_LONG,
     .summary = "Upload a document: agreement, material, report, proof",
     .summary_zh = "上传文件：协议、材料、报告、证明",
     .run = document_upload},
    {.method = HTTP_GET,
     .path = "/documents",
     .needs = PERMISSION_DOCUMENT,
     .reply = &document_schema,
     .list = true,
     .summary = "List the documents one may read",
     .summary_zh = "可查阅的文件",
     .run = document_list},
    {.method = HTTP_GET,
     .path = "/documents/{id}",
     .needs = PERMISSION_DOCUMENT,
     .owner = OWNER(document_is_readable),
     .reply = &document_schema,
     .summary = "Show a document's title, size and digest",
     .summary_zh = "查看文件信息",
     .run = document_show},
    {.method = HTTP_GET,
     .path = "/documents/{id}/content",
     .needs = PERMISSION_DOCUMENT,
     .bytes = true,
     .style = ROUTE_LONG,
     .summary = "Read a document",
     .summary_zh = "阅读文件",
     .run = document_content},
    {0},
};
