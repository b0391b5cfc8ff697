/* Selects within selects, from the inside:
 *   rows      per row: group expressions g, buckets k of each resource, arguments x of the aggregates
 *   cells     per group and bucket: partial sums p, sizes m, counts c; with several resources one grouping
 * set for each, told apart by s measured  per group: values a put together from partials, occupied buckets n,
 * totals t, two largest l outside   the developer's expressions, then the measurements; ORDER BY and LIMIT A
 * COUNT(DISTINCT dimension) has its values among the keys of the cells, and `answers` between these and
 * `measured`: per group and value, the set of buckets behind it. */
#include "guard/print.h"

#include "base/limits.h"
#include "guard/print_expression.h"

#include <string.h>

#define BUCKETS 64

static bool is_exact_sum(const struct expression *aggregate)
{
    struct type type = aggregate->children[0]->type;
    return type.kind != TYPE_REAL && type.width <= 27;
}

static bool is_sum(const struct expression *aggregate)
{
    return aggregate->aggregate == AGGREGATE_SUM || aggregate->aggregate == AGGREGATE_AVG;
}

/* The sizes are summed apart from the values only where a value may be below zero. */
static bool has_own_sizes(const struct expression *aggregate)
{
    return is_sum(aggregate) && expression_may_be_negative(aggregate->children[0]);
}

static bool counts_values(const struct query *query)
{
    return query->aggregate_count == 1 && query->aggregates[0]->aggregate == AGGREGATE_COUNT_DISTINCT;
}

static const struct query_table *resource_table(const struct query *query, size_t resource, size_t *ret_index)
{
    size_t i = 0;
    while (query->tables[i].policy->kind != TABLE_RESOURCE || query->tables[i].resource != resource)
        i++;
    if (ret_index != NULL)
        *ret_index = i;
    return &query->tables[i];
}

static bool may_be_absent(const struct query *query, size_t resource)
{
    return resource_table(query, resource, NULL)->left_join;
}

/* ---- rows ---- */

/* 0 … 63. A row without a subject has NULL, as a bucket of its own; where a left join may find no row at all,
 * that is NULL and a row without a subject 64. */
static void print_bucket(struct writer *writer, const struct query *query, size_t resource)
{
    size_t index;
    const struct query_table *table = resource_table(query, resource, &index);
    if (table->left_join) {
        put(writer, "CASE WHEN ");
        print_expression(writer, table->matches[0].right);
        put(writer, " IS NOT NULL THEN coalesce(");
    }
    put(writer, "t%zu.", index);
    put_name(writer, table->policy->subject_bucket);
    if (table->left_join)
        put(writer, ", %d) END", BUCKETS);
}

static void print_from(struct writer *writer, const struct query *query)
{
    for (size_t i = 0; i < query->table_count; i++) {
        const struct query_table *table = &query->tables[i];
        put(writer, "%s", i == 0 ? "\nFROM " : table->left_join ? " LEFT JOIN " : " JOIN ");
        put_name(writer, table->policy->name);
        put(writer, " AS t%zu", i);
        for (size_t j = 0; j < table->match_count; j++) {
            put(writer, "%s", j == 0 ? " ON (" : " AND ");
            print_expression(writer, table->matches[j].left);
            put(writer, " = ");
            print_expression(writer, table->matches[j].right);
        }
        put(writer, "%s", i > 0 ? ")" : "");
    }
    if (query->where != NULL) {
        put(writer, "\nWHERE ");
        print_expression(writer, query->where);
    }
}

static void print_argument(struct writer *writer, const struct query *query,
                           const struct expression *aggregate)
{
    const struct expression *argument = aggregate->children[0];
    bool as_double = is_sum(aggregate) && !is_exact_sum(aggregate);
    if (aggregate->aggregate == AGGREGATE_COUNT_SUBJECTS) {
        put(writer, "t%zu.", argument->table);
        put_name(writer, query->tables[argument->table].policy->subject_token);
        return;
    }
    put(writer, "%s", as_double ? "CAST(" : "");
    print_expression(writer, argument);
    put(writer, "%s", as_double ? " AS DOUBLE)" : "");
}

static void print_rows(struct writer *writer, const struct query *query)
{
    put(writer, "SELECT 1 AS one");
    for (size_t i = 0; i < query->group_count; i++) {
        put(writer, ", ");
        print_expression(writer, query->groups[i]);
        put(writer, " AS g%zu", i);
    }
    for (size_t r = 0; r < query->resource_count; r++) {
        put(writer, ", ");
        print_bucket(writer, query, r);
        put(writer, " AS k%zu", r);
    }
    for (size_t i = 0; i < query->aggregate_count; i++) {
        if (query->aggregates[i]->child_count == 0)
            continue;
        put(writer, ", ");
        print_argument(writer, query, query->aggregates[i]);
        put(writer, " AS x%zu", i);
    }
    print_from(writer, query);
}

/* ---- cells ---- */

static void print_partial(struct writer *writer, const struct expression *aggregate, size_t i)
{
    switch (aggregate->aggregate) {
    case AGGREGATE_COUNT_ROWS:
        put(writer, ", count(*) AS p%zu", i);
        break;
    case AGGREGATE_COUNT:
        put(writer, ", count(x%zu) AS p%zu", i, i);
        break;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG:
        put(writer, ", sum(x%zu) AS p%zu", i, i);
        if (has_own_sizes(aggregate))
            put(writer, ", sum(abs(CAST(x%zu AS DOUBLE))) AS m%zu", i, i);
        if (aggregate->aggregate == AGGREGATE_AVG)
            put(writer, ", count(x%zu) AS c%zu", i, i);
        break;
    case AGGREGATE_COUNT_SUBJECTS:
        put(writer, ", count(DISTINCT x%zu) AS p%zu", i, i);
        break;
    case AGGREGATE_COUNT_DISTINCT:
    case AGGREGATE_KIND_COUNT:
        break;
    }
}

/* "g0, g1, " */
static void print_groups(struct writer *writer, const struct query *query)
{
    for (size_t i = 0; i < query->group_count; i++)
        put(writer, "g%zu, ", i);
}

/* "GROUP BY 1, 2, …" */
static void print_group_by(struct writer *writer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(writer, "%s%zu", i == 0 ? "\nGROUP BY " : ", ", i + 1);
}

static void print_grouping_sets(struct writer *writer, const struct query *query)
{
    put(writer, "\nGROUP BY GROUPING SETS (");
    for (size_t r = 0; r < query->resource_count; r++) {
        put(writer, "%s(", r > 0 ? ", " : "");
        print_groups(writer, query);
        put(writer, "k%zu)", r);
    }
    put(writer, ")");
}

static void print_cells(struct writer *writer, const struct query *query)
{
    bool values = counts_values(query);
    bool sets = !values && query->resource_count > 1;
    put(writer, "SELECT ");
    print_groups(writer, query);
    for (size_t r = 0; r < query->resource_count; r++)
        put(writer, "k%zu, ", r);
    put(writer, "%scount(*) AS rows", values ? "x0, " : "");
    for (size_t r = 0; sets && r < query->resource_count; r++)
        put(writer, ", grouping(k%zu) AS s%zu", r, r);
    for (size_t i = 0; i < query->aggregate_count; i++)
        print_partial(writer, query->aggregates[i], i);
    put(writer, "\nFROM (");
    print_rows(writer, query);
    put(writer, ") AS rows");
    if (sets)
        print_grouping_sets(writer, query);
    else
        print_group_by(writer, query->group_count + query->resource_count + (values ? 1 : 0));
}

/* ---- measured ---- */

/* FILTER over the rows that belong to resource r's set, with `more` as a further condition. */
static void print_filter(struct writer *writer, const struct query *query, size_t r, const char *more)
{
    bool several = query->resource_count > 1;
    if (!several && *more == '\0')
        return;
    put(writer, " FILTER (WHERE ");
    if (several)
        put(writer, "s%zu = 0%s", r, *more != '\0' ? " AND " : "");
    put(writer, "%s)", more);
}

static void print_value(struct writer *writer, const struct query *query, size_t i)
{
    const struct expression *aggregate = query->aggregates[i];
    bool average = aggregate->aggregate == AGGREGATE_AVG;
    bool count = !is_sum(aggregate);
    put(writer, ", %ssum(p%zu)", average ? "CAST(" : count ? "CAST(coalesce(" : "", i);
    print_filter(writer, query, 0, "");
    if (average) {
        put(writer, " AS DOUBLE) / nullif(CAST(sum(c%zu)", i);
        print_filter(writer, query, 0, "");
        put(writer, " AS DOUBLE), 0)");
    } else if (count) {
        put(writer, ", 0) AS BIGINT)");
    }
    put(writer, " AS a%zu", i);
}

static void print_measure(struct writer *writer, const struct query *query, size_t r, size_t i)
{
    struct arena *arena = writer->arena;
    const char *size = arena_printf(arena, "%c%zu", has_own_sizes(query->aggregates[i]) ? 'm' : 'p', i);
    const char *present = may_be_absent(query, r) ? arena_printf(arena, "k%zu IS NOT NULL", r) : "";
    put(writer, ", count(*)");
    print_filter(writer, query, r, arena_printf(arena, "k%zu < %d AND %s > 0", r, BUCKETS, size));
    put(writer, " AS n%zu_%zu, sum(%s)", r, i, size);
    print_filter(writer, query, r, present);
    put(writer, " AS t%zu_%zu, max(%s, 2)", r, i, size);
    print_filter(writer, query, r, present);
    put(writer, " AS l%zu_%zu", r, i);
}

static void print_measured(struct writer *writer, const struct query *query)
{
    put(writer, "SELECT ");
    print_groups(writer, query);
    put(writer, "count(*) AS cells");
    for (size_t r = 0; r < query->resource_count; r++) {
        put(writer, ", count(*)");
        print_filter(writer, query, r, arena_printf(writer->arena, "k%zu < %d", r, BUCKETS));
        put(writer, " AS n%zu", r);
    }
    for (size_t i = 0; i < query->aggregate_count; i++) {
        print_value(writer, query, i);
        for (size_t r = 0; r < query->resource_count; r++)
            print_measure(writer, query, r, i);
    }
    put(writer, "\nFROM (");
    print_cells(writer, query);
    put(writer, ") AS cells");
    print_group_by(writer, query->group_count);
}

/* ---- COUNT(DISTINCT dimension) ---- */

static void print_answers(struct writer *writer, const struct query *query)
{
    put(writer, "SELECT ");
    print_groups(writer, query);
    put(writer, "x0");
    for (size_t r = 0; r < query->resource_count; r++)
        put(writer,
            ", bit_or(CASE WHEN k%zu < %d THEN CAST(1 AS UBIGINT) << CAST(k%zu AS UBIGINT) END) AS o%zu", r,
            BUCKETS, r, r);
    put(writer, "\nFROM (");
    print_cells(writer, query);
    put(writer, ") AS cells");
    print_group_by(writer, query->group_count + 1);
}

static void print_measured_values(struct writer *writer, const struct query *query)
{
    put(writer, "SELECT ");
    print_groups(writer, query);
    put(writer, "count(x0) AS a0");
    for (size_t r = 0; r < query->resource_count; r++) {
        put(writer, ", coalesce(bit_count(bit_or(o%zu)), 0) AS n%zu", r, r);
        put(writer,
            ", coalesce(min(coalesce(bit_count(o%zu), 0)) FILTER (WHERE x0 IS NOT NULL), 0) AS n%zu_0", r, r);
    }
    put(writer, "\nFROM (");
    print_answers(writer, query);
    put(writer, ") AS answers");
    print_group_by(writer, query->group_count);
}

/* ---- outside ---- */

static void print_measurements(struct writer *writer, const struct query *query)
{
    bool values = counts_values(query);
    for (size_t r = 0; r < query->resource_count; r++)
        put(writer, ", CAST(n%zu AS BIGINT) AS \"__n_%zu\"", r, r);
    for (size_t i = 0; i < query->aggregate_count; i++)
        for (size_t r = 0; r < query->resource_count; r++) {
            put(writer, ", CAST(n%zu_%zu AS BIGINT) AS \"__n_%zu_%zu\"", r, i, r, i);
            if (values) {
                put(writer, ", CAST(NULL AS DOUBLE) AS \"__t_%zu_%zu\"", r, i);
                put(writer, ", CAST(NULL AS DOUBLE) AS \"__b1_%zu_%zu\"", r, i);
                put(writer, ", CAST(NULL AS DOUBLE) AS \"__b2_%zu_%zu\"", r, i);
                continue;
            }
            put(writer, ", coalesce(CAST(t%zu_%zu AS DOUBLE), 0) AS \"__t_%zu_%zu\"", r, i, r, i);
            for (int b = 1; b <= 2; b++)
                put(writer, ", coalesce(CAST(list_extract(l%zu_%zu, %d) AS DOUBLE), 0) AS \"__b%d_%zu_%zu\"",
                    r, i, b, b, r, i);
        }
}

static void print_order(struct writer *writer, const struct query *query)
{
    static const char *const nulls[] = {
        [NULLS_DEFAULT] = "", [NULLS_FIRST] = " NULLS FIRST", [NULLS_LAST] = " NULLS LAST"};
    for (size_t i = 0; i < query->order_count; i++)
        put(writer, "%s%zu%s%s", i == 0 ? "\nORDER BY " : ", ", query->orders[i].output + 1,
            query->orders[i].descending ? " DESC" : "", nulls[query->orders[i].nulls]);
    if (query->limit > 0)
        put(writer, "\nLIMIT %lld", (long long)query->limit);
}

static void print_query(struct writer *writer, const struct query *query)
{
    put(writer, "SELECT ");
    for (size_t i = 0; i < query->output_count; i++) {
        put(writer, "%s", i > 0 ? ", " : "");
        print_expression(writer, query->outputs[i].expression);
        put(writer, " AS ");
        put_name(writer, query->outputs[i].name);
    }
    print_measurements(writer, query);
    put(writer, "\nFROM (");
    if (counts_values(query))
        print_measured_values(writer, query);
    else
        print_measured(writer, query);
    put(writer, ") AS measured");
    print_order(writer, query);
}

/* A branch that adds no weight of its own: a column, NULL, 0 or 1. */
static bool is_plain(const struct expression *expression)
{
    if (expression->kind == EXPRESSION_COLUMN)
        return true;
    if (expression->kind != EXPRESSION_CONSTANT)
        return false;
    return expression->text == NULL || strcmp(expression->text, "0") == 0 ||
           strcmp(expression->text, "1") == 0;
}

static bool is_weighted(const struct expression *aggregate)
{
    if (!is_sum(aggregate))
        return false;
    const struct expression *argument = aggregate->children[0];
    if (argument->kind != EXPRESSION_CASE)
        return !is_plain(argument);
    for (size_t i = 1; i < argument->child_count; i += 2)
        if (!is_plain(argument->children[i]))
            return true;
    return !is_plain(argument->children[argument->child_count - 1]);
}

static bool reads_import(const struct query *query, const struct expression *expression)
{
    if (expression->kind == EXPRESSION_COLUMN)
        return query->tables[expression->table].policy->kind == TABLE_IMPORT;
    for (size_t i = 0; i < expression->child_count; i++)
        if (reads_import(query, expression->children[i]))
            return true;
    return false;
}

static void make_plan(struct arena *arena, const struct query *query, struct release_plan *plan)
{
    struct release_output *outputs = arena_new_array(arena, struct release_output, query->output_count);
    const char **resources = arena_new_array(arena, const char *, query->resource_count);
    for (size_t i = 0; i < query->output_count; i++)
        outputs[i] = (struct release_output){.name = query->outputs[i].name,
                                             .type = query->outputs[i].expression->type,
                                             .aggregates = query->outputs[i].aggregates};
    for (size_t r = 0; r < query->resource_count; r++)
        resources[r] = resource_table(query, r, NULL)->policy->name;
    *plan = (struct release_plan){
        .outputs = outputs,
        .output_count = query->output_count,
        .resources = resources,
        .resource_count = query->resource_count,
        .aggregate_count = query->aggregate_count,
    };
    for (size_t i = 0; i < query->aggregate_count; i++) {
        plan->weighted |= (uint64_t)is_weighted(query->aggregates[i]) << i;
        plan->own |= (uint64_t)reads_import(query, query->aggregates[i]) << i;
    }
    plan->column_count = release_measure_column(plan, query->aggregate_count, 0);
}

/* DuckDB's states: a count 8, a sum of doubles 16, one of whole numbers 24. */
static size_t group_bytes(const struct query *query)
{
    size_t bytes = 8;
    for (size_t i = 0; i < query->aggregate_count; i++) {
        const struct expression *aggregate = query->aggregates[i];
        bytes += !is_sum(aggregate) ? 8 : is_exact_sum(aggregate) ? 24 : 16;
        bytes += has_own_sizes(aggregate) ? 16 : 0;
        bytes += aggregate->aggregate == AGGREGATE_AVG ? 8 : 0;
    }
    return bytes;
}

enum result guard_print_duckdb(struct arena *arena, const struct query *query,
                               struct guard_printed *ret_printed)
{
    struct writer writer = {.arena = arena};
    print_query(&writer, query);
    if (writer.size > LIMIT_PRINTED_SQL_BYTES)
        return RESULT_TOO_LARGE;
    ret_printed->sql = writer.text;
    ret_printed->group_bytes = group_bytes(query);
    make_plan(arena, query, &ret_printed->plan);
    return RESULT_OK;
}
