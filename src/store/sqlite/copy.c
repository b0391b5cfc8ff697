/* Backup and restore: whole copies, made beside their place, synced, and moved there in one step. */
#include "base/limits.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum result sync_path(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC);
    if (file < 0)
        return RESULT_IO;
    if (fsync(file) != 0)
        store_stop("fsync of %s failed: %s", path, strerror(errno));
    (void)close(file);
    return RESULT_OK;
}

static enum result sync_folder_of(const char *path)
{
    char *folder = strdup(path);
    if (folder == NULL)
        abort();
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)strcpy(folder, ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    enum result result = sync_path(folder, O_RDONLY | O_DIRECTORY);
    free(folder);
    return result;
}

/* All pages as of one instant; the copy is not in WAL mode, so that it is one file also when it is looked
 * into. */
static enum result copy_pages(sqlite3 *from, const char *path)
{
    sqlite3 *to;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_backup *backup = code == SQLITE_OK ? sqlite3_backup_init(to, "main", from, "main") : NULL;
    if (code == SQLITE_OK && backup == NULL)
        code = sqlite3_errcode(to);
    if (backup != NULL) {
        (void)sqlite3_backup_step(backup, -1);
        code = sqlite3_backup_finish(backup);
    }
    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    (void)sqlite3_close(to);
    return sqlite_result(code);
}

/* A new, private, empty file beside `path`; its name is to be freed. */
static enum result create_beside(const char *path, char **ret_name)
{
    char *name;
    if (asprintf(&name, "%s.XXXXXX", path) < 0)
        abort();
    int file = mkostemp(name, O_CLOEXEC);
    if (file < 0) {
        free(name);
        return RESULT_IO;
    }
    (void)close(file);
    *ret_name = name;
    return RESULT_OK;
}

/* Moves `name` to `path` unless that exists: RESULT_CONFLICT. */
static enum result move_new(const char *name, const char *path)
{
    if (renameat2(AT_FDCWD, name, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return RESULT_OK;
    if (errno == EEXIST)
        return RESULT_CONFLICT;
    if (errno != EINVAL || link(name, path) != 0) /* a file system that knows only links */
        return errno == EEXIST ? RESULT_CONFLICT : RESULT_IO;
    (void)unlink(name);
    return RESULT_OK;
}

enum result sqlite_copy(sqlite3 *db, const char *path)
{
    if (access(path, F_OK) == 0)
        return RESULT_CONFLICT;
    char *name;
    TRY(create_beside(path, &name));
    enum result result = copy_pages(db, name);
    if (result == RESULT_OK)
        result = sync_path(name, O_RDONLY);
    if (result == RESULT_OK)
        result = move_new(name, path);
    if (result != RESULT_OK)
        (void)unlink(name);
    free(name);
    TRY(result);
    return sync_folder_of(path);
}
