/* engine/layout: which bytes of a stored table a query's columns need. */
#include "engine/engine.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const columns[] = {"a", "b"};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char *text = fuzz_text(bytes, size);
    int64_t file_size = 0;
    const struct engine_range *ranges = NULL;
    size_t count = 0;
    if (engine_layout_ranges(arena, text, columns, 2, &file_size, &ranges, &count) == RESULT_OK)
        for (size_t i = 0; i < count; i++) {
            assert(ranges[i].offset >= 0 && ranges[i].size >= 0 &&
                   ranges[i].size <= file_size - ranges[i].offset);
            assert(i == 0 || ranges[i].offset >= ranges[i - 1].offset + ranges[i - 1].size);
        }
    free(text);
    return 0;
}
