#include "engine/engine.h"
#include "support/test.h"

static const char layout[] = "{\"size\":1000,\"footer\":[900,100],\"rows\":5,\"columns\":["
                             "{\"name\":\"a\",\"chunks\":[[4,96],[300,100]]},"
                             "{\"name\":\"b\",\"chunks\":[[100,200],[400,500]]},"
                             "{\"name\":\"broken\",\"chunks\":[[990,20]]}]}";

static enum result ranges_of(struct arena *arena, const char *text, const char *const *columns, size_t count,
                             const struct engine_range **ret_ranges, size_t *ret_count)
{
    int64_t size;
    return engine_layout_ranges(arena, text, columns, count, &size, ret_ranges, ret_count);
}

TEST(only_the_chunks_of_named_columns_are_wanted)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct engine_range *ranges;
    size_t count;
    int64_t size;
    const char *const one[] = {"a"};
    assert_ok(engine_layout_ranges(arena, layout, one, 1, &size, &ranges, &count));
    assert_int_equal(size, 1000);
    assert_int_equal(count, 3);
    assert_int_equal(ranges[0].offset, 0);
    assert_int_equal(ranges[0].size, 100);
    assert_int_equal(ranges[1].offset, 300);
    assert_int_equal(ranges[2].offset, 900);
    const char *const both[] = {"b", "a"};
    assert_ok(ranges_of(arena, layout, both, 2, &ranges, &count));
    assert_int_equal(count, 1);
    assert_int_equal(ranges[0].size, 1000);
    assert_ok(ranges_of(arena, layout, NULL, 0, &ranges, &count));
    assert_int_equal(count, 2);
}

TEST(a_layout_that_does_not_read_is_corrupt)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct engine_range *ranges;
    size_t count;
    const char *const absent[] = {"c"};
    const char *const broken[] = {"broken"};
    assert_int_equal(ranges_of(arena, layout, absent, 1, &ranges, &count), RESULT_NOT_FOUND);
    assert_int_equal(ranges_of(arena, layout, broken, 1, &ranges, &count), RESULT_CORRUPT);
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"size\":10,\"footer\":[5,6],\"columns\":[]}",
        "{\"size\":-1,\"footer\":[0,0],\"columns\":[]}",
        "{\"size\":10,\"footer\":[9223372036854775807,9223372036854775807],\"columns\":[]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ranges_of(arena, bad[i], NULL, 0, &ranges, &count), RESULT_CORRUPT);
}

TEST(the_values_of_columns_that_are_not_named_are_to_be_blanked)
{
    static const char text[] =
        "{\"size\":1000,\"footer\":[900,100],\"columns\":[{\"name\":\"a\",\"chunks\":[]},"
        "{\"name\":\"b\",\"chunks\":[]}],\"values\":[[[910,8]],[[920,3],[930,3]]]}";
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct engine_range *blanks;
    size_t count;
    const char *const columns[] = {"a", "b"};
    assert_ok(engine_layout_blanks(arena, text, columns, 1, &blanks, &count));
    assert_int_equal(count, 2);
    assert_int_equal(blanks[0].offset, 920);
    assert_int_equal(blanks[1].size, 3);
    assert_ok(engine_layout_blanks(arena, text, columns, 2, &blanks, &count));
    assert_int_equal(count, 0);
    assert_ok(engine_layout_blanks(arena, text, NULL, 0, &blanks, &count));
    assert_int_equal(count, 3);
    assert_ok(engine_layout_blanks(arena, layout, columns, 1, &blanks, &count)); /* an older one */
    assert_int_equal(count, 0);
    static const char *const bad[] = {
        "{\"size\":1000,\"footer\":[900,100],\"columns\":[{\"name\":\"a\"}],\"values\":[[[899,8]]]}",
        "{\"size\":1000,\"footer\":[900,100],\"columns\":[{\"name\":\"a\"}],\"values\":[[[990,11]]]}",
        "{\"size\":1000,\"footer\":[900,100],\"columns\":[{\"name\":\"a\"}],\"values\":[[[990,-1]]]}",
        "{\"size\":1000,\"footer\":[900,100],\"columns\":[{}],\"values\":[[[990,1]]]}",
        "{\"size\":1000,\"footer\":[900,100],\"columns\":[],\"values\":[[[990,1]]]}",
        "{\"columns\":[]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(engine_layout_blanks(arena, bad[i], NULL, 0, &blanks, &count), RESULT_CORRUPT);
}
