#include "audit/last_map.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 64, NAMES = 1024, NAME_BYTES = 64 };

/* `mark`: bit 0 used, 1 exists, 2 taken, 3 to 15 table, from 16 the entry. */
struct slot {
    int64_t id;
    uint64_t mark;
    uint8_t digest[LAST_DIGEST_SIZE];
};

enum { USED = 1, EXISTS = 2, TAKEN = 4 };

struct shard {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t room; /* a power of two */
    size_t count;
};

struct last_map {
    struct shard shards[SHARDS];
    pthread_mutex_t names_lock;
    _Atomic(char *) names[NAMES]; /* open addressing; a table's number is its place */
    size_t name_count;
};

static unsigned mark_table(uint64_t mark)
{
    return (unsigned)(mark >> 3 & 0x1fff);
}

static int64_t mark_entry(uint64_t mark)
{
    return (int64_t)(mark >> 16);
}

struct last_map *last_map_new(void)
{
    struct last_map *map = calloc(1, sizeof *map);
    if (map == NULL)
        abort();
    (void)pthread_mutex_init(&map->names_lock, NULL);
    for (int i = 0; i < SHARDS; i++)
        (void)pthread_mutex_init(&map->shards[i].lock, NULL);
    return map;
}

void last_map_free(struct last_map *map)
{
    if (map == NULL)
        return;
    for (int i = 0; i < SHARDS; i++) {
        free(map->shards[i].slots);
        (void)pthread_mutex_destroy(&map->shards[i].lock);
    }
    for (int i = 0; i < NAMES; i++)
        free(atomic_load(&map->names[i]));
    (void)pthread_mutex_destroy(&map->names_lock);
    free(map);
}

/* ---- tables ---- */

static bool is_name(const char *name, const char *text, size_t size)
{
    return strlen(name) == size && memcmp(name, text, size) == 0;
}

/* The place of the name, or the empty place where it belongs. */
static unsigned name_place(struct last_map *map, const char *text, size_t size)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619U;
    for (unsigned at = hash % NAMES;; at = (at + 1) % NAMES) {
        const char *name = atomic_load_explicit(&map->names[at], memory_order_acquire);
        if (name == NULL || is_name(name, text, size))
            return at;
    }
}

/* A table's number; NAMES when there are too many. */
static unsigned table_number(struct last_map *map, const char *text, size_t size)
{
    unsigned place = name_place(map, text, size);
    if (atomic_load_explicit(&map->names[place], memory_order_acquire) != NULL)
        return place;
    (void)pthread_mutex_lock(&map->names_lock);
    place = name_place(map, text, size);
    if (atomic_load(&map->names[place]) == NULL) {
        if (map->name_count == NAMES / 2 || size > NAME_BYTES) {
            place = NAMES;
        } else {
            char *name = strndup(text, size);
            if (name == NULL)
                abort();
            atomic_store_explicit(&map->names[place], name, memory_order_release);
            map->name_count++;
        }
    }
    (void)pthread_mutex_unlock(&map->names_lock);
    return place;
}

/* ---- rows ---- */

static uint64_t hash_row(unsigned table, int64_t id)
{
    uint64_t hash = (uint64_t)id * 0x9e3779b97f4a7c15U + table * 0xff51afd7ed558ccdU;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93U;
    return hash ^ hash >> 29;
}

static struct slot *find(const struct shard *shard, uint64_t hash, unsigned table, int64_t id)
{
    for (size_t at = (size_t)(hash >> 6) & (shard->room - 1);; at = (at + 1) & (shard->room - 1)) {
        struct slot *slot = &shard->slots[at];
        if (slot->mark == 0 || (slot->id == id && mark_table(slot->mark) == table))
            return slot;
    }
}

static void grow(struct shard *shard)
{
    struct shard larger = *shard;
    larger.room = shard->room == 0 ? 64 : 2 * shard->room;
    larger.slots = calloc(larger.room, sizeof larger.slots[0]);
    if (larger.slots == NULL)
        abort();
    for (size_t i = 0; i < shard->room; i++) {
        const struct slot *slot = &shard->slots[i];
        if (slot->mark != 0)
            *find(&larger, hash_row(mark_table(slot->mark), slot->id), mark_table(slot->mark), slot->id) =
                *slot;
    }
    free(shard->slots);
    shard->slots = larger.slots;
    shard->room = larger.room;
}

enum result last_map_put(struct last_map *map, int64_t entry, const struct entry_change *change)
{
    unsigned table = table_number(map, change->table.at, change->table.size);
    if (table == NAMES)
        return RESULT_LIMIT;
    assert(entry >= 0 && entry < (int64_t)1 << 47);
    uint64_t hash = hash_row(table, change->id);
    struct shard *shard = &map->shards[hash % SHARDS];
    (void)pthread_mutex_lock(&shard->lock);
    if (4 * (shard->count + 1) > 3 * shard->room)
        grow(shard);
    struct slot *slot = find(shard, hash, table, change->id);
    shard->count += slot->mark == 0;
    if (slot->mark == 0 || mark_entry(slot->mark) <= entry) {
        slot->id = change->id;
        slot->mark = (uint64_t)entry << 16 | (uint64_t)table << 3 | USED | (change->after ? EXISTS : 0);
        memcpy(slot->digest, change->after_digest.bytes, LAST_DIGEST_SIZE);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return RESULT_OK;
}

bool last_map_take(struct last_map *map, const char *table, row_id id, struct last *ret_last)
{
    unsigned place = name_place(map, table, strlen(table));
    if (atomic_load(&map->names[place]) == NULL)
        return false;
    uint64_t hash = hash_row(place, id);
    struct shard *shard = &map->shards[hash % SHARDS];
    struct slot *slot = shard->room > 0 ? find(shard, hash, place, id) : NULL;
    if (slot == NULL || slot->mark == 0)
        return false;
    slot->mark |= TAKEN;
    ret_last->entry = mark_entry(slot->mark);
    ret_last->exists = (slot->mark & EXISTS) != 0;
    memcpy(ret_last->digest, slot->digest, LAST_DIGEST_SIZE);
    return true;
}

void last_map_left(struct last_map *map, last_map_each *each, void *argument)
{
    for (int i = 0; i < SHARDS; i++) {
        const struct shard *shard = &map->shards[i];
        for (size_t at = 0; at < shard->room; at++) {
            const struct slot *slot = &shard->slots[at];
            if ((slot->mark & (USED | EXISTS | TAKEN)) == (USED | EXISTS))
                each(atomic_load(&map->names[mark_table(slot->mark)]), slot->id, mark_entry(slot->mark),
                     argument);
        }
    }
}
