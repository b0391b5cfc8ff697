#include "guard/duck.h"

#include "base/json.h"
#include "base/random.h"
#include "support/test.h"

#include <dlfcn.h>
#include <duckdb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    void *library;
    duckdb_database database;
    duckdb_connection connection;
} duck;

/* One line a function: FN(duckdb_query)(…) calls what dlsym() finds. */
#define FN(name) (__extension__(__typeof__(&name)) symbol(#name))

static void *symbol(const char *name)
{
    void *address = dlsym(duck.library, name);
    assert_non_null(address);
    return address;
}

void duck_need(void)
{
    if (duck.library != NULL)
        return;
    const char *path = getenv("DUKOU_DUCKDB");
    duck.library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (duck.library == NULL) {
        print_message("no DuckDB library at DUKOU_DUCKDB\n");
        skip();
    }
    assert_int_equal(FN(duckdb_open)(NULL, &duck.database), DuckDBSuccess);
    assert_int_equal(FN(duckdb_connect)(duck.database, &duck.connection), DuckDBSuccess);
    duck_do("SET threads = 1");
    duck_do("SET ieee_floating_point_ops = false"); /* plain SQL: division by zero is NULL, as the guard
                                                       prints it */
}

void duck_do(const char *sql)
{
    duckdb_result result;
    if (FN(duckdb_query)(duck.connection, sql, &result) != DuckDBSuccess)
        fail_msg("%s: %s", sql, FN(duckdb_result_error)(&result));
    FN(duckdb_destroy_result)(&result);
}

static enum engine_type type_of(duckdb_type type)
{
    switch ((int)type) {
    case DUCKDB_TYPE_BOOLEAN:
        return ENGINE_BOOLEAN;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
        return ENGINE_INTEGER;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
        return ENGINE_DOUBLE;
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_DECIMAL:
        return ENGINE_DECIMAL;
    default:
        return ENGINE_TEXT;
    }
}

static struct engine_column read_column(struct arena *arena, duckdb_result *result, size_t column,
                                        size_t rows)
{
    struct engine_column read = {
        .name = arena_strdup(arena, FN(duckdb_column_name)(result, column)),
        .type = type_of(FN(duckdb_column_type)(result, column)),
    };
    uint8_t *nulls = arena_new_array(arena, uint8_t, rows);
    int64_t *integers = arena_new_array(arena, int64_t, rows);
    double *doubles = arena_new_array(arena, double, rows);
    struct engine_text *texts = arena_new_array(arena, struct engine_text, rows);
    for (size_t row = 0; row < rows; row++) {
        nulls[row] = FN(duckdb_value_is_null)(result, column, row);
        integers[row] = FN(duckdb_value_int64)(result, column, row);
        doubles[row] = FN(duckdb_value_double)(result, column, row);
        char *text = FN(duckdb_value_varchar)(result, column, row);
        texts[row].bytes = arena_strdup(arena, text == NULL ? "" : text);
        texts[row].size = strlen(texts[row].bytes);
        FN(duckdb_free)(text);
    }
    read.nulls = nulls;
    if (read.type == ENGINE_TEXT || read.type == ENGINE_DECIMAL)
        read.texts = texts;
    else if (read.type == ENGINE_DOUBLE)
        read.doubles = doubles;
    else
        read.integers = integers;
    return read;
}

bool duck_query(struct arena *arena, const char *sql, struct engine_answer *ret_answer,
                const char **ret_error)
{
    duckdb_result result;
    if (FN(duckdb_query)(duck.connection, sql, &result) != DuckDBSuccess) {
        const char *error = FN(duckdb_result_error)(&result);
        *ret_error = arena_strdup(arena, error == NULL ? "?" : error);
        FN(duckdb_destroy_result)(&result);
        return false;
    }
    size_t rows = FN(duckdb_row_count)(&result);
    size_t count = FN(duckdb_column_count)(&result);
    struct engine_column *columns = arena_new_array(arena, struct engine_column, count);
    for (size_t i = 0; i < count; i++)
        columns[i] = read_column(arena, &result, i, rows);
    FN(duckdb_destroy_result)(&result);
    *ret_answer = (struct engine_answer){.rows = rows, .column_count = count, .columns = columns};
    return true;
}

const char *duck_tree(struct arena *arena, const char *sql)
{
    duckdb_prepared_statement statement;
    duckdb_result result;
    assert_int_equal(
        FN(duckdb_prepare)(duck.connection, "SELECT json_serialize_sql($1::VARCHAR)", &statement),
        DuckDBSuccess);
    FN(duckdb_bind_varchar)(statement, 1, sql);
    if (FN(duckdb_execute_prepared)(statement, &result) != DuckDBSuccess)
        fail_msg("%s: %s", sql, FN(duckdb_result_error)(&result));
    char *text = FN(duckdb_value_varchar)(&result, 0, 0);
    const char *tree = arena_strdup(arena, text);
    FN(duckdb_free)(text);
    FN(duckdb_destroy_result)(&result);
    FN(duckdb_destroy_prepare)(&statement);
    return tree;
}

const char *duck_text(struct arena *arena, const struct engine_answer *answer, size_t row, size_t column)
{
    const struct engine_column *from = &answer->columns[column];
    if (from->nulls[row])
        return "NULL";
    if (from->type == ENGINE_TEXT || from->type == ENGINE_DECIMAL)
        return from->texts[row].bytes;
    if (from->type == ENGINE_DOUBLE)
        return arena_printf(arena, "%.12g", from->doubles[row]);
    return arena_printf(arena, "%lld", (long long)from->integers[row]);
}

double duck_number(const struct engine_answer *answer, size_t row, size_t column)
{
    const struct engine_column *from = &answer->columns[column];
    if (from->nulls[row])
        return NAN;
    if (from->type == ENGINE_TEXT || from->type == ENGINE_DECIMAL)
        return strtod(from->texts[row].bytes, NULL);
    return from->type == ENGINE_DOUBLE ? from->doubles[row] : (double)from->integers[row];
}

const struct policy *duck_policy(struct arena *arena, const char *json)
{
    char *text = arena_strdup(arena, json);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    struct refusal refusal = {0};
    const struct policy *policy = NULL;
    CLEANUP_JSON json_t *value = NULL;
    if (json_read(arena, text, strlen(text), &value, &refusal) != RESULT_OK ||
        policy_read(arena, value, &policy, &refusal) != RESULT_OK)
        fail_msg("%s: %s", refusal.field, refusal.en);
    return policy;
}

static const char city[] =
    "{'rule':'release/standard','version':3,'level_limit':3,'tables':["
    "{'name':'resident','kind':'resource','subject':'id','columns':["
    "{'name':'id','type':'BIGINT','use':'key'},{'name':'firm','type':'BIGINT','use':'key'},"
    "{'name':'hood','type':'INTEGER','use':'key_dimension'},{'name':'district','type':'VARCHAR','use':'"
    "dimension'},"
    "{'name':'age','type':'INTEGER','use':'dimension'},{'name':'born','type':'DATE','use':'dimension'},"
    "{'name':'married','type':'BOOLEAN','use':'dimension'},"
    "{'name':'pay','type':'DOUBLE','use':'measure','filterable':true,'non_negative':true},"
    "{'name':'balance','type':'BIGINT','use':'measure'},"
    "{'name':'rent','type':'DECIMAL(9,2)','use':'measure','filterable':true},"
    "{'name':'phone','type':'VARCHAR','use':'forbidden'},"
    "{'name':'illness','type':'VARCHAR','use':'dimension','level':4}]},"
    "{'name':'firm','kind':'resource','subject':'firm','columns':["
    "{'name':'firm','type':'BIGINT','use':'key'},{'name':'industry','type':'VARCHAR','use':'dimension'},"
    "{'name':'staff','type':'INTEGER','use':'measure','non_negative':true}]},"
    "{'name':'own','kind':'import','columns':[{'name':'hood','type':'INTEGER','use':'key_dimension'},"
    "{'name':'class','type':'VARCHAR','use':'dimension'},{'name':'weight','type':'DOUBLE','use':'measure'}]}]"
    ","
    "'joins':[{'left':['resident','hood'],'right':['own','hood']},"
    "{'left':['firm','firm'],'right':['resident','firm']}]}";

void duck_buckets(const char *table, const char *subject)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "ALTER TABLE %s ADD COLUMN \"__bucket_%s\" UTINYINT; "
                   "UPDATE %s SET \"__bucket_%s\" = CAST(\"__subject_%s\" & 63 AS UTINYINT)",
                   table, subject, table, subject, subject);
    duck_do(sql);
}

static void make_city(void)
{
    static bool made;
    if (made)
        return;
    made = true;
    duck_do("CREATE TABLE resident AS SELECT i // 3 AS id, hash(i // 3) AS \"__subject_id\", "
            "CASE WHEN i % 11 > 0 THEN (i // 3) % 37 END AS firm, ((i * 7) % 23)::INTEGER AS hood, "
            "(['洪山','江岸','Wu''chang'])[1 + (i // 3) % 3] AS district, "
            "CASE WHEN i % 13 > 0 THEN (hash(i // 3) % 90)::INTEGER END AS age, "
            "DATE '1940-01-01' + (hash(i + 1) % 25000)::INTEGER AS born, i % 4 = 0 AS married, "
            "CASE WHEN i % 17 > 0 THEN (hash(i + 2) % 90000) / 7.0 END AS pay, "
            "(hash(i + 3) % 2000)::BIGINT - 900 AS balance, "
            "(((hash(i + 4) % 100000)::BIGINT - 20000) / 100.0)::DECIMAL(9,2) AS rent, "
            "'1390000' || i AS phone, (['a','b'])[1 + i % 2] AS illness FROM range(600) t(i)");
    /* rows whose subject is not known */
    duck_do("INSERT INTO resident SELECT NULL, NULL, 3, hood, district, age, born, married, pay, balance, "
            "rent, phone, "
            "illness FROM resident WHERE id < 4");
    duck_buckets("resident", "id");
    duck_do("CREATE TABLE firm AS SELECT i AS firm, hash(i + 1000000) AS \"__subject_firm\", "
            "(['建筑','贸易','IT','farm'])[1 + i % 4] AS industry, (hash(i) % 300)::INTEGER AS staff FROM "
            "range(40) t(i)");
    duck_buckets("firm", "firm");
    duck_do("CREATE TABLE own AS SELECT i::INTEGER AS hood, (['A','B','C'])[1 + i % 3] AS class, i / 10.0 AS "
            "weight "
            "FROM range(20) t(i)");
}

const struct policy *duck_city(struct arena *arena)
{
    duck_need();
    make_city();
    return duck_policy(arena, city);
}

struct duck_sealed duck_seal(struct arena *arena, const struct policy *policy, const char *sql)
{
    struct duck_sealed sealed;
    struct refusal refusal = {0};
    const char *error = NULL;
    if (guard_check(arena, policy, sql, duck_tree(arena, sql), &sealed.query, &refusal) != RESULT_OK)
        fail_msg("%s\n%s: %s", sql, refusal.field, refusal.en);
    assert_ok(guard_print_duckdb(arena, &sealed.query, &sealed.printed));
    if (!duck_query(arena, sealed.printed.sql, &sealed.answer, &error))
        fail_msg("%s\n%s\n%s", sql, sealed.printed.sql, error);
    return sealed;
}
