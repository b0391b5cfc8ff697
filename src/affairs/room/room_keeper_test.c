/* Rooms, imports and queries, with the real keeper. */
#include "affairs/request/request_fixture.h"
#include "base/json.h"
#include "http/jobs.h"

#include <string.h>
#include <unistd.h>

static const json_t *post(struct yard *yard, int status, const char *who, const char *kind, row_id id,
                          const char *name, const char *body)
{
    return city_expect(yard->city, status, who,
                       city_format(yard->city, "POST /%s/%lld/%s", kind, (long long)id, name), body);
}

static row_id declare(struct yard *yard, row_id room, const char *table)
{
    const json_t *made = post(
        yard, 201, yard->people.developer_clerk, "rooms", room, "imports",
        city_format(
            yard->city,
            "{\"title\":\"自有\",\"table_name\":\"%s\",\"columns\":[{\"name\":\"citizen\",\"type\":\"text\","
            "\"use\":\"key\"},{\"name\":\"class\",\"type\":\"text\",\"use\":\"dimension\"}]}",
            table));
    return fixture_number(made, "id");
}

static struct city_reply load(struct yard *yard, const char *who, row_id import, const char *csv)
{
    return city_upload(yard->city, who,
                       city_format(yard->city, "PUT /imports/%lld/content", (long long)import), csv,
                       strlen(csv));
}

static char *own_rows(struct yard *yard, int people)
{
    char *text = arena_alloc(city_arena(yard->city), (size_t)(people + 1) * 24);
    size_t at = (size_t)sprintf(text, "citizen,class\n");
    for (int i = 1; i <= people; i++)
        at += (size_t)sprintf(text + at, "P%d,%s\n", i, i % 2 == 0 ? "A" : "B");
    return text;
}

static void prove(struct yard *yard, row_id import)
{
    (void)post(yard, 200, yard->people.developer_clerk, "imports", import, "prove",
               city_format(yard->city, "{\"proof_id\":%lld}",
                           (long long)fixture_document(yard->city, yard->people.developer)));
}

static row_id accepted(struct yard *yard, const char *table, int people)
{
    row_id import = declare(yard, yard->room, table);
    assert_int_equal(load(yard, yard->people.developer_clerk, import, own_rows(yard, people)).status, 200);
    prove(yard, import);
    (void)post(yard, 200, yard->people.operator_reviewer, "imports", import, "accept", "{}");
    return import;
}

static const json_t *join(struct yard *yard, int status, const char *left, const char *right,
                          const char *column)
{
    return post(yard, status, yard->people.developer_clerk, "rooms", yard->room, "joins",
                city_format(yard->city,
                            "{\"left_table\":\"%s\",\"left_column\":\"citizen\",\"right_table\":\"%s\","
                            "\"right_column\":\"%s\"}",
                            left, right, column));
}

static const char fused[] =
    "SELECT own.class, COUNT(*) AS n FROM insured JOIN own ON insured.citizen = own.citizen "
    "GROUP BY own.class";
static const char plain[] = "SELECT district, COUNT(*) AS n FROM insured GROUP BY district";

/* ---- 2.6.3b ---- */

TEST(without_a_proof_of_lawful_source_there_is_no_join)
{
    CLEANUP_YARD struct yard yard = yard_new();
    struct people *people = &yard.people;
    (void)yard_deliver(&yard, people->developer_clerk, yard.room, yard.entry, "insured", 200);
    row_id import = declare(&yard, yard.room, "own");
    (void)post(&yard, 409, people->operator_reviewer, "imports", import, "accept",
               "{}"); /* nothing is loaded */
    assert_int_equal(load(&yard, people->operator_clerk, import, own_rows(&yard, 200)).status, 404);
    assert_int_equal(load(&yard, people->developer_clerk, import, own_rows(&yard, 200)).status, 200);
    assert_int_equal(load(&yard, people->developer_clerk, import, own_rows(&yard, 200)).status, 409);
    fixture_refused(post(&yard, 409, people->operator_reviewer, "imports", import, "accept", "{}"),
                    "/proof_id", "2.6.3b", "proof");
    fixture_refused(join(&yard, 409, "insured", "own", "citizen"), "/right_column", "2.6.3b", NULL);
    (void)yard_query(&yard, 422, people->developer_clerk, yard.room, fused);

    prove(&yard, import);
    fixture_refused(join(&yard, 409, "insured", "own", "citizen"), "/right_column", "2.6.3b", NULL);
    (void)post(&yard, 403, people->developer_clerk, "imports", import, "accept", "{}");
    (void)post(&yard, 403, people->operator_clerk, "imports", import, "accept", "{}");
    (void)post(&yard, 200, people->operator_reviewer, "imports", import, "accept", "{}");
    fixture_refused(join(&yard, 409, "insured", "own", "class"), "/right_column", "2.6.3b",
                    NULL);                                                   /* no key */
    (void)yard_query(&yard, 422, people->developer_clerk, yard.room, fused); /* accepted, but not declared */
    (void)join(&yard, 201, "insured", "own", "citizen");
    fixture_refused(join(&yard, 409, "insured", "own", "citizen"), NULL, NULL, "already");
    const json_t *done = yard_query(&yard, 202, people->developer_clerk, yard.room, fused);
    assert_string_equal(json_text(done, "state"), "done");
    assert_int_equal(fixture_number(json_object_get(done, "shape"), "rows"), 2);
}

TEST(an_import_is_refused_with_a_reason_and_stays_out)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id import = declare(&yard, yard.room, "own");
    assert_int_equal(load(&yard, yard.people.developer_clerk, import, own_rows(&yard, 20)).status, 200);
    fixture_refused(
        post(&yard, 422, yard.people.operator_reviewer, "imports", import, "refuse", "{\"reason\":\" \"}"),
        "/reason", "2.6.1c", NULL);
    (void)post(&yard, 200, yard.people.operator_reviewer, "imports", import, "refuse",
               "{\"reason\":\"来源不明\"}");
    (void)yard_query(&yard, 422, yard.people.developer_clerk, yard.room,
                     "SELECT class, COUNT(*) AS n FROM own GROUP BY class");
}

TEST(an_import_that_breaks_its_declared_columns_is_refused_by_line_and_may_come_again)
{
    CLEANUP_YARD struct yard yard = yard_new();
    row_id import = declare(&yard, yard.room, "own");
    struct city_reply reply = load(&yard, yard.people.developer_clerk, import, "citizen,wrong\nP1,A\n");
    assert_int_equal(reply.status, 422);
    assert_int_equal(load(&yard, yard.people.developer_clerk, import, own_rows(&yard, 20)).status, 200);
}

TEST(an_import_is_no_table_of_another_room)
{
    CLEANUP_YARD struct yard yard = yard_new();
    (void)accepted(&yard, "own", 200);
    row_id other = fixture_room(yard.city, &yard.people, yard.admission);
    (void)yard_deliver(&yard, yard.people.developer_clerk, other, yard.entry, "insured", 200);
    (void)yard_query(&yard, 422, yard.people.developer_clerk, other,
                     "SELECT class, COUNT(*) AS n FROM own GROUP BY class");
    (void)yard_query(&yard, 422, yard.people.developer_clerk, yard.room,
                     plain); /* nor a slice of another's */
    const json_t *policy =
        city_expect(yard.city, 200, yard.people.developer_clerk,
                    city_format(yard.city, "GET /rooms/%lld/policy", (long long)other), NULL);
    assert_int_equal(json_array_size(json_object_get(policy, "tables")), 1);
    const json_t *done = yard_query(&yard, 202, yard.people.developer_clerk, other, plain);
    assert_string_equal(json_text(done, "state"), "done");
}

TEST(imports_and_results_are_deleted_with_their_room)
{
    CLEANUP_YARD struct yard yard = yard_new();
    struct keeper *keeper = yard.keeper.keeper;
    row_id import = accepted(&yard, "own", 200);
    (void)yard_deliver(&yard, yard.people.developer_clerk, yard.room, yard.entry, "insured", 200);
    const json_t *done = yard_query(&yard, 202, yard.people.developer_clerk, yard.room, plain);
    row_id query = fixture_number(done, "id");
    CLEANUP_JSON json_t *opened = NULL, *gone = NULL, *certificate = NULL;
    assert_ok(fixture_open(&yard.keeper, 99, query, &opened));
    fixture_refused(
        post(&yard, 422, yard.people.operator_clerk, "rooms", yard.room, "close", "{\"reason\":\" \"}"),
        "/reason", "2.6.1c", NULL);
    (void)post(&yard, 200, yard.people.operator_clerk, "rooms", yard.room, "close", "{\"reason\":\"完成\"}");
    assert_int_equal(keeper_result_open(keeper, yard.keeper.arena, 99, query, &gone, NULL), RESULT_NOT_FOUND);
    const char *key = city_format(yard.city, "import/%lld", (long long)import);
    assert_int_equal(keeper_key_destroy(keeper, key, &certificate), RESULT_NOT_FOUND); /* it is destroyed */
    assert_ok(keeper_key_certificate(keeper, key, &certificate));
    fixture_refused(yard_query(&yard, 409, yard.people.developer_clerk, yard.room, plain), "room", "2.3d",
                    "closed");
}

TEST(a_closing_that_was_cut_off_before_the_keys_were_destroyed_can_be_asked_again)
{
    CLEANUP_YARD struct yard yard = yard_new();
    struct keeper *keeper = yard.keeper.keeper;
    row_id import = accepted(&yard, "own", 200);
    CLEANUP_JSON json_t *certificate = NULL;
    const char *key = city_format(yard.city, "import/%lld", (long long)import);
    city_app(yard.city)->keeper = NULL; /* gone in the middle of it */
    (void)post(&yard, 503, yard.people.operator_clerk, "rooms", yard.room, "close", "{\"reason\":\"完成\"}");
    city_app(yard.city)->keeper = keeper;
    assert_int_equal(keeper_key_certificate(keeper, key, &certificate), RESULT_NOT_FOUND);
    (void)post(&yard, 200, yard.people.operator_clerk, "rooms", yard.room, "close", "{\"reason\":\"完成\"}");
    assert_ok(keeper_key_certificate(keeper, key, &certificate));
    fixture_refused(yard_query(&yard, 409, yard.people.developer_clerk, yard.room, plain), "room", "2.3d",
                    "closed");
}

/* ---- 2.3d ---- */

TEST(a_room_stops_at_its_quota)
{
    CLEANUP_YARD struct yard yard = yard_new();
    struct people *people = &yard.people;
    yard.room = fixture_number(
        city_expect(yard.city, 201, people->operator_clerk, "POST /rooms",
                    city_format(yard.city, "{\"admission_id\":%lld,\"title\":\"小\",\"quota_seconds\":1}",
                                (long long)yard.admission)),
        "id");
    (void)yard_deliver(&yard, people->developer_clerk, yard.room, yard.entry, "insured", 200);
    const json_t *problem = NULL;
    for (int i = 0; i < 200 && problem == NULL; i++) {
        struct city_reply reply =
            city_call(yard.city, people->developer_clerk,
                      city_format(yard.city, "POST /rooms/%lld/queries", (long long)yard.room),
                      city_format(yard.city, "{\"sql\":\"%s\"}", plain));
        if (reply.status != 202)
            problem = reply.json;
    }
    assert_non_null(problem);
    fixture_refused(problem, "room", "2.3d", "quota");
    const json_t *room = city_expect(yard.city, 200, people->developer_clerk,
                                     city_format(yard.city, "GET /rooms/%lld", (long long)yard.room), NULL);
    assert_true(fixture_number(room, "used_ms") >= 1000);
}

TEST(a_developer_learns_the_shape_of_a_result_and_never_its_rows)
{
    CLEANUP_YARD struct yard yard = yard_new();
    struct people *people = &yard.people;
    (void)yard_deliver(&yard, people->developer_clerk, yard.room, yard.entry, "insured", 200);
    fixture_refused(yard_query(&yard, 422, people->developer_clerk, yard.room, "SELECT * FROM insured"), NULL,
                    "2.6.3a", NULL);
    (void)yard_query(&yard, 403, people->developer_clerk, yard.room, "SELECT citizen FROM insured");
    (void)yard_query(&yard, 422, people->developer_clerk, yard.room,
                     "SELECT phone, COUNT(*) AS n FROM insured GROUP BY phone");
    const json_t *done = yard_query(&yard, 202, people->developer_clerk, yard.room, plain);
    assert_string_equal(json_text(done, "state"), "done");
    assert_string_equal(json_text(done, "rule"), "release@1"); /* 3a: the version that decided */
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *text = json_print(arena, done);
    assert_null(strstr(text, "区1"));
    assert_null(strstr(text, "50"));
    (void)city_expect(yard.city, 404, people->operator_clerk, "POST /queries/1/cancel", "{}");
}
