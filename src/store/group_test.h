/* Units of several threads that may end up in one transaction. */
#pragma once

#include "store/fixture.h"
#include "support/test.h"

#include <pthread.h>

static inline enum result add(struct store_tx *tx, row_id id, const char *title)
{
    return store_exec(tx, FIXTURE(NOTE_ADD),
                      STORE_BINDS({"id", store_integer(id)}, {"title", store_text(title)},
                                  {"weight", store_null()}, {"body", store_null()}),
                      NULL);
}

struct writer {
    pthread_t thread;
    struct store *store;
    row_id id;          /* of the unit that runs */
    int failed;         /* units of this writer that the test wants to fail, and that did */
    enum result second; /* of a statement that cannot be */
    enum result result;
    int runs;
    enum result (*steps)(struct store_tx *tx, struct writer *writer);
};

static inline enum result run_steps(struct store_tx *tx, void *argument)
{
    struct writer *writer = argument;
    writer->runs++;
    return writer->steps(tx, writer);
}

static inline enum result add_one(struct store_tx *tx, struct writer *writer)
{
    TRY(add(tx, writer->id, NULL));
    return fixture_record(tx);
}
