#include "peers/source/measure.h"

#include "base/limits.h"
#include "peers/source/file.h"
#include "peers/source/select.h"
#include "peers/source/sensitive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_A_QUERY = 12 };

struct measured {
    struct engine *engine;
    struct arena *arena;
    const struct source_resource *resource;
    struct rows_found found;
    struct column {
        struct sensitive_counts counts;
        int64_t longest; /* text: characters */
        int64_t newest;  /* dates: day */
        bool dated;
    } * columns;
    struct refusal *refusal;
};

static enum result run(const struct measured *m, const char *sql, struct engine_answer *ret_answer)
{
    const struct engine_table table = {.name = "rows", .fd = m->found.rows.fd};
    const struct engine_query query = {
        .sql = sql,
        .tables = &table,
        .table_count = 1,
        .limits = {.memory_bytes = LIMIT_SOURCE_MEMORY_BYTES, .seconds = LIMIT_SOURCE_SECONDS}};
    return engine_run(m->engine, NULL, m->arena, &query, ret_answer, m->refusal);
}

static bool is_matched(enum engine_type type)
{
    return type == ENGINE_TEXT || type == ENGINE_INTEGER || type == ENGINE_DOUBLE;
}

/* Telephone numbers written with a plus pass for doubles, so these are looked at as well. */
static const char *as_text(struct arena *arena, const struct engine_field *field, const char *name)
{
    if (field->type == ENGINE_DOUBLE)
        return arena_printf(arena,
                            "(CASE WHEN abs(%s) BETWEEN 1e10 AND 1e18 AND %s=floor(%s) THEN "
                            "CAST(CAST(%s AS BIGINT) AS VARCHAR) ELSE '' END)",
                            name, name, name, name);
    return field->type == ENGINE_TEXT ? name : arena_printf(arena, "CAST(%s AS VARCHAR)", name);
}

/* ---- one pass over a dozen columns ---- */

/* The engine names a column after its expression, and names have a limit. */
static const char *add_measure(struct arena *arena, const char *list, int *number, const char *expression)
{
    const char *separator = *number > 0 ? ", " : "";
    *number += 1;
    return arena_printf(arena, "%s%s%s AS m%d", list, separator, expression, *number);
}

static const char *print_measures(struct arena *arena, const char *list, int *number,
                                  const struct engine_field *field)
{
    const char *name = select_identifier(arena, field->name);
    list = add_measure(arena, list, number, arena_printf(arena, "count(%s)", name));
    if (field->type == ENGINE_DATE || field->type == ENGINE_TIMESTAMP)
        return add_measure(arena, list, number, arena_printf(arena, "CAST(max(%s) AS DATE)", name));
    if (!is_matched(field->type))
        return list;
    const char *text = as_text(arena, field, name);
    list = add_measure(arena, list, number, arena_printf(arena, "approx_count_distinct(%s)", name));
    list = add_measure(arena, list, number, arena_printf(arena, "max(length(%s))", text));
    for (int kind = 0; kind < SENSITIVE_KINDS; kind++)
        list = add_measure(arena, list, number,
                           arena_printf(arena, "count(*) FILTER (WHERE %s)",
                                        sensitive_condition(arena, (enum sensitive_kind)kind, text)));
    return list;
}

/* The answer's next number; 0 where there is none. */
static int64_t take(const struct engine_answer *answer, size_t *at, bool *ret_there)
{
    const struct engine_column *column = &answer->columns[(*at)++];
    *ret_there = answer->rows == 1 && column->nulls[0] == 0;
    if (!*ret_there)
        return 0;
    if (column->type == ENGINE_DECIMAL)
        return strtoll(column->texts[0].bytes, NULL, 10);
    return column->type == ENGINE_INTEGER || column->type == ENGINE_DATE ? column->integers[0] : 0;
}

static void take_column(const struct engine_answer *answer, size_t *at, enum engine_type type,
                        struct column *column)
{
    bool there;
    column->counts.values = take(answer, at, &there);
    if (type == ENGINE_DATE || type == ENGINE_TIMESTAMP)
        column->newest = take(answer, at, &column->dated);
    if (!is_matched(type))
        return;
    column->counts.distinct = take(answer, at, &there);
    column->longest = take(answer, at, &there);
    for (int kind = 0; kind < SENSITIVE_KINDS; kind++)
        column->counts.matches[kind] = take(answer, at, &there);
}

static enum result measure_columns(struct measured *m)
{
    for (size_t first = 0; first < m->found.field_count; first += COLUMNS_A_QUERY) {
        size_t left = m->found.field_count - first;
        size_t count = left < COLUMNS_A_QUERY ? left : COLUMNS_A_QUERY;
        const char *list = "";
        int number = 0;
        for (size_t i = 0; i < count; i++)
            list = print_measures(m->arena, list, &number, &m->found.fields[first + i]);
        struct engine_answer answer;
        TRY(run(m, arena_printf(m->arena, "SELECT %s FROM \"rows\"", list), &answer));
        size_t at = 0;
        for (size_t i = 0; i < count; i++)
            take_column(&answer, &at, m->found.fields[first + i].type, &m->columns[first + i]);
    }
    return RESULT_OK;
}

/* ---- quality ---- */

static double share(int64_t part, int64_t whole)
{
    return whole == 0 ? 1 : round((double)part / (double)whole * 1e6) / 1e6;
}

static json_t *completeness(const struct measured *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->found.field_count; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:f}", "column", m->found.fields[i].name, "share",
                                                    share(m->columns[i].counts.values, m->found.rows.count)));
    return list;
}

static enum result add_uniqueness(const struct measured *m, const struct source_key *key, json_t *list)
{
    struct arena *arena = m->arena;
    const char *names = NULL;
    const char *present = NULL;
    json_t *columns = json_array();
    for (size_t i = 0; i < key->count; i++) {
        const char *name = select_identifier(arena, key->columns[i]);
        names = names == NULL ? name : arena_printf(arena, "%s, %s", names, name);
        present = arena_printf(arena, "%s%s%s IS NOT NULL", present == NULL ? "" : present,
                               present == NULL ? "" : " AND ", name);
        (void)json_array_append_new(columns, json_string(key->columns[i]));
    }
    struct engine_answer answer;
    enum result result = run(
        m,
        arena_printf(arena,
                     /* 64-bit hashes take less memory than the values and collide next to never. */
                     "SELECT count(DISTINCT hash(%s)) AS different, count(*) AS kept FROM \"rows\" WHERE %s",
                     names, present),
        &answer);
    if (result != RESULT_OK) {
        json_decref(columns);
        return result;
    }
    bool there;
    size_t at = 0;
    int64_t different = take(&answer, &at, &there);
    int64_t rows = take(&answer, &at, &there);
    (void)json_array_append_new(list,
                                json_pack("{s:o, s:f}", "columns", columns, "share", share(different, rows)));
    return RESULT_OK;
}

static enum result refuse_key(const struct measured *m, const char *column)
{
    return refuse(
        m->refusal,
        (struct refusal){.result = RESULT_NOT_FOUND,
                         .field = column,
                         .zh = arena_printf(m->arena, "候选键中的列“%s”不存在。", column),
                         .en = arena_printf(m->arena, "The key's column \"%s\" is not there.", column),
                         .remedy_zh = "请更正配置中的 keys。",
                         .remedy_en = "Mend \"keys\" in the configuration."});
}

/* The declared keys; without any, the columns whose values are nearly all different. */
static enum result uniqueness(const struct measured *m, json_t *list)
{
    for (size_t k = 0; k < m->resource->key_count; k++) {
        const struct source_key *key = &m->resource->keys[k];
        for (size_t i = 0; i < key->count; i++)
            if (select_field(m->found.fields, m->found.field_count, key->columns[i]) == NULL)
                return refuse_key(m, key->columns[i]);
        TRY(add_uniqueness(m, key, list));
    }
    for (size_t i = 0; i < m->found.field_count && m->resource->key_count == 0; i++) {
        const struct sensitive_counts *counts = &m->columns[i].counts;
        const struct source_key key = {&m->found.fields[i].name, 1};
        if (counts->values > 0 && counts->distinct * 10 >= counts->values * 9)
            TRY(add_uniqueness(m, &key, list));
    }
    return RESULT_OK;
}

static json_t *validity(const struct measured *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->found.field_count; i++) {
        const char *name = m->found.fields[i].name;
        if (source_column_by_name(m->resource, name) == NULL)
            continue;
        int64_t violations = m->found.violations[i];
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:f, s:I}", "column", name, "share",
                                              share(m->found.rows.count - violations, m->found.rows.count),
                                              "violations", (json_int_t)violations));
    }
    return list;
}

/* Dates of birth say nothing of how fresh the rows are, and concern people. */
static void add_newest(const struct measured *m, json_t *quality)
{
    const struct column *newest = NULL;
    for (size_t i = 0; i < m->found.field_count; i++) {
        const struct column *column = &m->columns[i];
        json_t *proposal = sensitive_proposal(&m->found.fields[i], NULL);
        bool usable = column->dated && proposal == NULL;
        json_decref(proposal);
        if (!usable || (newest != NULL && newest->newest >= column->newest))
            continue;
        newest = column;
        char text[DAY_TEXT_SIZE];
        day_print((day)column->newest, text);
        (void)json_object_set_new(quality, "newest_day", json_string(text));
        (void)json_object_set_new(quality, "newest_column", json_string(m->found.fields[i].name));
    }
}

/* ---- the whole ---- */

static json_t *items(const struct measured *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->found.field_count; i++) {
        const struct engine_field *field = &m->found.fields[i];
        bool text = field->type == ENGINE_TEXT || field->type == ENGINE_TIMESTAMP;
        json_t *item = json_pack("{s:s, s:s, s:b}", "name", field->name, "type",
                                 text ? "text" : engine_type_name(field->type), "nullable",
                                 (int)(m->columns[i].counts.values < m->found.rows.count || field->nullable));
        int64_t length = field->type == ENGINE_TIMESTAMP ? 19 : m->columns[i].longest;
        if (text && length > 0)
            (void)json_object_set_new(item, "length", json_integer(length));
        (void)json_array_append_new(list, item);
    }
    return list;
}

static json_t *sensitive(const struct measured *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->found.field_count; i++) {
        const struct engine_field *field = &m->found.fields[i];
        const struct sensitive_counts *counts = is_matched(field->type) ? &m->columns[i].counts : NULL;
        json_t *proposal = sensitive_proposal(field, counts);
        if (proposal != NULL)
            (void)json_array_append_new(list, proposal);
    }
    return list;
}

static enum result describe(struct measured *m, instant now, json_t **ret_description)
{
    m->columns = arena_new_array(m->arena, struct column, m->found.field_count);
    TRY(measure_columns(m));
    CLEANUP_JSON json_t *unique = json_array();
    TRY(uniqueness(m, unique));
    char at[INSTANT_TEXT_SIZE];
    instant_print(now, at);
    json_t *quality = json_pack("{s:o, s:O, s:o}", "completeness", completeness(m), "uniqueness", unique,
                                "validity", validity(m));
    add_newest(m, quality);
    *ret_description =
        json_pack("{s:I, s:s, s:o, s:o, s:o}", "rows", (json_int_t)m->found.rows.count, "measured_at", at,
                  "items", items(m), "quality", quality, "sensitive", sensitive(m));
    return RESULT_OK;
}

enum result source_measure(struct engine *engine, struct arena *arena, const struct source_resource *resource,
                           instant now, json_t **ret_description, struct refusal *ret_refusal)
{
    struct measured m = {.engine = engine, .arena = arena, .resource = resource, .refusal = ret_refusal};
    TRY(rows_of_resource(engine, arena, resource, &m.found, ret_refusal));
    enum result result = describe(&m, now, ret_description);
    file_cleanup(&m.found.rows.fd);
    return result;
}
