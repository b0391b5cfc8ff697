#include "engine/duckdb/schema.h"

#include <assert.h>
#include <string.h>

const char *schema_sql_type(enum engine_type type)
{
    static const char *const types[] = {
        [ENGINE_TEXT] = "VARCHAR",       [ENGINE_INTEGER] = "BIGINT",  [ENGINE_DECIMAL] = "VARCHAR",
        [ENGINE_DOUBLE] = "DOUBLE",      [ENGINE_BOOLEAN] = "BOOLEAN", [ENGINE_DATE] = "DATE",
        [ENGINE_TIMESTAMP] = "TIMESTAMP"};
    assert(type < ENGINE_TYPE_COUNT);
    return types[type];
}

static const enum engine_type from_text[] = {ENGINE_BOOLEAN,   ENGINE_INTEGER, ENGINE_DOUBLE,    ENGINE_DATE,
                                             ENGINE_TIMESTAMP, ENGINE_TEXT,    ENGINE_TYPE_COUNT};
static const enum engine_type from_integer[] = {ENGINE_INTEGER, ENGINE_DOUBLE, ENGINE_TYPE_COUNT};
static const enum engine_type from_double[] = {ENGINE_DOUBLE, ENGINE_TYPE_COUNT};
static const enum engine_type from_boolean[] = {ENGINE_BOOLEAN, ENGINE_TYPE_COUNT};
static const enum engine_type from_date[] = {ENGINE_DATE, ENGINE_TYPE_COUNT};
static const enum engine_type from_timestamp[] = {ENGINE_TIMESTAMP, ENGINE_TYPE_COUNT};

const enum engine_type *schema_candidates(const char *file_type)
{
    static const struct {
        const char *name;
        const enum engine_type *types;
    } all[] = {{"VARCHAR", from_text},
               {"TINYINT", from_integer},
               {"SMALLINT", from_integer},
               {"INTEGER", from_integer},
               {"BIGINT", from_integer},
               {"UTINYINT", from_integer},
               {"USMALLINT", from_integer},
               {"UINTEGER", from_integer},
               {"UBIGINT", from_integer},
               {"FLOAT", from_double},
               {"DOUBLE", from_double},
               {"BOOLEAN", from_boolean},
               {"DATE", from_date},
               {"TIMESTAMP", from_timestamp},
               {"TIMESTAMP_NS", from_timestamp},
               {"TIMESTAMP_MS", from_timestamp},
               {"TIMESTAMP_S", from_timestamp},
               {"TIMESTAMP WITH TIME ZONE", from_timestamp}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(file_type, all[i].name) == 0)
            return all[i].types;
    return strncmp(file_type, "DECIMAL(", 8) == 0 ? from_double : NULL;
}

/* Text to value; DuckDB's casts read more than the text forms of engine.h, see misread(). */
static char *value_of_text(enum engine_type type, const char *column)
{
    if (type == ENGINE_TEXT)
        return worker_format("%s", column);
    if (type == ENGINE_BOOLEAN)
        return worker_format(
            "CASE lower(%s) WHEN 'true' THEN true WHEN 'false' THEN false WHEN '1' THEN true "
            "WHEN '0' THEN false WHEN '是' THEN true WHEN '否' THEN false END",
            column);
    return worker_format("TRY_CAST(%s AS %s)", column, schema_sql_type(type));
}

/* What a cast reads although it is not the text form: blanks, 1_000, 1.5 as an integer, "epoch", times behind
 * a date. */
static char *misread(enum engine_type type, const char *column, const char *value)
{
    switch (type) {
    case ENGINE_INTEGER:
        return worker_format("CAST(%s AS VARCHAR) <> %s", value, column);
    case ENGINE_DOUBLE:
        return worker_format("contains(%s, '_') OR contains(%s, ' ')", column, column);
    case ENGINE_DATE:
        return worker_format("length(%s) > 10 OR %s < '0' OR %s >= ':'", column, column, column);
    case ENGINE_TIMESTAMP:
        return worker_format("length(%s) > 32 OR %s < '0' OR %s >= ':'", column, column, column);
    case ENGINE_TEXT:
        return worker_format("contains(%s, chr(0))", column);
    case ENGINE_BOOLEAN:
    case ENGINE_DECIMAL:
    case ENGINE_TYPE_COUNT:
        break;
    }
    return worker_format("false");
}

static bool has_limits(enum engine_type type)
{
    return type != ENGINE_TEXT && type != ENGINE_BOOLEAN;
}

struct rule {
    enum reason reason;
    const char *broken; /* condition on a value that is there */
};

enum { RULES_MAX = 6 };

/* What may be wrong with a value that could be converted. */
static size_t rules_of(const struct engine_field *field, const struct source_column *column,
                       const char *value, struct rule *ret_rules)
{
    const char *type = schema_sql_type(field->type);
    bool is_text = strcmp(column->file_type, "VARCHAR") == 0;
    size_t count = 0;
    if (is_text && field->type != ENGINE_BOOLEAN && (field->type != ENGINE_TEXT || column->may_hold_nul))
        ret_rules[count++] = (struct rule){REASON_TYPE, misread(field->type, column->quoted, value)};
    if (field->type == ENGINE_DOUBLE || field->type == ENGINE_DATE || field->type == ENGINE_TIMESTAMP)
        ret_rules[count++] = (struct rule){REASON_FINITE, worker_format("NOT isfinite(%s)", value)};
    if (field->minimum != NULL && has_limits(field->type))
        ret_rules[count++] = (struct rule){
            REASON_MINIMUM, worker_format("%s < %s::%s", value, worker_constant(field->minimum), type)};
    if (field->maximum != NULL && has_limits(field->type))
        ret_rules[count++] = (struct rule){
            REASON_MAXIMUM, worker_format("%s > %s::%s", value, worker_constant(field->maximum), type)};
    if (field->max_characters > 0 && field->type == ENGINE_TEXT)
        ret_rules[count++] =
            (struct rule){REASON_LENGTH, worker_format("length(%s) > %u", value, field->max_characters)};
    if (field->pattern != NULL && field->type == ENGINE_TEXT)
        ret_rules[count++] =
            (struct rule){REASON_PATTERN, worker_format("NOT regexp_full_match(%s, %s)", value,
                                                        worker_constant(field->pattern))};
    return count;
}

bool schema_expression(const struct engine_field *field, const struct source_column *column,
                       const char *alias, struct expression *ret_expression)
{
    const enum engine_type *candidate = schema_candidates(column->file_type);
    while (candidate != NULL && *candidate != ENGINE_TYPE_COUNT && *candidate != field->type)
        candidate++;
    if (candidate == NULL || *candidate == ENGINE_TYPE_COUNT)
        return false;
    struct rule rules[RULES_MAX];
    size_t count = rules_of(field, column, alias, rules);
    char *kept = worker_format("%s IS NOT NULL", alias);
    char *reason = worker_format("CASE WHEN %s IS NULL THEN %d WHEN %s IS NULL THEN %d", column->quoted,
                                 field->nullable ? REASON_NONE : REASON_NULL, alias, REASON_TYPE);
    for (size_t i = 0; i < count; i++) {
        kept = worker_format("%s AND NOT (%s)", kept, rules[i].broken);
        reason = worker_format("%s WHEN %s THEN %d", reason, rules[i].broken, (int)rules[i].reason);
    }
    ret_expression->source = column->quoted;
    ret_expression->alias = alias;
    ret_expression->value =
        strcmp(column->file_type, "VARCHAR") == 0
            ? value_of_text(field->type, column->quoted)
            : worker_format("TRY_CAST(%s AS %s)", column->quoted, schema_sql_type(field->type));
    ret_expression->kept = field->nullable ? worker_format("%s IS NULL OR (%s)", column->quoted, kept) : kept;
    ret_expression->reason = worker_format("%s ELSE 0 END", reason);
    return true;
}

const char *schema_fits(enum engine_type type, const char *column)
{
    char *value = value_of_text(type, column);
    char *fits = worker_format("(%s IS NOT NULL AND NOT (%s)", value, misread(type, column, value));
    if (type == ENGINE_BOOLEAN)
        return worker_format("(lower(%s) IN ('true', 'false', '是', '否'))", column);
    if (type == ENGINE_DOUBLE)
        return worker_format("%s AND isfinite(%s) AND NOT regexp_matches(%s, '^[-+]?0[0-9]') "
                             "AND (length(%s) < 16 OR contains(%s, '.')))",
                             fits, value, column, column, column);
    if (type == ENGINE_DATE || type == ENGINE_TIMESTAMP)
        return worker_format("%s AND isfinite(%s))", fits, value);
    return worker_format("%s)", fits);
}
