/* Copies between back-ends, for store.c: see store_copy() there. */
#pragma once

#include "store/backend.h"

struct copy {
    const struct store_backend *from;
    void *from_state;
    const struct store_backend *to;
    void *to_state;
    struct arena *arena;
    struct refusal *refusal; /* may be NULL */
};

/* `to` already holds all of `from`: store_is_copy(). */
enum result copy_holds(const struct copy *copy);
enum result copy_store(const struct copy *copy, struct store_copied *ret_copied);
