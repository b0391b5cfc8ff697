/* Time as the platform sees it. Tests and the demo drive it: a driven clock runs beside the machine's by an
 * offset that lives in memory or in a mapped file, so that several processes of one demo share it. */
#pragma once

#include "base/result.h"

#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z. */
typedef int64_t instant;

#define INSTANT_SECOND ((instant)1000000)
#define INSTANT_MINUTE (60 * INSTANT_SECOND)
#define INSTANT_HOUR (60 * INSTANT_MINUTE)
#define INSTANT_DAY (24 * INSTANT_HOUR)
/* "2026-11-23T08:00:00.000000Z" and NUL */
#define INSTANT_TEXT_SIZE 28

struct clock;

/* The machine's wall clock. */
struct clock *clock_system(void);

/* Stands still at `start` until clock_advance(). */
struct clock *clock_manual(instant start);

/* The wall clock plus the offset (int64, microseconds) stored in the first 8 bytes of `path`, which is
 * created with 0 when it is absent. clock_advance() changes it for every process that has it open. */
enum result clock_shared(const char *path, struct clock **ret_clock);

void clock_free(struct clock *clock);
instant clock_now(const struct clock *clock);

/* For manual and shared clocks only. */
void clock_advance(struct clock *clock, instant by);

/* Monotonic, for measuring and deadlines inside one process; never stored. */
instant clock_monotonic(void);

/* RFC 3339 in UTC; `ret_text` holds INSTANT_TEXT_SIZE bytes. Instants outside 1900 to 9999 print as the
 * nearest inside. instant_parse() takes any offset and up to six decimals; leap seconds are refused. */
void instant_print(instant at, char *ret_text);
enum result instant_parse(const char *text, instant *ret_at);
