#include "store/postgres/postgres.h"

#include "store/readers.h"

#include <stdlib.h>
#include <string.h>

static bool takes(const char *url)
{
    return strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0;
}

/* Opening tells: it makes tables, but no database. */
static enum result there(const char *url)
{
    (void)url;
    return RESULT_OK;
}

/* ---- opening ---- */

static enum result refuse_server(const struct store_opening *opening, enum result result, const char *zh,
                                 const char *en, const char *remedy_zh, const char *remedy_en)
{
    return refuse(opening->refusal, (struct refusal){.result = result,
                                                     .field = "url",
                                                     .zh = zh,
                                                     .en = en,
                                                     .remedy_zh = remedy_zh,
                                                     .remedy_en = remedy_en});
}

/* What the rules of store.h rest on, in the order of demands_text. */
static const struct {
    const char *zh;
    const char *en;
    const char *remedy_zh;
    const char *remedy_en;
} demands[] = {
    {"服务器版本低于 PostgreSQL 15", "the server is older than PostgreSQL 15", "请升级服务器",
     "Upgrade the server."},
    {"服务器是备用库，不能写入", "the server is a standby and takes no changes",
     "请连接主库（例如 target_session_attrs=read-write）",
     "Give the address of the primary, for example with target_session_attrs=read-write."},
    {"服务器关闭了 fsync 或 full_page_writes，已确认的数据可能丢失",
     "the server runs with fsync or full_page_writes off, so that what was acknowledged could be lost",
     "请在 postgresql.conf 中开启二者并重启", "Turn both on in postgresql.conf and restart it."},
    {"数据库编码不是 UTF8", "the database is not in UTF8", "请以 ENCODING 'UTF8' 新建数据库",
     "Make a new database with ENCODING 'UTF8'."},
    {"数据库的排序规则不是 C", "the database does not sort by bytes (collation C)",
     "请以 TEMPLATE template0 LC_COLLATE 'C' 新建数据库",
     "Make a new database with TEMPLATE template0 LC_COLLATE 'C'."},
    {"连接没有可用的模式（schema），或角色不能在其中建表",
     "the connection has no schema in which the role may create tables",
     "请使角色成为数据库的所有者，并检查 search_path",
     "Make the role the owner of the database, and check search_path."},
    {"连接关闭了触发器", "the connection runs without triggers", "请去掉 session_replication_role 的设置",
     "Take the setting session_replication_role away."},
};

static const char demands_text[] =
    "SELECT n FROM (VALUES"
    " (0, current_setting('server_version_num')::int < 150000),"
    " (1, pg_is_in_recovery()),"
    " (2, current_setting('fsync') = 'off' OR current_setting('full_page_writes') = 'off'),"
    " (3, current_setting('server_encoding') <> 'UTF8'),"
    " (4, EXISTS (SELECT 1 FROM pg_database WHERE datname = current_database() AND (datlocprovider <> 'c' OR"
    "  datcollate NOT IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8')))),"
    " (5, NOT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)),"
    " (6, current_setting('session_replication_role') <> 'origin')) AS demand (n, failed)"
    " WHERE failed ORDER BY n LIMIT 1";

static enum result check_server(struct pg_connection *connection, const struct store_opening *opening)
{
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    TRY(pg_ask(connection, demands_text, &answer));
    if (PQntuples(answer) == 0)
        return RESULT_OK;
    size_t i = strtoul(PQgetvalue(answer, 0, 0), NULL, 10);
    return refuse_server(opening, RESULT_INVALID, demands[i].zh, demands[i].en, demands[i].remedy_zh,
                         demands[i].remedy_en);
}

static enum result refuse_open(const struct store_opening *opening, enum result result,
                               const struct pg_connection *connection)
{
    if (opening->refusal == NULL || opening->refusal->zh != NULL)
        return result;
    const char *url = store_shown(opening->arena, opening->url);
    return refuse_server(
        opening, result, arena_printf(opening->arena, "打不开存储 %s：%s", url, connection->message),
        arena_printf(opening->arena, "the store %s cannot be opened: %s", url, connection->message),
        "请检查服务器是否运行、地址与端口（或套接字目录）、角色、口令（PGPASSFILE）与 pg_hba.conf",
        "Check that the server runs, its address and port (or the socket's folder), the role, its password "
        "(PGPASSFILE) and pg_hba.conf.");
}

/* What the tables ask of the writer. */
static enum result find_duties(struct pg_connection *connection, struct pg_store *store)
{
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    TRY(pg_ask(connection,
               "SELECT (SELECT count(*) FROM pg_constraint WHERE condeferred AND"
               " connamespace = current_schema()::regnamespace),"
               " (SELECT count(*) FROM pg_proc WHERE proname = 'dukou_partition' AND"
               " pronamespace = current_schema()::regnamespace)",
               &answer));
    store->owes_keys = strcmp(PQgetvalue(answer, 0, 0), "0") != 0;
    store->partitioned = strcmp(PQgetvalue(answer, 0, 1), "0") != 0;
    return RESULT_OK;
}

static enum result open_connection(struct pg_store *store, const struct store_opening *opening,
                                   struct pg_connection **ret_connection)
{
    TRY(pg_connect(store, ret_connection));
    struct pg_connection *connection = *ret_connection;
    TRY(check_server(connection, opening));
    TRY(pg_migrate(connection, opening));
    TRY(find_duties(connection, store));
    return pg_enter_pipeline(connection);
}

static void free_store(struct pg_store *store)
{
    pg_covered_free(store->covered);
    arena_free(store->arena);
    (void)pthread_mutex_destroy(&store->mutex);
    free(store->statements);
    free(store->url);
    free(store);
}

static enum result open_store(const struct store_opening *opening, void **ret_state)
{
    struct pg_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    store->schema = opening->schema;
    store->url = strdup(opening->url);
    store->arena = arena_new(0);
    store->statements = calloc(opening->schema->statement_count + 1, sizeof(void *));
    if (store->url == NULL || store->statements == NULL)
        abort();
    store->covered = pg_covered_new();
    (void)pthread_mutex_init(&store->mutex, NULL);
    if (opening->refusal != NULL)
        *opening->refusal = (struct refusal){0};
    struct pg_connection *connection = NULL;
    enum result result = open_connection(store, opening, &connection);
    if (result != RESULT_OK) {
        result = refuse_open(opening, result, connection);
        pg_disconnect(connection);
        free_store(store);
        return result;
    }
    store->writer = pg_writer_new(store);
    store->readers = pg_readers_new(store, connection);
    store->version = pg_version_new(store);
    *ret_state = store;
    return RESULT_OK;
}

static void close_store(void *state)
{
    struct pg_store *store = state;
    readers_free(store->readers);
    pg_version_free(store->version);
    pg_writer_free(store->writer);
    free_store(store);
}

/* ---- the rest ---- */

static enum result write(void *state, store_work *work, void *argument)
{
    return pg_writer_write(((struct pg_store *)state)->writer, work, argument);
}

static enum result read(void *state, store_work *work, void *argument)
{
    return pg_read(state, work, argument);
}

static void figures(void *state, struct store_figures *figures)
{
    pg_writer_figures(((struct pg_store *)state)->writer, figures);
}

static uint64_t version(void *state)
{
    return pg_version_read(((struct pg_store *)state)->version);
}

static enum result fill(void *state, store_fill_work *work, void *argument)
{
    return pg_fill(state, work, argument);
}

static enum result reserve(const char *url, const struct store_reserved *reserved, size_t count)
{
    struct pg_store store = {.schema = &store_schema_built, .url = (char *)(uintptr_t)url};
    struct pg_connection *connection;
    enum result result = pg_connect(&store, &connection);
    if (result == RESULT_OK)
        result = pg_ask(connection, "BEGIN", NULL);
    for (size_t i = 0; i < count && result == RESULT_OK; i++)
        result = pg_reserve_ids(connection, reserved[i].table, reserved[i].last);
    if (result == RESULT_OK)
        result = pg_ask(connection, "COMMIT", NULL);
    pg_disconnect(connection);
    return result;
}

const struct store_backend store_postgres = {
    .name = "postgresql",
    .takes = takes,
    .there = there,
    .open = open_store,
    .close = close_store,
    .write = write,
    .read = read,
    .exec = pg_exec,
    .one = pg_one,
    .many = pg_many,
    .each = pg_each,
    .take = pg_take,
    .walk = pg_walk,
    .reserve = reserve,
    .each_reserved = pg_each_reserved,
    .dump = pg_dump,
    .fill = fill,
    .figures = figures,
    .version = version,
    .lead = pg_lead,
    .leads = pg_leads,
    .lead_end = pg_lead_end,
};
