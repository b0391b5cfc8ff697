/* vault/file: the part of an encrypted file that stands in clear. */
#include "fuzz.h"
#include "vault/file_format.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct vault_file_header header;
    const uint8_t *before = NULL;
    size_t before_size = 0;
    char path[256];
    int fd = fuzz_file(bytes, size);
    if (vault_header_read(fd, arena, &header, &before, &before_size) == RESULT_OK)
        assert(before_size <= size && memcmp(before, bytes, before_size) == 0 &&
               strlen(header.object) < VAULT_NAME_SIZE);
    (void)close(fd);
    fuzz_write("a.vault", bytes, size);
    (void)snprintf(path, sizeof path, "%s/a.vault", fuzz_folder());
    (void)vault_file_peek(path, &header);
    return 0;
}
