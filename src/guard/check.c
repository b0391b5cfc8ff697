#include "guard/check.h"

#include "base/json.h"
#include "guard/bind.h"
#include "guard/check_rules.h"
#include "guard/tree.h"

enum result guard_check(struct arena *arena, const struct policy *policy, const char *sql, const char *tree,
                        struct query *ret_query, struct refusal *ret_refusal)
{
    struct guard_context context = {.arena = arena, .policy = policy, .sql = sql, .refusal = ret_refusal};
    struct query query = {0};
    CLEANUP_JSON json_t *root = NULL;
    TRY(tree_parse(&context, tree, &root));
    TRY(tree_read(&context, root, &query));
    TRY(bind_query(&context, &query));
    TRY(bind_outputs(&context, &query));
    TRY(check_rules(&context, &query));
    *ret_query = query;
    return RESULT_OK;
}

/* Counting subjects exactly is all that needs the whole token; measuring reads its bucket. */
static bool counts_subjects(const struct query *query, size_t table)
{
    for (size_t i = 0; i < query->aggregate_count; i++)
        if (query->aggregates[i]->aggregate == AGGREGATE_COUNT_SUBJECTS &&
            query->aggregates[i]->children[0]->table == table)
            return true;
    return false;
}

size_t guard_columns(struct arena *arena, const struct query *query, size_t table,
                     const char *const **ret_names)
{
    const struct query_table *from = &query->tables[table];
    const char **names = arena_new_array(arena, const char *, from->policy->column_count + 2);
    size_t count = 0;
    for (size_t i = 0; i < from->policy->column_count; i++)
        if (from->needed[i])
            names[count++] = from->policy->columns[i].name;
    if (from->policy->subject_token != NULL) {
        names[count++] = from->policy->subject_bucket;
        if (counts_subjects(query, table))
            names[count++] = from->policy->subject_token;
    }
    /* COUNT(*) alone names no column, but a table has to have one */
    for (size_t i = 0; i < from->policy->column_count && count == 0; i++)
        if (from->policy->columns[i].use != USE_FORBIDDEN)
            names[count++] = from->policy->columns[i].name;
    *ret_names = names;
    return count;
}
