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

static struct store_value any_weight(unsigned *seed, row_id id)
{
    (void)id;
    return any_value(seed, false);
}

static struct store_value any_body(unsigned *seed, row_id id)
{
    return any_value(seed, id % 2 == 0);
}

TEST(recorded_bytes_of_other_types_are_what_the_walk_reads)
{
    recorded_is_walked(any_weight, any_body);
}

/* ---- tables that cannot be covered ---- */

/* Of a file, also when the run is about another store. */
static const char *file(void)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    return path;
}

TEST(a_table_whose_id_is_not_its_rowid_is_refused)
{
    refuses_table(file(), "CREATE TABLE bad (id INTEGER PRIMARY KEY) WITHOUT ROWID;", "not its rowid");
    refuses_table(file(), "CREATE TABLE bad (id INTEGER PRIMARY KEY DESC);", "not its rowid");
}

TEST(a_search_table_must_be_listed)
{
    refuses_table(file(), "CREATE VIRTUAL TABLE bad USING fts5(text, tokenize='dukou', content='');",
                  "table bad has no id");
}
