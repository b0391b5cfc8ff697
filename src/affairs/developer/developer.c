#include "affairs/developer/developer.h"

#include "affairs/agreement/agreement.h"
#include "affairs/developer/developer_inner.h"
#include "affairs/oversight/oversight.h"
#include "affairs/party/party.h"
#include "base/mutation.h"
#include "base/text.h"

#include <string.h>

static enum result by_id(struct work *work, row_id admission, struct store_row *ret_row)
{
    return store_one(work->tx, work->arena, SQL_ADMISSION_BY_ID,
                     STORE_BINDS({"id", store_integer(admission)}), ret_row);
}

static enum result refuse_without_agreement(struct work *work)
{
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(DEVELOPER_AGREEMENT), .field = "admission",
                  .zh = "没有生效中的开发利用协议", .en = "there is no development agreement in force",
                  .remedy_zh = "通过准入审核并签署协议后再办理",
                  .remedy_en = "be admitted and sign the agreement first");
}

enum result developer_admission_in_force(struct work *work, row_id admission, struct store_row *ret_admission)
{
    struct store_row row;
    enum result result = by_id(work, admission, &row);
    if (result == RESULT_NOT_FOUND)
        return refuse_without_agreement(work);
    TRY(result);
    bool in_force = strcmp(row_text(&row, "state"), "in_force") == 0 &&
                    work_today(work) >= row_integer(&row, "from_day") &&
                    work_today(work) <= row_integer(&row, "until_day");
    if (!in_force && !mutation_without("developer_agreement_in_force"))
        return refuse_without_agreement(work);
    TRY(agreement_in_force(work, row_integer(&row, "agreement_id"), row_integer(&row, "operator_id")));
    *ret_admission = row;
    return RESULT_OK;
}

/* ---- guards ---- */

enum result admission_is_open(struct move *move)
{
    const struct admission_context *context = move->context;
    if (context->rule_found)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(ADMISSION_RULES),
                  .zh = "准入规则未经市数据局同意，暂不受理申请",
                  .en = "admission is closed: the operator's rules have no consent of the bureau in force",
                  .remedy_zh = "待运营主体的准入退出规则施行后再申请",
                  .remedy_en = "apply when the operator's rules are in force");
}

enum result developer_is_able(struct move *move)
{
    static const struct {
        const char *field;
        const char *zh;
        const char *en;
    } claims[] = {{"management", "数据管理能力说明", "mature data management"},
                  {"security", "安全保障能力说明", "security"}};
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        if (text_is_blank(json_text(move->input, claims[i].field)))
            return REFUSE(
                move->work, .result = RESULT_INVALID, .law = LAW(DEVELOPER_ELIGIBILITY),
                .field = arena_printf(move->work->arena, "/%s", claims[i].field),
                .zh = arena_printf(move->work->arena, "缺少%s", claims[i].zh),
                .en = arena_printf(move->work->arena, "the application does not show %s", claims[i].en),
                .remedy_zh = "补充说明并附材料", .remedy_en = "describe it and attach materials");
    return RESULT_OK;
}

enum result developer_is_clean(struct move *move)
{
    struct store_row party;
    TRY(party_by_id(move->work, move->work->actor->party, &party));
    return oversight_is_clean(move->work, row_text(&party, "credit_code"), work_today(move->work),
                              LAW(DEVELOPER_ELIGIBILITY));
}

/* The operator may not re-develop, directly or through affiliates, what is delivered within its scope
 * (二(三)). */
enum result developer_is_no_affiliate(struct move *move)
{
    const struct admission_context *context = move->context;
    return party_is_no_affiliate(move->work, context->operator_party, move->work->actor->party,
                                 LAW(NO_REDEVELOPMENT));
}

enum result admission_is_for_own_operator(struct move *move)
{
    struct store_row row;
    TRY(by_id(move->work, move->object_id, &row));
    if (row_integer(&row, "operator_id") != move->work->actor->party)
        return RESULT_NOT_FOUND;
    return agreement_in_force(move->work, row_integer(&row, "agreement_id"), move->work->actor->party);
}

enum result admission_is_own(struct move *move)
{
    struct store_row row;
    TRY(by_id(move->work, move->object_id, &row));
    return row_integer(&row, "developer_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result contract_is_offered(struct move *move)
{
    struct store_row row;
    TRY(by_id(move->work, move->object_id, &row));
    if (!row_is_null(&row, "contract_id"))
        return RESULT_OK;
    return refuse_without_agreement(move->work);
}

/* ---- timer ---- */

enum result developer_flag_late_reports(struct work *work, workflow_list workflows)
{
    struct store_rows rows;
    TRY(store_many(work->tx, work->arena, SQL_ADMISSION_NEWLY_LATE,
                   STORE_BINDS({"today", store_integer(work_today(work))}), &rows));
    for (size_t i = 0; i < rows.count; i++) {
        row_id id = row_integer(&rows.rows[i], "id");
        TRY(store_exec(work->tx, SQL_ADMISSION_SET_LATE,
                       STORE_BINDS({"id", store_integer(id)}, {"today", store_integer(work_today(work))}),
                       NULL));
        TRY(workflow_step(work, workflows, &admission_workflow, id, "late", NULL, NULL, NULL, NULL));
    }
    return RESULT_OK;
}
