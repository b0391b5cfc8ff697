#include "guard/policy.h"

#include <assert.h>
#include <strings.h>

static const char *const use_names[USE_COUNT] = {
    [USE_FORBIDDEN] = "forbidden",         [USE_KEY] = "key",         [USE_DIMENSION] = "dimension",
    [USE_KEY_DIMENSION] = "key_dimension", [USE_MEASURE] = "measure",
};

const char *policy_use_name(enum policy_use use)
{
    assert(use < USE_COUNT);
    return use_names[use];
}

const struct policy_table *policy_table(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->table_count; i++)
        if (strcasecmp(policy->tables[i].name, name) == 0)
            return &policy->tables[i];
    return NULL;
}

const struct policy_column *policy_column(const struct policy_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcasecmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

static bool is_side(const char *join_table, const char *join_column, const struct policy_table *table,
                    const struct policy_column *column)
{
    return strcasecmp(join_table, table->name) == 0 && strcasecmp(join_column, column->name) == 0;
}

bool policy_joins(const struct policy *policy, const struct policy_table *a,
                  const struct policy_column *a_column, const struct policy_table *b,
                  const struct policy_column *b_column)
{
    for (size_t i = 0; i < policy->join_count; i++) {
        const struct policy_join *join = &policy->joins[i];
        if (is_side(join->left_table, join->left_column, a, a_column) &&
            is_side(join->right_table, join->right_column, b, b_column))
            return true;
        if (is_side(join->left_table, join->left_column, b, b_column) &&
            is_side(join->right_table, join->right_column, a, a_column))
            return true;
    }
    return false;
}
