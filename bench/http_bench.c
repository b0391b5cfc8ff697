/* What callers of the HTTP interface see: a catalogue entry, searches, metered calls.
 *
 * http_bench HOME DUKOU LIBRARY FLOOR_HTTP FLOOR_SEARCH: HOME as city_make left it; the program serves it
 * itself. HOME may be used again, meters and log grow. */
#include "base/json.h"
#include "bench.h"
#include "load.h"
#include "words.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 64, SEARCHERS = 2, ROUNDS = 3, SUBJECTS = 1000 };
#define SECONDS 2.0

struct bench {
    const char *home, *dukou, *library, *floor_http, *floor_search;
    json_t *city;
    struct arena *arena;
    int port;
    struct child serving;
};

/* ---- the served city ---- */

/* The city's clock goes on from where it was made. */
static void set_clock(const struct bench *bench)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t offset = json_integer_or(bench->city, "now", 0) - (now.tv_sec * 1000000 + now.tv_nsec / 1000);
    FILE *file = fopen(arena_printf(bench->arena, "%s/clock", bench->home), "w");
    if (file == NULL || fwrite(&offset, sizeof offset, 1, file) != 1 || fclose(file) != 0)
        bench_die("cannot set the city's clock");
}

static void start_serving(struct bench *bench)
{
    bench->port = bench_port();
    const char *variables[] = {arena_printf(bench->arena, "DUKOU_HOME=%s", bench->home),
                               arena_printf(bench->arena, "DUKOU_STORE=%s/city.db", bench->home),
                               arena_printf(bench->arena, "DUKOU_PORT=%d", bench->port),
                               arena_printf(bench->arena, "DUKOU_DUCKDB=%s", bench->library),
                               "DUKOU_PUBLIC_PER_MINUTE=100000000",
                               "DUKOU_ACCOUNT_PER_MINUTE=100000000",
                               NULL};
    bench->serving = bench_spawn((const char *const[]){bench->dukou, "serve", NULL}, variables);
    (void)bench_wait_for_port(bench->port);
}

static struct child start_floor(struct bench *bench, const char *request, int *ret_port)
{
    size_t size;
    const char *body;
    char *reply = load_once(bench->port, request, &size, &body);
    const char *path = arena_printf(bench->arena, "%s/reply", bench->home);
    FILE *file = fopen(path, "w");
    if (strncmp(reply, "HTTP/1.1 2", 10) != 0)
        bench_die("%s\n%s", request, reply);
    if (file == NULL || fwrite(reply, 1, size, file) != size || fclose(file) != 0)
        bench_die("cannot write %s", path);
    free(reply);
    *ret_port = bench_port();
    const char *port = arena_printf(bench->arena, "%d", *ret_port);
    struct child child = bench_spawn((const char *const[]){bench->floor_http, port, path, NULL}, NULL);
    (void)bench_wait_for_port(*ret_port);
    return child;
}

struct pair {
    double dukou, floor, ratio, p99_ms;
};

/* Turn and turn about; medians. */
static struct pair compare(struct bench *bench, const char *const *requests, size_t count, double seconds)
{
    double dukou[ROUNDS], bare[ROUNDS], ratio[ROUNDS], p99[ROUNDS];
    int port;
    struct child floor = start_floor(bench, requests[0], &port);
    for (int i = 0; i < ROUNDS; i++) {
        struct load load = {port, CONNECTIONS, seconds, requests, count};
        bare[i] = load_run(&load).per_second;
        load.port = bench->port;
        struct load_result result = load_run(&load);
        if (result.failures > 0)
            bench_die("%zu of %zu answers failed", result.failures, result.answers);
        dukou[i] = result.per_second;
        p99[i] = result.p99_ms;
        ratio[i] = dukou[i] / bare[i];
        bench_say("%.0f/s (p50 %.2f ms, p99 %.2f ms), bare libmicrohttpd %.0f/s", result.per_second,
                  result.p50_ms, result.p99_ms, bare[i]);
    }
    bench_end(&floor);
    return (struct pair){bench_median(dukou, ROUNDS), bench_median(bare, ROUNDS), bench_median(ratio, ROUNDS),
                         bench_median(p99, ROUNDS)};
}

/* ---- one entry ---- */

static const char *get(struct bench *bench, const char *path)
{
    return arena_printf(bench->arena,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n", path);
}

static void measure_entry(struct bench *bench)
{
    const char *request = get(bench, arena_printf(bench->arena, "/api/catalogue/%lld",
                                                  (long long)json_integer_or(bench->city, "entry", 0)));
    struct pair pair = compare(bench, &request, 1, SECONDS);
    bench_tell((struct figure){"GET of one catalogue entry, 64 connections", pair.dukou, "1/s", pair.floor,
                               pair.ratio, "ratio >= 0.5", pair.ratio >= 0.5});
}

/* ---- metered calls ---- */

static void measure_calls(struct bench *bench)
{
    const char *requests[SUBJECTS];
    for (int i = 0; i < SUBJECTS; i++) {
        const char *body = arena_printf(bench->arena, "{\"subject\":\"%d\"}", 1 + i * 97);
        requests[i] =
            arena_printf(bench->arena,
                         "POST /api/products/%lld/calls HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                         "%s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         (long long)json_integer_or(bench->city, "product", 0),
                         json_text(bench->city, "token"), strlen(body), body);
    }
    struct pair pair = compare(bench, requests, SUBJECTS, SECONDS);
    bench_tell((struct figure){"verification calls, metered durably, 64 connections", pair.dukou, "1/s",
                               pair.floor, pair.ratio, "value >= 10000", pair.dukou >= 1e4});
    bench_tell((struct figure){.name = "verification calls, 99th percentile",
                               .value = pair.p99_ms,
                               .unit = "ms",
                               .target = "value <= 10",
                               .ok = pair.p99_ms <= 10});
}

/* ---- searches ---- */

static const char *encoded(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, 3 * strlen(text) + 1), *at = out;
    for (; *text != '\0'; text++)
        at += isalnum((unsigned char)*text) ? snprintf(at, 2, "%c", *text)
                                            : snprintf(at, 4, "%%%02X", (unsigned char)*text);
    return out;
}

static void measure_search(struct bench *bench)
{
    const char *requests[2 * WORDS(word_searches)];
    double dukou[ROUNDS], bare[ROUNDS];
    for (size_t i = 0; i < WORDS(word_searches); i++) {
        const char *words = encoded(bench->arena, word_searches[i]);
        requests[2 * i] = get(bench, arena_printf(bench->arena, "/api/catalogue?q=%s&limit=20", words));
        requests[2 * i + 1] = get(bench, arena_printf(bench->arena, "/api/catalogue/count?q=%s", words));
    }
    struct child floor =
        bench_spawn((const char *const[]){bench->floor_search,
                                          arena_printf(bench->arena, "%s/city.db", bench->home), NULL},
                    NULL);
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = bench_ask(&floor, "search");
        struct load_result result =
            load_run(&(struct load){bench->port, SEARCHERS, SECONDS, requests, 2 * WORDS(word_searches)});
        if (result.failures > 0)
            bench_die("%zu searches failed", result.failures);
        dukou[i] = result.p99_ms;
        bench_say("%.0f searches/s, p50 %.2f ms, p99 %.2f ms; bare SQLite p99 %.2f ms", result.per_second,
                  result.p50_ms, result.p99_ms, bare[i]);
    }
    bench_end(&floor);
    double p99 = bench_median(dukou, ROUNDS), limit = bench_median(bare, ROUNDS);
    bench_tell((struct figure){"catalogue search, 1 M entries, 99th percentile", p99, "ms", limit,
                               p99 / limit, "value <= 20", p99 <= 20});
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct bench bench = {.home = argv[1],
                          .dukou = argv[2],
                          .library = argv[3],
                          .floor_http = argv[4],
                          .floor_search = argv[5],
                          .arena = arena};
    bench.city = json_load_file(arena_printf(arena, "%s/bench.json", bench.home), 0, NULL);
    if (bench.city == NULL)
        bench_die("%s is no city of city_make", bench.home);
    set_clock(&bench);
    start_serving(&bench);
    measure_entry(&bench);
    measure_search(&bench);
    measure_calls(&bench);
    bench_end(&bench.serving);
    json_decref(bench.city);
    return 0;
}
