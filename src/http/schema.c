#include "http/schema.h"

#include "base/calendar.h"
#include "base/digest.h"
#include "base/identifier.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/name.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

/* Where we are: a chain of steps from the root, printed as a JSON pointer (RFC 6901) only when something is
 * refused. */
struct place {
    const struct place *parent;
    const char *key; /* NULL: an index */
    size_t index;
};

struct check {
    struct arena *arena;
    struct refusal *refusal;
};

static enum result check_object(struct check *check, const struct schema *schema, const json_t *json,
                                const struct place *place);

static const char *escape(struct arena *arena, const char *key)
{
    enum { SHOWN = 100 };
    size_t length = strlen(key);
    if (length > SHOWN)
        for (length = SHOWN; length > 0 && ((unsigned char)key[length] & 0xC0) == 0x80;)
            length--;
    char *text = arena_alloc(arena, 2 * length + 1);
    char *to = text;
    for (size_t i = 0; i < length; i++) {
        if (key[i] == '~' || key[i] == '/') {
            *to++ = '~';
            *to++ = key[i] == '~' ? '0' : '1';
        } else {
            *to++ = key[i];
        }
    }
    return text;
}

static const char *pointer(struct arena *arena, const struct place *place)
{
    if (place == NULL)
        return "";
    const char *before = pointer(arena, place->parent);
    if (place->key == NULL)
        return arena_printf(arena, "%s/%zu", before, place->index);
    return arena_printf(arena, "%s/%s", before, escape(arena, place->key));
}

static enum result refuse_place(const struct check *check, const struct place *place, const char *zh,
                                const char *en)
{
    const char *field = pointer(check->arena, place);
    return refuse(check->refusal,
                  (struct refusal){.result = RESULT_INVALID,
                                   .field = field,
                                   .zh = zh,
                                   .en = en,
                                   .remedy_zh = "请更正 field 所指的内容后重新提交。",
                                   .remedy_en = "Mend what \"field\" points at and send it again."});
}

static size_t limit_of(const struct field *field, size_t fallback)
{
    return field->max != 0 ? field->max : fallback;
}

static enum result check_text(const struct check *check, const struct field *field, const char *text,
                              const struct place *place)
{
    size_t max = limit_of(field, LIMIT_TEXT_CHARACTERS);
    if (text == NULL)
        return refuse_place(check, place, "须为文本。", "This must be text.");
    if (text_characters(text) > max)
        return refuse_place(check, place, arena_printf(check->arena, "超过 %zu 个字符。", max),
                            arena_printf(check->arena, "This is longer than %zu characters.", max));
    if (text_has_control(text))
        return refuse_place(check, place, "含有控制字符。", "This holds a control character.");
    if (field->filled && text_is_blank(text))
        return refuse_place(check, place, "不得为空。", "This may not be blank.");
    return RESULT_OK;
}

static enum result check_name(const struct check *check, const struct field *field, const char *text,
                              const struct place *place)
{
    TRY(check_text(check, field, text, place));
    if (field->type == FIELD_NAME && !name_is_sound(text))
        return refuse_place(
            check, place,
            "名称须用汉字、拉丁字母、数字和常用标点书写，不得有不可见字符、全角字母数字、形近的他种"
            "文字，也不得以空格开头、结尾或连用空格。",
            "A name is written in Chinese characters, Latin letters, digits and common punctuation: "
            "no invisible characters, no full-width letters or digits, no look-alikes of other "
            "scripts, no space at either end or twice in a row.");
    if (field->type == FIELD_LOGIN && !name_is_login(text))
        return refuse_place(
            check, place, "登录名须由小写英文字母、数字和 - . _ @ 组成，以字母或数字开头。",
            "A log-in name is of lower-case ASCII letters, digits and - . _ @, a letter or digit "
            "first.");
    if (field->type == FIELD_CODE && !name_is_code(text))
        return refuse_place(check, place, "代码须由半角英文字母、数字和 - . _ / : 组成，以字母或数字开头。",
                            "A code is of ASCII letters, digits and - . _ / :, a letter or digit first.");
    return RESULT_OK;
}

static enum result check_integer(const struct check *check, const struct field *field, const json_t *json,
                                 const struct place *place)
{
    if (!json_is_integer(json))
        return refuse_place(check, place, "须为整数。", "This must be an integer.");
    int64_t value = json_integer_value(json);
    int64_t low = field->low;
    int64_t high = field->high;
    if (field->type == FIELD_ID) {
        low = 1;
        high = INT64_MAX;
    } else if (field->type == FIELD_MONEY) {
        high = high != 0 ? high : MONEY_MAX;
    } else if (low == 0 && high == 0) {
        return RESULT_OK;
    }
    if (value >= low && value <= high)
        return RESULT_OK;
    return refuse_place(
        check, place, arena_printf(check->arena, "须在 %lld 至 %lld 之间。", (long long)low, (long long)high),
        arena_printf(check->arena, "This must be between %lld and %lld.", (long long)low, (long long)high));
}

static enum result check_choice(const struct check *check, const struct field *field, const char *text,
                                const struct place *place)
{
    const char *list = "";
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        if (text_equal(*choice, text))
            return RESULT_OK;
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        list = arena_printf(check->arena, "%s%s%s", list, *list != '\0' ? ", " : "", *choice);
    return refuse_place(check, place, arena_printf(check->arena, "须为其中之一:%s。", list),
                        arena_printf(check->arena, "This must be one of: %s.", list));
}

static enum result check_form(const struct check *check, const struct field *field, const char *text,
                              const struct place *place)
{
    day date;
    instant at;
    struct digest digest;
    if (field->type == FIELD_DATE && (text == NULL || day_parse(text, &date) != RESULT_OK))
        return refuse_place(check, place, "须为存在的日期，形如 2026-11-23。",
                            "This must be a date that exists, such as 2026-11-23.");
    if (field->type == FIELD_INSTANT && (text == NULL || instant_parse(text, &at) != RESULT_OK))
        return refuse_place(check, place, "须为 RFC 3339 时刻，形如 2026-11-23T08:00:00Z。",
                            "This must be an instant of RFC 3339, such as 2026-11-23T08:00:00Z.");
    if (field->type == FIELD_CREDIT_CODE && (text == NULL || !identifier_is_credit_code(text)))
        return refuse_place(check, place, "须为 18 位统一社会信用代码，且校验码正确(GB 32100)。",
                            "This must be a unified social credit code of 18 characters with a right check "
                            "character (GB 32100).");
    if (field->type == FIELD_DIGEST &&
        (text == NULL || hex_parse(text, digest.bytes, DIGEST_SIZE) != RESULT_OK))
        return refuse_place(check, place, "须为 64 位小写十六进制摘要。",
                            "This must be a digest of 64 lower-case hexadecimal digits.");
    return RESULT_OK;
}

static enum result check_value(struct check *check, const struct field *field, const json_t *json,
                               const struct place *place);

static enum result check_list(struct check *check, const struct field *field, const json_t *json,
                              const struct place *place)
{
    size_t max = limit_of(field, LIMIT_LIST_ITEMS);
    if (!json_is_array(json))
        return refuse_place(check, place, "须为列表。", "This must be a list.");
    if (json_array_size(json) > max)
        return refuse_place(check, place, arena_printf(check->arena, "超过 %zu 项。", max),
                            arena_printf(check->arena, "This has more than %zu items.", max));
    struct field item = {.name = field->name,
                         .type = field->of != NULL ? FIELD_OBJECT : field->item,
                         .low = field->low,
                         .high = field->high,
                         .filled = field->filled,
                         .choices = field->choices,
                         .of = field->of};
    for (size_t i = 0; i < json_array_size(json); i++)
        TRY(check_value(check, &item, json_array_get(json, i), &(struct place){place, NULL, i}));
    return RESULT_OK;
}

static enum result check_value(struct check *check, const struct field *field, const json_t *json,
                               const struct place *place)
{
    if (json_is_null(json) && field->nullable)
        return RESULT_OK;
    switch (field->type) {
    case FIELD_TEXT:
        return check_text(check, field, json_string_value(json), place);
    case FIELD_NAME:
    case FIELD_LOGIN:
    case FIELD_CODE:
        return check_name(check, field, json_string_value(json), place);
    case FIELD_INTEGER:
    case FIELD_ID:
    case FIELD_MONEY:
        return check_integer(check, field, json, place);
    case FIELD_NUMBER:
        return json_is_number(json) ? RESULT_OK
                                    : refuse_place(check, place, "须为数值。", "This must be a number.");
    case FIELD_BOOLEAN:
        return json_is_boolean(json)
                   ? RESULT_OK
                   : refuse_place(check, place, "须为 true 或 false。", "This must be true or false.");
    case FIELD_DATE:
    case FIELD_INSTANT:
    case FIELD_CREDIT_CODE:
    case FIELD_DIGEST:
        return check_form(check, field, json_string_value(json), place);
    case FIELD_CHOICE:
        return check_choice(check, field, json_string_value(json), place);
    case FIELD_OBJECT:
        assert(field->of != NULL);
        return check_object(check, field->of, json, place);
    case FIELD_LIST:
        return check_list(check, field, json, place);
    case FIELD_ANY:
        return RESULT_OK;
    case FIELD_END:
        break;
    }
    assert(false && "a field without a type");
    return RESULT_INVALID;
}

static const struct field *field_named(const struct schema *schema, const char *name)
{
    for (const struct field *field = schema->fields; field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static enum result check_object(struct check *check, const struct schema *schema, const json_t *json,
                                const struct place *place)
{
    const char *key;
    json_t *value;
    if (!json_is_object(json))
        return refuse_place(check, place, "须为 JSON 对象。", "This must be a JSON object.");
    json_object_foreach ((json_t *)(uintptr_t)json, key, value) {
        const struct field *field = field_named(schema, key);
        struct place here = {place, key, 0};
        if (field != NULL)
            TRY(check_value(check, field, value, &here));
        else if (!schema->open)
            return refuse_place(check, &here, "不认识的字段。", "There is no such field.");
    }
    for (const struct field *field = schema->fields; field->name != NULL; field++)
        if (field->required && json_object_get(json, field->name) == NULL)
            return refuse_place(check, &(struct place){place, field->name, 0}, "缺少此字段。",
                                "This field is missing.");
    return RESULT_OK;
}

enum result schema_check(struct arena *arena, const struct schema *schema, const json_t *json,
                         struct refusal *ret_refusal)
{
    struct check check = {arena, ret_refusal};
    return check_object(&check, schema, json, NULL);
}
