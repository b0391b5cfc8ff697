#include "http/html.h"

#include "base/limits.h"
#include "http/router.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
    FILE *out;
    bool english;
};

static void put(struct page *page, const char *html)
{
    (void)fputs(html, page->out);
}

static void text(struct page *page, const char *plain)
{
    for (; *plain != '\0'; plain++) {
        if (*plain == '<')
            put(page, "&lt;");
        else if (*plain == '>')
            put(page, "&gt;");
        else if (*plain == '&')
            put(page, "&amp;");
        else if (*plain == '"')
            put(page, "&quot;");
        else
            (void)fputc(*plain, page->out);
    }
}

static const char *say(const struct page *page, const char *zh, const char *en)
{
    return page->english ? en : zh;
}

/* ---- frame ---- */

static void head(struct page *page, const char *title, const char *subtitle, const char *lead)
{
    (void)fprintf(
        page->out,
        "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><title>%s %s</title><style>%s</style></head>\n<body>"
        "<a class=\"skip\" href=\"#content\">%s</a><header><h1>%s<span>%s</span></h1><p>%s</p><nav>",
        say(page, "zh-CN", "en"), title, subtitle, html_style, say(page, "跳到正文", "Skip to content"),
        title, subtitle, lead);
}

static void head_link(struct page *page, const char *target, const char *zh, const char *en)
{
    (void)fprintf(page->out, "<a href=\"%s\">%s</a>", target, say(page, zh, en));
}

static void other_language(struct page *page, const char *path)
{
    (void)fprintf(page->out, "<a href=\"%s?lang=%s\" lang=\"%s\" hreflang=\"%s\">%s</a></nav></header>\n",
                  path, say(page, "en", "zh"), say(page, "en", "zh-CN"), say(page, "en", "zh-CN"),
                  say(page, "English", "中文"));
}

static char *finish(struct page *page, char **bytes)
{
    put(page, "<footer>渡口 Dukou · Apache-2.0</footer></body></html>\n");
    if (fclose(page->out) != 0)
        abort();
    return *bytes;
}

static struct page begin(bool english, char **bytes, size_t *size)
{
    struct page page = {open_memstream(bytes, size), english};
    if (page.out == NULL)
        abort();
    return page;
}

/* ---- fields ---- */

static const struct {
    const char *zh;
    const char *en;
} type_names[] = {
    [FIELD_END] = {"", ""},
    [FIELD_TEXT] = {"文本", "text"},
    [FIELD_INTEGER] = {"整数", "integer"},
    [FIELD_NUMBER] = {"数值", "number"},
    [FIELD_BOOLEAN] = {"是或否", "true or false"},
    [FIELD_ID] = {"编号", "id"},
    [FIELD_MONEY] = {"金额（分）", "money in fen"},
    [FIELD_DATE] = {"日期", "date"},
    [FIELD_INSTANT] = {"时刻（UTC）", "instant (UTC)"},
    [FIELD_CHOICE] = {"选项", "one of"},
    [FIELD_NAME] = {"名称", "name"},
    [FIELD_LOGIN] = {"登录名", "log-in name"},
    [FIELD_CODE] = {"代码", "code"},
    [FIELD_CREDIT_CODE] = {"统一社会信用代码", "unified social credit code"},
    [FIELD_DIGEST] = {"SHA-256 摘要", "SHA-256 digest"},
    [FIELD_OBJECT] = {"对象", "object"},
    [FIELD_LIST] = {"列表", "list of"},
    [FIELD_ANY] = {"任意 JSON", "any JSON"},
};

static void field_type(struct page *page, const struct field *field)
{
    enum field_type type = field->type;
    put(page, say(page, type_names[type].zh, type_names[type].en));
    if (type == FIELD_LIST) {
        enum field_type item = field->of != NULL ? FIELD_OBJECT : field->item;
        (void)fprintf(page->out, "%s%s", say(page, ":", " "),
                      say(page, type_names[item].zh, type_names[item].en));
        type = item;
    }
    if (type == FIELD_OBJECT && field->of != NULL) {
        put(page, " <code>");
        text(page, field->of->name);
        put(page, "</code>");
    }
    if (type == FIELD_CHOICE && field->choices != NULL)
        for (const char *const *choice = field->choices; *choice != NULL; choice++) {
            put(page, " <code>");
            text(page, *choice);
            put(page, "</code>");
        }
    if (type == FIELD_TEXT)
        (void)fprintf(page->out, say(page, ",至多 %zu 字", ", at most %zu characters"),
                      field->max != 0 ? field->max : (size_t)LIMIT_TEXT_CHARACTERS);
    if ((type == FIELD_INTEGER || type == FIELD_MONEY) && (field->low != 0 || field->high != 0))
        (void)fprintf(page->out, " %" PRId64 "–%" PRId64, field->low, field->high);
    if (field->nullable)
        put(page, say(page, ",可为 null", ", or null"));
}

static void field_row(struct page *page, const struct field *field, const char *before)
{
    const char *meaning = page->english ? (field->en != NULL ? field->en : field->zh)
                                        : (field->zh != NULL ? field->zh : field->en);
    put(page, "<tr><td><code>");
    text(page, before);
    text(page, field->name);
    put(page, "</code>");
    if (field->required)
        (void)fprintf(page->out, "<span class=\"must\" title=\"%s\"> *</span>",
                      say(page, "必填", "required"));
    put(page, "</td><td>");
    field_type(page, field);
    put(page, "</td><td>");
    text(page, meaning != NULL ? meaning : "");
    put(page, "</td></tr>");
}

/* The members of an object follow it, one level down. */
static void field_table(struct page *page, const char *title, const struct schema *schema)
{
    (void)fprintf(
        page->out,
        "<h3>%s <code>%s</code></h3><div class=\"wide\"><table><thead><tr><th scope=\"col\">%s</th><th "
        "scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead><tbody>",
        title, schema->name, say(page, "字段", "Field"), say(page, "类型", "Type"),
        say(page, "含义", "Meaning"));
    for (const struct field *field = schema->fields; field->name != NULL; field++) {
        char before[128];
        field_row(page, field, "");
        (void)snprintf(before, sizeof before, "%s%s", field->name, field->type == FIELD_LIST ? "[]." : ".");
        for (const struct field *inner = field->of != NULL ? field->of->fields : NULL;
             inner != NULL && inner->name != NULL; inner++)
            field_row(page, inner, before);
    }
    put(page, "</tbody></table></div>");
}

/* ---- routes ---- */

static void tag(struct page *page, const char *class, const char *plain)
{
    (void)fprintf(page->out, "<li class=\"%s\">", class);
    text(page, plain);
    put(page, "</li>");
}

static void role_tags(struct page *page, unsigned roles)
{
    if ((roles & R(PUBLIC)) != 0) {
        tag(page, "role", say(page, "任何人", "everybody"));
        return;
    }
    if (roles == R_LOGGED_IN) {
        tag(page, "role", say(page, "已登录者", "whoever is logged in"));
        return;
    }
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        if ((roles & (1u << role)) != 0)
            tag(page, "role", page->english ? role_name((enum role)role) : role_chinese((enum role)role));
}

static void route_tags(struct page *page, const struct route *route)
{
    const struct permission_row *needs = &permissions[route->needs];
    const struct law_clause *clause = &law_clauses[route->law];
    char law[256];
    put(page, "<ul class=\"tags\">");
    if (route->law != LAW_NONE) {
        (void)snprintf(law, sizeof law, "%s %s", clause->locator, say(page, clause->zh, clause->en));
        tag(page, "law", law);
    }
    role_tags(page, needs->roles);
    for (unsigned bit = 0; bit < DUTY_COUNT; bit++)
        if (((unsigned)needs->duty & (1u << bit)) != 0) {
            (void)snprintf(law, sizeof law, say(page, "职责：%s", "duty: %s"),
                           page->english ? duty_name((enum duty_bit)bit) : duty_chinese((enum duty_bit)bit));
            tag(page, "duty", law);
        }
    if (route->owner.name != NULL)
        tag(page, "owner", route->owner.name);
    put(page, "</ul>");
}

static void route_reply(struct page *page, const struct route *route)
{
    if (route->style == ROUTE_EVENTS)
        (void)fprintf(page->out, "<p>%s</p>",
                      say(page, "回复为服务器推送事件流。", "Replies by server-sent events."));
    else if (route->bytes)
        (void)fprintf(page->out, "<p>%s</p>", say(page, "回复为原始字节。", "Replies with raw bytes."));
    else if (route->reply != NULL)
        field_table(page,
                    route->list ? say(page, "回复：每页各项", "Reply: the items of a page")
                                : say(page, "回复", "Reply"),
                    route->reply);
    else
        (void)fprintf(page->out, "<p>%s</p>",
                      say(page, "成功时无内容（204）。", "No content (204) when it is done."));
}

static void route_card(struct page *page, const struct route *route)
{
    const char *method = http_method_name(route->method);
    put(page, "<details><summary>");
    (void)fprintf(page->out, "<span class=\"method %s\">%s</span><span class=\"path\">/api", method, method);
    text(page, route->path);
    put(page, "</span><span class=\"what\">");
    text(page, page->english ? route->summary : route->summary_zh);
    put(page, "</span></summary><div class=\"inside\">");
    route_tags(page, route);
    if (route->query != NULL)
        field_table(page, say(page, "查询参数", "Query"), route->query);
    if (route->body != NULL)
        field_table(page, say(page, "请求体", "Body"), route->body);
    if (route->upload)
        (void)fprintf(page->out,
                      say(page, "<p>请求体为文件的原始字节，至多 %zu 字节。</p>",
                          "<p>The body is the file's raw bytes, at most %zu.</p>"),
                      route->upload_max);
    route_reply(page, route);
    put(page, "</div></details>\n");
}

static size_t route_count(const struct route_table *table)
{
    size_t count = 0;
    while (table->routes[count].run != NULL)
        count++;
    return count;
}

static const char *heading(const struct page *page, const struct route_table *table)
{
    return page->english || table->zh == NULL ? table->concept : table->zh;
}

static void contents(struct page *page, const struct app *app)
{
    (void)fprintf(page->out, "<nav class=\"toc\" aria-label=\"%s\"><ul>", say(page, "目录", "Contents"));
    for (const struct route_table *table = app->tables; table->routes != NULL; table++) {
        (void)fprintf(page->out, "<li><a href=\"#%s\"><span>%s</span><small>%zu</small></a></li>",
                      table->concept, heading(page, table), route_count(table));
    }
    put(page, "</ul></nav>");
}

char *html_interface(const struct app *app, bool english)
{
    char *bytes = NULL;
    size_t size = 0;
    struct page page = begin(english, &bytes, &size);
    head(&page, say(&page, "接口", "Interface"), "渡口 Dukou",
         say(&page,
             "每一条路由连同依据的条款、谁可以办理、字段与限制。此页与校验、权限、OpenAPI "
             "文档读的是同一张表。",
             "Every route with its clause, who may use it, its fields and their limits. This page, the "
             "validator, the gate and "
             "the OpenAPI document read the same table."));
    head_link(&page, "/", "首页", "Home");
    head_link(&page, "/api/openapi.json", "OpenAPI 3.1", "OpenAPI 3.1");
    other_language(&page, "/api");
    put(&page, "<div class=\"frame\">");
    contents(&page, app);
    put(&page, "<main id=\"content\">");
    for (const struct route_table *table = app->tables; table->routes != NULL; table++) {
        (void)fprintf(page.out, "<section><h2 id=\"%s\">%s</h2>\n", table->concept, heading(&page, table));
        for (const struct route *route = table->routes; route->run != NULL; route++)
            route_card(&page, route);
        put(&page, "</section>");
    }
    put(&page, "</main></div>");
    return finish(&page, &bytes);
}

/* ---- the portal ---- */

static void card(struct page *page, const char *target, const char *title, const char *what)
{
    put(page, "<li><a href=\"");
    text(page, target);
    put(page, "\"><strong>");
    text(page, title);
    put(page, "</strong><span>");
    text(page, what);
    put(page, "</span></a></li>");
}

/* What anyone may read as it stands: a list without parameters in its path. */
static bool is_open_list(const struct route *route)
{
    return route->method == HTTP_GET && route->list && (permissions[route->needs].roles & R(PUBLIC)) != 0 &&
           strchr(route->path, '{') == NULL;
}

static void open_lists(struct page *page, const struct app *app)
{
    char target[256];
    for (const struct route_table *table = app->tables; table->routes != NULL; table++)
        for (const struct route *route = table->routes; route->run != NULL; route++)
            if (is_open_list(route)) {
                (void)snprintf(target, sizeof target, "/api%s", route->path);
                card(page, target, page->english ? route->summary : route->summary_zh, target);
            }
}

char *html_portal(const struct app *app, bool english)
{
    char *bytes = NULL;
    size_t size = 0;
    struct page page = begin(english, &bytes, &size);
    head(&page, "渡口", "Dukou",
         say(&page, "公共数据授权运营平台。原始数据留在自己的岸上，只有经过审核的产品过渡。",
             "The platform for authorised operation of public data. Raw data stays on its own bank; only "
             "reviewed products "
             "cross."));
    other_language(&page, "/");
    put(&page, "<main id=\"content\" class=\"alone\">");
    (void)fprintf(page.out, "<section><h2>%s</h2><ul class=\"cards\">",
                  say(&page, "公众可读", "Open to everybody"));
    open_lists(&page, app);
    (void)fprintf(page.out, "</ul></section><section><h2>%s</h2><ul class=\"cards\">",
                  say(&page, "给程序与开发者", "For programs and their authors"));
    card(&page, "/api", say(&page, "接口说明", "Interface"),
         say(&page, "每条路由、字段、权限与条款", "Routes, fields, permissions and clauses"));
    card(&page, "/api/openapi.json", "OpenAPI 3.1",
         say(&page, "供工具读取的同一张表", "The same tables, for tools"));
    card(&page, "/health", say(&page, "运行状态", "Health"),
         say(&page, "服务与存储是否应答", "Whether server and store answer"));
    put(&page, "</ul></section></main>");
    return finish(&page, &bytes);
}
