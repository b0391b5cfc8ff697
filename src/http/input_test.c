#include "http/fixture.h"

#include <stdlib.h>
#include <string.h>

struct wrong {
    const char *body;
    int status;
    const char *field; /* as the problem names it; NULL: not compared */
};

#define REST "\"seats\":1,\"price\":1,\"opened\":\"2026-03-01\",\"kind\":\"ferry\""
#define WITH(member) "{\"title\":\"甲\"," REST "," member "}"

static const struct wrong wrongs[] = {
    {"", 400, NULL},
    {"{", 400, NULL},
    {"{}}", 400, NULL},
    {"[]", 422, ""},
    {"null", 422, ""},
    {"\"x\"", 422, ""},
    {"{}", 422, "/title"},
    {"{\"title\":1," REST "}", 422, "/title"},
    {"{\"title\":\"一二三四五六七八九十一二三四五六七八九十一\"," REST "}", 422, "/title"},
    {"{\"title\":\" \xE3\x80\x80\"," REST "}", 422, "/title"},
    {"{\"title\":\"a\\u0007\"," REST "}", 422, "/title"},
    {"{\"title\":\"a\\u202eb\"," REST "}", 422, "/title"},
    {"{\"title\":\"a\\u0000b\"," REST "}", 400, NULL},
    {"{\"title\":null," REST "}", 422, "/title"},
    {"{\"title\":\"a\",\"title\":\"b\"," REST "}", 400, "title"},
    {"\xEF\xBB\xBF{}", 400, NULL},
    {"{\"title\":\"\xD6\xD0\xBB\xAA\"," REST "}", 400, NULL}, /* GBK */
    {"{\"title\":\"\xED\xA0\x80\"," REST "}", 400, NULL},     /* a surrogate */
    {WITH("\"depth\":1e999"), 400, NULL},
    {WITH("\"depth\":NaN"), 400, NULL},
    {WITH("\"depth\":\"1\""), 422, "/depth"},
    {WITH("\"lines\":[1,100]"), 422, "/lines/1"},
    {WITH("\"lines\":[1,1.5]"), 422, "/lines/1"},
    {WITH("\"lines\":1"), 422, "/lines"},
    {WITH("\"lines\":[99999999999999999999]"), 400, NULL},
    {WITH("\"berths\":[{\"name\":\"a\"},{\"nam\":1}]"), 422, "/berths/1/nam"},
    {WITH("\"berths\":[{\"name\":\"a\"},{}]"), 422, "/berths/1/name"},
    {WITH("\"berths\":[{\"name\":\"\"}]"), 422, "/berths/0/name"},
    {WITH("\"berths\":[{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"}]"), 422,
     "/berths"},
    {WITH("\"owner\":\"91420100MA4KXXXXX1\""), 422, "/owner"},
    {WITH("\"plan\":\"ABCD\""), 422, "/plan"},
    {WITH("\"surveyed\":\"2026-02-30T00:00:00Z\""), 422, "/surveyed"},
    {WITH("\"surveyed\":\"yesterday\""), 422, "/surveyed"},
    {WITH("\"covered\":\"true\""), 422, "/covered"},
    {WITH("\"a~b/c\":1"), 422, "/a~0b~1c"},
    {"{\"title\":\"甲\",\"seats\":0,\"price\":1,\"opened\":\"2026-03-01\",\"kind\":\"ferry\"}", 422,
     "/seats"},
    {"{\"title\":\"甲\",\"seats\":1,\"price\":-1,\"opened\":\"2026-03-01\",\"kind\":\"ferry\"}", 422,
     "/price"},
    {"{\"title\":\"甲\",\"seats\":1,\"price\":9000000000000001,\"opened\":\"2026-03-01\",\"kind\":\"ferry\"}",
     422, "/price"},
    {"{\"title\":\"甲\",\"seats\":1,\"price\":1,\"opened\":\"2026-02-30\",\"kind\":\"ferry\"}", 422,
     "/opened"},
    {"{\"title\":\"甲\",\"seats\":1,\"price\":1,\"opened\":20260301,\"kind\":\"ferry\"}", 422, "/opened"},
    {"{\"title\":\"甲\",\"seats\":1,\"price\":1,\"opened\":\"2026-03-01\",\"kind\":\"Ferry\"}", 422, "/kind"},
};

TEST(bad_bodies_are_refused_with_their_place_and_change_nothing)
{
    CLEANUP_CITY struct city *city = landing_city();
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        const json_t *problem =
            city_expect(city, wrongs[i].status, landing_clerk(city), "POST /landings", wrongs[i].body);
        if (wrongs[i].field != NULL)
            assert_string_equal(json_text(problem, "field"), wrongs[i].field);
        assert_non_null(json_text(json_object_get(problem, "zh"), "remedy"));
    }
    assert_int_equal(landing_runs(), 0);
    const json_t *page = city_expect(city, 200, NULL, "GET /landings", NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
}

TEST(a_body_with_everything_it_may_have_is_taken)
{
    CLEANUP_CITY struct city *city = landing_city();
    city_expect(
        city, 201, landing_clerk(city), "POST /landings",
        WITH("\"owner\":\"914201001777188883\",\"plan\":null,\"surveyed\":\"2026-03-01T08:00:00+08:00\","
             "\"covered\":true,\"depth\":3,\"lines\":[1,99],\"berths\":[{\"name\":\"甲\",\"length\":null}],"
             "\"anything\":{\"a\":[1,{}]}"));
}

TEST(gbk_is_named_as_what_it_looks_like)
{
    CLEANUP_CITY struct city *city = landing_city();
    const json_t *problem = city_expect(city, 400, landing_clerk(city), "POST /landings",
                                        "{\"title\":\"\xD6\xD0\xBB\xAA\xC2\xB7\"," REST "}");
    assert_non_null(strstr(json_text(problem, "detail"), "GBK"));
}

TEST(a_body_nested_ten_thousand_deep_is_refused)
{
    CLEANUP_CITY struct city *city = landing_city();
    char *body = arena_alloc(city_arena(city), 20001);
    memset(body, '[', 10000);
    memset(body + 10000, ']', 10000);
    city_expect(city, 400, landing_clerk(city), "POST /landings", body);
}

TEST(a_body_over_the_limit_is_refused)
{
    CLEANUP_CITY struct city *city = landing_city();
    size_t size = 1024 * 1024 + 1;
    char *body = arena_alloc(city_arena(city), size + 1);
    memset(body, ' ', size);
    city_expect(city, 413, landing_clerk(city), "POST /landings", body);
}

TEST(another_content_type_is_refused)
{
    static const char *const types[] = {"text/plain", "application/x-www-form-urlencoded",
                                        "application/json; charset=gbk", "application/jsonp", ""};
    CLEANUP_CITY struct city *city = landing_city();
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct http_header headers[] = {{"Content-Type", types[i]}, {0}};
        struct city_reply reply = city_call_with(city, landing_clerk(city), "POST /landings", headers,
                                                 LANDING_BODY, strlen(LANDING_BODY));
        assert_int_equal(reply.status, 415);
    }
    const struct http_header fine[] = {{"Content-Type", "Application/JSON; charset=UTF-8"}, {0}};
    assert_int_equal(
        city_call_with(city, landing_clerk(city), "POST /landings", fine, LANDING_BODY, strlen(LANDING_BODY))
            .status,
        201);
}

TEST(a_body_where_none_belongs_is_refused)
{
    CLEANUP_CITY struct city *city = landing_city();
    city_expect(city, 400, NULL, "POST /session", "{}");
    assert_int_equal(landing_runs(), 0);
}

TEST(query_parameters_are_read_strictly)
{
    static const struct {
        const char *query;
        int status;
        const char *field;
    } cases[] = {
        {"", 200, NULL},
        {"seats=5", 200, NULL},
        {"&seats=5&", 400, "?"},
        {"seats=5&seats=6", 422, "seats"},
        {"seats=", 422, "/seats"},
        {"seats=5x", 422, "/seats"},
        {"seats=501", 422, "/seats"},
        {"seats=99999999999999999999", 422, "/seats"},
        {"size=5", 422, "size"},
        {"covered=true", 200, NULL},
        {"covered=1", 422, "/covered"},
        {"line=1&line=9", 200, NULL},
        {"line=1&line=10", 422, "/line/1"},
        {"title=%E7%A0%81%E5%A4%B4", 200, NULL},
        {"title=a+b%2B", 200, NULL},
        {"title=%E7%A0", 400, "?"},
        {"title=%", 400, "?"},
        {"title=%00", 400, "?"},
        {"title=%D6%D0", 400, "?"},
        {"title=12345678901", 422, "/title"},
        {"=5", 400, "?"},
    };
    CLEANUP_CITY struct city *city = landing_city();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const json_t *json = city_expect(city, cases[i].status, NULL,
                                         city_format(city, "GET /landings?%s", cases[i].query), NULL);
        if (cases[i].field != NULL && strcmp(cases[i].field, "?") != 0)
            assert_string_equal(json_text(json, "field"), cases[i].field);
    }
    city_expect(city, 422, NULL, "GET /landings/1?limit=5", NULL);
}
