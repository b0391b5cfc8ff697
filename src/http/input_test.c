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
        {"seats=", 422, "seats"},
        {"seats=5x", 422, "seats"},
        {"seats=501", 422, "seats"},
        {"seats=99999999999999999999", 422, "seats"},
        {"size=5", 422, "size"},
        {"covered=true", 200, NULL},
        {"covered=1", 422, "covered"},
        {"line=1&line=9", 200, NULL},
        {"line=1&line=10", 422, "line/1"},
        {"title=%E7%A0%81%E5%A4%B4", 200, NULL},
        {"title=a+b%2B", 200, NULL},
        {"title=%E7%A0", 400, "?"},
        {"title=%", 400, "?"},
        {"title=%00", 400, "?"},
        {"title=%D6%D0", 400, "?"},
        {"title=12345678901", 422, "title"},
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

/* ---- chance ---- */

/* Changes, doubles or drops some bytes, now and then for ones that mean something somewhere. */
static char *spoilt(struct arena *arena, struct random *random, const char *text, size_t *ret_size)
{
    static const char loaded[] = "\"\\{}[]:,%+&=/.?;\n\r\t 0-1e\xFF\xC0\x80\xED\xA0";
    size_t size = strlen(text);
    char *copy = arena_alloc(arena, 2 * size + 64);
    size_t to = 0;
    uint64_t rate = 3 + random_below(random, 60);
    for (size_t i = 0; i < size; i++) {
        uint64_t what = random_below(random, rate);
        if (what == 0)
            copy[to++] = loaded[random_below(random, sizeof loaded)];
        else if (what == 1)
            copy[to++] = text[i];
        if (what != 0 && what != 2)
            copy[to++] = text[i];
    }
    *ret_size = to;
    return copy;
}

TEST(whatever_comes_is_answered_and_never_by_a_failure)
{
    enum { REQUESTS = 20000 };
    static const char *const paths[] = {"/api/landings",          "/api/landings/1",
                                        "/api/landings/1/survey", "/api/landings/by-title/%E4%B8%AD",
                                        "/api/session",           "/api/landings/1/ferries"};
    static const char query[] =
        "seats=5&title=%E7%A0%81&covered=true&line=1&line=9&limit=5&cursor=AAAAAAAAAAAAAAAA";
    static const char body[] =
        WITH("\"depth\":1.5,\"lines\":[1,2],\"berths\":[{\"name\":\"a\",\"length\":null}]");
    CLEANUP_CITY struct city *city = landing_city();
    (void)landing_made(city);
    const char *bearer = city_format(city, "Bearer %s", landing_clerk(city));
    struct random *random = random_seeded(11);
    int served = 0;
    for (int i = 0; i < REQUESTS; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        size_t size = 0;
        size_t ignored = 0;
        const char *path = paths[random_below(random, 6)];
        const char *sent = spoilt(arena, random, body, &size);
        const struct http_header headers[] = {
            {"Authorization",
             random_below(random, 4) == 0 ? spoilt(arena, random, bearer, &ignored) : bearer},
            {"Content-Type", "application/json"},
            {"Accept-Language", spoilt(arena, random, "en;q=0.5, zh-CN;q=0.4", &ignored)},
            {"If-Match", random_below(random, 8) == 0 ? spoilt(arena, random, "\"abc\", *", &ignored) : "*"},
            {"Idempotency-Key", spoilt(arena, random, "7d3f1a52-0001-4c7e-9b1e-aaaaaaaaaaaa", &ignored)},
            {0}};
        struct http_message message = {
            .method = (enum http_method)random_below(random, HTTP_OTHER + 1),
            .path = random_below(random, 3) == 0 ? spoilt(arena, random, path, &ignored) : path,
            .query = random_below(random, 3) == 0 ? spoilt(arena, random, query, &ignored) : NULL,
            .headers = headers,
            .body = sent,
            .body_size = random_below(random, 3) == 0 ? 0 : size,
            .upload = -1,
            .address = "192.0.2.9"};
        struct http_reply reply;
        dispatch(city_app(city), arena, &message, &reply);
        if (reply.status < 200 || reply.status >= 500)
            fail_msg("%d for %s: %.*s", reply.status, message.path, (int)reply.body_size,
                     (const char *)reply.body);
        served += reply.status < 300;
    }
    random_free(random);
    assert_in_range(served, REQUESTS / 100, REQUESTS);
}
