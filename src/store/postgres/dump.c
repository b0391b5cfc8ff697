/* Rows out of a store and into one, for copies between back-ends. */
#include "store/postgres/postgres.h"

#include <stdlib.h>
#include <string.h>

/* A search table keeps what search.h made of a text beside the text itself (translate.c). */
static bool is_search(const struct pg_table *table)
{
    return strcmp(table->columns[0].name, "rowid") == 0;
}

/* ---- out ---- */

struct dumping {
    const char *table;
    store_dump_row *each;
    void *argument;
};

static enum result dump_rows(const PGresult *rows, void *argument)
{
    const struct dumping *dumping = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    size_t count = (size_t)PQnfields(rows);
    const char **names = arena_new_array(arena, const char *, count + 1);
    struct store_value *values = arena_new_array(arena, struct store_value, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = PQfname(rows, (int)i);
    for (int at = 0; at < PQntuples(rows); at++) {
        for (size_t i = 0; i < count; i++) {
            values[i] = store_null();
            if (!PQgetisnull(rows, at, (int)i))
                TRY(pg_value_get(PQftype(rows, (int)i), PQgetvalue(rows, at, (int)i),
                                 PQgetlength(rows, at, (int)i), &values[i]));
        }
        const struct store_row row = {count, names, values};
        TRY(dumping->each(dumping->table, &row, dumping->argument));
    }
    return RESULT_OK;
}

enum result pg_dump(struct store_tx *tx, store_dump_row *each, void *argument)
{
    struct pg_tx *own = (struct pg_tx *)tx;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct pg_table *tables;
    size_t count;
    TRY(pg_tx_tables(own, arena, &tables, &count));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tables[i].name, "migration") == 0 || tables[i].keys == NULL)
            continue;
        struct dumping dumping = {tables[i].name, each, argument};
        const char *text =
            arena_printf(arena, "SELECT %s FROM \"%s\" ORDER BY %s",
                         is_search(&tables[i]) ? "rowid, text" : "*", tables[i].name, tables[i].keys);
        TRY(pg_tx_walk(own, text, NULL, NULL, 0, dump_rows, &dumping));
    }
    return RESULT_OK;
}

/* ---- in ---- */

struct filler {
    struct store_filler filler; /* first */
    struct pg_connection *connection;
    struct arena *arena;   /* of the tables */
    struct arena *of_rows; /* reset for each */
    struct pg_table *tables;
    size_t count;
    const struct pg_table *into; /* the table whose rows are on their way; NULL when none */
};

/* The binary form of COPY: a head, then rows of columns with their lengths, then −1. */
static const char copy_head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
static const char copy_tail[] = "\377\377";

static enum result send_bytes(struct filler *filler, const char *bytes, size_t size)
{
    return PQputCopyData(filler->connection->pg, bytes, (int)size) == 1 ? RESULT_OK : RESULT_UNAVAILABLE;
}

static enum result end_copy(struct filler *filler)
{
    PGconn *pg = filler->connection->pg;
    if (filler->into == NULL)
        return RESULT_OK;
    filler->into = NULL;
    TRY(send_bytes(filler, copy_tail, 2));
    if (PQputCopyEnd(pg, NULL) != 1)
        return RESULT_UNAVAILABLE;
    enum result result = RESULT_OK;
    for (PGresult *answer; (answer = PQgetResult(pg)) != NULL; PQclear(answer))
        if (PQresultStatus(answer) != PGRES_COMMAND_OK && result == RESULT_OK) {
            const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
            result = pg_result(state != NULL ? state : "08006");
        }
    return result;
}

static enum result begin_copy(struct filler *filler, const struct pg_table *table)
{
    PG_CLEANUP_RESULT PGresult *answer =
        PQexec(filler->connection->pg,
               arena_printf(filler->arena, "COPY \"%s\" FROM STDIN (FORMAT binary)", table->name));
    if (PQresultStatus(answer) != PGRES_COPY_IN)
        return RESULT_IO;
    filler->into = table;
    return send_bytes(filler, copy_head, sizeof copy_head); /* its last byte is the NUL */
}

static char *put_int(char *at, uint32_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (char)(number >> (8 * i));
    return at;
}

static enum result put_row(struct filler *filler, const struct pg_table *table, const struct store_row *row)
{
    struct arena *arena = filler->of_rows;
    struct pg_value *values = arena_new_array(arena, struct pg_value, row->count);
    size_t size = 2;
    if (row->count != table->count)
        return RESULT_INVALID;
    for (size_t i = 0; i < row->count; i++) {
        const struct pg_place place = {.type = table->columns[i].type};
        if (strcmp(row->names[i], table->columns[i].name) != 0)
            return RESULT_INVALID;
        TRY(pg_value_put(arena, &row->values[i], &place, &values[i]));
        size += 4 + (size_t)values[i].size;
    }
    char *bytes = arena_alloc(arena, size);
    char *at = put_int(bytes, (uint32_t)row->count, 2);
    for (size_t i = 0; i < row->count; i++) {
        at = put_int(at, values[i].bytes == NULL ? UINT32_MAX : (uint32_t)values[i].size, 4);
        if (values[i].bytes != NULL && values[i].size > 0)
            memcpy(at, values[i].bytes, (size_t)values[i].size);
        at += values[i].size;
    }
    return send_bytes(filler, bytes, size);
}

static enum result put_search(struct filler *filler, const struct pg_table *table,
                              const struct store_row *row)
{
    static const struct pg_place places[] = {{.type = PG_INT8},
                                             {.type = PG_TEXT},
                                             {.type = PG_TEXT, .form = PG_FOLDED},
                                             {.type = PG_TEXT_LIST, .form = PG_TOKENS}};
    const char *bytes[4];
    int sizes[4];
    int formats[4];
    struct pg_value values[4];
    TRY(end_copy(filler));
    for (size_t i = 0; i < 4; i++) {
        TRY(pg_value_put(filler->of_rows, &row->values[i > 0], &places[i], &values[i]));
        bytes[i] = values[i].bytes;
        sizes[i] = values[i].size;
        formats[i] = values[i].format;
    }
    PG_CLEANUP_RESULT PGresult *answer = PQexecParams(
        filler->connection->pg,
        arena_printf(filler->of_rows,
                     "INSERT INTO \"%s\" (rowid, text, folded, tokens) VALUES ($1, $2, $3, $4)", table->name),
        4, NULL, bytes, sizes, formats, 1);
    return PQresultStatus(answer) == PGRES_COMMAND_OK ? RESULT_OK : RESULT_IO;
}

static const struct pg_table *find_table(const struct filler *filler, const char *name)
{
    for (size_t i = 0; i < filler->count; i++)
        if (strcmp(filler->tables[i].name, name) == 0)
            return &filler->tables[i];
    return NULL;
}

static enum result put(struct store_filler *store_filler, const char *name, const struct store_row *row)
{
    struct filler *filler = (struct filler *)store_filler;
    arena_reset(filler->of_rows);
    if (filler->into != NULL && strcmp(filler->into->name, name) == 0)
        return put_row(filler, filler->into, row);
    const struct pg_table *table = find_table(filler, name);
    if (table == NULL)
        return RESULT_NOT_FOUND;
    if (is_search(table))
        return put_search(filler, table, row);
    TRY(end_copy(filler));
    TRY(begin_copy(filler, table));
    return put_row(filler, table, row);
}

static enum result reserve(struct store_filler *store_filler, const struct store_reserved *reserved)
{
    struct filler *filler = (struct filler *)store_filler;
    TRY(end_copy(filler));
    return pg_reserve_ids(filler->connection, reserved->table, reserved->last);
}

/* Keys between tables are taken off and put on again behind the rows, which checks them all; the rows were
 * recorded when they came to be, so no trigger tells of them again. Runs `each` for the rows of `text`, one
 * statement a row. */
static enum result run_each(struct pg_connection *connection, const PGresult *texts, int column)
{
    for (int i = 0; i < PQntuples(texts); i++)
        TRY(pg_ask(connection, PQgetvalue(texts, i, column), NULL));
    return RESULT_OK;
}

static const char around_text[] =
    "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),"
    " format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
    " FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
    " UNION ALL"
    " SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),"
    " format('ALTER TABLE %s ENABLE TRIGGER %I', tgrelid::regclass, tgname)"
    " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal AND tgparentid = 0"
    " AND c.relnamespace = current_schema()::regnamespace";

static enum result fill_inside(struct filler *filler, store_fill_work *work, void *argument)
{
    struct pg_connection *connection = filler->connection;
    PG_CLEANUP_RESULT PGresult *around = NULL;
    TRY(pg_ask(connection, "BEGIN; SELECT pg_advisory_xact_lock(" PG_LOCK_WRITE ")", NULL));
    TRY(pg_tables_read(connection, filler->arena, &filler->tables, &filler->count));
    TRY(pg_ask(connection, around_text, &around));
    TRY(run_each(connection, around, 0));
    TRY(work(&filler->filler, argument));
    TRY(end_copy(filler));
    TRY(run_each(connection, around, 1));
    TRY(pg_ask(connection, "COMMIT", NULL));
    return pg_ask(connection, "ANALYZE", NULL);
}

enum result pg_fill(struct pg_store *store, store_fill_work *work, void *argument)
{
    struct pg_connection *connection;
    struct filler filler = {.filler = {put, reserve}, .arena = arena_new(0), .of_rows = arena_new(0)};
    enum result result = pg_connect(store, &connection);
    filler.connection = connection;
    if (result == RESULT_OK)
        result = fill_inside(&filler, work, argument);
    pg_disconnect(connection); /* rolls back what is not committed */
    arena_free(filler.of_rows);
    arena_free(filler.arena);
    return result;
}
