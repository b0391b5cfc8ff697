/* The register of what runs, by scope ("room/2", "grant/17", "result/9", "import/3"), so that it can be
 * watched and stopped. */
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "vault/keys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { RUNNING_SCOPES = 72 }; /* a query names at most LIMIT_QUERY_TABLES tables, its room and its result */

struct running_register {
    pthread_mutex_t lock;
    struct running *first;
};

/* One piece of work; on the stack of the thread that does it. */
struct running {
    struct running_register *all;
    struct running *next;
    char scopes[RUNNING_SCOPES][VAULT_NAME_SIZE];
    size_t scope_count;
    bool cancelled;
    const atomic_bool *asker_gone;
    struct engine_job *job; /* what its worker does now, or NULL */
};

void running_init(struct running_register *all);

/* *asker_gone turns true when nobody waits for the outcome any more; running_abandon() follows then. */
void running_begin(struct running_register *all, struct running *running, const atomic_bool *asker_gone);
void running_scope(struct running *running, const char *scope);
void running_end(struct running *running);

/* A job for the next call of the engine, which this function's partner frees. RESULT_CANCELLED when it was
 * stopped already. */
enum result running_job_begin(struct running *running, struct engine_job **ret_job);
void running_job_end(struct running *running);

/* RESULT_CANCELLED when it was stopped. */
enum result running_check(struct running *running);

/* Stops everything with that scope; how many there were. */
size_t running_cancel(struct running_register *all, const char *scope);

/* Stops everything that was begun for this asker. */
void running_abandon(struct running_register *all, const atomic_bool *asker_gone);

/* 0 … 100, −1 when nothing runs under that scope or nobody can tell. */
int running_progress(struct running_register *all, const char *scope);
