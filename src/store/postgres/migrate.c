/* Brings the tables to the shape the program knows. The texts are those of SQLite, translated, or a text of
 * their own; remembered is the digest of the original, so that both stores check alike.
 *
 * A migration may run while an older program serves: each is a transaction of its own, and waits for a lock
 * on a table only for a moment before it lets everybody else go on and tries again. */
#include "base/digest.h"
#include "store/migration.h"
#include "store/postgres/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 60, PAUSE_MS = 200 };

static const char create_migration[] =
    "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT "
    "NULL,"
    " at TEXT NOT NULL DEFAULT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'));"
    "COMMENT ON TABLE migration IS 'dukou'";

static enum result ask_number(struct pg_connection *connection, const char *text, int64_t *ret_number)
{
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    TRY(pg_ask(connection, text, &answer));
    *ret_number = strtoll(PQgetvalue(answer, 0, 0), NULL, 10);
    return RESULT_OK;
}

static enum result is_ours(struct pg_connection *connection, bool *ret_ours)
{
    int64_t marked;
    TRY(ask_number(connection,
                   "SELECT count(*) FROM pg_class WHERE relname = 'migration' AND"
                   " relnamespace = current_schema()::regnamespace AND obj_description(oid) = 'dukou'",
                   &marked));
    *ret_ours = marked > 0;
    return RESULT_OK;
}

/* An empty schema becomes a store; anything else must be one already. */
static enum result check_kind(struct pg_connection *connection, const struct store_opening *opening)
{
    int64_t tables;
    bool ours;
    TRY(is_ours(connection, &ours));
    if (ours)
        return RESULT_OK;
    TRY(ask_number(connection,
                   "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND"
                   " relnamespace = current_schema()::regnamespace",
                   &tables));
    if (tables == 0)
        return RESULT_OK;
    return refuse(opening->refusal,
                  (struct refusal){
                      .result = RESULT_INVALID,
                      .field = "url",
                      .zh = "这个数据库已有其他表，不是本平台的存储",
                      .en = "this database holds other tables and is not a store of this platform",
                      .remedy_zh = "请换一个空的数据库",
                      .remedy_en = "Give an empty database.",
                  });
}

/* Marks in `applied`, one place a migration of the schema, what the database has. */
static enum result read_applied(struct pg_connection *connection, const struct store_opening *opening,
                                bool *applied)
{
    PG_CLEANUP_RESULT PGresult *rows = NULL;
    TRY(pg_ask(connection, "SELECT number, sha256 FROM migration ORDER BY number", &rows));
    for (int i = 0; i < PQntuples(rows); i++)
        TRY(migration_check(opening, (int)strtol(PQgetvalue(rows, i, 0), NULL, 10), PQgetvalue(rows, i, 1),
                            applied));
    return RESULT_OK;
}

static enum result remember(struct pg_connection *connection, const struct store_opening *opening,
                            const struct sql_migration *migration)
{
    char text[DIGEST_TEXT_SIZE];
    migration_digest(migration, text);
    return pg_ask(connection,
                  arena_printf(opening->arena,
                               "INSERT INTO migration (number, name, sha256) VALUES (%d, '%s', '%s')",
                               migration->number, migration->name, text),
                  NULL);
}

static enum result apply_inside(struct pg_connection *connection, const struct store_opening *opening,
                                const struct sql_migration *migration)
{
    const char *text = migration->postgres != NULL ? migration->postgres
                                                   : pg_translate_migration(opening->arena, migration->text);
    TRY(pg_ask(connection, "BEGIN; SET LOCAL lock_timeout = '1s'", NULL));
    TRY(pg_ask(connection, text, NULL));
    TRY(pg_shape(connection, opening));
    TRY(remember(connection, opening, migration));
    return pg_ask(connection, "COMMIT", NULL);
}

static bool waits_for_lock(const struct pg_connection *connection)
{
    return strcmp(connection->state, "55P03") == 0 || strcmp(connection->state, "40P01") == 0;
}

static enum result apply(struct pg_connection *connection, const struct store_opening *opening,
                         const struct sql_migration *migration)
{
    enum result result;
    bool refused;
    for (int i = 0;; i++) {
        connection->state[0] = '\0';
        result = apply_inside(connection, opening, migration);
        if (result == RESULT_OK || pg_lost(connection))
            return result;
        refused = connection->state[0] == '\0'; /* not by the server */
        char *words = arena_strdup(opening->arena, connection->message);
        bool again = waits_for_lock(connection) && i < TRIES;
        TRY(pg_ask(connection, "ROLLBACK", NULL));
        if (!again && (refused || waits_for_lock(connection)))
            return result;
        if (!again)
            return migration_refuse(opening, migration->number, "执行失败",
                                    arena_printf(opening->arena, "it failed: %s", words), "请修正迁移文本",
                                    "Mend the text of the migration.");
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
}

/* Under the migrators' lock, so that of two programs started at once the second finds all done. */
static enum result migrate_all(struct pg_connection *connection, const struct store_opening *opening)
{
    const struct store_schema *schema = opening->schema;
    bool *applied = arena_new_array(opening->arena, bool, schema->migration_count + 1);
    TRY(check_kind(connection, opening));
    TRY(pg_ask(connection, create_migration, NULL));
    TRY(read_applied(connection, opening, applied));
    for (size_t i = 0; i < schema->migration_count; i++)
        if (!applied[i])
            TRY(apply(connection, opening, &schema->migrations[i]));
    TRY(read_applied(connection, opening, applied));
    return pg_shape(connection, opening);
}

static bool is_current(struct pg_connection *connection, const struct store_opening *opening)
{
    const struct store_schema *schema = opening->schema;
    bool *applied = arena_new_array(opening->arena, bool, schema->migration_count + 1);
    struct store_opening quiet = *opening;
    bool ours;
    bool shaped;
    quiet.refusal = NULL;
    if (is_ours(connection, &ours) != RESULT_OK || !ours ||
        read_applied(connection, &quiet, applied) != RESULT_OK)
        return false;
    for (size_t i = 0; i < schema->migration_count; i++)
        if (!applied[i])
            return false;
    return pg_is_shaped(connection, schema, &shaped) == RESULT_OK && shaped;
}

enum result pg_migrate(struct pg_connection *connection, const struct store_opening *opening)
{
    if (is_current(connection, opening))
        return RESULT_OK; /* the usual start writes nothing */
    enum result result;
    for (int i = 0; i < TRIES; i++) { /* others may migrate for a while */
        result = pg_ask(connection, "SELECT pg_advisory_lock(" PG_LOCK_MIGRATE ")", NULL);
        if (result != RESULT_BUSY)
            break;
    }
    TRY(result);
    result = migrate_all(connection, opening);
    if (!pg_lost(connection))
        (void)pg_ask(connection, "SELECT pg_advisory_unlock(" PG_LOCK_MIGRATE ")", NULL);
    return result;
}
