#include "keeper/bound.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- words ---- */

static enum result refuse_bound(struct call *call, const char *place, const char *zh, const char *en)
{
    return refuse(
        &call->refusal,
        (struct refusal){.result = RESULT_FORBIDDEN,
                         .law = LAW(EGRESS_REVIEW),
                         .field = place,
                         .zh = zh,
                         .en = en,
                         .remedy_zh = "请按数据交付时约定的用途与出域底线使用",
                         .remedy_en = "use it as was agreed when the data came in, above the floors"});
}

static enum result bad_bound(struct call *call, const char *place)
{
    return refuse(&call->refusal,
                  (struct refusal){.result = RESULT_INVALID,
                                   .field = place,
                                   .zh = "用途、级别或环境编号的写法不对",
                                   .en = "a use, level or room is not written as it should be",
                                   .remedy_zh = "请按 keeper.h 所述的格式提供",
                                   .remedy_en = "give it in the form of keeper.h"});
}

/* ---- types and uses ---- */

bool bound_type_parse(const char *name, enum engine_type *ret_type)
{
    struct type type;
    if (name == NULL)
        return false;
    if (engine_type_parse(name, ret_type))
        return *ret_type != ENGINE_DECIMAL;
    if (!type_parse(name, &type))
        return false;
    switch (type.kind) {
    case TYPE_BOOLEAN:
        *ret_type = ENGINE_BOOLEAN;
        return true;
    case TYPE_INTEGER:
        *ret_type = ENGINE_INTEGER;
        return true;
    case TYPE_DECIMAL:
    case TYPE_REAL:
        *ret_type = ENGINE_DOUBLE;
        return true;
    case TYPE_TEXT:
        *ret_type = ENGINE_TEXT;
        return true;
    case TYPE_DATE:
        *ret_type = ENGINE_DATE;
        return true;
    case TYPE_TIMESTAMP:
        *ret_type = ENGINE_TIMESTAMP;
        return true;
    case TYPE_NULL:
    case TYPE_OPAQUE:
        break;
    }
    return false;
}

static bool use_parse(const char *name, enum policy_use *ret_use)
{
    for (int use = 0; use < USE_COUNT; use++)
        if (strcmp(policy_use_name((enum policy_use)use), name) == 0) {
            *ret_use = (enum policy_use)use;
            return true;
        }
    return false;
}

/* Whether who may do `granted` may do `asked`. */
static bool use_within(enum policy_use asked, enum policy_use granted)
{
    return asked == granted || asked == USE_FORBIDDEN ||
           (granted == USE_KEY_DIMENSION && (asked == USE_KEY || asked == USE_DIMENSION));
}

/* ---- making ---- */

/* "use", "level" and "filterable" of a column, as far as they are given. */
static enum result take_members(struct call *call, const char *place, const json_t *from, json_t *to)
{
    enum policy_use use;
    const json_t *value = json_object_get(from, "use");
    if (value != NULL && (!json_is_string(value) || !use_parse(json_string_value(value), &use)))
        return bad_bound(call, place);
    if (value != NULL)
        (void)json_object_set(to, "use", (json_t *)(uintptr_t)value);
    value = json_object_get(from, "level");
    if (value != NULL &&
        (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > 4))
        return bad_bound(call, place);
    if (value != NULL)
        (void)json_object_set(to, "level", (json_t *)(uintptr_t)value);
    value = json_object_get(from, "filterable");
    if (value != NULL && !json_is_boolean(value))
        return bad_bound(call, place);
    if (value != NULL)
        (void)json_object_set(to, "filterable", (json_t *)(uintptr_t)value);
    return RESULT_OK;
}

/* Why what is asked goes beyond what is bound: the member's name, NULL when it does not. */
static const char *member_beyond(const json_t *bound, enum policy_use use, int64_t level, bool filterable)
{
    enum policy_use granted;
    const char *text = json_text(bound, "use");
    if (text != NULL && (!use_parse(text, &granted) || !use_within(use, granted)))
        return "use";
    if (level < json_integer_or(bound, "level", 1))
        return "level";
    if (filterable && !json_boolean_or(bound, "filterable", true))
        return "filterable";
    return NULL;
}

/* What serve expects stands within what the source stated, member by member; what it leaves out is the
 * source's. */
static enum result merge_stated(struct call *call, const char *place, const json_t *stated, json_t *column)
{
    enum policy_use use = USE_FORBIDDEN;
    const char *text = json_text(column, "use");
    if (stated == NULL)
        return RESULT_OK;
    if (text != NULL)
        (void)use_parse(text, &use);
    const char *beyond = member_beyond(stated, use, json_integer_or(column, "level", 4),
                                       json_boolean_or(column, "filterable", false));
    if (beyond != NULL)
        return refuse_bound(call, arena_printf(call->arena, "%s/%s", place, beyond),
                            "数据提供单位随数据声明的用途更严",
                            "the source stated a stricter use together with the data");
    json_t *whole = json_object();
    TRY(take_members(call, place, stated, whole));
    (void)json_object_update_missing(column, whole);
    json_decref(whole);
    return RESULT_OK;
}

static bool is_non_negative(const struct engine_field *field)
{
    char *end = NULL;
    if (field->minimum == NULL)
        return false;
    double least = strtod(field->minimum, &end);
    return end != field->minimum && *end == '\0' && least >= 0;
}

static enum result make_column(struct call *call, const char *place, const json_t *expected,
                               const json_t *stated, const struct engine_field *field, json_t *columns)
{
    json_t *column = json_object();
    (void)json_object_set_new(columns, field->name, column);
    TRY(take_members(call, place, expected, column));
    TRY(merge_stated(call, place, stated, column));
    (void)json_object_set_new(column, "type", json_string(engine_type_name(field->type)));
    (void)json_object_set_new(column, "non_negative", json_boolean(is_non_negative(field)));
    return RESULT_OK;
}

static enum result make_rest(struct call *call, const json_t *expected, const json_t *stated, json_t *bound)
{
    const json_t *room = json_object_get(expected, "room");
    const char *subject = json_text(expected, "subject");
    const char *said = json_text(stated, "subject");
    if (room != NULL && (!json_is_integer(room) || json_integer_value(room) <= 0))
        return bad_bound(call, "/room");
    if (room != NULL)
        (void)json_object_set(bound, "room", (json_t *)(uintptr_t)room);
    if (said != NULL && !text_equal(subject, said))
        return refuse_bound(call, "/subject", "数据提供单位声明的主体列是另一列",
                            "the source stated another column as the subject");
    (void)json_object_set_new(bound, "subject", subject != NULL ? json_string(subject) : json_null());
    return RESULT_OK;
}

enum result bound_make(struct call *call, const json_t *expected, const json_t *stated,
                       const struct engine_field *fields, size_t count, json_t **ret_bound)
{
    const json_t *said = json_object_get(stated, "columns");
    if (stated != NULL && !json_is_object(said))
        return bad_bound(call, "/columns");
    json_t *columns = json_object();
    CLEANUP_JSON json_t *bound = json_pack("{s:o}", "columns", columns);
    for (size_t i = 0; i < count; i++)
        TRY(make_column(call, arena_printf(call->arena, "/columns/%zu", i),
                        json_array_get(json_object_get(expected, "columns"), i),
                        json_object_get(said, fields[i].name), &fields[i], columns));
    TRY(make_rest(call, expected, stated, bound));
    *ret_bound = json_incref(bound);
    return RESULT_OK;
}

/* ---- judging ---- */

enum result bound_floors(struct call *call, const struct policy *policy)
{
    if (policy->threshold < LIMIT_RELEASE_THRESHOLD_LEAST)
        return refuse_bound(call, "/threshold", "每格主体数低于底线", "the threshold is below the floor");
    if (policy->p_percent < LIMIT_RELEASE_P_LEAST)
        return refuse_bound(call, "/p_percent", "p% 规则低于底线", "the p % rule is below the floor");
    if (policy->k_percent > LIMIT_RELEASE_K_MOST)
        return refuse_bound(call, "/k_percent", "优势规则高于底线", "the dominance rule is beyond the floor");
    return RESULT_OK;
}

void bound_raise(const struct policy *policy, struct policy *ret_policy)
{
    *ret_policy = *policy;
    if (policy->threshold < LIMIT_RELEASE_THRESHOLD_LEAST)
        ret_policy->threshold = LIMIT_RELEASE_THRESHOLD_LEAST;
    if (policy->p_percent < LIMIT_RELEASE_P_LEAST)
        ret_policy->p_percent = LIMIT_RELEASE_P_LEAST;
    if (policy->k_percent > LIMIT_RELEASE_K_MOST)
        ret_policy->k_percent = LIMIT_RELEASE_K_MOST;
}

void bound_lower(const struct policy *policy, struct policy *ret_policy)
{
    *ret_policy = *policy;
    ret_policy->threshold = LIMIT_RELEASE_THRESHOLD_LEAST;
    ret_policy->p_percent = LIMIT_RELEASE_P_LEAST;
    ret_policy->k_percent = LIMIT_RELEASE_K_MOST;
}

/* Columns are found as SQL finds them: letter case of ASCII ignored. */
static const json_t *column_of(const json_t *bound, const char *name)
{
    const char *key;
    json_t *column;
    json_object_foreach (json_object_get(bound, "columns"), key, column)
        if (strcasecmp(key, name) == 0)
            return column;
    return NULL;
}

static enum result column_allows(struct call *call, const char *place, const json_t *bound,
                                 const struct policy_column *column)
{
    enum engine_type type;
    if (bound == NULL)
        return refuse_bound(call, place, "交付的数据没有该列", "the data came in without this column");
    const char *beyond = member_beyond(bound, column->use, column->level, column->filterable);
    if (beyond == NULL && column->non_negative && !json_boolean_or(bound, "non_negative", false))
        beyond = "non_negative";
    if (beyond == NULL && (!bound_type_parse(column->type_text, &type) ||
                           !text_equal(engine_type_name(type), json_text(bound, "type"))))
        beyond = "type";
    if (beyond == NULL)
        return RESULT_OK;
    return refuse_bound(call, arena_printf(call->arena, "%s/%s", place, beyond), "超出数据交付时约定的范围",
                        "this goes beyond what was agreed when the data came in");
}

static enum result kind_allows(struct call *call, const char *place, const char *file,
                               const struct policy_table *table)
{
    bool resource = strncmp(file, "slice/", 6) == 0;
    if (resource == (table->kind == TABLE_RESOURCE))
        return RESULT_OK;
    return refuse_bound(call, arena_printf(call->arena, "%s/kind", place),
                        "该文件不是这一类的表：公共数据一律按公共数据保护",
                        "the file is no table of this kind: public data is protected as public data");
}

enum result bound_allows(struct call *call, const char *place, const char *file, const json_t *bound,
                         const struct policy_table *table)
{
    TRY(kind_allows(call, place, file, table));
    if (bound == NULL)
        return RESULT_OK;
    for (size_t i = 0; i < table->column_count; i++)
        TRY(column_allows(call, arena_printf(call->arena, "%s/columns/%zu", place, i),
                          column_of(bound, table->columns[i].name), &table->columns[i]));
    const char *subject = json_text(bound, "subject");
    bool same = (subject == NULL) == (table->subject == NULL) &&
                (subject == NULL || strcasecmp(subject, table->subject) == 0);
    return same ? RESULT_OK
                : refuse_bound(call, arena_printf(call->arena, "%s/subject", place),
                               "主体列与数据交付时约定的不同",
                               "the subject is another column than was agreed when the data came in");
}

int64_t bound_room(const json_t *bound)
{
    return json_integer_or(bound, "room", 0);
}

enum result bound_same_room(struct call *call, const char *place, int64_t one, int64_t other)
{
    if (one == other || one == 0 || other == 0)
        return RESULT_OK;
    return refuse_bound(call, place, "该数据属于另一个开发环境", "the data belongs to another room");
}
