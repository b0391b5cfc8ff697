/* Drafting: the keeper fixes a product's bytes out of a room; the maker learns their digest and shape. The
 * keeper works outside of transactions, so a draft may be left without bytes, and is then made again. */
#include "affairs/product/product_inner.h"
#include "affairs/request/request.h"
#include "affairs/resource/resource.h"
#include "affairs/room/room.h"
#include "affairs/rule/rule.h"
#include "base/mutation.h"
#include "base/text.h"
#include "http/rows.h"

#include <string.h>

/* What the keeper needs, read in one snapshot. */
struct recipe {
    row_id product;
    row_id query; /* 0: an index */
    const char *kind;
    const char *rule;
    const char *query_shape;
    json_t *release;
    json_t *policy;
    json_t *spec;
    /* what it gave */
    struct digest digest;
    const char *shape;
    const char *report;
};

static bool is_table(const char *kind)
{
    return strcmp(kind, "table") == 0;
}

/* ---- drafting ---- */

/* Both tiers are products, told apart everywhere (二(三)): the maker says which it makes, and each may make
 * but its own. */
static enum result tier_is_told(struct request *request)
{
    const char *own = request->actor.role == ROLE_OPERATOR ? "public_data_product" : "data_product";
    if (mutation_without("tier_is_told") || text_equal(json_text(request->body, "tier"), own))
        return RESULT_OK;
    return REFUSE(&request->work, .result = RESULT_FORBIDDEN, .law = LAW(SAFE_ROOM), .field = "/tier",
                  .zh = "公共数据产品由运营主体加工，数据产品由开发利用主体开发",
                  .en = "public data products are the operator's, data products the developer's",
                  .remedy_zh = "选择与本单位身份相符的层级", .remedy_en = "choose the tier of your party");
}

static enum result refuse_definition(struct work *work, const char *field, const char *zh, const char *en)
{
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(EGRESS_REVIEW), .field = field, .zh = zh,
                  .en = en, .remedy_zh = "table 填 query_id；verification、score 填 spec",
                  .remedy_en = "a table names query_id; a verification or score gives spec");
}

static enum result definition_fits(struct request *request)
{
    struct work *work = &request->work;
    const char *kind = json_text(request->body, "kind");
    const json_t *spec = json_object_get(request->body, "spec");
    bool query = json_object_get(request->body, "query_id") != NULL;
    if (is_table(kind) && (!query || spec != NULL))
        return refuse_definition(work, "/query_id", "表格产品由一个已完成的查询制作",
                                 "a table is made of one finished query");
    if (!is_table(kind) && (query || spec == NULL))
        return refuse_definition(work, "/spec", "核验与评分产品须说明数据表和条件",
                                 "a verification or score needs the table and what is asked of it");
    bool score = strcmp(kind, "score") == 0;
    if (spec != NULL && (json_object_get(spec, "predicate") != NULL) == score)
        return refuse_definition(work, "/spec/predicate", "核验填 predicate，评分填 expression 及上下限",
                                 "a verification has a predicate, a score an expression with low and high");
    return RESULT_OK;
}

static enum result refuse_table(struct work *work)
{
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(EGRESS_REVIEW), .field = "/spec/table",
                  .zh = "该环境没有已供给的这张表",
                  .en = "no table of that name has been delivered into the room",
                  .remedy_zh = "使用已批准并供给到该环境的数据表",
                  .remedy_en = "use a table that was approved and delivered into this room");
}

/* The resources behind the product, for the sharing of revenue. */
static enum result keep_sources(struct request *request, row_id product, row_id room)
{
    struct work *work = &request->work;
    struct store_rows grants;
    const char *table = json_text(json_object_get(request->body, "spec"), "table");
    size_t kept = 0;
    TRY(request_grants_of_room(work, room, &grants));
    for (size_t i = 0; i < grants.count; i++) {
        struct store_row resource;
        row_id id = row_integer(&grants.rows[i], "resource_id");
        if (table != NULL && !text_equal(table, row_text(&grants.rows[i], "table_name")))
            continue;
        TRY(resource_by_id(work, id, &resource));
        TRY(store_exec(work->tx, SQL_PRODUCT_SOURCE_INSERT,
                       STORE_BINDS({"product", store_integer(product)}, {"resource", store_integer(id)},
                                   {"provider", store_integer(row_integer(&resource, "party_id"))},
                                   {"weight", store_integer(1)}),
                       NULL));
        kept++;
    }
    return table != NULL && kept == 0 ? refuse_table(work) : RESULT_OK;
}

static enum result query_is_finished(struct request *request, row_id room)
{
    struct store_row query;
    const json_t *number = json_object_get(request->body, "query_id");
    if (number == NULL)
        return RESULT_OK;
    enum result result = room_finished_query(&request->work, room, json_integer_value(number), &query);
    if (result != RESULT_NOT_FOUND)
        return result;
    return refuse_definition(&request->work, "/query_id", "该环境没有这个查询", "the room has no such query");
}

static enum result draft(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_row room, row;
    row_id *product = argument;
    row_id room_id = json_integer_or(request->body, "room_id", 0);
    enum result found = room_by_id(work, room_id, &room);
    if (found == RESULT_NOT_FOUND)
        return REFUSE(work, .result = RESULT_INVALID, .law = LAW(SAFE_ROOM), .field = "/room_id",
                      .zh = "没有这个开发环境", .en = "there is no such room", .remedy_zh = "核对编号",
                      .remedy_en = "check the number");
    TRY(found);
    TRY(tier_is_told(request));
    TRY(definition_fits(request));
    TRY(store_one(
        work->tx, work->arena, SQL_PRODUCT_INSERT,
        STORE_BINDS(
            {"tier", body_text(request, "tier")}, {"kind", body_text(request, "kind")},
            {"room", store_integer(room_id)},
            {"agreement", store_integer(row_integer(&room, "agreement_id"))},
            {"party", store_integer(request->actor.party)},
            {"operator", store_integer(row_integer(&room, "operator_id"))},
            {"title", body_text(request, "title")}, {"description", body_text(request, "description")},
            {"query", body_integer(request, "query_id")}, {"spec", body_json(request, "spec")},
            {"account", store_integer(request->actor.account)}, {"at", store_integer(work_now(work))}),
        &row));
    *product = row_integer(&row, "id");
    TRY(workflow_open(work, &product_workflow, *product, "draft", request->body, NULL));
    /* Only now is it known that the room is the caller's own. */
    TRY(query_is_finished(request, room_id));
    TRY(keep_sources(request, *product, room_id));
    TRY(work_record(work, "sources", "product", *product, LAW(REVENUE), NULL));
    return product_reply(request, *product);
}

/* ---- making ---- */

static enum result release_in_force(struct work *work, struct recipe *recipe)
{
    struct rule rule;
    enum result result = rule_in_force(work, "release", 0, work_today(work), &rule);
    if (result == RESULT_NOT_FOUND)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW),
                      .zh = "没有施行中的出域阈值规则", .en = "no release rule is in force",
                      .remedy_zh = "待市数据局发布出域阈值规则后再制作",
                      .remedy_en = "make it once the bureau's release rule is in force");
    TRY(result);
    recipe->rule = rule.cite;
    recipe->release = json_keep(
        work->arena, json_pack("{s:s, s:i, s:O?, s:O?, s:O?, s:O?}", "rule", rule.cite, "version",
                               rule.version, "threshold", json_object_get(rule.parameters, "threshold"),
                               "p_percent", json_object_get(rule.parameters, "p_percent"), "k_percent",
                               json_object_get(rule.parameters, "k_percent"), "rounding",
                               json_object_get(rule.parameters, "rounding")));
    return RESULT_OK;
}

static enum result parse(struct work *work, const char *text, json_t **ret_json)
{
    TRY(json_read(work->arena, text, strlen(text), ret_json, work->refusal));
    json_keep(work->arena, *ret_json);
    return RESULT_OK;
}

static enum result read_recipe(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct recipe *recipe = argument;
    struct store_row row, query;
    TRY(product_by_id(work, recipe->product, &row));
    if (row_integer(&row, "party_id") != request->actor.party)
        return RESULT_NOT_FOUND;
    if (strcmp(row_text(&row, "state"), "draft") != 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EGRESS_REVIEW),
                      .zh = "已提交的产品不能再改", .en = "a product that was submitted cannot be changed",
                      .remedy_zh = "另行制作新的产品", .remedy_en = "make a new product");
    row_id room = row_integer(&row, "room_id");
    recipe->kind = row_text(&row, "kind");
    TRY(release_in_force(work, recipe));
    if (is_table(recipe->kind)) {
        recipe->query = row_integer(&row, "query_id");
        TRY(room_finished_query(work, room, recipe->query, &query));
        recipe->query_shape = row_text(&query, "shape");
        return RESULT_OK;
    }
    TRY(room_policy(work, room, &recipe->policy));
    json_keep(work->arena, recipe->policy);
    return parse(work, row_text(&row, "spec"), &recipe->spec);
}

static const char *index_shape(struct arena *arena, const struct recipe *recipe)
{
    bool score = strcmp(recipe->kind, "score") == 0;
    json_t *shape =
        score ? json_pack("{s:s, s:O, s:O}", "answer", "integer or unknown", "low",
                          json_object_get(recipe->spec, "low"), "high", json_object_get(recipe->spec, "high"))
              : json_pack("{s:s}", "answer", "yes, no or unknown");
    return json_print(arena, json_keep(arena, shape));
}

static enum result ask_keeper(struct request *request, struct recipe *recipe)
{
    struct work *work = &request->work;
    struct keeper *keeper = request->app->keeper;
    json_t *report = NULL;
    if (keeper == NULL)
        return product_without_keeper(work);
    if (is_table(recipe->kind)) {
        TRY(keeper_product_table(keeper, work->arena, recipe->product, recipe->query, recipe->release,
                                 &recipe->digest, &report, work->refusal));
        json_keep(work->arena, report);
        recipe->shape = recipe->query_shape;
        return RESULT_OK; /* the reviewer's sheet takes the report from the sealed result */
    }
    TRY(keeper_product_index(keeper, work->arena, recipe->product, recipe->policy, recipe->spec,
                             &recipe->digest, &report, work->refusal));
    recipe->report = json_print(work->arena, json_keep(work->arena, report));
    recipe->shape = index_shape(work->arena, recipe);
    return RESULT_OK;
}

static enum result keep_made(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct recipe *recipe = argument;
    char digest[DIGEST_TEXT_SIZE];
    hex_print(recipe->digest.bytes, DIGEST_SIZE, digest);
    TRY(store_exec(work->tx, SQL_PRODUCT_SET_MADE,
                   STORE_BINDS({"id", store_integer(recipe->product)}, {"digest", store_text(digest)},
                               {"shape", store_text(recipe->shape)}, {"report", store_text(recipe->report)},
                               {"rule", store_text(recipe->rule)}, {"at", store_integer(work_now(work))}),
                   NULL));
    TRY(workflow_step(work, request->app->workflows, &product_workflow, recipe->product, "make", NULL, NULL,
                      NULL, NULL));
    return product_reply(request, recipe->product);
}

static enum result make(struct request *request, row_id product)
{
    struct recipe recipe = {.product = product};
    TRY(request_read(request, read_recipe, &recipe));
    TRY(ask_keeper(request, &recipe));
    return request_write(request, keep_made, &recipe);
}

enum result product_new(struct request *request)
{
    row_id product = 0;
    request->status = 201;
    TRY(request_write(request, draft, &product));
    return make(request, product);
}

enum result product_make(struct request *request)
{
    return make(request, request_id(request, "id"));
}
