/* From what a handler left, or from a refusal, to status, headers and body. */
#include "base/text.h"
#include "http/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    const struct http_header *header = exchange->message->headers;
    for (; header != NULL && header->name != NULL; header++)
        if (strcasecmp(header->name, name) == 0)
            return header->value;
    return NULL;
}

void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
    size_t room = sizeof exchange->reply->headers / sizeof exchange->reply->headers[0] - 1;
    assert(exchange->header_count < room);
    exchange->reply->headers[exchange->header_count++] = (struct http_header){name, value};
}

const char *reply_text(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    if (exchange->text == NULL && request->reply != NULL)
        exchange->text = json_print(exchange->arena, request->reply);
    return exchange->text;
}

static void set_body(struct exchange *exchange, int status, const char *type, const void *body, size_t size)
{
    struct http_reply *reply = exchange->reply;
    reply->status = status;
    reply->content_type = type;
    reply->body = body;
    reply->body_size = size;
}

/* What somebody sees of their own is kept nowhere; nor is a log-in's answer, which holds a token. */
static bool may_be_kept(const struct exchange *exchange)
{
    return !gate_has_credentials(exchange) && exchange->message->method != HTTP_POST;
}

static void add_common_headers(struct exchange *exchange)
{
    exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
    exchange_add_header(exchange, "Cache-Control", may_be_kept(exchange) ? "no-cache" : "no-store");
    if (exchange->cookie != NULL)
        exchange_add_header(exchange, "Set-Cookie", exchange->cookie);
    if (exchange->browser_cookie != NULL)
        exchange_add_header(exchange, "Set-Cookie", exchange->browser_cookie);
}

/* RFC 8187 for names beyond ASCII. Whoever saves it gets a name and no path, and no file that hides. */
static const char *disposition(struct arena *arena, const char *name)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = arena_alloc(arena, 3 * strlen(name) + 1);
    char *to = encoded;
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '/' || *c == '\\' || *c == ':' || (*c == '.' && c == name)) {
            *to++ = '_';
            continue;
        }
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                     *c == '.' || *c == '-' || *c == '_';
        if (plain) {
            *to++ = *c;
        } else {
            *to++ = '%';
            *to++ = digits[(unsigned char)*c >> 4];
            *to++ = digits[(unsigned char)*c & 15];
        }
    }
    return arena_printf(arena, "attachment; filename*=UTF-8''%s", encoded);
}

static void fill_bytes(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const char *type = request->content_type != NULL ? request->content_type : "application/octet-stream";
    set_body(exchange, request->status != 0 ? request->status : 200, type, request->bytes,
             request->bytes_size);
    /* what somebody uploaded never runs as a part of this site */
    exchange_add_header(exchange, "Content-Security-Policy", "sandbox; default-src 'none'");
    if (request->file_name != NULL)
        exchange_add_header(exchange, "Content-Disposition",
                            disposition(exchange->arena, request->file_name));
}

/* A GET whose object the client has already. */
static bool fill_unchanged(struct request *request, const char *text)
{
    struct exchange *exchange = exchange_of(request);
    const char *known = exchange_header(exchange, "If-None-Match");
    if (!etag_applies(request->route) || text == NULL)
        return false;
    const char *etag = etag_of(exchange->arena, text);
    exchange_add_header(exchange, "ETag", etag);
    if (known == NULL || !etag_listed(known, etag))
        return false;
    set_body(exchange, 304, NULL, NULL, 0);
    return true;
}

void reply_fill(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const char *text = reply_text(request);
    add_common_headers(exchange);
    if (request->route->style == ROUTE_EVENTS) {
        exchange->reply->streamed = exchange->message->events != NULL;
        set_body(exchange, 200, "text/event-stream; charset=utf-8", exchange->events, exchange->events_size);
        return;
    }
    if (request->bytes != NULL) {
        fill_bytes(request);
        return;
    }
    if (fill_unchanged(request, text))
        return;
    if (text == NULL)
        set_body(exchange, request->status != 0 ? request->status : 204, NULL, NULL, 0);
    else
        set_body(exchange, request->status != 0 ? request->status : 200, "application/json", text,
                 strlen(text));
}

/* ---- problems (RFC 9457) ---- */

struct wording {
    const char *title_zh, *title_en, *zh, *en, *remedy_zh, *remedy_en;
};

static struct wording wording_of(enum result result)
{
    switch (result) {
    case RESULT_INVALID:
        return (struct wording){"内容不符合要求",         "The content does not do",
                                "提交的内容不符合要求。", "What was sent breaks a rule.",
                                "请更正后重新提交。",     "Mend it and send it again."};
    case RESULT_MALFORMED:
        return (struct wording){"请求无法读取",
                                "The request cannot be read",
                                "请求无法读取。",
                                "The request cannot be read.",
                                "请按接口说明(/api)更正。",
                                "See /api for its form."};
    case RESULT_UNAUTHENTICATED:
        return (struct wording){"需要登录",
                                "Log-in needed",
                                "请先登录。",
                                "Log in first.",
                                "请登录,或随请求发送访问令牌。",
                                "Log in, or send a token."};
    case RESULT_FORBIDDEN:
        return (struct wording){"无权办理",
                                "Not allowed",
                                "您无权办理此事。",
                                "You may not do this.",
                                "请由有权的一方办理。",
                                "Let a party that may do it."};
    case RESULT_NOT_FOUND:
        return (struct wording){"没有找到",
                                "Not found",
                                "没有这个对象,或您不能知道它。",
                                "There is no such object, or none that you may know of.",
                                "请核对编号与路径。",
                                "Check the number and the path."};
    case RESULT_CONFLICT:
        return (struct wording){"与现状冲突",
                                "In conflict with the present state",
                                "对象的现状不允许此操作。",
                                "The object's state does not allow this now.",
                                "请重新读取对象,再决定下一步。",
                                "Read the object again, then decide."};
    case RESULT_STALE:
        return (struct wording){"对象已更改",
                                "The object has changed",
                                "对象在您读取之后已被更改。",
                                "The object has changed since you read it.",
                                "请重新读取后再提交。",
                                "Read it again and send its new ETag."};
    case RESULT_TOO_LARGE:
        return (struct wording){"过大",
                                "Too large",
                                "超过大小上限。",
                                "This is over a size limit.",
                                "请缩小或分批提交。",
                                "Make it smaller, or send it in parts."};
    case RESULT_LIMIT:
        return (struct wording){"超过限额",
                                "Over the limit",
                                "超过频率或数量限额。",
                                "This is over a rate or a quota.",
                                "请按 Retry-After 稍后再试。",
                                "Come again as Retry-After says."};
    case RESULT_OVERFLOW:
        return (struct wording){"数值溢出",
                                "A number left its range",
                                "数值超出可以计算的范围。",
                                "A number left the range that can be computed.",
                                "请使用较小的数值。",
                                "Use smaller numbers."};
    case RESULT_MEMORY:
    case RESULT_BUSY:
        return (struct wording){"系统繁忙",
                                "Busy",
                                "系统正忙,未作任何更改。",
                                "The system is busy; nothing was changed.",
                                "请按 Retry-After 稍后再试。",
                                "Come again as Retry-After says."};
    case RESULT_UNAVAILABLE:
        return (struct wording){"暂不可用",
                                "Not available now",
                                "所依赖的部件没有应答,未作任何更改。",
                                "A part that this needs does not answer; nothing was changed.",
                                "请稍后再试。",
                                "Come again later."};
    case RESULT_TIMEOUT:
        return (struct wording){"超时",
                                "Out of time",
                                "处理超时。",
                                "This took too long.",
                                "请缩小范围后再试。",
                                "Ask for less and try again."};
    case RESULT_CANCELLED:
        return (struct wording){"已中止",
                                "Stopped",
                                "处理被中止。",
                                "This was stopped while it ran.",
                                "如仍需要,请重新提交。",
                                "Send it again if it is still wanted."};
    case RESULT_OK:
    case RESULT_IO:
    case RESULT_CORRUPT:
        break;
    }
    return (struct wording){"内部错误",
                            "Internal error",
                            "服务器内部错误,已记录。",
                            "Something failed inside; it has been noted.",
                            "请稍后再试;若仍如此,请联系平台管理员。",
                            "Try again later; if it stays, ask the platform's administrators."};
}

static const char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

static json_t *clause_json(enum law law)
{
    const struct law_clause *clause = &law_clauses[law];
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "clause", clause->clause, "symbol", clause->symbol,
                     "locator", clause->locator, "zh", clause->zh, "en", clause->en);
}

/* What the refusal says where it belongs to this result and tells nothing about our insides. */
static struct wording wording_for(const struct refusal *refusal, enum result result, int status)
{
    struct wording wording = wording_of(result);
    if (refusal->result != result || status == 500)
        return wording;
    wording.zh = refusal->zh;
    wording.en = refusal->en;
    if (refusal->remedy_zh != NULL)
        wording.remedy_zh = refusal->remedy_zh;
    if (refusal->remedy_en != NULL)
        wording.remedy_en = refusal->remedy_en;
    return wording;
}

static const char *clean(struct arena *arena, const char *text)
{
    size_t bad = 0;
    return text_is_utf8(text, strlen(text), &bad) ? text : arena_strndup(arena, text, bad);
}

static json_t *problem_json(struct exchange *exchange, enum result result, int status)
{
    struct arena *arena = exchange->arena;
    const struct refusal *refusal = &exchange->refusal;
    bool mine = refusal->result == result && status != 500;
    struct wording wording = wording_for(refusal, result, status);
    const char *name = status == 405   ? "method"
                       : status == 415 ? "content_type"
                                       : lower(arena, result_name(result));
    json_t *json = json_object();
    (void)json_object_set_new(json, "type", json_string(arena_printf(arena, "urn:dukou:problem:%s", name)));
    (void)json_object_set_new(json, "title",
                              json_string(exchange->english ? wording.title_en : wording.title_zh));
    (void)json_object_set_new(json, "status", json_integer(status));
    (void)json_object_set_new(json, "detail",
                              json_string(clean(arena, exchange->english ? wording.en : wording.zh)));
    if (mine && refusal->field != NULL)
        (void)json_object_set_new(json, "field", json_string(clean(arena, refusal->field)));
    if (mine && refusal->law != LAW_NONE)
        (void)json_object_set_new(json, "clause", clause_json(refusal->law));
    (void)json_object_set_new(json, "zh",
                              json_pack("{s:s, s:s}", "reason", clean(arena, wording.zh), "remedy",
                                        clean(arena, wording.remedy_zh)));
    (void)json_object_set_new(json, "en",
                              json_pack("{s:s, s:s}", "reason", clean(arena, wording.en), "remedy",
                                        clean(arena, wording.remedy_en)));
    return json;
}

void problem_fill(struct exchange *exchange, enum result result)
{
    int status = exchange->status != 0 ? exchange->status : result_http_status(result);
    json_t *json = problem_json(exchange, result, status);
    const char *text = json_print(exchange->arena, json);
    json_decref(json);
    exchange->header_count = 0;
    memset(exchange->reply, 0, sizeof *exchange->reply);
    set_body(exchange, status, "application/problem+json", text, strlen(text));
    exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
    exchange_add_header(exchange, "Cache-Control", "no-store");
    exchange_add_header(exchange, "Content-Language", exchange->english ? "en" : "zh-CN");
    if (status == 401)
        exchange_add_header(exchange, "WWW-Authenticate", "Bearer realm=\"dukou\"");
    if (status == 429 || status == 503) {
        int seconds = exchange->retry_seconds > 0 ? exchange->retry_seconds : 1;
        exchange_add_header(exchange, "Retry-After", arena_printf(exchange->arena, "%d", seconds));
    }
    if (exchange->match.methods != 0 && (status == 405 || exchange->message->method == HTTP_OPTIONS)) {
        const char *allow = "OPTIONS";
        for (unsigned method = 0; method < HTTP_ROUTE_METHODS; method++)
            if ((exchange->match.methods & (1u << method)) != 0)
                allow = arena_printf(exchange->arena, "%s%s, %s", method == HTTP_GET ? "HEAD, " : "",
                                     http_method_name((enum http_method)method), allow);
        exchange_add_header(exchange, "Allow", allow);
    }
}
