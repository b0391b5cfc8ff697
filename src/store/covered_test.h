/* Units whose changes are kept to be looked at, and walks over all covered rows. */
#pragma once

#include "store/changes.h"
#include "store/fixture.h"
#include "support/test.h"

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
