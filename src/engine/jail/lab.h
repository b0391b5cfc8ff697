/* Takes layers of the jail away and lets hostile code loose in a worker, so that tests can show what each
 * layer is for (src/engine/duckdb/hostile/). Only the test library is built with DUKOU_JAIL_LAB; in the
 * product lab_without() is constant false and lab_run() is empty, and a test looks for what should not be
 * there. */
#pragma once

#include "engine/jail/jail.h"

#ifdef DUKOU_JAIL_LAB

/* What hostile code finds in a worker that has just taken over its job. */
struct lab_worker {
    int channel;
    const int *descriptors;
    size_t descriptor_count;
};

/* Set before the engine is started: the zygote inherits it. */
struct lab {
    uint32_t without; /* 1u << enum jail_layer */
    int landlock_abi; /* at most this one; 0: the kernel's */
    bool leaves_open; /* what is inherited stays open */
    const char *mark; /* LAB_MARK, to be found in the executable */
    /* Runs in each worker behind jail_seal(), before DuckDB and the second thread. What it returns is the
     * answer, LAB_GO_ON lets the job run. */
    int64_t (*hostile)(const struct lab_worker *worker);
};

#define LAB_MARK "dukou: this executable takes its jail apart"
enum { LAB_GO_ON = INT32_MIN };

extern struct lab lab;

static inline bool lab_without(enum jail_layer layer)
{
    return (lab.without >> layer & 1) != 0;
}

static inline bool lab_leaves_open(void)
{
    return lab.leaves_open;
}

static inline long lab_landlock(long abi)
{
    return lab.landlock_abi > 0 && abi > lab.landlock_abi ? lab.landlock_abi : abi;
}

#else

static inline bool lab_without(enum jail_layer layer)
{
    (void)layer;
    return false;
}

static inline bool lab_leaves_open(void)
{
    return false;
}

static inline long lab_landlock(long abi)
{
    return abi;
}

#endif
