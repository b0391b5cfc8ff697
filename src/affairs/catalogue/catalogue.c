#include "affairs/catalogue/catalogue.h"

#include "affairs/agreement/agreement.h"
#include "affairs/catalogue/catalogue_inner.h"
#include "affairs/resource/resource.h"
#include "base/mutation.h"

#include <string.h>

enum result catalogue_entry(struct work *work, row_id entry, struct store_row *ret_entry)
{
    return store_one(work->tx, work->arena, SQL_ENTRY_BY_ID, STORE_BINDS({"id", store_integer(entry)}),
                     ret_entry);
}

static enum result resource_of_entry(struct work *work, row_id entry, struct store_row *ret_resource)
{
    struct store_row row;
    TRY(catalogue_entry(work, entry, &row));
    return resource_by_id(work, row_integer(&row, "resource_id"), ret_resource);
}

/* At the opening of a case the entry has no case yet: the concept hands the resource over. */
static enum result resource_of_move(struct move *move, struct store_row *ret_resource)
{
    if (move->context == NULL)
        return resource_of_entry(move->work, move->object_id, ret_resource);
    *ret_resource = *(const struct store_row *)move->context;
    return RESULT_OK;
}

/* ---- guards ---- */

static enum result refuse_ungraded(struct work *work)
{
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(GRADED_UPDATE), .field = "/grade",
                  .zh = "资源未登记或未分级，不能列入授权目录",
                  .en = "the resource is not registered and graded: it cannot be listed",
                  .remedy_zh = "请提供单位登记资源、确认敏感项并分级",
                  .remedy_en = "let the provider register it, confirm its sensitive items and grade it");
}

static enum result grade_is_given(struct work *work, const struct store_row *resource)
{
    bool registered = strcmp(row_text(resource, "state"), "registered") == 0;
    return registered && !row_is_null(resource, "grade") ? RESULT_OK : refuse_ungraded(work);
}

enum result resource_is_graded(struct move *move)
{
    struct store_row resource;
    TRY(resource_of_move(move, &resource));
    return grade_is_given(move->work, &resource);
}

static bool is_core(const struct store_row *resource)
{
    const char *grade = row_text(resource, "grade");
    return grade != NULL && strcmp(grade, "core") == 0;
}

enum result resource_is_not_core(struct move *move)
{
    struct store_row resource;
    TRY(resource_of_move(move, &resource));
    if (!is_core(&resource))
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_FORBIDDEN, .law = LAW(GRADED_UPDATE), .field = "/grade",
                  .zh = "核心数据不得列入授权目录", .en = "core data cannot be listed at all",
                  .remedy_zh = "核心数据不参与授权运营；分级有误的，请提供单位重新分级",
                  .remedy_en = "core data stays out; if the grade is wrong, the provider grades it anew");
}

enum result entry_is_own(struct move *move)
{
    struct store_row row;
    TRY(catalogue_entry(move->work, move->object_id, &row));
    return row_integer(&row, "provider_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result deadline_has_passed(struct move *move)
{
    struct store_row row;
    TRY(catalogue_entry(move->work, move->object_id, &row));
    if (!row_is_null(&row, "due") && work_now(move->work) >= row_integer(&row, "due"))
        return RESULT_OK;
    char due[INSTANT_TEXT_SIZE] = "-";
    if (!row_is_null(&row, "due"))
        instant_print(row_integer(&row, "due"), due);
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(GRADED_UPDATE),
                  .zh = arena_printf(move->work->arena, "提供单位的答复期限（%s）未到", due),
                  .en = arena_printf(move->work->arena, "the provider may still answer, until %s", due),
                  .remedy_zh = "期限届满后再记录未答复",
                  .remedy_en = "record the absence when the deadline has passed");
}

enum result authorisation_is_own(struct move *move)
{
    struct store_row row;
    TRY(store_one(move->work->tx, move->work->arena, SQL_AUTHORISATION_BY_ID,
                  STORE_BINDS({"id", store_integer(move->object_id)}), &row));
    return row_integer(&row, "provider_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result refuse_step(struct work *work, const char *field, const char *zh, const char *en)
{
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(GRANT_BY_PROCEDURE), .field = field,
                  .zh = arena_printf(work->arena, "授权程序缺少一步：%s", zh),
                  .en = arena_printf(work->arena, "a step of the procedure is missing: %s", en),
                  .remedy_zh = "先完成这一步", .remedy_en = "complete that step first");
}

/* Registered, graded, listed: the steps before the provider's own act. */
static enum result entry_is_in_force(struct work *work, row_id entry)
{
    struct store_row row, resource;
    enum result result = catalogue_entry(work, entry, &row);
    if (result == RESULT_NOT_FOUND)
        return refuse_step(work, "/entry_id", "没有这个目录条目", "there is no such entry in the catalogue");
    TRY(result);
    TRY(resource_by_id(work, row_integer(&row, "resource_id"), &resource));
    if (strcmp(row_text(&resource, "state"), "registered") != 0)
        return refuse_step(work, "/entry_id", "资源登记", "the resource is not registered");
    if (row_is_null(&row, "grade"))
        return refuse_step(work, "/entry_id", "分类分级", "the resource is not graded");
    if (row_integer(&row, "listed") == 0)
        return refuse_step(work, "/entry_id", "列入授权目录", "the entry is not listed");
    if (is_core(&resource))
        return refuse_step(work, "/entry_id", "非核心数据的分级",
                           "a grade below core: the resource has been graded core");
    return RESULT_OK;
}

enum result authorised_entry_is_in_force(struct move *move)
{
    struct work *work = move->work;
    if (move->context != NULL)
        return entry_is_in_force(work, *(const row_id *)move->context);
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_AUTHORISATION_BY_ID,
                  STORE_BINDS({"id", store_integer(move->object_id)}), &row));
    return entry_is_in_force(work, row_integer(&row, "entry_id"));
}

enum result catalogue_may_use(struct work *work, row_id entry, row_id agreement)
{
    struct store_row row, found;
    TRY(entry_is_in_force(work, entry));
    TRY(agreement_in_force(work, agreement, 0));
    TRY(catalogue_entry(work, entry, &row));
    TRY(agreement_covers(work, agreement, &row));
    enum result result =
        store_one(work->tx, work->arena, SQL_AUTHORISATION_IN_FORCE,
                  STORE_BINDS({"entry", store_integer(entry)}, {"agreement", store_integer(agreement)},
                              {"today", store_integer(work_today(work))}),
                  &found);
    if (result == RESULT_NOT_FOUND && !mutation_without("provider_has_authorised"))
        return refuse_step(work, "/entry_id", "提供单位的授权", "the provider's authorisation");
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}
