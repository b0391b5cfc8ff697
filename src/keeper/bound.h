/* What a table was bound to when it came in, and the floors below which no policy goes.
 *
 * A policy comes from the serving process, which may be in other hands. So the keeper holds it against what
 * it knows itself: a table's kind follows from where it is kept ("slice/17" is a resource, whatever is said
 * of it), and each table carries, sealed with its rows, what was agreed on when it came in:
 *   {"room": 2, "subject": "id", "columns": {"pay": {"type": "double", "use": "measure", "level": 2,
 *    "filterable": false, "non_negative": true}}}
 * out of `expected` (keeper.h), and, where the source stated something with the delivery (vault/delivery.h),
 * never looser than that. A policy may say less than what stands there, never more. Members that nobody gave
 * bind nothing; tables from before there were bounds have none but their kind. */
#pragma once

#include "engine/engine.h"
#include "guard/policy.h"
#include "keeper/serving.h"

/* The engine's names of types, and DuckDB's as the guard knows them. */
bool bound_type_parse(const char *name, enum engine_type *ret_type);

/* A new reference. `stated`: the source's statement, NULL when there is none. RESULT_INVALID for members of
 * the wrong form, RESULT_FORBIDDEN when `expected` goes beyond what the source stated. */
enum result bound_make(struct call *call, const json_t *expected, const json_t *stated,
                       const struct engine_field *fields, size_t count, json_t **ret_bound);

/* Whether the policy keeps to the floors: threshold and dominance. */
enum result bound_floors(struct call *call, const struct policy *policy);

/* Whether a table of a policy, at `place` in it, keeps to what it was bound to; `bound` may be NULL. */
enum result bound_allows(struct call *call, const char *place, const char *file, const json_t *bound,
                         const struct policy_table *table);

/* The room that a table was bound to, 0: none. */
int64_t bound_room(const json_t *bound);

/* RESULT_FORBIDDEN when the two are different rooms; 0 is any. */
enum result bound_same_room(struct call *call, const char *place, int64_t one, int64_t other);

/* The policy, no laxer than the floors: for results from before there were any. And with the floors for its
 * rules. */
void bound_raise(const struct policy *policy, struct policy *ret_policy);
void bound_lower(const struct policy *policy, struct policy *ret_policy);
