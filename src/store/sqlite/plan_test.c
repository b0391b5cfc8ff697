/* How SQLite means to find the rows of each statement: none may read a table that grows from end to end. */
#include "store/schema.h"
#include "store/search.h"
#include "support/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct allowed {
    const char *statement;
    const char *reason;
};

static const struct allowed scans[] = {
    {"entry_search", "the full-text index, walked until the page is full"},
    {"entry_search_count", "the full-text index, walked up to a cap"},
    {"entry_search_remove", "the full-text index, by its number"},
    {"products_to_delist", "an index of the listed products alone"},
    {"query_unfinished", "an index of the running queries alone"},
    {"meter_batch_last", "the last one, from the end"},
    {"balance_wrong", "verification reads everything"},
    {"meter_all", "verification reads everything"},
    {"audit_lost", "a row a restore from a backup"},
    {"audit_salt_count", "verification reads everything"},
};

static const char *reason_to_scan(const char *statement)
{
    for (size_t i = 0; i < sizeof scans / sizeof scans[0]; i++)
        if (strcmp(scans[i].statement, statement) == 0)
            return scans[i].reason;
    return NULL;
}

static sqlite3 *migrated(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(search_register(db), SQLITE_OK);
    for (size_t i = 0; i < store_schema_built.migration_count; i++) {
        char *error = NULL;
        if (sqlite3_exec(db, store_schema_built.migrations[i].text, NULL, NULL, &error) != SQLITE_OK)
            fail_msg("migration %s: %s", store_schema_built.migrations[i].name, error);
    }
    return db;
}

/* "SCAN page" and "SCAN way" walk what a statement has itself put together, a page long at most. */
static bool scans_a_table(const char *step)
{
    return strncmp(step, "SCAN ", 5) == 0 && strcmp(step, "SCAN page") != 0 &&
           strcmp(step, "SCAN way") != 0 && strcmp(step, "SCAN CONSTANT ROW") != 0;
}

/* All cases of a kind, where each row's own should be looked up. */
static bool walks_all_cases(const char *step)
{
    return strstr(step, "sqlite_autoindex_workflow_case_1 (kind=?)") != NULL ||
           strstr(step, "sqlite_autoindex_workflow_case_1 (kind=? AND object_id>?)") != NULL;
}

/* All tables of a room, where one is looked for by its name. */
static bool walks_all_tables(const char *step)
{
    return strstr(step, "COVERING INDEX sqlite_autoindex_request_1 (room_id=?)") != NULL ||
           strstr(step, "COVERING INDEX sqlite_autoindex_import_1 (room_id=?)") != NULL;
}

/* The step that reads a table from end to end, or "" when there is none. */
static void find_scan(sqlite3 *db, const struct sql_statement *statement, char *ret_step, size_t room)
{
    char text[16384];
    sqlite3_stmt *stmt;
    (void)snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", statement->text);
    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", statement->name, sqlite3_errmsg(db));
    *ret_step = '\0';
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(stmt, 3);
        if (scans_a_table(step) || walks_all_cases(step) || walks_all_tables(step))
            (void)snprintf(ret_step, room, "%s", step);
    }
    (void)sqlite3_finalize(stmt);
}

TEST(no_statement_reads_a_growing_table_from_end_to_end)
{
    sqlite3 *db = migrated();
    char step[256];
    for (size_t i = 0; i < store_schema_built.statement_count; i++) {
        const struct sql_statement *statement = &store_schema_built.statements[i];
        find_scan(db, statement, step, sizeof step);
        if (*step != '\0' && reason_to_scan(statement->name) == NULL)
            fail_msg("%s: %s: give it an index, or a reason in plan_test.c", statement->name, step);
    }
    (void)sqlite3_close(db);
}

TEST(every_statement_that_may_scan_is_there_and_does)
{
    sqlite3 *db = migrated();
    char step[256];
    for (size_t s = 0; s < sizeof scans / sizeof scans[0]; s++) {
        bool found = false;
        for (size_t i = 0; i < store_schema_built.statement_count; i++) {
            if (strcmp(store_schema_built.statements[i].name, scans[s].statement) != 0)
                continue;
            find_scan(db, &store_schema_built.statements[i], step, sizeof step);
            found = *step != '\0';
        }
        if (!found)
            fail_msg("%s does not scan any more: take it off the list", scans[s].statement);
    }
    (void)sqlite3_close(db);
}
