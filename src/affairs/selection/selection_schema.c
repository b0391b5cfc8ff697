#include "affairs/selection/selection_schema.h"

#include "http/declare.h"

static const char *const modes[] = {"whole", "individual", NULL};

const struct schema scope_schema = {
    .name = "Scope",
    FIELDS(
        {"industries", FIELD_LIST, .max = 100, .item = FIELD_TEXT, DOC("行业领域", "fields")},
        {"regions", FIELD_LIST, .max = 100, .item = FIELD_TEXT, DOC("区域", "districts")},
        {"entries", FIELD_LIST, .max = 1000, .item = FIELD_ID, DOC("目录条目", "entries of the catalogue")}),
};

static const struct schema criterion_schema = {
    .name = "Criterion",
    FIELDS({"name", FIELD_TEXT, REQUIRED, .max = 100, DOC("标准", "what is judged")},
           {"weight", FIELD_INTEGER, REQUIRED, .low = 1, .high = 100,
            DOC("权重，合计 100", "weight; all add up to 100")}),
};

static const struct schema ranked_schema = {
    .name = "Ranked",
    FIELDS({"application_id", FIELD_ID, REQUIRED, DOC("申请", "application")},
           {"party_id", FIELD_ID, REQUIRED, DOC("申请单位", "applicant")},
           {"score", FIELD_INTEGER, REQUIRED, DOC("加权得分，百分之一分", "weighted score in 1/100 point")}),
};

#define SELECTION_FIELDS                                                                                     \
    {"title", FIELD_TEXT, REQUIRED, .max = 200, DOC("名称", "title")},                                       \
        {"mode", FIELD_CHOICE, REQUIRED, .choices = modes,                                                   \
         DOC("整体授权或个别授权", "whole or individual")},                                                  \
        {"scope", FIELD_OBJECT, .of = &scope_schema,                                                         \
         DOC("授权范围；整体授权为空对象", "scope; an empty object when whole")},                            \
        {"necessity", FIELD_TEXT, .max = 2000,                                                               \
         DOC("个别授权的必要性", "why an individual authorisation is necessary")},                           \
        {"conditions", FIELD_TEXT, .max = 5000, DOC("申请条件", "conditions")},                              \
        {"criteria", FIELD_LIST, .max = 20, .of = &criterion_schema, DOC("评审标准", "criteria")},           \
        {"open", FIELD_BOOLEAN, REQUIRED, DOC("是否公开遴选", "open to all")},                               \
        {"basis", FIELD_TEXT, .max = 1000, DOC("不公开遴选的依据", "basis for another way")},                \
        {"exclusive", FIELD_BOOLEAN, DOC("独占条款（不被允许）", "an exclusive clause (never allowed)")},    \
    {                                                                                                        \
        "applications_until", FIELD_DATE, DOC("申请截止日", "last day for applications")                     \
    }

const struct schema selection_body_schema = {.name = "SelectionBody", FIELDS(SELECTION_FIELDS)};

const struct schema selection_schema = {
    .name = "Selection",
    FIELDS(ID_FIELD, SELECTION_FIELDS,
           {"publicity_until", FIELD_INSTANT, DOC("公示截止", "publicity ends at")},
           {"winner_id", FIELD_ID, DOC("拟选定的申请", "the application chosen")},
           {"ranking", FIELD_LIST, .of = &ranked_schema,
            DOC("评分排名，评审结束后可见", "ranking by score, seen when the review has ended")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema decide_schema = {
    .name = "SelectionDecision",
    FIELDS({"application_id", FIELD_ID, REQUIRED, DOC("选定的申请", "the application chosen")}),
};

const struct schema publicise_schema = {
    .name = "SelectionPublicity",
    FIELDS({"working_days", FIELD_INTEGER, REQUIRED, .low = 5, .high = 60,
            DOC("公示工作日数", "working days of publicity")}),
};

#define APPLICATION_FIELDS                                                                                   \
    {"capability", FIELD_TEXT, REQUIRED, .max = 5000, DOC("运营能力说明", "capability")},                    \
        {"ecosystem", FIELD_TEXT, REQUIRED, .max = 5000,                                                     \
         DOC("带动数据企业和社会数据的能力", "ability to bring in data companies and social data")},         \
        {"security", FIELD_TEXT, REQUIRED, .max = 5000, DOC("安全保障能力", "security")},                    \
    {                                                                                                        \
        "document_id", FIELD_ID, REQUIRED, DOC("申请材料", "the materials, a document")                      \
    }

const struct schema application_new_schema = {.name = "ApplicationNew", FIELDS(APPLICATION_FIELDS)};

const struct schema application_schema = {
    .name = "Application",
    FIELDS(ID_FIELD, {"selection_id", FIELD_ID, REQUIRED, DOC("遴选", "selection")},
           {"party_id", FIELD_ID, REQUIRED, DOC("申请单位编号", "number of the applicant")},
           {"applicant", FIELD_TEXT, REQUIRED, DOC("申请单位", "applicant")},
           {"credit_code", FIELD_CREDIT_CODE, REQUIRED, DOC("统一社会信用代码", "credit code")},
           APPLICATION_FIELDS,
           {"document_digest", FIELD_DIGEST, REQUIRED, DOC("材料摘要", "digest of the materials")},
           {"applied_day", FIELD_DATE, REQUIRED, DOC("申请日", "day of application")}, ENTRY_FIELD),
};

const struct schema scorer_new_schema = {
    .name = "ScorerNew",
    FIELDS({"login", FIELD_TEXT, REQUIRED, .max = 64, DOC("评审人登录名", "log-in name of the scorer")}),
};

const struct schema scorer_schema = {
    .name = "Scorer",
    FIELDS(ID_FIELD, {"account_id", FIELD_ID, REQUIRED, DOC("评审人账号", "account")},
           {"party_id", FIELD_ID, REQUIRED, DOC("所属单位", "party")},
           {"role", FIELD_TEXT, REQUIRED, DOC("单位角色", "role of the party")},
           {"declared", FIELD_INTEGER, REQUIRED,
            DOC("0 未声明 1 无利害关系 2 有利害关系", "0 not declared, 1 no interest, 2 an interest")},
           ENTRY_FIELD),
};

const struct schema declaration_schema = {
    .name = "InterestDeclaration",
    FIELDS({"interest", FIELD_BOOLEAN, REQUIRED,
            DOC("与任一申请单位有利害关系", "whether one has an interest in any applicant")},
           {"text", FIELD_TEXT, .max = 1000, DOC("说明", "remark")}),
};

static const struct schema points_schema = {
    .name = "Points",
    FIELDS({"criterion", FIELD_TEXT, REQUIRED, .max = 100, DOC("标准", "criterion")},
           {"points", FIELD_INTEGER, REQUIRED, .low = 0, .high = 100, DOC("得分 0–100", "points, 0 to 100")}),
};

const struct schema score_new_schema = {
    .name = "ScoreNew",
    FIELDS({"application_id", FIELD_ID, REQUIRED, DOC("申请", "application")},
           {"points", FIELD_LIST, REQUIRED, .max = 20, .of = &points_schema,
            DOC("逐项得分", "points by criterion")}),
};

const struct schema objection_new_schema = {
    .name = "ObjectionNew",
    FIELDS({"text", FIELD_TEXT, REQUIRED, .filled = true, .max = 2000, DOC("异议", "the objection")},
           {"contact", FIELD_TEXT, .max = 200, DOC("联系方式，不公开", "how to reach one; not published")}),
};

const struct schema objection_schema = {
    .name = "Objection",
    FIELDS(ID_FIELD, {"selection_id", FIELD_ID, REQUIRED, DOC("遴选", "selection")},
           {"text", FIELD_TEXT, REQUIRED, DOC("异议", "the objection")},
           {"settlement", FIELD_TEXT, DOC("答复", "how it was settled")},
           {"at", FIELD_INSTANT, REQUIRED, DOC("提出时间", "raised at")},
           {"settled_at", FIELD_INSTANT, DOC("答复时间", "settled at")}),
};

const struct schema settle_schema = {
    .name = "ObjectionSettlement",
    FIELDS(
        {"settlement", FIELD_TEXT, REQUIRED, .filled = true, .max = 2000, DOC("答复", "how it is settled")}),
};
