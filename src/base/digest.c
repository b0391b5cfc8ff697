/* OpenSSL's plain SHA-256 calls: they use the processor's own instructions, which libsodium's do not (1 µs
 * against 0.2 µs for 300 bytes), and need no allocation, which EVP does. Deprecated in 3.0, but there is no
 * other like them. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct digest_stream), "the state must fit");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct digest_stream), "the state must be aligned");
_Static_assert(SHA256_DIGEST_LENGTH == DIGEST_SIZE, "32 bytes");

struct digest digest_sha256(const void *bytes, size_t size)
{
    struct digest digest;
    SHA256_CTX context;
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, bytes, size);
    (void)SHA256_Final(digest.bytes, &context);
    return digest;
}

struct digest digest_sm3(const void *bytes, size_t size)
{
    struct digest digest;
    unsigned int length = 0;
    /* Only a library without SM3 or a machine without memory fails here; no digest can stand in for it. */
    if (EVP_Digest(bytes, size, digest.bytes, &length, EVP_sm3(), NULL) != 1 || length != DIGEST_SIZE)
        abort();
    return digest;
}

/* SHA-256 of one key block, every byte of it combined with `pad`, and then of `bytes`. */
static struct digest keyed(const uint8_t *block, uint8_t pad, const void *bytes, size_t size)
{
    struct digest digest;
    uint8_t padded[SHA256_CBLOCK];
    SHA256_CTX context;
    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] = block[i] ^ pad;
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, padded, sizeof padded);
    (void)SHA256_Update(&context, bytes, size);
    (void)SHA256_Final(digest.bytes, &context);
    sodium_memzero(padded, sizeof padded);
    sodium_memzero(&context, sizeof context);
    return digest;
}

struct digest digest_hmac(const void *key, size_t key_size, const void *bytes, size_t size)
{
    uint8_t block[SHA256_CBLOCK] = {0};
    if (key_size > sizeof block) {
        struct digest shorter = digest_sha256(key, key_size);
        memcpy(block, shorter.bytes, DIGEST_SIZE);
    } else if (key_size > 0) {
        memcpy(block, key, key_size);
    }
    struct digest inner = keyed(block, 0x36, bytes, size);
    struct digest outer = keyed(block, 0x5c, inner.bytes, DIGEST_SIZE);
    sodium_memzero(block, sizeof block);
    return outer;
}

void digest_begin(struct digest_stream *stream)
{
    (void)SHA256_Init((SHA256_CTX *)(void *)stream->state);
}

void digest_add(struct digest_stream *stream, const void *bytes, size_t size)
{
    (void)SHA256_Update((SHA256_CTX *)(void *)stream->state, bytes, size);
}

struct digest digest_end(struct digest_stream *stream)
{
    struct digest digest;
    (void)SHA256_Final(digest.bytes, (SHA256_CTX *)(void *)stream->state);
    return digest;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return sodium_memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

void hex_print(const void *bytes, size_t size, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < size; i++) {
        *ret_text++ = digits[from[i] >> 4];
        *ret_text++ = digits[from[i] & 15];
    }
    *ret_text = '\0';
}

/* -1 for what is no lower-case hexadecimal digit. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

enum result hex_parse(const char *text, void *ret_bytes, size_t size)
{
    if (text == NULL)
        return RESULT_INVALID;
    for (size_t i = 0; i < 2 * size; i++)
        if (hex_value(text[i]) < 0)
            return RESULT_INVALID;
    if (text[2 * size] != '\0')
        return RESULT_INVALID;
    uint8_t *to = ret_bytes;
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(hex_value(text[2 * i]) * 16 + hex_value(text[2 * i + 1]));
    return RESULT_OK;
}
