/* Browsers that an account has logged in from: they carry a cookie by which their failures are counted apart
 * from those of everybody else, so that a stranger who locks the name does not lock its owner out. Nothing is
 * stored: the cookie is a number by chance, an end, and an HMAC of both under the digest of what is stored of
 * the password. A changed password ends all of them; two serving processes agree without a word. */
#include "affairs/party/party_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_DIGITS = 64,
    UNTIL_DIGITS = 16,
    MAC_DIGITS = DIGEST_TEXT_SIZE - 1,
    SIGNED_DIGITS = NUMBER_DIGITS + UNTIL_DIGITS,
    COOKIE_DIGITS = SIGNED_DIGITS + MAC_DIGITS
};

static void sign(const char *password_hash, const char *text, char *ret_mac)
{
    static const char use[] = "dukou: a browser that is known\n";
    uint8_t message[sizeof use - 1 + SIGNED_DIGITS];
    struct digest key = digest_sha256(password_hash, strlen(password_hash));
    memcpy(message, use, sizeof use - 1);
    memcpy(message + sizeof use - 1, text, SIGNED_DIGITS);
    struct digest mac = digest_hmac(key.bytes, DIGEST_SIZE, message, sizeof message);
    hex_print(mac.bytes, DIGEST_SIZE, ret_mac);
}

static bool is_ours(const char *password_hash, const char *cookie)
{
    char mac[DIGEST_TEXT_SIZE];
    struct digest claimed;
    struct digest real;
    sign(password_hash, cookie, mac);
    return hex_parse(cookie + SIGNED_DIGITS, claimed.bytes, DIGEST_SIZE) == RESULT_OK &&
           hex_parse(mac, real.bytes, DIGEST_SIZE) == RESULT_OK && digest_equal(&claimed, &real);
}

bool party_browser_is_known(const struct work *work, const char *password_hash, const char *cookie)
{
    char until[UNTIL_DIGITS + 1];
    if (cookie == NULL || strlen(cookie) != COOKIE_DIGITS || !is_ours(password_hash, cookie))
        return false;
    (void)snprintf(until, sizeof until, "%s", cookie + NUMBER_DIGITS);
    return work_now(work) < (instant)strtoull(until, NULL, 16);
}

const char *party_browser_counter(struct work *work, const char *cookie)
{
    const char *number = arena_printf(work->arena, "%.*s", NUMBER_DIGITS, cookie);
    /* Longer than a log-in name can be. */
    return arena_printf(work->arena, "browser %s", party_secret_digest(work->arena, number));
}

const char *party_browser_cookie(struct work *work, const char *password_hash, const char *cookie)
{
    char mac[DIGEST_TEXT_SIZE];
    bool known = party_browser_is_known(work, password_hash, cookie);
    instant until = work_now(work) + LIMIT_BROWSER_DAYS * INSTANT_DAY;
    const char *text = arena_printf(work->arena, "%.*s%016" PRIx64, NUMBER_DIGITS,
                                    known ? cookie : party_secret(work), (uint64_t)until);
    sign(password_hash, text, mac);
    return arena_printf(work->arena, "%s%s", text, mac);
}
