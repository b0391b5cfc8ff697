/* keeper/sealed: what a query computed, as it lies in the vault; what was written is read back the same. */
#include "keeper/sealed.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
    struct sealed sealed;
    if (sealed_read(arena, bytes, size, &sealed) != RESULT_OK)
        return 0;
    CLEANUP_WIRE struct wire_out out = {0};
    sealed_write(&sealed, &out);
    struct sealed again;
    assert(sealed_read(arena, out.bytes, out.size, &again) == RESULT_OK);
    return 0;
}
