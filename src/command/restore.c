/* `dukou restore`: store, log and vault from a backup to their places. The log never gets shorter: of the one
 * that is there and the backup's the longer stays, and one must go on from the other. `--placed`: all is in
 * its place, brought there by other means, such as a database's own. */
#include "command/restore.h"

#include "audit/audit.h"
#include "base/digest.h"
#include "command/backup.h"
#include "command/command.h"
#include "command/folder.h"
#include "command/lead.h"
#include "command/restore_mark.h"
#include "store/store.h"
#include "vault/disk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHECKPOINT_BYTES = 64 * 1024 };

static int usage(void)
{
    (void)fputs(
        "dukou restore FOLDER [--overwrite]   (while nothing serves; a restore that was cut off goes on)\n"
        "dukou restore --placed               (the database was brought back by its own means)\n",
        stderr);
    return 2;
}

/* ---- the log ---- */

static enum result refuse_log(struct refusal *refusal)
{
    return refuse(
        refusal,
        (struct refusal){.result = RESULT_CONFLICT,
                         .field = "log",
                         .zh = "这里的日志与备份的日志不是同一条：互不延续",
                         .en = "the log that is here and the backup's are not one: neither goes on from "
                               "the other",
                         .remedy_zh = "换一个空目录恢复；若应是同一座城市，请保存两者并核查",
                         .remedy_en = "restore into an empty folder; if both should be one city's, keep "
                                      "both and find out why"});
}

/* Whether `log` goes on from the checkpoint of `earlier`. */
static enum result extends(struct arena *arena, const char *log, const char *earlier, struct refusal *refusal)
{
    void *note;
    size_t size;
    enum result result =
        disk_get(arena, arena_printf(arena, "%s/checkpoint", earlier), CHECKPOINT_BYTES, &note, &size);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* nothing was sealed */
    TRY(result);
    result = audit_extends(log, note, NULL, arena, refusal);
    return result == RESULT_CORRUPT || result == RESULT_INVALID ? refuse_log(refusal) : result;
}

/* The backup's log beside its place, then there in one step. */
static enum result place_log(struct arena *arena, const struct settings *s, const char *from)
{
    const char *part = arena_printf(arena, "%s.part", s->log);
    TRY(folder_remove(part));
    TRY(folder_copy(from, part, FOLDER_REFUSE));
    if (access(s->log, F_OK) == 0 &&
        rename(s->log, arena_printf(arena, "%s.replaced.%ld", s->log, (long)getpid())) != 0)
        return RESULT_IO;
    if (access(part, F_OK) == 0 && rename(part, s->log) != 0)
        return RESULT_IO;
    return disk_sync_folder_of(s->log);
}

static enum result choose_log(struct arena *arena, const struct settings *s, const char *folder,
                              struct refusal *refusal)
{
    const char *from = arena_printf(arena, "%s/log", folder);
    int64_t here = 0;
    int64_t there = 0;
    if (access(s->log, F_OK) == 0)
        TRY(audit_sealed(s->log, arena, &here));
    if (access(from, F_OK) == 0)
        TRY(audit_sealed(from, arena, &there));
    if (here > 0 && here >= there)
        return extends(arena, s->log, from, refusal);
    if (here > 0)
        TRY(extends(arena, from, s->log, refusal));
    return place_log(arena, s, from);
}

/* ---- the steps ---- */

/* What the city that is overwritten has acknowledged and not sealed yet is sealed first, if it still opens.
 */
static enum result seal_rest(struct arena *arena, const struct settings *s, struct refusal *refusal)
{
    struct city city;
    if (access(s->log, F_OK) != 0 || access(s->store, F_OK) != 0)
        return RESULT_OK;
    enum result result = city_open(arena, &city, refusal);
    if (result == RESULT_OK) {
        result = city_lead(arena, &city, refusal);
        if (result == RESULT_OK)
            result = audit_seal(city.sealer, NULL);
        city_close(&city);
    }
    if (result == RESULT_BUSY)
        return refuse(refusal, (struct refusal){.result = RESULT_BUSY,
                                                .field = "DUKOU_HOME",
                                                .zh = "目标城市正在使用",
                                                .en = "the city is in use",
                                                .remedy_zh = "请先停止服务",
                                                .remedy_en = "Stop the server first."});
    if (result != RESULT_OK)
        (void)fputs("原有的城市打不开，其未封存的日志条目（通常不到一秒）无法保留 the city that is here does "
                    "not open: "
                    "entries that were not sealed yet, of a second as a rule, are lost\n",
                    stderr);
    *refusal = (struct refusal){0};
    return RESULT_OK;
}

static enum result place(struct arena *arena, const struct settings *s, struct restore_mark *mark,
                         struct refusal *refusal)
{
    if (!mark->store_placed) {
        enum result result = store_restore(arena_printf(arena, "%s/dukou.db", mark->folder), s->store,
                                           mark->overwrite, arena, refusal);
        if (result == RESULT_CONFLICT || result == RESULT_INVALID || result == RESULT_BUSY)
            (void)restore_mark_remove(s, arena); /* refused: the store is as it was, and may serve on */
        TRY(result);
        mark->store_placed = true;
        TRY(restore_mark_write(s, arena, mark));
    }
    TRY(choose_log(arena, s, mark->folder, refusal));
    /* Files of the vault are written once and destroyed for good: those that are there are the right ones. */
    TRY(folder_copy(arena_printf(arena, "%s/vault", mark->folder), arena_printf(arena, "%s/vault", s->home),
                    FOLDER_KEEP));
    mark->placed = true;
    return restore_mark_write(s, arena, mark);
}

static const char *new_id(struct arena *arena)
{
    uint8_t bytes[16];
    char *id = arena_alloc(arena, 2 * sizeof bytes + 1);
    struct random *random = random_system();
    random_bytes(random, bytes, sizeof bytes);
    random_free(random);
    hex_print(bytes, sizeof bytes, id);
    return id;
}

static enum result begin(struct arena *arena, const struct settings *s, const char *folder, bool overwrite,
                         struct restore_mark *ret_mark, struct refusal *refusal)
{
    *ret_mark = (struct restore_mark){.id = new_id(arena), .folder = folder, .overwrite = overwrite};
    TRY(backup_check(arena, folder, NULL, refusal));
    if (access(s->store, F_OK) == 0 && !overwrite)
        return refuse(refusal,
                      (struct refusal){.result = RESULT_CONFLICT,
                                       .field = "DUKOU_HOME",
                                       .zh = "目标位置已有一个城市",
                                       .en = "there is a city already",
                                       .remedy_zh = "请换一个位置，或明确要求覆盖",
                                       .remedy_en = "Choose another place, or ask to overwrite it."});
    TRY(seal_rest(arena, s, refusal));
    return restore_mark_write(s, arena, ret_mark);
}

static enum result refuse_other(struct arena *arena, const struct restore_mark *mark, struct refusal *refusal)
{
    return refuse(refusal, (struct refusal){
                               .result = RESULT_CONFLICT,
                               .field = mark->folder,
                               .zh = arena_printf(arena, "另一次恢复尚未做完：%s", mark->folder),
                               .en = arena_printf(arena, "another restore was cut off: of %s", mark->folder),
                               .remedy_zh = "先把它做完",
                               .remedy_en = "finish that one first"});
}

static enum result restore(struct arena *arena, const struct settings *s, const char *folder, bool overwrite,
                           struct refusal *refusal)
{
    struct restore_mark mark;
    enum result result = restore_mark_read(s, arena, &mark);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && mark.placed))
        result = begin(arena, s, folder, overwrite, &mark, refusal);
    else if (result == RESULT_OK && strcmp(mark.folder, folder) != 0)
        return refuse_other(arena, &mark, refusal);
    TRY(result);
    return place(arena, s, &mark, refusal);
}

/* ---- a store that was brought back by other means ---- */

struct known {
    struct arena *arena;
    int64_t next;
};

static enum result ask_next(struct store_tx *tx, void *argument)
{
    struct known *known = argument;
    return audit_next(tx, known->arena, &known->next);
}

static enum result check_city(struct arena *arena, const struct settings *s, struct refusal *refusal)
{
    struct store *store = NULL;
    struct known known = {.arena = arena};
    enum result result = store_there(s->store);
    if (result == RESULT_OK) {
        TRY(store_open_explained(s->store, arena, refusal, &store));
        result = store_read(store, ask_next, &known);
        store_close(store);
    }
    if (result == RESULT_OK && known.next == 0)
        result = RESULT_NOT_FOUND;
    if (result != RESULT_NOT_FOUND)
        return result;
    return refuse(refusal, (struct refusal){.result = RESULT_NOT_FOUND,
                                            .field = "DUKOU_STORE",
                                            .zh = "存储中没有城市",
                                            .en = "there is no city in the store",
                                            .remedy_zh = "请先用数据库自己的工具恢复数据库",
                                            .remedy_en = "Bring the database back first, by its own means."});
}

static enum result take_as_placed(struct arena *arena, const struct settings *s, struct refusal *refusal)
{
    struct restore_mark mark;
    enum result result = restore_mark_read(s, arena, &mark);
    if (result == RESULT_OK)
        return mark.placed ? RESULT_OK : refuse_other(arena, &mark, refusal);
    if (result != RESULT_NOT_FOUND)
        return result;
    TRY(check_city(arena, s, refusal));
    mark = (struct restore_mark){.id = new_id(arena), .folder = "", .store_placed = true, .placed = true};
    return restore_mark_write(s, arena, &mark);
}

void restore_explain(const struct city *city, struct arena *arena, struct refusal *ret_refusal)
{
    struct known known = {.arena = arena};
    int64_t sealed = 0;
    if (ret_refusal == NULL || ret_refusal->en != NULL ||
        store_read(city->store, ask_next, &known) != RESULT_OK ||
        audit_sealed(city->settings.log, arena, &sealed) != RESULT_OK || known.next >= sealed)
        return;
    *ret_refusal = (struct refusal){
        .result = RESULT_CORRUPT,
        .field = "DUKOU_STORE",
        .zh = arena_printf(arena, "存储止于 %lld 条日志，而日志已封存 %lld 条：存储是较旧的副本",
                           (long long)known.next, (long long)sealed),
        .en = arena_printf(arena,
                           "the store ends at %lld entries, the log holds %lld: the store is an older copy",
                           (long long)known.next, (long long)sealed),
        .remedy_zh = "放回最新的存储；若没有，运行 dukou restore --placed，再启动",
        .remedy_en = "Bring the newest store back; where there is none, run dukou restore --placed and start "
                     "again."};
}

enum result restore_allows_start(const struct settings *settings, struct arena *arena, bool *ret_placed,
                                 struct refusal *ret_refusal)
{
    struct restore_mark mark;
    enum result result = restore_mark_read(settings, arena, &mark);
    *ret_placed = result == RESULT_OK && mark.placed;
    if (result == RESULT_NOT_FOUND || *ret_placed)
        return RESULT_OK;
    TRY(result);
    return refuse(
        ret_refusal,
        (struct refusal){.result = RESULT_CONFLICT,
                         .field = "DUKOU_HOME",
                         .zh = "一次恢复被中断，这里的数据不完整",
                         .en = "a restore was cut off, and what is here is not whole",
                         .remedy_zh = arena_printf(arena, "再次运行 dukou restore %s", mark.folder),
                         .remedy_en = arena_printf(arena, "run dukou restore %s again", mark.folder)});
}

int command_restore(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct settings settings;
    struct refusal refusal = {0};
    bool overwrite = argc == 3 && strcmp(argv[2], "--overwrite") == 0;
    bool placed = argc == 2 && strcmp(argv[1], "--placed") == 0;
    if ((argc != 2 && !overwrite) || (argv[1][0] == '-' && !placed))
        return usage();
    enum result result = settings_read(arena, &settings, &refusal);
    if (result == RESULT_OK && placed)
        result = take_as_placed(arena, &settings, &refusal);
    else if (result == RESULT_OK)
        result = restore(arena, &settings, argv[1], overwrite, &refusal);
    if (result != RESULT_OK)
        return command_refused("restore", result, &refusal);
    (void)printf("%s\n下次启动时完成：重放已删除与已撤回的内容，并记入审计日志 the next start finishes it: "
                 "what was deleted "
                 "and taken back is replayed, and the restore recorded in the log\n",
                 settings.home);
    return 0;
}
