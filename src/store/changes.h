/* What one unit of work did to covered rows, and the canonical bytes of a row.
 *
 * Canonical bytes: for each column that is not NULL, in table order, its name (length as u16, bytes), a type
 * byte (i, r, t, b), the value's length (u32) and the value: an integer as 8 bytes, a real as the 8 bytes of
 * IEEE 754 (−0 written as 0), text as UTF-8, a blob as it is. All numbers big-endian. A column that a later
 * migration adds is NULL in old rows, so their bytes stay the same. */
#pragma once

#include "store/store.h"

/* Room for canonical bytes of `count` columns. */
size_t canonical_size(const char *const *names, const struct store_value *values, size_t count);
/* Writes them and returns the end. */
uint8_t *canonical_write(uint8_t *at, const char *const *names, const struct store_value *values,
                         size_t count);

/* A log of single changes in the order they happened; merged by row when they are taken, so that a statement
 * that fails half-way can be cut off again. */
struct changes {
    struct arena *arena;
    struct store_change *events;
    size_t count;
    size_t capacity;
};

void changes_begin(struct changes *changes, struct arena *arena);
/* Bytes belong to changes->arena. */
void changes_add(struct changes *changes, const struct store_change *change);
/* Cuts back to what changes->count was earlier. */
void changes_undo(struct changes *changes, size_t count);
/* Merged by table and id: the first `before`, the last `after`; rows left as they were found are left out. */
const struct store_change *changes_take(struct changes *changes, size_t *ret_count);
/* Whether any row is left changed; takes. */
bool changes_left(struct changes *changes);
