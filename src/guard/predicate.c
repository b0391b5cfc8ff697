#include "guard/predicate.h"

#include "base/json.h"
#include "base/limits.h"
#include "guard/bind.h"
#include "guard/check_rules.h"
#include "guard/print_expression.h"
#include "guard/tree.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define SCORE_MAX ((int64_t)1000000000000000)

static bool has_column(const struct expression *expression)
{
    if (expression->kind == EXPRESSION_COLUMN)
        return true;
    for (size_t i = 0; i < expression->child_count; i++)
        if (has_column(expression->children[i]))
            return true;
    return false;
}

static enum result check_shape(const struct guard_context *context, const struct query *query)
{
    bool plain =
        query->output_count == 1 && query->group_count == 0 && query->order_count == 0 && query->limit == 0;
    if (!plain || query->table_count != 1)
        return guard_refuse(context, REASON_PREDICATE_SHAPE, LOCATION_NONE, NULL);
    return RESULT_OK;
}

static enum result check_kind(const struct guard_context *context, const struct query *query,
                              const struct predicate *predicate)
{
    const struct expression *expression = query->outputs[0].expression;
    if (query->tables[0].policy->kind != TABLE_RESOURCE)
        return guard_refuse(context, REASON_PREDICATE_TABLE, query->tables[0].location,
                            query->tables[0].name);
    bool condition = expression->type.kind == TYPE_BOOLEAN;
    if (predicate->kind == PREDICATE_VERIFICATION ? !condition : !type_is_number(expression->type))
        return guard_refuse(context, REASON_PREDICATE_TYPE, expression->location,
                            type_name(expression->type));
    if (query->aggregate_count > 0 && has_column(expression))
        return guard_refuse(context, REASON_PREDICATE_MIX, expression->location, NULL);
    return RESULT_OK;
}

/* The rules speak of places; a row's expression stands where an aggregate's argument would. */
static enum result check_as_query(const struct guard_context *context, const struct query *query)
{
    struct query seen = *query;
    struct expression over = {
        .kind = EXPRESSION_AGGREGATE, .aggregate = AGGREGATE_SUM, .location = LOCATION_NONE};
    struct expression *child = query->outputs[0].expression;
    struct expression *aggregates[1] = {&over};
    struct query_output none = {.name = "", .expression = NULL};
    struct expression constant = {.kind = EXPRESSION_CONSTANT, .location = LOCATION_NONE};
    if (query->aggregate_count == 0) {
        over.children = &child;
        over.child_count = 1;
        none.expression = &constant;
        seen.aggregates = aggregates;
        seen.aggregate_count = 1;
        seen.outputs = &none;
    }
    return check_rules(context, &seen);
}

static void print_source(struct writer *writer, const struct query *query)
{
    const struct policy_table *table = query->tables[0].policy;
    put(writer, "\nFROM ");
    put_name(writer, table->name);
    put(writer, " AS t0\nWHERE t0.");
    put_name(writer, table->subject);
    put(writer, " IS NOT NULL");
    if (query->where != NULL) {
        put(writer, " AND ");
        print_expression(writer, query->where);
    }
}

static void print_subject(struct writer *writer, const struct query *query)
{
    put(writer, "CAST(t0.");
    put_name(writer, query->tables[0].policy->subject);
    put(writer, " AS VARCHAR)");
}

/* SUM, AVG and COUNT over one subject's rows, each of them safe against overflow. */
static void print_aggregate(struct writer *writer, const struct query *query, size_t i)
{
    const struct expression *aggregate = query->aggregates[i];
    bool real = aggregate->type.kind == TYPE_REAL;
    switch (aggregate->aggregate) {
    case AGGREGATE_COUNT_ROWS:
        put(writer, "count(*)");
        return;
    case AGGREGATE_COUNT:
        put(writer, "count(");
        break;
    case AGGREGATE_SUM:
        put(writer, "sum(");
        break;
    case AGGREGATE_AVG:
        put(writer, "avg(");
        break;
    case AGGREGATE_COUNT_SUBJECTS:
    case AGGREGATE_COUNT_DISTINCT:
    case AGGREGATE_KIND_COUNT:
        put(writer, "count(DISTINCT ");
        break;
    }
    put(writer, "%s", real ? "CAST(" : "");
    print_expression(writer, aggregate->children[0]);
    put(writer, "%s)", real ? " AS DOUBLE)" : "");
}

static void print_value(struct writer *writer, const struct query *query, const struct predicate *predicate)
{
    if (predicate->kind == PREDICATE_VERIFICATION) {
        print_expression(writer, query->outputs[0].expression);
        return;
    }
    put(writer, "TRY_CAST(greatest(least(round(CAST(");
    print_expression(writer, query->outputs[0].expression);
    put(writer, " AS DOUBLE)), %lld), %lld) AS BIGINT)", (long long)predicate->most,
        (long long)predicate->least);
}

/* greatest() and least() pass over NULL and take NaN for a large number: what is not known must not become a
 * bound. */
static void print_known_value(struct writer *writer, const struct query *query,
                              const struct predicate *predicate)
{
    if (predicate->kind == PREDICATE_SCORE) {
        put(writer, "CASE WHEN isfinite(CAST(");
        print_expression(writer, query->outputs[0].expression);
        put(writer, " AS DOUBLE)) THEN ");
    }
    print_value(writer, query, predicate);
    put(writer, "%s", predicate->kind == PREDICATE_SCORE ? " END" : "");
}

static void print_by_row(struct writer *writer, const struct query *query, const struct predicate *predicate)
{
    put(writer, "SELECT ");
    print_subject(writer, query);
    put(writer, " AS \"subject\", %s(", predicate->kind == PREDICATE_VERIFICATION ? "bool_or" : "max");
    print_known_value(writer, query, predicate);
    put(writer, ") AS \"value\"");
    print_source(writer, query);
    put(writer, "\nGROUP BY 1");
}

static void print_by_subject(struct writer *writer, const struct query *query,
                             const struct predicate *predicate)
{
    put(writer, "SELECT subject AS \"subject\", ");
    print_known_value(writer, query, predicate);
    put(writer, " AS \"value\"\nFROM (SELECT ");
    print_subject(writer, query);
    put(writer, " AS subject");
    for (size_t i = 0; i < query->aggregate_count; i++) {
        put(writer, ", ");
        print_aggregate(writer, query, i);
        put(writer, " AS a%zu", i);
    }
    print_source(writer, query);
    put(writer, "\nGROUP BY 1) AS subjects");
}

static void need_subject(struct query *query)
{
    struct query_table *table = &query->tables[0];
    for (size_t i = 0; i < table->policy->column_count; i++)
        if (strcasecmp(table->policy->columns[i].name, table->policy->subject) == 0)
            table->needed[i] = true;
}

enum result guard_check_predicate(struct arena *arena, const struct policy *policy,
                                  const struct predicate *predicate, const char *sql, const char *tree,
                                  struct guard_predicate *ret_predicate, struct refusal *ret_refusal)
{
    assert(predicate->kind == PREDICATE_VERIFICATION ||
           (predicate->least <= predicate->most && predicate->least >= -SCORE_MAX &&
            predicate->most <= SCORE_MAX));
    struct guard_context context = {.arena = arena, .policy = policy, .sql = sql, .refusal = ret_refusal};
    struct query query = {0};
    CLEANUP_JSON json_t *root = NULL;
    TRY(tree_parse(&context, tree, &root));
    TRY(tree_read(&context, root, &query));
    TRY(check_shape(&context, &query));
    TRY(bind_query(&context, &query));
    TRY(bind_outputs(&context, &query));
    TRY(check_kind(&context, &query, predicate));
    TRY(check_as_query(&context, &query));
    need_subject(&query);
    struct writer writer = {.arena = arena};
    if (query.aggregate_count > 0)
        print_by_subject(&writer, &query, predicate);
    else
        print_by_row(&writer, &query, predicate);
    if (writer.size > LIMIT_PRINTED_SQL_BYTES)
        return guard_refuse(&context, REASON_TOO_LARGE, LOCATION_NONE, NULL);
    *ret_predicate = (struct guard_predicate){
        .sql = writer.text,
        .query = query,
        .table = query.tables[0].policy->name,
        .subject = query.tables[0].policy->subject,
    };
    return RESULT_OK;
}
