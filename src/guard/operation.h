/* The allow-list: every operator and function that a query may use, how its arguments are typed, and how it
 * is printed so that no row can make it fail. What is not in this table is refused. */
#pragma once

#include "base/arena.h"
#include "guard/query.h"

enum operation_rule {
    RULE_LOGIC,   /* AND OR NOT: booleans */
    RULE_COMPARE, /* two of one kind */
    RULE_BETWEEN,
    RULE_IN, /* first argument against constants */
    RULE_IS_NULL,
    RULE_LIKE,       /* text against a constant pattern */
    RULE_ARITHMETIC, /* + - * */
    RULE_NEGATE,
    RULE_DIVIDE,    /* NULL where the divisor is zero */
    RULE_MODULO,    /* // and % of integers */
    RULE_LOGARITHM, /* NULL where the argument is not above zero */
    RULE_ROOT,      /* NULL where the argument is below zero */
    RULE_REAL,      /* exp, power: doubles, never an error */
    RULE_ROUND,     /* round(x) and round(x, constant) */
    RULE_NUMBER,    /* abs floor ceil: the argument's type */
    RULE_COALESCE,  /* coalesce greatest least */
    RULE_NULLIF,
    RULE_DATE_TRUNC, /* ('month', moment) */
    RULE_DATE_PART,  /* year(moment) … */
    RULE_EXTRACT,    /* date_part('year', moment) */
    RULE_DATE_DIFF,  /* ('day', moment, moment) */
    RULE_SLICE /* substr(text, from[, length]), left(text, length), right(text, length) with constants */
};

struct operation {
    const char *tree;  /* function_name, or the type of a node that has none ("COMPARE_EQUAL") */
    const char *print; /* what DuckDB calls it */
    bool infix;
    enum operation_rule rule;
    size_t least; /* arguments */
    size_t most;
};

#define OPERATION_ARGUMENTS_ANY SIZE_MAX

/* A function or operator of a FUNCTION node; NULL when it is not on the list. */
const struct operation *operation_function(const char *name, size_t arguments);
/* An operation whose node has a class of its own: "COMPARE_EQUAL", "CONJUNCTION_AND", "OPERATOR_NOT", … */
const struct operation *operation_node(const char *type);

/* "abs, ceil, …" for the refusal of a function that is not here. */
const char *operation_names(struct arena *arena);

/* Types `expression` from its children. NULL when they fit, otherwise what it wants, in English; *ret_zh
 * then holds the same in Chinese. */
const char *operation_type(struct expression *expression, const char **ret_zh);
