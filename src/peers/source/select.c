#include "peers/source/select.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *quoted(struct arena *arena, const char *text, char quote)
{
    char *out = arena_alloc(arena, 2 * strlen(text) + 3);
    char *at = out;
    *at++ = quote;
    for (; *text != '\0'; text++) {
        if (*text == quote)
            *at++ = quote;
        *at++ = *text;
    }
    *at = quote;
    return out;
}

const char *select_identifier(struct arena *arena, const char *name)
{
    return quoted(arena, name, '"');
}

const char *select_literal(struct arena *arena, const char *text)
{
    return quoted(arena, text, '\'');
}

const struct engine_field *select_field(const struct engine_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static enum result refuse_column(struct arena *arena, enum result result, const char *column, const char *zh,
                                 const char *en, struct refusal *ret_refusal)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = result,
                                   .law = LAW(CALL_REVIEW),
                                   .field = arena_strdup(arena, column),
                                   .zh = zh,
                                   .en = en,
                                   .remedy_zh = "请按资源目录中的数据项重新下达订单。",
                                   .remedy_en = "Issue an order by the resource's catalogued items."});
}

static enum result refuse_absent(struct arena *arena, const char *column, struct refusal *ret_refusal)
{
    return refuse_column(arena, RESULT_NOT_FOUND, column, "资源中没有这一列。",
                         "the resource has no such column.", ret_refusal);
}

/* ---- values ---- */

static const char *print_double(struct arena *arena, const json_t *value)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !isfinite(number))
        return NULL;
    return arena_printf(arena, "CAST('%.17g' AS DOUBLE PRECISION)", number);
}

/* NULL when the value is not of the type. */
static const char *print_value(struct arena *arena, enum engine_type type, const json_t *value)
{
    const char *text = json_string_value(value);
    day date;
    switch (type) {
    case ENGINE_TEXT:
    case ENGINE_TIMESTAMP: /* is compared as it travels */
        return text != NULL ? select_literal(arena, text) : NULL;
    case ENGINE_INTEGER:
        return json_is_integer(value)
                   ? arena_printf(arena, "CAST('%lld' AS BIGINT)", (long long)json_integer_value(value))
                   : NULL;
    case ENGINE_DOUBLE:
        return print_double(arena, value);
    case ENGINE_BOOLEAN:
        return json_is_boolean(value) ? (json_is_true(value) ? "TRUE" : "FALSE") : NULL;
    case ENGINE_DATE:
        return day_parse(text, &date) == RESULT_OK ? arena_printf(arena, "DATE '%s'", text) : NULL;
    case ENGINE_DECIMAL:
    case ENGINE_TYPE_COUNT:
        break;
    }
    return NULL;
}

static enum result print_list(struct arena *arena, enum engine_type type,
                              const struct order_condition *condition, const char **ret_text,
                              struct refusal *ret_refusal)
{
    bool list = condition->op == ORDER_IN;
    size_t count = list ? json_array_size(condition->value) : 1;
    const char **values = arena_new_array(arena, const char *, count);
    size_t size = 3;
    for (size_t i = 0; i < count; i++) {
        values[i] = print_value(arena, type, list ? json_array_get(condition->value, i) : condition->value);
        if (values[i] == NULL)
            return refuse_column(arena, RESULT_INVALID, condition->column, "条件的值与列的类型不符。",
                                 "the condition's value is not of the column's type.", ret_refusal);
        size += strlen(values[i]) + 2;
    }
    char *text = arena_alloc(arena, size);
    char *at = text;
    for (size_t i = 0; i < count; i++)
        at += sprintf(at, "%s%s", i > 0 ? ", " : "", values[i]);
    *ret_text = list ? arena_printf(arena, "(%s)", text) : text;
    return RESULT_OK;
}

/* ---- the statement ---- */

/* A column as it travels: what PostgreSQL's COPY prints of a boolean (t, f) no one else reads, and times
 * travel as text in China's time. */
static const char *traveller(struct arena *arena, enum select_dialect dialect,
                             const struct engine_field *field)
{
    const char *name = select_identifier(arena, field->name);
    bool postgresql = dialect == SELECT_POSTGRESQL;
    if (field->type == ENGINE_TIMESTAMP)
        return arena_printf(arena,
                            postgresql ? "to_char(%s::timestamp, 'YYYY-MM-DD HH24:MI:SS')"
                                       : "strftime(%s, '%%Y-%%m-%%d %%H:%%M:%%S')",
                            name);
    return postgresql && field->type == ENGINE_BOOLEAN ? arena_printf(arena, "%s::text", name) : name;
}

/* Text is compared byte by byte in both dialects, so that the same order chooses the same rows. */
static const char *left_side(struct arena *arena, enum select_dialect dialect,
                             const struct engine_field *field, const struct order_condition *condition)
{
    const char *name = select_identifier(arena, field->name);
    if (field->type == ENGINE_TIMESTAMP) {
        const char *text = traveller(arena, dialect, field);
        return condition->period ? arena_printf(arena, "substr(%s, 1, 10)", text) : text;
    }
    if (dialect == SELECT_POSTGRESQL && field->type == ENGINE_TEXT)
        return arena_printf(arena, "%s::text COLLATE \"C\"", name);
    return name;
}

static enum result print_condition(struct arena *arena, enum select_dialect dialect,
                                   const struct order_condition *condition, const struct engine_field *field,
                                   const char **ret_text, struct refusal *ret_refusal)
{
    static const char *const signs[] = {"=", "<>", "<", "<=", ">", ">=", "IN"};
    const char *values = "";
    if (condition->period && field->type != ENGINE_DATE && field->type != ENGINE_TIMESTAMP)
        return refuse_column(arena, RESULT_INVALID, field->name, "期间所用的列不是日期。",
                             "the period's column holds no dates.", ret_refusal);
    TRY(print_list(arena, field->type, condition, &values, ret_refusal));
    *ret_text = arena_printf(arena, "%s %s %s", left_side(arena, dialect, field, condition),
                             signs[condition->op], values);
    return RESULT_OK;
}

static const char *print_column(struct arena *arena, enum select_dialect dialect,
                                const struct engine_field *field)
{
    const char *name = select_identifier(arena, field->name);
    const char *value = traveller(arena, dialect, field);
    return strcmp(name, value) == 0 ? name : arena_printf(arena, "%s AS %s", value, name);
}

struct parts {
    char *text;
    size_t size;
};

static void add(struct parts *parts, const char *separator, const char *text)
{
    size_t more = strlen(separator) + strlen(text);
    char *grown = realloc(parts->text, parts->size + more + 1);
    if (grown == NULL)
        abort();
    (void)sprintf(grown + parts->size, "%s%s", separator, text);
    parts->text = grown;
    parts->size += more;
}

static enum result print_parts(struct arena *arena, enum select_dialect dialect, const struct order *order,
                               const struct engine_field *fields, size_t field_count, const char *from,
                               struct parts *parts, struct refusal *ret_refusal)
{
    const struct engine_field *field;
    for (size_t i = 0; i < order->column_count; i++) {
        field = select_field(fields, field_count, order->columns[i]);
        if (field == NULL)
            return refuse_absent(arena, order->columns[i], ret_refusal);
        add(parts, i == 0 ? "SELECT " : ", ", print_column(arena, dialect, field));
    }
    add(parts, " FROM ", from);
    for (size_t i = 0; i < order->condition_count; i++) {
        const struct order_condition *condition = &order->conditions[i];
        const char *text = "";
        field = select_field(fields, field_count, condition->column);
        if (field == NULL)
            return refuse_absent(arena, condition->column, ret_refusal);
        TRY(print_condition(arena, dialect, condition, field, &text, ret_refusal));
        add(parts, i == 0 ? " WHERE " : " AND ", text);
    }
    return RESULT_OK;
}

enum result select_print(struct arena *arena, enum select_dialect dialect, const struct order *order,
                         const struct engine_field *fields, size_t field_count, const char *from,
                         const char **ret_sql, struct refusal *ret_refusal)
{
    struct parts parts = {NULL, 0};
    enum result result = print_parts(arena, dialect, order, fields, field_count, from, &parts, ret_refusal);
    if (result == RESULT_OK)
        *ret_sql = arena_strdup(arena, parts.text);
    free(parts.text);
    return result;
}

bool select_is_whole(const struct order *order, const struct engine_field *fields, size_t field_count)
{
    if (order->condition_count > 0 || order->column_count != field_count)
        return false;
    for (size_t i = 0; i < field_count; i++)
        if (strcmp(order->columns[i], fields[i].name) != 0 || fields[i].type == ENGINE_TIMESTAMP)
            return false;
    return true;
}
