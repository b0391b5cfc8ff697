#include "affairs/product/product.h"

#include "affairs/agreement/agreement.h"
#include "affairs/product/product_inner.h"
#include "affairs/room/room.h"
#include "http/rows.h"

#include <string.h>

enum result product_by_id(struct work *work, row_id product, struct store_row *ret_product)
{
    return store_one(work->tx, work->arena, SQL_PRODUCT_BY_ID, STORE_BINDS({"id", store_integer(product)}),
                     ret_product);
}

enum result product_order_by_id(struct work *work, row_id order, struct store_row *ret_order)
{
    return store_one(work->tx, work->arena, SQL_ORDER_BY_ID, STORE_BINDS({"id", store_integer(order)}),
                     ret_order);
}

enum result product_providers(struct work *work, row_id product, struct store_rows *ret_providers)
{
    return store_many(work->tx, work->arena, SQL_PRODUCT_PROVIDERS,
                      STORE_BINDS({"product", store_integer(product)}), ret_providers);
}

enum result product_reply(struct request *request, row_id product)
{
    struct store_row row;
    TRY(product_by_id(&request->work, product, &row));
    return reply_row(request, &row);
}

enum result product_step(struct request *request, const char *event, struct product_context *context)
{
    row_id id = request_id(request, "id");
    TRY(workflow_step(&request->work, request->app->workflows, &product_workflow, id, event,
                      json_text(request->body, "reason"), request->body, context, NULL));
    return product_reply(request, id);
}

enum result product_without_keeper(struct work *work)
{
    return REFUSE(work, .result = RESULT_UNAVAILABLE, .zh = "密钥保管进程未运行",
                  .en = "the keeper is not running", .remedy_zh = "稍后再试", .remedy_en = "try again later");
}

enum result product_stored(struct request *request, struct product_context *ret_context)
{
    struct keeper *keeper = request->app->keeper;
    struct digest stored;
    if (keeper == NULL)
        return product_without_keeper(&request->work);
    enum result result = keeper_product_digest(keeper, request_id(request, "id"), &stored);
    /* Bytes that are gone or spoilt are not those that were approved: the guard says so. */
    if (result == RESULT_NOT_FOUND || result == RESULT_CORRUPT) {
        *ret_context = (struct product_context){0};
        return RESULT_OK;
    }
    TRY(result);
    *ret_context = (struct product_context){.stored = stored, .known = true};
    return RESULT_OK;
}

/* ---- guards ---- */

/* Without its state: when a case is being opened it has none. */
static enum result find(struct move *move, struct store_row *ret_row)
{
    return store_one(move->work->tx, move->work->arena, SQL_PRODUCT_ROW,
                     STORE_BINDS({"id", store_integer(move->object_id)}), ret_row);
}

/* A developer works in the room made for it; an operator in one that is its own. */
enum result room_is_own(struct move *move)
{
    struct store_row row, room;
    TRY(find(move, &row));
    TRY(room_by_id(move->work, row_integer(&row, "room_id"), &room));
    row_id party = move->work->actor->party;
    bool own = move->work->actor->role == ROLE_OPERATOR
                   ? row_integer(&room, "operator_id") == party &&
                         (row_is_null(&room, "developer_id") || row_integer(&room, "developer_id") == party)
                   : row_integer(&room, "developer_id") == party;
    if (!own)
        return REFUSE(
            move->work, .result = RESULT_FORBIDDEN, .law = LAW(SAFE_ROOM), .field = "/room_id",
            .zh = "不是本单位的开发环境：公共数据产品在运营主体自己的环境加工，数据产品在开发利用主体的"
                  "环境开发",
            .en = "not your party's room: public data products are made in the operator's own room, "
                  "data products in the developer's",
            .remedy_zh = "使用本单位的开发环境", .remedy_en = "use a room of your own");
    if (strcmp(row_text(&room, "state"), "open") != 0)
        return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(SAFE_ROOM), .field = "/room_id",
                      .zh = "开发环境已关闭", .en = "the room is closed", .remedy_zh = "使用开放中的环境",
                      .remedy_en = "use a room that is open");
    return RESULT_OK;
}

enum result product_is_own(struct move *move)
{
    struct store_row row;
    TRY(find(move, &row));
    return row_integer(&row, "party_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result product_is_of_own_operator(struct move *move)
{
    struct store_row row;
    TRY(find(move, &row));
    return row_integer(&row, "operator_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result product_agreement_is_in_force(struct move *move)
{
    struct store_row row;
    TRY(find(move, &row));
    return agreement_in_force(move->work, row_integer(&row, "agreement_id"), 0);
}

enum result product_is_whole(struct move *move)
{
    struct store_row row;
    TRY(find(move, &row));
    if (!row_is_null(&row, "digest") && !row_is_null(&row, "shape"))
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW), .field = "digest",
                  .zh = "产品内容尚未生成", .en = "the product's bytes have not been made",
                  .remedy_zh = "先以 POST /products/{id}/make 生成",
                  .remedy_en = "make them with POST /products/{id}/make");
}

/* Not who drafted or submitted it, even where operator and maker are one party. */
enum result reviewer_is_apart(struct move *move)
{
    struct store_row row;
    TRY(find(move, &row));
    if (row_integer(&row, "drafted_by") != move->work->actor->account)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_FORBIDDEN, .law = LAW(EGRESS_REVIEW),
                  .zh = "产品的加工人不得审查该产品", .en = "who made the product may not review it",
                  .remedy_zh = "由另一名审查人员办理", .remedy_en = "let another reviewer do it");
}

enum result sheet_was_opened(struct move *move)
{
    struct store_row row;
    TRY(find(move, &row));
    if (row_integer(&row, "sheet_by") == move->work->actor->account)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW), .zh = "尚未查看审查单",
                  .en = "you have not looked at the review sheet",
                  .remedy_zh = "先以 GET /products/{id}/review-sheet 查看内容与机器报告",
                  .remedy_en = "open GET /products/{id}/review-sheet: the rows and the machine's report");
}

enum result bytes_are_unchanged(struct move *move)
{
    struct product_context *context = move->context;
    struct store_row row;
    struct digest expected;
    if (move->preview)
        return RESULT_OK;
    TRY(find(move, &row));
    const char *text = row_text(&row, row_is_null(&row, "approved_digest") ? "digest" : "approved_digest");
    if (text != NULL && context != NULL && context->known) {
        TRY(hex_parse(text, expected.bytes, DIGEST_SIZE));
        move->evidence = &context->stored;
        if (digest_equal(&expected, &context->stored))
            return RESULT_OK;
    }
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW), .field = "digest",
                  .zh = "产品内容与审查时不一致，审查结论作废",
                  .en = "the bytes are not those that were reviewed: the approval is void",
                  .remedy_zh = "重新制作并提交审查", .remedy_en = "make it anew and have it reviewed");
}

enum result product_is_filed(struct move *move)
{
    struct store_row filing;
    enum result result = store_one(move->work->tx, move->work->arena, SQL_FILING_OF_PRODUCT,
                                   STORE_BINDS({"product", store_integer(move->object_id)}), &filing);
    if (result == RESULT_OK && strcmp(row_text(&filing, "decision"), "approved") == 0)
        return RESULT_OK;
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW),
                  .zh = "审查通过并报市数据局备案后方可上架",
                  .en = "only a product whose approval is on file with the bureau can be listed",
                  .remedy_zh = "先备案审查结果", .remedy_en = "file the result first");
}
