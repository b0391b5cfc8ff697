#include "peers/demo/play.h"

#include "base/calendar.h"
#include "base/digest.h"
#include "base/identifier.h"
#include "base/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void demo_fail(struct demo *demo, const char *what, enum result result,
                         const struct refusal *refusal)
{
    (void)fprintf(stderr, "演示中断 the demo stopped: %s: %s\n", what, result_name(result));
    if (refusal != NULL && refusal->zh != NULL)
        (void)fprintf(stderr, "  %s  %s\n  %s\n", refusal->field != NULL ? refusal->field : "", refusal->zh,
                      refusal->en);
    process_stop(&demo->serve);
    process_stop(&demo->exchange);
    exit(1);
}

const char *path_of(struct demo *demo, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *path = arena_vprintf(demo->arena, format, args);
    va_end(args);
    return path;
}

static struct client *open_client(struct demo *demo, const char *token)
{
    struct client *client;
    struct refusal refusal = {0};
    const struct client_options options = {.url = demo->url, .token = token};
    enum result result = client_open(demo->arena, &options, &client, &refusal);
    if (result != RESULT_OK)
        demo_fail(demo, "client", result, &refusal);
    return client;
}

static const json_t *send_body(struct demo *demo, struct client *client, const char *method, const char *path,
                               const json_t *body)
{
    json_t *reply = NULL;
    struct refusal refusal = {0};
    const struct client_call call = {
        .method = method, .path = arena_printf(demo->arena, "/api%s", path), .body = body, .fd = -1};
    enum result result = client_send(client, demo->arena, &call, &reply, &refusal);
    if (result != RESULT_OK)
        demo_fail(demo, arena_printf(demo->arena, "%s %s", method, path), result, &refusal);
    return reply != NULL ? json_keep(demo->arena, reply) : NULL;
}

static void log_in(struct demo *demo, struct player *player)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:i}", "login", player->login, "password", player->password,
                             "title", "dukou demo", "days", 366);
    const json_t *reply =
        send_body(demo, demo->anyone, "POST", "/session/token", json_keep(demo->arena, body));
    player->token = json_text(reply, "token");
    player->client = open_client(demo, player->token);
    reply = send_body(demo, player->client, "GET", "/session", NULL);
    player->account = json_integer_or(reply, "account", 0);
    player->party = json_integer_or(reply, "party", 0);
}

static struct client *client_of(struct demo *demo, struct player *player)
{
    if (demo->anyone == NULL)
        demo->anyone = open_client(demo, NULL);
    if (player == NULL)
        return demo->anyone;
    if (player->client == NULL)
        log_in(demo, player);
    return player->client;
}

const json_t *say(struct demo *demo, struct player *who, const char *method, const char *path,
                  const char *body, ...)
{
    json_t *json = NULL;
    struct client *client = client_of(demo, who);
    if (body != NULL) {
        va_list args;
        va_start(args, body);
        const char *text = arena_vprintf(demo->arena, body, args);
        va_end(args);
        struct refusal refusal = {0};
        enum result result = json_read(demo->arena, text, strlen(text), &json, &refusal);
        if (result != RESULT_OK)
            demo_fail(demo, text, result, &refusal);
        json_keep(demo->arena, json);
    }
    return send_body(demo, client, method, path, json);
}

const json_t *upload_file(struct demo *demo, struct player *who, const char *method, const char *path, int fd,
                          size_t size)
{
    json_t *reply = NULL;
    struct refusal refusal = {0};
    const struct client_call call = {.method = method,
                                     .path = arena_printf(demo->arena, "/api%s", path),
                                     .fd = fd,
                                     .size = size,
                                     .raw = true};
    enum result result = client_send(client_of(demo, who), demo->arena, &call, &reply, &refusal);
    if (result != RESULT_OK)
        demo_fail(demo, path, result, &refusal);
    return json_keep(demo->arena, reply);
}

const char *download(struct demo *demo, struct player *who, const char *path)
{
    const char *text = json_string_value(say(demo, who, "GET", path, NULL));
    if (text == NULL)
        demo_fail(demo, path, RESULT_MALFORMED, NULL);
    return text;
}

int64_t upload_text(struct demo *demo, struct player *who, const char *title, const char *kind,
                    const char *text)
{
    size_t size = strlen(text);
    int fd = memfd_create("document", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size)
        demo_fail(demo, "document", RESULT_IO, NULL);
    const json_t *reply =
        upload_file(demo, who, "POST", path_of(demo, "/documents?title=%s&kind=%s", title, kind), fd, size);
    (void)close(fd);
    return number_of(demo, reply, "id");
}

int64_t number_of(struct demo *demo, const json_t *reply, const char *member)
{
    const json_t *number = json_object_get(reply, member);
    if (!json_is_integer(number))
        demo_fail(demo, arena_printf(demo->arena, "no %s in %s", member, json_print(demo->arena, reply)),
                  RESULT_MALFORMED, NULL);
    return json_integer_value(number);
}

void tell(int step, const char *zh, const char *en, const char *locator, const json_t *reply)
{
    int64_t entry = json_integer_or(reply, "entry", -1);
    (void)printf("%d  %s  %s  %s", step, zh, en, locator);
    if (entry >= 0)
        (void)printf("  entry %lld", (long long)entry);
    (void)putchar('\n');
    (void)fflush(stdout);
}

const char *quoted(struct demo *demo, const char *text)
{
    json_t *json = json_keep(demo->arena, json_string(text));
    return json_print(demo->arena, json);
}

void pass_days(struct demo *demo, int days)
{
    clock_advance(demo->clock, days * INSTANT_DAY);
}

const char *day_from_now(struct demo *demo, int days)
{
    char *text = arena_alloc(demo->arena, DAY_TEXT_SIZE);
    day_print(day_of_instant(clock_now(demo->clock)) + days, text);
    return text;
}

/* Of organisations that do not exist: the organisation code counts up from a range of its own. */
const char *next_credit_code(struct demo *demo)
{
    char *code = arena_printf(demo->arena, "914201009%08d?", ++demo->codes);
    code[17] = identifier_credit_code_check(code);
    return code;
}

const char *new_password(struct demo *demo)
{
    unsigned char bytes[9];
    char *text = arena_alloc(demo->arena, 2 * sizeof bytes + 1);
    struct random *random = random_system();
    random_bytes(random, bytes, sizeof bytes);
    random_free(random);
    hex_print(bytes, sizeof bytes, text);
    return text;
}

struct player *add_player(struct demo *demo, const char *login, const char *password, const char *party_name,
                          int64_t party)
{
    if (demo->player_count == PLAYERS_MAX)
        demo_fail(demo, "players", RESULT_LIMIT, NULL);
    struct player *player = &demo->players[demo->player_count++];
    *player = (struct player){.login = login, .password = password, .party_name = party_name, .party = party};
    return player;
}

struct player *player_by_login(struct demo *demo, const char *login)
{
    for (size_t i = 0; i < demo->player_count; i++)
        if (strcmp(demo->players[i].login, login) == 0)
            return &demo->players[i];
    demo_fail(demo, login, RESULT_NOT_FOUND, NULL);
}
