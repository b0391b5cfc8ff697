/* Which tables the audit log covers, and the record of what happens to their rows. */
#include "base/limits.h"
#include "store/sqlite/sqlite.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct covered_table {
    const char *name;
    size_t column_count;
    const char **columns;
    bool *is_real;    /* by column: integers are stored there for want of a fraction, and read as reals */
    const char *walk; /* the statement that reads all rows by id */
};

struct sqlite_covered {
    struct arena *arena;          /* of all that follows */
    struct covered_table *tables; /* by name */
    size_t count;
    size_t slot_mask;
    uint32_t *slots; /* open addressing by name; 1 + position, 0 is free */
};

/* ---- reading the tables ---- */

/* Shadow tables go with the virtual table that owns them, which must be listed itself. */
#define TABLES                                                                                               \
    "FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"                          \
    " AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"

static enum result list_tables(sqlite3 *db, const struct store_schema *schema, struct sqlite_covered *covered)
{
    sqlite3_stmt *stmt;
    int code =
        sqlite3_prepare_v2(db, "SELECT name, count(*) OVER () " TABLES " ORDER BY name", -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        if (covered->tables == NULL)
            covered->tables =
                arena_new_array(covered->arena, struct covered_table, (size_t)sqlite3_column_int64(stmt, 1));
        if (store_schema_uncovered(schema, name) == NULL)
            covered->tables[covered->count++].name = arena_strdup(covered->arena, name);
    }
    (void)sqlite3_finalize(stmt);
    return sqlite_result(code);
}

/* SQLite's rules of affinity, as far as they lead to REAL. */
bool sqlite_declares_real(const char *type)
{
    static const char *const others[] = {"INT", "CHAR", "CLOB", "TEXT", "BLOB"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcasestr(type, others[i]) != NULL)
            return false;
    return strcasestr(type, "REAL") != NULL || strcasestr(type, "FLOA") != NULL ||
           strcasestr(type, "DOUB") != NULL;
}

static enum result refuse_table(const struct store_opening *opening, const char *table, const char *zh,
                                const char *en)
{
    return refuse(
        opening->refusal,
        (struct refusal){
            .result = RESULT_INVALID,
            .field = arena_strdup(opening->arena, table),
            .zh = arena_printf(opening->arena, "表 %s %s，审计日志无法覆盖", table, zh),
            .en = arena_printf(opening->arena, "table %s %s, so the audit log cannot cover it", table, en),
            .remedy_zh = "请在迁移中补上 id INTEGER PRIMARY KEY，或在 src/store/uncovered.c 写明不覆盖的理由",
            .remedy_en = "Give it id INTEGER PRIMARY KEY in its migration, or list it with the reason in "
                         "src/store/uncovered.c.",
        });
}

static enum result read_columns(sqlite3 *db, const struct store_opening *opening, struct arena *arena,
                                struct covered_table *table)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(
        db, "SELECT name, type, pk, hidden, count(*) OVER () FROM pragma_table_xinfo(:table)", -1, &stmt,
        NULL);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    (void)sqlite3_bind_text(stmt, 1, table->name, -1, SQLITE_STATIC);
    bool keyed = false;
    bool plain = true;
    int keys = 0;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        const char *type = (const char *)sqlite3_column_text(stmt, 1);
        size_t count = (size_t)sqlite3_column_int64(stmt, 4);
        if (table->columns == NULL) {
            table->columns = arena_new_array(arena, const char *, count);
            table->is_real = arena_new_array(arena, bool, count);
        }
        table->is_real[table->column_count] = sqlite_declares_real(type);
        table->columns[table->column_count++] = arena_strdup(arena, name);
        keys += sqlite3_column_int(stmt, 2) > 0;
        plain = plain && sqlite3_column_int(stmt, 3) == 0;
        keyed = keyed || (strcmp(name, "id") == 0 && strcasecmp(type, "INTEGER") == 0 &&
                          sqlite3_column_int(stmt, 2) == 1);
    }
    (void)sqlite3_finalize(stmt);
    TRY(sqlite_result(code));
    if (!keyed || keys != 1)
        return refuse_table(opening, table->name, "没有 id INTEGER PRIMARY KEY",
                            "has no id INTEGER PRIMARY KEY");
    if (!plain)
        return refuse_table(opening, table->name, "有生成列或隐藏列", "has generated or hidden columns");
    return RESULT_OK;
}

/* The hook knows rows by rowid. `id` is not that where its key has an index of its own: WITHOUT ROWID, or
 * DESC. */
static enum result check_rowid(sqlite3 *db, const struct store_opening *opening,
                               const struct covered_table *table)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(db, "SELECT 1 FROM pragma_index_list(:table) WHERE origin = 'pk'", -1,
                                  &stmt, NULL);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    (void)sqlite3_bind_text(stmt, 1, table->name, -1, SQLITE_STATIC);
    bool indexed = sqlite3_step(stmt) == SQLITE_ROW;
    TRY(sqlite_result(sqlite3_finalize(stmt)));
    return indexed ? refuse_table(opening, table->name, "的 id 不是 rowid", "has an id that is not its rowid")
                   : RESULT_OK;
}

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return hash ^ hash >> 15;
}

static void index_tables(struct sqlite_covered *covered)
{
    size_t size = 16;
    while (size < covered->count * 4)
        size *= 2;
    covered->slot_mask = size - 1;
    covered->slots = arena_new_array(covered->arena, uint32_t, size);
    for (size_t i = 0; i < covered->count; i++) {
        size_t at = name_hash(covered->tables[i].name);
        while (covered->slots[at & covered->slot_mask] != 0)
            at++;
        covered->slots[at & covered->slot_mask] = (uint32_t)i + 1;
    }
}

static const struct covered_table *find_table(const struct sqlite_covered *covered, const char *name)
{
    for (size_t at = name_hash(name);; at++) {
        uint32_t slot = covered->slots[at & covered->slot_mask];
        if (slot == 0)
            return NULL;
        if (strcmp(covered->tables[slot - 1].name, name) == 0)
            return &covered->tables[slot - 1];
    }
}

enum result sqlite_covered_read(struct sqlite_connection *connection, const struct store_opening *opening,
                                struct sqlite_covered **ret_covered)
{
    struct sqlite_covered *covered = calloc(1, sizeof *covered);
    if (covered == NULL)
        abort();
    covered->arena = arena_new(0);
    enum result result = list_tables(connection->db, opening->schema, covered);
    for (size_t i = 0; i < covered->count && result == RESULT_OK; i++) {
        struct covered_table *table = &covered->tables[i];
        result = read_columns(connection->db, opening, covered->arena, table);
        if (result == RESULT_OK)
            result = check_rowid(connection->db, opening, table);
        table->walk = arena_printf(covered->arena, "SELECT * FROM \"%s\" ORDER BY id", table->name);
    }
    if (result != RESULT_OK) {
        sqlite_covered_free(covered);
        return result;
    }
    index_tables(covered);
    *ret_covered = covered;
    return RESULT_OK;
}

void sqlite_covered_free(struct sqlite_covered *covered)
{
    if (covered == NULL)
        return;
    arena_free(covered->arena);
    free(covered);
}

/* ---- recording changes ---- */

static void make_real(struct store_value *value)
{
    if (value->type == STORE_INTEGER)
        *value = store_real((double)value->integer);
}

static struct store_value value_of(sqlite3_value *value)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        return store_integer(sqlite3_value_int64(value));
    case SQLITE_FLOAT:
        return store_real(sqlite3_value_double(value));
    case SQLITE_TEXT: {
        /* _blob spares the copy that _text makes to add a NUL. */
        const void *bytes = sqlite3_value_blob(value);
        return (struct store_value){
            .type = STORE_TEXT, .bytes = bytes, .size = (size_t)sqlite3_value_bytes(value)};
    }
    case SQLITE_BLOB: {
        const void *bytes = sqlite3_value_blob(value);
        return store_blob(bytes, (size_t)sqlite3_value_bytes(value));
    }
    default:
        return store_null();
    }
}

typedef int preupdate_get(sqlite3 *db, int column, sqlite3_value **ret_value);

enum { COLUMNS_ON_STACK = 64 };

/* The canonical bytes of the old or new row, in the arena of the unit's changes. */
static const uint8_t *row_bytes(struct sqlite_tx *tx, const struct covered_table *table, preupdate_get *get,
                                size_t *ret_size)
{
    struct arena *arena = tx->changes->arena;
    struct store_value on_stack[COLUMNS_ON_STACK];
    struct store_value *values = on_stack;
    if (table->column_count > COLUMNS_ON_STACK)
        values = arena_new_array(arena, struct store_value, table->column_count);
    for (size_t i = 0; i < table->column_count; i++) {
        sqlite3_value *value;
        if (get(tx->connection->db, (int)i, &value) != SQLITE_OK)
            store_stop("a change of table %s cannot be read", table->name);
        values[i] = value_of(value);
        if (table->is_real[i])
            make_real(&values[i]);
    }
    size_t size = canonical_size(table->columns, values, table->column_count);
    if (size + LIMIT_ARENA_BYTES / 2 >
        arena_room(arena)) { /* the other half serves the list and its merging */
        tx->too_large = true;
        return NULL;
    }
    uint8_t *bytes = arena_alloc(arena, size);
    (void)canonical_write(bytes, table->columns, values, table->column_count);
    *ret_size = size;
    return bytes;
}

static void record(struct sqlite_tx *tx, const struct covered_table *table, row_id id, bool had, bool has)
{
    struct store_change change = {.table = table->name, .id = id};
    if (had)
        change.before = row_bytes(tx, table, sqlite3_preupdate_old, &change.before_size);
    if (has)
        change.after = row_bytes(tx, table, sqlite3_preupdate_new, &change.after_size);
    if (!tx->too_large)
        changes_add(tx->changes, &change);
}

static void on_change(void *argument, sqlite3 *db, int operation, const char *schema, const char *name,
                      sqlite3_int64 old_id, sqlite3_int64 new_id)
{
    (void)db;
    (void)schema; /* there is only main: nothing is attached, and temp holds no tables */
    struct sqlite_tx *tx = argument;
    const struct covered_table *table = find_table(tx->covered, name);
    if (table == NULL || tx->changes == NULL || tx->too_large)
        return;
    if (operation == SQLITE_UPDATE && old_id != new_id) {
        record(tx, table, old_id, true, false);
        record(tx, table, new_id, false, true);
        return;
    }
    record(tx, table, operation == SQLITE_INSERT ? new_id : old_id, operation != SQLITE_INSERT,
           operation != SQLITE_DELETE);
}

void sqlite_covered_watch(struct sqlite_tx *tx)
{
    (void)sqlite3_preupdate_hook(tx->connection->db, on_change, tx);
}

const struct store_change *sqlite_take(struct store_tx *tx, size_t *ret_count)
{
    struct sqlite_tx *own = (struct sqlite_tx *)tx;
    if (own->changes == NULL) {
        *ret_count = 0;
        return NULL;
    }
    return changes_take(own->changes, ret_count);
}

/* ---- walking ---- */

static enum result walk_row(const struct covered_table *table, sqlite3_stmt *stmt, struct arena *arena,
                            store_each_covered *each, void *argument)
{
    arena_reset(arena);
    struct store_value *values = arena_new_array(arena, struct store_value, table->column_count);
    row_id id = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        values[i] = sqlite_column(stmt, (int)i);
        if (table->is_real[i])
            make_real(&values[i]);
        if (strcmp(table->columns[i], "id") == 0)
            id = values[i].integer;
    }
    size_t size = canonical_size(table->columns, values, table->column_count);
    uint8_t *bytes = arena_alloc(arena, size);
    (void)canonical_write(bytes, table->columns, values, table->column_count);
    return each(table->name, id, bytes, size, argument);
}

static enum result walk_table(sqlite3 *db, const struct covered_table *table, struct arena *arena,
                              store_each_covered *each, void *argument)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(db, table->walk, -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    enum result result = RESULT_OK;
    while (result == RESULT_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        result = walk_row(table, stmt, arena, each, argument);
    (void)sqlite3_finalize(stmt);
    return result != RESULT_OK ? result : sqlite_result(code);
}

enum result sqlite_walk(struct store_tx *tx, store_each_covered *each, void *argument)
{
    struct sqlite_tx *own = (struct sqlite_tx *)tx;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (size_t i = 0; i < own->covered->count; i++)
        TRY(walk_table(own->connection->db, &own->covered->tables[i], arena, each, argument));
    return RESULT_OK;
}
