/* `dukou store copy FROM TO`: a whole city's store into another, proved equal, and held against the log. */
#include "audit/audit.h"
#include "command/command.h"
#include "command/settings.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
    (void)fputs(
        "dukou store copy FROM TO\n"
        "  FROM, TO: a SQLite file, or postgresql://…; TO holds nothing yet. Stop the servers first.\n",
        stderr);
    return 2;
}

static enum result copy_between(const char *from, const char *to, struct arena *arena,
                                struct refusal *ret_refusal, struct store_copied *ret_copied)
{
    struct store *source;
    struct store *target;
    TRY(store_there(from));
    TRY(store_open_explained(from, arena, ret_refusal, &source));
    enum result result = store_open_explained(to, arena, ret_refusal, &target);
    if (result == RESULT_OK) {
        result = store_copy(source, target, arena, ret_refusal, ret_copied);
        store_close(target);
    }
    store_close(source);
    return result;
}

/* The log beside the city, where there is one, holds of the copy what it held of the original. */
static int verify_copy(struct arena *arena, const char *to)
{
    struct settings settings;
    struct refusal refusal = {0};
    struct audit_report report = {0};
    enum result result = settings_read(arena, &settings, &refusal);
    if (result != RESULT_OK)
        return command_refused("store copy", result, &refusal);
    if (access(settings.log, F_OK) != 0) {
        (void)printf("没有日志可核对 no log at %s to hold it against\n", settings.log);
        return 0;
    }
    result = audit_verify(settings.log, to, NULL, arena, &report);
    if (result != RESULT_OK && report.first != NULL)
        (void)fprintf(stderr, "%s\n", report.first);
    if (result != RESULT_OK)
        return command_refused("store copy: audit verify", result, NULL);
    (void)printf("验证通过 verified against the log: %lld entries, %lld rows\n", (long long)report.entries,
                 (long long)report.rows);
    return 0;
}

int command_store(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store_copied copied = {0};
    if (argc != 4 || strcmp(argv[1], "copy") != 0)
        return usage();
    enum result result = copy_between(argv[2], argv[3], arena, &refusal, &copied);
    if (result != RESULT_OK)
        return command_refused("store copy", result, &refusal);
    (void)printf("副本一致 equal: %zu tables with rows, %lld rows\n", copied.tables, (long long)copied.rows);
    return verify_copy(arena, argv[3]);
}
