#include "store/fixture.h"

#include "support/store.h"
#include "support/test.h"

#include <stdio.h>

static const struct sql_statement statements[FIXTURE_COUNT + 1] = {
    [FIXTURE_NOTE_ADD] = {"note_add", SQL_KIND_EXEC,
                          "INSERT INTO note (id, title, weight, body) VALUES"
                          " (COALESCE(:id, (SELECT COALESCE(MAX(n.id), 0) + 1 FROM note n)), :title, :weight,"
                          " :body)",
                          "fixture.c"},
    [FIXTURE_NOTE_ADD_RETURNING] = {"note_add_returning", SQL_KIND_ONE,
                                    "INSERT INTO note (title) VALUES (:title) RETURNING id", "fixture.c"},
    [FIXTURE_NOTE_SET] = {"note_set", SQL_KIND_EXEC, "UPDATE note SET title = :title WHERE id = :id",
                          "fixture.c"},
    [FIXTURE_NOTE_SET_ALL] = {"note_set_all", SQL_KIND_EXEC, "UPDATE note SET title = :title WHERE id > :id",
                              "fixture.c"},
    [FIXTURE_NOTE_DELETE] = {"note_delete", SQL_KIND_EXEC, "DELETE FROM note WHERE id = :id", "fixture.c"},
    [FIXTURE_NOTE_CLEAR] = {"note_clear", SQL_KIND_EXEC, "DELETE FROM note", "fixture.c"},
    [FIXTURE_NOTE_BY_ID] = {"note_by_id", SQL_KIND_ONE,
                            "SELECT id, title, weight, body FROM note WHERE id = :id", "fixture.c"},
    [FIXTURE_NOTE_ALL] = {"note_all", SQL_KIND_MANY, "SELECT id, title, weight, body FROM note ORDER BY id",
                          "fixture.c"},
    [FIXTURE_NOTE_COUNT] = {"note_count", SQL_KIND_ONE, "SELECT count(*) AS n FROM note", "fixture.c"},
    [FIXTURE_NOTE_ANY] = {"note_any", SQL_KIND_ONE, "SELECT * FROM note ORDER BY id LIMIT 1", "fixture.c"},
    [FIXTURE_NOTE_MOVE] = {"note_move", SQL_KIND_EXEC, "UPDATE note SET id = :to WHERE id = :id",
                           "fixture.c"},
    [FIXTURE_NOTE_REPLACE] = {"note_replace", SQL_KIND_EXEC,
                              "INSERT OR REPLACE INTO note (id, title) VALUES (:id, :title)", "fixture.c"},
    [FIXTURE_CHILD_ADD] = {"child_add", SQL_KIND_EXEC, "INSERT INTO child (note_id) VALUES (:note)",
                           "fixture.c"},
    [FIXTURE_ENTRY_ADD] = {"entry_add", SQL_KIND_EXEC, "INSERT INTO entry (changes) VALUES (:changes)",
                           "fixture.c"},
    [FIXTURE_ENTRY_COUNT] = {"entry_count", SQL_KIND_ONE, "SELECT count(*) AS n FROM entry", "fixture.c"},
    [FIXTURE_FULL] = {"full", SQL_KIND_ONE, "PRAGMA max_page_count = 30", "fixture.c"},
};

#define FIRST                                                                                                \
    "CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT UNIQUE, weight REAL, body BLOB);"                 \
    "CREATE TABLE child (id INTEGER PRIMARY KEY, note_id INTEGER REFERENCES note (id)"                       \
    " DEFERRABLE INITIALLY DEFERRED);"                                                                       \
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, changes INTEGER);"

static const struct sql_migration first[] = {{1, "first", FIRST}, {0}};
static const struct sql_migration second[] = {
    {1, "first", FIRST}, {2, "second", "ALTER TABLE note ADD COLUMN remark TEXT;"}, {0}};
static const struct sql_migration changed[] = {{1, "first", FIRST " "}, {0}};

static const struct store_uncovered uncovered[] = {
    {"migration", "shape of tables"}, {"entry", "the log itself"}, {0}};

const struct store_schema fixture_schema = {statements, FIXTURE_COUNT, first, 1, uncovered};
const struct store_schema fixture_schema_v2 = {statements, FIXTURE_COUNT, second, 2, uncovered};
const struct store_schema fixture_schema_changed = {statements, FIXTURE_COUNT, changed, 1, uncovered};

static char path[512];

const char *fixture_path(void)
{
    return path;
}

struct store *fixture_open(void)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    (void)snprintf(path, sizeof path, "%s", test_store_url(&fixture_schema));
    if (store_open_schema(path, &fixture_schema, arena, &refusal, &store) != RESULT_OK)
        fail_msg("%s", refusal.en);
    return store;
}

enum result fixture_record(struct store_tx *tx)
{
    size_t count;
    (void)store_changes_take(tx, &count);
    return store_exec(tx, FIXTURE(ENTRY_ADD), STORE_BINDS({"changes", store_integer((int64_t)count)}), NULL);
}

enum result fixture_add_one(struct store_tx *tx, void *argument)
{
    TRY(store_exec(tx, FIXTURE(NOTE_ADD),
                   STORE_BINDS({"id", store_integer(*(row_id *)argument)}, {"title", store_null()},
                               {"weight", store_null()}, {"body", store_null()}),
                   NULL));
    return fixture_record(tx);
}

struct counting {
    enum sql statement;
    int64_t count;
};

static enum result count_rows(struct store_tx *tx, void *argument)
{
    struct counting *counting = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_row row;
    TRY(store_one(tx, arena, counting->statement, STORE_NO_BINDS, &row));
    counting->count = row_integer(&row, "n");
    return RESULT_OK;
}

int64_t fixture_count(struct store *store, enum sql statement)
{
    struct counting counting = {.statement = statement};
    assert_ok(store_read(store, count_rows, &counting));
    return counting.count;
}
