/* A campaign: some work on the disk in memory (disk.h), cut off at every change it makes, in many ways each;
 * then the same work with each of its changes or fsyncs failing.
 *
 * A point is one cut: after so many changes the process is killed or the power goes, chance picks what of the
 * unkept is left, the work's owner starts again and checks what it promised. Every third point cuts off the
 * recovery as well, and recovers from that. A failure prints the seed and the point; DUKOU_CRASH_SEED and
 * DUKOU_CRASH_POINT ("812.3") play it again. */
#pragma once

#include "crash/disk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What the work has told the world, in its order. */
struct promise {
    int kind;
    int64_t id;
    int64_t value;
    void *more;     /* what the check needs besides; lives as long as the campaign */
    size_t begun;   /* changes made before it began */
    size_t settled; /* changes made when it was acknowledged or refused; SIZE_MAX: it never was */
    bool refused;
};

enum promised {
    PROMISE_LATER,   /* not begun: must not be there */
    PROMISE_BEGUN,   /* there whole, or not at all */
    PROMISE_KEPT,    /* must be there */
    PROMISE_REFUSED, /* failed, and said so */
};

/* In the work: a promise begins, and is kept or refused. */
struct promise *promise_begin(int kind, int64_t id, int64_t value);
void promise_settle(struct promise *promise, bool kept);

/* In the check: what was promised up to this point. */
size_t promise_count(void);
const struct promise *promise_at(size_t index);
enum promised promise_state(const struct promise *promise);

/* Fails the point that is checked, and says why, as printf() would; is false. */
#define point_fails(...) ((void)snprintf(point_words(), POINT_WORDS_BYTES, __VA_ARGS__), false)
enum { POINT_WORDS_BYTES = 1024 };
char *point_words(void);
/* The check of a point whose recovery is to be cut off as well may make promises of its own after it has
 * recovered. It is called twice then. */
enum point_turn {
    POINT_ONLY,       /* the recovery is not cut off */
    POINT_FIRST,      /* it will be, maybe after its end */
    POINT_CUT,        /* it was */
    POINT_CUT_AT_END, /* it was, after its end: what the first call promised must be there */
};
enum point_turn point_turn(void);
/* The points of a campaign by number, so that costly questions can be asked at some only. */
uint64_t point_number(void);

struct campaign {
    const char *name;
    void (*set_up)(void); /* what it leaves is kept before the work begins */
    void (*work)(void);
    bool (*check)(void); /* starts again, checks, ends; false after point_fails() */
};

/* True when no point failed; at least `points` of them. *ret_points receives how many there were. */
bool campaign_cuts(const struct campaign *campaign, size_t points, size_t *ret_points);
/* Every change failing (EIO, no room for a while, half a write), and every fsync: the latter must stop the
 * process. At most `points` of each, spread over the work. */
bool campaign_faults(const struct campaign *campaign, size_t points, size_t *ret_points);

/* Runs a test of this executable again under libeatmydata, which swallows every fsync: true when it failed
 * and its words hold `words`. Skips the test, saying so, where the library is not installed. */
bool campaign_fails_under_eatmydata(const char *test, const char *words);

/* How many points for a run of tests: `points`, or `long_points` when DUKOU_TEST_LONG is set. */
size_t campaign_size(size_t points, size_t long_points);
