/* Entity tags: strong, from the digest of the printed reply (RFC 9110, section 8.8). */
#include "base/digest.h"
#include "http/exchange.h"

#include <string.h>

bool etag_applies(const struct route *route)
{
    return route->method == HTTP_GET && route->reply != NULL && !route->list && !route->bytes &&
           route->style == ROUTE_IN_TRANSACTION;
}

char *etag_of(struct arena *arena, const char *text)
{
    struct digest digest = digest_sha256(text, strlen(text));
    char *etag = arena_alloc(arena, ETAG_TEXT_SIZE);
    etag[0] = '"';
    hex_print(digest.bytes, DIGEST_SIZE, etag + 1);
    etag[ETAG_TEXT_SIZE - 2] = '"';
    return etag;
}

bool etag_listed(const char *header, const char *etag)
{
    size_t length = strlen(etag);
    if (strcmp(header, "*") == 0)
        return true;
    while (*header != '\0') {
        header += strspn(header, " \t,");
        if (strncmp(header, etag, length) == 0 && strchr(", \t", header[length]) != NULL)
            return true;
        if (*header == '"') { /* another one, which may hold commas */
            header += 1 + strcspn(header + 1, "\"");
            header += *header == '"';
        }
        header += strcspn(header, ",");
    }
    return false;
}

/* What a GET of the object answers to this caller in this transaction, as an entity tag. */
static enum result object_etag(struct request *request, const struct router_match *match,
                               const char **ret_etag)
{
    struct exchange *exchange = exchange_of(request);
    struct exchange inner = *exchange;
    inner.match = *match;
    inner.text = NULL;
    inner.after = 0;
    struct request get = {.work = request->work,
                          .actor = request->actor,
                          .app = request->app,
                          .route = match->route,
                          .upload = -1,
                          .address = request->address,
                          .inner = &inner};
    get.work.actor = &get.actor;
    get.work.refusal = &exchange->refusal;
    get.query = match->route->query != NULL ? json_object() : NULL;
    enum result result = gate_permit(&get);
    if (result == RESULT_OK)
        result = gate_ask_owner(&get);
    if (result == RESULT_OK)
        result = match->route->run(&get);
    if (result == RESULT_OK)
        *ret_etag = etag_of(exchange->arena, reply_text(&get));
    else if (inner.refusal.result == result)
        exchange->refusal = inner.refusal;
    json_decref(get.query);
    json_decref(get.reply);
    return result;
}

enum result etag_check(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const char *wanted = exchange_header(exchange, "If-Match");
    const char *etag = NULL;
    struct router_match match;
    if (wanted == NULL || request->route->method == HTTP_GET)
        return RESULT_OK;
    if (router_find_object(exchange->app->dispatcher->router, exchange->arena, exchange->path, &match) !=
        RESULT_OK)
        return refuse(&exchange->refusal,
                      (struct refusal){.result = RESULT_INVALID,
                                       .field = "If-Match",
                                       .zh = "此路径没有可比对的对象。",
                                       .en = "There is no object at this path to compare with.",
                                       .remedy_zh = "请去掉 If-Match。",
                                       .remedy_en = "Leave If-Match out."});
    TRY(object_etag(request, &match, &etag));
    if (etag_listed(wanted, etag))
        return RESULT_OK;
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_STALE,
                                   .field = "If-Match",
                                   .zh = "对象在您读取之后已被更改。",
                                   .en = "The object has changed since you read it.",
                                   .remedy_zh = "请重新读取该对象，确认后以新的 ETag 再提交。",
                                   .remedy_en = "Read it again and send its new ETag."});
}
