#include "affairs/fixture.h"
#include "affairs/selection/selection.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(a_selection_moves_only_as_written)
{
    workflow_test(&selection_workflow, "new         draft      draft       bureau\n"
                                       "draft       edit       draft       bureau\n"
                                       "draft       publish    published   bureau\n"
                                       "published   close      closed      bureau\n"
                                       "closed      end_review scored      bureau\n"
                                       "scored      decide     decided     bureau\n"
                                       "decided     publicise  publicised  bureau\n"
                                       "publicised  file       filed       bureau\n"
                                       "published   cancel     cancelled   bureau\n"
                                       "closed      cancel     cancelled   bureau\n"
                                       "publicised  cancel     cancelled   bureau\n");
    workflow_test(&application_workflow, "new apply submitted operator\n");
}

/* ---- the notice: OPEN_SELECTION, INDIVIDUAL_MODE, NON_EXCLUSIVE ---- */

#define TITLE "\"title\":\"遴选\""
#define SCOPE ",\"scope\":{}"
#define CONDITIONS ",\"conditions\":\"具备条件\""
#define CRITERIA ",\"criteria\":[{\"name\":\"能力\",\"weight\":60},{\"name\":\"安全\",\"weight\":40}]"
#define UNTIL ",\"applications_until\":\"2026-03-10\""
#define OPEN ",\"open\":true"

static long long drafted(struct city *city, const struct people *people, const char *members)
{
    return (long long)fixture_number(
        city_expect(city, 201, people->clerk, "POST /selections", city_format(city, "{%s}", members)), "id");
}

static const json_t *step(struct city *city, int status, const char *who, long long id, const char *name,
                          const char *body)
{
    return city_expect(city, status, who, city_format(city, "POST /selections/%lld/%s", id, name), body);
}

static const json_t *refused_notice(struct city *city, const struct people *people, const char *members)
{
    return step(city, 422, people->approver, drafted(city, people, members), "publish", "{}");
}

TEST(a_notice_that_lacks_scope_conditions_criteria_or_deadline_is_not_published)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *whole = TITLE ",\"mode\":\"whole\"" OPEN;
    const json_t *problem =
        refused_notice(city, &people, city_format(city, "%s%s", whole, CONDITIONS CRITERIA UNTIL));
    fixture_refused(problem, "/scope", "2.4.1b", "scope");
    problem = refused_notice(city, &people, city_format(city, "%s%s", whole, SCOPE CRITERIA UNTIL));
    fixture_refused(problem, "/conditions", "2.4.1b", "conditions");
    problem = refused_notice(city, &people,
                             city_format(city, "%s,\"conditions\":\" \"%s", whole, SCOPE CRITERIA UNTIL));
    fixture_refused(problem, "/conditions", "2.4.1b", "conditions");
    problem = refused_notice(city, &people, city_format(city, "%s%s", whole, SCOPE CONDITIONS UNTIL));
    fixture_refused(problem, "/criteria", "2.4.1b", "criteria");
    problem = refused_notice(city, &people, city_format(city, "%s%s", whole, SCOPE CONDITIONS CRITERIA));
    fixture_refused(problem, "/applications_until", "2.4.1b", "deadline");
    problem = refused_notice(
        city, &people,
        city_format(city, "%s%s", whole, SCOPE CONDITIONS CRITERIA ",\"applications_until\":\"2026-03-01\""));
    fixture_refused(problem, "/applications_until", "2.4.1b", "deadline");
    problem = city_expect(city, 422, people.clerk, "POST /selections", "{" TITLE OPEN "}");
    fixture_refused(problem, "/mode", NULL, NULL);
    const json_t *seen = city_expect(city, 200, NULL, "GET /notices", NULL);
    assert_int_equal(json_array_size(json_object_get(seen, "items")), 0);
}

TEST(a_whole_notice_is_published_by_another_than_its_drafter_and_everybody_reads_it)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *both = fixture_account(city, people.bureau, ROLE_BUREAU, "both", DUTY_CLERK | DUTY_APPROVER);
    const char *body = "{" TITLE ",\"mode\":\"whole\"" OPEN SCOPE CONDITIONS CRITERIA UNTIL "}";
    long long id = (long long)fixture_number(city_expect(city, 201, both, "POST /selections", body), "id");
    const char *show = city_format(city, "GET /selections/%lld", id);
    (void)city_expect(city, 404, people.operator_clerk, show, NULL); /* a draft */
    (void)step(city, 403, both, id, "publish", "{}");
    (void)step(city, 403, people.clerk, id, "publish", "{}");
    (void)step(city, 200, people.approver, id, "publish", "{}");
    (void)city_expect(city, 200, people.operator_clerk, show, NULL);
    const json_t *notice = json_array_get(
        json_object_get(city_expect(city, 200, NULL, "GET /notices?kind=selection", NULL), "items"), 0);
    const json_t *text = json_object_get(notice, "body");
    const char *members[] = {"mode", "scope", "conditions", "criteria", "applications_until"};
    for (int i = 0; i < 5; i++)
        assert_non_null(json_object_get(text, members[i]));
}

TEST(a_selection_that_is_not_open_states_its_basis)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *closed = TITLE ",\"mode\":\"whole\",\"open\":false" SCOPE CONDITIONS CRITERIA UNTIL;
    fixture_refused(refused_notice(city, &people, closed), "/basis", "2.4.1b", "basis");
    fixture_refused(refused_notice(city, &people, city_format(city, "%s,\"basis\":\"  \"", closed)), "/basis",
                    "2.4.1b", NULL);
    long long id = drafted(city, &people, city_format(city, "%s,\"basis\":\"武政办〔2025〕1 号\"", closed));
    (void)step(city, 200, people.approver, id, "publish", "{}");
}

TEST(weights_that_do_not_add_up_to_a_hundred_are_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const json_t *problem = city_expect(city, 422, people.clerk, "POST /selections",
                                        "{" TITLE ",\"mode\":\"whole\"" OPEN
                                        ",\"criteria\":[{\"name\":\"能力\",\"weight\":60}]}");
    fixture_refused(problem, "/criteria", "2.4.1b", "60");
}

TEST(an_individual_selection_states_its_scope_and_why_it_is_necessary)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *base = TITLE ",\"mode\":\"individual\"" OPEN CONDITIONS CRITERIA UNTIL;
    fixture_refused(
        refused_notice(city, &people, city_format(city, "%s,\"scope\":{},\"necessity\":\"专业\"", base)),
        "/scope", "2.3b", NULL);
    const char *scope = ",\"scope\":{\"industries\":[\"社会保障\"]}";
    fixture_refused(refused_notice(city, &people, city_format(city, "%s%s", base, scope)), "/necessity",
                    "2.3b", NULL);
    fixture_refused(refused_notice(city, &people, city_format(city, "%s%s,\"necessity\":\" \"", base, scope)),
                    "/necessity", "2.3b", NULL);
    long long id = drafted(city, &people, city_format(city, "%s%s,\"necessity\":\"专业\"", base, scope));
    (void)step(city, 200, people.approver, id, "publish", "{}");
}

TEST(an_exclusive_clause_is_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *exclusive =
        TITLE ",\"mode\":\"whole\",\"exclusive\":true" OPEN SCOPE CONDITIONS CRITERIA UNTIL;
    fixture_refused(refused_notice(city, &people, exclusive), "/exclusive", "2.3c", NULL);
}

/* ---- applications: OPERATOR_ELIGIBILITY ---- */

static long long published(struct city *city, const struct people *people)
{
    long long id = drafted(city, people, TITLE ",\"mode\":\"whole\"" OPEN SCOPE CONDITIONS CRITERIA UNTIL);
    (void)step(city, 200, people->approver, id, "publish", "{}");
    return id;
}

static const json_t *apply(struct city *city, int status, const char *who, row_id party, long long selection,
                           const char *security)
{
    return step(
        city, status, who, selection, "applications",
        city_format(city,
                    "{\"capability\":\"能\",\"ecosystem\":\"能\",\"security\":\"%s\",\"document_id\":%lld}",
                    security, (long long)fixture_document(city, party)));
}

TEST(an_application_on_the_last_day_is_taken_and_the_day_after_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    row_id late;
    const char *latecomer =
        fixture_party(city, ROLE_OPERATOR, "迟到公司", fixture_credit_code(city, 8), &late);
    long long id = published(city, &people);
    fixture_days(city, 8);
    (void)apply(city, 201, people.operator_clerk, people.candidate, id, "能");
    fixture_refused(apply(city, 409, people.operator_clerk, people.candidate, id, "能"), NULL, "2.4.1b",
                    "already");
    fixture_days(city, 1);
    fixture_refused(apply(city, 409, latecomer, late, id, "能"), NULL, "2.4.1b", "not open");
    const json_t *all = city_expect(city, 200, people.clerk,
                                    city_format(city, "GET /selections/%lld/applications", id), NULL);
    assert_int_equal(json_array_size(json_object_get(all, "items")), 1);
}

TEST(nobody_applies_to_a_draft)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = drafted(city, &people, TITLE ",\"mode\":\"whole\"" OPEN SCOPE CONDITIONS CRITERIA UNTIL);
    (void)apply(city, 409, people.operator_clerk, people.candidate, id, "能");
}

TEST(an_applicant_shows_capability_ecosystem_and_security_with_its_own_materials)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = published(city, &people);
    fixture_refused(apply(city, 422, people.operator_clerk, people.candidate, id, "  "), "/security",
                    "2.4.1a", "security");
    fixture_refused(apply(city, 422, people.operator_clerk, people.provider, id, "能"), "/document_id", NULL,
                    NULL);
    (void)apply(city, 403, people.developer_clerk, people.developer, id, "能");
    (void)apply(city, 201, people.operator_clerk, people.candidate, id, "能");
}

/* 2.4.1a, through the application itself */
TEST(an_applicant_with_an_incident_inside_three_years_is_refused_and_one_day_outside_passes)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = published(city, &people);
    (void)fixture_credit(city, &people, fixture_credit_code(city, 3), "incident", "unit", false,
                         "2023-03-03");
    fixture_refused(apply(city, 403, people.operator_clerk, people.candidate, id, "能"), "credit_code",
                    "2.4.1a", "2023-03-03");
    fixture_days(city, 1); /* 2026-03-03 */
    (void)apply(city, 201, people.operator_clerk, people.candidate, id, "能");
}

TEST(an_applicant_whose_legal_representative_violated_the_law_is_refused_until_it_is_repaired)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *code = fixture_credit_code(city, 3);
    long long id = published(city, &people);
    row_id entry = fixture_credit(city, &people, code, "violation", "representative", true, "2019-01-01");
    fixture_refused(apply(city, 403, people.operator_clerk, people.candidate, id, "能"), NULL, "2.4.1a",
                    "legal representative");
    (void)city_expect(city, 201, people.regulator_clerk, "POST /credit-entries",
                      city_format(city,
                                  "{\"credit_code\":\"%s\",\"kind\":\"repair\",\"about\":\"representative\","
                                  "\"serious\":false,\"occurred_day\":\"2026-03-02\",\"summary\":\"修复\","
                                  "\"about_id\":%lld}",
                                  code, (long long)entry));
    (void)apply(city, 201, people.operator_clerk, people.candidate, id, "能");
}

/* ---- review: JOINT_REVIEW ---- */

struct contest {
    struct people people;
    struct city *city;
    long long id;
    row_id rival_party;
    const char *rival;
    long long first, second; /* applications */
};

static void contest_end(struct contest *contest)
{
    city_free(contest->city);
}
#define CLEANUP_CONTEST __attribute__((cleanup(contest_end)))

/* Two applications; the bureau's clerk and a provider's are named; applications are closed. */
static struct contest contest_new(void)
{
    struct contest c = {0};
    c.city = fixture_city(&c.people);
    c.rival =
        fixture_party(c.city, ROLE_OPERATOR, "另一公司", fixture_credit_code(c.city, 8), &c.rival_party);
    c.id = published(c.city, &c.people);
    c.first = (long long)fixture_number(
        apply(c.city, 201, c.people.operator_clerk, c.people.candidate, c.id, "能"), "id");
    c.second = (long long)fixture_number(apply(c.city, 201, c.rival, c.rival_party, c.id, "能"), "id");
    (void)step(c.city, 201, c.people.clerk, c.id, "scorers", "{\"login\":\"bureau-clerk\"}");
    (void)step(c.city, 201, c.people.clerk, c.id, "scorers", "{\"login\":\"provider-clerk\"}");
    fixture_days(c.city, 9);
    (void)step(c.city, 200, c.people.clerk, c.id, "close", "{}");
    return c;
}

static void declare(struct contest *c, const char *who, bool interest)
{
    (void)step(c->city, 200, who, c->id, "declaration",
               interest ? "{\"interest\":true,\"text\":\"持股\"}" : "{\"interest\":false}");
}

static const json_t *score(struct contest *c, int status, const char *who, long long application, int ability,
                           int security)
{
    return step(c->city, status, who, c->id, "scores",
                city_format(c->city,
                            "{\"application_id\":%lld,\"points\":[{\"criterion\":\"能力\",\"points\":%d},"
                            "{\"criterion\":\"安全\",\"points\":%d}]}",
                            application, ability, security));
}

/* The second is better: (60·(70+80) + 40·(90+90)) / 2 = 8100 against (60·(90+60) + 40·(50+80)) / 2 = 7100. */
static void score_all(struct contest *c)
{
    declare(c, c->people.clerk, false);
    declare(c, c->people.provider_clerk, false);
    (void)score(c, 200, c->people.clerk, c->first, 90, 50);
    (void)score(c, 200, c->people.clerk, c->second, 70, 90);
    (void)score(c, 200, c->people.provider_clerk, c->first, 60, 80);
    (void)score(c, 200, c->people.provider_clerk, c->second, 80, 90);
}

static const json_t *decide(struct contest *c, int status, long long application)
{
    return step(c->city, status, c->people.approver, c->id, "decide",
                city_format(c->city, "{\"application_id\":%lld}", application));
}

static void bring_to_publicity(struct contest *c)
{
    score_all(c);
    (void)step(c->city, 200, c->people.clerk, c->id, "end-review", "{}");
    (void)decide(c, 200, c->second);
    (void)step(c->city, 200, c->people.clerk, c->id, "publicise", "{\"working_days\":5}");
}

TEST(no_step_of_a_selection_can_be_skipped)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = published(city, &people);
    fixture_refused(step(city, 409, people.clerk, id, "close", "{}"), NULL, "2.4.1b", "may still come in");
    (void)step(city, 409, people.clerk, id, "end-review", "{}");
    (void)step(city, 409, people.approver, id, "decide", "{\"application_id\":1}");
    (void)step(city, 409, people.clerk, id, "publicise", "{\"working_days\":5}");
    (void)step(city, 409, people.clerk, id, "file", "{}");
    (void)city_expect(city, 409, people.clerk, "POST /agreements",
                      city_format(city,
                                  "{\"selection_id\":%lld,\"document_id\":%lld,\"from_day\":\"2026-03-19\","
                                  "\"trial_months\":0}",
                                  id, (long long)fixture_document(city, people.bureau)));
}

TEST(a_review_without_any_application_does_not_end)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = published(city, &people);
    fixture_days(city, 9);
    (void)step(city, 200, people.clerk, id, "close", "{}");
    fixture_refused(step(city, 409, people.clerk, id, "end-review", "{}"), NULL, "2.4.1c", "no application");
}

TEST(the_review_is_joint_with_a_provider_and_scores_everything)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    declare(&c, c.people.clerk, false);
    (void)score(&c, 200, c.people.clerk, c.first, 90, 50);
    (void)score(&c, 200, c.people.clerk, c.second, 70, 90);
    fixture_refused(step(c.city, 409, c.people.clerk, c.id, "end-review", "{}"), NULL, "2.4.1c",
                    "no provider");
    declare(&c, c.people.provider_clerk, false);
    (void)score(&c, 200, c.people.provider_clerk, c.first, 60, 80);
    fixture_refused(step(c.city, 409, c.people.clerk, c.id, "end-review", "{}"), NULL, "2.4.1c", "6 of 8");
    (void)score(&c, 200, c.people.provider_clerk, c.second, 80, 90);
    (void)step(c.city, 200, c.people.clerk, c.id, "end-review", "{}");
}

TEST(one_with_an_interest_or_without_a_declaration_cannot_score)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    fixture_refused(score(&c, 403, c.people.clerk, c.first, 90, 50), NULL, "2.4.1c", "declared");
    declare(&c, c.people.clerk, true);
    fixture_refused(score(&c, 403, c.people.clerk, c.first, 90, 50), NULL, "2.4.1c", "interest");
    fixture_refused(score(&c, 403, c.people.provider_approver, c.first, 90, 50), NULL, "2.4.1c", "no scorer");
}

TEST(one_whose_party_is_linked_to_the_applicant_cannot_score_it)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    (void)city_expect(
        c.city, 201, c.people.clerk, "POST /holdings",
        city_format(c.city,
                    "{\"holder_code\":\"%s\",\"held_code\":\"%s\",\"share_bp\":100,\"from_day\":"
                    "\"2020-01-01\",\"source\":\"企业公示\"}",
                    fixture_credit_code(c.city, 2), fixture_credit_code(c.city, 3)));
    declare(&c, c.people.provider_clerk, false);
    const json_t *problem = score(&c, 403, c.people.provider_clerk, c.first, 90, 50);
    fixture_refused(problem, NULL, "2.4.1c", fixture_credit_code(c.city, 3));
    assert_null(strstr(json_text(json_object_get(problem, "en"), "reason"), "re-develop"));
    (void)score(&c, 200, c.people.provider_clerk, c.second, 90, 50);
}

TEST(scores_of_one_who_declares_an_interest_later_do_not_count)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    score_all(&c);
    declare(&c, c.people.provider_clerk, true);
    fixture_refused(step(c.city, 409, c.people.clerk, c.id, "end-review", "{}"), NULL, "2.4.1c",
                    "no provider");
}

TEST(the_ranking_recomputes_from_the_scores_and_the_first_is_chosen)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    score_all(&c);
    const char *show = city_format(c.city, "GET /selections/%lld", c.id);
    assert_null(json_object_get(city_expect(c.city, 200, c.people.clerk, show, NULL), "ranking"));
    (void)step(c.city, 200, c.people.clerk, c.id, "end-review", "{}");
    const json_t *ranking = json_object_get(city_expect(c.city, 200, c.people.clerk, show, NULL), "ranking");
    assert_int_equal(fixture_number(json_array_get(ranking, 0), "application_id"), c.second);
    assert_int_equal(fixture_number(json_array_get(ranking, 0), "score"), 8100);
    assert_int_equal(fixture_number(json_array_get(ranking, 1), "application_id"), c.first);
    assert_int_equal(fixture_number(json_array_get(ranking, 1), "score"), 7100);
    fixture_refused(decide(&c, 409, c.first), "/application_id", "2.4.1c", "not first");
    (void)decide(&c, 200, c.second);
}

TEST(after_the_review_neither_scores_nor_scorers_nor_declarations_change)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    score_all(&c);
    (void)step(c.city, 200, c.people.clerk, c.id, "end-review", "{}");
    fixture_refused(score(&c, 409, c.people.clerk, c.first, 100, 100), NULL, "2.4.1c", NULL);
    fixture_refused(step(c.city, 409, c.people.clerk, c.id, "scorers", "{\"login\":\"bureau-approver\"}"),
                    NULL, "2.4.1c", NULL);
    fixture_refused(step(c.city, 409, c.people.provider_clerk, c.id, "declaration", "{\"interest\":true}"),
                    NULL, "2.4.1c", NULL);
}

TEST(a_scorer_is_an_account_of_the_bureau_or_a_provider_and_named_once)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    fixture_refused(step(c.city, 422, c.people.clerk, c.id, "scorers", "{\"login\":\"operator-clerk\"}"),
                    "/login", "2.4.1c", NULL);
    fixture_refused(step(c.city, 422, c.people.clerk, c.id, "scorers", "{\"login\":\"nobody\"}"), "/login",
                    "2.4.1c", NULL);
    fixture_refused(step(c.city, 409, c.people.clerk, c.id, "scorers", "{\"login\":\"bureau-clerk\"}"),
                    "/login", "2.4.1c", NULL);
}

TEST(a_score_names_a_criterion_of_the_notice_and_an_application_of_this_selection)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    declare(&c, c.people.clerk, false);
    const json_t *problem = step(
        c.city, 422, c.people.clerk, c.id, "scores",
        city_format(c.city, "{\"application_id\":%lld,\"points\":[{\"criterion\":\"关系\",\"points\":9}]}",
                    c.first));
    fixture_refused(problem, "/points/0/criterion", "2.4.1c", NULL);
    (void)score(&c, 404, c.people.clerk, 4711, 90, 50);
}

TEST(it_is_filed_when_publicity_is_over_and_not_before)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    score_all(&c);
    (void)step(c.city, 200, c.people.clerk, c.id, "end-review", "{}");
    (void)decide(&c, 200, c.second);
    (void)step(c.city, 422, c.people.clerk, c.id, "publicise", "{\"working_days\":4}");
    (void)step(c.city, 200, c.people.clerk, c.id, "publicise",
               "{\"working_days\":5}"); /* Wednesday 11 March */
    fixture_days(c.city, 7);            /* Wednesday 18 March, its last day */
    fixture_refused(step(c.city, 409, c.people.clerk, c.id, "file", "{}"), NULL, "2.4.1c", "not over");
    fixture_days(c.city, 1);
    (void)step(c.city, 200, c.people.clerk, c.id, "file", "{}");
    const json_t *notices = city_expect(c.city, 200, NULL, "GET /notices?kind=selection_outcome", NULL);
    const json_t *body = json_object_get(json_array_get(json_object_get(notices, "items"), 0), "body");
    assert_int_equal(json_array_size(json_object_get(body, "ranking")), 2);
}

TEST(an_objection_during_publicity_is_settled_before_filing)
{
    CLEANUP_CONTEST struct contest c = contest_new();
    (void)step(c.city, 409, NULL, c.id, "objections", "{\"text\":\"不公\"}");
    bring_to_publicity(&c);
    const json_t *raised =
        step(c.city, 201, NULL, c.id, "objections", "{\"text\":\"业绩不实\",\"contact\":\"027-1\"}");
    fixture_days(c.city, 8);
    fixture_refused(step(c.city, 409, c.people.clerk, c.id, "file", "{}"), NULL, "2.4.1c", "objection");
    const char *settle =
        city_format(c.city, "objections/%lld/settle", (long long)fixture_number(raised, "id"));
    (void)step(c.city, 422, c.people.clerk, c.id, settle, "{\"settlement\":\" \"}");
    (void)step(c.city, 200, c.people.clerk, c.id, settle, "{\"settlement\":\"查无实据\"}");
    (void)step(c.city, 404, c.people.clerk, c.id, settle, "{\"settlement\":\"再答\"}");
    (void)step(c.city, 409, NULL, c.id, "objections", "{\"text\":\"过期\"}");
    (void)step(c.city, 200, c.people.clerk, c.id, "file", "{}");
}

TEST(a_selection_is_cancelled_with_a_reason_only)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = published(city, &people);
    fixture_refused(step(city, 422, people.approver, id, "cancel", "{\"reason\":\"  \"}"), "/reason",
                    "2.6.1c", NULL);
    (void)step(city, 403, people.clerk, id, "cancel", "{\"reason\":\"政策调整\"}");
    (void)step(city, 200, people.approver, id, "cancel", "{\"reason\":\"政策调整\"}");
    const json_t *history = city_expect(city, 200, people.operator_clerk,
                                        city_format(city, "GET /selections/%lld/history", id), NULL);
    const json_t *items = json_object_get(history, "items");
    assert_string_equal(json_text(json_array_get(items, json_array_size(items) - 1), "reason"), "政策调整");
}
