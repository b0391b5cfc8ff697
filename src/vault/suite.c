#include "vault/suite.h"

#include "base/digest.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <string.h>

enum { NONCE_SIZE = 12, SM4_COUNTER_SIZE = 16, NUMBER_SIZE = 8 };

static const struct {
    const char *name;
    size_t tag;
} suites[SUITE_COUNT] = {
#define X(symbol, name, tag) [SUITE_##symbol] = {name, tag},
    SUITE_LIST(X)
#undef X
};

const char *suite_name(enum suite suite)
{
    return suites[suite].name;
}

enum suite suite_by_name(const char *name)
{
    for (int i = 0; name != NULL && i < SUITE_COUNT; i++)
        if (strcmp(suites[i].name, name) == 0)
            return (enum suite)i;
    return SUITE_COUNT;
}

size_t suite_tag_size(enum suite suite)
{
    return suites[suite].tag;
}

void suite_digest(enum suite suite, const void *bytes, size_t size, uint8_t ret_digest[32])
{
    struct digest digest = suite == SUITE_AES_256_GCM ? digest_sha256(bytes, size) : digest_sm3(bytes, size);
    memcpy(ret_digest, digest.bytes, sizeof digest.bytes);
}

/* HMAC with the suite's own hash of a label and the context. */
static void derive_one(const EVP_MD *hash, const uint8_t *key, const char *label, const void *context,
                       size_t size, uint8_t *ret_key)
{
    uint8_t message[256];
    size_t label_size = strlen(label) + 1;
    assert(label_size + size <= sizeof message);
    memcpy(message, label, label_size);
    memcpy(message + label_size, context, size);
    unsigned int length = 0;
    /* Only a library without the hash fails here; nothing can stand in for it. */
    const unsigned char *made = HMAC(hash, key, SUITE_KEY_SIZE, message, label_size + size, ret_key, &length);
    assert(made != NULL && length == SUITE_KEY_SIZE);
}

void suite_derive(enum suite suite, const uint8_t key[SUITE_KEY_SIZE], const void *context,
                  size_t context_size, struct suite_keys *ret_keys)
{
    const EVP_MD *hash = suite == SUITE_AES_256_GCM ? EVP_sha256() : EVP_sm3();
    ret_keys->suite = suite;
    derive_one(hash, key, "dukou cipher 1", context, context_size, ret_keys->cipher);
    derive_one(hash, key, "dukou authentication 1", context, context_size, ret_keys->authentication);
}

static void put_number(uint8_t *at, uint64_t number)
{
    for (int i = 0; i < NUMBER_SIZE; i++)
        at[i] = (uint8_t)(number >> (8 * (NUMBER_SIZE - 1 - i)));
}

static void context_cleanup(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}
#define CLEANUP_CONTEXT __attribute__((cleanup(context_cleanup)))

/* ---- AES-256-GCM ---- */

static bool gcm_begin(EVP_CIPHER_CTX *context, const struct suite_keys *keys, uint64_t number,
                      const void *associated, size_t associated_size, int encrypt)
{
    uint8_t nonce[NONCE_SIZE] = {0};
    int length;
    put_number(nonce + NONCE_SIZE - NUMBER_SIZE, number);
    return context != NULL &&
           EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, keys->cipher, nonce, encrypt) == 1 &&
           EVP_CipherUpdate(context, NULL, &length, associated, (int)associated_size) == 1;
}

static enum result gcm_seal(const struct suite_keys *keys, uint64_t number, const void *associated,
                            size_t associated_size, const void *plain, size_t size, uint8_t *ret_sealed)
{
    CLEANUP_CONTEXT EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    if (!gcm_begin(context, keys, number, associated, associated_size, 1) ||
        (size > 0 && EVP_CipherUpdate(context, ret_sealed, &length, plain, (int)size) != 1) ||
        EVP_CipherFinal_ex(context, ret_sealed + length, &length) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, ret_sealed + size) != 1)
        return RESULT_MEMORY;
    return RESULT_OK;
}

static enum result gcm_open(const struct suite_keys *keys, uint64_t number, const void *associated,
                            size_t associated_size, const uint8_t *sealed, size_t size, uint8_t *ret_plain)
{
    CLEANUP_CONTEXT EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t tag[16];
    int length = 0;
    memcpy(tag, sealed + size, sizeof tag);
    if (!gcm_begin(context, keys, number, associated, associated_size, 0))
        return RESULT_MEMORY;
    if ((size > 0 && EVP_CipherUpdate(context, ret_plain, &length, sealed, (int)size) != 1) ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1 ||
        EVP_CipherFinal_ex(context, ret_plain + length, &length) != 1)
        return RESULT_CORRUPT;
    return RESULT_OK;
}

/* ---- SM4-CTR+HMAC-SM3 ---- */

/* Twice gives the plaintext back. The counter: block number, then 64 bits that count within the block. */
static enum result sm4_apply(const struct suite_keys *keys, uint64_t number, const void *bytes, size_t size,
                             uint8_t *ret_bytes)
{
    CLEANUP_CONTEXT EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t counter[SM4_COUNTER_SIZE] = {0};
    int length = 0;
    put_number(counter, number);
    if (context == NULL || EVP_EncryptInit_ex(context, EVP_sm4_ctr(), NULL, keys->cipher, counter) != 1 ||
        (size > 0 && EVP_EncryptUpdate(context, ret_bytes, &length, bytes, (int)size) != 1))
        return RESULT_MEMORY;
    return RESULT_OK;
}

static void hmac_cleanup(EVP_MAC_CTX **context)
{
    EVP_MAC_CTX_free(*context);
}

/* Number, length of the associated data, both fixed in size, the data, the ciphertext: one way to read it. */
static enum result sm3_tag(const struct suite_keys *keys, uint64_t number, const void *associated,
                           size_t associated_size, const uint8_t *sealed, size_t size, uint8_t *ret_tag)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    __attribute__((cleanup(hmac_cleanup))) EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    char hash[] = "SM3";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", hash, 0),
                               OSSL_PARAM_construct_end()};
    uint8_t prefix[2 * NUMBER_SIZE];
    size_t length = 0;
    put_number(prefix, number);
    put_number(prefix + NUMBER_SIZE, associated_size);
    if (context == NULL || EVP_MAC_init(context, keys->authentication, SUITE_KEY_SIZE, parameters) != 1 ||
        EVP_MAC_update(context, prefix, sizeof prefix) != 1 ||
        EVP_MAC_update(context, associated, associated_size) != 1 ||
        EVP_MAC_update(context, sealed, size) != 1 || EVP_MAC_final(context, ret_tag, &length, 32) != 1 ||
        length != 32)
        return RESULT_MEMORY;
    return RESULT_OK;
}

static enum result sm_seal(const struct suite_keys *keys, uint64_t number, const void *associated,
                           size_t associated_size, const void *plain, size_t size, uint8_t *ret_sealed)
{
    TRY(sm4_apply(keys, number, plain, size, ret_sealed));
    return sm3_tag(keys, number, associated, associated_size, ret_sealed, size, ret_sealed + size);
}

static enum result sm_open(const struct suite_keys *keys, uint64_t number, const void *associated,
                           size_t associated_size, const uint8_t *sealed, size_t size, uint8_t *ret_plain)
{
    uint8_t tag[32];
    TRY(sm3_tag(keys, number, associated, associated_size, sealed, size, tag));
    if (sodium_memcmp(tag, sealed + size, sizeof tag) != 0)
        return RESULT_CORRUPT;
    return sm4_apply(keys, number, sealed, size, ret_plain);
}

enum result suite_seal(const struct suite_keys *keys, uint64_t number, const void *associated,
                       size_t associated_size, const void *plain, size_t size, uint8_t *ret_sealed)
{
    assert(size <= INT_MAX && associated_size <= INT_MAX);
    return keys->suite == SUITE_AES_256_GCM
               ? gcm_seal(keys, number, associated, associated_size, plain, size, ret_sealed)
               : sm_seal(keys, number, associated, associated_size, plain, size, ret_sealed);
}

enum result suite_open(const struct suite_keys *keys, uint64_t number, const void *associated,
                       size_t associated_size, const void *sealed, size_t size, uint8_t *ret_plain)
{
    assert(size <= INT_MAX && associated_size <= INT_MAX);
    return keys->suite == SUITE_AES_256_GCM
               ? gcm_open(keys, number, associated, associated_size, sealed, size, ret_plain)
               : sm_open(keys, number, associated, associated_size, sealed, size, ret_plain);
}
