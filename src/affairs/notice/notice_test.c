#include "affairs/fixture.h"
#include "affairs/notice/notice.h"
#include "base/json.h"

#include <string.h>

struct announcement {
    const char *kind;
    instant until;
    row_id notice;
};

static enum result publish(struct work *work, void *argument)
{
    struct announcement *announcement = argument;
    json_t *body = json_keep(work->arena, json_pack("{s:s}", "text", "内容"));
    return notice_publish(work, announcement->kind, "selection", 7, "公告", body, announcement->until,
                          LAW(OPEN_SELECTION), &announcement->notice);
}

static size_t listed(struct city *city, const char *query)
{
    const json_t *list = city_expect(city, 200, NULL, city_format(city, "GET /notices%s", query), NULL);
    return json_array_size(json_object_get(list, "items"));
}

TEST(everybody_reads_notices_by_kind_and_while_they_are_open)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    struct announcement endless = {.kind = "agreement"};
    struct announcement short_one = {.kind = "selection", .until = CITY_START + INSTANT_DAY};
    assert_ok(city_write(city, people.clerk, publish, &endless, NULL));
    assert_ok(city_write(city, people.clerk, publish, &short_one, NULL));
    assert_int_equal(listed(city, ""), 2);
    assert_int_equal(listed(city, "?kind=selection"), 1);
    assert_int_equal(listed(city, "?kind=appeal"), 0);
    assert_int_equal(listed(city, "?open=true"), 2);
    fixture_days(city, 1);
    assert_int_equal(listed(city, "?open=true"), 1);
    const json_t *one = city_expect(
        city, 200, NULL, city_format(city, "GET /notices/%lld", (long long)short_one.notice), NULL);
    assert_string_equal(json_text(json_object_get(one, "body"), "text"), "内容");
    assert_string_equal(json_text(one, "until_at"), "2026-03-03T01:00:00.000000Z");
    assert_null(json_object_get(one, "party_id"));
    (void)city_expect(city, 404, NULL, "GET /notices/4711", NULL);
}

TEST(nobody_publishes_a_notice_by_itself)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    (void)city_expect(city, 405, people.clerk, "POST /notices", "{}");
}
