/* Finds columns that look sensitive: an SQL condition per kind of item, which the engine counts over all
 * rows. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "engine/engine.h"

enum sensitive_kind {
    SENSITIVE_CITIZEN_NUMBER,
    SENSITIVE_BANK_CARD,
    SENSITIVE_CREDIT_CODE,
    SENSITIVE_MOBILE_NUMBER,
    SENSITIVE_PERSON_NAME,
    SENSITIVE_ADDRESS,
    SENSITIVE_EMBEDDED_NUMBER,
    SENSITIVE_KINDS /* birth_date goes by the column's name and type alone */
};

/* A boolean SQL expression over a text expression `x`, which stands in it many times. */
const char *sensitive_condition(struct arena *arena, enum sensitive_kind kind, const char *x);

struct sensitive_counts {
    int64_t values;   /* rows with a value */
    int64_t distinct; /* about */
    int64_t matches[SENSITIVE_KINDS];
};

/* The proposal for one column, a new reference; NULL when it does not look sensitive. `counts` is NULL for
 * types that are not matched (dates, booleans, doubles). */
json_t *sensitive_proposal(const struct engine_field *field, const struct sensitive_counts *counts);
