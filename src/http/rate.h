/* Token buckets: a full minute's requests at once, refilled evenly. Room for a fixed number of callers; when
 * it is exceeded the callers who asked least lose their bucket first, which is to their favour. Any number of
 * threads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate;

struct rate *rate_new(void);
void rate_free(struct rate *rate);

/* An address without its low bits: an IPv6 network of 64 bits counts as one caller. Never stored. */
uint64_t rate_key_of_address(const struct rate *rate, const char *address);
uint64_t rate_key_of_account(const struct rate *rate, int64_t account);

/* Takes one token of a bucket that holds `per_minute`; false when it is empty: then *ret_seconds tells when
 * to come again. `now` is monotonic, in microseconds. */
bool rate_take(struct rate *rate, uint64_t key, int per_minute, int64_t now, int *ret_seconds);
