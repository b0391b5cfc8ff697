/* A schema as JSON Schema 2020-12. */
#include "base/limits.h"
#include "base/money.h"
#include "http/schema.h"

#include <assert.h>

static json_t *describe_value(const struct field *field);

static void set_range(json_t *json, int64_t low, int64_t high)
{
    json_object_set_new(json, "minimum", json_integer(low));
    json_object_set_new(json, "maximum", json_integer(high));
}

static json_t *describe_text(const struct field *field)
{
    size_t max = field->max != 0 ? field->max : LIMIT_TEXT_CHARACTERS;
    json_t *json = json_pack("{s:s, s:I}", "type", "string", "maxLength", (json_int_t)max);
    if (field->filled)
        json_object_set_new(json, "pattern", json_string("\\S"));
    if (field->type == FIELD_LOGIN)
        json_object_set_new(json, "pattern", json_string("^[a-z0-9][-a-z0-9._@]*$"));
    if (field->type == FIELD_CODE)
        json_object_set_new(json, "pattern", json_string("^[A-Za-z0-9][-A-Za-z0-9._/:]*$"));
    return json;
}

static json_t *describe_integer(const struct field *field)
{
    json_t *json = json_pack("{s:s, s:s}", "type", "integer", "format", "int64");
    if (field->type == FIELD_ID)
        json_object_set_new(json, "minimum", json_integer(1));
    else if (field->type == FIELD_MONEY)
        set_range(json, field->low, field->high != 0 ? field->high : MONEY_MAX);
    else if (field->low != 0 || field->high != 0)
        set_range(json, field->low, field->high);
    return json;
}

static json_t *describe_choice(const struct field *field)
{
    json_t *values = json_array();
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        json_array_append_new(values, json_string(*choice));
    return json_pack("{s:s, s:o}", "type", "string", "enum", values);
}

static json_t *describe_list(const struct field *field)
{
    struct field item = {.type = field->of != NULL ? FIELD_OBJECT : field->item,
                         .low = field->low,
                         .high = field->high,
                         .filled = field->filled,
                         .choices = field->choices,
                         .of = field->of};
    json_int_t max = (json_int_t)(field->max != 0 ? field->max : LIMIT_LIST_ITEMS);
    return json_pack("{s:s, s:o, s:I}", "type", "array", "items", describe_value(&item), "maxItems", max);
}

static json_t *pattern(const char *expression)
{
    return json_pack("{s:s, s:s}", "type", "string", "pattern", expression);
}

static json_t *describe_value(const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_LOGIN:
    case FIELD_CODE:
        return describe_text(field);
    case FIELD_INTEGER:
    case FIELD_ID:
    case FIELD_MONEY:
        return describe_integer(field);
    case FIELD_NUMBER:
        return json_pack("{s:s}", "type", "number");
    case FIELD_BOOLEAN:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_DATE:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date");
    case FIELD_INSTANT:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    case FIELD_CREDIT_CODE:
        return pattern("^[0-9A-HJ-NP-RTUWXY]{18}$");
    case FIELD_DIGEST:
        return pattern("^[0-9a-f]{64}$");
    case FIELD_CHOICE:
        return describe_choice(field);
    case FIELD_OBJECT:
        assert(field->of != NULL);
        return json_pack("{s:s++}", "$ref", "#/components/schemas/", field->of->name, "");
    case FIELD_LIST:
        return describe_list(field);
    case FIELD_ANY:
        return json_object();
    case FIELD_END:
        break;
    }
    assert(false && "a field without a type");
    return NULL;
}

static json_t *describe_field(const struct field *field)
{
    json_t *json = describe_value(field);
    if (field->nullable && field->type != FIELD_ANY)
        json = json_pack("{s:[o, {s:s}]}", "anyOf", json, "type", "null");
    if (field->zh != NULL)
        json_object_set_new(json, "title", json_string(field->zh));
    if (field->en != NULL)
        json_object_set_new(json, "description", json_string(field->en));
    return json;
}

json_t *schema_describe(const struct schema *schema)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (const struct field *field = schema->fields; field->name != NULL; field++) {
        json_object_set_new(properties, field->name, describe_field(field));
        if (field->required)
            json_array_append_new(required, json_string(field->name));
    }
    json_t *json = json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                             required, "additionalProperties", (int)schema->open);
    assert(json != NULL);
    return json;
}
