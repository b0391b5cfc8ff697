#include "engine/duckdb/csv.h"

#include "base/limits.h"
#include "base/text.h"
#include "engine/duckdb/foreign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1024 * 1024, SAMPLE = 4096 };

enum state { AT_START, PLAIN, QUOTED, AFTER_QUOTE, AFTER_RETURN };

struct scan {
    int fd;
    struct csv *csv;
    enum state state;
    bool in_header;
    int newline;  /* 0 until the first is seen, then '\n' or '\r' */
    size_t field; /* of the record, from 0 */
    int64_t line;
    int64_t record_line;
    int64_t record_at; /* offset in the file */
    int64_t at;
    /* UTF-8 sequence in progress */
    unsigned wanted;
    unsigned char low;
    unsigned char high;
    /* header */
    char *name;
    size_t name_size;
    /* lines of wanted rows */
    const int64_t *rows;
    size_t rows_left;
    int64_t *lines;
};

void csv_free(struct csv *csv)
{
    for (size_t i = 0; i < csv->columns; i++)
        free(csv->names[i]);
    free(csv->names);
    csv->names = NULL;
    csv->columns = 0;
}

static enum failure fail(struct scan *scan, enum failure failure, int64_t line, size_t column)
{
    scan->csv->line = line;
    scan->csv->column = column;
    return failure;
}

static enum failure fail_here(struct scan *scan, enum failure failure)
{
    return fail(scan, failure, scan->line, scan->field + 1);
}

/* Bytes that are no UTF-8: does the record read as GBK or GB 18030, as far as the sample goes, up to the
 * line's end? */
static enum failure name_encoding(struct scan *scan)
{
    char sample[SAMPLE];
    ssize_t got = pread(scan->fd, sample, sizeof sample, scan->record_at);
    size_t size = got > 0 ? (size_t)got : 0;
    const char *end = memchr(sample, '\n', size);
    bool is_cut = end == NULL;
    if (!is_cut)
        size = (size_t)(end - sample);
    /* the sample may end within a character */
    for (size_t less = 0; less < (is_cut ? 4 : 1) && less < size; less++)
        if (text_looks_gbk(sample, size - less))
            return fail_here(scan, FAILURE_GBK);
    return fail_here(scan, FAILURE_UTF8);
}

static bool utf8_step(struct scan *scan, unsigned char c)
{
    if (scan->wanted > 0) {
        if (c < scan->low || c > scan->high)
            return false;
        scan->low = 0x80;
        scan->high = 0xBF;
        scan->wanted--;
        return true;
    }
    scan->low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    scan->high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    scan->wanted = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    return c >= 0xC2 && c <= 0xF4;
}

static enum failure header_byte(struct scan *scan, unsigned char c)
{
    if (scan->name_size == LIMIT_COLUMN_NAME_BYTES || c < 0x20 || c == 0x7F)
        return fail_here(scan, FAILURE_COLUMN_NAME);
    scan->name[scan->name_size++] = (char)c;
    return FAILURE_NONE;
}

static enum failure header_field(struct scan *scan)
{
    struct csv *csv = scan->csv;
    if (scan->name_size == 0)
        return fail_here(scan, FAILURE_COLUMN_NAMELESS);
    if (csv->columns == LIMIT_TABLE_COLUMNS)
        return fail(scan, FAILURE_COLUMNS_MANY, 1, 0);
    scan->name[scan->name_size] = '\0';
    for (size_t i = 0; i < csv->columns; i++)
        if (strcasecmp(csv->names[i], scan->name) == 0) {
            csv->name = csv->names[i];
            return fail_here(scan, FAILURE_COLUMN_TWICE);
        }
    csv->names = reallocarray(csv->names, csv->columns + 1, sizeof *csv->names);
    char *name = strdup(scan->name);
    if (csv->names == NULL || name == NULL)
        abort();
    csv->names[csv->columns++] = name;
    scan->name_size = 0;
    return FAILURE_NONE;
}

static enum failure end_field(struct scan *scan)
{
    if (scan->in_header) {
        enum failure failure = header_field(scan);
        if (failure != FAILURE_NONE)
            return failure;
    } else if (scan->field >= scan->csv->columns) {
        return fail(scan, FAILURE_RAGGED, scan->record_line, scan->field + 1);
    }
    return FAILURE_NONE;
}

static enum failure end_record(struct scan *scan)
{
    struct csv *csv = scan->csv;
    enum failure failure = end_field(scan);
    if (failure != FAILURE_NONE)
        return failure;
    if (!scan->in_header && scan->field + 1 != csv->columns)
        return fail(scan, FAILURE_RAGGED, scan->record_line, scan->field + 1);
    if (!scan->in_header) {
        csv->rows++;
        if (scan->rows_left > 0 && *scan->rows == csv->rows) {
            *scan->lines++ = scan->record_line;
            scan->rows++;
            scan->rows_left--;
        }
    }
    scan->in_header = false;
    scan->field = 0;
    scan->state = AT_START;
    return FAILURE_NONE;
}

static enum failure end_line(struct scan *scan, int newline)
{
    if (scan->newline != 0 && scan->newline != newline)
        return fail(scan, FAILURE_NEWLINES, scan->line, 0);
    scan->newline = newline;
    enum failure failure = end_record(scan);
    scan->line++;
    scan->record_line = scan->line;
    scan->record_at = scan->at + 1;
    return failure;
}

static bool nothing_in_record(const struct scan *scan)
{
    return scan->state == AT_START && scan->field == 0;
}

/* A comma, quotation mark, line break or any other byte outside of quotes. */
static enum failure outside(struct scan *scan, unsigned char c)
{
    enum failure failure;
    switch (c) {
    case ',':
        failure = end_field(scan);
        scan->field++;
        scan->state = AT_START;
        return failure;
    case '\n':
    case '\r':
        if (nothing_in_record(scan))
            return fail(scan, FAILURE_BLANK_LINE, scan->line, 0);
        if (c == '\n')
            return end_line(scan, '\n');
        scan->state = AFTER_RETURN;
        return FAILURE_NONE;
    case '"':
        if (scan->state == AT_START) {
            scan->state = QUOTED;
            return FAILURE_NONE;
        }
        if (scan->state == AFTER_QUOTE) {
            scan->state = QUOTED;
            return scan->in_header ? header_byte(scan, c) : FAILURE_NONE;
        }
        return fail_here(scan, FAILURE_QUOTE);
    default:
        if (scan->state == AFTER_QUOTE)
            return fail_here(scan, FAILURE_QUOTE);
        scan->state = PLAIN;
        return scan->in_header ? header_byte(scan, c) : FAILURE_NONE;
    }
}

static enum failure step(struct scan *scan, unsigned char c)
{
    if (c == '\0')
        return fail_here(scan, FAILURE_NUL);
    if ((c >= 0x80 || scan->wanted > 0) && !utf8_step(scan, c))
        return name_encoding(scan);
    switch (scan->state) {
    case QUOTED:
        if (c == '"') {
            scan->state = AFTER_QUOTE;
            return FAILURE_NONE;
        }
        if (c == '\n') {
            scan->line++;
            scan->csv->breaks_in_quotes = true;
        }
        return scan->in_header ? header_byte(scan, c) : FAILURE_NONE;
    case AFTER_RETURN:
        return c == '\n' ? end_line(scan, '\r') : fail_here(scan, FAILURE_BARE_RETURN);
    case AT_START:
    case PLAIN:
    case AFTER_QUOTE:
        break;
    }
    return outside(scan, c);
}

/* Bytes that leave a plain field as it is: printing ASCII but the comma and the quotation mark; within quotes
 * the comma too. */
static size_t skip_idle(const struct scan *scan, const unsigned char *bytes, size_t i, size_t size)
{
    if (scan->state == PLAIN)
        while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x80 && bytes[i] != ',' && bytes[i] != '"')
            i++;
    else if (scan->state == QUOTED)
        while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x80 && bytes[i] != '"')
            i++;
    return i;
}

static enum failure scan_block(struct scan *scan, const unsigned char *bytes, size_t size)
{
    const int64_t start = scan->at;
    for (size_t i = 0; i < size; i++) {
        if (!scan->in_header && scan->wanted == 0)
            i = skip_idle(scan, bytes, i, size);
        scan->at = start + (int64_t)i;
        if (i == size)
            break;
        if (scan->at - scan->record_at > (int64_t)LIMIT_CSV_RECORD_BYTES)
            return fail(scan, FAILURE_RECORD_LONG, scan->record_line, 0);
        enum failure failure = step(scan, bytes[i]);
        if (failure != FAILURE_NONE)
            return failure;
    }
    scan->at = start + (int64_t)size;
    if (scan->at - scan->record_at > (int64_t)LIMIT_CSV_RECORD_BYTES)
        return fail(scan, FAILURE_RECORD_LONG, scan->record_line, 0);
    return FAILURE_NONE;
}

static enum failure check_mark(struct scan *scan, const unsigned char *bytes, size_t size)
{
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        return fail(scan, FAILURE_MARK, 1, 0);
    if (size >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return fail(scan, FAILURE_UTF16, 1, 0);
    enum failure failure = foreign_file(bytes, size, &scan->csv->name);
    return failure == FAILURE_NONE ? FAILURE_NONE : fail(scan, failure, 0, 0);
}

static enum failure finish(struct scan *scan)
{
    if (scan->at == 0)
        return fail(scan, FAILURE_EMPTY, 1, 0);
    if (scan->wanted > 0)
        return fail_here(scan, FAILURE_UTF8);
    if (scan->state == QUOTED)
        return fail(scan, FAILURE_QUOTE_OPEN, scan->record_line, scan->field + 1);
    if (scan->state == AFTER_RETURN)
        return fail_here(scan, FAILURE_BARE_RETURN);
    enum failure failure = nothing_in_record(scan) ? FAILURE_NONE : end_record(scan);
    scan->csv->crlf = scan->newline == '\r';
    return failure;
}

static enum failure scan_all(struct scan *scan, const struct csv_watch *watch, unsigned char *block)
{
    struct stat info;
    int64_t total = fstat(scan->fd, &info) == 0 && info.st_size > 0 ? info.st_size : 1;
    for (;;) {
        ssize_t got = pread(scan->fd, block, BLOCK, scan->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return FAILURE_UNKNOWN;
        if (got == 0)
            return finish(scan);
        enum failure failure = scan->at == 0 ? check_mark(scan, block, (size_t)got) : FAILURE_NONE;
        if (failure == FAILURE_NONE)
            failure = scan_block(scan, block, (size_t)got);
        if (failure != FAILURE_NONE)
            return failure;
        if (watch->thousandths != NULL)
            atomic_store(watch->thousandths, (int)(scan->at * 1000 / total));
        if (watch->expired != NULL && atomic_load(watch->expired))
            return FAILURE_TIMEOUT;
    }
}

enum failure csv_scan(int fd, const struct csv_watch *watch, const int64_t *rows, size_t count,
                      int64_t *lines, struct csv *ret_csv)
{
    char name[LIMIT_COLUMN_NAME_BYTES + 1];
    *ret_csv = (struct csv){0};
    struct scan scan = {.fd = fd,
                        .csv = ret_csv,
                        .in_header = true,
                        .line = 1,
                        .record_line = 1,
                        .name = name,
                        .rows = rows,
                        .rows_left = count,
                        .lines = lines};
    unsigned char *block = malloc(BLOCK);
    if (block == NULL)
        abort();
    enum failure failure = scan_all(&scan, watch, block);
    free(block);
    return failure;
}
