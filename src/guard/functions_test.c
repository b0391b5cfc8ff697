/* DuckDB's whole function list against the guard: duckdb_functions.tsv has a verdict for each function of the
 * pinned version, and what it calls refused is seen refused, overload by overload. A function that a newer
 * version brings fails here until somebody has looked at it. */
#include "base/text.h"
#include "guard/duck.h"
#include "guard/lines.h"
#include "support/attack.h"
#include "support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* name, kind, verdict, why */
enum { NAME, KIND, VERDICT, WHY, COLUMNS };

static struct lines functions(struct arena *arena)
{
    return lines_read(arena, "src/guard/duckdb_functions.tsv", COLUMNS);
}

static struct engine_answer asked(struct arena *arena, const char *sql)
{
    struct engine_answer answer;
    const char *error = NULL;
    if (!duck_query(arena, sql, &answer, &error))
        fail_msg("%s: %s", sql, error);
    return answer;
}

static bool is_in(const struct lines *lines, const char *name, const char *kind)
{
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(lines->rows[i][NAME], name) == 0 && strcmp(lines->rows[i][KIND], kind) == 0)
            return true;
    return false;
}

TEST(every_function_of_the_pinned_duckdb_has_a_verdict_and_no_other_has)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    duck_need();
    struct lines lines = functions(arena);
    struct engine_answer found =
        asked(arena, "SELECT DISTINCT function_name, function_type FROM duckdb_functions() "
                     "WHERE internal ORDER BY 2, 1");
    size_t unknown = 0;
    for (size_t row = 0; row < found.rows; row++) {
        const char *name = duck_text(arena, &found, row, 0);
        const char *kind = duck_text(arena, &found, row, 1);
        if (is_in(&lines, name, kind))
            continue;
        print_message("not looked at yet: %s (%s)\n", name, kind);
        unknown++;
    }
    assert_int_equal(unknown, 0);
    assert_int_equal(found.rows, lines.count);
}

/* An argument that fits the type that duckdb_functions() names. */
static const char *argument(const char *type)
{
    static const struct {
        const char *part;
        const char *sql;
    } fits[] = {{"[]", "[age]"},
                {"LIST", "[age]"},
                {"MAP", "MAP {'a': age}"},
                {"STRUCT", "{'a': age}"},
                {"LAMBDA", "x -> x"},
                {"BOOLEAN", "married"},
                {"INTERVAL", "INTERVAL 3 DAY"},
                {"INT", "age"},
                {"DOUBLE", "pay"},
                {"FLOAT", "pay"},
                {"DECIMAL", "rent"},
                {"TIMESTAMP", "CAST(born AS TIMESTAMP)"},
                {"DATE", "born"},
                {"VARCHAR", "district"},
                {"BLOB", "'\\x41'"},
                {"BIT", "'101'"},
                {"TIME", "'10:00'"},
                {"UUID", "'x'"}};
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++)
        if (strstr(type, fits[i].part) != NULL)
            return fits[i].sql;
    return "age";
}

/* "age, district" from "INTEGER;VARCHAR" */
static const char *arguments(struct arena *arena, const char *types)
{
    const char *list = "";
    for (const char *at = types; *at != '\0';) {
        size_t size = strcspn(at, ";");
        const char *type = arena_strndup(arena, at, size);
        list = arena_printf(arena, "%s%s%s", list, *list == '\0' ? "" : ", ", argument(type));
        at += size + (at[size] == ';');
    }
    return list;
}

static const char *quoted(struct arena *arena, const char *name)
{
    return arena_printf(arena, "\"%s\"", name);
}

/* Checks `sql`; the refusal must be about the function and not about something beside it. */
static void expect_refused(struct arena *arena, const struct policy *policy, const char *sql)
{
    static const enum guard_reason about[] = {REASON_FUNCTION_UNKNOWN,
                                              REASON_FUNCTION_QUALIFIED,
                                              REASON_AGGREGATE_UNMEASURED,
                                              REASON_TABLE_FUNCTION,
                                              REASON_NOT_SELECT,
                                              REASON_WINDOW,
                                              REASON_SYNTAX};
    struct query query;
    struct refusal refusal = {0};
    if (guard_check(arena, policy, sql, duck_tree(arena, sql), &query, &refusal) == RESULT_OK)
        fail_msg("accepted: %s", sql);
    for (size_t i = 0; i < sizeof about / sizeof about[0]; i++) {
        const char *text = guard_reason_text(about[i]);
        if (strncmp(refusal.en, text, strlen(text)) == 0)
            return;
    }
    fail_msg("%s\nwas refused for something else: %s", sql, refusal.en);
}

static void refuse_value(struct arena *arena, const struct policy *policy, const char *name, const char *list)
{
    const char *call = arena_printf(arena, "%s(%s)", quoted(arena, name), list);
    static const char *const forms[] = {
        "SELECT count(%s) FROM resident",
        "SELECT count(*) FROM resident WHERE %s IS NOT NULL",
        "SELECT %s, count(*) FROM resident GROUP BY 1",
        "SELECT %s FROM resident",
        "SELECT sum(%s) OVER () FROM resident",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *at = strstr(forms[i], "%s");
        expect_refused(arena, policy,
                       arena_printf(arena, "%.*s%s%s", (int)(at - forms[i]), forms[i], call, at + 2));
    }
    expect_refused(arena, policy, arena_printf(arena, "SELECT count(main.%s) FROM resident", call));
    expect_refused(arena, policy, arena_printf(arena, "SELECT count(system.main.%s) FROM resident", call));
}

static void refuse_table(struct arena *arena, const struct policy *policy, const char *name, const char *list)
{
    const char *call = arena_printf(arena, "%s(%s)", quoted(arena, name), list);
    expect_refused(arena, policy, arena_printf(arena, "SELECT count(*) FROM %s", call));
    expect_refused(arena, policy, arena_printf(arena, "SELECT * FROM %s", call));
    expect_refused(arena, policy, arena_printf(arena, "FROM main.%s SELECT count(*)", call));
    expect_refused(arena, policy, arena_printf(arena, "CALL %s", call));
}

static void refuse_pragma(struct arena *arena, const struct policy *policy, const char *name)
{
    expect_refused(arena, policy, arena_printf(arena, "PRAGMA %s", name));
    expect_refused(arena, policy, arena_printf(arena, "PRAGMA %s('resident')", name));
    expect_refused(arena, policy, arena_printf(arena, "PRAGMA %s = 1", name));
    expect_refused(arena, policy, arena_printf(arena, "CALL pragma_%s('resident')", name));
    expect_refused(arena, policy, arena_printf(arena, "SELECT count(*) FROM pragma_%s()", name));
}

/* Every overload of one function, at the arguments it wants, with one more, and with none. */
static size_t refuse_function(const struct policy *policy, const char *name, const char *kind,
                              const struct engine_answer *overloads)
{
    size_t tried = 0;
    for (size_t row = 0; row < overloads->rows; row++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        if (strcmp(duck_text(arena, overloads, row, 0), name) != 0 ||
            strcmp(duck_text(arena, overloads, row, 1), kind) != 0)
            continue;
        const char *list = arguments(arena, duck_text(arena, overloads, row, 2));
        tried++;
        if (strcmp(kind, "pragma") == 0)
            refuse_pragma(arena, policy, name);
        else if (strncmp(kind, "table", 5) == 0)
            refuse_table(arena, policy, name, list);
        else
            refuse_value(arena, policy, name, list);
    }
    return tried;
}

static void report(const char *kind, size_t functions_count, size_t overload_count)
{
    char name[64];
    char tried[160];
    char seen[160];
    (void)snprintf(name, sizeof name, "function_list_%s", kind);
    (void)snprintf(tried, sizeof tried,
                   "calls each of the %zu %s functions of the pinned DuckDB that are not on the allow-list",
                   functions_count, kind);
    (void)snprintf(seen, sizeof seen,
                   "a refusal of the function itself, for each of %zu overloads in several places",
                   overload_count);
    attack_stopped(&(struct attack){"sql", name, tried, "guard: allow-list of functions", seen});
}

TEST(every_function_that_is_not_allowed_is_refused_in_every_overload)
{
    static const char *const kinds[] = {"scalar", "aggregate", "macro", "table", "table_macro", "pragma"};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct lines lines = functions(arena);
    struct engine_answer overloads =
        asked(arena, "SELECT DISTINCT function_name, function_type, coalesce(array_to_string(list_transform("
                     "parameter_types, lambda t: coalesce(t, 'ANY')), ';'), '') FROM duckdb_functions() "
                     "WHERE internal ORDER BY ALL");
    size_t all = 0;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        size_t refused = 0;
        size_t tried = 0;
        for (size_t i = 0; i < lines.count; i++)
            if (strcmp(lines.rows[i][VERDICT], "refused") == 0 &&
                strcmp(lines.rows[i][KIND], kinds[kind]) == 0) {
                size_t of_this = refuse_function(policy, lines.rows[i][NAME], kinds[kind], &overloads);
                assert_true(of_this > 0);
                tried += of_this;
                refused++;
            }
        report(kinds[kind], refused, tried);
        print_message("%s: %zu functions, %zu overloads refused\n", kinds[kind], refused, tried);
        all += refused;
    }
    assert_true(all > 900);
}

/* One accepted call of each function that is allowed. */
static const struct {
    const char *name;
    const char *sql;
} calls[] = {
    {"count", "count(age)"},
    {"count_star", "count_star()"},
    {"sum", "sum(pay)"},
    {"avg", "avg(pay)"},
    {"mean", "mean(pay)"},
    {"+", "sum(age + 1)"},
    {"-", "sum(-age)"},
    {"*", "sum(age * 2)"},
    {"/", "sum(pay / 2)"},
    {"//", "sum(age // 2)"},
    {"%", "sum(age % 2)"},
    {"^", "sum(pay ^ 2)"},
    {"**", "sum(pay ** 2)"},
    {"power", "sum(power(pay, 2))"},
    {"pow", "sum(pow(pay, 2))"},
    {"exp", "sum(exp(age))"},
    {"ln", "sum(ln(pay))"},
    {"log10", "sum(log10(pay))"},
    {"log2", "sum(log2(pay))"},
    {"sqrt", "sum(sqrt(pay))"},
    {"round", "sum(round(pay, 1))"},
    {"abs", "sum(abs(balance))"},
    {"floor", "sum(floor(pay))"},
    {"ceil", "sum(ceil(pay))"},
    {"ceiling", "sum(ceiling(pay))"},
    {"greatest", "sum(greatest(age, 3))"},
    {"least", "sum(least(age, 3))"},
    {"nullif", "count(nullif(age, 3))"},
    {"date_trunc", "count(date_trunc('month', born))"},
    {"date_part", "sum(date_part('year', born))"},
    {"date_diff", "sum(date_diff('day', born, DATE '2020-01-01'))"},
    {"datediff", "sum(datediff('day', born, DATE '2020-01-01'))"},
    {"year", "sum(year(born))"},
    {"quarter", "sum(quarter(born))"},
    {"month", "sum(month(born))"},
    {"day", "sum(day(born))"},
    {"substr", "count(substr(district, 1, 1))"},
    {"substring", "count(substring(district, 1))"},
    {"left", "count(left(district, 1))"},
    {"right", "count(right(district, 1))"},
    {"~~", "count(*) FILTER (WHERE district LIKE '%a')"},
    {"!~~", "count(*) FILTER (WHERE district NOT LIKE '%a')"},
};

static const char *call_of(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].sql;
    return NULL;
}

TEST(every_function_that_is_allowed_is_accepted_and_runs)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct lines lines = functions(arena);
    size_t allowed = 0;
    for (size_t i = 0; i < lines.count; i++) {
        const char *const *row = lines.rows[i];
        if (strcmp(row[VERDICT], "allowed") != 0)
            continue;
        allowed++;
        if (call_of(row[NAME]) == NULL)
            fail_msg("no accepted call of %s is known", row[NAME]);
        (void)duck_seal(arena, policy, arena_printf(arena, "SELECT %s FROM resident", call_of(row[NAME])));
    }
    assert_int_equal(allowed, sizeof calls / sizeof calls[0]);
}
