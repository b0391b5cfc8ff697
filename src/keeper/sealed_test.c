#include "keeper/sealed.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static const int64_t counts[] = {12, 0, -3};
static const double means[] = {1.5, 0, 2.25};
static const uint8_t second_is_null[] = {0, 1, 0};
static const struct engine_text names[] = {{"江岸", 6}, {NULL, 0}, {"", 0}};

static struct sealed an_answer(void)
{
    static const struct release_output outputs[] = {{"区", {TYPE_TEXT, 0, 0}, 0},
                                                    {"n", {TYPE_INTEGER, 19, 0}, 5}};
    static const char *const resources[] = {"resident"};
    static struct engine_column columns[3];
    columns[0] =
        (struct engine_column){.name = "区", .type = ENGINE_TEXT, .nulls = second_is_null, .texts = names};
    columns[1] = (struct engine_column){
        .name = "n", .type = ENGINE_INTEGER, .nulls = second_is_null, .integers = counts};
    columns[2] = (struct engine_column){
        .name = "__t_0_0", .type = ENGINE_DOUBLE, .nulls = second_is_null, .doubles = means};
    return (struct sealed){.policy = "{}",
                           .sql = "SELECT 区",
                           .printed = "SELECT \"区\"",
                           .plan = {.outputs = outputs,
                                    .output_count = 2,
                                    .resources = resources,
                                    .resource_count = 1,
                                    .aggregate_count = 1,
                                    .weighted = 5,
                                    .own = 9,
                                    .column_count = 3},
                           .answer = {3, 3, columns}};
}

TEST(what_was_sealed_comes_back)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct sealed written = an_answer();
    struct sealed read = {0};
    struct wire_out out = {0};
    sealed_write(&written, &out);
    assert_ok(sealed_read(arena, out.bytes, out.size, &read));
    assert_string_equal(read.policy, "{}");
    assert_string_equal(read.sql, "SELECT 区");
    assert_int_equal(read.plan.output_count, 2);
    assert_string_equal(read.plan.outputs[1].name, "n");
    assert_int_equal(read.plan.outputs[1].aggregates, 5);
    assert_int_equal(read.plan.outputs[1].type.width, 19);
    assert_string_equal(read.plan.resources[0], "resident");
    assert_int_equal(read.plan.column_count, 3);
    assert_int_equal(read.plan.weighted, 5);
    assert_int_equal(read.plan.own, 9);
    assert_int_equal(read.answer.rows, 3);
    assert_string_equal(read.answer.columns[0].texts[0].bytes, "江岸");
    assert_int_equal(read.answer.columns[0].nulls[1], 1);
    assert_int_equal(read.answer.columns[0].texts[2].size, 0);
    assert_int_equal(read.answer.columns[1].integers[2], -3);
    assert_true(read.answer.columns[2].doubles[2] == 2.25);
    wire_out_free(&out);
}

TEST(a_sealed_result_cut_short_anywhere_or_extended_is_refused)
{
    const struct sealed written = an_answer();
    struct wire_out out = {0};
    struct sealed read = {0};
    sealed_write(&written, &out);
    for (size_t size = 0; size < out.size; size++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        uint8_t *copy = malloc(size + 1); /* its exact size, so that a sanitizer sees one byte too far */
        memcpy(copy, out.bytes, size);
        assert_int_equal(sealed_read(arena, copy, size, &read), RESULT_CORRUPT);
        free(copy);
    }
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    wire_put(&out, "x", 1);
    assert_int_equal(sealed_read(arena, out.bytes, out.size, &read), RESULT_CORRUPT);
    assert_null(read.sql);
    wire_out_free(&out);
}
