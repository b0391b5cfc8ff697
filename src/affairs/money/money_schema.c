#include "affairs/money/money_schema.h"

#include "http/declare.h"

#define PRICE_FIELDS                                                                                         \
    {"per_call_fen", FIELD_MONEY, REQUIRED, DOC("每次（每份）价格，分", "price of a call or copy, in fen")}, \
        {"waived", FIELD_BOOLEAN,                                                                            \
         DOC("免费使用：账单列价格，应付为零", "waived: shown, and nothing is due")},                        \
        {"waiver_reason", FIELD_TEXT, .max = 2000, DOC("免费理由", "why it is waived")},                     \
    {                                                                                                        \
        "from_day", FIELD_DATE, REQUIRED, DOC("起始日", "first day")                                         \
    }

const struct schema price_new_schema = {.name = "PriceNew", FIELDS(PRICE_FIELDS)};

const struct schema price_schema = {
    .name = "Price",
    FIELDS(ID_FIELD, {"product_id", FIELD_ID, REQUIRED, DOC("产品", "product")}, PRICE_FIELDS,
           {"party_id", FIELD_ID, REQUIRED, DOC("定价单位", "who set it")},
           {"at", FIELD_INSTANT, REQUIRED, DOC("定价时间", "set at")}, ENTRY_FIELD),
};

#define BILL_FIELDS                                                                                          \
    ID_FIELD, {"order_id", FIELD_ID, REQUIRED, DOC("订单", "order")},                                        \
        {"product_id", FIELD_ID, REQUIRED, DOC("产品", "product")},                                          \
        {"title", FIELD_TEXT, REQUIRED, DOC("产品名称", "its title")},                                       \
        {"customer_id", FIELD_ID, REQUIRED, DOC("使用方编号", "number of the customer")},                    \
        {"customer", FIELD_TEXT, REQUIRED, DOC("使用方", "customer")},                                       \
        {"from_day", FIELD_DATE, REQUIRED, DOC("第一日", "first day with calls")},                           \
        {"until_day", FIELD_DATE, REQUIRED, DOC("最后一日", "last day with calls")},                         \
        {"calls", FIELD_INTEGER, REQUIRED, DOC("计量次数", "metered calls")},                                \
        {"price_fen", FIELD_MONEY, REQUIRED, DOC("价款，分", "at their prices, in fen")},                    \
        {"waived_fen", FIELD_MONEY, REQUIRED, DOC("免收，分", "waived, in fen")},                            \
        {"due_fen", FIELD_MONEY, REQUIRED, DOC("应付，分", "due, in fen")},                                  \
        {"formula", FIELD_TEXT, REQUIRED, DOC("收益分配公式", "formula it is shared by")},                   \
        {"at", FIELD_INSTANT, REQUIRED, DOC("出账时间", "billed at")},                                       \
        {"reversed_by", FIELD_ID, DOC("冲销分录", "journal that booked it back")}, ENTRY_FIELD

const struct schema bill_schema = {.name = "Bill", FIELDS(BILL_FIELDS)};

static const struct schema bill_line_schema = {
    .name = "BillLine",
    FIELDS({"on_day", FIELD_DATE, REQUIRED, DOC("日期", "day")},
           {"price_id", FIELD_ID, REQUIRED, DOC("价格", "price")},
           {"per_call_fen", FIELD_MONEY, REQUIRED, DOC("单价，分", "per call, in fen")},
           {"calls", FIELD_INTEGER, REQUIRED, DOC("次数", "calls")},
           {"price_fen", FIELD_MONEY, REQUIRED, DOC("价款，分", "price, in fen")},
           {"waived_fen", FIELD_MONEY, REQUIRED, DOC("免收，分", "waived, in fen")}),
};

#define SHARE_FIELDS                                                                                         \
    {"part", FIELD_TEXT, DOC("分配方：provider、bureau、operator、developer", "the part of the formula")},   \
        {"weight", FIELD_INTEGER, DOC("公式权重", "its weight in the formula")},                             \
        {"weight_of", FIELD_INTEGER, DOC("权重合计", "out of all weights")},                                 \
        {"share", FIELD_INTEGER, DOC("本单位在该部分中的份数", "the party's share of the part")},            \
    {                                                                                                        \
        "share_of", FIELD_INTEGER, DOC("该部分的总份数", "out of all shares of the part")                    \
    }

static const struct schema share_schema = {
    .name = "Share",
    FIELDS(ID_FIELD, {"party_id", FIELD_ID, REQUIRED, DOC("单位编号", "number of the party")},
           {"party", FIELD_TEXT, REQUIRED, DOC("单位", "party")}, SHARE_FIELDS,
           {"amount_fen", FIELD_MONEY, REQUIRED, DOC("分得，分", "its share, in fen")},
           {"explanation", FIELD_TEXT, REQUIRED, DOC("计算说明", "how it came about")}),
};

const struct schema bill_whole_schema = {
    .name = "BillWhole",
    FIELDS(
        BILL_FIELDS,
        {"lines", FIELD_LIST, REQUIRED, .max = 10000, .of = &bill_line_schema, DOC("逐日明细", "day by day")},
        {"shares", FIELD_LIST, REQUIRED, .of = &share_schema, DOC("收益分配", "how it is shared")}),
};

const struct schema bill_query_schema = {
    .name = "BillQuery",
    FIELDS({"order_id", FIELD_ID, DOC("订单", "order")}),
};

const struct schema ledger_schema = {
    .name = "Posting",
    FIELDS(ID_FIELD, {"journal_id", FIELD_ID, REQUIRED, DOC("分录", "journal; its amounts add up to zero")},
           {"kind", FIELD_TEXT, REQUIRED, DOC("种类：bill、reversal", "bill or reversal")},
           {"bill_id", FIELD_ID, REQUIRED, DOC("账单", "bill")},
           {"reverses_id", FIELD_ID, DOC("所冲销的分录", "the journal it reverses")},
           {"reason", FIELD_TEXT, DOC("冲销理由", "why it was reversed")},
           {"account", FIELD_TEXT, REQUIRED, DOC("科目", "account")},
           {"party_id", FIELD_ID, REQUIRED, DOC("单位编号", "number of the party")},
           {"party", FIELD_TEXT, REQUIRED, DOC("单位", "party")},
           {"amount_fen", FIELD_INTEGER, REQUIRED,
            DOC("金额，分：正为应付，负为应收", "in fen: above zero owed by the party, below owed to it")},
           SHARE_FIELDS, {"formula", FIELD_TEXT, REQUIRED, DOC("收益分配公式", "formula")},
           {"day", FIELD_DATE, REQUIRED, DOC("入账日", "day it was booked")},
           {"at", FIELD_INSTANT, REQUIRED, DOC("入账时间", "booked at")}),
};

const struct schema ledger_query_schema = {
    .name = "LedgerQuery",
    FIELDS({"bill_id", FIELD_ID, DOC("账单", "bill")}),
};

const struct schema balance_schema = {
    .name = "Balance",
    FIELDS({"id", FIELD_ID, REQUIRED, DOC("单位编号", "number of the party")},
           {"party", FIELD_TEXT, REQUIRED, DOC("单位", "party")},
           {"balance_fen", FIELD_INTEGER, REQUIRED,
            DOC("余额，分：正为应付，负为应收", "in fen: above zero owed by it, below owed to it")},
           {"postings", FIELD_INTEGER, REQUIRED, DOC("笔数", "postings")}),
};

const struct schema reversal_schema = {
    .name = "Reversal",
    FIELDS(ID_FIELD, {"bill_id", FIELD_ID, REQUIRED, DOC("账单", "bill")},
           {"operator_id", FIELD_ID, REQUIRED, DOC("运营主体", "operator")},
           {"reason", FIELD_TEXT, REQUIRED, DOC("理由", "reason")},
           {"at", FIELD_INSTANT, REQUIRED, DOC("申请时间", "asked at")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};
