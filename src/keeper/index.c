#include "keeper/index.h"

#include "base/limits.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC_SIZE = 8, START_SIZE = MAGIC_SIZE + 8, PREFIXES = 1 << 16 };

static const char magic[MAGIC_SIZE + 1] = "DKINDEX1";

static void token_of(const uint8_t *secret, const char *subject, size_t size, uint8_t *ret_token)
{
    struct digest digest = digest_hmac(secret, 32, subject, size);
    memcpy(ret_token, digest.bytes, INDEX_TOKEN_SIZE);
}

enum result index_secret(struct vault *vault, int64_t product, uint8_t ret_secret[32])
{
    static const char label[] = "dukou index tokens 1";
    char name[VAULT_NAME_SIZE];
    uint8_t key[VAULT_KEY_SIZE];
    (void)snprintf(name, sizeof name, "product/%lld", (long long)product);
    TRY(vault_key_get(vault_keys_of(vault), name, key));
    struct digest secret = digest_hmac(key, sizeof key, label, sizeof label - 1);
    memcpy(ret_secret, secret.bytes, 32);
    sodium_memzero(key, sizeof key);
    sodium_memzero(&secret, sizeof secret);
    return RESULT_OK;
}

/* ---- building ---- */

struct index_builder {
    uint8_t secret[32];
    uint8_t *bytes;
    size_t count;
    size_t room;
    size_t most;
};

struct index_builder *index_builder_new(const uint8_t secret[32], size_t subjects_max)
{
    struct index_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL)
        abort();
    memcpy(builder->secret, secret, 32);
    builder->most = subjects_max;
    return builder;
}

void index_builder_free(struct index_builder *builder)
{
    if (builder == NULL)
        return;
    free(builder->bytes);
    sodium_memzero(builder, sizeof *builder);
    free(builder);
}

static void grow(struct index_builder *builder)
{
    size_t room = builder->room > 0 ? builder->room * 2 : 4096;
    uint8_t *grown = realloc(builder->bytes, START_SIZE + room * INDEX_ENTRY_SIZE);
    if (grown == NULL)
        abort();
    builder->bytes = grown;
    builder->room = room;
}

enum result index_builder_add(struct index_builder *builder, const char *subject, size_t size, int64_t value)
{
    if (builder->count >= builder->most)
        return RESULT_TOO_LARGE;
    if (builder->count == builder->room)
        grow(builder);
    uint8_t *entry = builder->bytes + START_SIZE + builder->count++ * INDEX_ENTRY_SIZE;
    token_of(builder->secret, subject, size, entry);
    for (int i = 0; i < INDEX_VALUE_SIZE; i++)
        entry[INDEX_TOKEN_SIZE + i] = (uint8_t)((uint64_t)value >> (8 * i));
    return RESULT_OK;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, INDEX_TOKEN_SIZE);
}

enum result index_builder_finish(struct index_builder *builder, const uint8_t **ret_bytes, size_t *ret_size)
{
    if (builder->bytes == NULL)
        grow(builder);
    uint8_t *entries = builder->bytes + START_SIZE;
    qsort(entries, builder->count, INDEX_ENTRY_SIZE, compare);
    for (size_t i = 1; i < builder->count; i++)
        if (compare(entries + (i - 1) * INDEX_ENTRY_SIZE, entries + i * INDEX_ENTRY_SIZE) == 0)
            return RESULT_CONFLICT;
    memcpy(builder->bytes, magic, MAGIC_SIZE);
    for (int i = 0; i < 8; i++)
        builder->bytes[MAGIC_SIZE + i] = (uint8_t)((uint64_t)builder->count >> (8 * i));
    *ret_bytes = builder->bytes;
    *ret_size = START_SIZE + builder->count * INDEX_ENTRY_SIZE;
    return RESULT_OK;
}

/* ---- asking ---- */

struct loaded {
    struct loaded *next; /* the more recently used stand in front */
    int64_t product;
    uint8_t secret[32];
    uint8_t *bytes;
    size_t size;
    size_t count;
    uint32_t starts[PREFIXES + 1]; /* of the entries whose token begins with these two bytes */
};

struct index_cache {
    pthread_mutex_t lock;
    struct vault *vault;
    struct loaded *first;
    size_t bytes;
    uint64_t forgotten; /* counts index_forget() */
};

struct index_cache *index_cache_new(struct vault *vault)
{
    struct index_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        abort();
    (void)pthread_mutex_init(&cache->lock, NULL);
    cache->vault = vault;
    return cache;
}

static void loaded_free(struct loaded *loaded)
{
    if (loaded == NULL)
        return;
    free(loaded->bytes);
    sodium_memzero(loaded->secret, sizeof loaded->secret);
    free(loaded);
}

void index_cache_free(struct index_cache *cache)
{
    while (cache->first != NULL) {
        struct loaded *next = cache->first->next;
        loaded_free(cache->first);
        cache->first = next;
    }
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static const uint8_t *entry_at(const struct loaded *loaded, size_t index)
{
    return loaded->bytes + START_SIZE + index * INDEX_ENTRY_SIZE;
}

static size_t prefix_of(const uint8_t *token)
{
    return (size_t)token[0] << 8 | token[1];
}

static int64_t value_of(const uint8_t *entry)
{
    uint64_t bits = 0;
    for (int i = 0; i < INDEX_VALUE_SIZE; i++)
        bits |= (uint64_t)entry[INDEX_TOKEN_SIZE + i] << (8 * i);
    return (int64_t)bits;
}

/* Takes it out of the list; the lock is held. */
static struct loaded *take(struct index_cache *cache, int64_t product)
{
    for (struct loaded **at = &cache->first; *at != NULL; at = &(*at)->next)
        if ((*at)->product == product) {
            struct loaded *found = *at;
            *at = found->next;
            cache->bytes -= found->size;
            return found;
        }
    return NULL;
}

static void put_first(struct index_cache *cache, struct loaded *loaded)
{
    loaded->next = cache->first;
    cache->first = loaded;
    cache->bytes += loaded->size;
}

static void shrink(struct index_cache *cache)
{
    while (cache->bytes > LIMIT_INDEX_MEMORY_BYTES && cache->first->next != NULL) {
        struct loaded **at = &cache->first;
        while ((*at)->next != NULL)
            at = &(*at)->next;
        struct loaded *last = *at;
        *at = NULL;
        cache->bytes -= last->size;
        loaded_free(last);
    }
}

enum result index_ask(struct index_cache *cache, int64_t product, const char *subject, size_t size,
                      bool *ret_known, int64_t *ret_value)
{
    uint8_t token[INDEX_TOKEN_SIZE];
    (void)pthread_mutex_lock(&cache->lock);
    struct loaded *loaded = take(cache, product);
    if (loaded == NULL) {
        (void)pthread_mutex_unlock(&cache->lock);
        return RESULT_BUSY;
    }
    put_first(cache, loaded);
    token_of(loaded->secret, subject, size, token);
    size_t low = loaded->starts[prefix_of(token)];
    size_t high = loaded->starts[prefix_of(token) + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(entry_at(loaded, middle), token, INDEX_TOKEN_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool known = low < loaded->count && memcmp(entry_at(loaded, low), token, INDEX_TOKEN_SIZE) == 0;
    *ret_known = known;
    *ret_value = known ? value_of(entry_at(loaded, low)) : 0;
    (void)pthread_mutex_unlock(&cache->lock);
    return RESULT_OK;
}

/* ---- loading ---- */

static enum result check(struct loaded *loaded)
{
    uint64_t count = 0;
    if (loaded->size < START_SIZE || memcmp(loaded->bytes, magic, MAGIC_SIZE) != 0)
        return RESULT_CONFLICT; /* a product of another kind */
    for (int i = 0; i < 8; i++)
        count |= (uint64_t)loaded->bytes[MAGIC_SIZE + i] << (8 * i);
    if (count > LIMIT_INDEX_SUBJECTS || loaded->size != START_SIZE + count * INDEX_ENTRY_SIZE)
        return RESULT_CORRUPT;
    loaded->count = (size_t)count;
    return RESULT_OK;
}

static void mark_starts(struct loaded *loaded)
{
    size_t prefix = 0;
    for (size_t i = 0; i < loaded->count; i++)
        for (size_t own = prefix_of(entry_at(loaded, i)); prefix <= own; prefix++)
            loaded->starts[prefix] = (uint32_t)i;
    for (; prefix <= PREFIXES; prefix++)
        loaded->starts[prefix] = (uint32_t)loaded->count;
}

static enum result load(struct index_cache *cache, struct loaded *loaded)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    char name[VAULT_NAME_SIZE];
    (void)snprintf(name, sizeof name, "product/%lld", (long long)loaded->product);
    TRY(vault_get(cache->vault, name, &file));
    loaded->size = (size_t)vault_file_size(file);
    loaded->bytes = malloc(loaded->size + 1);
    if (loaded->bytes == NULL)
        return RESULT_MEMORY;
    TRY(vault_file_read(file, 0, loaded->size, loaded->bytes));
    TRY(check(loaded));
    TRY(index_secret(cache->vault, loaded->product, loaded->secret));
    mark_starts(loaded);
    return RESULT_OK;
}

static enum result load_once(struct index_cache *cache, int64_t product, bool *ret_again)
{
    struct loaded *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL)
        return RESULT_MEMORY;
    loaded->product = product;
    (void)pthread_mutex_lock(&cache->lock);
    uint64_t forgotten = cache->forgotten;
    (void)pthread_mutex_unlock(&cache->lock);
    enum result result = load(cache, loaded);
    (void)pthread_mutex_lock(&cache->lock);
    *ret_again = forgotten != cache->forgotten; /* what was loaded may be what was to be forgotten */
    if (result == RESULT_OK && !*ret_again) {
        loaded_free(take(cache, product)); /* another thread may have been faster */
        put_first(cache, loaded);
        shrink(cache);
        loaded = NULL;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    loaded_free(loaded);
    return result;
}

enum result index_load(struct index_cache *cache, int64_t product)
{
    bool again = true;
    enum result result = RESULT_OK;
    while (again)
        result = load_once(cache, product, &again);
    return result;
}

void index_forget(struct index_cache *cache, int64_t product)
{
    (void)pthread_mutex_lock(&cache->lock);
    cache->forgotten++;
    loaded_free(take(cache, product));
    (void)pthread_mutex_unlock(&cache->lock);
}
