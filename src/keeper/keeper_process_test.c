/* What happens when processes die, calls come in crowds, or messages are no messages. */
#include "base/clock.h"
#include "keeper/fixture.h"
#include "keeper/keeper_inner.h"
#include "support/attack.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- processes ---- */

/* Processes that run this very program, but for this one: keepers, their zygotes and workers, whoever their
 * parent is by now. */
static size_t relatives(pid_t *all, size_t room)
{
    char own[512];
    char other[512];
    size_t count = 0;
    ssize_t own_size = readlink("/proc/self/exe", own, sizeof own);
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL && count < room) {
        char path[300];
        int pid = (int)strtol(entry->d_name, NULL, 10);
        (void)snprintf(path, sizeof path, "/proc/%d/exe", pid);
        if (pid > 0 && pid != getpid() && readlink(path, other, sizeof other) == own_size &&
            memcmp(own, other, (size_t)own_size) == 0)
            all[count++] = pid;
    }
    (void)closedir(folder);
    return count;
}

/* Time that a process has computed, in ticks; −1 when it is gone. */
static long ticks_of(pid_t pid)
{
    enum { FIELD = 12 }; /* of those behind the name, counted from 0: user time */
    char path[64];
    char line[1024] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    const char *at = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    (void)fclose(file);
    for (int field = 0; at != NULL && field < FIELD; field++)
        at = strchr(at + 1, ' ');
    return at != NULL ? strtol(at, NULL, 10) : -1;
}

/* Of the relatives, but for the keeper: the worker that runs a query. */
static pid_t busiest_but(pid_t keeper)
{
    pid_t running[64];
    pid_t busiest = 0;
    size_t count = relatives(running, 64);
    for (size_t i = 0; i < count; i++)
        if (running[i] != keeper && (busiest == 0 || ticks_of(running[i]) > ticks_of(busiest)))
            busiest = running[i];
    return busiest;
}

static void wait_until_gone(pid_t pid)
{
    for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
        (void)usleep(10 * 1000);
    assert_int_not_equal(kill(pid, 0), 0);
}

/* Only root may look into processes that are not dumpable. */
static void skip_unless_root(void)
{
    if (geteuid() != 0)
        skip();
}

/* ---- queries on other threads ---- */

struct asking {
    struct fixture *fixture;
    const json_t *policy;
    const char *sql;
    row_id result_id;
    row_id room;
    enum result result;
    instant took;
};

static void *ask(void *argument)
{
    struct asking *asking = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *shape = NULL;
    instant begun = clock_monotonic();
    asking->result = keeper_query_run(asking->fixture->keeper, arena, asking->result_id, asking->room,
                                      asking->policy, asking->sql, &shape, NULL);
    asking->took = clock_monotonic() - begun;
    return NULL;
}

/* A join of a few districts with each other that keeps a worker busy for long. */
static const char long_sql[] = "SELECT COUNT(*) AS n, SUM(exp(ln(resident.pay) * 1.0001)) AS s FROM resident "
                               "JOIN own ON resident.district = own.district";

/* Each of the residents meets `rows` rows of the developer's own. */
static void import_many(struct fixture *fixture, int rows)
{
    size_t room = 40 + (size_t)rows * 24;
    char *text = arena_alloc(fixture->arena, room);
    size_t at = (size_t)snprintf(text, room, "district,class\n");
    for (int i = 0; i < rows; i++)
        at += (size_t)snprintf(text + at, room - at, "区%d,A\n", i % 4);
    CLEANUP_FD int fd = fixture_file(text, at);
    CLEANUP_JSON json_t *report = NULL;
    CLEANUP_JSON json_t *expected = fixture_json("{\"columns\":[{\"name\":\"district\",\"type\":\"text\"},"
                                                 "{\"name\":\"class\",\"type\":\"text\"}]}");
    assert_ok(keeper_import(fixture->keeper, fixture->arena, 3, fd, expected, &report, NULL));
}

static struct fixture busy_fixture(void)
{
    struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 100000), fixture_residents_expected());
    import_many(&fixture, 200000);
    return fixture;
}

static void cancel_is_felt(const char *scope)
{
    CLEANUP_FIXTURE struct fixture fixture = busy_fixture();
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    struct asking asking = {
        .fixture = &fixture, .policy = policy, .sql = long_sql, .result_id = 9, .room = 2};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    (void)usleep(700 * 1000);
    instant begun = clock_monotonic();
    assert_ok(keeper_cancel(fixture.keeper, "result/10"));
    assert_ok(keeper_cancel(fixture.keeper, "room/3"));
    assert_ok(keeper_cancel(fixture.keeper, scope));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(clock_monotonic() - begun < INSTANT_SECOND);
    assert_int_equal(asking.result, RESULT_CANCELLED);
    assert_true(asking.took > INSTANT_SECOND / 2); /* it was running indeed */
    CLEANUP_JSON json_t *opened = NULL;
    assert_int_equal(fixture_open(&fixture, 4, 9, &opened), RESULT_NOT_FOUND);
}

TEST(a_query_is_stopped_within_a_second_by_its_own_name)
{
    cancel_is_felt("result/9");
}

TEST(a_query_is_stopped_within_a_second_by_its_room_and_grant)
{
    cancel_is_felt("room/2");
    cancel_is_felt("grant/17");
}

TEST(destroying_a_grant_s_key_stops_what_runs_on_it)
{
    CLEANUP_FIXTURE struct fixture fixture = busy_fixture();
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    struct asking asking = {
        .fixture = &fixture, .policy = policy, .sql = long_sql, .result_id = 9, .room = 2};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    (void)usleep(700 * 1000);
    CLEANUP_JSON json_t *certificate = NULL;
    instant begun = clock_monotonic();
    assert_ok(keeper_key_destroy(fixture.keeper, "grant/17", &certificate));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(clock_monotonic() - begun < INSTANT_SECOND);
    assert_int_equal(asking.result, RESULT_CANCELLED);
}

TEST(a_worker_that_is_killed_costs_its_own_answer_only)
{
    skip_unless_root();
    CLEANUP_FIXTURE struct fixture fixture = busy_fixture();
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    struct asking asking = {
        .fixture = &fixture, .policy = policy, .sql = long_sql, .result_id = 9, .room = 2};
    struct asking other = {.fixture = &fixture,
                           .policy = policy,
                           .sql = "SELECT COUNT(*) AS n FROM resident",
                           .result_id = 10,
                           .room = 2};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    pid_t busiest = 0;
    for (int tries = 0; tries < 100 && (busiest == 0 || ticks_of(busiest) <= 20); tries++) {
        (void)usleep(50 * 1000);
        busiest = busiest_but(fixture.keeper->process);
    }
    assert_true(busiest > 0 && ticks_of(busiest) > 20);
    assert_int_equal(kill(busiest, SIGKILL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asking.result, RESULT_UNAVAILABLE);
    (void)ask(&other);
    assert_ok(other.result);
}

TEST(progress_of_what_does_not_run_is_unknown)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    assert_int_equal(keeper_query_progress(fixture.keeper, 9), -1);
}

TEST(a_keeper_that_is_killed_leaves_no_call_hanging)
{
    skip_unless_root();
    struct fixture fixture = busy_fixture();
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    struct asking asking = {
        .fixture = &fixture, .policy = policy, .sql = long_sql, .result_id = 9, .room = 2};
    pid_t below[64];
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    (void)usleep(500 * 1000);
    size_t count = relatives(below, 64);
    assert_true(count >= 3); /* the keeper, its zygote and a worker at least */
    assert_int_equal(kill(fixture.keeper->process, SIGKILL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asking.result, RESULT_UNAVAILABLE);
    json_t *status = NULL;
    struct digest token;
    bool known;
    int64_t value;
    struct refusal refusal = {0};
    assert_int_equal(keeper_status(fixture.keeper, &status), RESULT_UNAVAILABLE);
    assert_int_equal(keeper_subject_token(fixture.keeper, "1", &token), RESULT_UNAVAILABLE);
    assert_int_equal(keeper_product_call(fixture.keeper, 1, "1", &known, &value), RESULT_UNAVAILABLE);
    assert_int_equal(keeper_query_check(fixture.keeper, fixture.arena, policy, "SELECT 1", &refusal),
                     RESULT_UNAVAILABLE);
    assert_non_null(refusal.zh);
    fixture_free(&fixture);
    for (size_t i = 0; i < count; i++)
        wait_until_gone(below[i]); /* its zygote and workers go with it */
}

TEST(the_keeper_stops_when_the_serving_process_dies)
{
    char home[128];
    int ends[2];
    (void)snprintf(home, sizeof home, "%s", test_folder());
    assert_int_equal(pipe(ends), 0);
    pid_t serving = fork();
    if (serving == 0) {
        struct fixture fixture = fixture_at(home);
        pid_t keeper = fixture.keeper->process;
        (void)!write(ends[1], &keeper, sizeof keeper);
        (void)pause();
        _exit(0);
    }
    pid_t keeper = 0;
    assert_int_equal(read(ends[0], &keeper, sizeof keeper), sizeof keeper);
    assert_int_equal(kill(keeper, 0), 0);
    assert_int_equal(kill(serving, SIGKILL), 0);
    (void)waitpid(serving, NULL, 0);
    wait_until_gone(keeper);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

TEST(a_keeper_whose_master_key_others_may_read_does_not_start)
{
    char home[128];
    char master[160];
    (void)snprintf(home, sizeof home, "%s", test_folder());
    (void)snprintf(master, sizeof master, "%s/keys/master", home);
    struct fixture fixture = fixture_at(home);
    fixture_free(&fixture);
    assert_int_equal(chmod(master, 0644), 0);
    const struct keeper_options options = {
        .home = home, .origin = "dukou.test/log", .start_engine = fixture_engine};
    struct keeper *keeper = NULL;
    struct refusal refusal = {0};
    assert_int_equal(keeper_start(&options, &keeper, &refusal), RESULT_FORBIDDEN);
    assert_null(keeper);
    assert_non_null(refusal.remedy_zh);
}

TEST(the_keeper_cannot_be_read_or_dumped_and_has_no_descriptor_of_the_serving_process)
{
    skip_unless_root();
    CLEANUP_FD int secret = fixture_file("x", 1); /* opened before: must not be inherited */
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    char path[64];
    char target[256];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", fixture.keeper->process);
    DIR *folder = opendir(path);
    assert_non_null(folder); /* as root; others cannot even look */
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        ssize_t size = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        if (size < 0)
            continue;
        target[size] = '\0';
        assert_null(strstr(target, "memfd:test"));
    }
    (void)closedir(folder);
    (void)snprintf(path, sizeof path, "/proc/%d/status", fixture.keeper->process);
    FILE *file = fopen(path, "r");
    char line[256];
    int seen = 0;
    while (fgets(line, sizeof line, file) != NULL)
        seen += strcmp(line, "NoNewPrivs:\t1\n") == 0 || strcmp(line, "Seccomp:\t2\n") == 0;
    (void)fclose(file);
    assert_int_equal(seen, 2);
}

/* ---- canary ---- */

struct watch {
    const char *home;
    atomic_bool over;
    atomic_int found;
    atomic_int looks;
};

static void *look_for_canary(void *argument)
{
    struct watch *watch = argument;
    while (!atomic_load(&watch->over)) {
        atomic_fetch_add(&watch->found, fixture_files_holding(watch->home, CANARY));
        atomic_fetch_add(&watch->looks, 1);
    }
    return NULL;
}

/* How many of its pieces of memory are locked and left out of core files ("lo", "dd" in VmFlags). */
static int pieces_kept_back(pid_t pid)
{
    char path[64];
    char line[512];
    int count = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/smaps", pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " lo") != NULL && strstr(line, " dd") != NULL)
            count++;
    (void)fclose(file);
    return count;
}

TEST(the_master_key_and_the_signing_keys_lie_in_memory_that_is_neither_swapped_nor_dumped)
{
    skip_unless_root();
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    assert_true(pieces_kept_back(fixture.keeper->process) >= 2);
    attack_stopped(&(struct attack){"keeper", "keys_in_swap_or_core",
                                    "waits for keys in swap space or in a core file", "mlock, MADV_DONTDUMP",
                                    "the pages are locked and left out"});
}

TEST(a_value_of_the_rows_is_in_no_file_while_they_come_in_and_are_asked)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct watch watch = {.home = fixture.home};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, look_for_canary, &watch), 0);
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 200000), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    struct asking asking = {.fixture = &fixture,
                            .policy = policy,
                            .sql = "SELECT district, AVG(pay) AS pay FROM resident GROUP BY district",
                            .result_id = 9,
                            .room = 2};
    (void)ask(&asking);
    atomic_store(&watch.over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(asking.result);
    assert_true(atomic_load(&watch.looks) > 3);
    assert_int_equal(atomic_load(&watch.found), 0);
}

/* ---- messages ---- */

TEST(what_is_no_message_costs_that_call_only)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct keeper_client *client = fixture.keeper->client;
    int calls = *(int *)(void *)client; /* its first member: the socket of calls */
    struct channel_head head = {.id = 999999, .verb = 4711};
    CLEANUP_JSON json_t *status = NULL;
    assert_int_equal(send(calls, "short", 5, 0), 5);
    assert_int_equal(send(calls, &head, sizeof head, 0), sizeof head); /* no such verb */
    head.verb = VERB_STATUS;
    head.size = 100; /* which are not there */
    assert_int_equal(send(calls, &head, sizeof head, 0), sizeof head);
    head.size = UINT32_MAX;
    head.in_memory = 1;
    assert_int_equal(send(calls, &head, sizeof head, 0), sizeof head);
    assert_ok(keeper_status(fixture.keeper, &status));

    static const char *const bad[] = {
        "{", "[]", "{\"grant\":1,\"grant\":2}", "{\"grant\":\"1\"}", "{\"grant\":-1}", "{\"grant\":1e3}",
        "{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct {
            struct channel_head head;
            char json[64];
        } message = {.head = {.id = 1000000 + i, .verb = VERB_GRANT_OPEN, .size = (uint32_t)strlen(bad[i])}};
        memcpy(message.json, bad[i], strlen(bad[i]) + 1);
        size_t size = sizeof message.head + strlen(bad[i]);
        assert_int_equal(send(calls, &message, size, 0), size);
    }
    json_decref(status);
    assert_ok(keeper_status(fixture.keeper, &status));
    assert_int_equal(fixture_files_holding(fixture.home, "DKWRAPD1"), 4); /* no grant's key was made */
}

/* ---- crowds ---- */

enum { CROWD = 64, CALLS = 4000 };

struct crowd {
    struct fixture *fixture;
    atomic_int failures;
};

static void *call_many(void *argument)
{
    struct crowd *crowd = argument;
    for (int i = 0; i < CALLS; i++) {
        char subject[16];
        bool known = false;
        int64_t value = -1;
        int id = 1 + i % 1000;
        (void)snprintf(subject, sizeof subject, "%d", id);
        if (keeper_product_call(crowd->fixture->keeper, 5, subject, &known, &value) != RESULT_OK || !known ||
            value != (18 + id % 60 >= 60))
            atomic_fetch_add(&crowd->failures, 1);
    }
    return NULL;
}

TEST(calls_of_sixty_four_threads_get_their_own_answers)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 1000), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *spec = fixture_json("{\"table\":\"resident\",\"predicate\":\"age >= 60\"}");
    CLEANUP_JSON json_t *report = NULL;
    struct digest digest;
    assert_ok(keeper_product_index(fixture.keeper, fixture.arena, 5, policy, spec, &digest, &report, NULL));
    struct crowd crowd = {.fixture = &fixture};
    pthread_t threads[CROWD];
    instant begun = clock_monotonic();
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, &crowd), 0);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    instant took = clock_monotonic() - begun;
    assert_int_equal(atomic_load(&crowd.failures), 0);
    print_message("product calls: %.0f per second from %d threads\n",
                  (double)CROWD * CALLS * (double)INSTANT_SECOND / (double)took, CROWD);
}

TEST(queries_of_many_threads_run_side_by_side)
{
    enum { QUERIES = 12 };
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 5000), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    struct asking asking[QUERIES];
    pthread_t threads[QUERIES];
    for (int i = 0; i < QUERIES; i++) {
        asking[i] = (struct asking){.fixture = &fixture,
                                    .policy = policy,
                                    .sql = "SELECT district, AVG(pay) AS pay FROM resident GROUP BY district",
                                    .result_id = 100 + i,
                                    .room = 2};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking[i]), 0);
    }
    for (int i = 0; i < QUERIES; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(asking[i].result);
    }
    for (int i = 0; i < QUERIES; i++) {
        CLEANUP_JSON json_t *opened = NULL;
        assert_ok(fixture_open(&fixture, 4, 100 + i, &opened));
        assert_int_equal(json_array_size(json_object_get(opened, "rows")), 4);
    }
}
