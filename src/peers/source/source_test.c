/* The command itself, as a process of its own; and the engine of all tests here. */
#include "engine/duckdb/duckdb_engine.h"
#include "peers/source/fixture.h"
#include "peers/source/source.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CANARY "canary-55aa"
#define RESOURCES "[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"rows.csv\"}]"

static struct engine *engine;

static void stop_engine(void)
{
    engine_stop(engine);
}

static enum result start_duckdb(struct engine **ret_engine)
{
    return duckdb_engine_start(NULL, ret_engine);
}

/* Started before main(), while there is one thread. */
__attribute__((constructor)) static void start_engine(void)
{
    if (start_duckdb(&engine) == RESULT_OK)
        (void)atexit(stop_engine);
}

struct engine *fixture_engine(void)
{
    if (engine == NULL) {
        print_message("skipped: libduckdb.so is not there (set DUKOU_DUCKDB)\n");
        skip();
    }
    return engine;
}

static pid_t start(const char *folder, char *const *arguments)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    int count = 0;
    while (arguments[count] != NULL)
        count++;
    char output[128];
    (void)snprintf(output, sizeof output, "%s/output", folder);
    if (freopen(output, "a", stdout) == NULL || dup2(fileno(stdout), 2) < 0)
        _exit(99);
    int status = source_main(count, (char **)(uintptr_t)arguments, start_duckdb);
    (void)fflush(stdout);
    _exit(status);
}

static int finish(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(world, ...)                                                                                      \
    finish(                                                                                                  \
        start((world)->folder, (char *[]){"source", "--config",                                              \
                                          (char *)(uintptr_t)fixture_path((world)->folder, "source.json"),   \
                                          __VA_ARGS__, NULL}))

static struct world *open_rows(const char *resources)
{
    struct world *world = world_open(resources, ",\"poll_seconds\":1");
    fixture_write(fixture_path(world->folder, "rows.csv"), "id,city\n1," CANARY "\n2,武汉\n");
    return world;
}

/* An order that is valid by the machine's clock. */
static const char *put_order(struct world *world)
{
    char issued[INSTANT_TEXT_SIZE];
    char expires[INSTANT_TEXT_SIZE];
    struct clock *clock = clock_system();
    instant_print(clock_now(clock) - INSTANT_HOUR, issued);
    instant_print(clock_now(clock) + INSTANT_HOUR, expires);
    clock_free(clock);
    const char *text = fixture_order(
        world->arena, arena_printf(world->arena, "{\"issued\":\"%s\",\"expires\":\"%s\"}", issued, expires));
    platform_order(world->platform, 7, text, fixture_signature(world->arena, text));
    return text;
}

static bool output_has(const struct world *world, const char *part)
{
    size_t size;
    char *output = fixture_read(fixture_path(world->folder, "output"), &size);
    bool has = strstr(output, part) != NULL;
    free(output);
    return has;
}

TEST(the_command_describes_and_delivers_and_prints_no_value)
{
    struct world *world = open_rows(RESOURCES);
    const char *order = put_order(world);
    assert_int_equal(RUN(world, "describe", "R1", "--dry-run"), 0);
    assert_string_equal(world->platform->posts, "");
    size_t size;
    char *printed = fixture_read(fixture_path(world->folder, "output"), &size);
    CLEANUP_JSON json_t *body = NULL;
    struct refusal refusal;
    assert_ok(json_read(world->arena, printed, size, &body, &refusal));
    assert_string_equal(json_text(body, "resource"), "R1");
    assert_int_equal(json_integer_or(json_object_get(body, "description"), "rows", 0), 2);
    free(printed);
    assert_int_equal(RUN(world, "describe"), 0);
    assert_non_null(strstr(world->platform->posts, "/api/source/descriptions"));
    assert_int_equal(RUN(world, "once"), 0);
    assert_string_equal(world_slice(world, order), "id|city\n1|" CANARY "\n2|武汉");
    assert_true(output_has(world, "order 7: delivered 2 rows of R1"));
    assert_false(output_has(world, CANARY));
    assert_null(strstr(world->platform->posts, CANARY));
    world_close(world);
}

TEST(the_command_approves_and_refuses_waiting_orders)
{
    struct world *world =
        open_rows("[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"rows.csv\",\"approval\":\"manual\"}]");
    (void)put_order(world);
    assert_int_equal(RUN(world, "approve", "7"), 1);
    assert_int_equal(RUN(world, "once"), 0);
    assert_int_equal(world->platform->slices, 0);
    assert_int_equal(RUN(world, "refuse", "7"), 1);
    assert_int_equal(RUN(world, "refuse", "7", "--reason", "数据正在核对"), 0);
    assert_int_equal(RUN(world, "once"), 0);
    assert_non_null(strstr(world->platform->posts, "orders/7/refuse {\"reason\":\"数据正在核对\"}"));
    assert_int_equal(RUN(world, "approve", "7"), 1);
    world_close(world);
}

TEST(a_running_agent_takes_orders_as_they_come_and_ends_on_a_signal)
{
    struct world *world = open_rows(RESOURCES);
    pid_t child =
        start(world->folder,
              (char *[]){"source", "--config", (char *)(uintptr_t)fixture_path(world->folder, "source.json"),
                         "run", NULL});
    const struct timespec tenth = {0, 100 * 1000 * 1000};
    (void)nanosleep(&tenth, NULL);
    (void)put_order(world);
    for (int i = 0; i < 200 && world->platform->slices == 0; i++)
        (void)nanosleep(&tenth, NULL);
    assert_int_equal(world->platform->slices, 1);
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(finish(child), 0);
    world_close(world);
}

TEST(a_wrong_command_line_is_shown_the_right_one)
{
    struct world *world = open_rows(RESOURCES);
    assert_int_equal(RUN(world, "fly"), 2);
    assert_int_equal(RUN(world, "approve"), 2);
    assert_int_equal(RUN(world, "approve", "seven"), 2);
    assert_int_equal(RUN(world, "once", "R1"), 2);
    assert_int_equal(RUN(world, "--colour"), 2);
    assert_int_equal(RUN(world, "describe", "R9"), 2);
    assert_int_equal(RUN(world, "--help"), 0);
    assert_true(output_has(world, "dukou source [--config FILE] COMMAND"));
    assert_int_equal(finish(start(world->folder, (char *[]){"source", NULL})), 2);
    assert_int_equal(
        finish(start(world->folder, (char *[]){"source", "--config", "/nonexistent", "once", NULL})), 1);
    assert_true(output_has(world, "/nonexistent: there is no such file."));
    world_close(world);
}
