#include "base/digest.h"
#include "base/limits.h"
#include "http/exchange.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* A cursor: the number after which the next page begins, and the first bytes of a digest over it and the
 * list's path, so that a cursor mistyped or taken from another list is refused. It keeps no secret: what a
 * caller may see is not decided by cursors. */
enum { CURSOR_CHECK = 4, CURSOR_BYTES = 8 + CURSOR_CHECK };

static void cursor_fill(const struct exchange *exchange, row_id after, uint8_t bytes[CURSOR_BYTES])
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)after >> (56 - 8 * i));
    struct digest_stream stream;
    digest_begin(&stream);
    digest_add(&stream, "dukou cursor 1", 14);
    digest_add(&stream, exchange->path, strlen(exchange->path));
    digest_add(&stream, bytes, 8);
    struct digest digest = digest_end(&stream);
    memcpy(bytes + 8, digest.bytes, CURSOR_CHECK);
}

char *cursor_print(const struct exchange *exchange, row_id after)
{
    uint8_t bytes[CURSOR_BYTES];
    size_t size = sodium_base64_ENCODED_LEN(CURSOR_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(exchange->arena, size);
    cursor_fill(exchange, after, bytes);
    return sodium_bin2base64(text, size, bytes, CURSOR_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum result cursor_parse(const struct exchange *exchange, const char *text, row_id *ret_after)
{
    uint8_t sent[CURSOR_BYTES];
    uint8_t right[CURSOR_BYTES];
    size_t size = 0;
    if (sodium_base642bin(sent, sizeof sent, text, strlen(text), NULL, &size, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        size != CURSOR_BYTES)
        return RESULT_INVALID;
    uint64_t after = 0;
    for (int i = 0; i < 8; i++)
        after = after << 8 | sent[i];
    cursor_fill(exchange, (row_id)after, right);
    if (memcmp(sent, right, sizeof sent) != 0)
        return RESULT_INVALID;
    *ret_after = (row_id)after;
    return RESULT_OK;
}

row_id page_after(const struct request *request)
{
    assert(request->route->list);
    return exchange_of(request)->after;
}

int page_limit(const struct request *request)
{
    assert(request->route->list);
    return exchange_of(request)->limit;
}

void page_reply(struct request *request, json_t *items, row_id next_after)
{
    assert(request->route->list && json_is_array(items));
    json_t *next =
        next_after != 0 ? json_string(cursor_print(exchange_of(request), next_after)) : json_null();
    json_decref(request->reply);
    request->reply = json_pack("{s:o, s:o}", "items", items, "next", next);
}
