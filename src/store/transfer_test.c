/* A whole store into another: from a file into the back-end that the run is about, and back. */
#include "store/fixture.h"
#include "support/store.h"
#include "support/test.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

static enum result add_rows(struct store_tx *tx, void *argument)
{
    static const double reals[] = {0, -0.0, 1, 0.1, -2.5, DBL_MAX, DBL_MIN};
    (void)argument;
    for (row_id id = 1; id <= 700; id++) {
        char title[64];
        char body[40];
        memset(body, (int)id, sizeof body);
        (void)snprintf(title, sizeof title, "渡口 %d \t\"'\\", (int)id);
        TRY(store_exec(tx, FIXTURE(NOTE_ADD),
                       STORE_BINDS({"id", store_integer(id == 700 ? INT64_MAX : id * 3)},
                                   {"title", id % 5 == 0 ? store_null() : store_text(title)},
                                   {"weight", id % 4 == 0 ? store_null() : store_real(reals[id % 7])},
                                   {"body", id % 3 == 0 ? store_null() : store_blob(body, (size_t)id % 40)}),
                       NULL));
    }
    TRY(store_exec(tx, FIXTURE(CHILD_ADD), STORE_BINDS({"note", store_integer(6)}), NULL));
    return fixture_record(tx);
}

static struct store *open_url(const char *url)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    if (store_open_schema(url, &fixture_schema, arena, &refusal, &store) != RESULT_OK)
        fail_msg("%s", refusal.en);
    return store;
}

static struct store *open_file(void)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/file.db", test_folder());
    return open_url(path);
}

static void copies(struct store *from, struct store *to, enum result expected, const char *words)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store_copied copied = {0};
    enum result result = store_copy(from, to, arena, &refusal, &copied);
    if (result != expected || (words != NULL && (refusal.en == NULL || strstr(refusal.en, words) == NULL)))
        fail_msg("%s: %s", result_name(result), refusal.en);
    if (result == RESULT_OK)
        assert_int_equal(copied.rows, 702);
}

TEST(a_store_is_copied_from_a_file_and_back_and_nothing_is_lost)
{
    struct store *file = open_file();
    struct store *city = open_url(test_store_url(NULL));
    struct store *back = open_file();
    assert_ok(store_write(file, add_rows, NULL));
    copies(file, city, RESULT_OK, NULL);
    copies(city, back, RESULT_OK, NULL);
    assert_int_equal(fixture_count(back, FIXTURE(NOTE_COUNT)), 700);
    store_close(back);
    store_close(city);
    store_close(file);
}

static enum result add_child(struct store_tx *tx, void *argument)
{
    (void)argument;
    TRY(store_exec(tx, FIXTURE(CHILD_ADD), STORE_BINDS({"note", store_integer(9)}), NULL));
    return fixture_record(tx);
}

static enum result add_orphan(struct store_tx *tx, void *argument)
{
    (void)argument;
    TRY(store_exec(tx, FIXTURE(CHILD_ADD), STORE_BINDS({"note", store_integer(77777)}), NULL));
    return fixture_record(tx);
}

TEST(a_copy_goes_on_as_the_original_would)
{
    struct store *file = open_file();
    struct store *city = open_url(test_store_url(NULL));
    assert_ok(store_write(file, add_rows, NULL));
    copies(file, city, RESULT_OK, NULL);
    assert_ok(store_write(city, add_child, NULL));
    assert_int_equal(store_write(city, add_orphan, NULL), RESULT_CONFLICT); /* keys between tables hold */
    assert_int_equal(fixture_count(city, FIXTURE(ENTRY_COUNT)), 2);
    store_close(city);
    store_close(file);
}

TEST(only_an_empty_store_takes_a_copy)
{
    struct store *file = open_file();
    struct store *city = open_url(test_store_url(NULL));
    assert_ok(store_write(file, add_rows, NULL));
    copies(file, city, RESULT_OK, NULL);
    copies(file, city, RESULT_CONFLICT, "not empty");
    copies(city, city, RESULT_CONFLICT, "not empty");
    store_close(city);
    store_close(file);
}

TEST(a_backup_is_a_file_whatever_it_was_taken_from)
{
    char backup[256];
    struct store *city = open_url(test_store_url(NULL));
    (void)snprintf(backup, sizeof backup, "%s/backup", test_folder());
    assert_ok(store_write(city, add_rows, NULL));
    assert_ok(store_backup(city, backup));
    assert_int_equal(store_backup(city, backup), RESULT_CONFLICT);
    store_close(city);
    struct store *copy = open_url(backup);
    assert_int_equal(fixture_count(copy, FIXTURE(NOTE_COUNT)), 700);
    store_close(copy);
}

/* ---- ids that are not given again ---- */

static enum result add_unnumbered(struct store_tx *tx, void *argument)
{
    struct store_row row;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    TRY(store_one(tx, arena, FIXTURE(NOTE_ADD_RETURNING), STORE_BINDS({"title", store_null()}), &row));
    *(row_id *)argument = row_integer(&row, "id");
    return fixture_record(tx);
}

static row_id next_note(const char *url)
{
    struct store *store = open_url(url);
    row_id id = 0;
    assert_ok(store_write(store, add_unnumbered, &id));
    store_close(store);
    return id;
}

TEST(ids_that_are_reserved_are_given_to_no_row)
{
    char url[512];
    (void)snprintf(url, sizeof url, "%s", test_store_url(&fixture_schema));
    assert_int_equal(next_note(url), 1);
    const struct store_reserved reserved[] = {{"note", 900}, {"no_such_table", 5}};
    assert_ok(store_reserve(url, reserved, 2));
    assert_int_equal(next_note(url), 901);
    assert_ok(store_reserve(url, &(struct store_reserved){"note", 50}, 1));
    assert_int_equal(next_note(url), 902);
    assert_ok(store_reserve(url, &(struct store_reserved){"note", 2000}, 1));
    assert_int_equal(next_note(url), 2001);
}

static row_id next_in(struct store *store)
{
    row_id id = 0;
    assert_ok(store_write(store, add_unnumbered, &id));
    return id;
}

TEST(a_copy_gives_no_id_that_the_original_reserves)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_copied copied;
    char url[512];
    char path[256];
    (void)snprintf(url, sizeof url, "%s", test_store_url(NULL));
    (void)snprintf(path, sizeof path, "%s/file.db", test_folder());
    assert_int_equal(next_note(path), 1);
    assert_ok(store_reserve(path, &(struct store_reserved){"note", 900}, 1));
    struct store *file = open_url(path);
    struct store *city = open_url(url);
    assert_ok(store_copy(file, city, arena, NULL, &copied));
    assert_ok(store_is_copy(file, city, arena, NULL));
    store_close(file);
    assert_int_equal(next_in(city), 901); /* the connections that were open know it too */
    store_close(city);
    assert_int_equal(next_note(url), 902);
    assert_ok(store_reserve(url, &(struct store_reserved){"note", 2000}, 1));
    city = open_url(url);
    struct store *back = open_file();
    assert_ok(store_copy(city, back, arena, NULL, &copied));
    assert_int_equal(next_in(back), 2001);
    store_close(back);
    store_close(city);
}

TEST(a_backup_keeps_in_mind_which_ids_are_reserved)
{
    char url[512];
    char backup[256];
    char restored[256];
    (void)snprintf(url, sizeof url, "%s", test_store_url(&fixture_schema));
    (void)snprintf(backup, sizeof backup, "%s/backup", test_folder());
    (void)snprintf(restored, sizeof restored, "%s/city", test_folder());
    assert_int_equal(next_note(url), 1);
    assert_ok(store_reserve(url, &(struct store_reserved){"note", 900}, 1));
    struct store *city = open_url(url);
    assert_ok(store_backup(city, backup));
    store_close(city);
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_ok(store_restore(backup, restored, false, arena, NULL));
    assert_int_equal(next_note(restored), 901);
}

TEST(what_is_no_copy_is_told_with_its_table)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_copied copied;
    struct refusal refusal = {0};
    char url[512];
    (void)snprintf(url, sizeof url, "%s", test_store_url(NULL));
    struct store *file = open_file();
    struct store *city = open_url(url);
    assert_ok(store_write(file, add_rows, NULL));
    assert_int_equal(store_is_copy(file, city, arena, &refusal), RESULT_CORRUPT);
    assert_string_equal(refusal.field, "child");
    assert_ok(store_copy(file, city, arena, NULL, &copied));
    assert_ok(store_is_copy(file, city, arena, NULL));
    assert_ok(store_write(city, add_child, NULL));
    refusal = (struct refusal){0};
    assert_int_equal(store_is_copy(file, city, arena, &refusal), RESULT_CORRUPT);
    assert_string_equal(refusal.field, "child");
    store_close(city);
    store_close(file);
}

TEST(a_copy_that_would_give_a_reserved_id_is_none)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_copied copied;
    struct refusal refusal = {0};
    char url[512];
    (void)snprintf(url, sizeof url, "%s", test_store_url(&fixture_schema));
    struct store *city = open_url(url);
    struct store *file = open_file();
    assert_int_equal(next_in(city), 1);
    assert_ok(store_copy(city, file, arena, NULL, &copied));
    assert_ok(store_is_copy(city, file, arena, NULL));
    store_close(city);
    assert_ok(store_reserve(url, &(struct store_reserved){"note", 7}, 1));
    city = open_url(url);
    assert_int_equal(store_is_copy(city, file, arena, &refusal), RESULT_CORRUPT);
    assert_string_equal(refusal.field, "note");
    store_close(city);
    store_close(file);
}
