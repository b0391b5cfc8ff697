/* What a call about a subject rests on: the subject's consent, or another legal basis of the order. */
#include "affairs/document/document.h"
#include "affairs/product/product_inner.h"
#include "http/rows.h"

#include <string.h>

/* ---- consent ---- */

enum { CODE_BYTES = 16 };

struct recording {
    char token[DIGEST_TEXT_SIZE];
    char code[2 * CODE_BYTES + 1];
    char code_digest[DIGEST_TEXT_SIZE];
};

static void digest_code(const char *code, char *ret_text)
{
    struct digest digest = digest_sha256(code, strlen(code));
    hex_print(digest.bytes, DIGEST_SIZE, ret_text);
}

static enum result refuse_days(struct work *work)
{
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(EXCHANGE), .field = "/until_day",
                  .zh = "截止日已过", .en = "it ends before today", .remedy_zh = "改正日期",
                  .remedy_en = "correct the date");
}

/* Given at `given_at`, or now; never in the time to come. */
static enum result given_at(struct request *request, instant *ret_at)
{
    const char *text = json_text(request->body, "given_at");
    instant now = work_now(&request->work), at = now;
    if (text != NULL && (instant_parse(text, &at) != RESULT_OK || at > now))
        return REFUSE(&request->work, .result = RESULT_INVALID, .field = "/given_at",
                      .zh = "同意的时间晚于现在", .en = "the consent cannot have been given yet",
                      .remedy_zh = "改正时间", .remedy_en = "correct the time");
    *ret_at = at;
    return RESULT_OK;
}

static enum result find_on_offer(struct request *request, row_id product)
{
    struct store_row row;
    enum result result = product_by_id(&request->work, product, &row);
    if (result == RESULT_OK && strcmp(row_text(&row, "state"), "listed") == 0 &&
        strcmp(row_text(&row, "kind"), "table") != 0)
        return RESULT_OK;
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    return REFUSE(&request->work, .result = RESULT_INVALID, .law = LAW(EXCHANGE), .field = "/product_id",
                  .zh = "没有在架的这个核验或评分产品",
                  .en = "no verification or score product of that number is on offer",
                  .remedy_zh = "核对产品编号", .remedy_en = "check the product's number");
}

static enum result keep_consent(struct request *request, void *argument)
{
    struct work *work = &request->work;
    const struct recording *recording = argument;
    struct store_row row, consent;
    struct digest evidence;
    char digest[DIGEST_TEXT_SIZE];
    row_id product = json_integer_or(request->body, "product_id", 0);
    row_id document = json_integer_or(request->body, "document_id", 0);
    instant at = 0;
    TRY(find_on_offer(request, product));
    TRY(document_belongs(work, document, request->actor.party, "/document_id", &evidence));
    TRY(given_at(request, &at));
    if (body_day(request, "until_day").integer < work_today(work))
        return refuse_days(work);
    hex_print(evidence.bytes, DIGEST_SIZE, digest);
    TRY(store_one(
        work->tx, work->arena, SQL_CONSENT_INSERT,
        STORE_BINDS({"product", store_integer(product)}, {"customer", store_integer(request->actor.party)},
                    {"token", store_text(recording->token)}, {"given", store_integer(at)},
                    {"until", body_day(request, "until_day")}, {"document", store_integer(document)},
                    {"digest", store_text(digest)}, {"code", store_text(recording->code_digest)}),
        &row));
    row_id id = row_integer(&row, "id");
    TRY(work_record(work, "record", "consent", id, LAW(EXCHANGE), NULL));
    TRY(store_one(work->tx, work->arena, SQL_CONSENT_BY_ID, STORE_BINDS({"id", store_integer(id)}),
                  &consent));
    TRY(document_share(work, document, row_integer(&consent, "operator_id")));
    TRY(work_record(work, "share", "document", document, LAW(EXCHANGE), NULL));
    TRY(reply_row(request, &consent));
    json_object_set_new(request->reply, "withdrawal_code", json_string(recording->code));
    return RESULT_OK;
}

enum result consent_record(struct request *request)
{
    struct recording recording;
    struct digest token;
    uint8_t code[CODE_BYTES];
    if (request->app->keeper == NULL)
        return product_without_keeper(&request->work);
    TRY(keeper_subject_token(request->app->keeper, json_text(request->body, "subject"), &token));
    hex_print(token.bytes, DIGEST_SIZE, recording.token);
    random_bytes(random_system(), code, sizeof code);
    hex_print(code, sizeof code, recording.code);
    digest_code(recording.code, recording.code_digest);
    request->status = 201;
    return request_write(request, keep_consent, &recording);
}

static bool reads_all(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR;
}

static struct store_value own_or_all(const struct request *request)
{
    return reads_all(&request->actor) ? store_null() : store_integer(request->actor.party);
}

enum result consent_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_CONSENT_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own_or_all(request)},
                               {"product", query_integer(request, "product_id")}),
                   &rows));
    return reply_page(request, &rows);
}

static bool code_fits(const struct request *request, const struct store_row *consent)
{
    const char *code = json_text(request->body, "code");
    char text[DIGEST_TEXT_SIZE];
    struct digest given, kept;
    if (code == NULL)
        return false;
    digest_code(code, text);
    return hex_parse(text, given.bytes, DIGEST_SIZE) == RESULT_OK &&
           hex_parse(row_text(consent, "code_digest"), kept.bytes, DIGEST_SIZE) == RESULT_OK &&
           digest_equal(&given, &kept);
}

/* Its customer, or whoever has the code that was given at recording. */
enum result consent_may_be_withdrawn(struct request *request)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_CONSENT_BY_ID,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    bool own =
        request->actor.role == ROLE_CUSTOMER && row_integer(&row, "customer_id") == request->actor.party;
    return own || code_fits(request, &row) ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result consent_withdraw(struct request *request)
{
    struct work *work = &request->work;
    int64_t changed;
    row_id id = request_id(request, "id");
    const char *by = request->actor.role == ROLE_CUSTOMER ? "customer" : "subject";
    TRY(store_exec(
        work->tx, SQL_CONSENT_SET_WITHDRAWN,
        STORE_BINDS({"id", store_integer(id)}, {"at", store_integer(work_now(work))}, {"by", store_text(by)}),
        &changed));
    if (changed == 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EXCHANGE), .zh = "该同意已撤回",
                      .en = "this consent has been withdrawn already", .remedy_zh = "无需再办",
                      .remedy_en = "there is nothing left to do");
    TRY(work_record(work, "withdraw", "consent", id, LAW(EXCHANGE), NULL));
    return reply_step(request, id, "withdrawn");
}

/* ---- another legal basis ---- */

static enum result find_basis(struct work *work, row_id id, struct store_row *ret_row)
{
    return store_one(work->tx, work->arena, SQL_LEGAL_BASIS_BY_ID, STORE_BINDS({"id", store_integer(id)}),
                     ret_row);
}

static enum result show_basis(struct request *request, row_id id)
{
    struct store_row row;
    TRY(find_basis(&request->work, id, &row));
    return reply_row(request, &row);
}

enum result legal_basis_declare(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row, order;
    struct digest evidence;
    char digest[DIGEST_TEXT_SIZE];
    row_id document = json_integer_or(request->body, "document_id", 0);
    TRY(product_order_by_id(work, request_id(request, "id"), &order));
    if (row_integer(&order, "customer_id") != request->actor.party)
        return RESULT_NOT_FOUND;
    if (body_day(request, "until_day").integer < work_today(work))
        return refuse_days(work);
    TRY(document_belongs(work, document, request->actor.party, "/document_id", &evidence));
    hex_print(evidence.bytes, DIGEST_SIZE, digest);
    TRY(store_one(work->tx, work->arena, SQL_LEGAL_BASIS_INSERT,
                  STORE_BINDS({"order", store_integer(request_id(request, "id"))},
                              {"kind", body_text(request, "kind")}, {"text", body_text(request, "text")},
                              {"document", store_integer(document)}, {"digest", store_text(digest)},
                              {"until", body_day(request, "until_day")},
                              {"at", store_integer(work_now(work))}),
                  &row));
    TRY(document_share(work, document, row_integer(&order, "operator_id")));
    TRY(work_record(work, "declare", "legal_basis", row_integer(&row, "id"), LAW(EXCHANGE), NULL));
    request->status = 201;
    return show_basis(request, row_integer(&row, "id"));
}

enum result legal_basis_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_LEGAL_BASIS_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own_or_all(request)}), &rows));
    return reply_page(request, &rows);
}

enum result legal_basis_is_seen(struct request *request)
{
    struct store_row row;
    TRY(find_basis(&request->work, request_id(request, "id"), &row));
    row_id own = request->actor.party;
    bool seen = row_integer(&row, "customer_id") == own || row_integer(&row, "operator_id") == own;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result set_basis(struct request *request, enum sql statement, const char *event)
{
    struct work *work = &request->work;
    int64_t changed;
    row_id id = request_id(request, "id");
    bool accepts = statement == SQL_LEGAL_BASIS_SET_ACCEPTED;
    const struct store_bind *binds =
        accepts ? STORE_BINDS({"id", store_integer(id)}, {"at", store_integer(work_now(work))})
                : STORE_BINDS({"id", store_integer(id)}, {"at", store_integer(work_now(work))},
                              {"reason", body_text(request, "reason")});
    TRY(store_exec(work->tx, statement, binds, &changed));
    if (changed == 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EXCHANGE),
                      .zh = accepts ? "已受理过，或已撤回" : "已撤回",
                      .en = accepts ? "it has been accepted or withdrawn" : "it has been withdrawn already",
                      .remedy_zh = "查看其状态", .remedy_en = "look at what it is now");
    TRY(work_record(work, event, "legal_basis", id, LAW(EXCHANGE), NULL));
    return show_basis(request, id);
}

enum result legal_basis_accept(struct request *request)
{
    return set_basis(request, SQL_LEGAL_BASIS_SET_ACCEPTED, "accept");
}

enum result legal_basis_withdraw(struct request *request)
{
    return set_basis(request, SQL_LEGAL_BASIS_SET_WITHDRAWN, "withdraw");
}
