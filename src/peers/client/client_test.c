#include "base/limits.h"
#include "peers/client/client.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char problem[] =
    "{\"type\":\"urn:x\",\"title\":\"t\",\"status\":409,\"detail\":\"d\",\"field\":\"/a\","
    "\"zh\":{\"reason\":\"冲突\",\"remedy\":\"重读\"},"
    "\"en\":{\"reason\":\"conflict\",\"remedy\":\"read again\"}}";

static const struct answer {
    const char *path;
    int status;
    const char *body;
    const char *location;
    const char *type; /* NULL: JSON */
} answers[] = {{"/json", 200, "{\"a\":1}", NULL},
               {"/empty", 204, "", NULL},
               {"/problem", 409, problem, NULL},
               {"/plain", 422, "{\"detail\":\"only this\"}", NULL},
               {"/html", 502, "<html>bad gateway</html>", NULL},
               {"/moved", 302, "", "/json"},
               {"/broken", 200, "{\"a\":1", NULL},
               {"/twice", 200, "{\"a\":1,\"a\":2}", NULL},
               {"/table", 200, "a,b\n1,2\n", NULL, "text/csv"},
               {"/binary", 200, "\xFF\xFE", NULL, "application/octet-stream"}};

struct server {
    struct MHD_Daemon *daemon;
    char url[64];
    int calls;
    size_t received;
    char authorization[128];
    char type[64];
    char method[16];
};

static enum MHD_Result reply(struct MHD_Connection *connection, const struct answer *answer, const char *body,
                             size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type",
                                  answer->type != NULL ? answer->type : "application/json");
    if (answer->location != NULL)
        (void)MHD_add_response_header(response, "Location", answer->location);
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static void note_header(struct MHD_Connection *connection, const char *name, char *ret_text, size_t size)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    (void)snprintf(ret_text, size, "%s", value != NULL ? value : "");
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *size,
                              void **state)
{
    static int begun;
    static const struct answer echo = {"/", 200, "", NULL};
    static char huge[LIMIT_PEER_REPLY_BYTES + 2];
    (void)version;
    (void)bytes;
    struct server *server = context;
    if (*state == NULL) {
        server->calls++;
        server->received = 0;
        *state = &begun;
        return MHD_YES;
    }
    server->received += *size;
    if (*size > 0) {
        *size = 0;
        return MHD_YES;
    }
    (void)snprintf(server->method, sizeof server->method, "%s", method);
    note_header(connection, "Authorization", server->authorization, sizeof server->authorization);
    note_header(connection, "Content-Type", server->type, sizeof server->type);
    if (strcmp(path, "/huge") == 0)
        return reply(connection, &echo, memset(huge, ' ', sizeof huge), sizeof huge);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (strcmp(answers[i].path, path) == 0)
            return reply(connection, &answers[i], answers[i].body, strlen(answers[i].body));
    return reply(connection, &echo, "{}", 2);
}

static struct server *server_open(void)
{
    struct server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, server,
                                      MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    assert_non_null(server->daemon);
    (void)snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/",
                   MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    return server;
}

static void server_close(struct server *server)
{
    MHD_stop_daemon(server->daemon);
    free(server);
}

struct
try {
    enum result result;
    json_t *reply;
    struct refusal refusal;
};

static struct try try_call(struct arena *arena, struct server *server, const struct client_call *call)
{
    CLEANUP_CLIENT struct client *client = NULL;
    const struct client_options options = {server->url, "abc", NULL};
    struct try try = {0};
    assert_ok(client_open(arena, &options, &client, &try.refusal));
    try.result = client_send(client, arena, call, &try.reply, &try.refusal);
    return try;
}

static struct try try_get(struct arena *arena, struct server *server, const char *path)
{
    return try_call(arena, server, &(struct client_call){.method = "GET", .path = path});
}

TEST(a_call_carries_the_token_and_reads_json)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct server *server = server_open();
    struct try try = try_get(arena, server, "/json");
    assert_ok(try.result);
    assert_int_equal(json_integer_or(try.reply, "a", 0), 1);
    assert_string_equal(server->authorization, "Bearer abc");
    json_decref(try.reply);
    try = try_get(arena, server, "/empty");
    assert_ok(try.result);
    assert_null(try.reply);
    server_close(server);
}

TEST(bodies_are_sent_as_json_or_raw_and_one_client_serves_many_calls)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_CLIENT struct client *client = NULL;
    CLEANUP_JSON json_t *body = json_pack("{s:s}", "名", "值");
    struct server *server = server_open();
    struct refusal refusal;
    assert_ok(client_open(arena, &(struct client_options){server->url, "abc", NULL}, &client, &refusal));
    assert_ok(client_send(client, arena, &(struct client_call){.method = "POST", .path = "/x", .body = body},
                          NULL, &refusal));
    assert_string_equal(server->type, "application/json");
    assert_int_equal(server->received, strlen("{\"名\":\"值\"}"));
    int fd = memfd_create("raw", MFD_CLOEXEC);
    enum { SIZE = 3000000 };
    assert_int_equal(ftruncate(fd, SIZE), 0);
    assert_ok(
        client_send(client, arena,
                    &(struct client_call){.method = "PUT", .path = "/x", .raw = true, .fd = fd, .size = SIZE},
                    NULL, &refusal));
    assert_string_equal(server->type, "application/octet-stream");
    assert_string_equal(server->method, "PUT");
    assert_int_equal(server->received, SIZE);
    (void)close(fd);
    assert_ok(
        client_send(client, arena, &(struct client_call){.method = "DELETE", .path = "/x"}, NULL, &refusal));
    assert_string_equal(server->method, "DELETE");
    assert_int_equal(server->received, 0);
    assert_ok(
        client_send(client, arena, &(struct client_call){.method = "GET", .path = "/x"}, NULL, &refusal));
    assert_string_equal(server->method, "GET");
    server_close(server);
}

TEST(a_file_shorter_than_promised_is_not_sent_as_if_whole)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct server *server = server_open();
    int fd = memfd_create("raw", MFD_CLOEXEC);
    struct try try =
        try_call(arena, server,
                 &(struct client_call){.method = "PUT", .path = "/x", .raw = true, .fd = fd, .size = 10});
    assert_int_equal(try.result, RESULT_UNAVAILABLE);
    (void)close(fd);
    server_close(server);
}

TEST(the_servers_words_are_kept_in_both_languages)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct server *server = server_open();
    struct try try = try_get(arena, server, "/problem");
    assert_int_equal(try.result, RESULT_CONFLICT);
    assert_string_equal(try.refusal.field, "/a");
    assert_non_null(strstr(try.refusal.zh, "冲突"));
    assert_non_null(strstr(try.refusal.en, "conflict"));
    assert_string_equal(try.refusal.remedy_zh, "重读");
    assert_string_equal(try.refusal.remedy_en, "read again");
    try = try_get(arena, server, "/plain");
    assert_int_equal(try.result, RESULT_INVALID);
    assert_non_null(strstr(try.refusal.en, "only this"));
    try = try_get(arena, server, "/html");
    assert_int_equal(try.result, RESULT_UNAVAILABLE);
    assert_null(strstr(try.refusal.en, "html>"));
    server_close(server);
}

TEST(text_comes_as_a_string_and_other_bytes_are_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct server *server = server_open();
    struct try try = try_get(arena, server, "/table");
    assert_ok(try.result);
    assert_string_equal(json_string_value(try.reply), "a,b\n1,2\n");
    json_decref(try.reply);
    try = try_get(arena, server, "/binary");
    assert_int_equal(try.result, RESULT_MALFORMED);
    assert_null(try.reply);
    assert_non_null(try.refusal.en);
    server_close(server);
}

TEST(redirects_are_not_followed)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct server *server = server_open();
    struct try try = try_get(arena, server, "/moved");
    assert_int_not_equal(try.result, RESULT_OK);
    assert_int_equal(server->calls, 1);
    server_close(server);
}

TEST(replies_that_are_broken_ambiguous_or_too_large_are_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct server *server = server_open();
    assert_int_equal(try_get(arena, server, "/broken").result, RESULT_MALFORMED);
    assert_int_equal(try_get(arena, server, "/twice").result, RESULT_MALFORMED);
    struct try try = try_get(arena, server, "/huge");
    assert_int_equal(try.result, RESULT_TOO_LARGE);
    assert_null(try.reply);
    server_close(server);
}
