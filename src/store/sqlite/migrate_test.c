#include "store/fixture.h"
#include "support/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

TEST(the_file_is_private)
{
    struct store *store = fixture_open();
    struct stat info;
    assert_int_equal(stat(fixture_path(), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    store_close(store);
}

TEST(a_folder_that_is_not_there_is_refused_with_the_reason)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    assert_int_equal(store_open_explained("/nonexistent/city.db", arena, &refusal, &store), RESULT_IO);
    assert_non_null(strstr(refusal.en, "/nonexistent/city.db"));
}
