/* Reads a CSV file once, strictly, before DuckDB does: RFC 4180 with LF or CRLF, UTF-8 without a byte order
 * mark, a header, the same number of fields in every row, no empty lines. What passes means the same to every
 * reader, and what does not is refused with its place. */
#pragma once

#include "engine/failure.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv {
    char **names; /* of the header, malloc()ed */
    size_t columns;
    int64_t rows; /* without the header */
    bool crlf;
    bool breaks_in_quotes; /* a quoted field holds a line break */
    /* of a failure */
    int64_t line;
    size_t column;    /* 0: of the whole line */
    const char *name; /* of a column that has to do with it, or NULL */
};

struct csv_watch {
    atomic_int *thousandths;    /* may be NULL */
    const atomic_bool *expired; /* may be NULL */
};

/* `lines`, when not NULL, receives the lines where the rows `rows[0] < rows[1] < …` (from 1, `count` of them)
 * begin. Call csv_free() in any case. */
enum failure csv_scan(int fd, const struct csv_watch *watch, const int64_t *rows, size_t count,
                      int64_t *lines, struct csv *ret_csv);
void csv_free(struct csv *csv);
