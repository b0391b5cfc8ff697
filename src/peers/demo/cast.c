#include "peers/demo/cast.h"

#include "peers/generate/divisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START_SECONDS = 30 };

static const char bureau_name[] = "武汉市数据局（演示）";

/* ---- founding ---- */

static void read_founders(struct demo *demo, const char *output)
{
    char *copy = arena_strdup(demo->arena, output), *rest;
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *tab = strchr(line, '\t');
        if (tab == NULL)
            continue;
        *tab = '\0';
        (void)add_player(demo, line, tab + 1, strncmp(line, "bureau", 6) == 0 ? bureau_name : "", 0);
    }
}

static const char *variable(struct demo *demo, const char *name, const char *value)
{
    return arena_printf(demo->arena, "%s=%s", name, value);
}

static void start_exchange(struct demo *demo)
{
    const char *state = arena_printf(demo->arena, "%s/exchange", demo->home);
    const char *const arguments[] = {"exchange", "--port", "0", "--state", state, NULL};
    enum result result = process_start(arguments, NULL, &demo->exchange);
    if (result == RESULT_OK)
        result = process_url(demo->arena, &demo->exchange, START_SECONDS, &demo->exchange_url);
    if (result != RESULT_OK)
        demo_fail(demo, "exchange", result, NULL);
}

static void start_serve(struct demo *demo)
{
    const char *const arguments[] = {"serve", NULL};
    const char *const variables[] = {
        variable(demo, "DUKOU_HOME", demo->home),
        "DUKOU_PORT=0",
        "DUKOU_ADDRESS=127.0.0.1",
        variable(demo, "DUKOU_EXCHANGE", demo->exchange_url),
        arena_printf(demo->arena, "DUKOU_EXCHANGE_TOKEN=%s/exchange/platform.token", demo->home),
        NULL};
    enum result result = process_start(arguments, variables, &demo->serve);
    if (result == RESULT_OK)
        result = process_url(demo->arena, &demo->serve, START_SECONDS, &demo->url);
    if (result != RESULT_OK)
        demo_fail(demo, "serve", result, NULL);
}

static void run_init(struct demo *demo)
{
    int code;
    const char *output;
    const char *const arguments[] = {"init", bureau_name, next_credit_code(demo), NULL};
    const char *const variables[] = {variable(demo, "DUKOU_HOME", demo->home), NULL};
    enum result result = process_run(demo->arena, arguments, variables, &code, &output);
    if (result != RESULT_OK || code != 0)
        demo_fail(demo, "init", result != RESULT_OK ? result : RESULT_IO, NULL);
    read_founders(demo, output);
}

static void read_order_key(struct demo *demo)
{
    int code;
    const char *output;
    struct refusal refusal = {0};
    const char *const arguments[] = {"keys", "show", NULL};
    const char *const variables[] = {variable(demo, "DUKOU_HOME", demo->home), NULL};
    enum result result = process_run(demo->arena, arguments, variables, &code, &output);
    json_t *status = NULL;
    if (result == RESULT_OK)
        result = json_read(demo->arena, output, strlen(output), &status, &refusal);
    if (result != RESULT_OK)
        demo_fail(demo, "keys show", result, &refusal);
    demo->order_key = json_text(json_keep(demo->arena, status), "order_ed25519");
}

void found_city(struct demo *demo)
{
    enum result result = clock_shared(arena_printf(demo->arena, "%s/clock", demo->home), &demo->clock);
    if (result != RESULT_OK)
        demo_fail(demo, demo->home, result, NULL);
    run_init(demo);
    read_order_key(demo);
    start_exchange(demo);
    start_serve(demo);
}

/* ---- joining ---- */

struct player *join(struct demo *demo, const char *role, const char *name, const char *login,
                    const char *duties)
{
    struct player *player = add_player(demo, login, new_password(demo), name, 0);
    player->credit_code = next_credit_code(demo);
    const json_t *party = say(demo, NULL, "POST", "/parties",
                              "{\"role\":\"%s\",\"name\":\"%s\",\"credit_code\":\"%s\",\"login\":\"%s\","
                              "\"password\":\"%s\",\"account_name\":\"经办\"}",
                              role, name, player->credit_code, login, player->password);
    player->party = number_of(demo, party, "id");
    (void)say(demo, player_by_login(demo, "bureau-clerk"), "POST",
              path_of(demo, "/parties/%lld/accept", (long long)player->party), "{}");
    (void)say(demo, player, "GET", "/session", NULL); /* logs in: its account is known */
    (void)say(demo, player_by_login(demo, "security-admin"), "POST",
              path_of(demo, "/accounts/%lld/activate", (long long)player->account), "{\"duties\":[%s]}",
              duties);
    return player;
}

struct player *hire(struct demo *demo, struct player *of, const char *login, const char *duties,
                    bool source_agent)
{
    struct player *player = add_player(demo, login, new_password(demo), of->party_name, of->party);
    const json_t *account = say(
        demo, of, "POST", "/accounts",
        "{\"login\":\"%s\",\"password\":\"%s\",\"name\":\"%s\",\"duties\":[%s],\"source_agent\":%s}", login,
        player->password, source_agent ? "源端代理" : "工作人员", duties, source_agent ? "true" : "false");
    (void)say(demo, player_by_login(demo, "security-admin"), "POST",
              path_of(demo, "/accounts/%lld/activate", (long long)number_of(demo, account, "id")),
              "{\"duties\":[%s]}", duties);
    return player;
}

/* A provider with clerk, approver and source agent. */
static void join_provider(struct demo *demo, const char *name, const char *login)
{
    struct player *clerk =
        join(demo, "provider", name, arena_printf(demo->arena, "%s-clerk", login), "\"clerk\"");
    (void)hire(demo, clerk, arena_printf(demo->arena, "%s-approver", login), "\"approver\"", false);
    (void)hire(demo, clerk, arena_printf(demo->arena, "%s-source", login), "", true);
}

static void join_operator(struct demo *demo, const char *name, const char *login)
{
    struct player *clerk =
        join(demo, "operator", name, arena_printf(demo->arena, "%s-clerk", login), "\"clerk\"");
    (void)hire(demo, clerk, arena_printf(demo->arena, "%s-reviewer", login), "\"reviewer\"", false);
    (void)hire(demo, clerk, arena_printf(demo->arena, "%s-approver", login), "\"approver\"", false);
}

void bring_everybody(struct demo *demo)
{
    join_provider(demo, "武汉市人力资源和社会保障局（演示）", "hrss");
    join_provider(demo, "武汉市公安局（演示）", "police");
    join_provider(demo, "武汉市自然资源和城乡建设局（演示）", "land");
    (void)join(demo, "provider", "武汉市交通运输局（演示）", "transport-clerk", "\"clerk\"");
    (void)join(demo, "provider", "武汉市卫生健康委员会（演示）", "health-clerk", "\"clerk\"");
    for (int i = 0; i < division_district_count; i++)
        (void)join(demo, "provider",
                   arena_printf(demo->arena, "武汉市%s（演示）", division_districts[i].name),
                   arena_printf(demo->arena, "district-%d", division_districts[i].code), "\"clerk\"");
    (void)join(demo, "regulator", "武汉市市场监督管理局（演示）", "regulator-clerk", "\"clerk\"");
    (void)join(demo, "government", "武汉市人民政府（演示）", "government-clerk", "\"clerk\"");
    join_operator(demo, "江城数据运营有限公司（演示）", "operator");
    (void)join(demo, "operator", "云梦数据科技有限公司（演示）", "candidate-clerk", "\"clerk\"");
    (void)join(demo, "developer", "晴川数据开发有限公司（演示）", "developer-clerk", "\"clerk\"");
    (void)join(demo, "customer", "江汉商业银行（演示）", "customer-clerk", "\"clerk\"");
}
