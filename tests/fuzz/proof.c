/* audit/prove: a proof as somebody hands it in. */
#include "audit/audit.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    char *text = fuzz_text(bytes, size);
    (void)audit_check_proof(text, NULL, arena, &refusal);
    free(text);
    return 0;
}
