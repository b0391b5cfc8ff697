#include "peers/source/fixture.h"
#include "vault/delivery.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

const char *fixture_path(const char *folder, const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void fixture_write_bytes(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    (void)close(fd);
}

void fixture_write(const char *path, const char *text)
{
    fixture_write_bytes(path, text, strlen(text));
}

char *fixture_read(const char *path, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    char *text = calloc(1, (size_t)info.st_size + 1);
    assert_non_null(text);
    assert_int_equal(read(fd, text, (size_t)info.st_size), info.st_size);
    (void)close(fd);
    *ret_size = (size_t)info.st_size;
    return text;
}

/* ---- orders ---- */

static unsigned char order_public[crypto_sign_PUBLICKEYBYTES];
static unsigned char order_secret[crypto_sign_SECRETKEYBYTES];
static uint8_t grant_public[DELIVERY_KEY_SIZE];
static uint8_t grant_secret[DELIVERY_KEY_SIZE];

__attribute__((constructor)) static void make_keys(void)
{
    if (sodium_init() < 0)
        abort();
    (void)crypto_sign_keypair(order_public, order_secret);
    delivery_key_pair(grant_public, grant_secret);
}

const char *fixture_order_key(void)
{
    static char text[2 * sizeof order_public + 1];
    hex_print(order_public, sizeof order_public, text);
    return text;
}

const char *fixture_grant_key(void)
{
    static char text[2 * sizeof grant_public + 1];
    hex_print(grant_public, sizeof grant_public, text);
    return text;
}

const uint8_t *fixture_grant_secret(void)
{
    return grant_secret;
}

const char *fixture_order(struct arena *arena, const char *changes)
{
    CLEANUP_JSON json_t *order =
        json_pack("{s:i, s:i, s:s, s:[s,s], s:[], s:n, s:s, s:s, s:s}", "order", 7, "grant", 3, "resource",
                  "R1", "columns", "id", "city", "rows", "period", "public_key", fixture_grant_key(),
                  "issued", "2026-11-22T12:00:00.000000Z", "expires", "2026-11-23T12:00:00.000000Z");
    assert_non_null(order);
    CLEANUP_JSON json_t *json = NULL;
    struct refusal refusal;
    assert_ok(json_read(arena, changes, strlen(changes), &json, &refusal));
    assert_int_equal(json_object_update(order, json), 0);
    return json_print_canonical(arena, order);
}

const char *fixture_signature(struct arena *arena, const char *text)
{
    unsigned char signature[crypto_sign_BYTES];
    (void)crypto_sign_detached(signature, NULL, (const unsigned char *)text, strlen(text), order_secret);
    char *hex = arena_alloc(arena, 2 * sizeof signature + 1);
    hex_print(signature, sizeof signature, hex);
    return hex;
}
