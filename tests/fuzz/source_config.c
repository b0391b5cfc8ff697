/* peers/source: the configuration that a provider writes. */
#include "fuzz.h"
#include "peers/source/config.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct source_config config = {0};
    char path[256];
    fuzz_write("source.json", bytes, size);
    fuzz_write("token", (const uint8_t *)"0123456789abcdef", 16);
    (void)snprintf(path, sizeof path, "%s/source.json", fuzz_folder());
    if (source_config_open(arena, path, &config, &refusal) != RESULT_OK)
        assert(refusal.en != NULL);
    return 0;
}
