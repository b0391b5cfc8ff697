/* Units whose changes are kept to be looked at, and walks over all covered rows. */
#pragma once

#include "store/changes.h"
#include "store/fixture.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 16 };

/* Steps of a unit, and what it was found to have changed. */
struct unit {
    enum result (*steps)(struct store_tx *tx);
    size_t count;
    struct store_change changes[MOST];
    struct arena *arena;
};

static inline enum result put(struct store_tx *tx, row_id id, const char *title, struct store_value weight)
{
    return store_exec(tx, FIXTURE(NOTE_ADD),
                      STORE_BINDS({"id", store_integer(id)}, {"title", store_text(title)}, {"weight", weight},
                                  {"body", store_null()}),
                      NULL);
}

static inline enum result set(struct store_tx *tx, row_id id, const char *title)
{
    return store_exec(tx, FIXTURE(NOTE_SET),
                      STORE_BINDS({"id", store_integer(id)}, {"title", store_text(title)}), NULL);
}

static inline enum result drop(struct store_tx *tx, row_id id)
{
    return store_exec(tx, FIXTURE(NOTE_DELETE), STORE_BINDS({"id", store_integer(id)}), NULL);
}

static inline void keep(struct unit *unit, const struct store_change *changes, size_t count)
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

static inline enum result run(struct store_tx *tx, void *argument)
{
    struct unit *unit = argument;
    TRY(unit->steps(tx));
    size_t count;
    const struct store_change *changes = store_changes_take(tx, &count);
    keep(unit, changes, count);
    return RESULT_OK;
}

static inline struct unit steps_of(struct store *store, struct arena *arena,
                                   enum result (*steps)(struct store_tx *tx))
{
    struct unit unit = {.steps = steps, .arena = arena};
    assert_ok(store_write(store, run, &unit));
    return unit;
}

static inline enum result add_three(struct store_tx *tx)
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

struct walk {
    struct arena *arena;
    size_t count;
    struct store_change rows[512];
};

static inline enum result gather(const char *table, row_id id, const uint8_t *bytes, size_t size,
                                 void *argument)
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

static inline enum result walk_all(struct store_tx *tx, void *argument)
{
    return store_walk_covered(tx, gather, ((struct walking *)argument)->walk);
}

static inline struct walk *walk_of(struct store *store, struct arena *arena)
{
    struct walk *walk = arena_alloc(arena, sizeof *walk);
    walk->arena = arena;
    struct walking walking = {walk};
    assert_ok(store_read(store, walk_all, &walking));
    return walk;
}

/* ---- values of every kind ---- */

/* A value of row `id`, by chance. */
typedef struct store_value chosen_value(unsigned *seed, row_id id);

struct written {
    chosen_value *weight;
    chosen_value *body;
    struct arena *arena;
    size_t count;
    struct store_change last[256];
};

static inline const char *numbered(char letter, row_id id)
{
    static char title[24];
    (void)snprintf(title, sizeof title, "%c%d", letter, (int)id);
    return title;
}

/* Writes rows and then changes some of them, whose bytes it keeps. */
static inline enum result write_any(struct store_tx *tx, void *argument)
{
    struct written *written = argument;
    unsigned seed = 7;
    for (row_id id = 1; id <= 200; id++)
        TRY(store_exec(tx, FIXTURE(NOTE_ADD),
                       STORE_BINDS({"id", store_integer(id)}, {"title", store_text(numbered('t', id))},
                                   {"weight", written->weight(&seed, id)},
                                   {"body", written->body(&seed, id)}),
                       NULL));
    TRY(fixture_record(tx));
    for (row_id id = 1; id <= 200; id += 3)
        TRY(set(tx, id, numbered('u', id)));
    const struct store_change *changes = store_changes_take(tx, &written->count);
    assert_true(written->count <= 256);
    for (size_t i = 0; i < written->count; i++) {
        written->last[i] = changes[i];
        written->last[i].after = arena_copy(written->arena, changes[i].after, changes[i].after_size);
    }
    return RESULT_OK;
}

static inline void recorded_is_walked(chosen_value *weight, chosen_value *body)
{
    struct store *store = fixture_open();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct written written = {.weight = weight, .body = body, .arena = arena};
    assert_ok(store_write(store, write_any, &written));
    struct walk *walk = walk_of(store, arena);
    assert_int_equal(walk->count, 200);
    assert_int_equal(written.count, 67);
    for (size_t i = 0; i < written.count; i++) {
        const struct store_change *row = &walk->rows[written.last[i].id - 1];
        assert_int_equal(row->id, written.last[i].id);
        assert_int_equal(row->after_size, written.last[i].after_size);
        assert_memory_equal(row->after, written.last[i].after, row->after_size);
    }
    store_close(store);
}

/* ---- tables that cannot be covered ---- */

static inline void refuses_table(const char *url, const char *migration, const char *words)
{
    const struct sql_migration migrations[] = {{1, "bad", migration}, {0}};
    struct store_schema schema = fixture_schema;
    schema.migrations = migrations;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    assert_int_equal(store_open_schema(url, &schema, arena, &refusal, &store), RESULT_INVALID);
    assert_non_null(strstr(refusal.en, words));
    assert_string_equal(refusal.field, "bad");
}
