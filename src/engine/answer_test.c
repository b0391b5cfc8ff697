#include "base/arena.h"
#include "engine/answer.h"
#include "engine/failure.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* Two columns, n and name, in two blocks. */
static void put_sample(struct wire_out *out)
{
    wire_put_u32(out, 2);
    wire_put_u32(out, ENGINE_INTEGER);
    wire_put_text(out, "n");
    wire_put_u32(out, ENGINE_TEXT);
    wire_put_text(out, "name");
    wire_put_u32(out, 2);
    wire_put(out, "\0\1", 2);
    wire_put_u64(out, 7);
    wire_put_u64(out, 0);
    wire_put(out, "\0\0", 2);
    wire_put_u32(out, 6);
    wire_put_u32(out, 0);
    wire_put(out, "武汉", 6);
    wire_put_u32(out, 1);
    wire_put(out, "\0", 1);
    wire_put_u64(out, (uint64_t)-9);
    wire_put(out, "\1", 1);
    wire_put_u32(out, 0);
    wire_put_u32(out, 0);
}

TEST(an_answer_is_read_as_it_was_sent)
{
    CLEANUP_WIRE struct wire_out out = {0};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    put_sample(&out);
    struct wire_in in = {.bytes = out.bytes, .size = out.size};
    struct engine_answer answer;
    assert_ok(answer_decode(arena, &in, 10, &answer));
    assert_true(wire_at_end(&in));
    assert_int_equal(answer.rows, 3);
    assert_int_equal(answer.column_count, 2);
    assert_string_equal(answer.columns[0].name, "n");
    assert_int_equal(answer.columns[0].integers[0], 7);
    assert_int_equal(answer.columns[0].nulls[1], 1);
    assert_int_equal(answer.columns[0].integers[2], -9);
    assert_string_equal(answer.columns[1].texts[0].bytes, "武汉");
    assert_int_equal(answer.columns[1].texts[1].size, 0);
    assert_int_equal(answer.columns[1].nulls[2], 1);
}

TEST(an_answer_cut_short_anywhere_is_corrupt)
{
    CLEANUP_WIRE struct wire_out out = {0};
    put_sample(&out);
    for (size_t size = 0; size < out.size; size++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        uint8_t *exact = malloc(size + 1);
        memcpy(exact, out.bytes, size);
        struct wire_in in = {.bytes = exact, .size = size};
        struct engine_answer answer;
        assert_int_equal(answer_decode(arena, &in, 10, &answer), RESULT_CORRUPT);
        free(exact);
    }
}

TEST(a_flipped_byte_never_breaks_the_reader)
{
    CLEANUP_WIRE struct wire_out out = {0};
    put_sample(&out);
    for (size_t at = 0; at < out.size; at++)
        for (int flip = 1; flip < 256; flip += 5) {
            CLEANUP_ARENA struct arena *arena = arena_new((size_t)64 * 1024);
            out.bytes[at] ^= (uint8_t)flip;
            struct wire_in in = {.bytes = out.bytes, .size = out.size};
            struct engine_answer answer;
            enum result result = answer_decode(arena, &in, 10, &answer);
            assert_true(result == RESULT_OK || result == RESULT_CORRUPT || result == RESULT_TOO_LARGE);
            out.bytes[at] ^= (uint8_t)flip;
        }
}

TEST(more_rows_than_asked_for_are_refused)
{
    CLEANUP_WIRE struct wire_out out = {0};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    put_sample(&out);
    struct wire_in in = {.bytes = out.bytes, .size = out.size};
    struct engine_answer answer;
    assert_int_equal(answer_decode(arena, &in, 2, &answer), RESULT_TOO_LARGE);
}

TEST(what_a_worker_says_cannot_smuggle_text_into_a_refusal)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    assert_int_equal(failure_refuse(FAILURE_BIND, arena, "a\x01", "\x1b[2J evil", &refusal), RESULT_INVALID);
    assert_null(refusal.field);
    assert_string_equal(refusal.en, "The engine does not accept the query");
    char *longer = arena_alloc(arena, 10001);
    memset(longer, 'x', 10000);
    (void)failure_refuse(FAILURE_BIND, arena, NULL, longer, &refusal);
    assert_true(strlen(refusal.en) < 400);
}

TEST(every_failure_has_words_in_both_languages)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int failure = FAILURE_NONE + 1; failure < FAILURE_COUNT; failure++) {
        struct refusal refusal = {0};
        assert_int_not_equal(failure_refuse((enum failure)failure, arena, NULL, "x", &refusal), RESULT_OK);
        assert_non_null(refusal.zh);
        assert_non_null(refusal.en);
        assert_non_null(refusal.remedy_zh);
        assert_non_null(refusal.remedy_en);
        assert_null(strstr(refusal.en, "%s"));
    }
}
