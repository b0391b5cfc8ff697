/* Everything that is not understood is refused, and the refusal says which part. */
#include "base/text.h"
#include "guard/duck.h"
#include "support/test.h"

#include <string.h>

static enum result check(struct arena *arena, const char *sql, struct refusal *refusal)
{
    struct query query;
    const struct policy *policy = duck_city(arena);
    return guard_check(arena, policy, sql, duck_tree(arena, sql), &query, refusal);
}

static void expect(const char *sql, enum guard_reason reason)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    enum result result = check(arena, sql, &refusal);
    if (result == RESULT_OK)
        fail_msg("accepted: %s", sql);
    const char *text = guard_reason_text(reason);
    if (refusal.en == NULL || strncmp(refusal.en, text, strlen(text)) != 0)
        fail_msg("%s\nwas refused with: %s\nrather than: %s", sql, refusal.en, text);
    assert_int_equal(refusal.result, result);
    assert_non_null(refusal.zh);
    assert_non_null(refusal.remedy_zh);
    assert_non_null(refusal.remedy_en);
}

#define REFUSED(sentence, sql, reason)                                                                       \
    TEST(sentence)                                                                                           \
    {                                                                                                        \
        expect(sql, reason);                                                                                 \
    }

/* clang-format off */
REFUSED(select_star_is_refused, "SELECT * FROM resident", REASON_STAR)
REFUSED(select_table_star_is_refused, "SELECT resident.* FROM resident", REASON_STAR)
REFUSED(from_first_is_refused, "FROM resident", REASON_STAR)
REFUSED(columns_expression_is_refused, "SELECT COLUMNS('a.*') FROM resident", REASON_STAR)
REFUSED(describe_is_refused, "DESCRIBE resident", REASON_DESCRIBE)
REFUSED(show_is_refused, "SHOW TABLES", REASON_DESCRIBE)
REFUSED(summarize_is_refused, "SUMMARIZE resident", REASON_DESCRIBE)
REFUSED(values_is_refused, "VALUES (1)", REASON_VALUES)
REFUSED(several_statements_are_refused, "SELECT count(*) FROM resident; SELECT count(*) FROM resident", REASON_STATEMENTS)
REFUSED(no_statement_is_refused, "", REASON_TREE_UNREADABLE)
REFUSED(a_syntax_error_is_refused, "SELEC count(*) FROM resident", REASON_SYNTAX)
REFUSED(an_update_is_refused, "UPDATE resident SET age = 3", REASON_NOT_SELECT)
REFUSED(a_copy_is_refused, "COPY resident TO 'x.csv'", REASON_NOT_SELECT)
REFUSED(an_attach_is_refused, "ATTACH 'x.db'", REASON_NOT_SELECT)
REFUSED(a_setting_is_refused, "SET threads = 3", REASON_NOT_SELECT)
REFUSED(a_pragma_is_refused, "PRAGMA version", REASON_NOT_SELECT)
REFUSED(a_load_is_refused, "LOAD httpfs", REASON_NOT_SELECT)
REFUSED(a_table_of_a_file_path_is_refused, "SELECT count(*) FROM 'resident.parquet'", REASON_TABLE_UNKNOWN)
REFUSED(a_table_that_is_not_the_rooms_is_refused, "SELECT count(*) FROM duckdb_settings", REASON_TABLE_UNKNOWN)
REFUSED(an_information_schema_table_is_refused, "SELECT count(*) FROM information_schema.tables", REASON_TABLE_QUALIFIED)
REFUSED(the_query_function_is_refused, "SELECT count(*) FROM query('SELECT 1')", REASON_TABLE_FUNCTION)
REFUSED(enable_logging_is_refused, "SELECT * FROM enable_logging()", REASON_TABLE_FUNCTION)
REFUSED(read_parquet_is_refused, "SELECT count(*) FROM read_parquet('x')", REASON_TABLE_FUNCTION)
REFUSED(range_is_refused, "SELECT count(*) FROM range(10)", REASON_TABLE_FUNCTION)
REFUSED(a_schema_is_refused, "SELECT count(*) FROM main.resident", REASON_TABLE_QUALIFIED)
REFUSED(a_catalog_is_refused, "SELECT count(*) FROM memory.main.resident", REASON_TABLE_QUALIFIED)
REFUSED(no_from_is_refused, "SELECT 1", REASON_NO_FROM)
REFUSED(a_with_is_refused, "WITH c AS (SELECT 1) SELECT count(*) FROM resident", REASON_CTE)
REFUSED(a_recursive_with_is_refused, "WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c) SELECT count(*) FROM c", REASON_CTE)
REFUSED(a_subquery_in_from_is_refused, "SELECT count(*) FROM (SELECT age FROM resident) q", REASON_SUBQUERY)
REFUSED(a_scalar_subquery_is_refused, "SELECT (SELECT max(pay) FROM resident), count(*) FROM own", REASON_SUBQUERY)
REFUSED(an_exists_is_refused, "SELECT count(*) FROM resident WHERE EXISTS (SELECT 1)", REASON_SUBQUERY)
REFUSED(an_in_subquery_is_refused, "SELECT count(*) FROM resident WHERE age IN (SELECT 1)", REASON_SUBQUERY)
REFUSED(a_lateral_is_refused, "SELECT count(*) FROM resident, LATERAL (SELECT 1) q", REASON_JOIN_KIND)
REFUSED(a_union_is_refused, "SELECT count(*) FROM resident UNION SELECT 1", REASON_NOT_SELECT)
REFUSED(an_intersect_is_refused, "SELECT count(*) FROM resident INTERSECT SELECT 1", REASON_NOT_SELECT)
REFUSED(a_pivot_is_refused, "PIVOT resident ON district USING count(*)", REASON_NOT_SELECT)
REFUSED(a_table_sample_is_refused, "SELECT count(*) FROM resident TABLESAMPLE 10%", REASON_SAMPLE)
REFUSED(using_sample_is_refused, "SELECT count(*) FROM resident USING SAMPLE 10", REASON_SAMPLE)
REFUSED(a_version_of_a_table_is_refused, "SELECT count(*) FROM resident AT (VERSION => 1)", REASON_TABLE_VERSION)
REFUSED(column_names_of_an_alias_are_refused, "SELECT count(*) FROM own x(a, b)", REASON_TABLE_ALIASES)
REFUSED(a_reserved_table_alias_is_refused, "SELECT count(*) FROM own __x", REASON_ALIAS)
REFUSED(a_cross_join_is_refused, "SELECT count(*) FROM resident, own", REASON_JOIN_KIND)
REFUSED(a_natural_join_is_refused, "SELECT count(*) FROM resident NATURAL JOIN own", REASON_JOIN_KIND)
REFUSED(a_positional_join_is_refused, "SELECT count(*) FROM resident POSITIONAL JOIN own", REASON_JOIN_KIND)
REFUSED(an_asof_join_is_refused, "SELECT count(*) FROM resident r ASOF JOIN own o ON r.hood = o.hood", REASON_JOIN_KIND)
REFUSED(a_semi_join_is_refused, "SELECT count(*) FROM resident r SEMI JOIN own o ON r.hood = o.hood", REASON_JOIN_KIND)
REFUSED(an_anti_join_is_refused, "SELECT count(*) FROM resident r ANTI JOIN own o ON r.hood = o.hood", REASON_JOIN_KIND)
REFUSED(a_full_join_is_refused, "SELECT count(*) FROM resident r FULL JOIN own o ON r.hood = o.hood", REASON_JOIN_KIND)
REFUSED(a_right_join_is_refused, "SELECT count(*) FROM resident r RIGHT JOIN own o ON r.hood = o.hood", REASON_JOIN_KIND)
REFUSED(a_using_join_is_refused, "SELECT count(*) FROM resident JOIN own USING (hood)", REASON_JOIN_USING)
REFUSED(a_self_join_is_refused, "SELECT count(*) FROM resident a JOIN resident b ON a.hood = b.hood", REASON_TABLE_TWICE)
REFUSED(a_self_join_of_an_import_is_refused, "SELECT count(*) FROM own a JOIN own b ON a.hood = b.hood", REASON_TABLE_TWICE)
REFUSED(a_nested_join_is_refused, "SELECT count(*) FROM firm f JOIN (resident r JOIN own o ON r.hood = o.hood) ON f.firm = r.firm", REASON_JOIN_NESTED)
REFUSED(a_join_on_inequality_is_refused, "SELECT count(*) FROM resident r JOIN own o ON r.hood < o.hood", REASON_JOIN_CONDITION)
REFUSED(a_join_on_or_is_refused, "SELECT count(*) FROM resident r JOIN own o ON r.hood = o.hood OR r.age = 3", REASON_JOIN_CONDITION)
REFUSED(a_join_on_a_constant_is_refused, "SELECT count(*) FROM resident r JOIN own o ON r.hood = 3", REASON_JOIN_CONDITION)
REFUSED(a_join_within_one_table_is_refused, "SELECT count(*) FROM resident r JOIN own o ON r.hood = r.age", REASON_JOIN_CONDITION)
REFUSED(a_join_that_is_not_declared_is_refused, "SELECT count(*) FROM resident r JOIN own o ON r.age = o.hood", REASON_JOIN_UNDECLARED)
REFUSED(a_second_equality_that_is_not_declared_is_refused, "SELECT count(*) FROM resident r JOIN own o ON r.hood = o.hood AND r.age = o.hood", REASON_JOIN_UNDECLARED)
REFUSED(grouping_sets_are_refused, "SELECT count(*) FROM resident GROUP BY GROUPING SETS ((age), (district))", REASON_GROUPING_SETS)
REFUSED(a_rollup_is_refused, "SELECT district, count(*) FROM resident GROUP BY ROLLUP (district)", REASON_GROUPING_SETS)
REFUSED(a_cube_is_refused, "SELECT district, count(*) FROM resident GROUP BY CUBE (district, age)", REASON_GROUPING_SETS)
REFUSED(group_by_all_is_refused, "SELECT district, count(*) FROM resident GROUP BY ALL", REASON_GROUP_ALL)
REFUSED(a_group_position_beyond_the_outputs_is_refused, "SELECT count(*) FROM resident GROUP BY 7", REASON_GROUP_POSITION)
REFUSED(a_qualify_is_refused, "SELECT count(*) FROM resident QUALIFY row_number() OVER () = 1", REASON_QUALIFY)
REFUSED(a_having_is_refused, "SELECT district, count(*) FROM resident GROUP BY 1 HAVING count(*) > 3", REASON_HAVING)
REFUSED(a_distinct_is_refused, "SELECT DISTINCT district FROM resident", REASON_DISTINCT)
REFUSED(a_distinct_on_is_refused, "SELECT DISTINCT ON (age) district FROM resident", REASON_DISTINCT)
REFUSED(a_window_function_is_refused, "SELECT sum(pay) OVER () FROM resident", REASON_WINDOW)
REFUSED(a_lambda_is_refused, "SELECT count(*) FROM resident WHERE list_filter([1], x -> x > age) = [1]", REASON_FUNCTION_UNKNOWN)
REFUSED(a_bare_lambda_is_refused, "SELECT count(x -> x) FROM resident", REASON_LAMBDA)
REFUSED(a_parameter_is_refused, "SELECT count(*) FROM resident WHERE age = ?", REASON_PARAMETER)
REFUSED(a_numbered_parameter_is_refused, "SELECT count(*) FROM resident WHERE age = $1", REASON_PARAMETER)
REFUSED(a_positional_reference_is_refused, "SELECT count(#1) FROM resident", REASON_POSITIONAL)
REFUSED(a_collation_is_refused, "SELECT count(*) FROM resident WHERE district COLLATE nocase = 'x'", REASON_COLLATE)
REFUSED(getenv_is_refused, "SELECT count(*) FROM resident WHERE getenv('HOME') = ''", REASON_FUNCTION_UNKNOWN)
REFUSED(read_text_is_refused, "SELECT count(read_text('x')) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(current_setting_is_refused, "SELECT count(current_setting('threads')) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(hash_is_refused, "SELECT sum(hash(age)) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(random_is_refused, "SELECT sum(random()) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(error_is_refused, "SELECT count(error('x')) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(regular_expressions_are_refused, "SELECT count(*) FROM resident WHERE regexp_matches(district, '.*')", REASON_FUNCTION_UNKNOWN)
REFUSED(similar_to_is_refused, "SELECT count(*) FROM resident WHERE district SIMILAR TO 'x'", REASON_FUNCTION_UNKNOWN)
REFUSED(glob_is_refused, "SELECT count(*) FROM resident WHERE district GLOB '*'", REASON_FUNCTION_UNKNOWN)
REFUSED(repeat_is_refused, "SELECT count(repeat('x', 1000000000)) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(sleep_is_refused, "SELECT count(sleep_ms(1000)) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(now_is_refused, "SELECT count(now()) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(nextval_is_refused, "SELECT count(nextval('s')) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(a_macro_is_refused, "SELECT count(my_macro(age)) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(try_is_refused, "SELECT sum(TRY(age + 1)) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(a_list_is_refused, "SELECT count([age]) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(a_struct_is_refused, "SELECT count({'a': age}) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(an_extraction_is_refused, "SELECT count(district[1]) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(an_interval_is_refused, "SELECT count(*) FROM resident WHERE born > DATE '2020-01-01' - INTERVAL 3 MONTH", REASON_FUNCTION_UNKNOWN)
REFUSED(a_qualified_function_is_refused, "SELECT sum(main.abs(age)) FROM resident", REASON_FUNCTION_QUALIFIED)
REFUSED(a_qualified_aggregate_is_refused, "SELECT main.sum(age) FROM resident", REASON_FUNCTION_UNKNOWN)
REFUSED(min_is_refused, "SELECT min(pay) FROM resident", REASON_AGGREGATE_UNMEASURED)
REFUSED(median_is_refused, "SELECT median(pay) FROM resident", REASON_AGGREGATE_UNMEASURED)
REFUSED(stddev_is_refused, "SELECT stddev(pay) FROM resident", REASON_AGGREGATE_UNMEASURED)
REFUSED(string_agg_is_refused, "SELECT string_agg(district, ',') FROM resident", REASON_AGGREGATE_UNMEASURED)
REFUSED(list_is_refused, "SELECT list(pay) FROM resident", REASON_AGGREGATE_UNMEASURED)
REFUSED(any_value_is_refused, "SELECT any_value(pay) FROM resident", REASON_AGGREGATE_UNMEASURED)
REFUSED(an_aggregate_in_where_is_refused, "SELECT count(*) FROM resident WHERE sum(age) > 3", REASON_AGGREGATE_PLACE)
REFUSED(an_aggregate_in_group_by_is_refused, "SELECT count(*) FROM resident GROUP BY sum(age)", REASON_AGGREGATE_PLACE)
REFUSED(an_aggregate_of_an_aggregate_is_refused, "SELECT sum(count(*)) FROM resident", REASON_AGGREGATE_PLACE)
REFUSED(sum_distinct_is_refused, "SELECT sum(DISTINCT age) FROM resident", REASON_AGGREGATE_DISTINCT)
REFUSED(an_ordered_aggregate_is_refused, "SELECT sum(age ORDER BY pay) FROM resident", REASON_AGGREGATE_ORDER)
REFUSED(a_sum_of_text_is_refused, "SELECT sum(district) FROM resident", REASON_AGGREGATE_TYPE)
REFUSED(a_sum_of_conditions_is_refused, "SELECT sum(married) FROM resident", REASON_AGGREGATE_TYPE)
REFUSED(a_sum_of_two_is_refused, "SELECT sum(age, age) FROM resident", REASON_NO_AGGREGATE_ARGUMENT)
REFUSED(count_distinct_of_a_measure_is_refused, "SELECT count(DISTINCT pay) FROM resident", REASON_DISTINCT_COLUMN)
REFUSED(count_distinct_with_a_filter_is_refused, "SELECT count(DISTINCT age) FILTER (WHERE married) FROM resident", REASON_DISTINCT_COLUMN)
REFUSED(count_distinct_beside_another_aggregate_is_refused, "SELECT count(DISTINCT age), count(*) FROM resident", REASON_DISTINCT_ALONE)
REFUSED(count_distinct_subjects_across_resources_is_refused, "SELECT count(DISTINCT r.id) FROM resident r JOIN firm f ON r.firm = f.firm", REASON_SUBJECTS_ALONE)
REFUSED(a_column_that_does_not_exist_is_refused, "SELECT sum(wealth) FROM resident", REASON_COLUMN_UNKNOWN)
REFUSED(the_subject_token_is_refused, "SELECT \"__subject_id\", count(*) FROM resident GROUP BY 1", REASON_COLUMN_UNKNOWN)
REFUSED(the_row_number_is_refused, "SELECT sum(rowid) FROM resident", REASON_COLUMN_UNKNOWN)
REFUSED(the_table_as_a_value_is_refused, "SELECT count(resident) FROM resident", REASON_COLUMN_UNKNOWN)
REFUSED(an_ambiguous_column_is_refused, "SELECT hood, count(*) FROM resident r JOIN own o ON r.hood = o.hood GROUP BY 1", REASON_COLUMN_AMBIGUOUS)
REFUSED(a_column_with_a_schema_is_refused, "SELECT sum(main.resident.age) FROM resident", REASON_COLUMN_QUALIFIED)
REFUSED(the_name_behind_an_alias_is_refused, "SELECT sum(resident.age) FROM resident r", REASON_COLUMN_UNKNOWN)
REFUSED(a_raw_measure_is_refused, "SELECT pay FROM resident", REASON_COLUMN_RAW)
REFUSED(a_raw_dimension_is_refused, "SELECT district FROM resident", REASON_COLUMN_RAW)
REFUSED(a_raw_column_beside_an_aggregate_is_refused, "SELECT sum(pay) + pay FROM resident", REASON_COLUMN_RAW)
REFUSED(a_raw_column_beside_a_group_is_refused, "SELECT district, age FROM resident GROUP BY district", REASON_COLUMN_RAW)
REFUSED(constants_without_an_aggregate_are_refused, "SELECT 1 FROM resident", REASON_NOTHING_AGGREGATED)
REFUSED(a_forbidden_column_is_refused, "SELECT count(phone) FROM resident", REASON_USE_FORBIDDEN)
REFUSED(a_forbidden_column_in_where_is_refused, "SELECT count(*) FROM resident WHERE phone LIKE '139%'", REASON_USE_FORBIDDEN)
REFUSED(grouping_by_a_key_is_refused, "SELECT id, count(*) FROM resident GROUP BY id", REASON_USE_KEY)
REFUSED(grouping_by_a_key_unseen_is_refused, "SELECT count(*) FROM resident GROUP BY id", REASON_USE_KEY)
REFUSED(filtering_by_a_key_is_refused, "SELECT count(*) FROM resident WHERE id = 3", REASON_USE_KEY)
REFUSED(summing_a_key_is_refused, "SELECT sum(id) FROM resident", REASON_USE_KEY)
REFUSED(counting_distinct_keys_that_are_no_subject_is_refused, "SELECT count(DISTINCT firm) FROM resident", REASON_USE_KEY)
REFUSED(grouping_by_a_measure_is_refused, "SELECT pay, count(*) FROM resident GROUP BY pay", REASON_USE_MEASURE_GROUPED)
REFUSED(grouping_by_a_rounded_measure_is_refused, "SELECT round(pay), count(*) FROM resident GROUP BY 1", REASON_USE_MEASURE_GROUPED)
REFUSED(comparing_a_measure_that_is_not_filterable_is_refused, "SELECT count(*) FROM resident WHERE balance > 3", REASON_USE_MEASURE_COMPARED)
REFUSED(comparing_it_in_a_case_is_refused, "SELECT sum(CASE WHEN balance > 3 THEN 1 ELSE 0 END) FROM resident", REASON_USE_MEASURE_COMPARED)
REFUSED(comparing_it_in_a_filter_is_refused, "SELECT count(*) FILTER (WHERE balance > 3) FROM resident", REASON_USE_MEASURE_COMPARED)
REFUSED(comparing_it_through_nullif_is_refused, "SELECT count(nullif(balance, 3)) FROM resident", REASON_USE_MEASURE_COMPARED)
REFUSED(grouping_by_its_band_is_refused, "SELECT CASE WHEN balance > 3 THEN 1 ELSE 0 END, count(*) FROM resident GROUP BY 1", REASON_USE_MEASURE_COMPARED)
REFUSED(a_column_above_the_level_is_refused, "SELECT illness, count(*) FROM resident GROUP BY 1", REASON_LEVEL)
REFUSED(text_against_a_number_is_refused, "SELECT count(*) FROM resident WHERE age = 'x'", REASON_TYPE)
REFUSED(a_list_of_columns_is_refused, "SELECT count(*) FROM resident WHERE age IN (hood, 3)", REASON_TYPE)
REFUSED(a_pattern_from_a_column_is_refused, "SELECT count(*) FROM resident WHERE 'x' LIKE district", REASON_TYPE)
REFUSED(a_pattern_of_many_wild_cards_is_refused, "SELECT count(*) FROM resident WHERE district LIKE '%a%b%c%'", REASON_TYPE)
REFUSED(branches_of_two_kinds_are_refused, "SELECT sum(CASE WHEN married THEN 1 ELSE 'x' END) FROM resident", REASON_TYPE)
REFUSED(arithmetic_on_text_is_refused, "SELECT sum(district + 1) FROM resident", REASON_TYPE)
REFUSED(an_unknown_part_of_a_date_is_refused, "SELECT count(date_trunc('second', born)) FROM resident", REASON_TYPE)
REFUSED(a_part_from_a_column_is_refused, "SELECT count(date_trunc(district, born)) FROM resident", REASON_TYPE)
REFUSED(a_slice_by_a_column_is_refused, "SELECT count(substr(district, age)) FROM resident", REASON_TYPE)
REFUSED(a_where_that_is_no_condition_is_refused, "SELECT count(*) FROM resident WHERE age", REASON_CONDITION)
REFUSED(a_case_without_condition_is_refused, "SELECT sum(CASE WHEN age THEN 1 END) FROM resident", REASON_CONDITION)
REFUSED(a_cast_to_a_list_is_refused, "SELECT count(age::INTEGER[]) FROM resident", REASON_CAST_TYPE)
REFUSED(a_cast_to_a_blob_is_refused, "SELECT count(district::BLOB) FROM resident", REASON_CAST_TYPE)
REFUSED(a_huge_constant_is_refused, "SELECT sum(age + 18446744073709551615) FROM resident", REASON_CONSTANT)
REFUSED(an_infinite_constant_is_refused, "SELECT sum(age + 1e400) FROM resident", REASON_TREE_UNREADABLE)
REFUSED(a_reserved_alias_is_refused, "SELECT count(*) AS __n_0 FROM resident", REASON_ALIAS)
REFUSED(an_alias_with_a_quote_is_refused, "SELECT count(*) AS \"a\"\"b\" FROM resident", REASON_ALIAS)
/* NOLINTNEXTLINE(misc-misleading-bidirectional): that is the point of it */
REFUSED(an_alias_that_turns_its_reader_round_is_refused, "SELECT count(*) AS \"\u202En\" FROM resident", REASON_ALIAS)
REFUSED(an_alias_with_an_invisible_character_is_refused, "SELECT count(*) AS \"n\u200B\" FROM resident", REASON_ALIAS)
REFUSED(an_alias_of_spaces_is_refused, "SELECT count(*) AS \"\u3000\" FROM resident", REASON_ALIAS)
REFUSED(an_alias_twice_is_refused, "SELECT count(*) AS n, sum(age) AS N FROM resident", REASON_ALIAS_TWICE)
REFUSED(an_order_by_something_else_is_refused, "SELECT count(*) FROM resident ORDER BY sum(pay)", REASON_ORDER)
REFUSED(an_order_by_all_is_refused, "SELECT count(*) FROM resident ORDER BY ALL", REASON_STAR)
REFUSED(an_offset_is_refused, "SELECT count(*) FROM resident LIMIT 3 OFFSET 1", REASON_LIMIT)
REFUSED(a_limit_of_zero_is_refused, "SELECT count(*) FROM resident LIMIT 0", REASON_LIMIT)
REFUSED(a_computed_limit_is_refused, "SELECT count(*) FROM resident LIMIT 1 + 1", REASON_LIMIT)
REFUSED(a_percent_limit_is_refused, "SELECT count(*) FROM resident LIMIT 10%", REASON_LIMIT)
/* clang-format on */

static const char *repeated(struct arena *arena, const char *head, const char *part, int count,
                            const char *tail)
{
    size_t size = strlen(part);
    char *text = arena_alloc(arena, size * (size_t)count + 1);
    for (int i = 0; i < count; i++)
        memcpy(text + size * (size_t)i, part, size);
    return arena_printf(arena, "%s%s%s", head, text, tail);
}

TEST(nesting_beyond_the_limit_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    assert_int_equal(check(arena, repeated(arena, "SELECT sum(age", " + 1", 80, ") FROM resident"), &refusal),
                     RESULT_TOO_LARGE);
    assert_ok(check(arena, repeated(arena, "SELECT sum(age", " + 1", 40, ") FROM resident"), &refusal));
}

TEST(a_tree_nested_ten_thousand_deep_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct query query;
    struct refusal refusal = {0};
    const char *tree = repeated(arena, "", "[", 10000, "");
    assert_int_equal(guard_check(arena, duck_city(arena), NULL, tree, &query, &refusal), RESULT_TOO_LARGE);
}

TEST(too_many_constants_are_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    const char *sql = repeated(arena, "SELECT count(*) FROM resident WHERE age IN (0", ",1", 25000, ")");
    assert_int_equal(check(arena, sql, &refusal), RESULT_TOO_LARGE);
}

/* each division is written twice by its guard: forty of them inside one another would be 2^40 nodes */
TEST(divisions_that_would_grow_beyond_measure_are_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    const char *sql =
        repeated(arena, repeated(arena, "SELECT sum(", "1 / (", 40, "pay"), ")", 40, ") FROM resident");
    assert_int_equal(check(arena, sql, &refusal), RESULT_TOO_LARGE);
}

TEST(a_tree_that_is_no_tree_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static const char *const trees[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"error\":false}",
        "{\"error\":false,\"statements\":[]}",
        "{\"error\":false,\"statements\":[{}]}",
        "{\"error\":false,\"statements\":[{\"node\":null}]}",
        "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\"}}]}",
        "{\"error\":false,\"error\":false,\"statements\":[]}",
        "{\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"select_list\":[{}]}}]}"};
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        struct query query;
        struct refusal refusal = {0};
        assert_int_not_equal(guard_check(arena, duck_city(arena), NULL, trees[i], &query, &refusal),
                             RESULT_OK);
        assert_non_null(refusal.en);
    }
}

/* What a newer parser adds to any node is refused until somebody has understood it. */
TEST(an_unknown_member_of_a_node_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static const char *const places[] = {"\"class\":\"COLUMN_REF\"", "\"class\":\"FUNCTION\"",
                                         "\"type\":\"SELECT_NODE\"", "\"type\":\"BASE_TABLE\"",
                                         "\"class\":\"COMPARISON\"", "\"error\":false"};
    const char *tree = duck_tree(arena, "SELECT sum(age) FROM resident WHERE age > 3");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct query query;
        struct refusal refusal = {0};
        const char *at = strstr(tree, places[i]);
        assert_non_null(at);
        const char *changed = arena_printf(arena, "%.*s\"novelty\":1,%s", (int)(at - tree), tree, at);
        assert_int_equal(guard_check(arena, duck_city(arena), NULL, changed, &query, &refusal),
                         RESULT_INVALID);
        assert_non_null(strstr(refusal.en, "novelty"));
        const char *neutral = arena_printf(arena, "%.*s\"novelty\":null,%s", (int)(at - tree), tree, at);
        assert_ok(guard_check(arena, duck_city(arena), NULL, neutral, &query, &refusal));
    }
}

TEST(a_refusal_names_line_column_and_text)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    assert_int_equal(
        check(arena, "SELECT count(*)\nFROM resident\nWHERE district = '洪山' AND phone = 'x'", &refusal),
        RESULT_FORBIDDEN);
    assert_string_equal(refusal.field, "line 3, column 27");
    assert_non_null(strstr(refusal.en, "`phone = 'x'`"));
    assert_non_null(strstr(refusal.zh, "phone"));
    assert_int_equal(refusal.law, LAW(CALL_REVIEW));
}

TEST(a_failed_check_leaves_the_query_untouched)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct query query = {.limit = 42};
    assert_int_not_equal(guard_check(arena, duck_city(arena), NULL,
                                     duck_tree(arena, "SELECT pay FROM resident"), &query, NULL),
                         RESULT_OK);
    assert_int_equal(query.limit, 42);
}

/* A parser that counts otherwise than we do must not cost the refusal its words. */
TEST(a_place_within_a_character_is_moved_behind_it)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct query query;
    const char *sql = "SELECT\u3000pay FROM resident";
    assert_int_equal(guard_check(arena, duck_city(arena), sql, duck_tree(arena, sql), &query, &refusal),
                     RESULT_INVALID);
    assert_true(text_is_utf8(refusal.en, strlen(refusal.en), NULL));
    assert_true(text_is_utf8(refusal.zh, strlen(refusal.zh), NULL));
}
