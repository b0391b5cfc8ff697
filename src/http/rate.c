#include "http/rate.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 64, SETS = 256, WAYS = 4 };

static const int64_t minute = 60 * (int64_t)1000000;

struct bucket {
    uint64_t key;
    int64_t at;    /* when `spent` was true */
    int64_t spent; /* tokens × a minute's microseconds, so that it stays whole */
};

struct shard {
    pthread_mutex_t lock;
    struct bucket buckets[SETS][WAYS];
};

struct rate {
    uint8_t secret[crypto_shorthash_KEYBYTES]; /* so that nobody can choose whom to collide with */
    struct shard shards[SHARDS];
};

struct rate *rate_new(void)
{
    struct rate *rate = calloc(1, sizeof *rate);
    if (rate == NULL)
        abort();
    crypto_shorthash_keygen(rate->secret);
    for (int i = 0; i < SHARDS; i++)
        (void)pthread_mutex_init(&rate->shards[i].lock, NULL);
    return rate;
}

void rate_free(struct rate *rate)
{
    if (rate == NULL)
        return;
    for (int i = 0; i < SHARDS; i++)
        (void)pthread_mutex_destroy(&rate->shards[i].lock);
    free(rate);
}

static uint64_t keyed_hash(const struct rate *rate, const void *bytes, size_t size)
{
    uint64_t key = 0;
    (void)crypto_shorthash((unsigned char *)&key, bytes, size, rate->secret);
    return key != 0 ? key : 1;
}

uint64_t rate_key_of_address(const struct rate *rate, const char *address)
{
    struct in6_addr six;
    if (address == NULL)
        return 1;
    if (inet_pton(AF_INET6, address, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six))
        return keyed_hash(rate, &six, 8);
    return keyed_hash(rate, address, strlen(address));
}

uint64_t rate_key_of_account(const struct rate *rate, int64_t account)
{
    struct {
        char kind[8];
        int64_t account;
    } name = {"account", account};
    return keyed_hash(rate, &name, sizeof name);
}

static void refill(struct bucket *bucket, int per_minute, int64_t now)
{
    int64_t passed = now - bucket->at;
    bucket->at = now;
    bucket->spent =
        passed >= minute || passed * per_minute >= bucket->spent ? 0 : bucket->spent - passed * per_minute;
}

/* The caller's bucket, or the least spent one of its set, emptied for it. */
static struct bucket *bucket_of(struct bucket *set, uint64_t key, int64_t now)
{
    struct bucket *least = set;
    int64_t least_spent = INT64_MAX;
    for (int way = 0; way < WAYS; way++) {
        if (set[way].key == key)
            return &set[way];
        int64_t spent = now - set[way].at >= minute ? 0 : set[way].spent;
        if (spent < least_spent) {
            least = &set[way];
            least_spent = spent;
        }
    }
    *least = (struct bucket){key, now, 0};
    return least;
}

bool rate_take(struct rate *rate, uint64_t key, int per_minute, int64_t now, int *ret_seconds)
{
    struct shard *shard = &rate->shards[key % SHARDS];
    bool taken = true;
    (void)pthread_mutex_lock(&shard->lock);
    struct bucket *bucket = bucket_of(shard->buckets[key / SHARDS % SETS], key, now);
    refill(bucket, per_minute, now);
    int64_t over = bucket->spent + minute - per_minute * minute;
    if (over > 0) {
        taken = false;
        *ret_seconds = (int)(over / ((int64_t)per_minute * 1000000)) + 1;
    } else {
        bucket->spent += minute;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return taken;
}
