/* `dukou serve`: the keeper and its workers, the server, the sealer and the timers of one city. */
#include "affairs/party/party.h"
#include "affairs/product/product.h"
#include "affairs/room/room.h"
#include "base/limits.h"
#include "command/city.h"
#include "command/command.h"
#include "command/lead.h"
#include "command/notify.h"
#include "command/watch.h"
#include "http/background.h"
#include "http/dispatch.h"
#include "http/jobs.h"
#include "http/log.h"
#include "http/server.h"
#include "peers/exchange/exchange.h"
#include "vault/protect.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { SEAL_MILLISECONDS = 1000, TIMERS_MAX = 16, STOP_SECONDS = 10 };

struct serving {
    struct city city;
    struct exchange_peer peer;
    struct product_exchange exchange;
    struct watch *watch;
    atomic_bool leads; /* as of the last second */
    atomic_bool stop;
};

static void nap(int milliseconds)
{
    (void)nanosleep(
        &(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L}, NULL);
}

static void log_failure(const struct serving *serving, const char *what, enum result result)
{
    log_write(&serving->city.app, LOG_LINE(.level = LOG_ERROR, .event = what, .result = result_name(result)));
}

/* What others look for to tell that this process lives; taken anew when the store was away for a while. */
static enum result stay_alive(struct city *city)
{
    char name[SERVER_NAME_SIZE];
    if (city->alive != NULL && store_leads(city->alive))
        return RESULT_OK;
    store_lead_end(city->alive);
    city->alive = NULL;
    server_name(city->app.server, name);
    return store_lead(city->store, name, &city->alive);
}

static void run_timers(struct serving *serving, instant *next)
{
    for (size_t i = 0; i < TIMERS_MAX && command_timers[i].run != NULL; i++) {
        instant now = clock_monotonic();
        if (now < next[i])
            continue;
        next[i] = now + command_timers[i].seconds * INSTANT_SECOND;
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        enum result result = command_timers[i].run(&serving->city.app, arena);
        if (result != RESULT_OK)
            log_failure(serving, command_timers[i].name, result);
    }
}

/* Whoever leads seals every second. The others try to lead. */
static void lead_or_try(struct serving *serving)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct city *city = &serving->city;
    bool led = city->sealer != NULL;
    enum result result = city_leads(city) ? RESULT_OK : city_lead(arena, city, NULL);
    if (led != (city->sealer != NULL))
        log_write(&city->app, LOG_LINE(.level = LOG_INFO, .event = led ? "follows" : "leads"));
    atomic_store(&serving->leads, city->sealer != NULL);
    if (result == RESULT_BUSY)
        return;
    if (result == RESULT_OK)
        result = audit_seal(city->sealer, NULL);
    if (result != RESULT_OK)
        log_failure(serving, "seal", result);
}

static void *keep_time(void *argument)
{
    struct serving *serving = argument;
    while (!atomic_load(&serving->stop)) {
        enum result alive = stay_alive(&serving->city);
        if (alive != RESULT_OK)
            log_failure(serving, "alive", alive);
        lead_or_try(serving);
        for (int waited = 0; waited < SEAL_MILLISECONDS && !atomic_load(&serving->stop); waited += 100)
            nap(100);
    }
    return NULL;
}

/* Whoever leads runs each timer when its seconds have passed; apart from sealing, since a timer may wait for
 * another side that does not answer. */
static void *keep_timers(void *argument)
{
    struct serving *serving = argument;
    instant next[TIMERS_MAX] = {0};
    while (!atomic_load(&serving->stop)) {
        if (atomic_load(&serving->leads))
            run_timers(serving, next);
        nap(100);
    }
    return NULL;
}

/* False when it is still waiting for another side. */
static bool ends_soon(pthread_t thread)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_SECONDS;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* By chance, so that none is ever used twice. */
static int64_t new_server(struct random *random)
{
    uint64_t number;
    random_bytes(random, &number, sizeof number);
    return (int64_t)(number >> 2) + 1;
}

static void connect_exchange(struct serving *serving)
{
    const struct settings *s = &serving->city.settings;
    if (s->exchange == NULL || s->exchange_token == NULL)
        return;
    serving->peer = (struct exchange_peer){.url = s->exchange, .token = s->exchange_token};
    serving->exchange = (struct product_exchange){.peer = &serving->peer,
                                                  .list = exchange_list,
                                                  .withdraw = exchange_withdraw,
                                                  .orders = exchange_orders,
                                                  .answer = exchange_answer};
    serving->city.app.exchange = &serving->exchange;
}

static enum result prepare(struct serving *serving, struct arena *arena, struct refusal *ret_refusal)
{
    struct app *app = &serving->city.app;
    enum result leads = city_lead(arena, &serving->city, ret_refusal);
    if (leads != RESULT_OK && leads != RESULT_BUSY)
        return leads;
    app->server = new_server(app->random);
    TRY(stay_alive(&serving->city));
    app->identity = &party_identity;
    app->secure_cookies = serving->city.settings.certificate != NULL || serving->city.settings.tls_in_front;
    app->public_per_minute = serving->city.settings.public_per_minute;
    app->account_per_minute = serving->city.settings.account_per_minute;
    app->jobs = jobs_new(LIMIT_WORKERS_AT_ONCE, LIMIT_WORK_QUEUE);
    app->product_calls = product_calls_new();
    connect_exchange(serving);
    for (size_t i = 0; command_workflows[i] != NULL; i++)
        workflow_check(command_workflows[i]);
    dispatch_open(app);
    serving->watch = watch_start(app, serving->city.settings.log, serving->city.settings.metrics_token);
    return room_end_interrupted(app, arena);
}

static void say_hello(const struct serving *serving, int port)
{
    const struct settings *s = &serving->city.settings;
    (void)printf("渡口 Dukou\n"
                 "  %s://%s:%d/      打开这里 open this\n"
                 "  %s://%s:%d/api   接口说明 the API, browsable\n"
                 "  home %s\n",
                 s->certificate != NULL ? "https" : "http", s->address, port,
                 s->certificate != NULL ? "https" : "http", s->address, port, s->home);
    (void)fflush(stdout);
}

static void wait_for_stop(void)
{
    sigset_t stops;
    int signal_number;
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)sigwait(&stops, &signal_number);
}

/* Blocked in every thread, so that only wait_for_stop() takes them. The keeper is forked before. */
static void block_stops(void)
{
    sigset_t stops;
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &stops, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Why nothing listens: the certificate's files, or the address. */
static enum result refuse_to_listen(const struct serving *serving, enum result result, struct arena *arena,
                                    struct refusal *ret_refusal)
{
    const struct settings *s = &serving->city.settings;
    if (result == RESULT_NOT_FOUND || result == RESULT_MALFORMED || result == RESULT_TOO_LARGE)
        return refuse(ret_refusal,
                      (struct refusal){.result = result,
                                       .field = "DUKOU_CERTIFICATE",
                                       .zh = "证书或其密钥读不到，或不是 PEM 文件",
                                       .en = "the certificate or its key cannot be read, or is no PEM file",
                                       .remedy_zh = "核对 DUKOU_CERTIFICATE 与 DUKOU_CERTIFICATE_KEY",
                                       .remedy_en = "check DUKOU_CERTIFICATE and DUKOU_CERTIFICATE_KEY"});
    return refuse(ret_refusal,
                  (struct refusal){.result = result,
                                   .field = "DUKOU_PORT",
                                   .zh = arena_printf(arena, "无法监听 %s:%d", s->address, s->port),
                                   .en = arena_printf(arena, "cannot listen on %s:%d", s->address, s->port),
                                   .remedy_zh = "该端口可能已被占用：换一个端口，或核对地址与证书",
                                   .remedy_en = "another program may use the port: choose another, or check "
                                                "address and certificate"});
}

/* Both to the log and to the service manager. */
static void tell(const struct serving *serving, const char *event, const char *state)
{
    log_write(&serving->city.app, LOG_LINE(.level = LOG_INFO, .event = event));
    notify(state);
}

static enum result serve(struct serving *serving, struct arena *arena, struct refusal *ret_refusal)
{
    const struct settings *s = &serving->city.settings;
    const struct server_options options = {.address = s->address,
                                           .port = s->port,
                                           .certificate = s->certificate,
                                           .key = s->certificate_key,
                                           .threads = s->threads};
    struct server *server;
    pthread_t keeper_of_time, keeper_of_timers;
    enum result result = server_start(&serving->city.app, &options, &server);
    if (result != RESULT_OK)
        return refuse_to_listen(serving, result, arena, ret_refusal);
    if (pthread_create(&keeper_of_time, NULL, keep_time, serving) != 0 ||
        pthread_create(&keeper_of_timers, NULL, keep_timers, serving) != 0)
        return RESULT_MEMORY;
    say_hello(serving, server_port(server));
    tell(serving, "ready", "READY=1");
    wait_for_stop();
    tell(serving, "stopping", "STOPPING=1");
    if (server_stop(server, STOP_SECONDS) == RESULT_TIMEOUT)
        _exit(1); /* a handler still uses the city: leave it to the end of the process, as a crash would */
    atomic_store(&serving->stop, true);
    (void)pthread_join(keeper_of_time, NULL);
    watch_stop(serving->watch);
    serving->watch = NULL;
    jobs_free(serving->city.app.jobs);
    bool idle = ends_soon(keeper_of_timers);
    result = city_leads(&serving->city) ? audit_seal(serving->city.sealer, NULL) : RESULT_OK;
    if (!idle)
        _exit(result == RESULT_OK ? 0 : 1); /* it still uses the city; what it does is safe to be cut off */
    return result;
}

int command_serve(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static struct serving serving; /* large, and one a process */
    struct refusal refusal = {0};
    block_stops();
    json_wipe_when_freed();
    enum result result = city_open(arena, &serving.city, &refusal);
    if (result == RESULT_OK)
        result = vault_protect_process(); /* passwords pass through: no core file, no debugger */
    if (result != RESULT_OK)
        return command_refused("serve", result, &refusal);
    result = prepare(&serving, arena, &refusal);
    if (result == RESULT_OK)
        result = serve(&serving, arena, &refusal);
    watch_stop(serving.watch);
    dispatch_close(&serving.city.app);
    product_calls_free(serving.city.app.product_calls);
    city_close(&serving.city);
    return result == RESULT_OK ? 0 : command_refused("serve", result, &refusal);
}
