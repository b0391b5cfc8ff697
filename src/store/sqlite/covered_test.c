/* What only SQLite does to covered tables. */
#include "store/covered_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum result replace(struct store_tx *tx)
{
    return store_exec(tx, FIXTURE(NOTE_REPLACE),
                      STORE_BINDS({"id", store_integer(8)}, {"title", store_text("two")}), NULL);
}

TEST(a_row_that_another_replaces_is_recorded_as_deleted)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, replace);
    assert_int_equal(unit.count, 2);
    assert_int_equal(unit.changes[0].id, 2);
    assert_null(unit.changes[0].after);
    assert_int_equal(unit.changes[1].id, 8);
    assert_null(unit.changes[1].before);
    store_close(store);
}

/* ---- values of other types than the column declares ---- */
static struct store_value any_value(unsigned *seed, bool is_text)
{
    static const char bytes[] = "数据\0\xff abcdefghijklmnopqrstuvwxyz";
    switch ((*seed = *seed * 1103515245u + 12345u) >> 16 & 7) {
    case 0:
        return store_null();
    case 1:
        return is_text ? store_text("") : store_integer((int64_t)(int32_t)*seed * 100003);
    case 2:
        return is_text ? store_text("渡口") : store_real(-0.0);
    case 3:
        return is_text ? store_text("a longer text") : store_real((double)(*seed >> 8) / 7);
    case 4:
        return store_integer((int64_t)(*seed >> 20) - 100);
    case 5:
        return store_real((double)(*seed >> 24)); /* a whole number, stored as an integer */
    default:
        return is_text ? store_null() : store_blob(bytes, *seed >> 16 & 31);
    }
}

static struct store_change last[256];
static size_t lasts;

/* Writes rows of every kind of value and then changes some of them. */
static enum result write_any(struct store_tx *tx, void *argument)
{
    struct unit *unit = argument;
    unsigned seed = 7;
    for (row_id id = 1; id <= 200; id++) {
        char title[24];
        (void)snprintf(title, sizeof title, "t%d", (int)id);
        TRY(store_exec(tx, FIXTURE(NOTE_ADD),
                       STORE_BINDS({"id", store_integer(id)}, {"title", store_text(title)},
                                   {"weight", any_value(&seed, false)},
                                   {"body", any_value(&seed, id % 2 == 0)}),
                       NULL));
    }
    TRY(fixture_record(tx));
    for (row_id id = 1; id <= 200; id += 3) {
        char title[24];
        (void)snprintf(title, sizeof title, "u%d", (int)id);
        TRY(set(tx, id, title));
    }
    const struct store_change *changes = store_changes_take(tx, &lasts);
    assert_true(lasts <= 256);
    for (size_t i = 0; i < lasts; i++) {
        last[i] = changes[i];
        last[i].after = arena_copy(unit->arena, changes[i].after, changes[i].after_size);
    }
    return RESULT_OK;
}

TEST(recorded_bytes_of_other_types_are_what_the_walk_reads)
{
    struct store *store = fixture_open();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct unit unit = {.arena = arena};
    assert_ok(store_write(store, write_any, &unit));
    struct walk *walk = walk_of(store, arena);
    assert_int_equal(walk->count, 200);
    assert_int_equal(lasts, 67);
    for (size_t i = 0; i < lasts; i++) {
        const struct store_change *row = &walk->rows[last[i].id - 1];
        assert_int_equal(row->id, last[i].id);
        assert_int_equal(row->after_size, last[i].after_size);
        assert_memory_equal(row->after, last[i].after, row->after_size);
    }
    store_close(store);
}

/* ---- tables that cannot be covered ---- */

static void refuses_table(const char *migration, const char *words)
{
    const struct sql_migration migrations[] = {{1, "bad", migration}, {0}};
    struct store_schema schema = fixture_schema;
    schema.migrations = migrations;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    assert_int_equal(store_open_schema(path, &schema, arena, &refusal, &store), RESULT_INVALID);
    assert_non_null(strstr(refusal.en, words));
    assert_string_equal(refusal.field, "bad");
}

TEST(a_table_whose_id_is_not_its_rowid_is_refused)
{
    refuses_table("CREATE TABLE bad (id INTEGER PRIMARY KEY) WITHOUT ROWID;", "not its rowid");
    refuses_table("CREATE TABLE bad (id INTEGER PRIMARY KEY DESC);", "not its rowid");
}

TEST(a_search_table_must_be_listed)
{
    refuses_table("CREATE VIRTUAL TABLE bad USING fts5(text, tokenize='dukou', content='');",
                  "table bad has no id");
}
