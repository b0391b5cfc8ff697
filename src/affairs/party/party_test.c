#include "affairs/fixture.h"
#include "affairs/party/party_inner.h"
#include "http/jobs.h"
#include "support/workflow_test.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

TEST(a_party_moves_only_as_written)
{
    workflow_test(&party_workflow, "new      apply   applied  public\n"
                                   "new      found   active   system\n"
                                   "applied  accept  active   bureau\n"
                                   "applied  refuse  refused  bureau\n"
                                   "active   end     ended    bureau\n");
}

static const char registration[] =
    "{\"role\":\"developer\",\"name\":\"新开发公司\",\"credit_code\":\"%s\",\"login\":\"newcomer\","
    "\"password\":\"correct horse battery\",\"account_name\":\"经办人\"}";

static struct city *city_with_logins(struct people *people)
{
    struct city *city = fixture_city(people);
    city_use_identity(city, &party_identity);
    return city;
}

static const char *log_in(struct city *city, int status, const char *login, const char *password)
{
    struct city_reply reply =
        city_call(city, NULL, "POST /session",
                  city_format(city, "{\"login\":\"%s\",\"password\":\"%s\"}", login, password));
    if (reply.status != status)
        print_message("log-in gave %d: %s\n", reply.status, reply.text);
    assert_int_equal(reply.status, status);
    const char *cookie = city_header(&reply, "Set-Cookie");
    if (status != 200)
        return NULL;
    assert_non_null(cookie);
    const char *value = strchr(cookie, '=') + 1;
    return city_format(city, "session=%.*s;csrf=%s", (int)strcspn(value, ";"), value,
                       json_string_value(json_object_get(reply.json, "csrf")));
}

TEST(an_organisation_registers_itself_is_accepted_and_logs_in)
{
    struct people people;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const json_t *party = city_expect(city, 201, NULL, "POST /parties",
                                      city_format(city, registration, fixture_credit_code(city, 90)));
    long long id = (long long)fixture_number(party, "id");
    (void)log_in(city, 401, "newcomer", "correct horse battery");
    (void)city_expect(city, 200, people.clerk, city_format(city, "POST /parties/%lld/accept", id), "{}");
    const char *session = log_in(city, 200, "newcomer", "correct horse battery");
    const json_t *who = city_expect(city, 200, session, "GET /session", NULL);
    assert_string_equal(json_string_value(json_object_get(who, "role")), "developer");
    assert_int_equal(fixture_number(who, "party"), id);
}

TEST(a_second_organisation_with_the_same_credit_code_is_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const json_t *problem = city_expect(city, 409, NULL, "POST /parties",
                                        city_format(city, registration, fixture_credit_code(city, 4)));
    assert_string_equal(json_string_value(json_object_get(problem, "field")), "/credit_code");
}

TEST(a_credit_code_with_a_wrong_check_digit_is_refused)
{
    struct people people;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    char *code = city_format(city, "%s", fixture_credit_code(city, 91));
    code[17] = code[17] == '0' ? '1' : '0';
    (void)city_expect(city, 422, NULL, "POST /parties", city_format(city, registration, code));
}

TEST(five_wrong_passwords_lock_a_log_in_for_a_quarter_of_an_hour)
{
    struct people people;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const json_t *party = city_expect(city, 201, NULL, "POST /parties",
                                      city_format(city, registration, fixture_credit_code(city, 90)));
    (void)city_expect(city, 200, people.clerk,
                      city_format(city, "POST /parties/%lld/accept", (long long)fixture_number(party, "id")),
                      "{}");
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        (void)log_in(city, 401, "newcomer", "wrong wrong wrong");
    (void)log_in(city, 429, "newcomer", "correct horse battery");
    city_advance(city, LIMIT_LOGIN_LOCK_MINUTES * INSTANT_MINUTE + INSTANT_SECOND);
    (void)log_in(city, 200, "newcomer", "correct horse battery");
}

static const char *newcomer_logs_in(struct city *city, const struct people *people, long long *ret_account)
{
    const json_t *party = city_expect(city, 201, NULL, "POST /parties",
                                      city_format(city, registration, fixture_credit_code(city, 90)));
    (void)city_expect(city, 200, people->clerk,
                      city_format(city, "POST /parties/%lld/accept", (long long)fixture_number(party, "id")),
                      "{}");
    const char *session = log_in(city, 200, "newcomer", "correct horse battery");
    *ret_account =
        (long long)fixture_number(city_expect(city, 200, session, "GET /session", NULL), "account");
    return session;
}

static const char *new_token(struct city *city, const char *session)
{
    const json_t *made = city_expect(city, 201, session, "POST /tokens", "{\"title\":\"t\",\"days\":30}");
    const char *token = json_text(made, "token");
    (void)city_expect(city, 200, token, "GET /session", NULL);
    return token;
}

TEST(who_holds_a_session_guesses_the_password_no_more_often_than_at_log_in)
{
    static const char right[] = "{\"old\":\"correct horse battery\",\"password\":\"another long phrase\"}";
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const char *session = newcomer_logs_in(city, &people, &account);
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        (void)city_expect(city, 403, session, "POST /password",
                          "{\"old\":\"wrong wrong wrong\",\"password\":\"another long phrase\"}");
    (void)city_expect(city, 429, session, "POST /password", right);
    (void)log_in(city, 429, "newcomer", "correct horse battery");
    city_advance(city, LIMIT_LOGIN_LOCK_MINUTES * INSTANT_MINUTE + INSTANT_SECOND);
    (void)city_expect(city, 200, session, "POST /password", right);
}

TEST(a_changed_password_ends_sessions_and_tokens)
{
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const char *session = newcomer_logs_in(city, &people, &account);
    const char *token = new_token(city, session);
    (void)city_expect(city, 200, session, "POST /password",
                      "{\"old\":\"correct horse battery\",\"password\":\"another long phrase\"}");
    (void)city_expect(city, 401, session, "GET /session", NULL);
    (void)city_expect(city, 401, token, "GET /session", NULL);
    (void)log_in(city, 401, "newcomer", "correct horse battery");
    (void)log_in(city, 200, "newcomer", "another long phrase");
}

TEST(tokens_of_an_ended_account_stay_dead_when_it_is_activated_again)
{
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const char *token = new_token(city, newcomer_logs_in(city, &people, &account));
    const char *security = city_actor(city, ROLE_SECURITY_ADMIN, 900, 0, 0);
    (void)city_expect(city, 200, security, city_format(city, "POST /accounts/%lld/end", account), "{}");
    (void)city_expect(city, 401, token, "GET /session", NULL);
    (void)city_expect(city, 200, security, city_format(city, "POST /accounts/%lld/activate", account),
                      "{\"duties\":[\"clerk\",\"reviewer\"]}");
    (void)city_expect(city, 401, token, "GET /session", NULL);
    (void)log_in(city, 200, "newcomer", "correct horse battery");
    const json_t *accounts =
        json_object_get(city_expect(city, 200, security, "GET /accounts?limit=100", NULL), "items");
    const json_t *last = json_array_get(accounts, json_array_size(accounts) - 1);
    const json_t *duties = json_object_get(last, "duties");
    assert_int_equal(json_array_size(duties), 2);
    assert_string_equal(json_string_value(json_array_get(duties, 0)), "clerk");
    assert_string_equal(json_string_value(json_array_get(duties, 1)), "reviewer");
}

TEST(an_unknown_name_costs_a_whole_password_check)
{
    struct people people;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    instant began = clock_monotonic();
    (void)log_in(city, 401, "nobody-of-this-name", "correct horse battery");
    instant unknown = clock_monotonic() - began;
    const char *hash;
    assert_ok(party_password_hash(city_arena(city), "correct horse battery", &hash));
    began = clock_monotonic();
    bool fits = false;
    assert_ok(party_password_fits(hash, "correct horse battery", &fits));
    assert_true(fits);
    assert_true(unknown * 2 > clock_monotonic() - began);
}

TEST(a_session_ends_when_it_is_idle_or_logged_out)
{
    struct people people;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const json_t *party = city_expect(city, 201, NULL, "POST /parties",
                                      city_format(city, registration, fixture_credit_code(city, 90)));
    (void)city_expect(city, 200, people.clerk,
                      city_format(city, "POST /parties/%lld/accept", (long long)fixture_number(party, "id")),
                      "{}");
    const char *session = log_in(city, 200, "newcomer", "correct horse battery");
    (void)city_expect(city, 200, session, "GET /session", NULL);
    city_advance(city, LIMIT_SESSION_IDLE_MINUTES * INSTANT_MINUTE + INSTANT_SECOND);
    (void)city_expect(city, 401, session, "GET /session", NULL);
    session = log_in(city, 200, "newcomer", "correct horse battery");
    (void)city_expect(city, 204, session, "DELETE /session", NULL);
    (void)city_expect(city, 401, session, "GET /session", NULL);
}

/* Lets the work behind the requests come to its end. */
static void finish_jobs(struct city *city)
{
    jobs_free(city_app(city)->jobs);
    city_app(city)->jobs = jobs_new(1, 4);
}

static int64_t noted(struct city *city)
{
    return strtoll(test_store_ask(city_store_url(city), "SELECT coalesce(max(seen_at), 0) FROM session"),
                   NULL, 10);
}

TEST(a_session_in_use_goes_on_and_its_use_is_noted_every_few_minutes_only)
{
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    city_app(city)->jobs = jobs_new(1, 4);
    const char *session = newcomer_logs_in(city, &people, &account);
    int64_t before = noted(city);
    for (int minute = 1; minute <= 2 * LIMIT_SESSION_NOTE_MINUTES; minute++) {
        city_advance(city, INSTANT_MINUTE);
        (void)city_expect(city, 200, session, "GET /session", NULL);
        (void)city_expect(city, 200, session, "GET /session", NULL);
        finish_jobs(city);
        bool due = minute % LIMIT_SESSION_NOTE_MINUTES == 0;
        assert_int_equal(noted(city), before + (due ? LIMIT_SESSION_NOTE_MINUTES * INSTANT_MINUTE : 0));
        before = noted(city);
    }
    for (int i = 0; i < 4; i++) {
        city_advance(city, (LIMIT_SESSION_IDLE_MINUTES - 1) * INSTANT_MINUTE);
        (void)city_expect(city, 200, session, i % 2 == 0 ? "GET /session" : "GET /notices", NULL);
        finish_jobs(city);
    }
    city_advance(city, LIMIT_SESSION_IDLE_MINUTES * INSTANT_MINUTE + INSTANT_SECOND);
    (void)city_expect(city, 401, session, "GET /session", NULL);
    jobs_free(city_app(city)->jobs);
    city_app(city)->jobs = NULL;
}

TEST(a_session_in_use_ends_after_twelve_hours_all_the_same)
{
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    city_app(city)->jobs = jobs_new(1, 4);
    const char *session = newcomer_logs_in(city, &people, &account);
    for (int i = 0; i < 2 * LIMIT_SESSION_HOURS; i++) {
        (void)city_expect(city, 200, session, "GET /session", NULL);
        finish_jobs(city);
        city_advance(city, INSTANT_HOUR / 2);
    }
    (void)city_expect(city, 401, session, "GET /session", NULL);
    jobs_free(city_app(city)->jobs);
    city_app(city)->jobs = NULL;
}

struct use {
    const char *session; /* "session=TOKEN;csrf=…" */
    instant at;
};

static enum result note_use(struct work *work, void *argument)
{
    const struct use *use = argument;
    const char *token = use->session + strlen("session=");
    return party_identity.session_used(
        work, arena_printf(work->arena, "%.*s", (int)strcspn(token, ";"), token), use->at);
}

TEST(a_use_that_is_noted_late_neither_revives_a_session_nor_sets_it_back)
{
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const char *session = newcomer_logs_in(city, &people, &account);
    int64_t begun = noted(city);
    struct use use = {session, begun - INSTANT_HOUR};
    assert_ok(city_write(city, people.clerk, note_use, &use, NULL));
    assert_int_equal(noted(city), begun);
    (void)city_expect(city, 204, session, "DELETE /session", NULL);
    use.at = begun + INSTANT_HOUR;
    assert_ok(city_write(city, people.clerk, note_use, &use, NULL));
    assert_int_equal(noted(city), 0);
    (void)city_expect(city, 401, session, "GET /session", NULL);
}

/* The cookies of a log-in as the browser sends them back, but for the session. */
static struct city_reply log_in_from(struct city *city, const char *cookie, const char *login,
                                     const char *password)
{
    const char *body = city_format(city, "{\"login\":\"%s\",\"password\":\"%s\"}", login, password);
    const struct http_header headers[] = {
        {"Content-Type", "application/json"},
        {cookie != NULL ? "Cookie" : "X-None", cookie != NULL ? cookie : ""},
        {0}};
    return city_call_with(city, NULL, "POST /session", headers, body, strlen(body));
}

static const char *browser_of(struct city *city, const struct city_reply *reply)
{
    for (const struct http_header *header = reply->headers; header->name != NULL; header++)
        if (strncmp(header->value, "dukou_browser=", strlen("dukou_browser=")) == 0)
            return city_format(city, "%.*s", (int)strcspn(header->value, ";"), header->value);
    fail_msg("log-in gave no cookie for the browser");
    return "";
}

TEST(who_locks_a_name_does_not_lock_the_browsers_that_its_owner_has_logged_in_from)
{
    static const char right[] = "correct horse battery";
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    (void)newcomer_logs_in(city, &people, &account);
    struct city_reply reply = log_in_from(city, NULL, "newcomer", right);
    assert_int_equal(reply.status, 200);
    const char *browser = browser_of(city, &reply);
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        (void)log_in(city, 401, "newcomer", "wrong wrong wrong");
    (void)log_in(city, 429, "newcomer", right);
    city_advance(city, INSTANT_MINUTE);
    reply = log_in_from(city, browser, "newcomer", right);
    assert_int_equal(reply.status, 200);
    assert_string_not_equal(browser_of(city, &reply), browser); /* with a later end */
    (void)log_in(city, 429, "newcomer", right);
    /* It keeps its number: it gets no further guesses by logging in. */
    const char *later = browser_of(city, &reply);
    assert_memory_equal(later, browser, strlen("dukou_browser=") + 64);
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        assert_int_equal(log_in_from(city, i % 2 == 0 ? browser : later, "newcomer", "wrong wrong").status,
                         401);
    assert_int_equal(log_in_from(city, browser, "newcomer", right).status, 429);
    assert_int_equal(log_in_from(city, later, "newcomer", right).status, 429);
    city_advance(city, LIMIT_LOGIN_LOCK_MINUTES * INSTANT_MINUTE + INSTANT_SECOND);
    assert_int_equal(log_in_from(city, later, "newcomer", right).status, 200);
}

TEST(a_browser_cookie_that_is_altered_foreign_old_or_from_before_a_new_password_is_none)
{
    static const char right[] = "correct horse battery";
    struct people people;
    long long account;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    (void)newcomer_logs_in(city, &people, &account);
    struct city_reply reply = log_in_from(city, NULL, "newcomer", right);
    const char *browser = browser_of(city, &reply);
    size_t length = strlen(browser);
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        (void)log_in(city, 401, "newcomer", "wrong wrong wrong");
    for (size_t at = strlen("dukou_browser="); at < length; at++) {
        char *altered = city_format(city, "%s", browser);
        altered[at] = altered[at] == '0' ? '1' : '0';
        assert_int_equal(log_in_from(city, altered, "newcomer", right).status, 429);
    }
    const char *const bad[] = {
        city_format(city, "%.*s", (int)length - 1, browser), city_format(city, "%s0", browser),
        city_format(city, "%s; %s", browser, browser), "dukou_browser=", "dukou_browser=0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(log_in_from(city, bad[i], "newcomer", right).status, 429);
    /* Of another name: it counts as a stranger's there. */
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        assert_int_equal(log_in_from(city, browser, "nobody", "wrong wrong").status, 401);
    assert_int_equal(log_in_from(city, browser, "nobody", right).status, 429);
    assert_int_equal(log_in_from(city, browser, "newcomer", right).status, 200);
    reply = log_in_from(city, browser, "newcomer", right);
    const char *value = strchr(city_header(&reply, "Set-Cookie"), '=') + 1;
    const char *session = city_format(city, "session=%.*s;csrf=%s", (int)strcspn(value, ";"), value,
                                      json_string_value(json_object_get(reply.json, "csrf")));
    city_advance(city, LIMIT_LOGIN_LOCK_MINUTES * INSTANT_MINUTE + INSTANT_SECOND);
    (void)city_expect(city, 200, session, "POST /password",
                      "{\"old\":\"correct horse battery\",\"password\":\"another long phrase\"}");
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        (void)log_in(city, 401, "newcomer", "wrong wrong wrong");
    assert_int_equal(log_in_from(city, browser, "newcomer", "another long phrase").status, 429);
    city_advance(city, LIMIT_LOGIN_LOCK_MINUTES * INSTANT_MINUTE + INSTANT_SECOND);
    reply = log_in_from(city, browser, "newcomer", "another long phrase");
    browser = browser_of(city, &reply);
    fixture_days(city, LIMIT_BROWSER_DAYS + 1);
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++)
        (void)log_in(city, 401, "newcomer", "wrong wrong wrong");
    assert_int_equal(log_in_from(city, browser, "newcomer", "another long phrase").status, 429);
}

TEST(an_acting_approver_acts_under_a_confirmed_delegation_only_and_within_its_days)
{
    struct people people;
    CLEANUP_CITY struct city *city = city_with_logins(&people);
    const json_t *party = city_expect(city, 201, NULL, "POST /parties",
                                      city_format(city, registration, fixture_credit_code(city, 90)));
    (void)city_expect(city, 200, people.clerk,
                      city_format(city, "POST /parties/%lld/accept", (long long)fixture_number(party, "id")),
                      "{}");
    const json_t *made = city_expect(
        city, 201, people.provider_clerk, "POST /delegations",
        "{\"to_login\":\"newcomer\",\"duties\":[\"approver\"],\"from_day\":\"2026-03-01\",\"until_day\":"
        "\"2026-03-31\",\"basis\":\"一人单位\"}");
    long long id = (long long)fixture_number(made, "id");
    const char *session = log_in(city, 200, "newcomer", "correct horse battery");
    const char *act = city_format(city, "{\"delegation\":%lld}", id);
    (void)city_expect(city, 409, session, "POST /session/acting", act);
    const char *security = city_actor(city, ROLE_SECURITY_ADMIN, 900, 0, 0);
    (void)city_expect(city, 200, security, city_format(city, "POST /delegations/%lld/confirm", id), "{}");
    (void)city_expect(city, 200, session, "POST /session/acting", act);
    const json_t *who = city_expect(city, 200, session, "GET /session", NULL);
    assert_string_equal(json_string_value(json_object_get(who, "role")), "provider");
    assert_int_equal(fixture_number(who, "party"), people.provider);
    fixture_days(city, 40);
    session = log_in(city, 200, "newcomer", "correct horse battery");
    (void)city_expect(city, 409, session, "POST /session/acting", act);
}

struct pair {
    row_id a, b;
};

static enum result ask_affiliate(struct work *work, void *argument)
{
    const struct pair *pair = argument;
    return party_is_no_affiliate(work, pair->a, pair->b, LAW(NO_REDEVELOPMENT));
}

TEST(affiliates_are_found_through_a_chain_of_holdings_and_the_path_is_shown)
{
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    const char *codes[] = {fixture_credit_code(city, 3), fixture_credit_code(city, 50),
                           fixture_credit_code(city, 51), fixture_credit_code(city, 4)};
    struct pair pair = {people.candidate, people.developer};
    struct refusal refusal = {0};
    assert_ok(city_read(city, people.clerk, ask_affiliate, &pair, NULL));
    for (int i = 0; i < 3; i++)
        (void)city_expect(city, 201, people.clerk, "POST /holdings",
                          city_format(city,
                                      "{\"holder_code\":\"%s\",\"held_code\":\"%s\",\"share_bp\":5100,\"from_"
                                      "day\":\"2020-01-01\",\"source\":\"企业公示\"}",
                                      codes[i], codes[i + 1]));
    assert_int_equal(city_read(city, people.clerk, ask_affiliate, &pair, &refusal), RESULT_FORBIDDEN);
    assert_non_null(strstr(refusal.en, codes[1]));
    assert_non_null(strstr(refusal.en, codes[2]));
}
