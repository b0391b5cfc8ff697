/* SQL expressions that turn a column of a file into a field of a schema, or say what is wrong with it. */
#pragma once

#include "engine/duckdb/worker.h"
#include "engine/engine.h"

enum reason {
    REASON_NONE,
    REASON_NULL,
    REASON_TYPE,
    REASON_FINITE,
    REASON_MINIMUM,
    REASON_MAXIMUM,
    REASON_PATTERN,
    REASON_LENGTH,
    REASON_COUNT
};

/* Three expressions: `value` over the columns of the file; `kept` and `reason` over those and a column
 * `alias` that holds the value, so that no conversion is done twice. */
struct expression {
    const char *source; /* the column as it stands in the file */
    const char *alias;
    const char *value;  /* of the field's type, NULL where it is none */
    const char *kept;   /* true when the value keeps every rule */
    const char *reason; /* 0, or enum reason */
};

/* "BIGINT" for ENGINE_INTEGER, … */
const char *schema_sql_type(enum engine_type type);

struct source_column {
    const char *quoted;    /* SQL for it */
    const char *file_type; /* what DESCRIBE says of it, "VARCHAR" in CSV */
    bool may_hold_nul;     /* its text has not been looked through yet */
};

/* False when the file's type can never be the field's. */
bool schema_expression(const struct engine_field *field, const struct source_column *column,
                       const char *alias, struct expression *ret_expression);

/* The field types that values of `file_type` may become, narrowest first, ENGINE_TYPE_COUNT behind the last;
 * NULL for none. */
const enum engine_type *schema_candidates(const char *file_type);

/* Whether every value of a text column may be called `type`: a boolean SQL expression, stricter than a
 * conversion, so that codes with leading zeros and long numbers stay text. */
const char *schema_fits(enum engine_type type, const char *column);
