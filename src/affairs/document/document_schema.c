#include "affairs/document/document_schema.h"

static const char *const kinds[] = {"agreement", "material", "report", "proof", "rule", "other", NULL};

const struct schema document_query_schema = {
    .name = "DocumentQuery",
    .fields =
        (const struct field[]){
            {"title", FIELD_TEXT, .required = true, .max = 200, .filled = true, .zh = "题名", .en = "title"},
            {"kind", FIELD_CHOICE, .required = true, .choices = kinds, .zh = "种类", .en = "kind"},
            {0},
        },
};

const struct schema document_schema = {
    .name = "Document",
    .fields =
        (const struct field[]){
            {"id", FIELD_ID, .required = true, .zh = "编号", .en = "number"},
            {"party_id", FIELD_ID, .zh = "所属单位", .en = "whose it is"},
            {"title", FIELD_TEXT, .required = true, .zh = "题名", .en = "title"},
            {"kind", FIELD_CHOICE, .required = true, .choices = kinds, .zh = "种类", .en = "kind"},
            {"size", FIELD_INTEGER, .required = true, .zh = "字节数", .en = "bytes"},
            {"digest", FIELD_DIGEST, .required = true, .zh = "SHA-256 摘要", .en = "SHA-256 of the bytes"},
            {"at", FIELD_INSTANT, .required = true, .zh = "上传时间", .en = "uploaded at"},
            {"entry", FIELD_INTEGER, .zh = "审计记录编号", .en = "number of the audit entry"},
            {0},
        },
};
