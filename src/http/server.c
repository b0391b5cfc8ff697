#include "http/server.h"

#include "base/limits.h"
#include "base/text.h"
#include "http/server_inner.h"
#include "http/traffic.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- memory of threads ---- */

static void free_arena(void *arena)
{
    arena_free(arena);
}

struct arena *server_arena(struct server *server)
{
    struct arena *arena = pthread_getspecific(server->arenas);
    if (arena == NULL) {
        arena = arena_new(0);
        if (pthread_setspecific(server->arenas, arena) != 0)
            abort();
    }
    arena_reset(arena);
    return arena;
}

/* ---- starting ---- */

/* The path as it came: the router decodes it, once. */
static size_t leave_escapes(void *argument, struct MHD_Connection *connection, char *text)
{
    (void)argument;
    (void)connection;
    return strlen(text);
}

static void say_nothing(void *argument, const char *format, va_list args)
{
    (void)argument;
    (void)format;
    (void)args;
}

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static enum result read_address(const struct server_options *options, union address *ret_address)
{
    union address address = {0};
    if (options->port < 0 || options->port > 65535)
        return RESULT_INVALID;
    uint16_t port = htons((uint16_t)options->port);
    if (inet_pton(AF_INET, options->address, &address.four.sin_addr) == 1) {
        address.four.sin_family = AF_INET;
        address.four.sin_port = port;
    } else if (inet_pton(AF_INET6, options->address, &address.six.sin6_addr) == 1) {
        address.six.sin6_family = AF_INET6;
        address.six.sin6_port = port;
    } else {
        return RESULT_INVALID;
    }
    *ret_address = address;
    return RESULT_OK;
}

enum { PEM_BYTES = 256 * 1024 };

static enum result read_pem(struct arena *arena, const char *path, const char **ret_text)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return RESULT_NOT_FOUND;
    char *text = arena_alloc(arena, PEM_BYTES + 1);
    size_t size = fread(text, 1, PEM_BYTES + 1, file);
    (void)fclose(file);
    if (size > PEM_BYTES)
        return RESULT_TOO_LARGE;
    if (size == 0 || strstr(text, "-----BEGIN ") == NULL)
        return RESULT_MALFORMED;
    *ret_text = text;
    return RESULT_OK;
}

struct settings {
    union address address;
    const char *certificate;
    const char *key;
    unsigned threads;
};

/* GnuTLS's words for: TLS 1.3 and 1.2, nothing older. */
static const char tls_versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

/* So many that the store, the log, the keeper and uploads still find descriptors. */
static unsigned connections_within(void)
{
    const rlim_t wanted = LIMIT_CONNECTIONS + LIMIT_DESCRIPTORS_KEPT;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return LIMIT_CONNECTIONS;
    if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted)
        return LIMIT_CONNECTIONS;
    return limit.rlim_cur > LIMIT_DESCRIPTORS_KEPT + LIMIT_CONNECTIONS_LEAST
               ? (unsigned)(limit.rlim_cur - LIMIT_DESCRIPTORS_KEPT)
               : LIMIT_CONNECTIONS_LEAST;
}

static struct MHD_Daemon *start_daemon(struct server *server, const struct settings *settings)
{
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)settings->certificate},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)settings->key},
                                   {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_versions},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (settings->certificate != NULL)
        flags |= MHD_USE_TLS;
    if (settings->address.any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, settings->threads, NULL},
                                    {MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, call_handle, server, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
        MHD_OPTION_SOCK_ADDR, &settings->address.any, MHD_OPTION_URI_LOG_CALLBACK, call_begin, server,
        MHD_OPTION_NOTIFY_COMPLETED, call_end, server, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
        MHD_OPTION_CONNECTION_LIMIT, connections_within(), MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)LIMIT_CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEADER_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, watch_connection, server->watch, MHD_OPTION_ARRAY,
        settings->threads > 1 ? pool : none, MHD_OPTION_ARRAY, settings->certificate != NULL ? tls : none,
        MHD_OPTION_END);
}

static void server_free(struct server *server)
{
    traffic_watch(dispatch_traffic(server->app), (struct traffic_load){0});
    if (server->pool != NULL)
        pool_free(server->pool);
    if (server->watch != NULL)
        watch_free(server->watch);
    call_busy_end(server);
    free_arena(pthread_getspecific(server->arenas));
    (void)pthread_key_delete(server->arenas);
    free(server);
}

enum result server_start(const struct app *app, const struct server_options *options,
                         struct server **ret_server)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct settings settings = {.threads = options->threads > 0 ? (unsigned)options->threads : 2};
    TRY(read_address(options, &settings.address));
    if ((options->certificate != NULL) != (options->key != NULL))
        return RESULT_INVALID;
    if (options->certificate != NULL) {
        TRY(read_pem(arena, options->certificate, &settings.certificate));
        TRY(read_pem(arena, options->key, &settings.key));
    }
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL || pthread_key_create(&server->arenas, free_arena) != 0)
        abort();
    server->app = app;
    crypto_shorthash_keygen(server->id_secret);
    traffic_watch(dispatch_traffic(app), (struct traffic_load){&server->calls, &server->working,
                                                               &server->uploads, &server->streams});
    call_busy_begin(server);
    server->pool = pool_new(server);
    server->watch = watch_new(options->head_seconds, options->reply_seconds);
    server->daemon = start_daemon(server, &settings);
    if (server->daemon == NULL) {
        server_free(server);
        return RESULT_IO;
    }
    *ret_server = server;
    return RESULT_OK;
}

int server_port(const struct server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}

/* ---- stopping ---- */

static void pause_briefly(void)
{
    struct timespec time = {0, 5 * 1000000};
    (void)nanosleep(&time, NULL);
}

enum result server_stop(struct server *server, int seconds)
{
    instant deadline = clock_monotonic() + seconds * INSTANT_SECOND;
    server->stopping = true;
    /* Nobody can connect any more; but MHD's threads may be using the socket until they have ended. */
    MHD_socket listening = MHD_quiesce_daemon(server->daemon);
    if (listening != MHD_INVALID_SOCKET)
        (void)shutdown(listening, SHUT_RDWR);
    while ((server->calls > 0 || server->streams > 0) && clock_monotonic() < deadline)
        pause_briefly();
    if (server->working > 0 || server->streams > 0)
        return RESULT_TIMEOUT;
    MHD_stop_daemon(server->daemon);
    if (listening != MHD_INVALID_SOCKET)
        (void)close(listening);
    server_free(server);
    return RESULT_OK;
}
