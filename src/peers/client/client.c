#include "peers/client/client.h"

#include "base/limits.h"
#include "base/text.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct client {
    CURL *curl;
    struct curl_slist *headers;
    char *url;
    char *ca_file; /* NULL: the system's */
};

static void set_up_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

/* The part between "scheme://" and the next '/', without a port. */
static bool host_is_loopback(const char *authority)
{
    static const char *const loopbacks[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof loopbacks / sizeof *loopbacks; i++) {
        size_t length = strlen(loopbacks[i]);
        if (strncmp(authority, loopbacks[i], length) == 0 && strchr(":/", authority[length]) != NULL)
            return true; /* strchr finds the end of the text as well */
    }
    return false;
}

static enum result check_url(struct arena *arena, const char *url, struct refusal *ret_refusal)
{
    struct refusal refusal = {.result = RESULT_INVALID,
                              .field = "url",
                              .remedy_zh = "请写成 https://主机[:端口];仅本机地址可用 http://。",
                              .remedy_en = "Write https://host[:port]; http:// is for this machine only."};
    bool plain = url != NULL && strncmp(url, "http://", 7) == 0;
    bool tls = url != NULL && strncmp(url, "https://", 8) == 0;
    if (!plain && !tls) {
        refusal.zh = arena_printf(arena, "“%s”不是 http(s) 地址。", url != NULL ? url : "");
        refusal.en = arena_printf(arena, "\"%s\" is no http(s) address.", url != NULL ? url : "");
        return refuse(ret_refusal, refusal);
    }
    const char *authority = url + (plain ? 7 : 8);
    size_t length = strcspn(authority, "/?#");
    if (length == 0 || memchr(authority, '@', length) != NULL || strpbrk(url, "?# \t\r\n") != NULL) {
        refusal.zh = "地址中没有主机，或者带有用户名、参数或空白。";
        refusal.en = "The address has no host, or holds a user name, a query or white space.";
        return refuse(ret_refusal, refusal);
    }
    if (plain && !host_is_loopback(authority)) {
        refusal.zh = "令牌不得以明文 HTTP 发往其他主机。";
        refusal.en = "A token may not go to another host over plain HTTP.";
        return refuse(ret_refusal, refusal);
    }
    return RESULT_OK;
}

/* Forgets the method, body and limits of the call before; the connection stays. */
static void set_options(const struct client *client)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)LIMIT_PEER_CONNECT_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "dukou");
    if (client->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
}

enum result client_open(struct arena *arena, const struct client_options *options, struct client **ret_client,
                        struct refusal *ret_refusal)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_up_curl);
    TRY(check_url(arena, options->url, ret_refusal));
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        abort();
    client->curl = curl_easy_init();
    client->url = strdup(options->url);
    if (client->curl == NULL || client->url == NULL)
        abort();
    for (size_t end = strlen(client->url); end > 0 && client->url[end - 1] == '/'; end--)
        client->url[end - 1] = '\0';
    if (options->token != NULL) {
        char *header = arena_printf(arena, "Authorization: Bearer %s", options->token);
        client->headers = curl_slist_append(client->headers, header);
    }
    client->headers =
        curl_slist_append(client->headers, "Accept: application/json, application/problem+json");
    client->headers = curl_slist_append(client->headers, "Expect:");
    if (options->ca_file != NULL && (client->ca_file = strdup(options->ca_file)) == NULL)
        abort();
    *ret_client = client;
    return RESULT_OK;
}

void client_close(struct client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    free(client->url);
    free(client->ca_file);
    free(client);
}

/* ---- one call ---- */

struct reply {
    char *bytes;
    size_t size;
    bool too_large;
};

static size_t take_reply(char *bytes, size_t one, size_t size, void *argument)
{
    assert(one == 1);
    struct reply *reply = argument;
    if (size > LIMIT_PEER_REPLY_BYTES - reply->size) {
        reply->too_large = true;
        return 0;
    }
    char *grown = realloc(reply->bytes, reply->size + size + 1);
    if (grown == NULL)
        abort();
    memcpy(grown + reply->size, bytes, size);
    reply->bytes = grown;
    reply->size += size;
    return size;
}

struct upload {
    int fd;
    size_t at;
    size_t size;
};

static size_t give_upload(char *bytes, size_t one, size_t room, void *argument)
{
    assert(one == 1);
    struct upload *upload = argument;
    size_t rest = upload->size - upload->at;
    ssize_t got = pread(upload->fd, bytes, rest < room ? rest : room, (off_t)upload->at);
    if (got < 0 || (got == 0 && rest > 0))
        return CURL_READFUNC_ABORT;
    upload->at += (size_t)got;
    return (size_t)got;
}

static struct curl_slist *call_headers(const struct client *client, const char *content_type)
{
    struct curl_slist *headers = NULL;
    for (const struct curl_slist *h = client->headers; h != NULL; h = h->next)
        headers = curl_slist_append(headers, h->data);
    if (content_type != NULL)
        headers = curl_slist_append(headers, content_type);
    return headers;
}

/* Sets what is sent; returns the headers, which the caller frees after the call. */
static struct curl_slist *set_body(struct client *client, struct arena *arena, const struct client_call *call,
                                   struct upload *upload)
{
    CURL *curl = client->curl;
    if (call->raw) {
        (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_upload);
        (void)curl_easy_setopt(curl, CURLOPT_READDATA, upload);
        (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->size);
        (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1000L);
        (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)LIMIT_PEER_STALL_SECONDS);
        return call_headers(client, "Content-Type: application/octet-stream");
    }
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)LIMIT_PEER_SECONDS);
    if (call->body == NULL && strcmp(call->method, "GET") == 0) {
        (void)curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        return call_headers(client, NULL);
    }
    const char *text = call->body != NULL ? json_print(arena, call->body) : "";
    (void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    return call_headers(client, call->body != NULL ? "Content-Type: application/json" : "Content-Type:");
}

static enum result result_of_status(long status)
{
    static const struct {
        long status;
        enum result result;
    } known[] = {{400, RESULT_MALFORMED}, {401, RESULT_UNAUTHENTICATED}, {403, RESULT_FORBIDDEN},
                 {404, RESULT_NOT_FOUND}, {409, RESULT_CONFLICT},        {412, RESULT_STALE},
                 {413, RESULT_TOO_LARGE}, {422, RESULT_INVALID},         {429, RESULT_LIMIT},
                 {503, RESULT_BUSY},      {504, RESULT_TIMEOUT}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            return known[i].result;
    return status >= 400 && status < 500 ? RESULT_INVALID : RESULT_UNAVAILABLE;
}

/* {"zh": {"reason","remedy"}, "en": …} of our own problem documents, else RFC 9457's "detail". */
static const char *problem_text(struct arena *arena, const json_t *problem, const char *language,
                                const char *key)
{
    const char *text = json_text(json_object_get(problem, language), key);
    if (text == NULL && strcmp(key, "reason") == 0)
        text = json_text(problem, "detail");
    return text_is_blank(text) ? NULL : arena_strdup(arena, text);
}

/* The server's own words where it gave a problem document. */
static enum result refuse_status(struct arena *arena, const struct client_call *call, long status,
                                 const struct reply *reply, struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *problem = NULL;
    if (reply->bytes != NULL)
        (void)json_read(arena, reply->bytes, reply->size, &problem, NULL);
    const char *zh = problem_text(arena, problem, "zh", "reason");
    const char *en = problem_text(arena, problem, "en", "reason");
    const char *field = json_text(problem, "field");
    struct refusal refusal = {.result = result_of_status(status)};
    refusal.field = field != NULL ? arena_strdup(arena, field) : NULL;
    refusal.zh = arena_printf(arena, "%s %s：对方答复 %ld。%s", call->method, call->path, status,
                              zh != NULL ? zh : "");
    refusal.en = arena_printf(arena, "%s %s: the other side answered %ld. %s", call->method, call->path,
                              status, en != NULL ? en : "");
    refusal.remedy_zh = problem_text(arena, problem, "zh", "remedy");
    refusal.remedy_en = problem_text(arena, problem, "en", "remedy");
    return refuse(ret_refusal, refusal);
}

static enum result refuse_transport(struct arena *arena, const struct client *client,
                                    const struct client_call *call, CURLcode code, const struct reply *reply,
                                    struct refusal *ret_refusal)
{
    struct refusal refusal = {.result = RESULT_UNAVAILABLE,
                              .remedy_zh = "请检查地址、网络和证书，稍后再试。",
                              .remedy_en = "Check the address, the network and the certificate; try later."};
    const char *why = curl_easy_strerror(code);
    if (code == CURLE_OPERATION_TIMEDOUT)
        refusal.result = RESULT_TIMEOUT;
    if (reply->too_large) {
        refusal.result = RESULT_TOO_LARGE;
        why = "the reply is over the size limit";
    }
    refusal.zh = arena_printf(arena, "%s %s%s 没有完成:%s。", call->method, client->url, call->path, why);
    refusal.en =
        arena_printf(arena, "%s %s%s did not complete: %s.", call->method, client->url, call->path, why);
    return refuse(ret_refusal, refusal);
}

/* Tables and the like come as text. */
static enum result read_body(struct arena *arena, const char *type, const struct reply *reply,
                             json_t **ret_json, struct refusal *ret_refusal)
{
    if (type != NULL && strstr(type, "json") != NULL)
        return json_read(arena, reply->bytes, reply->size, ret_json, ret_refusal);
    *ret_json = json_stringn(reply->bytes, reply->size);
    if (*ret_json != NULL)
        return RESULT_OK;
    return refuse(ret_refusal, (struct refusal){.result = RESULT_MALFORMED,
                                                .zh = "对方的答复既不是 JSON,也不是 UTF-8 文本。",
                                                .en = "The answer is neither JSON nor UTF-8 text.",
                                                .remedy_zh = "请检查地址。",
                                                .remedy_en = "Check the address."});
}

static enum result read_answer(struct arena *arena, const struct client_call *call, long status,
                               const char *type, const struct reply *reply, json_t **ret_reply,
                               struct refusal *ret_refusal)
{
    if (status < 200 || status > 299)
        return refuse_status(arena, call, status, reply, ret_refusal);
    json_t *json = NULL;
    if (reply->size > 0)
        TRY(read_body(arena, type, reply, &json, ret_refusal));
    if (ret_reply != NULL)
        *ret_reply = json;
    else
        json_decref(json);
    return RESULT_OK;
}

enum result client_send(struct client *client, struct arena *arena, const struct client_call *call,
                        json_t **ret_reply, struct refusal *ret_refusal)
{
    assert(call->path[0] == '/');
    struct reply reply = {NULL, 0, false};
    struct upload upload = {call->fd, 0, call->size};
    CURL *curl = client->curl;
    set_options(client);
    struct curl_slist *headers = set_body(client, arena, call, &upload);
    (void)curl_easy_setopt(curl, CURLOPT_URL, arena_printf(arena, "%s%s", client->url, call->path));
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    const char *type = NULL;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    /* A server that refuses an upload half-way closes on us; its answer counts. */
    bool answered = code == CURLE_OK || (code == CURLE_SEND_ERROR && status >= 400);
    enum result result = answered ? read_answer(arena, call, status, type, &reply, ret_reply, ret_refusal)
                                  : refuse_transport(arena, client, call, code, &reply, ret_refusal);
    curl_slist_free_all(headers);
    free(reply.bytes);
    return result;
}
