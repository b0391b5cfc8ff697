/* The index behind a verification or score product: keyed tokens of subjects and their values.
 *
 *     "DKINDEX1"  8 bytes
 *     count       u64, little-endian
 *     entries     sorted by token: 12 bytes of HMAC-SHA-256(secret, subject), i64 value, little-endian
 *
 * The secret is the product's own, so that tokens of two products tell nothing about each other. With 20
 * million subjects a stranger's token meets one of them once in 10^21 questions. */
#pragma once

#include "base/arena.h"
#include "base/digest.h"
#include "base/result.h"
#include "vault/vault.h"

#include <stdbool.h>

enum { INDEX_TOKEN_SIZE = 12, INDEX_VALUE_SIZE = 8, INDEX_ENTRY_SIZE = INDEX_TOKEN_SIZE + INDEX_VALUE_SIZE };

/* ---- building ---- */

struct index_builder;

struct index_builder *index_builder_new(const uint8_t secret[32], size_t subjects_max);
void index_builder_free(struct index_builder *builder);

/* RESULT_TOO_LARGE past subjects_max. */
enum result index_builder_add(struct index_builder *builder, const char *subject, size_t size, int64_t value);

/* Sorts; the bytes belong to the builder. RESULT_CONFLICT when a subject came twice. */
enum result index_builder_finish(struct index_builder *builder, const uint8_t **ret_bytes, size_t *ret_size);

/* The secret of a product's tokens, from its key. RESULT_NOT_FOUND when the key is gone. */
enum result index_secret(struct vault *vault, int64_t product, uint8_t ret_secret[32]);

/* ---- asking ---- */

/* Loaded indexes, the least recently used of which go when together they pass LIMIT_INDEX_MEMORY_BYTES. */
struct index_cache;

struct index_cache *index_cache_new(struct vault *vault);
void index_cache_free(struct index_cache *cache);

/* From memory alone: RESULT_BUSY when the product's index is not loaded. Microseconds. */
enum result index_ask(struct index_cache *cache, int64_t product, const char *subject, size_t size,
                      bool *ret_known, int64_t *ret_value);

/* Loads it when it is not there. RESULT_NOT_FOUND, RESULT_CORRUPT, RESULT_CONFLICT for a product that is no
 * index. */
enum result index_load(struct index_cache *cache, int64_t product);

/* Forgets a product's index, because its key or content changed. */
void index_forget(struct index_cache *cache, int64_t product);
