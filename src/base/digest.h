/* Digests and their text. SHA-256 (FIPS 180-4) and SM3 (GB/T 32905). */
#pragma once

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_TEXT_SIZE (2 * DIGEST_SIZE + 1)

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

struct digest digest_sha256(const void *bytes, size_t size);
struct digest digest_sm3(const void *bytes, size_t size);

/* HMAC-SHA-256 (RFC 2104). */
struct digest digest_hmac(const void *key, size_t key_size, const void *bytes, size_t size);

/* In pieces. */
struct digest_stream {
    _Alignas(16) unsigned char state[128];
};
void digest_begin(struct digest_stream *stream); /* SHA-256 */
void digest_add(struct digest_stream *stream, const void *bytes, size_t size);
struct digest digest_end(struct digest_stream *stream);

bool digest_equal(const struct digest *a, const struct digest *b); /* in constant time */

/* Lower-case hexadecimal, `ret_text` holds 2 × size + 1 bytes. */
void hex_print(const void *bytes, size_t size, char *ret_text);
/* Exactly `size` bytes from 2 × size lower-case hexadecimal digits. */
enum result hex_parse(const char *text, void *ret_bytes, size_t size);
