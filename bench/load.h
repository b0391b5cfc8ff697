/* A load generator: one thread, epoll, keep-alive connections, each with one request under way. Without a
 * rate a connection sends its next request as soon as it has its answer; with one, requests come when they
 * come, whatever the server does, on whichever connection is free. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct load {
    int port; /* of 127.0.0.1 */
    int connections;
    double seconds;              /* measured, after a tenth as long of warming up */
    const char *const *requests; /* whole messages; connection i begins with the i-th and goes on in turn */
    size_t request_count;
    double rate;   /* requests a second; 0: as fast as the answers come */
    int addresses; /* connections come from 127.0.0.1 and so many more, in turn: a server bounds those of one
                    */
    bool
        once; /* no request is sent twice: the connections share one turn, and there must be enough of them */
};

struct load_result {
    double per_second;
    double good_per_second; /* 2xx */
    double p50_ms;          /* of the 2xx */
    double p99_ms;
    size_t answers;
    size_t failures; /* answers that are not 2xx */
    size_t shed;     /* of these: 429 and 503 that say when to come back (Retry-After) */
    size_t held;     /* with a rate: due when no connection was free */
    size_t dropped;  /* with a rate: connections that the server closed; opened again */
};

/* Ends the program when a connection fails, or an answer is none. */
struct load_result load_run(const struct load *load);

/* One request on a connection of its own; the answer's bytes, to be freed, and where its body begins. */
char *load_once(int port, const char *request, size_t *ret_size, const char **ret_body);
