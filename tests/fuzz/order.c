/* peers/source: an order as the platform, or somebody in its place, sends it to a source agent. Signed here,
 * so that what lies behind the signature is read too. */
#include "peers/source/order.h"

#include "fuzz.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    static const unsigned char seed[crypto_sign_SEEDBYTES] = {7};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    unsigned char signature[crypto_sign_BYTES];
    char hex[2 * crypto_sign_BYTES + 1];
    CLEANUP_ORDER struct order order = {0};
    (void)crypto_sign_seed_keypair(public_key, secret_key, seed);
    char *text = fuzz_text(bytes, size);
    (void)crypto_sign_detached(signature, NULL, (const unsigned char *)text, strlen(text), secret_key);
    hex_print(signature, sizeof signature, hex);
    if (source_order_read(arena, public_key, 1, text, hex, INSTANT_DAY, &order, &refusal) != RESULT_OK)
        assert(refusal.en != NULL);
    else
        assert(order.column_count > 0);
    free(text);
    return 0;
}
