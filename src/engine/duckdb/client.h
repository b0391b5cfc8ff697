/* One call of a worker, from the keeper's side. */
#pragma once

#include "engine/duckdb/zygote.h"
#include "engine/operations.h"
#include "engine/wire.h"

struct duckdb_engine {
    struct engine engine;
    int control;
    pthread_mutex_t lock; /* of the places and the control socket */
    pthread_cond_t changed;
    unsigned workers_free;
    unsigned parsers_free;
    unsigned calls; /* under way or waiting */
    unsigned running;
    uint64_t jobs; /* that got a worker */
    uint64_t killed;
    bool unable; /* the zygote made no worker when it was asked last */
    bool stopping;
};

struct client_call {
    /* set by the caller */
    struct engine_job *job; /* may be NULL */
    struct arena *arena;    /* for the refusal */
    struct refusal *ret_refusal;
    bool parser; /* takes a place of the parsers */
    const char
        *sql; /* of a query that reads rows: then no word of the worker's gets into the refusal; else NULL */
    /* made by client_begin() and client_lend() */
    struct engine_limits limits;
    bool writes; /* it is dead before client_call() returns */
    size_t answer_bytes_max;
    struct wire_out message;
    int descriptors[WIRE_DESCRIPTORS_MAX];
    size_t descriptor_count;
    /* given by client_call() */
    uint8_t *answer;
    size_t answer_size;
    uint32_t layers;
    int death_status; /* as of waitpid(), when the worker went without a word */
    bool killed;      /* the worker did not come to an answer or a refusal */
};

/* Starts the message with what every job has; `limits` may be NULL. */
void client_begin(struct client_call *call, enum job_kind kind, const struct engine_limits *limits,
                  bool writes);
/* Adds a descriptor: O_RDONLY for an input, O_RDWR for the output, which comes last. */
bool client_lend(struct client_call *call, int fd, int flags);
/* Runs it; on RESULT_OK .answer is there. */
enum result client_call(struct duckdb_engine *engine, struct client_call *call);
void client_end(struct client_call *call);
#define CLEANUP_CALL __attribute__((cleanup(client_end)))
