#include "affairs/agreement/agreement_schema.h"

#include "http/declare.h"

static const char *const modes[] = {"whole", "individual", NULL};

const struct schema agreement_new_schema = {
    .name = "AgreementNew",
    FIELDS({"selection_id", FIELD_ID, REQUIRED, DOC("已备案的遴选", "the filed selection")},
           {"document_id", FIELD_ID, REQUIRED, DOC("协议文本", "the text, a document")},
           {"from_day", FIELD_DATE, REQUIRED,
            DOC("开始日（有试运营期的，为其开始日）", "the day it begins, with the trial if there is one")},
           {"trial_months", FIELD_INTEGER, REQUIRED, .low = 0, .high = 120,
            DOC("试运营月数，不计入三年", "months of trial, outside the three years")},
           {"exclusive", FIELD_BOOLEAN, DOC("独占条款（不被允许）", "an exclusive clause (never allowed)")}),
};

const struct schema agreement_schema = {
    .name = "Agreement",
    FIELDS(ID_FIELD, {"selection_id", FIELD_ID, REQUIRED, DOC("遴选", "selection")},
           {"operator_id", FIELD_ID, REQUIRED, DOC("运营主体编号", "number of the operator")},
           {"operator", FIELD_TEXT, REQUIRED, DOC("运营主体", "operator")},
           {"operator_code", FIELD_CREDIT_CODE, REQUIRED, DOC("统一社会信用代码", "its credit code")},
           {"mode", FIELD_CHOICE, REQUIRED, .choices = modes, DOC("整体或个别", "whole or individual")},
           {"scope", FIELD_ANY, REQUIRED, DOC("范围", "scope")},
           {"necessity", FIELD_TEXT, DOC("必要性", "necessity")},
           {"document_id", FIELD_ID, REQUIRED, DOC("协议文本", "the text")},
           {"document_digest", FIELD_DIGEST, REQUIRED, DOC("文本摘要", "digest of the text")},
           {"trial_months", FIELD_INTEGER, REQUIRED, DOC("试运营月数", "months of trial")},
           {"from_day", FIELD_DATE, REQUIRED, DOC("开始日", "begins")},
           {"term_from", FIELD_DATE, REQUIRED, DOC("三年期起", "the three years begin")},
           {"until_day", FIELD_DATE, REQUIRED, DOC("到期日", "last day")},
           {"closed_at", FIELD_INSTANT, DOC("退出时间", "closed at")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema certificate_schema = {
    .name = "DeletionCertificate",
    FIELDS(ID_FIELD, {"agreement_id", FIELD_ID, REQUIRED, DOC("协议", "agreement")},
           {"key_name", FIELD_TEXT, REQUIRED, DOC("已销毁的密钥", "the key destroyed")},
           {"body", FIELD_ANY, REQUIRED,
            DOC("证明内容：文件、仍存有数据的备份及其期限",
                "what became unreadable; backups that still hold it, until when")},
           {"at", FIELD_INSTANT, REQUIRED, DOC("时间", "when")}),
};

const struct schema hand_over_schema = {
    .name = "HandOver",
    FIELDS({"agreement", FIELD_OBJECT, REQUIRED, .of = &agreement_schema, DOC("协议", "the agreement")},
           {"certificates", FIELD_LIST, REQUIRED, .of = &certificate_schema,
            DOC("删除证明", "deletion certificates")}),
};

const struct schema purge_schema = {
    .name = "LogPurge",
    FIELDS(
        {"before_day", FIELD_DATE, REQUIRED, DOC("清除此日以前的日志", "purge logs from before this day")}),
};
