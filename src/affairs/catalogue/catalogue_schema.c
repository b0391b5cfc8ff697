#include "affairs/catalogue/catalogue_schema.h"

#include "affairs/resource/resource_schema.h"
#include "http/declare.h"

static const char *const grades[] = {"core", "important", "general", NULL};

const struct schema entry_new_schema = {
    .name = "EntryNew",
    FIELDS({"resource_id", FIELD_ID, .required = true, DOC("列入哪个资源", "the resource to list")}),
};

#define ENTRY_FIELDS                                                                                         \
    ID_FIELD, {"resource_id", FIELD_ID, .required = true, DOC("资源编号", "number of the resource")},        \
        {"resource_version", FIELD_INTEGER, .required = true, DOC("资源版本", "version of the resource")},   \
        {"code", FIELD_TEXT, .required = true, DOC("资源代码", "code")},                                     \
        {"title", FIELD_TEXT, .required = true, DOC("资源名称", "title")},                                   \
        {"abstract", FIELD_TEXT, DOC("摘要", "abstract")}, {"category", FIELD_TEXT, DOC("分类", "class")},   \
        {"industry", FIELD_TEXT, DOC("所属行业", "industry")},                                               \
        {"region", FIELD_TEXT, DOC("区域范围", "region")},                                                   \
        {"grade", FIELD_CHOICE, .choices = grades, DOC("分级", "grade")},                                    \
        {"level", FIELD_INTEGER, DOC("级别", "level")},                                                      \
        {"version", FIELD_INTEGER, .required = true, DOC("条目版本", "version of the entry")},               \
        {"listed_at", FIELD_INSTANT, DOC("列入时间", "listed at")},                                          \
        {"provider_id", FIELD_ID, .required = true, DOC("提供单位编号", "number of the provider")},          \
    {                                                                                                        \
        "provider", FIELD_TEXT, .required = true, DOC("提供单位", "provider")                                \
    }

const struct schema entry_schema = {
    .name = "Entry",
    FIELDS(ENTRY_FIELDS, {"items", FIELD_LIST, .of = &resource_item_schema, DOC("数据项", "data items")}),
};

const struct schema entry_case_schema = {
    .name = "EntryCase",
    FIELDS(ENTRY_FIELDS, {"state", FIELD_TEXT, .required = true, DOC("办理状态", "state of its case")},
           {"due", FIELD_INSTANT, DOC("答复期限", "the provider answers until")}, ENTRY_FIELD),
};

const struct schema entry_query_schema = {
    .name = "EntryQuery",
    FIELDS({"q", FIELD_TEXT, .max = 100,
            DOC("检索词，一个字也可以", "words to search for, one character will do")}),
};

const struct schema entry_search_schema = {
    .name = "EntrySearch",
    FIELDS({"q", FIELD_TEXT, .required = true, .max = 100, DOC("检索词", "words to search for")}),
};

const struct schema entry_version_schema = {
    .name = "EntryVersion",
    FIELDS(ID_FIELD, {"entry_id", FIELD_ID, .required = true, DOC("条目", "entry")},
           {"version", FIELD_INTEGER, .required = true, DOC("条目版本", "version")},
           {"resource_version", FIELD_INTEGER, .required = true, DOC("资源版本", "version of the resource")},
           {"grade", FIELD_CHOICE, .required = true, .choices = grades, DOC("分级", "grade")},
           {"level", FIELD_INTEGER, .required = true, DOC("级别", "level")},
           {"consulted", FIELD_TEXT, .required = true,
            DOC("提供单位同意或逾期未答复", "concurred, or absence recorded")},
           {"at", FIELD_INSTANT, .required = true, DOC("时间", "when")}),
};

const struct schema authorisation_new_schema = {
    .name = "AuthorisationNew",
    FIELDS({"entry_id", FIELD_ID, .required = true, DOC("目录条目", "the entry")},
           {"agreement_id", FIELD_ID,
            DOC("限于哪份协议，不填为覆盖该条目的各协议",
                "only under this agreement; left out: under any that covers it")},
           {"conditions", FIELD_TEXT, .max = 2000, DOC("使用条件", "conditions")},
           {"from_day", FIELD_DATE, .required = true, DOC("起", "from")},
           {"until_day", FIELD_DATE, DOC("止", "until")}),
};

const struct schema authorisation_schema = {
    .name = "Authorisation",
    FIELDS(ID_FIELD, {"entry_id", FIELD_ID, .required = true, DOC("目录条目", "the entry")},
           {"provider_id", FIELD_ID, .required = true, DOC("提供单位", "provider")},
           {"agreement_id", FIELD_ID, DOC("协议", "agreement")},
           {"conditions", FIELD_TEXT, DOC("使用条件", "conditions")},
           {"from_day", FIELD_DATE, .required = true, DOC("起", "from")},
           {"until_day", FIELD_DATE, DOC("止", "until")},
           {"state", FIELD_TEXT, .required = true, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema authorisation_query_schema = {
    .name = "AuthorisationQuery",
    FIELDS({"entry_id", FIELD_ID, DOC("只列此条目的", "only of this entry")}),
};
