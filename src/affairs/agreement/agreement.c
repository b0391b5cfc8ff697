#include "affairs/agreement/agreement.h"

#include "affairs/agreement/agreement_inner.h"
#include "base/mutation.h"
#include "base/text.h"

#include <string.h>

enum { TRIAL_MONTHS_MAX = 6 };

enum result agreement_by_id(struct work *work, row_id agreement, struct store_row *ret_agreement)
{
    return store_one(work->tx, work->arena, SQL_AGREEMENT_BY_ID,
                     STORE_BINDS({"id", store_integer(agreement)}), ret_agreement);
}

enum result agreement_of_operator(struct work *work, row_id operator_party, row_id *ret_agreement)
{
    struct store_row row;
    TRY(store_one(
        work->tx, work->arena, SQL_AGREEMENT_OF_OPERATOR,
        STORE_BINDS({"operator", store_integer(operator_party)}, {"today", store_integer(work_today(work))}),
        &row));
    *ret_agreement = row_integer(&row, "id");
    return RESULT_OK;
}

enum result agreement_keep_certificate(struct work *work, row_id agreement, const json_t *certificate)
{
    return store_exec(work->tx, SQL_DELETION_CERTIFICATE_INSERT,
                      STORE_BINDS({"agreement", store_integer(agreement)},
                                  {"key", store_text(json_text(certificate, "key"))},
                                  {"body", store_text(json_print(work->arena, certificate))},
                                  {"at", store_integer(work_now(work))}),
                      NULL);
}

static enum result refuse_not_in_force(struct work *work, const char *zh, const char *en)
{
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(AGREEMENT_TERM), .field = "agreement", .zh = zh,
                  .en = en, .remedy_zh = "须有生效中的授权运营协议",
                  .remedy_en = "an agreement in force is needed");
}

enum result agreement_in_force(struct work *work, row_id agreement, row_id operator_party)
{
    struct store_row row;
    enum result result = agreement_by_id(work, agreement, &row);
    if (result == RESULT_NOT_FOUND)
        return refuse_not_in_force(work, "没有这份协议", "there is no such agreement");
    TRY(result);
    if (operator_party != 0 && row_integer(&row, "operator_id") != operator_party)
        return refuse_not_in_force(work, "不是本单位的协议", "the agreement is not your party's");
    if (mutation_without("agreement_in_force"))
        return RESULT_OK;
    if (strcmp(row_text(&row, "state"), "in_force") != 0)
        return refuse_not_in_force(work, "协议未生效或已退出",
                                   "the agreement is not in force, or has been exited");
    if (work_today(work) < row_integer(&row, "from_day"))
        return refuse_not_in_force(work, "协议期未开始", "the agreement's term has not begun");
    if (work_today(work) > row_integer(&row, "until_day"))
        return refuse_not_in_force(work, "协议已到期", "the agreement has expired");
    return RESULT_OK;
}

/* ---- scope ---- */

static bool list_holds_text(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (text_equal(json_string_value(item), text))
            return true;
    return false;
}

static bool list_holds_id(const json_t *list, row_id id)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (json_integer_value(item) == id)
            return true;
    return false;
}

static bool scope_holds(const json_t *scope, const struct store_row *entry)
{
    const char *industry = row_text(entry, "industry");
    const char *region = row_text(entry, "region");
    return list_holds_id(json_object_get(scope, "entries"), row_integer(entry, "id")) ||
           (industry != NULL && list_holds_text(json_object_get(scope, "industries"), industry)) ||
           (region != NULL && list_holds_text(json_object_get(scope, "regions"), region));
}

enum result agreement_covers(struct work *work, row_id agreement, const struct store_row *entry)
{
    struct store_row row;
    TRY(agreement_by_id(work, agreement, &row));
    if (row_integer(entry, "listed") == 0 && !mutation_without("whole_covers_listed"))
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(WHOLE_MODE), .field = "/entry_id",
                      .zh = "该条目不在授权目录中", .en = "the entry is not in the authorised catalogue",
                      .remedy_zh = "列入目录后再使用", .remedy_en = "it can be used once it is listed");
    if (strcmp(row_text(&row, "mode"), "whole") == 0)
        return RESULT_OK;
    const char *text = row_text(&row, "scope");
    json_t *scope;
    TRY(json_read(work->arena, text, strlen(text), &scope, NULL));
    json_keep(work->arena, scope);
    if (scope_holds(scope, entry) || mutation_without("individual_scope_holds"))
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_FORBIDDEN, .law = LAW(INDIVIDUAL_MODE), .field = "/entry_id",
                  .zh = "不在个别授权的范围内", .en = "outside the scope of the individual authorisation",
                  .remedy_zh = "选择范围内的条目，或另行申请授权",
                  .remedy_en = "choose an entry within its scope, or have another authorisation made");
}

/* ---- guards ---- */

enum result trial_is_at_most_six_months(struct move *move)
{
    const struct agreement_terms *terms = move->context;
    if (terms->trial_months <= TRIAL_MONTHS_MAX)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_INVALID, .law = LAW(AGREEMENT_TERM), .field = "/trial_months",
                  .zh = "试运营期不得超过六个月", .en = "a trial lasts six months at most",
                  .remedy_zh = "改为 0 至 6 个月", .remedy_en = "choose 0 to 6 months");
}

enum result agreement_is_not_exclusive(struct move *move)
{
    const struct agreement_terms *terms = move->context;
    if (!terms->exclusive)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_INVALID, .law = LAW(NON_EXCLUSIVE), .field = "/exclusive",
                  .zh = "授权不得独占", .en = "authorisation is never exclusive", .remedy_zh = "去掉独占条款",
                  .remedy_en = "drop the exclusive clause");
}

enum result agreement_is_own(struct move *move)
{
    struct store_row row;
    TRY(agreement_by_id(move->work, move->object_id, &row));
    return row_integer(&row, "operator_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}
