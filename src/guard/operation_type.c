#include "guard/operation.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REFUSE(zh, en)                                                                                       \
    do {                                                                                                     \
        *ret_zh = (zh);                                                                                      \
        return (en);                                                                                         \
    } while (0)

static struct type child_type(const struct expression *expression, size_t i)
{
    return expression->children[i]->type;
}

static bool number_or_null(struct type type)
{
    return type_is_number(type) || type.kind == TYPE_NULL;
}

static bool moment_or_null(struct type type)
{
    return type_is_moment(type) || type.kind == TYPE_NULL;
}

/* Text that stands against a date is read as one when it is a constant. */
static bool comparable(const struct expression *a, const struct expression *b)
{
    struct type both;
    if (type_unify(a->type, b->type, &both))
        return true;
    if (type_is_moment(a->type) && b->type.kind == TYPE_TEXT && b->kind == EXPRESSION_CONSTANT)
        return true;
    return type_is_moment(b->type) && a->type.kind == TYPE_TEXT && a->kind == EXPRESSION_CONSTANT;
}

static const char *type_compare(struct expression *expression, const char **ret_zh)
{
    expression->type = (struct type){TYPE_BOOLEAN};
    for (size_t i = 1; i < expression->child_count; i++) {
        if (!comparable(expression->children[0], expression->children[i]))
            REFUSE("只能比较同类的值：数与数、文本与文本、日期与日期",
                   "compare like with like: numbers with numbers, "
                   "text with text, dates with dates");
        if (expression->operation->rule == RULE_IN && expression->children[i]->kind != EXPRESSION_CONSTANT &&
            expression->children[i]->kind != EXPRESSION_CAST)
            REFUSE("IN 的列表只能是常量", "the list of IN holds constants only");
    }
    return NULL;
}

static const char *type_logic(struct expression *expression, const char **ret_zh)
{
    expression->type = (struct type){TYPE_BOOLEAN};
    for (size_t i = 0; i < expression->child_count; i++)
        if (child_type(expression, i).kind != TYPE_BOOLEAN && child_type(expression, i).kind != TYPE_NULL)
            REFUSE("AND、OR、NOT 只接受条件", "AND, OR and NOT take conditions");
    return NULL;
}

static const char *type_like(struct expression *expression, const char **ret_zh)
{
    const struct expression *pattern = expression->children[1];
    expression->type = (struct type){TYPE_BOOLEAN};
    size_t wild = 0;
    for (const char *at = pattern->text; pattern->kind == EXPRESSION_CONSTANT && at != NULL && *at != '\0';
         at++)
        wild += *at == '%';
    if (child_type(expression, 0).kind != TYPE_TEXT || pattern->kind != EXPRESSION_CONSTANT ||
        pattern->type.kind != TYPE_TEXT || wild > 3)
        REFUSE("LIKE 只能用常量模式（至多三个 %）比较文本",
               "LIKE compares text with a constant pattern that has at "
               "most three %");
    return NULL;
}

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

#define DECIMAL_64_WIDTH 18

/* DuckDB's own rules: a product of two that fit 64 bits is kept in 64 bits. Upper bounds suffice here. */
static struct type decimal_result(const struct expression *expression, struct type a, struct type b,
                                  const char **ret_en)
{
    bool product = expression->operation->print[0] == '*';
    int scale = product ? a.scale + b.scale : (a.scale > b.scale ? a.scale : b.scale);
    int whole_a = a.width - a.scale;
    int whole_b = b.width - b.scale;
    int width = product ? a.width + b.width : (whole_a > whole_b ? whole_a : whole_b) + scale + 1;
    if (scale > TYPE_WIDTH_MAX)
        *ret_en = "too many decimal places: cast one side to DOUBLE";
    bool in_64_bits = a.width <= DECIMAL_64_WIDTH && b.width <= DECIMAL_64_WIDTH;
    return (struct type){TYPE_DECIMAL, least_of(width, in_64_bits ? DECIMAL_64_WIDTH : TYPE_WIDTH_MAX),
                         scale};
}

static const char *type_arithmetic(struct expression *expression, const char **ret_zh)
{
    struct type a = child_type(expression, 0);
    struct type b = child_type(expression, 1);
    char sign = expression->operation->print[0];
    if (a.kind == TYPE_DATE && b.kind == TYPE_DATE && sign == '-') {
        expression->type = (struct type){TYPE_INTEGER, TYPE_WIDTH_BIGINT};
        return NULL;
    }
    if (a.kind == TYPE_DATE && b.kind == TYPE_INTEGER && sign != '*') {
        expression->type = (struct type){TYPE_DATE};
        return NULL;
    }
    if (!number_or_null(a) || !number_or_null(b))
        REFUSE("+ - * 只接受数，或日期加减天数", "+ - * take numbers, or a date and a number of days");
    struct type both;
    const char *en = NULL;
    (void)type_unify(a, b, &both);
    if (both.kind == TYPE_DECIMAL && a.kind != TYPE_NULL && b.kind != TYPE_NULL)
        both = decimal_result(expression, a, b, &en);
    if (both.kind == TYPE_NULL || (both.kind == TYPE_INTEGER && both.width < TYPE_WIDTH_BIGINT))
        both = (struct type){TYPE_INTEGER, TYPE_WIDTH_BIGINT};
    expression->type = both;
    *ret_zh = "小数位数过多，请先转换为 DOUBLE";
    return en;
}

static const char *type_numbers(struct expression *expression, struct type result, const char **ret_zh)
{
    for (size_t i = 0; i < expression->child_count; i++)
        if (!number_or_null(child_type(expression, i)))
            REFUSE("此处只接受数", "only numbers fit here");
    expression->type = result;
    return NULL;
}

static const char *type_modulo(struct expression *expression, const char **ret_zh)
{
    for (size_t i = 0; i < 2; i++)
        if (child_type(expression, i).kind != TYPE_INTEGER && child_type(expression, i).kind != TYPE_NULL)
            REFUSE("// 与 % 只接受整数", "// and % take whole numbers");
    int width = child_type(expression, 0).width > child_type(expression, 1).width
                    ? child_type(expression, 0).width
                    : child_type(expression, 1).width;
    expression->type = (struct type){TYPE_INTEGER, width > TYPE_WIDTH_BIGINT ? width : TYPE_WIDTH_BIGINT};
    return NULL;
}

/* A small whole constant. */
static bool is_small(const struct expression *expression, long *ret_value)
{
    if (expression->kind != EXPRESSION_CONSTANT || expression->type.kind != TYPE_INTEGER)
        return false;
    *ret_value = strtol(expression->text, NULL, 10);
    return strlen(expression->text) <= 6;
}

static const char *type_round(struct expression *expression, const char **ret_zh)
{
    long places = 0;
    if (expression->child_count == 2 &&
        (!is_small(expression->children[1], &places) || places < -18 || places > 18))
        REFUSE("round 的第二个参数应为 -18 到 18 的整数常量",
               "the second argument of round is a constant from -18 to 18");
    struct type type = child_type(expression, 0);
    if (!number_or_null(type))
        REFUSE("round 只接受数", "round takes a number");
    if (type.kind == TYPE_DECIMAL)
        type.scale = places < 0 ? 0 : least_of(type.scale, (int)places);
    if (type.kind == TYPE_NULL)
        type.kind = TYPE_REAL;
    expression->type = type;
    return NULL;
}

static const char *type_coalesce(struct expression *expression, const char **ret_zh)
{
    struct type type = child_type(expression, 0);
    for (size_t i = 1; i < expression->child_count; i++)
        if (!type_unify(type, child_type(expression, i), &type))
            REFUSE("各参数须为同一类型", "the arguments are of one kind");
    if (type.kind == TYPE_OPAQUE)
        REFUSE("此类型只能计数", "values of this type can only be counted");
    expression->type = expression->operation->rule == RULE_NULLIF ? child_type(expression, 0) : type;
    return NULL;
}

static bool is_part(const struct expression *expression)
{
    static const char *const parts[] = {"year", "quarter", "month", "week", "day", NULL};
    if (expression->kind != EXPRESSION_CONSTANT || expression->type.kind != TYPE_TEXT)
        return false;
    for (size_t i = 0; parts[i] != NULL; i++)
        if (strcasecmp(parts[i], expression->text) == 0)
            return true;
    return false;
}

static const char *type_moment(struct expression *expression, size_t first, struct type result,
                               const char **ret_zh)
{
    if (first == 1 && !is_part(expression->children[0]))
        REFUSE("第一个参数应为 'year'、'quarter'、'month'、'week' 或 'day'",
               "the first argument is 'year', 'quarter', 'month', 'week' or 'day'");
    for (size_t i = first; i < expression->child_count; i++)
        if (!moment_or_null(child_type(expression, i)))
            REFUSE("此处只接受日期或时间", "only dates and times fit here");
    expression->type = result;
    return NULL;
}

static const char *type_slice(struct expression *expression, const char **ret_zh)
{
    long number;
    expression->type = (struct type){TYPE_TEXT};
    for (size_t i = 1; i < expression->child_count; i++)
        if (!is_small(expression->children[i], &number) || number < -10000 || number > 10000)
            REFUSE("位置与长度应为整数常量", "positions and lengths are whole constants");
    if (child_type(expression, 0).kind != TYPE_TEXT)
        REFUSE("此处只接受文本", "only text fits here");
    return NULL;
}

const char *operation_type(struct expression *expression, const char **ret_zh)
{
    const struct type real = {TYPE_REAL};
    const struct type whole = {TYPE_INTEGER, TYPE_WIDTH_BIGINT};
    switch (expression->operation->rule) {
    case RULE_LOGIC:
        return type_logic(expression, ret_zh);
    case RULE_COMPARE:
    case RULE_BETWEEN:
    case RULE_IN:
        return type_compare(expression, ret_zh);
    case RULE_IS_NULL:
        expression->type = (struct type){TYPE_BOOLEAN};
        return NULL;
    case RULE_LIKE:
        return type_like(expression, ret_zh);
    case RULE_ARITHMETIC:
        return type_arithmetic(expression, ret_zh);
    case RULE_DIVIDE:
    case RULE_LOGARITHM:
    case RULE_ROOT:
    case RULE_REAL:
        return type_numbers(expression, real, ret_zh);
    case RULE_NEGATE:
        return type_numbers(expression, child_type(expression, 0), ret_zh);
    case RULE_NUMBER: /* floor and ceil of a whole number are doubles in DuckDB */
        if (child_type(expression, 0).kind == TYPE_INTEGER &&
            strcmp(expression->operation->print, "abs") != 0)
            return type_numbers(expression, real, ret_zh);
        return type_numbers(expression, child_type(expression, 0), ret_zh);
    case RULE_MODULO:
        return type_modulo(expression, ret_zh);
    case RULE_ROUND:
        return type_round(expression, ret_zh);
    case RULE_COALESCE:
    case RULE_NULLIF:
        return type_coalesce(expression, ret_zh);
    case RULE_DATE_TRUNC:
        return type_moment(expression, 1, (struct type){TYPE_TIMESTAMP}, ret_zh);
    case RULE_DATE_PART:
        return type_moment(expression, 0, whole, ret_zh);
    case RULE_EXTRACT:
    case RULE_DATE_DIFF:
        return type_moment(expression, 1, whole, ret_zh);
    case RULE_SLICE:
        return type_slice(expression, ret_zh);
    }
    REFUSE("不支持", "this is not supported");
}
