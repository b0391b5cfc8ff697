#include "crash/campaign.h"

#include "base/random.h"
#include "crash/disk_calls.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROMISES_MAX = 4096, FAILURES_SHOWN = 5, SEED = 20260301 };

static struct {
    const struct campaign *campaign;
    struct promise promises[PROMISES_MAX];
    size_t promise_count;
    struct disk_log log; /* of the work */
    size_t at;           /* changes made at the point that is checked */
    uint64_t number;
    enum point_turn turn;
    uint64_t seed;
    char words[POINT_WORDS_BYTES];
} now;

struct promise *promise_begin(int kind, int64_t id, int64_t value)
{
    if (now.promise_count == PROMISES_MAX)
        abort();
    struct promise *promise = &now.promises[now.promise_count++];
    *promise =
        (struct promise){.kind = kind, .id = id, .value = value, .begun = now.log.count, .settled = SIZE_MAX};
    return promise;
}

void promise_settle(struct promise *promise, bool kept)
{
    promise->settled = now.log.count;
    promise->refused = !kept;
}

size_t promise_count(void)
{
    return now.promise_count;
}

const struct promise *promise_at(size_t index)
{
    return &now.promises[index];
}

enum promised promise_state(const struct promise *promise)
{
    if (promise->begun > now.at)
        return PROMISE_LATER;
    if (promise->settled > now.at)
        return PROMISE_BEGUN;
    return promise->refused ? PROMISE_REFUSED : PROMISE_KEPT;
}

char *point_words(void)
{
    return now.words;
}

uint64_t point_number(void)
{
    return now.number;
}

size_t campaign_size(size_t points, size_t long_points)
{
    if (getenv("DUKOU_CRASH_CONTROL") != NULL)
        return points / 50;
    return getenv("DUKOU_TEST_LONG") != NULL ? long_points : points;
}

enum point_turn point_turn(void)
{
    return now.turn;
}

/* ---- setting up ---- */

static struct disk *base_of(const struct campaign *campaign)
{
    const char *given = getenv("DUKOU_CRASH_SEED");
    disk_log_free(&now.log);
    memset(&now, 0, sizeof now);
    now.campaign = campaign;
    now.seed = given != NULL ? strtoull(given, NULL, 10) : SEED;
    disk_vfs_register();
    disk_fail(DISK_NO_FAULT, 0, 0);
    disk_use(disk_new());
    campaign->set_up();
    disk_settle(disk_used());
    struct disk *base = disk_copy(disk_used());
    now.promise_count = 0;
    return base;
}

static void work(const struct campaign *campaign)
{
    disk_record(&now.log);
    campaign->work();
    disk_record(NULL);
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
    uint64_t x = a + 0x9e3779b97f4a7c15ULL * (b + 1);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

static FILE *out; /* where failures are told; the code under test talks on standard error */

/* ---- one point ---- */

static bool checked(struct disk *disk, enum point_turn turn)
{
    now.turn = turn;
    disk_use(disk);
    return now.campaign->check();
}

/* Recovers with every change noted, then cuts that recovery off as well. */
static bool checked_twice(struct disk *disk, struct random *random)
{
    struct disk_log recovery = {0};
    struct disk *again = disk_copy(disk);
    disk_record(&recovery);
    bool good = checked(disk, POINT_FIRST);
    disk_record(NULL);
    if (good) {
        bool at_end = random_below(random, 2) == 0;
        size_t until = at_end ? recovery.count : random_below(random, recovery.count + 1);
        for (size_t i = 0; i < until; i++)
            disk_redo(again, recovery.ops[i]);
        disk_cut(again, random);
        good = checked(again, at_end ? POINT_CUT_AT_END : POINT_CUT);
        if (!good) {
            char words[512];
            (void)snprintf(words, sizeof words, "%.500s", now.words);
            (void)point_fails("after a cut of the recovery at its change %zu (%s): %s", until,
                              until < recovery.count ? disk_op_text(disk, recovery.ops[until]) : "its end",
                              words);
        }
    }
    disk_use(NULL);
    disk_free(again);
    disk_log_free(&recovery);
    return good;
}

/* Takes the disk. */
static bool point(struct disk *disk, uint64_t seed)
{
    struct random *random = random_seeded(seed);
    uint64_t how = random_below(random, 12);
    bool good;
    if (how >= 2)
        disk_cut(disk, random);
    good = how < 4 ? checked_twice(disk, random) : checked(disk, POINT_ONLY);
    disk_use(NULL);
    disk_free(disk);
    random_free(random);
    return good;
}

static void report(const struct disk *disk, const char *what, size_t at, size_t turn)
{
    if (out == NULL)
        out = stderr;
    (void)fprintf(out, "%s: seed %llu, point %zu.%zu%s: %s\n", now.campaign->name,
                  (unsigned long long)now.seed, at, turn, what, now.words);
    for (size_t i = at > 6 ? at - 6 : 0; disk != NULL && i < at; i++)
        (void)fprintf(out, "    %s\n", disk_op_text(disk, now.log.ops[i]));
    (void)fflush(out);
}

static bool chosen(size_t at, size_t turn)
{
    const char *given = getenv("DUKOU_CRASH_POINT");
    if (given == NULL)
        return true;
    char own[64];
    (void)snprintf(own, sizeof own, "%zu.%zu", at, turn);
    return strcmp(own, given) == 0;
}

bool campaign_cuts(const struct campaign *campaign, size_t points, size_t *ret_points)
{
    struct disk *at = base_of(campaign);
    size_t failures = 0;
    work(campaign);
    size_t turns = points / (now.log.count + 1) + 1;
    for (now.at = 0; now.at <= now.log.count; now.at++) {
        for (size_t turn = 0; turn < turns && failures < FAILURES_SHOWN; turn++) {
            now.number++;
            if (!chosen(now.at, turn) || point(disk_copy(at), mixed(now.seed, now.number)))
                continue;
            failures++;
            report(at, "", now.at, turn);
        }
        if (now.at < now.log.count)
            disk_redo(at, now.log.ops[now.at]);
    }
    disk_free(at);
    *ret_points = now.number;
    return failures == 0;
}

/* ---- faults ---- */

static const char *const fault_names[] = {"", "EIO", "no room", "half a write", "failed fsync"};

/* In a process of its own: the work with one fault, its end, and what is found afterwards. */
static bool fault_point(struct disk *base, enum disk_fault fault, size_t at, uint64_t seed)
{
    static sigjmp_buf stopped;
    volatile bool stops = false;
    disk_use(base);
    disk_fail(fault, at, 3 + seed % 40);
    disk_on_abort(&stopped);
    if (sigsetjmp(stopped, 0) == 0)
        work(now.campaign);
    else
        stops = true;
    disk_record(NULL);
    disk_on_abort(NULL);
    bool came = disk_failed();
    disk_fail(DISK_NO_FAULT, 0, 0);
    if (came && fault == DISK_SYNC && !stops)
        return point_fails("it went on after a failed fsync");
    if (stops && (!came || fault == DISK_FULL || fault == DISK_SHORT))
        return point_fails("it stopped (%s)", came ? "a full disk must not stop it" : "without a fault");
    now.at = now.log.count;
    if (getenv("DUKOU_CRASH_POINT") != NULL)
        for (size_t i = 0; i < now.log.count; i++)
            (void)fprintf(out, "    %zu %s\n", i, disk_op_text(disk_used(), now.log.ops[i]));
    return point(disk_copy(disk_used()), seed);
}

static bool forked_fault(struct disk *base, enum disk_fault fault, size_t at, uint64_t seed)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        out = fdopen(dup(STDERR_FILENO), "w");
        (void)freopen("/dev/null", "w", stderr);
        bool good = fault_point(base, fault, at, seed);
        if (!good) {
            char what[64];
            (void)snprintf(what, sizeof what, " (%s)", fault_names[fault]);
            report(NULL, what, at, (size_t)fault);
        }
        _exit(good ? 0 : 1);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        (void)point_fails("signal %d", WTERMSIG(status));
        report(NULL, fault_names[fault], at, (size_t)fault);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool campaign_faults(const struct campaign *campaign, size_t points, size_t *ret_points)
{
    struct disk *base = base_of(campaign);
    struct disk *scratch = disk_copy(base);
    size_t failures = 0;
    disk_use(scratch);
    disk_fail(DISK_NO_FAULT, 0, 0);
    work(campaign);
    const size_t counts[] = {0, disk_steps(), disk_steps(), disk_steps(), disk_syncs()};
    disk_use(NULL);
    disk_free(scratch);
    disk_log_free(&now.log);
    now.promise_count = 0;
    for (enum disk_fault fault = DISK_EIO; fault <= DISK_SYNC; fault++) {
        size_t stride = counts[fault] / points + 1;
        for (size_t at = now.seed % stride; at < counts[fault] && failures < FAILURES_SHOWN; at += stride) {
            now.number++;
            if (chosen(at, fault) && !forked_fault(base, fault, at, mixed(now.seed, now.number)))
                failures++;
        }
    }
    disk_free(base);
    *ret_points = now.number;
    return failures == 0;
}

/* ---- the control ---- */

bool campaign_fails_under_eatmydata(const char *test, const char *words)
{
    static char told[65536];
    char command[4096];
    char program[2048];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    if (system("LD_PRELOAD=libeatmydata.so true 2>&1 | grep -q . && exit 1 || exit 0") != 0) {
        print_message("libeatmydata is not installed (Debian: eatmydata)\n");
        skip();
    }
    (void)snprintf(command, sizeof command, "DUKOU_CRASH_CONTROL=1 LD_PRELOAD=libeatmydata.so '%s' '%s' 2>&1",
                   program, test);
    FILE *run = popen(command, "r");
    assert_non_null(run);
    size_t got = fread(told, 1, sizeof told - 1, run);
    told[got] = '\0';
    while (fread(command, 1, sizeof command, run) > 0)
        continue;
    return pclose(run) != 0 && strstr(told, words) != NULL;
}
