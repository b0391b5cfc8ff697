/* JSON (RFC 8259) on jansson, read strictly: UTF-8 without a byte order mark, no duplicate keys, no NaN, no
 * NUL, depth (LIMIT_JSON_DEPTH) and size (LIMIT_JSON_BYTES) limited, one value of any type. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A new reference in *ret_json, or a refusal that says where: byte, line and column, or the duplicate key.
 * RESULT_MALFORMED, or RESULT_TOO_LARGE over the size limit. */
enum result json_read(struct arena *arena, const char *bytes, size_t size, json_t **ret_json,
                      struct refusal *ret_refusal);

/* The same for text that nests deeper by nature, such as a parser's tree; depth ≤ JSON_DEPTH_MAX. */
#define JSON_DEPTH_MAX 1024
enum result json_read_to_depth(struct arena *arena, const char *bytes, size_t size, unsigned int depth,
                               json_t **ret_json, struct refusal *ret_refusal);

/* From here on this process overwrites the memory of JSON when it frees it: bodies hold passwords. Once,
 * early. */
void json_wipe_when_freed(void);

/* Gives the reference to the arena, which drops it with itself; returns the JSON, borrowed. */
json_t *json_keep(struct arena *arena, json_t *json);

/* Compact text in the arena; keys in the order they were set, or sorted where it must be canonical. Reals
 * have 17 significant digits, so that they are read back exactly. */
char *json_print(struct arena *arena, const json_t *json);
char *json_print_canonical(struct arena *arena, const json_t *json);

/* Members of an object, NULL or the fallback where they are absent or of another type. Borrowed. */
const char *json_text(const json_t *object, const char *key);
int64_t json_integer_or(const json_t *object, const char *key, int64_t fallback);
bool json_boolean_or(const json_t *object, const char *key, bool fallback);

static inline void json_cleanup(json_t **json)
{
    json_decref(*json);
}
#define CLEANUP_JSON __attribute__((cleanup(json_cleanup)))
