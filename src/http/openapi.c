/* OpenAPI 3.1 from the tables, and the role × route report. */
#include "http/openapi.h"

#include "base/limits.h"
#include "http/router.h"

#include <assert.h>
#include <string.h>

/* ---- schemas ---- */

static void add_schema(json_t *schemas, const struct schema *schema)
{
    if (schema == NULL || json_object_get(schemas, schema->name) != NULL)
        return;
    json_object_set_new(schemas, schema->name, schema_describe(schema));
    for (const struct field *field = schema->fields; field->name != NULL; field++)
        add_schema(schemas, field->of);
}

static json_t *schema_reference(const struct schema *schema)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema->name);
}

static json_t *json_content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *page_schema(const struct schema *item)
{
    return json_pack("{s:s, s:{s:{s:s, s:o}, s:{s:[s, s]}}, s:[s, s], s:b}", "type", "object", "properties",
                     "items", "type", "array", "items", schema_reference(item), "next", "type", "string",
                     "null", "required", "items", "next", "additionalProperties", 0);
}

static json_t *problem_schema(void)
{
    json_error_t error;
    static const char text[] =
        "{\"type\":\"object\",\"title\":\"问题\",\"description\":\"RFC 9457\",\"properties\":{"
        "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
        "\"detail\":{\"type\":\"string\"},\"field\":{\"type\":\"string\"},"
        "\"clause\":{\"type\":\"object\",\"properties\":{\"clause\":{\"type\":\"string\"},\"symbol\":{"
        "\"type\":"
        "\"string\"},\"locator\":{\"type\":\"string\"},\"zh\":{\"type\":\"string\"},\"en\":{\"type\":"
        "\"string\"}},"
        "\"required\":[\"clause\",\"symbol\",\"locator\",\"zh\",\"en\"]},"
        "\"zh\":{\"$ref\":\"#/components/schemas/problem_text\"},"
        "\"en\":{\"$ref\":\"#/components/schemas/problem_text\"}},"
        "\"required\":[\"type\",\"title\",\"status\",\"detail\",\"zh\",\"en\"]}";
    json_t *json = json_loads(text, 0, &error);
    assert(json != NULL);
    return json;
}

/* ---- parameters ---- */

static json_t *path_parameter(const char *name, size_t length)
{
    json_t *schema = path_parameter_is_id(name, length)
                         ? json_pack("{s:s, s:s, s:i}", "type", "integer", "format", "int64", "minimum", 1)
                         : json_pack("{s:s}", "type", "string");
    return json_pack("{s:s%, s:s, s:b, s:o}", "name", name, length, "in", "path", "required", 1, "schema",
                     schema);
}

static void add_path_parameters(json_t *parameters, const char *path)
{
    for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{'))
        json_array_append_new(parameters, path_parameter(open + 1, strcspn(open + 1, "}")));
}

static void add_query_parameters(json_t *parameters, const struct route *route)
{
    json_t *described = route->query != NULL ? schema_describe(route->query) : NULL;
    json_t *properties = json_object_get(described, "properties");
    for (const struct field *field = route->query != NULL ? route->query->fields : NULL;
         field != NULL && field->name != NULL; field++) {
        json_t *schema = json_object_get(properties, field->name);
        json_array_append_new(parameters,
                              json_pack("{s:s, s:s, s:b, s:O}", "name", field->name, "in", "query",
                                        "required", (int)field->required, "schema", schema));
    }
    json_decref(described);
    if (!route->list)
        return;
    json_array_append_new(parameters, json_pack("{s:s}", "$ref", "#/components/parameters/cursor"));
    json_array_append_new(parameters, json_pack("{s:s}", "$ref", "#/components/parameters/limit"));
}

static void add_header_parameters(json_t *parameters, const struct route *route)
{
    if (route->method == HTTP_POST && route->style != ROUTE_EVENTS)
        json_array_append_new(parameters,
                              json_pack("{s:s}", "$ref", "#/components/parameters/idempotency_key"));
    if (route->method != HTTP_GET)
        json_array_append_new(parameters, json_pack("{s:s}", "$ref", "#/components/parameters/if_match"));
}

static json_t *common_parameters(void)
{
    return json_pack("{s:{s:s, s:s, s:{s:s}, s:s}, s:{s:s, s:s, s:{s:s, s:i, s:i, s:i}},"
                     " s:{s:s, s:s, s:{s:s, s:i, s:i}, s:s}, s:{s:s, s:s, s:{s:s}, s:s}}",
                     "cursor", "name", "cursor", "in", "query", "schema", "type", "string", "description",
                     "\"next\" of the page before", "limit", "name", "limit", "in", "query", "schema", "type",
                     "integer", "minimum", 1, "maximum", LIMIT_PAGE_ITEMS, "default",
                     LIMIT_PAGE_ITEMS_DEFAULT, "idempotency_key", "name", "Idempotency-Key", "in", "header",
                     "schema", "type", "string", "minLength", 16, "maxLength", 255, "description",
                     "A request sent again with the same key within a day is done once and answered alike",
                     "if_match", "name", "If-Match", "in", "header", "schema", "type", "string",
                     "description", "ETag of the object as it was read; 412 when it has changed since");
}

/* ---- operations ---- */

static json_t *request_body(const struct route *route)
{
    json_t *content = route->upload ? json_content("application/octet-stream",
                                                   json_pack("{s:s, s:I}", "type", "string", "maxLength",
                                                             (json_int_t)route->upload_max))
                                    : json_content("application/json", schema_reference(route->body));
    return json_pack("{s:b, s:o}", "required", 1, "content", content);
}

static json_t *success(const struct route *route)
{
    json_t *content = NULL;
    if (route->style == ROUTE_EVENTS)
        content = json_content("text/event-stream", json_pack("{s:s}", "type", "string"));
    else if (route->bytes)
        content = json_content("application/octet-stream", json_pack("{s:s}", "type", "string"));
    else if (route->list)
        content = json_content("application/json", page_schema(route->reply));
    else if (route->reply != NULL)
        content = json_content("application/json", schema_reference(route->reply));
    json_t *json = json_pack("{s:s}", "description",
                             content != NULL ? "成功 / done" : "成功，无内容 / done, no content");
    if (content != NULL)
        json_object_set_new(json, "content", content);
    return json;
}

static json_t *roles_of(enum permission needs)
{
    json_t *roles = json_array();
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        if ((permissions[needs].roles & (1u << role)) != 0)
            json_array_append_new(roles, json_string(role_name((enum role)role)));
    return roles;
}

static json_t *duties_of(enum permission needs)
{
    json_t *duties = json_array();
    for (unsigned bit = 0; bit < DUTY_COUNT; bit++)
        if (((unsigned)permissions[needs].duty & (1u << bit)) != 0)
            json_array_append_new(duties, json_string(duty_name((enum duty_bit)bit)));
    return duties;
}

static void lower_name(const char *name, char *ret_text, size_t size)
{
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < size; i++)
        ret_text[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    ret_text[i] = '\0';
}

static void add_extensions(json_t *operation, const struct route *route)
{
    const struct law_clause *clause = &law_clauses[route->law];
    char permission[64];
    lower_name(permissions[route->needs].name, permission, sizeof permission);
    json_object_set_new(operation, "x-dukou-permission", json_string(permission));
    json_object_set_new(operation, "x-dukou-roles", roles_of(route->needs));
    json_object_set_new(operation, "x-dukou-duties", duties_of(route->needs));
    if (permissions[route->needs].hand_over)
        json_object_set_new(operation, "x-dukou-hand-over", json_true());
    if (route->owner.name != NULL)
        json_object_set_new(operation, "x-dukou-owner", json_string(route->owner.name));
    if (route->law != LAW_NONE)
        json_object_set_new(operation, "x-dukou-clause",
                            json_pack("{s:s, s:s, s:s, s:s, s:s}", "clause", clause->clause, "symbol",
                                      clause->symbol, "locator", clause->locator, "zh", clause->zh, "en",
                                      clause->en));
}

static json_t *operation_of(const struct route *route, const char *concept)
{
    json_t *parameters = json_array();
    json_t *responses = json_object();
    add_path_parameters(parameters, route->path);
    add_query_parameters(parameters, route);
    add_header_parameters(parameters, route);
    json_object_set_new(responses,
                        route->reply != NULL || route->bytes || route->style == ROUTE_EVENTS ? "2XX" : "204",
                        success(route));
    json_object_set_new(responses, "default", json_pack("{s:s}", "$ref", "#/components/responses/problem"));
    json_t *operation =
        json_pack("{s:s, s:s, s:[s], s:o, s:o}", "summary", route->summary_zh, "description", route->summary,
                  "tags", concept, "parameters", parameters, "responses", responses);
    if (route->body != NULL || route->upload)
        json_object_set_new(operation, "requestBody", request_body(route));
    if ((permissions[route->needs].roles & R(PUBLIC)) != 0)
        json_object_set_new(operation, "security", json_pack("[{}, {s:[]}, {s:[]}]", "session", "bearer"));
    add_extensions(operation, route);
    return operation;
}

static void lower_method(enum http_method method, char *ret_text, size_t size)
{
    lower_name(http_method_name(method), ret_text, size);
}

static void add_route(json_t *paths, json_t *schemas, const struct route *route, const char *concept)
{
    char method[16];
    json_t *path = json_object_get(paths, route->path);
    if (path == NULL)
        json_object_set_new(paths, route->path, path = json_object());
    lower_method(route->method, method, sizeof method);
    json_object_set_new(path, method, operation_of(route, concept));
    add_schema(schemas, route->body);
    add_schema(schemas, route->reply);
}

static json_t *security_schemes(void)
{
    return json_pack("{s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s}}", "session", "type", "apiKey", "in", "cookie",
                     "name", "dukou_session", "description",
                     "Over TLS its name is __Host-dukou_session. Changes of state by cookie also need the "
                     "header X-CSRF-Token",
                     "bearer", "type", "http", "scheme", "bearer");
}

static json_t *components(json_t *schemas)
{
    json_object_set_new(schemas, "problem", problem_schema());
    json_object_set_new(schemas, "problem_text",
                        json_pack("{s:s, s:{s:{s:s}, s:{s:s}}, s:[s, s]}", "type", "object", "properties",
                                  "reason", "type", "string", "remedy", "type", "string", "required",
                                  "reason", "remedy"));
    json_t *reference = json_pack("{s:s}", "$ref", "#/components/schemas/problem");
    json_t *responses = json_pack("{s:{s:s, s:o}}", "problem", "description", "问题 / problem (RFC 9457)",
                                  "content", json_content("application/problem+json", reference));
    return json_pack("{s:o, s:o, s:o, s:o}", "schemas", schemas, "responses", responses, "parameters",
                     common_parameters(), "securitySchemes", security_schemes());
}

json_t *openapi_document(const struct app *app)
{
    json_t *paths = json_object();
    json_t *schemas = json_object();
    json_t *tags = json_array();
    for (const struct route_table *table = app->tables; table->routes != NULL; table++) {
        json_array_append_new(tags, json_pack("{s:s}", "name", table->concept));
        for (const struct route *route = table->routes; route->run != NULL; route++)
            add_route(paths, schemas, route, table->concept);
    }
    json_t *document =
        json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:o, s:[{s:[]}, {s:[]}], s:o}",
                  "openapi", "3.1.0", "info", "title", "渡口 Dukou", "version", "1", "summary",
                  "公共数据授权运营平台 / authorised operation of public data", "license", "name",
                  "Apache-2.0", "identifier", "Apache-2.0", "servers", "url", "/api", "tags", tags, "paths",
                  paths, "security", "session", "bearer", "components", components(schemas));
    assert(document != NULL);
    return document;
}

/* ---- who may do what ---- */

static char *report_row(struct arena *arena, char *text, const struct route *route)
{
    const struct permission_row *needs = &permissions[route->needs];
    char name[64];
    lower_name(needs->name, name, sizeof name);
    text = arena_printf(
        arena, "%s%-6s %-52s %-24s %-8s ", text, http_method_name(route->method), route->path, name,
        needs->duty == DUTY_ANY ? "-" : duty_name((enum duty_bit)__builtin_ctz((unsigned)needs->duty)));
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        if (role != ROLE_SYSTEM)
            text = arena_printf(arena, "%s%s", text, (needs->roles & (1u << role)) != 0 ? "●  " : "·  ");
    return arena_printf(arena, "%s%s%s\n", text, needs->hand_over ? "hand-over " : "",
                        route->owner.name != NULL ? route->owner.name : "");
}

char *permissions_report(struct arena *arena, const struct app *app)
{
    char *text = arena_strdup(arena, "");
    int column = 0;
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        if (role != ROLE_SYSTEM)
            text = arena_printf(arena, "%s%2d %s (%s)\n", text, ++column, role_name((enum role)role),
                                role_chinese((enum role)role));
    text = arena_printf(arena, "%s\n%-6s %-52s %-24s %-8s ", text, "method", "path under /api", "permission",
                        "duty");
    for (int i = 1; i <= column; i++)
        text = arena_printf(arena, "%s%-3d", text, i);
    text = arena_printf(arena, "%sowner rule\n", text);
    for (const struct route_table *table = app->tables; table->routes != NULL; table++)
        for (const struct route *route = table->routes; route->run != NULL; route++)
            text = report_row(arena, text, route);
    return text;
}
