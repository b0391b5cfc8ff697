#include "peers/source/fixture.h"
#include "peers/source/select.h"

#include <string.h>

static const struct engine_field fields[] = {
    {.name = "id", .type = ENGINE_INTEGER},   {.name = "na\"me", .type = ENGINE_TEXT},
    {.name = "size", .type = ENGINE_DOUBLE},  {.name = "day", .type = ENGINE_DATE},
    {.name = "open", .type = ENGINE_BOOLEAN}, {.name = "at", .type = ENGINE_TIMESTAMP}};
enum { FIELDS = sizeof fields / sizeof *fields };

static enum result printed(struct arena *arena, enum select_dialect dialect, const char *changes,
                           const char **sql, struct refusal *refusal)
{
    unsigned char key[crypto_sign_PUBLICKEYBYTES];
    const char *text = fixture_order(arena, changes);
    struct order order = {0};
    assert_ok(hex_parse(fixture_order_key(), key, sizeof key));
    assert_ok(
        source_order_read(arena, key, 7, text, fixture_signature(arena, text), FIXTURE_NOW, &order, refusal));
    enum result result = select_print(arena, dialect, &order, fields, FIELDS, "\"t\"", sql, refusal);
    json_decref(order.json);
    return result;
}

static void expect_sql(enum select_dialect dialect, const char *changes, const char *expected)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    const char *sql = NULL;
    assert_ok(printed(arena, dialect, changes, &sql, &refusal));
    assert_string_equal(sql, expected);
}

TEST(names_and_values_are_quoted)
{
    expect_sql(SELECT_DUCKDB,
               "{\"columns\":[\"na\\\"me\"],\"rows\":[{\"column\":\"na\\\"me\",\"op\":\"=\","
               "\"value\":\"'; DROP TABLE t; --\"}]}",
               "SELECT \"na\"\"me\" FROM \"t\" WHERE \"na\"\"me\" = '''; DROP TABLE t; --'");
}

TEST(each_type_prints_its_values)
{
    expect_sql(
        SELECT_DUCKDB,
        "{\"columns\":[\"id\",\"at\"],\"rows\":[{\"column\":\"id\",\"op\":\"in\",\"value\":[1,-2]},"
        "{\"column\":\"size\",\"op\":\"<\",\"value\":1.5},{\"column\":\"open\",\"op\":\"<>\",\"value\":true}]"
        ","
        "\"period\":{\"column\":\"day\",\"from\":\"2020-01-01\",\"to\":\"2020-12-31\"}}",
        "SELECT \"id\", strftime(\"at\", '%Y-%m-%d %H:%M:%S') AS \"at\" FROM \"t\" WHERE \"id\" IN "
        "(CAST('1' AS BIGINT), CAST('-2' AS BIGINT)) AND \"size\" < CAST('1.5' AS DOUBLE PRECISION) AND "
        "\"open\" <> TRUE AND \"day\" >= DATE '2020-01-01' AND \"day\" <= DATE '2020-12-31'");
}

TEST(postgresql_gets_its_own_words)
{
    expect_sql(SELECT_POSTGRESQL,
               "{\"columns\":[\"open\",\"na\\\"me\"],\"rows\":[{\"column\":\"na\\\"me\",\"op\":\">=\","
               "\"value\":\"a\"}],"
               "\"period\":{\"column\":\"at\",\"from\":\"2020-01-01\",\"to\":\"2020-12-31\"}}",
               "SELECT \"open\"::text AS \"open\", \"na\"\"me\" FROM \"t\" WHERE \"na\"\"me\"::text COLLATE "
               "\"C\" >= 'a' "
               "AND substr(to_char(\"at\"::timestamp, 'YYYY-MM-DD HH24:MI:SS'), 1, 10) >= '2020-01-01' AND "
               "substr(to_char(\"at\"::timestamp, 'YYYY-MM-DD HH24:MI:SS'), 1, 10) <= '2020-12-31'");
}

TEST(values_of_another_type_and_unknown_columns_are_refused)
{
    static const struct {
        const char *changes;
        enum result result;
        const char *field;
    } wrong[] = {
        {"{\"columns\":[\"id\",\"x\"]}", RESULT_NOT_FOUND, "x"},
        {"{\"columns\":[\"ID\"]}", RESULT_NOT_FOUND, "ID"},
        {"{\"columns\":[\"id\"],\"rows\":[{\"column\":\"y\",\"op\":\"=\",\"value\":1}]}", RESULT_NOT_FOUND,
         "y"},
        {"{\"columns\":[\"id\"],\"rows\":[{\"column\":\"id\",\"op\":\"=\",\"value\":\"1\"}]}", RESULT_INVALID,
         "id"},
        {"{\"columns\":[\"id\"],\"rows\":[{\"column\":\"id\",\"op\":\"=\",\"value\":1.5}]}", RESULT_INVALID,
         "id"},
        {"{\"columns\":[\"id\"],\"rows\":[{\"column\":\"size\",\"op\":\"=\",\"value\":\"1\"}]}",
         RESULT_INVALID, "size"},
        {"{\"columns\":[\"id\"],\"rows\":[{\"column\":\"day\",\"op\":\"=\",\"value\":\"2026-02-30\"}]}",
         RESULT_INVALID, "day"},
        {"{\"columns\":[\"id\"],\"rows\":[{\"column\":\"open\",\"op\":\"=\",\"value\":\"true\"}]}",
         RESULT_INVALID, "open"},
        {"{\"columns\":[\"id\"],\"rows\":[{\"column\":\"id\",\"op\":\"in\",\"value\":[1,\"2\"]}]}",
         RESULT_INVALID, "id"},
        {"{\"columns\":[\"id\"],\"period\":{\"column\":\"id\",\"from\":\"2020-01-01\",\"to\":\"2020-12-31\"}"
         "}",
         RESULT_INVALID, "id"},
        {"{\"columns\":[\"id\"],\"period\":{\"column\":\"na\\\"me\",\"from\":\"2020-01-01\",\"to\":\"2020-12-"
         "31\"}}",
         RESULT_INVALID, "na\"me"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct refusal refusal = {0};
        const char *sql = NULL;
        assert_int_equal(printed(arena, SELECT_DUCKDB, wrong[i].changes, &sql, &refusal), wrong[i].result);
        assert_string_equal(refusal.field, wrong[i].field);
        assert_int_equal(refusal.law, LAW(CALL_REVIEW));
        assert_null(sql);
    }
}
