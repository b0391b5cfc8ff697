/* `dukou api` and `dukou login`: the everyday client of the HTTP API. */
#include "command/command.h"
#include "peers/client/client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static int usage(void)
{
    (void)fputs(
        "dukou api METHOD PATH [JSON | @FILE]      e.g. dukou api GET '/catalogue?q=房'\n"
        "dukou api login LOGIN                     asks for the password, prints a token for DUKOU_TOKEN\n"
        "  DUKOU_URL (http://127.0.0.1:8080), DUKOU_TOKEN; @FILE is sent raw for uploads, as JSON when it "
        "ends in .json\n",
        stderr);
    return 2;
}

static enum result open_client(struct arena *arena, struct client **ret_client, struct refusal *ret_refusal)
{
    const char *url = getenv("DUKOU_URL");
    const struct client_options options = {.url = url != NULL ? url : "http://127.0.0.1:8080",
                                           .token = getenv("DUKOU_TOKEN"),
                                           .ca_file = getenv("DUKOU_CA")};
    return client_open(arena, &options, ret_client, ret_refusal);
}

static int send_call(struct arena *arena, const struct client_call *call)
{
    CLEANUP_CLIENT struct client *client = NULL;
    CLEANUP_JSON json_t *reply = NULL;
    struct refusal refusal = {0};
    enum result result = open_client(arena, &client, &refusal);
    if (result == RESULT_OK)
        result = client_send(client, arena, call, &reply, &refusal);
    if (result != RESULT_OK)
        return command_refused("api", result, &refusal);
    if (json_is_string(reply))
        (void)fwrite(json_string_value(reply), 1, json_string_length(reply), stdout);
    else if (reply != NULL) {
        (void)json_dumpf(reply, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    }
    return 0;
}

/* The bytes of a JSON argument, or of the file behind '@'. */
static enum result read_body(struct arena *arena, const char *argument, struct client_call *call,
                             struct refusal *ret_refusal)
{
    struct stat info;
    if (argument[0] != '@')
        return json_read(arena, argument, strlen(argument), (json_t **)&call->body, ret_refusal);
    call->fd = open(argument + 1, O_RDONLY | O_CLOEXEC);
    if (call->fd < 0 || fstat(call->fd, &info) != 0)
        return RESULT_NOT_FOUND;
    size_t length = strlen(argument);
    if (length < 5 || strcmp(argument + length - 5, ".json") != 0) {
        call->raw = true;
        call->size = (size_t)info.st_size;
        return RESULT_OK;
    }
    char *bytes = arena_alloc(arena, (size_t)info.st_size + 1);
    if (pread(call->fd, bytes, (size_t)info.st_size, 0) != info.st_size)
        return RESULT_IO;
    return json_read(arena, bytes, (size_t)info.st_size, (json_t **)&call->body, ret_refusal);
}

static bool ask_password(char *password, size_t size)
{
    struct termios shown, hidden;
    bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("口令 password: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    bool got = fgets(password, (int)size, stdin) != NULL;
    if (terminal)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    password[got ? strcspn(password, "\r\n") : 0] = '\0';
    return got;
}

static int log_in(struct arena *arena, const char *login)
{
    char password[300];
    CLEANUP_CLIENT struct client *client = NULL;
    CLEANUP_JSON json_t *reply = NULL;
    struct refusal refusal = {0};
    if (!ask_password(password, sizeof password))
        return usage();
    json_t *body = json_keep(arena, json_pack("{s:s, s:s, s:s, s:i}", "login", login, "password", password,
                                              "title", "dukou api", "days", 1));
    explicit_bzero(password, sizeof password);
    enum result result = open_client(arena, &client, &refusal);
    if (result == RESULT_OK)
        result =
            client_send(client, arena,
                        &(struct client_call){.method = "POST", .path = "/api/session/token", .body = body},
                        &reply, &refusal);
    if (result != RESULT_OK)
        return command_refused("login", result, &refusal);
    (void)puts(json_text(reply, "token"));
    return 0;
}

int command_api(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    if (argc == 3 && strcmp(argv[1], "login") == 0)
        return log_in(arena, argv[2]);
    if (argc != 3 && argc != 4)
        return usage();
    struct client_call call = {.method = argv[1], .path = arena_printf(arena, "/api%s", argv[2]), .fd = -1};
    if (argc == 4) {
        enum result result = read_body(arena, argv[3], &call, &refusal);
        if (result != RESULT_OK)
            return command_refused("api", result, &refusal);
    }
    int code = send_call(arena, &call);
    json_decref((json_t *)call.body);
    return code;
}
