/* Bodies, queries and replies as data: one declaration read by the validator, OpenAPI and the tests. */
#pragma once

#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum field_type {
    FIELD_END,
    FIELD_TEXT,    /* UTF-8, no control characters; max characters */
    FIELD_INTEGER, /* low … high */
    FIELD_NUMBER,
    FIELD_BOOLEAN,
    FIELD_ID,          /* a row's number, ≥ 1 */
    FIELD_MONEY,       /* integer fen, ≥ 0 */
    FIELD_DATE,        /* YYYY-MM-DD, China's day */
    FIELD_INSTANT,     /* RFC 3339, UTC */
    FIELD_CHOICE,      /* one of `choices` */
    FIELD_NAME,        /* of a person, an organisation: name_is_sound(); max characters */
    FIELD_LOGIN,       /* name_is_login(); max characters */
    FIELD_CODE,        /* name_is_code(); max characters */
    FIELD_CREDIT_CODE, /* GB 32100 with a right check character */
    FIELD_DIGEST,      /* 64 lower-case hexadecimal digits */
    FIELD_OBJECT,      /* of schema `of` */
    FIELD_LIST,        /* of objects of schema `of`, or of plain `item` values when of is NULL; max items */
    FIELD_ANY          /* any JSON: for what another declaration checks */
};

struct schema;

struct field {
    const char *name;
    enum field_type type;
    bool required; /* in a body: must be there; in a reply: always there */
    bool nullable;
    size_t max;                 /* characters or items; 0: the limit of limits.h */
    int64_t low, high;          /* FIELD_INTEGER; both 0: any */
    const char *const *choices; /* ends with NULL */
    const struct schema *of;
    enum field_type item;
    bool filled;    /* FIELD_TEXT: not blank */
    const char *zh; /* what it is, for a person */
    const char *en;
};

struct schema {
    const char *name;           /* unique: the OpenAPI component */
    const struct field *fields; /* ends with {0} */
    bool open;                  /* further members allowed (replies of free form only) */
};

/* Checks `json` against `schema`: unknown, missing, mistyped, over-long, out of range members are refused
 * with the JSON pointer of the place. */
enum result schema_check(struct arena *arena, const struct schema *schema, const json_t *json,
                         struct refusal *ret_refusal);

/* JSON Schema (2020-12) of it, components referred to as #/components/schemas/NAME. New reference. */
json_t *schema_describe(const struct schema *schema);
