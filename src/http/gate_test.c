#include "http/fixture.h"
#include "support/attack.h"

#include <string.h>

static const char *reason(const json_t *problem, const char *language)
{
    return json_text(json_object_get(problem, language), "reason");
}

TEST(the_public_is_asked_to_log_in_where_it_may_not)
{
    CLEANUP_CITY struct city *city = landing_city();
    struct city_reply reply = city_call(city, NULL, "POST /landings", LANDING_BODY);
    assert_int_equal(reply.status, 401);
    assert_non_null(city_header(&reply, "WWW-Authenticate"));
    /* Nobody who is not known learns what is wrong with a body. */
    city_expect(city, 401, NULL, "POST /landings", "{\"seats\":");
    assert_int_equal(landing_runs(), 0);
}

TEST(a_wrong_role_is_told_who_may)
{
    CLEANUP_CITY struct city *city = landing_city();
    const json_t *problem =
        city_expect(city, 403, city_actor(city, ROLE_SYSTEM_ADMIN, 1, 1, 0), "POST /approvals", NULL);
    assert_non_null(strstr(reason(problem, "zh"), "市数据局"));
    assert_non_null(strstr(reason(problem, "en"), "bureau"));
    assert_string_equal(json_text(json_object_get(problem, "clause"), "locator"), "二(一)");
}

TEST(a_missing_duty_is_named)
{
    CLEANUP_CITY struct city *city = landing_city();
    const json_t *problem =
        city_expect(city, 403, city_actor(city, ROLE_PROVIDER, 1, 1, DUTY_REVIEWER | DUTY_APPROVER),
                    "POST /approvals", NULL);
    assert_non_null(strstr(reason(problem, "zh"), "经办"));
    assert_non_null(strstr(reason(problem, "en"), "clerk"));
    city_expect(city, 204, city_actor(city, ROLE_PROVIDER, 1, 1, DUTY_CLERK), "POST /approvals", NULL);
}

TEST(a_hand_over_account_sees_the_hand_over_only)
{
    CLEANUP_CITY struct city *city = landing_city();
    const char *left = city_hand_over_actor(city, 5, 2, DUTY_CLERK);
    const json_t *problem = city_expect(city, 403, left, "POST /approvals", NULL);
    assert_non_null(strstr(reason(problem, "zh"), "移交"));
    city_expect(city, 200, left, "GET /landings", NULL);
}

TEST(another_partys_object_is_refused_by_the_owner_rule)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    const char *patch = city_format(city, "PATCH /landings/%lld", (long long)id);
    const json_t *problem =
        city_expect(city, 403, city_actor(city, ROLE_PROVIDER, 9, 4, DUTY_CLERK), patch, "{\"seats\":5}");
    assert_string_equal(reason(problem, "zh"), "不是您的码头。");
    city_expect(city, 200, landing_clerk(city), patch, "{\"seats\":5}");
    city_expect(city, 404, landing_clerk(city), "PATCH /landings/99", "{\"seats\":5}");
}

TEST(unknown_and_odd_credentials_are_refused_even_where_the_public_may)
{
    static const char *const odd[] = {
        "Bearer ", "Bearer unknown-token", "Basic dXNlcjpwYXNz", "Bearer a b", "Bearer \"x\"", "bearer", ""};
    CLEANUP_CITY struct city *city = landing_city();
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const struct http_header headers[] = {{"Authorization", odd[i]}, {0}};
        assert_int_equal(city_call_with(city, NULL, "GET /landings", headers, NULL, 0).status, 401);
    }
}

TEST(the_cookie_of_an_ended_session_reads_what_the_public_reads)
{
    CLEANUP_CITY struct city *city = landing_city();
    city_expect(city, 200, "session=gone", "GET /landings", NULL);
    city_expect(city, 401, "session=gone", "POST /landings", LANDING_BODY);
    city_expect(city, 204, "session=gone", "POST /session", NULL);
}

TEST(a_change_by_cookie_needs_the_value_that_only_our_pages_know)
{
    CLEANUP_CITY struct city *city = landing_city();
    const char *token = landing_clerk(city);
    const char *bare = city_format(city, "session=%s", token);
    city_expect(city, 403, bare, "POST /landings", LANDING_BODY);
    city_expect(city, 403, city_format(city, "session=%s;csrf=csrf-of-tesT", token), "POST /landings",
                LANDING_BODY);
    city_expect(city, 403, city_format(city, "session=%s;csrf=", token), "POST /landings", LANDING_BODY);
    assert_int_equal(landing_runs(), 0);
    city_expect(city, 200, bare, "GET /landings", NULL);
    city_expect(city, 201, city_format(city, "session=%s;csrf=csrf-of-test", token), "POST /landings",
                LANDING_BODY);
}

TEST(the_session_cookie_is_out_of_reach_of_scripts_and_other_sites)
{
    CLEANUP_CITY struct city *city = landing_city();
    struct city_reply reply = city_call(city, NULL, "POST /session", NULL);
    assert_string_equal(city_header(&reply, "Set-Cookie"),
                        "dukou_session=test:1:7:3:1:0; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600");
    city_app(city)->secure_cookies = true;
    reply = city_call(city, NULL, "POST /session", NULL);
    assert_non_null(strstr(city_header(&reply, "Set-Cookie"), "; Secure"));
    assert_ptr_equal(strstr(city_header(&reply, "Set-Cookie"), "__Host-dukou_session="),
                     city_header(&reply, "Set-Cookie"));
    reply = city_call(city, landing_clerk(city), "DELETE /session", NULL);
    assert_non_null(strstr(city_header(&reply, "Set-Cookie"), "dukou_session=; "));
    assert_non_null(strstr(city_header(&reply, "Set-Cookie"), "Max-Age=0"));
}

static int status_with_cookie(struct city *city, const char *cookie)
{
    const struct http_header headers[] = {{"Cookie", cookie}, {"X-CSRF-Token", "csrf-of-test"}, {0}};
    return city_call_with(city, NULL, "DELETE /session", headers, NULL, 0).status;
}

TEST(a_cookie_that_a_neighbouring_site_planted_is_not_taken)
{
    CLEANUP_CITY struct city *city = landing_city();
    const char *own = landing_clerk(city);
    assert_int_equal(status_with_cookie(city, city_format(city, "dukou_session=%s", own)), 204);
    assert_int_equal(status_with_cookie(city, city_format(city, "a=b; dukou_session=%s", own)), 204);
    assert_int_equal(
        status_with_cookie(city, city_format(city, "dukou_session=%s; dukou_session=planted", own)), 401);
    assert_int_equal(
        status_with_cookie(city, city_format(city, "dukou_session=planted; dukou_session=%s", own)), 401);
    assert_int_equal(status_with_cookie(city, city_format(city, "dukou_sessions=%s", own)), 401);
    city_app(city)->secure_cookies = true;
    assert_int_equal(status_with_cookie(city, city_format(city, "dukou_session=%s", own)), 401);
    assert_int_equal(status_with_cookie(city, city_format(city, "__Host-dukou_session=%s", own)), 204);
    attack_stopped(&(struct attack){
        .chapter = "session",
        .name = "cookies of a neighbouring site",
        .tried = "A site under the same domain sets a session cookie beside the caller's own.",
        .stopped = "http: gate.c; over TLS the prefix __Host-",
        .seen = "two sessions count as none; over TLS only the name that neighbours cannot set is read"});
}

TEST(problems_speak_the_callers_language_and_always_both)
{
    CLEANUP_CITY struct city *city = landing_city();
    static const struct {
        const char *accept;
        bool english;
    } cases[] = {{NULL, false},
                 {"", false},
                 {"en", true},
                 {"zh-CN,en;q=0.8", false},
                 {"en-GB, zh;q=0.5", true},
                 {"fr", false},
                 {"en;q=0.1, zh;q=0.9", false},
                 {"eng", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct http_header headers[] = {
            {cases[i].accept != NULL ? "Accept-Language" : "X", cases[i].accept}, {0}};
        struct city_reply reply = city_call_with(city, NULL, "GET /nothing", headers, NULL, 0);
        assert_string_equal(json_text(reply.json, "detail"),
                            reason(reply.json, cases[i].english ? "en" : "zh"));
        assert_non_null(json_text(json_object_get(reply.json, "zh"), "remedy"));
        assert_non_null(json_text(json_object_get(reply.json, "en"), "remedy"));
    }
}

TEST(a_caller_who_asks_too_often_is_told_when_to_come_again)
{
    CLEANUP_CITY struct city *city = landing_city();
    city_app(city)->public_per_minute = 3;
    city_app(city)->account_per_minute = 2;
    for (int i = 0; i < 3; i++)
        city_expect(city, 200, NULL, "GET /landings", NULL);
    struct city_reply reply = city_call(city, NULL, "GET /landings", NULL);
    assert_int_equal(reply.status, 429);
    const char *seconds = city_header(&reply, "Retry-After");
    assert_true(strcmp(seconds, "20") == 0 || strcmp(seconds, "21") == 0);
    /* Accounts have their own, and wrong tokens are counted for the address. */
    city_expect(city, 200, landing_clerk(city), "GET /landings", NULL);
    city_expect(city, 200, landing_clerk(city), "GET /landings", NULL);
    city_expect(city, 429, landing_clerk(city), "GET /landings", NULL);
    city_expect(city, 200, city_actor(city, ROLE_BUREAU, 8, 1, 0), "GET /landings", NULL);
    city_expect(city, 429, "guessed", "GET /landings", NULL);
}
