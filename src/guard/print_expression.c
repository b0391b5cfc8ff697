#include "guard/print_expression.h"

#include "guard/operation.h"

#include <string.h>

static void print_node(struct writer *writer, const struct expression *expression, bool tried);

/* Fixed-point numbers of different shapes may not fit the common type that DuckDB chooses. Where one of the
 * numbers is a double all become doubles, and any fits: such a condition stays one that the scan can use. */
static bool mixes_exact(const struct expression *expression, size_t from, size_t step)
{
    bool exact = false;
    bool real = false;
    bool numbers = true;
    for (size_t i = from; i < expression->child_count; i += step) {
        struct type type = expression->children[i]->type;
        exact = exact || type.kind == TYPE_DECIMAL ||
                (type.kind == TYPE_INTEGER && type.width > TYPE_WIDTH_BIGINT);
        real = real || type.kind == TYPE_REAL;
        numbers = numbers && (type_is_number(type) || type.kind == TYPE_NULL);
    }
    return exact && !(real && numbers);
}

static bool operation_may_fail(const struct expression *expression)
{
    switch (expression->operation->rule) {
    case RULE_ARITHMETIC:
    case RULE_NEGATE:
    case RULE_NUMBER:
    case RULE_ROUND:
        return expression->type.kind != TYPE_REAL;
    case RULE_MODULO:
    case RULE_DATE_TRUNC:
    case RULE_DATE_PART:
    case RULE_EXTRACT:
    case RULE_DATE_DIFF:
        return true;
    case RULE_COMPARE:
    case RULE_BETWEEN:
    case RULE_IN:
    case RULE_COALESCE:
    case RULE_NULLIF:
        return mixes_exact(expression, 0, 1);
    case RULE_LOGIC:
    case RULE_IS_NULL:
    case RULE_LIKE:
    case RULE_DIVIDE:
    case RULE_LOGARITHM:
    case RULE_ROOT:
    case RULE_REAL:
    case RULE_SLICE:
        break;
    }
    return false;
}

static bool may_fail(const struct expression *expression)
{
    if (expression->kind == EXPRESSION_OPERATION)
        return operation_may_fail(expression);
    if (expression->kind != EXPRESSION_CASE)
        return false;
    return expression->type.kind == TYPE_DECIMAL || mixes_exact(expression, 1, 2);
}

/* NULL in any argument makes the whole NULL, so that one TRY around the whole is as good as one each. */
static bool is_strict(const struct expression *expression)
{
    if (expression->kind != EXPRESSION_OPERATION)
        return false;
    switch (expression->operation->rule) {
    case RULE_ARITHMETIC:
    case RULE_NEGATE:
    case RULE_NUMBER:
    case RULE_ROUND:
    case RULE_MODULO:
    case RULE_DIVIDE:
    case RULE_REAL:
    case RULE_LOGARITHM:
    case RULE_ROOT:
        return true;
    case RULE_LOGIC:
    case RULE_COMPARE:
    case RULE_BETWEEN:
    case RULE_IN:
    case RULE_IS_NULL:
    case RULE_LIKE:
    case RULE_COALESCE:
    case RULE_NULLIF:
    case RULE_DATE_TRUNC:
    case RULE_DATE_PART:
    case RULE_EXTRACT:
    case RULE_DATE_DIFF:
    case RULE_SLICE:
        break;
    }
    return false;
}

static void print_constant(struct writer *writer, const struct expression *expression)
{
    switch (expression->type.kind) {
    case TYPE_NULL:
        put(writer, "NULL");
        break;
    case TYPE_TEXT:
        put_literal(writer, expression->text);
        break;
    case TYPE_REAL:
        put(writer, "CAST(%s AS DOUBLE)", expression->text);
        break;
    case TYPE_BOOLEAN:
    case TYPE_INTEGER:
    case TYPE_DECIMAL:
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_OPAQUE:
        put(writer, "(%s)", expression->text);
        break;
    }
}

static bool is_whole_arithmetic(const struct expression *expression)
{
    return expression->kind == EXPRESSION_OPERATION && expression->type.kind == TYPE_INTEGER &&
           (expression->operation->rule == RULE_ARITHMETIC || expression->operation->rule == RULE_NEGATE ||
            expression->operation->rule == RULE_MODULO);
}

/* Whole numbers are computed in 64 bits (sums in 128), whatever the column's own width, and where the guard
 * expects a double it says so, since DuckDB might choose a fixed-point type that overflows. */
static void print_wide(struct writer *writer, const struct expression *parent, const struct expression *child,
                       bool tried)
{
    if (parent->type.kind == TYPE_REAL && child->type.kind != TYPE_REAL && type_is_number(child->type)) {
        put(writer, "CAST(");
        print_node(writer, child, tried);
        put(writer, " AS DOUBLE)");
        return;
    }
    bool narrow = parent->type.kind == TYPE_INTEGER && child->type.kind == TYPE_INTEGER &&
                  !(is_whole_arithmetic(child) && child->type.width == parent->type.width);
    if (!narrow) {
        print_node(writer, child, tried);
        return;
    }
    put(writer, "CAST(");
    print_node(writer, child, tried);
    put(writer, " AS %s)", parent->type.width > TYPE_WIDTH_BIGINT ? "HUGEINT" : "BIGINT");
}

static void print_double(struct writer *writer, const struct expression *parent,
                         const struct expression *child)
{
    if (parent->type.kind == TYPE_REAL)
        print_wide(writer, parent, child, false);
    else
        print_node(writer, child, false);
}

/* coalesce, greatest, least: every argument of the type of the whole */
static void print_choice(struct writer *writer, const struct expression *expression)
{
    put(writer, "%s(", expression->operation->print);
    for (size_t i = 0; i < expression->child_count; i++) {
        put(writer, "%s", i > 0 ? ", " : "");
        print_double(writer, expression, expression->children[i]);
    }
    put(writer, ")");
}

static void print_list(struct writer *writer, const struct expression *expression, const char *between,
                       bool tried)
{
    for (size_t i = 0; i < expression->child_count; i++) {
        put(writer, "%s", i > 0 ? between : "");
        print_node(writer, expression->children[i], tried);
    }
}

static void print_arithmetic(struct writer *writer, const struct expression *expression, bool tried)
{
    const struct expression *left = expression->children[0];
    const struct expression *right = expression->children[1];
    put(writer, "(");
    print_wide(writer, expression, left, tried);
    put(writer, " %s ", expression->operation->print);
    if (expression->type.kind == TYPE_DATE) {
        put(writer, "TRY_CAST(");
        print_node(writer, right, tried);
        put(writer, " AS INTEGER)");
    } else {
        print_wide(writer, expression, right, tried);
    }
    put(writer, ")");
}

/* Text against a date is read as a date. */
static void print_compared(struct writer *writer, const struct expression *expression, size_t i)
{
    const struct expression *child = expression->children[i];
    const struct expression *other = expression->children[i == 0 ? 1 : 0];
    bool moment = child->type.kind == TYPE_TEXT && type_is_moment(other->type);
    put(writer, "%s", moment ? "TRY_CAST(" : "");
    print_node(writer, child, false);
    if (moment)
        put(writer, " AS %s)", type_name(other->type));
}

static void print_comparison(struct writer *writer, const struct expression *expression)
{
    put(writer, "(");
    print_compared(writer, expression, 0);
    put(writer, " %s ", expression->operation->print);
    if (expression->operation->rule == RULE_BETWEEN) {
        print_compared(writer, expression, 1);
        put(writer, " AND ");
        print_compared(writer, expression, 2);
    } else if (expression->operation->rule == RULE_IN) {
        put(writer, "(");
        for (size_t i = 1; i < expression->child_count; i++) {
            put(writer, "%s", i > 1 ? ", " : "");
            print_compared(writer, expression, i);
        }
        put(writer, ")");
    } else {
        print_compared(writer, expression, 1);
    }
    put(writer, ")");
}

static void print_function(struct writer *writer, const struct expression *expression, bool tried)
{
    put(writer, "%s(", expression->operation->print);
    print_list(writer, expression, ", ", tried);
    put(writer, ")");
}

/* CASE WHEN x > 0 THEN ln(x) END */
static void print_guarded(struct writer *writer, const struct expression *expression, const char *condition,
                          bool tried)
{
    put(writer, "CASE WHEN ");
    print_node(writer, expression->children[0], tried);
    put(writer, " %s THEN %s(CAST(", condition, expression->operation->print);
    print_node(writer, expression->children[0], tried);
    put(writer, " AS DOUBLE)) END");
}

static void print_operation(struct writer *writer, const struct expression *expression, bool tried)
{
    const struct expression *first = expression->children[0];
    switch (expression->operation->rule) {
    case RULE_LOGIC:
        put(writer, "(%s", expression->child_count == 1 ? "NOT " : "");
        print_list(writer, expression, strcmp(expression->operation->print, "AND") == 0 ? " AND " : " OR ",
                   false);
        put(writer, ")");
        break;
    case RULE_COMPARE:
    case RULE_BETWEEN:
    case RULE_IN:
    case RULE_LIKE:
        print_comparison(writer, expression);
        break;
    case RULE_IS_NULL:
        put(writer, "(");
        print_node(writer, first, false);
        put(writer, " %s)", expression->operation->print);
        break;
    case RULE_ARITHMETIC:
    case RULE_MODULO:
        print_arithmetic(writer, expression, tried);
        break;
    case RULE_NEGATE:
        put(writer, "(- ");
        print_wide(writer, expression, first, tried);
        put(writer, ")");
        break;
    case RULE_DIVIDE:
        put(writer, "(");
        print_node(writer, first, tried);
        put(writer, " / nullif(");
        print_node(writer, expression->children[1], tried);
        put(writer, ", 0))");
        break;
    case RULE_LOGARITHM:
        print_guarded(writer, expression, "> 0", tried);
        break;
    case RULE_ROOT:
        print_guarded(writer, expression, ">= 0", tried);
        break;
    case RULE_NUMBER:
    case RULE_ROUND:
        put(writer, "%s(", expression->operation->print);
        print_wide(writer, expression, first, tried);
        if (expression->child_count == 2)
            put(writer, ", %s", expression->children[1]->text);
        put(writer, ")");
        break;
    case RULE_REAL:
        print_function(writer, expression, tried);
        break;
    case RULE_COALESCE:
        print_choice(writer, expression);
        break;
    case RULE_SLICE:
    case RULE_NULLIF:
    case RULE_DATE_TRUNC:
    case RULE_DATE_PART:
    case RULE_EXTRACT:
    case RULE_DATE_DIFF:
        print_function(writer, expression, false);
        break;
    }
}

static void print_case(struct writer *writer, const struct expression *expression)
{
    put(writer, "CASE");
    for (size_t i = 0; i + 1 < expression->child_count; i += 2) {
        put(writer, " WHEN ");
        print_node(writer, expression->children[i], false);
        put(writer, " THEN ");
        print_double(writer, expression, expression->children[i + 1]);
    }
    put(writer, " ELSE ");
    print_double(writer, expression, expression->children[expression->child_count - 1]);
    put(writer, " END");
}

static void print_plain(struct writer *writer, const struct expression *expression, bool tried)
{
    switch (expression->kind) {
    case EXPRESSION_COLUMN:
        put(writer, "t%zu.", expression->table);
        put_name(writer, expression->column->name);
        break;
    case EXPRESSION_CONSTANT:
        print_constant(writer, expression);
        break;
    case EXPRESSION_OPERATION:
        print_operation(writer, expression, tried);
        break;
    case EXPRESSION_CASE:
        print_case(writer, expression);
        break;
    case EXPRESSION_CAST:
        put(writer, "TRY_CAST(");
        print_node(writer, expression->children[0], false);
        put(writer, " AS %s)", expression->text);
        break;
    case EXPRESSION_GROUP:
        put(writer, "g%zu", expression->index);
        break;
    case EXPRESSION_MEASURED:
    case EXPRESSION_AGGREGATE:
        put(writer, "a%zu", expression->index);
        break;
    }
}

static void print_node(struct writer *writer, const struct expression *expression, bool tried)
{
    bool own = !tried && may_fail(expression);
    bool inner = is_strict(expression) && (tried || own);
    put(writer, "%s", own ? "TRY(" : "");
    print_plain(writer, expression, inner);
    put(writer, "%s", own ? ")" : "");
}

void print_expression(struct writer *writer, const struct expression *expression)
{
    print_node(writer, expression, false);
}
