#include "peers/source/file.h"
#include "peers/source/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int memory(const void *bytes, size_t size)
{
    int fd;
    struct refusal refusal;
    assert_ok(source_file_memory(&fd, &refusal));
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    return fd;
}

static enum result checked(struct arena *arena, const void *bytes, size_t size, struct refusal *refusal)
{
    CLEANUP_FILE int fd = memory(bytes, size);
    return source_file_check_utf8(arena, fd, refusal);
}

TEST(gbk_text_becomes_utf8_across_any_chunk)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    /* One byte first, so that two-byte characters straddle every even chunk end. */
    enum { PAIRS = 100000 };
    char *gbk = malloc(1 + 2 * PAIRS);
    assert_non_null(gbk);
    gbk[0] = 'x';
    for (int i = 0; i < PAIRS; i++)
        memcpy(gbk + 1 + 2 * i, "\xCE\xE4", 2); /* 武 */
    CLEANUP_FILE int from = memory(gbk, 1 + 2 * PAIRS);
    CLEANUP_FILE int to = memory("", 0);
    assert_ok(source_file_from_gbk(arena, from, to, &refusal));
    struct stat info;
    assert_int_equal(fstat(to, &info), 0);
    assert_int_equal(info.st_size, 1 + 3 * PAIRS);
    char text[8] = {0};
    assert_int_equal(pread(to, text, 4, 0), 4);
    assert_string_equal(text, "x武");
    assert_int_equal(pread(to, text, 3, 3 * PAIRS - 2), 3);
    assert_memory_equal(text, "武", 3);
    free(gbk);
}

TEST(what_is_no_gbk_is_refused_by_byte)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static const struct {
        const char *bytes;
        size_t size;
        const char *field;
    } wrong[] = {{"ab\xFF\xFF", 4, "byte 2"}, {"abc\xCE", 4, "byte 3"}, {"\xEF\xBB\xBFid\n", 6, "byte 0"}};
    for (size_t i = 0; i < 3; i++) {
        struct refusal refusal = {0};
        CLEANUP_FILE int from = memory(wrong[i].bytes, wrong[i].size);
        CLEANUP_FILE int to = memory("", 0);
        assert_int_equal(source_file_from_gbk(arena, from, to, &refusal), RESULT_MALFORMED);
        assert_string_equal(refusal.field, wrong[i].field);
    }
}

TEST(utf8_is_taken_across_any_chunk_and_anything_else_is_refused_by_byte)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    enum { COUNT = 50000 };
    char *text = malloc(3 * COUNT + 2);
    assert_non_null(text);
    for (int i = 0; i < COUNT; i++)
        memcpy(text + 3 * i, "武", 3);
    for (size_t shift = 0; shift < 3; shift++)
        assert_ok(checked(arena, text + 3 * shift, 3 * COUNT - 3 * shift, &refusal));
    text[3 * 40000] = '\xFF';
    assert_int_equal(checked(arena, text, 3 * COUNT, &refusal), RESULT_MALFORMED);
    assert_string_equal(refusal.field, "byte 120000");
    assert_int_equal(checked(arena, "ab\xE6", 3, &refusal), RESULT_MALFORMED);
    assert_string_equal(refusal.field, "byte 2");
    assert_int_equal(checked(arena, "\xEF\xBB\xBFid\n", 6, &refusal), RESULT_MALFORMED);
    assert_string_equal(refusal.field, "byte 0");
    assert_ok(checked(arena, "", 0, &refusal));
    free(text);
}

TEST(gbk_given_for_utf8_is_named_with_the_way_out)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    static const char gbk[] = "id,city\n1,\xCE\xE4\xBA\xBA\n";
    assert_int_equal(checked(arena, gbk, sizeof gbk - 1, &refusal), RESULT_MALFORMED);
    assert_string_equal(refusal.field, "byte 10");
    assert_non_null(strstr(refusal.en, "GBK"));
    assert_non_null(strstr(refusal.remedy_en, "\"encoding\": \"gbk\""));
}

TEST(only_regular_files_are_read)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    int fd = -1;
    const char *folder = test_folder();
    const char *pipe = fixture_path(folder, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(source_file_open_rows(arena, pipe, &fd, &refusal), RESULT_INVALID);
    assert_int_equal(source_file_open_rows(arena, folder, &fd, &refusal), RESULT_INVALID);
    assert_int_equal(source_file_open_rows(arena, fixture_path(folder, "none"), &fd, &refusal),
                     RESULT_NOT_FOUND);
    char *bytes = NULL;
    size_t size = 0;
    fixture_write(fixture_path(folder, "long"), "123456");
    assert_int_equal(source_file_read(arena, fixture_path(folder, "long"), 5, &bytes, &size, &refusal),
                     RESULT_TOO_LARGE);
    assert_int_equal(fd, -1);
}
