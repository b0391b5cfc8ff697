/* The fixed bytes of a reviewed table: RFC 4180, UTF-8, line feeds, a header line. Missing values are empty,
 * empty text is "". Numbers are the shortest that read back the same. The same answer gives the same bytes.
 * Text that begins with = + - @, a tab or a line end (full-width forms and leading apostrophes too) and is no
 * number gets an apostrophe in front, so that a spreadsheet shows it and computes nothing; a reader takes one
 * apostrophe away again. Column names likewise. */
#pragma once

#include "base/json.h"
#include "engine/wire.h"

/* `table` as release_rows() makes it. */
void csv_write(const json_t *table, struct wire_out *out);
