/* For each row that the log names: the digest it was last left with. Built by many threads in any order,
 * since the higher entry wins. 32 bytes a row; half of the digest is kept, which is as hard to meet as any.
 */
#pragma once

#include "audit/entry.h"

#include <stdbool.h>

#define LAST_DIGEST_SIZE 16

struct last_map;

struct last_map *last_map_new(void);
void last_map_free(struct last_map *map);

/* RESULT_LIMIT when the log names more tables than there can be. */
enum result last_map_put(struct last_map *map, int64_t entry, const struct entry_change *change);

struct last {
    int64_t entry; /* that changed it last */
    bool exists;   /* after that */
    uint8_t digest[LAST_DIGEST_SIZE];
};

/* The row's last change, and marks the row as seen. False when the log does not name it. */
bool last_map_take(struct last_map *map, const char *table, row_id id, struct last *ret_last);

/* Each row that should exist and was not taken. */
typedef void last_map_each(const char *table, row_id id, int64_t entry, void *argument);
void last_map_left(struct last_map *map, last_map_each *each, void *argument);
