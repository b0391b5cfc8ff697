#include "affairs/request/request_schema.h"

#include "affairs/request/request_inner.h"
#include "http/declare.h"

static const char *const operators[] = {"=", "<>", "<", "<=", ">", ">=", "in", NULL};

static const struct schema condition_schema = {
    .name = "RowCondition",
    FIELDS({"column", FIELD_TEXT, REQUIRED, .max = 64, DOC("数据项", "item")},
           {"op", FIELD_CHOICE, REQUIRED, .choices = operators, DOC("比较", "comparison")},
           {"value", FIELD_ANY, REQUIRED, DOC("值；in 时为列表", "value; a list for in")}),
};

static const struct schema period_schema = {
    .name = "Period",
    FIELDS({"column", FIELD_TEXT, REQUIRED, .max = 64, DOC("日期数据项", "the date item")},
           {"from", FIELD_DATE, REQUIRED, DOC("起", "from")}, {"to", FIELD_DATE, REQUIRED, DOC("止", "to")}),
};

#define REQUEST_FIELDS                                                                                       \
    {"room_id", FIELD_ID, REQUIRED, DOC("在哪个开发环境使用", "the room to use it in")},                     \
        {"entry_id", FIELD_ID, REQUIRED, DOC("目录条目", "the entry of the catalogue")},                     \
        {"table_name", FIELD_TEXT, REQUIRED, .max = 64,                                                      \
         DOC("在开发环境中的表名", "its name as a table of the room")},                                      \
        {"purpose", FIELD_TEXT, REQUIRED, .max = 2000, DOC("用途", "the purpose")},                          \
        {"columns",   FIELD_LIST,         REQUIRED,                                                          \
         .max = 1000, .item = FIELD_TEXT, DOC("所需数据项", "the items asked for")},                         \
        {"rows", FIELD_LIST, .max = 50, .of = &condition_schema, DOC("所需行的条件", "conditions on rows")}, \
    {                                                                                                        \
        "period", FIELD_OBJECT, .of = &period_schema, DOC("所需时段", "the period")                          \
    }

const struct schema request_new_schema = {.name = "RequestNew", FIELDS(REQUEST_FIELDS)};

const struct schema request_schema = {
    .name = "Request",
    FIELDS(ID_FIELD, REQUEST_FIELDS,
           {"title", FIELD_TEXT, REQUIRED, DOC("资源名称", "title of the resource")},
           {"code", FIELD_TEXT, REQUIRED, DOC("资源代码", "its code")},
           {"resource_id", FIELD_ID, REQUIRED, DOC("资源", "resource")},
           {"resource_version", FIELD_INTEGER, REQUIRED, DOC("资源版本", "its version")},
           {"agreement_id", FIELD_ID, REQUIRED, DOC("协议", "agreement")},
           {"operator_id", FIELD_ID, REQUIRED, DOC("运营主体", "operator")},
           {"developer_id", FIELD_ID, REQUIRED, DOC("申请单位", "who asks")},
           {"provider_id", FIELD_ID, REQUIRED, DOC("提供单位", "provider")},
           {"grant_id", FIELD_ID, DOC("调用授予编号", "number of the grant")},
           {"row_count", FIELD_INTEGER, DOC("已交付行数", "rows delivered")},
           {"digest", FIELD_DIGEST, DOC("交付内容摘要", "digest of what was delivered")},
           {"load_report", FIELD_ANY,
            DOC("装载检查结果，逐行列出不合格处", "what the check of the load found, row by row")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema request_query_schema = {
    .name = "RequestQuery", FIELDS({"room_id", FIELD_ID, DOC("只列此开发环境的", "only of this room")})};

static const char *const order_states[] = {"open",     "delayed", "delivered", "refused",
                                           "rejected", "void",    NULL};

const struct schema source_order_schema = {
    .name = "SourceOrder",
    FIELDS(ID_FIELD,
           {"order", FIELD_TEXT, REQUIRED, DOC("指令正文（规范 JSON）", "its text, canonical JSON")},
           {"signature", FIELD_TEXT, REQUIRED, DOC("Ed25519 签名", "Ed25519 signature")},
           {"state", FIELD_CHOICE, REQUIRED, .choices = order_states, DOC("状态", "state")},
           {"until_at", FIELD_INSTANT, DOC("延后至", "delayed until")},
           {"reason", FIELD_TEXT, DOC("理由", "reason")},
           {"issued_at", FIELD_INSTANT, REQUIRED, DOC("下达时间", "issued at")},
           {"expires_at", FIELD_INSTANT, REQUIRED, DOC("失效时间", "expires at")}),
};

const struct schema source_order_query_schema = {
    .name = "SourceOrderQuery",
    FIELDS({"state", FIELD_CHOICE, .choices = order_states, DOC("状态", "state")}),
};

const struct schema delay_schema = {
    .name = "SourceDelay",
    FIELDS({"until", FIELD_INSTANT, REQUIRED, DOC("延后至", "until when")},
           {"reason", FIELD_TEXT, REQUIRED, .max = 2000, DOC("理由", "the reason")}),
};
