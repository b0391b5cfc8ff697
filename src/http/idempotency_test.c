#include "http/fixture.h"
#include "support/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "7d3f1a52-0001-4c7e-9b1e-aaaaaaaaaaaa"

static struct city_reply post(struct city *city, const char *who, const char *call, const char *key,
                              const char *body)
{
    const struct http_header headers[] = {
        {"Idempotency-Key", key}, {body != NULL ? "Content-Type" : "X", "application/json"}, {0}};
    return city_call_with(city, who, call, headers, body, body != NULL ? strlen(body) : 0);
}

TEST(a_request_sent_twice_is_done_once_and_answered_alike)
{
    CLEANUP_CITY struct city *city = landing_city();
    struct city_reply first = post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY);
    struct city_reply second = post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY);
    assert_int_equal(first.status, 201);
    assert_int_equal(second.status, 201);
    assert_string_equal(second.text, first.text);
    assert_int_equal(landing_runs(), 1);
}

TEST(a_key_used_for_another_request_is_refused)
{
    CLEANUP_CITY struct city *city = landing_city();
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY).status, 201);
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY " ").status, 422);
    assert_int_equal(post(city, landing_clerk(city), "POST /landings/1/survey", KEY, NULL).status, 422);
    assert_int_equal(landing_runs(), 1);
}

TEST(keys_of_different_accounts_do_not_meet)
{
    CLEANUP_CITY struct city *city = landing_city();
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY).status, 201);
    const char *other = city_actor(city, ROLE_PROVIDER, 8, 4, DUTY_CLERK);
    assert_int_equal(post(city, other, "POST /landings", KEY, LANDING_BODY).status,
                     409); /* the title is taken */
    assert_int_equal(landing_runs(), 2);
}

TEST(a_refused_request_leaves_its_key_free)
{
    CLEANUP_CITY struct city *city = landing_city();
    (void)landing_made(city);
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY).status, 409);
    city_expect(city, 204, landing_clerk(city), "DELETE /landings/1", NULL);
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY).status, 201);
}

TEST(a_long_request_is_done_once_and_frees_its_key_when_it_fails)
{
    CLEANUP_CITY struct city *city = landing_city();
    (void)landing_made(city);
    struct city_reply first = post(city, landing_clerk(city), "POST /landings/1/survey", KEY, NULL);
    struct city_reply second = post(city, landing_clerk(city), "POST /landings/1/survey", KEY, NULL);
    assert_int_equal(first.status, 200);
    assert_string_equal(first.text, "{\"size\":121}");
    assert_string_equal(second.text, first.text);
    city_expect(city, 200, landing_clerk(city), "PATCH /landings/1", "{\"seats\":500}");
    assert_int_equal(post(city, landing_clerk(city), "POST /landings/1/survey", KEY "2", NULL).status, 409);
    city_expect(city, 200, landing_clerk(city), "PATCH /landings/1", "{\"seats\":20}");
    assert_int_equal(post(city, landing_clerk(city), "POST /landings/1/survey", KEY "2", NULL).status, 200);
}

TEST(a_reply_is_kept_for_a_day)
{
    CLEANUP_CITY struct city *city = landing_city();
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY).status, 201);
    city_advance(city, 24 * INSTANT_HOUR - INSTANT_SECOND);
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY).status, 201);
    city_advance(city, INSTANT_SECOND);
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", KEY, LANDING_BODY).status, 409);
}

TEST(a_log_in_is_not_replayed)
{
    CLEANUP_CITY struct city *city = landing_city();
    assert_int_equal(post(city, NULL, "POST /session", KEY, NULL).status, 204);
    struct city_reply again = post(city, NULL, "POST /session", KEY, NULL);
    assert_non_null(city_header(&again, "Set-Cookie"));
    assert_int_equal(landing_runs(), 2);
}

TEST(a_weak_key_is_refused)
{
    CLEANUP_CITY struct city *city = landing_city();
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", "1", LANDING_BODY).status, 422);
    assert_int_equal(
        post(city, landing_clerk(city), "POST /landings", "0123456789 abcdef", LANDING_BODY).status, 422);
    char longest[300];
    memset(longest, 'k', 256);
    longest[256] = '\0';
    assert_int_equal(post(city, landing_clerk(city), "POST /landings", longest, LANDING_BODY).status, 422);
    assert_int_equal(landing_runs(), 0);
}

/* Neither the key nor the reply stands in the store's files in clear. */
TEST(what_is_kept_cannot_be_read_without_the_key)
{
    CLEANUP_CITY struct city *city = landing_city();
    (void)landing_made(city);
    assert_int_equal(post(city, landing_clerk(city), "POST /landings/1/survey", KEY, NULL).status, 200);
    const char *url = city_store_url(city);
    assert_true(test_store_holds(url, "中华路码头", strlen("中华路码头"))); /* it looks at all */
    assert_false(test_store_holds(url, KEY, strlen(KEY)));
    assert_false(test_store_holds(url, "{\"size\":121}", 12));
}
