/* guard/policy: the policy of a room as serve sends it to the keeper. */
#include "guard/policy.h"

#include "base/json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *json = NULL;
    struct refusal refusal = {0};
    const struct policy *policy;
    if (json_read(arena, (const char *)bytes, size, &json, NULL) == RESULT_OK &&
        policy_read(arena, json, &policy, &refusal) != RESULT_OK)
        assert(refusal.en != NULL);
    return 0;
}
