/* Query string and body: read strictly, checked against the route's schemas. */
#include "base/limits.h"
#include "http/exchange.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- query ---- */

static enum result refuse_parameter(struct exchange *exchange, const char *name, const char *zh,
                                    const char *en)
{
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_INVALID,
                                   .field = name,
                                   .zh = zh,
                                   .en = en,
                                   .remedy_zh = "请更正此查询参数，允许的参数见 /api。",
                                   .remedy_en = "Mend this query parameter; /api lists them."});
}

static enum result refuse_twice(struct exchange *exchange, const char *name)
{
    return refuse_parameter(exchange, name, "参数重复。", "This parameter is there twice.");
}

static bool read_integer(const char *text, int64_t *ret_value)
{
    char *end;
    bool digits =
        *text != '\0' && strspn(text + (*text == '-'), "0123456789") == strlen(text + (*text == '-'));
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (!digits || *end != '\0' || errno != 0)
        return false;
    *ret_value = value;
    return true;
}

/* The value of its type; text where it is none of that type, which the schema then refuses. */
static json_t *typed(enum field_type type, const char *text)
{
    int64_t integer;
    if ((type == FIELD_INTEGER || type == FIELD_ID || type == FIELD_MONEY) && read_integer(text, &integer))
        return json_integer(integer);
    if (type == FIELD_NUMBER && *text != '\0' && strspn(text, "0123456789.eE+-") == strlen(text)) {
        char *end;
        double number = strtod(text, &end);
        if (*end == '\0' && isfinite(number))
            return json_real(number);
    }
    if (type == FIELD_BOOLEAN && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return json_boolean(*text == 't');
    return json_string(text);
}

static enum result take_page(struct exchange *exchange, const char *name, const char *value)
{
    int64_t limit;
    bool cursor = strcmp(name, "cursor") == 0;
    if (cursor ? exchange->after != 0 : exchange->limit != 0)
        return refuse_twice(exchange, name);
    if (cursor) {
        if (cursor_parse(exchange, value, &exchange->after) == RESULT_OK)
            return RESULT_OK;
        return refuse_parameter(exchange, "cursor", "分页游标无效。", "This is no cursor of this list.");
    }
    if (!read_integer(value, &limit) || limit < 1 || limit > LIMIT_PAGE_ITEMS)
        return refuse_parameter(
            exchange, "limit", arena_printf(exchange->arena, "须在 1 至 %d 之间。", LIMIT_PAGE_ITEMS),
            arena_printf(exchange->arena, "This must be between 1 and %d.", LIMIT_PAGE_ITEMS));
    exchange->limit = (int)limit;
    return RESULT_OK;
}

static const struct field *parameter_field(const struct route *route, const char *name)
{
    if (route->query == NULL)
        return NULL;
    for (const struct field *field = route->query->fields; field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static enum result take_parameter(struct request *request, const char *name, const char *value)
{
    struct exchange *exchange = exchange_of(request);
    bool page = strcmp(name, "cursor") == 0 || strcmp(name, "limit") == 0;
    const struct field *field = parameter_field(request->route, name);
    if (field == NULL && page && request->route->list)
        return take_page(exchange, name, value);
    if (field == NULL)
        return refuse_parameter(exchange, name, "没有这个查询参数。", "There is no such query parameter.");
    json_t *there = json_object_get(request->query, name);
    if (field->type == FIELD_LIST) {
        if (there == NULL)
            (void)json_object_set_new(request->query, name, there = json_array());
        (void)json_array_append_new(there, typed(field->item, value));
        return RESULT_OK;
    }
    if (there != NULL)
        return refuse_twice(exchange, name);
    (void)json_object_set_new(request->query, name, typed(field->type, value));
    return RESULT_OK;
}

static enum result split_query(struct request *request, const char *query)
{
    struct exchange *exchange = exchange_of(request);
    struct arena *arena = exchange->arena;
    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        const char *equals = memchr(query, '=', length);
        size_t name_length = equals != NULL ? (size_t)(equals - query) : length;
        const char *name = percent_decode(arena, query, name_length, true);
        const char *value =
            equals != NULL ? percent_decode(arena, equals + 1, length - name_length - 1, true) : "";
        if (name == NULL || value == NULL || *name == '\0')
            return refuse(&exchange->refusal,
                          (struct refusal){.result = RESULT_MALFORMED,
                                           .field = name != NULL && *name != '\0' ? name : "?",
                                           .zh = "查询串不是合法的 UTF-8 百分号编码。",
                                           .en = "The query string is not well-formed percent-encoded UTF-8.",
                                           .remedy_zh = "请按 RFC 3986 以 UTF-8 编码参数。",
                                           .remedy_en = "Encode parameters as UTF-8 by RFC 3986."});
        TRY(take_parameter(request, name, value));
        query += length + (query[length] == '&');
    }
    return RESULT_OK;
}

enum result input_read_query(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct route *route = request->route;
    const char *query = exchange->message->query;
    exchange->limit = 0; /* not told */
    exchange->after = 0;
    json_decref(request->query);
    request->query = route->query != NULL ? json_object() : NULL;
    if (query != NULL)
        TRY(split_query(request, query));
    if (exchange->limit == 0)
        exchange->limit = LIMIT_PAGE_ITEMS_DEFAULT;
    if (route->query == NULL)
        return RESULT_OK;
    enum result result = schema_check(exchange->arena, route->query, request->query, &exchange->refusal);
    /* A parameter is told by its name, like the pager's; a pointer is for bodies. */
    if (result != RESULT_OK && exchange->refusal.field != NULL && exchange->refusal.field[0] == '/')
        exchange->refusal.field++;
    return result;
}

/* ---- body ---- */

static bool is_json(const char *content_type)
{
    static const char wanted[] = "application/json";
    size_t length = sizeof wanted - 1;
    if (content_type == NULL || strncasecmp(content_type, wanted, length) != 0)
        return false;
    const char *rest = content_type + length + strspn(content_type + length, " \t");
    if (*rest == '\0')
        return true;
    rest += *rest == ';';
    rest += strspn(rest, " \t");
    return strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

static enum result refuse_body(struct exchange *exchange, int status, const char *zh, const char *en,
                               const char *remedy_zh, const char *remedy_en)
{
    exchange->status = status;
    return refuse(
        &exchange->refusal,
        (struct refusal){
            .result = RESULT_MALFORMED, .zh = zh, .en = en, .remedy_zh = remedy_zh, .remedy_en = remedy_en});
}

static enum result refuse_size(struct exchange *exchange, size_t max)
{
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_TOO_LARGE,
                                   .zh = arena_printf(exchange->arena, "请求体超过 %zu 字节。", max),
                                   .en = arena_printf(exchange->arena, "The body is over %zu bytes.", max),
                                   .remedy_zh = "请缩小或分批提交。",
                                   .remedy_en = "Make it smaller, or send it in parts."});
}

enum result input_read_body(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct http_message *message = exchange->message;
    const struct route *route = request->route;
    const char *coding = exchange_header(exchange, "Content-Encoding");
    if (coding != NULL && strcasecmp(coding, "identity") != 0)
        return refuse_body(exchange, 415, "不接受压缩或另行编码的请求体。",
                           "A body that is compressed or coded otherwise is not taken.",
                           "请去掉 Content-Encoding，发送原文。",
                           "Leave Content-Encoding out and send it as it is.");
    if (route->upload) {
        if (message->upload < 0 || message->body_size == 0)
            return refuse_body(exchange, 0, "没有文件内容。", "There is no file in the body.",
                               "请在请求体中发送文件的原始字节。", "Send the file's raw bytes as the body.");
        request->upload = message->upload;
        request->upload_size = message->body_size;
        return message->body_size <= route->upload_max ? RESULT_OK : refuse_size(exchange, route->upload_max);
    }
    if (route->body == NULL) {
        if (message->body_size == 0)
            return RESULT_OK;
        return refuse_body(exchange, 0, "此请求不带请求体。", "This request takes no body.", "请去掉请求体。",
                           "Leave the body out.");
    }
    if (message->body_size > LIMIT_BODY_BYTES)
        return refuse_size(exchange, LIMIT_BODY_BYTES);
    if (message->body_size == 0)
        return refuse_body(exchange, 0, "缺少 JSON 请求体。", "The JSON body is missing.",
                           "请发送 JSON 对象。", "Send a JSON object.");
    if (!is_json(exchange_header(exchange, "Content-Type")))
        return refuse_body(exchange, 415, "Content-Type 须为 application/json(UTF-8)。",
                           "Content-Type must be application/json in UTF-8.", "请以 application/json 发送。",
                           "Send it as application/json.");
    if (request->body == NULL)
        TRY(json_read(exchange->arena, message->body, message->body_size, &request->body,
                      &exchange->refusal));
    return schema_check(exchange->arena, route->body, request->body, &exchange->refusal);
}
