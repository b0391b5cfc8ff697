#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sqlite_store {
    const struct store_schema *schema;
    struct sqlite_version *version;
    char *path;
    char *log; /* path of the write-ahead log; NULL: a file: URL, whose path is not looked for */
    struct sqlite_covered *covered;
    struct sqlite_writer *writer;
    struct sqlite_readers *readers;
};

/* A path, or a file: URL; any other scheme is another back-end's. */
static bool takes(const char *url)
{
    return strncmp(url, "file:", 5) == 0 || (url[0] != '\0' && strstr(url, "://") == NULL);
}

static enum result there(const char *url)
{
    if (strncmp(url, "file:", 5) == 0 || access(url, R_OK) == 0)
        return RESULT_OK;
    return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
}

/* SQLite would create the file readable by everybody, and its log with the same rights. */
static void create_private(const char *url)
{
    if (strncmp(url, "file:", 5) == 0)
        return;
    int file = open(url, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        (void)close(file);
}

static enum result refuse_open(const struct store_opening *opening, enum result result)
{
    if (opening->refusal == NULL || opening->refusal->zh != NULL)
        return result;
    return refuse(
        opening->refusal,
        (struct refusal){
            .result = result,
            .field = "url",
            .zh = arena_printf(opening->arena, "打不开存储 %s（%s）", opening->url, result_name(result)),
            .en = arena_printf(opening->arena, "the store %s cannot be opened (%s)", opening->url,
                               result_name(result)),
            .remedy_zh = "请检查路径、权限与磁盘；文件损坏时请从备份恢复",
            .remedy_en = "Check path, permissions and disk; restore a backup when the file is damaged.",
        });
}

static enum result sqlite_open_store(const struct store_opening *opening, void **ret_state)
{
    sqlite_prepare_library();
    create_private(opening->url);
    struct sqlite_connection *connection = NULL;
    struct sqlite_covered *covered = NULL;
    struct sqlite_version *version = NULL;
    if (opening->refusal != NULL)
        *opening->refusal = (struct refusal){0};
    enum result result = sqlite_connect(opening->url, opening->schema, SQLITE_USE_WRITE, &connection);
    if (result == RESULT_OK)
        result = sqlite_settle_log(connection);
    if (result == RESULT_OK)
        result = sqlite_migrate(connection, opening);
    if (result == RESULT_OK)
        result = sqlite_covered_read(connection, opening, &covered);
    if (result == RESULT_OK)
        result = sqlite_version_open(opening->url, opening->schema, &version);
    if (result != RESULT_OK) {
        sqlite_covered_free(covered);
        sqlite_disconnect(connection);
        return refuse_open(opening, result);
    }
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    if (strncmp(opening->url, "file:", 5) != 0 && asprintf(&store->log, "%s-wal", opening->url) < 0)
        abort();
    store->schema = opening->schema;
    store->covered = covered;
    store->version = version;
    store->writer = sqlite_writer_new(connection, covered);
    store->path = strdup(sqlite3_db_filename(connection->db, "main"));
    if (store->path == NULL)
        abort();
    store->readers = sqlite_readers_new(opening->url, opening->schema, covered);
    *ret_state = store;
    return RESULT_OK;
}

static void sqlite_close_store(void *state)
{
    struct sqlite_store *store = state;
    sqlite_readers_free(store->readers);
    sqlite_writer_free(store->writer);
    sqlite_covered_free(store->covered);
    sqlite_version_free(store->version);
    free(store->log);
    free(store->path);
    free(store);
}

static enum result sqlite_write(void *state, store_work *work, void *argument)
{
    return sqlite_writer_write(((struct sqlite_store *)state)->writer, work, argument);
}

static enum result sqlite_read(void *state, store_work *work, void *argument)
{
    return sqlite_readers_read(((struct sqlite_store *)state)->readers, work, argument);
}

struct copying {
    const char *path;
};

static enum result copy_snapshot(struct store_tx *tx, void *argument)
{
    return sqlite_copy(((struct sqlite_tx *)tx)->connection->db, ((struct copying *)argument)->path);
}

static enum result sqlite_backup_store(void *state, const char *path)
{
    struct copying copying = {path};
    return sqlite_read(state, copy_snapshot, &copying);
}

static void sqlite_figures(void *state, struct store_figures *figures)
{
    struct sqlite_store *store = state;
    struct stat status;
    sqlite_writer_figures(store->writer, figures);
    if (store->log != NULL)
        figures->log_bytes = stat(store->log, &status) == 0 ? (int64_t)status.st_size : 0;
}

static uint64_t sqlite_version_of(void *state)
{
    return sqlite_version_read(((struct sqlite_store *)state)->version);
}

static enum result sqlite_lead_store(void *state, int64_t number, void **ret_lead)
{
    return sqlite_lead(((struct sqlite_store *)state)->path, number, ret_lead);
}

static enum result sqlite_fill_store(void *state, store_fill_work *work, void *argument)
{
    const struct sqlite_store *store = state;
    return sqlite_fill(store->path, store->schema, work, argument);
}

const struct store_backend store_sqlite = {
    .name = "sqlite",
    .takes = takes,
    .there = there,
    .open = sqlite_open_store,
    .close = sqlite_close_store,
    .backup = sqlite_backup_store,
    .restore = sqlite_restore,
    .reserve = sqlite_reserve,
    .each_reserved = sqlite_each_reserved,
    .write = sqlite_write,
    .read = sqlite_read,
    .exec = sqlite_exec,
    .one = sqlite_one,
    .many = sqlite_many,
    .each = sqlite_each,
    .take = sqlite_take,
    .walk = sqlite_walk,
    .dump = sqlite_dump,
    .fill = sqlite_fill_store,
    .figures = sqlite_figures,
    .version = sqlite_version_of,
    .lead = sqlite_lead_store,
    .leads = sqlite_leads,
    .lead_end = sqlite_lead_end,
};
