/* Inside of the encrypted file: shared by writing, opening and reading; nobody else's business. */
#pragma once

#include "vault/file.h"

enum {
    VAULT_MAGIC_SIZE = 8,
    VAULT_START_SIZE = VAULT_MAGIC_SIZE + 4,
    VAULT_HEADER_BYTES = 4096,
    VAULT_DETAILS_BYTES = 32 * 1024 * 1024,
};
#define VAULT_DETAILS_NUMBER UINT64_MAX

extern const char vault_magic[VAULT_MAGIC_SIZE + 1];

struct vault_file {
    int fd;
    struct arena *arena;
    struct vault_file_header header;
    struct suite_keys keys;
    uint8_t bound[32];    /* digest of everything before the details */
    uint64_t first_block; /* offset of block 0 */
    struct digest digest;
    const char *layout;
};

/* Reads and checks the form of the header; *ret_bytes is everything before the details. */
enum result vault_header_read(int fd, struct arena *arena, struct vault_file_header *ret_header,
                              const uint8_t **ret_bytes, size_t *ret_size);
