/* What this process has asked of the keeper, counted. */
#include "base/clock.h"
#include "keeper/keeper.h"
#include "keeper/keeper_inner.h"

/* No finer for what takes long: how long another's query ran is not to be read off. */
const struct spread_bounds keeper_second_bounds = {
    6, {1000, 10000, 100000, INSTANT_SECOND, 10 * INSTANT_SECOND, 60 * INSTANT_SECOND}};

static const char *const names[VERB_COUNT] = {
#define X(symbol, name, long_one, descriptors) [VERB_##symbol] = name,
    KEEPER_VERBS(X)
#undef X
};

enum result asked_note(struct asked *asked, int64_t began, enum result result)
{
    int64_t took = clock_monotonic() - began;
    if (took > INSTANT_SECOND)
        took = (took / INSTANT_SECOND + 1) * INSTANT_SECOND;
    spread_add(&asked->seconds, &keeper_second_bounds, took);
    if (result == RESULT_UNAVAILABLE || result == RESULT_BUSY || result == RESULT_IO ||
        result == RESULT_CORRUPT || result == RESULT_MEMORY)
        (void)atomic_fetch_add_explicit(&asked->failed, 1, memory_order_relaxed);
    return result;
}

static struct keeper_asked reading_of(const char *name, const struct asked *asked)
{
    struct keeper_asked reading = {.verb = name, .failed = atomic_load(&asked->failed)};
    spread_read(&asked->seconds, &keeper_second_bounds, &reading.seconds);
    return reading;
}

void keeper_asked(struct keeper *keeper, void (*each)(const struct keeper_asked *asked, void *argument),
                  void *argument)
{
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        struct keeper_asked reading = reading_of(names[verb], &keeper->asked[verb]);
        each(&reading, argument);
    }
    struct keeper_asked hot = reading_of("product call", &keeper->hot);
    each(&hot, argument);
}
