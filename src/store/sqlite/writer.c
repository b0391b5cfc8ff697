/* The verbs of the group commit (store/group.h) on the one connection that writes. */
#include "base/limits.h"
#include "store/sqlite/sqlite.h"

#include <stdlib.h>

struct sqlite_writer {
    struct sqlite_connection *connection;
    struct sqlite_tx tx;
    struct changes changes;
    struct arena *arena;
    struct group *group;
};

static bool transaction_lost(const struct sqlite_writer *writer)
{
    return sqlite3_get_autocommit(writer->connection->db) != 0;
}

/* A key that waits for the end of the transaction would fail the commit of all. */
static bool owes_foreign_key(sqlite3 *db)
{
    int owed = 0;
    int peak = 0;
    (void)sqlite3_db_status(db, SQLITE_DBSTATUS_DEFERRED_FKS, &owed, &peak, 0);
    return owed != 0;
}

static enum result work_and_check(struct sqlite_writer *writer, store_work *work, void *argument)
{
    writer->tx.too_large = false;
    arena_reset(writer->arena);
    changes_begin(&writer->changes, writer->arena);
    TRY(work(&writer->tx.tx, argument));
    if (writer->tx.too_large)
        return RESULT_TOO_LARGE;
    if (transaction_lost(writer))
        return RESULT_IO;
    if (owes_foreign_key(writer->connection->db))
        return RESULT_CONFLICT;
    return changes_left(&writer->changes) ? RESULT_CORRUPT : RESULT_OK;
}

static enum result begin(void *state)
{
    struct sqlite_writer *writer = state;
    return sqlite_result(sqlite_do(writer->connection, VERB_BEGIN_WRITE));
}

static enum result run(void *state, store_work *work, void *argument, bool *ret_lost)
{
    struct sqlite_writer *writer = state;
    enum result result = sqlite_result(sqlite_do(writer->connection, VERB_SAVE));
    if (result == RESULT_OK)
        result = work_and_check(writer, work, argument);
    *ret_lost = transaction_lost(writer);
    if (*ret_lost)
        return result;
    if (result != RESULT_OK && sqlite_do(writer->connection, VERB_UNDO) != SQLITE_OK)
        store_stop("a unit cannot be rolled back: %s", sqlite3_errmsg(writer->connection->db));
    if (sqlite_do(writer->connection, VERB_KEEP) != SQLITE_OK)
        store_stop("a savepoint cannot be released: %s", sqlite3_errmsg(writer->connection->db));
    return result;
}

static enum result commit(void *state)
{
    struct sqlite_writer *writer = state;
    int code = sqlite_do(writer->connection, VERB_COMMIT);
    if (code == SQLITE_OK)
        return RESULT_OK;
    enum result result = sqlite_result(code);
    /* A full disk is found before anything is acknowledged, and rolling back is safe. Of any other failure
     * nobody can say what reached the disk. */
    if ((code & 0xff) != SQLITE_FULL)
        store_stop("a commit failed: %s", sqlite3_errstr(code));
    if (!transaction_lost(writer))
        (void)sqlite_do(writer->connection, VERB_ROLLBACK);
    return result;
}

/* Moves the write-ahead log into the file when it has grown. Readers are not disturbed. */
static void checkpoint(void *state)
{
    struct sqlite_writer *writer = state;
    if (writer->connection->wal_pages < LIMIT_STORE_WAL_PAGES)
        return;
    int code =
        sqlite3_wal_checkpoint_v2(writer->connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    (void)sqlite_result(code); /* stops the process when an fsync failed; anything else is tried again */
}

static const struct group_verbs verbs = {begin, run, commit, checkpoint};

struct sqlite_writer *sqlite_writer_new(struct sqlite_connection *connection,
                                        const struct sqlite_covered *covered)
{
    struct sqlite_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        abort();
    writer->connection = connection;
    writer->arena = arena_new(0);
    writer->tx = (struct sqlite_tx){.tx = {.backend = &store_sqlite, .schema = connection->schema},
                                    .connection = connection,
                                    .covered = covered,
                                    .changes = &writer->changes};
    changes_begin(&writer->changes, writer->arena);
    sqlite_covered_watch(&writer->tx);
    writer->group = group_new(&verbs, writer);
    return writer;
}

void sqlite_writer_free(struct sqlite_writer *writer)
{
    if (writer == NULL)
        return;
    group_free(writer->group);
    (void)sqlite_settle_log(writer->connection);
    sqlite_disconnect(writer->connection);
    arena_free(writer->arena);
    free(writer);
}

enum result sqlite_writer_write(struct sqlite_writer *writer, store_work *work, void *argument)
{
    return group_write(writer->group, work, argument);
}

void sqlite_writer_figures(struct sqlite_writer *writer, struct store_figures *figures)
{
    group_figures(writer->group, figures);
}
