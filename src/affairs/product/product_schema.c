#include "affairs/product/product_schema.h"

#include "http/declare.h"

static const char *const tiers[] = {"public_data_product", "data_product", NULL};
static const char *const kinds[] = {"table", "verification", "score", NULL};
static const char *const states[] = {"draft",           "submitted", "approved", "rejected",  "filed",
                                     "rejection_filed", "listing",   "listed",   "withdrawn", NULL};
static const char *const decisions[] = {"approved", "rejected", NULL};
static const char *const answers[] = {"yes", "no", "unknown", "score", NULL};
static const char *const bases[] = {"contract",  "statutory_duty", "public_interest",
                                    "emergency", "other",          NULL};

static const struct schema spec_schema = {
    .name = "ProductSpec",
    FIELDS({"table", FIELD_TEXT, REQUIRED, .max = 100, .filled = true,
            DOC("开发环境中的数据表", "a table delivered into the room")},
           {"predicate", FIELD_TEXT, .max = 4000, .filled = true,
            DOC("核验条件，真假表达式", "verification: a boolean SQL expression")},
           {"expression", FIELD_TEXT, .max = 4000, .filled = true,
            DOC("评分表达式", "score: an SQL expression")},
           {"where", FIELD_TEXT, .max = 4000, .filled = true,
            DOC("只取满足此条件的行", "only rows that meet this")},
           {"low", FIELD_INTEGER, DOC("评分下限", "least score")},
           {"high", FIELD_INTEGER, DOC("评分上限", "greatest score")}),
};

const struct schema product_new_schema = {
    .name = "ProductNew",
    FIELDS(
        {"room_id", FIELD_ID, REQUIRED, DOC("开发环境", "the room")},
        {"tier", FIELD_CHOICE, REQUIRED, .choices = tiers,
         DOC("公共数据产品或数据产品", "the operator's public data product, or a developer's data product")},
        {"kind", FIELD_CHOICE, REQUIRED, .choices = kinds,
         DOC("表格、核验、评分", "reviewed table, verification call or score")},
        {"title", FIELD_TEXT, REQUIRED, .max = 200, .filled = true, DOC("名称", "title")},
        {"description", FIELD_TEXT, REQUIRED, .max = 4000, .filled = true,
         DOC("说明", "what it is and what it is for")},
        {"query_id", FIELD_ID, DOC("表格：已完成的查询", "table: a finished query of the room")},
        {"spec", FIELD_OBJECT, .of = &spec_schema,
         DOC("核验、评分：内容定义", "verification, score: what is asked of which table")}),
};

#define PRODUCT_FIELDS                                                                                       \
    ID_FIELD, {"tier", FIELD_CHOICE, REQUIRED, .choices = tiers, DOC("层级", "tier")},                       \
        {"kind", FIELD_CHOICE, REQUIRED, .choices = kinds, DOC("种类", "kind")},                             \
        {"title", FIELD_TEXT, REQUIRED, DOC("名称", "title")},                                               \
        {"description", FIELD_TEXT, REQUIRED, DOC("说明", "description")},                                   \
        {"party_id", FIELD_ID, REQUIRED, DOC("制作单位编号", "number of its maker")},                        \
        {"owner", FIELD_TEXT, REQUIRED, DOC("制作单位", "its maker")},                                       \
        {"operator_id", FIELD_ID, REQUIRED, DOC("运营主体编号", "number of the operator")},                  \
        {"operator", FIELD_TEXT, REQUIRED, DOC("运营主体", "operator")},                                     \
        {"agreement_id", FIELD_ID, REQUIRED, DOC("授权运营协议", "agreement")},                              \
        {"room_id", FIELD_ID, REQUIRED, DOC("开发环境", "room")},                                            \
        {"spec", FIELD_ANY, DOC("核验或评分的定义", "definition of a verification or score")},               \
        {"shape", FIELD_ANY,                                                                                 \
         DOC("形状：行数、列名与类型，或回答的范围",                                                         \
             "its shape: rows, column names and types, or range of answers")},                               \
        {"digest", FIELD_DIGEST, DOC("内容摘要", "digest of its bytes")},                                    \
        {"approved_digest", FIELD_DIGEST, DOC("审查通过的内容摘要", "digest that the approval holds for")},  \
        {"release_rule", FIELD_TEXT, DOC("出域阈值规则", "release rule")},                                   \
        {"decision", FIELD_CHOICE, .choices = decisions, DOC("审查结论", "result of the review")},           \
        {"decision_reason", FIELD_TEXT, DOC("审查理由", "reason of the review's result")},                   \
        {"listing", FIELD_INTEGER, DOC("交易平台上架编号", "number at the exchange")},                       \
        {"made_at", FIELD_INSTANT, REQUIRED, DOC("制作时间", "made at")},                                    \
        {"state", FIELD_CHOICE, REQUIRED, .choices = states, DOC("状态", "state")},                          \
    {                                                                                                        \
        "entry", FIELD_INTEGER, DOC("审计记录编号", "number of the audit entry")                             \
    }

const struct schema product_schema = {.name = "Product", FIELDS(PRODUCT_FIELDS)};

const struct schema product_query_schema = {
    .name = "ProductQuery",
    FIELDS({"tier", FIELD_CHOICE, .choices = tiers, DOC("层级", "tier")},
           {"kind", FIELD_CHOICE, .choices = kinds, DOC("种类", "kind")},
           {"state", FIELD_CHOICE, .choices = states, DOC("状态", "state")}),
};

const struct schema review_sheet_schema = {
    .name = "ReviewSheet",
    FIELDS(PRODUCT_FIELDS, {"columns", FIELD_ANY, DOC("列", "columns of the sealed result")},
           {"rows", FIELD_ANY, DOC("封存结果的行", "rows of the sealed result")},
           {"withheld", FIELD_ANY,
            DOC("低于出域底线而不显示的行数与格数", "rows and cells that are not shown, below the floors")},
           {"report", FIELD_ANY, REQUIRED,
            DOC("机器报告：每格主体数、阈值、优势、取整及规则版本",
                "the machine's report: subjects per cell, thresholds, dominance, rounding, rule versions")},
           {"bytes", FIELD_INTEGER, DOC("出域内容的字节数", "size of what would leave")},
           {"released", FIELD_TEXT, .max = 4 * 1024 * 1024,
            DOC("出域内容（CSV），不超过 1 MiB 时给出", "what would leave (CSV), up to 1 MiB")}),
};

const struct schema filing_schema = {
    .name = "Filing",
    FIELDS(ID_FIELD, {"product_id", FIELD_ID, REQUIRED, DOC("产品", "product")},
           {"title", FIELD_TEXT, REQUIRED, DOC("名称", "its title")},
           {"tier", FIELD_CHOICE, REQUIRED, .choices = tiers, DOC("层级", "its tier")},
           {"kind", FIELD_CHOICE, REQUIRED, .choices = kinds, DOC("种类", "its kind")},
           {"party_id", FIELD_ID, REQUIRED, DOC("制作单位编号", "number of its maker")},
           {"owner", FIELD_TEXT, REQUIRED, DOC("制作单位", "its maker")},
           {"operator_id", FIELD_ID, REQUIRED, DOC("运营主体编号", "number of the operator")},
           {"operator", FIELD_TEXT, REQUIRED, DOC("运营主体", "operator")},
           {"decision", FIELD_CHOICE, REQUIRED, .choices = decisions, DOC("结论", "result")},
           {"reason", FIELD_TEXT, DOC("理由", "reason")},
           {"digest", FIELD_DIGEST, REQUIRED, DOC("内容摘要", "digest of what was reviewed")},
           {"release_rule", FIELD_TEXT, DOC("出域阈值规则", "release rule")},
           {"filed_at", FIELD_INSTANT, REQUIRED, DOC("备案时间", "filed at")}),
};

static const char *const order_states[] = {"granted", "refused", NULL};

const struct schema order_schema = {
    .name = "Order",
    FIELDS(
        {"id", FIELD_ID, REQUIRED, DOC("编号，即调用授权", "number: the grant to call")},
        {"exchange_order", FIELD_ID, REQUIRED, DOC("交易平台订单号", "order number at the exchange")},
        {"product_id", FIELD_ID, DOC("产品", "product")}, {"title", FIELD_TEXT, DOC("产品名称", "its title")},
        {"tier", FIELD_CHOICE, .choices = tiers, DOC("层级", "its tier")},
        {"kind", FIELD_CHOICE, .choices = kinds, DOC("种类", "its kind")},
        {"customer_id", FIELD_ID, DOC("使用方编号", "number of the customer")},
        {"customer_name", FIELD_TEXT, REQUIRED, DOC("使用方", "customer, as the exchange gave it")},
        {"customer_code", FIELD_TEXT, REQUIRED, DOC("统一社会信用代码", "its credit code")},
        {"quantity", FIELD_INTEGER, REQUIRED, DOC("次数", "calls, or copies of a table")},
        {"used", FIELD_INTEGER, REQUIRED, DOC("已用次数", "of these used")},
        {"purpose", FIELD_TEXT, DOC("用途", "purpose")},
        {"valid_until", FIELD_DATE, DOC("有效期至", "last day")},
        {"state", FIELD_CHOICE, REQUIRED, .choices = order_states, DOC("状态", "state")},
        {"reason", FIELD_TEXT, DOC("不予受理的原因", "why it was refused")},
        {"at", FIELD_INSTANT, REQUIRED, DOC("受理时间", "taken at")},
        {"answered_at", FIELD_INSTANT, DOC("回告交易平台的时间", "the exchange was told at")}, ENTRY_FIELD),
};

const struct schema order_query_schema = {
    .name = "OrderQuery",
    FIELDS({"product_id", FIELD_ID, DOC("产品", "product")}),
};

/* ---- consent ---- */

const struct schema consent_new_schema = {
    .name = "ConsentNew",
    FIELDS({"product_id", FIELD_ID, REQUIRED, DOC("产品", "product")},
           {"subject", FIELD_TEXT, REQUIRED, .max = 64, .filled = true,
            DOC("主体标识，只以带密钥的令牌保存", "the subject's number; kept as a keyed token alone")},
           {"given_at", FIELD_INSTANT, DOC("同意时间，缺省为现在", "when it was given; now by default")},
           {"until_day", FIELD_DATE, REQUIRED, DOC("有效期至", "last day")},
           {"document_id", FIELD_ID, REQUIRED, DOC("同意的证据文件", "evidence, a document")}),
};

#define CONSENT_FIELDS                                                                                       \
    ID_FIELD, {"product_id", FIELD_ID, REQUIRED, DOC("产品", "product")},                                    \
        {"customer_id", FIELD_ID, REQUIRED, DOC("使用方", "customer")},                                      \
        {"subject_token", FIELD_DIGEST, REQUIRED, DOC("主体令牌", "keyed token of the subject")},            \
        {"given_at", FIELD_INSTANT, REQUIRED, DOC("同意时间", "given at")},                                  \
        {"until_day", FIELD_DATE, REQUIRED, DOC("有效期至", "last day")},                                    \
        {"document_id", FIELD_ID, REQUIRED, DOC("证据文件", "evidence")},                                    \
        {"document_digest", FIELD_DIGEST, REQUIRED, DOC("证据摘要", "its digest")},                          \
        {"withdrawn_at", FIELD_INSTANT, DOC("撤回时间", "withdrawn at")},                                    \
        {"withdrawn_by", FIELD_TEXT, DOC("撤回人：主体或使用方", "by the subject or the customer")},         \
    {                                                                                                        \
        "entry", FIELD_INTEGER, DOC("审计记录编号", "number of the audit entry")                             \
    }

const struct schema consent_schema = {.name = "Consent", FIELDS(CONSENT_FIELDS)};

const struct schema consent_made_schema = {
    .name = "ConsentMade",
    FIELDS(CONSENT_FIELDS, {"withdrawal_code", FIELD_TEXT, REQUIRED,
                            DOC("撤回码，只出示一次，交给主体",
                                "the code by which the subject may withdraw it; shown once")}),
};

const struct schema consent_query_schema = {
    .name = "ConsentQuery",
    FIELDS({"product_id", FIELD_ID, DOC("产品", "product")}),
};

const struct schema consent_withdraw_schema = {
    .name = "ConsentWithdraw",
    FIELDS({"code", FIELD_TEXT, .max = 64, DOC("撤回码", "the withdrawal code; not needed by the customer")}),
};

#define BASIS_FIELDS                                                                                         \
    {"kind", FIELD_CHOICE, REQUIRED, .choices = bases, DOC("种类", "kind")},                                 \
        {"text",      FIELD_TEXT,     REQUIRED,                                                              \
         .max = 2000, .filled = true, DOC("依据及其适用", "the basis and why it applies")},                  \
        {"document_id", FIELD_ID, REQUIRED, DOC("依据文件", "its document")},                                \
    {                                                                                                        \
        "until_day", FIELD_DATE, REQUIRED, DOC("有效期至", "last day")                                       \
    }

const struct schema legal_basis_new_schema = {.name = "LegalBasisNew", FIELDS(BASIS_FIELDS)};

const struct schema legal_basis_schema = {
    .name = "LegalBasis",
    FIELDS(ID_FIELD, {"order_id", FIELD_ID, REQUIRED, DOC("订单", "order")},
           {"customer_id", FIELD_ID, REQUIRED, DOC("使用方", "customer")}, BASIS_FIELDS,
           {"document_digest", FIELD_DIGEST, REQUIRED, DOC("文件摘要", "digest of the document")},
           {"declared_at", FIELD_INSTANT, REQUIRED, DOC("申报时间", "declared at")},
           {"accepted_at", FIELD_INSTANT, DOC("受理时间", "accepted by the operator at")},
           {"withdrawn_at", FIELD_INSTANT, DOC("撤回时间", "withdrawn at")},
           {"reason", FIELD_TEXT, DOC("撤回理由", "why it was withdrawn")}, ENTRY_FIELD),
};

/* ---- calls ---- */

const struct schema call_schema = {
    .name = "Call",
    FIELDS({"subject", FIELD_TEXT, REQUIRED, .max = 64, .filled = true,
            DOC("主体标识", "the subject's number")}),
};

const struct schema answer_schema = {
    .name = "Answer",
    FIELDS({"product_id", FIELD_ID, REQUIRED, DOC("产品", "product")},
           {"answer", FIELD_CHOICE, REQUIRED, .choices = answers,
            DOC("是、否、未知，或评分", "yes, no, unknown, or score")},
           {"score", FIELD_INTEGER, DOC("评分", "the score")},
           {"meter", FIELD_ID, REQUIRED, DOC("计量编号", "number under which the call is metered")},
           {"repeated", FIELD_BOOLEAN, REQUIRED,
            DOC("同一 Idempotency-Key 的重复调用，未另计量",
                "a call sent again with the same Idempotency-Key: not metered again")}),
};
