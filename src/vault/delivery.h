/* A slice on its way: what a source agent seals to a grant's public key and only the keeper opens.
 *
 *     offset  size  what
 *     0       8     "DKDELIV1"
 *     8       32    ephemeral X25519 public key, new for each delivery
 *     40      32    SHA-256 of the order's canonical JSON bytes
 *     72      24    header of libsodium's secretstream (XChaCha20-Poly1305)
 *     96      …     frames: u32 length, little-endian, of the sealed chunk that follows
 *
 * The stream's key is BLAKE2b-256, keyed with the X25519 shared secret, of "dukou delivery 1", the ephemeral
 * key, the grant's key and the order's digest: a delivery made for another grant or another order does not
 * open. Every chunk but the last carries DELIVERY_CHUNK_BYTES of plaintext; the last one, marked as final,
 * carries what is left, so that a truncated, reordered, repeated or extended delivery does not open either.
 *
 * A delivery with a statement begins with "DKDELIV2", its key is made with "dukou delivery 2", and its first
 * chunk is the statement alone, marked as pushed: what the source says of the rows that follow. Nobody
 * between source and keeper can change it, take it away or put it before other rows.
 *
 * The source keeps no key by which it could read its delivery again.
 */
#pragma once

#include "base/arena.h"
#include "base/digest.h"

#define DELIVERY_KEY_SIZE 32
#define DELIVERY_CHUNK_BYTES ((size_t)256 * 1024)

/* ---- the source's half ---- */

struct delivery_seal;

/* Starts a delivery on `fd` (a file, pipe or socket, which the caller closes) to the grant's public key in
 * hexadecimal (as in the order). RESULT_INVALID for what is no such key, RESULT_IO. */
enum result delivery_seal_open(int fd, const char *public_key, const struct digest *order,
                               struct delivery_seal **ret_seal);

/* The same with a statement, at most DELIVERY_CHUNK_BYTES of text. */
enum result delivery_seal_stating(int fd, const char *public_key, const struct digest *order,
                                  const char *statement, struct delivery_seal **ret_seal);

/* Any size at a time. RESULT_TOO_LARGE past LIMIT_SLICE_BYTES. After a failure only delivery_seal_free(). */
enum result delivery_seal_write(struct delivery_seal *seal, const void *bytes, size_t size);

/* The final chunk; without it the delivery does not open. */
enum result delivery_seal_finish(struct delivery_seal *seal);

/* Forgets the key. */
void delivery_seal_free(struct delivery_seal *seal);

static inline void delivery_seal_cleanup(struct delivery_seal **seal)
{
    delivery_seal_free(*seal);
}
#define CLEANUP_DELIVERY_SEAL __attribute__((cleanup(delivery_seal_cleanup)))

/* ---- the keeper's half ---- */

/* A grant's key pair. */
void delivery_key_pair(uint8_t ret_public[DELIVERY_KEY_SIZE], uint8_t ret_secret[DELIVERY_KEY_SIZE]);

/* Reads a delivery from `sealed_fd`, from its beginning, and writes the plaintext to `plain_fd` (a memory
 * file). RESULT_MALFORMED when it is no delivery, RESULT_CONFLICT when it was made for another order,
 * RESULT_CORRUPT when it does not open (another grant's key, changed, cut short), RESULT_TOO_LARGE past
 * LIMIT_SLICE_BYTES; what is then already in `plain_fd` must not be used. *ret_statement: in the arena, NULL
 * where there is none. */
enum result delivery_open(int sealed_fd, const uint8_t secret[DELIVERY_KEY_SIZE], const struct digest *order,
                          int plain_fd, size_t *ret_size, struct arena *arena, const char **ret_statement);
