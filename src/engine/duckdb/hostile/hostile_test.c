/* Every probe in the whole jail, with each wall taken away, behind each wall alone, and behind none. */
#include "engine/duckdb/hostile/hostile.h"
#include "support/attack.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROBES_MAX = 256, NAME_BYTES = 64 };

static struct probe *probes[PROBES_MAX];
static unsigned probe_count;

void probe_register(struct probe *probe)
{
    if (probe_count == PROBES_MAX)
        abort();
    probes[probe_count++] = probe;
}

static const struct {
    const char *name;
    uint32_t layers;
} walls[] = {
#define X(symbol, name, layers) [WALL_##symbol] = {name, layers},
    WALLS(X)
#undef X
};

/* What a wall needs to stand when it stands alone: a filter and Landlock want no_new_privs, a root folder its
 * mount namespace, and limits bind only those who have no right to pass them. */
static const uint32_t foundations[WALL_COUNT] = {
    [WALL_SECCOMP] = L(SECCOMP) | L(NO_NEW_PRIVS),
    [WALL_LANDLOCK] = L(LANDLOCK) | L(NO_NEW_PRIVS),
    [WALL_ROOT] = L(USER) | L(MOUNT) | L(ROOT),
    [WALL_NAMESPACES] = L(USER) | L(PID) | L(MOUNT) | L(NET) | L(IPC) | L(UTS) | L(OWN_PID) | L(OWN_USER),
    [WALL_RLIMITS] = L(RLIMITS) | L(NOBODY) | L(CAPABILITIES),
    [WALL_RIGHTS] = L(NOBODY) | L(CAPABILITIES) | L(NO_NEW_PRIVS),
    [WALL_SESSION] = L(SESSION),
    [WALL_KEYRING] = L(KEYRING),
};

/* ---- one run of all probes ---- */

static int64_t run_probe(struct engine *engine, unsigned number)
{
    static const struct engine_limits limits = {.seconds = 5, .threads = 1};
    page->run = probes[number]->run;
    page->steps = 0;
    if ((probes[number]->flags & TWICE) != 0)
        (void)hostile_call(engine, &limits);
    struct outcome outcome = hostile_call(engine, &limits);
    if (probes[number]->harm == HARM_PROCESS)
        world_settle();
    const char *harm = world_harm();
    if (harm != NULL || outcome.core)
        return DONE;
    if (outcome.result == RESULT_OK)
        return outcome.value;
    if (outcome.result == RESULT_UNAVAILABLE && outcome.signal != 0)
        return SIGNALLED(outcome.signal);
    if ((probes[number]->flags & ENDS) != 0 && outcome.ended && page->steps == ENDED)
        return DONE;
    fail_msg("%s: the worker ended with result %d", probes[number]->name, outcome.result);
    return 0;
}

static const char *outcome_text(int64_t outcome)
{
    static char text[4][32];
    static int at;
    char *here = text[at = (at + 1) % 4];
    if (outcome == DONE)
        return "harm";
    if (outcome > SIGNALLED(0))
        (void)snprintf(here, sizeof text[0], "killed by SIG%s", sigabbrev_np((int)(outcome - SIGNALLED(0))));
    else
        (void)snprintf(here, sizeof text[0], "%s", strerrorname_np((int)-outcome));
    return here;
}

/* outcomes[number of the probe] in a jail that lacks the layers `without`. */
static void run_all(uint32_t without, int landlock_abi, int64_t outcomes[PROBES_MAX])
{
    memset(outcomes, 0, PROBES_MAX * sizeof *outcomes);
    struct engine *engine;
    world_make();
    lab.without = without;
    lab.landlock_abi = landlock_abi;
    assert_int_equal(duckdb_engine_start(NULL, &engine), RESULT_OK);
    for (unsigned i = 0; i < probe_count; i++) {
        outcomes[i] = run_probe(engine, i);
        if (getenv("HOSTILE_PRINT") != NULL)
            (void)fprintf(stderr, "%08x %s: %s\n", without, probes[i]->name, outcome_text(outcomes[i]));
    }
    engine_stop(engine);
}

/* Adds to the complaints, which fail the test at its end. */
static char complaints[16384];
static void complain(const char *about, const char *name, const char *what)
{
    size_t at = strlen(complaints);
    (void)snprintf(complaints + at, sizeof complaints - at, "\n    %s: %s: %s", about, name, what);
}

static void no_complaint(void)
{
    static char text[sizeof complaints];
    memcpy(text, complaints, sizeof text);
    complaints[0] = '\0';
    if (text[0] != '\0')
        fail_msg("%s", text);
}

/* ---- what is reported ---- */

static void put(char *text, size_t room, const char *separator, const char *more)
{
    size_t at = strlen(text);
    (void)snprintf(text + at, room - at, "%s%s", at > 0 ? separator : "", more);
}

/* "seccomp, Landlock": those that stop it, from `from` on. */
static const char *walls_text(const struct probe *probe, int from)
{
    static char text[256];
    text[0] = '\0';
    for (int wall = from; wall < WALL_COUNT; wall++)
        if ((probe->walls >> wall & 1) != 0)
            put(text, sizeof text, ", ", walls[wall].name);
    return text;
}

static const char *stopped_text(const struct probe *probe)
{
    static char text[512];
    int first = __builtin_ctz(probe->walls);
    const char *how = "";
    if (first == WALL_SECCOMP)
        how = probe->outcome == KILLED    ? " (kills)"
              : probe->outcome == -ENOENT ? " (traps; files.c answers)"
                                          : " (declines)";
    const char *behind = walls_text(probe, first + 1);
    (void)snprintf(text, sizeof text, "%s%s%s%s", walls[first].name, how,
                   behind[0] != '\0' ? "; behind it " : "", behind);
    return text;
}

static void report_layers(const struct probe *probe)
{
    static const char *const harms[] = {
        [HARM_FILE] = "no file of the machine is read or changed",
        [HARM_DATA] = "no data of another is read or changed",
        [HARM_NETWORK] = "nobody outside is reached",
        [HARM_PROCESS] = "no other process is touched",
        [HARM_ESCAPE] = "no escape",
        [HARM_LOAD] = "one wall: more of the machine than allowed, until the deadline kills it",
        [HARM_OWN] = "one wall: its own job's files, no one else's",
        [SURFACE] = "one wall: a means, no harm by itself",
    };
    char name[128];
    char stopped[300];
    bool single = (probe->walls & (probe->walls - 1)) == 0;
    bool fixed = (probe->walls & (W(CLOSED) - 1)) == 0;
    (void)snprintf(name, sizeof name, "%s", probe->name);
    (void)snprintf(stopped, sizeof stopped, "%s%s", single ? "only " : "each alone: ", walls_text(probe, 0));
    attack_stopped(
        &(struct attack){"jail-layers", name, probe->tried, stopped,
                         fixed ? (probe->flags & UNSURE) == 0 ? "one wall, in the code of every worker"
                                                              : "cannot be taken away"
                         : !single && probe->harm >= HARM_LOAD ? "stopped with any one of them away"
                                                               : harms[probe->harm]});
}

/* ---- tests ---- */

TEST(every_probe_is_stopped_in_the_whole_jail)
{
    int64_t outcomes[PROBES_MAX];
    run_all(0, 0, outcomes);
    for (unsigned i = 0; i < probe_count; i++) {
        const struct probe *probe = probes[i];
        if (outcomes[i] != probe->outcome)
            complain(outcome_text(outcomes[i]), probe->name, outcome_text(probe->outcome));
        else
            attack_stopped(&(struct attack){"jail", probe->name, probe->tried, stopped_text(probe),
                                            outcome_text(probe->outcome)});
    }
    no_complaint();
}

/* Else it would be no attack, and what is said to stop it might be nothing. Root lacks what users share among
 * themselves. */
TEST(without_any_wall_the_probes_succeed)
{
    int64_t outcomes[PROBES_MAX];
    int64_t as_nobody[PROBES_MAX];
    lab.leaves_open = true;
    hostile_lend(O_RDWR);
    run_all(JAIL_ALL, 0, outcomes);
    run_all(JAIL_ALL & ~L(NOBODY), 0, as_nobody);
    lab.leaves_open = false;
    hostile_lend(O_RDONLY);
    for (unsigned i = 0; i < probe_count; i++)
        if (outcomes[i] != DONE && as_nobody[i] != DONE && (probes[i]->flags & UNSURE) == 0 &&
            (getuid() == 0 || (probes[i]->flags & ONLY_ROOT) == 0))
            complain(outcome_text(outcomes[i]), probes[i]->name, "is no attack");
    no_complaint();
}

static void stand_alone(int wall, uint32_t further)
{
    int64_t outcomes[PROBES_MAX];
    run_all(JAIL_ALL & ~(foundations[wall] | further), 0, outcomes);
    for (unsigned i = 0; i < probe_count; i++)
        if (outcomes[i] == DONE && (probes[i]->walls >> wall & 1) != 0)
            complain(walls[wall].name, probes[i]->name, "is let through");
        else if (outcomes[i] != DONE && (probes[i]->walls >> wall & 1) == 0 &&
                 getenv("HOSTILE_PRINT") != NULL)
            (void)fprintf(stderr, "%s also stops %s: %s\n", walls[wall].name, probes[i]->name,
                          outcome_text(outcomes[i]));
}

TEST(each_wall_alone_stops_what_it_is_said_to_stop)
{
    for (int wall = 0; wall < WALL_COUNT; wall++) {
        if (foundations[wall] == 0)
            continue;
        stand_alone(wall, L(NOBODY));
        if (getuid() == 0)
            stand_alone(wall, 0);
    }
    for (unsigned i = 0; i < probe_count && complaints[0] == '\0'; i++)
        report_layers(probes[i]);
    no_complaint();
}

static void take_away(const char *name, uint32_t layers, int landlock_abi)
{
    int64_t outcomes[PROBES_MAX];
    char about[64];
    (void)snprintf(about, sizeof about, "without %s%s", name, landlock_abi > 0 ? ", old Landlock" : "");
    run_all(layers, landlock_abi, outcomes);
    for (unsigned i = 0; i < probe_count; i++)
        if (outcomes[i] == DONE && probes[i]->harm < HARM_LOAD)
            complain(about, probes[i]->name, "does harm");
}

static void take_each_wall_away(int landlock_abi)
{
    for (int wall = 0; wall < WALL_COUNT; wall++)
        if (walls[wall].layers != 0)
            take_away(walls[wall].name, walls[wall].layers, landlock_abi);
}

static void take_each_layer_away(int landlock_abi)
{
    for (int layer = 0; layer < JAIL_LAYER_COUNT; layer++) {
        /* Without no_new_privs only who has capabilities may load a filter. */
        uint32_t away = UINT32_C(1) << layer | (layer == JAIL_NO_NEW_PRIVS ? L(CAPABILITIES) : 0);
        bool wall = false;
        for (int i = 0; i < WALL_COUNT; i++)
            wall |= walls[i].layers == away;
        if (!wall)
            take_away(jail_layer_name((enum jail_layer)layer), away, landlock_abi);
    }
}

TEST(with_any_wall_away_no_harm_is_done)
{
    take_each_wall_away(0);
    take_each_layer_away(0);
    no_complaint();
}

/* Debian 12's own kernel: no control over truncating, the network, signals and abstract sockets. */
TEST(with_the_landlock_of_an_older_kernel_no_harm_is_done_either)
{
    enum { ABI_OF_LINUX_6_1 = 2 };
    take_away("nothing", 0, ABI_OF_LINUX_6_1);
    take_each_wall_away(ABI_OF_LINUX_6_1);
    if (getenv("DUKOU_TEST_LONG") != NULL)
        take_each_layer_away(ABI_OF_LINUX_6_1);
    no_complaint();
}
