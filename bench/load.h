/* A load generator: one thread, epoll, keep-alive connections, each with one request under way. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct load {
    int port; /* of 127.0.0.1 */
    int connections;
    double seconds;              /* measured, after a tenth as long of warming up */
    const char *const *requests; /* whole messages; connection i begins with the i-th and goes on in turn */
    size_t request_count;
    bool
        once; /* no request is sent twice: the connections share one turn, and there must be enough of them */
};

struct load_result {
    double per_second;
    double p50_ms;
    double p99_ms;
    size_t answers;
    size_t failures; /* answers that are not 2xx */
};

/* Ends the program when a connection fails, or an answer is none. */
struct load_result load_run(const struct load *load);

/* One request on a connection of its own; the answer's bytes, to be freed, and where its body begins. */
char *load_once(int port, const char *request, size_t *ret_size, const char **ret_body);
