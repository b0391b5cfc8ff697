#include "base/arena.h"

#include "base/limits.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 16 * 1024 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*end)(void *argument);
    void *argument;
};

struct arena {
    struct deferred *deferred;
    struct block *block; /* the newest; older ones hang behind it */
    size_t limit;
    size_t held;
};

static struct block *block_new(size_t size, struct block *next)
{
    struct block *block = calloc(1, sizeof *block + size);
    if (block == NULL)
        abort();
    block->size = size;
    block->next = next;
    return block;
}

struct arena *arena_new(size_t limit)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        abort();
    arena->limit = limit > 0 ? limit : LIMIT_ARENA_BYTES;
    arena->block = block_new(FIRST_BLOCK, NULL);
    return arena;
}

static void blocks_free(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_defer(struct arena *arena, void (*end)(void *argument), void *argument)
{
    struct deferred *deferred = arena_alloc(arena, sizeof *deferred);
    *deferred = (struct deferred){arena->deferred, end, argument};
    arena->deferred = deferred;
}

static void run_deferred(struct arena *arena)
{
    for (struct deferred *deferred = arena->deferred; deferred != NULL; deferred = deferred->next)
        deferred->end(deferred->argument);
    arena->deferred = NULL;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    run_deferred(arena);
    blocks_free(arena->block);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    run_deferred(arena);
    struct block *first = arena->block;
    while (first->next != NULL) {
        struct block *next = first->next;
        free(first);
        first = next;
    }
    memset(first->bytes, 0, first->used);
    first->used = 0;
    arena->block = first;
    arena->held = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    assert(size <= arena->limit - arena->held);
    size_t rounded = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    struct block *block = arena->block;
    if (rounded > block->size - block->used) {
        size_t next_size = block->size * 2 > rounded ? block->size * 2 : rounded;
        block = arena->block = block_new(next_size, block);
    }
    void *at = block->bytes + block->used;
    block->used += rounded;
    arena->held += size;
    return at;
}

void *arena_alloc_array(struct arena *arena, size_t size, size_t count)
{
    size_t bytes;
    if (__builtin_mul_overflow(size, count, &bytes))
        abort();
    return arena_alloc(arena, bytes);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    assert(format != NULL);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

size_t arena_room(const struct arena *arena)
{
    return arena->limit - arena->held;
}
