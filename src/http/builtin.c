/* What is served beside the routes: the portal page, the state of health, the interface's description. */
#include "base/digest.h"
#include "http/exchange.h"
#include "http/html.h"
#include "http/openapi.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Healthy means that the store answers. */
static void answer_health(struct exchange *exchange)
{
    enum result result = store_read(exchange->app->store, ping, exchange->arena);
    if (result == RESULT_OK)
        answer_text(exchange, "application/json", "{\"status\":\"ok\"}");
    else
        problem_fill(exchange, RESULT_UNAVAILABLE);
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
    {"/", answer_portal},
    {"/health", answer_health},
    {"/api", answer_page},
    {"/api/openapi.json", answer_openapi},
};

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
