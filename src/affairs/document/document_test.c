#include "affairs/document/document.h"
#include "affairs/fixture.h"
#include "base/json.h"

#include <string.h>

struct citing {
    row_id document;
    row_id party;
};

static enum result ask_belongs(struct work *work, void *argument)
{
    const struct citing *citing = argument;
    struct digest digest;
    return document_belongs(work, citing->document, citing->party, "/document_id", &digest);
}

static enum result share(struct work *work, void *argument)
{
    const struct citing *citing = argument;
    TRY(document_share(work, citing->document, citing->party));
    TRY(document_share(work, citing->document, citing->party)); /* again does no harm */
    return work_record(work, "share", "document", citing->document, LAW_NONE, NULL);
}

TEST(a_document_is_cited_by_its_own_party_only)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    struct citing citing = {fixture_document(city, people.developer), people.developer};
    struct refusal refusal = {0};
    assert_ok(city_read(city, people.clerk, ask_belongs, &citing, NULL));
    citing.party = people.provider;
    assert_int_equal(city_read(city, people.clerk, ask_belongs, &citing, &refusal), RESULT_INVALID);
    assert_string_equal(refusal.field, "/document_id");
    citing = (struct citing){4711, people.developer};
    assert_int_equal(city_read(city, people.clerk, ask_belongs, &citing, &refusal), RESULT_INVALID);
}

TEST(a_document_is_seen_by_its_party_the_supervisors_and_those_it_was_put_before)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    struct citing citing = {fixture_document(city, people.developer), people.candidate};
    const char *show = city_format(city, "GET /documents/%lld", (long long)citing.document);
    (void)city_expect(city, 200, people.developer_clerk, show, NULL);
    (void)city_expect(city, 200, people.clerk, show, NULL);
    (void)city_expect(city, 200, people.regulator_clerk, show, NULL);
    (void)city_expect(city, 404, people.operator_clerk, show, NULL);
    (void)city_expect(city, 404, people.provider_clerk, show, NULL);
    (void)city_expect(city, 401, NULL, show, NULL);
    assert_ok(city_write(city, people.clerk, share, &citing, NULL));
    (void)city_expect(city, 200, people.operator_clerk, show, NULL);
    (void)city_expect(city, 404, people.provider_clerk, show, NULL);
    const json_t *list = city_expect(city, 200, people.operator_clerk, "GET /documents", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 1);
    list = city_expect(city, 200, people.provider_clerk, "GET /documents", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 0);
}
