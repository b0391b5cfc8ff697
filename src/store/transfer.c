#include "store/transfer.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_folder(const char *folder)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A private folder beside `path`, for a copy on its way. */
static enum result folder_beside(struct arena *arena, const char *path, char **ret_folder)
{
    char *folder = arena_printf(arena, "%s.XXXXXX", path);
    if (mkdtemp(folder) == NULL)
        return RESULT_IO;
    *ret_folder = folder;
    return RESULT_OK;
}

/* ---- backup ---- */

static enum result copy_and_back_up(struct store *store, const struct store_schema *schema, const char *way,
                                    const char *path, struct arena *arena)
{
    struct store *copy;
    struct store_copied copied;
    TRY(store_open_schema(way, schema, arena, NULL, &copy));
    enum result result = store_copy(store, copy, arena, NULL, &copied);
    if (result == RESULT_OK)
        result = store_backup(copy, path);
    store_close(copy);
    return result;
}

enum result transfer_backup(struct store *store, const struct store_schema *schema, const char *path)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char *folder;
    if (access(path, F_OK) == 0)
        return RESULT_CONFLICT;
    TRY(folder_beside(arena, path, &folder));
    enum result result =
        copy_and_back_up(store, schema, arena_printf(arena, "%s/store", folder), path, arena);
    remove_folder(folder);
    return result;
}

/* ---- restore ---- */

/* A restore that was cut off, and is asked again, finds its own work. */
static enum result fill(struct store *from, struct store *to, const struct store_restoring *restoring)
{
    struct store_copied copied;
    enum result result = store_copy(from, to, restoring->arena, restoring->refusal, &copied);
    if (result != RESULT_CONFLICT || store_is_copy(from, to, restoring->arena, NULL) != RESULT_OK)
        return result;
    if (restoring->refusal != NULL)
        *restoring->refusal = (struct refusal){0};
    return RESULT_OK;
}

static enum result copy_from(const char *way, const struct store_restoring *restoring)
{
    struct store *from;
    struct store *to;
    TRY(store_open_explained(way, restoring->arena, restoring->refusal, &from));
    enum result result = store_open_explained(restoring->to, restoring->arena, restoring->refusal, &to);
    if (result == RESULT_OK) {
        result = fill(from, to, restoring);
        store_close(to);
    }
    store_close(from);
    return result;
}

enum result transfer_restore(const struct store_restoring *restoring)
{
    if (restoring->overwrite)
        return refuse(restoring->refusal,
                      (struct refusal){
                          .result = RESULT_INVALID,
                          .field = "overwrite",
                          .zh = "数据库不能被覆盖",
                          .en = "a database is not overwritten",
                          .remedy_zh = "请停止服务，新建一个空数据库，再恢复到其中",
                          .remedy_en = "Stop the servers, make a new empty database and restore into that.",
                      });
    char *folder = arena_strdup(restoring->arena, "/tmp/dukou-restore-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return RESULT_IO;
    const char *way = arena_printf(restoring->arena, "%s/store", folder);
    enum result result = store_restore(restoring->from, way, false, restoring->arena, restoring->refusal);
    if (result == RESULT_OK)
        result = copy_from(way, restoring);
    remove_folder(folder);
    return result;
}
