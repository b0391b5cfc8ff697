/* `dukou audit`: verifies, shows and proves, offline, on a copy. */
#include "audit/audit.h"
#include "command/command.h"
#include "command/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(void)
{
    (void)fputs("dukou audit verify [--home FOLDER | --log FOLDER] [--store ADDRESS] [--keys FILE]\n"
                "  (the store is FOLDER/dukou.db; DUKOU_STORE where FOLDER is the home that is served)\n"
                "dukou audit show ENTRY [--home FOLDER]\n"
                "dukou audit prove ENTRY [--home FOLDER]\n"
                "dukou audit check PROOF_FILE [--keys FILE]\n",
                stderr);
    return 2;
}

struct place {
    const char *log;
    const char *store; /* NULL: the log alone */
    const char *keys;
    bool restoring; /* a restore waits for the next start to finish it (command/restore.h) */
};

/* Whether both name one folder, however they are written. */
static bool is_same_folder(const char *a, const char *b)
{
    struct stat one;
    struct stat other;
    if (stat(a, &one) != 0 || stat(b, &other) != 0)
        return strcmp(a, b) == 0;
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* A copy has its store in it; only the home that is served may have it elsewhere. A log alone has none. */
static const char *find_store(struct arena *arena, const char *home, const char *served, const char *log)
{
    const char *store = getenv("DUKOU_STORE");
    if (log != NULL)
        return NULL;
    if (store != NULL && store[0] != '\0' && is_same_folder(home, served))
        return store;
    return arena_printf(arena, "%s/dukou.db", home);
}

static bool read_place(struct arena *arena, int argc, char **argv, int from, struct place *ret_place)
{
    const char *served = getenv("DUKOU_HOME");
    const char *log = NULL;
    *ret_place = (struct place){0};
    if (served == NULL)
        served = "./var";
    const char *home = served;
    for (int i = from; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--home") == 0)
            home = argv[i + 1];
        else if (strcmp(argv[i], "--log") == 0)
            log = argv[i + 1];
        else if (strcmp(argv[i], "--store") == 0)
            ret_place->store = argv[i + 1];
        else if (strcmp(argv[i], "--keys") == 0)
            ret_place->keys = argv[i + 1];
        else
            return false;
    }
    ret_place->log = log != NULL ? log : arena_printf(arena, "%s/log", home);
    ret_place->restoring = log == NULL && access(arena_printf(arena, "%s/restoring", home), F_OK) == 0;
    if (ret_place->store == NULL)
        ret_place->store = find_store(arena, home, served, log);
    return (argc - from) % 2 == 0;
}

/* Where it looked, and how to name another place. */
static int refuse_missing(struct arena *arena, const struct place *place)
{
    bool log = place->store == NULL || access(place->log, F_OK) != 0;
    const char *served = getenv("DUKOU_STORE");
    bool other = !log && served != NULL && served[0] != '\0' && strcmp(served, place->store) != 0;
    struct refusal refusal = {
        .result = RESULT_NOT_FOUND,
        .field = log ? place->log : store_shown(arena, place->store),
        .zh = log ? "没有这个日志目录" : "没有这个存储",
        .en = log ? "there is no such folder of a log" : "there is no such store",
        .remedy_zh = other
                         ? "DUKOU_STORE 只用于 DUKOU_HOME 本身；请用 --store 指明存储，或用 --log 只核对日志"
                         : "请用 --home 指明目录，用 --store 指明存储，或用 --log 只核对日志",
        .remedy_en = other
                         ? "DUKOU_STORE is taken for DUKOU_HOME itself only: name the store with --store, or "
                           "verify the log alone with --log"
                         : "name the folder with --home and the store with --store, or verify the log alone "
                           "with --log"};
    return command_refused("audit verify", RESULT_NOT_FOUND, &refusal);
}

static int verify(struct arena *arena, const struct place *place)
{
    struct audit_report report = {0};
    enum result result = place->restoring
                             ? audit_verify_copy(place->log, place->store, place->keys, arena, &report)
                             : audit_verify(place->log, place->store, place->keys, arena, &report);
    if (result == RESULT_NOT_FOUND)
        return refuse_missing(arena, place);
    if (result != RESULT_OK && result != RESULT_CORRUPT)
        return command_refused("audit verify", result, NULL);
    if (place->store != NULL)
        (void)printf("store\t%s\n", store_shown(arena, place->store));
    (void)printf("entries\t%lld\npending\t%lld\nrows\t%lld\nbatches\t%lld\nfaults\t%lld\n",
                 (long long)report.entries, (long long)report.pending, (long long)report.rows,
                 (long long)report.batches, (long long)report.faults);
    if (report.notes != NULL)
        (void)printf("notes\n%s\n", report.notes);
    if (report.uncovered != NULL)
        (void)printf("not covered\n%s\n", report.uncovered);
    if (report.first != NULL)
        (void)printf("FAULTS\n%s\n", report.first);
    (void)puts(result == RESULT_OK ? "验证通过 verified" : "验证不通过 NOT verified");
    return result == RESULT_OK ? 0 : 1;
}

static int show(struct arena *arena, const struct place *place, int64_t entry, bool proof)
{
    char *proof_text = NULL;
    const char *entry_text = NULL;
    enum result result = proof ? audit_prove(place->log, entry, arena, &proof_text)
                               : audit_read(place->log, entry, arena, &entry_text);
    if (result != RESULT_OK)
        return command_refused(proof ? "audit prove" : "audit show", result, NULL);
    (void)puts(proof ? proof_text : entry_text);
    return 0;
}

static int check(struct arena *arena, const char *path, const struct place *place)
{
    char *bytes = arena_alloc(arena, (size_t)4 * 1024 * 1024);
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    struct refusal refusal = {0};
    if (file == NULL)
        return command_refused("audit check", RESULT_NOT_FOUND, NULL);
    size_t size = fread(bytes, 1, (size_t)4 * 1024 * 1024 - 1, file);
    (void)fclose(file);
    if (size > 0 && bytes[size - 1] == '\n')
        size--; /* the end of the line that `audit prove` prints; a proof has one spelling */
    bytes[size] = '\0';
    enum result result = audit_check_proof(bytes, place->keys, arena, &refusal);
    if (result != RESULT_OK)
        return command_refused("audit check", result, &refusal);
    (void)puts("证明成立 the proof holds");
    return 0;
}

int command_audit(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct place place;
    if (argc < 2)
        return usage();
    bool verifies = strcmp(argv[1], "verify") == 0;
    int from = verifies ? 2 : 3;
    if (argc < from || !read_place(arena, argc, argv, from, &place))
        return usage();
    if (verifies)
        return verify(arena, &place);
    if (strcmp(argv[1], "check") == 0)
        return check(arena, argv[2], &place);
    char *end;
    int64_t entry = strtoll(argv[2], &end, 10);
    if (*end != '\0' || entry < 0)
        return usage();
    if (strcmp(argv[1], "show") == 0)
        return show(arena, &place, entry, false);
    if (strcmp(argv[1], "prove") == 0)
        return show(arena, &place, entry, true);
    return usage();
}
