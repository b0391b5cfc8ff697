#include "base/arena.h"
#include "support/test.h"

#include <stdbool.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

TEST(an_arena_gives_zeroed_memory_aligned_for_any_type)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (size_t size = 1; size < 3000; size += 7) {
        unsigned char *bytes = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
        assert_true(is_zero(bytes, size));
        memset(bytes, 0xAB, size);
    }
}

TEST(a_reset_arena_gives_zeroed_memory_again)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    memset(arena_alloc(arena, 1000), 0xAB, 1000);
    memset(arena_alloc(arena, 100000), 0xAB, 100000);
    arena_reset(arena);
    assert_true(is_zero(arena_alloc(arena, 16000), 16000));
    assert_true(is_zero(arena_alloc(arena, 200000), 200000));
}

TEST(earlier_memory_stays_when_an_arena_grows)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char *first = arena_strdup(arena, "渡口");
    for (int i = 0; i < 100; i++)
        memset(arena_alloc(arena, 10000), 0xFF, 10000);
    assert_string_equal(first, "渡口");
}

TEST(an_arena_tells_the_room_under_its_limit)
{
    CLEANUP_ARENA struct arena *arena = arena_new(1000);
    assert_int_equal(arena_room(arena), 1000);
    (void)arena_alloc(arena, 400);
    assert_int_equal(arena_room(arena), 600);
    (void)arena_alloc(arena, 600);
    assert_int_equal(arena_room(arena), 0);
    arena_reset(arena);
    assert_int_equal(arena_room(arena), 1000);
}

TEST(copies_and_printed_text_are_the_arenas_own)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char source[] = "abcdef";
    char *copy = arena_strndup(arena, source, 3);
    char *bytes = arena_copy(arena, source, sizeof source);
    source[0] = 'X';
    assert_string_equal(copy, "abc");
    assert_string_equal(bytes, "abcdef");
    assert_string_equal(arena_printf(arena, "%s-%d", copy, 7), "abc-7");
    assert_non_null(arena_copy(arena, NULL, 0));
    int *numbers = arena_new_array(arena, int, 50);
    assert_int_equal(numbers[49], 0);
}

static char endings[8];

static void note_ending(void *argument)
{
    size_t length = strlen(endings);
    endings[length] = *(const char *)argument;
    endings[length + 1] = '\0';
}

TEST(what_was_deferred_ends_with_the_arena_the_last_first)
{
    char names[] = "abc";
    endings[0] = '\0';
    struct arena *arena = arena_new(0);
    arena_defer(arena, note_ending, &names[0]);
    arena_defer(arena, note_ending, &names[1]);
    arena_reset(arena);
    assert_string_equal(endings, "ba");
    arena_defer(arena, note_ending, &names[2]);
    arena_free(arena);
    assert_string_equal(endings, "bac");
    arena_free(NULL);
}
