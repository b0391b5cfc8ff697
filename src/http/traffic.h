/* How many requests came, how they ended and how long they took, by route. Any number of threads note. */
#pragma once

#include "base/spread.h"
#include "http/route.h"

#include <stdatomic.h>

struct traffic;

struct traffic *traffic_new(const struct route_table *tables);
void traffic_free(struct traffic *traffic);

/* `route` NULL: none was found, or a page beside the routes. */
void traffic_note(struct traffic *traffic, const struct route *route, int status, int64_t microseconds);

/* What the server has on its hands; it lends its own counters while it runs. */
struct traffic_load {
    const atomic_int *calls;   /* requests between their first line and the end of their reply */
    const atomic_int *working; /* with a worker or waiting for one */
    const atomic_int *uploads;
    const atomic_int *streams;
};
void traffic_watch(struct traffic *traffic, struct traffic_load load);

enum { TRAFFIC_CLASSES = 5 };                     /* 1xx … 5xx */
extern const struct spread_bounds traffic_bounds; /* microseconds */

struct traffic_lane {
    const struct route *route; /* NULL: no route */
    uint64_t classes[TRAFFIC_CLASSES];
    struct spread_reading spread;
};
/* Calls `each` for the routes that were asked for at all. */
void traffic_read(const struct traffic *traffic,
                  void (*each)(const struct traffic_lane *lane, void *argument), void *argument);
struct traffic_counts {
    int calls, working, uploads, streams;
};
struct traffic_counts traffic_now(const struct traffic *traffic);
