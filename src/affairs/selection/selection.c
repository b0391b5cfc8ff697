#include "affairs/selection/selection.h"

#include "affairs/oversight/oversight.h"
#include "affairs/party/party.h"
#include "affairs/selection/selection_inner.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum result selection_by_id(struct work *work, row_id selection, struct store_row *ret_selection)
{
    return store_one(work->tx, work->arena, SQL_SELECTION_BY_ID,
                     STORE_BINDS({"id", store_integer(selection)}), ret_selection);
}

enum result selection_outcome(struct work *work, row_id selection, struct store_row *ret_outcome)
{
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_SELECTION_OUTCOME, STORE_BINDS({"id", store_integer(selection)}),
                  &row));
    if (strcmp(row_text(&row, "state"), "filed") != 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW), .field = "/selection_id",
                      .zh = "遴选结果尚未向市政府备案",
                      .en = "the outcome of the selection is not filed with the city government yet",
                      .remedy_zh = "完成公示与备案后再签协议",
                      .remedy_en = "complete publicity and filing first");
    *ret_outcome = row;
    return RESULT_OK;
}

static const json_t *read_json(struct work *work, const struct store_row *row, const char *column)
{
    const char *text = row_text(row, column);
    json_t *json;
    if (text == NULL || json_read(work->arena, text, strlen(text), &json, NULL) != RESULT_OK)
        return NULL;
    return json_keep(work->arena, json);
}

/* ---- guards of the notice ---- */

static enum result refuse_notice(struct work *work, const char *field, const char *zh, const char *en)
{
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(OPEN_SELECTION), .field = field,
                  .zh = arena_printf(work->arena, "公告缺少：%s", zh),
                  .en = arena_printf(work->arena, "the notice lacks %s", en),
                  .remedy_zh = "修改草稿补齐后再发布", .remedy_en = "edit the draft, then publish it");
}

enum result notice_is_whole(struct move *move)
{
    struct work *work = move->work;
    struct store_row row;
    TRY(selection_by_id(work, move->object_id, &row));
    if (row_is_null(&row, "scope"))
        return refuse_notice(work, "/scope", "授权范围", "the scope");
    if (text_is_blank(row_text(&row, "conditions")))
        return refuse_notice(work, "/conditions", "申请条件", "the conditions");
    const json_t *criteria = read_json(work, &row, "criteria");
    if (json_array_size(criteria) == 0)
        return refuse_notice(work, "/criteria", "评审标准", "the criteria");
    if (row_is_null(&row, "applications_until") || row_integer(&row, "applications_until") < work_today(work))
        return refuse_notice(work, "/applications_until", "今后的申请截止日",
                             "a deadline for applications that is yet to come");
    return RESULT_OK;
}

enum result other_way_has_basis(struct move *move)
{
    struct store_row row;
    TRY(selection_by_id(move->work, move->object_id, &row));
    if (row_integer(&row, "open") != 0 || !text_is_blank(row_text(&row, "basis")))
        return RESULT_OK;
    return refuse_notice(move->work, "/basis", "不公开遴选的依据",
                         "the basis for a selection that is not open");
}

enum result individual_has_scope_and_necessity(struct move *move)
{
    struct work *work = move->work;
    struct store_row row;
    TRY(selection_by_id(work, move->object_id, &row));
    if (strcmp(row_text(&row, "mode"), "individual") != 0)
        return RESULT_OK;
    const json_t *scope = read_json(work, &row, "scope");
    size_t named = json_array_size(json_object_get(scope, "industries")) +
                   json_array_size(json_object_get(scope, "regions")) +
                   json_array_size(json_object_get(scope, "entries"));
    if (named > 0 && !text_is_blank(row_text(&row, "necessity")))
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(INDIVIDUAL_MODE),
                  .field = named > 0 ? "/necessity" : "/scope",
                  .zh = "个别授权须写明领域或区域，并说明必要性",
                  .en = "individual authorisation states its field or district, and why it is necessary",
                  .remedy_zh = "补齐 scope 与 necessity", .remedy_en = "fill in scope and necessity");
}

enum result nothing_is_exclusive(struct move *move)
{
    struct store_row row;
    TRY(selection_by_id(move->work, move->object_id, &row));
    if (row_integer(&row, "exclusive") == 0)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_INVALID, .law = LAW(NON_EXCLUSIVE), .field = "/exclusive",
                  .zh = "授权不得独占", .en = "authorisation is never exclusive", .remedy_zh = "去掉独占条款",
                  .remedy_en = "drop the exclusive clause");
}

enum result applications_are_closed(struct move *move)
{
    struct store_row row;
    TRY(selection_by_id(move->work, move->object_id, &row));
    if (work_today(move->work) > row_integer(&row, "applications_until"))
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(OPEN_SELECTION), .zh = "申请截止日未过",
                  .en = "applications may still come in", .remedy_zh = "截止日次日起再关闭",
                  .remedy_en = "close it from the day after the deadline");
}

/* ---- guards of an application ---- */

enum result application_is_in_time(struct move *move)
{
    const struct store_row *selection = move->context;
    bool published = strcmp(row_text(selection, "state"), "published") == 0;
    if (published && work_today(move->work) <= row_integer(selection, "applications_until"))
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(OPEN_SELECTION), .zh = "不在申请期内",
                  .en = "applications are not open", .remedy_zh = "留意下一次公告",
                  .remedy_en = "wait for the next notice");
}

static const struct {
    const char *field;
    const char *zh;
    const char *en;
} claims[] = {
    {"capability", "运营能力说明", "its capability"},
    {"ecosystem", "带动数据企业和社会数据的能力说明",
     "its ability to bring in data companies and social data"},
    {"security", "安全保障能力说明", "its security"},
};

enum result applicant_is_eligible(struct move *move)
{
    struct work *work = move->work;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        if (text_is_blank(json_text(move->input, claims[i].field)))
            return REFUSE(work, .result = RESULT_INVALID, .law = LAW(OPERATOR_ELIGIBILITY),
                          .field = arena_printf(work->arena, "/%s", claims[i].field),
                          .zh = arena_printf(work->arena, "缺少%s", claims[i].zh),
                          .en = arena_printf(work->arena, "the application does not show %s", claims[i].en),
                          .remedy_zh = "补充说明并附材料", .remedy_en = "describe it and attach materials");
    return RESULT_OK;
}

enum result applicant_is_clean(struct move *move)
{
    struct store_row party;
    TRY(party_by_id(move->work, move->work->actor->party, &party));
    return oversight_is_clean(move->work, row_text(&party, "credit_code"), work_today(move->work),
                              LAW(OPERATOR_ELIGIBILITY));
}

/* ---- review ---- */

static int64_t weight_of(const json_t *criteria, const char *name)
{
    size_t i;
    json_t *criterion;
    json_array_foreach (criteria, i, criterion)
        if (text_equal(json_text(criterion, "name"), name))
            return json_integer_or(criterion, "weight", 0);
    return 0;
}

struct ranked {
    row_id application;
    row_id party;
    int64_t sum; /* points × weight, over all scorers */
};

static int by_sum(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->sum != y->sum)
        return x->sum < y->sum ? 1 : -1;
    return (x->application > y->application) - (x->application < y->application);
}

enum result selection_ranking(struct work *work, const struct store_row *selection, json_t **ret_ranking)
{
    struct store_value id = store_integer(row_integer(selection, "id"));
    struct store_rows applications, scores;
    struct store_row counts;
    TRY(store_many(work->tx, work->arena, SQL_APPLICATION_LIST,
                   STORE_BINDS({"selection", id}, {"after", store_integer(0)}, {"own", store_null()},
                               {"limit", store_integer(10000)}),
                   &applications));
    TRY(store_many(work->tx, work->arena, SQL_SCORE_LIST, STORE_BINDS({"selection", id}), &scores));
    TRY(store_one(work->tx, work->arena, SQL_SCORE_COMPLETENESS, STORE_BINDS({"selection", id}), &counts));
    const json_t *criteria = read_json(work, selection, "criteria");
    struct ranked *ranked = arena_new_array(work->arena, struct ranked, applications.count + 1);
    for (size_t i = 0; i < applications.count; i++) {
        ranked[i].application = row_integer(&applications.rows[i], "id");
        ranked[i].party = row_integer(&applications.rows[i], "party_id");
        for (size_t j = 0; j < scores.count; j++)
            if (row_integer(&scores.rows[j], "application_id") == ranked[i].application)
                ranked[i].sum += row_integer(&scores.rows[j], "points") *
                                 weight_of(criteria, row_text(&scores.rows[j], "criterion"));
    }
    qsort(ranked, applications.count, sizeof ranked[0], by_sum);
    int64_t scorers = row_integer(&counts, "scorers");
    json_t *ranking = json_array();
    for (size_t i = 0; i < applications.count; i++)
        json_array_append_new(ranking, json_pack("{s:I, s:I, s:I}", "application_id",
                                                 (json_int_t)ranked[i].application, "party_id",
                                                 (json_int_t)ranked[i].party, "score",
                                                 (json_int_t)(scorers > 0 ? ranked[i].sum / scorers : 0)));
    *ret_ranking = ranking;
    return RESULT_OK;
}

enum result review_is_joint_and_complete(struct move *move)
{
    struct work *work = move->work;
    struct store_row row, counts;
    TRY(selection_by_id(work, move->object_id, &row));
    TRY(store_one(work->tx, work->arena, SQL_SCORE_COMPLETENESS,
                  STORE_BINDS({"selection", store_integer(move->object_id)}), &counts));
    int64_t criteria = (int64_t)json_array_size(read_json(work, &row, "criteria"));
    int64_t due = row_integer(&counts, "applications") * row_integer(&counts, "scorers") * criteria;
    if (row_integer(&counts, "applications") == 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW), .zh = "没有申请可评审",
                      .en = "there is no application to review", .remedy_zh = "终止本次遴选并说明理由",
                      .remedy_en = "cancel the selection, with the reason");
    if (row_integer(&counts, "providers") == 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW),
                      .zh = "评审须会同数据提供单位", .en = "the review is joint: no provider has taken part",
                      .remedy_zh = "增加提供单位的评审人并由其评分",
                      .remedy_en = "name a scorer of a provider and let it score");
    if (row_integer(&counts, "undeclared") > 0 || row_integer(&counts, "scores") < due)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW),
                      .zh = arena_printf(work->arena, "评分未齐：应有 %d 项，已有 %d 项", (int)due,
                                         (int)row_integer(&counts, "scores")),
                      .en = arena_printf(work->arena, "scores are missing: %d of %d are there",
                                         (int)row_integer(&counts, "scores"), (int)due),
                      .remedy_zh = "请每位无利害关系的评审人对每份申请逐项评分",
                      .remedy_en =
                          "let every scorer without an interest score every application on every criterion");
    return RESULT_OK;
}

enum result winner_is_first(struct move *move)
{
    struct work *work = move->work;
    struct store_row row;
    json_t *ranking;
    TRY(selection_by_id(work, move->object_id, &row));
    TRY(selection_ranking(work, &row, &ranking));
    json_keep(work->arena, ranking);
    int64_t first = json_integer_or(json_array_get(ranking, 0), "application_id", 0);
    if (move->input == NULL || json_integer_or(move->input, "application_id", 0) == first)
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW), .field = "/application_id",
                  .zh = "不是评分第一名", .en = "this application is not first in the ranking of scores",
                  .remedy_zh = "选择第一名，或说明理由终止遴选",
                  .remedy_en = "choose the first, or cancel the selection with the reason");
}

enum result publicity_has_ended(struct move *move)
{
    struct store_row row;
    TRY(selection_by_id(move->work, move->object_id, &row));
    if (!row_is_null(&row, "publicity_until") && work_now(move->work) >= row_integer(&row, "publicity_until"))
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW), .zh = "公示期未满",
                  .en = "the publicity period is not over", .remedy_zh = "期满后再备案",
                  .remedy_en = "file it when the period is over");
}

enum result objections_are_settled(struct move *move)
{
    struct store_row row;
    TRY(store_one(move->work->tx, move->work->arena, SQL_OBJECTION_OPEN,
                  STORE_BINDS({"selection", store_integer(move->object_id)}), &row));
    if (row_integer(&row, "open") == 0)
        return RESULT_OK;
    return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(JOINT_REVIEW),
                  .zh = "公示异议尚未处理完毕", .en = "an objection raised during publicity is not settled",
                  .remedy_zh = "先答复全部异议", .remedy_en = "settle all objections first");
}
