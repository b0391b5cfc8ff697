#include "base/json.h"
#include "vault/disk.h"
#include "vault/file_format.h"

#include <assert.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Blocks that are sealed before they are written together. */
enum { BATCH = 16, PATH_BYTES = 1100 };

/* SHA-256 by OpenSSL, which uses the processor's instructions: slices are large. */
static struct digest digest_large(const void *bytes, size_t size)
{
    struct digest digest;
    unsigned int length = 0;
    int done = EVP_Digest(bytes, size, digest.bytes, &length, EVP_sha256(), NULL);
    assert(done == 1 && length == DIGEST_SIZE);
    return digest;
}

static char *details_text(struct arena *arena, const struct digest *digest, const char *layout)
{
    char hex[DIGEST_TEXT_SIZE];
    hex_print(digest->bytes, DIGEST_SIZE, hex);
    CLEANUP_JSON json_t *details = json_pack("{s:s, s:s?}", "digest", hex, "layout", layout);
    assert(details != NULL);
    return json_print(arena, details);
}

static char *header_text(struct arena *arena, const struct vault_file_header *header)
{
    char id[2 * sizeof header->id + 1];
    hex_print(header->id, sizeof header->id, id);
    CLEANUP_JSON json_t *json = json_pack(
        "{s:i, s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:I}", "version", 1, "suite",
        suite_name(header->suite), "block", (json_int_t)header->block, "size", (json_int_t)header->size,
        "blocks", (json_int_t)header->blocks, "details", (json_int_t)header->details, "object",
        header->object, "key", header->key, "id", id, "made", (json_int_t)header->made);
    assert(json != NULL);
    return json_print(arena, json);
}

/* Everything up to the first block; fills keys and `bound` of *file. */
static enum result write_head(struct vault_file *file, const uint8_t *key, const struct digest *digest,
                              const char *layout)
{
    char *details = details_text(file->arena, digest, layout);
    size_t details_size = strlen(details);
    if (details_size > VAULT_DETAILS_BYTES)
        return RESULT_TOO_LARGE;
    file->header.details = (uint32_t)details_size;
    const char *header = header_text(file->arena, &file->header);
    size_t size = strlen(header);
    assert(size <= VAULT_HEADER_BYTES);
    size_t head_size = VAULT_START_SIZE + size;
    size_t tag = suite_tag_size(file->header.suite);
    uint8_t *head = arena_alloc(file->arena, head_size + details_size + tag);
    memcpy(head, vault_magic, VAULT_MAGIC_SIZE);
    for (int i = 0; i < 4; i++)
        head[VAULT_MAGIC_SIZE + i] = (uint8_t)(size >> (8 * i));
    memcpy(head + VAULT_START_SIZE, header, size);
    suite_digest(file->header.suite, head, head_size, file->bound);
    suite_derive(file->header.suite, key, file->header.id, sizeof file->header.id, &file->keys);
    TRY(suite_seal(&file->keys, VAULT_DETAILS_NUMBER, file->bound, sizeof file->bound, details, details_size,
                   head + head_size));
    sodium_memzero(details, details_size);
    return disk_write_all(file->fd, head, head_size + details_size + tag);
}

static enum result write_blocks(struct vault_file *file, const uint8_t *plain)
{
    size_t tag = suite_tag_size(file->header.suite);
    uint8_t *sealed = arena_alloc(file->arena, BATCH * (file->header.block + tag));
    size_t held = 0;
    for (uint64_t number = 0; number < file->header.blocks; number++) {
        uint64_t offset = number * file->header.block;
        uint64_t left = file->header.size - offset;
        size_t size = left < file->header.block ? (size_t)left : file->header.block;
        TRY(suite_seal(&file->keys, number, file->bound, sizeof file->bound, plain + offset, size,
                       sealed + held));
        held += size + tag;
        if ((number + 1) % BATCH == 0 || number + 1 == file->header.blocks) {
            TRY(disk_write_all(file->fd, sealed, held));
            held = 0;
        }
    }
    return RESULT_OK;
}

static enum result write_temporary(struct vault_file *file, const char *path, const uint8_t *key,
                                   const void *plain, const struct digest *digest, const char *layout)
{
    file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd < 0)
        return RESULT_IO;
    TRY(write_head(file, key, digest, layout));
    TRY(write_blocks(file, plain));
    disk_sync_or_stop(file->fd);
    return RESULT_OK;
}

static struct vault_file_header header_of(const struct vault_file_spec *spec, size_t size)
{
    struct vault_file_header header = {.suite = spec->suite,
                                       .size = size,
                                       .block = VAULT_BLOCK_BYTES,
                                       .blocks = (size + VAULT_BLOCK_BYTES - 1) / VAULT_BLOCK_BYTES,
                                       .made = spec->made};
    assert(vault_name_is_valid(spec->object) && vault_name_is_valid(spec->key));
    memcpy(header.object, spec->object, strlen(spec->object) + 1);
    memcpy(header.key, spec->key, strlen(spec->key) + 1);
    randombytes_buf(header.id, sizeof header.id);
    return header;
}

enum result vault_file_write(struct vault_keys *keys, const char *path, const struct vault_file_spec *spec,
                             const void *plain, size_t size, struct digest *ret_digest)
{
    char temporary[PATH_BYTES];
    uint8_t key[VAULT_KEY_SIZE];
    /* Two writers of one object must not share a temporary file. */
    if (snprintf(temporary, sizeof temporary, "%s.%08x.tmp", path, randombytes_random()) >=
        (int)sizeof temporary)
        return RESULT_TOO_LARGE;
    TRY(vault_key_get(keys, spec->key, key));
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct vault_file file = {.fd = -1, .arena = arena, .header = header_of(spec, size)};
    struct digest digest = digest_large(plain, size);
    enum result result = write_temporary(&file, temporary, key, plain, &digest, spec->layout);
    sodium_memzero(key, sizeof key);
    sodium_memzero(&file.keys, sizeof file.keys);
    if (file.fd >= 0)
        (void)close(file.fd);
    if (result == RESULT_OK && rename(temporary, path) != 0)
        result = RESULT_IO;
    if (result != RESULT_OK) {
        (void)unlink(temporary);
        return result;
    }
    TRY(disk_sync_folder_of(path));
    if (ret_digest != NULL)
        *ret_digest = digest;
    return RESULT_OK;
}
