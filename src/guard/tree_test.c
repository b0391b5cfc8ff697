/* Trees come from a worker that may have been taken over by what it parsed: whatever they hold, the guard
 * refuses or prints, and never falls over. Most telling under the address sanitizer. */
#include "base/json.h"
#include "base/random.h"
#include "guard/duck.h"
#include "guard/predicate.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static json_t *oddity(struct random *random)
{
    switch (random_below(random, 9)) {
    case 0:
        return json_null();
    case 1:
        return json_integer((json_int_t)random_below(random, 100) - 50);
    case 2:
        return json_integer(INT64_MIN);
    case 3:
        return json_string("");
    case 4:
        return json_string("count_star");
    case 5:
        return json_array();
    case 6:
        return json_object();
    case 7:
        return json_true();
    default:
        return json_real(-1e308);
    }
}

/* Walks down at random; true once something was changed. */
static bool spoil(json_t *node, struct random *random, json_t *root)
{
    size_t count = json_is_object(node) ? json_object_size(node) : json_array_size(node);
    if (count == 0)
        return false;
    size_t pick = (size_t)random_below(random, count);
    const char *key = NULL;
    json_t *child = NULL;
    if (json_is_object(node)) {
        void *at = json_object_iter(node);
        for (size_t i = 0; i < pick; i++)
            at = json_object_iter_next(node, at);
        key = json_object_iter_key(at);
        child = json_object_iter_value(at);
    } else {
        child = json_array_get(node, pick);
    }
    if (random_below(random, 5) != 0 && spoil(child, random, root))
        return true;
    if (key != NULL && random_below(random, 5) == 0)
        return json_object_del(node, key) == 0;
    json_t *other = random_below(random, 4) == 0 ? json_deep_copy(root) : oddity(random);
    if (key != NULL)
        (void)json_object_set_new(node, key, other);
    else
        (void)json_array_set_new(node, pick, other);
    return true;
}

/* jansson reads no integer beyond int64: where a node has no location, the tree has 2^64-1. */
static const char *repaired(struct arena *arena, const char *tree)
{
    char *copy = arena_strdup(arena, tree);
    for (char *at = strstr(copy, "18446744073709551615"); at != NULL; at = strstr(at, "18446744073709551615"))
        memcpy(at, "-1                  ", 20);
    return copy;
}

TEST(a_spoilt_tree_is_refused_or_printed)
{
    static const char *const queries[] = {
        "SELECT district, count(*) AS n, avg(CASE WHEN pay BETWEEN 3 AND 5 THEN pay * 2.5 ELSE -1 END) FROM "
        "resident r "
        "LEFT JOIN own o ON r.hood = o.hood WHERE age IN (1, 2) AND born > '2000-01-01' GROUP BY 1 ORDER BY "
        "2 LIMIT 5",
        "SELECT count(DISTINCT id), sum(CAST(rent AS DOUBLE)) FILTER (WHERE married) / 7 FROM resident",
        "SELECT count(DISTINCT left(district, 1)) FROM resident",
        "SELECT count(*) > 3 AND sum(pay) > round(2.5, 1) FROM resident WHERE married",
    };
    CLEANUP_ARENA struct arena *setting = arena_new(0);
    const struct policy *policy = duck_city(setting);
    json_t *roots[4];
    for (size_t i = 0; i < 4; i++)
        assert_non_null(roots[i] = json_loads(repaired(setting, duck_tree(setting, queries[i])), 0, NULL));
    size_t printed = 0;
    size_t refused = 0;
    uint64_t seeds = getenv("DUKOU_TEST_LONG") != NULL ? 30000 : 4000;
    for (uint64_t seed = 0; seed < seeds; seed++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        const char *sql = queries[seed % 4];
        struct random *random = random_seeded(seed);
        json_t *tree = json_deep_copy(roots[seed % 4]);
        for (uint64_t times = 1 + random_below(random, 3); times > 0; times--)
            (void)spoil(tree, random, roots[seed % 4]);
        random_free(random);
        char *text = json_dumps(tree, JSON_COMPACT);
        json_decref(tree);
        struct query query;
        struct guard_printed sealed;
        struct guard_predicate predicate;
        struct refusal refusal = {0};
        const struct predicate kind = {.kind = PREDICATE_VERIFICATION};
        if (guard_check(arena, policy, sql, text, &query, &refusal) == RESULT_OK) {
            assert_ok(guard_print_duckdb(arena, &query, &sealed));
            printed++;
        } else {
            assert_non_null(refusal.en);
            refused++;
        }
        (void)guard_check_predicate(arena, policy, &kind, sql, text, &predicate, &refusal);
        free(text);
    }
    for (size_t i = 0; i < 4; i++)
        json_decref(roots[i]);
    print_message("printed %zu, refused %zu\n", printed, refused);
    assert_true(refused > seeds / 2);
    assert_true(printed > 0);
}
