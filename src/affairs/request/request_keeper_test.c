/* Requests, orders and deliveries, with the real keeper. */
#include "affairs/request/request_fixture.h"
#include "base/json.h"

#include <string.h>
#include <unistd.h>

static const json_t *request_of(struct yard *yard, const char *who, row_id request)
{
    return city_expect(yard->city, 200, who,
                       city_format(yard->city, "GET /requests/%lld", (long long)request), NULL);
}

static const json_t *tables(struct yard *yard)
{
    const json_t *policy =
        city_expect(yard->city, 200, yard->people.developer_clerk,
                    city_format(yard->city, "GET /rooms/%lld/policy", (long long)yard->room), NULL);
    return json_object_get(policy, "tables");
}

static const json_t *source(struct yard *yard, int status, const char *who, row_id order, const char *name,
                            const char *body)
{
    return city_expect(yard->city, status, who,
                       city_format(yard->city, "POST /source/orders/%lld/%s", (long long)order, name), body);
}

/* ---- 2.6.1a ---- */

TEST(no_byte_arrives_before_approval_and_then_just_what_was_approved)
{
    CLEANUP_YARD struct yard yard = yard_new();
    struct people *people = &yard.people;
    row_id request = fixture_number(
        city_expect(
            yard.city, 201, people->developer_clerk, "POST /requests",
            city_format(
                yard.city,
                "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"t\",\"purpose\":\"研究\",\"columns\":"
                "[\"district\",\"base\"],\"rows\":[{\"column\":\"district\",\"op\":\"=\","
                "\"value\":\"区1\"}]}",
                (long long)yard.room, (long long)yard.entry)),
        "id");
    const json_t *orders = city_expect(yard.city, 200, people->source, "GET /source/orders", NULL);
    assert_int_equal(json_array_size(json_object_get(orders, "items")), 0);
    assert_int_equal(json_array_size(tables(&yard)), 0);

    (void)city_expect(yard.city, 403, people->operator_clerk,
                      city_format(yard.city, "POST /requests/%lld/approve", (long long)request), "{}");
    (void)city_expect(yard.city, 403, people->developer_clerk,
                      city_format(yard.city, "POST /requests/%lld/approve", (long long)request), "{}");
    assert_string_equal(json_text(yard_approve(&yard, 200, request), "state"), "ordered");
    (void)yard_approve(&yard, 409, request);
    const json_t *order = yard_order(&yard);
    CLEANUP_JSON json_t *text = fixture_json(json_text(order, "order"));
    assert_string_equal(json_text(text, "resource"), "R1");
    const json_t *columns = json_object_get(text, "columns");
    assert_int_equal(json_array_size(columns), 3); /* and the subject's, by which people are protected */
    assert_string_equal(json_string_value(json_array_get(columns, 2)), "citizen");
    assert_string_equal(json_text(json_array_get(json_object_get(text, "rows"), 0), "value"), "区1");
    assert_int_equal(json_array_size(tables(&yard)), 0); /* ordered, not there */

    const char *more = "citizen,district,base,phone\nP1,区1,3000,027\n";
    struct city_reply reply = yard_send(&yard, people->source, order, more);
    assert_int_not_equal(reply.status, 500);
    assert_int_equal(json_array_size(tables(&yard)), 0); /* a column that was not approved does not come in */
}

TEST(a_delivery_comes_in_once_from_its_own_source_and_is_told)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id other;
    (void)fixture_party(yard.city, ROLE_PROVIDER, "江岸区", fixture_credit_code(yard.city, 8), &other);
    const char *stranger = fixture_account(yard.city, other, ROLE_SOURCE, "district-source", 0);
    row_id request = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "t");
    (void)yard_approve(&yard, 200, request);
    const json_t *order = yard_order(&yard);
    const char *rows = yard_rows(&yard, 40);
    assert_int_equal(yard_send(&yard, stranger, order, rows).status, 404);
    assert_int_equal(yard_send(&yard, yard.people.provider_clerk, order, rows).status, 403);
    assert_int_equal(yard_send(&yard, yard.people.source, order, rows).status, 200);
    const json_t *done = request_of(&yard, yard.people.developer_clerk, request);
    assert_string_equal(json_text(done, "state"), "delivered");
    assert_int_equal(fixture_number(done, "row_count"), 40);
    assert_int_equal(json_array_size(tables(&yard)), 1);
    fixture_refused(yard_send(&yard, yard.people.source, order, rows).json, NULL, "2.6.1a", NULL);
}

TEST(an_order_that_has_expired_is_not_delivered)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id request = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "t");
    (void)yard_approve(&yard, 200, request);
    const json_t *order = yard_order(&yard);
    fixture_days(yard.city, 30);
    assert_int_equal(yard_send(&yard, yard.people.source, order, yard_rows(&yard, 40)).status, 409);
    assert_int_equal(json_array_size(tables(&yard)), 0);
}

TEST(an_authorisation_revoked_after_the_order_keeps_the_rows_out)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id waiting = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "u");
    row_id request = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "t");
    (void)yard_approve(&yard, 200, request);
    const json_t *order = yard_order(&yard);
    (void)city_expect(yard.city, 200, yard.people.provider_approver, "POST /authorisations/1/revoke",
                      "{\"reason\":\"超范围\"}");
    struct city_reply reply = yard_send(&yard, yard.people.source, order, yard_rows(&yard, 40));
    assert_int_equal(reply.status, 409);
    fixture_refused(reply.json, "/entry_id", "2.2d", "authorisation");
    assert_int_not_equal(access(city_format(yard.city, "%s/vault/slice-1.vault", yard.keeper.home), F_OK), 0);
    fixture_refused(yard_approve(&yard, 409, waiting), "/entry_id", "2.2d", "authorisation");
}

TEST(a_request_for_a_closed_room_is_neither_made_nor_approved_nor_delivered)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id waiting = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "u");
    row_id request = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "t");
    (void)yard_approve(&yard, 200, request);
    const json_t *order = yard_order(&yard);
    (void)city_expect(yard.city, 200, yard.people.operator_clerk,
                      city_format(yard.city, "POST /rooms/%lld/close", (long long)yard.room),
                      "{\"reason\":\"完成\"}");
    assert_int_equal(yard_send(&yard, yard.people.source, order, yard_rows(&yard, 40)).status, 409);
    fixture_refused(yard_approve(&yard, 409, waiting), "room", "2.3d", "closed");
    (void)city_expect(
        yard.city, 409, yard.people.developer_clerk, "POST /requests",
        city_format(yard.city,
                    "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"v\",\"purpose\":\"研究\","
                    "\"columns\":[\"base\"]}",
                    (long long)yard.room, (long long)yard.entry));
}

/* ---- 2.6.1a, 2.6.1c: the platform may delay or refuse ---- */

TEST(the_source_delays_or_refuses_with_a_reason_that_reaches_the_developer)
{
    CLEANUP_YARD struct yard yard = yard_new();
    struct people *people = &yard.people;
    row_id request = yard_request(&yard, people->developer_clerk, yard.room, yard.entry, "t");
    (void)yard_approve(&yard, 200, request);
    row_id order = fixture_number(yard_order(&yard), "id");
    const char *until = "{\"until\":\"2026-04-02T00:00:00Z\",\"reason\":\"%s\"}";
    fixture_refused(source(&yard, 422, people->source, order, "delay", city_format(yard.city, until, " ")),
                    "/reason", "2.6.1c", NULL);
    (void)source(&yard, 200, people->source, order, "delay", city_format(yard.city, until, "系统维护"));
    assert_string_equal(json_text(request_of(&yard, people->developer_clerk, request), "state"), "delayed");
    fixture_refused(source(&yard, 422, people->source, order, "refuse", "{\"reason\":\"\\t \"}"), "/reason",
                    "2.6.1c", NULL);
    (void)source(&yard, 200, people->source, order, "refuse", "{\"reason\":\"源系统停用\"}");
    (void)source(&yard, 409, people->source, order, "refuse", "{\"reason\":\"再次\"}");
    const char *readers[] = {people->developer_clerk, people->operator_clerk, people->clerk};
    for (int i = 0; i < 3; i++) {
        assert_string_equal(json_text(request_of(&yard, readers[i], request), "state"), "refused_by_source");
        const json_t *items = json_object_get(
            city_expect(yard.city, 200, readers[i],
                        city_format(yard.city, "GET /requests/%lld/history", (long long)request), NULL),
            "items");
        assert_string_equal(json_text(json_array_get(items, json_array_size(items) - 1), "reason"),
                            "源系统停用");
        assert_string_equal(json_text(json_array_get(items, json_array_size(items) - 2), "reason"),
                            "系统维护");
    }
}

TEST(after_a_refusal_it_is_ordered_again_and_only_the_new_order_delivers)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id request = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "t");
    (void)yard_approve(&yard, 200, request);
    const json_t *first = yard_order(&yard);
    (void)source(&yard, 200, yard.people.source, fixture_number(first, "id"), "refuse",
                 "{\"reason\":\"忙\"}");
    (void)city_expect(yard.city, 200, yard.people.operator_reviewer,
                      city_format(yard.city, "POST /requests/%lld/order", (long long)request), "{}");
    const json_t *second = yard_order(&yard);
    assert_int_equal(yard_send(&yard, yard.people.source, first, yard_rows(&yard, 40)).status, 409);
    assert_int_equal(yard_send(&yard, yard.people.source, second, yard_rows(&yard, 40)).status, 200);
    (void)city_expect(yard.city, 409, yard.people.operator_reviewer,
                      city_format(yard.city, "POST /requests/%lld/order", (long long)request), "{}");
}

/* ---- 2.1b ---- */

TEST(a_load_that_breaks_the_schema_is_reported_row_by_row_and_nothing_of_it_is_published)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id request = yard_request(&yard, yard.people.developer_clerk, yard.room, yard.entry, "t");
    (void)yard_approve(&yard, 200, request);
    const char *broken = "citizen,district,base\nP1,区1,3000\nP2,区2,-5\nP3,区3,many\nP4,区1,3001\n";
    struct city_reply reply = yard_send(&yard, yard.people.source, yard_order(&yard), broken);
    assert_int_equal(reply.status, 200);
    assert_string_equal(json_text(reply.json, "state"), "load_rejected");
    const json_t *seen = request_of(&yard, yard.people.provider_clerk, request);
    const json_t *report = json_object_get(seen, "load_report");
    assert_false(json_boolean_or(report, "accepted", true));
    const json_t *violations = json_object_get(report, "violations");
    assert_int_equal(json_array_size(violations), 2);
    assert_int_equal(fixture_number(json_array_get(violations, 0), "line"), 3);
    assert_int_equal(fixture_number(json_array_get(violations, 1), "line"), 4);
    assert_string_equal(json_text(json_array_get(violations, 0), "column"), "base");
    assert_null(json_object_get(seen, "digest"));
    assert_int_equal(json_array_size(tables(&yard)), 0);
    (void)city_expect(yard.city, 200, yard.people.operator_reviewer,
                      city_format(yard.city, "POST /requests/%lld/order", (long long)request), "{}");
    assert_int_equal(yard_send(&yard, yard.people.source, yard_order(&yard), yard_rows(&yard, 40)).status,
                     200);
    assert_int_equal(json_array_size(tables(&yard)), 1);
}
