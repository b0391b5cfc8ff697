/* Idempotency-Key: a POST that is sent twice is done once, and answered twice with the same reply.
 *
 * 1. The key's row is written in the transaction of the change, so that there is never one without the other.
 * A ROUTE_LONG has several transactions: its key is claimed in the first and completed in the last; in
 * between, a second request with the key is told to wait.
 * 2. Refused requests leave no row: their key may be used again.
 * 3. The public has no account: there the body is part of the key, so that nobody is answered what another
 * asked.
 * 4. A reply that opens a session is not kept. Others are sealed (XSalsa20-Poly1305) under a key derived from
 * the Idempotency-Key, which the store does not hold. */
#include "base/digest.h"
#include "base/limits.h"
#include "http/exchange.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum { KEY_SHORTEST = 16, KEY_LONGEST = 255 };

struct idempotency {
    row_id account;
    struct digest key;
    struct digest request;
    struct digest seal;
    instant now;
    instant oldest;
};

enum result idempotency_read(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const char *key = exchange_header(exchange, "Idempotency-Key");
    if (key == NULL || request->route->method != HTTP_POST || request->route->style == ROUTE_EVENTS)
        return RESULT_OK;
    size_t length = strlen(key);
    bool good = length >= KEY_SHORTEST && length <= KEY_LONGEST;
    for (size_t i = 0; i < length; i++)
        good = good && key[i] > ' ' && key[i] < 127;
    if (!good)
        return refuse(&exchange->refusal,
                      (struct refusal){.result = RESULT_INVALID,
                                       .field = "Idempotency-Key",
                                       .zh = "须为 16 至 255 个可见 ASCII 字符。",
                                       .en = "This must be 16 to 255 visible ASCII characters.",
                                       .remedy_zh = "请为每次提交生成一个随机的 UUID。",
                                       .remedy_en = "Make a random UUID for each submission."});
    if (request->route->own_keys)
        exchange->own_key = key;
    else
        exchange->idempotency_key = key;
    return RESULT_OK;
}

const char *request_key(const struct request *request)
{
    return exchange_of(request)->own_key;
}

static void add_text(struct digest_stream *stream, const char *text)
{
    if (text != NULL)
        digest_add(stream, text, strlen(text));
    digest_add(stream, "", 1);
}

static struct digest request_digest(const struct exchange *exchange)
{
    struct digest_stream stream;
    digest_begin(&stream);
    add_text(&stream, exchange->path);
    add_text(&stream, exchange->message->query);
    if (exchange->message->body != NULL)
        digest_add(&stream, exchange->message->body, exchange->message->body_size);
    return digest_end(&stream);
}

static struct idempotency idempotency_of(const struct request *request)
{
    const struct exchange *exchange = exchange_of(request);
    const char *text = exchange->idempotency_key;
    struct idempotency own = {.account = request->actor.account, .request = request_digest(exchange)};
    struct digest_stream stream;
    digest_begin(&stream);
    add_text(&stream, "dukou idempotency key");
    add_text(&stream, text);
    if (own.account == 0)
        digest_add(&stream, own.request.bytes, DIGEST_SIZE);
    own.key = digest_end(&stream);
    own.seal = digest_hmac(text, strlen(text), own.key.bytes, DIGEST_SIZE);
    own.now = clock_now(request->work.clock);
    own.oldest = own.now - LIMIT_IDEMPOTENCY_HOURS * INSTANT_HOUR;
    return own;
}

/* ---- the sealed reply ---- */

static struct store_value seal(struct request *request, const struct idempotency *own)
{
    const char *text = request->reply != NULL ? reply_text(request) : NULL;
    if (text == NULL)
        return store_null();
    size_t size = strlen(text);
    uint8_t *box =
        arena_alloc(request->work.arena, crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + size);
    random_bytes(request->work.random, box, crypto_secretbox_NONCEBYTES);
    (void)crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, (const unsigned char *)text, size, box,
                                own->seal.bytes);
    return store_blob(box, crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + size);
}

static enum result unseal(struct request *request, const struct idempotency *own, const struct store_row *row)
{
    struct exchange *exchange = exchange_of(request);
    size_t size = 0;
    const uint8_t *box = row_blob(row, "reply", &size);
    size_t extra = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    request->status = (int)row_integer(row, "status");
    if (box == NULL)
        return RESULT_OK;
    if (size < extra)
        return RESULT_CORRUPT;
    char *text = arena_alloc(exchange->arena, size - extra + 1);
    if (crypto_secretbox_open_easy((unsigned char *)text, box + crypto_secretbox_NONCEBYTES,
                                   size - crypto_secretbox_NONCEBYTES, box, own->seal.bytes) != 0)
        return RESULT_CORRUPT;
    exchange->text = text;
    return RESULT_OK;
}

/* ---- begin, finish ---- */

static enum result refuse_other(struct exchange *exchange)
{
    return refuse(&exchange->refusal, (struct refusal){.result = RESULT_INVALID,
                                                       .field = "Idempotency-Key",
                                                       .zh = "此键已用于内容不同的请求。",
                                                       .en = "This key was used for a different request.",
                                                       .remedy_zh = "新的请求请用新的键。",
                                                       .remedy_en = "Use a new key for a new request."});
}

static enum result refuse_running(struct exchange *exchange)
{
    return refuse(
        &exchange->refusal,
        (struct refusal){.result = RESULT_CONFLICT,
                         .field = "Idempotency-Key",
                         .zh = "使用此键的第一个请求尚未完成，或因服务重启而中断。",
                         .en = "The first request with this key has not ended, or a restart cut it off.",
                         .remedy_zh = "请稍后重试；若仍如此，请读取对象的状态，再以新的键提交。",
                         .remedy_en = "Try again later; if it stays, read the object's state and send with "
                                      "a new key."});
}

static enum result claim(struct request *request, const struct idempotency *own)
{
    struct store_tx *tx = request->work.tx;
    TRY(store_exec(tx, SQL_IDEMPOTENCY_PRUNE, STORE_BINDS({"oldest", store_integer(own->oldest)}), NULL));
    return store_exec(tx, SQL_IDEMPOTENCY_CLAIM,
                      STORE_BINDS({"account", store_integer(own->account)},
                                  {"key", store_blob(own->key.bytes, DIGEST_SIZE)},
                                  {"request", store_blob(own->request.bytes, DIGEST_SIZE)},
                                  {"at", store_integer(own->now)}, {"oldest", store_integer(own->oldest)}),
                      NULL);
}

enum result idempotency_begin(struct request *request, bool *ret_replay)
{
    struct exchange *exchange = exchange_of(request);
    *ret_replay = false;
    if (exchange->idempotency_key == NULL)
        return RESULT_OK;
    struct idempotency own = idempotency_of(request);
    struct store_row row;
    enum result result = store_one(request->work.tx, exchange->arena, SQL_IDEMPOTENCY_FIND,
                                   STORE_BINDS({"account", store_integer(own.account)},
                                               {"key", store_blob(own.key.bytes, DIGEST_SIZE)},
                                               {"oldest", store_integer(own.oldest)}),
                                   &row);
    if (result == RESULT_NOT_FOUND)
        return claim(request, &own);
    TRY(result);
    size_t size = 0;
    const void *stored = row_blob(&row, "request", &size);
    if (size != DIGEST_SIZE || memcmp(stored, own.request.bytes, DIGEST_SIZE) != 0)
        return refuse_other(exchange);
    if (row_integer(&row, "status") == 0)
        return refuse_running(exchange);
    *ret_replay = true;
    return unseal(request, &own, &row);
}

static enum result forget(struct request *request, const struct idempotency *own)
{
    return store_exec(request->work.tx, SQL_IDEMPOTENCY_FORGET,
                      STORE_BINDS({"account", store_integer(own->account)},
                                  {"key", store_blob(own->key.bytes, DIGEST_SIZE)}),
                      NULL);
}

enum result idempotency_finish(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    if (exchange->idempotency_key == NULL)
        return RESULT_OK;
    struct idempotency own = idempotency_of(request);
    if (exchange->cookie != NULL || request->bytes != NULL)
        return forget(request, &own);
    int status = request->status != 0 ? request->status : request->reply != NULL ? 200 : 204;
    return store_exec(request->work.tx, SQL_IDEMPOTENCY_COMPLETE,
                      STORE_BINDS({"status", store_integer(status)}, {"reply", seal(request, &own)},
                                  {"account", store_integer(own.account)},
                                  {"key", store_blob(own.key.bytes, DIGEST_SIZE)}),
                      NULL);
}

enum result idempotency_release(struct request *request)
{
    struct idempotency own = idempotency_of(request);
    return forget(request, &own);
}
