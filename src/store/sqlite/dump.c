/* Rows out of a store and into one, for copies between back-ends. */
#include "store/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>

/* ---- out ---- */

static enum result dump_rows(sqlite3_stmt *stmt, const char *table, store_dump_row *each, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    size_t count = (size_t)sqlite3_column_count(stmt);
    const char **names = arena_new_array(arena, const char *, count);
    struct store_value *values = arena_new_array(arena, struct store_value, count);
    bool *is_real = arena_new_array(arena, bool, count);
    for (size_t i = 0; i < count; i++) {
        const char *type = sqlite3_column_decltype(stmt, (int)i);
        names[i] = sqlite3_column_name(stmt, (int)i);
        is_real[i] = type != NULL && sqlite_declares_real(type);
    }
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (size_t i = 0; i < count; i++) {
            values[i] = sqlite_column(stmt, (int)i);
            if (is_real[i] && values[i].type == STORE_INTEGER)
                values[i] = store_real((double)values[i].integer);
        }
        const struct store_row row = {count, names, values};
        TRY(each(table, &row, argument));
    }
    return sqlite_result(code);
}

static enum result dump_table(sqlite3 *db, const char *table, const char *text, store_dump_row *each,
                              void *argument)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    enum result result = dump_rows(stmt, table, each, argument);
    (void)sqlite3_finalize(stmt);
    return result;
}

/* Of each table its name and the statement that reads it: by its key, and of a search table what it was
 * given. */
static const char tables_text[] =
    "SELECT l.name, CASE l.type WHEN 'virtual' THEN 'SELECT rowid, text FROM \"' || l.name || '\" ORDER BY "
    "rowid'"
    " ELSE 'SELECT * FROM \"' || l.name || '\" ORDER BY ' || (SELECT group_concat('\"' || k.name || '\"', ', "
    "')"
    " FROM (SELECT name FROM pragma_table_info(l.name) WHERE pk > 0 ORDER BY pk) k) END"
    " FROM pragma_table_list l WHERE l.schema = 'main' AND l.type IN ('table', 'virtual')"
    " AND l.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND l.name <> 'migration' ORDER BY l.name";

enum result sqlite_dump(struct store_tx *tx, store_dump_row *each, void *argument)
{
    sqlite3 *db = ((struct sqlite_tx *)tx)->connection->db;
    sqlite3_stmt *tables;
    int code = sqlite3_prepare_v2(db, tables_text, -1, &tables, NULL);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    enum result result = RESULT_OK;
    while (result == RESULT_OK && (code = sqlite3_step(tables)) == SQLITE_ROW)
        result = dump_table(db, (const char *)sqlite3_column_text(tables, 0),
                            (const char *)sqlite3_column_text(tables, 1), each, argument);
    (void)sqlite3_finalize(tables);
    return result != RESULT_OK ? result : sqlite_result(code);
}

/* ---- in ---- */

struct filler {
    struct store_filler filler; /* first */
    sqlite3 *db;
    sqlite3_stmt *insert;
    char *table; /* that `insert` is for */
    bool reserved;
};

static void end_insert(struct filler *filler)
{
    (void)sqlite3_finalize(filler->insert);
    free(filler->table);
    filler->insert = NULL;
    filler->table = NULL;
}

static enum result prepare_insert(struct filler *filler, const char *table, const struct store_row *row)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *names = "";
    const char *marks = "";
    for (size_t i = 0; i < row->count; i++) {
        names = arena_printf(arena, "%s%s\"%s\"", names, i > 0 ? ", " : "", row->names[i]);
        marks = arena_printf(arena, "%s%s?", marks, i > 0 ? ", " : "");
    }
    const char *text = arena_printf(arena, "INSERT INTO \"%s\" (%s) VALUES (%s)", table, names, marks);
    end_insert(filler);
    filler->table = strdup(table);
    return sqlite_result(sqlite3_prepare_v2(filler->db, text, -1, &filler->insert, NULL));
}

static enum result put(struct store_filler *store_filler, const char *table, const struct store_row *row)
{
    struct filler *filler = (struct filler *)store_filler;
    if (filler->table == NULL || strcmp(filler->table, table) != 0)
        TRY(prepare_insert(filler, table, row));
    for (size_t i = 0; i < row->count; i++)
        TRY(sqlite_result(sqlite_bind_value(filler->insert, (int)i + 1, &row->values[i])));
    int code = sqlite3_step(filler->insert);
    (void)sqlite3_reset(filler->insert);
    return sqlite_result(code);
}

static enum result reserve(struct store_filler *store_filler, const struct store_reserved *reserved)
{
    struct filler *filler = (struct filler *)store_filler;
    end_insert(filler);
    filler->reserved = true;
    (void)sqlite3_db_config(filler->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL); /* its connection ends here */
    return sqlite_result(sqlite_write_reserved(filler->db, reserved, 1));
}

static bool keys_hold(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &stmt, NULL) != SQLITE_OK)
        return false;
    bool holds = sqlite3_step(stmt) == SQLITE_DONE;
    (void)sqlite3_finalize(stmt);
    return holds;
}

enum result sqlite_fill(const char *path, const struct store_schema *schema, store_fill_work *work,
                        void *argument)
{
    struct sqlite_connection *connection;
    TRY(sqlite_connect(path, schema, SQLITE_USE_WRITE, &connection));
    struct filler filler = {.filler = {put, reserve}, .db = connection->db};
    enum result result =
        sqlite_result(sqlite3_exec(connection->db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL));
    if (result == RESULT_OK)
        result = sqlite_result(sqlite_do(connection, VERB_BEGIN_WRITE));
    if (result == RESULT_OK) {
        result = work(&filler.filler, argument);
        end_insert(&filler);
        if (result == RESULT_OK && !keys_hold(connection->db))
            result = RESULT_CONFLICT;
        int code = sqlite_do(connection, result == RESULT_OK ? VERB_COMMIT : VERB_ROLLBACK);
        result = result == RESULT_OK ? sqlite_result(code) : result;
    }
    sqlite_disconnect(connection);
    return result == RESULT_OK && filler.reserved && !sqlite_is_sound(path) ? RESULT_CORRUPT : result;
}
