#include "affairs/room/room.h"

#include "affairs/agreement/agreement.h"
#include "affairs/developer/developer.h"
#include "affairs/request/request.h"
#include "affairs/resource/resource.h"
#include "affairs/room/room_inner.h"
#include "affairs/rule/rule.h"
#include "base/mutation.h"
#include "base/name.h"
#include "base/text.h"

#include <string.h>

enum result room_by_id(struct work *work, row_id room, struct store_row *ret_room)
{
    return store_one(work->tx, work->arena, SQL_ROOM_BY_ID, STORE_BINDS({"id", store_integer(room)}),
                     ret_room);
}

enum result import_find(struct work *work, row_id id, struct store_row *ret_row)
{
    return store_one(work->tx, work->arena, SQL_IMPORT_BY_ID, STORE_BINDS({"id", store_integer(id)}),
                     ret_row);
}

/* ---- who and when ---- */

enum result room_is_seen(struct request *request, row_id room)
{
    struct store_row row;
    const struct actor *actor = &request->actor;
    TRY(room_by_id(&request->work, room, &row));
    bool seen = actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR ||
                row_integer(&row, "operator_id") == actor->party ||
                row_integer(&row, "developer_id") == actor->party;
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result room_is_worked_in(struct request *request, row_id room, struct store_row *ret_room)
{
    struct store_row row;
    TRY(room_by_id(&request->work, room, &row));
    if (row_integer(&row, "developer_id") != request->actor.party && !mutation_without("room_is_worked_in"))
        return RESULT_NOT_FOUND;
    *ret_room = row;
    return RESULT_OK;
}

static enum result refuse_use(struct work *work, const char *zh, const char *en, const char *remedy_zh,
                              const char *remedy_en)
{
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(SAFE_ROOM), .field = "room", .zh = zh, .en = en,
                  .remedy_zh = remedy_zh, .remedy_en = remedy_en);
}

enum result room_is_usable(struct work *work, row_id room, struct store_row *ret_room)
{
    struct store_row row, admission;
    TRY(room_by_id(work, room, &row));
    if (strcmp(row_text(&row, "state"), "open") != 0)
        return refuse_use(work, "该开发环境已关闭", "the room is closed", "请运营主体另开",
                          "ask the operator for another room");
    if (row_is_null(&row, "admission_id"))
        TRY(agreement_in_force(work, row_integer(&row, "agreement_id"), row_integer(&row, "operator_id")));
    else
        TRY(developer_admission_in_force(work, row_integer(&row, "admission_id"), &admission));
    if (row_integer(&row, "used_ms") >= 1000 * row_integer(&row, "quota_seconds") &&
        !mutation_without("room_stops_at_quota"))
        return refuse_use(work, "计算配额已用完", "the room's quota of query time is used up",
                          "请运营主体另开或增配", "ask the operator for another room");
    *ret_room = row;
    return RESULT_OK;
}

/* "__" is reserved. */
static bool is_table_name(const char *name)
{
    return name_is_identifier(name) && strncmp(name, "__", 2) != 0;
}

enum result room_table_is_free(struct work *work, row_id room, const char *name)
{
    struct store_row row;
    if (!is_table_name(name))
        return REFUSE(work, .result = RESULT_INVALID, .field = "/table_name",
                      .zh = "表名只能由字母、汉字、数字和下划线组成，且不以数字或“__”开头",
                      .en = "a table name consists of letters, Chinese characters, digits and underscores, "
                            "and begins with neither a digit nor \"__\"",
                      .remedy_zh = "换一个表名", .remedy_en = "choose another name");
    TRY(store_one(work->tx, work->arena, SQL_ROOM_TABLES_OF_NAME,
                  STORE_BINDS({"room", store_integer(room)}, {"name", store_text(name)}), &row));
    if (row_integer(&row, "tables") == 0)
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_CONFLICT, .field = "/table_name", .zh = "该开发环境已有同名的表",
                  .en = "the room has a table of this name already", .remedy_zh = "换一个表名",
                  .remedy_en = "choose another name");
}

/* ---- guards ---- */

enum result room_is_for_own_operator(struct move *move)
{
    struct store_row row;
    TRY(room_by_id(move->work, move->object_id, &row));
    return row_integer(&row, "operator_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

/* `context`: the admission's row, or NULL for the operator's own room. */
enum result room_is_free_to_open(struct move *move)
{
    const struct store_row *admission = move->context;
    if (admission == NULL || row_integer(admission, "operator_id") == move->work->actor->party)
        return RESULT_OK;
    return RESULT_NOT_FOUND;
}

enum result import_is_own(struct move *move)
{
    struct store_row row;
    TRY(import_find(move->work, move->object_id, &row));
    return row_integer(&row, "developer_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result import_is_for_own_operator(struct move *move)
{
    struct store_row row;
    TRY(import_find(move->work, move->object_id, &row));
    return row_integer(&row, "operator_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result source_is_proven(struct move *move)
{
    struct store_row row;
    TRY(import_find(move->work, move->object_id, &row));
    if (!row_is_null(&row, "proof_id"))
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(FUSION), .field = "/proof_id",
                  .zh = "没有数据来源合法的证明，不得接受",
                  .en = "there is no proof of lawful source: the import cannot be accepted",
                  .remedy_zh = "请开发利用主体补交证明", .remedy_en = "let the developer attach the proof");
}

/* ---- policy ---- */

static json_t *read_json(struct arena *arena, const char *text)
{
    return json_keep(arena, json_loads(text, JSON_DECODE_ANY, NULL));
}

static enum result add_grants(struct work *work, row_id room, json_t *tables)
{
    struct store_rows grants;
    TRY(request_grants_of_room(work, room, &grants));
    for (size_t i = 0; i < grants.count; i++) {
        const struct store_row *grant = &grants.rows[i];
        json_t *table;
        TRY(resource_policy_table(
            work, row_integer(grant, "resource_id"), (int)row_integer(grant, "resource_version"),
            read_json(work->arena, row_text(grant, "columns")), row_text(grant, "table_name"), &table));
        json_object_set_new(table, "file",
                            json_sprintf("slice/%lld", (long long)row_integer(grant, "grant_id")));
        json_array_append_new(tables, table);
    }
    return RESULT_OK;
}

static enum result add_imports(struct work *work, row_id room, json_t *tables)
{
    struct store_rows imports;
    TRY(store_many(work->tx, work->arena, SQL_IMPORT_ACCEPTED, STORE_BINDS({"room", store_integer(room)}),
                   &imports));
    for (size_t i = 0; i < imports.count; i++) {
        json_t *columns = json_array();
        size_t c;
        json_t *column;
        json_array_foreach (read_json(work->arena, row_text(&imports.rows[i], "columns")), c, column)
            json_array_append_new(columns,
                                  json_pack("{s:s, s:s, s:s, s:b}", "name", json_text(column, "name"), "type",
                                            resource_engine_type(json_text(column, "type")), "use",
                                            json_text(column, "use"), "filterable", 1));
        json_array_append_new(
            tables, json_pack("{s:s, s:s, s:o, s:o}", "name", row_text(&imports.rows[i], "table_name"),
                              "kind", "import", "columns", columns, "file",
                              json_sprintf("import/%lld", (long long)row_integer(&imports.rows[i], "id"))));
    }
    return RESULT_OK;
}

static bool is_key(const json_t *tables, const char *table_name, const char *column_name)
{
    size_t i, c;
    json_t *table, *column;
    json_array_foreach (tables, i, table)
        if (text_equal(json_text(table, "name"), table_name))
            json_array_foreach (json_object_get(table, "columns"), c, column)
                if (text_equal(json_text(column, "name"), column_name))
                    return strncmp(json_text(column, "use"), "key", 3) == 0;
    return false;
}

enum result join_is_of_the_room(struct work *work, row_id room, const json_t *join)
{
    json_t *tables = json_keep(work->arena, json_array());
    TRY(add_grants(work, room, tables));
    TRY(add_imports(work, room, tables));
    static const char *const sides[] = {"left", "right"};
    for (size_t i = 0; i < 2; i++) {
        const char *table = json_text(join, arena_printf(work->arena, "%s_table", sides[i]));
        const char *column = json_text(join, arena_printf(work->arena, "%s_column", sides[i]));
        if (!is_key(tables, table, column))
            return REFUSE(
                work, .result = RESULT_CONFLICT, .law = LAW(FUSION),
                .field = arena_printf(work->arena, "/%s_column", sides[i]),
                .zh = "只能连接本环境中已交付或已接受的表的连接键",
                .en = "a join is of keys of tables that have been delivered or accepted into the room",
                .remedy_zh = "待数据交付，或自有数据的来源证明被接受后再声明",
                .remedy_en = "declare it when the rows are there, and own data with its proof accepted");
    }
    return RESULT_OK;
}

static enum result add_joins(struct work *work, row_id room, json_t *joins)
{
    struct store_rows rows;
    TRY(store_many(work->tx, work->arena, SQL_JOIN_KEY_LIST,
                   STORE_BINDS({"room", store_integer(room)}, {"after", store_integer(0)},
                               {"limit", store_integer(1000)}),
                   &rows));
    for (size_t i = 0; i < rows.count; i++)
        json_array_append_new(joins,
                              json_pack("{s:[s, s], s:[s, s]}", "left", row_text(&rows.rows[i], "left_table"),
                                        row_text(&rows.rows[i], "left_column"), "right",
                                        row_text(&rows.rows[i], "right_table"),
                                        row_text(&rows.rows[i], "right_column")));
    return RESULT_OK;
}

enum result room_policy(struct work *work, row_id room, json_t **ret_policy)
{
    struct rule rule;
    enum result found = rule_in_force(work, "release", 0, work_today(work), &rule);
    if (found == RESULT_NOT_FOUND)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(RULE_LIBRARY), .field = "rule",
                      .zh = "市数据局尚未施行出域阈值规则", .en = "no release rule of the bureau is in force",
                      .remedy_zh = "请市数据局在规则库中施行 release 规则",
                      .remedy_en = "the bureau puts a release rule in force in the rule library");
    TRY(found);
    json_t *tables = json_array(), *joins = json_array();
    json_t *policy =
        json_pack("{s:s, s:i, s:I, s:I, s:I, s:f, s:o, s:o}", "rule", "release", "version", rule.version,
                  "threshold", (json_int_t)json_integer_or(rule.parameters, "threshold", 10), "p_percent",
                  (json_int_t)json_integer_or(rule.parameters, "p_percent", 10), "k_percent",
                  (json_int_t)json_integer_or(rule.parameters, "k_percent", 85), "rounding",
                  (double)json_integer_or(rule.parameters, "rounding", 0), "tables", tables, "joins", joins);
    json_keep(work->arena, policy);
    TRY(add_grants(work, room, tables));
    TRY(add_imports(work, room, tables));
    TRY(add_joins(work, room, joins));
    *ret_policy = json_incref(policy);
    return RESULT_OK;
}

enum result room_finished_query(struct work *work, row_id room, row_id query, struct store_row *ret_query)
{
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_QUERY_BY_ID, STORE_BINDS({"id", store_integer(query)}), &row));
    if (row_integer(&row, "room_id") != room)
        return RESULT_NOT_FOUND;
    if (strcmp(row_text(&row, "state"), "done") != 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW), .field = "/query_id",
                      .zh = "该查询没有完成", .en = "the query has not been done",
                      .remedy_zh = "等待完成，或改用已完成的查询",
                      .remedy_en = "wait for it, or use one that is done");
    *ret_query = row;
    return RESULT_OK;
}
