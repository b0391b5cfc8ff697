#include "guard/check_rules.h"

#include "base/mutation.h"
#include "guard/check.h"
#include "guard/operation.h"

enum place { PLACE_JOIN, PLACE_WHERE, PLACE_GROUP, PLACE_AGGREGATE, PLACE_OUTPUT };

/* One use of a column. */
struct sighting {
    const struct expression *column;
    enum place place;
    bool compared;         /* its value decides a condition */
    bool subjects_counted; /* it is the argument of COUNT(DISTINCT subject) */
    bool values_counted;   /* it is within COUNT(DISTINCT dimension) */
};

typedef enum result judge_function(const struct guard_context *context, const struct sighting *sighting);

static bool child_is_compared(const struct expression *expression, size_t child)
{
    if (expression->kind == EXPRESSION_CASE)
        return child % 2 == 0 && child + 1 < expression->child_count;
    if (expression->kind != EXPRESSION_OPERATION)
        return false;
    switch (expression->operation->rule) {
    case RULE_LOGIC:
    case RULE_COMPARE:
    case RULE_BETWEEN:
    case RULE_IN:
    case RULE_IS_NULL:
    case RULE_LIKE:
    case RULE_NULLIF:
        return true;
    case RULE_ARITHMETIC:
    case RULE_NEGATE:
    case RULE_DIVIDE:
    case RULE_MODULO:
    case RULE_LOGARITHM:
    case RULE_ROOT:
    case RULE_REAL:
    case RULE_ROUND:
    case RULE_NUMBER:
    case RULE_COALESCE:
    case RULE_DATE_TRUNC:
    case RULE_DATE_PART:
    case RULE_EXTRACT:
    case RULE_DATE_DIFF:
    case RULE_SLICE:
        break;
    }
    return false;
}

static enum result walk(const struct guard_context *context, const struct expression *expression,
                        struct sighting sighting, judge_function *judge)
{
    if (expression->kind == EXPRESSION_COLUMN) {
        sighting.column = expression;
        return judge(context, &sighting);
    }
    if (expression->kind == EXPRESSION_AGGREGATE) {
        sighting.place = PLACE_AGGREGATE;
        sighting.subjects_counted = expression->aggregate == AGGREGATE_COUNT_SUBJECTS;
        sighting.values_counted = expression->aggregate == AGGREGATE_COUNT_DISTINCT;
    }
    for (size_t i = 0; i < expression->child_count; i++) {
        struct sighting inner = sighting;
        inner.compared = sighting.compared || child_is_compared(expression, i);
        TRY(walk(context, expression->children[i], inner, judge));
    }
    return RESULT_OK;
}

static enum result walk_query(const struct guard_context *context, const struct query *query,
                              judge_function *judge)
{
    for (size_t i = 0; i < query->table_count; i++)
        for (size_t j = 0; j < query->tables[i].match_count; j++) {
            struct sighting join = {.place = PLACE_JOIN};
            TRY(walk(context, query->tables[i].matches[j].left, join, judge));
            TRY(walk(context, query->tables[i].matches[j].right, join, judge));
        }
    if (query->where != NULL)
        TRY(walk(context, query->where, (struct sighting){.place = PLACE_WHERE, .compared = true}, judge));
    for (size_t i = 0; i < query->group_count; i++)
        TRY(walk(context, query->groups[i], (struct sighting){.place = PLACE_GROUP}, judge));
    for (size_t i = 0; i < query->aggregate_count; i++)
        TRY(walk(context, query->aggregates[i], (struct sighting){.place = PLACE_AGGREGATE}, judge));
    for (size_t i = 0; i < query->output_count; i++)
        TRY(walk(context, query->outputs[i].expression, (struct sighting){.place = PLACE_OUTPUT}, judge));
    return RESULT_OK;
}

static enum result refuse_column(const struct guard_context *context, enum guard_reason reason,
                                 const struct sighting *sighting)
{
    return guard_refuse(context, reason, sighting->column->location, sighting->column->column->name);
}

/* ---- the rules ---- */

static enum result judge_approved(const struct guard_context *context, const struct sighting *sighting)
{
    if (sighting->column->column->use == USE_FORBIDDEN)
        return refuse_column(context, REASON_USE_FORBIDDEN, sighting);
    return RESULT_OK;
}

static enum result check_approved(const struct guard_context *context, const struct query *query)
{
    return walk_query(context, query, judge_approved);
}

static enum result judge_level(const struct guard_context *context, const struct sighting *sighting)
{
    if (sighting->column->column->level > context->policy->level_limit)
        return refuse_column(context, REASON_LEVEL, sighting);
    return RESULT_OK;
}

static enum result check_level(const struct guard_context *context, const struct query *query)
{
    return walk_query(context, query, judge_level);
}

static enum result judge_key(const struct guard_context *context, const struct sighting *sighting)
{
    if (sighting->column->column->use == USE_KEY && sighting->place != PLACE_JOIN &&
        !sighting->subjects_counted)
        return refuse_column(context, REASON_USE_KEY, sighting);
    return RESULT_OK;
}

static enum result check_key(const struct guard_context *context, const struct query *query)
{
    return walk_query(context, query, judge_key);
}

static enum result judge_grouped(const struct guard_context *context, const struct sighting *sighting)
{
    if (sighting->column->column->use == USE_MEASURE && sighting->place == PLACE_GROUP && !sighting->compared)
        return refuse_column(context, REASON_USE_MEASURE_GROUPED, sighting);
    return RESULT_OK;
}

static enum result check_grouped(const struct guard_context *context, const struct query *query)
{
    return walk_query(context, query, judge_grouped);
}

static enum result judge_compared(const struct guard_context *context, const struct sighting *sighting)
{
    const struct policy_column *column = sighting->column->column;
    if (column->use == USE_MEASURE && sighting->compared && !column->filterable)
        return refuse_column(context, REASON_USE_MEASURE_COMPARED, sighting);
    return RESULT_OK;
}

static enum result check_compared(const struct guard_context *context, const struct query *query)
{
    return walk_query(context, query, judge_compared);
}

static enum result judge_raw(const struct guard_context *context, const struct sighting *sighting)
{
    if (sighting->place == PLACE_OUTPUT)
        return refuse_column(context, REASON_COLUMN_RAW, sighting);
    return RESULT_OK;
}

static enum result check_raw(const struct guard_context *context, const struct query *query)
{
    TRY(walk_query(context, query, judge_raw));
    if (query->aggregate_count == 0 && query->group_count == 0)
        return guard_refuse(context, REASON_NOTHING_AGGREGATED, query->outputs[0].expression->location, NULL);
    return RESULT_OK;
}

static enum result check_joins(const struct guard_context *context, const struct query *query)
{
    for (size_t i = 1; i < query->table_count; i++)
        for (size_t j = 0; j < query->tables[i].match_count; j++) {
            const struct query_match *match = &query->tables[i].matches[j];
            const struct policy_table *left = query->tables[match->left->table].policy;
            const struct policy_table *right = query->tables[match->right->table].policy;
            if (!policy_joins(context->policy, left, match->left->column, right, match->right->column))
                return guard_refuse(context, REASON_JOIN_UNDECLARED, match->left->location,
                                    arena_printf(context->arena, "%s.%s = %s.%s", left->name,
                                                 match->left->column->name, right->name,
                                                 match->right->column->name));
        }
    return RESULT_OK;
}

static enum result judge_values(const struct guard_context *context, const struct sighting *sighting)
{
    enum policy_use use = sighting->column->column->use;
    if (sighting->values_counted && use != USE_DIMENSION && use != USE_KEY_DIMENSION)
        return refuse_column(context, REASON_DISTINCT_COLUMN, sighting);
    return RESULT_OK;
}

static enum result check_measurable(const struct guard_context *context, const struct query *query)
{
    for (size_t i = 0; i < query->aggregate_count; i++) {
        const struct expression *aggregate = query->aggregates[i];
        if (aggregate->aggregate == AGGREGATE_COUNT_DISTINCT && query->aggregate_count > 1)
            return guard_refuse(context, REASON_DISTINCT_ALONE, aggregate->location, NULL);
        if (aggregate->aggregate == AGGREGATE_COUNT_SUBJECTS && query->resource_count > 1)
            return guard_refuse(context, REASON_SUBJECTS_ALONE, aggregate->location, NULL);
    }
    return walk_query(context, query, judge_values);
}

static const struct guard_rule rules[] = {
    {"guard_column_approved", LAW(CALL_REVIEW), check_approved},
    {"guard_level", LAW(GRADED_UPDATE), check_level},
    {"guard_key_only_joins", LAW(DATA_UNSEEN), check_key},
    {"guard_declared_joins", LAW(FUSION), check_joins},
    {"guard_measure_not_grouped", LAW(DATA_UNSEEN), check_grouped},
    {"guard_measure_filterable", LAW(DATA_UNSEEN), check_compared},
    {"guard_aggregates_only", LAW(DATA_UNSEEN), check_raw},
    {"guard_measurable", LAW(EGRESS_REVIEW), check_measurable},
};

const struct guard_rule *guard_rules(size_t *ret_count)
{
    *ret_count = sizeof rules / sizeof rules[0];
    return rules;
}

enum result check_rules(const struct guard_context *context, const struct query *query)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (!mutation_without(rules[i].name))
            TRY(rules[i].run(context, query));
    return RESULT_OK;
}
