#include "affairs/resource/resource_schema.h"

#include "http/declare.h"

static const char *const types[] = {"text", "integer", "double", "date", "boolean", NULL};
static const char *const uses[] = {"key", "dimension", "key_dimension", "measure", "forbidden", NULL};
static const char *const share_types[] = {"unconditional", "conditional", "none", NULL};
static const char *const origins[] = {"original", "collected", "traded", "returned", NULL};
static const char *const subject_kinds[] = {"resident", "enterprise", "household", "property",
                                            "vehicle",  "place",      "other",     NULL};
static const char *const grades[] = {"core", "important", "general", NULL};

const struct schema resource_item_schema = {
    .name = "ResourceItem",
    FIELDS({"name", FIELD_TEXT, .required = true, .max = 64,
            DOC("英文名，与源列一致", "name, equal to the source's column")},
           {"title", FIELD_TEXT, .required = true, .max = 200, DOC("数据项名称", "title")},
           {"type", FIELD_CHOICE, .required = true, .choices = types, DOC("类型", "type")},
           {"length", FIELD_INTEGER, .low = 1, .high = 1000000, DOC("长度", "length")},
           {"nullable", FIELD_BOOLEAN, DOC("可为空", "may be absent")},
           {"use", FIELD_CHOICE, .required = true, .choices = uses,
            DOC("用途：连接键、维度、度量或禁用", "use: key, dimension, both, measure, or forbidden")},
           {"level", FIELD_INTEGER, .low = 1, .high = 4, DOC("级别 1–4", "level 1 to 4")},
           {"sensitive", FIELD_TEXT, .max = 200, DOC("敏感类别", "kind of sensitive item")},
           {"filterable", FIELD_BOOLEAN, DOC("度量可否用于条件", "a measure that conditions may compare")},
           {"low", FIELD_NUMBER, DOC("最小值", "least value")},
           {"high", FIELD_NUMBER, DOC("最大值", "greatest value")}),
};

/* Drafts may be partial: what is mandatory is asked for, by name, when the resource is registered. */
#define RESOURCE_FIELDS                                                                                      \
    {"title", FIELD_TEXT, .required = true, .max = 200, DOC("资源名称", "title")},                           \
        {"abstract", FIELD_TEXT, .max = 2000, DOC("摘要", "abstract")},                                      \
        {"category", FIELD_TEXT, .max = 200, DOC("分类（类/项/目）", "class: category/item/detail")},        \
        {"industry", FIELD_TEXT, .max = 100, DOC("所属行业", "industry")},                                   \
        {"region", FIELD_TEXT, .max = 100, DOC("区域范围", "region")},                                       \
        {"period_from", FIELD_DATE, DOC("时间范围起", "period from")},                                       \
        {"period_to", FIELD_DATE, DOC("时间范围止", "period to")},                                           \
        {"format", FIELD_TEXT, .max = 64, DOC("信息资源格式", "format")},                                    \
        {"share_type", FIELD_CHOICE, .choices = share_types, DOC("共享类型", "share type")},                 \
        {"openness", FIELD_TEXT, .max = 100, DOC("开放属性", "openness")},                                   \
        {"share_mode", FIELD_TEXT, .max = 100, DOC("共享方式", "mode")},                                     \
        {"conditions", FIELD_TEXT, .max = 2000, DOC("使用条件", "conditions of use")},                       \
        {"update_cycle_days", FIELD_INTEGER, .low = 1, .high = 3660,                                         \
         DOC("更新周期（天）", "update cycle in days")},                                                     \
        {"personal", FIELD_BOOLEAN, DOC("是否含个人信息", "holds personal information")},                    \
        {"origin", FIELD_CHOICE, .choices = origins, DOC("来源", "origin")},                                 \
        {"subject_item", FIELD_TEXT, .max = 64, DOC("主体标识数据项", "the item that names the subject")},   \
        {"subject_kind", FIELD_CHOICE, .choices = subject_kinds, DOC("主体种类", "kind of subject")},        \
        {"updated_day", FIELD_DATE, DOC("数据最新到哪一天", "the newest day the data covers")},              \
    {                                                                                                        \
        "items", FIELD_LIST, .max = 1000, .of = &resource_item_schema, DOC("数据项", "data items")           \
    }

#define CODE_FIELD                                                                                           \
    {                                                                                                        \
        "code", FIELD_CODE, .required = true, .max = 64,                                                     \
                            DOC("资源代码，全市唯一", "code, unique in the city")                            \
    }

const struct schema resource_body_schema = {.name = "ResourceBody", FIELDS(CODE_FIELD, RESOURCE_FIELDS)};

const struct schema resource_schema = {
    .name = "Resource",
    FIELDS(ID_FIELD, CODE_FIELD, RESOURCE_FIELDS,
           {"party_id", FIELD_ID, .required = true, DOC("提供单位编号", "number of the provider")},
           {"provider", FIELD_TEXT, .required = true, DOC("提供单位", "provider")},
           {"provider_code", FIELD_CREDIT_CODE, .required = true,
            DOC("提供单位代码", "credit code of the provider")},
           {"grade", FIELD_CHOICE, .choices = grades, DOC("核心、重要、一般", "core, important, general")},
           {"level", FIELD_INTEGER, DOC("级别", "level")},
           {"version", FIELD_INTEGER, .required = true, DOC("版本", "version")},
           {"overdue_since", FIELD_DATE, DOC("逾期未更新自", "its update is overdue since")},
           {"changed_at", FIELD_INSTANT, .required = true, DOC("变更时间", "changed at")},
           {"state", FIELD_TEXT, .required = true, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema resource_query_schema = {
    .name = "ResourceQuery",
    FIELDS({"provider", FIELD_ID, DOC("只列此提供单位", "only of this provider")},
           {"overdue", FIELD_BOOLEAN, DOC("只列逾期未更新的", "only those whose update is overdue")}),
};

const struct schema resource_grade_schema = {
    .name = "ResourceGrade",
    FIELDS({"grade", FIELD_CHOICE, .required = true, .choices = grades,
            DOC("分级 (GB/T 43697)", "grade, GB/T 43697")},
           {"level", FIELD_INTEGER, .required = true, .low = 1, .high = 4,
            DOC("一般数据的级别", "level within general data")},
           {"reason", FIELD_TEXT, .max = 2000, DOC("说明", "remark")}),
};

const struct schema description_new_schema = {
    .name = "DescriptionNew",
    FIELDS({"resource", FIELD_TEXT, .required = true, .max = 64, DOC("资源代码", "code of the resource")},
           {"description", FIELD_ANY, .required = true,
            DOC("源端所见：结构、质量、敏感项", "what was found: schema, quality, sensitive items")}),
};

const struct schema description_schema = {
    .name = "Description",
    FIELDS(ID_FIELD, {"code", FIELD_TEXT, .required = true, DOC("资源代码", "code")},
           {"description", FIELD_ANY, .required = true, DOC("源端所见", "what was found")},
           {"at", FIELD_INSTANT, .required = true, DOC("时间", "when")}, ENTRY_FIELD),
};
