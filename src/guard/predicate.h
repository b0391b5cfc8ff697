/* Verification and score products: one expression over one resource, turned into one value per subject.
 *
 * The developer writes      SELECT <expression> FROM <resource> [WHERE <condition>]
 * and the guard prints      SELECT "subject", "value" … GROUP BY subject
 *
 * With aggregates (COUNT(*) >= 12, SUM(x) / COUNT(*)) the expression is computed over each subject's rows.
 * Without, it is computed for each row and then: a verification holds when it holds for any row, is false
 * when none holds and at least one is known not to, and is NULL (unknown) otherwise; a score is the largest.
 * Subjects without a row that passes WHERE do not appear: unknown too. Rows without a subject are left out.
 * The same policy and rules hold as for queries, but for one: a measure may be used by value.
 *
 * The answer has two columns: "subject", text, and "value", BOOLEAN or BIGINT. It holds one row per person
 * and is for the keeper's index only; it must never be sealed, shown or released. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"
#include "guard/policy.h"
#include "guard/query.h"

#include <stdint.h>

enum predicate_kind {
    PREDICATE_VERIFICATION, /* the expression is a condition */
    PREDICATE_SCORE         /* a number, rounded half away from zero and held within bounds */
};

struct predicate {
    enum predicate_kind kind;
    int64_t least; /* bounds of a score, inclusive, at most 10^15 in size; least <= most */
    int64_t most;
};

struct guard_predicate {
    const char *sql;
    struct query query; /* for guard_columns(); its one table is the resource */
    const char *table;
    const char *subject;
};

enum result guard_check_predicate(struct arena *arena, const struct policy *policy,
                                  const struct predicate *predicate, const char *sql, const char *tree,
                                  struct guard_predicate *ret_predicate, struct refusal *ret_refusal);
