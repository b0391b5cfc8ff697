/* One request as MHD delivers it: first line, head, body in pieces, reply. */
#include "base/digest.h"
#include "base/limits.h"
#include "http/log.h"
#include "http/router.h"
#include "http/server_inner.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- begin and end ---- */

static void make_id(struct server *server, char *ret_id)
{
    uint64_t count = atomic_fetch_add(&server->id_count, 1);
    uint8_t hash[crypto_shorthash_BYTES];
    (void)crypto_shorthash(hash, (const uint8_t *)&count, sizeof count, server->id_secret);
    hex_print(hash, sizeof hash, ret_id);
}

/* MHD would list the parameters of a query in the memory of the connection; some hundred fill it, and then
 * there is no room for an answer. We read queries ourselves. MHD, whose buffer this is, reads them after this
 * call: to it the query is empty. */
static void hide_query(const char *uri, size_t length)
{
    ((char *)(uintptr_t)uri)[length + 1] = '\0';
}

void *call_begin(void *argument, const char *uri, struct MHD_Connection *connection)
{
    struct server *server = argument;
    size_t length = strlen(uri);
    struct call *call = calloc(1, sizeof *call + length + 1);
    if (call == NULL)
        abort();
    memcpy(call->uri, uri, length);
    call->uri_length = length;
    call->server = server;
    call->connection = connection;
    call->upload = -1;
    call->path = call->uri;
    call->query = strchr(call->uri, '?');
    if (call->query != NULL) {
        hide_query(uri, (size_t)(call->query - call->uri));
        *call->query++ = '\0';
    }
    server->calls++;
    make_id(server, call->id);
    return call;
}

/* Bodies hold passwords. */
static void drop_body(char *body, size_t room)
{
    if (body != NULL)
        sodium_memzero(body, room);
    free(body);
}

void call_end(void *argument, struct MHD_Connection *connection, void **state,
              enum MHD_RequestTerminationCode why)
{
    struct server *server = argument;
    struct call *call = *state;
    (void)why;
    watch_for_head(server->watch, connection);
    if (call == NULL)
        return;
    if (call->response != NULL && !call->busy)
        MHD_destroy_response(call->response);
    if (call->upload >= 0)
        (void)close(call->upload);
    if (call->counted)
        server->uploads--;
    server->large -= call->large;
    drop_body(call->body, call->body_room);
    free(call);
    *state = NULL;
    server->calls--;
}

/* ---- the message ---- */

struct gathering {
    struct http_header *headers;
    size_t count;
    size_t room;
};

static enum MHD_Result gather(void *argument, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct gathering *gathering = argument;
    (void)kind;
    if (gathering->count < gathering->room)
        gathering->headers[gathering->count++] = (struct http_header){name, value != NULL ? value : ""};
    return MHD_YES;
}

static const char *address_of(struct MHD_Connection *connection, struct arena *arena)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char *text = arena_alloc(arena, INET6_ADDRSTRLEN);
    if (info == NULL || info->client_addr == NULL)
        return NULL;
    if (info->client_addr->sa_family == AF_INET6)
        return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr,
                         text, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, text,
                     INET6_ADDRSTRLEN);
}

void call_message(const struct call *call, struct arena *arena, struct http_message *ret_message)
{
    struct MHD_Connection *connection = call->connection;
    int count = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
    struct gathering gathering = {.room = count > 0 ? (size_t)count : 0};
    gathering.headers = arena_new_array(arena, struct http_header, gathering.room + 1);
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, gather, &gathering);
    *ret_message = (struct http_message){.method = call->method,
                                         .path = call->path,
                                         .query = call->query,
                                         .headers = gathering.headers,
                                         .body = call->body,
                                         .body_size = call->body_size,
                                         .upload = call->upload,
                                         .address = address_of(connection, arena)};
}

/* ---- the reply ---- */

/* Of requests that are turned away because there are too many, one a second has a line: a storm must not fill
 * the disk. The metrics count them all. */
static bool has_a_line(struct server *server, const struct http_reply *reply)
{
    if (reply->status != 503 || reply->result != RESULT_BUSY)
        return true;
    int_fast64_t second = clock_monotonic() / INSTANT_SECOND;
    return atomic_exchange(&server->shed_second, second) != second;
}

/* One line for who runs the platform: no path as it was sent, no query, no address, no body. */
void call_note(struct server *server, const char *id, instant began, enum http_method method,
               const struct http_reply *reply)
{
    int64_t took = began > 0 ? clock_monotonic() - began : 0;
    bool failed = reply->status >= 500;
    dispatch_note(server->app, reply, took);
    if (!has_a_line(server, reply))
        return;
    bool shed = reply->status == 503 && reply->result == RESULT_BUSY;
    log_write(server->app,
              LOG_LINE(.level = shed     ? LOG_WARNING
                                : failed ? LOG_ERROR
                                         : LOG_INFO,
                       .event = "request", .method = http_method_name(method),
                       .route = reply->route != NULL ? reply->route->path : "-", .status = reply->status,
                       .microseconds = took, .request = id, .entry = reply->entry >= 0 ? &reply->entry : NULL,
                       .result = failed ? result_name(reply->result) : NULL));
}

/* Who reads slowly holds the reply's memory: of large ones only so much. */
static bool may_be_held(struct call *call, size_t size)
{
    struct server *server = call->server;
    if (size <= LIMIT_REPLY_LARGE_BYTES)
        return true;
    if (atomic_fetch_add(&server->large, size) + size > LIMIT_REPLIES_BYTES) {
        server->large -= size;
        return false;
    }
    call->large = size;
    return true;
}

static void refuse_busy(struct call *call);

static struct MHD_Response *make_response(const struct http_reply *reply)
{
    void *body = (void *)(uintptr_t)(reply->body != NULL ? reply->body : "");
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->body_size, body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        abort();
    if (reply->content_type != NULL)
        (void)MHD_add_response_header(response, "Content-Type", reply->content_type);
    for (const struct http_header *header = reply->headers; header->name != NULL; header++)
        (void)MHD_add_response_header(response, header->name, header->value);
    return response;
}

void call_reply(struct call *call, const struct http_message *message, const struct http_reply *reply)
{
    if (!may_be_held(call, reply->body_size)) {
        refuse_busy(call);
        return;
    }
    struct MHD_Response *response = make_response(reply);
    (void)MHD_add_response_header(response, "X-Request-Id", call->id);
    if (call->server->stopping)
        (void)MHD_add_response_header(response, "Connection", "close");
    call->response = response;
    call->reply_size = reply->body_size;
    call->status = (unsigned)reply->status;
    call->phase = CALL_READY;
    call_note(call->server, call->id, call->began, message->method, reply);
}

void call_answer(struct call *call, struct arena *arena)
{
    struct http_message message;
    struct http_reply reply;
    call_message(call, arena, &message);
    dispatch(call->server->app, arena, &message, &reply);
    call_reply(call, &message, &reply);
}

/* `status` 0: by the result. */
static void refuse_call(struct call *call, struct arena *arena, int status, struct refusal refusal)
{
    struct http_message message;
    struct http_reply reply = {0};
    call_message(call, arena, &message);
    dispatch_refuse(call->server->app, arena, &message, &refusal, status, &reply);
    call_reply(call, &message, &reply);
}

static enum MHD_Result queue(struct call *call)
{
    if (!call->events)
        watch_for_reply(call->server->watch, call->connection, call->reply_size);
    return MHD_queue_response(call->connection, call->status, call->response);
}

void call_busy_begin(struct server *server)
{
    static const struct http_header headers[][2] = {{{NULL, NULL}}, {{"Accept-Language", "en"}}};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int english = 0; english < 2; english++) {
        struct http_message message = {.headers = headers[english], .upload = -1};
        struct http_reply reply;
        dispatch_refuse(server->app, arena, &message,
                        &(struct refusal){.result = RESULT_BUSY,
                                          .zh = "等待处理的请求过多，未作任何更改。",
                                          .en = "Too many requests are waiting; nothing was changed."},
                        0, &reply);
        server->busy[english] = make_response(&reply);
    }
}

void call_busy_end(struct server *server)
{
    for (int english = 0; english < 2; english++)
        MHD_destroy_response(server->busy[english]);
}

/* Turning a request away costs as little as may be, or a storm would keep the server from its work. The
 * response, which all share, has no X-Request-Id: most of these have no line in the log that it could name.
 */
static void refuse_busy(struct call *call)
{
    struct server *server = call->server;
    const char *languages = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Accept-Language");
    call->response = server->busy[dispatch_prefers_english(languages)];
    call->busy = true;
    call->status = 503;
    call->phase = CALL_READY;
    call_note(server, NULL, call->began, call->method,
              &(struct http_reply){.status = 503, .result = RESULT_BUSY, .entry = -1});
}

static void refuse_size(struct call *call)
{
    struct arena *arena = server_arena(call->server);
    size_t max = call->body_max;
    refuse_call(call, arena, 0,
                (struct refusal){.result = RESULT_TOO_LARGE,
                                 .zh = arena_printf(arena, "请求体超过 %zu 字节。", max),
                                 .en = arena_printf(arena, "The body is over %zu bytes.", max),
                                 .remedy_zh = "请缩小或分批提交。",
                                 .remedy_en = "Make it smaller, or send it in parts."});
}

/* ---- the head ---- */

/* Sent in MHD's first call of a request: the connection ends with it, and nothing behind it is read. */
static void refuse_head(struct call *call, enum head_fault fault)
{
    struct arena *arena = server_arena(call->server);
    if (fault == HEAD_WITHOUT_LENGTH)
        refuse_call(call, arena, 411,
                    (struct refusal){.result = RESULT_MALFORMED,
                                     .field = "Transfer-Encoding",
                                     .zh = "请求体须以 Content-Length 说明长度。",
                                     .en = "A body must tell its length in Content-Length.",
                                     .remedy_zh = "请去掉 Transfer-Encoding，改用 Content-Length。",
                                     .remedy_en = "Leave Transfer-Encoding out and send Content-Length."});
    else
        refuse_call(call, arena, 0,
                    (struct refusal){.result = RESULT_MALFORMED,
                                     .zh = "请求头不合 HTTP/1.1，或可作两种理解；连接随之关闭。",
                                     .en = "The head is no sound HTTP/1.1, or can be read in two ways; the "
                                           "connection ends.",
                                     .remedy_zh =
                                         "请按 RFC 9112 发送请求头：每行以 CRLF 结束，长度、主机、凭证"
                                         "等字段只出现一次。",
                                     .remedy_en = "Send it by RFC 9112: lines end with CR LF; length, host, "
                                                  "credentials and the like come once."});
}

/* Content-Length, 0 when there is none. */
static size_t announced(struct MHD_Connection *connection)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

/* A memory file for the body, once it is clear that this caller may send one. */
static enum MHD_Result open_upload(struct call *call)
{
    struct server *server = call->server;
    struct arena *arena = server_arena(server);
    struct http_message message;
    struct http_reply reply;
    call_message(call, arena, &message);
    if (!dispatch_admits(server->app, arena, &message, &reply)) {
        call_reply(call, &message, &reply);
        return queue(call);
    }
    call->counted = true;
    if (server->uploads++ >= LIMIT_UPLOADS_AT_ONCE) {
        refuse_busy(call);
        return queue(call);
    }
    call->upload = memfd_create("upload", MFD_CLOEXEC);
    if (call->upload < 0) {
        refuse_busy(call);
        return queue(call);
    }
    return MHD_YES;
}

/* Who sends a body without waiting would see the connection reset before the refusal: what is little too
 * large is read and dropped first. */
static bool may_be_drained(const struct call *call)
{
    bool waits = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Expect") != NULL;
    return !waits && announced(call->connection) <= call->body_max + LIMIT_BODY_BYTES;
}

static enum MHD_Result take_head(struct call *call, enum head_fault fault, const char *method)
{
    struct server *server = call->server;
    watch_for_nothing(call->connection);
    call->phase = CALL_BODY;
    call->began = clock_monotonic();
    call->method = http_method_by_name(method);
    if (fault != HEAD_SOUND) {
        refuse_head(call, fault);
        return queue(call);
    }
    if (server->stopping) {
        refuse_busy(call);
        return queue(call);
    }
    call->plan = dispatch_plan(server->app, server_arena(server), call->method, call->path);
    /* Where no body belongs a small one is still read, so that the refusal comes as a reply and not as a
     * closed connection. */
    call->body_max = call->plan.body_max > 0 ? call->plan.body_max : LIMIT_BODY_BYTES;
    call->too_large = announced(call->connection) > call->body_max;
    if (call->too_large && !may_be_drained(call)) {
        refuse_size(call);
        return queue(call);
    }
    return call->plan.upload ? open_upload(call) : MHD_YES;
}

/* ---- the body ---- */

/* Room for `wanted` bytes in *body, which holds `size`. */
static bool grow(char **body, size_t size, size_t *room, size_t wanted)
{
    size_t next = *room > 0 ? *room : 4096;
    while (next < wanted)
        next *= 2;
    if (next == *room)
        return true;
    char *grown = malloc(next);
    if (grown == NULL)
        return false;
    if (*body != NULL)
        memcpy(grown, *body, size);
    drop_body(*body, *room);
    *body = grown;
    *room = next;
    return true;
}

static bool write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Slower than the slowest line that is still meant to work. */
static bool too_slow(const struct call *call)
{
    int64_t seconds = (clock_monotonic() - call->began) / INSTANT_SECOND - LIMIT_BODY_SECONDS;
    return seconds > 0 && (int64_t)call->body_size < seconds * LIMIT_BODY_BYTES_PER_SECOND;
}

/* Once a body is too large the rest is read and dropped, so that the refusal can be sent; but not for ever.
 */
static enum MHD_Result take_body(struct call *call, const char *bytes, size_t size)
{
    if (too_slow(call))
        return MHD_NO;
    if (call->too_large || call->body_size + size > call->body_max) {
        call->too_large = true;
        call->body_size += size;
        return call->body_size > 2 * call->body_max + LIMIT_BODY_BYTES ? MHD_NO : MHD_YES;
    }
    if (call->upload >= 0) {
        if (!write_all(call->upload, bytes, size))
            return MHD_NO;
    } else {
        if (!grow(&call->body, call->body_size, &call->body_room, call->body_size + size))
            return MHD_NO;
        memcpy(call->body + call->body_size, bytes, size);
    }
    call->body_size += size;
    return MHD_YES;
}

/* ---- the answer ---- */

static enum MHD_Result answer(struct call *call)
{
    struct server *server = call->server;
    enum result result;
    if (call->too_large) {
        refuse_size(call);
        return queue(call);
    }
    if (call->upload >= 0)
        (void)lseek(call->upload, 0, SEEK_SET);
    if (call->plan.inline_reply) {
        call_answer(call, server_arena(server));
        return queue(call);
    }
    if (!call->plan.events && pool_is_full(server->pool)) {
        refuse_busy(call);
        return queue(call);
    }
    struct MHD_Connection *connection = call->connection;
    MHD_suspend_connection(connection);
    result = call->plan.events ? stream_start(call) : pool_take(server->pool, call);
    if (result == RESULT_OK)
        return MHD_YES;
    refuse_busy(call);
    MHD_resume_connection(connection);
    return MHD_YES;
}

enum MHD_Result call_handle(void *argument, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *upload_data,
                            size_t *upload_size, void **state)
{
    struct call *call = *state;
    (void)argument;
    (void)connection;
    if (call->phase == CALL_NEW)
        return take_head(call, head_check(call, url, method, version), method);
    if (*upload_size > 0) {
        enum MHD_Result taken = take_body(call, upload_data, *upload_size);
        /* It lies in the connection's buffer, and MHD does not read it again: no password stays there. */
        sodium_memzero((void *)(uintptr_t)upload_data, *upload_size);
        *upload_size = 0;
        return taken;
    }
    return call->phase == CALL_READY ? queue(call) : answer(call);
}
