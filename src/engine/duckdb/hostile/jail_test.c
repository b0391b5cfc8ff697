/* The jail as every worker gets it. */
#include "engine/duckdb/hostile/hostile.h"
#include "support/attack.h"
#include "support/test.h"

#include <errno.h>
#include <signal.h>
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

TEST(a_crash_costs_one_answer_and_leaves_no_core_file)
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
    attack_stopped(&(struct attack){"jail", "leave_a_core_file",
                                    "crashes, so that its memory is written to a core file",
                                    "not dumpable; behind it RLIMIT_CORE", "killed by SIGSEGV, no core"});
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
    attack_stopped(
        &(struct attack){"jail", "compute_past_the_deadline", "computes on with every signal blocked",
                         "keeper: SIGKILL at the deadline; behind it RLIMIT_CPU", "RESULT_TIMEOUT"});
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
