/* What is served beside the routes: the portal page, the state of health, the interface's description. */
#include "base/digest.h"
#include "http/exchange.h"
#include "http/html.h"
#include "http/monitor.h"
#include "http/openapi.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Pages carry their style inside and load nothing. */
static const char policy_form[] = "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
                                  "form-action 'none'; frame-ancestors 'none'";

static void answer_text(struct exchange *exchange, const char *type, const char *text)
{
    struct http_reply *reply = exchange->reply;
    const char *known = exchange_header(exchange, "If-None-Match");
    const char *etag = etag_of(exchange->arena, text);
    exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
    exchange_add_header(exchange, "Cache-Control", "no-cache");
    exchange_add_header(exchange, "ETag", etag);
    exchange_add_header(exchange, "Vary", "Accept-Language");
    if (strncmp(type, "text/html", 9) == 0) {
        exchange_add_header(exchange, "Content-Security-Policy", exchange->app->dispatcher->policy);
        exchange_add_header(exchange, "Referrer-Policy", "no-referrer");
    }
    if (known != NULL && etag_listed(known, etag)) {
        reply->status = 304;
        return;
    }
    reply->status = 200;
    reply->content_type = type;
    reply->body = text;
    reply->body_size = strlen(text);
}

static enum result ping(struct store_tx *tx, void *argument)
{
    struct store_row row;
    return store_one(tx, argument, SQL_STORE_PING, STORE_NO_BINDS, &row);
}

/* ---- for who watches the platform ---- */

static const struct monitor *monitor_of(const struct exchange *exchange)
{
    return exchange->app->monitor;
}

/* Compared as digests, so that the time tells nothing of how much was right. */
static bool is_watcher(const struct exchange *exchange)
{
    static const char scheme[] = "Bearer ";
    const struct monitor *monitor = monitor_of(exchange);
    const char *sent = exchange_header(exchange, "Authorization");
    if (monitor == NULL || monitor->token == NULL || sent == NULL ||
        strncasecmp(sent, scheme, sizeof scheme - 1) != 0)
        return false;
    struct digest a = digest_sha256(sent + sizeof scheme - 1, strlen(sent + sizeof scheme - 1));
    struct digest b = digest_sha256(monitor->token, strlen(monitor->token));
    return sodium_memcmp(a.bytes, b.bytes, DIGEST_SIZE) == 0;
}

/* Whoever has no token is counted by address. */
static bool may_watch(struct exchange *exchange, bool *ret_watcher)
{
    *ret_watcher = is_watcher(exchange);
    enum result result = *ret_watcher ? RESULT_OK : admit_address(exchange);
    if (result != RESULT_OK)
        problem_fill(exchange, result);
    return result == RESULT_OK;
}

static void answer_now(struct exchange *exchange, int status, const char *type, const char *text)
{
    struct http_reply *reply = exchange->reply;
    exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
    exchange_add_header(exchange, "Cache-Control", "no-store");
    if (status == 503)
        exchange_add_header(exchange, "Retry-After", "1");
    reply->status = status;
    reply->content_type = type;
    reply->body = text;
    reply->body_size = strlen(text);
}

/* Everybody learns whether the platform works; its parts are for who watches it. */
static void answer_health(struct exchange *exchange)
{
    const struct monitor *monitor = monitor_of(exchange);
    bool watcher;
    if (!may_watch(exchange, &watcher))
        return;
    bool ready = monitor != NULL ? monitor->ready(exchange->app)
                                 : store_read(exchange->app->store, ping, exchange->arena) == RESULT_OK;
    const char *text = ready ? "{\"status\":\"ok\"}" : "{\"status\":\"unavailable\"}";
    if (watcher)
        text = monitor->parts(exchange->app, exchange->arena);
    answer_now(exchange, ready ? 200 : 503, "application/json", text);
}

/* That a reply comes is the answer. */
static void answer_live(struct exchange *exchange)
{
    bool watcher;
    if (may_watch(exchange, &watcher))
        answer_now(exchange, 200, "application/json", "{\"status\":\"ok\"}");
}

/* Without a token in the settings there is no such page; a wrong one learns no more than that. */
static void answer_metrics(struct exchange *exchange)
{
    bool watcher;
    if (!may_watch(exchange, &watcher))
        return;
    if (watcher)
        answer_now(exchange, 200, "text/plain; version=0.0.4; charset=utf-8",
                   monitor_of(exchange)->metrics(exchange->app, exchange->arena));
    else
        problem_fill(exchange, RESULT_NOT_FOUND);
}

static const char html_type[] = "text/html; charset=utf-8";

/* "?lang=en" or "?lang=zh" goes before the browser's languages. */
static bool in_english(const struct exchange *exchange)
{
    const char *query = exchange->message->query;
    if (query != NULL && strncmp(query, "lang=", 5) == 0)
        return strcmp(query + 5, "en") == 0;
    return exchange->english;
}

static void answer_portal(struct exchange *exchange)
{
    const struct dispatcher *dispatcher = exchange->app->dispatcher;
    answer_text(exchange, html_type, in_english(exchange) ? dispatcher->portal_en : dispatcher->portal_zh);
}

static void answer_page(struct exchange *exchange)
{
    const struct dispatcher *dispatcher = exchange->app->dispatcher;
    answer_text(exchange, html_type, in_english(exchange) ? dispatcher->page_en : dispatcher->page_zh);
}

static void answer_openapi(struct exchange *exchange)
{
    answer_text(exchange, "application/json", exchange->app->dispatcher->openapi);
}

static const struct {
    const char *path;
    void (*answer)(struct exchange *exchange);
} pages[] = {
    {"/", answer_portal},         {"/health", answer_health}, {"/health/live", answer_live},
    {"/metrics", answer_metrics}, {"/api", answer_page},      {"/api/openapi.json", answer_openapi},
};

bool builtin_has(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(path, pages[i].path) == 0)
            return true;
    return false;
}

bool builtin_answer(struct exchange *exchange)
{
    const struct http_message *message = exchange->message;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(message->path, pages[i].path) != 0)
            continue;
        if (message->method == HTTP_GET || message->method == HTTP_HEAD) {
            pages[i].answer(exchange);
            return true;
        }
        exchange->match.methods = 1u << HTTP_GET;
        exchange->status = message->method == HTTP_OPTIONS ? 204 : 405;
        problem_fill(exchange, RESULT_MALFORMED);
        if (message->method == HTTP_OPTIONS) {
            exchange->reply->body_size = 0;
            exchange->reply->content_type = NULL;
        }
        return true;
    }
    return false;
}

static char *style_policy(void)
{
    char text[sodium_base64_ENCODED_LEN(DIGEST_SIZE, sodium_base64_VARIANT_ORIGINAL)];
    struct digest digest = digest_sha256(html_style, strlen(html_style));
    char *policy = NULL;
    (void)sodium_bin2base64(text, sizeof text, digest.bytes, DIGEST_SIZE, sodium_base64_VARIANT_ORIGINAL);
    if (asprintf(&policy, policy_form, text) < 0)
        abort();
    return policy;
}

void builtin_prepare(struct app *app)
{
    struct dispatcher *dispatcher = app->dispatcher;
    json_t *document = openapi_document(app);
    dispatcher->openapi = json_dumps(document, JSON_COMPACT);
    dispatcher->portal_zh = html_portal(app, false);
    dispatcher->portal_en = html_portal(app, true);
    dispatcher->page_zh = html_interface(app, false);
    dispatcher->page_en = html_interface(app, true);
    dispatcher->policy = style_policy();
    json_decref(document);
    if (dispatcher->openapi == NULL)
        abort();
}

void builtin_forget(struct app *app)
{
    struct dispatcher *dispatcher = app->dispatcher;
    free(dispatcher->openapi);
    free(dispatcher->portal_zh);
    free(dispatcher->portal_en);
    free(dispatcher->page_zh);
    free(dispatcher->page_en);
    free(dispatcher->policy);
}
