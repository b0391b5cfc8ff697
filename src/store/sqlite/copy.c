/* Backup and restore: whole copies, made beside their place, synced, and moved there in one step. */
#include "store/search.h"
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
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (folder == NULL)
        abort();
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

/* ---- restore ---- */

static enum result refuse_copy(const struct store_restoring *restoring, enum result result, const char *field,
                               const char *zh, const char *en, const char *remedy_zh, const char *remedy_en)
{
    return refuse(restoring->refusal, (struct refusal){.result = result,
                                                       .field = field,
                                                       .zh = zh,
                                                       .en = en,
                                                       .remedy_zh = remedy_zh,
                                                       .remedy_en = remedy_en});
}

/* Whether the statement's only column of its first row reads `wanted`; no row reads "". */
static bool answers(sqlite3 *db, const char *text, const char *wanted)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
        return false;
    int code = sqlite3_step(stmt);
    const char *answer = code == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : "";
    bool fits = (code == SQLITE_ROW || code == SQLITE_DONE) && answer != NULL && strcmp(answer, wanted) == 0;
    (void)sqlite3_finalize(stmt);
    return fits;
}

static bool is_sound_store(const char *path)
{
    sqlite3 *db;
    bool sound = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
                 search_register(db) == SQLITE_OK && answers(db, "PRAGMA application_id", "1145786197") &&
                 answers(db, "PRAGMA integrity_check(1)", "ok") &&
                 answers(db, "PRAGMA foreign_key_check", "");
    (void)sqlite3_close(db);
    return sound;
}

/* Copies `from` to the new file `name`. */
static enum result copy_file(const char *from, const char *name)
{
    sqlite3 *db;
    int code = sqlite3_open_v2(from, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    enum result result = code == SQLITE_OK ? copy_pages(db, name) : sqlite_result(code);
    (void)sqlite3_close(db);
    return result;
}

/* Whether a process has the store open; as a side effect moves its log into the file. A damaged file is
 * nobody's. */
static bool in_use(const char *path)
{
    sqlite3 *db;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT", NULL, NULL, NULL);
    (void)sqlite3_close(db);
    return (code & 0xff) == SQLITE_BUSY;
}

static char *beside(const struct store_restoring *restoring, const char *ending)
{
    return arena_printf(restoring->arena, "%s%s", restoring->to, ending);
}

/* The old city stays beside the new one, its log with it, which must never be read together with the new
 * file. */
static enum result put_aside(const struct store_restoring *restoring)
{
    static const char *const endings[][2] = {{"", ".replaced"}, {"-wal", ".replaced-wal"}, {"-shm", NULL}};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const char *old = beside(restoring, endings[i][0]);
        int failed = endings[i][1] != NULL ? rename(old, beside(restoring, endings[i][1])) : unlink(old);
        if (failed != 0 && errno != ENOENT)
            return RESULT_IO;
    }
    return sync_folder_of(restoring->to);
}

static enum result put_in_place(const struct store_restoring *restoring, const char *name)
{
    if (!is_sound_store(name))
        return refuse_copy(restoring, RESULT_CORRUPT, "from", "备份已损坏，或不是本平台的存储",
                           "the backup is damaged, or not a store of this platform", "请换一份备份",
                           "Use another backup.");
    TRY(sync_path(name, O_RDONLY));
    TRY(put_aside(restoring));
    TRY(move_new(name, restoring->to));
    return sync_folder_of(restoring->to);
}

enum result sqlite_restore(const struct store_restoring *restoring)
{
    sqlite_prepare_library();
    if (access(restoring->from, R_OK) != 0)
        return refuse_copy(restoring, RESULT_NOT_FOUND, "from", "备份文件不存在或不可读",
                           "the backup is not there or cannot be read", "请检查路径", "Check the path.");
    bool exists = access(restoring->to, F_OK) == 0;
    if (exists && !restoring->overwrite)
        return refuse_copy(restoring, RESULT_CONFLICT, "to", "目标位置已有一个城市",
                           "there is a city already", "请换一个位置，或明确要求覆盖",
                           "Choose another place, or ask to overwrite it.");
    if (exists && in_use(restoring->to))
        return refuse_copy(restoring, RESULT_BUSY, "to", "目标城市正在使用", "the city is in use",
                           "请先停止服务", "Stop the server first.");
    char *name;
    TRY(create_beside(restoring->to, &name));
    enum result result = copy_file(restoring->from, name);
    if (result == RESULT_OK || result == RESULT_CORRUPT)
        result = put_in_place(restoring, name);
    if (result != RESULT_OK)
        (void)unlink(name);
    free(name);
    return result;
}
