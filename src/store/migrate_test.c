#include "store/fixture.h"
#include "support/store.h"
#include "support/test.h"

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

static const char *fresh(void)
{
    static char url[512];
    (void)snprintf(url, sizeof url, "%s", test_store_url(NULL));
    return url;
}

TEST(migrations_are_applied_once_and_remembered)
{
    const char *path = fresh();
    assert_ok(open_with(path, &fixture_schema, NULL));
    assert_string_equal(test_store_ask(path, "SELECT count(*) FROM migration"), "1");
    assert_ok(open_with(path, &fixture_schema_v2, NULL));
    assert_ok(open_with(path, &fixture_schema_v2, NULL));
    assert_string_equal(test_store_ask(path, "SELECT count(*) FROM migration"), "2");
    assert_string_equal(test_store_ask(path, "SELECT name FROM migration WHERE number = 2"), "second");
    assert_string_equal(test_store_ask(path, "SELECT length(sha256) FROM migration"), "64");
}

TEST(a_migration_whose_text_changed_is_refused)
{
    const char *path = fresh();
    assert_ok(open_with(path, &fixture_schema, NULL));
    assert_int_equal(open_with(path, &fixture_schema_changed, "its text changed"), RESULT_CONFLICT);
    assert_ok(open_with(path, &fixture_schema, NULL));
}

TEST(a_database_newer_than_the_program_is_refused)
{
    const char *path = fresh();
    assert_ok(open_with(path, &fixture_schema_v2, NULL));
    assert_int_equal(open_with(path, &fixture_schema, "newer than the program"), RESULT_CONFLICT);
}

TEST(a_migration_that_fails_leaves_nothing_and_keeps_those_before_it)
{
    const char *path = fresh();
    const struct sql_migration migrations[] = {
        {1, "first", fixture_schema.migrations[0].text},
        {2, "broken", "CREATE TABLE half (id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1);"},
        {0}};
    struct store_schema schema = fixture_schema;
    schema.migrations = migrations;
    schema.migration_count = 2;
    assert_int_equal(open_with(path, &schema, "nowhere"), RESULT_CONFLICT);
    assert_string_equal(test_store_ask(path, "SELECT max(name) FROM migration"), "first");
    schema.migration_count = 1; /* it was not the table "half" that is in the way */
    assert_ok(open_with(path, &schema, NULL));
    schema.migration_count = 2;
    assert_int_equal(open_with(path, &schema, "nowhere"), RESULT_CONFLICT);
}
