#include "base/text.h"
#include "store/sqlite/sqlite.h"

#include <assert.h>
#include <string.h>

static int parameter_index(const struct sqlite_statement *statement, const char *name, size_t hint)
{
    for (size_t i = 0; i < statement->parameter_count; i++) {
        size_t at = (hint + i) % statement->parameter_count;
        if (strcmp(statement->parameters[at], name) == 0)
            return (int)at + 1;
    }
    store_stop("statement %s has no parameter :%s", statement->name, name);
}

int sqlite_bind_value(sqlite3_stmt *stmt, int index, const struct store_value *value)
{
    switch (value->type) {
    case STORE_NULL:
        return sqlite3_bind_null(stmt, index);
    case STORE_INTEGER:
        return sqlite3_bind_int64(stmt, index, value->integer);
    case STORE_REAL:
        return sqlite3_bind_double(stmt, index, value->real);
    case STORE_TEXT:
        return sqlite3_bind_text64(stmt, index, value->bytes, value->size, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_BLOB:
        if (value->size == 0) /* a null pointer would bind NULL */
            return sqlite3_bind_zeroblob(stmt, index, 0);
        return sqlite3_bind_blob64(stmt, index, value->bytes, value->size, SQLITE_STATIC);
    }
    store_stop("a value of type %d", (int)value->type);
}

static enum result bind_all(struct sqlite_statement *statement, const struct store_bind *binds)
{
    size_t count = 0;
    uint64_t bound = 0;
    for (; binds[count].name != NULL; count++) {
        const struct store_value *value = &binds[count].value;
        int index = parameter_index(statement, binds[count].name, count);
        if (value->type == STORE_TEXT && !text_is_utf8(value->bytes, value->size, NULL))
            return RESULT_INVALID;
        int code = sqlite_bind_value(statement->stmt, index, value);
        if (code != SQLITE_OK)
            return sqlite_result(code);
        if (index <= 64 && (bound & (uint64_t)1 << (index - 1)) != 0)
            store_stop("statement %s: parameter :%s is given twice", statement->name, binds[count].name);
        bound |= index <= 64 ? (uint64_t)1 << (index - 1) : 0;
    }
    if (count != statement->parameter_count)
        store_stop("statement %s has %zu parameters, %zu were given", statement->name,
                   statement->parameter_count, count);
    return RESULT_OK;
}

struct store_value sqlite_column(sqlite3_stmt *stmt, int index)
{
    switch (sqlite3_column_type(stmt, index)) {
    case SQLITE_INTEGER:
        return store_integer(sqlite3_column_int64(stmt, index));
    case SQLITE_FLOAT:
        return store_real(sqlite3_column_double(stmt, index));
    case SQLITE_TEXT: {
        const void *bytes = sqlite3_column_text(stmt, index);
        return (struct store_value){
            .type = STORE_TEXT, .bytes = bytes, .size = (size_t)sqlite3_column_bytes(stmt, index)};
    }
    case SQLITE_BLOB: {
        const void *bytes = sqlite3_column_blob(stmt, index);
        return store_blob(bytes != NULL ? bytes : "", (size_t)sqlite3_column_bytes(stmt, index));
    }
    default:
        return store_null();
    }
}

/* The current row; with an arena its bytes are copied there. */
static enum result decode(struct sqlite_statement *statement, struct arena *arena, struct store_value *values,
                          struct store_row *ret_row)
{
    for (size_t i = 0; i < statement->column_count; i++) {
        values[i] = sqlite_column(statement->stmt, (int)i);
        if (arena == NULL || (values[i].type != STORE_TEXT && values[i].type != STORE_BLOB))
            continue;
        if (values[i].size >= arena_room(arena))
            return RESULT_TOO_LARGE;
        values[i].bytes = arena_strndup(arena, values[i].bytes, values[i].size);
    }
    *ret_row = (struct store_row){statement->column_count, statement->columns, values};
    return RESULT_OK;
}

static enum result decode_new(struct sqlite_statement *statement, struct arena *arena,
                              struct store_row *ret_row)
{
    if (arena_room(arena) < (statement->column_count + 1) * sizeof(struct store_value))
        return RESULT_TOO_LARGE;
    return decode(statement, arena, arena_new_array(arena, struct store_value, statement->column_count),
                  ret_row);
}

/* A statement on its way: taken, bound, stepped, given back. */
struct run {
    struct sqlite_tx *tx;
    struct sqlite_statement *statement;
    size_t changes_before;
};

static enum result run_begin(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                             struct run *ret_run)
{
    struct sqlite_tx *own = (struct sqlite_tx *)tx;
    struct sqlite_statement *statement = sqlite_statement_take(own->connection, number);
    enum result result = RESULT_OK;
    if (statement->changes_rows && own->changes == NULL)
        result = RESULT_INVALID;
    if (sqlite3_get_autocommit(own->connection->db))
        result = RESULT_IO; /* an earlier failure took the transaction with it */
    if (result == RESULT_OK)
        result = bind_all(statement, binds);
    if (result != RESULT_OK) {
        sqlite_statement_give(own->connection, statement);
        return result;
    }
    *ret_run = (struct run){own, statement, own->changes != NULL ? own->changes->count : 0};
    return RESULT_OK;
}

/* RESULT_NOT_FOUND at the end. */
static enum result run_step(struct run *run)
{
    int code = sqlite3_step(run->statement->stmt);
    if (run->tx->too_large)
        return RESULT_TOO_LARGE;
    if (code == SQLITE_DONE)
        return RESULT_NOT_FOUND;
    /* SQLite has taken back what a failed statement changed; so must the record of it. */
    if (code != SQLITE_ROW && run->statement->changes_rows)
        changes_undo(run->tx->changes, run->changes_before);
    return sqlite_result(code);
}

static enum result run_end(struct run *run, enum result result)
{
    sqlite_statement_give(run->tx->connection, run->statement);
    return result;
}

/* What a changing statement promises (foreign keys above all) is checked at its last step. */
static enum result run_out(struct run *run)
{
    enum result result = RESULT_OK;
    while (result == RESULT_OK)
        result = run_step(run);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result sqlite_exec(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                        int64_t *ret_changed)
{
    struct run run;
    TRY(run_begin(tx, number, binds, &run));
    TRY(run_end(&run, run_out(&run)));
    if (ret_changed != NULL)
        *ret_changed = sqlite3_changes64(run.tx->connection->db);
    return RESULT_OK;
}

enum result sqlite_one(struct store_tx *tx, struct arena *arena, enum sql number,
                       const struct store_bind *binds, struct store_row *ret_row)
{
    struct run run;
    struct store_row row = {0};
    TRY(run_begin(tx, number, binds, &run));
    enum result result = run_step(&run);
    if (result == RESULT_OK)
        result = decode_new(run.statement, arena, &row);
    if (result == RESULT_OK && run.statement->changes_rows)
        result = run_out(&run);
    TRY(run_end(&run, result));
    *ret_row = row;
    return RESULT_OK;
}

struct gathered {
    struct arena *arena;
    struct store_row *rows;
    size_t count;
    size_t capacity;
};

static enum result gather(struct gathered *gathered, const struct store_row *row)
{
    if (gathered->count == gathered->capacity) {
        size_t capacity = gathered->capacity > 0 ? gathered->capacity * 2 : 16;
        if (arena_room(gathered->arena) < capacity * sizeof *row)
            return RESULT_TOO_LARGE;
        struct store_row *rows = arena_new_array(gathered->arena, struct store_row, capacity);
        if (gathered->count > 0)
            memcpy(rows, gathered->rows, gathered->count * sizeof *rows);
        gathered->rows = rows;
        gathered->capacity = capacity;
    }
    gathered->rows[gathered->count++] = *row;
    return RESULT_OK;
}

enum result sqlite_many(struct store_tx *tx, struct arena *arena, enum sql number,
                        const struct store_bind *binds, struct store_rows *ret_rows)
{
    struct run run;
    struct gathered gathered = {.arena = arena};
    TRY(run_begin(tx, number, binds, &run));
    enum result result = run_step(&run);
    while (result == RESULT_OK) {
        struct store_row row;
        result = decode_new(run.statement, arena, &row);
        if (result == RESULT_OK)
            result = gather(&gathered, &row);
        if (result == RESULT_OK)
            result = run_step(&run);
    }
    TRY(run_end(&run, result == RESULT_NOT_FOUND ? RESULT_OK : result));
    *ret_rows = (struct store_rows){gathered.count, gathered.rows};
    return RESULT_OK;
}

enum result sqlite_each(struct store_tx *tx, enum sql number, const struct store_bind *binds,
                        store_each_row *each, void *argument)
{
    struct run run;
    TRY(run_begin(tx, number, binds, &run));
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_value *values = arena_new_array(arena, struct store_value, run.statement->column_count);
    for (;;) {
        struct store_row row;
        enum result result = run_step(&run);
        if (result == RESULT_NOT_FOUND)
            return run_end(&run, RESULT_OK);
        if (result == RESULT_OK)
            result = decode(run.statement, NULL, values, &row);
        if (result == RESULT_OK)
            result = each(&row, argument);
        if (result != RESULT_OK)
            return run_end(&run, result);
    }
}
