/* Brings the tables to the shape the program knows. Each migration is applied once, in the order of numbers,
 * in a transaction of its own, and remembered with the digest of its text. Migrations change the shape of
 * tables, not covered rows: a row that no audit entry explains is what `audit verify` looks for. */
#include "base/digest.h"
#include "store/migration.h"
#include "store/sqlite/sqlite.h"

#include <string.h>

static const char create_migration[] =
    "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT "
    "NULL,"
    " at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))) STRICT";

static const char set_application_id[] = "PRAGMA application_id = 0x444b4f55"; /* SQLITE_APPLICATION_ID */

static enum result prepare(sqlite3 *db, const char *text, sqlite3_stmt **ret_stmt)
{
    return sqlite_result(sqlite3_prepare_v2(db, text, -1, ret_stmt, NULL));
}

static enum result run_text(sqlite3 *db, const char *text)
{
    return sqlite_result(sqlite3_exec(db, text, NULL, NULL, NULL));
}

/* One integer of a statement without parameters. */
static enum result ask(sqlite3 *db, const char *text, int64_t *ret_number)
{
    sqlite3_stmt *stmt;
    TRY(prepare(db, text, &stmt));
    int code = sqlite3_step(stmt);
    int64_t number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    TRY(sqlite_result(code));
    *ret_number = number;
    return RESULT_OK;
}

/* An empty file becomes a store; anything else must be one already. */
static enum result check_kind(sqlite3 *db, const struct store_opening *opening)
{
    int64_t application;
    int64_t tables;
    TRY(ask(db, "PRAGMA application_id", &application));
    if (application == SQLITE_APPLICATION_ID)
        return RESULT_OK;
    TRY(ask(db, "SELECT count(*) FROM sqlite_schema", &tables));
    if (application == 0 && tables == 0)
        return RESULT_OK;
    return refuse(opening->refusal, (struct refusal){
                                        .result = RESULT_INVALID,
                                        .field = "url",
                                        .zh = "这个 SQLite 文件不是本平台的存储",
                                        .en = "this SQLite file is not a store of this platform",
                                        .remedy_zh = "请换一个路径",
                                        .remedy_en = "Give another path.",
                                    });
}

/* Marks in `applied`, one place a migration of the schema, what the database has. */
static enum result read_applied(sqlite3 *db, const struct store_opening *opening, bool *applied)
{
    sqlite3_stmt *stmt;
    TRY(prepare(db, "SELECT number, sha256 FROM migration ORDER BY number", &stmt));
    enum result result = RESULT_OK;
    int code = SQLITE_DONE;
    while (result == RESULT_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        result = migration_check(opening, sqlite3_column_int(stmt, 0),
                                 (const char *)sqlite3_column_text(stmt, 1), applied);
    (void)sqlite3_finalize(stmt);
    return result != RESULT_OK ? result : sqlite_result(code);
}

static enum result remember(sqlite3 *db, const struct sql_migration *migration)
{
    sqlite3_stmt *stmt;
    char text[DIGEST_TEXT_SIZE];
    migration_digest(migration, text);
    TRY(prepare(db, "INSERT INTO migration (number, name, sha256) VALUES (?1, ?2, ?3)", &stmt));
    (void)sqlite3_bind_int(stmt, 1, migration->number);
    (void)sqlite3_bind_text(stmt, 2, migration->name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(stmt, 3, text, -1, SQLITE_STATIC);
    int code = sqlite3_step(stmt);
    (void)sqlite3_finalize(stmt);
    return sqlite_result(code);
}

static enum result apply(sqlite3 *db, const struct store_opening *opening,
                         const struct sql_migration *migration)
{
    enum result result = run_text(db, migration->text);
    if (result == RESULT_INVALID || result == RESULT_CONFLICT ||
        (result == RESULT_OK && sqlite3_get_autocommit(db)))
        return migration_refuse(opening, migration->number, "执行失败",
                                arena_printf(opening->arena, "it failed: %s", sqlite3_errmsg(db)),
                                "请修正迁移文本", "Mend the text of the migration.");
    TRY(result);
    return remember(db, migration);
}

/* Begins inside a write transaction, so that of two programs started at once the second finds all done. */
static enum result migrate_all(sqlite3 *db, const struct store_opening *opening)
{
    const struct store_schema *schema = opening->schema;
    bool *applied = arena_new_array(opening->arena, bool, schema->migration_count + 1);
    TRY(check_kind(db, opening));
    TRY(run_text(db, set_application_id));
    TRY(run_text(db, create_migration));
    TRY(read_applied(db, opening, applied));
    for (size_t i = 0; i < schema->migration_count; i++) {
        if (applied[i])
            continue;
        TRY(apply(db, opening, &schema->migrations[i]));
        TRY(run_text(db, "COMMIT; BEGIN IMMEDIATE"));
        TRY(read_applied(db, opening, applied));
    }
    return RESULT_OK;
}

static bool is_current(sqlite3 *db, const struct store_opening *opening)
{
    const struct store_schema *schema = opening->schema;
    bool *applied = arena_new_array(opening->arena, bool, schema->migration_count + 1);
    struct store_opening quiet = *opening;
    quiet.refusal = NULL;
    int64_t application;
    if (ask(db, "PRAGMA application_id", &application) != RESULT_OK || application != SQLITE_APPLICATION_ID)
        return false;
    if (read_applied(db, &quiet, applied) != RESULT_OK)
        return false;
    for (size_t i = 0; i < schema->migration_count; i++)
        if (!applied[i])
            return false;
    return true;
}

enum result sqlite_migrate(struct sqlite_connection *connection, const struct store_opening *opening)
{
    sqlite3 *db = connection->db;
    if (is_current(db, opening))
        return RESULT_OK; /* the usual start writes nothing */
    TRY(sqlite_result(sqlite_do(connection, VERB_BEGIN_WRITE)));
    enum result result = migrate_all(db, opening);
    if (sqlite3_get_autocommit(db))
        return result;
    int code = sqlite_do(connection, result == RESULT_OK ? VERB_COMMIT : VERB_ROLLBACK);
    return result == RESULT_OK ? sqlite_result(code) : result;
}
