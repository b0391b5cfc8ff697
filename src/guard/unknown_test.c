/* What a newer parser could bring: unknown members, kinds and types, put into every place of the trees of
 * accepted queries. The guard refuses all of them, and accepts the trees again without. */
#include "guard/duck.h"
#include "guard/lines.h"
#include "support/attack.h"
#include "support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Together they hold every kind of part that the guard reads. */
static const char *const queries[] = {
    "SELECT district, married, count(*) AS n, avg(CASE WHEN pay BETWEEN 3 AND 5 THEN pay * 2.5 ELSE -1 END) "
    "FROM resident r LEFT JOIN own o ON r.hood = o.hood WHERE age IN (1, 2) AND born > DATE '2000-01-01' "
    "GROUP BY 1, 2 ORDER BY 3 DESC NULLS LAST, 4 ASC NULLS FIRST, 1 LIMIT 5",
    "SELECT count(DISTINCT id), sum(CAST(rent AS DECIMAL(9,2))) FILTER (WHERE married OR NOT age = 3) / 7 "
    "FROM resident WHERE district LIKE 'a%' OR district IS NOT NULL OR age NOT IN (4) OR coalesce(age, 3) <> "
    "4",
    "SELECT f.industry, sum(r.pay), count(*) FILTER (WHERE date_part('year', born) = 2) FROM firm f JOIN "
    "resident r ON f.firm = r.firm WHERE age IS NULL OR age IS DISTINCT FROM 3 AND true GROUP BY f.industry",
};
enum { QUERIES = sizeof queries / sizeof queries[0] };

/* Calls `visit` for every object of the tree. */
struct tour {
    struct arena *arena;
    const struct policy *policy;
    json_t *root;
    void (*visit)(struct tour *tour, json_t *object, const char *role);
    const char *sort;
    const char *name;
    size_t tried;
};

static void walk(struct tour *tour, json_t *node, const char *role)
{
    if (json_is_object(node)) {
        tour->visit(tour, node, role);
        const char *key;
        json_t *value;
        void *next;
        json_object_foreach_safe(node, next, key, value) walk(tour, value, key);
    }
    size_t index;
    json_t *item;
    if (json_is_array(node))
        json_array_foreach (node, index, item)
            walk(tour, item, role);
}

/* The guard reads no integer beyond int64: where a node has no location, the tree has 2^64-1. */
static json_t *tree_of(struct arena *arena, const char *sql)
{
    char *copy = arena_strdup(arena, duck_tree(arena, sql));
    for (char *at = strstr(copy, "18446744073709551615"); at != NULL; at = strstr(at, "18446744073709551615"))
        memcpy(at, "-1                  ", 20);
    json_t *root = json_loads(copy, 0, NULL);
    assert_non_null(root);
    return root;
}

static enum result check(const struct tour *tour, const char **ret_text)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct query query;
    struct refusal refusal = {0};
    char *text = json_dumps(tour->root, JSON_COMPACT);
    enum result result = guard_check(arena, tour->policy, NULL, text, &query, &refusal);
    if (result != RESULT_OK)
        assert_non_null(refusal.en);
    *ret_text = arena_strdup(tour->arena, text);
    free(text);
    return result;
}

static void assert_refused(struct tour *tour, const char *what)
{
    const char *text;
    if (check(tour, &text) == RESULT_OK)
        fail_msg("%s was accepted: %s", what, text);
    tour->tried++;
}

static void take(struct tour *tour, void (*visit)(struct tour *tour, json_t *object, const char *role))
{
    tour->visit = visit;
    for (size_t i = 0; i < QUERIES; i++) {
        const char *text;
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        tour->arena = arena;
        tour->root = tree_of(arena, queries[i]);
        assert_ok(check(tour, &text));
        walk(tour, tour->root, "root");
        if (check(tour, &text) != RESULT_OK)
            fail_msg("the tree was not mended: %s", text);
        json_decref(tour->root);
    }
}

/* ---- members ---- */

static void add_members(struct tour *tour, json_t *object, const char *role)
{
    static const char *const values[] = {
        "1", "true", "\"x\"", "[1]", "[[]]", "{\"a\":{}}", "2.5", "-1", "{\"class\":\"SUBQUERY\"}"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        (void)json_object_set_new(object, "novelty", json_loads(values[i], JSON_DECODE_ANY, NULL));
        assert_refused(tour, arena_printf(tour->arena, "%s with .novelty %s", role, values[i]));
        (void)json_object_del(object, "novelty");
    }
}

TEST(an_unknown_member_is_refused_wherever_it_stands)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct tour tour = {.policy = duck_city(arena)};
    take(&tour, add_members);
    print_message("%zu unknown members refused\n", tour.tried);
    assert_true(tour.tried > 1000);
    attack_stopped(
        &(struct attack){"sql", "tree_unknown_member",
                         "adds a member that the guard does not know to every node of accepted trees",
                         "guard: every member known or neutral", "a refusal each time"});
}

/* ---- kinds ---- */

static const char *member_of(const char *sort)
{
    static const char *const members[][2] = {{"class", "class"},
                                             {"expression", "type"},
                                             {"table", "type"},
                                             {"join", "join_type"},
                                             {"reference", "ref_type"},
                                             {"statement", "type"},
                                             {"modifier", "type"},
                                             {"handling", "aggregate_handling"},
                                             {"nulls", "null_order"},
                                             {"order", "type"},
                                             {"type", "id"}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i][0], sort) == 0)
            return members[i][1];
    fail_msg("no sort %s", sort);
    return NULL;
}

/* Whether the object is a part of the sort: by what it holds and where it stands. */
static bool is_of(const json_t *object, const char *sort, const char *role)
{
    bool expression = json_object_get(object, "class") != NULL;
    if (json_object_get(object, member_of(sort)) == NULL)
        return false;
    if (strcmp(sort, "expression") == 0)
        return expression;
    if (strcmp(sort, "table") == 0)
        return !expression &&
               (strcmp(role, "from_table") == 0 || strcmp(role, "left") == 0 || strcmp(role, "right") == 0);
    if (strcmp(sort, "statement") == 0)
        return strcmp(role, "node") == 0;
    if (strcmp(sort, "modifier") == 0)
        return strcmp(role, "modifiers") == 0;
    if (strcmp(sort, "order") == 0)
        return strcmp(role, "orders") == 0;
    return true;
}

static void put_kind(struct tour *tour, json_t *object, const char *role)
{
    const char *member = member_of(tour->sort);
    if (!is_of(object, tour->sort, role))
        return;
    json_t *before = json_incref(json_object_get(object, member));
    (void)json_object_set_new(object, member, json_string(tour->name));
    assert_refused(tour, arena_printf(tour->arena, "%s %s at %s", tour->sort, tour->name, role));
    (void)json_object_set_new(object, member, before);
}

TEST(a_part_that_is_not_allowed_is_refused_wherever_it_could_stand)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct tour tour = {.policy = duck_city(arena)};
    struct lines lines = lines_read(arena, "src/guard/duckdb_parts.tsv", 4);
    size_t parts = 0;
    for (size_t i = 0; i < lines.count; i++) {
        if (strcmp(lines.rows[i][2], "refused") != 0)
            continue;
        size_t before = tour.tried;
        tour.sort = lines.rows[i][0];
        tour.name = lines.rows[i][1];
        take(&tour, put_kind);
        assert_true(tour.tried > before);
        parts++;
    }
    print_message("%zu parts refused in %zu places\n", parts, tour.tried);
    assert_true(parts > 100);
    attack_stopped(&(struct attack){
        "sql", "tree_unknown_part",
        "puts each kind of node, join, modifier and type that is not read into every place of accepted trees",
        "guard: lists of what is read", "a refusal each time"});
}

/* ---- types, as written ---- */

TEST(a_cast_to_any_type_that_is_not_allowed_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct lines lines = lines_read(arena, "src/guard/duckdb_parts.tsv", 4);
    struct engine_answer types;
    const char *error = NULL;
    assert_true(duck_query(arena, "SELECT DISTINCT type_name, logical_type FROM duckdb_types() ORDER BY 1",
                           &types, &error));
    size_t refused = 0;
    for (size_t row = 0; row < types.rows; row++) {
        const char *name = duck_text(arena, &types, row, 0);
        const char *logical = duck_text(arena, &types, row, 1);
        const char *verdict = NULL;
        for (size_t i = 0; i < lines.count; i++)
            if (strcmp(lines.rows[i][0], "type") == 0 && strcmp(lines.rows[i][1], logical) == 0)
                verdict = lines.rows[i][2];
        if (verdict == NULL)
            fail_msg("not looked at yet: the type %s", logical);
        struct query query;
        struct refusal refusal = {0};
        const char *sql = arena_printf(arena, "SELECT count(CAST(district AS %s)) FROM resident", name);
        enum result result = guard_check(arena, policy, sql, duck_tree(arena, sql), &query, &refusal);
        bool plain = strcmp(name, "JSON") != 0; /* text, but with a reading of its own */
        if ((result == RESULT_OK) != (plain && verdict != NULL && strcmp(verdict, "allowed") == 0))
            fail_msg("%s: %s", sql, result == RESULT_OK ? "accepted" : refusal.en);
        refused += result != RESULT_OK;
    }
    assert_true(refused > 30);
}
