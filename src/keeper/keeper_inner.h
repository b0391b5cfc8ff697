/* The serving process's handle of the keeper, and what its ways of starting share. */
#pragma once

#include "base/refusal.h"
#include "base/spread.h"
#include "keeper/client.h"
#include "keeper/keeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

/* How calls of one kind went. */
struct asked {
    struct spread seconds;
    _Atomic uint64_t failed;
};

struct keeper {
    pid_t process; /* 0 for one that is a process of its own */
    struct keeper_client *client;
    /* Of the thread that seals. */
    struct arena *log_arena;
    struct refusal log_refusal; /* the last one, in the arena */
    int64_t log_taken;
    struct asked asked[VERB_COUNT];
    struct asked hot; /* calls of products, consent tokens */
    /* Of one that may go away and come back: */
    char *path;
    pthread_rwlock_t lock; /* of `client`: held to read during a call */
    pthread_t watcher;
    pthread_mutex_t mutex; /* of `ending` */
    pthread_cond_t ends;
    bool ending;
};

/* Notes a call that began at `began` (monotonic), and passes its result on. */
enum result asked_note(struct asked *asked, int64_t began, enum result result);

/* A keeper that was forked and has said that it serves; the parent's ends of its sockets. */
struct keeper_child {
    pid_t process;
    int calls;
    int hot; /* −1: `calls` is the door */
};

enum result keeper_fork(const struct keeper_options *options, bool hot_too, struct keeper_child *ret_child);
enum result keeper_refuse_start(enum result result, struct refusal *ret_refusal);
void keeper_wait_for_end(pid_t process);

/* A handle of that keeper, whose sockets it takes over; with a path it connects there again whenever the
 * keeper has gone. */
enum result keeper_link_new(const struct keeper_child *child, const char *path, struct keeper **ret_keeper);

/* keeper_client_call() and keeper_client_hot() with the client of the moment. */
enum result keeper_link_call(struct keeper *keeper, struct arena *arena, enum keeper_verb verb,
                             json_t *arguments, int fd, json_t **ret_reply, int *ret_fd,
                             struct refusal *ret_refusal);
enum result keeper_link_hot(struct keeper *keeper, enum hot_verb verb, int64_t product, const char *subject,
                            struct hot_reply *ret_reply);
