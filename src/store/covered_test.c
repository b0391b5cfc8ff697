#include "store/changes.h"
#include "store/fixture.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };

/* Steps of a unit, and what it was found to have changed. */
struct unit {
    enum result (*steps)(struct store_tx *tx);
    size_t count;
    struct store_change changes[MOST];
    struct arena *arena;
};

static enum result put(struct store_tx *tx, row_id id, const char *title, struct store_value weight)
{
    return store_exec(tx, FIXTURE(NOTE_ADD),
                      STORE_BINDS({"id", store_integer(id)}, {"title", store_text(title)}, {"weight", weight},
                                  {"body", store_null()}),
                      NULL);
}

static enum result set(struct store_tx *tx, row_id id, const char *title)
{
    return store_exec(tx, FIXTURE(NOTE_SET),
                      STORE_BINDS({"id", store_integer(id)}, {"title", store_text(title)}), NULL);
}

static enum result drop(struct store_tx *tx, row_id id)
{
    return store_exec(tx, FIXTURE(NOTE_DELETE), STORE_BINDS({"id", store_integer(id)}), NULL);
}

static void keep(struct unit *unit, const struct store_change *changes, size_t count)
{
    assert_true(count <= MOST);
    unit->count = count;
    for (size_t i = 0; i < count; i++) {
        unit->changes[i] = changes[i];
        if (changes[i].before != NULL)
            unit->changes[i].before = arena_copy(unit->arena, changes[i].before, changes[i].before_size);
        if (changes[i].after != NULL)
            unit->changes[i].after = arena_copy(unit->arena, changes[i].after, changes[i].after_size);
    }
}

static enum result run(struct store_tx *tx, void *argument)
{
    struct unit *unit = argument;
    TRY(unit->steps(tx));
    size_t count;
    const struct store_change *changes = store_changes_take(tx, &count);
    keep(unit, changes, count);
    return RESULT_OK;
}

static struct unit steps_of(struct store *store, struct arena *arena,
                            enum result (*steps)(struct store_tx *tx))
{
    struct unit unit = {.steps = steps, .arena = arena};
    assert_ok(store_write(store, run, &unit));
    return unit;
}

static enum result add_three(struct store_tx *tx)
{
    TRY(put(tx, 1, "one", store_real(1)));
    TRY(put(tx, 2, "two", store_null()));
    return put(tx, 3, "three", store_null());
}

/* One store with three notes, and the unit under test. */
#define WITH_THREE_NOTES                                                                                     \
    struct store *store = fixture_open();                                                                    \
    CLEANUP_ARENA struct arena *arena = arena_new(0);                                                        \
    struct unit unit = steps_of(store, arena, add_three);                                                    \
    assert_int_equal(unit.count, 3)

TEST(canonical_bytes_are_as_documented)
{
    static const char *const names[] = {"id", "title", "gone", "weight", "body"};
    const struct store_value values[] = {store_integer(-2), store_text("渡"), store_null(), store_real(-0.0),
                                         store_blob("\0\1", 2)};
    static const uint8_t expected[] = "\0\2id"
                                      "i\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xfe"
                                      "\0\5title"
                                      "t\0\0\0\3\xe6\xb8\xa1"
                                      "\0\6weight"
                                      "r\0\0\0\x08\0\0\0\0\0\0\0\0"
                                      "\0\4body"
                                      "b\0\0\0\2\0\1";
    uint8_t bytes[128];
    assert_int_equal(canonical_size(names, values, 5), sizeof expected - 1);
    assert_ptr_equal(canonical_write(bytes, names, values, 5), bytes + sizeof expected - 1);
    assert_memory_equal(bytes, expected, sizeof expected - 1);
}

static enum result add_and_set_twice(struct store_tx *tx)
{
    TRY(put(tx, 9, "a", store_null()));
    TRY(set(tx, 9, "b"));
    return set(tx, 9, "c");
}

TEST(several_changes_of_a_row_are_one)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, add_and_set_twice);
    assert_int_equal(unit.count, 1);
    assert_string_equal(unit.changes[0].table, "note");
    assert_int_equal(unit.changes[0].id, 9);
    assert_null(unit.changes[0].before);
    assert_int_equal(unit.changes[0].after[unit.changes[0].after_size - 1], 'c');
    store_close(store);
}

static enum result add_and_drop(struct store_tx *tx)
{
    TRY(put(tx, 9, "a", store_null()));
    TRY(drop(tx, 9));
    TRY(set(tx, 1, "other"));
    return set(tx, 1, "one");
}

TEST(rows_left_as_they_were_are_no_change)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, add_and_drop);
    assert_int_equal(unit.count, 0);
    store_close(store);
}

static enum result fail_half_way(struct store_tx *tx)
{
    assert_int_equal(store_exec(tx, FIXTURE(NOTE_SET_ALL),
                                STORE_BINDS({"id", store_integer(0)}, {"title", store_text("same")}), NULL),
                     RESULT_CONFLICT);
    return set(tx, 2, "zwei");
}

TEST(a_statement_that_fails_half_way_records_nothing)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, fail_half_way);
    assert_int_equal(unit.count, 1);
    assert_int_equal(unit.changes[0].id, 2);
    store_close(store);
}

static enum result clear(struct store_tx *tx)
{
    return store_exec(tx, FIXTURE(NOTE_CLEAR), STORE_NO_BINDS, NULL);
}

TEST(clearing_a_table_records_every_row)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, clear);
    assert_int_equal(unit.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(unit.changes[i].before);
        assert_null(unit.changes[i].after);
    }
    store_close(store);
}

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

static enum result move(struct store_tx *tx)
{
    return store_exec(tx, FIXTURE(NOTE_MOVE),
                      STORE_BINDS({"id", store_integer(3)}, {"to", store_integer(30)}), NULL);
}

TEST(a_changed_id_is_one_row_gone_and_one_come)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, move);
    assert_int_equal(unit.count, 2);
    assert_int_equal(unit.changes[0].id, 3);
    assert_null(unit.changes[0].after);
    assert_int_equal(unit.changes[1].id, 30);
    assert_null(unit.changes[1].before);
    store_close(store);
}

static enum result set_then_record_then_set(struct store_tx *tx)
{
    TRY(set(tx, 1, "eins"));
    TRY(fixture_record(tx));
    return set(tx, 1, "uno");
}

TEST(a_change_after_the_entry_starts_from_what_the_entry_saw)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, set_then_record_then_set);
    assert_int_equal(unit.count, 1);
    assert_non_null(memmem(unit.changes[0].before, unit.changes[0].before_size, "eins", 4));
    assert_non_null(memmem(unit.changes[0].after, unit.changes[0].after_size, "uno", 3));
    store_close(store);
}

/* Three rows of 50 MB in one unit. */
static enum result add_too_much(struct store_tx *tx, void *argument)
{
    enum result result = RESULT_OK;
    for (row_id id = 50; result == RESULT_OK && id < 53; id++)
        result = store_exec(tx, FIXTURE(NOTE_ADD),
                            STORE_BINDS({"id", store_integer(id)}, {"title", store_null()},
                                        {"weight", store_null()}, {"body", store_blob(argument, 50000000)}),
                            NULL);
    assert_int_equal(result, RESULT_TOO_LARGE);
    return RESULT_OK; /* a unit that does not care is rolled back all the same */
}

TEST(a_unit_that_changes_more_than_can_be_recorded_is_refused)
{
    WITH_THREE_NOTES;
    void *bytes = calloc(1, 50000000);
    assert_non_null(bytes);
    assert_int_equal(store_write(store, add_too_much, bytes), RESULT_TOO_LARGE);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 3);
    unit = steps_of(store, arena, move);
    assert_int_equal(unit.count, 2);
    free(bytes);
    store_close(store);
}

/* ---- the walk ---- */

struct walk {
    struct arena *arena;
    size_t count;
    struct store_change rows[512];
};

static enum result gather(const char *table, row_id id, const uint8_t *bytes, size_t size, void *argument)
{
    struct walk *walk = argument;
    assert_true(walk->count < 512);
    walk->rows[walk->count++] = (struct store_change){
        .table = table, .id = id, .after = arena_copy(walk->arena, bytes, size), .after_size = size};
    return RESULT_OK;
}

struct walking {
    struct walk *walk;
};

static enum result walk_all(struct store_tx *tx, void *argument)
{
    return store_walk_covered(tx, gather, ((struct walking *)argument)->walk);
}

static struct walk *walk_of(struct store *store, struct arena *arena)
{
    struct walk *walk = arena_alloc(arena, sizeof *walk);
    walk->arena = arena;
    struct walking walking = {walk};
    assert_ok(store_read(store, walk_all, &walking));
    return walk;
}

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

TEST(recorded_bytes_are_what_the_walk_reads)
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

TEST(a_column_added_later_leaves_old_bytes_as_they_were)
{
    WITH_THREE_NOTES;
    struct walk *before = walk_of(store, arena);
    store_close(store);
    assert_ok(store_open_schema(fixture_path(), &fixture_schema_v2, arena, NULL, &store));
    struct walk *after = walk_of(store, arena);
    assert_int_equal(after->count, before->count);
    for (size_t i = 0; i < after->count; i++) {
        assert_int_equal(after->rows[i].after_size, before->rows[i].after_size);
        assert_memory_equal(after->rows[i].after, before->rows[i].after, after->rows[i].after_size);
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

TEST(a_table_without_an_integer_id_is_refused)
{
    refuses_table("CREATE TABLE bad (name TEXT PRIMARY KEY);", "table bad has no id");
    refuses_table("CREATE TABLE bad (id TEXT PRIMARY KEY);", "table bad has no id");
    refuses_table("CREATE TABLE bad (id INTEGER, b INTEGER, PRIMARY KEY (id, b));", "table bad has no id");
    refuses_table("CREATE TABLE bad (id INTEGER PRIMARY KEY) WITHOUT ROWID;", "not its rowid");
    refuses_table("CREATE TABLE bad (id INTEGER PRIMARY KEY DESC);", "not its rowid");
    refuses_table("CREATE TABLE bad (id INTEGER PRIMARY KEY, a INTEGER, b AS (a + 1));", "generated");
}

TEST(a_search_table_must_be_listed)
{
    refuses_table("CREATE VIRTUAL TABLE bad USING fts5(text, tokenize='dukou', content='');",
                  "table bad has no id");
}
