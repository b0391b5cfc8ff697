/* A few threads and a bounded queue of work. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct crew;

typedef void crew_work(void *argument);

/* Threads are started as work needs them. */
struct crew *crew_new(unsigned threads, size_t queue);

/* False when the queue is full: then nothing has been taken over. */
bool crew_add(struct crew *crew, crew_work *work, void *argument);

/* What waits for a thread now. */
size_t crew_waiting(struct crew *crew);
