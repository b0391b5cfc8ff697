/* What one room may use, column by column, and what an answer must satisfy to leave.
 *
 * A policy is a value: it is read from JSON once per call, checked, and never changed. It travels from
 * `serve` (which makes it out of grants, imports and rules) to `keeper`, and the release report cites its
 * rule and version. README.md beside this file numbers the invariants that rest on it. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"
#include "guard/type.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum policy_use {
    USE_FORBIDDEN,     /* may not be named at all, and is not given to the worker */
    USE_KEY,           /* in declared joins only (and COUNT(DISTINCT subject)) */
    USE_DIMENSION,     /* may filter, group and be output */
    USE_KEY_DIMENSION, /* both of these: a neighbourhood number that is published anyway */
    USE_MEASURE,       /* may be aggregated; compared with something only where it is filterable */
    USE_COUNT
};

struct policy_column {
    const char *name;
    struct type type;
    const char *type_text; /* as read: "BIGINT", "DECIMAL(15,2)", … */
    enum policy_use use;
    int level;         /* of sensitivity within general data, 1 (least) to 4 */
    bool filterable;   /* a measure that conditions may compare */
    bool non_negative; /* the source has measured that no value is below zero: spares one sum in the measuring
                        */
};

enum policy_table_kind {
    TABLE_RESOURCE, /* a slice of public data, with subjects to protect */
    TABLE_IMPORT    /* the developer's own rows: never count for protection */
};

struct policy_table {
    const char *name;
    enum policy_table_kind kind;
    const char *subject;        /* column; every resource has one, an import has none */
    const char *subject_token;  /* "__subject_<column>", UBIGINT, put in at ingest; NULL without a subject */
    const char *subject_bucket; /* "__bucket_<column>", UTINYINT: its low 6 bits, a tenth as long to read */
    const struct policy_column *columns;
    size_t column_count;
};

struct policy_join {
    const char *left_table;
    const char *left_column;
    const char *right_table;
    const char *right_column;
};

struct policy {
    const char *rule; /* name of the release rule, cited by the report */
    int version;
    int threshold;   /* subjects per cell and resource, at least */
    int p_percent;   /* dominance: all but the two largest must reach p % of the largest */
    int k_percent;   /* dominance (n,k), n = 2: the two largest may hold at most k % */
    double rounding; /* base to which released numbers are rounded; 0 = none */
    int level_limit; /* columns above this level may not be used */
    const struct policy_table *tables;
    size_t table_count;
    const struct policy_join *joins;
    size_t join_count;
};

/* Named constants that JSON may leave out. */
#define POLICY_THRESHOLD 10
#define POLICY_P_PERCENT 10
#define POLICY_K_PERCENT 85
#define POLICY_LEVEL_LIMIT 4

/* Names that Dukou keeps for itself begin so: no table, column or alias may. */
#define POLICY_RESERVED "__"

/* Reads
 *   {"rule":"release/standard","version":1,"threshold":10,"p_percent":10,"k_percent":85,"rounding":0,
 *    "level_limit":4,
 *    "tables":[{"name":"person","kind":"resource","subject":"id","columns":[
 *        {"name":"id","type":"BIGINT","use":"key","level":3},
 *        {"name":"pay","type":"DOUBLE","use":"measure","level":2,"filterable":true,"non_negative":true}]}],
 *    "joins":[{"left":["person","hood"],"right":["own","hood"]}]}
 * RESULT_INVALID with the JSON pointer of what is wrong: unknown members, reserved or double names, a
 * resource without a subject, a threshold below 1 … Strings are copied into the arena. */
enum result policy_read(struct arena *arena, const json_t *json, const struct policy **ret_policy,
                        struct refusal *ret_refusal);

/* The same form back; a new reference. */
json_t *policy_write(const struct policy *policy);

/* Letter case of ASCII ignored, as in SQL. NULL when there is none. */
const struct policy_table *policy_table(const struct policy *policy, const char *name);
const struct policy_column *policy_column(const struct policy_table *table, const char *name);

/* Whether the two columns are a declared join, in either order. */
bool policy_joins(const struct policy *policy, const struct policy_table *a,
                  const struct policy_column *a_column, const struct policy_table *b,
                  const struct policy_column *b_column);

/* "forbidden", "key", "dimension", "key_dimension", "measure" */
const char *policy_use_name(enum policy_use use);
