#include "peers/source/agent.h"
#include "peers/source/source.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXIT_USAGE = 2 };

static const char help[] =
    "dukou source [--config FILE] COMMAND\n"
    "\n"
    "The agent at a data provider's side. It dials out to the platform; nothing listens here.\n"
    "数据提供单位一侧的源端代理。只向平台发起连接，本侧不监听任何端口。\n"
    "\n"
    "  run                          look for orders again and again / 持续处理订单\n"
    "  once                         one round over the open orders / 处理一轮\n"
    "  describe [CODE] [--dry-run]  measure one or all resources where they live, tell the platform\n"
    "                               就地描述资源、测量质量、发现敏感项并上报;--dry-run 只显示\n"
    "  approve ORDER                let a waiting order through / 同意等待中的订单\n"
    "  refuse ORDER --reason TEXT   refuse it / 拒绝并说明理由\n"
    "\n"
    "FILE is source.json when left out. What was delivered stands in journal.jsonl in the state folder.\n";

struct command_line {
    const char *config;
    const char *command;
    const char *argument; /* resource or order */
    const char *reason;
    bool dry;
};

struct session {
    struct source_config config;
    struct agent agent;
    struct arena *arena;
    enum result (*start_engine)(struct engine **ret_engine);
};

static void tell_line(const char *line)
{
    (void)printf("%s\n", line);
    (void)fflush(stdout);
}

static int report(const struct refusal *refusal)
{
    (void)fprintf(stderr, "dukou source: %s %s\n", refusal->en,
                  refusal->remedy_en != NULL ? refusal->remedy_en : "");
    (void)fprintf(stderr, "dukou source: %s%s\n", refusal->zh,
                  refusal->remedy_zh != NULL ? refusal->remedy_zh : "");
    return 1;
}

static int usage(const char *what)
{
    (void)fprintf(stderr, "dukou source: %s?\n\n%s", what, help);
    return EXIT_USAGE;
}

/* ---- setting up ---- */

static enum result open_clock(const struct source_config *config, struct clock **ret_clock)
{
    if (config->clock != NULL)
        return clock_shared(config->clock, ret_clock);
    *ret_clock = clock_system();
    return RESULT_OK;
}

static enum result open_session(struct session *session, const char *path, struct refusal *ret_refusal)
{
    struct agent *agent = &session->agent;
    TRY(source_config_open(session->arena, path, &session->config, ret_refusal));
    agent->config = &session->config;
    agent->tell = tell_line;
    if (open_clock(&session->config, &agent->clock) != RESULT_OK)
        return refuse(ret_refusal, (struct refusal){.result = RESULT_IO,
                                                    .zh = "时钟文件打不开。",
                                                    .en = "The clock's file cannot be opened.",
                                                    .remedy_zh = "请检查配置中的 clock。",
                                                    .remedy_en = "Check \"clock\" in the configuration."});
    TRY(journal_open(session->arena, session->config.state, &agent->journal, ret_refusal));
    const struct client_options options = {session->config.platform, session->config.token,
                                           session->config.ca_file};
    return client_open(session->arena, &options, &agent->client, ret_refusal);
}

static void close_session(struct session *session)
{
    client_close(session->agent.client);
    journal_close(session->agent.journal);
    clock_free(session->agent.clock);
    engine_stop(session->agent.engine);
    arena_free(session->arena);
}

static enum result begin_reading(struct session *session, struct refusal *ret_refusal)
{
    enum result result = session->start_engine(&session->agent.engine);
    if (result == RESULT_OK)
        return RESULT_OK;
    return refuse(ret_refusal, (struct refusal){.result = result,
                                                .zh = "找不到或无法载入 libduckdb.so。",
                                                .en = "libduckdb.so is not there or does not load.",
                                                .remedy_zh = "请设置 DUKOU_DUCKDB 为其路径。",
                                                .remedy_en = "Set DUKOU_DUCKDB to its path."});
}

/* ---- commands ---- */

static int round_once(struct session *session)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct agent_tally tally;
    struct refusal refusal;
    if (agent_round(&session->agent, &tally, &refusal, arena) != RESULT_OK)
        return report(&refusal);
    if (tally.delivered + tally.refused + tally.delayed + tally.waiting > 0)
        tell_line(arena_printf(arena, "delivered %d, refused %d, delayed %d, waiting %d", tally.delivered,
                               tally.refused, tally.delayed, tally.waiting));
    return 0;
}

/* Waits for the next round, or for the signal that ends the agent. */
static bool is_to_end(const sigset_t *ends, int seconds)
{
    const struct timespec wait = {seconds, 0};
    int got;
    do
        got = sigtimedwait(ends, NULL, &wait);
    while (got < 0 && errno == EINTR);
    return got > 0;
}

static int run(struct session *session)
{
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    tell_line("dukou source: running");
    do
        (void)round_once(session); /* an unreachable platform is told and tried again */
    while (!is_to_end(&ends, session->config.poll_seconds));
    return 0;
}

/* --dry-run prints just what would be sent, one JSON text a resource, for programs as well. */
static int describe_one(struct session *session, const struct source_resource *resource, bool dry)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *description = NULL;
    struct refusal refusal;
    if (agent_describe(&session->agent, arena, resource, dry, &description, &refusal) != RESULT_OK)
        return report(&refusal);
    if (!dry) {
        tell_line(arena_printf(arena, "%s: %lld rows measured, told to the platform", resource->code,
                               (long long)json_integer_or(description, "rows", 0)));
        return 0;
    }
    CLEANUP_JSON json_t *body =
        json_pack("{s:s, s:O}", "resource", resource->code, "description", description);
    char *text = json_dumps(body, JSON_INDENT(2));
    if (text == NULL)
        abort();
    tell_line(text);
    free(text);
    return 0;
}

static int describe(struct session *session, const struct command_line *line)
{
    const struct source_config *config = &session->config;
    if (line->argument != NULL) {
        const struct source_resource *resource = source_resource_by_code(config, line->argument);
        return resource != NULL ? describe_one(session, resource, line->dry) : usage(line->argument);
    }
    int failed = 0;
    for (size_t i = 0; i < config->resource_count; i++)
        failed |= describe_one(session, &config->resources[i], line->dry);
    return failed;
}

static int decide(struct session *session, const struct command_line *line)
{
    struct refusal refusal;
    const char *number = line->argument != NULL ? line->argument : "";
    char *end = NULL;
    errno = 0;
    long long order = strtoll(number, &end, 10);
    if (errno != 0 || *end != '\0' || order <= 0)
        return usage(number);
    bool approve = strcmp(line->command, "approve") == 0;
    enum result result = approve ? agent_approve(&session->agent, session->arena, order, &refusal)
                                 : agent_stop(&session->agent, session->arena, order, line->reason, &refusal);
    if (result != RESULT_OK)
        return report(&refusal);
    tell_line(approve ? "approved: the next round delivers it"
                      : "refused: the next round tells the platform");
    return 0;
}

static int dispatch(struct session *session, const struct command_line *line)
{
    struct refusal refusal;
    bool reads_rows = strcmp(line->command, "approve") != 0 && strcmp(line->command, "refuse") != 0;
    /* First of all: the engine's workers come from a process that has seen neither token nor rows. */
    if (reads_rows && begin_reading(session, &refusal) != RESULT_OK)
        return report(&refusal);
    if (open_session(session, line->config, &refusal) != RESULT_OK)
        return report(&refusal);
    if (!reads_rows)
        return decide(session, line);
    if (strcmp(line->command, "describe") == 0)
        return describe(session, line);
    return strcmp(line->command, "once") == 0 ? round_once(session) : run(session);
}

/* ---- the command line ---- */

static bool read_line(int argc, char **argv, struct command_line *ret_line, const char **ret_wrong)
{
    struct command_line line = {.config = "source.json"};
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--config") == 0   ? &line.config
                             : strcmp(argv[i], "--reason") == 0 ? &line.reason
                                                                : NULL;
        *ret_wrong = argv[i];
        if (value != NULL && ++i == argc)
            return false;
        if (value != NULL)
            *value = argv[i];
        else if (strcmp(argv[i], "--dry-run") == 0)
            line.dry = true;
        else if (argv[i][0] == '-' || line.argument != NULL)
            return false;
        else
            *(line.command == NULL ? &line.command : &line.argument) = argv[i];
    }
    *ret_wrong = "COMMAND";
    *ret_line = line;
    return line.command != NULL;
}

static bool is_command(const struct command_line *line)
{
    static const struct {
        const char *name;
        bool argument;
        bool needed;
    } commands[] = {{"run", false, false},
                    {"once", false, false},
                    {"describe", true, false},
                    {"approve", true, true},
                    {"refuse", true, true}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, line->command) == 0)
            return line->argument != NULL ? commands[i].argument : !commands[i].needed;
    return false;
}

int source_main(int argc, char **argv, enum result (*start_engine)(struct engine **ret_engine))
{
    struct command_line line;
    const char *wrong;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)fputs(help, stdout);
            return 0;
        }
    if (!read_line(argc, argv, &line, &wrong))
        return usage(wrong);
    if (!is_command(&line))
        return usage(line.command);
    struct session session = {.arena = arena_new(0), .start_engine = start_engine};
    int status = dispatch(&session, &line);
    close_session(&session);
    return status;
}
