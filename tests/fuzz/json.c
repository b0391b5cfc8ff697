/* base/json: what is read can be printed and read again, and is the same. */
#include "base/json.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *json = NULL;
    struct refusal refusal = {0};
    if (json_read(arena, (const char *)bytes, size, &json, &refusal) != RESULT_OK) {
        assert(refusal.en != NULL && refusal.zh != NULL);
        return 0;
    }
    const char *text = json_print_canonical(arena, json);
    CLEANUP_JSON json_t *again = NULL;
    assert(json_read(arena, text, strlen(text), &again, NULL) == RESULT_OK);
    assert(json_equal(json, again));
    assert(strcmp(text, json_print_canonical(arena, again)) == 0);
    return 0;
}
