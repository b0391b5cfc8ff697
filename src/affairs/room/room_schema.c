#include "affairs/room/room_inner.h"
#include "http/declare.h"

const struct schema room_new_schema = {
    .name = "RoomNew",
    FIELDS({"admission_id", FIELD_ID,
            DOC("为哪项准入开设；不填为运营主体自用", "for which admission; left out: the operator's own")},
           {"title", FIELD_TEXT, REQUIRED, .max = 200, DOC("名称", "title")},
           {"quota_seconds", FIELD_INTEGER, REQUIRED, .low = 1, .high = 1000000,
            DOC("计算时间配额（秒）", "quota of query time in seconds")}),
};

const struct schema room_schema = {
    .name = "Room",
    FIELDS(ID_FIELD, {"admission_id", FIELD_ID, DOC("准入", "admission")},
           {"agreement_id", FIELD_ID, REQUIRED, DOC("协议", "agreement")},
           {"operator_id", FIELD_ID, REQUIRED, DOC("运营主体", "operator")},
           {"developer_id", FIELD_ID, REQUIRED, DOC("使用单位", "the party that works in it")},
           {"title", FIELD_TEXT, REQUIRED, DOC("名称", "title")},
           {"quota_seconds", FIELD_INTEGER, REQUIRED, DOC("计算时间配额（秒）", "quota in seconds")},
           {"used_ms", FIELD_INTEGER, REQUIRED, DOC("已用毫秒", "milliseconds used")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

static const char *const types[] = {"text", "integer", "double", "date", "boolean", NULL};
static const char *const uses[] = {"key", "dimension", "key_dimension", "measure", NULL};

static const struct schema import_column_schema = {
    .name = "ImportColumn",
    FIELDS({"name", FIELD_TEXT, REQUIRED, .max = 64, DOC("列名", "name")},
           {"type", FIELD_CHOICE, REQUIRED, .choices = types, DOC("类型", "type")},
           {"nullable", FIELD_BOOLEAN, DOC("可为空", "may be absent")},
           {"use", FIELD_CHOICE, REQUIRED, .choices = uses, DOC("用途", "use")}),
};

#define IMPORT_FIELDS                                                                                        \
    {"title", FIELD_TEXT, REQUIRED, .max = 200, DOC("名称", "title")},                                       \
        {"table_name", FIELD_TEXT, REQUIRED, .max = 64,                                                      \
         DOC("在开发环境中的表名", "its name as a table of the room")},                                      \
        {"proof_id", FIELD_ID, DOC("数据来源合法的证明", "proof of lawful source, a document")},             \
    {                                                                                                        \
        "columns", FIELD_LIST, REQUIRED, .max = 200, .of = &import_column_schema, DOC("列", "columns")       \
    }

const struct schema import_new_schema = {.name = "ImportNew", FIELDS(IMPORT_FIELDS)};

const struct schema import_schema = {
    .name = "Import",
    FIELDS(ID_FIELD, {"room_id", FIELD_ID, REQUIRED, DOC("开发环境", "room")}, IMPORT_FIELDS,
           {"proof_digest", FIELD_DIGEST, DOC("证明摘要", "digest of the proof")},
           {"digest", FIELD_DIGEST, DOC("内容摘要", "digest of what was loaded")},
           {"row_count", FIELD_INTEGER, DOC("行数", "rows")},
           {"load_report", FIELD_ANY, DOC("装载检查结果", "what the check of the load found")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema import_proof_schema = {
    .name = "ImportProof",
    FIELDS({"proof_id", FIELD_ID, REQUIRED, DOC("数据来源合法的证明", "proof of lawful source, a document")}),
};

#define JOIN_FIELDS                                                                                          \
    {"left_table", FIELD_TEXT, REQUIRED, .max = 64, DOC("左表", "left table")},                              \
        {"left_column", FIELD_TEXT, REQUIRED, .max = 64, DOC("左表连接键", "its key")},                      \
        {"right_table", FIELD_TEXT, REQUIRED, .max = 64, DOC("右表", "right table")},                        \
    {                                                                                                        \
        "right_column", FIELD_TEXT, REQUIRED, .max = 64, DOC("右表连接键", "its key")                        \
    }

const struct schema join_schema = {.name = "JoinNew", FIELDS(JOIN_FIELDS)};
const struct schema join_made_schema = {.name = "Join", FIELDS(ID_FIELD, JOIN_FIELDS, ENTRY_FIELD)};

const struct schema query_new_schema = {
    .name = "QueryNew",
    FIELDS({"sql", FIELD_TEXT, REQUIRED, .max = 60000, DOC("SQL，只允许聚合", "SQL; aggregates only")}),
};

static const char *const query_states[] = {"running", "done", "failed", NULL};

const struct schema query_schema = {
    .name = "Query",
    FIELDS(ID_FIELD, {"room_id", FIELD_ID, REQUIRED, DOC("开发环境", "room")},
           {"sql", FIELD_TEXT, REQUIRED, DOC("SQL", "SQL")},
           {"rule", FIELD_TEXT, REQUIRED, DOC("所依规则版本", "the release rule it was checked by")},
           {"state", FIELD_CHOICE, REQUIRED, .choices = query_states, DOC("状态", "state")},
           {"shape", FIELD_ANY,
            DOC("结果的形状：列与行数；内容封存",
                "the shape of the result: columns and rows; the content is sealed")},
           {"reason_zh", FIELD_TEXT, DOC("失败原因", "why it failed, in Chinese")},
           {"reason_en", FIELD_TEXT, DOC("失败原因（英文）", "why it failed")},
           {"started_at", FIELD_INSTANT, REQUIRED, DOC("开始", "started")},
           {"ended_at", FIELD_INSTANT, DOC("结束", "ended")}, ENTRY_FIELD),
};
