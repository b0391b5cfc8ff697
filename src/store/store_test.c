#include "base/limits.h"
#include "store/fixture.h"
#include "support/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- statements and values ---- */

static enum result add_note(struct store_tx *tx, row_id id, struct store_value title,
                            struct store_value weight, struct store_value body)
{
    return store_exec(
        tx, FIXTURE(NOTE_ADD),
        STORE_BINDS({"id", store_integer(id)}, {"title", title}, {"weight", weight}, {"body", body}), NULL);
}

static enum result add_titled(struct store_tx *tx, row_id id, const char *title)
{
    return add_note(tx, id, store_text(title), store_null(), store_null());
}

static enum result write_all_types(struct store_tx *tx, void *argument)
{
    (void)argument;
    TRY(add_note(tx, 1, store_text("渡口 ferry"), store_real(2.5), store_blob("a\0b", 3)));
    TRY(add_note(tx, 2, store_text(""), store_integer(7), store_blob(NULL, 0)));
    TRY(add_note(tx, INT64_MAX, store_null(), store_null(), store_null()));
    return fixture_record(tx);
}

static enum result check_all_types(struct store_tx *tx, void *argument)
{
    struct arena *arena = argument;
    struct store_row row;
    size_t size;
    TRY(store_one(tx, arena, FIXTURE(NOTE_BY_ID), STORE_BINDS({"id", store_integer(1)}), &row));
    assert_int_equal(row.count, 4);
    assert_string_equal(row_text(&row, "title"), "渡口 ferry");
    assert_true(row_real(&row, "weight") == 2.5);
    assert_memory_equal(row_blob(&row, "body", &size), "a\0b", 3);
    assert_int_equal(size, 3);
    TRY(store_one(tx, arena, FIXTURE(NOTE_BY_ID), STORE_BINDS({"id", store_integer(2)}), &row));
    assert_string_equal(row_text(&row, "title"), "");
    assert_false(row_is_null(&row, "body"));
    assert_non_null(row_blob(&row, "body", &size));
    assert_int_equal(size, 0);
    TRY(store_one(tx, arena, FIXTURE(NOTE_BY_ID), STORE_BINDS({"id", store_integer(INT64_MAX)}), &row));
    assert_int_equal(row_integer(&row, "id"), INT64_MAX);
    assert_null(row_text(&row, "title"));
    assert_true(row_is_null(&row, "weight"));
    assert_true(row_real(&row, "weight") == 0);
    return RESULT_OK;
}

TEST(values_come_back_as_they_were_written)
{
    struct store *store = fixture_open();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_ok(store_write(store, write_all_types, NULL));
    assert_ok(store_read(store, check_all_types, arena));
    store_close(store);
}

static enum result find_missing(struct store_tx *tx, void *argument)
{
    struct store_row row = {.count = 99};
    enum result result =
        store_one(tx, argument, FIXTURE(NOTE_BY_ID), STORE_BINDS({"id", store_integer(404)}), &row);
    assert_int_equal(row.count, 99);
    return result;
}

TEST(one_without_a_row_is_not_found_and_leaves_the_output_alone)
{
    struct store *store = fixture_open();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_int_equal(store_read(store, find_missing, arena), RESULT_NOT_FOUND);
    store_close(store);
}

static enum result write_titled(struct store_tx *tx, void *argument)
{
    TRY(store_exec(tx, FIXTURE(NOTE_ADD),
                   STORE_BINDS({"body", store_null()}, {"weight", store_null()},
                               {"title", *(const struct store_value *)argument}, {"id", store_null()}),
                   NULL));
    return fixture_record(tx);
}

TEST(text_with_a_nul_or_bad_utf8_is_refused)
{
    struct store *store = fixture_open();
    struct store_value nul = {.type = STORE_TEXT, .bytes = "a\0b", .size = 3};
    struct store_value gbk = {.type = STORE_TEXT, .bytes = "\xb6\xc9\xbf\xda", .size = 4};
    assert_int_equal(store_write(store, write_titled, &nul), RESULT_INVALID);
    assert_int_equal(store_write(store, write_titled, &gbk), RESULT_INVALID);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 0);
    store_close(store);
}

TEST(text_over_the_limit_is_refused_and_the_store_goes_on)
{
    struct store *store = fixture_open();
    size_t size = LIMIT_STORE_VALUE_BYTES + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    struct store_value value = {.type = STORE_TEXT, .bytes = text, .size = size};
    assert_int_equal(store_write(store, write_titled, &value), RESULT_TOO_LARGE);
    value.size = 1000;
    assert_ok(store_write(store, write_titled, &value));
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 1);
    free(text);
    store_close(store);
}

static enum result add_by_returning(struct store_tx *tx, void *argument)
{
    row_id *ids = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int i = 0; i < 2; i++) {
        struct store_row row;
        TRY(store_one(tx, arena, FIXTURE(NOTE_ADD_RETURNING),
                      STORE_BINDS({"title", store_text(i == 0 ? "a" : "b")}), &row));
        ids[i] = row_integer(&row, "id");
    }
    return fixture_record(tx);
}

TEST(insert_returning_gives_the_new_id)
{
    struct store *store = fixture_open();
    row_id ids[2] = {0};
    assert_ok(store_write(store, add_by_returning, ids));
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[1], 2);
    store_close(store);
}

static enum result stop_at_two(const struct store_row *row, void *argument)
{
    *(int64_t *)argument += row_integer(row, "id");
    return row_integer(row, "id") == 2 ? RESULT_CANCELLED : RESULT_OK;
}

static enum result walk_each(struct store_tx *tx, void *argument)
{
    return store_each(tx, FIXTURE(NOTE_ALL), STORE_NO_BINDS, stop_at_two, argument);
}

static enum result add_three(struct store_tx *tx, void *argument)
{
    (void)argument;
    TRY(add_titled(tx, 1, "one"));
    TRY(add_titled(tx, 2, "two"));
    TRY(add_titled(tx, 3, "three"));
    return fixture_record(tx);
}

static enum result read_many(struct store_tx *tx, void *argument)
{
    struct store_rows rows;
    TRY(store_many(tx, argument, FIXTURE(NOTE_ALL), STORE_NO_BINDS, &rows));
    assert_int_equal(rows.count, 3);
    assert_string_equal(row_text(&rows.rows[2], "title"), "three");
    return RESULT_OK;
}

TEST(many_gathers_rows_and_each_stops_when_told)
{
    struct store *store = fixture_open();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    int64_t sum = 0;
    assert_ok(store_write(store, add_three, NULL));
    assert_ok(store_read(store, read_many, arena));
    assert_int_equal(store_read(store, walk_each, &sum), RESULT_CANCELLED);
    assert_int_equal(sum, 3);
    store_close(store);
}

static enum result walk_inside(const struct store_row *row, void *argument)
{
    int64_t sum = 0;
    (void)row;
    assert_int_equal(walk_each(argument, &sum), RESULT_CANCELLED);
    return RESULT_OK;
}

static enum result walk_nested(struct store_tx *tx, void *argument)
{
    (void)argument;
    return store_each(tx, FIXTURE(NOTE_ALL), STORE_NO_BINDS, walk_inside, tx);
}

TEST(a_statement_may_run_inside_its_own_walk)
{
    struct store *store = fixture_open();
    assert_ok(store_write(store, add_three, NULL));
    assert_ok(store_read(store, walk_nested, NULL));
    store_close(store);
}

/* ---- rules of transactions ---- */

static enum result change_in_read(struct store_tx *tx, void *argument)
{
    (void)argument;
    return add_titled(tx, 1, "x");
}

TEST(a_change_in_a_read_is_refused)
{
    struct store *store = fixture_open();
    assert_int_equal(store_read(store, change_in_read, NULL), RESULT_INVALID);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 0);
    store_close(store);
}

TEST(a_covered_change_without_an_entry_is_corrupt_and_rolled_back)
{
    struct store *store = fixture_open();
    assert_int_equal(store_write(store, change_in_read, NULL), RESULT_CORRUPT);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 0);
    store_close(store);
}

static enum result change_after_entry(struct store_tx *tx, void *argument)
{
    TRY(add_three(tx, argument));
    return store_exec(tx, FIXTURE(NOTE_SET),
                      STORE_BINDS({"id", store_integer(2)}, {"title", store_text("zwei")}), NULL);
}

TEST(a_covered_change_after_the_entry_is_corrupt_and_rolled_back)
{
    struct store *store = fixture_open();
    assert_int_equal(store_write(store, change_after_entry, NULL), RESULT_CORRUPT);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 0);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), 0);
    store_close(store);
}

static enum result add_then_fail(struct store_tx *tx, void *argument)
{
    TRY(add_three(tx, argument));
    return RESULT_FORBIDDEN;
}

TEST(a_failing_unit_leaves_no_trace)
{
    struct store *store = fixture_open();
    assert_int_equal(store_write(store, add_then_fail, NULL), RESULT_FORBIDDEN);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 0);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), 0);
    assert_ok(store_write(store, add_three, NULL));
    store_close(store);
}

static enum result add_child(struct store_tx *tx, void *argument)
{
    (void)argument;
    TRY(store_exec(tx, FIXTURE(CHILD_ADD), STORE_BINDS({"note", store_integer(77)}), NULL));
    return fixture_record(tx);
}

TEST(a_unique_key_and_a_deferred_foreign_key_are_conflicts)
{
    struct store *store = fixture_open();
    assert_ok(store_write(store, add_three, NULL));
    assert_int_equal(store_write(store, add_three, NULL), RESULT_CONFLICT);
    assert_int_equal(store_write(store, add_child, NULL), RESULT_CONFLICT);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 3);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), 1);
    store_close(store);
}

static enum result count_changed(struct store_tx *tx, void *argument)
{
    TRY(store_exec(tx, FIXTURE(NOTE_CLEAR), STORE_NO_BINDS, argument));
    return fixture_record(tx);
}

TEST(exec_tells_how_many_rows_it_changed)
{
    struct store *store = fixture_open();
    int64_t changed = -1;
    assert_ok(store_write(store, add_three, NULL));
    assert_ok(store_write(store, count_changed, &changed));
    assert_int_equal(changed, 3);
    store_close(store);
}

TEST(a_url_of_another_scheme_is_refused_with_the_reason)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    assert_int_equal(store_open_explained("mongodb://city", arena, &refusal, &store), RESULT_INVALID);
    assert_non_null(strstr(refusal.en, "no store back-end"));
    assert_null(store);
}
