#include "affairs/rule/rule_schema.h"

#include "base/limits.h"
#include "http/declare.h"
#include "http/permission.h"

#include <string.h>

static const struct schema release_schema = {
    .name = "RuleRelease",
    FIELDS({"threshold", FIELD_INTEGER, .required = true, .low = LIMIT_RELEASE_THRESHOLD_LEAST, .high = 1000,
            .zh = "每格最少主体数", .en = "least number of subjects per cell"},
           {"p_percent", FIELD_INTEGER, .required = true, .low = LIMIT_RELEASE_P_LEAST, .high = 100,
            .zh = "p% 规则", .en = "p of the p % rule"},
           {"n", FIELD_INTEGER, .required = true, .low = 1, .high = 10, .zh = "优势规则的 n",
            .en = "n of the (n,k) rule"},
           {"k_percent", FIELD_INTEGER, .required = true, .low = 50, .high = LIMIT_RELEASE_K_MOST,
            .zh = "优势规则的 k%", .en = "k of the (n,k) rule"},
           {"rounding", FIELD_INTEGER, .required = true, .low = 0, .high = 1000,
            .zh = "计数取整基数，0 为不取整", .en = "base that counts are rounded to, 0 for none"}),
};

static const struct schema revenue_schema = {
    .name = "RuleRevenue",
    FIELDS({"provider", FIELD_INTEGER, .required = true, .low = 0, .high = 10000, .zh = "数据提供单位权重",
            .en = "weight of the providers"},
           {"bureau", FIELD_INTEGER, .required = true, .low = 0, .high = 10000, .zh = "财政权重",
            .en = "weight of the public purse"},
           {"operator", FIELD_INTEGER, .required = true, .low = 0, .high = 10000, .zh = "运营主体权重",
            .en = "weight of the operator"},
           {"developer", FIELD_INTEGER, .required = true, .low = 0, .high = 10000, .zh = "开发利用主体权重",
            .en = "weight of the developer"}),
};

static const struct schema admission_schema = {
    .name = "RuleAdmission",
    FIELDS({"materials", FIELD_LIST, .required = true, .max = 20, .item = FIELD_TEXT, .zh = "须提交的材料",
            .en = "materials to hand in"},
           {"report_months", FIELD_INTEGER, .required = true, .low = 1, .high = 12,
            .zh = "定期报告间隔（月）", .en = "months between periodic reports"},
           {"exit", FIELD_TEXT, .required = true, .max = 2000, .zh = "退出规则", .en = "rules of exit"}),
};

static const struct schema text_rule_schema = {
    .name = "RuleText",
    FIELDS({"text", FIELD_TEXT, .required = true, .max = 10000, .zh = "规则正文或要点",
            .en = "the rule or its gist"}),
};

static const struct rule_kind kinds[] = {
    {"release", "出域阈值", R(BUREAU), &release_schema},
    {"revenue", "收益分配公式", R(BUREAU), &revenue_schema},
    {"admission", "准入退出规则", R(OPERATOR), &admission_schema},
    {"pricing", "价格管理", R(BUREAU), &text_rule_schema},
    {"quality", "质量管理", R(BUREAU), &text_rule_schema},
    {"security", "安全管理", R(BUREAU), &text_rule_schema},
    {"coordination", "协调机制", R(BUREAU), &text_rule_schema},
};

static const char *const kind_names[] = {"release", "revenue",  "admission",    "pricing",
                                         "quality", "security", "coordination", NULL};

const struct rule_kind *rule_kind_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

#define RULE_FIELDS                                                                                          \
    {"kind", FIELD_CHOICE, .required = true, .choices = kind_names, .zh = "种类", .en = "kind"},             \
        {"title", FIELD_TEXT, .required = true, .max = 200, .zh = "名称", .en = "title"},                    \
        {"document_id", FIELD_ID, .zh = "文本文件", .en = "the document with its text"},                     \
        {"parameters", FIELD_ANY, .required = true, .zh = "参数，按种类", .en = "parameters, by kind"},      \
    {                                                                                                        \
        "from_day", FIELD_DATE, .required = true, .zh = "施行日", .en = "the day from which it is in force"  \
    }

const struct schema rule_new_schema = {.name = "RuleNew", FIELDS(RULE_FIELDS)};

const struct schema rule_schema = {
    .name = "Rule",
    FIELDS({"id", FIELD_ID, .required = true, .zh = "编号", .en = "number"}, RULE_FIELDS,
           {"owner_id", FIELD_ID, .required = true, .zh = "发布单位", .en = "who issues it"},
           {"version", FIELD_INTEGER, .required = true, .zh = "版本", .en = "version"},
           {"state", FIELD_TEXT, .required = true, .zh = "状态", .en = "state"},
           {"entry", FIELD_INTEGER, .zh = "审计记录编号", .en = "number of the audit entry"}),
};

const struct schema rule_query_schema = {
    .name = "RuleQuery",
    FIELDS({"kind", FIELD_CHOICE, .choices = kind_names, .zh = "种类", .en = "kind"},
           {"owner_id", FIELD_ID, .zh = "发布单位", .en = "issuer"}),
};
