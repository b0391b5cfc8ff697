/* vault/delivery: a sealed slice as it comes from a source, or from whoever says so. */
#include "vault/delivery.h"

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t secret[DELIVERY_KEY_SIZE] = {1, 2, 3};
    const struct digest order = digest_sha256("order", 5);
    size_t plain_size = 0;
    const char *statement = NULL;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    int sealed = fuzz_file(bytes, size);
    int plain = memfd_create("plain", MFD_CLOEXEC);
    assert(plain >= 0);
    assert(delivery_open(sealed, secret, &order, plain, &plain_size, arena, &statement) != RESULT_OK);
    (void)close(sealed);
    (void)close(plain);
    return 0;
}
