/* Chance, that tests can drive. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Used by one thread at a time, but for the system's, which any number may share. */
struct random;

/* The kernel's generator. */
struct random *random_system(void);

/* The same bytes for the same seed, for replays and synthetic data; never for keys. */
struct random *random_seeded(uint64_t seed);

void random_free(struct random *random);
void random_bytes(struct random *random, void *bytes, size_t size);

/* Uniform in 0 … bound − 1; bound > 0. */
uint64_t random_below(struct random *random, uint64_t bound);

/* Uniform in [0, 1). */
double random_unit(struct random *random);
