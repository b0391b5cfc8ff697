#include "base/limits.h"
#include "base/text.h"
#include "guard/policy.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* A place in the document, for refusals, and where strings go. */
struct reader {
    struct arena *arena;
    struct refusal *refusal;
};

static enum result bad(const struct reader *reader, const char *pointer, const char *zh, const char *en)
{
    return refuse(reader->refusal, (struct refusal){
                                       .result = RESULT_INVALID,
                                       .law = LAW(EGRESS_REVIEW),
                                       .field = arena_strdup(reader->arena, pointer),
                                       .zh = zh,
                                       .en = en,
                                       .remedy_zh = "请按 guard/policy.h 的格式改正该处。",
                                       .remedy_en = "Correct this member; guard/policy.h gives the form.",
                                   });
}

/* Only the named members, so that a misspelt rule is not silently left out. */
static enum result members_known(const struct reader *reader, const json_t *object, const char *pointer,
                                 const char *const *names)
{
    if (!json_is_object(object))
        return bad(reader, pointer, "应为对象。", "This must be an object.");
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0)
            i++;
        if (names[i] == NULL)
            return bad(reader, arena_printf(reader->arena, "%s/%s", pointer, key), "不认识的成员。",
                       "There is no such member.");
    }
    return RESULT_OK;
}

static enum result read_whole(const struct reader *reader, const json_t *object, const char *pointer,
                              const char *key, int fallback, int least, int most, int *ret_number)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL) {
        *ret_number = fallback;
        return RESULT_OK;
    }
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
        return bad(reader, arena_printf(reader->arena, "%s/%s", pointer, key), "整数超出允许范围。",
                   "This must be a whole number within its range.");
    *ret_number = (int)json_integer_value(value);
    return RESULT_OK;
}

static bool read_flag(const json_t *object, const char *key, bool *ret_flag)
{
    const json_t *value = json_object_get(object, key);
    if (value != NULL && !json_is_boolean(value))
        return false;
    *ret_flag = json_is_true(value);
    return true;
}

/* The printer quotes every name, so a column's may hold whatever a file's header holds. */
static bool is_column_name(const char *text)
{
    if (text_is_blank(text) || strlen(text) > LIMIT_COLUMN_NAME_BYTES ||
        !text_is_utf8(text, strlen(text), NULL))
        return false;
    if (text_has_control(text) || strpbrk(text, "\n\t\"") != NULL)
        return false;
    return strncmp(text, POLICY_RESERVED, strlen(POLICY_RESERVED)) != 0;
}

/* Letters, digits and underscores of any script, not a digit first: cannot be taken for a file name. */
static bool is_table_name(const char *text)
{
    if (!is_column_name(text) || (*text >= '0' && *text <= '9'))
        return false;
    for (const unsigned char *at = (const unsigned char *)text; *at != 0; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        bool digit = *at >= '0' && *at <= '9';
        if (!letter && !digit && *at != '_' && *at < 0x80)
            return false;
    }
    return true;
}

static enum result read_use(const struct reader *reader, const json_t *value, const char *pointer,
                            enum policy_use *ret_use)
{
    const char *name = json_string_value(value);
    for (int use = 0; name != NULL && use < USE_COUNT; use++)
        if (strcmp(policy_use_name((enum policy_use)use), name) == 0) {
            *ret_use = (enum policy_use)use;
            return RESULT_OK;
        }
    return bad(reader, pointer, "用途应为 forbidden、key、dimension、key_dimension 或 measure。",
               "The use is one of forbidden, key, dimension, key_dimension, measure.");
}

static enum result read_column(const struct reader *reader, const json_t *json, const char *pointer,
                               struct policy_column *column)
{
    static const char *const known[] = {"name", "type", "use", "level", "filterable", "non_negative", NULL};
    TRY(members_known(reader, json, pointer, known));
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!is_column_name(name))
        return bad(
            reader, arena_printf(reader->arena, "%s/name", pointer),
            "列名不得为空、过长、含控制字符或双引号，也不得以“__”开头。",
            "A column name is not blank, holds neither control characters nor double quotes, and does not "
            "begin with \"__\".");
    column->name = arena_strdup(reader->arena, name);
    const char *type = json_string_value(json_object_get(json, "type"));
    if (type == NULL || !type_parse(type, &column->type))
        return bad(reader, arena_printf(reader->arena, "%s/type", pointer), "不是列类型。",
                   "This is not a column type.");
    column->type_text = arena_strdup(reader->arena, type);
    TRY(read_use(reader, json_object_get(json, "use"), arena_printf(reader->arena, "%s/use", pointer),
                 &column->use));
    TRY(read_whole(reader, json, pointer, "level", 1, 1, 4, &column->level));
    if (!read_flag(json, "filterable", &column->filterable) ||
        !read_flag(json, "non_negative", &column->non_negative))
        return bad(reader, pointer, "filterable 与 non_negative 应为布尔值。",
                   "filterable and non_negative are true or false.");
    return RESULT_OK;
}

static enum result read_list(const struct reader *reader, const json_t *list, const char *pointer,
                             size_t most)
{
    if (!json_is_array(list) || json_array_size(list) > most)
        return bad(reader, pointer, "应为数组且不超过长度上限。", "This must be a list within its limit.");
    return RESULT_OK;
}

static enum result read_columns(const struct reader *reader, const json_t *list, const char *pointer,
                                struct policy_table *table)
{
    TRY(read_list(reader, list, pointer, LIMIT_TABLE_COLUMNS));
    size_t count = json_array_size(list);
    struct policy_column *columns = arena_new_array(reader->arena, struct policy_column, count);
    table->columns = columns;
    for (size_t i = 0; i < count; i++) {
        const char *place = arena_printf(reader->arena, "%s/%zu", pointer, i);
        TRY(read_column(reader, json_array_get(list, i), place, &columns[i]));
        if (policy_column(table, columns[i].name) != NULL)
            return bad(reader, place, "列名重复。", "This column stands here twice.");
        table->column_count = i + 1;
    }
    return RESULT_OK;
}

static enum result read_subject(const struct reader *reader, const json_t *json, const char *pointer,
                                struct policy_table *table)
{
    const json_t *subject = json_object_get(json, "subject");
    if (table->kind == TABLE_IMPORT) {
        if (subject != NULL && !json_is_null(subject))
            return bad(reader, pointer, "自有数据不设保护对象。", "An import has no subject to protect.");
        return RESULT_OK;
    }
    const char *name = json_string_value(subject);
    const struct policy_column *column = name == NULL ? NULL : policy_column(table, name);
    if (column == NULL)
        return bad(reader, pointer, "公共数据资源须指明保护对象列，且该列须在列表中。",
                   "A resource names its subject, which is one of its columns.");
    table->subject = column->name;
    table->subject_token = arena_printf(reader->arena, "__subject_%s", column->name);
    table->subject_bucket = arena_printf(reader->arena, "__bucket_%s", column->name);
    return RESULT_OK;
}

static enum result read_table(const struct reader *reader, const json_t *json, const char *pointer,
                              struct policy_table *table)
{
    static const char *const known[] = {"name", "kind", "subject", "columns", NULL};
    TRY(members_known(reader, json, pointer, known));
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!is_table_name(name))
        return bad(
            reader, arena_printf(reader->arena, "%s/name", pointer),
            "表名只能由字母、汉字、数字和下划线组成，且不得以“__”或数字开头。",
            "A table name consists of letters, digits and underscores, and begins neither with a digit nor "
            "with \"__\".");
    table->name = arena_strdup(reader->arena, name);
    const char *kind = json_string_value(json_object_get(json, "kind"));
    if (kind == NULL || (strcmp(kind, "resource") != 0 && strcmp(kind, "import") != 0))
        return bad(reader, arena_printf(reader->arena, "%s/kind", pointer), "kind 应为 resource 或 import。",
                   "The kind is resource or import.");
    table->kind = strcmp(kind, "import") == 0 ? TABLE_IMPORT : TABLE_RESOURCE;
    TRY(read_columns(reader, json_object_get(json, "columns"),
                     arena_printf(reader->arena, "%s/columns", pointer), table));
    return read_subject(reader, json, arena_printf(reader->arena, "%s/subject", pointer), table);
}

static enum result read_tables(const struct reader *reader, const json_t *json, struct policy *policy)
{
    const json_t *list = json_object_get(json, "tables");
    TRY(read_list(reader, list, "/tables", LIMIT_POLICY_TABLES));
    size_t count = json_array_size(list);
    struct policy_table *tables = arena_new_array(reader->arena, struct policy_table, count);
    policy->tables = tables;
    for (size_t i = 0; i < count; i++) {
        const char *place = arena_printf(reader->arena, "/tables/%zu", i);
        TRY(read_table(reader, json_array_get(list, i), place, &tables[i]));
        if (policy_table(policy, tables[i].name) != NULL)
            return bad(reader, place, "表名重复。", "This table stands here twice.");
        policy->table_count = i + 1;
    }
    return RESULT_OK;
}

static enum result read_join_side(const struct reader *reader, const json_t *side, const char *pointer,
                                  const struct policy *policy, const char **ret_table,
                                  const char **ret_column)
{
    const char *table_name = json_string_value(json_array_get(side, 0));
    const char *column_name = json_string_value(json_array_get(side, 1));
    const struct policy_table *table = table_name == NULL ? NULL : policy_table(policy, table_name);
    const struct policy_column *column =
        table == NULL || column_name == NULL ? NULL : policy_column(table, column_name);
    if (column == NULL || json_array_size(side) != 2)
        return bad(reader, pointer, "应为 [表, 列]，且二者均已在 tables 中声明。",
                   "This is [table, column], both declared in tables.");
    if (column->use != USE_KEY && column->use != USE_KEY_DIMENSION)
        return bad(reader, pointer, "连接列的用途须为 key 或 key_dimension。",
                   "A column that joins has the use key or key_dimension.");
    *ret_table = table->name;
    *ret_column = column->name;
    return RESULT_OK;
}

static enum result read_joins(const struct reader *reader, const json_t *json, struct policy *policy)
{
    static const char *const known[] = {"left", "right", NULL};
    const json_t *list = json_object_get(json, "joins");
    if (list == NULL)
        return RESULT_OK;
    TRY(read_list(reader, list, "/joins", LIMIT_LIST_ITEMS));
    struct policy_join *joins = arena_new_array(reader->arena, struct policy_join, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *place = arena_printf(reader->arena, "/joins/%zu", i);
        TRY(members_known(reader, item, place, known));
        TRY(read_join_side(reader, json_object_get(item, "left"), place, policy, &joins[i].left_table,
                           &joins[i].left_column));
        TRY(read_join_side(reader, json_object_get(item, "right"), place, policy, &joins[i].right_table,
                           &joins[i].right_column));
    }
    policy->joins = joins;
    policy->join_count = json_array_size(list);
    return RESULT_OK;
}

static enum result read_rules(const struct reader *reader, const json_t *json, struct policy *policy)
{
    const char *rule = json_string_value(json_object_get(json, "rule"));
    if (text_is_blank(rule) || text_has_control(rule))
        return bad(reader, "/rule", "须写明规则名称。", "The rule has a name.");
    policy->rule = arena_strdup(reader->arena, rule);
    TRY(read_whole(reader, json, "", "version", 0, 1, 1000000, &policy->version));
    if (policy->version == 0)
        return bad(reader, "/version", "须写明规则版本。", "The rule has a version.");
    TRY(read_whole(reader, json, "", "threshold", POLICY_THRESHOLD, 2, 60, &policy->threshold));
    TRY(read_whole(reader, json, "", "p_percent", POLICY_P_PERCENT, 1, 100, &policy->p_percent));
    TRY(read_whole(reader, json, "", "k_percent", POLICY_K_PERCENT, 1, 99, &policy->k_percent));
    TRY(read_whole(reader, json, "", "level_limit", POLICY_LEVEL_LIMIT, 1, 4, &policy->level_limit));
    const json_t *rounding = json_object_get(json, "rounding");
    policy->rounding = rounding == NULL ? 0 : json_number_value(rounding);
    if ((rounding != NULL && !json_is_number(rounding)) || !isfinite(policy->rounding) ||
        policy->rounding < 0)
        return bad(reader, "/rounding", "应为不小于 0 的数。", "This is a number of at least 0.");
    return RESULT_OK;
}

enum result policy_read(struct arena *arena, const json_t *json, const struct policy **ret_policy,
                        struct refusal *ret_refusal)
{
    static const char *const known[] = {"rule",     "version",     "threshold", "p_percent", "k_percent",
                                        "rounding", "level_limit", "tables",    "joins",     NULL};
    struct reader reader = {.arena = arena, .refusal = ret_refusal};
    struct policy *policy = arena_alloc(arena, sizeof *policy);
    TRY(members_known(&reader, json, "", known));
    TRY(read_rules(&reader, json, policy));
    TRY(read_tables(&reader, json, policy));
    TRY(read_joins(&reader, json, policy));
    *ret_policy = policy;
    return RESULT_OK;
}

static json_t *write_columns(const struct policy_table *table)
{
    json_t *list = json_array();
    for (size_t i = 0; i < table->column_count; i++) {
        const struct policy_column *column = &table->columns[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:b, s:b}", "name", column->name, "type",
                                              column->type_text, "use", policy_use_name(column->use), "level",
                                              column->level, "filterable", column->filterable, "non_negative",
                                              column->non_negative));
    }
    return list;
}

json_t *policy_write(const struct policy *policy)
{
    json_t *tables = json_array();
    for (size_t i = 0; i < policy->table_count; i++) {
        const struct policy_table *table = &policy->tables[i];
        json_array_append_new(tables, json_pack("{s:s, s:s, s:s*, s:o}", "name", table->name, "kind",
                                                table->kind == TABLE_IMPORT ? "import" : "resource",
                                                "subject", table->subject, "columns", write_columns(table)));
    }
    json_t *joins = json_array();
    for (size_t i = 0; i < policy->join_count; i++) {
        const struct policy_join *join = &policy->joins[i];
        json_array_append_new(joins,
                              json_pack("{s:[s,s], s:[s,s]}", "left", join->left_table, join->left_column,
                                        "right", join->right_table, join->right_column));
    }
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:f, s:i, s:o, s:o}", "rule", policy->rule, "version",
                     policy->version, "threshold", policy->threshold, "p_percent", policy->p_percent,
                     "k_percent", policy->k_percent, "rounding", policy->rounding, "level_limit",
                     policy->level_limit, "tables", tables, "joins", joins);
}
