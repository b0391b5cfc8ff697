/* audit/note: signed notes, checkpoints, key files. */
#include "audit/note.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct note note;
    struct note_key keys[NOTE_KEYS_MAX];
    size_t count = 0;
    (void)note_keys_parse((const char *)bytes, size, keys, &count);
    struct note_key key;
    if (note_key_parse((const char *)bytes, size, &key) == RESULT_OK) {
        const char *printed = note_key_print(arena, &key);
        assert(strlen(printed) == size && memcmp(printed, bytes, size) == 0);
    }
    if (note_parse(arena, (const char *)bytes, size, &note) != RESULT_OK)
        return 0;
    struct checkpoint checkpoint;
    if (checkpoint_parse(arena, note.text, &checkpoint) == RESULT_OK)
        assert(strcmp(checkpoint_print(arena, &checkpoint), note.text) == 0);
    return 0;
}
