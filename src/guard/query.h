/* A query as the guard understands it, and nothing else: what has no place in these structures cannot be
 * asked. It is read from the parser's tree (tree.c), bound to a policy (bind.c), checked (check.c) and
 * printed afresh for an engine (print.h). Everything lives in the arena of the request. */
#pragma once

#include "guard/policy.h"
#include "guard/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A byte offset in the SQL text; LOCATION_NONE where the tree holds none. */
#define LOCATION_NONE SIZE_MAX

enum expression_kind {
    EXPRESSION_COLUMN,
    EXPRESSION_CONSTANT,
    EXPRESSION_OPERATION, /* an operator or function of the allow-list, operation.h */
    EXPRESSION_CASE,      /* children: when, then, when, then, …, else */
    EXPRESSION_CAST,
    EXPRESSION_AGGREGATE, /* child: the argument; none for COUNT(*) */
    EXPRESSION_GROUP,     /* stands for groups[index], outside of aggregates */
    EXPRESSION_MEASURED   /* stands for aggregates[index] */
};

enum aggregate_kind {
    AGGREGATE_COUNT_ROWS, /* COUNT(*) */
    AGGREGATE_COUNT,      /* COUNT(x) */
    AGGREGATE_SUM,
    AGGREGATE_AVG,
    AGGREGATE_COUNT_SUBJECTS, /* COUNT(DISTINCT subject column of a resource) */
    AGGREGATE_COUNT_DISTINCT, /* COUNT(DISTINCT dimension) */
    AGGREGATE_KIND_COUNT
};

struct operation;

struct expression {
    enum expression_kind kind;
    size_t location;
    struct type type; /* known after binding */
    struct expression **children;
    size_t child_count;

    /* column */
    const char *qualifier; /* table name or alias as written, NULL */
    const char *name;
    size_t table; /* in query.tables, after binding */
    const struct policy_column *column;

    const char *text; /* constant: digits, text, "true", …; NULL for NULL. cast: the type's name */

    const struct operation *operation;
    enum aggregate_kind aggregate;
    bool distinct; /* as read, an aggregate over distinct values */
    size_t index;  /* group, measured */
};

/* An equality of an ON clause, bound. */
struct query_match {
    struct expression *left;
    struct expression *right;
};

struct query_table {
    const char *name; /* as written */
    const char *alias;
    size_t location;
    bool left_join; /* LEFT JOIN to those before it; otherwise inner. The first table is neither. */
    struct query_match *matches;
    size_t match_count;
    const struct policy_table *policy;
    bool *needed;    /* per policy column: the query reads it */
    size_t resource; /* ordinal among the resources of the query; meaningless for an import */
};

struct query_output {
    const char *name; /* the alias, or one made from the expression */
    bool has_alias;
    struct expression *expression; /* over EXPRESSION_GROUP, _MEASURED, constants and operations */
    uint64_t aggregates;           /* set of those it rests on */
};

enum query_nulls { NULLS_DEFAULT, NULLS_FIRST, NULLS_LAST };

struct query_order {
    struct expression *expression; /* as read */
    size_t output;
    bool descending;
    enum query_nulls nulls;
};

struct query {
    struct query_table *tables;
    size_t table_count;
    size_t resource_count;    /* tables of kind resource, all of them measured */
    struct expression *where; /* NULL for none */
    struct expression **groups;
    size_t group_count;
    struct expression **aggregates; /* each different one once */
    size_t aggregate_count;
    struct query_output *outputs;
    size_t output_count;
    struct query_order *orders;
    size_t order_count;
    int64_t limit; /* 0 for none */
};

/* Same meaning, column for column. */
bool expression_equal(const struct expression *a, const struct expression *b);

/* Nodes of the tree as it will be printed, where guards write an argument twice. Stops counting above
 * `most`. */
size_t expression_printed_nodes(const struct expression *expression, size_t most);

/* Whether any value of the expression can be below zero; true in doubt. */
bool expression_may_be_negative(const struct expression *expression);
