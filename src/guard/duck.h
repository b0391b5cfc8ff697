/* A plain, unjailed DuckDB for the guard's tests: gives trees and runs printed SQL on small data. */
#pragma once

#include "engine/engine.h"
#include "guard/check.h"
#include "guard/print.h"
#include "guard/reason.h"

/* The library at DUKOU_DUCKDB, opened once; skips the test when it is not there. */
void duck_need(void);

/* Runs `sql`, which must succeed. */
void duck_do(const char *sql);
/* Adds "__bucket_SUBJECT" to a table that has "__subject_SUBJECT", as taking in does. */
void duck_buckets(const char *table, const char *subject);

/* False, with the message, when DuckDB refuses or fails. Everything in the arena. */
bool duck_query(struct arena *arena, const char *sql, struct engine_answer *ret_answer,
                const char **ret_error);

/* json_serialize_sql(sql) */
const char *duck_tree(struct arena *arena, const char *sql);

/* The value as text, "NULL" for NULL. */
const char *duck_text(struct arena *arena, const struct engine_answer *answer, size_t row, size_t column);
double duck_number(const struct engine_answer *answer, size_t row, size_t column);

/* A policy from JSON text with single quotes for double ones. */
const struct policy *duck_policy(struct arena *arena, const char *json);

/* The city that the tests share: resident (600 rows, 200 people), firm (40), own (import). */
const struct policy *duck_city(struct arena *arena);

/* Checks, prints and runs `sql`, which must succeed. */
struct duck_sealed {
    struct query query;
    struct guard_printed printed;
    struct engine_answer answer;
};
struct duck_sealed duck_seal(struct arena *arena, const struct policy *policy, const char *sql);
