#include "peers/source/postgres.h"

#include "base/limits.h"
#include "peers/source/select.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct postgres {
    PGconn *connection;
};

static void clear(PGresult **result)
{
    PQclear(*result);
}
#define CLEANUP_RESULT __attribute__((cleanup(clear)))

static enum result refuse_state(struct arena *arena, const PGresult *result, const char *zh, const char *en,
                                struct refusal *ret_refusal)
{
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    state = state != NULL ? state : "-";
    return refuse(ret_refusal,
                  (struct refusal){.result = RESULT_UNAVAILABLE,
                                   .zh = arena_printf(arena, "PostgreSQL:%s(SQLSTATE %s)。", zh, state),
                                   .en = arena_printf(arena, "PostgreSQL: %s (SQLSTATE %s).", en, state),
                                   .remedy_zh = "请检查数据库、表名和代理所用角色的权限。",
                                   .remedy_en = "Check the database, the table's name and the rights of "
                                                "the agent's role."});
}

static enum result execute(struct arena *arena, struct postgres *postgres, const char *sql,
                           struct refusal *ret_refusal)
{
    CLEANUP_RESULT PGresult *result = PQexec(postgres->connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return refuse_state(arena, result, "无法开始只读事务", "a read-only transaction cannot begin",
                            ret_refusal);
    return RESULT_OK;
}

/* libpq's defaults come from the provider's string alone: an end to waiting is added when it names none. */
static PGconn *connect_to(const char *connection)
{
    const char *const keywords[] = {"connect_timeout", "client_encoding", "application_name", "dbname", NULL};
    const char *const values[] = {"10", "UTF8", "dukou source", connection, NULL};
    return PQconnectdbParams(keywords, values, 1);
}

enum result postgres_open(struct arena *arena, const struct source_resource *resource,
                          struct postgres **ret_postgres, struct refusal *ret_refusal)
{
    struct postgres *postgres = calloc(1, sizeof *postgres);
    if (postgres == NULL)
        abort();
    postgres->connection = connect_to(resource->connection);
    enum result result = RESULT_OK;
    if (PQstatus(postgres->connection) != CONNECTION_OK)
        result = refuse_state(arena, NULL, "连接失败", "no connection", ret_refusal);
    if (result == RESULT_OK)
        result =
            execute(arena, postgres,
                    "SET datestyle = 'ISO, YMD'; SET standard_conforming_strings = on; "
                    "SET timezone = 'Asia/Shanghai'; SET extra_float_digits = 1; SET bytea_output = 'hex'; "
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                    ret_refusal);
    if (result != RESULT_OK) {
        postgres_close(postgres);
        return result;
    }
    *ret_postgres = postgres;
    return RESULT_OK;
}

void postgres_close(struct postgres *postgres)
{
    if (postgres == NULL)
        return;
    PQfinish(postgres->connection);
    free(postgres);
}

const char *postgres_table(struct arena *arena, const char *table)
{
    const char *dot = strchr(table, '.');
    if (dot == NULL)
        return select_identifier(arena, table);
    const char *schema = arena_strndup(arena, table, (size_t)(dot - table));
    return arena_printf(arena, "%s.%s", select_identifier(arena, schema), select_identifier(arena, dot + 1));
}

static enum engine_type type_of(const char *name)
{
    static const struct {
        const char *name;
        enum engine_type type;
    } known[] = {{"int2", ENGINE_INTEGER},         {"int4", ENGINE_INTEGER},  {"int8", ENGINE_INTEGER},
                 {"float4", ENGINE_DOUBLE},        {"float8", ENGINE_DOUBLE}, {"numeric", ENGINE_DOUBLE},
                 {"bool", ENGINE_BOOLEAN},         {"date", ENGINE_DATE},     {"timestamp", ENGINE_TIMESTAMP},
                 {"timestamptz", ENGINE_TIMESTAMP}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].type;
    return ENGINE_TEXT;
}

enum result postgres_fields(struct arena *arena, struct postgres *postgres,
                            const struct source_resource *resource, struct engine_field **ret_fields,
                            size_t *ret_count, struct refusal *ret_refusal)
{
    const char *const parameters[] = {postgres_table(arena, resource->table)};
    CLEANUP_RESULT PGresult *result =
        PQexecParams(postgres->connection,
                     "SELECT a.attname, t.typname, a.attnotnull FROM pg_catalog.pg_attribute a "
                     "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
                     "WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped "
                     "ORDER BY a.attnum",
                     1, NULL, parameters, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return refuse_state(arena, result, "读不到这个表的结构", "the table's structure cannot be read",
                            ret_refusal);
    size_t count = (size_t)PQntuples(result);
    if (count == 0 || count > LIMIT_TABLE_COLUMNS)
        return refuse_state(arena, result, "表没有列，或列太多", "the table has no columns or too many",
                            ret_refusal);
    struct engine_field *fields = arena_new_array(arena, struct engine_field, count);
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct engine_field){.name = arena_strdup(arena, PQgetvalue(result, (int)i, 0)),
                                          .type = type_of(PQgetvalue(result, (int)i, 1)),
                                          .nullable = strcmp(PQgetvalue(result, (int)i, 2), "t") != 0};
    *ret_fields = fields;
    *ret_count = count;
    return RESULT_OK;
}

static enum result write_whole(int fd, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t wrote = write(fd, bytes + at, size - at);
        if (wrote < 0 && errno != EINTR)
            return RESULT_IO;
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return RESULT_OK;
}

/* 0 at the end; less than 0 when the server gave up or the limit is passed. */
static int copy_piece(struct postgres *postgres, int fd, size_t *total)
{
    char *piece = NULL;
    int size = PQgetCopyData(postgres->connection, &piece, 0);
    if (size <= 0)
        return size == -1 ? 0 : -1;
    *total += (size_t)size;
    bool kept = *total <= LIMIT_SLICE_BYTES && write_whole(fd, piece, (size_t)size) == RESULT_OK;
    PQfreemem(piece);
    return kept ? 1 : -1;
}

enum result postgres_copy(struct arena *arena, struct postgres *postgres, const char *sql, int fd,
                          int64_t *ret_rows, struct refusal *ret_refusal)
{
    CLEANUP_RESULT PGresult *start =
        PQexec(postgres->connection,
               arena_printf(arena, "COPY (%s) TO STDOUT (FORMAT csv, HEADER true, ENCODING 'UTF8')", sql));
    if (PQresultStatus(start) != PGRES_COPY_OUT)
        return refuse_state(arena, start, "读取被拒绝", "reading was refused", ret_refusal);
    size_t total = 0;
    int more;
    do
        more = copy_piece(postgres, fd, &total);
    while (more > 0);
    CLEANUP_RESULT PGresult *end = PQgetResult(postgres->connection);
    if (more < 0 || PQresultStatus(end) != PGRES_COMMAND_OK)
        return refuse_state(arena, end, "读取中断，或结果过大",
                            "reading broke off, or the result is too large", ret_refusal);
    *ret_rows = strtoll(PQcmdTuples(end), NULL, 10);
    return RESULT_OK;
}
