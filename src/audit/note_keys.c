#include "audit/note.h"
#include "audit/tile.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum result note_keys_write(const char *folder, const struct note_key *keys, size_t count)
{
    assert(count > 0 && count <= NOTE_KEYS_MAX);
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s\n", text, note_key_print(arena, &keys[i]));
    TRY(tile_folder_make(folder));
    int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0)
        return RESULT_IO;
    struct tile_writer writer;
    enum result result = tile_writer_open(&writer, handle);
    if (result == RESULT_OK)
        result = tile_writer_put(&writer, "keys", text, strlen(text));
    if (result == RESULT_OK)
        result = tile_writer_flush(&writer);
    tile_writer_close(&writer);
    (void)close(handle);
    return result;
}

enum result note_keys_parse(const char *text, size_t size, struct note_key *ret_keys, size_t *ret_count)
{
    struct note_key keys[NOTE_KEYS_MAX];
    size_t count = 0;
    if (size == 0 || text[size - 1] != '\n')
        return RESULT_MALFORMED;
    for (const char *at = text; at < text + size; count++) {
        const char *end = memchr(at, '\n', (size_t)(text + size - at));
        if (count == NOTE_KEYS_MAX || note_key_parse(at, (size_t)(end - at), &keys[count]) != RESULT_OK)
            return RESULT_MALFORMED;
        at = end + 1;
    }
    memcpy(ret_keys, keys, count * sizeof keys[0]);
    *ret_count = count;
    return RESULT_OK;
}

enum result note_keys_read(const char *path, struct note_key *ret_keys, size_t *ret_count)
{
    char text[8192];
    size_t size;
    TRY(tile_file_read(AT_FDCWD, path, text, sizeof text, &size));
    return note_keys_parse(text, size, ret_keys, ret_count);
}
