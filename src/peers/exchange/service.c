#include "peers/exchange/service.h"

#include "base/identifier.h"
#include "base/limits.h"
#include "base/text.h"
#include "peers/exchange/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_BYTES = 32, TOKEN_SIZE = 2 * TOKEN_BYTES + 1, QUANTITY_MAX = 1000000000 };

struct exchange_service {
    struct MHD_Daemon *daemon;
    struct exchange_state *state;
    struct clock *clock;
    char token[TOKEN_SIZE];
    struct digest token_digest;
};

/* One request. */
struct call {
    struct exchange_service *service;
    struct arena *arena;
    struct MHD_Connection *connection;
    const char *method;
    const char *path;
    char *bytes; /* of the body */
    size_t size;
    bool too_large;
    json_t *body;
    int64_t number;   /* in the path */
    int64_t customer; /* who calls; 0: no customer */
    struct refusal refusal;
};

static enum result refuse_call(struct call *call, enum result result, const char *field, const char *zh,
                               const char *en)
{
    return refuse(&call->refusal, (struct refusal){.result = result,
                                                   .field = field,
                                                   .zh = zh,
                                                   .en = en,
                                                   .remedy_zh = "请按交易平台的接口说明更正。",
                                                   .remedy_en = "See the exchange's interface description."});
}

/* ---- who calls ---- */

static const char *bearer(const struct call *call)
{
    const char *header = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Authorization");
    return header != NULL && strncmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
}

static enum result by_anyone(struct call *call)
{
    (void)call;
    return RESULT_OK;
}

static enum result by_platform(struct call *call)
{
    const char *token = bearer(call);
    struct digest digest = digest_sha256(token != NULL ? token : "", token != NULL ? strlen(token) : 0);
    if (token != NULL && digest_equal(&digest, &call->service->token_digest))
        return RESULT_OK;
    return refuse_call(call, RESULT_UNAUTHENTICATED, NULL, "须使用平台的令牌。",
                       "This needs the platform's token.");
}

static enum result by_customer(struct call *call)
{
    const char *token = bearer(call);
    struct digest digest = digest_sha256(token != NULL ? token : "", token != NULL ? strlen(token) : 0);
    if (token != NULL && exchange_state_customer(call->service->state, &digest, &call->customer) == RESULT_OK)
        return RESULT_OK;
    return refuse_call(call, RESULT_UNAUTHENTICATED, NULL, "须使用客户的令牌。",
                       "This needs a customer's token.");
}

/* ---- what is sent ---- */

static enum result need_text(struct call *call, const char *key, size_t most, const char **ret_text)
{
    const char *text = json_text(call->body, key);
    if (text_is_blank(text) || text_has_control(text) || text_characters(text) > most)
        return refuse_call(call, RESULT_INVALID, arena_printf(call->arena, "/%s", key), "须为文本,且不过长。",
                           "must be text of bounded length.");
    *ret_text = text;
    return RESULT_OK;
}

static enum result need_integer(struct call *call, const char *key, int64_t low, int64_t high,
                                int64_t *ret_number)
{
    int64_t number = json_integer_or(call->body, key, low - 1);
    if (number < low || number > high)
        return refuse_call(call, RESULT_INVALID, arena_printf(call->arena, "/%s", key), "须为范围内的整数。",
                           "must be an integer in range.");
    *ret_number = number;
    return RESULT_OK;
}

static enum result only_keys(struct call *call, const char *const *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach (call->body, key, value) {
        size_t i = 0;
        while (keys[i] != NULL && strcmp(keys[i], key) != 0)
            i++;
        if (keys[i] == NULL)
            return refuse_call(call, RESULT_INVALID, arena_printf(call->arena, "/%s", key), "没有这个字段。",
                               "there is no such field.");
    }
    return RESULT_OK;
}

static enum result read_body(struct call *call)
{
    if (call->too_large)
        return refuse_call(call, RESULT_TOO_LARGE, NULL, "请求体过大。", "The body is too large.");
    if (strcmp(call->method, "POST") != 0)
        return RESULT_OK;
    TRY(json_read(call->arena, call->bytes != NULL ? call->bytes : "", call->size, &call->body,
                  &call->refusal));
    if (!json_is_object(call->body))
        return refuse_call(call, RESULT_INVALID, "", "须为 JSON 对象。", "must be a JSON object.");
    return RESULT_OK;
}

static int64_t after(const struct call *call)
{
    const char *text = MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, "after");
    long long number = text != NULL ? strtoll(text, NULL, 10) : 0;
    return number > 0 ? number : 0;
}

/* ---- the routes ---- */

static void make_token(char *ret_token)
{
    unsigned char bytes[TOKEN_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    hex_print(bytes, sizeof bytes, ret_token);
}

static enum result customer_add(struct call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"name", "credit_code", NULL};
    const char *name = "";
    const char *code = "";
    char token[TOKEN_SIZE];
    int64_t customer;
    TRY(only_keys(call, keys));
    TRY(need_text(call, "name", 200, &name));
    TRY(need_text(call, "credit_code", 18, &code));
    if (!identifier_is_credit_code(code))
        return refuse_call(call, RESULT_INVALID, "/credit_code", "统一社会信用代码校验不符(GB 32100)。",
                           "the credit code's check character is wrong (GB 32100).");
    make_token(token);
    struct digest digest = digest_sha256(token, strlen(token));
    enum result result = exchange_state_add_customer(call->service->state, name, code, &digest, &customer);
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/credit_code", "该机构已登记。",
                           "this organisation is registered already.");
    TRY(result);
    *ret_reply = json_pack("{s:I, s:s}", "customer", (json_int_t)customer, "token", token);
    return RESULT_OK;
}

static enum result check_digest(struct call *call)
{
    struct digest digest;
    if (hex_parse(json_text(call->body, "digest"), digest.bytes, DIGEST_SIZE) == RESULT_OK)
        return RESULT_OK;
    return refuse_call(call, RESULT_INVALID, "/digest", "须为 SHA-256 的 64 位十六进制。",
                       "must be a SHA-256 in 64 hexadecimal digits.");
}

static enum result listing_add(struct call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"product",   "title",  "kind",        "operator",
                                       "price_fen", "digest", "description", NULL};
    const char *text = "";
    int64_t number;
    TRY(only_keys(call, keys));
    TRY(need_integer(call, "product", 1, INT64_MAX, &number));
    TRY(need_integer(call, "price_fen", 0, QUANTITY_MAX, &number));
    TRY(need_text(call, "title", 200, &text));
    TRY(need_text(call, "kind", 20, &text));
    if (strcmp(text, "table") != 0 && strcmp(text, "verification") != 0 && strcmp(text, "score") != 0)
        return refuse_call(call, RESULT_INVALID, "/kind", "须为 table、verification 或 score。",
                           "must be table, verification or score.");
    TRY(need_text(call, "operator", 18, &text));
    if (!identifier_is_credit_code(text))
        return refuse_call(call, RESULT_INVALID, "/operator", "须为统一社会信用代码。",
                           "must be a credit code.");
    TRY(check_digest(call));
    enum result result = exchange_state_add_listing(call->service->state, call->body,
                                                    clock_now(call->service->clock), ret_reply);
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/digest", "该产品以另一摘要在架,请先撤下。",
                           "this product is listed with another digest; withdraw that first.");
    return result;
}

static enum result listing_list(struct call *call, json_t **ret_reply)
{
    return exchange_state_listings(call->service->state, after(call), ret_reply);
}

static enum result listing_withdraw(struct call *call, json_t **ret_reply)
{
    *ret_reply = NULL;
    return exchange_state_withdraw(call->service->state, call->number);
}

static enum result order_add(struct call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"listing", "quantity", "purpose", "reference", NULL};
    struct exchange_order order = {.customer = call->customer, .reference = ""};
    TRY(only_keys(call, keys));
    TRY(need_integer(call, "listing", 1, INT64_MAX, &order.listing));
    TRY(need_integer(call, "quantity", 1, QUANTITY_MAX, &order.quantity));
    TRY(need_text(call, "purpose", 500, &order.purpose));
    if (json_object_get(call->body, "reference") != NULL)
        TRY(need_text(call, "reference", 64, &order.reference));
    enum result result =
        exchange_state_add_order(call->service->state, &order, clock_now(call->service->clock), ret_reply);
    if (result == RESULT_NOT_FOUND)
        return refuse_call(call, result, "/listing", "没有这个在架产品。", "there is no such listing.");
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/reference", "该编号已用于另一订单。",
                           "this reference belongs to another order.");
    return result;
}

static enum result order_list(struct call *call, json_t **ret_reply)
{
    return exchange_state_orders(call->service->state, after(call), ret_reply);
}

static enum result order_get(struct call *call, json_t **ret_reply)
{
    return exchange_state_order(call->service->state, call->number, call->customer, ret_reply);
}

static enum result order_answer(struct call *call, json_t **ret_reply)
{
    static const char *const keys[] = {"state", "reason", "grant", NULL};
    const char *state = "";
    const char *reason = "";
    TRY(only_keys(call, keys));
    TRY(need_text(call, "state", 20, &state));
    if (strcmp(state, "granted") != 0 && strcmp(state, "refused") != 0 && strcmp(state, "closed") != 0)
        return refuse_call(call, RESULT_INVALID, "/state", "须为 granted、refused 或 closed。",
                           "must be granted, refused or closed.");
    if (strcmp(state, "refused") == 0 || json_object_get(call->body, "reason") != NULL)
        TRY(need_text(call, "reason", 2000, &reason));
    int64_t grant = json_integer_or(call->body, "grant", 0);
    if (strcmp(state, "granted") == 0 && grant <= 0)
        return refuse_call(call, RESULT_INVALID, "/grant", "须给出授权编号。", "needs the grant's number.");
    enum result result =
        exchange_state_answer(call->service->state, call->number, state, reason, grant, ret_reply);
    if (result == RESULT_CONFLICT)
        return refuse_call(call, result, "/state", "订单的现状不允许。",
                           "the order's state does not allow that.");
    return result;
}

static const struct route {
    const char *method;
    const char *path; /* '#' stands for a number */
    enum result (*who)(struct call *);
    enum result (*run)(struct call *, json_t **);
} routes[] = {
    {"POST", "/customers", by_anyone, customer_add}, {"GET", "/listings", by_anyone, listing_list},
    {"POST", "/listings", by_platform, listing_add}, {"DELETE", "/listings/#", by_platform, listing_withdraw},
    {"POST", "/orders", by_customer, order_add},     {"GET", "/orders", by_platform, order_list},
    {"GET", "/orders/#", by_customer, order_get},    {"POST", "/orders/#/state", by_platform, order_answer},
};

static bool matches(const char *pattern, const char *path, int64_t *ret_number)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '#') {
            if (*path++ != *pattern)
                return false;
            continue;
        }
        size_t digits = strspn(path, "0123456789");
        if (digits == 0 || digits > 18)
            return false;
        *ret_number = strtoll(path, NULL, 10);
        path += digits;
    }
    return *path == '\0';
}

static enum result run_route(struct call *call, json_t **ret_reply)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(routes[i].method, call->method) != 0 ||
            !matches(routes[i].path, call->path, &call->number))
            continue;
        TRY(routes[i].who(call));
        TRY(read_body(call));
        return routes[i].run(call, ret_reply);
    }
    return refuse_call(call, RESULT_NOT_FOUND, NULL, "没有这个接口。", "There is no such route.");
}

/* ---- HTTP ---- */

static json_t *problem(const struct call *call, enum result result, int status)
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

static enum MHD_Result send_reply(const struct call *call, int status, const json_t *json)
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

static enum MHD_Result answer_call(struct call *call)
{
    CLEANUP_JSON json_t *reply = NULL;
    enum result result = run_route(call, &reply);
    if (result == RESULT_OK)
        return send_reply(call, reply != NULL ? 200 : 204, reply);
    int status = result_http_status(result);
    reply = problem(call, result, status);
    return send_reply(call, status, reply);
}

static struct call *call_new(struct exchange_service *service, struct MHD_Connection *connection,
                             const char *method, const char *path)
{
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL)
        abort();
    call->service = service;
    call->arena = arena_new(0);
    call->connection = connection;
    call->method = arena_strdup(call->arena, method);
    call->path = arena_strdup(call->arena, path);
    return call;
}

static void take_bytes(struct call *call, const char *bytes, size_t size)
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
    struct call *call = *state;
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
    struct call *call = *state;
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
        ssize_t got = read(fd, service->token, TOKEN_SIZE - 1);
        (void)close(fd);
        return got == TOKEN_SIZE - 1 ? RESULT_OK : RESULT_CORRUPT;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return RESULT_IO;
    make_token(service->token);
    bool written = write(fd, service->token, TOKEN_SIZE - 1) == TOKEN_SIZE - 1 && fsync(fd) == 0;
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
