/* A keeper that is a process of its own: who comes in, several at once, and what happens when one of them or
 * the keeper dies. */
#include "base/clock.h"
#include "base/limits.h"
#include "keeper/fixture.h"
#include "keeper/keeper_inner.h"
#include "support/attack.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STRANGER = 4711, FRIEND = 4712, CLUB = 4713 };

struct apart {
    char home[128];
    char path[160];
    struct keeper_door door;
    pid_t process;
};

static void say_ready(const char *path)
{
    (void)path;
}

static enum result listen_once(const struct apart *apart)
{
    const struct keeper_options options = {
        .home = apart->home, .origin = "dukou.test/log", .start_engine = fixture_engine};
    return keeper_listen(&options, &apart->door, say_ready, NULL);
}

static void start(struct apart *apart)
{
    apart->door.path = apart->path;
    apart->process = fork();
    if (apart->process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails must not leave it behind */
        _exit(listen_once(apart));
    }
}

static struct apart apart_new(uint32_t user, uint32_t group)
{
    struct apart apart = {.door = {.user = user, .group = group}};
    (void)snprintf(apart.home, sizeof apart.home, "%s", test_folder());
    (void)snprintf(apart.path, sizeof apart.path, "%s/keeper", apart.home);
    start(&apart);
    return apart;
}

static int end(struct apart *apart, int signal_number)
{
    int status = -1;
    if (apart->process > 0) {
        assert_int_equal(kill(apart->process, signal_number), 0);
        assert_int_equal(waitpid(apart->process, &status, 0), apart->process);
        apart->process = 0;
    }
    return status;
}

static void apart_free(struct apart *apart)
{
    (void)end(apart, SIGTERM);
}
#define CLEANUP_APART __attribute__((cleanup(apart_free)))

static struct keeper *connect_to(const struct apart *apart)
{
    struct keeper *keeper = NULL;
    struct refusal refusal = {0};
    enum result result = keeper_connect(apart->path, &keeper, &refusal);
    if (result != RESULT_OK)
        print_message("keeper_connect: %s: %s\n", result_name(result), refusal.en);
    assert_ok(result);
    return keeper;
}

/* ---- sharing ---- */

TEST(two_serving_processes_share_what_one_keeper_holds)
{
    CLEANUP_APART struct apart apart = apart_new(KEEPER_NOBODY, KEEPER_NOBODY);
    struct fixture one = {.keeper = connect_to(&apart), .arena = arena_new(0)};
    struct keeper *other = connect_to(&apart);
    fixture_deliver(&one, 17, fixture_residents(one.arena, 1000), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *spec = fixture_json("{\"table\":\"resident\",\"predicate\":\"age >= 60\"}");
    CLEANUP_JSON json_t *report = NULL;
    struct digest made;
    struct digest digest;
    assert_ok(keeper_product_index(other, one.arena, 5, policy, spec, &made, &report, NULL));
    assert_ok(keeper_product_digest(one.keeper, 5, &digest));
    assert_true(digest_equal(&made, &digest));
    for (int i = 1; i <= 200; i++) {
        char subject[16];
        bool known = false;
        int64_t value = -1;
        (void)snprintf(subject, sizeof subject, "%d", i);
        assert_ok(keeper_product_call(i % 2 == 0 ? one.keeper : other, 5, subject, &known, &value));
        assert_true(known);
        assert_int_equal(value, 18 + i % 60 >= 60);
    }
    fixture_free(&one);
    assert_ok(keeper_product_digest(other, 5, &digest)); /* the other has left, and nothing is missing */
    keeper_stop(other);
    assert_int_equal(end(&apart, SIGTERM), 0);
    assert_int_equal(access(apart.path, F_OK), -1);
}

/* A join of a few districts with each other that keeps a worker busy for long. */
static const char long_sql[] = "SELECT COUNT(*) AS n, SUM(exp(ln(resident.pay) * 1.0001)) AS s FROM resident "
                               "JOIN own ON resident.district = own.district";

static void prepare_tables(struct fixture *fixture)
{
    enum { ROWS = 200000, LINE = 24 };
    fixture_deliver(fixture, 17, fixture_residents(fixture->arena, 100000), fixture_residents_expected());
    char *text = arena_alloc(fixture->arena, 40 + (size_t)ROWS * LINE);
    size_t at = (size_t)snprintf(text, 40, "district,class\n");
    for (int i = 0; i < ROWS; i++)
        at += (size_t)snprintf(text + at, LINE, "区%d,A\n", i % 4);
    CLEANUP_FD int fd = fixture_file(text, at);
    CLEANUP_JSON json_t *report = NULL;
    CLEANUP_JSON json_t *expected = fixture_json("{\"columns\":[{\"name\":\"district\",\"type\":\"text\"},"
                                                 "{\"name\":\"class\",\"type\":\"text\"}]}");
    assert_ok(keeper_import(fixture->keeper, fixture->arena, 3, fd, expected, &report, NULL));
}

struct asking {
    struct keeper *keeper;
    row_id result_id;
    enum result result;
};

static void *ask(void *argument)
{
    struct asking *asking = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *shape = NULL;
    asking->result =
        keeper_query_run(asking->keeper, arena, asking->result_id, 2, policy, long_sql, &shape, NULL);
    return NULL;
}

/* Another serving process that asks for result/9. */
static pid_t other_process(const struct apart *apart)
{
    pid_t process = fork();
    if (process == 0) {
        struct asking asking = {.keeper = connect_to(apart), .result_id = 9};
        (void)ask(&asking);
        _exit(0);
    }
    return process;
}

static void wait_for_progress(struct keeper *keeper, row_id result, bool runs)
{
    for (int tries = 0; tries < 1000 && (keeper_query_progress(keeper, result) >= 0) != runs; tries++)
        (void)usleep(10 * 1000);
    assert_int_equal(keeper_query_progress(keeper, result) >= 0, runs);
}

TEST(a_serving_process_that_dies_takes_its_own_queries_along_and_no_other)
{
    CLEANUP_APART struct apart apart = apart_new(KEEPER_NOBODY, KEEPER_NOBODY);
    pid_t other = 0;
    CLEANUP_FIXTURE struct fixture fixture = {.keeper = connect_to(&apart), .arena = arena_new(0)};
    prepare_tables(&fixture);
    struct asking asking = {.keeper = fixture.keeper, .result_id = 10};
    pthread_t thread;
    other = other_process(&apart);
    wait_for_progress(fixture.keeper, 9, true);
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    wait_for_progress(fixture.keeper, 10, true);
    assert_int_equal(kill(other, SIGKILL), 0);
    (void)waitpid(other, NULL, 0);
    instant begun = clock_monotonic();
    wait_for_progress(fixture.keeper, 9, false);
    assert_true(clock_monotonic() - begun < 5 * INSTANT_SECOND);
    wait_for_progress(fixture.keeper, 10, true);
    assert_ok(keeper_cancel(fixture.keeper, "result/10"));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asking.result, RESULT_CANCELLED);
}

TEST(a_cancel_of_one_serving_process_stops_what_another_runs)
{
    CLEANUP_APART struct apart apart = apart_new(KEEPER_NOBODY, KEEPER_NOBODY);
    CLEANUP_FIXTURE struct fixture fixture = {.keeper = connect_to(&apart), .arena = arena_new(0)};
    struct keeper *other = connect_to(&apart);
    prepare_tables(&fixture);
    struct asking asking = {.keeper = other, .result_id = 9};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
    wait_for_progress(fixture.keeper, 9, true);
    assert_ok(keeper_cancel(fixture.keeper, "room/2"));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asking.result, RESULT_CANCELLED);
    keeper_stop(other);
}

/* ---- the keeper dies and comes back ---- */

static void comes_back(struct keeper *keeper, const char *key)
{
    char again[KEEPER_KEY_TEXT_SIZE] = "";
    struct digest token;
    enum result result = RESULT_UNAVAILABLE;
    for (int tries = 0; tries < 1000 && result == RESULT_UNAVAILABLE; tries++) {
        (void)usleep(10 * 1000);
        result = keeper_grant_open(keeper, 17, again);
    }
    assert_ok(result);
    assert_string_equal(again, key);
    assert_ok(keeper_subject_token(keeper, "1", &token));
}

TEST(a_keeper_that_was_killed_and_started_again_is_found_again_by_itself)
{
    CLEANUP_APART struct apart apart = apart_new(KEEPER_NOBODY, KEEPER_NOBODY);
    struct keeper *keeper = connect_to(&apart);
    char key[KEEPER_KEY_TEXT_SIZE];
    struct digest token;
    assert_ok(keeper_grant_open(keeper, 17, key));
    for (int round = 0; round < 2; round++) {
        (void)end(&apart, SIGKILL); /* its socket's file is left behind, and the child ends with its door */
        enum result result = RESULT_OK;
        for (int tries = 0; tries < 200 && result == RESULT_OK; tries++) {
            char again[KEEPER_KEY_TEXT_SIZE];
            result = keeper_grant_open(keeper, 17, again);
        }
        assert_int_equal(result, RESULT_UNAVAILABLE);
        assert_int_equal(keeper_subject_token(keeper, "1", &token), RESULT_UNAVAILABLE);
        start(&apart);
        comes_back(keeper, key);
    }
    keeper_stop(keeper);
}

TEST(a_path_that_a_keeper_listens_on_or_that_is_no_socket_is_left_alone)
{
    CLEANUP_APART struct apart apart = apart_new(KEEPER_NOBODY, KEEPER_NOBODY);
    struct keeper *keeper = connect_to(&apart);
    struct apart second = {.door = {.user = KEEPER_NOBODY, .group = KEEPER_NOBODY}};
    int status;
    (void)snprintf(second.home, sizeof second.home, "%s", test_folder());
    memcpy(second.path, apart.path, sizeof second.path);
    start(&second);
    assert_int_equal(waitpid(second.process, &status, 0), second.process);
    assert_int_equal(WEXITSTATUS(status), RESULT_BUSY);
    (void)snprintf(second.path, sizeof second.path, "%s/precious", second.home);
    CLEANUP_FD int file = open(second.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    start(&second);
    assert_int_equal(waitpid(second.process, &status, 0), second.process);
    assert_int_equal(WEXITSTATUS(status), RESULT_CONFLICT);
    assert_int_equal(access(second.path, F_OK), 0);
    char key[KEEPER_KEY_TEXT_SIZE];
    assert_ok(keeper_grant_open(keeper, 17, key));
    keeper_stop(keeper);
}

TEST(a_path_too_long_for_a_socket_is_refused_with_words)
{
    struct keeper *keeper = NULL;
    struct refusal refusal = {0};
    char path[200];
    (void)memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(keeper_connect(path, &keeper, &refusal), RESULT_TOO_LARGE);
    assert_non_null(refusal.remedy_zh);
}

TEST(one_more_connection_than_there_may_be_is_refused_and_the_others_go_on)
{
    CLEANUP_APART struct apart apart = apart_new(KEEPER_NOBODY, KEEPER_NOBODY);
    struct keeper *keepers[LIMIT_KEEPER_CONNECTIONS];
    struct keeper *one_more = NULL;
    struct refusal refusal = {0};
    struct digest token;
    for (size_t i = 0; i < LIMIT_KEEPER_CONNECTIONS; i++)
        keepers[i] = connect_to(&apart);
    assert_int_equal(keeper_connect(apart.path, &one_more, &refusal), RESULT_BUSY);
    assert_non_null(refusal.remedy_en);
    for (size_t i = 0; i < LIMIT_KEEPER_CONNECTIONS; i++)
        assert_ok(keeper_subject_token(keepers[i], "1", &token));
    keeper_stop(keepers[0]);
    enum result result = RESULT_BUSY;
    for (int tries = 0; tries < 200 && result == RESULT_BUSY; tries++) {
        result = keeper_connect(apart.path, &keepers[0], &refusal);
        (void)usleep(10 * 1000);
    }
    assert_ok(result);
    for (size_t i = 0; i < LIMIT_KEEPER_CONNECTIONS; i++)
        keeper_stop(keepers[i]);
}

/* ---- who may come in ---- */

/* As that user and group, with one more group; what keeper_connect() gives. */
static enum result connect_as(const struct apart *apart, uid_t user, gid_t group, gid_t more)
{
    pid_t process = fork();
    if (process == 0) {
        struct keeper *keeper = NULL;
        struct digest token;
        bool became = setgroups(1, &more) == 0 && setgid(group) == 0 && setuid(user) == 0;
        enum result result = became ? keeper_connect(apart->path, &keeper, NULL) : RESULT_INVALID;
        if (result == RESULT_OK)
            result = keeper_subject_token(keeper, "1", &token);
        _exit(result);
    }
    int status = 0;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return (enum result)WEXITSTATUS(status);
}

static void open_folder(const struct apart *apart)
{
    struct keeper *keeper = connect_to(apart); /* the socket is there */
    keeper_stop(keeper);
    char above[128];
    (void)snprintf(above, sizeof above, "%s", apart->home);
    *strrchr(above, '/') = '\0';
    assert_int_equal(chmod(apart->home, 0711), 0);
    if (strcmp(above, "/tmp") != 0)
        assert_int_equal(chmod(above, 0711), 0);
}

static unsigned mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

TEST(another_user_does_not_get_to_the_keeper)
{
    if (geteuid() != 0)
        skip();
    CLEANUP_APART struct apart apart = apart_new(KEEPER_NOBODY, KEEPER_NOBODY);
    open_folder(&apart);
    assert_int_equal(mode_of(apart.path), 0600);
    assert_int_equal(connect_as(&apart, STRANGER, STRANGER, STRANGER), RESULT_FORBIDDEN);
    assert_int_equal(chmod(apart.path, 0666),
                     0); /* a slip of somebody's: who comes is looked at all the same */
    assert_int_equal(connect_as(&apart, STRANGER, STRANGER, STRANGER), RESULT_FORBIDDEN);
    attack_stopped(&(struct attack){.chapter = "keeper",
                                    .name = "connect_as_another_user",
                                    .tried = "connects to the keeper's socket as another user of the machine",
                                    .stopped = "mode 0600; the peer's user, asked of the kernel",
                                    .seen = "FORBIDDEN, with the socket's mode widened too"});
}

TEST(a_user_or_group_that_is_named_gets_in_and_nobody_else)
{
    if (geteuid() != 0)
        skip();
    CLEANUP_APART struct apart users = apart_new(FRIEND, KEEPER_NOBODY);
    open_folder(&users);
    assert_ok(connect_as(&users, FRIEND, STRANGER, STRANGER));
    assert_int_equal(connect_as(&users, STRANGER, FRIEND, FRIEND), RESULT_FORBIDDEN);
    CLEANUP_APART struct apart groups = apart_new(KEEPER_NOBODY, CLUB);
    open_folder(&groups);
    assert_int_equal(mode_of(groups.path), 0660);
    assert_ok(connect_as(&groups, STRANGER, CLUB, STRANGER));
    assert_ok(connect_as(&groups, STRANGER, STRANGER, CLUB));
    assert_int_equal(connect_as(&groups, CLUB, STRANGER, STRANGER), RESULT_FORBIDDEN);
}
