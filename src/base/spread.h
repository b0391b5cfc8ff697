/* How values spread over bounds: a histogram that any number of threads add to while others read it. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SPREAD_BOUNDS_MAX 12

/* Ascending, inclusive; what lies above the last bound counts too. */
struct spread_bounds {
    size_t count;
    int64_t bounds[SPREAD_BOUNDS_MAX];
};

struct spread {
    _Atomic uint64_t counts[SPREAD_BOUNDS_MAX + 1]; /* each value once, under the first bound that holds it */
    _Atomic int64_t sum;
};

void spread_add(struct spread *spread, const struct spread_bounds *bounds, int64_t value);

/* As one moment shows it: sums of what is under each bound, the last being all. */
struct spread_reading {
    uint64_t under[SPREAD_BOUNDS_MAX + 1];
    int64_t sum;
};
void spread_read(const struct spread *spread, const struct spread_bounds *bounds,
                 struct spread_reading *ret_reading);
