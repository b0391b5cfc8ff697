/* EXIT_CLOSE (2.4.2d) with the real keeper: what ends with an agreement, and what lives on. */
#include "affairs/agreement/agreement.h"
#include "affairs/party/party_inner.h"
#include "affairs/request/request.h"
#include "affairs/request/request_fixture.h"
#include "affairs/room/room.h"
#include "base/json.h"
#include "http/jobs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As main.c has them. */
static const struct agreement_exit exits[] = {
    {room_stop_all, room_end_all},
    {room_stop_all, request_end_grants},
    {0},
};

static struct yard exiting_yard(void)
{
    struct yard yard = yard_new();
    city_app(yard.city)->agreement_exits = exits;
    return yard;
}

static const json_t *close_it(struct yard *yard, int status, const char *who, const char *reason)
{
    return city_expect(yard->city, status, who,
                       city_format(yard->city, "POST /agreements/%lld/close", (long long)yard->agreement),
                       city_format(yard->city, "{\"reason\":\"%s\"}", reason));
}

static const char grouped[] = "SELECT district, COUNT(*) AS n FROM insured GROUP BY district";

/* ---- log-ins ---- */

struct login {
    row_id party;
    const char *name;
    row_id account;
};

static enum result insert_login(struct work *work, void *argument)
{
    struct login *login = argument;
    struct account_new account = {.party = login->party,
                                  .role = ROLE_OPERATOR,
                                  .login = login->name,
                                  .name = login->name,
                                  .duties = DUTY_CLERK,
                                  .state = "active"};
    TRY(party_password_hash(work->arena, "correct horse battery", &account.password_hash));
    TRY(party_account_insert(work, &account, &login->account));
    return work_record(work, "add_account", "account", login->account, LAW_NONE, NULL);
}

static row_id make_login(struct yard *yard, const char *name)
{
    struct login login = {yard->people.candidate, name, 0};
    assert_ok(
        city_write(yard->city, city_actor(yard->city, ROLE_SYSTEM, 0, 0, 0), insert_login, &login, NULL));
    return login.account;
}

static const char *log_in(struct yard *yard, int status, const char *name)
{
    struct city_reply reply =
        city_call(yard->city, NULL, "POST /session",
                  city_format(yard->city, "{\"login\":\"%s\",\"password\":\"correct horse battery\"}", name));
    assert_int_equal(reply.status, status);
    if (status != 200)
        return NULL;
    const char *value = strchr(city_header(&reply, "Set-Cookie"), '=') + 1;
    return city_format(yard->city, "session=%.*s;csrf=%s", (int)strcspn(value, ";"), value,
                       json_text(reply.json, "csrf"));
}

TEST(on_exit_the_operator_s_accounts_log_in_no_more_but_for_a_hand_over_account_that_sees_the_hand_over_only)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    city_use_identity(yard.city, &party_identity);
    (void)make_login(&yard, "worker");
    row_id keeper_of_papers = make_login(&yard, "papers");
    const char *security = city_actor(yard.city, ROLE_SECURITY_ADMIN, 900, 0, 0);
    const char *session = log_in(&yard, 200, "worker");
    (void)city_expect(yard.city, 200, session, "GET /rooms", NULL);
    (void)city_expect(yard.city, 200, security,
                      city_format(yard.city, "POST /accounts/%lld/hand-over", (long long)keeper_of_papers),
                      "{}");
    (void)close_it(&yard, 200, yard.people.approver, "违约");
    (void)city_expect(yard.city, 401, session, "GET /rooms", NULL);
    (void)log_in(&yard, 401, "worker");
    session = log_in(&yard, 200, "papers");
    const char *hand_over =
        city_format(yard.city, "GET /agreements/%lld/hand-over", (long long)yard.agreement);
    (void)city_expect(yard.city, 200, session, hand_over, NULL);
    static const char *const others[] = {"GET /rooms",      "GET /requests", "GET /documents",
                                         "GET /admissions", "GET /filings",  "GET /agreements"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        (void)city_expect(yard.city, 403, session, others[i], NULL);
    (void)city_expect(yard.city, 403, session, "POST /rooms", "{\"title\":\"x\",\"quota_seconds\":60}");
}

TEST(one_who_acts_for_the_operator_by_delegation_acts_no_more_after_exit)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    city_use_identity(yard.city, &party_identity);
    struct login login = {yard.people.developer, "friend", 0};
    assert_ok(city_write(yard.city, city_actor(yard.city, ROLE_SYSTEM, 0, 0, 0), insert_login, &login, NULL));
    const json_t *made = city_expect(yard.city, 201, yard.people.operator_clerk, "POST /delegations",
                                     "{\"to_login\":\"friend\",\"duties\":[\"approver\"],\"from_day\":\"2026-"
                                     "03-01\",\"until_day\":\"2027-03-01\","
                                     "\"basis\":\"代理\"}");
    long long id = (long long)fixture_number(made, "id");
    (void)city_expect(yard.city, 200, city_actor(yard.city, ROLE_SECURITY_ADMIN, 900, 0, 0),
                      city_format(yard.city, "POST /delegations/%lld/confirm", id), "{}");
    const char *session = log_in(&yard, 200, "friend");
    const char *act = city_format(yard.city, "{\"delegation\":%lld}", id);
    (void)city_expect(yard.city, 200, session, "POST /session/acting", act);
    (void)city_expect(yard.city, 200, session, "GET /rooms", NULL);
    (void)close_it(&yard, 200, yard.people.approver, "违约");
    (void)city_expect(yard.city, 401, session, "GET /rooms", NULL);
    session = log_in(&yard, 200, "friend");
    (void)city_expect(yard.city, 409, session, "POST /session/acting", act);
}

/* ---- data ---- */

static size_t certificates(struct yard *yard, const char *key)
{
    const json_t *hand_over = city_expect(
        yard->city, 200, yard->people.approver,
        city_format(yard->city, "GET /agreements/%lld/hand-over", (long long)yard->agreement), NULL);
    const json_t *list = json_object_get(hand_over, "certificates");
    size_t found = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *body = json_object_get(json_array_get(list, i), "body");
        if (strcmp(json_text(json_array_get(list, i), "key_name"), key) != 0)
            continue;
        assert_true(json_array_size(json_object_get(body, "files")) > 0);
        assert_true(json_is_array(json_object_get(body, "backups")));
        assert_non_null(json_text(body, "at"));
        found++;
    }
    return found;
}

TEST(on_exit_what_was_called_in_is_unreadable_with_certificates_and_nothing_new_begins)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    struct people *people = &yard.people;
    (void)yard_deliver(&yard, people->developer_clerk, yard.room, yard.entry, "insured", 200);
    row_id waiting = yard_request(&yard, people->developer_clerk, yard.room, yard.entry, "waiting");
    row_id ordered = yard_request(&yard, people->developer_clerk, yard.room, yard.entry, "ordered");
    (void)yard_approve(&yard, 200, ordered);
    const json_t *order = yard_order(&yard);
    row_id query = fixture_number(yard_query(&yard, 202, people->developer_clerk, yard.room, grouped), "id");
    (void)close_it(&yard, 403, people->clerk, "违约");
    (void)close_it(&yard, 403, people->operator_approver, "违约");
    fixture_refused(close_it(&yard, 422, people->approver, "  "), "/reason", "2.6.1c", NULL);
    const json_t *closed = close_it(&yard, 200, people->approver, "违约");
    assert_string_equal(json_text(closed, "state"), "closed");
    assert_non_null(json_text(closed, "closed_at"));
    assert_int_equal(certificates(&yard, "grant/1"), 1);
    assert_int_equal(certificates(&yard, "room/1"), 1);

    CLEANUP_JSON json_t *gone = NULL;
    assert_int_equal(fixture_open(&yard.keeper, 99, query, &gone), RESULT_NOT_FOUND);
    (void)yard_query(&yard, 409, people->developer_clerk, yard.room, grouped);
    assert_int_equal(yard_send(&yard, people->source, order, yard_rows(&yard, 20)).status, 409);
    (void)yard_approve(&yard, 409, waiting);
    (void)city_expect(yard.city, 409, people->operator_clerk, "POST /rooms",
                      "{\"title\":\"x\",\"quota_seconds\":60}");
    const char *newcomer =
        fixture_party(yard.city, ROLE_DEVELOPER, "后来公司", fixture_credit_code(yard.city, 30), NULL);
    fixture_refused(
        city_expect(yard.city, 409, newcomer, "POST /admissions",
                    city_format(yard.city,
                                "{\"agreement_id\":%lld,\"management\":\"能\",\"security\":\"能\","
                                "\"document_id\":1}",
                                (long long)yard.agreement)),
        "agreement", "2.4.1d", "exited");
    (void)close_it(&yard, 409, people->approver, "再次");
    const json_t *notices = city_expect(yard.city, 200, NULL, "GET /notices?kind=agreement_closed", NULL);
    assert_int_equal(json_array_size(json_object_get(notices, "items")), 1);
    const json_t *history =
        city_expect(yard.city, 200, people->regulator_clerk,
                    city_format(yard.city, "GET /requests/%lld/history", (long long)ordered),
                    NULL); /* the record stays */
    assert_true(json_array_size(json_object_get(history, "items")) >= 4);
}

/* What a crash between the destruction of keys and its record leaves: nothing is lost when it is asked again.
 */
TEST(a_certificate_is_kept_although_the_first_attempt_to_close_broke_off)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    (void)yard_deliver(&yard, yard.people.developer_clerk, yard.room, yard.entry, "insured", 200);
    (void)yard_query(&yard, 202, yard.people.developer_clerk, yard.room, grouped);
    static const char *const keys[] = {"grant/1", "room/1"};
    for (int i = 0; i < 2; i++) {
        CLEANUP_JSON json_t *certificate = NULL;
        assert_ok(keeper_key_destroy(yard.keeper.keeper, keys[i], &certificate));
    }
    (void)close_it(&yard, 200, yard.people.approver, "违约");
    assert_int_equal(certificates(&yard, "grant/1"), 1);
    assert_int_equal(certificates(&yard, "room/1"), 1);
}

TEST(the_certificates_of_a_room_closed_before_belong_to_the_hand_over_too)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    (void)yard_deliver(&yard, yard.people.developer_clerk, yard.room, yard.entry, "insured", 200);
    (void)yard_query(&yard, 202, yard.people.developer_clerk, yard.room, grouped);
    (void)city_expect(yard.city, 200, yard.people.operator_clerk,
                      city_format(yard.city, "POST /rooms/%lld/close", (long long)yard.room),
                      "{\"reason\":\"完成\"}");
    assert_int_equal(certificates(&yard, "room/1"), 1);
    assert_int_equal(certificates(&yard, "grant/1"), 0);
    (void)close_it(&yard, 200, yard.people.approver, "违约");
    assert_int_equal(certificates(&yard, "room/1"), 1);
    assert_int_equal(certificates(&yard, "grant/1"), 1);
}

/* A second operator with an individual agreement and a room of its own, over the same entry. */
static row_id second_operator(struct yard *yard, struct people *ret_people)
{
    struct people *p = ret_people;
    *p = yard->people;
    struct city *city = yard->city;
    (void)fixture_party(city, ROLE_OPERATOR, "第二运营公司", fixture_credit_code(city, 20), &p->candidate);
    p->operator_clerk = fixture_account(city, p->candidate, ROLE_OPERATOR, "second-clerk", DUTY_CLERK);
    p->operator_reviewer =
        fixture_account(city, p->candidate, ROLE_OPERATOR, "second-reviewer", DUTY_REVIEWER);
    const json_t *made =
        city_expect(city, 201, p->clerk, "POST /selections",
                    "{\"title\":\"再遴选\",\"mode\":\"individual\",\"scope\":{\"industries\":[\"社会保障\"]},"
                    "\"necessity\":\"专业\",\"conditions\":\"具备条件\","
                    "\"criteria\":[{\"name\":"
                    "\"能力\",\"weight\":100}],\"open\":true,\"applications_until\":\"2026-03-31\"}");
    const char *at = city_format(city, "POST /selections/%lld/", (long long)fixture_number(made, "id"));
#define AT(name) city_format(city, "%s%s", at, name)
    (void)city_expect(city, 200, p->approver, AT("publish"), "{}");
    made = city_expect(
        city, 201, p->operator_clerk, AT("applications"),
        city_format(city,
                    "{\"capability\":\"能\",\"ecosystem\":\"能\",\"security\":\"能\",\"document_id\":%lld}",
                    (long long)fixture_document(city, p->candidate)));
    long long application = (long long)fixture_number(made, "id");
    fixture_days(city, 1);
    (void)city_expect(city, 200, p->clerk, AT("close"), "{}");
    const char *scorers[] = {"bureau-clerk", "provider-clerk"}, *tokens[] = {p->clerk, p->provider_clerk};
    for (int i = 0; i < 2; i++) {
        (void)city_expect(city, 201, p->clerk, AT("scorers"),
                          city_format(city, "{\"login\":\"%s\"}", scorers[i]));
        (void)city_expect(city, 200, tokens[i], AT("declaration"), "{\"interest\":false}");
        (void)city_expect(
            city, 200, tokens[i], AT("scores"),
            city_format(city, "{\"application_id\":%lld,\"points\":[{\"criterion\":\"能力\",\"points\":80}]}",
                        application));
    }
    (void)city_expect(city, 200, p->clerk, AT("end-review"), "{}");
    (void)city_expect(city, 200, p->approver, AT("decide"),
                      city_format(city, "{\"application_id\":%lld}", application));
    (void)city_expect(city, 200, p->clerk, AT("publicise"), "{\"working_days\":5}");
    fixture_days(city, 10);
    (void)city_expect(city, 200, p->clerk, AT("file"), "{}");
#undef AT
    made = city_expect(city, 201, p->clerk, "POST /agreements",
                       city_format(city,
                                   "{\"selection_id\":2,\"document_id\":%lld,\"from_day\":\"2026-04-01\","
                                   "\"trial_months\":0}",
                                   (long long)fixture_document(city, p->bureau)));
    long long agreement = (long long)fixture_number(made, "id");
    (void)city_expect(city, 200, p->operator_clerk,
                      city_format(city, "POST /agreements/%lld/sign", agreement), "{}");
    (void)city_expect(city, 200, p->approver,
                      city_format(city, "POST /agreements/%lld/countersign", agreement), "{}");
    return fixture_number(
        city_expect(city, 201, p->operator_clerk, "POST /rooms", "{\"title\":\"自用\",\"quota_seconds\":60}"),
        "id");
}

/* 2.3c too: one resource works under a whole and an individual agreement. */
TEST(other_grants_of_the_same_resource_live_on)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    struct people second;
    (void)yard_deliver(&yard, yard.people.developer_clerk, yard.room, yard.entry, "insured", 200);
    row_id room = second_operator(&yard, &second);
    struct people first = yard.people;
    yard.people = second;
    const char *asking =
        fixture_account(yard.city, second.candidate, ROLE_OPERATOR, "second-asker", DUTY_CLERK);
    (void)yard_deliver(&yard, asking, room, yard.entry, "insured", 200);
    yard.people = first;
    (void)close_it(&yard, 200, yard.people.approver, "违约");
    assert_int_equal(certificates(&yard, "grant/1"), 1);
    assert_int_equal(certificates(&yard, "grant/2"), 0);
    const json_t *done = yard_query(&yard, 202, asking, room, grouped);
    assert_string_equal(json_text(done, "state"), "done");
}

/* ---- running queries ---- */

static row_id busy_import(struct yard *yard, int rows)
{
    struct city *city = yard->city;
    char *text = arena_alloc(city_arena(city), (size_t)(rows + 1) * 24);
    size_t at = (size_t)sprintf(text, "citizen,class\n");
    for (int i = 0; i < rows; i++)
        at += (size_t)sprintf(text + at, "P%d,A\n", i % 20 + 1);
    const json_t *made = city_expect(
        city, 201, yard->people.developer_clerk,
        city_format(city, "POST /rooms/%lld/imports", (long long)yard->room),
        city_format(city,
                    "{\"title\":\"自有\",\"table_name\":\"own\",\"proof_id\":%lld,\"columns\":[{\"name\":"
                    "\"citizen\",\"type\":\"text\",\"use\":\"key\"},{\"name\":\"class\",\"type\":\"text\","
                    "\"use\":\"dimension\"}]}",
                    (long long)fixture_document(city, yard->people.developer)));
    row_id import = fixture_number(made, "id");
    assert_int_equal(city_upload(city, yard->people.developer_clerk,
                                 city_format(city, "PUT /imports/%lld/content", (long long)import), text, at)
                         .status,
                     200);
    (void)city_expect(city, 200, yard->people.operator_reviewer,
                      city_format(city, "POST /imports/%lld/accept", (long long)import), "{}");
    (void)city_expect(
        city, 201, yard->people.developer_clerk,
        city_format(city, "POST /rooms/%lld/joins", (long long)yard->room),
        "{\"left_table\":\"insured\",\"left_column\":\"citizen\",\"right_table\":\"own\",\"right_column\":"
        "\"citizen\"}");
    return import;
}

/* Each of 20 citizens stands in `rows` / 20 lines of either side. */
static const char *many_lines(struct yard *yard, int rows)
{
    char *text = arena_alloc(city_arena(yard->city), (size_t)(rows + 1) * 32);
    size_t at = (size_t)sprintf(text, "citizen,district,base\n");
    for (int i = 0; i < rows; i++)
        at += (size_t)sprintf(text + at, "P%d,区1,%d\n", i % 20 + 1, 3000 + i % 977);
    return text;
}

static const char busy_sql[] =
    "SELECT own.class, COUNT(*) AS n, SUM(exp(ln(insured.base) * 1.0001)) AS s FROM insured JOIN own ON "
    "insured.citizen = own.citizen GROUP BY own.class";

/* A join of some hundreds of millions of lines. */
static void bring_busy_rows(struct yard *yard)
{
    row_id request = yard_request(yard, yard->people.developer_clerk, yard->room, yard->entry, "insured");
    (void)yard_approve(yard, 200, request);
    assert_int_equal(yard_send(yard, yard->people.source, yard_order(yard), many_lines(yard, 100000)).status,
                     200);
    (void)busy_import(yard, 100000);
}

TEST(running_queries_stop_within_a_second_of_exit)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    struct city *city = yard.city;
    bring_busy_rows(&yard);
    struct jobs *jobs = jobs_new(2, 8);
    city_app(city)->jobs = jobs;
    const json_t *run = city_expect(city, 202, yard.people.developer_clerk,
                                    city_format(city, "POST /rooms/%lld/queries", (long long)yard.room),
                                    city_format(city, "{\"sql\":\"%s\"}", busy_sql));
    const char *show = city_format(city, "GET /queries/%lld", (long long)fixture_number(run, "id"));
    (void)usleep(700 * 1000);
    assert_string_equal(json_text(city_expect(city, 200, yard.people.clerk, show, NULL), "state"), "running");
    instant begun = clock_monotonic();
    (void)close_it(&yard, 200, yard.people.approver, "违约");
    const char *now = "running";
    while (strcmp(now, "running") == 0 && clock_monotonic() - begun < INSTANT_SECOND) {
        (void)usleep(10 * 1000);
        now = json_text(city_expect(city, 200, yard.people.clerk, show, NULL), "state");
    }
    assert_string_equal(now, "failed");
    jobs_free(jobs);
    city_app(city)->jobs = NULL;
}

/* 2.3d: a query that began within the quota does not run on beyond it */
TEST(a_query_that_is_running_when_the_quota_ends_is_stopped)
{
    CLEANUP_YARD struct yard yard = exiting_yard();
    struct city *city = yard.city;
    yard.room = fixture_number(
        city_expect(city, 201, yard.people.operator_clerk, "POST /rooms",
                    city_format(city, "{\"admission_id\":%lld,\"title\":\"小\",\"quota_seconds\":1}",
                                (long long)yard.admission)),
        "id");
    bring_busy_rows(&yard);
    const json_t *done = yard_query(&yard, 202, yard.people.developer_clerk, yard.room, busy_sql);
    assert_string_equal(json_text(done, "state"), "failed");
    assert_non_null(strstr(json_text(done, "reason_en"), "quota"));
    const json_t *room = city_expect(city, 200, yard.people.developer_clerk,
                                     city_format(city, "GET /rooms/%lld", (long long)yard.room), NULL);
    assert_in_range(fixture_number(room, "used_ms"), 1000, 2000);
}
