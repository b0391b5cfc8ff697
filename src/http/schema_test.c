/* What schema_describe() publishes and what schema_check() accepts must be the same thing: bodies made by
 * chance, many of them wrong in one place or several, are held against both. The validator below reads only
 * the published JSON Schema. */
#include "base/money.h"
#include "base/text.h"
#include "http/fixture.h"
#include "http/openapi.h"

#include <string.h>

/* ---- a small validator of JSON Schema 2020-12: the words that schema_describe() uses, and no other ---- */

static bool valid(const json_t *schemas, const json_t *schema, const json_t *value);

static bool type_is(const char *type, const json_t *value)
{
    if (strcmp(type, "null") == 0)
        return json_is_null(value);
    if (strcmp(type, "string") == 0)
        return json_is_string(value);
    if (strcmp(type, "integer") == 0)
        return json_is_integer(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value);
    if (strcmp(type, "array") == 0)
        return json_is_array(value);
    assert_string_equal(type, "object");
    return json_is_object(value);
}

static bool digits_only(const char *text, const char *alphabet, size_t length)
{
    return strlen(text) == length && strspn(text, alphabet) == length;
}

static bool matches(const char *pattern, const char *text)
{
    if (strcmp(pattern, "\\S") == 0)
        return !text_is_blank(text);
    if (strcmp(pattern, "^[0-9A-HJ-NP-RTUWXY]{18}$") == 0)
        return digits_only(text, "0123456789ABCDEFGHJKLMNPQRTUWXY", 18);
    assert_string_equal(pattern, "^[0-9a-f]{64}$");
    return digits_only(text, "0123456789abcdef", 64);
}

static bool form_is(const char *format, const char *text)
{
    day date;
    instant at;
    if (strcmp(format, "int64") == 0)
        return true;
    if (strcmp(format, "date") == 0)
        return day_parse(text, &date) == RESULT_OK;
    assert_string_equal(format, "date-time");
    return instant_parse(text, &at) == RESULT_OK;
}

static bool in_list(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
}

static bool object_valid(const json_t *schemas, const json_t *schema, const json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    const char *key;
    json_t *member;
    for (size_t i = 0; i < json_array_size(required); i++)
        if (json_object_get(value, json_string_value(json_array_get(required, i))) == NULL)
            return false;
    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        const json_t *property = json_object_get(properties, key);
        if (property == NULL && !json_is_true(json_object_get(schema, "additionalProperties")))
            return false;
        if (property != NULL && !valid(schemas, property, member))
            return false;
    }
    return true;
}

static bool string_valid(const json_t *schema, const char *text)
{
    const char *pattern = json_text(schema, "pattern");
    const char *format = json_text(schema, "format");
    return (int64_t)text_characters(text) <= json_integer_or(schema, "maxLength", INT64_MAX) &&
           (pattern == NULL || matches(pattern, text)) && (format == NULL || form_is(format, text));
}

static bool array_valid(const json_t *schemas, const json_t *schema, const json_t *value)
{
    if ((int64_t)json_array_size(value) > json_integer_or(schema, "maxItems", INT64_MAX))
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!valid(schemas, json_object_get(schema, "items"), json_array_get(value, i)))
            return false;
    return true;
}

static bool valid(const json_t *schemas, const json_t *schema, const json_t *value)
{
    const char *reference = json_text(schema, "$ref");
    const json_t *any = json_object_get(schema, "anyOf");
    const char *type = json_text(schema, "type");
    if (reference != NULL)
        return valid(schemas, json_object_get(schemas, strrchr(reference, '/') + 1), value);
    if (any != NULL)
        return valid(schemas, json_array_get(any, 0), value) || valid(schemas, json_array_get(any, 1), value);
    if (type == NULL)
        return true;
    if (!type_is(type, value))
        return false;
    const json_t *list = json_object_get(schema, "enum");
    if (list != NULL && !in_list(list, value))
        return false;
    if (json_is_integer(value))
        return json_integer_value(value) >= json_integer_or(schema, "minimum", INT64_MIN) &&
               json_integer_value(value) <= json_integer_or(schema, "maximum", INT64_MAX);
    if (json_is_string(value))
        return string_valid(schema, json_string_value(value));
    if (json_is_array(value))
        return array_valid(schemas, schema, value);
    return !json_is_object(value) || object_valid(schemas, schema, value);
}

/* ---- bodies by chance ---- */

/* Some bodies are made with care and slip seldom, others do not care. */
struct chance {
    struct random *random;
    bool careful;
};

static bool slips(const struct chance *chance)
{
    return random_below(chance->random, chance->careful ? 60 : 4) == 0;
}

/* The first `right` of the texts are as they should be. */
static json_t *one_of(const struct chance *chance, const char *const *texts, size_t right, size_t count)
{
    return json_string(texts[random_below(chance->random, slips(chance) ? count : right)]);
}

static json_t *any_text(const struct chance *chance, const struct field *field)
{
    static const char letters[] = "abc 码头渡口";
    size_t max = field->max != 0 ? field->max : 40;
    size_t length = random_below(chance->random, 4) == 0 ? max + random_below(chance->random, 3) - 1
                                                         : random_below(chance->random, 4);
    json_t *text = json_string("");
    char all[512] = "";
    for (size_t i = 0; i < length && strlen(all) < 500; i++) {
        size_t at = random_below(chance->random, 8);
        (void)strncat(all, at < 4 ? letters + at : letters + 4 + 3 * (at - 4), at < 4 ? 1 : 3);
    }
    json_string_set(text, all);
    return text;
}

static json_t *any_integer(const struct chance *chance, const struct field *field)
{
    const int64_t edges[] = {
        field->low - 1, field->low, field->low + 1, field->high - 1, field->high, field->high + 1, 0, 1, -1,
        INT64_MAX,      INT64_MIN,  MONEY_MAX,      MONEY_MAX + 1};
    if (!slips(chance))
        return json_integer(field->high > 0 ? field->high : 1);
    return json_integer(edges[random_below(chance->random, sizeof edges / sizeof edges[0])]);
}

static json_t *any_json(const struct chance *chance)
{
    switch (random_below(chance->random, 8)) {
    case 0:
        return json_null();
    case 1:
        return json_true();
    case 2:
        return json_integer((json_int_t)random_below(chance->random, 100));
    case 3:
        return json_real(1.5);
    case 4:
        return json_array();
    case 5:
        return json_object();
    case 6:
        return json_string("x");
    default:
        return json_string("2026-03-01");
    }
}

static json_t *any_object(const struct chance *chance, const struct schema *schema);

static json_t *any_value(const struct chance *chance, const struct field *field)
{
    static const char *const dates[] = {"2026-03-01", "2028-02-29", "2026-02-30", "20260301", "", "2026-3-1"};
    static const char *const instants[] = {"2026-03-01T08:00:00Z", "2026-03-01T08:00:00+08:00", "2026-03-01",
                                           "2026-03-01T25:00:00Z"};
    static const char *const codes[] = {"914201001777188883", "91420100177718888", "914201001777188883X", ""};
    static const char *const digests[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                                          "A000000000000000000000000000000000000000000000000000000000000000",
                                          "00"};
    static const char *const choices[] = {"ferry", "cargo", "Ferry", "", "boat"};
    if (slips(chance))
        return any_json(chance);
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_LOGIN:
    case FIELD_CODE:
        return any_text(chance, field);
    case FIELD_INTEGER:
    case FIELD_ID:
    case FIELD_MONEY:
        return any_integer(chance, field);
    case FIELD_NUMBER:
        return random_below(chance->random, 2) == 0 ? json_real(0.25) : json_integer(3);
    case FIELD_BOOLEAN:
        return json_boolean(random_below(chance->random, 2));
    case FIELD_DATE:
        return one_of(chance, dates, 2, 6);
    case FIELD_INSTANT:
        return one_of(chance, instants, 2, 4);
    case FIELD_CREDIT_CODE:
        return one_of(chance, codes, 1, 4);
    case FIELD_DIGEST:
        return one_of(chance, digests, 1, 3);
    case FIELD_CHOICE:
        return one_of(chance, choices, 2, 5);
    case FIELD_OBJECT:
        return any_object(chance, field->of);
    case FIELD_LIST: {
        json_t *list = json_array();
        struct field item = {.type = field->of != NULL ? FIELD_OBJECT : field->item,
                             .low = field->low,
                             .high = field->high,
                             .of = field->of};
        for (uint64_t i = random_below(chance->random, slips(chance) ? 5 : 4); i > 0; i--)
            (void)json_array_append_new(list, any_value(chance, &item));
        return list;
    }
    case FIELD_ANY:
    case FIELD_END:
        break;
    }
    return any_json(chance);
}

static json_t *any_object(const struct chance *chance, const struct schema *schema)
{
    json_t *object = json_object();
    if (schema == NULL)
        return object;
    for (const struct field *field = schema->fields; field->name != NULL; field++)
        if (random_below(chance->random, field->required ? 30 : 3) != 0 ||
            (!field->required && random_below(chance->random, 2) == 0))
            (void)json_object_set_new(object, field->name, any_value(chance, field));
    if (random_below(chance->random, 20) == 0 && slips(chance))
        (void)json_object_set_new(object, "unknown", json_null());
    return object;
}

TEST(what_is_published_about_bodies_is_what_is_accepted)
{
    enum { BODIES = 40000 };
    CLEANUP_CITY struct city *city = landing_city();
    CLEANUP_JSON json_t *document = openapi_document(city_app(city));
    const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    const json_t *schema = json_object_get(schemas, "landing_body");
    struct random *random = random_seeded(7);
    int accepted = 0;
    for (int i = 0; i < BODIES; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        CLEANUP_JSON json_t *body = any_object(&(struct chance){random, i % 2 == 0}, &landing_body_schema);
        struct refusal refusal = {0};
        bool ours = schema_check(arena, &landing_body_schema, body, &refusal) == RESULT_OK;
        bool theirs = valid(schemas, schema, body);
        if (ours != theirs)
            fail_msg("accepted by %s only: %s (%s %s)", ours ? "schema_check" : "the published schema",
                     json_print(arena, body), refusal.field != NULL ? refusal.field : "", refusal.en);
        accepted += ours;
    }
    random_free(random);
    assert_in_range(accepted, BODIES / 100, BODIES / 2); /* both kinds were tried in earnest */
}

/* ---- the document ---- */

static void check_references(const json_t *document, const json_t *json)
{
    const char *reference = json_text(json, "$ref");
    const char *key;
    json_t *member;
    if (reference != NULL) {
        const json_t *at = document;
        char path[256];
        assert_int_equal(strncmp(reference, "#/", 2), 0);
        (void)snprintf(path, sizeof path, "%s", reference + 2);
        for (char *rest = path, *part = strsep(&rest, "/"); part != NULL; part = strsep(&rest, "/"))
            at = json_object_get(at, part);
        if (at == NULL)
            fail_msg("%s is referred to and not there", reference);
    }
    json_object_foreach ((json_t *)(uintptr_t)json, key, member) {
        check_references(document, member);
    }
    for (size_t i = 0; i < json_array_size(json); i++)
        check_references(document, json_array_get(json, i));
}

TEST(the_document_names_every_route_with_its_clause_and_roles)
{
    CLEANUP_CITY struct city *city = landing_city();
    CLEANUP_JSON json_t *document = openapi_document(city_app(city));
    assert_string_equal(json_text(document, "openapi"), "3.1.0");
    check_references(document, document);
    const json_t *paths = json_object_get(document, "paths");
    for (const struct route *route = landing_tables[0].routes; route->run != NULL; route++) {
        static const char *const methods[] = {"get", "post", "put", "patch", "delete"};
        const json_t *operation =
            json_object_get(json_object_get(paths, route->path), methods[route->method]);
        assert_non_null(operation);
        assert_string_equal(json_text(json_object_get(operation, "x-dukou-clause"), "locator"), "二(一)");
        assert_true(json_array_size(json_object_get(operation, "x-dukou-roles")) > 0);
        assert_int_equal(json_object_get(operation, "requestBody") != NULL,
                         route->body != NULL || route->upload);
        assert_non_null(json_object_get(json_object_get(operation, "responses"), "default"));
    }
    const json_t *patch = json_object_get(json_object_get(paths, "/landings/{id}"), "patch");
    assert_string_equal(json_text(patch, "x-dukou-owner"), "landing_is_own");
    assert_string_equal(json_text(patch, "x-dukou-permission"), "session");
}

TEST(the_document_and_the_pages_are_served)
{
    static const struct {
        const char *path;
        const char *query;
        const char *type;
        const char *holds;
    } pages[] = {{"/api/openapi.json", NULL, "application/json", "\"/landings/{id}\""},
                 {"/api", NULL, "text/html; charset=utf-8", "/api/landings/{id}"},
                 {"/api", "lang=en", "text/html; charset=utf-8", "unified social credit code"},
                 {"/", NULL, "text/html; charset=utf-8", "渡口"},
                 {"/health", NULL, "application/json", "ok"}};
    CLEANUP_CITY struct city *city = landing_city();
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct http_reply reply;
        struct http_message message = {
            .method = HTTP_GET, .path = pages[i].path, .query = pages[i].query, .upload = -1};
        dispatch(city_app(city), city_arena(city), &message, &reply);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.content_type, pages[i].type);
        assert_non_null(memmem(reply.body, reply.body_size, pages[i].holds, strlen(pages[i].holds)));
        message.method = HTTP_POST;
        dispatch(city_app(city), city_arena(city), &message, &reply);
        assert_int_equal(reply.status, 405);
    }
}

TEST(the_report_has_a_row_for_every_route)
{
    CLEANUP_CITY struct city *city = landing_city();
    const char *report = permissions_report(city_arena(city), city_app(city));
    for (const struct route *route = landing_tables[0].routes; route->run != NULL; route++)
        assert_non_null(strstr(report, route->path));
    assert_non_null(strstr(report, "landing_is_own"));
    assert_non_null(strstr(report, "bureau"));
}
