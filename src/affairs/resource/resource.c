#include "affairs/resource/resource.h"

#include "affairs/resource/resource_inner.h"
#include "base/text.h"

#include <string.h>

enum result resource_by_id(struct work *work, row_id resource, struct store_row *ret_resource)
{
    return store_one(work->tx, work->arena, SQL_RESOURCE_BY_ID, STORE_BINDS({"id", store_integer(resource)}),
                     ret_resource);
}

enum result resource_items(struct work *work, row_id resource, int version, struct store_rows *ret_items)
{
    return store_many(work->tx, work->arena, SQL_RESOURCE_ITEMS,
                      STORE_BINDS({"resource", store_integer(resource)}, {"version", store_integer(version)}),
                      ret_items);
}

/* ---- guards ---- */

enum result resource_is_own(struct move *move)
{
    struct store_row row;
    TRY(resource_by_id(move->work, move->object_id, &row));
    return row_integer(&row, "party_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

static const struct {
    const char *column;
    const char *zh;
} mandatory[] = {
    {"abstract", "摘要"},
    {"category", "分类"},
    {"format", "信息资源格式"},
    {"share_type", "共享类型"},
    {"openness", "开放属性"},
    {"share_mode", "共享方式"},
    {"update_cycle_days", "更新周期"},
    {"personal", "是否含个人信息"},
    {"origin", "来源"},
    {"subject_item", "主体标识数据项"},
    {"subject_kind", "主体种类"},
};

static bool column_is_blank(const struct store_row *row, const char *column)
{
    if (row_is_null(row, column))
        return true;
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->names[i], column) == 0 && row->values[i].type == STORE_TEXT)
            return text_is_blank(row->values[i].bytes);
    return false;
}

static enum result refuse_missing(struct work *work, const char *column, const char *zh)
{
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(RESOURCE_CATALOGUE),
                  .field = arena_printf(work->arena, "/%s", column),
                  .zh = arena_printf(work->arena, "缺少必填项：%s", zh),
                  .en = arena_printf(work->arena, "a mandatory field is missing: %s", column),
                  .remedy_zh = "修改草稿补齐后再登记", .remedy_en = "edit the draft, then register it");
}

static const struct store_row *find_item(const struct store_rows *items, const char *name)
{
    for (size_t i = 0; i < items->count; i++)
        if (strcmp(row_text(&items->rows[i], "name"), name) == 0)
            return &items->rows[i];
    return NULL;
}

/* The mandatory fields are there, and so are the items; the subject is one of them and a key. */
enum result resource_is_whole(struct move *move)
{
    struct work *work = move->work;
    struct store_row row;
    struct store_rows items;
    TRY(resource_by_id(work, move->object_id, &row));
    for (size_t i = 0; i < sizeof mandatory / sizeof mandatory[0]; i++)
        if (column_is_blank(&row, mandatory[i].column))
            return refuse_missing(work, mandatory[i].column, mandatory[i].zh);
    TRY(resource_items(work, move->object_id, (int)row_integer(&row, "version"), &items));
    if (items.count == 0)
        return refuse_missing(work, "items", "数据项");
    const struct store_row *subject = find_item(&items, row_text(&row, "subject_item"));
    if (subject == NULL || strncmp(row_text(subject, "use"), "key", 3) != 0)
        return REFUSE(work, .result = RESULT_INVALID, .law = LAW(RESOURCE_CATALOGUE),
                      .field = "/subject_item", .zh = "主体标识须是数据项之一，且用途为连接键",
                      .en = "the subject must be one of the items, with use key or key_dimension",
                      .remedy_zh = "改正 subject_item 或该数据项的用途",
                      .remedy_en = "correct subject_item or the use of that item");
    return RESULT_OK;
}

/* A sensitive item that the source found must stand in the schema as sensitive, at the proposed level or
 * above. */
static enum result proposal_is_confirmed(struct work *work, const struct store_rows *items,
                                         const json_t *proposal)
{
    const char *column = json_text(proposal, "column");
    if (column == NULL)
        column = json_text(proposal, "name");
    if (column == NULL)
        return RESULT_OK;
    const struct store_row *item = find_item(items, column);
    if (item == NULL || strcmp(row_text(item, "use"), "forbidden") == 0)
        return RESULT_OK; /* an item that is not offered needs no level */
    int64_t level = json_integer_or(proposal, "level", 1);
    if (!row_is_null(item, "sensitive") && row_integer(item, "level") >= level)
        return RESULT_OK;
    return REFUSE(
        work, .result = RESULT_CONFLICT, .law = LAW(OWN_DATA_DUTY),
        .field = arena_printf(work->arena, "/items/%s", column),
        .zh = arena_printf(work->arena, "源端发现敏感数据项“%s”，建议级别 %d，尚未确认", column, (int)level),
        .en = arena_printf(
            work->arena,
            "the source found the sensitive item \"%s\", level %d proposed; it is not confirmed yet", column,
            (int)level),
        .remedy_zh = "更正资源：为该项填写 sensitive 与不低于建议的 level，或设为 forbidden",
        .remedy_en = "correct the resource: give the item its sensitive kind and at least that level, or "
                     "make it forbidden");
}

enum result sensitive_items_are_confirmed(struct move *move)
{
    struct work *work = move->work;
    struct store_row row, found;
    struct store_rows items;
    TRY(resource_by_id(work, move->object_id, &row));
    enum result result = store_one(work->tx, work->arena, SQL_RESOURCE_DESCRIPTION_LATEST,
                                   STORE_BINDS({"party", store_integer(row_integer(&row, "party_id"))},
                                               {"code", store_text(row_text(&row, "code"))}),
                                   &found);
    if (result == RESULT_NOT_FOUND)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(OWN_DATA_DUTY),
                      .zh = "源端尚未描述该资源，无从发现敏感数据项",
                      .en = "the source has not described this resource: sensitive items cannot be told",
                      .remedy_zh = "在数据所在处运行 dukou source describe",
                      .remedy_en = "run dukou source describe where the rows live");
    TRY(result);
    TRY(resource_items(work, move->object_id, (int)row_integer(&row, "version"), &items));
    const char *text = row_text(&found, "description");
    json_t *description;
    TRY(json_read(work->arena, text, strlen(text), &description, work->refusal));
    json_keep(work->arena, description);
    size_t i;
    json_t *proposal;
    json_array_foreach (json_object_get(description, "sensitive"), i, proposal)
        TRY(proposal_is_confirmed(work, &items, proposal));
    return RESULT_OK;
}

/* ---- for rooms ---- */

static bool is_wanted(const json_t *columns, const char *name)
{
    size_t i;
    json_t *column;
    json_array_foreach (columns, i, column)
        if (strcmp(json_string_value(column), name) == 0)
            return true;
    return false;
}

const char *resource_engine_type(const char *type)
{
    if (strcmp(type, "integer") == 0)
        return "BIGINT";
    if (strcmp(type, "double") == 0)
        return "DOUBLE";
    if (strcmp(type, "date") == 0)
        return "DATE";
    return strcmp(type, "boolean") == 0 ? "BOOLEAN" : "VARCHAR";
}

/* The subject travels with every slice, asked for or not: it is what protects the people behind the rows. */
static bool is_in_slice(const json_t *columns, const char *name, const char *subject)
{
    return is_wanted(columns, name) || (subject != NULL && strcmp(name, subject) == 0);
}

/* The same when the slice comes in, which binds it, and in every policy afterwards. */
static void add_use(const struct store_row *item, const json_t *columns, json_t *column)
{
    bool asked = is_wanted(columns, row_text(item, "name"));
    json_object_set_new(column, "use", json_string(asked ? row_text(item, "use") : "key"));
    json_object_set_new(column, "level",
                        json_integer(row_is_null(item, "level") ? 1 : row_integer(item, "level")));
    json_object_set_new(column, "filterable", json_boolean(row_integer(item, "filterable") != 0));
}

enum result resource_policy_table(struct work *work, row_id resource, int version, const json_t *columns,
                                  const char *table_name, json_t **ret_table)
{
    struct store_row row;
    struct store_rows items;
    TRY(resource_by_id(work, resource, &row));
    TRY(resource_items(work, resource, version, &items));
    const char *subject = row_text(&row, "subject_item");
    json_t *list = json_array();
    for (size_t i = 0; i < items.count; i++) {
        const struct store_row *item = &items.rows[i];
        const char *name = row_text(item, "name");
        if (!is_in_slice(columns, name, subject))
            continue;
        json_t *column =
            json_pack("{s:s, s:s, s:b}", "name", name, "type", resource_engine_type(row_text(item, "type")),
                      "non_negative", !row_is_null(item, "low") && row_real(item, "low") >= 0);
        add_use(item, columns, column);
        json_array_append_new(list, column);
    }
    *ret_table = json_pack("{s:s, s:s, s:s?, s:o}", "name", table_name, "kind", "resource", "subject",
                           subject, "columns", list);
    return RESULT_OK;
}

static const char *bound_text(struct arena *arena, double bound)
{
    return arena_printf(arena, "%.15g", bound);
}

enum result resource_expected(struct work *work, row_id resource, int version, const json_t *columns,
                              json_t **ret_expected)
{
    struct store_row row;
    struct store_rows items;
    TRY(resource_by_id(work, resource, &row));
    TRY(resource_items(work, resource, version, &items));
    const char *subject = row_text(&row, "subject_item");
    json_t *list = json_array();
    for (size_t i = 0; i < items.count; i++) {
        const struct store_row *item = &items.rows[i];
        if (!is_in_slice(columns, row_text(item, "name"), subject))
            continue;
        json_t *column = json_pack("{s:s, s:s, s:b}", "name", row_text(item, "name"), "type",
                                   row_text(item, "type"), "nullable", row_integer(item, "nullable") != 0);
        add_use(item, columns, column);
        if (!row_is_null(item, "low"))
            json_object_set_new(column, "minimum",
                                json_string(bound_text(work->arena, row_real(item, "low"))));
        if (!row_is_null(item, "high"))
            json_object_set_new(column, "maximum",
                                json_string(bound_text(work->arena, row_real(item, "high"))));
        json_array_append_new(list, column);
    }
    *ret_expected = json_pack("{s:o, s:s?, s:s?}", "columns", list, "subject", subject, "subject_kind",
                              row_text(&row, "subject_kind"));
    return RESULT_OK;
}
