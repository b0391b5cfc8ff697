#include "vault/delivery.h"

#include "base/limits.h"
#include "vault/disk.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(crypto_scalarmult_BYTES == DELIVERY_KEY_SIZE, "X25519");

enum {
    MAGIC_SIZE = 8,
    STREAM_HEADER_SIZE = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    HEADER_SIZE = MAGIC_SIZE + DELIVERY_KEY_SIZE + DIGEST_SIZE + STREAM_HEADER_SIZE,
    CHUNK_OVERHEAD = crypto_secretstream_xchacha20poly1305_ABYTES,
    KEY_SIZE = crypto_secretstream_xchacha20poly1305_KEYBYTES,
    LENGTH_SIZE = 4,
    FRAME_SIZE = LENGTH_SIZE + (int)DELIVERY_CHUNK_BYTES + CHUNK_OVERHEAD,
};

/* Without a statement, and with one. */
static const char magics[2][MAGIC_SIZE + 1] = {"DKDELIV1", "DKDELIV2"};
static const char *const purposes[2] = {"dukou delivery 1", "dukou delivery 2"};

struct delivery_seal {
    int fd;
    bool finished;
    size_t total;
    size_t held; /* bytes of `chunk` in use */
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t chunk[DELIVERY_CHUNK_BYTES];
    uint8_t frame[FRAME_SIZE];
};

void delivery_key_pair(uint8_t ret_public[DELIVERY_KEY_SIZE], uint8_t ret_secret[DELIVERY_KEY_SIZE])
{
    (void)crypto_box_keypair(ret_public, ret_secret);
}

/* The key of one delivery, the same from both ends. RESULT_INVALID for a public key of low order. */
static enum result stream_key(const uint8_t *own_secret, const uint8_t *other_public,
                              const uint8_t *ephemeral, const uint8_t *grant, const struct digest *order,
                              bool states, uint8_t *ret_key)
{
    uint8_t shared[crypto_scalarmult_BYTES];
    if (crypto_scalarmult(shared, own_secret, other_public) != 0)
        return RESULT_INVALID;
    crypto_generichash_state hash;
    (void)crypto_generichash_init(&hash, shared, sizeof shared, KEY_SIZE);
    const char *purpose = purposes[states];
    (void)crypto_generichash_update(&hash, (const uint8_t *)purpose, strlen(purpose));
    (void)crypto_generichash_update(&hash, ephemeral, DELIVERY_KEY_SIZE);
    (void)crypto_generichash_update(&hash, grant, DELIVERY_KEY_SIZE);
    (void)crypto_generichash_update(&hash, order->bytes, DIGEST_SIZE);
    (void)crypto_generichash_final(&hash, ret_key, KEY_SIZE);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&hash, sizeof hash);
    return RESULT_OK;
}

static void put_length(uint8_t *at, uint32_t length)
{
    for (int i = 0; i < LENGTH_SIZE; i++)
        at[i] = (uint8_t)(length >> (8 * i));
}

static uint32_t get_length(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- the source's half ---- */

static enum result seal_begin(struct delivery_seal *seal, const uint8_t *grant, const struct digest *order,
                              bool states)
{
    uint8_t secret[DELIVERY_KEY_SIZE];
    uint8_t key[KEY_SIZE];
    uint8_t header[HEADER_SIZE];
    uint8_t *ephemeral = header + MAGIC_SIZE;
    memcpy(header, magics[states], MAGIC_SIZE);
    (void)crypto_box_keypair(ephemeral, secret);
    enum result result = stream_key(secret, grant, ephemeral, grant, order, states, key);
    sodium_memzero(secret, sizeof secret);
    if (result != RESULT_OK)
        return result;
    memcpy(ephemeral + DELIVERY_KEY_SIZE, order->bytes, DIGEST_SIZE);
    (void)crypto_secretstream_xchacha20poly1305_init_push(&seal->stream,
                                                          ephemeral + DELIVERY_KEY_SIZE + DIGEST_SIZE, key);
    sodium_memzero(key, sizeof key);
    return disk_write_all(seal->fd, header, sizeof header);
}

static enum result seal_chunk(struct delivery_seal *seal, const uint8_t *bytes, size_t size, uint8_t tag)
{
    unsigned long long length = 0;
    (void)crypto_secretstream_xchacha20poly1305_push(&seal->stream, seal->frame + LENGTH_SIZE, &length, bytes,
                                                     size, NULL, 0, tag);
    put_length(seal->frame, (uint32_t)length);
    return disk_write_all(seal->fd, seal->frame, LENGTH_SIZE + (size_t)length);
}

static enum result seal_open(int fd, const char *public_key, const struct digest *order,
                             const char *statement, struct delivery_seal **ret_seal)
{
    uint8_t grant[DELIVERY_KEY_SIZE];
    if (statement != NULL && strlen(statement) > DELIVERY_CHUNK_BYTES)
        return RESULT_TOO_LARGE;
    TRY(hex_parse(public_key, grant, sizeof grant));
    struct delivery_seal *seal = calloc(1, sizeof *seal);
    if (seal == NULL)
        return RESULT_MEMORY;
    seal->fd = fd;
    enum result result = seal_begin(seal, grant, order, statement != NULL);
    if (result == RESULT_OK && statement != NULL)
        result = seal_chunk(seal, (const uint8_t *)statement, strlen(statement),
                            crypto_secretstream_xchacha20poly1305_TAG_PUSH);
    if (result != RESULT_OK) {
        delivery_seal_free(seal);
        return result;
    }
    *ret_seal = seal;
    return RESULT_OK;
}

enum result delivery_seal_open(int fd, const char *public_key, const struct digest *order,
                               struct delivery_seal **ret_seal)
{
    return seal_open(fd, public_key, order, NULL, ret_seal);
}

enum result delivery_seal_stating(int fd, const char *public_key, const struct digest *order,
                                  const char *statement, struct delivery_seal **ret_seal)
{
    assert(statement != NULL);
    return seal_open(fd, public_key, order, statement, ret_seal);
}

enum result delivery_seal_write(struct delivery_seal *seal, const void *bytes, size_t size)
{
    assert(!seal->finished);
    if (size > LIMIT_SLICE_BYTES - seal->total)
        return RESULT_TOO_LARGE;
    seal->total += size;
    const uint8_t *at = bytes;
    while (size > 0) {
        /* A full chunk waits until more comes, for the last one must be marked as final. */
        if (seal->held == DELIVERY_CHUNK_BYTES) {
            TRY(seal_chunk(seal, seal->chunk, seal->held, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE));
            seal->held = 0;
        }
        size_t part = DELIVERY_CHUNK_BYTES - seal->held < size ? DELIVERY_CHUNK_BYTES - seal->held : size;
        memcpy(seal->chunk + seal->held, at, part);
        seal->held += part;
        at += part;
        size -= part;
    }
    return RESULT_OK;
}

enum result delivery_seal_finish(struct delivery_seal *seal)
{
    assert(!seal->finished);
    seal->finished = true;
    return seal_chunk(seal, seal->chunk, seal->held, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
}

void delivery_seal_free(struct delivery_seal *seal)
{
    if (seal == NULL)
        return;
    sodium_memzero(seal, sizeof *seal);
    free(seal);
}

/* ---- the keeper's half ---- */

struct opening {
    bool states;
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t frame[FRAME_SIZE];
    uint8_t chunk[DELIVERY_CHUNK_BYTES];
};

static enum result open_header(int fd, const uint8_t *secret, const struct digest *order,
                               struct opening *opening)
{
    uint8_t header[HEADER_SIZE];
    uint8_t grant[DELIVERY_KEY_SIZE];
    uint8_t key[KEY_SIZE];
    enum result read = disk_read_all(fd, header, sizeof header);
    opening->states = read == RESULT_OK && memcmp(header, magics[1], MAGIC_SIZE) == 0;
    if (read == RESULT_CORRUPT ||
        (read == RESULT_OK && !opening->states && memcmp(header, magics[0], MAGIC_SIZE) != 0))
        return RESULT_MALFORMED;
    TRY(read);
    const uint8_t *ephemeral = header + MAGIC_SIZE;
    const uint8_t *stated = ephemeral + DELIVERY_KEY_SIZE;
    if (memcmp(stated, order->bytes, DIGEST_SIZE) != 0)
        return RESULT_CONFLICT;
    (void)crypto_scalarmult_base(grant, secret);
    if (stream_key(secret, ephemeral, ephemeral, grant, order, opening->states, key) != RESULT_OK)
        return RESULT_CORRUPT;
    int pulled = crypto_secretstream_xchacha20poly1305_init_pull(&opening->stream, stated + DIGEST_SIZE, key);
    sodium_memzero(key, sizeof key);
    return pulled == 0 ? RESULT_OK : RESULT_CORRUPT;
}

static enum result open_chunk(int fd, struct opening *opening, size_t *ret_size, uint8_t *ret_tag)
{
    uint8_t length[LENGTH_SIZE];
    TRY(disk_read_all(fd, length, sizeof length));
    uint32_t sealed = get_length(length);
    if (sealed < CHUNK_OVERHEAD || sealed > FRAME_SIZE - LENGTH_SIZE)
        return RESULT_CORRUPT;
    TRY(disk_read_all(fd, opening->frame, sealed));
    unsigned long long size = 0;
    uint8_t tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(&opening->stream, opening->chunk, &size, &tag,
                                                   opening->frame, sealed, NULL, 0) != 0)
        return RESULT_CORRUPT;
    *ret_size = (size_t)size;
    *ret_tag = tag;
    return RESULT_OK;
}

/* The first chunk of a delivery that states something. */
static enum result open_statement(int fd, struct opening *opening, struct arena *arena,
                                  const char **ret_statement)
{
    size_t size = 0;
    uint8_t tag = 0;
    TRY(open_chunk(fd, opening, &size, &tag));
    if (tag != crypto_secretstream_xchacha20poly1305_TAG_PUSH || memchr(opening->chunk, 0, size) != NULL)
        return RESULT_CORRUPT;
    *ret_statement = arena_strndup(arena, (const char *)opening->chunk, size);
    return RESULT_OK;
}

/* Nothing may follow the final chunk. */
static enum result expect_end(int fd)
{
    uint8_t byte;
    ssize_t got;
    do
        got = read(fd, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return RESULT_IO;
    return got == 0 ? RESULT_OK : RESULT_CORRUPT;
}

static enum result open_chunks(int fd, struct opening *opening, int plain_fd, size_t *ret_size)
{
    size_t total = 0;
    uint8_t tag = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    while (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        size_t size = 0;
        TRY(open_chunk(fd, opening, &size, &tag));
        if (size > LIMIT_SLICE_BYTES - total)
            return RESULT_TOO_LARGE;
        TRY(disk_write_all(plain_fd, opening->chunk, size));
        total += size;
    }
    TRY(expect_end(fd));
    *ret_size = total;
    return RESULT_OK;
}

enum result delivery_open(int sealed_fd, const uint8_t secret[DELIVERY_KEY_SIZE], const struct digest *order,
                          int plain_fd, size_t *ret_size, struct arena *arena, const char **ret_statement)
{
    const char *statement = NULL;
    (void)lseek(sealed_fd, 0, SEEK_SET); /* a pipe is at its beginning already */
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL)
        return RESULT_MEMORY;
    enum result result = open_header(sealed_fd, secret, order, opening);
    if (result == RESULT_OK && opening->states)
        result = open_statement(sealed_fd, opening, arena, &statement);
    if (result == RESULT_OK)
        result = open_chunks(sealed_fd, opening, plain_fd, ret_size);
    if (result == RESULT_OK)
        *ret_statement = statement;
    sodium_memzero(opening, sizeof *opening);
    free(opening);
    return result;
}
