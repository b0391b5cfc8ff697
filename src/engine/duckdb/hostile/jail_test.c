/* The jail as every worker gets it. */
#include "base/limits.h"
#include "engine/duckdb/hostile/hostile.h"
#include "support/attack.h"
#include "support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct engine *engine;

static void stop(void)
{
    engine_stop(engine);
}

struct engine *hostile_engine(void)
{
    if (engine == NULL) {
        world_make();
        lab.without = 0;
        lab.landlock_abi = 0;
        assert_ok(duckdb_engine_start(NULL, &engine));
        (void)atexit(stop);
    }
    return engine;
}

struct outcome hostile_run(int64_t (*run)(const struct lab_worker *))
{
    static const struct engine_limits limits = {.seconds = 1, .threads = 1};
    struct engine *jailed = hostile_engine();
    page->run = run;
    return hostile_call(jailed, &limits);
}

static int64_t who(const struct lab_worker *worker)
{
    (void)worker;
    return getuid() != 0 && geteuid() != 0 ? getpid() : -1;
}

void assert_workers_still_work(void)
{
    struct outcome outcome = hostile_run(who);
    assert_ok(outcome.result);
    assert_int_equal(outcome.value, 1);
}

TEST(every_layer_of_the_jail_holds_here)
{
    uint32_t layers;
    struct engine *jailed = hostile_engine();
    page->run = NULL;
    assert_ok(engine_jail(jailed, &layers, NULL));
    for (int layer = 0; layer < JAIL_LAYER_COUNT; layer++)
        if ((layers >> layer & 1) == 0)
            fail_msg("no %s", jail_layer_name((enum jail_layer)layer));
}

TEST(a_worker_is_nobody_and_alone)
{
    assert_workers_still_work();
}

/* ---- crashes ---- */

static int64_t break_a_rule_of_memory(const struct lab_worker *worker)
{
    (void)worker;
    return *(volatile char *)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int64_t give_up(const struct lab_worker *worker)
{
    (void)worker;
    abort();
}

static int64_t dig(const volatile char *above)
{
    volatile char here[65536];
    here[0] = *above;
    return here[0] == 2 ? 0 : dig(here) + here[0];
}

static int64_t fill_the_stack(const struct lab_worker *worker)
{
    const volatile char start = 0;
    (void)worker;
    return dig(&start);
}

TEST(a_crash_costs_one_answer)
{
    static int64_t (*const crashes[])(const struct lab_worker *) = {break_a_rule_of_memory, give_up,
                                                                    fill_the_stack};
    for (size_t i = 0; i < 3; i++) {
        struct outcome outcome = hostile_run(crashes[i]);
        assert_int_equal(outcome.result, RESULT_UNAVAILABLE);
        assert_true(outcome.signal == SIGSEGV || outcome.signal == SIGABRT);
        assert_false(outcome.core);
        assert_workers_still_work();
    }
}

/* ---- time ---- */

static int64_t spin(const struct lab_worker *worker)
{
    (void)worker;
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    for (volatile int forever = 1; forever;)
        continue;
    return 0;
}

TEST(a_worker_that_blocks_every_signal_is_killed_at_its_deadline)
{
    assert_int_equal(hostile_run(spin).result, RESULT_TIMEOUT);
    assert_workers_still_work();
    attack_stopped(&(struct attack){"jail", "compute_past_the_deadline",
                                    "computes on with every signal blocked",
                                    "keeper: SIGKILL at the deadline", "RESULT_TIMEOUT"});
}

static int64_t wait_without_end(const struct lab_worker *worker)
{
    (void)worker;
    while (usleep(100 * 1000) == 0)
        continue;
    return 0;
}

TEST(a_worker_that_only_waits_is_killed_at_its_deadline)
{
    assert_int_equal(hostile_run(wait_without_end).result, RESULT_TIMEOUT);
    assert_workers_still_work();
    attack_stopped(&(struct attack){"jail", "wait_past_the_deadline", "keeps its place and does nothing",
                                    "keeper: SIGKILL at the deadline", "RESULT_TIMEOUT"});
}

/* ---- what workers share ---- */

static int pause_as_a_thread(void *unused)
{
    (void)unused;
    while (poll(NULL, 0, 10 * 1000) == 0)
        continue;
    return 0;
}

/* Takes every thread it can get and keeps them until it is killed. */
static int64_t hoard_threads(const struct lab_worker *worker)
{
    enum { MOST = 700, STACK = 4096 };
    const int flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_FS | CLONE_FILES;
    char *stacks =
        mmap(NULL, (size_t)(MOST + 1) * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int count = 0;
    (void)worker;
    while (count < MOST && clone(pause_as_a_thread, stacks + (size_t)(count + 1) * STACK, flags, NULL) > 0)
        count++;
    page->steps = count;
    while (poll(NULL, 0, 1000) == 0)
        continue;
    return 0;
}

static void *run_hoarder(void *unused)
{
    static const struct engine_limits limits = {.seconds = 3, .threads = 1};
    (void)unused;
    return hostile_call(hostile_engine(), &limits).result == RESULT_TIMEOUT ? page : NULL;
}

/* Limits on threads are of a user. Who has a user namespace of its own takes none from the others. */
TEST(a_worker_that_hoards_threads_takes_none_from_others)
{
    pthread_t hoarder;
    void *timed_out = NULL;
    (void)hostile_engine();
    page->steps = 0;
    page->run = hoard_threads;
    assert_int_equal(pthread_create(&hoarder, NULL, run_hoarder, NULL), 0);
    while (page->steps == 0)
        (void)usleep(1000);
    page->run = NULL;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct engine_answer answer;
    const struct engine_query query = {.sql = "SELECT sum(range) FROM range(1000000)",
                                       .limits = {.seconds = 10, .threads = 32}};
    enum result result = engine_run(hostile_engine(), NULL, arena, &query, &answer, NULL);
    assert_int_equal(pthread_join(hoarder, &timed_out), 0);
    assert_ok(result);
    assert_non_null(timed_out);
    assert_in_range(page->steps, LIMIT_WORKER_THREADS, 2 * LIMIT_WORKER_THREADS);
    attack_stopped(&(struct attack){
        "jail", "hoard_threads", "takes every thread it can get, so that other workers get none",
        "rlimits, counted in a user namespace of each worker", "a query beside it runs with 32 threads"});
}

static int64_t read_badness(const struct lab_worker *worker)
{
    char text[16] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDONLY);
    (void)worker;
    return fd >= 0 && read(fd, text, sizeof text - 1) > 0 ? strtol(text, NULL, 10) : -1;
}

TEST(where_memory_runs_out_a_worker_is_killed_first)
{
    static const struct engine_limits limits = {.seconds = 1, .threads = 1};
    struct engine *open_engine;
    world_make();
    page->run = read_badness;
    lab.without = L(SECCOMP) | L(ROOT) | L(LANDLOCK); /* so that it can read it */
    assert_ok(duckdb_engine_start(NULL, &open_engine));
    lab.without = 0;
    struct outcome outcome = hostile_call(open_engine, &limits);
    engine_stop(open_engine);
    assert_ok(outcome.result);
    assert_int_equal(outcome.value, 1000);
    attack_stopped(&(struct attack){
        "jail", "exhaust_the_machines_memory", "takes memory with others until the machine has none",
        "oom_score_adj 1000; before it RLIMIT_AS of each worker", "it is the one to be killed"});
}
