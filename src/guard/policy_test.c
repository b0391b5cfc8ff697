#include "base/json.h"
#include "guard/duck.h"
#include "support/test.h"

#include <string.h>

#define COLUMNS                                                                                              \
    "[{'name':'id','type':'BIGINT','use':'key'},{'name':'pay','type':'DECIMAL(9,2)','use':'measure'}]"
#define TABLE "{'name':'t','kind':'resource','subject':'id','columns':" COLUMNS "}"
#define IMPORT                                                                                               \
    "{'name':'own','kind':'import','columns':[{'name':'k','type':'integer','use':'key_dimension'}]}"

static enum result read(struct arena *arena, const char *json, const struct policy **policy,
                        struct refusal *refusal)
{
    char *text = arena_strdup(arena, json);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    CLEANUP_JSON json_t *value = NULL;
    TRY(json_read(arena, text, strlen(text), &value, refusal));
    return policy_read(arena, value, policy, refusal);
}

static void assert_refused(const char *json, const char *field)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = NULL;
    struct refusal refusal = {0};
    assert_int_equal(read(arena, json, &policy, &refusal), RESULT_INVALID);
    assert_string_equal(refusal.field, field);
    assert_null(policy);
}

TEST(a_policy_survives_being_written_and_read)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy;
    const struct policy *again;
    struct refusal refusal = {0};
    assert_ok(read(
        arena,
        "{'rule':'release/strict','version':7,'threshold':15,'p_percent':20,'k_percent':80,'rounding':5,"
        "'level_limit':2,'tables':[" TABLE "," IMPORT "],'joins':[{'left':['own','k'],'right':['t','id']}]}",
        &policy, &refusal));
    CLEANUP_JSON json_t *written = policy_write(policy);
    assert_ok(policy_read(arena, written, &again, &refusal));
    CLEANUP_JSON json_t *rewritten = policy_write(again);
    assert_true(json_equal(written, rewritten));
    assert_string_equal(again->rule, "release/strict");
    assert_int_equal(again->version, 7);
    assert_int_equal(again->threshold, 15);
    assert_int_equal(again->p_percent, 20);
    assert_int_equal(again->k_percent, 80);
    assert_true(again->rounding == 5);
    assert_int_equal(again->level_limit, 2);
    assert_string_equal(again->tables[0].subject_token, "__subject_id");
    assert_null(again->tables[1].subject_token);
    assert_int_equal(again->tables[0].columns[1].type.width, 9);
    assert_true(policy_joins(again, &again->tables[0], &again->tables[0].columns[0], &again->tables[1],
                             &again->tables[1].columns[0]));
    assert_false(policy_joins(again, &again->tables[0], &again->tables[0].columns[1], &again->tables[1],
                              &again->tables[1].columns[0]));
}

TEST(rules_left_out_take_their_defaults)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy;
    assert_ok(read(arena, "{'rule':'r','version':1,'tables':[]}", &policy, NULL));
    assert_int_equal(policy->threshold, 10);
    assert_int_equal(policy->p_percent, 10);
    assert_int_equal(policy->k_percent, 85);
    assert_true(policy->rounding == 0);
    assert_int_equal(policy->level_limit, 4);
}

TEST(a_policy_that_is_not_whole_is_refused_with_its_place)
{
    assert_refused("[]", "");
    assert_refused("{'version':1,'tables':[]}", "/rule");
    assert_refused("{'rule':'r','tables':[]}", "/version");
    assert_refused("{'rule':'r','version':1}", "/tables");
    assert_refused("{'rule':'r','version':1,'tables':[],'treshold':3}", "/treshold");
    assert_refused("{'rule':'r','version':1,'tables':[],'threshold':1}", "/threshold");
    assert_refused("{'rule':'r','version':1,'tables':[],'threshold':65}", "/threshold");
    assert_refused("{'rule':'r','version':1,'tables':[],'k_percent':100}", "/k_percent");
    assert_refused("{'rule':'r','version':1,'tables':[],'rounding':-1}", "/rounding");
    assert_refused("{'rule':'r','version':1,'tables':[],'rounding':'x'}", "/rounding");
}

TEST(a_table_that_is_not_whole_is_refused_with_its_place)
{
#define WITH(table) "{'rule':'r','version':1,'tables':[" table "]}"
    assert_refused(WITH("{'name':'a.parquet','kind':'resource','subject':'id','columns':" COLUMNS "}"),
                   "/tables/0/name");
    assert_refused(WITH("{'name':'__t','kind':'resource','subject':'id','columns':" COLUMNS "}"),
                   "/tables/0/name");
    assert_refused(WITH("{'name':'1t','kind':'resource','subject':'id','columns':" COLUMNS "}"),
                   "/tables/0/name");
    assert_refused(WITH("{'name':'t','kind':'view','subject':'id','columns':" COLUMNS "}"), "/tables/0/kind");
    assert_refused(WITH("{'name':'t','kind':'resource','columns':" COLUMNS "}"), "/tables/0/subject");
    assert_refused(WITH("{'name':'t','kind':'resource','subject':'who','columns':" COLUMNS "}"),
                   "/tables/0/subject");
    assert_refused(WITH("{'name':'t','kind':'import','subject':'id','columns':" COLUMNS "}"),
                   "/tables/0/subject");
    assert_refused(WITH(TABLE "," TABLE), "/tables/1");
#define COLUMN(column) WITH("{'name':'t','kind':'import','columns':[" column "]}")
    assert_refused(COLUMN("{'name':'__subject_id','type':'BIGINT','use':'key'}"), "/tables/0/columns/0/name");
    assert_refused(COLUMN("{'name':' ','type':'BIGINT','use':'key'}"), "/tables/0/columns/0/name");
    assert_refused(COLUMN("{'name':'a','type':'NUMBER','use':'key'}"), "/tables/0/columns/0/type");
    assert_refused(COLUMN("{'name':'a','type':'DECIMAL(40,2)','use':'key'}"), "/tables/0/columns/0/type");
    assert_refused(COLUMN("{'name':'a','type':'BIGINT','use':'secret'}"), "/tables/0/columns/0/use");
    assert_refused(COLUMN("{'name':'a','type':'BIGINT','use':'key','level':5}"), "/tables/0/columns/0/level");
    assert_refused(COLUMN("{'name':'a','type':'BIGINT','use':'key','filterable':1}"), "/tables/0/columns/0");
    assert_refused(
        COLUMN("{'name':'a','type':'BIGINT','use':'key'},{'name':'A','type':'BIGINT','use':'key'}"),
        "/tables/0/columns/1");
}

TEST(a_join_of_columns_that_are_no_keys_is_refused)
{
#define JOIN(left, right)                                                                                    \
    "{'rule':'r','version':1,'tables':[" TABLE "," IMPORT "],'joins':[{'left':" left ",'right':" right "}]}"
    assert_refused(JOIN("['t','pay']", "['own','k']"), "/joins/0");
    assert_refused(JOIN("['t','id']", "['other','k']"), "/joins/0");
    assert_refused(JOIN("['t']", "['own','k']"), "/joins/0");
}
