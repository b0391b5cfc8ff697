/* Memory that lives as long as one request: allocate freely, free once.
 *
 * An arena is used by one thread at a time. It aborts the process when the machine has no memory left, so
 * callers need not check; its own limit is for input that grows: arena_room() tells what is left. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* `limit` bytes in all; 0 means LIMIT_ARENA_BYTES. Passing the limit is a programmer's mistake: check the
 * size of input first. */
struct arena *arena_new(size_t limit);
void arena_free(struct arena *arena);

/* Forgets everything allocated and keeps the memory for the next request. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
#define arena_new_array(arena, type, count) ((type *)arena_alloc_array((arena), sizeof(type), (count)))
void *arena_alloc_array(struct arena *arena, size_t size, size_t count);

void *arena_copy(struct arena *arena, const void *bytes, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Calls end(argument) when the arena is freed or reset, the last first: for what the arena cannot hold
 * itself. */
void arena_defer(struct arena *arena, void (*end)(void *argument), void *argument);

/* Bytes left under the limit. */
size_t arena_room(const struct arena *arena);

static inline void arena_cleanup(struct arena **arena)
{
    arena_free(*arena);
}
#define CLEANUP_ARENA __attribute__((cleanup(arena_cleanup)))
