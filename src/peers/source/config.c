#include "peers/source/config.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "peers/source/file.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What is being read, for refusals. */
struct reading {
    struct arena *arena;
    const char *path;
    struct refusal *refusal;
};

struct member {
    const char *name;
    json_type type; /* JSON_TRUE stands for both booleans */
    bool required;
};

static enum result refuse_key(const struct reading *reading, const char *pointer, const char *zh,
                              const char *en, const char *remedy_zh, const char *remedy_en)
{
    struct arena *arena = reading->arena;
    return refuse(reading->refusal,
                  (struct refusal){.result = RESULT_INVALID,
                                   .field = pointer,
                                   .zh = arena_printf(arena, "%s:%s:%s", reading->path, pointer, zh),
                                   .en = arena_printf(arena, "%s: %s: %s", reading->path, pointer, en),
                                   .remedy_zh = remedy_zh,
                                   .remedy_en = remedy_en});
}

static const char *type_words(json_type type, bool zh)
{
    switch (type) {
    case JSON_STRING:
        return zh ? "文本" : "a string";
    case JSON_INTEGER:
        return zh ? "整数" : "an integer";
    case JSON_ARRAY:
        return zh ? "数组" : "an array";
    case JSON_OBJECT:
        return zh ? "对象" : "an object";
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_REAL:
    case JSON_NULL:
        break;
    }
    return zh ? "true 或 false" : "true or false";
}

static const struct member *find_member(const struct member *members, const char *name)
{
    for (; members->name != NULL; members++)
        if (strcmp(members->name, name) == 0)
            return members;
    return NULL;
}

static const char *member_names(struct arena *arena, const struct member *members)
{
    const char *names = members->name;
    for (members++; members->name != NULL; members++)
        names = arena_printf(arena, "%s, %s", names, members->name);
    return names;
}

/* An object with these members and no others, each of its type. */
static enum result check_object(const struct reading *reading, const json_t *object, const char *pointer,
                                const struct member *members)
{
    struct arena *arena = reading->arena;
    if (!json_is_object(object))
        return refuse_key(reading, pointer, "应为对象。", "must be an object.", "请写成 {…}。", "Write {…}.");
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        const struct member *member = find_member(members, key);
        const char *place = arena_printf(arena, "%s/%s", pointer, key);
        if (member == NULL) {
            const char *names = member_names(arena, members);
            return refuse_key(reading, place, "没有这个键。", "there is no such key.",
                              arena_printf(arena, "可用的键:%s。", names),
                              arena_printf(arena, "Known here: %s.", names));
        }
        bool matches =
            member->type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == member->type;
        if (!matches)
            return refuse_key(reading, place, arena_printf(arena, "应为%s。", type_words(member->type, true)),
                              arena_printf(arena, "must be %s.", type_words(member->type, false)),
                              "请更正取值的类型。", "Mend the type of the value.");
        if (member->type == JSON_STRING &&
            (text_is_blank(json_string_value(value)) || text_has_control(json_string_value(value))))
            return refuse_key(reading, place, "不得为空或含控制字符。",
                              "may not be blank or hold control characters.", "请填写取值。",
                              "Give a value.");
    }
    for (; members->name != NULL; members++)
        if (members->required && json_object_get(object, members->name) == NULL)
            return refuse_key(reading, arena_printf(arena, "%s/%s", pointer, members->name), "缺少这个键。",
                              "is missing.", "请补上。", "Add it.");
    return RESULT_OK;
}

static const char *copy_text(const struct reading *reading, const json_t *object, const char *key)
{
    const char *text = json_text(object, key);
    return text != NULL ? arena_strdup(reading->arena, text) : NULL;
}

static const char *copy_path(const struct reading *reading, const json_t *object, const char *key)
{
    const char *path = json_text(object, key);
    return path != NULL ? source_file_beside(reading->arena, reading->path, path) : NULL;
}

/* ---- columns ---- */

static const struct member column_members[] = {{"type", JSON_STRING, false},
                                               {"nullable", JSON_TRUE, false},
                                               {"never", JSON_TRUE, false},
                                               {"minimum", JSON_STRING, false},
                                               {"maximum", JSON_STRING, false},
                                               {"pattern", JSON_STRING, false},
                                               {"max_characters", JSON_INTEGER, false},
                                               {"use", JSON_STRING, false},
                                               {"level", JSON_INTEGER, false},
                                               {"filterable", JSON_TRUE, false},
                                               {NULL}};

/* What is stated of a column with every delivery. */
static enum result read_use(const struct reading *reading, const json_t *json, const char *pointer,
                            struct source_column *column)
{
    static const char *const uses[] = {"forbidden", "key", "dimension", "key_dimension", "measure"};
    const char *use = json_text(json, "use");
    int64_t level = json_integer_or(json, "level", 1);
    for (size_t i = 0; use != NULL && i < sizeof uses / sizeof *uses; i++)
        if (strcmp(use, uses[i]) == 0)
            column->use = uses[i];
    if (use != NULL && column->use == NULL)
        return refuse_key(reading, arena_printf(reading->arena, "%s/use", pointer), "没有这种用途。",
                          "there is no such use.", "可用:forbidden、key、dimension、key_dimension、measure。",
                          "Use forbidden, key, dimension, key_dimension or measure.");
    if (level < 1 || level > 4)
        return refuse_key(reading, arena_printf(reading->arena, "%s/level", pointer), "超出范围。",
                          "is out of range.", "请取 1 至 4。", "Give 1 to 4.");
    column->level = json_object_get(json, "level") != NULL ? (int)level : 0;
    column->filter_said = json_object_get(json, "filterable") != NULL;
    column->filterable = json_boolean_or(json, "filterable", false);
    return RESULT_OK;
}

/* The types of the catalogue; times of the day travel as text. */
static bool read_type(const char *name, enum engine_type *ret_type)
{
    return engine_type_parse(name, ret_type) && *ret_type != ENGINE_DECIMAL && *ret_type != ENGINE_TIMESTAMP;
}

static enum result read_column(const struct reading *reading, const char *name, const json_t *json,
                               const char *pointer, struct source_column *ret_column)
{
    TRY(check_object(reading, json, pointer, column_members));
    struct source_column column = {.typed = json_text(json, "type") != NULL,
                                   .never = json_boolean_or(json, "never", false)};
    column.field = (struct engine_field){.name = arena_strdup(reading->arena, name),
                                         .type = ENGINE_TEXT,
                                         .nullable = json_boolean_or(json, "nullable", true),
                                         .minimum = copy_text(reading, json, "minimum"),
                                         .maximum = copy_text(reading, json, "maximum"),
                                         .pattern = copy_text(reading, json, "pattern")};
    if (column.typed && !read_type(json_text(json, "type"), &column.field.type))
        return refuse_key(reading, arena_printf(reading->arena, "%s/type", pointer), "没有这种类型。",
                          "there is no such type.", "可用:text、integer、double、date、boolean。",
                          "Use text, integer, double, date or boolean.");
    bool text = column.field.type == ENGINE_TEXT;
    bool ranged = column.field.minimum != NULL || column.field.maximum != NULL;
    int64_t characters = json_integer_or(json, "max_characters", 0);
    bool wordy = column.field.pattern != NULL || characters != 0;
    if ((ranged || wordy) &&
        (!column.typed || (ranged && (text || column.field.type == ENGINE_BOOLEAN)) || (wordy && !text)))
        return refuse_key(reading, pointer, "规则与类型不符。", "the rules do not fit the type.",
                          "pattern、max_characters 用于 text;minimum、maximum 用于数与日期；须写明 type。",
                          "pattern and max_characters go with text; minimum and maximum with numbers and "
                          "dates; say the type.");
    if (characters < 0 || characters > LIMIT_TEXT_CHARACTERS)
        return refuse_key(reading, arena_printf(reading->arena, "%s/max_characters", pointer), "超出范围。",
                          "is out of range.", "请取 1 至 10000。", "Give 1 to 10000.");
    column.field.max_characters = (unsigned)characters;
    TRY(read_use(reading, json, pointer, &column));
    *ret_column = column;
    return RESULT_OK;
}

static enum result read_columns(const struct reading *reading, const json_t *json, const char *pointer,
                                struct source_resource *resource)
{
    size_t count = json_object_size(json);
    if (count > LIMIT_TABLE_COLUMNS)
        return refuse_key(reading, pointer, "列太多。", "has too many columns.", "最多 1000 列。",
                          "At most 1000.");
    struct source_column *columns = arena_new_array(reading->arena, struct source_column, count);
    size_t at = 0;
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)json, name, value) {
        const char *place = arena_printf(reading->arena, "%s/%s", pointer, name);
        TRY(read_column(reading, name, value, place, &columns[at++]));
    }
    resource->columns = columns;
    resource->column_count = count;
    return RESULT_OK;
}

static enum result read_key(const struct reading *reading, const json_t *json, const char *pointer,
                            struct source_key *ret_key)
{
    size_t count = json_array_size(json);
    const char **columns = arena_new_array(reading->arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(json, i));
        if (name == NULL)
            break;
        columns[i] = arena_strdup(reading->arena, name);
    }
    if (!json_is_array(json) || count == 0 || count > 8 || columns[count - 1] == NULL)
        return refuse_key(reading, pointer, "应为 1 至 8 个列名。", "must be a list of 1 to 8 column names.",
                          "例如 [\"id\"]。", "For instance [\"id\"].");
    *ret_key = (struct source_key){columns, count};
    return RESULT_OK;
}

static enum result read_keys(const struct reading *reading, const json_t *json, const char *pointer,
                             struct source_resource *resource)
{
    size_t count = json_array_size(json);
    if (count > 16)
        return refuse_key(reading, pointer, "太多。", "has too many.", "最多 16 个候选键。",
                          "At most 16 keys.");
    struct source_key *keys = arena_new_array(reading->arena, struct source_key, count);
    for (size_t i = 0; i < count; i++)
        TRY(read_key(reading, json_array_get(json, i), arena_printf(reading->arena, "%s/%zu", pointer, i),
                     &keys[i]));
    resource->keys = keys;
    resource->key_count = count;
    return RESULT_OK;
}

/* ---- resources ---- */

static const struct member file_members[] = {
    {"code", JSON_STRING, true},     {"kind", JSON_STRING, true},      {"path", JSON_STRING, true},
    {"columns", JSON_OBJECT, false}, {"encoding", JSON_STRING, false}, {"approval", JSON_STRING, false},
    {"keys", JSON_ARRAY, false},     {"subject", JSON_STRING, false},  {NULL}};
static const struct member table_members[] = {
    {"code", JSON_STRING, true},  {"kind", JSON_STRING, true},     {"connection", JSON_STRING, true},
    {"table", JSON_STRING, true}, {"columns", JSON_OBJECT, false}, {"approval", JSON_STRING, false},
    {"keys", JSON_ARRAY, false},  {"subject", JSON_STRING, false}, {NULL}};

/* One of two words; the first is meant when there is none. */
static enum result read_word(const struct reading *reading, const json_t *json, const char *pointer,
                             const char *key, const char *usual, const char *other, bool *ret_other)
{
    const char *word = json_text(json, key);
    if (word != NULL && strcmp(word, usual) != 0 && strcmp(word, other) != 0)
        return refuse_key(reading, arena_printf(reading->arena, "%s/%s", pointer, key), "没有这个取值。",
                          "there is no such value.",
                          arena_printf(reading->arena, "可用:%s、%s。", usual, other),
                          arena_printf(reading->arena, "Use %s or %s.", usual, other));
    *ret_other = word != NULL && strcmp(word, other) == 0;
    return RESULT_OK;
}

static enum result read_kind(const struct reading *reading, const json_t *json, const char *pointer,
                             enum source_kind *ret_kind)
{
    static const char *const names[] = {"csv", "parquet", "postgresql"};
    const char *kind = json_text(json, "kind");
    for (int i = SOURCE_CSV; i <= SOURCE_POSTGRESQL; i++)
        if (kind != NULL && strcmp(kind, names[i]) == 0) {
            *ret_kind = (enum source_kind)i;
            return RESULT_OK;
        }
    return refuse_key(reading, arena_printf(reading->arena, "%s/kind", pointer), "缺少，或没有这种来源。",
                      "is missing, or there is no such kind.", "可用:csv、parquet、postgresql。",
                      "Use csv, parquet or postgresql.");
}

static enum result read_resource(const struct reading *reading, const json_t *json, const char *pointer,
                                 struct source_resource *ret_resource)
{
    struct source_resource resource = {0};
    TRY(read_kind(reading, json, pointer, &resource.kind));
    bool table = resource.kind == SOURCE_POSTGRESQL;
    TRY(check_object(reading, json, pointer, table ? table_members : file_members));
    resource.code = copy_text(reading, json, "code");
    assert(resource.code != NULL); /* required above */
    resource.path = copy_path(reading, json, "path");
    resource.connection = copy_text(reading, json, "connection");
    resource.table = copy_text(reading, json, "table");
    resource.subject = copy_text(reading, json, "subject");
    TRY(read_word(reading, json, pointer, "encoding", "utf-8", "gbk", &resource.gbk));
    TRY(read_word(reading, json, pointer, "approval", "automatic", "manual", &resource.manual));
    if (resource.gbk && resource.kind != SOURCE_CSV)
        return refuse_key(reading, arena_printf(reading->arena, "%s/encoding", pointer), "仅用于 csv。",
                          "is for csv only.", "请删去。", "Leave it out.");
    TRY(read_columns(reading, json_object_get(json, "columns"),
                     arena_printf(reading->arena, "%s/columns", pointer), &resource));
    TRY(read_keys(reading, json_object_get(json, "keys"), arena_printf(reading->arena, "%s/keys", pointer),
                  &resource));
    *ret_resource = resource;
    return RESULT_OK;
}

static enum result read_resources(const struct reading *reading, const json_t *json,
                                  struct source_config *config)
{
    size_t count = json_array_size(json);
    if (count == 0 || count > LIMIT_LIST_ITEMS)
        return refuse_key(reading, "/resources", "应有 1 至 1000 个资源。", "must hold 1 to 1000 resources.",
                          "请至少写一个资源。", "Give one resource at least.");
    struct source_resource *resources = arena_new_array(reading->arena, struct source_resource, count);
    config->resources = resources;
    for (size_t i = 0; i < count; i++) {
        const char *pointer = arena_printf(reading->arena, "/resources/%zu", i);
        TRY(read_resource(reading, json_array_get(json, i), pointer, &resources[i]));
        if (source_resource_by_code(config, resources[i].code) != NULL)
            return refuse_key(reading, arena_printf(reading->arena, "%s/code", pointer), "代码重复。",
                              "this code is there twice.", "每个资源用一个代码。",
                              "Give each resource its own code.");
        config->resource_count = i + 1;
    }
    return RESULT_OK;
}

/* ---- windows ---- */

static const struct member window_members[] = {
    {"from", JSON_STRING, true}, {"to", JSON_STRING, true}, {"reason", JSON_STRING, true}, {NULL}};

/* "HH:MM" in minutes, -1 for what is none. */
static int read_minute(const char *text)
{
    if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
        strspn(text + 3, "0123456789") != 2)
        return -1;
    int hour = (text[0] - '0') * 10 + text[1] - '0';
    int minute = (text[3] - '0') * 10 + text[4] - '0';
    return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

static enum result read_windows(const struct reading *reading, const json_t *json,
                                struct source_config *config)
{
    size_t count = json_array_size(json);
    struct source_window *windows = arena_new_array(reading->arena, struct source_window, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *window = json_array_get(json, i);
        const char *pointer = arena_printf(reading->arena, "/maintenance/%zu", i);
        TRY(check_object(reading, window, pointer, window_members));
        windows[i] = (struct source_window){read_minute(json_text(window, "from")),
                                            read_minute(json_text(window, "to")),
                                            copy_text(reading, window, "reason")};
        if (windows[i].from_minute < 0 || windows[i].to_minute < 0 ||
            windows[i].from_minute == windows[i].to_minute)
            return refuse_key(reading, pointer, "起止时刻不对。", "its times are none.",
                              "请写成 \"22:30\",起止不同。", "Write \"22:30\", two different times.");
    }
    config->windows = windows;
    config->window_count = count;
    return RESULT_OK;
}

/* ---- the whole ---- */

static const struct member members[] = {
    {"platform", JSON_STRING, true},    {"token_file", JSON_STRING, true},
    {"order_key", JSON_STRING, true},   {"resources", JSON_ARRAY, true},
    {"state", JSON_STRING, true},       {"poll_seconds", JSON_INTEGER, false},
    {"ca_file", JSON_STRING, false},    {"clock", JSON_STRING, false},
    {"maintenance", JSON_ARRAY, false}, {NULL}};

static enum result read_token(const struct reading *reading, const char *path, struct source_config *config)
{
    char *token = NULL;
    size_t size = 0;
    TRY(source_file_read_secret(reading->arena, path, &token, &size, reading->refusal));
    while (size > 0 && strchr(" \t\r\n", token[size - 1]) != NULL)
        token[--size] = '\0';
    bool printable = size > 0;
    for (size_t i = 0; i < size; i++)
        printable = printable && token[i] > ' ' && token[i] < 0x7F;
    if (!printable)
        return refuse_key(reading, "/token_file", "文件中没有令牌。", "the file holds no token.",
                          "请把平台发放的令牌写入该文件，一行。",
                          "Put the token that the platform issued into it, on one line.");
    config->token = token;
    return RESULT_OK;
}

static enum result read_config(const struct reading *reading, const json_t *json,
                               struct source_config *config)
{
    TRY(check_object(reading, json, "", members));
    config->platform = copy_text(reading, json, "platform");
    config->ca_file = copy_path(reading, json, "ca_file");
    config->state = copy_path(reading, json, "state");
    config->clock = copy_path(reading, json, "clock");
    if (hex_parse(json_text(json, "order_key"), config->order_key, sizeof config->order_key) != RESULT_OK)
        return refuse_key(reading, "/order_key", "不是 64 位小写十六进制的 Ed25519 公钥。",
                          "is no Ed25519 public key of 64 lower-case hexadecimal digits.",
                          "请向平台运营方当面核对订单公钥。",
                          "Check the order key with the platform's operator in person.");
    int64_t seconds = json_integer_or(json, "poll_seconds", 30);
    if (seconds < 1 || seconds > 86400)
        return refuse_key(reading, "/poll_seconds", "超出范围。", "is out of range.", "请取 1 至 86400。",
                          "Give 1 to 86400.");
    config->poll_seconds = (int)seconds;
    TRY(read_windows(reading, json_object_get(json, "maintenance"), config));
    TRY(read_resources(reading, json_object_get(json, "resources"), config));
    return read_token(reading, copy_path(reading, json, "token_file"), config);
}

enum result source_config_open(struct arena *arena, const char *path, struct source_config *ret_config,
                               struct refusal *ret_refusal)
{
    struct reading reading = {arena, path, ret_refusal};
    char *bytes = NULL;
    size_t size = 0;
    TRY(source_file_read(arena, path, LIMIT_BODY_BYTES, &bytes, &size, ret_refusal));
    CLEANUP_JSON json_t *json = NULL;
    enum result result = json_read(arena, bytes, size, &json, ret_refusal);
    if (result != RESULT_OK) {
        if (ret_refusal != NULL) {
            ret_refusal->zh = arena_printf(arena, "%s:%s", path, ret_refusal->zh);
            ret_refusal->en = arena_printf(arena, "%s: %s", path, ret_refusal->en);
        }
        return result;
    }
    struct source_config config = {0};
    TRY(read_config(&reading, json, &config));
    *ret_config = config;
    return RESULT_OK;
}

const struct source_resource *source_resource_by_code(const struct source_config *config, const char *code)
{
    for (size_t i = 0; i < config->resource_count; i++)
        if (strcmp(config->resources[i].code, code) == 0)
            return &config->resources[i];
    return NULL;
}

const struct source_column *source_column_by_name(const struct source_resource *resource, const char *name)
{
    for (size_t i = 0; i < resource->column_count; i++)
        if (strcmp(resource->columns[i].field.name, name) == 0)
            return &resource->columns[i];
    return NULL;
}

const struct source_window *source_window_at(const struct source_config *config, instant at, instant *ret_end)
{
    instant midnight = day_begin(day_of_instant(at));
    int now = (int)((at - midnight) / INSTANT_MINUTE);
    for (size_t i = 0; i < config->window_count; i++) {
        const struct source_window *window = &config->windows[i];
        bool over_midnight = window->to_minute < window->from_minute;
        bool inside = over_midnight ? now >= window->from_minute || now < window->to_minute
                                    : now >= window->from_minute && now < window->to_minute;
        if (!inside)
            continue;
        bool tomorrow = over_midnight && now >= window->from_minute;
        *ret_end = midnight + window->to_minute * INSTANT_MINUTE + (tomorrow ? INSTANT_DAY : 0);
        return window;
    }
    return NULL;
}
