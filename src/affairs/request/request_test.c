#include "affairs/fixture.h"
#include "affairs/request/request.h"
#include "base/json.h"
#include "support/workflow_test.h"

#include <string.h>

TEST(a_request_moves_only_as_written)
{
    workflow_test(&request_workflow, "new                submit           submitted          developer\n"
                                     "new                submit           submitted          operator\n"
                                     "submitted          approve          approved           operator\n"
                                     "submitted          refuse           refused            operator\n"
                                     "approved           order            ordered            operator\n"
                                     "ordered            delay            delayed            source\n"
                                     "delayed            delay            delayed            source\n"
                                     "ordered            refuse_delivery  refused_by_source  source\n"
                                     "delayed            refuse_delivery  refused_by_source  source\n"
                                     "ordered            deliver          delivered          source\n"
                                     "delayed            deliver          delivered          source\n"
                                     "ordered            reject_load      load_rejected      source\n"
                                     "delayed            reject_load      load_rejected      source\n"
                                     "load_rejected      order            ordered            operator\n"
                                     "refused_by_source  order            ordered            operator\n"
                                     "submitted          end              ended              bureau\n"
                                     "approved           end              ended              bureau\n"
                                     "ordered            end              ended              bureau\n"
                                     "delayed            end              ended              bureau\n"
                                     "delivered          end              ended              bureau\n"
                                     "refused_by_source  end              ended              bureau\n"
                                     "load_rejected      end              ended              bureau\n"
                                     "submitted          end              ended              system\n"
                                     "approved           end              ended              system\n"
                                     "ordered            end              ended              system\n"
                                     "delayed            end              ended              system\n"
                                     "delivered          end              ended              system\n"
                                     "refused_by_source  end              ended              system\n"
                                     "load_rejected      end              ended              system\n");
}

struct place {
    struct people people;
    struct city *city;
    row_id agreement, admission, room, entry;
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
    p.entry = fixture_entry(p.city, &p.people, "R1");
    return p;
}

static const json_t *ask(struct place *p, int status, const char *who, const char *table, const char *columns,
                         const char *more)
{
    return city_expect(
        p->city, status, who, "POST /requests",
        city_format(p->city,
                    "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"%s\",\"purpose\":\"研究\","
                    "\"columns\":%s%s}",
                    (long long)p->room, (long long)p->entry, table, columns, more));
}

static const json_t *step(struct place *p, int status, const char *who, long long id, const char *name,
                          const char *body)
{
    return city_expect(p->city, status, who, city_format(p->city, "POST /requests/%lld/%s", id, name), body);
}

/* ---- 2.6.1a ---- */

TEST(only_items_that_the_entry_offers_can_be_asked_for)
{
    CLEANUP_PLACE struct place p = place_new();
    const char *who = p.people.developer_clerk;
    fixture_refused(ask(&p, 422, who, "t", "[\"district\",\"phone\"]", ""), "/columns/1", "2.6.1a", "phone");
    fixture_refused(ask(&p, 422, who, "t", "[\"wealth\"]", ""), "/columns/0", "2.6.1a", "wealth");
    fixture_refused(ask(&p, 422, who, "t", "[\"district\"]",
                        ",\"rows\":[{\"column\":\"phone\",\"op\":\"=\",\"value\":\"1\"}]"),
                    "/rows/0/column", "2.6.1a", "phone");
    fixture_refused(ask(&p, 422, who, "t", "[\"district\"]",
                        ",\"period\":{\"column\":\"phone\",\"from\":\"2026-01-01\",\"to\":\"2026-02-01\"}"),
                    "/period/column", "2.6.1a", "phone");
    fixture_refused(ask(&p, 422, who, "t", "[]", ""), NULL, "2.6.1a", NULL);
    (void)ask(&p, 201, who, "t", "[\"district\",\"base\"]", "");
}

TEST(a_table_has_a_plain_name_that_the_room_does_not_have_yet)
{
    CLEANUP_PLACE struct place p = place_new();
    const char *who = p.people.developer_clerk;
    static const char *const wrong[] = {"1t", "__t", "a b", "t;drop"};
    for (int i = 0; i < 4; i++)
        fixture_refused(ask(&p, 422, who, wrong[i], "[\"base\"]", ""), "/table_name", NULL, NULL);
    (void)ask(&p, 201, who, "参保_1", "[\"base\"]", "");
    fixture_refused(ask(&p, 409, who, "参保_1", "[\"base\"]", ""), "/table_name", NULL, NULL);
}

TEST(a_request_wants_a_room_of_one_s_own_that_is_open)
{
    CLEANUP_PLACE struct place p = place_new();
    const char *stranger =
        fixture_party(p.city, ROLE_DEVELOPER, "旁人", fixture_credit_code(p.city, 8), NULL);
    (void)ask(&p, 404, stranger, "t", "[\"base\"]", "");
    (void)ask(&p, 404, p.people.operator_clerk, "t", "[\"base\"]", "");
    (void)ask(&p, 403, p.people.clerk, "t", "[\"base\"]", "");
    long long id =
        (long long)fixture_number(ask(&p, 201, p.people.developer_clerk, "t", "[\"base\"]", ""), "id");
    (void)city_expect(p.city, 404, stranger, city_format(p.city, "GET /requests/%lld", id), NULL);
    row_id other = p.room;
    p.room = 4711;
    (void)ask(&p, 404, p.people.developer_clerk, "t", "[\"base\"]", "");
    p.room = other;
}

TEST(the_operator_asks_for_its_own_room_without_an_admission)
{
    CLEANUP_PLACE struct place p = place_new();
    p.room = fixture_number(city_expect(p.city, 201, p.people.operator_clerk, "POST /rooms",
                                        "{\"title\":\"公共数据产品\",\"quota_seconds\":60}"),
                            "id");
    (void)ask(&p, 201, p.people.operator_clerk, "t", "[\"base\"]", "");
}

TEST(a_request_lacking_a_step_of_the_procedure_is_refused_naming_it)
{
    CLEANUP_PLACE struct place p = place_new();
    long long id = (long long)p.entry;
    long long kept =
        (long long)fixture_number(ask(&p, 201, p.people.developer_clerk, "t", "[\"base\"]", ""), "id");
    (void)city_expect(p.city, 200, p.people.approver, city_format(p.city, "POST /entries/%lld/delist", id),
                      "{\"reason\":\"停用\"}");
    fixture_refused(ask(&p, 409, p.people.developer_clerk, "u", "[\"base\"]", ""), "/entry_id", "2.2d",
                    "not listed");
    (void)kept;
}

TEST(a_developer_without_an_agreement_in_force_requests_nothing)
{
    CLEANUP_PLACE struct place p = place_new();
    fixture_days(p.city, 365);
    fixture_refused(ask(&p, 409, p.people.developer_clerk, "t", "[\"base\"]", ""), "admission", "2.5.2c",
                    NULL);
}

/* ---- 2.6.1c ---- */

TEST(a_request_is_refused_with_a_reason_that_bureau_operator_developer_and_provider_see)
{
    CLEANUP_PLACE struct place p = place_new();
    const char *rival =
        fixture_party(p.city, ROLE_OPERATOR, "另一公司", fixture_credit_code(p.city, 8), NULL);
    long long id =
        (long long)fixture_number(ask(&p, 201, p.people.developer_clerk, "t", "[\"base\"]", ""), "id");
    (void)step(&p, 404, rival, id, "refuse", "{\"reason\":\"无关\"}");
    (void)step(&p, 403, p.people.operator_clerk, id, "refuse", "{\"reason\":\"不足\"}");
    (void)step(&p, 403, p.people.developer_clerk, id, "refuse", "{\"reason\":\"不足\"}");
    fixture_refused(step(&p, 422, p.people.operator_reviewer, id, "refuse", "{\"reason\":\"   \"}"),
                    "/reason", "2.6.1c", NULL);
    (void)step(&p, 422, p.people.operator_reviewer, id, "refuse", "{}");
    (void)step(&p, 200, p.people.operator_reviewer, id, "refuse", "{\"reason\":\"用途不明\"}");
    const char *readers[] = {p.people.clerk, p.people.operator_clerk, p.people.developer_clerk,
                             p.people.provider_clerk};
    for (int i = 0; i < 4; i++) {
        const json_t *items = json_object_get(
            city_expect(p.city, 200, readers[i], city_format(p.city, "GET /requests/%lld/history", id), NULL),
            "items");
        assert_string_equal(json_text(json_array_get(items, 1), "reason"), "用途不明");
    }
    (void)city_expect(p.city, 404, rival, city_format(p.city, "GET /requests/%lld/history", id), NULL);
}
