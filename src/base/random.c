#include "base/random.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { POOL = 1024 };

/* A seeded generator is the ChaCha20 key stream (libsodium's randombytes_buf_deterministic) of the seed with
 * a block counter in it, handed out byte by byte, so that the sizes asked for do not change the sequence. */
struct random {
    bool seeded;
    unsigned char seed[randombytes_SEEDBYTES];
    uint64_t block;
    unsigned char pool[POOL];
    size_t used;
};

static struct random *random_new(void)
{
    struct random *random = calloc(1, sizeof *random);
    if (random == NULL || sodium_init() < 0) /* once is enough, more do no harm */
        abort();
    random->used = POOL;
    return random;
}

struct random *random_system(void)
{
    return random_new();
}

static void put_u64(unsigned char *at, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(number >> (8 * i));
}

struct random *random_seeded(uint64_t seed)
{
    struct random *random = random_new();
    random->seeded = true;
    put_u64(random->seed, seed);
    return random;
}

void random_free(struct random *random)
{
    if (random == NULL)
        return;
    sodium_memzero(random, sizeof *random);
    free(random);
}

static void refill(struct random *random)
{
    put_u64(random->seed + 8, random->block++);
    randombytes_buf_deterministic(random->pool, POOL, random->seed);
    random->used = 0;
}

void random_bytes(struct random *random, void *bytes, size_t size)
{
    if (!random->seeded) {
        randombytes_buf(bytes, size);
        return;
    }
    unsigned char *at = bytes;
    while (size > 0) {
        if (random->used == POOL)
            refill(random);
        size_t part = POOL - random->used < size ? POOL - random->used : size;
        memcpy(at, random->pool + random->used, part);
        random->used += part;
        at += part;
        size -= part;
    }
}

static uint64_t random_u64(struct random *random)
{
    unsigned char bytes[8];
    uint64_t number = 0;
    random_bytes(random, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    assert(bound > 0);
    /* The first 2^64 mod bound numbers would make the small results likelier. */
    uint64_t biased = (UINT64_MAX - bound + 1) % bound;
    uint64_t number;
    do
        number = random_u64(random);
    while (number < biased);
    return number % bound;
}

double random_unit(struct random *random)
{
    return (double)(random_u64(random) >> 11) * 0x1p-53;
}
