#include "affairs/fixture.h"
#include "affairs/rule/rule.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(a_rule_moves_only_as_written)
{
    workflow_test(&rule_workflow, "new        draft    draft      bureau\n"
                                  "new        draft    draft      operator\n"
                                  "draft      submit   submitted  bureau\n"
                                  "draft      submit   submitted  operator\n"
                                  "submitted  consent  in_force   bureau\n"
                                  "submitted  return   returned   bureau\n");
}

#define ADMISSION                                                                                               \
    "\"kind\":\"admission\",\"title\":\"准入退出规则\",\"parameters\":{\"materials\":[\"营业执照\"]," \
    "\"report_months\":3,\"exit\":\"清退\"}"
#define RELEASE(threshold)                                                                                   \
    "\"kind\":\"release\",\"title\":\"出域阈值\",\"parameters\":{\"threshold\":" threshold                   \
    ",\"p_percent\":10,\"n\":2,\"k_percent\":85,\"rounding\":0}"

static const json_t *draft(struct city *city, int status, const char *who, const char *from,
                           const char *members)
{
    return city_expect(city, status, who, "POST /rules",
                       city_format(city, "{\"from_day\":\"%s\",%s}", from, members));
}

static const json_t *step(struct city *city, int status, const char *who, long long id, const char *name,
                          const char *body)
{
    return city_expect(city, status, who, city_format(city, "POST /rules/%lld/%s", id, name), body);
}

struct question {
    const char *kind;
    row_id owner;
    const char *day;
    struct rule rule;
};

static enum result ask(struct work *work, void *argument)
{
    struct question *question = argument;
    day on;
    TRY(day_parse(question->day, &on));
    return rule_in_force(work, question->kind, question->owner, on, &question->rule);
}

static const char *in_force(struct city *city, const char *kind, row_id owner, const char *on)
{
    struct question question = {kind, owner, on, {0}};
    enum result result = city_read(city, NULL, ask, &question, NULL);
    if (result == RESULT_NOT_FOUND)
        return "none";
    assert_ok(result);
    return question.rule.cite;
}

/* ---- 3a ---- */

TEST(a_rule_has_versions_an_issuer_and_a_day_from_which_it_is_in_force)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long first =
        (long long)fixture_number(draft(city, 201, people.clerk, "2026-03-10", RELEASE("10")), "id");
    assert_string_equal(in_force(city, "release", 0, "2026-03-31"), "none"); /* a draft */
    (void)step(city, 200, people.clerk, first, "submit", "{}");
    assert_string_equal(in_force(city, "release", 0, "2026-03-31"), "none");
    (void)step(city, 200, people.approver, first, "consent", "{}");
    assert_string_equal(in_force(city, "release", 0, "2026-03-09"), "none");
    assert_string_equal(in_force(city, "release", 0, "2026-03-10"), "release@1");
    const json_t *made = draft(city, 201, people.clerk, "2026-05-01", RELEASE("20"));
    assert_int_equal(fixture_number(made, "version"), 2);
    assert_int_equal(fixture_number(made, "owner_id"), people.bureau);
    (void)step(city, 200, people.clerk, (long long)fixture_number(made, "id"), "submit", "{}");
    (void)step(city, 200, people.approver, (long long)fixture_number(made, "id"), "consent", "{}");
    assert_string_equal(in_force(city, "release", 0, "2026-04-30"), "release@1");
    assert_string_equal(in_force(city, "release", 0, "2026-05-01"), "release@2");
    assert_string_equal(in_force(city, "release", people.candidate, "2026-05-01"), "none");
}

TEST(a_rule_from_before_today_or_by_another_issuer_is_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    fixture_refused(draft(city, 422, people.clerk, "2026-03-01", RELEASE("10")), "/from_day", "3a", NULL);
    fixture_refused(draft(city, 403, people.operator_clerk, "2026-03-10", RELEASE("10")), "/kind", "3a",
                    NULL);
    fixture_refused(draft(city, 403, people.clerk, "2026-03-10", ADMISSION), "/kind", "3a", NULL);
    (void)draft(city, 403, people.developer_clerk, "2026-03-10", ADMISSION);
    (void)draft(city, 201, people.clerk, "2026-03-02", RELEASE("10"));
}

TEST(a_rule_s_parameters_fit_its_kind)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    (void)draft(city, 422, people.clerk, "2026-03-10", RELEASE("2"));
    (void)draft(city, 422, people.clerk, "2026-03-10",
                "\"kind\":\"release\",\"title\":\"x\",\"parameters\":{}");
    fixture_refused(draft(city, 422, people.clerk, "2026-03-10",
                          "\"kind\":\"revenue\",\"title\":\"x\",\"parameters\":{\"provider\":0,\"bureau\":0,"
                          "\"operator\":0,\"developer\":0}"),
                    "/parameters", "2.6.5a", NULL);
}

TEST(one_of_the_bureau_drafts_and_another_consents)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *both = fixture_account(city, people.bureau, ROLE_BUREAU, "both", DUTY_CLERK | DUTY_APPROVER);
    long long id = (long long)fixture_number(draft(city, 201, both, "2026-03-10", RELEASE("10")), "id");
    (void)step(city, 409, people.approver, id, "consent", "{}");
    (void)step(city, 200, both, id, "submit", "{}");
    fixture_refused(step(city, 403, both, id, "consent", "{}"), NULL, "2.5.2a", "two different persons");
    (void)step(city, 403, people.clerk, id, "consent", "{}");
    (void)step(city, 200, people.approver, id, "consent", "{}");
    (void)step(city, 409, people.approver, id, "consent", "{}");
}

TEST(a_rule_in_force_that_all_may_read_is_not_there_for_who_would_submit_anothers)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id =
        (long long)fixture_number(draft(city, 201, people.clerk, "2026-03-10", RELEASE("10")), "id");
    (void)step(city, 200, people.clerk, id, "submit", "{}");
    (void)step(city, 200, people.approver, id, "consent", "{}");
    (void)city_expect(city, 200, people.operator_clerk, city_format(city, "GET /rules/%lld", id), NULL);
    (void)step(city, 404, people.operator_clerk, id, "submit", "{}");
    (void)step(city, 409, people.clerk, id, "submit", "{}");
}

TEST(a_rule_is_returned_with_a_reason_that_its_issuer_sees)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *rival = fixture_party(city, ROLE_OPERATOR, "另一公司", fixture_credit_code(city, 8), NULL);
    long long id =
        (long long)fixture_number(draft(city, 201, people.operator_clerk, "2026-03-10", ADMISSION), "id");
    (void)step(city, 404, rival, id, "submit", "{}");
    (void)step(city, 404, people.clerk, id, "submit", "{}");
    (void)step(city, 200, people.operator_clerk, id, "submit", "{}");
    (void)step(city, 404, people.clerk, id, "submit", "{}");
    (void)step(city, 409, people.operator_clerk, id, "submit", "{}");
    fixture_refused(step(city, 422, people.approver, id, "return", "{\"reason\":\" \"}"), "/reason", "2.6.1c",
                    NULL);
    (void)step(city, 200, people.approver, id, "return", "{\"reason\":\"缺少退出安排\"}");
    const char *history = city_format(city, "GET /rules/%lld/history", id);
    const json_t *items =
        json_object_get(city_expect(city, 200, people.operator_clerk, history, NULL), "items");
    assert_string_equal(json_text(json_array_get(items, 2), "reason"), "缺少退出安排");
    (void)city_expect(city, 404, rival, history, NULL);
    assert_string_equal(in_force(city, "admission", people.candidate, "2026-03-31"), "none");
}

/* 二(五)2: in force after the bureau's consent. */
TEST(a_rule_whose_day_passed_before_the_consent_is_in_force_from_the_consent_on)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const json_t *made = city_expect(city, 201, people.clerk, "POST /rules",
                                     "{\"kind\":\"quality\",\"title\":\"质量\",\"from_day\":\"2026-03-02\","
                                     "\"parameters\":{\"text\":\"规则\"}}");
    long long id = (long long)fixture_number(made, "id");
    (void)city_expect(city, 200, people.clerk, city_format(city, "POST /rules/%lld/submit", id), "{}");
    fixture_days(city, 3);
    (void)city_expect(city, 200, people.approver, city_format(city, "POST /rules/%lld/consent", id), "{}");
    const json_t *rule = city_expect(city, 200, people.clerk, city_format(city, "GET /rules/%lld", id), NULL);
    assert_string_equal(json_string_value(json_object_get(rule, "from_day")), "2026-03-05");
}
