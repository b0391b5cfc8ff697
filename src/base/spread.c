#include "base/spread.h"

#include <assert.h>

void spread_add(struct spread *spread, const struct spread_bounds *bounds, int64_t value)
{
    size_t at = 0;
    assert(bounds->count <= SPREAD_BOUNDS_MAX);
    while (at < bounds->count && value > bounds->bounds[at])
        at++;
    (void)atomic_fetch_add_explicit(&spread->counts[at], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&spread->sum, value, memory_order_relaxed);
}

void spread_read(const struct spread *spread, const struct spread_bounds *bounds,
                 struct spread_reading *ret_reading)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= bounds->count; i++) {
        total += atomic_load_explicit(&spread->counts[i], memory_order_relaxed);
        ret_reading->under[i] = total;
    }
    ret_reading->sum = atomic_load_explicit(&spread->sum, memory_order_relaxed);
}
