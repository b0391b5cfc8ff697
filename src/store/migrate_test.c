#include "store/fixture.h"
#include "support/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static enum result open_with(const char *path, const struct store_schema *schema, const char *words)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    enum result result = store_open_schema(path, schema, arena, &refusal, &store);
    if (result == RESULT_OK)
        store_close(store);
    else if (words == NULL || strstr(refusal.en, words) == NULL || refusal.zh == NULL ||
             refusal.remedy_zh == NULL || refusal.remedy_en == NULL)
        fail_msg("refused with: %s", refusal.en);
    return result;
}

static const char *fresh_path(void)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    return path;
}

/* The answer of a plain connection, as text in static storage. */
static const char *ask(const char *path, const char *sql)
{
    static char answer[256];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    (void)snprintf(answer, sizeof answer, "%s", sqlite3_column_text(stmt, 0));
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return answer;
}

TEST(migrations_are_applied_once_and_remembered)
{
    const char *path = fresh_path();
    assert_ok(open_with(path, &fixture_schema, NULL));
    assert_string_equal(ask(path, "SELECT count(*) FROM migration"), "1");
    assert_ok(open_with(path, &fixture_schema_v2, NULL));
    assert_ok(open_with(path, &fixture_schema_v2, NULL));
    assert_string_equal(ask(path, "SELECT group_concat(number || name) FROM migration"), "1first,2second");
    assert_string_equal(ask(path, "SELECT length(sha256) FROM migration"), "64");
}

TEST(a_migration_whose_text_changed_is_refused)
{
    const char *path = fresh_path();
    assert_ok(open_with(path, &fixture_schema, NULL));
    assert_int_equal(open_with(path, &fixture_schema_changed, "its text changed"), RESULT_CONFLICT);
    assert_ok(open_with(path, &fixture_schema, NULL));
}

TEST(a_database_newer_than_the_program_is_refused)
{
    const char *path = fresh_path();
    assert_ok(open_with(path, &fixture_schema_v2, NULL));
    assert_int_equal(open_with(path, &fixture_schema, "newer than the program"), RESULT_CONFLICT);
}

TEST(a_migration_that_fails_leaves_nothing_and_keeps_those_before_it)
{
    const char *path = fresh_path();
    const struct sql_migration migrations[] = {
        {1, "first", fixture_schema.migrations[0].text},
        {2, "broken", "CREATE TABLE half (id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1);"},
        {0}};
    struct store_schema schema = fixture_schema;
    schema.migrations = migrations;
    schema.migration_count = 2;
    assert_int_equal(open_with(path, &schema, "no such table: nowhere"), RESULT_CONFLICT);
    assert_string_equal(ask(path, "SELECT group_concat(name) FROM migration"), "first");
    assert_string_equal(ask(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), "0");
}

TEST(a_file_of_another_program_is_refused_and_left_alone)
{
    const char *path = fresh_path();
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE theirs (a)", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    assert_int_equal(open_with(path, &fixture_schema, "not a store"), RESULT_INVALID);
    assert_string_equal(ask(path, "SELECT group_concat(name) FROM sqlite_schema"), "theirs");
}

TEST(a_file_that_is_no_database_is_refused_as_corrupt)
{
    const char *path = fresh_path();
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++)
        (void)fputs("not a database ", file);
    (void)fclose(file);
    assert_int_equal(open_with(path, &fixture_schema, "cannot be opened"), RESULT_CORRUPT);
}
