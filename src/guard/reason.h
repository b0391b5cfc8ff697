/* Why the guard refuses, in one table: what the developer reads is the reason, the place in the SQL text and
 * what would be accepted instead. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"
#include "guard/policy.h"

#include <stddef.h>

enum guard_reason {
    REASON_TREE_UNREADABLE,
    REASON_SYNTAX,
    REASON_TOO_DEEP,
    REASON_TOO_LARGE,
    REASON_STATEMENTS,
    REASON_NOT_SELECT,
    REASON_CTE,
    REASON_SUBQUERY,
    REASON_DESCRIBE,
    REASON_VALUES,
    REASON_NO_FROM,
    REASON_STAR,
    REASON_TABLE_FUNCTION,
    REASON_TABLE_UNKNOWN,
    REASON_TABLE_QUALIFIED,
    REASON_TABLE_TWICE,
    REASON_TABLE_ALIASES,
    REASON_TABLE_VERSION,
    REASON_SAMPLE,
    REASON_JOIN_KIND,
    REASON_JOIN_USING,
    REASON_JOIN_CONDITION,
    REASON_JOIN_NESTED,
    REASON_JOIN_UNDECLARED,
    REASON_GROUPING_SETS,
    REASON_GROUP_ALL,
    REASON_GROUP_POSITION,
    REASON_QUALIFY,
    REASON_HAVING,
    REASON_DISTINCT,
    REASON_WINDOW,
    REASON_LAMBDA,
    REASON_PARAMETER,
    REASON_POSITIONAL,
    REASON_COLLATE,
    REASON_FUNCTION_UNKNOWN,
    REASON_FUNCTION_QUALIFIED,
    REASON_AGGREGATE_UNMEASURED,
    REASON_AGGREGATE_PLACE,
    REASON_AGGREGATE_DISTINCT,
    REASON_AGGREGATE_ORDER,
    REASON_AGGREGATE_TYPE,
    REASON_DISTINCT_COLUMN,
    REASON_DISTINCT_ALONE,
    REASON_SUBJECTS_ALONE,
    REASON_COLUMN_UNKNOWN,
    REASON_COLUMN_AMBIGUOUS,
    REASON_COLUMN_QUALIFIED,
    REASON_COLUMN_RAW,
    REASON_NOTHING_AGGREGATED,
    REASON_USE_FORBIDDEN,
    REASON_USE_KEY,
    REASON_USE_MEASURE_GROUPED,
    REASON_USE_MEASURE_COMPARED,
    REASON_LEVEL,
    REASON_TYPE,
    REASON_CONDITION,
    REASON_CAST_TYPE,
    REASON_CONSTANT,
    REASON_ALIAS,
    REASON_ALIAS_TWICE,
    REASON_ORDER,
    REASON_LIMIT,
    REASON_UNKNOWN_PART,
    REASON_NO_AGGREGATE_ARGUMENT,
    REASON_PREDICATE_SHAPE,
    REASON_PREDICATE_TABLE,
    REASON_PREDICATE_TYPE,
    REASON_PREDICATE_MIX,
    REASON_COUNT
};

/* What every pass over one query shares. */
struct guard_context {
    struct arena *arena;
    const struct policy *policy;
    const char *sql; /* for quoting the place; NULL when only the tree is at hand */
    struct refusal *refusal;
    size_t depth;
    size_t nodes;
};

/* Fills the context's refusal. `detail` (may be NULL) names the part: a column, a function, a type; it is
 * put after the reason in both languages. `.field` becomes "line L, column C" or "position N". */
enum result guard_refuse(const struct guard_context *context, enum guard_reason reason, size_t location,
                         const char *detail);
enum result guard_refuse_in(const struct guard_context *context, enum guard_reason reason, size_t location,
                            const char *detail_zh, const char *detail_en);

/* The reason's English text, for tests. */
const char *guard_reason_text(enum guard_reason reason);
