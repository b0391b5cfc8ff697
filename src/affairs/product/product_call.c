/* Calls and downloads: the answer is found first, and leaves once it has been metered. */
#include "affairs/product/product_inner.h"
#include "base/mutation.h"
#include "http/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Early and cheap, so that the keeper is not asked for strangers; the batch judges again. */
enum result call_is_ordered(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    enum result result = store_one(work->tx, work->arena, SQL_ORDER_OF_CUSTOMER,
                                   STORE_BINDS({"product", store_integer(request_id(request, "id"))},
                                               {"customer", store_integer(request->actor.party)}),
                                   &row);
    if (result != RESULT_NOT_FOUND)
        return result;
    TRY(product_by_id(work, request_id(request, "id"), &row));
    if (strcmp(row_text(&row, "state"), "listed") != 0)
        return RESULT_NOT_FOUND;
    return REFUSE(work, .result = RESULT_FORBIDDEN, .law = LAW(EXCHANGE), .zh = "没有有效的订单",
                  .en = "no order of yours is in force", .remedy_zh = "在数据流通交易平台下单",
                  .remedy_en = "order it at the data exchange");
}

/* Binds what was asked and what was answered, the subject as its keyed token. */
static struct digest digest_answer(row_id product, const char *token, bool known, int64_t value)
{
    char text[2 * DIGEST_TEXT_SIZE + 128];
    int size = snprintf(text, sizeof text, "dukou call 1\n%" PRId64 "\n%s\n%s\n%" PRId64 "\n", product, token,
                        known ? "known" : "unknown", known ? value : 0);
    return digest_sha256(text, (size_t)size);
}

static const char *hex_of(struct arena *arena, struct digest digest)
{
    char *text = arena_alloc(arena, DIGEST_TEXT_SIZE);
    hex_print(digest.bytes, DIGEST_SIZE, text);
    return text;
}

static enum result meter(struct request *request, struct product_call *call)
{
    const char *key = request_key(request);
    if (key != NULL)
        call->key = hex_of(request->work.arena, digest_sha256(key, strlen(key)));
    call->product = request_id(request, "id");
    call->customer = request->actor.party;
    if (product_meter(request->app, call) == RESULT_OK)
        return RESULT_OK;
    *request->work.refusal = call->refusal;
    return call->result;
}

/* The keeper's index holds numbers; what they mean is the product's kind. */
static const char *name_answer(bool score, bool known, int64_t value)
{
    if (!known)
        return "unknown";
    return score ? "score" : value != 0 ? "yes" : "no";
}

static enum result read_kind(struct request *request, void *argument)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_PRODUCT_ROW,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    *(struct store_row *)argument = row;
    return RESULT_OK;
}

static enum result refuse_kind(struct request *request)
{
    return REFUSE(&request->work, .result = RESULT_CONFLICT, .law = LAW(EXCHANGE),
                  .zh = "此产品不以这种方式使用", .en = "this product is not used in this way",
                  .remedy_zh = "表格用 GET /products/{id}/table，核验与评分用 POST /products/{id}/calls",
                  .remedy_en = "tables: GET /products/{id}/table; verifications and scores: POST "
                               "/products/{id}/calls");
}

/* Right after an approval its checkpoint may still be on its way, without which the keeper does not answer.
 */
static enum result ask(struct request *request, bool *known, int64_t *value, struct digest *token)
{
    enum { TRIES = 30, EACH_MICROSECONDS = 100 * 1000 };
    enum result asked;
    for (int tries = 0; (asked = keeper_product_ask(request->app->keeper, request_id(request, "id"),
                                                    json_text(request->body, "subject"), known, value,
                                                    token)) == RESULT_FORBIDDEN &&
                        tries < TRIES;
         tries++)
        (void)usleep(EACH_MICROSECONDS);
    if (asked != RESULT_FORBIDDEN)
        return asked;
    return REFUSE(&request->work, .result = RESULT_BUSY, .law = LAW(EGRESS_REVIEW),
                  .zh = "该产品的审查通过尚未写入已签名的日志",
                  .en = "the product's approval is not under a signed checkpoint of the log yet",
                  .remedy_zh = "请稍后重试", .remedy_en = "try again in a moment");
}

/* Few steps, since a busy customer makes thousands a second: one question to the keeper, one place in a
 * batch. */
enum result product_call(struct request *request)
{
    struct keeper *keeper = request->app->keeper;
    struct digest token;
    struct product_call call = {0};
    bool known = false;
    int64_t value = 0;
    row_id product = request_id(request, "id");
    if (keeper == NULL)
        return product_without_keeper(&request->work);
    enum result asked = ask(request, &known, &value, &token);
    if (asked == RESULT_CONFLICT)
        return refuse_kind(request); /* a table */
    TRY(asked);
    call.subject_token = hex_of(request->work.arena, token);
    call.answer = digest_answer(product, call.subject_token, known, value);
    TRY(meter(request, &call));
    const char *answer = name_answer(call.kind == PRODUCT_SCORE, known, value);
    request->reply = json_pack("{s:I, s:s, s:I, s:b}", "product_id", (json_int_t)product, "answer", answer,
                               "meter", (json_int_t)call.meter, "repeated", call.repeated);
    if (known && call.kind == PRODUCT_SCORE)
        json_object_set_new(request->reply, "score", json_integer(value));
    return RESULT_OK;
}

/* The bytes that were approved, or none. */
enum result product_table(struct request *request)
{
    struct keeper *keeper = request->app->keeper;
    struct store_row row;
    struct product_call call = {0};
    const void *bytes;
    size_t size;
    if (keeper == NULL)
        return product_without_keeper(&request->work);
    TRY(request_read(request, read_kind, &row));
    if (strcmp(row_text(&row, "kind"), "table") != 0)
        return refuse_kind(request);
    const char *approved = row_text(&row, "approved_digest");
    TRY(keeper_product_read(keeper, request->work.arena, request_id(request, "id"), &bytes, &size));
    call.answer = digest_sha256(bytes, size);
    if (!mutation_without("table_bytes_are_approved") &&
        (approved == NULL || strcmp(approved, hex_of(request->work.arena, call.answer)) != 0))
        return REFUSE(&request->work, .result = RESULT_CORRUPT, .law = LAW(EGRESS_REVIEW),
                      .zh = "产品内容与审查通过的不一致，停止提供",
                      .en = "the bytes are not those that were approved; they are not given out",
                      .remedy_zh = "请运营主体核查", .remedy_en = "the operator must look into it");
    TRY(meter(request, &call));
    request->bytes = bytes;
    request->bytes_size = size;
    request->content_type = "text/csv; charset=utf-8";
    request->file_name =
        arena_printf(request->work.arena, "product-%" PRId64 ".csv", request_id(request, "id"));
    return RESULT_OK;
}
