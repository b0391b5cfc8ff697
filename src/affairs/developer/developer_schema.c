#include "affairs/developer/developer_schema.h"

#include "http/declare.h"

#define ADMISSION_FIELDS                                                                                     \
    {"agreement_id", FIELD_ID, REQUIRED, DOC("运营主体的授权运营协议", "the operator's agreement")},         \
        {"management", FIELD_TEXT, REQUIRED, .max = 5000, DOC("数据管理能力", "data management")},           \
        {"security", FIELD_TEXT, REQUIRED, .max = 5000, DOC("安全保障能力", "security")},                    \
    {                                                                                                        \
        "document_id", FIELD_ID, REQUIRED, DOC("准入规则要求的材料", "the materials that the rules ask for") \
    }

const struct schema admission_new_schema = {.name = "AdmissionNew", FIELDS(ADMISSION_FIELDS)};

const struct schema admission_schema = {
    .name = "Admission",
    FIELDS(ID_FIELD, ADMISSION_FIELDS,
           {"operator_id", FIELD_ID, REQUIRED, DOC("运营主体编号", "number of the operator")},
           {"operator", FIELD_TEXT, REQUIRED, DOC("运营主体", "operator")},
           {"developer_id", FIELD_ID, REQUIRED, DOC("开发利用主体编号", "number of the developer")},
           {"developer", FIELD_TEXT, REQUIRED, DOC("开发利用主体", "developer")},
           {"developer_code", FIELD_CREDIT_CODE, REQUIRED, DOC("统一社会信用代码", "its credit code")},
           {"rule", FIELD_TEXT, REQUIRED, DOC("所依准入规则版本", "version of the admission rule")},
           {"document_digest", FIELD_DIGEST, REQUIRED, DOC("材料摘要", "digest of the materials")},
           {"applied_day", FIELD_DATE, REQUIRED, DOC("申请日", "day of application")},
           {"report_months", FIELD_INTEGER, REQUIRED, DOC("定期报告间隔（月）", "months between reports")},
           {"contract_id", FIELD_ID, DOC("开发利用协议", "the development agreement")},
           {"contract_digest", FIELD_DIGEST, DOC("协议摘要", "its digest")},
           {"from_day", FIELD_DATE, DOC("协议期起", "from")},
           {"until_day", FIELD_DATE, DOC("协议期止", "until")},
           {"next_report_day", FIELD_DATE, DOC("下次报告截止日", "next report due")},
           {"late_since", FIELD_DATE, DOC("报告逾期自", "a report is late since")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema admission_query_schema = {
    .name = "AdmissionQuery",
    FIELDS({"late", FIELD_BOOLEAN, DOC("只列报告逾期的", "only those with a late report")}),
};

const struct schema contract_schema = {
    .name = "DevelopmentContract",
    FIELDS({"document_id", FIELD_ID, REQUIRED, DOC("协议文本", "the text")},
           {"from_day", FIELD_DATE, REQUIRED, DOC("起", "from")},
           {"until_day", FIELD_DATE, REQUIRED, DOC("止", "until")}),
};

const struct schema report_new_schema = {
    .name = "DevelopmentReportNew",
    FIELDS({"document_id", FIELD_ID, REQUIRED, DOC("报告", "the report, a document")}),
};

const struct schema report_schema = {
    .name = "DevelopmentReport",
    FIELDS(ID_FIELD, {"admission_id", FIELD_ID, REQUIRED, DOC("准入", "admission")},
           {"due_day", FIELD_DATE, REQUIRED, DOC("截止日", "due")},
           {"document_id", FIELD_ID, REQUIRED, DOC("报告", "the report")},
           {"document_digest", FIELD_DIGEST, REQUIRED, DOC("报告摘要", "its digest")},
           {"late", FIELD_BOOLEAN, REQUIRED, DOC("逾期", "it was late")},
           {"at", FIELD_INSTANT, REQUIRED, DOC("提交时间", "handed in at")}),
};
