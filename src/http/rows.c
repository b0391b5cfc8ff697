#include "http/rows.h"

#include "http/app.h"

#include <string.h>

static const struct store_value *find_column(const struct store_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->names[i], name) == 0)
            return &row->values[i];
    return NULL;
}

static json_t *print_day(int64_t number)
{
    char text[DAY_TEXT_SIZE];
    day_print((day)number, text);
    return json_string(text);
}

static json_t *print_instant(int64_t at)
{
    char text[INSTANT_TEXT_SIZE];
    instant_print(at, text);
    return json_string(text);
}

static json_t *print_bits(const struct field *field, int64_t bits)
{
    json_t *list = json_array();
    for (unsigned bit = 0; field->choices[bit] != NULL; bit++)
        if ((bits >> bit & 1) != 0)
            json_array_append_new(list, json_string(field->choices[bit]));
    return list;
}

static json_t *value_to_json(const struct field *field, const struct store_value *value)
{
    switch (field->type) {
    case FIELD_INTEGER:
    case FIELD_ID:
    case FIELD_MONEY:
        return json_integer(value->integer);
    case FIELD_NUMBER:
        return json_real(value->type == STORE_INTEGER ? (double)value->integer : value->real);
    case FIELD_BOOLEAN:
        return json_boolean(value->integer != 0);
    case FIELD_DATE:
        return print_day(value->integer);
    case FIELD_INSTANT:
        return print_instant(value->integer);
    case FIELD_LIST:
        if (value->type == STORE_INTEGER)
            return print_bits(field, value->integer);
        return json_loadb(value->bytes, value->size, JSON_DECODE_ANY, NULL);
    case FIELD_OBJECT:
    case FIELD_ANY:
        return json_loadb(value->bytes, value->size, JSON_DECODE_ANY, NULL);
    case FIELD_TEXT:
    case FIELD_CHOICE:
    case FIELD_NAME:
    case FIELD_LOGIN:
    case FIELD_CODE:
    case FIELD_CREDIT_CODE:
    case FIELD_DIGEST:
    case FIELD_END:
        break;
    }
    return json_stringn_nocheck(value->bytes, value->size); /* the store takes no text but UTF-8 */
}

json_t *row_to_json(struct arena *arena, const struct schema *schema, const struct store_row *row)
{
    (void)arena;
    json_t *object = json_object();
    for (const struct field *field = schema->fields; field->name != NULL; field++) {
        const struct store_value *value = find_column(row, field->name);
        if (value == NULL)
            continue;
        if (value->type != STORE_NULL)
            json_object_set_new_nocheck(object, field->name, value_to_json(field, value));
        else if (field->nullable)
            json_object_set_new_nocheck(object, field->name, json_null());
    }
    return object;
}

enum result reply_row(struct request *request, const struct store_row *row)
{
    request->reply = row_to_json(request->work.arena, request->route->reply, row);
    if (request->work.entry >= 0)
        json_object_set_new(request->reply, "entry", json_integer(request->work.entry));
    return RESULT_OK;
}

const struct schema reply_step_schema = {
    .name = "Step",
    .fields =
        (const struct field[]){
            {"id", FIELD_ID, .required = true, .zh = "对象编号", .en = "number of the object"},
            {"state", FIELD_TEXT, .zh = "步骤后的状态", .en = "its state after the step"},
            {"entry", FIELD_INTEGER, .required = true, .zh = "审计记录编号",
             .en = "number of the audit entry"},
            {0},
        },
};

enum result reply_step(struct request *request, row_id id, const char *state)
{
    request->reply = json_pack("{s:I, s:I}", "id", (json_int_t)id, "entry", (json_int_t)request->work.entry);
    if (state != NULL)
        json_object_set_new(request->reply, "state", json_string(state));
    return RESULT_OK;
}

enum result reply_page(struct request *request, const struct store_rows *rows)
{
    size_t limit = (size_t)page_limit(request);
    size_t count = rows->count < limit ? rows->count : limit;
    json_t *items = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(items, row_to_json(request->work.arena, request->route->reply, &rows->rows[i]));
    page_reply(request, items, rows->count > limit ? row_integer(&rows->rows[count - 1], "id") : 0);
    return RESULT_OK;
}

const struct schema empty_schema = {.name = "Empty", .fields = (const struct field[]){{0}}};

const struct schema reason_schema = {
    .name = "Reason",
    .fields =
        (const struct field[]){
            {"reason", FIELD_TEXT, .required = true, .max = 2000, .zh = "理由", .en = "the reason"},
            {0},
        },
};

const struct schema optional_reason_schema = {
    .name = "OptionalReason",
    .fields =
        (const struct field[]){
            {"reason", FIELD_TEXT, .max = 2000, .zh = "说明", .en = "a remark"},
            {0},
        },
};

struct store_value body_text(const struct request *request, const char *name)
{
    return store_text(json_text(request->body, name));
}

static struct store_value integer_member(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    if (json_is_boolean(member))
        return store_integer(json_is_true(member));
    return json_is_integer(member) ? store_integer(json_integer_value(member)) : store_null();
}

struct store_value body_integer(const struct request *request, const char *name)
{
    return integer_member(request->body, name);
}

struct store_value body_day(const struct request *request, const char *name)
{
    const char *text = json_text(request->body, name);
    day parsed;
    if (text == NULL || day_parse(text, &parsed) != RESULT_OK)
        return store_null();
    return store_integer(parsed);
}

struct store_value body_json(const struct request *request, const char *name)
{
    const json_t *member = json_object_get(request->body, name);
    return member == NULL ? store_null() : store_text(json_print(request->work.arena, member));
}

struct store_value query_text(const struct request *request, const char *name)
{
    return store_text(json_text(request->query, name));
}

struct store_value query_integer(const struct request *request, const char *name)
{
    return integer_member(request->query, name);
}

static const struct schema history_item_schema = {
    .name = "HistoryItem",
    .fields =
        (const struct field[]){
            {"event", FIELD_TEXT, .required = true, .zh = "事项", .en = "what was done"},
            {"from", FIELD_TEXT, .required = true, .nullable = true, .zh = "之前的状态",
             .en = "state before"},
            {"to", FIELD_TEXT, .required = true, .zh = "之后的状态", .en = "state after"},
            {"account", FIELD_INTEGER, .required = true, .zh = "账号，平台自身为 0",
             .en = "who, 0 for the platform"},
            {"party", FIELD_INTEGER, .required = true, .zh = "所代表单位", .en = "for which party"},
            {"at", FIELD_INSTANT, .required = true, .zh = "时间", .en = "when"},
            {"reason", FIELD_TEXT, .required = true, .nullable = true, .zh = "理由",
             .en = "the reason given"},
            {"entry", FIELD_INTEGER, .required = true, .zh = "审计记录编号",
             .en = "number of the audit entry"},
            {0},
        },
};

const struct schema history_schema = {
    .name = "History",
    .fields =
        (const struct field[]){
            {"items", FIELD_LIST, .required = true, .of = &history_item_schema, .zh = "经过",
             .en = "the steps, oldest first"},
            {0},
        },
};

static const struct schema action_schema = {
    .name = "Action",
    .fields =
        (const struct field[]){
            {"event", FIELD_TEXT, .required = true, .zh = "事项", .en = "what can be done"},
            {"to", FIELD_TEXT, .required = true, .zh = "将到的状态", .en = "the state it leads to"},
            {"may", FIELD_BOOLEAN, .required = true, .zh = "本人现在可否",
             .en = "whether this caller may now"},
            {"reason_zh", FIELD_TEXT, .zh = "不可的原因", .en = "why not, in Chinese"},
            {"reason_en", FIELD_TEXT, .zh = "不可的原因（英文）", .en = "why not"},
            {0},
        },
};

const struct schema actions_schema = {
    .name = "Actions",
    .fields =
        (const struct field[]){
            {"items", FIELD_LIST, .required = true, .of = &action_schema, .zh = "事项",
             .en = "the moves from here"},
            {0},
        },
};

enum result reply_history(struct request *request, const struct workflow *workflow, row_id object_id)
{
    json_t *items;
    TRY(workflow_history(&request->work, workflow, object_id, &items));
    request->reply = json_pack("{s:o}", "items", items);
    return RESULT_OK;
}

enum result reply_actions(struct request *request, const struct workflow *workflow, row_id object_id,
                          void *context)
{
    json_t *items;
    TRY(workflow_actions(&request->work, request->app->workflows, workflow, object_id, context, &items));
    request->reply = json_pack("{s:o}", "items", items);
    return RESULT_OK;
}
