#include "guard/tree.h"

#include "base/limits.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* jansson reads no integer beyond int64, but the tree holds 2^64-1 where a node has no location, and the
 * halves of 128-bit constants. Those become null: no constant the guard accepts needs them. */
static void drop_huge_integers(char *text)
{
    bool in_string = false;
    for (char *at = text; *at != '\0'; at++) {
        if (in_string && *at == '\\' && at[1] != '\0') {
            at++;
        } else if (*at == '"') {
            in_string = !in_string;
        } else if (!in_string && isdigit((unsigned char)*at)) {
            size_t digits = strspn(at, "0123456789");
            bool whole = strchr(".eE", at[digits]) == NULL || at[digits] == '\0';
            if (whole && digits >= TYPE_WIDTH_BIGINT &&
                (digits > 19 || strncmp(at, "9223372036854775807", 19) > 0)) {
                char *from = at > text && at[-1] == '-' ? at - 1 : at;
                memset(from, ' ', (size_t)(at - from) + digits);
                memcpy(from, "null", 4);
            }
            at += strspn(at, "0123456789.eE+-") > digits ? strspn(at, "0123456789.eE+-") - 1 : digits - 1;
        }
    }
}

enum result tree_parse(struct guard_context *context, const char *tree, json_t **ret_root)
{
    size_t size = strlen(tree);
    if (size > LIMIT_TREE_BYTES)
        return guard_refuse(context, REASON_TOO_LARGE, LOCATION_NONE, NULL);
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return RESULT_MEMORY;
    memcpy(copy, tree, size + 1);
    drop_huge_integers(copy);
    json_error_t error;
    json_t *root = json_loadb(copy, size, JSON_REJECT_DUPLICATES, &error);
    free(copy);
    if (root != NULL) {
        *ret_root = root;
        return RESULT_OK;
    }
    if (json_error_code(&error) == json_error_stack_overflow)
        return guard_refuse(context, REASON_TOO_DEEP, LOCATION_NONE, NULL);
    return guard_refuse(context, REASON_TREE_UNREADABLE, LOCATION_NONE, NULL);
}

size_t tree_location(const json_t *node)
{
    const json_t *location = json_object_get(node, "query_location");
    if (!json_is_integer(location) || json_integer_value(location) < 0)
        return LOCATION_NONE;
    return (size_t)json_integer_value(location);
}

const char *tree_text(const json_t *node, const char *key)
{
    const char *text = json_string_value(json_object_get(node, key));
    return text == NULL ? "" : text;
}

/* null, false, "", [], and objects of which every member but .type is neutral. */
static bool is_neutral(const json_t *value)
{
    if (value == NULL)
        return true;
    if (json_is_object(value)) {
        const char *key;
        json_t *member;
        json_object_foreach ((json_t *)value, key, member) {
            if (strcmp(key, "type") != 0 && (json_is_object(member) || !is_neutral(member)))
                return false;
        }
        return true;
    }
    if (json_is_array(value))
        return json_array_size(value) == 0;
    if (json_is_string(value))
        return json_string_length(value) == 0;
    return json_is_null(value) || json_is_false(value);
}

enum result tree_only(const struct guard_context *context, const json_t *node, const char *const *known)
{
    if (!json_is_object(node))
        return guard_refuse(context, REASON_TREE_UNREADABLE, LOCATION_NONE, NULL);
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)node, key, value) {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0)
            i++;
        if (known[i] == NULL && !is_neutral(value))
            return guard_refuse(context, REASON_UNKNOWN_PART, tree_location(node), key);
    }
    return RESULT_OK;
}

/* ---- FROM ---- */

static enum result read_table(struct guard_context *context, const json_t *node, struct query *query)
{
    static const char *const known[] = {"type", "alias", "query_location", "table_name", NULL};
    static const struct {
        const char *type;
        enum guard_reason reason;
    } refused[] = {{"SUBQUERY", REASON_SUBQUERY},      {"TABLE_FUNCTION", REASON_TABLE_FUNCTION},
                   {"SHOW_REF", REASON_DESCRIBE},      {"EMPTY", REASON_NO_FROM},
                   {"EXPRESSION_LIST", REASON_VALUES}, {"JOIN", REASON_JOIN_NESTED}};
    static const struct {
        const char *member;
        enum guard_reason reason;
    } parts[] = {{"sample", REASON_SAMPLE},
                 {"schema_name", REASON_TABLE_QUALIFIED},
                 {"catalog_name", REASON_TABLE_QUALIFIED},
                 {"column_name_alias", REASON_TABLE_ALIASES},
                 {"at_clause", REASON_TABLE_VERSION}};
    size_t location = tree_location(node);
    const char *type = tree_text(node, "type");
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (strcmp(refused[i].type, type) == 0)
            return guard_refuse(context, refused[i].reason, location, NULL);
    if (strcmp(type, "BASE_TABLE") != 0)
        return guard_refuse(context, REASON_UNKNOWN_PART, location, type);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *part = json_object_get(node, parts[i].member);
        if (part != NULL && !is_neutral(part))
            return guard_refuse(context, parts[i].reason, location, NULL);
    }
    TRY(tree_only(context, node, known));
    if (query->table_count == LIMIT_QUERY_TABLES)
        return guard_refuse(context, REASON_TOO_LARGE, location, NULL);
    const char *alias = tree_text(node, "alias");
    query->tables[query->table_count++] = (struct query_table){
        .name = arena_strdup(context->arena, tree_text(node, "table_name")),
        .alias = *alias == '\0' ? NULL : arena_strdup(context->arena, alias),
        .location = location,
    };
    return RESULT_OK;
}

static enum result add_match(struct guard_context *context, const json_t *node, struct query_table *table)
{
    if (strcmp(tree_text(node, "type"), "COMPARE_EQUAL") != 0)
        return guard_refuse(context, REASON_JOIN_CONDITION, tree_location(node), NULL);
    struct expression *equality;
    TRY(tree_read_expression(context, node, &equality));
    if (equality->kind != EXPRESSION_OPERATION || equality->child_count != 2 ||
        equality->children[0]->kind != EXPRESSION_COLUMN || equality->children[1]->kind != EXPRESSION_COLUMN)
        return guard_refuse(context, REASON_JOIN_CONDITION, tree_location(node), NULL);
    table->matches[table->match_count++] = (struct query_match){equality->children[0], equality->children[1]};
    return RESULT_OK;
}

static enum result read_condition(struct guard_context *context, const json_t *node,
                                  struct query_table *table)
{
    static const char *const known[] = {"class", "type", "alias", "query_location", "children", NULL};
    if (strcmp(tree_text(node, "type"), "CONJUNCTION_AND") != 0) {
        table->matches = arena_new_array(context->arena, struct query_match, 1);
        return add_match(context, node, table);
    }
    TRY(tree_only(context, node, known));
    const json_t *children = json_object_get(node, "children");
    if (json_array_size(children) == 0)
        return guard_refuse(context, REASON_JOIN_CONDITION, tree_location(node), NULL);
    table->matches = arena_new_array(context->arena, struct query_match, json_array_size(children));
    for (size_t i = 0; i < json_array_size(children); i++)
        TRY(add_match(context, json_array_get(children, i), table));
    return RESULT_OK;
}

static enum result read_from(struct guard_context *context, const json_t *node, struct query *query)
{
    static const char *const known[] = {"type",      "query_location", "left",     "right", "condition",
                                        "join_type", "using_columns",  "ref_type", NULL};
    if (strcmp(tree_text(node, "type"), "JOIN") != 0)
        return read_table(context, node, query);
    if (context->depth >= LIMIT_QUERY_DEPTH)
        return guard_refuse(context, REASON_TOO_DEEP, tree_location(node), NULL);
    context->depth++;
    TRY(read_from(context, json_object_get(node, "left"), query));
    context->depth--;
    size_t location = tree_location(node);
    const char *kind = tree_text(node, "join_type");
    bool left_join = strcmp(kind, "LEFT") == 0;
    if (!is_neutral(json_object_get(node, "using_columns")))
        return guard_refuse(context, REASON_JOIN_USING, location, NULL);
    if (strcmp(tree_text(node, "ref_type"), "REGULAR") != 0)
        return guard_refuse(context, REASON_JOIN_KIND, location, tree_text(node, "ref_type"));
    if (!left_join && strcmp(kind, "INNER") != 0)
        return guard_refuse(context, REASON_JOIN_KIND, location, kind);
    TRY(tree_only(context, node, known));
    TRY(read_table(context, json_object_get(node, "right"), query));
    struct query_table *table = &query->tables[query->table_count - 1];
    table->left_join = left_join;
    return read_condition(context, json_object_get(node, "condition"), table);
}

/* ---- SELECT ---- */

static enum result read_outputs(struct guard_context *context, const json_t *list, struct query *query)
{
    size_t count = json_array_size(list);
    if (count > LIMIT_QUERY_OUTPUTS)
        return guard_refuse(context, REASON_TOO_LARGE,
                            tree_location(json_array_get(list, LIMIT_QUERY_OUTPUTS)), NULL);
    if (count == 0)
        return guard_refuse(context, REASON_TREE_UNREADABLE, LOCATION_NONE, NULL);
    query->outputs = arena_new_array(context->arena, struct query_output, count);
    query->output_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *alias = tree_text(json_array_get(list, i), "alias");
        TRY(tree_read_expression(context, json_array_get(list, i), &query->outputs[i].expression));
        query->outputs[i].has_alias = *alias != '\0';
        query->outputs[i].name = arena_strdup(context->arena, alias);
    }
    return RESULT_OK;
}

static enum result read_groups(struct guard_context *context, const json_t *node, struct query *query)
{
    const json_t *list = json_object_get(node, "group_expressions");
    const json_t *sets = json_object_get(node, "group_sets");
    size_t count = json_array_size(list);
    if (strcmp(tree_text(node, "aggregate_handling"), "STANDARD_HANDLING") != 0)
        return guard_refuse(context, REASON_GROUP_ALL, LOCATION_NONE, NULL);
    if (json_array_size(sets) > 1 || json_array_size(json_array_get(sets, 0)) != count)
        return guard_refuse(context, REASON_GROUPING_SETS, tree_location(json_array_get(list, 0)), NULL);
    if (count > LIMIT_QUERY_OUTPUTS)
        return guard_refuse(context, REASON_TOO_LARGE,
                            tree_location(json_array_get(list, LIMIT_QUERY_OUTPUTS)), NULL);
    query->groups = arena_new_array(context->arena, struct expression *, count);
    query->group_count = count;
    for (size_t i = 0; i < count; i++)
        TRY(tree_read_expression(context, json_array_get(list, i), &query->groups[i]));
    return RESULT_OK;
}

/* The place of the member's text in a list; what is not there is refused. */
static enum result one_of(struct guard_context *context, const json_t *node, const char *member,
                          const char *const *list, size_t location, size_t *ret_place)
{
    const char *text = tree_text(node, member);
    for (size_t i = 0; list[i] != NULL; i++)
        if (strcmp(list[i], text) == 0) {
            *ret_place = i;
            return RESULT_OK;
        }
    return guard_refuse(context, REASON_UNKNOWN_PART, location, text);
}

static enum result read_order(struct guard_context *context, const json_t *modifier, struct query *query)
{
    static const char *const directions[] = {"ORDER_DEFAULT", "ASCENDING", "DESCENDING", NULL};
    static const char *const null_orders[] = {"ORDER_DEFAULT", "NULLS FIRST", "NULLS LAST", NULL};
    static const char *const known[] = {"type", "orders", NULL};
    static const char *const known_order[] = {"type", "null_order", "expression", NULL};
    TRY(tree_only(context, modifier, known));
    const json_t *list = json_object_get(modifier, "orders");
    size_t count = json_array_size(list);
    if (count > LIMIT_QUERY_OUTPUTS)
        return guard_refuse(context, REASON_TOO_LARGE, LOCATION_NONE, NULL);
    query->orders = arena_new_array(context->arena, struct query_order, count);
    query->order_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *order = json_array_get(list, i);
        TRY(tree_only(context, order, known_order));
        TRY(tree_read_expression(context, json_object_get(order, "expression"),
                                 &query->orders[i].expression));
        size_t location = query->orders[i].expression->location;
        size_t direction = 0;
        size_t nulls = 0;
        TRY(one_of(context, order, "type", directions, location, &direction));
        TRY(one_of(context, order, "null_order", null_orders, location, &nulls));
        query->orders[i].descending = direction == 2;
        query->orders[i].nulls = nulls == 1 ? NULLS_FIRST : nulls == 2 ? NULLS_LAST : NULLS_DEFAULT;
    }
    return RESULT_OK;
}

static enum result read_limit(struct guard_context *context, const json_t *modifier, struct query *query)
{
    static const char *const known[] = {"type", "limit", NULL};
    const json_t *limit = json_object_get(modifier, "limit");
    size_t location = tree_location(limit);
    if (!is_neutral(json_object_get(modifier, "offset")) ||
        strcmp(tree_text(limit, "class"), "CONSTANT") != 0)
        return guard_refuse(context, REASON_LIMIT, location, NULL);
    TRY(tree_only(context, modifier, known));
    struct expression *constant;
    TRY(tree_read_expression(context, limit, &constant));
    query->limit = constant->type.kind == TYPE_INTEGER ? strtoll(constant->text, NULL, 10) : 0;
    if (query->limit < 1 || query->limit > LIMIT_ANSWER_ROWS)
        return guard_refuse(context, REASON_LIMIT, location, NULL);
    return RESULT_OK;
}

static enum result read_modifiers(struct guard_context *context, const json_t *list, struct query *query)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *modifier = json_array_get(list, i);
        const char *type = tree_text(modifier, "type");
        if (strcmp(type, "ORDER_MODIFIER") == 0)
            TRY(read_order(context, modifier, query));
        else if (strcmp(type, "LIMIT_MODIFIER") == 0)
            TRY(read_limit(context, modifier, query));
        else if (strcmp(type, "LIMIT_PERCENT_MODIFIER") == 0)
            return guard_refuse(context, REASON_LIMIT, tree_location(json_object_get(modifier, "limit")),
                                NULL);
        else if (strcmp(type, "DISTINCT_MODIFIER") == 0)
            return guard_refuse(context, REASON_DISTINCT, LOCATION_NONE, NULL);
        else
            return guard_refuse(context, REASON_UNKNOWN_PART, LOCATION_NONE, type);
    }
    return RESULT_OK;
}

static enum result read_select(struct guard_context *context, const json_t *node, struct query *query)
{
    static const char *const known[] = {"type",       "modifiers",          "select_list",
                                        "from_table", "where_clause",       "group_expressions",
                                        "group_sets", "aggregate_handling", NULL};
    static const struct {
        const char *member;
        enum guard_reason reason;
    } parts[] = {{"cte_map", REASON_CTE},
                 {"having", REASON_HAVING},
                 {"sample", REASON_SAMPLE},
                 {"qualify", REASON_QUALIFY}};
    if (strcmp(tree_text(node, "type"), "SELECT_NODE") != 0)
        return guard_refuse(context, REASON_NOT_SELECT, LOCATION_NONE, tree_text(node, "type"));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *part = json_object_get(node, parts[i].member);
        if (part != NULL && !is_neutral(part))
            return guard_refuse(context, parts[i].reason, tree_location(part), NULL);
    }
    TRY(tree_only(context, node, known));
    query->tables = arena_new_array(context->arena, struct query_table, LIMIT_QUERY_TABLES);
    TRY(read_from(context, json_object_get(node, "from_table"), query));
    TRY(read_outputs(context, json_object_get(node, "select_list"), query));
    const json_t *where = json_object_get(node, "where_clause");
    if (where != NULL && !json_is_null(where))
        TRY(tree_read_expression(context, where, &query->where));
    TRY(read_groups(context, node, query));
    return read_modifiers(context, json_object_get(node, "modifiers"), query);
}

static enum result refuse_syntax(struct guard_context *context, const json_t *root)
{
    const char *position = tree_text(root, "position");
    size_t location = *position == '\0' ? LOCATION_NONE : (size_t)strtoull(position, NULL, 10);
    if (strcmp(tree_text(root, "error_type"), "parser") != 0)
        return guard_refuse(context, REASON_NOT_SELECT, location, NULL);
    return guard_refuse(context, REASON_SYNTAX, location, NULL);
}

enum result tree_read(struct guard_context *context, const json_t *root, struct query *ret_query)
{
    static const char *const known_root[] = {"error", "statements", NULL};
    static const char *const known[] = {"node", "named_param_map", NULL};
    if (json_is_true(json_object_get(root, "error")))
        return refuse_syntax(context, root);
    TRY(tree_only(context, root, known_root));
    const json_t *statements = json_object_get(root, "statements");
    if (json_array_size(statements) > 1)
        return guard_refuse(context, REASON_STATEMENTS, LOCATION_NONE, NULL);
    const json_t *statement = json_array_get(statements, 0);
    TRY(tree_only(context, statement, known));
    struct query query = {0};
    TRY(read_select(context, json_object_get(statement, "node"), &query));
    if (!is_neutral(json_object_get(statement, "named_param_map")))
        return guard_refuse(context, REASON_PARAMETER, LOCATION_NONE, NULL);
    *ret_query = query;
    return RESULT_OK;
}
