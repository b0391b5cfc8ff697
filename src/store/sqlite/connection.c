#include "base/limits.h"
#include "store/search.h"
#include "store/sqlite/sqlite.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const verb_texts[VERB_COUNT] = {
    [VERB_BEGIN_READ] = "BEGIN",      [VERB_BEGIN_WRITE] = "BEGIN IMMEDIATE", [VERB_COMMIT] = "COMMIT",
    [VERB_ROLLBACK] = "ROLLBACK",     [VERB_SAVE] = "SAVEPOINT unit",         [VERB_KEEP] = "RELEASE unit",
    [VERB_UNDO] = "ROLLBACK TO unit",
};

static void prepare_library(void)
{
    /* Counting memory would take one lock around every allocation of every connection. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_initialize();
}

void sqlite_prepare_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, prepare_library);
}

enum result sqlite_result(int code)
{
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        store_stop("fsync failed: what was written may be lost, so nothing more is acknowledged");
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RESULT_OK;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       code == SQLITE_CONSTRAINT_ROWID || code == SQLITE_CONSTRAINT_FOREIGNKEY
                   ? RESULT_CONFLICT
                   : RESULT_INVALID;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return RESULT_BUSY;
    case SQLITE_TOOBIG:
        return RESULT_TOO_LARGE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RESULT_CORRUPT;
    case SQLITE_NOMEM:
        return RESULT_MEMORY;
    case SQLITE_INTERRUPT:
        return RESULT_CANCELLED;
    case SQLITE_ERROR:    /* an expression failed on these values: a malformed MATCH, an overflow */
    case SQLITE_READONLY: /* a change in a read */
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
        return RESULT_INVALID;
    default:
        return RESULT_IO;
    }
}

static int remember_wal(void *argument, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct sqlite_connection *)argument)->wal_pages = pages;
    return SQLITE_OK;
}

static enum result set_journal(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    code = sqlite3_step(stmt);
    bool is_wal = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    code = sqlite3_finalize(stmt);
    if (code != SQLITE_OK)
        return sqlite_result(code);
    return is_wal ? RESULT_OK : RESULT_INVALID; /* a store in memory has no log */
}

/* Another process holds the lock. SQLite's own waiting sleeps longer and longer, and one of two busy
 * processes would hardly ever find the lock free. */
static int wait_for_other(void *argument, int tries)
{
    enum { EACH_MICROSECONDS = 500 };
    (void)argument;
    (void)nanosleep(&(struct timespec){.tv_nsec = EACH_MICROSECONDS * 1000L}, NULL);
    return tries < LIMIT_STORE_WAIT_SECONDS * (1000000 / EACH_MICROSECONDS);
}

static enum result set_up(struct sqlite_connection *connection, enum sqlite_use use)
{
    sqlite3 *db = connection->db;
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_handler(db, wait_for_other, NULL);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LIMIT_STORE_VALUE_BYTES);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    TRY(set_journal(db));
    char text[256];
    (void)snprintf(text, sizeof text,
                   "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                   "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -%d;"
                   "PRAGMA query_only = %d; PRAGMA journal_size_limit = %d",
                   use == SQLITE_USE_WRITE ? LIMIT_STORE_WRITER_CACHE_KIB : LIMIT_STORE_READER_CACHE_KIB,
                   use == SQLITE_USE_READ, LIMIT_STORE_WAL_BYTES);
    TRY(sqlite_result(sqlite3_exec(db, text, NULL, NULL, NULL)));
    TRY(sqlite_result(search_register(db)));
    (void)sqlite3_wal_hook(db, remember_wal, connection);
    for (size_t i = 0; i < VERB_COUNT; i++)
        TRY(sqlite_result(sqlite3_prepare_v3(db, verb_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                             &connection->verbs[i], NULL)));
    return RESULT_OK;
}

enum result sqlite_connect(const char *url, const struct store_schema *schema, enum sqlite_use use,
                           struct sqlite_connection **ret_connection)
{
    struct sqlite_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        abort();
    connection->schema = schema;
    connection->statements = calloc(schema->statement_count + 1, sizeof(void *));
    if (connection->statements == NULL)
        abort();
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (use == SQLITE_USE_WRITE)
        flags |= SQLITE_OPEN_CREATE;
    if (strncmp(url, "file:", 5) == 0)
        flags |= SQLITE_OPEN_URI;
    enum result result = sqlite_result(sqlite3_open_v2(url, &connection->db, flags, NULL));
    if (result == RESULT_OK)
        result = set_up(connection, use);
    if (result != RESULT_OK) {
        sqlite_disconnect(connection);
        return result;
    }
    *ret_connection = connection;
    return RESULT_OK;
}

static void statement_free(struct sqlite_statement *statement)
{
    if (statement == NULL)
        return;
    (void)sqlite3_finalize(statement->stmt);
    free(statement->columns);
    free(statement->parameters);
    free(statement);
}

void sqlite_disconnect(struct sqlite_connection *connection)
{
    if (connection == NULL)
        return;
    for (size_t i = 0; i < connection->schema->statement_count; i++)
        statement_free(connection->statements[i]);
    for (size_t i = 0; i < VERB_COUNT; i++)
        (void)sqlite3_finalize(connection->verbs[i]);
    int code = sqlite3_close(connection->db);
    assert(code == SQLITE_OK);
    free(connection->statements);
    free(connection);
}

enum result sqlite_settle_log(struct sqlite_connection *connection)
{
    int code = sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED || (code & 0xff) == SQLITE_FULL)
        return RESULT_OK;
    return sqlite_result(code);
}

int sqlite_do(struct sqlite_connection *connection, enum sqlite_verb verb)
{
    sqlite3_stmt *stmt = connection->verbs[verb];
    int code = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* The names in one allocation behind their array. */
static const char **names_new(size_t count, const char *(*name_of)(sqlite3_stmt *, int), sqlite3_stmt *stmt,
                              int first)
{
    size_t size = (count + 1) * sizeof(char *);
    for (size_t i = 0; i < count; i++)
        size += strlen(name_of(stmt, (int)i + first)) + 1;
    const char **names = calloc(1, size);
    if (names == NULL)
        abort();
    char *at = (char *)&names[count + 1];
    for (size_t i = 0; i < count; i++) {
        names[i] = at;
        at = stpcpy(at, name_of(stmt, (int)i + first)) + 1;
    }
    return names;
}

static const char *parameter_name(sqlite3_stmt *stmt, int index)
{
    const char *name = sqlite3_bind_parameter_name(stmt, index);
    if (name != NULL && name[0] == ':')
        return name + 1;
    store_stop("parameter %d is not bound by name: %s", index, sqlite3_sql(stmt));
}

static struct sqlite_statement *statement_new(struct sqlite_connection *connection, enum sql number)
{
    const struct sql_statement *source = &connection->schema->statements[number];
    struct sqlite_statement *statement = calloc(1, sizeof *statement);
    if (statement == NULL)
        abort();
    const char *rest;
    int code = sqlite3_prepare_v3(connection->db, source->text, -1, SQLITE_PREPARE_PERSISTENT,
                                  &statement->stmt, &rest);
    if (code != SQLITE_OK || statement->stmt == NULL)
        store_stop("statement %s in %s: %s", source->name, source->file, sqlite3_errmsg(connection->db));
    statement->name = source->name;
    statement->changes_rows = !sqlite3_stmt_readonly(statement->stmt);
    statement->parameter_count = (size_t)sqlite3_bind_parameter_count(statement->stmt);
    statement->parameters = names_new(statement->parameter_count, parameter_name, statement->stmt, 1);
    statement->column_count = (size_t)sqlite3_column_count(statement->stmt);
    statement->columns = names_new(statement->column_count, sqlite3_column_name, statement->stmt, 0);
    return statement;
}

struct sqlite_statement *sqlite_statement_take(struct sqlite_connection *connection, enum sql number)
{
    struct sqlite_statement **slot = &connection->statements[number];
    if (*slot == NULL)
        *slot = statement_new(connection, number);
    else if ((*slot)->in_use)
        return statement_new(connection, number);
    (*slot)->in_use = true;
    return *slot;
}

void sqlite_statement_give(struct sqlite_connection *connection, struct sqlite_statement *statement)
{
    (void)connection;
    if (!statement->in_use) {
        statement_free(statement);
        return;
    }
    (void)sqlite3_reset(statement->stmt);
    statement->in_use = false;
}
