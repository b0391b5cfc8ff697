#include "support/store.h"

#include "base/digest.h"
#include "store/search.h"
#include "support/test.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *server(void)
{
    const char *url = getenv("DUKOU_TEST_STORE");
    return url != NULL && url[0] != '\0' ? url : NULL;
}

/* ---- PostgreSQL ---- */

static PGconn *dial(const char *url)
{
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) != CONNECTION_OK)
        fail_msg("%s: %s", url, PQerrorMessage(connection));
    return connection;
}

static const char *run(PGconn *connection, const char *sql)
{
    static char answer[64 * 1024];
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    (void)snprintf(answer, sizeof answer, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return answer;
}

/* The server's address with another database in it: "postgresql:///postgres?…". */
static const char *url_of(const char *database)
{
    static char url[512];
    const char *of = server();
    const char *name = of != NULL ? strstr(of, "/postgres?") : NULL;
    if (name == NULL)
        fail_msg("DUKOU_TEST_STORE is no address of the database 'postgres'");
    else
        (void)snprintf(url, sizeof url, "%.*s/%s%s", (int)(name - of), of, database,
                       name + strlen("/postgres"));
    return url;
}

static void name_template(const struct store_schema *schema, char *name, size_t room)
{
    char hex[DIGEST_TEXT_SIZE];
    char all[64 * 1024] = "";
    size_t at = 0;
    for (size_t i = 0; i < schema->migration_count; i++) {
        const char *text = schema->migrations[i].text;
        struct digest digest = digest_sha256(text, strlen(text));
        memcpy(all + at, digest.bytes, DIGEST_SIZE);
        at += DIGEST_SIZE;
    }
    for (const struct store_uncovered *u = schema->uncovered; u->table != NULL; u++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s,", u->table);
    struct digest digest = digest_sha256(all, at);
    hex_print(digest.bytes, DIGEST_SIZE, hex);
    (void)snprintf(name, room, "dukou_template_%d_%.16s", (int)getuid(), hex);
}

/* A database with the schema's tables, made by whoever needs it first. */
static const char *template_of(PGconn *connection, const struct store_schema *schema)
{
    static char name[64];
    static char made[64];
    char sql[256];
    bool refused = false;
    name_template(schema, name, sizeof name);
    if (strcmp(made, name) == 0)
        return name;
    (void)run(connection, "SELECT pg_advisory_lock(1)");
    (void)snprintf(sql, sizeof sql, "SELECT 1 FROM pg_database WHERE datname = '%s'", name);
    if (run(connection, sql)[0] == '\0') {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct refusal refusal = {0};
        struct store *store = NULL;
        (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
        (void)run(connection, sql);
        if (store_open_schema(url_of(name), schema, arena, &refusal, &store) != RESULT_OK)
            refused = true;
        else
            store_close(store);
        if (refused) {
            PQfinish(connection); /* lets go of the lock */
            fail_msg("the template does not open: %s", refusal.en);
        }
    }
    (void)run(connection, "SELECT pg_advisory_unlock(1)");
    (void)snprintf(made, sizeof made, "%s", name);
    return name;
}

/* Databases that this process made, dropped at its end unless the whole server goes (tools/postgres.sh). */
static int databases;

static void drop_databases(void)
{
    PGconn *connection = PQconnectdb(server());
    for (int i = 1; i <= databases; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS dukou_test_%d_%d WITH (FORCE)",
                       (int)getpid(), i);
        PQclear(PQexec(connection, sql));
    }
    PQfinish(connection);
}

static const char *database_new(const struct store_schema *schema)
{
    char name[64];
    char sql[256];
    PGconn *connection = dial(server());
    const char *model = schema != NULL ? template_of(connection, schema) : "template1";
    if (databases == 0 && getenv("DUKOU_TEST_SERVER") == NULL)
        (void)atexit(drop_databases);
    (void)snprintf(name, sizeof name, "dukou_test_%d_%d", (int)getpid(), ++databases);
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE %s", name, model);
    (void)run(connection, "SELECT pg_advisory_lock(2)"); /* a template is copied by one at a time */
    (void)run(connection, sql);
    PQfinish(connection);
    return url_of(name);
}

/* What SQLite has and the forgers use. */
static const char of_forgers[] =
    "SET client_min_messages = warning; SET session_replication_role = replica; CREATE SCHEMA IF NOT EXISTS "
    "s;"
    "CREATE OR REPLACE FUNCTION s.zeroblob(n int) RETURNS bytea LANGUAGE sql AS"
    " $$ SELECT decode(repeat('00', n), 'hex') $$;"
    "CREATE OR REPLACE FUNCTION s.replace(b bytea, x text, y text) RETURNS bytea LANGUAGE sql AS"
    " $$ SELECT convert_to(pg_catalog.replace(convert_from(b, 'UTF8'), x, y), 'UTF8') $$";
static const char of_session[] = "SET session_replication_role = replica; SET synchronous_commit = off;"
                                 "SET search_path = public, s";

/* Kept for the next forgery of the same store. */
static PGconn *forger_of(const char *url)
{
    static PGconn *forger;
    static char of[512];
    if (forger != NULL && strcmp(of, url) == 0)
        return forger;
    PQfinish(forger);
    forger = dial(url);
    (void)snprintf(of, sizeof of, "%s", url);
    (void)run(forger, of_forgers);
    (void)run(forger, of_session);
    return forger;
}

static bool forge_postgres(const char *url, const char *sql, char *ret_words, size_t room)
{
    PGconn *forger = forger_of(url);
    PGresult *result = PQexec(forger, sql);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    (void)snprintf(ret_words, room, "%s", PQerrorMessage(forger));
    PQclear(result);
    return good;
}

static const char *ask_postgres(const char *url, const char *sql)
{
    PGconn *connection = dial(url);
    const char *answer = run(connection, sql);
    PQfinish(connection);
    return answer;
}

/* ---- SQLite ---- */

static sqlite3 *open_sqlite(const char *url)
{
    sqlite3 *db;
    if (sqlite3_open(url, &db) != SQLITE_OK || search_register(db) != SQLITE_OK)
        fail_msg("%s: %s", url, sqlite3_errmsg(db));
    return db;
}

static bool forge_sqlite(const char *url, const char *sql, char *ret_words, size_t room)
{
    sqlite3 *db = open_sqlite(url);
    char text[512];
    (void)snprintf(text, sizeof text,
                   "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ATTACH '%s.s' AS s",
                   url);
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    (void)snprintf(ret_words, room, "%s", sqlite3_errmsg(db));
    (void)sqlite3_close(db);
    return code == SQLITE_OK;
}

static const char *ask_sqlite(const char *url, const char *sql)
{
    static char answer[64 * 1024];
    sqlite3 *db = open_sqlite(url);
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    (void)snprintf(answer, sizeof answer, "%s", text != NULL ? text : "");
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return answer;
}

/* ---- either ---- */

static bool is_postgres(const char *url)
{
    return strstr(url, "://") != NULL;
}

const char *test_store_url(const struct store_schema *schema)
{
    static char path[256];
    if (server() != NULL)
        return database_new(schema);
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    return path;
}

const char *test_store_ask(const char *url, const char *sql)
{
    return is_postgres(url) ? ask_postgres(url, sql) : ask_sqlite(url, sql);
}

bool test_store_try(const char *url, const char *sql)
{
    char words[512];
    return (is_postgres(url) ? forge_postgres : forge_sqlite)(url, sql, words, sizeof words);
}

void test_store_sql(const char *url, const char *sql)
{
    char words[512];
    if (!(is_postgres(url) ? forge_postgres : forge_sqlite)(url, sql, words, sizeof words))
        fail_msg("%s: %s", sql, words);
}

const char *test_store_blob(const char *hex)
{
    static char literal[1024];
    (void)snprintf(literal, sizeof literal, server() != NULL ? "'\\x%s'::bytea" : "x'%s'", hex);
    return literal;
}

char *test_store_columns(const char *url)
{
    static const char of_postgres[] =
        "SELECT string_agg(c.relname || chr(9) || a.attname || chr(9) || CASE a.atttypid WHEN 20 THEN "
        "'INTEGER'"
        " WHEN 701 THEN 'REAL' WHEN 17 THEN 'BLOB' ELSE 'TEXT' END || chr(10), '' ORDER BY c.relname, "
        "a.attnum)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition";
    static const char of_sqlite[] =
        "SELECT group_concat(line, '') FROM (SELECT l.name || char(9) || i.name || char(9) ||"
        " CASE WHEN upper(i.type) LIKE '%INT%' THEN 'INTEGER' WHEN upper(i.type) LIKE 'DOUB%' THEN 'REAL'"
        " ELSE upper(i.type) END || char(10) AS line FROM pragma_table_list l, pragma_table_info(l.name) i"
        " WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite_%' ORDER BY l.name, "
        "i.cid)";
    char *lines = strdup(test_store_ask(url, is_postgres(url) ? of_postgres : of_sqlite));
    assert_non_null(lines);
    return lines;
}

/* In the file or its log. */
static bool file_holds(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    char *whole = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&whole, &length);
    for (int c; (c = fgetc(file)) != EOF;)
        (void)fputc(c, out);
    (void)fclose(out);
    (void)fclose(file);
    bool holds = memmem(whole, length, bytes, size) != NULL;
    free(whole);
    return holds;
}

static bool table_holds(PGconn *connection, const char *table, const char *text, const char *hex)
{
    char sql[4096];
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM \"%s\" t WHERE position(%s IN t::text) > 0 OR position('%s' IN t::text) > 0",
        table, text, hex);
    return strcmp(run(connection, sql), "0") != 0;
}

/* In a row as it is printed, where bytes are printed as hexadecimal digits. */
static bool database_holds(const char *url, const void *bytes, size_t size)
{
    static char hex[1024];
    assert_true(size < sizeof hex / 2);
    for (size_t i = 0; i < size; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
    PGconn *connection = dial(url);
    char *text = PQescapeLiteral(connection, bytes, size);
    PGresult *tables = PQexec(connection, "SELECT relname FROM pg_class WHERE relkind = 'r' AND"
                                          " relnamespace = 'public'::regnamespace");
    assert_true(PQntuples(tables) > 0);
    bool holds = false;
    for (int i = 0; i < PQntuples(tables); i++)
        holds = table_holds(connection, PQgetvalue(tables, i, 0), text, hex) || holds;
    PQclear(tables);
    PQfreemem(text);
    PQfinish(connection);
    return holds;
}

bool test_store_holds(const char *url, const void *bytes, size_t size)
{
    char log[512];
    (void)snprintf(log, sizeof log, "%s-wal", url);
    if (is_postgres(url))
        return database_holds(url, bytes, size);
    return file_holds(url, bytes, size) || file_holds(log, bytes, size);
}
