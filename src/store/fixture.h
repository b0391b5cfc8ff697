/* A store with tables of its own, for the tests of this folder. */
#pragma once

#include "store/schema.h"

enum fixture_statement {
    FIXTURE_NOTE_ADD,
    FIXTURE_NOTE_ADD_RETURNING,
    FIXTURE_NOTE_SET,
    FIXTURE_NOTE_SET_ALL,
    FIXTURE_NOTE_DELETE,
    FIXTURE_NOTE_CLEAR,
    FIXTURE_NOTE_BY_ID,
    FIXTURE_NOTE_ALL,
    FIXTURE_NOTE_COUNT,
    FIXTURE_NOTE_ANY,
    FIXTURE_NOTE_MOVE,
    FIXTURE_NOTE_REPLACE,
    FIXTURE_CHILD_ADD,
    FIXTURE_ENTRY_ADD,
    FIXTURE_ENTRY_COUNT,
    FIXTURE_FULL,
    FIXTURE_COUNT,
};
#define FIXTURE(name) ((enum sql)FIXTURE_##name)

extern const struct store_schema fixture_schema;
extern const struct store_schema fixture_schema_v2;      /* a column more */
extern const struct store_schema fixture_schema_changed; /* the same migration in other words */

/* Opens a fresh one; its address is valid until the next call. */
struct store *fixture_open(void);
const char *fixture_path(void);

/* Writes the unit's entry: takes its changes, and adds a row to the uncovered table `entry`. */
enum result fixture_record(struct store_tx *tx);
/* One note with nothing but an id, the row_id at `argument`, and its entry. */
enum result fixture_add_one(struct store_tx *tx, void *argument);
int64_t fixture_count(struct store *store, enum sql statement);
