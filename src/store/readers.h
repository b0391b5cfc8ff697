/* A pool of connections that read, at most LIMIT_READERS. The one used last is taken first, so that few of
 * them hold memory. */
#pragma once

#include "store/store.h"

struct readers_verbs {
    enum result (*open)(void *state, void **ret_connection);
    void (*close)(void *connection);
};

struct readers;

struct readers *readers_new(const struct readers_verbs *verbs, void *state);
/* All connections must be given back. */
void readers_free(struct readers *readers);
/* Waits for one, at most LIMIT_STORE_WAIT_SECONDS: RESULT_BUSY. */
enum result readers_take(struct readers *readers, void **ret_connection);
/* Adds one that was opened elsewhere, before anybody reads. */
void readers_adopt(struct readers *readers, void *connection);
void readers_give(struct readers *readers, void *connection);
/* Closes it: it is of no use any more. */
void readers_drop(struct readers *readers, void *connection);
