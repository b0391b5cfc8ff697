/* One encrypted file: any bytes, written once, readable in part.
 *
 *     "DKVAULT1"           8 bytes
 *     size of the header   u32, little-endian
 *     header               JSON in clear:
 * {"version":1,"suite","block","size","blocks","details","object","key", "id","made"}: what must be known to
 * find the key and the blocks details              sealed: JSON {"digest": SHA-256 of the plaintext,
 * "layout": what the writer gave} blocks               each sealed on its own: `block` bytes of plaintext
 * (the last may be shorter) and its tag
 *
 * Invariants
 * 1. Every sealed part is bound to its number (details: 2^64 − 1), to the digest of the whole header (so to
 * object, id, size and count) and to keys derived for this file's random id: a part that was changed, moved,
 * taken from another file or another version of this one does not open, nor does a file cut short.
 * 2. Nothing unauthenticated is handed out: a block's plaintext leaves only after its tag fits.
 * 3. A file is complete under its name or not there: temporary file, fsync, rename, fsync of the folder. Only
 *    ciphertext ever touches the disk.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "vault/keys.h"
#include "vault/suite.h"

#include <stddef.h>
#include <stdint.h>

/* Small enough that reading one column chunk opens little of its neighbours; the cost of a tag is lost in it.
 */
#define VAULT_BLOCK_BYTES ((size_t)64 * 1024)

struct vault_file_spec {
    const char *object; /* "slice/17" */
    const char *key;    /* "grant/17" */
    enum suite suite;
    instant made;
    const char *layout; /* JSON text kept with the file, or NULL */
};

/* Encrypts `size` bytes at `plain` to `path` under the named key (which must exist), replacing what was
 * there. *ret_digest (may be NULL) receives the plaintext's SHA-256. On RESULT_IO nothing has changed. */
enum result vault_file_write(struct vault_keys *keys, const char *path, const struct vault_file_spec *spec,
                             const void *plain, size_t size, struct digest *ret_digest);

/* What stands in clear. */
struct vault_file_header {
    char object[VAULT_NAME_SIZE];
    char key[VAULT_NAME_SIZE];
    enum suite suite;
    uint64_t size; /* of the plaintext */
    uint64_t blocks;
    uint32_t block;
    uint32_t details;
    instant made;
    uint8_t id[32];
};

/* Not authenticated: for lists. */
enum result vault_file_peek(const char *path, struct vault_file_header *ret_header);

struct vault_file;

/* RESULT_NOT_FOUND when there is no file or no key any more; RESULT_CORRUPT when it is not the file that was
 * written as `object`. Checks header and details; blocks are checked as they are read. */
enum result vault_file_open(struct vault_keys *keys, const char *path, const char *object,
                            struct vault_file **ret_file);
void vault_file_close(struct vault_file *file); /* wipes its keys; NULL is allowed */

uint64_t vault_file_size(const struct vault_file *file);
const struct vault_file_header *vault_file_header(const struct vault_file *file);
const struct digest *vault_file_digest(const struct vault_file *file);
const char *
vault_file_layout(const struct vault_file *file); /* NULL when there is none; lives as long as `file` */

/* The bytes from `offset` on; decrypts just the blocks in which they lie. RESULT_INVALID past the end. */
enum result vault_file_read(struct vault_file *file, uint64_t offset, size_t size, void *ret_bytes);

struct vault_range {
    uint64_t offset;
    uint64_t size;
};

/* A new memory file (its descriptor) of the plaintext's full size that holds the bytes of `ranges` (in order,
 * apart from each other) but for those of `blanks` (anywhere), and zeros elsewhere. Many small blanks cost
 * little, many small ranges a block each. `threads` decrypt. Sealed against every change. */
enum result vault_file_sparse(struct vault_file *file, const struct vault_range *ranges, size_t count,
                              const struct vault_range *blanks, size_t blank_count, unsigned threads,
                              int *ret_fd);

static inline void vault_file_cleanup(struct vault_file **file)
{
    vault_file_close(*file);
}
#define CLEANUP_VAULT_FILE __attribute__((cleanup(vault_file_cleanup)))
