#include "http/traffic.h"

#include "base/clock.h"

#include <stdlib.h>

const struct spread_bounds traffic_bounds = {
    7, {1000, 5000, 25000, 100000, 500000, 2500000, 10 * INSTANT_SECOND}};

struct lane {
    const struct route *route;
    _Atomic uint64_t classes[TRAFFIC_CLASSES];
    struct spread spread;
};

struct traffic {
    struct traffic_load load;
    size_t count;
    struct lane lanes[]; /* by the route's address; that without a route, NULL, comes first */
};

static int compare(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t)((const struct lane *)left)->route;
    uintptr_t b = (uintptr_t)((const struct lane *)right)->route;
    return a < b ? -1 : a > b;
}

struct traffic *traffic_new(const struct route_table *tables)
{
    size_t count = 1;
    for (const struct route_table *table = tables; table->routes != NULL; table++)
        for (const struct route *route = table->routes; route->run != NULL; route++)
            count++;
    struct traffic *traffic = calloc(1, sizeof *traffic + count * sizeof traffic->lanes[0]);
    if (traffic == NULL)
        abort();
    traffic->count = 1;
    for (const struct route_table *table = tables; table->routes != NULL; table++)
        for (const struct route *route = table->routes; route->run != NULL; route++)
            traffic->lanes[traffic->count++].route = route;
    qsort(traffic->lanes, traffic->count, sizeof traffic->lanes[0], compare);
    return traffic;
}

void traffic_free(struct traffic *traffic)
{
    free(traffic);
}

void traffic_watch(struct traffic *traffic, struct traffic_load load)
{
    traffic->load = load;
}

void traffic_note(struct traffic *traffic, const struct route *route, int status, int64_t microseconds)
{
    const struct lane wanted = {.route = route};
    struct lane *lane = bsearch(&wanted, traffic->lanes, traffic->count, sizeof traffic->lanes[0], compare);
    if (lane == NULL)
        lane = &traffic->lanes[0];
    int class = status >= 100 && status < 600 ? status / 100 - 1 : TRAFFIC_CLASSES - 1;
    (void)atomic_fetch_add_explicit(&lane->classes[class], 1, memory_order_relaxed);
    spread_add(&lane->spread, &traffic_bounds, microseconds);
}

void traffic_read(const struct traffic *traffic,
                  void (*each)(const struct traffic_lane *lane, void *argument), void *argument)
{
    for (size_t i = 0; i < traffic->count; i++) {
        const struct lane *lane = &traffic->lanes[i];
        struct traffic_lane reading = {.route = lane->route};
        for (size_t class = 0; class < TRAFFIC_CLASSES; class ++)
            reading.classes[class] = atomic_load_explicit(&lane->classes[class], memory_order_relaxed);
        spread_read(&lane->spread, &traffic_bounds, &reading.spread);
        if (reading.spread.under[traffic_bounds.count] > 0)
            each(&reading, argument);
    }
}

static int count_of(const atomic_int *counter)
{
    return counter != NULL ? atomic_load(counter) : 0;
}

struct traffic_counts traffic_now(const struct traffic *traffic)
{
    const struct traffic_load *load = &traffic->load;
    return (struct traffic_counts){count_of(load->calls), count_of(load->working), count_of(load->uploads),
                                   count_of(load->streams)};
}
