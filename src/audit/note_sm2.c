#include "audit/note_sm2.h"

#include "audit/note.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

/* The user id that GM/T 0009 sets where the parties agree on no other. */
static const char user_id[] = "1234567812345678";

enum { HALF = NOTE_SIGNATURE_SIZE / 2, DER_MAX = 80 };

enum result note_sm2_generate(uint8_t *ret_secret, uint8_t *ret_public)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    if (key == NULL)
        return RESULT_UNAVAILABLE;
    BIGNUM *secret = NULL;
    size_t size = 0;
    uint8_t point[NOTE_SM2_PUBLIC_SIZE];
    bool done =
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") ==
            1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &secret) == 1 &&
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size) == 1 &&
        size == sizeof point && BN_bn2binpad(secret, ret_secret, NOTE_SM2_SECRET_SIZE) > 0;
    if (done)
        memcpy(ret_public, point, sizeof point);
    BN_clear_free(secret);
    EVP_PKEY_free(key);
    return done ? RESULT_OK : RESULT_UNAVAILABLE;
}

/* A key of the library's kind; `secret` NULL for a public key only. NULL when the point is not on the curve.
 */
static EVP_PKEY *load(const uint8_t *secret, const uint8_t *public_key)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    BIGNUM *number = secret != NULL ? BN_bin2bn(secret, NOTE_SM2_SECRET_SIZE, NULL) : NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    bool built = builder != NULL && context != NULL && (secret == NULL || number != NULL) &&
                 OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) == 1 &&
                 OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, public_key,
                                                  NOTE_SM2_PUBLIC_SIZE) == 1 &&
                 (number == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1);
    if (built)
        params = OSSL_PARAM_BLD_to_param(builder);
    int selection = secret != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, selection, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_clear_free(number);
    return key;
}

/* A digest context that signs or verifies with the user id; the key context in *ret_key is the caller's too.
 */
static EVP_MD_CTX *begin(EVP_PKEY *key, EVP_PKEY_CTX **ret_key)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    if (digest == NULL || context == NULL ||
        EVP_PKEY_CTX_set1_id(context, user_id, (int)sizeof user_id - 1) != 1) {
        EVP_MD_CTX_free(digest);
        EVP_PKEY_CTX_free(context);
        *ret_key = NULL;
        return NULL;
    }
    EVP_MD_CTX_set_pkey_ctx(digest, context);
    *ret_key = context;
    return digest;
}

static bool der_to_fixed(const uint8_t *der, size_t size, uint8_t *ret_fixed)
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    if (pair == NULL)
        return false;
    bool done = BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret_fixed, HALF) == HALF &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret_fixed + HALF, HALF) == HALF;
    ECDSA_SIG_free(pair);
    return done;
}

/* Returns the size of the DER, 0 on failure. */
static size_t fixed_to_der(const uint8_t *fixed, uint8_t *ret_der)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(fixed, HALF, NULL);
    BIGNUM *s = BN_bin2bn(fixed + HALF, HALF, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return 0;
    }
    int size = i2d_ECDSA_SIG(pair, NULL);
    if (size > 0 && size <= DER_MAX)
        size = i2d_ECDSA_SIG(pair, &ret_der);
    ECDSA_SIG_free(pair);
    return size > 0 && size <= DER_MAX ? (size_t)size : 0;
}

enum result note_sm2_sign(const uint8_t *secret, const uint8_t *public_key, const void *bytes, size_t size,
                          uint8_t *ret_signature)
{
    EVP_PKEY *key = load(secret, public_key);
    if (key == NULL)
        return RESULT_UNAVAILABLE;
    EVP_PKEY_CTX *context = NULL;
    EVP_MD_CTX *digest = begin(key, &context);
    uint8_t der[DER_MAX];
    uint8_t fixed[NOTE_SIGNATURE_SIZE];
    size_t der_size = sizeof der;
    bool done = digest != NULL && EVP_DigestSignInit(digest, NULL, EVP_sm3(), NULL, key) == 1 &&
                EVP_DigestSign(digest, der, &der_size, bytes, size) == 1 &&
                der_to_fixed(der, der_size, fixed);
    if (done)
        memcpy(ret_signature, fixed, sizeof fixed);
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return done ? RESULT_OK : RESULT_UNAVAILABLE;
}

bool note_sm2_verify(const uint8_t *public_key, const void *bytes, size_t size, const uint8_t *signature)
{
    uint8_t der[DER_MAX];
    size_t der_size = fixed_to_der(signature, der);
    EVP_PKEY *key = load(NULL, public_key);
    if (key == NULL || der_size == 0) {
        EVP_PKEY_free(key);
        return false;
    }
    EVP_PKEY_CTX *context = NULL;
    EVP_MD_CTX *digest = begin(key, &context);
    bool holds = digest != NULL && EVP_DigestVerifyInit(digest, NULL, EVP_sm3(), NULL, key) == 1 &&
                 EVP_DigestVerify(digest, der, der_size, bytes, size) == 1;
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return holds;
}
