/* Tables that tests read: a row a line, columns between tabs, lines that begin with "# " or are empty left
 * out. */
#pragma once

#include "base/arena.h"

#include <stddef.h>

struct lines {
    const char *const **rows; /* [row][column] */
    size_t count;
};

/* `path` is relative to the source tree. A file that is not there, or a row of another number of columns,
 * fails the test. */
struct lines lines_read(struct arena *arena, const char *path, size_t columns);
