#include "affairs/fixture.h"
#include "affairs/room/room.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(a_room_and_an_import_move_only_as_written)
{
    workflow_test(&room_workflow, "new   open   open    operator\n"
                                  "open  close  closed  operator\n"
                                  "open  end    closed  bureau\n"
                                  "open  end    closed  system\n");
    workflow_test(&import_workflow, "new       declare  declared  developer\n"
                                    "new       declare  declared  operator\n"
                                    "declared  prove    declared  developer\n"
                                    "declared  prove    declared  operator\n"
                                    "loaded    prove    loaded    developer\n"
                                    "loaded    prove    loaded    operator\n"
                                    "declared  load     loaded    developer\n"
                                    "declared  load     loaded    operator\n"
                                    "loaded    accept   accepted  operator\n"
                                    "loaded    refuse   refused   operator\n");
}

struct place {
    struct people people;
    struct city *city;
    row_id agreement, admission, room;
};

static void place_end(struct place *place)
{
    city_free(place->city);
}
#define CLEANUP_PLACE __attribute__((cleanup(place_end)))

static struct place place_new(void)
{
    struct place p = {0};
    p.city = fixture_city(&p.people);
    p.agreement = fixture_agreement(p.city, &p.people);
    p.admission = fixture_admission(p.city, &p.people, p.agreement);
    p.room = fixture_room(p.city, &p.people, p.admission);
    return p;
}

static const json_t *at_room(struct place *p, int status, const char *who, const char *name, const char *body)
{
    return city_expect(p->city, status, who,
                       city_format(p->city, "POST /rooms/%lld/%s", (long long)p->room, name), body);
}

static const json_t *declare(struct place *p, int status, const char *who, const char *table)
{
    return at_room(
        p, status, who, "imports",
        city_format(
            p->city,
            "{\"title\":\"自有\",\"table_name\":\"%s\",\"columns\":[{\"name\":\"id\",\"type\":\"text\","
            "\"use\":\"key\"}]}",
            table));
}

TEST(a_room_is_opened_by_its_operator_under_an_agreement_in_force)
{
    CLEANUP_PLACE struct place p = place_new();
    const char *rival =
        fixture_party(p.city, ROLE_OPERATOR, "另一公司", fixture_credit_code(p.city, 8), NULL);
    const char *body = city_format(p.city, "{\"admission_id\":%lld,\"title\":\"x\",\"quota_seconds\":60}",
                                   (long long)p.admission);
    (void)city_expect(p.city, 404, rival, "POST /rooms", body);
    (void)city_expect(p.city, 409, rival, "POST /rooms", "{\"title\":\"x\",\"quota_seconds\":60}");
    (void)city_expect(p.city, 403, p.people.developer_clerk, "POST /rooms", body);
    fixture_days(p.city, 4 * 366);
    (void)city_expect(p.city, 409, p.people.operator_clerk, "POST /rooms",
                      "{\"title\":\"x\",\"quota_seconds\":60}");
}

/* 2.3d, 2.6.3b: a room is seen by those who work in it, run it or supervise */
TEST(a_room_and_its_imports_are_nobody_else_s_to_see_or_work_in)
{
    CLEANUP_PLACE struct place p = place_new();
    const char *stranger =
        fixture_party(p.city, ROLE_DEVELOPER, "旁人", fixture_credit_code(p.city, 8), NULL);
    const char *rival =
        fixture_party(p.city, ROLE_OPERATOR, "另一公司", fixture_credit_code(p.city, 9), NULL);
    long long import = (long long)fixture_number(declare(&p, 201, p.people.developer_clerk, "own"), "id");
    const char *seen[] = {"", "/policy", "/imports", "/joins", "/queries", "/history"};
    for (int i = 0; i < 6; i++) {
        const char *call = city_format(p.city, "GET /rooms/%lld%s", (long long)p.room, seen[i]);
        (void)city_expect(p.city, 404, stranger, call, NULL);
        (void)city_expect(p.city, 404, rival, call, NULL);
    }
    (void)city_expect(p.city, 404, stranger, city_format(p.city, "GET /imports/%lld", import), NULL);
    (void)declare(&p, 404, stranger, "other");
    (void)declare(&p, 404, p.people.operator_clerk, "other"); /* it runs the room, it does not work in it */
    const char *join =
        "{\"left_table\":\"a\",\"left_column\":\"x\",\"right_table\":\"b\",\"right_column\":\"y\"}";
    (void)at_room(&p, 404, stranger, "joins", join);
    (void)at_room(&p, 404, rival, "close", "{\"reason\":\"x\"}");
    const json_t *list = city_expect(p.city, 200, stranger, "GET /rooms", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 0);
    list = city_expect(p.city, 200, p.people.clerk, "GET /rooms", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 1);
}

TEST(an_import_has_a_name_of_its_own_in_the_room_that_queries_can_use)
{
    CLEANUP_PLACE struct place p = place_new();
    row_id entry = fixture_entry(p.city, &p.people, "R1");
    (void)city_expect(
        p.city, 201, p.people.developer_clerk, "POST /requests",
        city_format(p.city,
                    "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"taken\",\"purpose\":\"研究\","
                    "\"columns\":[\"base\"]}",
                    (long long)p.room, (long long)entry));
    fixture_refused(declare(&p, 409, p.people.developer_clerk, "taken"), "/table_name", NULL, NULL);
    fixture_refused(declare(&p, 422, p.people.developer_clerk, "a b"), "/table_name", NULL, NULL);
    (void)declare(&p, 201, p.people.developer_clerk, "own");
    fixture_refused(declare(&p, 409, p.people.developer_clerk, "own"), "/table_name", NULL, NULL);
    (void)city_expect(
        p.city, 409, p.people.developer_clerk, "POST /requests",
        city_format(p.city,
                    "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"own\",\"purpose\":\"研究\","
                    "\"columns\":[\"base\"]}",
                    (long long)p.room, (long long)entry));
}

TEST(a_proof_is_a_document_of_one_s_own)
{
    CLEANUP_PLACE struct place p = place_new();
    long long import = (long long)fixture_number(declare(&p, 201, p.people.developer_clerk, "own"), "id");
    const char *call = city_format(p.city, "POST /imports/%lld/prove", import);
    fixture_refused(city_expect(p.city, 422, p.people.developer_clerk, call,
                                city_format(p.city, "{\"proof_id\":%lld}",
                                            (long long)fixture_document(p.city, p.people.provider))),
                    "/proof_id", NULL, NULL);
    const json_t *proven = city_expect(
        p.city, 200, p.people.developer_clerk, call,
        city_format(p.city, "{\"proof_id\":%lld}", (long long)fixture_document(p.city, p.people.developer)));
    assert_non_null(json_text(proven, "proof_digest"));
}

TEST(a_room_s_policy_wants_a_release_rule_in_force)
{
    CLEANUP_PLACE struct place p = place_new();
    const char *call = city_format(p.city, "GET /rooms/%lld/policy", (long long)p.room);
    fixture_refused(city_expect(p.city, 409, p.people.developer_clerk, call, NULL), "rule", "3a", NULL);
    fixture_days(p.city, 12);
    fixture_release_rule(p.city, &p.people);
    const json_t *policy = city_expect(p.city, 200, p.people.developer_clerk, call, NULL);
    assert_int_equal(fixture_number(policy, "version"), 1);
    assert_int_equal(fixture_number(policy, "threshold"), 10);
}
