/* The ciphers of the vault. Every encrypted file names its suite, so that suites live side by side.
 *
 * AES-256-GCM          NIST SP 800-38D; tag of 16 bytes.
 * SM4-CTR+HMAC-SM3     GB/T 32907, GB/T 32905: encrypt, then authenticate number, associated data and
 *                      ciphertext; tag of 32 bytes; cipher and authentication keys are separate.
 *
 * Nonces: a file's keys are derived from the object's key and the file's random 256-bit id, so they serve
 * this one file, which is written once; the nonce is the block's number, hence never used twice under one
 * key. */
#pragma once

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, name in the header, bytes of the tag) */
#define SUITE_LIST(X)                                                                                        \
    X(AES_256_GCM, "AES-256-GCM", 16)                                                                        \
    X(SM4_CTR_HMAC_SM3, "SM4-CTR+HMAC-SM3", 32)

enum suite {
#define X(symbol, name, tag) SUITE_##symbol,
    SUITE_LIST(X)
#undef X
        SUITE_COUNT
};

#define SUITE_KEY_SIZE 32
#define SUITE_TAG_MAX 32

const char *suite_name(enum suite suite);
/* SUITE_COUNT when there is none of that name. */
enum suite suite_by_name(const char *name);
size_t suite_tag_size(enum suite suite);

/* Keys for one context, to be wiped by the caller. */
struct suite_keys {
    enum suite suite;
    uint8_t cipher[SUITE_KEY_SIZE];
    uint8_t authentication[SUITE_KEY_SIZE]; /* used by the SM suite */
};

void suite_derive(enum suite suite, const uint8_t key[SUITE_KEY_SIZE], const void *context,
                  size_t context_size, struct suite_keys *ret_keys);

/* Seals `size` bytes as block `number`; *ret_sealed takes size + tag bytes and may be where the plaintext is.
 */
enum result suite_seal(const struct suite_keys *keys, uint64_t number, const void *associated,
                       size_t associated_size, const void *plain, size_t size, uint8_t *ret_sealed);

/* `size` is that of the plaintext; `sealed` holds size + tag bytes; may be in place. RESULT_CORRUPT when it
 * is not what was sealed as that block with that associated data: *ret_plain must then not be used. */
enum result suite_open(const struct suite_keys *keys, uint64_t number, const void *associated,
                       size_t associated_size, const void *sealed, size_t size, uint8_t *ret_plain);

/* SHA-256 or SM3, 32 bytes, as the suite goes. */
void suite_digest(enum suite suite, const void *bytes, size_t size, uint8_t ret_digest[32]);
