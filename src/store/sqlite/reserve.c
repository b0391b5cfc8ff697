/* Ids that are not given again.
 *
 * SQLite gives a new row the highest id and one more, unless the table says AUTOINCREMENT: then it looks into
 * sqlite_sequence as well. The word changes nothing in what is stored, so it may be written into the schema
 * as SQLite's documentation of writable_schema describes; the integrity check afterwards is its advice too.
 */
#include "store/search.h"
#include "store/sqlite/sqlite.h"

#include <string.h>

static int run(sqlite3 *db, const char *text)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL);
}

/* A statement with the table's name and the id bound as ?1 and ?2, where it has them. */
static int run_for(sqlite3 *db, const char *text, const struct store_reserved *reserved)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return code;
    (void)sqlite3_bind_text(stmt, 1, reserved->table, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(stmt, 2, reserved->last);
    code = sqlite3_step(stmt);
    (void)sqlite3_finalize(stmt);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static int change_schema(sqlite3 *db, const struct store_reserved *reserved, size_t count)
{
    int code = run(db, "CREATE TABLE IF NOT EXISTS reserve_once (id INTEGER PRIMARY KEY AUTOINCREMENT);"
                       "DROP TABLE reserve_once; PRAGMA writable_schema = ON");
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = run_for(db,
                       "UPDATE sqlite_schema SET sql = replace(sql, 'id INTEGER PRIMARY KEY', "
                       "'id INTEGER PRIMARY KEY AUTOINCREMENT') WHERE type = 'table' AND name = ?1 "
                       "AND instr(sql, 'AUTOINCREMENT') = 0",
                       &reserved[i]);
    for (size_t i = 0; code == SQLITE_OK && i < count; i++) {
        code = run_for(db, "DELETE FROM sqlite_sequence WHERE name = ?1 AND seq < ?2", &reserved[i]);
        if (code == SQLITE_OK)
            code = run_for(db,
                           "INSERT INTO sqlite_sequence (name, seq) SELECT name, ?2 FROM sqlite_schema WHERE "
                           "type = 'table' AND name = ?1 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE "
                           "name = ?1)",
                           &reserved[i]);
    }
    return code;
}

/* Other connections, and this one, must read the schema again. */
static int raise_version(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    char text[64];
    int code = sqlite3_prepare_v2(db, "PRAGMA schema_version", -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return code;
    int version = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_snprintf(sizeof text, text, "PRAGMA schema_version = %d", version + 1);
    return run(db, text);
}

int sqlite_write_reserved(sqlite3 *db, const struct store_reserved *reserved, size_t count)
{
    int code = change_schema(db, reserved, count);
    return code == SQLITE_OK ? raise_version(db) : code;
}

/* A table that says AUTOINCREMENT has a row here once it holds rows or ids are reserved. */
enum result sqlite_each_reserved(struct store_tx *tx, store_each_reserved *each, void *argument)
{
    sqlite3 *db = ((struct sqlite_tx *)tx)->connection->db;
    sqlite3_stmt *stmt;
    if (sqlite3_table_column_metadata(db, "main", "sqlite_sequence", NULL, NULL, NULL, NULL, NULL, NULL) !=
        SQLITE_OK)
        return RESULT_OK;
    int code = sqlite3_prepare_v2(db, "SELECT name, seq FROM sqlite_sequence ORDER BY name", -1, &stmt, NULL);
    enum result result = RESULT_OK;
    while (code == SQLITE_OK && result == RESULT_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct store_reserved reserved = {(const char *)sqlite3_column_text(stmt, 0),
                                                sqlite3_column_int64(stmt, 1)};
        result = each(&reserved, argument);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(stmt);
    return result != RESULT_OK ? result : sqlite_result(code);
}

bool sqlite_is_sound(const char *url)
{
    sqlite3 *db;
    sqlite3_stmt *stmt = NULL;
    bool sound = sqlite3_open_v2(url, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
                 search_register(db) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &stmt, NULL) == SQLITE_OK &&
                 sqlite3_step(stmt) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return sound;
}

enum result sqlite_reserve(const char *url, const struct store_reserved *reserved, size_t count)
{
    sqlite3 *db;
    sqlite_prepare_library();
    int code = sqlite3_open_v2(url, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = search_register(db);
    if (code == SQLITE_OK)
        code = run(db, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    if (code == SQLITE_OK)
        code = sqlite_write_reserved(db, reserved, count);
    if (code == SQLITE_OK)
        code = run(db, "COMMIT");
    (void)sqlite3_close(db); /* rolls back what was not committed */
    TRY(sqlite_result(code));
    return sqlite_is_sound(url) ? RESULT_OK : RESULT_CORRUPT;
}
