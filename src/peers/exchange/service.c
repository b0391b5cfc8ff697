#include "peers/exchange/service.h"

#include "base/limits.h"
#include "peers/exchange/call.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- HTTP ---- */

static json_t *problem(const struct exchange_call *call, enum result result, int status)
{
    bool told = call->refusal.result == result && call->refusal.zh != NULL;
    const char *zh = told ? call->refusal.zh : "办理未成。";
    const char *en = told ? call->refusal.en : "This did not succeed.";
    json_t *json =
        json_pack("{s:s, s:i, s:s, s:{s:s, s:s}, s:{s:s, s:s}}", "title", result_name(result), "status",
                  status, "detail", zh, "zh", "reason", zh, "remedy",
                  told && call->refusal.remedy_zh != NULL ? call->refusal.remedy_zh : "", "en", "reason", en,
                  "remedy", told && call->refusal.remedy_en != NULL ? call->refusal.remedy_en : "");
    if (told && call->refusal.field != NULL)
        (void)json_object_set_new(json, "field", json_string(call->refusal.field));
    return json;
}

static enum MHD_Result send_reply(const struct exchange_call *call, int status, const json_t *json)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : strdup("");
    if (text == NULL)
        abort();
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    (void)MHD_add_response_header(response, "Content-Type",
                                  status >= 400 ? "application/problem+json" : "application/json");
    enum MHD_Result queued = MHD_queue_response(call->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_call(struct exchange_call *call)
{
    CLEANUP_JSON json_t *reply = NULL;
    enum result result = exchange_route(call, &reply);
    if (result == RESULT_OK)
        return send_reply(call, reply != NULL ? 200 : 204, reply);
    int status = result_http_status(result);
    reply = problem(call, result, status);
    return send_reply(call, status, reply);
}

static struct exchange_call *call_new(struct exchange_service *service, struct MHD_Connection *connection,
                                      const char *method, const char *path)
{
    struct exchange_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        abort();
    call->service = service;
    call->arena = arena_new(0);
    call->connection = connection;
    call->method = arena_strdup(call->arena, method);
    call->path = arena_strdup(call->arena, path);
    return call;
}

static void take_bytes(struct exchange_call *call, const char *bytes, size_t size)
{
    call->too_large = call->too_large || size > LIMIT_BODY_BYTES - call->size;
    if (call->too_large)
        return;
    char *grown = realloc(call->bytes, call->size + size);
    if (grown == NULL)
        abort();
    memcpy(grown + call->size, bytes, size);
    call->bytes = grown;
    call->size += size;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *size,
                              void **state)
{
    (void)version;
    if (*state == NULL) {
        *state = call_new(context, connection, method, path);
        return MHD_YES;
    }
    struct exchange_call *call = *state;
    if (*size == 0)
        return answer_call(call);
    take_bytes(call, bytes, *size);
    *size = 0;
    return MHD_YES;
}

static void finish(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct exchange_call *call = *state;
    if (call == NULL)
        return;
    json_decref(call->body);
    arena_free(call->arena);
    free(call->bytes);
    free(call);
}

/* ---- starting ---- */

/* Reads the platform's token, or makes it on first use. */
static enum result open_token(struct exchange_service *service, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t got = read(fd, service->token, EXCHANGE_TOKEN_SIZE - 1);
        (void)close(fd);
        return got == EXCHANGE_TOKEN_SIZE - 1 ? RESULT_OK : RESULT_CORRUPT;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return RESULT_IO;
    exchange_make_token(service->token);
    bool written =
        write(fd, service->token, EXCHANGE_TOKEN_SIZE - 1) == EXCHANGE_TOKEN_SIZE - 1 && fsync(fd) == 0;
    (void)close(fd);
    return written ? RESULT_OK : RESULT_IO;
}

static enum result open_folder(struct exchange_service *service, const char *folder)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return RESULT_IO;
    TRY(open_token(service, arena_printf(arena, "%s/platform.token", folder)));
    service->token_digest = digest_sha256(service->token, strlen(service->token));
    return exchange_state_open(arena_printf(arena, "%s/exchange.sqlite", folder), &service->state);
}

enum result exchange_service_start(const struct exchange_service_options *options,
                                   struct exchange_service **ret_service)
{
    struct exchange_service *service = calloc(1, sizeof *service);
    if (service == NULL)
        abort();
    service->clock = clock_system();
    enum result result = sodium_init() < 0 ? RESULT_IO : open_folder(service, options->folder);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)options->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (result == RESULT_OK) {
        service->daemon =
            MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, service,
                             MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, finish, NULL,
                             MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_CONNECTIONS_PER_ADDRESS,
                             MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_IDLE_SECONDS, MHD_OPTION_END);
        result = service->daemon != NULL ? RESULT_OK : RESULT_UNAVAILABLE;
    }
    if (result != RESULT_OK) {
        exchange_service_stop(service);
        return result;
    }
    *ret_service = service;
    return RESULT_OK;
}

int exchange_service_port(const struct exchange_service *service)
{
    return MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

const char *exchange_service_token(const struct exchange_service *service)
{
    return service->token;
}

void exchange_service_stop(struct exchange_service *service)
{
    if (service == NULL)
        return;
    if (service->daemon != NULL)
        MHD_stop_daemon(service->daemon);
    exchange_state_close(service->state);
    clock_free(service->clock);
    free(service);
}
