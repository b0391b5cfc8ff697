/* Random queries, from fixed seeds: those that the guard accepts never fail on any row, and answer like the
 * plain SQL wherever that does not fail. */
#include "base/random.h"
#include "guard/duck.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The columns a generator may draw from, by type. */
struct world {
    const char *table;
    const char *numbers[6];
    const char *texts[3];
    const char *moments[3];
    const char *conditions[3];
    const char *dimensions[6];
    const char *constants[10];
};

struct generator {
    struct arena *arena;
    struct random *random;
    const struct world *world;
};

static size_t below(struct generator *generator, size_t bound)
{
    return (size_t)random_below(generator->random, bound);
}

static const char *one_of(struct generator *generator, const char *const *list, size_t most)
{
    size_t count = 0;
    while (count < most && list[count] != NULL)
        count++;
    return list[below(generator, count)];
}

#define ONE_OF(generator, list) one_of((generator), (list), sizeof(list) / sizeof((list)[0]))

static const char *condition(struct generator *generator, int depth);

static const char *number(struct generator *generator, int depth)
{
    static const char *const binary[] = {"+", "-", "*", "/", "//", "%"};
    static const char *const unary[] = {"abs", "floor", "ceil", "ln", "exp", "sqrt", "log10", "round", "-"};
    struct arena *arena = generator->arena;
    if (depth <= 0)
        return below(generator, 3) == 0 ? ONE_OF(generator, generator->world->constants)
                                        : ONE_OF(generator, generator->world->numbers);
    const char *a = number(generator, depth - 1);
    switch (below(generator, 9)) {
    case 0:
    case 1:
    case 2:
        return arena_printf(arena, "(%s %s %s)", a, ONE_OF(generator, binary), number(generator, depth - 1));
    case 3:
        return arena_printf(arena, "%s(%s)", ONE_OF(generator, unary), a);
    case 4:
        return arena_printf(arena, "CASE WHEN %s THEN %s ELSE %s END", condition(generator, depth - 1), a,
                            number(generator, depth - 1));
    case 5:
        return arena_printf(arena, "coalesce(%s, %s)", a, number(generator, depth - 1));
    case 6:
        return arena_printf(arena, "%s(%s, %s)", below(generator, 2) == 0 ? "greatest" : "nullif", a,
                            number(generator, depth - 1));
    case 7:
        return arena_printf(arena, "CAST(%s AS %s)", a,
                            below(generator, 3) == 0   ? "DOUBLE"
                            : below(generator, 2) == 0 ? "INTEGER"
                                                       : "DECIMAL(18,3)");
    default:
        return arena_printf(arena, "%s(%s)", below(generator, 2) == 0 ? "year" : "month",
                            ONE_OF(generator, generator->world->moments));
    }
}

static const char *condition(struct generator *generator, int depth)
{
    static const char *const compare[] = {"=", "<>", "<", ">", "<=", ">=", "IS DISTINCT FROM"};
    struct arena *arena = generator->arena;
    const char *a = number(generator, depth - 1);
    switch (below(generator, 8)) {
    case 0:
        return ONE_OF(generator, generator->world->conditions);
    case 1:
        return arena_printf(arena, "%s BETWEEN %s AND %s", a, ONE_OF(generator, generator->world->constants),
                            number(generator, depth - 1));
    case 2:
        return arena_printf(arena, "%s IN (1, 2, 7, %s)", a, ONE_OF(generator, generator->world->constants));
    case 3:
        return arena_printf(arena, "%s IS NULL", a);
    case 4:
        return arena_printf(arena, "%s > '1975-06-01'", ONE_OF(generator, generator->world->moments));
    case 5:
        if (depth > 0)
            return arena_printf(arena, "(NOT (%s) %s %s)", condition(generator, depth - 1),
                                below(generator, 2) == 0 ? "AND" : "OR", condition(generator, depth - 1));
        return arena_printf(arena, "%s LIKE '%%a%%'", ONE_OF(generator, generator->world->texts));
    default:
        return arena_printf(arena, "%s %s %s", a, ONE_OF(generator, compare), number(generator, depth - 1));
    }
}

static const char *dimension(struct generator *generator)
{
    struct arena *arena = generator->arena;
    switch (below(generator, 4)) {
    case 0:
        return arena_printf(arena, "CASE WHEN %s THEN 'yes' ELSE 'no' END", condition(generator, 1));
    case 1:
        return arena_printf(arena, "left(%s, 2)", ONE_OF(generator, generator->world->texts));
    default:
        return ONE_OF(generator, generator->world->dimensions);
    }
}

static const char *aggregate(struct generator *generator)
{
    struct arena *arena = generator->arena;
    switch (below(generator, 5)) {
    case 0:
        return "count(*)";
    case 1:
        return arena_printf(arena, "count(%s)", number(generator, 2));
    case 2:
        return arena_printf(arena, "avg(%s)", number(generator, 2));
    case 3:
        return arena_printf(arena, "sum(%s) FILTER (WHERE %s)", number(generator, 2),
                            condition(generator, 1));
    default:
        return arena_printf(arena, "sum(%s)", number(generator, 3));
    }
}

static const char *query(struct generator *generator)
{
    struct arena *arena = generator->arena;
    size_t groups = below(generator, 3);
    size_t aggregates = 1 + below(generator, 3);
    const char *list = "";
    const char *by = "";
    for (size_t i = 0; i < groups + aggregates; i++)
        list = arena_printf(arena, "%s%s%s AS c%zu", list, i > 0 ? ", " : "",
                            i < groups ? dimension(generator) : aggregate(generator), i);
    for (size_t i = 0; i < groups; i++)
        by = arena_printf(arena, "%s%s%zu", by, i > 0 ? ", " : "", i + 1);
    const char *where =
        below(generator, 2) == 0 ? "" : arena_printf(arena, " WHERE %s", condition(generator, 2));
    return groups == 0 ? arena_printf(arena, "SELECT %s FROM %s%s", list, generator->world->table, where)
                       : arena_printf(arena, "SELECT %s FROM %s%s GROUP BY %s ORDER BY %s", list,
                                      generator->world->table, where, by, by);
}

/* `few`, or many times as many when the long tests are asked for. */
static uint64_t seeds(uint64_t few)
{
    return getenv("DUKOU_TEST_LONG") != NULL ? 15 * few : few;
}

static bool near(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-7 * (fabs(a) + fabs(b)) ||
           fabs(a - b) < 1e-6;
}

static bool same(struct arena *arena, const struct engine_answer *plain, const struct engine_answer *sealed)
{
    if (plain->rows != sealed->rows)
        return false;
    for (size_t row = 0; row < plain->rows; row++)
        for (size_t i = 0; i < plain->column_count; i++) {
            if (plain->columns[i].type == ENGINE_TEXT || plain->columns[i].type == ENGINE_BOOLEAN) {
                if (strcmp(duck_text(arena, plain, row, i), duck_text(arena, sealed, row, i)) != 0)
                    return false;
            } else if (!near(duck_number(plain, row, i), duck_number(sealed, row, i))) {
                return false;
            }
        }
    return true;
}

struct tally {
    size_t accepted;
    size_t compared;
};

/* One random query; counts what came of it. */
static void try_one(const struct policy *policy, const struct world *world, uint64_t seed, bool compare,
                    struct tally *tally)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct generator generator = {.arena = arena, .random = random_seeded(seed), .world = world};
    const char *sql = query(&generator);
    random_free(generator.random);
    struct query checked;
    struct guard_printed printed;
    struct engine_answer sealed;
    struct engine_answer plain;
    struct refusal refusal;
    const char *error;
    if (guard_check(arena, policy, sql, duck_tree(arena, sql), &checked, &refusal) != RESULT_OK)
        return;
    tally->accepted++;
    assert_ok(guard_print_duckdb(arena, &checked, &printed));
    if (!duck_query(arena, printed.sql, &sealed, &error))
        fail_msg("seed %llu: %s\n%s\n%s", (unsigned long long)seed, error, sql, printed.sql);
    if (!compare || !duck_query(arena, sql, &plain, &error))
        return;
    tally->compared++;
    if (!same(arena, &plain, &sealed))
        fail_msg("seed %llu answers otherwise: %s\n%s", (unsigned long long)seed, sql, printed.sql);
}

TEST(random_queries_answer_like_the_plain_sql)
{
    static const struct world world = {
        .table = "resident",
        .numbers = {"age", "pay", "rent", "hood", NULL},
        .texts = {"district", NULL},
        .moments = {"born", NULL},
        .conditions = {"married", "district = '江岸'", NULL},
        .dimensions = {"district", "age", "married", "hood", NULL},
        .constants = {"0", "1", "2", "7", "-3", "2.5", "100", "0.01", NULL},
    };
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct tally tally = {0};
    for (uint64_t seed = 1; seed <= seeds(600); seed++)
        try_one(policy, &world, seed, true, &tally);
    print_message("accepted %zu, compared %zu\n", tally.accepted, tally.compared);
    assert_true(tally.accepted > 200);
    assert_true(tally.compared > 150);
}

static void make_edges(void)
{
    duck_need();
    duck_do(
        "CREATE OR REPLACE TABLE edge AS SELECT i AS id, hash(i) AS \"__subject_id\", "
        "([-9223372036854775808, 9223372036854775807, 0, -1, NULL, 1, 4611686018427387904])[1 + i % "
        "7]::BIGINT AS "
        "whole, ([-2147483648, 2147483647, 0, -1, NULL])[1 + i % 5]::INTEGER AS small, "
        "([9999999999999999.99, -9999999999999999.99, 0, 0.01, NULL])[1 + i // 3 % 5]::DECIMAL(18,2) AS "
        "fixed, "
        "([9999999999999999999999999999.9999999999, -9999999999999999999999999999.9999999999, 0, 1, NULL])"
        "[1 + i // 5 % 5]::DECIMAL(38,10) AS wide, "
        "(['NaN', 'Infinity', '-Infinity', '0', '-0', '1e308', '-1e308', '5e-324', NULL])[1 + i % 9]::DOUBLE "
        "AS "
        "real, (['', 'abc', '12', '2020-02-30', NULL, '汉字'])[1 + i % 6] AS word, "
        "(['infinity', '-infinity', '5881580-07-10', '2020-02-29', '1-01-01', NULL])[1 + i % 6]::DATE AS "
        "day, "
        "(['infinity', '-infinity', '290000-01-01', '2020-02-29 12:00:00', NULL])[1 + i % 5]::TIMESTAMP AS "
        "moment, "
        "([true, false, NULL])[1 + i % 3] AS flag FROM range(400) t(i)");
    duck_buckets("edge", "id");
}

/* Whether a query fails must not depend on what the rows hold: then the failure would answer a question. */
TEST(no_row_makes_an_accepted_query_fail)
{
    static const struct world world = {
        .table = "edge",
        .numbers = {"whole", "small", "fixed", "wide", "real", NULL},
        .texts = {"word", NULL},
        .moments = {"day", "moment", NULL},
        .conditions = {"flag", "word = 'abc'", NULL},
        .dimensions = {"word", "day", "flag", "small", "fixed", NULL},
        .constants = {"0", "1", "-1", "9223372036854775807", "2147483647", "99999999999999.99", "1e308",
                      "0.5", NULL},
    };
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_policy(
        arena,
        "{'rule':'r','version':1,'tables':[{'name':'edge','kind':'resource','subject':'id','columns':["
        "{'name':'id','type':'BIGINT','use':'key'},{'name':'whole','type':'BIGINT','use':'dimension'},"
        "{'name':'small','type':'INTEGER','use':'dimension'},{'name':'fixed','type':'DECIMAL(18,2)','use':'"
        "dimension'},"
        "{'name':'wide','type':'DECIMAL(38,10)','use':'dimension'},{'name':'real','type':'DOUBLE','use':'"
        "dimension'},"
        "{'name':'word','type':'VARCHAR','use':'dimension'},{'name':'day','type':'DATE','use':'dimension'},"
        "{'name':'moment','type':'TIMESTAMP','use':'dimension'},{'name':'flag','type':'BOOLEAN','use':'"
        "dimension'}]}]}");
    make_edges();
    struct tally tally = {0};
    for (uint64_t seed = 1; seed <= seeds(1500); seed++)
        try_one(policy, &world, seed, false, &tally);
    print_message("accepted %zu\n", tally.accepted);
    assert_true(tally.accepted > 500);
}

/* The same, for each operation by itself. */
TEST(no_function_fails_on_any_value)
{
    static const char *const queries[] = {
        "SELECT sum(ln(whole)), sum(log10(real)), sum(log2(fixed)), sum(sqrt(whole)), sum(sqrt(real)) FROM "
        "edge",
        "SELECT sum(whole / small), sum(whole // small), sum(whole % small), sum(fixed / wide) FROM edge",
        "SELECT sum(whole + 1), sum(whole * whole), sum(-whole), sum(abs(whole)), sum(small * small) FROM "
        "edge",
        "SELECT sum(wide * 10), sum(wide + wide), sum(wide), avg(wide), sum(fixed * fixed), sum(-wide) FROM "
        "edge",
        "SELECT sum(round(wide, 2)), sum(ceil(fixed)), sum(floor(wide)), sum(round(whole, -3)) FROM edge",
        "SELECT sum(exp(whole)), sum(power(real, whole)), sum(whole ** 9), sum(real * real - real) FROM edge",
        "SELECT count(day + whole), count(day - 2000000000), sum(day - DATE '2000-01-01') FROM edge",
        "SELECT count(date_trunc('month', day)), count(date_trunc('week', moment)), sum(year(day)) FROM edge",
        "SELECT sum(date_diff('day', day, moment)), sum(extract(quarter FROM moment)), sum(month(moment)) "
        "FROM edge",
        "SELECT count(CAST(word AS INTEGER)), count(word::DATE), sum(CAST(real AS INTEGER)), "
        "count(day::TIMESTAMP), "
        "sum(whole::DECIMAL(5,2)), count(word::BOOLEAN), count(moment::DATE) FROM edge",
        "SELECT count(*) FROM edge WHERE wide > whole OR fixed = small OR wide IN (1, 2.5) OR real BETWEEN 0 "
        "AND wide",
        "SELECT count(*) FROM edge WHERE day > 'no date at all' OR moment = '2020-01-01'",
        "SELECT sum(coalesce(whole, wide)), sum(CASE WHEN flag THEN wide ELSE whole END), "
        "sum(greatest(whole, wide)) "
        "FROM edge",
        "SELECT sum(whole) * sum(whole) * sum(whole), sum(whole) / count(*), round(avg(wide), 3) FROM edge",
        "SELECT sum(whole) > 1.5, coalesce(sum(whole), 0.25), sum(wide) * 1.0000000001 FROM edge",
        "SELECT count(substr(word, -10000, 10000)), count(left(word, -5)), count(right(word, 9999)) FROM "
        "edge",
        "SELECT whole // small AS q, sum(real) FROM edge GROUP BY q ORDER BY 2 DESC NULLS LAST",
    };
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_policy(
        arena,
        "{'rule':'r','version':1,'tables':[{'name':'edge','kind':'resource','subject':'id','columns':["
        "{'name':'id','type':'BIGINT','use':'key'},{'name':'whole','type':'BIGINT','use':'dimension'},"
        "{'name':'small','type':'INTEGER','use':'dimension'},{'name':'fixed','type':'DECIMAL(18,2)','use':'"
        "dimension'},"
        "{'name':'wide','type':'DECIMAL(38,10)','use':'dimension'},{'name':'real','type':'DOUBLE','use':'"
        "dimension'},"
        "{'name':'word','type':'VARCHAR','use':'dimension'},{'name':'day','type':'DATE','use':'dimension'},"
        "{'name':'moment','type':'TIMESTAMP','use':'dimension'},{'name':'flag','type':'BOOLEAN','use':'"
        "dimension'}]}]}");
    make_edges();
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        (void)duck_seal(arena, policy, queries[i]);
}
