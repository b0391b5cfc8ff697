#include "affairs/catalogue/catalogue.h"
#include "affairs/fixture.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(an_entry_moves_only_as_written)
{
    workflow_test(&entry_workflow, "new        propose         proposed   bureau\n"
                                   "proposed   concur          consulted  provider\n"
                                   "proposed   decline         declined   provider\n"
                                   "proposed   record_absence  consulted  bureau\n"
                                   "declined   propose_again   proposed   bureau\n"
                                   "consulted  list            listed     bureau\n"
                                   "listed     revise          revising   bureau\n"
                                   "revising   concur          revised    provider\n"
                                   "revising   decline         listed     provider\n"
                                   "revising   record_absence  revised    bureau\n"
                                   "revised    list            listed     bureau\n"
                                   "listed     delist          delisted   bureau\n"
                                   "delisted   propose_again   proposed   bureau\n");
    workflow_test(&authorisation_workflow, "new       draft    draft     provider\n"
                                           "draft     approve  in_force  provider\n"
                                           "draft     refuse   refused   provider\n"
                                           "in_force  revoke   revoked   provider\n");
}

static const json_t *step(struct city *city, int status, const char *who, const char *kind, long long id,
                          const char *name, const char *body)
{
    return city_expect(city, status, who, city_format(city, "POST /%s/%lld/%s", kind, id, name), body);
}

static const json_t *entry(struct city *city, int status, const char *who, long long id, const char *name,
                           const char *body)
{
    return step(city, status, who, "entries", id, name, body);
}

static const json_t *propose(struct city *city, const struct people *people, int status, long long resource)
{
    return city_expect(city, status, people->clerk, "POST /entries",
                       city_format(city, "{\"resource_id\":%lld}", resource));
}

static size_t in_public(struct city *city)
{
    const json_t *list = city_expect(city, 200, NULL, "GET /catalogue", NULL);
    return json_array_size(json_object_get(list, "items"));
}

static void grade(struct city *city, const struct people *people, long long resource, const char *level)
{
    (void)step(city, 200, people->provider_approver, "resources", resource, "grade",
               city_format(city, "{\"grade\":\"%s\",\"level\":4}", level));
}

static long long resource_of(struct city *city, const struct people *people, long long id)
{
    const json_t *row =
        city_expect(city, 200, people->clerk, city_format(city, "GET /entries/%lld", id), NULL);
    return (long long)fixture_number(row, "resource_id");
}

/* The resource as it is, sent as a correction: a new version, without a grade. */
static void correct(struct city *city, const struct people *people, long long resource)
{
    static const char *const computed[] = {"id",    "party_id", "provider",   "provider_code", "grade",
                                           "level", "version",  "changed_at", "state",         "entry"};
    json_t *body = json_deep_copy(city_expect(city, 200, people->provider_clerk,
                                              city_format(city, "GET /resources/%lld", resource), NULL));
    for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++)
        (void)json_object_del(body, computed[i]);
    json_object_set_new(body, "title", json_string("参保信息（修订）"));
    char *text = json_dumps(body, 0);
    json_decref(body);
    (void)step(city, 200, people->provider_clerk, "resources", resource, "correct",
               city_format(city, "%s", text));
    free(text);
}

/* ---- 2.5.1b ---- */

TEST(an_ungraded_resource_cannot_be_listed)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long resource = (long long)fixture_resource(city, &people, "R1");
    correct(city, &people, resource);
    fixture_refused(propose(city, &people, 409, resource), "/grade", "2.5.1b", "graded");
    grade(city, &people, resource, "general");
    long long id = (long long)fixture_number(propose(city, &people, 201, resource), "id");
    (void)entry(city, 200, people.provider_clerk, id, "concur", "{}");
    correct(city, &people, resource); /* between the consultation and the listing */
    fixture_refused(entry(city, 409, people.approver, id, "list", "{}"), "/grade", "2.5.1b", NULL);
    assert_int_equal(in_public(city), 0);
}

TEST(core_data_cannot_be_listed_at_all)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long resource = (long long)fixture_resource(city, &people, "R1");
    grade(city, &people, resource, "core");
    fixture_refused(propose(city, &people, 403, resource), "/grade", "2.5.1b", "core");
    grade(city, &people, resource, "important");
    long long id = (long long)fixture_number(propose(city, &people, 201, resource), "id");
    (void)entry(city, 200, people.provider_clerk, id, "concur", "{}");
    grade(city, &people, resource, "core");
    fixture_refused(entry(city, 403, people.approver, id, "list", "{}"), "/grade", "2.5.1b", "core");
    grade(city, &people, resource, "general");
    (void)entry(city, 200, people.approver, id, "list", "{}");
    fixture_refused(propose(city, &people, 409, resource), "/resource_id", "2.5.1a", NULL);
}

TEST(nothing_is_listed_without_the_provider_s_concurrence_or_its_recorded_absence)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *district = fixture_party(city, ROLE_PROVIDER, "江岸区", fixture_credit_code(city, 8), NULL);
    long long resource = (long long)fixture_resource(city, &people, "R1");
    long long id = (long long)fixture_number(propose(city, &people, 201, resource), "id");
    (void)entry(city, 409, people.approver, id, "list", "{}");
    (void)entry(city, 404, district, id, "concur", "{}");
    (void)entry(city, 403, people.clerk, id, "concur", "{}");
    fixture_refused(entry(city, 409, people.clerk, id, "record-absence", "{\"reason\":\"逾期\"}"), NULL,
                    "2.5.1b", "may still answer");
    fixture_days(city, 13); /* ten working days: until Monday 16 March */
    fixture_refused(entry(city, 409, people.clerk, id, "record-absence", "{\"reason\":\"逾期\"}"), NULL,
                    "2.5.1b", NULL);
    fixture_days(city, 2);
    fixture_refused(entry(city, 422, people.clerk, id, "record-absence", "{\"reason\":\" \"}"), "/reason",
                    "2.6.1c", NULL);
    (void)entry(city, 200, people.clerk, id, "record-absence", "{\"reason\":\"逾期未答复\"}");
    (void)entry(city, 200, people.approver, id, "list", "{}");
    const json_t *versions =
        city_expect(city, 200, NULL, city_format(city, "GET /catalogue/%lld/versions", id), NULL);
    const json_t *first = json_array_get(json_object_get(versions, "items"), 0);
    assert_string_equal(json_text(first, "consulted"), "absent");
}

TEST(the_provider_declines_with_a_reason_that_the_bureau_sees)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long resource = (long long)fixture_resource(city, &people, "R1");
    long long id = (long long)fixture_number(propose(city, &people, 201, resource), "id");
    fixture_refused(entry(city, 422, people.provider_clerk, id, "decline", "{\"reason\":\"\\t\"}"), "/reason",
                    "2.6.1c", NULL);
    (void)entry(city, 200, people.provider_clerk, id, "decline", "{\"reason\":\"系统改造中\"}");
    const json_t *history =
        city_expect(city, 200, people.approver, city_format(city, "GET /entries/%lld/history", id), NULL);
    const json_t *last = json_array_get(json_object_get(history, "items"), 1);
    assert_string_equal(json_text(last, "reason"), "系统改造中");
    (void)entry(city, 409, people.approver, id, "list", "{}");
    (void)entry(city, 200, people.clerk, id, "propose-again", "{}");
}

TEST(one_of_the_bureau_proposes_and_another_lists)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *both = fixture_account(city, people.bureau, ROLE_BUREAU, "both", DUTY_CLERK | DUTY_APPROVER);
    long long resource = (long long)fixture_resource(city, &people, "R1");
    people.clerk = both;
    long long id = (long long)fixture_number(propose(city, &people, 201, resource), "id");
    (void)entry(city, 200, people.provider_clerk, id, "concur", "{}");
    fixture_refused(entry(city, 403, both, id, "list", "{}"), NULL, "2.5.1b", "two different persons");
    (void)entry(city, 200, people.approver, id, "list", "{}");
}

TEST(each_change_of_an_entry_is_a_version_that_everybody_sees)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = (long long)fixture_entry(city, &people, "R1"), resource = resource_of(city, &people, id);
    const char *show = city_format(city, "GET /catalogue/%lld", id);
    correct(city, &people, resource);
    grade(city, &people, resource, "important");
    const json_t *seen = city_expect(city, 200, NULL, show, NULL);
    assert_string_equal(json_text(seen, "title"), "社会保险参保信息"); /* until it is listed anew */
    fixture_refused(entry(city, 409, people.approver, id, "list", "{}"), NULL, NULL, NULL);
    (void)entry(city, 200, people.clerk, id, "revise", "{}");
    (void)entry(city, 409, people.approver, id, "list", "{}");
    (void)entry(city, 200, people.provider_clerk, id, "concur", "{}");
    (void)entry(city, 200, people.approver, id, "list", "{}");
    seen = city_expect(city, 200, NULL, show, NULL);
    assert_string_equal(json_text(seen, "title"), "参保信息（修订）");
    assert_int_equal(fixture_number(seen, "version"), 2);
    assert_int_equal(fixture_number(seen, "resource_version"), 2);
    const json_t *versions = json_object_get(
        city_expect(city, 200, NULL, city_format(city, "GET /catalogue/%lld/versions", id), NULL), "items");
    assert_int_equal(json_array_size(versions), 2);
    const json_t *first = json_array_get(versions, 0), *second = json_array_get(versions, 1);
    assert_string_equal(json_text(first, "grade"), "general");
    assert_string_equal(json_text(first, "consulted"), "concurred");
    assert_string_equal(json_text(second, "grade"), "important");
    assert_int_equal(fixture_number(second, "resource_version"), 2);
}

/* ---- 2.5.1a ---- */

static bool finds(struct city *city, const char *words)
{
    const json_t *list = city_expect(city, 200, NULL, city_format(city, "GET /catalogue?q=%s", words), NULL);
    const json_t *count =
        city_expect(city, 200, NULL, city_format(city, "GET /catalogue/count?q=%s", words), NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), fixture_number(count, "hits"));
    return json_array_size(json_object_get(list, "items")) > 0;
}

TEST(the_public_list_holds_exactly_the_entries_in_force)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *words = "%E5%8F%82%E4%BF%9D";                                            /* 参保 */
    (void)propose(city, &people, 201, (long long)fixture_resource(city, &people, "R0")); /* proposed only */
    assert_int_equal(in_public(city), 0);
    assert_false(finds(city, words));
    long long ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = (long long)fixture_entry(city, &people, city_format(city, "R%d", i + 1));
    assert_int_equal(in_public(city), 3);
    assert_true(finds(city, words));
    const json_t *one = city_expect(city, 200, NULL, city_format(city, "GET /catalogue/%lld", ids[0]), NULL);
    assert_int_equal(json_array_size(json_object_get(one, "items")), 4);

    (void)entry(city, 422, people.approver, ids[0], "delist", "{\"reason\":\" \"}");
    (void)entry(city, 200, people.approver, ids[0], "delist", "{\"reason\":\"停用\"}");
    assert_int_equal(in_public(city), 2);
    (void)city_expect(city, 404, NULL, city_format(city, "GET /catalogue/%lld", ids[0]), NULL);

    (void)step(city, 200, people.provider_approver, "resources", resource_of(city, &people, ids[1]),
               "withdraw", "{\"reason\":\"停用\"}");
    assert_int_equal(in_public(city), 1);
    (void)city_expect(city, 404, NULL, city_format(city, "GET /catalogue/%lld", ids[1]), NULL);

    grade(city, &people, resource_of(city, &people, ids[2]), "core");
    assert_int_equal(in_public(city), 0);
    (void)city_expect(city, 404, NULL, city_format(city, "GET /catalogue/%lld", ids[2]), NULL);
    assert_false(finds(city, words));
}

/* ---- 2.2d ---- */

struct use {
    row_id entry;
    row_id agreement;
};

static enum result ask_use(struct work *work, void *argument)
{
    const struct use *use = argument;
    return catalogue_may_use(work, use->entry, use->agreement);
}

static void assert_step_lacks(struct city *city, const struct people *people, const struct use *use,
                              const char *words)
{
    struct refusal refusal = {0};
    assert_int_equal(city_read(city, people->clerk, ask_use, (void *)(uintptr_t)use, &refusal),
                     RESULT_CONFLICT);
    if (strstr(refusal.en, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", refusal.en, words);
}

static const json_t *authorise(struct city *city, int status, const char *who, row_id id, const char *more)
{
    return city_expect(
        city, status, who, "POST /authorisations",
        city_format(city, "{\"entry_id\":%lld,\"from_day\":\"2026-03-01\"%s}", (long long)id, more));
}

TEST(use_is_refused_naming_the_step_that_lacks_until_all_are_taken)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    struct use use = {4711, 4711};
    assert_step_lacks(city, &people, &use, "no such entry");
    long long resource = (long long)fixture_resource(city, &people, "R1");
    long long id = (long long)fixture_number(propose(city, &people, 201, resource), "id");
    use.entry = id;
    assert_step_lacks(city, &people, &use, "not listed");
    fixture_refused(authorise(city, 409, people.provider_clerk, id, ""), "/entry_id", "2.2d", "not listed");
    (void)entry(city, 200, people.provider_clerk, id, "concur", "{}");
    (void)entry(city, 200, people.approver, id, "list", "{}");
    assert_step_lacks(city, &people, &use, "agreement");
    use.agreement = fixture_agreement(city, &people);
    assert_step_lacks(city, &people, &use, "the provider's authorisation");
    long long act = (long long)fixture_number(authorise(city, 201, people.provider_clerk, id, ""), "id");
    assert_step_lacks(city, &people, &use, "the provider's authorisation"); /* drafted only */
    (void)step(city, 200, people.provider_approver, "authorisations", act, "approve", "{}");
    assert_ok(city_read(city, people.clerk, ask_use, &use, NULL));

    fixture_refused(
        step(city, 422, people.provider_approver, "authorisations", act, "revoke", "{\"reason\":\" \"}"),
        "/reason", "2.6.1c", NULL);
    (void)step(city, 200, people.provider_approver, "authorisations", act, "revoke",
               "{\"reason\":\"超范围\"}");
    assert_step_lacks(city, &people, &use, "the provider's authorisation");
}

TEST(a_withdrawn_or_core_resource_can_no_longer_be_used)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    struct use use = {fixture_entry(city, &people, "R1"), fixture_agreement(city, &people)};
    struct use other = {fixture_entry(city, &people, "R2"), use.agreement};
    assert_ok(city_read(city, people.clerk, ask_use, &use, NULL));
    (void)step(city, 200, people.provider_approver, "resources",
               resource_of(city, &people, (long long)use.entry), "withdraw", "{\"reason\":\"停用\"}");
    assert_step_lacks(city, &people, &use, "not registered");
    grade(city, &people, resource_of(city, &people, (long long)other.entry), "core");
    assert_step_lacks(city, &people, &other, "core");
}

TEST(an_authorisation_holds_for_its_agreement_and_days_only)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long resource = (long long)fixture_resource(city, &people, "R1");
    long long id = (long long)fixture_number(propose(city, &people, 201, resource), "id");
    (void)entry(city, 200, people.provider_clerk, id, "concur", "{}");
    (void)entry(city, 200, people.approver, id, "list", "{}");
    struct use use = {id, fixture_agreement(city, &people)}; /* today is 2026-03-19 */
    fixture_refused(authorise(city, 409, people.provider_clerk, id, ",\"agreement_id\":4711"), NULL, NULL,
                    NULL);
    const json_t *made = authorise(
        city, 201, people.provider_clerk, id,
        city_format(city, ",\"agreement_id\":%lld,\"until_day\":\"2026-03-20\"", (long long)use.agreement));
    /* Another operator learns nothing of it. */
    const char *other = fixture_party(city, ROLE_OPERATOR, "另一家", fixture_credit_code(city, 60), NULL);
    const char *path = city_format(city, "GET /authorisations/%lld", (long long)fixture_number(made, "id"));
    (void)city_expect(city, 404, other, path, NULL);
    assert_int_equal(
        json_array_size(json_object_get(city_expect(city, 200, other, "GET /authorisations", NULL), "items")),
        0);
    (void)step(city, 200, people.provider_approver, "authorisations", (long long)fixture_number(made, "id"),
               "approve", "{}");
    assert_ok(city_read(city, people.clerk, ask_use, &use, NULL));
    fixture_days(city, 1);
    assert_ok(city_read(city, people.clerk, ask_use, &use, NULL));
    fixture_days(city, 1);
    assert_step_lacks(city, &people, &use, "the provider's authorisation");
}

TEST(authorising_is_the_provider_s_own_act_by_two_persons)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    row_id district;
    const char *other = fixture_party(city, ROLE_PROVIDER, "江岸区", fixture_credit_code(city, 8), &district);
    const char *both =
        fixture_account(city, people.provider, ROLE_PROVIDER, "provider-both", DUTY_CLERK | DUTY_APPROVER);
    long long id = (long long)fixture_entry(city, &people, "R1");
    (void)authorise(city, 404, other, id, "");
    (void)authorise(city, 403, people.clerk, id, "");
    (void)authorise(city, 403, people.operator_clerk, id, "");
    long long act = (long long)fixture_number(authorise(city, 201, both, id, ""), "id");
    (void)step(city, 404, other, "authorisations", act, "approve", "{}");
    (void)step(city, 403, people.approver, "authorisations", act, "approve", "{}");
    (void)step(city, 403, people.operator_approver, "authorisations", act, "approve", "{}");
    fixture_refused(step(city, 403, both, "authorisations", act, "approve", "{}"), NULL, "2.2d",
                    "two different persons");
    fixture_refused(
        step(city, 422, people.provider_approver, "authorisations", act, "refuse", "{\"reason\":\" \"}"),
        "/reason", "2.6.1c", NULL);
    (void)step(city, 200, people.provider_approver, "authorisations", act, "refuse", "{\"reason\":\"不宜\"}");
}

TEST(an_entry_delisted_before_the_approval_is_not_authorised)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = (long long)fixture_entry(city, &people, "R1");
    long long act = (long long)fixture_number(authorise(city, 201, people.provider_clerk, id, ""), "id");
    (void)entry(city, 200, people.approver, id, "delist", "{\"reason\":\"停用\"}");
    fixture_refused(step(city, 409, people.provider_approver, "authorisations", act, "approve", "{}"),
                    "/entry_id", "2.2d", "not listed");
}

TEST(what_the_public_reads_twice_is_the_same_and_follows_the_next_change_at_once)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    long long id = (long long)fixture_entry(city, &people, "KEPT-1");
    const char *show = city_format(city, "GET /catalogue/%lld", id);
    struct city_reply first = city_call(city, NULL, show, NULL);
    struct city_reply second = city_call(city, NULL, show, NULL);
    assert_int_equal(first.status, 200);
    assert_string_equal(first.text, second.text);
    assert_string_equal(city_header(&first, "ETag"), city_header(&second, "ETag"));
    (void)city_expect(city, 200, people.approver, city_format(city, "POST /entries/%lld/delist", id),
                      "{\"reason\":\"停止提供\"}");
    assert_int_equal(city_call(city, NULL, show, NULL).status, 404);
}
