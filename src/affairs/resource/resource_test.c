#include "affairs/fixture.h"
#include "affairs/resource/resource.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(a_resource_moves_only_as_written)
{
    workflow_test(&resource_workflow, "new         draft     draft       provider\n"
                                      "draft       edit      draft       provider\n"
                                      "draft       register  registered  provider\n"
                                      "registered  correct   registered  provider\n"
                                      "registered  grade     registered  provider\n"
                                      "registered  update    registered  provider\n"
                                      "registered  overdue   registered  system\n"
                                      "registered  withdraw  withdrawn   provider\n");
}

static const char items[] =
    "[{\"name\":\"citizen\",\"title\":\"公民身份号码\",\"type\":\"text\",\"use\":\"key\",\"level\":4,"
    "\"sensitive\":\"citizen_number\"},"
    "{\"name\":\"district\",\"title\":\"区\",\"type\":\"text\",\"use\":\"dimension\",\"level\":1},"
    "{\"name\":\"phone\",\"title\":\"电话\",\"type\":\"text\",\"use\":\"forbidden\",\"level\":4}]";

/* A whole resource; `without` names a member to leave out. */
static char *body_without(struct city *city, const char *code, const char *without)
{
    json_t *body =
        json_loads("{\"title\":\"参保\",\"abstract\":\"参保\",\"category\":\"社会保障/保险/参保\",\"format\":"
                   "\"数据库\",\"share_type\":\"conditional\",\"openness\":\"有条件\",\"share_mode\":"
                   "\"核验\",\"update_cycle_days\":30,\"personal\":true,\"origin\":\"original\","
                   "\"subject_item\":\"citizen\",\"subject_kind\":\"resident\",\"updated_day\":"
                   "\"2026-03-01\"}",
                   0, NULL);
    assert_non_null(body);
    json_object_set_new(body, "items", json_loads(items, 0, NULL));
    json_object_set_new(body, "code", json_string(code));
    if (without != NULL)
        assert_int_equal(json_object_del(body, without), 0);
    char *text = city_format(city, "%s", json_print(city_arena(city), body));
    json_decref(body);
    return text;
}

static long long drafted(struct city *city, const struct people *people, const char *body)
{
    return (long long)fixture_number(city_expect(city, 201, people->provider_clerk, "POST /resources", body),
                                     "id");
}

static const json_t *step(struct city *city, int status, const char *who, long long id, const char *name,
                          const char *body)
{
    return city_expect(city, status, who, city_format(city, "POST /resources/%lld/%s", id, name), body);
}

/* ---- 2.1a ---- */

TEST(an_entry_missing_a_mandatory_field_is_refused_and_the_field_is_named)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    static const char *const mandatory[] = {
        "abstract",          "category", "format", "share_type",   "openness",     "share_mode",
        "update_cycle_days", "personal", "origin", "subject_item", "subject_kind", "items"};
    for (size_t i = 0; i < sizeof mandatory / sizeof mandatory[0]; i++) {
        long long id = drafted(city, &people, body_without(city, city_format(city, "R%zu", i), mandatory[i]));
        fixture_refused(step(city, 422, people.provider_clerk, id, "register", "{}"),
                        city_format(city, "/%s", mandatory[i]), "2.1a", mandatory[i]);
    }
    const json_t *list = city_expect(city, 200, people.clerk, "GET /resources", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 0);
}

TEST(a_blank_field_is_a_missing_one_and_the_draft_can_be_mended)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    char *body = body_without(city, "R1", NULL);
    json_t *blank = json_loads(body, 0, NULL);
    json_object_set_new(blank, "abstract", json_string("  "));
    long long id = drafted(city, &people, city_format(city, "%s", json_print(city_arena(city), blank)));
    json_decref(blank);
    fixture_refused(step(city, 422, people.provider_clerk, id, "register", "{}"), "/abstract", "2.1a", NULL);
    (void)city_expect(city, 200, people.provider_clerk, city_format(city, "PUT /resources/%lld", id), body);
    (void)step(city, 200, people.provider_clerk, id, "register", "{}");
}

TEST(the_subject_is_an_item_and_a_key)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *subjects[] = {"district", "nobody"};
    for (int i = 0; i < 2; i++) {
        json_t *body = json_loads(body_without(city, city_format(city, "R%d", i), NULL), 0, NULL);
        json_object_set_new(body, "subject_item", json_string(subjects[i]));
        long long id = drafted(city, &people, city_format(city, "%s", json_print(city_arena(city), body)));
        json_decref(body);
        fixture_refused(step(city, 422, people.provider_clerk, id, "register", "{}"), "/subject_item", "2.1a",
                        NULL);
    }
}

TEST(the_city_s_catalogue_is_the_union_of_all_providers_without_a_double_code)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *district = fixture_party(city, ROLE_PROVIDER, "江岸区", fixture_credit_code(city, 8), NULL);
    (void)fixture_resource(city, &people, "R1");
    (void)fixture_resource(city, &people, "R2");
    fixture_refused(city_expect(city, 409, district, "POST /resources", body_without(city, "R1", NULL)),
                    "/code", "2.1a", NULL);
    long long other = (long long)fixture_number(
        city_expect(city, 201, district, "POST /resources", body_without(city, "D1", NULL)), "id");
    const json_t *list =
        json_object_get(city_expect(city, 200, people.clerk, "GET /resources", NULL), "items");
    assert_int_equal(json_array_size(list), 2); /* the district's is a draft still, its own to see */
    (void)city_expect(city, 404, people.clerk, city_format(city, "GET /resources/%lld", other), NULL);
    (void)step(city, 200, district, other, "register", "{}");
    list = json_object_get(city_expect(city, 200, people.clerk, "GET /resources", NULL), "items");
    assert_int_equal(json_array_size(list), 3);
    const char *codes[] = {"R1", "R2", "D1"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_text(json_array_get(list, i), "code"), codes[i]);
}

TEST(a_resource_is_changed_by_its_own_provider_only)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *district = fixture_party(city, ROLE_PROVIDER, "江岸区", fixture_credit_code(city, 8), NULL);
    long long id = (long long)fixture_resource(city, &people, "R1");
    (void)step(city, 404, district, id, "correct", body_without(city, "R1", NULL));
    (void)step(city, 404, district, id, "grade", "{\"grade\":\"general\",\"level\":1}");
    (void)step(city, 404, district, id, "withdraw", "{\"reason\":\"误\"}");
    (void)step(city, 403, people.clerk, id, "withdraw", "{\"reason\":\"误\"}");
    (void)step(city, 403, people.provider_clerk, id, "withdraw", "{\"reason\":\"误\"}");
    fixture_refused(step(city, 422, people.provider_approver, id, "withdraw", "{\"reason\":\" \"}"),
                    "/reason", "2.6.1c", NULL);
    (void)step(city, 200, people.provider_approver, id, "withdraw", "{\"reason\":\"停用\"}");
}

/* ---- 2.1b ---- */

TEST(a_correction_is_a_new_version_that_is_graded_anew)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = (long long)fixture_resource(city, &people, "R1");
    const json_t *before =
        city_expect(city, 200, people.clerk, city_format(city, "GET /resources/%lld", id), NULL);
    assert_int_equal(fixture_number(before, "version"), 1);
    assert_int_equal(json_array_size(json_object_get(before, "items")), 4);
    const json_t *after =
        step(city, 200, people.provider_clerk, id, "correct", body_without(city, "R1", NULL));
    assert_int_equal(fixture_number(after, "version"), 2);
    assert_int_equal(json_array_size(json_object_get(after, "items")), 3);
    assert_null(json_object_get(after, "grade"));
    fixture_refused(step(city, 422, people.provider_clerk, id, "correct", body_without(city, "R2", NULL)),
                    "/code", "2.1a", NULL);
    fixture_refused(step(city, 422, people.provider_clerk, id, "correct", body_without(city, "R1", "items")),
                    "/items", "2.1a", NULL);
    assert_int_equal(fixture_number(city_expect(city, 200, people.clerk,
                                                city_format(city, "GET /resources/%lld", id), NULL),
                                    "version"),
                     2);
}

static enum result raise_alerts(struct work *work, void *argument)
{
    return resource_raise_alerts(work, argument);
}

static size_t overdue(struct city *city, const struct people *people)
{
    assert_ok(city_write(city, city_actor(city, ROLE_SYSTEM, 0, 0, 0), raise_alerts,
                         (void *)(uintptr_t)city_app(city)->workflows, NULL));
    const json_t *list = city_expect(city, 200, people->clerk, "GET /resources?overdue=true", NULL);
    return json_array_size(json_object_get(list, "items"));
}

TEST(an_overdue_update_raises_an_alert_once_until_newer_data_is_there)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = (long long)fixture_resource(city, &people, "R1"); /* newest 2026-03-01, every 30 days */
    fixture_days(city, 29);                                          /* 2026-03-31 */
    assert_int_equal(overdue(city, &people), 0);
    fixture_days(city, 1);
    assert_int_equal(overdue(city, &people), 1);
    fixture_days(city, 1);
    assert_int_equal(overdue(city, &people), 1);
    const char *show = city_format(city, "GET /resources/%lld/history", id);
    const json_t *history = json_object_get(city_expect(city, 200, people.clerk, show, NULL), "items");
    size_t alerts = 0;
    for (size_t i = 0; i < json_array_size(history); i++)
        alerts += strcmp(json_text(json_array_get(history, i), "event"), "overdue") == 0;
    assert_int_equal(alerts, 1);
    (void)city_expect(
        city, 201, people.source, "POST /source/descriptions",
        "{\"resource\":\"R1\",\"description\":{\"rows\":1,\"quality\":{\"newest_day\":\"2026-04-01\"}}}");
    assert_int_equal(overdue(city, &people), 0);
}

/* ---- 3c ---- */

static void describe(struct city *city, const struct people *people, const char *sensitive)
{
    (void)city_expect(
        city, 201, people->source, "POST /source/descriptions",
        city_format(city, "{\"resource\":\"R1\",\"description\":{\"rows\":9,\"sensitive\":%s}}", sensitive));
}

static const char grade_it[] = "{\"grade\":\"general\",\"level\":3}";

TEST(sensitive_items_are_proposed_by_the_source_and_confirmed_before_grading)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = drafted(city, &people, body_without(city, "R1", NULL));
    (void)step(city, 409, people.provider_approver, id, "grade", grade_it);
    (void)step(city, 200, people.provider_clerk, id, "register", "{}");
    fixture_refused(step(city, 409, people.provider_approver, id, "grade", grade_it), NULL, "3c",
                    "not described");
    describe(city, &people, "[{\"column\":\"district\",\"level\":2,\"kind\":\"address\"}]");
    fixture_refused(step(city, 409, people.provider_approver, id, "grade", grade_it), "/items/district", "3c",
                    "level 2");
    const json_t *seen = city_expect(city, 200, people.provider_clerk,
                                     city_format(city, "GET /resources/%lld/descriptions", id), NULL);
    assert_int_equal(json_array_size(json_object_get(seen, "items")), 1);
    json_t *confirmed = json_loads(body_without(city, "R1", NULL), 0, NULL);
    json_t *district = json_array_get(json_object_get(confirmed, "items"), 1);
    json_object_set_new(district, "sensitive", json_string("address"));
    const char *too_low = city_format(city, "%s", json_print(city_arena(city), confirmed));
    (void)step(city, 200, people.provider_clerk, id, "correct", too_low);
    (void)step(city, 409, people.provider_approver, id, "grade",
               grade_it); /* level 1 is below the proposal */
    json_object_set_new(district, "level", json_integer(2));
    (void)step(city, 200, people.provider_clerk, id, "correct",
               city_format(city, "%s", json_print(city_arena(city), confirmed)));
    json_decref(confirmed);
    (void)step(city, 403, people.provider_clerk, id, "grade", grade_it);
    const json_t *graded = step(city, 200, people.provider_approver, id, "grade", grade_it);
    assert_string_equal(json_text(graded, "grade"), "general");
}

TEST(an_item_that_is_forbidden_or_not_offered_needs_no_confirmation)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = drafted(city, &people, body_without(city, "R1", NULL));
    (void)step(city, 200, people.provider_clerk, id, "register", "{}");
    describe(city, &people, "[{\"column\":\"phone\",\"level\":4},{\"column\":\"unknown\",\"level\":4}]");
    (void)step(city, 200, people.provider_approver, id, "grade", grade_it);
}

TEST(what_another_party_s_source_describes_confirms_nothing)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    row_id district;
    (void)fixture_party(city, ROLE_PROVIDER, "江岸区", fixture_credit_code(city, 8), &district);
    struct people others = people;
    others.source = fixture_account(city, district, ROLE_SOURCE, "district-source", 0);
    long long id = drafted(city, &people, body_without(city, "R1", NULL));
    (void)step(city, 200, people.provider_clerk, id, "register", "{}");
    describe(city, &others, "[]");
    fixture_refused(step(city, 409, people.provider_approver, id, "grade", grade_it), NULL, "3c", NULL);
}

TEST(two_items_of_one_name_are_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    json_t *body = json_loads(body_without(city, "R1", NULL), 0, NULL);
    json_t *list = json_object_get(body, "items");
    json_array_append(list, json_array_get(list, 0));
    fixture_refused(city_expect(city, 422, people.provider_clerk, "POST /resources",
                                city_format(city, "%s", json_print(city_arena(city), body))),
                    "/items/3/name", "2.1b", NULL);
    json_decref(body);
}
