#include "command/restore_mark.h"

#include "base/json.h"
#include "vault/disk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *path_of(const struct settings *settings, struct arena *arena)
{
    return arena_printf(arena, "%s/restoring", settings->home);
}

enum result restore_mark_read(const struct settings *settings, struct arena *arena,
                              struct restore_mark *ret_mark)
{
    void *bytes;
    size_t size;
    json_t *json = NULL;
    TRY(disk_get(arena, path_of(settings, arena), 64 * 1024, &bytes, &size));
    TRY(json_read(arena, bytes, size, &json, NULL));
    (void)json_keep(arena, json);
    struct restore_mark mark = {.id = json_text(json, "id"),
                                .folder = json_text(json, "folder"),
                                .overwrite = json_is_true(json_object_get(json, "overwrite")),
                                .store_placed = json_is_true(json_object_get(json, "store_placed")),
                                .placed = json_is_true(json_object_get(json, "placed"))};
    if (mark.id == NULL || mark.folder == NULL)
        return RESULT_CORRUPT;
    *ret_mark = mark;
    return RESULT_OK;
}

enum result restore_mark_write(const struct settings *settings, struct arena *arena,
                               const struct restore_mark *mark)
{
    json_t *json = json_keep(arena, json_pack("{s:s, s:s, s:b, s:b, s:b}", "id", mark->id, "folder",
                                              mark->folder, "overwrite", mark->overwrite, "store_placed",
                                              mark->store_placed, "placed", mark->placed));
    const char *text = json_print(arena, json);
    return disk_put(path_of(settings, arena), text, strlen(text));
}

enum result restore_mark_remove(const struct settings *settings, struct arena *arena)
{
    const char *path = path_of(settings, arena);
    if (unlink(path) != 0 && errno != ENOENT)
        return RESULT_IO;
    return disk_sync_folder_of(path);
}
