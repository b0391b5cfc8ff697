/* Writing: units of several threads in one durable commit, whatever the database (see group.c). A back-end
 * gives the verbs; the group calls them on the thread that leads, one at a time. */
#pragma once

#include "store/store.h"

struct group_verbs {
    enum result (*begin)(void *state);
    /* Runs the unit in a savepoint of its own, which leaves no trace unless it gives RESULT_OK. *ret_lost:
     * the whole transaction went with it, so that the batch begins again without it. */
    enum result (*run)(void *state, store_work *work, void *argument, bool *ret_lost);
    /* Anything but RESULT_OK: nothing of the batch is stored. Does not return when nobody can know. */
    enum result (*commit)(void *state);
    /* After a batch, before those who waited are woken; may be NULL. */
    void (*rest)(void *state);
};

struct group;

struct group *group_new(const struct group_verbs *verbs, void *state);
/* Nobody may be inside group_write() any more. */
void group_free(struct group *group);
enum result group_write(struct group *group, store_work *work, void *argument);
void group_figures(struct group *group, struct store_figures *figures);
