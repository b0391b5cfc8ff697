/* What a call costs in a city that has grown, against the same call in a small one; how soon it serves again
 * after a crash; how long its log takes to verify.
 *
 * growth_bench DUKOU LIBRARY SMALL LARGE…: homes made by city_make with requests and a log, each named after
 * how many times the small one's size it has ("…/x10"). May be run again on the same homes: they grow by what
 * is measured. */
#include "load.h"
#include "served.h"
#include "words.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CONNECTIONS = 8,
    ROUNDS = 5,
    SAMPLES = 2000,
    NEW_REQUESTS = 40000,
    HOMES = 4,
    FIRST = 1001,
    PROOFS = 15
};
#define SECONDS 1.0
#define COST_LIMIT 1.5

struct requests {
    const char **items;
    size_t count;
    bool once;
};

struct operation {
    const char *name;
    struct requests (*make)(const struct served *served);
};

/* ---- requests ---- */

static struct requests room_for(const struct served *served, size_t count)
{
    return (struct requests){.items = arena_alloc(served->arena, count * sizeof(char *)), .count = count};
}

static int64_t member(const struct served *served, const char *name)
{
    return json_integer_or(served->city, name, 0);
}

static const char *token(const struct served *served, const char *whose)
{
    return json_text(served->city, whose);
}

/* Spread over all that city_make has put in. */
static struct requests spread(const struct served *served, const char *format, int64_t count, const char *who)
{
    struct requests requests = room_for(served, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) {
        long long at = FIRST + (long long)((i * 0x9e3779b97f4a7c15U >> 16) % (uint64_t)count);
        const char *path = arena_printf(served->arena, "%s/%lld", format, at);
        requests.items[i] = served_get(served, path, who);
    }
    return requests;
}

static struct requests one_path(const struct served *served, const char *path, const char *who)
{
    struct requests requests = room_for(served, 1);
    requests.items[0] = served_get(served, path, who);
    return requests;
}

static struct requests an_entry(const struct served *served)
{
    return spread(served, "/api/catalogue", member(served, "entries") - 1, NULL);
}

static struct requests a_request(const struct served *served)
{
    return spread(served, "/api/requests", member(served, "requests") - 1, token(served, "bureau"));
}

static struct requests own_requests(const struct served *served)
{
    return one_path(served, "/api/requests?limit=20", token(served, "developer"));
}

static struct requests all_requests(const struct served *served)
{
    return one_path(served, "/api/requests?limit=20", token(served, "bureau"));
}

static struct requests page_of_catalogue(const struct served *served)
{
    return one_path(served, "/api/catalogue?limit=20", token(served, "developer"));
}

static struct requests own_rooms(const struct served *served)
{
    return one_path(served, "/api/rooms?limit=20", token(served, "developer"));
}

static struct requests own_orders(const struct served *served)
{
    return one_path(served, "/api/orders?limit=20", token(served, "token"));
}

static const char *search_for(const struct served *served, const char *words)
{
    return served_get(
        served, arena_printf(served->arena, "/api/catalogue?q=%s&limit=20", served_encoded(served, words)),
        NULL);
}

static struct requests searches(const struct served *served)
{
    struct requests requests = room_for(served, WORDS(word_searches));
    requests.count = 0;
    for (size_t i = 0; i < WORDS(word_searches); i++)
        if (i != WORDS_THAT_SELDOM_MEET)
            requests.items[requests.count++] = search_for(served, word_searches[i]);
    return requests;
}

static struct requests long_search(const struct served *served)
{
    struct requests requests = room_for(served, 1);
    requests.items[0] = search_for(served, word_searches[WORDS_THAT_SELDOM_MEET]);
    return requests;
}

/* A durable step with its entry: a request of the developer's, each under a name that was not there yet. */
static struct requests new_requests(const struct served *served)
{
    struct requests requests = room_for(served, NEW_REQUESTS);
    requests.once = true;
    long long run = (long long)(bench_now() * 1e6);
    for (size_t i = 0; i < NEW_REQUESTS; i++)
        requests.items[i] = served_post(served, "/api/requests", token(served, "developer"),
                                        arena_printf(served->arena,
                                                     "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"n%"
                                                     "lld_%zu\",\"purpose\":\"研究\",\"columns\":["
                                                     "\"base\"]}",
                                                     (long long)member(served, "room"),
                                                     (long long)member(served, "entry"), run, i));
    return requests;
}

static struct requests calls(const struct served *served)
{
    struct requests requests = room_for(served, SAMPLES);
    const char *path =
        arena_printf(served->arena, "/api/products/%lld/calls", (long long)member(served, "product"));
    for (size_t i = 0; i < SAMPLES; i++)
        requests.items[i] = served_post(served, path, token(served, "token"),
                                        arena_printf(served->arena, "{\"subject\":\"%zu\"}", 1 + i));
    return requests;
}

static struct requests a_bill(const struct served *served)
{
    return spread(served, "/api/bills", member(served, "books") - 1, token(served, "token"));
}

static struct requests own_bills(const struct served *served)
{
    return one_path(served, "/api/bills?limit=20", token(served, "developer"));
}

static struct requests bills_of_order(const struct served *served)
{
    return one_path(
        served,
        arena_printf(served->arena, "/api/bills?limit=20&order_id=%lld", (long long)member(served, "order")),
        token(served, "token"));
}

static struct requests own_ledger(const struct served *served)
{
    return one_path(served, "/api/ledger?limit=20", token(served, "developer"));
}

static struct requests own_balance(const struct served *served)
{
    return one_path(served, "/api/balances", token(served, "developer"));
}

static struct requests all_balances(const struct served *served)
{
    return one_path(served, "/api/balances?limit=20", token(served, "bureau"));
}

static struct requests queries_of_room(const struct served *served)
{
    return one_path(
        served,
        arena_printf(served->arena, "/api/rooms/%lld/queries?limit=20", (long long)member(served, "room")),
        token(served, "developer"));
}

static struct requests open_notices(const struct served *served)
{
    return one_path(served, "/api/notices?open=true&limit=20", NULL);
}

static struct requests own_party(const struct served *served)
{
    return one_path(served, "/api/parties?limit=20", token(served, "token"));
}

static struct requests providers(const struct served *served)
{
    return one_path(served, "/api/parties?role=provider&limit=20", token(served, "bureau"));
}

static struct requests own_admissions(const struct served *served)
{
    return one_path(served, "/api/admissions?limit=20", token(served, "developer"));
}

static const struct operation operations[] = {
    {"one entry of the catalogue", an_entry},
    {"a page of the catalogue", page_of_catalogue},
    {"searches, a page each", searches},
    {"one request", a_request},
    {"a request made, durable", new_requests},
    {"a page of the developer's own requests", own_requests},
    {"a page of all requests", all_requests},
    {"a page of the developer's own rooms", own_rooms},
    {"a page of the customer's own orders", own_orders},
    {"a verification call, metered", calls},
    {"one bill with its shares", a_bill},
    {"a page of the developer's own bills", own_bills},
    {"a page of an order's bills", bills_of_order},
    {"a page of the developer's own ledger", own_ledger},
    {"the developer's own balance", own_balance},
    {"all balances, a page", all_balances},
    {"a page of a room's queries", queries_of_room},
    {"a page of the open notices", open_notices},
    {"the customer's own party", own_party},
    {"a page of the providers", providers},
    {"a page of the developer's own admissions", own_admissions},
};

/* ---- measuring ---- */

static double cost(const struct served *served, const struct operation *operation)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct served view = *served;
    view.arena = arena;
    struct requests requests = operation->make(&view);
    struct load_result result = load_run(&(struct load){.port = served->port,
                                                        .connections = CONNECTIONS,
                                                        .seconds = SECONDS,
                                                        .requests = requests.items,
                                                        .request_count = requests.count,
                                                        .once = requests.once});
    if (result.failures > 0)
        bench_die("%s: %zu of %zu answers failed", operation->name, result.failures, result.answers);
    return 1e6 / result.per_second;
}

static const char *scale(const struct served *served)
{
    const char *slash = strrchr(served->home, '/');
    return slash != NULL ? slash + 1 : served->home;
}

/* A server of two threads answers some rounds at half its speed: all connections were taken up by one thread.
 * Such things only ever add to what a call costs, so that the least of several rounds is nearest to it. */
static double least(double *costs)
{
    return bench_percentile(costs, ROUNDS, 0);
}

static double measure_operation(struct served *homes, int count, const struct operation *operation)
{
    double costs[HOMES][ROUNDS], worst = 0;
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < count; i++)
            costs[i][round] = cost(&homes[i], operation);
    double small = least(costs[0]);
    for (int i = 1; i < count; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        double large = least(costs[i]), ratio = large / small;
        bench_tell((struct figure){arena_printf(arena, "  %s, %s", operation->name, scale(&homes[i])), large,
                                   "us", small, ratio, "", true});
        worst = ratio > worst ? ratio : worst;
    }
    return worst;
}

/* One entry with its proof, by a process of its own. */
static double prove(const struct served *served, long long entry)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char line[256];
    const char *variables[] = {arena_printf(arena, "DUKOU_HOME=%s", served->home), NULL};
    double start = bench_now();
    struct child child = bench_spawn(
        (const char *const[]){served->dukou, "audit", "prove", arena_printf(arena, "%lld", entry), NULL},
        variables);
    size_t lines = 0;
    while (fgets(line, sizeof line, child.from) != NULL)
        lines++;
    bench_end(&child);
    if (lines < 3)
        bench_die("%s: no proof of entry %lld", served->home, entry);
    return bench_now() - start;
}

static double measure_proofs(const struct served *homes, int count)
{
    double costs[HOMES][PROOFS], worst = 0;
    for (int round = 0; round < PROOFS; round++)
        for (int i = 0; i < count; i++)
            costs[i][round] = 1e6 * prove(&homes[i], 1 + round * (member(&homes[i], "log") / PROOFS));
    for (int i = 1; i < count; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        double small = bench_median(costs[0], PROOFS), large = bench_median(costs[i], PROOFS);
        bench_tell(
            (struct figure){arena_printf(arena, "  an entry proved, by a process, %s", scale(&homes[i])),
                            large, "us", small, large / small, "", true});
        worst = large / small > worst ? large / small : worst;
    }
    return worst;
}

static void measure_costs(struct served *homes, int count)
{
    double worst = 0;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        double ratio = measure_operation(homes, count, &operations[i]);
        worst = ratio > worst ? ratio : worst;
    }
    double ratio = measure_proofs(homes, count);
    worst = ratio > worst ? ratio : worst;
    /* Nothing in the small city, a page in the large: told beside the others, since it is not the same call.
     */
    (void)measure_operation(homes, count,
                            &(struct operation){"a search for words that seldom meet", long_search});
    bench_tell((struct figure){.name = "cost of a call in a large city, the worst of these",
                               .value = worst,
                               .unit = "x",
                               .limit = 1,
                               .ratio = worst,
                               .target = "ratio <= 1.5",
                               .ok = worst <= COST_LIMIT});
}

/* Killed while requests are being made, and started again: until it answers. */
static void measure_restart(struct served *served)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    double seconds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        (void)cost(served, &(struct operation){"requests made", new_requests});
        (void)kill(-served->child.pid, SIGKILL);
        bench_end(&served->child);
        double start = bench_now();
        (void)served_start(served, NULL);
        size_t size;
        const char *body;
        free(load_once(served->port, served_get(served, "/health", NULL), &size, &body));
        seconds[i] = bench_now() - start;
    }
    double middle = bench_median(seconds, ROUNDS);
    bench_tell(
        (struct figure){.name = arena_printf(arena, "from a crash to serving again, %s", scale(served)),
                        .value = middle,
                        .unit = "s",
                        .target = "value <= 5",
                        .ok = middle <= 5});
}

static void measure_verify(const struct served *served)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char line[256];
    double entries = 0;
    const char *variables[] = {arena_printf(arena, "DUKOU_HOME=%s", served->home), NULL};
    double start = bench_now();
    struct child child =
        bench_spawn((const char *const[]){served->dukou, "audit", "verify", NULL}, variables);
    while (fgets(line, sizeof line, child.from) != NULL)
        if (strncmp(line, "entries\t", 8) == 0)
            entries = strtod(line + 8, NULL);
    struct rusage usage;
    int status;
    if (wait4(child.pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_die("%s does not verify", served->home);
    double seconds = bench_now() - start;
    (void)fclose(child.to);
    (void)fclose(child.from);
    bench_tell((struct figure){
        .name = arena_printf(arena, "verified, every row compared, %s: %.0f entries", scale(served), entries),
        .value = seconds,
        .unit = "s",
        .target = "value <= 150",
        .ok = seconds <= 150});
    bench_tell((struct figure){
        .name = "  peak memory of it", .value = (double)usage.ru_maxrss / 1024, .unit = "MiB", .target = ""});
}

int main(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct served homes[HOMES];
    int count = argc - 3;
    if (count < 2 || count > HOMES)
        bench_die("growth_bench DUKOU LIBRARY SMALL LARGE…");
    for (int i = 0; i < count; i++)
        homes[i] = served_open(arena, argv[3 + i], argv[1], argv[2], NULL);
    measure_costs(homes, count);
    measure_restart(&homes[count - 1]);
    for (int i = 0; i < count; i++)
        served_close(&homes[i]);
    measure_verify(&homes[count - 1]);
    return 0;
}
