#include "base/mutation.h"
#include "base/refusal.h"
#include "base/result.h"
#include "base/role.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

TEST(a_result_has_a_name_and_a_status)
{
    assert_string_equal(result_name(RESULT_OK), "OK");
    assert_string_equal(result_name(RESULT_CANCELLED), "CANCELLED");
    assert_int_equal(result_http_status(RESULT_OK), 200);
    assert_int_equal(result_http_status(RESULT_INVALID), 422);
    assert_int_equal(result_http_status(RESULT_MALFORMED), 400);
    assert_int_equal(result_http_status(RESULT_STALE), 412);
    assert_int_equal(result_http_status(RESULT_TIMEOUT), 504);
}

static enum result pass_on(enum result result, int *ret_reached)
{
    TRY(result);
    *ret_reached = 1;
    return RESULT_OK;
}

TEST(try_leaves_with_what_went_wrong_and_goes_on_otherwise)
{
    int reached = 0;
    assert_int_equal(pass_on(RESULT_BUSY, &reached), RESULT_BUSY);
    assert_int_equal(reached, 0);
    assert_ok(pass_on(RESULT_OK, &reached));
    assert_int_equal(reached, 1);
}

TEST(a_refusal_is_handed_over_whole)
{
    struct refusal refusal = {0};
    enum result result = refuse(&refusal, (struct refusal){.result = RESULT_INVALID,
                                                           .law = LAW(RESOURCE_CATALOGUE),
                                                           .field = "/name",
                                                           .zh = "名称为空。",
                                                           .en = "The name is empty.",
                                                           .remedy_zh = "请填写名称。",
                                                           .remedy_en = "Give a name."});
    assert_int_equal(result, RESULT_INVALID);
    assert_int_equal(refusal.result, RESULT_INVALID);
    assert_int_equal(refusal.law, LAW(RESOURCE_CATALOGUE));
    assert_string_equal(refusal.field, "/name");
    assert_string_equal(refusal.zh, "名称为空。");
    assert_string_equal(refusal.remedy_en, "Give a name.");
}

TEST(a_caller_may_not_care_for_the_refusal)
{
    assert_int_equal(refuse(NULL, (struct refusal){.result = RESULT_LIMIT, .zh = "满", .en = "full"}),
                     RESULT_LIMIT);
}

TEST(every_clause_has_a_symbol_a_locator_and_a_title_in_two_languages)
{
    for (int law = LAW_NONE + 1; law < LAW_COUNT; law++) {
        assert_true(strlen(law_clauses[law].symbol) > 0);
        assert_true(strlen(law_clauses[law].locator) > 0);
        assert_true(strlen(law_clauses[law].zh) > 0);
        assert_true(strlen(law_clauses[law].en) > 0);
    }
}

TEST(roles_are_found_by_their_names)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        assert_int_equal(role_by_name(role_name((enum role)role)), role);
        assert_true(strlen(role_chinese((enum role)role)) > 0);
    }
    assert_string_equal(role_name(ROLE_BUREAU), "bureau");
    assert_string_equal(role_chinese(ROLE_BUREAU), "市数据局");
}

TEST(an_unknown_role_is_none)
{
    assert_int_equal(role_by_name("Bureau"), ROLE_COUNT);
    assert_int_equal(role_by_name(""), ROLE_COUNT);
    assert_int_equal(role_by_name(NULL), ROLE_COUNT);
}

TEST(duties_are_single_bits_with_names)
{
    assert_int_equal(DUTY_CLERK, 1);
    assert_int_equal(DUTY_APPROVER, 2);
    assert_int_equal(DUTY_REVIEWER, 4);
    assert_string_equal(duty_name(DUTY_BIT_APPROVER), "approver");
}

TEST(a_rule_is_taken_out_by_name_and_only_in_a_build_made_for_that)
{
    assert_int_equal(setenv("DUKOU_WITHOUT", "some_rule", 1), 0);
#ifdef DUKOU_MUTATION
    assert_true(mutation_without("some_rule"));
#else
    assert_false(mutation_without("some_rule"));
#endif
    assert_false(mutation_without("some_rule_else"));
    assert_int_equal(unsetenv("DUKOU_WITHOUT"), 0);
    assert_false(mutation_without("some_rule"));
}
