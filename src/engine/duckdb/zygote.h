/* The process that has libduckdb.so loaded and nothing else, and forks the workers. It keeps a few jailed and
 * idle, so that a job starts at once. */
#pragma once

#include "engine/duckdb/duckdb_engine.h"

#include <sys/types.h>

/* One byte on the control socket asks for a worker; the answer is one byte with these descriptors, or one
 * byte alone when none can be made. Closing the socket ends the zygote and every worker. */
enum { ZYGOTE_CHANNEL, ZYGOTE_PROCESS, ZYGOTE_DEATH, ZYGOTE_DESCRIPTORS };

struct zygote_worker {
    int channel; /* stream socket to the worker: see wire.h */
    int process; /* pidfd */
    int death;   /* pipe: the int of waitpid() comes out when the worker has ended */
};

/* Forks it off and returns its control socket. */
enum result zygote_start(const char *library, int *ret_control);

/* Not for two threads at once. */
enum result zygote_worker(int control, struct zygote_worker *ret_worker);
