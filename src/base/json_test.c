#include "base/json.h"
#include "base/limits.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static json_t *read_ok(const char *text)
{
    json_t *json = NULL;
    struct refusal refusal = {0};
    enum result result = json_read(arena, text, strlen(text), &json, &refusal);
    if (result != RESULT_OK)
        print_error("%s\n", refusal.en);
    assert_ok(result);
    assert_non_null(json);
    return json;
}

static struct refusal refused_bytes(const char *bytes, size_t size)
{
    json_t *untouched = json_null();
    json_t *json = untouched;
    struct refusal refusal = {0};
    enum result result = json_read(arena, bytes, size, &json, &refusal);
    assert_int_not_equal(result, RESULT_OK);
    assert_int_equal(result, refusal.result);
    assert_ptr_equal(json, untouched);
    assert_true(strlen(refusal.zh) > 0 && strlen(refusal.en) > 0);
    assert_true(strlen(refusal.remedy_zh) > 0 && strlen(refusal.remedy_en) > 0);
    assert_int_equal(json_read(arena, bytes, size, &json, NULL), result);
    return refusal;
}

static struct refusal refused(const char *text)
{
    return refused_bytes(text, strlen(text));
}

/* Refused as malformed, with these words in English. */
static void assert_refused(const char *text, const char *expected)
{
    struct refusal refusal = refused(text);
    assert_int_equal(refusal.result, RESULT_MALFORMED);
    if (strstr(refusal.en, expected) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", text, refusal.en, expected);
}

#define WITH_ARENA                                                                                           \
    CLEANUP_ARENA struct arena *own = arena_new(0);                                                          \
    arena = own

TEST(json_of_every_type_is_read)
{
    WITH_ARENA;
    CLEANUP_JSON json_t *json = read_ok("{\"a\":[1,-2.5,true,null,\"渡\\u53e3\"],\"b\":{}}");
    const json_t *list = json_object_get(json, "a");
    assert_int_equal(json_array_size(list), 5);
    assert_int_equal(json_integer_value(json_array_get(list, 0)), 1);
    assert_string_equal(json_string_value(json_array_get(list, 4)), "渡口");
    CLEANUP_JSON json_t *text = read_ok("\"alone\"");
    assert_string_equal(json_string_value(text), "alone");
    CLEANUP_JSON json_t *number = read_ok(" 9223372036854775807\n");
    assert_int_equal(json_integer_value(number), INT64_MAX);
}

TEST(a_syntax_error_is_refused_with_its_line_and_column)
{
    WITH_ARENA;
    assert_refused("{\"a\": 1,\n \"b\": ?}", "line 2, column 7: ");
    assert_refused("{\"名称\": x}", "line 1, column 8: ");
    assert_refused("[1,]", "line 1, column 4: ");
    assert_refused("{'a':1}", "line 1, column 2: ");
    assert_refused("[01]", "line 1, column 2: ");
    assert_refused("// comment\n{}", "line 1, column 1: ");
    struct refusal refusal = refused("{\"a\": 1,\n \"b\": ?}");
    assert_non_null(strstr(refusal.zh, "第 2 行第 7 列"));
}

TEST(json_that_stops_early_is_refused_at_its_end)
{
    WITH_ARENA;
    assert_refused("", "line 1, column 1: the JSON stops here");
    assert_refused("{\"a\": [1, 2", "line 1, column 12: the JSON stops here");
    assert_refused("{\"a\": \"ab", "stops here");
    assert_refused("\n\n{", "line 3, column 2: the JSON stops here");
}

TEST(a_second_value_is_refused)
{
    WITH_ARENA;
    assert_refused("{} {}", "line 1, column 4: there is more");
    assert_refused("1 2", "there is more");
}

TEST(a_duplicate_key_is_refused_by_name)
{
    WITH_ARENA;
    struct refusal refusal = refused("{\"甲\": 1,\n \"b\": {\"价格\": 1, \"价格\": 2}}");
    assert_int_equal(refusal.result, RESULT_MALFORMED);
    assert_string_equal(refusal.field, "价格");
    assert_non_null(strstr(refusal.en, "line 2"));
    assert_non_null(strstr(refusal.en, "\"价格\""));
    assert_non_null(strstr(refusal.zh, "键“价格”重复"));
    assert_string_equal(refused("{\"a\":1,\"a\":2}").field, "a");
    assert_string_equal(refused("{\"\":1,\"\":2}").field, "");
    assert_string_equal(refused("{\"a\\\"b\":1,\"a\\\"b\":2}").field, "a\\\"b");
    assert_string_equal(refused("{\"a\\\\\":1,\"a\\\\\":2}").field, "a\\\\");
    CLEANUP_JSON json_t *apart = read_ok("[{\"a\":1},{\"a\":2}]");
    assert_int_equal(json_array_size(apart), 2);
}

TEST(a_long_duplicate_key_is_cut_between_characters)
{
    WITH_ARENA;
    const char *key = "x";
    for (int i = 0; i < 100; i++)
        key = arena_printf(arena, "%s键", key);
    const char *text = arena_printf(arena, "{\"%s\":1,\"%s\":2}", key, key);
    struct refusal refusal = refused(text);
    assert_int_equal(strncmp(refusal.field, key, 58), 0);
    assert_string_equal(refusal.field + 58, "…");
}

static char *nested(int depth, char open, char close)
{
    char *text = arena_alloc(arena, (size_t)depth * 2 + 1);
    memset(text, open, (size_t)depth);
    memset(text + depth, close, (size_t)depth);
    return text;
}

TEST(json_nested_too_deeply_is_refused_where_it_passes_the_limit)
{
    WITH_ARENA;
    CLEANUP_JSON json_t *deep = read_ok(nested(LIMIT_JSON_DEPTH, '[', ']'));
    assert_true(json_is_array(deep));
    assert_refused(nested(LIMIT_JSON_DEPTH + 1, '[', ']'), "line 1, column 33: nested more than 32 deep");
    assert_refused(nested(10000, '[', ']'), "line 1, column 33: nested more than 32 deep");
    assert_refused(nested(1000000, '[', ']'), "nested more than 32 deep");
    assert_refused(nested(1000000, '{', '}'), "nested more than 32 deep");
}

TEST(brackets_within_text_are_no_nesting)
{
    WITH_ARENA;
    const char *brackets = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
    CLEANUP_JSON json_t *json = read_ok(arena_printf(arena, "[\"\\\"%s\", \"%s\\\\\"]", brackets, brackets));
    assert_int_equal(json_array_size(json), 2);
}

TEST(a_caller_may_allow_more_depth)
{
    WITH_ARENA;
    json_t *json = NULL;
    const char *text = nested(JSON_DEPTH_MAX, '[', ']');
    assert_ok(json_read_to_depth(arena, text, strlen(text), JSON_DEPTH_MAX, &json, NULL));
    json_decref(json);
    assert_int_equal(json_read_to_depth(arena, text, strlen(text), JSON_DEPTH_MAX - 1, &json, NULL),
                     RESULT_MALFORMED);
}

TEST(gbk_is_refused_by_name_at_its_byte)
{
    WITH_ARENA;
    struct refusal refusal = refused("{\"name\":\"\xCA\xFD\xBE\xDD\"}");
    assert_int_equal(refusal.result, RESULT_MALFORMED);
    assert_non_null(strstr(refusal.en, "Byte 9 "));
    assert_non_null(strstr(refusal.en, "GBK"));
    assert_non_null(strstr(refusal.zh, "第 9 字节"));
    assert_non_null(strstr(refusal.zh, "GBK"));
}

TEST(bytes_that_are_neither_utf_8_nor_gbk_are_refused_at_their_place)
{
    WITH_ARENA;
    struct refusal refusal = refused("[\"ab\xFF\xFF\"]");
    assert_non_null(strstr(refusal.en, "Byte 4 "));
    assert_null(strstr(refusal.en, "GBK"));
    assert_refused("[\"\xED\xA0\x80\"]", "Byte 2 ");
    assert_refused("[\"\xC0\xAF\"]", "Byte 2 ");
    (void)refused_bytes("[1,\0 2]", 7);
}

TEST(a_byte_order_mark_is_refused)
{
    WITH_ARENA;
    assert_refused("\xEF\xBB\xBF{}", "byte order mark");
    struct refusal refusal = refused_bytes("\xFF\xFE{\0}\0", 6);
    assert_non_null(strstr(refusal.en, "byte order mark"));
    assert_non_null(strstr(refusal.zh, "BOM"));
}

TEST(numbers_out_of_range_and_nan_are_refused)
{
    WITH_ARENA;
    assert_refused("[1e999]", "the number is out of range");
    assert_refused("[9223372036854775808]", "the number is out of range");
    assert_refused("[-9223372036854775809]", "the number is out of range");
    assert_refused("[NaN]", "not valid JSON");
    assert_refused("[Infinity]", "not valid JSON");
    assert_refused("[-Infinity]", "not valid JSON");
    assert_refused("[+1]", "not valid JSON");
    assert_refused("[.5]", "not valid JSON");
}

TEST(nul_and_lone_surrogates_and_raw_controls_in_text_are_refused)
{
    WITH_ARENA;
    assert_refused("[\"a\\u0000b\"]", "NUL");
    assert_refused("{\"a\\u0000b\":1}", "NUL");
    assert_refused("[\"\\ud800\"]", "not valid JSON");
    assert_refused("[\"\\udc00\\ud800\"]", "not valid JSON");
    assert_refused("[\"a\nb\"]", "not valid JSON");
    assert_refused("[\"\\x41\"]", "not valid JSON");
}

TEST(json_over_the_size_limit_is_refused_unread)
{
    WITH_ARENA;
    struct refusal refusal = refused_bytes("{}", LIMIT_JSON_BYTES + 1);
    assert_int_equal(refusal.result, RESULT_TOO_LARGE);
}

TEST(any_cut_and_any_changed_byte_is_read_or_refused)
{
    WITH_ARENA;
    static const char text[] = "{\"名\":[1,-2.5e3,true,null,\"\\u6e21\\n\"],\"b\":{\"c\":{}}}";
    size_t size = sizeof text - 1;
    int accepted = 0;
    for (size_t cut = 0; cut < size; cut++)
        (void)refused_bytes(text, cut);
    for (size_t at = 0; at < size; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char changed[sizeof text];
            memcpy(changed, text, sizeof text);
            changed[at] = (char)byte;
            json_t *json = NULL;
            struct refusal refusal = {0};
            enum result result = json_read(arena, changed, size, &json, &refusal);
            assert_true(result == RESULT_OK ? json != NULL : refusal.result == RESULT_MALFORMED);
            accepted += result == RESULT_OK;
            json_decref(json);
        }
    }
    assert_true(accepted >= (int)size);
}

TEST(json_prints_compactly_in_the_order_set_or_sorted)
{
    WITH_ARENA;
    CLEANUP_JSON json_t *json = read_ok("{ \"b\" : 1, \"a\" : [ true, null, \"渡\" ], \"aa\": 0.5 }");
    assert_string_equal(json_print(arena, json), "{\"b\":1,\"a\":[true,null,\"渡\"],\"aa\":0.5}");
    assert_string_equal(json_print_canonical(arena, json), "{\"a\":[true,null,\"渡\"],\"aa\":0.5,\"b\":1}");
}

TEST(json_that_the_arena_keeps_is_dropped_with_it)
{
    json_t *json = json_string("kept");
    struct arena *keeper = arena_new(0);
    assert_ptr_equal(json_keep(keeper, json_incref(json)), json);
    assert_int_equal(json->refcount, 2);
    arena_free(keeper);
    assert_int_equal(json->refcount, 1);
    json_decref(json);
}

TEST(reals_are_read_back_exactly)
{
    WITH_ARENA;
    static const double numbers[] = {0.1, 1.0 / 3, 1e-300, 123456789.123456789, -0.0, 1.7976931348623157e308};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CLEANUP_JSON json_t *real = json_real(numbers[i]);
        CLEANUP_JSON json_t *back = read_ok(json_print(arena, real));
        assert_memory_equal(&(double){json_real_value(back)}, &numbers[i], sizeof(double));
    }
}

TEST(members_of_another_type_are_as_good_as_absent)
{
    WITH_ARENA;
    CLEANUP_JSON json_t *json = read_ok("{\"t\":\"x\",\"i\":7,\"b\":true,\"r\":7.0,\"n\":null}");
    assert_string_equal(json_text(json, "t"), "x");
    assert_null(json_text(json, "i"));
    assert_null(json_text(json, "none"));
    assert_null(json_text(NULL, "t"));
    assert_int_equal(json_integer_or(json, "i", -1), 7);
    assert_int_equal(json_integer_or(json, "r", -1), -1);
    assert_int_equal(json_integer_or(json, "t", -1), -1);
    assert_int_equal(json_integer_or(json, "none", -1), -1);
    assert_true(json_boolean_or(json, "b", false));
    assert_true(json_boolean_or(json, "n", true));
    assert_false(json_boolean_or(json, "i", false));
}
