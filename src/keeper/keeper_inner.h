/* The serving process's handle of the keeper. */
#pragma once

#include "base/refusal.h"
#include "base/spread.h"
#include "keeper/client.h"

#include <sys/types.h>

/* How calls of one kind went. */
struct asked {
    struct spread seconds;
    _Atomic uint64_t failed;
};

struct keeper {
    pid_t process;
    struct keeper_client *client;
    /* Of the thread that seals. */
    struct arena *log_arena;
    struct refusal log_refusal; /* the last one, in the arena */
    int64_t log_taken;
    struct asked asked[VERB_COUNT];
    struct asked hot; /* calls of products, consent tokens */
};

/* Notes a call that began at `began` (monotonic), and passes its result on. */
enum result asked_note(struct asked *asked, int64_t began, enum result result);
