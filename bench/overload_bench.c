/* A server that is asked for five times what it can do: what it still does, and how it turns the rest away.
 *
 * overload_bench HOME DUKOU LIBRARY: HOME as city_make left it. */
#include "load.h"
#include "served.h"

#include <stdlib.h>

enum { CALMLY = 64, STORM = 800, ADDRESSES = 7, ROUNDS = 3, REQUESTS = 300000, TIMES = 5 };
#define SECONDS 3.0

struct storm {
    const struct served *served;
    const char **requests;
};

/* Requests for data, each under a name that was not there yet: parsed, judged, stepped, entered, synced. */
static void make_requests(struct storm *storm, struct arena *arena)
{
    struct served view = *storm->served;
    view.arena = arena;
    long long run = (long long)(bench_now() * 1e6);
    for (size_t i = 0; i < REQUESTS; i++)
        storm->requests[i] = served_post(
            &view, "/api/requests", json_text(view.city, "developer"),
            arena_printf(
                arena,
                "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"s%lld_%zu\",\"purpose\":\"研究\","
                "\"columns\":[\"base\"]}",
                (long long)json_integer_or(view.city, "room", 0),
                (long long)json_integer_or(view.city, "entry", 0), run, i));
}

static struct load_result run(struct storm *storm, int connections, double rate)
{
    struct arena *arena = arena_new((size_t)1024 * 1024 * 1024);
    make_requests(storm, arena);
    struct load_result result = load_run(&(struct load){.port = storm->served->port,
                                                        .connections = connections,
                                                        .seconds = SECONDS,
                                                        .requests = storm->requests,
                                                        .request_count = REQUESTS,
                                                        .rate = rate,
                                                        .addresses = ADDRESSES,
                                                        .once = true});
    arena_free(arena);
    return result;
}

static void tell(const char *name, double value, const char *unit)
{
    bench_tell((struct figure){.name = name, .value = value, .unit = unit, .target = ""});
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct served served = served_open(arena, argv[1], argv[2], argv[3], NULL);
    struct storm storm = {.served = &served, .requests = calloc(REQUESTS, sizeof(char *))};
    double peak[ROUNDS], good[ROUNDS], ratio[ROUNDS], p99[ROUNDS];
    struct load_result all = {0};
    for (int i = 0; i < ROUNDS; i++) {
        peak[i] = run(&storm, CALMLY, 0).good_per_second;
        struct load_result result = run(&storm, STORM, TIMES * peak[i]);
        good[i] = result.good_per_second;
        ratio[i] = good[i] / peak[i];
        p99[i] = result.p99_ms;
        all.answers += result.answers;
        all.failures += result.failures;
        all.shed += result.shed;
        all.held += result.held;
        all.dropped += result.dropped;
        bench_say("at its best %.0f/s; of %.0f/s asked, %.0f/s done, p99 %.1f ms", peak[i], TIMES * peak[i],
                  good[i], p99[i]);
        bench_say(
            "%zu turned away, %zu without a word on when to come back, %zu found no connection, %zu dropped",
            result.shed, result.failures - result.shed, result.held, result.dropped);
    }
    double middle = bench_median(ratio, ROUNDS);
    bench_tell((struct figure){"state changes done when five times as many are asked for",
                               bench_median(good, ROUNDS), "1/s", bench_median(peak, ROUNDS), middle,
                               "ratio >= 0.8", middle >= 0.8});
    bench_tell((struct figure){.name = "  turned away without Retry-After, of all answers",
                               .value = 100 * (double)(all.failures - all.shed) / (double)all.answers,
                               .unit = "%",
                               .target = "value <= 0",
                               .ok = all.failures == all.shed});
    tell("  turned away with it", 100 * (double)all.shed / (double)all.answers, "%");
    tell("  99th percentile of what was done", bench_median(p99, ROUNDS), "ms");
    free(storm.requests);
    served_close(&served);
    return 0;
}
