#include "affairs/developer/developer.h"
#include "affairs/fixture.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(an_admission_moves_only_as_written)
{
    workflow_test(&admission_workflow, "new       apply    applied   developer\n"
                                       "applied   approve  approved  operator\n"
                                       "applied   refuse   refused   operator\n"
                                       "approved  offer    offered   operator\n"
                                       "offered   sign     in_force  developer\n"
                                       "in_force  report   in_force  developer\n"
                                       "in_force  late     in_force  system\n"
                                       "in_force  end      ended     operator\n");
}

static const json_t *step(struct city *city, int status, const char *who, long long id, const char *name,
                          const char *body)
{
    return city_expect(city, status, who, city_format(city, "POST /admissions/%lld/%s", id, name), body);
}

static const json_t *apply(struct city *city, int status, const char *who, row_id party, row_id agreement,
                           const char *management)
{
    return city_expect(
        city, status, who, "POST /admissions",
        city_format(city,
                    "{\"agreement_id\":%lld,\"management\":\"%s\",\"security\":\"能\",\"document_id\":%lld}",
                    (long long)agreement, management, (long long)fixture_document(city, party)));
}

static long long rule(struct city *city, const struct people *people, const char *from, int report_months)
{
    const json_t *made = city_expect(
        city, 201, people->operator_clerk, "POST /rules",
        city_format(city,
                    "{\"kind\":\"admission\",\"title\":\"准入退出规则\",\"from_day\":\"%s\",\"parameters\":{"
                    "\"materials\":[\"营业执照\"],\"report_months\":%d,\"exit\":\"清退\"}}",
                    from, report_months));
    return (long long)fixture_number(made, "id");
}

static void submit_rule(struct city *city, const struct people *people, long long id)
{
    (void)city_expect(city, 200, people->operator_clerk, city_format(city, "POST /rules/%lld/submit", id),
                      "{}");
}

static void consent(struct city *city, const struct people *people, long long id)
{
    (void)city_expect(city, 200, people->approver, city_format(city, "POST /rules/%lld/consent", id), "{}");
}

/* A city whose operator's rules have consent; today is 2026-03-19. */
static struct city *city_with_rules(struct people *people, row_id *ret_agreement)
{
    struct city *city = fixture_city(people);
    *ret_agreement = fixture_agreement(city, people);
    long long id = rule(city, people, "2026-03-19", 3);
    submit_rule(city, people, id);
    consent(city, people, id);
    return city;
}

/* ---- 2.5.2a ---- */

TEST(admission_is_closed_until_the_bureau_consents_to_the_rules_and_they_are_in_force)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    row_id agreement = fixture_agreement(city, &people);
    fixture_refused(apply(city, 409, people.developer_clerk, people.developer, agreement, "能"), NULL,
                    "2.5.2a", "closed");
    long long id = rule(city, &people, "2026-03-20", 3);
    submit_rule(city, &people, id);
    fixture_refused(apply(city, 409, people.developer_clerk, people.developer, agreement, "能"), NULL,
                    "2.5.2a", NULL);
    (void)city_expect(city, 403, people.operator_approver, city_format(city, "POST /rules/%lld/consent", id),
                      "{}");
    consent(city, &people, id);
    fixture_refused(apply(city, 409, people.developer_clerk, people.developer, agreement, "能"), NULL,
                    "2.5.2a", NULL);
    fixture_days(city, 1);
    (void)apply(city, 201, people.developer_clerk, people.developer, agreement, "能");
}

/* 3a too: the decision cites the version */
TEST(a_change_of_the_rules_needs_consent_again_and_an_admission_cites_the_version_it_used)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    long long second = rule(city, &people, "2026-03-19", 6);
    submit_rule(city, &people, second);
    const json_t *first = apply(city, 201, people.developer_clerk, people.developer, agreement, "能");
    assert_string_equal(json_text(first, "rule"), "admission@1");
    assert_int_equal(fixture_number(first, "report_months"), 3);
    consent(city, &people, second);
    row_id other;
    const char *newcomer =
        fixture_party(city, ROLE_DEVELOPER, "后来公司", fixture_credit_code(city, 8), &other);
    const json_t *next = apply(city, 201, newcomer, other, agreement, "能");
    assert_string_equal(json_text(next, "rule"), "admission@2");
    assert_int_equal(fixture_number(next, "report_months"), 6);
}

/* ---- 2.5.2b ---- */

TEST(a_developer_shows_its_data_management_and_security_with_its_own_materials)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    fixture_refused(apply(city, 422, people.developer_clerk, people.developer, agreement, " "), "/management",
                    "2.5.2b", NULL);
    fixture_refused(apply(city, 422, people.developer_clerk, people.candidate, agreement, "能"),
                    "/document_id", NULL, NULL);
    (void)apply(city, 403, people.operator_clerk, people.candidate, agreement, "能");
}

TEST(a_developer_with_an_incident_inside_three_years_is_refused_and_one_day_outside_passes)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    (void)fixture_credit(city, &people, fixture_credit_code(city, 4), "incident", "unit", false,
                         "2023-03-20");
    fixture_refused(apply(city, 403, people.developer_clerk, people.developer, agreement, "能"),
                    "credit_code", "2.5.2b", "2023-03-20");
    fixture_days(city, 1);
    (void)apply(city, 201, people.developer_clerk, people.developer, agreement, "能");
}

TEST(a_developer_with_a_serious_violation_is_refused_until_it_is_corrected)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    const char *code = fixture_credit_code(city, 4);
    row_id entry = fixture_credit(city, &people, code, "violation", "representative", true, "2018-01-01");
    fixture_refused(apply(city, 403, people.developer_clerk, people.developer, agreement, "能"), NULL,
                    "2.5.2b", "legal representative");
    (void)city_expect(
        city, 201, people.regulator_clerk, "POST /credit-entries",
        city_format(city,
                    "{\"credit_code\":\"%s\",\"kind\":\"correction\",\"about\":\"representative\","
                    "\"serious\":false,\"occurred_day\":\"2026-03-19\",\"summary\":\"误登\","
                    "\"about_id\":%lld}",
                    code, (long long)entry));
    (void)apply(city, 201, people.developer_clerk, people.developer, agreement, "能");
}

/* ---- 2.3e ---- */

static void hold(struct city *city, const struct people *people, int holder, int held)
{
    (void)city_expect(
        city, 201, people->clerk, "POST /holdings",
        city_format(city,
                    "{\"holder_code\":\"%s\",\"held_code\":\"%s\",\"share_bp\":5100,\"from_day\":"
                    "\"2020-01-01\",\"source\":\"企业公示\"}",
                    fixture_credit_code(city, holder), fixture_credit_code(city, held)));
}

TEST(an_affiliate_of_the_operator_is_not_admitted_and_the_chain_is_shown)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    hold(city, &people, 60, 3); /* a parent of the operator … */
    hold(city, &people, 60, 4); /* … that holds the developer too */
    const json_t *problem = apply(city, 403, people.developer_clerk, people.developer, agreement, "能");
    fixture_refused(problem, "credit_code", "2.3e", fixture_credit_code(city, 60));
    const char *reason = json_text(json_object_get(problem, "en"), "reason");
    assert_non_null(strstr(reason, fixture_credit_code(city, 3)));
    assert_non_null(strstr(reason, fixture_credit_code(city, 4)));
    assert_non_null(strstr(reason, "51.00%"));
}

TEST(a_company_without_any_link_to_the_operator_is_admitted)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    hold(city, &people, 60, 3);
    hold(city, &people, 61, 4);
    (void)apply(city, 201, people.developer_clerk, people.developer, agreement, "能");
}

/* ---- 2.5.2c ---- */

TEST(an_application_is_reviewed_by_its_operator_and_refused_with_a_reason_that_all_see)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    const char *rival = fixture_party(city, ROLE_OPERATOR, "另一公司", fixture_credit_code(city, 8), NULL);
    const char *stranger = fixture_party(city, ROLE_DEVELOPER, "旁人", fixture_credit_code(city, 9), NULL);
    long long id = (long long)fixture_number(
        apply(city, 201, people.developer_clerk, people.developer, agreement, "能"), "id");
    (void)step(city, 404, rival, id, "approve", "{}");
    (void)step(city, 403, people.operator_clerk, id, "approve", "{}");
    (void)step(city, 403, people.developer_clerk, id, "approve", "{}");
    fixture_refused(step(city, 422, people.operator_reviewer, id, "refuse", "{\"reason\":\" \\n\"}"),
                    "/reason", "2.6.1c", NULL);
    (void)step(city, 200, people.operator_reviewer, id, "refuse", "{\"reason\":\"管理制度不全\"}");
    const char *history = city_format(city, "GET /admissions/%lld/history", id);
    const char *readers[] = {people.developer_clerk, people.operator_clerk, people.clerk};
    for (int i = 0; i < 3; i++) {
        const json_t *items = json_object_get(city_expect(city, 200, readers[i], history, NULL), "items");
        assert_string_equal(json_text(json_array_get(items, 1), "reason"), "管理制度不全");
    }
    (void)city_expect(city, 404, stranger, history, NULL);
}

static long long offered(struct city *city, const struct people *people, row_id agreement, const char *until)
{
    long long id = (long long)fixture_number(
        apply(city, 201, people->developer_clerk, people->developer, agreement, "能"), "id");
    (void)step(city, 200, people->operator_reviewer, id, "approve", "{}");
    (void)step(city, 200, people->operator_clerk, id, "offer",
               city_format(city, "{\"document_id\":%lld,\"from_day\":\"2026-03-20\",\"until_day\":\"%s\"}",
                           (long long)fixture_document(city, people->candidate), until));
    return id;
}

static const json_t *open_room(struct city *city, const struct people *people, int status,
                               long long admission)
{
    return city_expect(
        city, status, people->operator_clerk, "POST /rooms",
        city_format(city, "{\"admission_id\":%lld,\"title\":\"研究\",\"quota_seconds\":60}", admission));
}

TEST(a_developer_gets_nothing_before_its_agreement_or_after_it)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    fixture_refused(open_room(city, &people, 409, 4711), "admission", "2.5.2c", NULL);
    long long id = offered(city, &people, agreement, "2026-04-01");
    fixture_refused(open_room(city, &people, 409, id), "admission", "2.5.2c", NULL); /* not signed */
    (void)step(city, 403, people.operator_clerk, id, "sign", "{}");
    (void)step(city, 200, people.developer_clerk, id, "sign", "{}");
    fixture_refused(open_room(city, &people, 409, id), "admission", "2.5.2c", NULL); /* not begun */
    fixture_days(city, 1);
    (void)open_room(city, &people, 201, id);
    fixture_days(city, 12); /* its last day */
    (void)open_room(city, &people, 201, id);
    fixture_days(city, 1);
    fixture_refused(open_room(city, &people, 409, id), "admission", "2.5.2c", NULL);
}

TEST(a_developer_whose_admission_was_ended_gets_nothing)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    long long id = offered(city, &people, agreement, "2027-03-19");
    (void)step(city, 200, people.developer_clerk, id, "sign", "{}");
    fixture_days(city, 1);
    (void)step(city, 422, people.operator_approver, id, "end", "{\"reason\":\" \"}");
    (void)step(city, 200, people.operator_approver, id, "end", "{\"reason\":\"违约\"}");
    fixture_refused(open_room(city, &people, 409, id), "admission", "2.5.2c", NULL);
}

TEST(a_development_agreement_that_ends_before_it_begins_is_refused)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    long long id = (long long)fixture_number(
        apply(city, 201, people.developer_clerk, people.developer, agreement, "能"), "id");
    const char *body =
        city_format(city, "{\"document_id\":%lld,\"from_day\":\"2026-03-20\",\"until_day\":\"2026-03-19\"}",
                    (long long)fixture_document(city, people.candidate));
    (void)step(city, 200, people.operator_reviewer, id, "approve", "{}");
    fixture_refused(step(city, 422, people.operator_clerk, id, "offer", body), "/until_day", "2.5.2c", NULL);
}

static enum result flag(struct work *work, void *argument)
{
    return developer_flag_late_reports(work, argument);
}

static size_t late(struct city *city, const struct people *people)
{
    assert_ok(city_write(city, city_actor(city, ROLE_SYSTEM, 0, 0, 0), flag,
                         (void *)(uintptr_t)city_app(city)->workflows, NULL));
    const json_t *list = city_expect(city, 200, people->clerk, "GET /admissions?late=true", NULL);
    return json_array_size(json_object_get(list, "items"));
}

TEST(a_late_report_is_flagged_to_the_bureau_until_it_is_handed_in)
{
    struct people people;
    row_id agreement;
    CLEANUP_CITY struct city *city = city_with_rules(&people, &agreement);
    long long id = offered(city, &people, agreement, "2027-03-19");
    const char *report =
        city_format(city, "{\"document_id\":%lld}", (long long)fixture_document(city, people.developer));
    (void)step(city, 409, people.developer_clerk, id, "report", report);
    const json_t *signed_one = step(city, 200, people.developer_clerk, id, "sign", "{}");
    assert_string_equal(json_text(signed_one, "next_report_day"), "2026-06-20");
    fixture_days(city, 93); /* 2026-06-20 */
    assert_int_equal(late(city, &people), 0);
    fixture_days(city, 1);
    assert_int_equal(late(city, &people), 1);
    assert_int_equal(late(city, &people), 1);
    (void)step(city, 200, people.developer_clerk, id, "report", report);
    assert_int_equal(late(city, &people), 0);
    const json_t *reports = json_object_get(
        city_expect(city, 200, people.clerk, city_format(city, "GET /admissions/%lld/reports", id), NULL),
        "items");
    assert_true(json_is_true(json_object_get(json_array_get(reports, 0), "late")));
    const json_t *next =
        city_expect(city, 200, people.clerk, city_format(city, "GET /admissions/%lld", id), NULL);
    assert_string_equal(json_text(next, "next_report_day"), "2026-09-20");
}
