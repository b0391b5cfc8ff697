#include "affairs/agreement/agreement.h"
#include "affairs/fixture.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(an_agreement_moves_only_as_written)
{
    workflow_test(&agreement_workflow, "new       draft        draft      bureau\n"
                                       "draft     sign         signed     operator\n"
                                       "signed    countersign  in_force   bureau\n"
                                       "in_force  close        closing    bureau\n"
                                       "closing   close        closing    bureau\n"
                                       "closing   end          closed     bureau\n");
}

/* A filed selection, on 2026-03-19; `members` belong to its notice. */
static long long filed(struct city *city, const struct people *people, const char *members)
{
    const json_t *made = city_expect(city, 201, people->clerk, "POST /selections",
                                     city_format(city,
                                                 "{\"title\":\"遴选\",\"conditions\":\"具备条件\","
                                                 "\"criteria\":[{\"name\":\"能力\",\"weight\":100}],"
                                                 "\"open\":true,\"applications_until\":\"2026-03-10\",%s}",
                                                 members));
    long long id = (long long)fixture_number(made, "id");
    const char *at = city_format(city, "POST /selections/%lld/", id);
#define AT(name) city_format(city, "%s%s", at, name)
    (void)city_expect(city, 200, people->approver, AT("publish"), "{}");
    made = city_expect(
        city, 201, people->operator_clerk, AT("applications"),
        city_format(city,
                    "{\"capability\":\"能\",\"ecosystem\":\"能\",\"security\":\"能\",\"document_id\":%lld}",
                    (long long)fixture_document(city, people->candidate)));
    long long application = (long long)fixture_number(made, "id");
    const char *scorers[] = {"bureau-clerk", "provider-clerk"};
    const char *tokens[] = {people->clerk, people->provider_clerk};
    fixture_days(city, 9);
    (void)city_expect(city, 200, people->clerk, AT("close"), "{}");
    for (int i = 0; i < 2; i++) {
        (void)city_expect(city, 201, people->clerk, AT("scorers"),
                          city_format(city, "{\"login\":\"%s\"}", scorers[i]));
        (void)city_expect(city, 200, tokens[i], AT("declaration"), "{\"interest\":false}");
        (void)city_expect(
            city, 200, tokens[i], AT("scores"),
            city_format(city, "{\"application_id\":%lld,\"points\":[{\"criterion\":\"能力\",\"points\":90}]}",
                        application));
    }
    (void)city_expect(city, 200, people->clerk, AT("end-review"), "{}");
    (void)city_expect(city, 200, people->approver, AT("decide"),
                      city_format(city, "{\"application_id\":%lld}", application));
    (void)city_expect(city, 200, people->clerk, AT("publicise"), "{\"working_days\":5}");
    fixture_days(city, 8);
    (void)city_expect(city, 200, people->clerk, AT("file"), "{}");
#undef AT
    return id;
}

static const char whole[] = "\"mode\":\"whole\",\"scope\":{}";

static const json_t *draft(struct city *city, const struct people *people, int status, long long selection,
                           const char *from, int trial_months, const char *more)
{
    return city_expect(city, status, people->clerk, "POST /agreements",
                       city_format(city,
                                   "{\"selection_id\":%lld,\"document_id\":%lld,\"from_day\":\"%s\","
                                   "\"trial_months\":%d%s}",
                                   selection, (long long)fixture_document(city, people->bureau), from,
                                   trial_months, more));
}

static void sign(struct city *city, const struct people *people, long long id)
{
    (void)city_expect(city, 200, people->operator_clerk, city_format(city, "POST /agreements/%lld/sign", id),
                      "{}");
    (void)city_expect(city, 200, people->approver, city_format(city, "POST /agreements/%lld/countersign", id),
                      "{}");
}

static void assert_term(const json_t *agreement, const char *term_from, const char *until)
{
    assert_string_equal(json_text(agreement, "term_from"), term_from);
    assert_string_equal(json_text(agreement, "until_day"), until);
}

/* ---- 2.4.1d ---- */

TEST(a_seven_month_trial_is_refused_and_six_months_stand_outside_the_three_years)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection = filed(city, &people, whole);
    fixture_refused(draft(city, &people, 422, selection, "2026-03-19", 7, ""), "/trial_months", "2.4.1d",
                    "six months");
    const json_t *made = draft(city, &people, 201, selection, "2026-03-19", 6, "");
    assert_term(made, "2026-09-19", "2029-09-18");
    fixture_refused(draft(city, &people, 409, selection, "2026-03-19", 6, ""), "/selection_id", "2.4.1d",
                    NULL);
}

TEST(three_years_from_a_leap_day_end_before_the_first_of_march)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection = filed(city, &people, whole);
    assert_term(draft(city, &people, 201, selection, "2028-02-29", 0, ""), "2028-02-29", "2031-02-27");
}

TEST(a_trial_that_ends_across_a_leap_day_begins_the_term_on_the_month_s_last_day)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection = filed(city, &people, whole);
    assert_term(draft(city, &people, 201, selection, "2027-08-31", 6, ""), "2028-02-29", "2031-02-27");
}

TEST(three_years_that_hold_a_leap_day_end_on_the_same_date)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection = filed(city, &people, whole);
    assert_term(draft(city, &people, 201, selection, "2027-03-01", 0, ""), "2027-03-01", "2030-02-28");
}

struct question {
    row_id agreement;
    row_id operator_party;
};

static enum result ask_in_force(struct work *work, void *argument)
{
    const struct question *question = argument;
    return agreement_in_force(work, question->agreement, question->operator_party);
}

TEST(an_agreement_is_in_force_from_its_first_day_to_its_last)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection = filed(city, &people, whole);
    const json_t *made = draft(city, &people, 201, selection, "2026-03-20", 0, "");
    struct question question = {fixture_number(made, "id"), people.candidate};
    struct refusal refusal = {0};
    fixture_days(city, 1);
    assert_int_equal(city_read(city, people.clerk, ask_in_force, &question, &refusal),
                     RESULT_CONFLICT); /* unsigned */
    sign(city, &people, question.agreement);
    assert_ok(city_read(city, people.clerk, ask_in_force, &question, NULL));
    question.operator_party = people.developer;
    assert_int_equal(city_read(city, people.clerk, ask_in_force, &question, &refusal), RESULT_CONFLICT);
    question.operator_party = people.candidate;
    fixture_days(city, 3 * 365); /* 2029-03-19, the last day: 2028 has a leap day */
    assert_ok(city_read(city, people.clerk, ask_in_force, &question, NULL));
    fixture_days(city, 1);
    assert_int_equal(city_read(city, people.clerk, ask_in_force, &question, &refusal), RESULT_CONFLICT);
    assert_non_null(strstr(refusal.en, "expired"));
    question.agreement = 4711;
    assert_int_equal(city_read(city, people.clerk, ask_in_force, &question, &refusal), RESULT_CONFLICT);
}

TEST(before_its_first_day_an_agreement_is_not_in_force)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection = filed(city, &people, whole);
    const json_t *made = draft(city, &people, 201, selection, "2026-04-01", 0, "");
    struct question question = {fixture_number(made, "id"), 0};
    struct refusal refusal = {0};
    sign(city, &people, question.agreement);
    assert_int_equal(city_read(city, people.clerk, ask_in_force, &question, &refusal), RESULT_CONFLICT);
    assert_non_null(strstr(refusal.en, "not begun"));
}

/* ---- who signs ---- */

TEST(an_agreement_wants_the_chosen_operator_s_signature_and_another_of_the_bureau_than_drafted_it)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *rival = fixture_party(city, ROLE_OPERATOR, "另一公司", fixture_credit_code(city, 8), NULL);
    const char *both = fixture_account(city, people.bureau, ROLE_BUREAU, "both", DUTY_CLERK | DUTY_APPROVER);
    long long selection = filed(city, &people, whole);
    people.clerk = both;
    long long id = (long long)fixture_number(draft(city, &people, 201, selection, "2026-03-19", 0, ""), "id");
    const char *countersign = city_format(city, "POST /agreements/%lld/countersign", id);
    const char *sign_it = city_format(city, "POST /agreements/%lld/sign", id);
    (void)city_expect(city, 409, people.approver, countersign, "{}");
    (void)city_expect(city, 404, rival, sign_it, "{}");
    (void)city_expect(city, 404, rival, city_format(city, "GET /agreements/%lld", id), NULL);
    (void)city_expect(city, 200, people.operator_clerk, sign_it, "{}");
    fixture_refused(city_expect(city, 403, both, countersign, "{}"), NULL, "2.4.1d", "two different persons");
    (void)city_expect(city, 200, people.approver, countersign, "{}");
    const json_t *notices = city_expect(city, 200, NULL, "GET /notices?kind=agreement", NULL);
    assert_int_equal(json_array_size(json_object_get(notices, "items")), 1);
}

/* ---- scope: 2.3a, 2.3b, 2.3c ---- */

TEST(an_exclusive_agreement_is_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection = filed(city, &people, whole);
    fixture_refused(draft(city, &people, 422, selection, "2026-03-19", 0, ",\"exclusive\":true"),
                    "/exclusive", "2.3c", NULL);
}

struct covering {
    row_id agreement;
    struct store_row entry;
};

static enum result ask_covers(struct work *work, void *argument)
{
    const struct covering *covering = argument;
    return agreement_covers(work, covering->agreement, &covering->entry);
}

static enum result covers(struct city *city, const struct people *people, row_id agreement, int64_t entry,
                          int listed, const char *industry, const char *region)
{
    const char *names[] = {"id", "listed", "industry", "region"};
    struct store_value values[] = {store_integer(entry), store_integer(listed), store_text(industry),
                                   store_text(region)};
    struct covering covering = {agreement, {.names = names, .values = values, .count = 4}};
    return city_read(city, people->clerk, ask_covers, &covering, NULL);
}

TEST(a_whole_agreement_covers_every_listed_entry_and_no_unlisted_one)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    row_id id = fixture_agreement(city, &people);
    assert_ok(covers(city, &people, id, 1, 1, "社会保障", "全市"));
    assert_ok(covers(city, &people, id, 99, 1, NULL, NULL));
    assert_int_equal(covers(city, &people, id, 1, 0, "社会保障", "全市"), RESULT_CONFLICT);
}

TEST(an_individual_agreement_covers_its_field_district_or_entries_and_nothing_else)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long selection =
        filed(city, &people,
              "\"mode\":\"individual\",\"necessity\":\"专业\",\"scope\":{\"industries\":[\"社会保障\"],"
              "\"regions\":[\"江岸区\"],\"entries\":[7]}");
    row_id id = fixture_number(draft(city, &people, 201, selection, "2026-03-19", 0, ""), "id");
    sign(city, &people, id);
    assert_ok(covers(city, &people, id, 1, 1, "社会保障", "全市"));
    assert_ok(covers(city, &people, id, 1, 1, "交通", "江岸区"));
    assert_ok(covers(city, &people, id, 7, 1, NULL, NULL));
    assert_int_equal(covers(city, &people, id, 8, 1, "交通", "全市"), RESULT_FORBIDDEN);
    assert_int_equal(covers(city, &people, id, 8, 1, NULL, NULL), RESULT_FORBIDDEN);
}

/* ---- logs: 2.4.2d ---- */

TEST(logs_of_the_last_twelve_months_cannot_be_purged)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *auditor = city_actor(city, ROLE_AUDIT_ADMIN, 901, 0, 0);
    const char *purge = "{\"before_day\":\"%s\"}";
    fixture_refused(
        city_expect(city, 403, auditor, "POST /logs/purge", city_format(city, purge, "2025-03-03")),
        "/before_day", "2.4.2d", "twelve months");
    fixture_refused(
        city_expect(city, 409, auditor, "POST /logs/purge", city_format(city, purge, "2025-03-02")),
        "/before_day", "2.4.2d", "for good");
    (void)city_expect(city, 403, people.approver, "POST /logs/purge", city_format(city, purge, "2020-01-01"));
}
