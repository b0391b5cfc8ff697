/* Prepares every statement of the program on a fresh, migrated database. */
#include "store/search.h"
#include "store/store.h"
#include "support/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static int prepare_all(sqlite3 *db)
{
    int faults = 0;
    for (size_t i = 0; i < SQL_COUNT; i++) {
        const struct sql_statement *s = &sql_statements[i];
        sqlite3_stmt *stmt = NULL;
        const char *rest = "";
        if (sqlite3_prepare_v2(db, s->text, -1, &stmt, &rest) != SQLITE_OK) {
            print_error("%s in %s: %s\n", s->name, s->file, sqlite3_errmsg(db));
            faults++;
            continue;
        }
        bool returns = sqlite3_column_count(stmt) > 0;
        if (returns != (s->kind != SQL_KIND_EXEC)) {
            print_error("%s in %s: %s\n", s->name, s->file,
                        returns ? "gives rows but is :exec" : "gives no rows but is :one or :many");
            faults++;
        }
        for (int p = 1; p <= sqlite3_bind_parameter_count(stmt); p++)
            if (sqlite3_bind_parameter_name(stmt, p) == NULL ||
                sqlite3_bind_parameter_name(stmt, p)[0] != ':') {
                print_error("%s in %s: parameter %d is not written :name\n", s->name, s->file, p);
                faults++;
            }
        if (rest[strspn(rest, " \n\t;")] != '\0' &&
            sqlite3_strlike("--%", rest + strspn(rest, " \n\t;"), 0) != 0) {
            print_error("%s in %s: more than one statement\n", s->name, s->file);
            faults++;
        }
        (void)sqlite3_finalize(stmt);
    }
    return faults;
}

static bool table_exists(sqlite3 *db, const char *table)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    (void)sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
    bool exists = sqlite3_step(stmt) == SQLITE_ROW;
    (void)sqlite3_finalize(stmt);
    return exists;
}

/* The list stays short and true: each table once, with a reason, and there. */
static int check_uncovered(sqlite3 *db)
{
    int faults = 0;
    for (const struct store_uncovered *u = store_uncovered; u->table != NULL; u++) {
        bool again = false;
        for (const struct store_uncovered *v = store_uncovered; v < u; v++)
            again = again || strcmp(u->table, v->table) == 0;
        if (again || u->reason == NULL || strlen(u->reason) < 10 || !table_exists(db, u->table)) {
            print_error("%s in uncovered.c: twice, without a reason, or no such table\n", u->table);
            faults++;
        }
    }
    return faults;
}

static void on_fresh_database(int (*check)(sqlite3 *db))
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    if (store_open_explained(path, arena, &refusal, &store) != RESULT_OK)
        fail_msg("%s", refusal.en);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    assert_int_equal(search_register(db), SQLITE_OK);
    assert_int_equal(check(db), 0);
    (void)sqlite3_close(db);
    store_close(store);
}

TEST(every_statement_prepares_on_a_fresh_database)
{
    on_fresh_database(prepare_all);
}

TEST(every_uncovered_table_is_listed_once_with_a_reason)
{
    on_fresh_database(check_uncovered);
}
