#include "http/fixture.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *at(struct city *city, const char *method, row_id id, const char *rest)
{
    return city_format(city, "%s /landings/%lld%s", method, (long long)id, rest);
}

TEST(a_landing_is_made_and_read)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    const json_t *read = city_expect(city, 200, NULL, at(city, "GET", id, ""), NULL);
    assert_string_equal(json_text(read, "title"), "中华路码头");
    assert_string_equal(json_text(read, "opened"), "2026-03-01");
    assert_int_equal(json_integer_or(read, "party", 0), 3);
    city_expect(city, 200, NULL, "GET /landings/by-title/%E4%B8%AD%E5%8D%8E%E8%B7%AF%E7%A0%81%E5%A4%B4",
                NULL);
}

/* ---- paths and methods ---- */

TEST(a_path_that_is_not_strict_has_no_object)
{
    static const char *const paths[] = {"/landings/",
                                        "//landings",
                                        "/landings//1",
                                        "/landings/1/",
                                        "/landings/%31/",
                                        "/./landings",
                                        "/a/../landings",
                                        "/landings/%2e%2e",
                                        "/landings/1%2Fchart",
                                        "/landings%2f1",
                                        "/landings/0",
                                        "/landings/01",
                                        "/landings/-1",
                                        "/landings/+1",
                                        "/landings/1.0",
                                        "/landings/1x",
                                        "/landings/99999999999999999999",
                                        "/landings/%",
                                        "/landings/%4",
                                        "/landings/%zz",
                                        "/landings/by-title/%00",
                                        "/landings/by-title/%FF",
                                        "/landings/by-title/%5C",
                                        "/landings/by-title/a%2Fb",
                                        "/landings/by-title/%0a",
                                        "/landings/by-title/.",
                                        "/landings/by-title/..",
                                        "/Landings",
                                        "/landings;x=1",
                                        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14",
                                        "/",
                                        "landings"};
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    assert_int_equal(id, 1);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        city_expect(city, 404, NULL, city_format(city, "GET %s", paths[i]), NULL);
    city_expect(city, 200, NULL, "GET /landings/%31", NULL);
}

TEST(another_method_is_answered_with_those_that_exist)
{
    CLEANUP_CITY struct city *city = landing_city();
    struct city_reply reply = city_call(city, NULL, "PUT /landings/1", "{}");
    assert_int_equal(reply.status, 405);
    assert_string_equal(city_header(&reply, "Allow"), "DELETE, PATCH, HEAD, GET, OPTIONS");
    reply = city_call(city, NULL, "OPTIONS /landings", NULL);
    assert_int_equal(reply.status, 204);
    assert_int_equal(reply.size, 0);
    assert_string_equal(city_header(&reply, "Allow"), "POST, HEAD, GET, OPTIONS");
    assert_int_equal(city_call(city, NULL, "TRACE /landings", NULL).status, 405);
    assert_int_equal(city_call(city, NULL, "OPTIONS /nothing", NULL).status, 404);
}

TEST(head_answers_as_get_does)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    struct city_reply got = city_call(city, NULL, at(city, "GET", id, ""), NULL);
    struct city_reply head = city_call(city, NULL, at(city, "HEAD", id, ""), NULL);
    assert_int_equal(head.status, 200);
    assert_string_equal(city_header(&head, "ETag"), city_header(&got, "ETag"));
    assert_int_equal(city_call(city, NULL, "HEAD /approvals", NULL).status, 405);
}

/* ---- transactions ---- */

TEST(a_handler_that_fails_leaves_nothing_and_tells_nothing)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    struct city_reply reply = city_call(city, landing_clerk(city), at(city, "POST", id, "/break"), NULL);
    assert_int_equal(reply.status, 500);
    assert_null(strstr(reply.text, "secret"));
    assert_null(strstr(reply.text, "秘密"));
    assert_null(json_object_get(reply.json, "field"));
    const json_t *read = city_expect(city, 200, NULL, at(city, "GET", id, ""), NULL);
    assert_int_equal(json_integer_or(read, "seats", 0), 120);
}

TEST(a_conflict_in_the_store_is_a_conflict_to_the_caller)
{
    CLEANUP_CITY struct city *city = landing_city();
    (void)landing_made(city);
    const json_t *problem = city_expect(city, 409, landing_clerk(city), "POST /landings", LANDING_BODY);
    assert_string_equal(json_text(problem, "type"), "urn:dukou:problem:conflict");
    assert_non_null(json_text(json_object_get(problem, "zh"), "remedy"));
}

TEST(deleting_answers_without_content)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    struct city_reply reply = city_call(city, landing_clerk(city), at(city, "DELETE", id, ""), NULL);
    assert_int_equal(reply.status, 204);
    assert_int_equal(reply.size, 0);
    city_expect(city, 404, NULL, at(city, "GET", id, ""), NULL);
}

TEST(a_long_request_runs_its_own_transactions)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    const json_t *survey = city_expect(city, 200, landing_clerk(city), at(city, "POST", id, "/survey"), NULL);
    assert_int_equal(json_integer_or(survey, "size", 0), 121);
    const json_t *read = city_expect(city, 200, NULL, at(city, "GET", id, ""), NULL);
    assert_int_equal(json_integer_or(read, "seats", 0), 121);
    city_expect(city, 403, city_actor(city, ROLE_PROVIDER, 8, 4, 0), at(city, "POST", id, "/survey"), NULL);
}

TEST(raw_bytes_go_up_and_come_down)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    const char *clerk = landing_clerk(city);
    struct city_reply up = city_upload(city, clerk, at(city, "PUT", id, "/chart"), "chart", 5);
    assert_int_equal(up.status, 200);
    assert_int_equal(json_integer_or(up.json, "size", 0), 5);
    assert_int_equal(city_upload(city, clerk, at(city, "PUT", id, "/chart"), "BAD", 3).status, 422);
    assert_int_equal(city_upload(city, clerk, at(city, "PUT", id, "/chart"), "", 0).status, 400);
    struct city_reply down = city_call(city, NULL, at(city, "GET", id, "/chart"), NULL);
    assert_string_equal(down.text, "中华路码头");
    assert_string_equal(city_header(&down, "Content-Disposition"),
                        "attachment; filename*=UTF-8''%E7%A0%81%E5%A4%B4.csv");
}

TEST(events_come_one_by_one_and_a_late_problem_is_the_last)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    struct city_reply reply = city_call(city, NULL, at(city, "GET", id, "/ferries"), NULL);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.text, "event: ferry\ndata: {\"at\":0}\n\nevent: ferry\ndata: {\"at\":1}\n\n"
                                    "event: ferry\ndata: {\"at\":2}\n\n");
    city_expect(city, 200, landing_clerk(city), at(city, "PATCH", id, ""), "{\"seats\":499}");
    reply = city_call(city, NULL, at(city, "GET", id, "/ferries"), NULL);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.text, "event: problem\ndata: {\"type\":\"urn:dukou:problem:timeout\""));
    city_expect(city, 404, NULL, "GET /landings/77/ferries", NULL);
}

TEST(a_reply_that_does_not_fit_its_schema_is_found)
{
    CLEANUP_CITY struct city *city = landing_city();
    const json_t *problem = city_expect(city, 599, NULL, "GET /wrong", NULL);
    assert_string_equal(json_text(problem, "field"), "/id");
}

/* ---- entity tags ---- */

TEST(an_object_that_the_client_has_is_not_sent_again)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    struct city_reply first = city_call(city, NULL, at(city, "GET", id, ""), NULL);
    const char *etag = city_header(&first, "ETag");
    const struct http_header known[] = {{"If-None-Match", city_format(city, "\"x\", %s", etag)}, {0}};
    struct city_reply second = city_call_with(city, NULL, at(city, "GET", id, ""), known, NULL, 0);
    assert_int_equal(second.status, 304);
    assert_int_equal(second.size, 0);
    assert_string_equal(city_header(&second, "ETag"), etag);
    city_expect(city, 200, landing_clerk(city), at(city, "PATCH", id, ""), "{\"seats\":7}");
    assert_int_equal(city_call_with(city, NULL, at(city, "GET", id, ""), known, NULL, 0).status, 200);
}

TEST(a_change_of_what_has_changed_since_it_was_read_is_refused)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    const char *clerk = landing_clerk(city);
    struct city_reply read = city_call(city, clerk, at(city, "GET", id, ""), NULL);
    const struct http_header match[] = {
        {"If-Match", city_header(&read, "ETag")}, {"Content-Type", "application/json"}, {0}};
    const char *patch = at(city, "PATCH", id, "");
    assert_int_equal(city_call_with(city, clerk, patch, match, "{\"seats\":8}", 11).status, 200);
    struct city_reply late = city_call_with(city, clerk, patch, match, "{\"seats\":9}", 11);
    assert_int_equal(late.status, 412);
    assert_non_null(json_text(json_object_get(late.json, "en"), "remedy"));
    const json_t *now = city_expect(city, 200, NULL, at(city, "GET", id, ""), NULL);
    assert_int_equal(json_integer_or(now, "seats", 0), 8);
    /* A step below the object compares with the object, in a long request too. */
    assert_int_equal(city_call_with(city, clerk, at(city, "POST", id, "/survey"), match, NULL, 0).status,
                     412);
    /* The list above is no object. */
    assert_int_equal(
        city_call_with(city, clerk, "POST /landings", match, LANDING_BODY, strlen(LANDING_BODY)).status, 422);
}

/* ---- pages ---- */

static void make_landings(struct city *city, int count)
{
    for (int i = 0; i < count; i++)
        city_expect(city, 201, landing_clerk(city), "POST /landings",
                    city_format(city,
                                "{\"title\":\"码头%d\",\"seats\":%d,\"price\":1,\"opened\":\"2026-03-01\","
                                "\"kind\":\"cargo\"}",
                                i, 10 + i));
}

TEST(pages_walk_the_whole_list_once)
{
    CLEANUP_CITY struct city *city = landing_city();
    make_landings(city, 45);
    int seen = 0;
    int pages = 0;
    const char *call = "GET /landings?limit=20";
    while (call != NULL) {
        const json_t *page = city_expect(city, 200, NULL, call, NULL);
        const json_t *items = json_object_get(page, "items");
        const char *next = json_text(page, "next");
        for (size_t i = 0; i < json_array_size(items); i++)
            assert_int_equal(json_integer_or(json_array_get(items, i), "id", 0), ++seen);
        call = next != NULL ? city_format(city, "GET /landings?limit=20&cursor=%s", next) : NULL;
        pages++;
    }
    assert_int_equal(seen, 45);
    assert_int_equal(pages, 3);
    const json_t *filtered = city_expect(city, 200, NULL, "GET /landings?seats=53&limit=100", NULL);
    assert_int_equal(json_array_size(json_object_get(filtered, "items")), 2);
}

TEST(a_cursor_that_is_not_of_this_list_is_refused)
{
    CLEANUP_CITY struct city *city = landing_city();
    make_landings(city, 3);
    const char *next = json_text(city_expect(city, 200, NULL, "GET /landings?limit=1", NULL), "next");
    char *other = city_format(city, "GET /landings?cursor=%s", next);
    city_expect(city, 200, NULL, other, NULL);
    other[strlen(other) - 3] = other[strlen(other) - 3] == 'A' ? 'B' : 'A';
    city_expect(city, 422, NULL, other, NULL);
    city_expect(city, 422, NULL, "GET /landings?cursor=", NULL);
    city_expect(city, 422, NULL, "GET /landings?cursor=AAAAAAAAAAAAAAAA", NULL);
    city_expect(city, 422, NULL, "GET /landings?limit=0", NULL);
    city_expect(city, 422, NULL, "GET /landings?limit=101", NULL);
    city_expect(city, 422, NULL, "GET /landings?limit=1e1", NULL);
    city_expect(city, 422, NULL, "GET /landings?limit=1&limit=2", NULL);
    city_expect(city, 422, NULL, city_format(city, "GET /landings?cursor=%s&cursor=%s", next, next), NULL);
}

/* ---- tables that are wrong ---- */

static enum result nothing(struct request *request)
{
    (void)request;
    return RESULT_OK;
}

/* Does the program refuse to start with these routes? */
static bool refuses_to_start(const struct route *routes)
{
    const struct route_table tables[] = {{"wrong", routes}, {0}};
    struct app app = {.tables = tables};
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO);
        dispatch_check(&app);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
}

#define SOUND .needs = PERMISSION_SESSION, .summary = "A test", .summary_zh = "测试", .run = nothing

TEST(the_program_does_not_start_with_a_table_that_is_wrong)
{
    const struct route sound[] = {
        {HTTP_GET, "/a", SOUND}, {HTTP_POST, "/a", SOUND}, {HTTP_GET, "/a/{id}", SOUND}, {0}};
    const struct route unset[] = {{HTTP_GET, "/a", .summary = "A test", .summary_zh = "测试", .run = nothing},
                                  {0}};
    const struct route twice[] = {{HTTP_GET, "/a/{id}", SOUND}, {HTTP_GET, "/a/{other_id}", SOUND}, {0}};
    const struct route mute[] = {{HTTP_GET, "/a", .needs = PERMISSION_SESSION, .run = nothing}, {0}};
    const struct route slash[] = {{HTTP_GET, "/a/", SOUND}, {0}};
    const struct route body[] = {{HTTP_GET, "/a", .body = &landing_schema, SOUND}, {0}};
    const struct route file[] = {{HTTP_PUT, "/a", .upload = true, .upload_max = 1, SOUND}, {0}};
    assert_false(refuses_to_start(sound));
    assert_true(refuses_to_start(unset));
    assert_true(refuses_to_start(twice));
    assert_true(refuses_to_start(mute));
    assert_true(refuses_to_start(slash));
    assert_true(refuses_to_start(body));
    assert_true(refuses_to_start(file));
}
