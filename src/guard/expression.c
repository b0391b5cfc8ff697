#include "guard/operation.h"
#include "guard/query.h"

#include <string.h>
#include <strings.h>

static bool text_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool node_equal(const struct expression *a, const struct expression *b)
{
    switch (a->kind) {
    case EXPRESSION_COLUMN:
        return a->table == b->table && a->column == b->column;
    case EXPRESSION_CONSTANT:
        return a->type.kind == b->type.kind && text_same(a->text, b->text);
    case EXPRESSION_OPERATION:
        return a->operation == b->operation;
    case EXPRESSION_CASE:
        return true;
    case EXPRESSION_CAST:
        return text_same(a->text, b->text);
    case EXPRESSION_AGGREGATE:
        return a->aggregate == b->aggregate;
    case EXPRESSION_GROUP:
    case EXPRESSION_MEASURED:
        return a->index == b->index;
    }
    return false;
}

bool expression_equal(const struct expression *a, const struct expression *b)
{
    if (a->kind != b->kind || a->child_count != b->child_count || !node_equal(a, b))
        return false;
    for (size_t i = 0; i < a->child_count; i++)
        if (!expression_equal(a->children[i], b->children[i]))
            return false;
    return true;
}

/* How often child `i` is written: x / y guards y, ln(x) and sqrt(x) guard x, nullif(x, y) is a macro. */
static size_t written(const struct expression *expression, size_t i)
{
    if (expression->kind != EXPRESSION_OPERATION)
        return 1;
    switch (expression->operation->rule) {
    case RULE_DIVIDE:
        return i == 1 ? 2 : 1;
    case RULE_LOGARITHM:
    case RULE_ROOT:
    case RULE_NULLIF:
        return i == 0 ? 2 : 1;
    case RULE_LOGIC:
    case RULE_COMPARE:
    case RULE_BETWEEN:
    case RULE_IN:
    case RULE_IS_NULL:
    case RULE_LIKE:
    case RULE_ARITHMETIC:
    case RULE_NEGATE:
    case RULE_MODULO:
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
    return 1;
}

size_t expression_printed_nodes(const struct expression *expression, size_t most)
{
    size_t count = 1;
    for (size_t i = 0; i < expression->child_count && count <= most; i++)
        count += written(expression, i) * expression_printed_nodes(expression->children[i], most);
    return count;
}

static bool any_negative(const struct expression *expression, size_t from, size_t step)
{
    for (size_t i = from; i < expression->child_count; i += step)
        if (expression_may_be_negative(expression->children[i]))
            return true;
    return false;
}

static bool operation_may_be_negative(const struct expression *expression)
{
    const char *name = expression->operation->print;
    switch (expression->operation->rule) {
    case RULE_ARITHMETIC:
        return name[0] == '-' || any_negative(expression, 0, 1);
    case RULE_NUMBER:
        return strcmp(name, "abs") != 0 && any_negative(expression, 0, 1);
    case RULE_DIVIDE:
    case RULE_MODULO:
    case RULE_COALESCE:
        return any_negative(expression, 0, 1);
    case RULE_ROUND:
    case RULE_NULLIF:
        return expression_may_be_negative(expression->children[0]);
    case RULE_ROOT:
        return false;
    case RULE_REAL:
        return strcmp(name, "exp") != 0 && any_negative(expression, 0, 1);
    case RULE_LOGIC:
    case RULE_COMPARE:
    case RULE_BETWEEN:
    case RULE_IN:
    case RULE_IS_NULL:
    case RULE_LIKE:
    case RULE_NEGATE:
    case RULE_LOGARITHM:
    case RULE_DATE_TRUNC:
    case RULE_DATE_PART:
    case RULE_EXTRACT:
    case RULE_DATE_DIFF:
    case RULE_SLICE:
        break;
    }
    return true;
}

bool expression_may_be_negative(const struct expression *expression)
{
    switch (expression->kind) {
    case EXPRESSION_COLUMN:
        return !expression->column->non_negative;
    case EXPRESSION_CONSTANT:
        return expression->text != NULL && expression->text[0] == '-';
    case EXPRESSION_OPERATION:
        return operation_may_be_negative(expression);
    case EXPRESSION_CASE:
        return any_negative(expression, 1, 2) ||
               expression_may_be_negative(expression->children[expression->child_count - 1]);
    case EXPRESSION_CAST:
        return !type_is_number(expression->type) || !type_is_number(expression->children[0]->type) ||
               expression_may_be_negative(expression->children[0]);
    case EXPRESSION_AGGREGATE:
    case EXPRESSION_GROUP:
    case EXPRESSION_MEASURED:
        break;
    }
    return true;
}
