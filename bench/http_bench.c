/* What callers of the HTTP interface see: a catalogue entry, searches, metered calls.
 *
 * http_bench HOME DUKOU LIBRARY FLOOR_HTTP FLOOR_SEARCH: HOME as city_make left it; the program serves it
 * itself. HOME may be used again, meters and log grow. */
#include "load.h"
#include "served.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 64, SEARCHERS = 2, ROUNDS = 3, SUBJECTS = 1000 };
#define SECONDS 2.0

struct bench {
    struct served served;
    const char *floor_http, *floor_search;
};

/* ---- against bare libmicrohttpd ---- */

static struct child start_floor(struct bench *bench, const char *request, int *ret_port)
{
    size_t size;
    const char *body;
    char *reply = load_once(bench->served.port, request, &size, &body);
    const char *path = arena_printf(bench->served.arena, "%s/reply", bench->served.home);
    FILE *file = fopen(path, "w");
    if (strncmp(reply, "HTTP/1.1 2", 10) != 0)
        bench_die("%s\n%s", request, reply);
    if (file == NULL || fwrite(reply, 1, size, file) != size || fclose(file) != 0)
        bench_die("cannot write %s", path);
    free(reply);
    *ret_port = bench_port();
    const char *port = arena_printf(bench->served.arena, "%d", *ret_port);
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
        struct load load = {.port = port,
                            .connections = CONNECTIONS,
                            .seconds = seconds,
                            .requests = requests,
                            .request_count = count};
        bare[i] = load_run(&load).per_second;
        load.port = bench->served.port;
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

static void measure_entry(struct bench *bench)
{
    const char *request = served_get(&bench->served,
                                     arena_printf(bench->served.arena, "/api/catalogue/%lld",
                                                  (long long)json_integer_or(bench->served.city, "entry", 0)),
                                     NULL);
    struct pair pair = compare(bench, &request, 1, SECONDS);
    bench_tell((struct figure){"GET of one catalogue entry, 64 connections", pair.dukou, "1/s", pair.floor,
                               pair.ratio, "ratio >= 0.5", pair.ratio >= 0.5});
}

/* ---- metered calls ---- */

static void measure_calls(struct bench *bench)
{
    const char *requests[SUBJECTS];
    const char *path = arena_printf(bench->served.arena, "/api/products/%lld/calls",
                                    (long long)json_integer_or(bench->served.city, "product", 0));
    for (int i = 0; i < SUBJECTS; i++) {
        const char *body = arena_printf(bench->served.arena, "{\"subject\":\"%d\"}", 1 + i * 97);
        requests[i] = served_post(&bench->served, path, json_text(bench->served.city, "token"), body);
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

static void measure_search(struct bench *bench)
{
    const char *requests[2 * WORDS(word_searches)];
    double dukou[ROUNDS], bare[ROUNDS];
    for (size_t i = 0; i < WORDS(word_searches); i++) {
        const char *words = served_encoded(&bench->served, word_searches[i]);
        requests[2 * i] = served_get(
            &bench->served, arena_printf(bench->served.arena, "/api/catalogue?q=%s&limit=20", words), NULL);
        requests[2 * i + 1] = served_get(
            &bench->served, arena_printf(bench->served.arena, "/api/catalogue/count?q=%s", words), NULL);
    }
    struct child floor = bench_spawn(
        (const char *const[]){bench->floor_search,
                              arena_printf(bench->served.arena, "%s/dukou.db", bench->served.home), NULL},
        NULL);
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = bench_ask(&floor, "search");
        struct load_result result = load_run(
            &(struct load){bench->served.port, SEARCHERS, SECONDS, requests, 2 * WORDS(word_searches)});
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
    struct bench bench = {.served = served_open(arena, argv[1], argv[2], argv[3], NULL),
                          .floor_http = argv[4],
                          .floor_search = argv[5]};
    measure_entry(&bench);
    measure_search(&bench);
    measure_calls(&bench);
    served_close(&bench.served);
    return 0;
}
