/* The guard's front door: a tree in, a checked query out.
 *
 *     struct query query;
 *     TRY(guard_check(arena, policy, sql, tree, &query, refusal));
 *     TRY(guard_print_duckdb(arena, &query, &printed));           (print.h)
 *     … give the worker guard_columns() of each table and printed.sql …
 *     … release_report(arena, policy, &printed.plan, answer)      (release.h)
 *
 * Everything is in the arena; the query points into the policy, which must live as long. Refusals tell the
 * place (`field`: "line 2, column 14"), quote the text there, say why and what would be accepted. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"
#include "guard/policy.h"
#include "guard/query.h"

/* `tree` is what json_serialize_sql made of `sql`. `sql` only serves to quote places: nothing of its text
 * is judged or run, and it may be NULL. */
enum result guard_check(struct arena *arena, const struct policy *policy, const char *sql, const char *tree,
                        struct query *ret_query, struct refusal *ret_refusal);

/* The columns of query.tables[table] that the printed SQL reads, the subject's bucket (and token) among them:
 * no other column need be within the worker's reach. */
size_t guard_columns(struct arena *arena, const struct query *query, size_t table,
                     const char *const **ret_names);

/* The named rules, each of which a test can take out (base/mutation.h). */
struct guard_context;
struct guard_rule {
    const char *name;
    enum law law;
    enum result (*run)(const struct guard_context *context, const struct query *query);
};
const struct guard_rule *guard_rules(size_t *ret_count);
