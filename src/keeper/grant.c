#include "keeper/grant.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *name_of(const char *kind, int64_t grant, char *room)
{
    (void)snprintf(room, VAULT_NAME_SIZE, "%s/%lld", kind, (long long)grant);
    return room;
}

enum result grant_secret(struct vault *vault, int64_t grant, uint8_t ret_secret[DELIVERY_KEY_SIZE])
{
    static const char label[] = "dukou grant x25519 1";
    char name[VAULT_NAME_SIZE];
    uint8_t key[VAULT_KEY_SIZE];
    TRY(vault_key_get(vault_keys_of(vault), name_of("grant", grant, name), key));
    struct digest secret = digest_hmac(key, sizeof key, label, sizeof label - 1);
    memcpy(ret_secret, secret.bytes, DELIVERY_KEY_SIZE);
    sodium_memzero(key, sizeof key);
    sodium_memzero(&secret, sizeof secret);
    return RESULT_OK;
}

enum result grant_public(struct vault *vault, int64_t grant, char *ret_public)
{
    uint8_t secret[DELIVERY_KEY_SIZE];
    uint8_t public[DELIVERY_KEY_SIZE];
    TRY(grant_secret(vault, grant, secret));
    (void)crypto_scalarmult_base(public, secret);
    sodium_memzero(secret, sizeof secret);
    hex_print(public, sizeof public, ret_public);
    return RESULT_OK;
}

enum result grant_order_remember(struct vault *vault, int64_t grant, const struct digest *order)
{
    char object[VAULT_NAME_SIZE];
    char key[VAULT_NAME_SIZE];
    return vault_put(vault, name_of("order", grant, object), name_of("grant", grant, key), SUITE_AES_256_GCM,
                     NULL, order->bytes, DIGEST_SIZE, NULL);
}

enum result grant_order(struct vault *vault, int64_t grant, struct digest *ret_order)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    char object[VAULT_NAME_SIZE];
    TRY(vault_get(vault, name_of("order", grant, object), &file));
    if (vault_file_size(file) != DIGEST_SIZE)
        return RESULT_CORRUPT;
    return vault_file_read(file, 0, DIGEST_SIZE, ret_order->bytes);
}
