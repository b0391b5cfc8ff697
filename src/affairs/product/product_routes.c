#include "affairs/product/product_inner.h"
#include "affairs/product/product_schema.h"
#include "http/declare.h"
#include "http/rows.h"

#include <string.h>

static bool sees_all(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR;
}

/* Anyone sees what is listed; the rest is its maker's, its operator's, the bureau's and the regulators'. */
static enum result product_is_seen(struct request *request)
{
    struct store_row row;
    TRY(product_by_id(&request->work, request_id(request, "id"), &row));
    row_id own = request->actor.party;
    bool seen =
        strcmp(row_text(&row, "state"), "listed") == 0 || sees_all(&request->actor) ||
        (own != 0 && (row_integer(&row, "party_id") == own || row_integer(&row, "operator_id") == own));
    return seen ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result product_is_makers(struct request *request)
{
    struct store_row row;
    TRY(product_by_id(&request->work, request_id(request, "id"), &row));
    return row_integer(&row, "party_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result product_is_operators(struct request *request)
{
    struct store_row row;
    TRY(product_by_id(&request->work, request_id(request, "id"), &row));
    return row_integer(&row, "operator_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result product_is_handled(struct request *request)
{
    struct store_row row;
    TRY(product_by_id(&request->work, request_id(request, "id"), &row));
    row_id own = request->actor.party;
    bool handled = sees_all(&request->actor) || row_integer(&row, "party_id") == own ||
                   row_integer(&row, "operator_id") == own;
    return handled ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result product_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_PRODUCT_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"tier", query_text(request, "tier")},
                               {"kind", query_text(request, "kind")}, {"state", query_text(request, "state")},
                               {"all", store_integer(sees_all(&request->actor))},
                               {"own", store_integer(request->actor.party)}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result product_show(struct request *request)
{
    return product_reply(request, request_id(request, "id"));
}

static enum result product_history(struct request *request)
{
    return reply_history(request, &product_workflow, request_id(request, "id"));
}

static enum result product_actions(struct request *request)
{
    return reply_actions(request, &product_workflow, request_id(request, "id"), NULL);
}

#define STEP(name, clause, permission, who, schema, english, chinese, handler)                               \
    .method = HTTP_POST, .path = "/products/{id}/" name, .law = LAW(clause), .needs = permission,            \
    .owner = OWNER(who), .body = schema, .reply = &product_schema, SUMMARY(english, chinese), .run = handler
#define LIST(where, clause, permission, schema, english, chinese, handler)                                   \
    .method = HTTP_GET, .path = where, .law = LAW(clause), .needs = permission, .reply = schema,             \
    .list = true, SUMMARY(english, chinese), .run = handler

const struct route product_routes[] = {
    {.method = HTTP_POST,
     .path = "/products",
     .law = LAW(SAFE_ROOM),
     .needs = PERMISSION_PRODUCT_MAKE,
     .body = &product_new_schema,
     .reply = &product_schema,
     .style = ROUTE_LONG,
     SUMMARY("Draft a product from a room and make its bytes", "在开发环境中制作产品"),
     .run = product_new},
    {LIST("/products", DISCLOSURE, PERMISSION_PUBLIC_READ, &product_schema,
          "Products on offer, and one's own; both tiers told apart", "在架产品与本单位产品（区分层级）",
          product_list),
     .query = &product_query_schema},
    {.method = HTTP_GET,
     .path = "/products/{id}",
     .law = LAW(DISCLOSURE),
     .needs = PERMISSION_PUBLIC_READ,
     .owner = OWNER(product_is_seen),
     .reply = &product_schema,
     SUMMARY("Show a product", "查看产品"),
     .run = product_show},
    {STEP("make", SAFE_ROOM, PERMISSION_PRODUCT_MAKE, product_is_makers, &empty_schema,
          "Make the bytes of a draft anew", "重新生成草稿的内容", product_make),
     .style = ROUTE_LONG},
    {STEP("submit", EGRESS_REVIEW, PERMISSION_PRODUCT_MAKE, product_is_makers, &empty_schema,
          "Submit it for egress review", "提交出域审查", product_submit)},
    {.method = HTTP_GET,
     .path = "/products/{id}/review-sheet",
     .law = LAW(EGRESS_REVIEW),
     .needs = PERMISSION_PRODUCT_REVIEW,
     .owner = OWNER(product_is_operators),
     .reply = &review_sheet_schema,
     .style = ROUTE_LONG,
     SUMMARY("Open the review sheet: rows and the machine's report; the look is on record",
             "打开审查单：内容与机器报告，查看留痕"),
     .run = product_review_sheet},
    {STEP("approve", EGRESS_REVIEW, PERMISSION_PRODUCT_REVIEW, product_is_operators, &optional_reason_schema,
          "Let it leave: holds for these bytes only", "审查通过，仅对此内容有效", product_approve),
     .style = ROUTE_LONG},
    {STEP("reject", REASONS, PERMISSION_PRODUCT_REVIEW, product_is_operators, &reason_schema,
          "Refuse its egress, with the reason", "不予出域并说明理由", product_reject)},
    {STEP("file", EGRESS_REVIEW, PERMISSION_PRODUCT_HANDLE, product_is_operators, &empty_schema,
          "File the result of the review with the bureau", "将审查结果报市数据局备案", product_file),
     .style = ROUTE_LONG},
    {STEP("list", EXCHANGE, PERMISSION_PRODUCT_HANDLE, product_is_operators, &empty_schema,
          "List it on the data exchange", "在数据流通交易平台上架", product_list_on_exchange),
     .style = ROUTE_LONG},
    {STEP("withdraw", EXCHANGE, PERMISSION_PRODUCT_MAKE, product_is_handled, &reason_schema,
          "Take it off the market, with the reason: calls end at once", "下架并说明理由，立即停止调用",
          product_withdraw)},
    {.method = HTTP_GET,
     .path = "/products/{id}/history",
     .law = LAW(EGRESS_REVIEW),
     .needs = PERMISSION_PRODUCT_READ,
     .owner = OWNER(product_is_handled),
     .reply = &history_schema,
     SUMMARY("Every step of it", "产品办理经过"),
     .run = product_history},
    {.method = HTTP_GET,
     .path = "/products/{id}/actions",
     .law = LAW(EGRESS_REVIEW),
     .needs = PERMISSION_PRODUCT_READ,
     .owner = OWNER(product_is_handled),
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = product_actions},
    {LIST("/filings", EGRESS_REVIEW, PERMISSION_FILING_READ, &filing_schema,
          "Results of egress reviews on file, rejections too", "出域审查结果备案（含不予出域）",
          filing_list)},
    {LIST("/orders", EXCHANGE, PERMISSION_ORDER_READ, &order_schema, "Orders from the exchange",
          "来自交易平台的订单", order_list),
     .query = &order_query_schema},
    {.method = HTTP_GET,
     .path = "/orders/{id}",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_ORDER_READ,
     .owner = OWNER(order_is_seen),
     .reply = &order_schema,
     SUMMARY("Show an order: the grant to call, and what is left of it", "查看订单与剩余次数"),
     .run = order_show},
    {.method = HTTP_POST,
     .path = "/products/{id}/calls",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_PRODUCT_CALL,
     .owner = OWNER(call_is_ordered),
     .body = &call_schema,
     .reply = &answer_schema,
     .style = ROUTE_LONG,
     .own_keys = true,
     SUMMARY("Ask a verification or score about one subject", "调用核验或评分"),
     .run = product_call},
    {.method = HTTP_GET,
     .path = "/products/{id}/table",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_PRODUCT_CALL,
     .owner = OWNER(call_is_ordered),
     .bytes = true,
     .style = ROUTE_LONG,
     SUMMARY("Get one copy of a reviewed table (CSV)", "取用一份审查通过的表格（CSV）"),
     .run = product_table},
    {.method = HTTP_POST,
     .path = "/consents",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_CONSENT_RECORD,
     .body = &consent_new_schema,
     .reply = &consent_made_schema,
     .style = ROUTE_LONG,
     SUMMARY("Record a subject's consent with its evidence", "登记主体同意及其证据"),
     .run = consent_record},
    {LIST("/consents", EXCHANGE, PERMISSION_ORDER_READ, &consent_schema, "Consents recorded", "已登记的同意",
          consent_list),
     .query = &consent_query_schema},
    {.method = HTTP_POST,
     .path = "/consents/{id}/withdraw",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_CONSENT_WITHDRAW,
     .owner = OWNER(consent_may_be_withdrawn),
     .body = &consent_withdraw_schema,
     .reply = &reply_step_schema,
     SUMMARY("Withdraw a consent: by its customer, or by the subject with the code",
             "撤回同意：使用方，或主体凭撤回码"),
     .run = consent_withdraw},
    {.method = HTTP_POST,
     .path = "/orders/{id}/legal-bases",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_CONSENT_RECORD,
     .owner = OWNER(order_is_seen),
     .body = &legal_basis_new_schema,
     .reply = &legal_basis_schema,
     SUMMARY("Declare another legal basis for an order's calls", "申报订单的其他合法性基础"),
     .run = legal_basis_declare},
    {LIST("/legal-bases", EXCHANGE, PERMISSION_ORDER_READ, &legal_basis_schema, "Legal bases declared",
          "已申报的合法性基础", legal_basis_list)},
    {.method = HTTP_POST,
     .path = "/legal-bases/{id}/accept",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_PRODUCT_REVIEW,
     .owner = OWNER(legal_basis_is_seen),
     .body = &empty_schema,
     .reply = &legal_basis_schema,
     SUMMARY("Accept a legal basis, as the operator", "运营主体受理合法性基础"),
     .run = legal_basis_accept},
    {.method = HTTP_POST,
     .path = "/legal-bases/{id}/withdraw",
     .law = LAW(EXCHANGE),
     .needs = PERMISSION_LEGAL_BASIS_END,
     .owner = OWNER(legal_basis_is_seen),
     .body = &reason_schema,
     .reply = &legal_basis_schema,
     SUMMARY("Withdraw a legal basis, with the reason", "撤回合法性基础并说明理由"),
     .run = legal_basis_withdraw},
    {0},
};
