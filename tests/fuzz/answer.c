/* engine/answer: rows as a worker sends them, which nobody believes. */
#include "engine/answer.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new((size_t)16 * 1024 * 1024);
    struct wire_in in = {.bytes = bytes, .size = size};
    struct engine_answer answer;
    if (answer_decode(arena, &in, 1000, &answer) == RESULT_OK)
        assert(answer.rows <= 1000);
    return 0;
}
