#include "guard/duck.h"
#include "guard/predicate.h"
#include "support/test.h"

#include <string.h>

static const struct predicate verification = {.kind = PREDICATE_VERIFICATION};
static const struct predicate score = {.kind = PREDICATE_SCORE, .least = 0, .most = 100};

static const char policy_text[] =
    "{'rule':'r','version':1,'level_limit':3,'tables':[{'name':'insured','kind':'resource','subject':'id','"
    "columns':["
    "{'name':'id','type':'VARCHAR','use':'key'},{'name':'month','type':'INTEGER','use':'dimension'},"
    "{'name':'pay','type':'DOUBLE','use':'measure','filterable':true},{'name':'due','type':'DOUBLE','use':'"
    "measure'},"
    "{'name':'note','type':'VARCHAR','use':'forbidden'},{'name':'grade','type':'VARCHAR','use':'dimension','"
    "level':4}]},"
    "{'name':'own','kind':'import','columns':[{'name':'k','type':'INTEGER','use':'dimension'}]}]}";

static const struct policy *world(struct arena *arena)
{
    duck_need();
    duck_do("CREATE OR REPLACE TABLE insured AS FROM (VALUES ('a', 1, 100.0, 5.0, 'x', 'g', 1::UBIGINT), "
            "('a', 2, 300.0, 5.0, 'x', 'g', 1), ('a', 3, NULL, 5.0, 'x', 'g', 1), ('b', 1, 50.0, 5.0, 'x', "
            "'g', 2), "
            "('c', 1, NULL, NULL, 'x', 'g', 3), ('d', 1, 'nan'::DOUBLE, 1e300, 'x', 'g', 4), "
            "(NULL, 1, 900.0, 5.0, 'x', 'g', NULL)) t(id, month, pay, due, note, grade, \"__subject_id\")");
    return duck_policy(arena, policy_text);
}

static enum result check(struct arena *arena, const struct predicate *predicate, const char *sql,
                         struct guard_predicate *ret, struct refusal *refusal)
{
    const struct policy *policy = world(arena);
    return guard_check_predicate(arena, policy, predicate, sql, duck_tree(arena, sql), ret, refusal);
}

/* "a=1 b=0 c=NULL" */
static void assert_values(const struct predicate *predicate, const char *sql, const char *expected)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct guard_predicate printed;
    struct refusal refusal = {0};
    struct engine_answer answer;
    const char *error;
    if (check(arena, predicate, sql, &printed, &refusal) != RESULT_OK)
        fail_msg("%s: %s", sql, refusal.en);
    if (!duck_query(arena, arena_printf(arena, "%s\nORDER BY 1", printed.sql), &answer, &error))
        fail_msg("%s\n%s", printed.sql, error);
    assert_int_equal(answer.column_count, 2);
    assert_string_equal(answer.columns[0].name, "subject");
    assert_string_equal(answer.columns[1].name, "value");
    const char *text = "";
    for (size_t row = 0; row < answer.rows; row++)
        text = arena_printf(arena, "%s%s%s=%s", text, row > 0 ? " " : "", duck_text(arena, &answer, row, 0),
                            duck_text(arena, &answer, row, 1));
    assert_string_equal(text, expected);
}

TEST(a_verification_gives_yes_no_or_unknown_for_each_subject)
{
    assert_values(&verification, "SELECT pay > 200 FROM insured", "a=1 b=0 c=NULL d=1");
    assert_values(&verification, "SELECT pay > 200 FROM insured WHERE month = 1", "a=0 b=0 c=NULL d=1");
}

TEST(a_verification_may_count_a_subjects_rows)
{
    assert_values(&verification, "SELECT count(*) >= 2 FROM insured", "a=1 b=0 c=0 d=0");
    assert_values(&verification, "SELECT sum(pay) / count(pay) > 150 AND count(*) > 0 FROM insured",
                  "a=1 b=0 c=NULL d=1");
}

TEST(a_score_is_rounded_and_held_within_its_bounds)
{
    assert_values(&score, "SELECT pay / 7 FROM insured", "a=43 b=7 c=NULL d=NULL");
    assert_values(&score, "SELECT sum(pay) FROM insured", "a=100 b=50 c=NULL d=NULL");
    assert_values(&score, "SELECT -due FROM insured", "a=0 b=0 c=NULL d=0");
    assert_values(&score, "SELECT power(due, 9) FROM insured", "a=100 b=100 c=NULL d=NULL");
    assert_values(&score, "SELECT count(*) * 30 FROM insured", "a=90 b=30 c=30 d=30");
}

TEST(a_verification_reads_its_columns_and_the_subject_only)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct guard_predicate printed;
    const char *const *names;
    assert_ok(check(arena, &verification, "SELECT pay > 200 FROM insured", &printed, NULL));
    assert_int_equal(guard_columns(arena, &printed.query, 0, &names), 3);
    assert_string_equal(names[0], "id");
    assert_string_equal(names[1], "pay");
    assert_string_equal(printed.table, "insured");
    assert_string_equal(printed.subject, "id");
}

static void assert_refused(const struct predicate *predicate, const char *sql, enum guard_reason reason)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct guard_predicate printed;
    struct refusal refusal = {0};
    if (check(arena, predicate, sql, &printed, &refusal) == RESULT_OK)
        fail_msg("accepted: %s", sql);
    if (strncmp(refusal.en, guard_reason_text(reason), strlen(guard_reason_text(reason))) != 0)
        fail_msg("%s: %s", sql, refusal.en);
}

TEST(predicates_of_another_shape_are_refused)
{
    assert_refused(&verification, "SELECT pay > 1, pay > 2 FROM insured", REASON_PREDICATE_SHAPE);
    assert_refused(&verification, "SELECT month = 1 FROM insured GROUP BY month", REASON_PREDICATE_SHAPE);
    assert_refused(&verification, "SELECT month = 1 FROM insured LIMIT 1", REASON_PREDICATE_SHAPE);
    assert_refused(&verification, "SELECT month = 1 FROM insured ORDER BY 1", REASON_PREDICATE_SHAPE);
    assert_refused(&verification, "SELECT k = 1 FROM own", REASON_PREDICATE_TABLE);
    assert_refused(&verification, "SELECT pay FROM insured", REASON_PREDICATE_TYPE);
    assert_refused(&score, "SELECT pay > 1 FROM insured", REASON_PREDICATE_TYPE);
    assert_refused(&score, "SELECT 'x' FROM insured", REASON_PREDICATE_TYPE);
    assert_refused(&score, "SELECT pay / sum(pay) FROM insured", REASON_PREDICATE_MIX);
    assert_refused(&score, "SELECT * FROM insured", REASON_STAR);
    assert_refused(&score, "SELECT random() FROM insured", REASON_FUNCTION_UNKNOWN);
}

TEST(predicates_keep_to_the_policy)
{
    assert_refused(&verification, "SELECT note = 'x' FROM insured", REASON_USE_FORBIDDEN);
    assert_refused(&verification, "SELECT grade = 'x' FROM insured", REASON_LEVEL);
    assert_refused(&verification, "SELECT id = 'a' FROM insured", REASON_USE_KEY);
    assert_refused(&verification, "SELECT month = 1 FROM insured WHERE id = 'a'", REASON_USE_KEY);
    assert_refused(&verification, "SELECT due > 3 FROM insured", REASON_USE_MEASURE_COMPARED);
    assert_refused(&verification, "SELECT sum(CASE WHEN due > 3 THEN 1 END) > 2 FROM insured",
                   REASON_USE_MEASURE_COMPARED);
}
