/* Types as the guard knows them: just enough to print SQL that cannot fail on any row. */
#pragma once

#include <stdbool.h>

enum type_kind {
    TYPE_NULL, /* the literal NULL: fits any type */
    TYPE_BOOLEAN,
    TYPE_INTEGER, /* width 19: fits a BIGINT; width 38: needs a HUGEINT (a sum) */
    TYPE_DECIMAL, /* width and scale: upper bounds */
    TYPE_REAL,
    TYPE_TEXT,
    TYPE_DATE,
    TYPE_TIMESTAMP,
    TYPE_OPAQUE /* anything else: may be counted, nothing more */
};

struct type {
    enum type_kind kind;
    int width; /* decimal digits, for TYPE_INTEGER and TYPE_DECIMAL */
    int scale;
};

#define TYPE_WIDTH_BIGINT 19
#define TYPE_WIDTH_MAX 38

/* Reads a column type: DuckDB's names ("BIGINT", "DECIMAL(15,2)", "VARCHAR", …) and the engine's ("integer",
 * "text", …), letter case ignored. False for text that is no type name at all; types of DuckDB that the
 * guard cannot compute with are TYPE_OPAQUE. */
bool type_parse(const char *name, struct type *ret_type);

/* For messages: "BOOLEAN", "INTEGER", … */
const char *type_name(struct type type);

bool type_is_number(struct type type); /* integer, decimal or real */
bool type_is_moment(struct type type); /* date or timestamp */

/* The type that holds values of both, as a CASE or COALESCE needs it; false when there is none. */
bool type_unify(struct type a, struct type b, struct type *ret_type);
