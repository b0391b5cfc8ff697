#include "vault/file.h"

#include "base/json.h"
#include "base/limits.h"
#include "vault/disk.h"
#include "vault/file_format.h"

#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char vault_magic[VAULT_MAGIC_SIZE + 1] = "DKVAULT1";

/* ---- the header ---- */

static enum result header_from_json(const json_t *json, struct vault_file_header *header)
{
    const char *object = json_text(json, "object");
    const char *key = json_text(json, "key");
    int64_t size = json_integer_or(json, "size", -1);
    int64_t blocks = json_integer_or(json, "blocks", -1);
    int64_t block = json_integer_or(json, "block", -1);
    int64_t details = json_integer_or(json, "details", -1);
    header->suite = suite_by_name(json_text(json, "suite"));
    header->made = json_integer_or(json, "made", 0);
    if (json_integer_or(json, "version", 0) != 1 || object == NULL || key == NULL ||
        !vault_name_is_valid(object) || !vault_name_is_valid(key) || header->suite == SUITE_COUNT ||
        size < 0 || block < 16 || block > 1 << 24 || details < 0 || details > VAULT_DETAILS_BYTES ||
        blocks != (size + block - 1) / block)
        return RESULT_CORRUPT;
    TRY(hex_parse(json_text(json, "id"), header->id, sizeof header->id) == RESULT_OK ? RESULT_OK
                                                                                     : RESULT_CORRUPT);
    memcpy(header->object, object, strlen(object) + 1);
    memcpy(header->key, key, strlen(key) + 1);
    header->size = (uint64_t)size;
    header->blocks = (uint64_t)blocks;
    header->block = (uint32_t)block;
    header->details = (uint32_t)details;
    return RESULT_OK;
}

enum result vault_header_read(int fd, struct arena *arena, struct vault_file_header *ret_header,
                              const uint8_t **ret_bytes, size_t *ret_size)
{
    uint8_t start[VAULT_START_SIZE];
    TRY(disk_read_at(fd, start, sizeof start, 0));
    size_t size =
        (size_t)start[8] | (size_t)start[9] << 8 | (size_t)start[10] << 16 | (size_t)start[11] << 24;
    if (memcmp(start, vault_magic, VAULT_MAGIC_SIZE) != 0 || size > VAULT_HEADER_BYTES)
        return RESULT_CORRUPT;
    uint8_t *bytes = arena_alloc(arena, sizeof start + size);
    TRY(disk_read_at(fd, bytes, sizeof start + size, 0));
    CLEANUP_JSON json_t *json = NULL;
    if (json_read(arena, (const char *)bytes + sizeof start, size, &json, NULL) != RESULT_OK)
        return RESULT_CORRUPT;
    struct vault_file_header header = {0};
    TRY(header_from_json(json, &header));
    *ret_header = header;
    *ret_bytes = bytes;
    *ret_size = sizeof start + size;
    return RESULT_OK;
}

enum result vault_file_peek(const char *path, struct vault_file_header *ret_header)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    const uint8_t *bytes;
    size_t size;
    if (fd < 0)
        return RESULT_NOT_FOUND;
    return vault_header_read(fd, arena, ret_header, &bytes, &size);
}

/* ---- opening ---- */

static enum result open_details(struct vault_file *file, uint64_t offset)
{
    size_t sealed = file->header.details + suite_tag_size(file->header.suite);
    uint8_t *bytes = arena_alloc(file->arena, sealed + 1);
    TRY(disk_read_at(file->fd, bytes, sealed, offset));
    TRY(suite_open(&file->keys, VAULT_DETAILS_NUMBER, file->bound, sizeof file->bound, bytes,
                   file->header.details, bytes));
    CLEANUP_JSON json_t *details = NULL;
    if (json_read(file->arena, (const char *)bytes, file->header.details, &details, NULL) != RESULT_OK ||
        hex_parse(json_text(details, "digest"), file->digest.bytes, DIGEST_SIZE) != RESULT_OK)
        return RESULT_CORRUPT;
    const char *layout = json_text(details, "layout");
    file->layout = layout != NULL ? arena_strdup(file->arena, layout) : NULL;
    return RESULT_OK;
}

/* The file's exact length follows from its header. */
static enum result check_length(const struct vault_file *file)
{
    off_t length = lseek(file->fd, 0, SEEK_END);
    uint64_t tags = file->header.blocks * suite_tag_size(file->header.suite);
    return length >= 0 && (uint64_t)length == file->first_block + file->header.size + tags ? RESULT_OK
                                                                                           : RESULT_CORRUPT;
}

static enum result open_file(struct vault_file *file, struct vault_keys *keys, const char *path,
                             const char *object)
{
    const uint8_t *head = NULL;
    size_t head_size = 0;
    uint8_t key[VAULT_KEY_SIZE];
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0)
        return RESULT_NOT_FOUND;
    TRY(vault_header_read(file->fd, file->arena, &file->header, &head, &head_size));
    if (strcmp(file->header.object, object) != 0)
        return RESULT_CORRUPT;
    suite_digest(file->header.suite, head, head_size, file->bound);
    file->first_block = head_size + file->header.details + suite_tag_size(file->header.suite);
    TRY(check_length(file));
    TRY(vault_key_get(keys, file->header.key, key));
    suite_derive(file->header.suite, key, file->header.id, sizeof file->header.id, &file->keys);
    sodium_memzero(key, sizeof key);
    return open_details(file, head_size);
}

enum result vault_file_open(struct vault_keys *keys, const char *path, const char *object,
                            struct vault_file **ret_file)
{
    struct vault_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return RESULT_MEMORY;
    file->arena = arena_new(0);
    enum result result = open_file(file, keys, path, object);
    if (result != RESULT_OK) {
        vault_file_close(file);
        return result;
    }
    *ret_file = file;
    return RESULT_OK;
}

void vault_file_close(struct vault_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        (void)close(file->fd);
    arena_free(file->arena);
    sodium_memzero(file, sizeof *file);
    free(file);
}

uint64_t vault_file_size(const struct vault_file *file)
{
    return file->header.size;
}

const struct vault_file_header *vault_file_header(const struct vault_file *file)
{
    return &file->header;
}

const struct digest *vault_file_digest(const struct vault_file *file)
{
    return &file->digest;
}

const char *vault_file_layout(const struct vault_file *file)
{
    return file->layout;
}
