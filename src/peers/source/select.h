/* Prints the SQL that chooses an order's columns and rows. Names and values of the order are never pasted:
 * names must be columns of the table and are quoted, values must be of the column's type and are printed
 * afresh from it. */
#pragma once

#include "peers/source/order.h"

enum select_dialect { SELECT_DUCKDB, SELECT_POSTGRESQL };

/* Fields of ENGINE_TIMESTAMP travel as text, "2026-11-23 08:00:00", since the catalogue knows no times.
 * `fields`: the table's columns as they are; `from`: the table, already quoted. RESULT_NOT_FOUND for a column
 * that the table has not, RESULT_INVALID for a value that is not of its column's type. */
enum result select_print(struct arena *arena, enum select_dialect dialect, const struct order *order,
                         const struct engine_field *fields, size_t field_count, const char *from,
                         const char **ret_sql, struct refusal *ret_refusal);

/* Whether the order asks for the whole table as it stands: every column, in this order, and all rows. */
bool select_is_whole(const struct order *order, const struct engine_field *fields, size_t field_count);

/* "name" with quotes doubled; 'text' likewise. */
const char *select_identifier(struct arena *arena, const char *name);
const char *select_literal(struct arena *arena, const char *text);

const struct engine_field *select_field(const struct engine_field *fields, size_t count, const char *name);
