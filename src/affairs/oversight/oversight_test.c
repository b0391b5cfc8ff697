#include "affairs/fixture.h"
#include "affairs/oversight/oversight.h"
#include "base/json.h"

#include <string.h>

struct question {
    const char *code;
    const char *applied;
};

static enum result ask(struct work *work, void *argument)
{
    const struct question *question = argument;
    day applied;
    TRY(day_parse(question->applied, &applied));
    return oversight_is_clean(work, question->code, applied, LAW(OPERATOR_ELIGIBILITY));
}

static enum result clean_on(struct city *city, const struct people *people, const char *applied)
{
    struct question question = {fixture_credit_code(city, 3), applied};
    return city_read(city, people->clerk, ask, &question, NULL);
}

static const json_t *amend(struct city *city, const struct people *people, int status, const char *kind,
                           const char *code, const char *from, const char *about)
{
    return city_expect(
        city, status, people->regulator_clerk, "POST /credit-entries",
        city_format(city,
                    "{\"credit_code\":\"%s\",\"kind\":\"%s\",\"about\":\"unit\",\"serious\":false,"
                    "\"occurred_day\":\"%s\",\"summary\":\"记录\"%s}",
                    code, kind, from, about));
}

/* 2.4.1a, 2.5.2b: the three years before the application, to the day. */
TEST(an_incident_one_day_inside_three_years_counts_and_on_the_day_itself_not)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    (void)fixture_credit(city, &people, fixture_credit_code(city, 3), "incident", "unit", false,
                         "2023-03-10");
    assert_int_equal(clean_on(city, &people, "2026-03-09"), RESULT_FORBIDDEN);
    assert_ok(clean_on(city, &people, "2026-03-10"));
    assert_ok(clean_on(city, &people, "2023-03-09")); /* it had not happened yet */
    assert_int_equal(clean_on(city, &people, "2023-03-10"), RESULT_FORBIDDEN);
}

TEST(three_years_across_leap_days_end_on_the_same_day_or_the_month_s_last)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    (void)fixture_credit(city, &people, fixture_credit_code(city, 3), "incident", "unit", false,
                         "2024-02-29");
    assert_int_equal(clean_on(city, &people, "2027-02-28"), RESULT_FORBIDDEN);
    assert_ok(clean_on(city, &people, "2027-03-01"));
}

TEST(an_application_on_a_leap_day_looks_back_to_the_last_of_february)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    (void)fixture_credit(city, &people, fixture_credit_code(city, 3), "incident", "unit", false,
                         "2025-02-28");
    assert_int_equal(clean_on(city, &people, "2028-02-27"), RESULT_FORBIDDEN);
    assert_ok(clean_on(city, &people, "2028-02-28"));
    assert_ok(clean_on(city, &people, "2028-02-29"));
}

TEST(entries_of_another_unit_do_not_count)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    (void)fixture_credit(city, &people, fixture_credit_code(city, 4), "incident", "unit", true, "2026-01-05");
    assert_ok(clean_on(city, &people, "2026-03-02"));
}

TEST(a_serious_violation_counts_however_old_it_is_until_it_is_repaired)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *code = fixture_credit_code(city, 3);
    row_id entry = fixture_credit(city, &people, code, "violation", "unit", true, "2015-05-05");
    assert_int_equal(clean_on(city, &people, "2026-03-02"), RESULT_FORBIDDEN);
    (void)amend(city, &people, 201, "repair", code, "2026-02-01",
                city_format(city, ",\"about_id\":%lld", (long long)entry));
    assert_int_equal(clean_on(city, &people, "2026-01-31"), RESULT_FORBIDDEN); /* not repaired yet */
    assert_ok(clean_on(city, &people, "2026-03-02"));
}

TEST(a_corrected_or_expired_entry_does_not_count_and_stays_in_the_file)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *code = fixture_credit_code(city, 3);
    row_id wrong = fixture_credit(city, &people, code, "violation", "unit", false, "2025-06-01");
    (void)amend(city, &people, 201, "violation", code, "2025-01-01", ",\"expires_day\":\"2026-01-01\"");
    assert_int_equal(clean_on(city, &people, "2026-03-02"), RESULT_FORBIDDEN);
    (void)amend(city, &people, 201, "correction", code, "2026-02-01",
                city_format(city, ",\"about_id\":%lld", (long long)wrong));
    assert_ok(clean_on(city, &people, "2026-03-02"));
    assert_int_equal(clean_on(city, &people, "2026-01-01"), RESULT_FORBIDDEN); /* its last day counts */
    const json_t *file = city_expect(city, 200, people.clerk,
                                     city_format(city, "GET /credit-entries?credit_code=%s", code), NULL);
    assert_int_equal(json_array_size(json_object_get(file, "items")), 3);
}

TEST(the_legal_representative_s_entries_count_too_and_the_refusal_names_them)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    struct question question = {fixture_credit_code(city, 3), "2026-03-02"};
    struct refusal refusal = {0};
    (void)fixture_credit(city, &people, question.code, "violation", "representative", false, "2025-11-11");
    assert_int_equal(city_read(city, people.clerk, ask, &question, &refusal), RESULT_FORBIDDEN);
    assert_non_null(strstr(refusal.en, "violation of the legal representative on 2025-11-11"));
    assert_non_null(strstr(refusal.zh, "法定代表人"));
}

TEST(only_a_regulator_writes_the_credit_file)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *others[] = {people.clerk, people.operator_clerk, people.developer_clerk,
                            people.provider_clerk};
    for (int i = 0; i < 4; i++)
        (void)city_expect(city, 403, others[i], "POST /credit-entries",
                          city_format(city,
                                      "{\"credit_code\":\"%s\",\"kind\":\"incident\",\"about\":\"unit\","
                                      "\"serious\":false,\"occurred_day\":\"2025-01-01\",\"summary\":\"x\"}",
                                      fixture_credit_code(city, 3)));
    const json_t *file = city_expect(city, 200, people.clerk, "GET /credit-entries", NULL);
    assert_int_equal(json_array_size(json_object_get(file, "items")), 0);
    (void)city_expect(city, 403, people.developer_clerk, "GET /credit-entries", NULL);
}

TEST(a_repair_names_an_entry_of_the_same_unit_and_other_kinds_name_none)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *code = fixture_credit_code(city, 3), *other = fixture_credit_code(city, 4);
    row_id entry = fixture_credit(city, &people, code, "incident", "unit", false, "2025-01-01");
    const char *about = city_format(city, ",\"about_id\":%lld", (long long)entry);
    fixture_refused(amend(city, &people, 422, "repair", code, "2026-01-01", ""), "/about_id", "2.5.3d", NULL);
    fixture_refused(amend(city, &people, 422, "repair", other, "2026-01-01", about), "/about_id", NULL, NULL);
    fixture_refused(amend(city, &people, 422, "incident", code, "2026-01-01", about), "/about_id", NULL,
                    NULL);
    fixture_refused(amend(city, &people, 422, "repair", code, "2026-01-01", ",\"about_id\":4711"),
                    "/about_id", NULL, NULL);
    assert_int_equal(clean_on(city, &people, "2026-03-02"), RESULT_FORBIDDEN);
}
