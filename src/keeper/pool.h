/* A few threads and a bounded queue of work. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct pool;

typedef void pool_work(void *argument);

/* Threads are started as work needs them. */
struct pool *pool_new(unsigned threads, size_t queue);

/* False when the queue is full: then nothing has been taken over. */
bool pool_add(struct pool *pool, pool_work *work, void *argument);
