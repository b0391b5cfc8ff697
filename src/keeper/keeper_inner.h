/* The serving process's handle of the keeper. */
#pragma once

#include "base/refusal.h"
#include "keeper/client.h"

#include <sys/types.h>

struct keeper {
    pid_t process;
    struct keeper_client *client;
    /* Of the thread that seals. */
    struct arena *log_arena;
    struct refusal log_refusal; /* the last one, in the arena */
    int64_t log_taken;
};
