#include "base/limits.h"
#include "engine/duckdb/csv.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct csv csv;
static const struct csv_watch unwatched;

static enum failure scan_bytes(const char *bytes, size_t size)
{
    int fd = memfd_create("csv", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    enum failure failure = csv_scan(fd, &unwatched, NULL, 0, NULL, &csv);
    (void)close(fd);
    return failure;
}

static void assert_reads(const char *text, size_t columns, int64_t rows)
{
    assert_int_equal(scan_bytes(text, strlen(text)), FAILURE_NONE);
    assert_int_equal(csv.columns, columns);
    assert_int_equal(csv.rows, rows);
    csv_free(&csv);
}

static void assert_fails(const char *text, enum failure failure, int64_t line, size_t column)
{
    assert_int_equal(scan_bytes(text, strlen(text)), failure);
    assert_int_equal(csv.line, line);
    assert_int_equal(csv.column, column);
    csv_free(&csv);
}

TEST(plain_and_quoted_csv_is_read)
{
    assert_reads("a,b\n1,2\n", 2, 1);
    assert_reads("a,b\n1,2", 2, 1);
    assert_reads("a,b\r\n1,2\r\n3,\r\n", 2, 2);
    assert_reads("a\n", 1, 0);
    assert_reads("a", 1, 0);
    assert_reads("\"a,\"\"x\",b\n\"1\n2\",\"\"\n", 2, 1);
    assert_reads("街道,人口\n\"武汉, 江岸\",3\n", 2, 1);
    assert_int_equal(scan_bytes("\"a\"\"b\",c\n", 9), FAILURE_NONE);
    assert_string_equal(csv.names[0], "a\"b");
    csv_free(&csv);
}

TEST(ragged_rows_are_refused_with_line_and_column)
{
    assert_fails("a,b\n1,2\n3\n", FAILURE_RAGGED, 3, 1);
    assert_fails("a,b\n1,2,3\n", FAILURE_RAGGED, 2, 3);
    assert_fails("a,b\n\"x\ny\",1\n\"p\nq\n\"\n", FAILURE_RAGGED, 4, 1);
}

TEST(empty_lines_and_empty_files_are_refused)
{
    assert_fails("", FAILURE_EMPTY, 1, 0);
    assert_fails("\na\n", FAILURE_BLANK_LINE, 1, 0);
    assert_fails("a\n1\n\n2\n", FAILURE_BLANK_LINE, 3, 0);
    assert_fails("a,b\r\n\r\n", FAILURE_BLANK_LINE, 2, 0);
}

TEST(quotes_and_line_ends_follow_rfc_4180)
{
    assert_fails("a\nx\"y\n", FAILURE_QUOTE, 2, 1);
    assert_fails("a,b\n1,\"x\"y\n", FAILURE_QUOTE, 2, 2);
    assert_fails("a\n\"x\n\n\n", FAILURE_QUOTE_OPEN, 2, 1);
    assert_fails("a\n1\r2\n", FAILURE_BARE_RETURN, 2, 1);
    assert_fails("a\r\n1\r2\r\n", FAILURE_BARE_RETURN, 2, 1);
    assert_fails("a\r\n1\n", FAILURE_NEWLINES, 2, 0);
}

TEST(names_of_columns_are_checked)
{
    assert_fails("a,b,A\n", FAILURE_COLUMN_TWICE, 1, 3);
    assert_fails("a,,b\n", FAILURE_COLUMN_NAMELESS, 1, 2);
    assert_fails("a,b\tc\n", FAILURE_COLUMN_NAME, 1, 2);
    char longer[LIMIT_COLUMN_NAME_BYTES + 2];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_fails(longer, FAILURE_COLUMN_NAME, 1, 1);
}

TEST(a_header_of_a_million_columns_is_refused_early)
{
    size_t size = 1000000;
    char *text = malloc(size * 8);
    char *at = text;
    for (size_t i = 0; i < size; i++)
        at += sprintf(at, "c%zu,", i);
    assert_int_equal(scan_bytes(text, (size_t)(at - text)), FAILURE_COLUMNS_MANY);
    assert_int_equal(csv.line, 1);
    csv_free(&csv);
    free(text);
}

TEST(other_encodings_are_named)
{
    assert_fails("\xEF\xBB\xBF"
                 "a\n1\n",
                 FAILURE_MARK, 1, 0);
    assert_fails("\xFF\xFE"
                 "a",
                 FAILURE_UTF16, 1, 0);
    assert_fails("a,b\n1,\xCE\xE4\xBA\xBA\n", FAILURE_GBK, 2, 2); /* 武汉 is CEE4 BABA */
    assert_fails("\xBD\xD6\xB5\xC0,b\n", FAILURE_GBK, 1, 1);
    assert_fails("a\n\xC0\x80\n", FAILURE_GBK, 2, 1);
    assert_fails("a\nabc\x80\n", FAILURE_UTF8, 2, 1);
    assert_fails("a\n\xED\xA0\x80x\xFF\n", FAILURE_UTF8, 2, 1); /* a surrogate */
    assert_fails("a\n\xE6\xAD", FAILURE_UTF8, 2, 1);
    assert_int_equal(scan_bytes("a\nx\0y\n", 6), FAILURE_NUL);
    csv_free(&csv);
}

TEST(a_row_over_the_limit_is_refused)
{
    size_t size = LIMIT_CSV_RECORD_BYTES + 100;
    char *text = malloc(size);
    memset(text, 'x', size);
    memcpy(text, "a\n", 2);
    for (size_t i = 100; i < size; i += 1000)
        text[i] = (char)0x01;
    assert_int_equal(scan_bytes(text, size), FAILURE_RECORD_LONG);
    assert_int_equal(csv.line, 2);
    csv_free(&csv);
    memset(text + 2, 'x', size - 2);
    text[size - 1] = '\n';
    assert_int_equal(scan_bytes(text, size), FAILURE_RECORD_LONG);
    csv_free(&csv);
    free(text);
}

TEST(the_lines_of_wanted_rows_are_found)
{
    static const char text[] = "a\n1\n\"x\ny\nz\"\n3\n4\n";
    static const int64_t rows[] = {2, 3, 4};
    int64_t lines[3];
    int fd = memfd_create("csv", MFD_CLOEXEC);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(csv_scan(fd, &unwatched, rows, 3, lines, &csv), FAILURE_NONE);
    (void)close(fd);
    assert_int_equal(lines[0], 3);
    assert_int_equal(lines[1], 6);
    assert_int_equal(lines[2], 7);
    csv_free(&csv);
}

/* A sequence or a quoted field that lies across two of the scanner's blocks. */
TEST(blocks_do_not_show)
{
    enum { SIZE = 3 * 1024 * 1024 };
    char *text = malloc(SIZE + 64);
    for (size_t shift = 0; shift < 7; shift++) {
        size_t size = (size_t)sprintf(text, "a,b\n%.*s,1\n", (int)shift, "xxxxxxx");
        int64_t rows = 1;
        for (; size < SIZE; rows++)
            size += (size_t)sprintf(text + size, "\"武\"\"汉,\n\",%lld\n", (long long)rows);
        assert_int_equal(scan_bytes(text, size), FAILURE_NONE);
        assert_int_equal(csv.rows, rows);
        assert_true(csv.breaks_in_quotes);
        csv_free(&csv);
    }
    free(text);
}

/* Whatever the bytes, an answer and no crash. */
TEST(random_bytes_never_break_the_scanner)
{
    static const char alphabet[] = "a,\"\n\r\xE6\xAD\xA6\xC0\0";
    uint64_t seed = 42;
    char bytes[64];
    for (int round = 0; round < 20000; round++) {
        size_t size = (size_t)(round % (int)sizeof bytes);
        for (size_t i = 0; i < size; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
        }
        enum failure failure = scan_bytes(bytes, size);
        assert_true(failure < FAILURE_COUNT);
        assert_true(failure != FAILURE_NONE || csv.columns > 0);
        csv_free(&csv);
    }
}
