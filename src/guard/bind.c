#include "guard/bind.h"

#include "base/limits.h"
#include "base/text.h"
#include "guard/operation.h"

#include <string.h>
#include <strings.h>

static enum result bind_tables(struct guard_context *context, struct query *query)
{
    for (size_t i = 0; i < query->table_count; i++) {
        struct query_table *table = &query->tables[i];
        table->policy = policy_table(context->policy, table->name);
        if (table->policy == NULL)
            return guard_refuse(context, REASON_TABLE_UNKNOWN, table->location, table->name);
        if (table->alias != NULL && strncmp(table->alias, POLICY_RESERVED, strlen(POLICY_RESERVED)) == 0)
            return guard_refuse(context, REASON_ALIAS, table->location, table->alias);
        for (size_t j = 0; j < i; j++) {
            const char *mine = table->alias != NULL ? table->alias : table->name;
            const char *other =
                query->tables[j].alias != NULL ? query->tables[j].alias : query->tables[j].name;
            if (query->tables[j].policy == table->policy || strcasecmp(mine, other) == 0)
                return guard_refuse(context, REASON_TABLE_TWICE, table->location, table->name);
        }
        table->needed = arena_new_array(context->arena, bool, table->policy->column_count);
        if (table->policy->kind == TABLE_RESOURCE)
            table->resource = query->resource_count++;
    }
    return RESULT_OK;
}

static bool table_is_called(const struct query_table *table, const char *qualifier)
{
    return strcasecmp(table->alias != NULL ? table->alias : table->name, qualifier) == 0;
}

/* RESULT_NOT_FOUND, without a refusal, when no table has it. */
static enum result find_column(struct guard_context *context, struct query *query,
                               struct expression *expression)
{
    const struct policy_column *found = NULL;
    for (size_t i = 0; i < query->table_count; i++) {
        struct query_table *table = &query->tables[i];
        if (expression->qualifier != NULL && !table_is_called(table, expression->qualifier))
            continue;
        const struct policy_column *column = policy_column(table->policy, expression->name);
        if (column == NULL)
            continue;
        if (found != NULL)
            return guard_refuse(context, REASON_COLUMN_AMBIGUOUS, expression->location, expression->name);
        found = column;
        expression->table = i;
    }
    if (found == NULL)
        return RESULT_NOT_FOUND;
    struct query_table *table = &query->tables[expression->table];
    table->needed[found - table->policy->columns] = true;
    expression->column = found;
    expression->type = found->type;
    return RESULT_OK;
}

static enum result bind_column(struct guard_context *context, struct query *query,
                               struct expression *expression)
{
    enum result result = find_column(context, query, expression);
    if (result == RESULT_NOT_FOUND)
        return guard_refuse(context, REASON_COLUMN_UNKNOWN, expression->location, expression->name);
    return result;
}

static enum result type_case(const struct guard_context *context, struct expression *expression)
{
    size_t last = expression->child_count - 1;
    struct type type = expression->children[last]->type;
    for (size_t i = 0; i < last; i += 2) {
        enum type_kind when = expression->children[i]->type.kind;
        if (when != TYPE_BOOLEAN && when != TYPE_NULL)
            return guard_refuse(context, REASON_CONDITION, expression->children[i]->location, NULL);
        if (!type_unify(type, expression->children[i + 1]->type, &type))
            return guard_refuse_in(context, REASON_TYPE, expression->children[i + 1]->location,
                                   "CASE 各分支须为同一类型", "the branches of a CASE are of one kind");
    }
    expression->type = type;
    return RESULT_OK;
}

static bool is_subject(const struct query *query, const struct expression *expression)
{
    if (expression->kind != EXPRESSION_COLUMN)
        return false;
    const struct policy_table *table = query->tables[expression->table].policy;
    return table->subject != NULL && strcasecmp(table->subject, expression->column->name) == 0;
}

/* Sums of decimals this wide stay within 38 digits for 10^11 rows; wider ones are summed as doubles. */
#define DECIMAL_SUM_WIDTH 27

static enum result type_aggregate(const struct guard_context *context, const struct query *query,
                                  struct expression *expression)
{
    const struct type whole = {TYPE_INTEGER, TYPE_WIDTH_BIGINT};
    expression->type = whole;
    if (expression->child_count == 0)
        return RESULT_OK;
    struct type argument = expression->children[0]->type;
    if (expression->aggregate == AGGREGATE_COUNT_DISTINCT && is_subject(query, expression->children[0]))
        expression->aggregate = AGGREGATE_COUNT_SUBJECTS;
    if (expression->aggregate != AGGREGATE_SUM && expression->aggregate != AGGREGATE_AVG)
        return RESULT_OK;
    if (!type_is_number(argument))
        return guard_refuse(context, REASON_AGGREGATE_TYPE, expression->location, type_name(argument));
    if (expression->aggregate == AGGREGATE_AVG || argument.kind == TYPE_REAL ||
        argument.width > DECIMAL_SUM_WIDTH)
        expression->type = (struct type){TYPE_REAL};
    else
        expression->type = (struct type){argument.kind, TYPE_WIDTH_MAX, argument.scale};
    return RESULT_OK;
}

static enum result bind_node(struct guard_context *context, struct query *query,
                             struct expression *expression)
{
    const char *zh = NULL;
    const char *en = NULL;
    switch (expression->kind) {
    case EXPRESSION_COLUMN:
        return bind_column(context, query, expression);
    case EXPRESSION_CASE:
        return type_case(context, expression);
    case EXPRESSION_AGGREGATE:
        return type_aggregate(context, query, expression);
    case EXPRESSION_OPERATION:
        en = operation_type(expression, &zh);
        return en == NULL ? RESULT_OK : guard_refuse_in(context, REASON_TYPE, expression->location, zh, en);
    case EXPRESSION_CONSTANT:
    case EXPRESSION_CAST:
    case EXPRESSION_GROUP:
    case EXPRESSION_MEASURED:
        break;
    }
    return RESULT_OK;
}

enum result bind_expression(struct guard_context *context, struct query *query, struct expression *expression)
{
    if (expression->kind == EXPRESSION_COLUMN && expression->column != NULL)
        return RESULT_OK;
    for (size_t i = 0; i < expression->child_count; i++)
        TRY(bind_expression(context, query, expression->children[i]));
    TRY(bind_node(context, query, expression));
    if (expression_printed_nodes(expression, LIMIT_QUERY_NODES) > LIMIT_QUERY_NODES)
        return guard_refuse(context, REASON_TOO_LARGE, expression->location, NULL);
    return RESULT_OK;
}

/* Columns first, as in DuckDB; then positions and aliases of the outputs. */
static enum result bind_group(struct guard_context *context, struct query *query, struct expression **group)
{
    struct expression *expression = *group;
    if (expression->kind == EXPRESSION_CONSTANT && expression->type.kind == TYPE_INTEGER) {
        for (size_t i = 0; i < query->output_count; i++)
            if (strcmp(expression->text, arena_printf(context->arena, "%zu", i + 1)) == 0) {
                *group = query->outputs[i].expression;
                return RESULT_OK;
            }
        return guard_refuse(context, REASON_GROUP_POSITION, expression->location, expression->text);
    }
    if (expression->kind != EXPRESSION_COLUMN || expression->qualifier != NULL)
        return bind_expression(context, query, expression);
    enum result result = find_column(context, query, expression);
    if (result != RESULT_NOT_FOUND)
        return result;
    for (size_t i = 0; i < query->output_count; i++)
        if (query->outputs[i].has_alias && strcasecmp(query->outputs[i].name, expression->name) == 0) {
            *group = query->outputs[i].expression;
            return RESULT_OK;
        }
    return guard_refuse(context, REASON_COLUMN_UNKNOWN, expression->location, expression->name);
}

/* Each equality ties the new table to one that stands before it. */
static enum result bind_matches(struct guard_context *context, struct query *query)
{
    for (size_t i = 1; i < query->table_count; i++)
        for (size_t j = 0; j < query->tables[i].match_count; j++) {
            struct query_match *match = &query->tables[i].matches[j];
            TRY(bind_expression(context, query, match->left));
            TRY(bind_expression(context, query, match->right));
            if (match->left->table == i) {
                struct expression *left = match->left;
                match->left = match->right;
                match->right = left;
            }
            if (match->right->table != i || match->left->table >= i)
                return guard_refuse(context, REASON_JOIN_CONDITION, match->left->location, NULL);
        }
    return RESULT_OK;
}

enum result bind_query(struct guard_context *context, struct query *query)
{
    TRY(bind_tables(context, query));
    TRY(bind_matches(context, query));
    for (size_t i = 0; i < query->output_count; i++)
        TRY(bind_expression(context, query, query->outputs[i].expression));
    if (query->where != NULL) {
        TRY(bind_expression(context, query, query->where));
        if (query->where->type.kind != TYPE_BOOLEAN)
            return guard_refuse(context, REASON_CONDITION, query->where->location, NULL);
    }
    for (size_t i = 0; i < query->group_count; i++)
        TRY(bind_group(context, query, &query->groups[i]));
    return RESULT_OK;
}

/* ---- outputs ---- */

static enum result no_aggregate(const struct guard_context *context, const struct expression *expression)
{
    if (expression->kind == EXPRESSION_AGGREGATE)
        return guard_refuse(context, REASON_AGGREGATE_PLACE, expression->location, NULL);
    for (size_t i = 0; i < expression->child_count; i++)
        TRY(no_aggregate(context, expression->children[i]));
    return RESULT_OK;
}

static struct expression *reference(struct guard_context *context, enum expression_kind kind,
                                    const struct expression *to, size_t index)
{
    struct expression *expression = arena_alloc(context->arena, sizeof *expression);
    *expression =
        (struct expression){.kind = kind, .location = to->location, .type = to->type, .index = index};
    return expression;
}

static enum result lift_aggregate(struct guard_context *context, struct query *query,
                                  struct expression *expression, struct expression **ret_expression)
{
    for (size_t i = 0; i < expression->child_count; i++)
        TRY(no_aggregate(context, expression->children[i]));
    size_t index = 0;
    while (index < query->aggregate_count && !expression_equal(query->aggregates[index], expression))
        index++;
    if (index == LIMIT_QUERY_AGGREGATES)
        return guard_refuse(context, REASON_TOO_LARGE, expression->location, NULL);
    if (index == query->aggregate_count)
        query->aggregates[query->aggregate_count++] = expression;
    *ret_expression = reference(context, EXPRESSION_MEASURED, expression, index);
    return RESULT_OK;
}

static enum result lift(struct guard_context *context, struct query *query, struct expression *expression,
                        struct expression **ret_expression, uint64_t *aggregates)
{
    for (size_t i = 0; i < query->group_count; i++)
        if (expression_equal(query->groups[i], expression)) {
            *ret_expression = reference(context, EXPRESSION_GROUP, expression, i);
            return RESULT_OK;
        }
    if (expression->kind == EXPRESSION_AGGREGATE) {
        TRY(lift_aggregate(context, query, expression, ret_expression));
        *aggregates |= (uint64_t)1 << (*ret_expression)->index;
        return RESULT_OK;
    }
    struct expression *copy = arena_copy(context->arena, expression, sizeof *expression);
    copy->children = arena_new_array(context->arena, struct expression *, expression->child_count);
    for (size_t i = 0; i < expression->child_count; i++)
        TRY(lift(context, query, expression->children[i], &copy->children[i], aggregates));
    *ret_expression = copy;
    return RESULT_OK;
}

static bool alias_fits(const char *name)
{
    return !text_is_blank(name) && !text_has_control(name) && !text_has_invisible(name) &&
           strpbrk(name, "\n\t\"") == NULL && strlen(name) <= LIMIT_COLUMN_NAME_BYTES &&
           strncmp(name, POLICY_RESERVED, strlen(POLICY_RESERVED)) != 0;
}

static bool name_is_taken(const struct query *query, size_t mine, const char *name)
{
    for (size_t i = 0; i < query->output_count; i++)
        if (i != mine && query->outputs[i].name[0] != '\0' && strcasecmp(query->outputs[i].name, name) == 0)
            return true;
    return false;
}

static const char *made_name(struct arena *arena, const struct query *query, size_t i)
{
    static const char *const names[AGGREGATE_KIND_COUNT] = {[AGGREGATE_COUNT_ROWS] = "count",
                                                            [AGGREGATE_COUNT] = "count",
                                                            [AGGREGATE_SUM] = "sum",
                                                            [AGGREGATE_AVG] = "avg",
                                                            [AGGREGATE_COUNT_SUBJECTS] = "count",
                                                            [AGGREGATE_COUNT_DISTINCT] = "count"};
    const struct expression *expression = query->outputs[i].expression;
    const char *name = "column";
    if (expression->kind == EXPRESSION_GROUP && query->groups[expression->index]->kind == EXPRESSION_COLUMN)
        name = query->groups[expression->index]->column->name;
    else if (expression->kind == EXPRESSION_MEASURED)
        name = names[query->aggregates[expression->index]->aggregate];
    if (!name_is_taken(query, i, name))
        return name;
    name = arena_printf(arena, "%s_%zu", name, i + 1);
    while (name_is_taken(query, i, name))
        name = arena_printf(arena, "%s_", name);
    return name;
}

static enum result name_outputs(struct guard_context *context, struct query *query)
{
    for (size_t i = 0; i < query->output_count; i++) {
        const struct query_output *output = &query->outputs[i];
        if (!output->has_alias)
            continue;
        if (!alias_fits(output->name))
            return guard_refuse(context, REASON_ALIAS, output->expression->location, NULL);
        if (name_is_taken(query, i, output->name))
            return guard_refuse(context, REASON_ALIAS_TWICE, output->expression->location, output->name);
    }
    for (size_t i = 0; i < query->output_count; i++)
        if (!query->outputs[i].has_alias)
            query->outputs[i].name = made_name(context->arena, query, i);
    return RESULT_OK;
}

static bool order_by_name(const struct query *query, const struct expression *expression, size_t *ret_output)
{
    if (expression->kind != EXPRESSION_COLUMN || expression->qualifier != NULL)
        return false;
    for (size_t i = 0; i < query->output_count; i++)
        if (strcasecmp(query->outputs[i].name, expression->name) == 0) {
            *ret_output = i;
            return true;
        }
    return false;
}

static enum result place_order(struct guard_context *context, struct query *query, struct query_order *order)
{
    struct expression *expression = order->expression;
    if (expression->kind == EXPRESSION_CONSTANT && expression->type.kind == TYPE_INTEGER) {
        for (size_t i = 0; i < query->output_count; i++)
            if (strcmp(expression->text, arena_printf(context->arena, "%zu", i + 1)) == 0) {
                order->output = i;
                return RESULT_OK;
            }
        return guard_refuse(context, REASON_ORDER, expression->location, NULL);
    }
    if (order_by_name(query, expression, &order->output))
        return RESULT_OK;
    uint64_t aggregates = 0;
    size_t known = query->aggregate_count;
    struct expression *lifted;
    TRY(bind_expression(context, query, expression));
    TRY(lift(context, query, expression, &lifted, &aggregates));
    query->aggregate_count = known;
    for (size_t i = 0; i < query->output_count; i++)
        if (expression_equal(query->outputs[i].expression, lifted)) {
            order->output = i;
            return RESULT_OK;
        }
    return guard_refuse(context, REASON_ORDER, expression->location, NULL);
}

enum result bind_outputs(struct guard_context *context, struct query *query)
{
    /* one more than the limit, for an aggregate that only ORDER BY holds until it is refused */
    query->aggregates = arena_new_array(context->arena, struct expression *, LIMIT_QUERY_AGGREGATES + 1);
    for (size_t i = 0; i < query->group_count; i++)
        TRY(no_aggregate(context, query->groups[i]));
    if (query->where != NULL)
        TRY(no_aggregate(context, query->where));
    for (size_t i = 0; i < query->output_count; i++) {
        struct query_output *output = &query->outputs[i];
        TRY(lift(context, query, output->expression, &output->expression, &output->aggregates));
    }
    TRY(name_outputs(context, query));
    for (size_t i = 0; i < query->order_count; i++)
        TRY(place_order(context, query, &query->orders[i]));
    return RESULT_OK;
}
