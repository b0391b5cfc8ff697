#include "base/limits.h"
#include "guard/operation.h"
#include "guard/tree.h"

#include <string.h>
#include <strings.h>

static enum result read_many(struct guard_context *context, const json_t *list, struct expression *parent)
{
    size_t count = json_array_size(list);
    parent->children = arena_new_array(context->arena, struct expression *, count);
    for (size_t i = 0; i < count; i++)
        TRY(tree_read_expression(context, json_array_get(list, i), &parent->children[i]));
    parent->child_count = count;
    return RESULT_OK;
}

static enum result read_members(struct guard_context *context, const json_t *node, const char *const *keys,
                                struct expression *parent)
{
    size_t count = 0;
    while (keys[count] != NULL)
        count++;
    parent->children = arena_new_array(context->arena, struct expression *, count);
    for (size_t i = 0; i < count; i++)
        TRY(tree_read_expression(context, json_object_get(node, keys[i]), &parent->children[i]));
    parent->child_count = count;
    return RESULT_OK;
}

static enum result read_column(struct guard_context *context, const json_t *node,
                               struct expression *expression)
{
    static const char *const known[] = {"class", "type", "alias", "query_location", "column_names", NULL};
    TRY(tree_only(context, node, known));
    const json_t *names = json_object_get(node, "column_names");
    size_t count = json_array_size(names);
    if (count < 1 || count > 2)
        return guard_refuse(context, REASON_COLUMN_QUALIFIED, expression->location, NULL);
    const char *last = json_string_value(json_array_get(names, count - 1));
    const char *first = json_string_value(json_array_get(names, 0));
    if (last == NULL || first == NULL)
        return guard_refuse(context, REASON_TREE_UNREADABLE, expression->location, NULL);
    expression->kind = EXPRESSION_COLUMN;
    expression->name = arena_strdup(context->arena, last);
    expression->qualifier = count == 2 ? arena_strdup(context->arena, first) : NULL;
    return RESULT_OK;
}

/* A type of the tree: its name, and width and scale where it is a decimal. What else there is to know of a
 * type, such as a collation, is refused. */
struct tree_type {
    const char *id;
    json_int_t width;
    json_int_t scale;
};

static enum result read_type(struct guard_context *context, const json_t *node, size_t location,
                             struct tree_type *ret_type)
{
    static const char *const known[] = {"id", "type_info", NULL};
    static const char *const known_plain[] = {"id", NULL};
    static const char *const known_decimal[] = {"type", "width", "scale", NULL};
    const char *id = tree_text(node, "id");
    const json_t *info = json_object_get(node, "type_info");
    bool is_decimal = strcmp(id, "DECIMAL") == 0;
    TRY(tree_only(context, node, is_decimal ? known : known_plain));
    if (is_decimal) {
        TRY(tree_only(context, info, known_decimal));
        if (strcmp(tree_text(info, "type"), "DECIMAL_TYPE_INFO") != 0)
            return guard_refuse(context, REASON_UNKNOWN_PART, location, tree_text(info, "type"));
    }
    *ret_type = (struct tree_type){id, json_integer_value(json_object_get(info, "width")),
                                   json_integer_value(json_object_get(info, "scale"))};
    return RESULT_OK;
}

/* 25 with scale 1 is 2.5. */
static const char *decimal_text(struct arena *arena, json_int_t unscaled, int scale)
{
    uint64_t size = unscaled < 0 ? 0 - (uint64_t)unscaled : (uint64_t)unscaled;
    char *digits = arena_printf(arena, "%0*llu", scale + 1, (unsigned long long)size);
    size_t whole = strlen(digits) - (size_t)scale;
    return arena_printf(arena, "%s%.*s%s%s", unscaled < 0 ? "-" : "", (int)whole, digits,
                        scale > 0 ? "." : "", digits + whole);
}

static enum result read_constant(struct guard_context *context, const json_t *node,
                                 struct expression *expression)
{
    static const char *const known[] = {"class", "type", "alias", "query_location", "value", NULL};
    static const char *const known_value[] = {"type", "is_null", "value", NULL};
    TRY(tree_only(context, node, known));
    const json_t *value = json_object_get(node, "value");
    TRY(tree_only(context, value, known_value));
    struct tree_type type;
    TRY(read_type(context, json_object_get(value, "type"), expression->location, &type));
    const char *id = type.id;
    const json_t *content = json_object_get(value, "value");
    struct arena *arena = context->arena;
    expression->kind = EXPRESSION_CONSTANT;
    if (strcmp(id, "NULL") == 0 || json_is_true(json_object_get(value, "is_null"))) {
        expression->type = (struct type){TYPE_NULL};
    } else if (strcmp(id, "BOOLEAN") == 0 && json_is_boolean(content)) {
        expression->type = (struct type){TYPE_BOOLEAN};
        expression->text = json_is_true(content) ? "true" : "false";
    } else if ((strcmp(id, "INTEGER") == 0 || strcmp(id, "BIGINT") == 0) && json_is_integer(content)) {
        const char *text = arena_printf(arena, "%lld", (long long)json_integer_value(content));
        expression->type = (struct type){TYPE_INTEGER, strcmp(id, "INTEGER") == 0 ? 10 : TYPE_WIDTH_BIGINT};
        expression->text = text;
    } else if (strcmp(id, "DECIMAL") == 0 && json_is_integer(content)) {
        if (type.width < 1 || type.width > TYPE_WIDTH_MAX || type.scale < 0 || type.scale > type.width)
            return guard_refuse(context, REASON_CONSTANT, expression->location, id);
        expression->type = (struct type){TYPE_DECIMAL, (int)type.width, (int)type.scale};
        expression->text = decimal_text(arena, json_integer_value(content), (int)type.scale);
    } else if (strcmp(id, "DOUBLE") == 0 && json_is_number(content)) {
        expression->type = (struct type){TYPE_REAL};
        expression->text = arena_printf(arena, "%.17e", json_number_value(content));
    } else if (strcmp(id, "VARCHAR") == 0 && json_is_string(content)) {
        expression->type = (struct type){TYPE_TEXT};
        expression->text = arena_strdup(arena, json_string_value(content));
    } else {
        return guard_refuse(context, REASON_CONSTANT, expression->location, id);
    }
    return RESULT_OK;
}

static enum result read_cast(struct guard_context *context, const json_t *node, struct expression *expression)
{
    static const char *const known[] = {"class", "type",      "alias",    "query_location",
                                        "child", "cast_type", "try_cast", NULL};
    static const char *const child[] = {"child", NULL};
    TRY(tree_only(context, node, known));
    const json_t *cast = json_object_get(node, "cast_type");
    const char *name = tree_text(cast, "id");
    bool is_decimal = strcmp(name, "DECIMAL") == 0;
    if (!is_decimal && (!type_parse(name, &expression->type) || expression->type.kind == TYPE_OPAQUE))
        return guard_refuse(context, REASON_CAST_TYPE, expression->location, name);
    struct tree_type type;
    TRY(read_type(context, cast, expression->location, &type));
    if (is_decimal)
        name =
            arena_printf(context->arena, "DECIMAL(%lld,%lld)", (long long)type.width, (long long)type.scale);
    if (is_decimal && !type_parse(name, &expression->type))
        return guard_refuse(context, REASON_CAST_TYPE, expression->location, name);
    expression->kind = EXPRESSION_CAST;
    expression->text = arena_strdup(context->arena, name);
    return read_members(context, node, child, expression);
}

static enum result read_case(struct guard_context *context, const json_t *node, struct expression *expression)
{
    static const char *const known[] = {"class",       "type",      "alias", "query_location",
                                        "case_checks", "else_expr", NULL};
    static const char *const known_check[] = {"when_expr", "then_expr", NULL};
    TRY(tree_only(context, node, known));
    const json_t *checks = json_object_get(node, "case_checks");
    size_t count = json_array_size(checks);
    if (count == 0)
        return guard_refuse(context, REASON_TREE_UNREADABLE, expression->location, NULL);
    expression->kind = EXPRESSION_CASE;
    expression->children = arena_new_array(context->arena, struct expression *, 2 * count + 1);
    for (size_t i = 0; i < count; i++) {
        const json_t *check = json_array_get(checks, i);
        TRY(tree_only(context, check, known_check));
        TRY(tree_read_expression(context, json_object_get(check, "when_expr"), &expression->children[2 * i]));
        TRY(tree_read_expression(context, json_object_get(check, "then_expr"),
                                 &expression->children[2 * i + 1]));
    }
    TRY(tree_read_expression(context, json_object_get(node, "else_expr"), &expression->children[2 * count]));
    expression->child_count = 2 * count + 1;
    return RESULT_OK;
}

static bool aggregate_by_name(const char *name, enum aggregate_kind *ret_kind)
{
    if (strcasecmp(name, "count_star") == 0)
        *ret_kind = AGGREGATE_COUNT_ROWS;
    else if (strcasecmp(name, "count") == 0)
        *ret_kind = AGGREGATE_COUNT;
    else if (strcasecmp(name, "sum") == 0)
        *ret_kind = AGGREGATE_SUM;
    else if (strcasecmp(name, "avg") == 0 || strcasecmp(name, "mean") == 0)
        *ret_kind = AGGREGATE_AVG;
    else
        return false;
    return true;
}

/* Aggregates that a developer will look for; the refusal tells more than "unknown function". */
static bool is_unmeasured(const char *name)
{
    static const char *const names[] = {"min",
                                        "max",
                                        "median",
                                        "mode",
                                        "var_pop",
                                        "var_samp",
                                        "variance",
                                        "stddev",
                                        "stddev_pop",
                                        "stddev_samp",
                                        "quantile",
                                        "quantile_cont",
                                        "quantile_disc",
                                        "first",
                                        "last",
                                        "any_value",
                                        "arg_min",
                                        "arg_max",
                                        "min_by",
                                        "max_by",
                                        "list",
                                        "array_agg",
                                        "string_agg",
                                        "group_concat",
                                        "histogram",
                                        "approx_count_distinct",
                                        "corr",
                                        "covar_pop",
                                        "covar_samp",
                                        "regr_slope",
                                        "product",
                                        "bit_or",
                                        "bit_and",
                                        "bit_xor",
                                        "bool_or",
                                        "bool_and",
                                        "geomean",
                                        "fsum",
                                        "sumkahan",
                                        "kurtosis",
                                        "skewness",
                                        "entropy",
                                        NULL};
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

static struct expression *new_expression(struct guard_context *context, size_t location)
{
    struct expression *expression = arena_alloc(context->arena, sizeof *expression);
    expression->location = location;
    return expression;
}

/* FILTER (WHERE c) around x becomes CASE WHEN c THEN x END. */
static enum result apply_filter(struct guard_context *context, const json_t *filter,
                                struct expression *aggregate)
{
    if (filter == NULL || json_is_null(filter))
        return RESULT_OK;
    if (aggregate->distinct)
        return guard_refuse(context, REASON_DISTINCT_COLUMN, aggregate->location, NULL);
    struct expression *choice = new_expression(context, aggregate->location);
    choice->kind = EXPRESSION_CASE;
    choice->child_count = 3;
    choice->children = arena_new_array(context->arena, struct expression *, 3);
    TRY(tree_read_expression(context, filter, &choice->children[0]));
    if (aggregate->child_count == 1) {
        choice->children[1] = aggregate->children[0];
    } else {
        struct expression *one = choice->children[1] = new_expression(context, aggregate->location);
        one->kind = EXPRESSION_CONSTANT;
        one->type = (struct type){TYPE_INTEGER, TYPE_WIDTH_BIGINT};
        one->text = "1";
    }
    struct expression *none = choice->children[2] = new_expression(context, aggregate->location);
    none->kind = EXPRESSION_CONSTANT;
    none->type = (struct type){TYPE_NULL};
    if (aggregate->aggregate == AGGREGATE_COUNT_ROWS)
        aggregate->aggregate = AGGREGATE_COUNT;
    aggregate->children = arena_new_array(context->arena, struct expression *, 1);
    aggregate->children[0] = choice;
    aggregate->child_count = 1;
    return RESULT_OK;
}

static enum result read_aggregate(struct guard_context *context, const json_t *node,
                                  struct expression *expression)
{
    expression->kind = EXPRESSION_AGGREGATE;
    expression->distinct = json_is_true(json_object_get(node, "distinct"));
    TRY(read_many(context, json_object_get(node, "children"), expression));
    if (expression->child_count != (expression->aggregate == AGGREGATE_COUNT_ROWS ? 0u : 1u))
        return guard_refuse(context, REASON_NO_AGGREGATE_ARGUMENT, expression->location, NULL);
    if (expression->distinct && expression->aggregate != AGGREGATE_COUNT)
        return guard_refuse(context, REASON_AGGREGATE_DISTINCT, expression->location, NULL);
    if (expression->distinct)
        expression->aggregate = AGGREGATE_COUNT_DISTINCT;
    return apply_filter(context, json_object_get(node, "filter"), expression);
}

/* The parser itself writes what has a grammar of its own, EXTRACT(… FROM …) and SUBSTRING(… FROM …), as
 * functions of the schema "main". */
static bool is_plain_name(const json_t *node)
{
    const char *schema = tree_text(node, "schema");
    const char *name = tree_text(node, "function_name");
    bool by_parser =
        strcmp(schema, "main") == 0 && (strcmp(name, "date_part") == 0 || strcmp(name, "substring") == 0);
    return tree_text(node, "catalog")[0] == '\0' && (schema[0] == '\0' || by_parser);
}

static enum result refuse_function(const struct guard_context *context, size_t location, const char *name)
{
    enum result result = guard_refuse(context, REASON_FUNCTION_UNKNOWN, location, name);
    if (context->refusal == NULL)
        return result;
    const char *names = operation_names(context->arena);
    context->refusal->remedy_zh = arena_printf(context->arena, "可用：%s；聚合 count、sum、avg。", names);
    context->refusal->remedy_en =
        arena_printf(context->arena, "Accepted: %s; and the aggregates count, sum, avg.", names);
    return result;
}

static enum result read_function(struct guard_context *context, const json_t *node,
                                 struct expression *expression)
{
    static const char *const known[] = {
        "class",  "type",     "alias",     "query_location", "function_name", "schema", "children",
        "filter", "distinct", "order_bys", "is_operator",    "catalog",       NULL};
    TRY(tree_only(context, node, known));
    static const char *const known_orders[] = {"type", NULL};
    const char *name = tree_text(node, "function_name");
    const json_t *orders = json_object_get(node, "order_bys");
    if (json_array_size(json_object_get(orders, "orders")) != 0)
        return guard_refuse(context, REASON_AGGREGATE_ORDER, expression->location, NULL);
    if (orders != NULL && !json_is_null(orders))
        TRY(tree_only(context, orders, known_orders));
    if (aggregate_by_name(name, &expression->aggregate) && is_plain_name(node))
        return read_aggregate(context, node, expression);
    if (is_unmeasured(name))
        return guard_refuse(context, REASON_AGGREGATE_UNMEASURED, expression->location, name);
    const json_t *filter = json_object_get(node, "filter");
    size_t arguments = json_array_size(json_object_get(node, "children"));
    expression->operation = operation_function(name, arguments);
    if (expression->operation == NULL || json_is_true(json_object_get(node, "distinct")) ||
        (filter != NULL && !json_is_null(filter)))
        return refuse_function(context, expression->location, name);
    if (!is_plain_name(node))
        return guard_refuse(context, REASON_FUNCTION_QUALIFIED, expression->location, name);
    expression->kind = EXPRESSION_OPERATION;
    return read_many(context, json_object_get(node, "children"), expression);
}

static enum result read_node(struct guard_context *context, const json_t *node, struct expression *expression)
{
    static const char *const known_pair[] = {"class", "type",  "alias", "query_location",
                                             "left",  "right", NULL};
    static const char *const known_list[] = {"class", "type", "alias", "query_location", "children", NULL};
    static const char *const known_between[] = {"class", "type",  "alias", "query_location",
                                                "input", "lower", "upper", NULL};
    static const char *const pair[] = {"left", "right", NULL};
    static const char *const between[] = {"input", "lower", "upper", NULL};
    const char *class = tree_text(node, "class");
    expression->kind = EXPRESSION_OPERATION;
    expression->operation = operation_node(tree_text(node, "type"));
    if (expression->operation == NULL)
        return refuse_function(context, expression->location, tree_text(node, "type"));
    if (strcmp(class, "COMPARISON") == 0) {
        TRY(tree_only(context, node, known_pair));
        TRY(read_members(context, node, pair, expression));
    } else if (strcmp(class, "BETWEEN") == 0) {
        TRY(tree_only(context, node, known_between));
        TRY(read_members(context, node, between, expression));
    } else {
        TRY(tree_only(context, node, known_list));
        TRY(read_many(context, json_object_get(node, "children"), expression));
    }
    if (expression->child_count < expression->operation->least ||
        expression->child_count > expression->operation->most)
        return guard_refuse(context, REASON_TREE_UNREADABLE, expression->location, NULL);
    return RESULT_OK;
}

static enum result read_by_class(struct guard_context *context, const json_t *node,
                                 struct expression *expression)
{
    static const struct {
        const char *class;
        enum guard_reason reason;
    } refused[] = {{"STAR", REASON_STAR},        {"WINDOW", REASON_WINDOW},
                   {"LAMBDA", REASON_LAMBDA},    {"PARAMETER", REASON_PARAMETER},
                   {"COLLATE", REASON_COLLATE},  {"POSITIONAL_REFERENCE", REASON_POSITIONAL},
                   {"SUBQUERY", REASON_SUBQUERY}};
    /* A class of several types, or of the one that is named. */
    static const struct {
        const char *class;
        const char *type;
        enum result (*read)(struct guard_context *context, const json_t *node, struct expression *expression);
    } readers[] = {{"COLUMN_REF", "COLUMN_REF", read_column},
                   {"CONSTANT", "VALUE_CONSTANT", read_constant},
                   {"CAST", "OPERATOR_CAST", read_cast},
                   {"CASE", "CASE_EXPR", read_case},
                   {"FUNCTION", "FUNCTION", read_function},
                   {"BETWEEN", "COMPARE_BETWEEN", read_node},
                   {"COMPARISON", NULL, read_node},
                   {"CONJUNCTION", NULL, read_node},
                   {"OPERATOR", NULL, read_node}};
    const char *class = tree_text(node, "class");
    const char *type = tree_text(node, "type");
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        if (strcmp(readers[i].class, class) == 0) {
            if (readers[i].type != NULL && strcmp(readers[i].type, type) != 0)
                return guard_refuse(context, REASON_UNKNOWN_PART, expression->location, type);
            return readers[i].read(context, node, expression);
        }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (strcmp(refused[i].class, class) == 0)
            return guard_refuse(context, refused[i].reason, expression->location, NULL);
    return guard_refuse(context, REASON_UNKNOWN_PART, expression->location, class);
}

enum result tree_read_expression(struct guard_context *context, const json_t *node,
                                 struct expression **ret_expression)
{
    struct expression *expression = new_expression(context, tree_location(node));
    if (context->depth >= LIMIT_QUERY_DEPTH)
        return guard_refuse(context, REASON_TOO_DEEP, expression->location, NULL);
    if (++context->nodes > LIMIT_QUERY_NODES)
        return guard_refuse(context, REASON_TOO_LARGE, expression->location, NULL);
    context->depth++;
    enum result result = read_by_class(context, node, expression);
    context->depth--;
    if (result == RESULT_OK)
        *ret_expression = expression;
    return result;
}
