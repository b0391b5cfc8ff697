/* `dukou backup`: the store as of one instant, the log and the vault's encrypted files; read back afterwards.
 * Keys are not in it: they are kept apart, so that a destroyed key stays destroyed. */
#include "command/backup.h"

#include "command/command.h"
#include "command/folder.h"
#include "command/settings.h"
#include "store/store.h"
#include "vault/vault.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(void)
{
    (void)fputs(
        "dukou backup FOLDER [--keep-days N]      (a new folder; 90 days unless told)\n"
        "dukou backup check FOLDER [--keys KEYS]  (with a copy of HOME/keys: that they open the vault)\n",
        stderr);
    return 2;
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
    TRY(folder_copy(s->log, arena_printf(arena, "%s/log", folder), FOLDER_REFUSE));
    TRY(folder_copy(arena_printf(arena, "%s/vault", s->home), arena_printf(arena, "%s/vault", folder),
                    FOLDER_REFUSE));
    TRY(backup_seal(arena, folder));
    TRY(backup_check(arena, folder, NULL, refusal));
    TRY(settings_clock(s, &clock));
    now = clock_now(clock);
    clock_free(clock);
    return vault_backup_verified(s->home, absolute, now);
}

static int check(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    bool with_keys = argc == 5 && strcmp(argv[3], "--keys") == 0;
    if (argc != 3 && !with_keys)
        return usage();
    enum result result = backup_check(arena, argv[2], with_keys ? argv[4] : NULL, &refusal);
    if (result != RESULT_OK)
        return command_refused("backup check", result, &refusal);
    (void)puts("备份完整 the backup is whole");
    return 0;
}

int command_backup(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct settings settings;
    struct refusal refusal = {0};
    int days = 90;
    if (argc >= 3 && strcmp(argv[1], "check") == 0)
        return check(argc, argv);
    if (argc == 4 && strcmp(argv[2], "--keep-days") == 0)
        days = (int)strtol(argv[3], NULL, 10);
    else if (argc != 2)
        return usage();
    if (days < 1 || days > 3660)
        return usage();
    enum result result = settings_read(arena, &settings, &refusal);
    if (result == RESULT_OK)
        result = make_backup(arena, &settings, argv[1], days, &refusal);
    if (result != RESULT_OK)
        return command_refused("backup", result, &refusal);
    (void)printf("%s\n密钥不在备份中，请另行保管 keys are not in it: keep %s/keys apart\n", argv[1],
                 settings.home);
    return 0;
}
