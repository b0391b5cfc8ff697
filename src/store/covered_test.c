#include "store/covered_test.h"

#include "store/changes.h"
#include "support/store.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static enum result half_way;

static enum result fail_half_way(struct store_tx *tx)
{
    half_way = store_exec(tx, FIXTURE(NOTE_SET_ALL),
                          STORE_BINDS({"id", store_integer(0)}, {"title", store_text("same")}), NULL);
    return set(tx, 2, "zwei");
}

TEST(a_statement_that_fails_half_way_records_nothing)
{
    WITH_THREE_NOTES;
    unit = steps_of(store, arena, fail_half_way);
    assert_int_equal(half_way, RESULT_CONFLICT);
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

static unsigned next(unsigned *seed)
{
    return (*seed = *seed * 1103515245u + 12345u) >> 16;
}

static struct store_value any_real(unsigned *seed, row_id id)
{
    (void)id;
    switch (next(seed) & 3) {
    case 0:
        return store_null();
    case 1:
        return store_real(-0.0);
    case 2:
        return store_real((double)(*seed >> 24)); /* a whole number, which SQLite stores as an integer */
    default:
        return store_real((double)(*seed >> 8) / 7);
    }
}

static struct store_value any_blob(unsigned *seed, row_id id)
{
    (void)id;
    static const char bytes[] = "数据\0\xff abcdefghijklmnopqrstuvwxyz";
    return (next(seed) & 3) == 0 ? store_null() : store_blob(bytes, *seed >> 16 & 31);
}

TEST(recorded_bytes_are_what_the_walk_reads)
{
    recorded_is_walked(any_real, any_blob);
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

TEST(a_table_without_an_integer_id_is_refused)
{
    refuses_table(test_store_url(NULL), "CREATE TABLE bad (name TEXT PRIMARY KEY);", "table bad has no id");
    refuses_table(test_store_url(NULL), "CREATE TABLE bad (id TEXT PRIMARY KEY);", "table bad has no id");
    refuses_table(test_store_url(NULL), "CREATE TABLE bad (id INTEGER, b INTEGER, PRIMARY KEY (id, b));",
                  "table bad has no id");
    refuses_table(test_store_url(NULL),
                  "CREATE TABLE bad (id INTEGER PRIMARY KEY, a INTEGER,"
                  " b INTEGER GENERATED ALWAYS AS (a + 1) STORED);",
                  "generated");
}
