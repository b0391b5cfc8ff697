#include "keeper/serving.h"

#include <sodium.h>
#include <string.h>

enum { SM2_BYTES = NOTE_SM2_SECRET_SIZE + NOTE_SM2_PUBLIC_SIZE };

/* A secret of 32 bytes from the vault's key of that name. */
static enum result open_secret(struct vault *vault, const char *name, const char *label, uint8_t *ret_secret)
{
    uint8_t key[VAULT_KEY_SIZE];
    TRY(vault_key_ensure(vault_keys_of(vault), name, key));
    struct digest secret = digest_hmac(key, sizeof key, label, strlen(label));
    memcpy(ret_secret, secret.bytes, DIGEST_SIZE);
    sodium_memzero(key, sizeof key);
    sodium_memzero(&secret, sizeof secret);
    return RESULT_OK;
}

/* Ed25519 from the vault's key of that name. */
static enum result open_ed25519(struct vault *vault, const char *name, uint8_t *ret_public,
                                uint8_t *ret_secret)
{
    uint8_t seed[DIGEST_SIZE];
    TRY(open_secret(vault, name, "dukou ed25519 seed 1", seed));
    (void)crypto_sign_seed_keypair(ret_public, ret_secret, seed);
    sodium_memzero(seed, sizeof seed);
    return RESULT_OK;
}

static enum result make_sm2(struct vault *vault, uint8_t *ret_pair)
{
    TRY(note_generate_sm2(ret_pair, ret_pair + NOTE_SM2_SECRET_SIZE));
    return vault_put(vault, "log/sm2", "log/sm2", SUITE_AES_256_GCM, NULL, ret_pair, SM2_BYTES, NULL);
}

/* An SM2 secret is not just any 32 bytes, so the pair is an object of the vault. */
static enum result open_sm2(struct vault *vault, uint8_t *ret_public, uint8_t *ret_secret)
{
    uint8_t pair[SM2_BYTES];
    if (!vault_has(vault, "log/sm2")) {
        TRY(make_sm2(vault, pair));
    } else {
        CLEANUP_VAULT_FILE struct vault_file *file = NULL;
        TRY(vault_get(vault, "log/sm2", &file));
        if (vault_file_size(file) != SM2_BYTES)
            return RESULT_CORRUPT;
        TRY(vault_file_read(file, 0, SM2_BYTES, pair));
    }
    memcpy(ret_secret, pair, NOTE_SM2_SECRET_SIZE);
    memcpy(ret_public, pair + NOTE_SM2_SECRET_SIZE, NOTE_SM2_PUBLIC_SIZE);
    sodium_memzero(pair, sizeof pair);
    return RESULT_OK;
}

static enum result open_all(struct vault *vault, const char *origin, struct signing *signing)
{
    uint8_t public[NOTE_SM2_PUBLIC_SIZE];
    TRY(open_ed25519(vault, "log/ed25519", public, signing->log_ed25519_secret));
    TRY(note_key_make(NOTE_ED25519, origin, public, &signing->log_ed25519));
    TRY(open_secret(vault, "log/ed25519", "dukou log marks 1", signing->record_secret));
    TRY(open_sm2(vault, public, signing->log_sm2_secret));
    TRY(note_key_make(NOTE_SM2, origin, public, &signing->log_sm2));
    return open_ed25519(vault, "order/ed25519", signing->order_public, signing->order_secret);
}

enum result signing_open(struct vault *vault, const char *origin, struct signing **ret_signing)
{
    struct signing *signing = sodium_malloc(sizeof *signing);
    if (signing == NULL)
        return RESULT_MEMORY;
    enum result result = open_all(vault, origin, signing);
    if (result != RESULT_OK) {
        sodium_free(signing);
        return result;
    }
    *ret_signing = signing;
    return RESULT_OK;
}
