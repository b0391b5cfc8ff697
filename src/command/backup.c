/* `dukou backup` and `dukou restore`: the store as of one instant, the log and the vault's encrypted files.
 * Keys are not in it: they are kept apart, so that a destroyed key stays destroyed. */
#include "command/command.h"
#include "command/settings.h"
#include "store/store.h"
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(const char *name)
{
    (void)fprintf(stderr, strcmp(name, "backup") == 0
                              ? "dukou backup FOLDER [--keep-days N]   (a new folder; 90 days unless told)\n"
                              : "dukou restore FOLDER [--overwrite]\n");
    return 2;
}

/* Copies one file durably; `to` must not exist. */
static enum result copy_file(const char *from, const char *to)
{
    struct stat info;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    enum result result = in >= 0 && out >= 0 && fstat(in, &info) == 0 ? RESULT_OK : RESULT_IO;
    for (off_t left = result == RESULT_OK ? info.st_size : 0; left > 0;) {
        ssize_t sent = sendfile(out, in, NULL, (size_t)left);
        if (sent <= 0) {
            result = RESULT_IO;
            break;
        }
        left -= sent;
    }
    if (result == RESULT_OK && fsync(out) != 0)
        result = RESULT_IO;
    if (out >= 0)
        (void)close(out);
    if (in >= 0)
        (void)close(in);
    return result;
}

/* nftw() takes no argument of ours. */
static struct {
    const char *from;
    const char *to;
    enum result result;
} copying;

static int copy_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)walk;
    char to[PATH_MAX];
    if (snprintf(to, sizeof to, "%s%s", copying.to, path + strlen(copying.from)) >= (int)sizeof to)
        copying.result = RESULT_TOO_LARGE;
    else if (type == FTW_D)
        copying.result = mkdir(to, 0700) == 0 || errno == EEXIST ? RESULT_OK : RESULT_IO;
    else if (type == FTW_F)
        copying.result = copy_file(path, to);
    return copying.result == RESULT_OK ? 0 : 1;
}

/* A folder that is not there is an empty one. */
static enum result copy_folder(const char *from, const char *to)
{
    copying.from = from;
    copying.to = to;
    copying.result = RESULT_OK;
    if (access(from, R_OK) != 0)
        return RESULT_OK;
    if (nftw(from, copy_one, 16, FTW_PHYS) != 0 && copying.result == RESULT_OK)
        return RESULT_IO;
    return copying.result;
}

/* The log is copied after the store, so that it holds every entry that the store has dropped. */
static enum result make_backup(struct arena *arena, const struct settings *s, const char *folder, int days,
                               struct refusal *refusal)
{
    struct store *store;
    struct clock *clock;
    char absolute[PATH_MAX];
    if (mkdir(folder, 0700) != 0)
        return refuse(refusal, (struct refusal){
                                   .result = errno == EEXIST ? RESULT_CONFLICT : RESULT_IO,
                                   .field = folder,
                                   .zh = arena_printf(arena, "无法新建目录：%s", strerror(errno)),
                                   .en = arena_printf(arena, "cannot make the folder: %s", strerror(errno)),
                                   .remedy_zh = "每次备份指定一个新目录",
                                   .remedy_en = "name a new folder for each backup"});
    if (realpath(folder, absolute) == NULL)
        return RESULT_IO;
    TRY(settings_clock(s, &clock));
    instant now = clock_now(clock);
    clock_free(clock);
    TRY(vault_backup_register(s->home, absolute, now, now + days * INSTANT_DAY));
    TRY(store_open(s->store, &store));
    enum result result = store_backup(store, arena_printf(arena, "%s/dukou.db", folder));
    store_close(store);
    TRY(result);
    TRY(copy_folder(s->log, arena_printf(arena, "%s/log", folder)));
    return copy_folder(arena_printf(arena, "%s/vault", s->home), arena_printf(arena, "%s/vault", folder));
}

int command_backup(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct settings settings;
    struct refusal refusal = {0};
    int days = 90;
    if (argc == 4 && strcmp(argv[2], "--keep-days") == 0)
        days = (int)strtol(argv[3], NULL, 10);
    else if (argc != 2)
        return usage(argv[0]);
    if (days < 1 || days > 3660)
        return usage(argv[0]);
    enum result result = settings_read(arena, &settings, &refusal);
    if (result == RESULT_OK)
        result = make_backup(arena, &settings, argv[1], days, &refusal);
    if (result != RESULT_OK)
        return command_refused("backup", result, &refusal);
    (void)printf("%s\n密钥不在备份中，请另行保管 keys are not in it: keep %s/keys apart\n", argv[1],
                 settings.home);
    return 0;
}

/* Tombstones of the city that is there stay: what was deleted does not come back with an old backup. */
static enum result restore(struct arena *arena, const struct settings *s, const char *folder, bool overwrite,
                           struct refusal *refusal)
{
    TRY(store_restore(arena_printf(arena, "%s/dukou.db", folder), s->store, overwrite, arena, refusal));
    if (overwrite && access(s->log, F_OK) == 0 &&
        rename(s->log, arena_printf(arena, "%s.replaced.%ld", s->log, (long)getpid())) != 0)
        return RESULT_IO;
    TRY(copy_folder(arena_printf(arena, "%s/log", folder), s->log));
    const char *vault = arena_printf(arena, "%s/vault", s->home);
    if (access(vault, F_OK) == 0)
        return RESULT_OK; /* its files only ever grow or are destroyed for good: those that are there are the
                             right ones */
    return copy_folder(arena_printf(arena, "%s/vault", folder), vault);
}

int command_restore(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct settings settings;
    struct refusal refusal = {0};
    bool overwrite = argc == 3 && strcmp(argv[2], "--overwrite") == 0;
    if (argc != 2 && !overwrite)
        return usage(argv[0]);
    enum result result = settings_read(arena, &settings, &refusal);
    if (result == RESULT_OK)
        result = restore(arena, &settings, argv[1], overwrite, &refusal);
    if (result != RESULT_OK)
        return command_refused("restore", result, &refusal);
    (void)printf("%s\n", settings.home);
    return 0;
}
