/* What every table needs beside its migration: a next id like SQLite's (the highest and one more, so that
 * both stores give the same ids; writers come one after the other, so no two get the same), and on covered
 * tables a trigger that tells of changes. */
#include "store/postgres/postgres.h"

#include <stdlib.h>
#include <string.h>

static const char tables_text[] =
    "SELECT c.relname::text, c.relkind = 'p', a.attname::text, a.atttypid,"
    " EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1"
    "  AND i.indkey[0] = a.attnum),"
    " a.attgenerated <> '', a.atthasdef OR a.attidentity <> '',"
    " (SELECT t.tgargs FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'dukou_change'"
    "  AND t.tgenabled IN ('O', 'A') AND t.tgtype = 29),"
    " (SELECT string_agg(quote_ident(k.attname), ', ' ORDER BY x.n) FROM pg_index i,"
    "  unnest(i.indkey::int2[]) WITH ORDINALITY AS x (attnum, n) JOIN pg_attribute k ON k.attnum = x.attnum"
    "  WHERE i.indrelid = c.oid AND i.indisprimary AND k.attrelid = c.oid)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')"
    "  AND NOT c.relispartition"
    " ORDER BY c.relname COLLATE \"C\", a.attnum";

static bool is_true(const PGresult *rows, int at, int column)
{
    return !PQgetisnull(rows, at, column) && PQgetvalue(rows, at, column)[0] == 1;
}

static void read_column(const PGresult *rows, int at, struct pg_column *column, struct arena *arena)
{
    struct store_value type = store_null();
    (void)pg_value_get(PG_OID, PQgetvalue(rows, at, 3), 4, &type);
    *column = (struct pg_column){
        .name = arena_strdup(arena, PQgetvalue(rows, at, 2)),
        .type = (Oid)type.integer,
        .is_key = is_true(rows, at, 4),
        .generated = is_true(rows, at, 5),
        .has_default = is_true(rows, at, 6),
    };
}

static void tables_of(const PGresult *rows, struct arena *arena, struct pg_table **ret_tables,
                      size_t *ret_count)
{
    size_t total = (size_t)PQntuples(rows);
    struct pg_table *tables = arena_new_array(arena, struct pg_table, total + 1);
    struct pg_column *columns = arena_new_array(arena, struct pg_column, total + 1);
    size_t count = 0;
    for (size_t i = 0; i < total; i++) {
        const char *name = PQgetvalue(rows, (int)i, 0);
        if (count == 0 || strcmp(tables[count - 1].name, name) != 0)
            tables[count++] = (struct pg_table){
                .name = arena_strdup(arena, name),
                .partitioned = is_true(rows, (int)i, 1),
                .columns = &columns[i],
                .keys =
                    PQgetisnull(rows, (int)i, 8) ? NULL : arena_strdup(arena, PQgetvalue(rows, (int)i, 8)),
                .told =
                    PQgetisnull(rows, (int)i, 7) ? NULL : arena_strdup(arena, PQgetvalue(rows, (int)i, 7)),
            };
        read_column(rows, (int)i, &columns[i], arena);
        tables[count - 1].count++;
    }
    *ret_tables = tables;
    *ret_count = count;
}

enum result pg_tables_read(struct pg_connection *connection, struct arena *arena,
                           struct pg_table **ret_tables, size_t *ret_count)
{
    PG_CLEANUP_RESULT PGresult *rows =
        PQexecParams(connection->pg, tables_text, 0, NULL, NULL, NULL, NULL, 1);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK)
        return pg_lost(connection) ? RESULT_UNAVAILABLE : RESULT_IO;
    tables_of(rows, arena, ret_tables, ret_count);
    return RESULT_OK;
}

enum result pg_tx_tables(struct pg_tx *tx, struct arena *arena, struct pg_table **ret_tables,
                         size_t *ret_count)
{
    TRY(pg_tx_settle(tx));
    pg_send(tx->connection, tables_text, NULL, NULL, 0);
    struct pg_outcome outcome = pg_collect(tx->connection);
    if (outcome.result != RESULT_OK) {
        tx->broken = outcome.result;
        return outcome.result;
    }
    tx->asked++;
    tables_of(outcome.answer, arena, ret_tables, ret_count);
    PQclear(outcome.answer);
    return RESULT_OK;
}

const char *pg_table_words(struct arena *arena, const struct pg_table *table)
{
    char *words = arena_printf(arena, "dukou:%s:", table->name);
    for (size_t i = 0; i < table->count; i++)
        words = arena_printf(arena, "%s%s%s", words, i > 0 ? "," : "", table->columns[i].name);
    return words;
}

/* ---- what cannot be covered ---- */

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

static enum result check_table(const struct store_opening *opening, const struct pg_table *table)
{
    bool keyed = false;
    for (size_t i = 0; i < table->count; i++) {
        const struct pg_column *column = &table->columns[i];
        keyed = keyed || (column->is_key && strcmp(column->name, "id") == 0 && column->type == PG_INT8);
    }
    if (!keyed)
        return refuse_table(opening, table->name, "没有 id INTEGER PRIMARY KEY",
                            "has no id INTEGER PRIMARY KEY");
    for (size_t i = 0; i < table->count; i++) {
        if (table->columns[i].generated)
            return refuse_table(opening, table->name, "有生成列或隐藏列", "has generated or hidden columns");
        if (!pg_type_is_storable(table->columns[i].type))
            return refuse_table(opening, table->name, "有整数、浮点、文本、字节以外的列",
                                "has a column that is no integer, real, text or blob");
    }
    return RESULT_OK;
}

/* ---- mending ---- */

static const char change_function[] =
    "CREATE OR REPLACE FUNCTION dukou_change() RETURNS trigger LANGUAGE plpgsql AS $$\n"
    "BEGIN\n"
    "  IF TG_OP = 'INSERT' THEN\n"
    "    RAISE NOTICE USING MESSAGE = TG_ARGV[0], HINT = encode(record_send(NEW), 'hex');\n"
    "  ELSIF TG_OP = 'DELETE' THEN\n"
    "    RAISE NOTICE USING MESSAGE = TG_ARGV[0], DETAIL = encode(record_send(OLD), 'hex');\n"
    "  ELSE\n"
    "    RAISE NOTICE USING MESSAGE = TG_ARGV[0], DETAIL = encode(record_send(OLD), 'hex'),\n"
    "      HINT = encode(record_send(NEW), 'hex');\n"
    "  END IF;\n"
    "  RETURN NULL;\n"
    "END $$";

/* Names are those of the program's migrations: plain words. */
static enum result tell_changes(struct pg_connection *connection, struct arena *arena,
                                const struct pg_table *table, const char *words)
{
    return pg_ask(connection,
                  arena_printf(arena,
                               "CREATE OR REPLACE TRIGGER dukou_change AFTER INSERT OR UPDATE OR DELETE"
                               " ON \"%s\" FOR EACH ROW EXECUTE FUNCTION dukou_change('%s')",
                               table->name, words),
                  NULL);
}

/* The comment tells below which ids none is given (store_reserve()). */
static char *next_function(struct arena *arena, const char *table, const char *key, int64_t reserved)
{
    return arena_printf(
        arena,
        "CREATE OR REPLACE FUNCTION \"dukou_next_%s\"() RETURNS bigint LANGUAGE plpgsql AS $$"
        "BEGIN RETURN (SELECT greatest(coalesce(max(\"%s\"), 0), %lld) + 1 FROM \"%s\"); END $$;"
        "COMMENT ON FUNCTION \"dukou_next_%s\"() IS '%lld'",
        table, key, (long long)reserved, table, table, (long long)reserved);
}

static enum result count_ids(struct pg_connection *connection, struct arena *arena,
                             const struct pg_table *table, const char *key)
{
    TRY(pg_ask(connection, next_function(arena, table->name, key, 0), NULL));
    return pg_ask(connection,
                  arena_printf(arena,
                               "ALTER TABLE \"%s\" ALTER COLUMN \"%s\" SET DEFAULT \"dukou_next_%s\"()",
                               table->name, key, table->name),
                  NULL);
}

enum result pg_reserve_ids(struct pg_connection *connection, const char *table, int64_t last)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    TRY(pg_ask(
        connection,
        arena_printf(arena,
                     "SELECT obj_description(oid, 'pg_proc') FROM pg_proc WHERE proname = 'dukou_next_%s'"
                     " AND pronamespace = current_schema()::regnamespace",
                     table),
        &answer));
    if (PQntuples(answer) == 0 || strtoll(PQgetvalue(answer, 0, 0), NULL, 10) >= last)
        return RESULT_OK;
    return pg_ask(connection, next_function(arena, table, "id", last), NULL);
}

struct telling {
    store_each_reserved *each;
    void *argument;
};

static enum result tell_reserved(const PGresult *rows, void *argument)
{
    const struct telling *telling = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct store_value last;
        TRY(pg_value_get(PQftype(rows, 1), PQgetvalue(rows, i, 1), PQgetlength(rows, i, 1), &last));
        const char *table = arena_strndup(arena, PQgetvalue(rows, i, 0), (size_t)PQgetlength(rows, i, 0));
        const struct store_reserved reserved = {table, last.integer};
        TRY(telling->each(&reserved, telling->argument));
    }
    return RESULT_OK;
}

enum result pg_each_reserved(struct store_tx *tx, store_each_reserved *each, void *argument)
{
    struct telling telling = {each, argument};
    return pg_tx_walk((struct pg_tx *)tx,
                      "SELECT substr(proname::text, 12), reserved FROM (SELECT proname,"
                      " obj_description(oid, 'pg_proc')::bigint AS reserved FROM pg_proc WHERE proname LIKE"
                      " 'dukou\\_next\\_%' AND pronamespace = current_schema()::regnamespace) f"
                      " WHERE reserved > 0 ORDER BY proname",
                      NULL, NULL, 0, tell_reserved, &telling);
}

static enum result mend(struct pg_connection *connection, struct arena *arena,
                        const struct store_opening *opening, const struct pg_table *table,
                        bool *have_function)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct pg_column *column = &table->columns[i];
        if (column->is_key && column->type == PG_INT8 && !column->has_default && !table->partitioned)
            TRY(count_ids(connection, arena, table, column->name));
    }
    if (store_schema_uncovered(opening->schema, table->name) != NULL)
        return RESULT_OK;
    TRY(check_table(opening, table));
    const char *words = pg_table_words(arena, table);
    if (table->told != NULL && strcmp(table->told, words) == 0)
        return RESULT_OK;
    if (!*have_function)
        TRY(pg_ask(connection, change_function, NULL));
    *have_function = true;
    return tell_changes(connection, arena, table, words);
}

enum result pg_shape(struct pg_connection *connection, const struct store_opening *opening)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct pg_table *tables;
    size_t count;
    bool have_function = false;
    TRY(pg_tables_read(connection, arena, &tables, &count));
    for (size_t i = 0; i < count; i++)
        TRY(mend(connection, arena, opening, &tables[i], &have_function));
    return RESULT_OK;
}

enum result pg_is_shaped(struct pg_connection *connection, const struct store_schema *schema,
                         bool *ret_shaped)
{
    PG_CLEANUP_RESULT PGresult *rows = NULL;
    TRY(pg_ask(connection,
               "SELECT relname FROM pg_class c WHERE relnamespace = current_schema()::regnamespace"
               " AND relkind IN ('r', 'p') AND NOT relispartition AND NOT EXISTS (SELECT 1 FROM pg_trigger t"
               " WHERE t.tgrelid = c.oid AND t.tgname = 'dukou_change' AND t.tgenabled IN ('O', 'A'))",
               &rows));
    *ret_shaped = true;
    for (int i = 0; i < PQntuples(rows); i++)
        *ret_shaped = *ret_shaped && store_schema_uncovered(schema, PQgetvalue(rows, i, 0)) != NULL;
    return RESULT_OK;
}
