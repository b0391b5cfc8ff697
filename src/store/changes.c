#include "store/changes.h"

#include <assert.h>
#include <string.h>

static uint8_t *put_number(uint8_t *at, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (uint8_t)(number >> (8 * i));
    return at;
}

static size_t value_size(const struct store_value *value)
{
    return value->type == STORE_TEXT || value->type == STORE_BLOB ? value->size : 8;
}

size_t canonical_size(const char *const *names, const struct store_value *values, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i].type != STORE_NULL)
            size += 2 + strlen(names[i]) + 1 + 4 + value_size(&values[i]);
    return size;
}

static uint8_t *put_value(uint8_t *at, const struct store_value *value)
{
    static const char types[] = {
        [STORE_INTEGER] = 'i', [STORE_REAL] = 'r', [STORE_TEXT] = 't', [STORE_BLOB] = 'b'};
    size_t size = value_size(value);
    *at++ = (uint8_t)types[value->type];
    at = put_number(at, size, 4);
    if (value->type == STORE_INTEGER)
        return put_number(at, (uint64_t)value->integer, 8);
    if (value->type == STORE_REAL) {
        double real = value->real == 0 ? 0 : value->real;
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        return put_number(at, bits, 8);
    }
    if (size > 0)
        memcpy(at, value->bytes, size);
    return at + size;
}

uint8_t *canonical_write(uint8_t *at, const char *const *names, const struct store_value *values,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].type == STORE_NULL)
            continue;
        size_t length = strlen(names[i]);
        at = put_number(at, length, 2);
        memcpy(at, names[i], length);
        at = put_value(at + length, &values[i]);
    }
    return at;
}

void changes_begin(struct changes *changes, struct arena *arena)
{
    *changes = (struct changes){.arena = arena};
}

void changes_add(struct changes *changes, const struct store_change *change)
{
    if (changes->count == changes->capacity) {
        size_t capacity = changes->capacity > 0 ? changes->capacity * 2 : 8;
        struct store_change *events = arena_new_array(changes->arena, struct store_change, capacity);
        if (changes->count > 0)
            memcpy(events, changes->events, changes->count * sizeof *events);
        changes->events = events;
        changes->capacity = capacity;
    }
    changes->events[changes->count++] = *change;
}

void changes_undo(struct changes *changes, size_t count)
{
    if (changes->count > count)
        changes->count = count;
}

static bool same_bytes(const struct store_change *change)
{
    if (change->before == NULL || change->after == NULL)
        return change->before == change->after;
    return change->before_size == change->after_size &&
           memcmp(change->before, change->after, change->after_size) == 0;
}

/* Index of rows already met, open addressing; slot 0 is free, else 1 + position. */
struct met {
    uint32_t *slots;
    size_t mask;
};

static struct met met_new(struct arena *arena, size_t count)
{
    size_t size = 16;
    while (size < count * 2)
        size *= 2;
    return (struct met){arena_new_array(arena, uint32_t, size), size - 1};
}

/* Table names are one pointer per table: the back-end keeps them. */
static uint32_t *met_find(const struct met *met, const struct store_change *rows, const char *table,
                          row_id id)
{
    size_t at = (size_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> 20) ^ ((size_t)(uintptr_t)table >> 4);
    for (;; at++) {
        uint32_t *slot = &met->slots[at & met->mask];
        if (*slot == 0 || (rows[*slot - 1].id == id && rows[*slot - 1].table == table))
            return slot;
    }
}

const struct store_change *changes_take(struct changes *changes, size_t *ret_count)
{
    size_t rows = 0;
    struct store_change *merged = arena_new_array(changes->arena, struct store_change, changes->count + 1);
    struct met met = met_new(changes->arena, changes->count);
    for (size_t i = 0; i < changes->count; i++) {
        const struct store_change *event = &changes->events[i];
        uint32_t *slot = met_find(&met, merged, event->table, event->id);
        if (*slot == 0) {
            merged[rows++] = *event;
            *slot = (uint32_t)rows;
        } else {
            merged[*slot - 1].after = event->after;
            merged[*slot - 1].after_size = event->after_size;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < rows; i++)
        if (!same_bytes(&merged[i]))
            merged[kept++] = merged[i];
    changes->count = 0;
    *ret_count = kept;
    return merged;
}

bool changes_left(struct changes *changes)
{
    if (changes->count == 0)
        return false;
    size_t count;
    (void)changes_take(changes, &count);
    return count > 0;
}
