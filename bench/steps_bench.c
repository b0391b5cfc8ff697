/* Durable state changes: workflow steps with their audit entries, by many clients, against bare commits.
 *
 * steps_bench FOLDER FLOOR_SQLITE: FOLDER must be empty, on a real disk: fsync is measured.
 * steps_bench FOLDER stores: the same steps in the server that DUKOU_TEST_STORE names (tools/postgres.sh),
 * which must be empty too, beside those in a SQLite file. */
#include "bench.h"
#include "workflow/workflow.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIENTS = 64, ROUNDS = 3 };
#define ROUND_SECONDS 2.0

/* A case that goes to and fro. */
enum { FERRY_WEST, FERRY_EAST };
static const char *const ferry_states[] = {"west", "east"};
static const char *const ferry_states_zh[] = {"西岸", "东岸"};
/* clang-format off */
static const struct transition ferry_transitions[] = {
  { WORKFLOW_NEW, "launch", FERRY_WEST, ROLE_OPERATOR, LAW(CALL_REVIEW), {NO_GUARD} },
  { FERRY_WEST,   "cross",  FERRY_EAST, ROLE_OPERATOR, LAW(CALL_REVIEW), {NO_GUARD} },
  { FERRY_EAST,   "return", FERRY_WEST, ROLE_OPERATOR, LAW(CALL_REVIEW), {NO_GUARD} },
};
/* clang-format on */
static const struct workflow ferry = {.name = "ferry",
                                      .zh = "渡船",
                                      .version = 1,
                                      .states = ferry_states,
                                      .states_zh = ferry_states_zh,
                                      .state_count = 2,
                                      .transitions = ferry_transitions,
                                      .transition_count = 3};
static const struct workflow *const ferries[] = {&ferry, NULL};

struct desk {
    struct store *store;
    struct clock *clock;
    struct random *random;
    struct calendar *calendar;
    atomic_bool stop;
};

struct client {
    struct desk *desk;
    row_id object;
    const char *event;
    struct arena *arena;
    long steps;
};

static const struct actor ferryman = {.account = 7, .party = 3, .role = ROLE_OPERATOR};

static enum result take_step(struct store_tx *tx, void *argument)
{
    struct client *client = argument;
    struct refusal refusal = {0};
    arena_reset(client->arena);
    struct work work = {.tx = tx,
                        .arena = client->arena,
                        .actor = &ferryman,
                        .clock = client->desk->clock,
                        .random = client->desk->random,
                        .calendar = client->desk->calendar,
                        .refusal = &refusal,
                        .entry = -1};
    if (client->steps < 0)
        return workflow_open(&work, &ferry, client->object, client->event, NULL, NULL);
    return workflow_step(&work, ferries, &ferry, client->object, client->event, NULL, NULL, NULL, NULL);
}

static void must(enum result result, const char *what)
{
    if (result != RESULT_OK)
        bench_die("%s: %s", what, result_name(result));
}

static void *be_client(void *argument)
{
    struct client *client = argument;
    while (!atomic_load(&client->desk->stop)) {
        client->event = strcmp(client->event, "cross") == 0 ? "return" : "cross";
        must(store_write(client->desk->store, take_step, client), "step");
        client->steps++;
    }
    return NULL;
}

static void launch(struct desk *desk, struct client *clients)
{
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){
            .desk = desk, .object = i + 1, .event = "launch", .arena = arena_new(0), .steps = -1};
        must(store_write(desk->store, take_step, &clients[i]), "launch");
    }
}

static double steps_per_second(struct desk *desk, struct client *clients, double seconds)
{
    pthread_t threads[CLIENTS];
    long steps = 0;
    atomic_store(&desk->stop, false);
    double start = bench_now();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].steps = 0;
        if (pthread_create(&threads[i], NULL, be_client, &clients[i]) != 0)
            bench_die("no thread");
    }
    while (bench_now() - start < seconds)
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    atomic_store(&desk->stop, true);
    for (int i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        steps += clients[i].steps;
    }
    return (double)steps / (bench_now() - start);
}

static void measure_steps(struct desk *desk, const char *folder, const char *floor_program)
{
    static struct client clients[CLIENTS];
    char file[512], seconds[16];
    double dukou[ROUNDS], bare[ROUNDS], ratio[ROUNDS];
    (void)snprintf(file, sizeof file, "%s/floor.db", folder);
    (void)snprintf(seconds, sizeof seconds, "%g", ROUND_SECONDS);
    struct child child = bench_spawn((const char *const[]){floor_program, file, NULL}, NULL);
    launch(desk, clients);
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = bench_ask(&child, seconds);
        dukou[i] = steps_per_second(desk, clients, ROUND_SECONDS);
        ratio[i] = dukou[i] / bare[i];
        bench_say("workflow steps %.0f/s, bare commits %.0f/s", dukou[i], bare[i]);
    }
    bench_end(&child);
    for (int i = 0; i < CLIENTS; i++)
        arena_free(clients[i].arena);
    double middle = bench_median(ratio, ROUNDS);
    bench_tell((struct figure){"durable state changes, 64 clients", bench_median(dukou, ROUNDS), "1/s",
                               bench_median(bare, ROUNDS), middle, "ratio >= 3", middle >= 3});
}

static double one_round(struct desk *desk, const char *name, struct client *clients)
{
    double rate = steps_per_second(desk, clients, ROUND_SECONDS);
    bench_say("workflow steps in %s %.0f/s", name, rate);
    return rate;
}

/* By turns, so that both meet the same machine. */
static void measure_stores(struct desk *file, struct desk *server)
{
    static struct client of_file[CLIENTS];
    static struct client of_server[CLIENTS];
    double sqlite[ROUNDS], postgres[ROUNDS], ratio[ROUNDS];
    launch(file, of_file);
    launch(server, of_server);
    for (int i = 0; i < ROUNDS; i++) {
        sqlite[i] = one_round(file, "SQLite", of_file);
        postgres[i] = one_round(server, "PostgreSQL", of_server);
        ratio[i] = postgres[i] / sqlite[i];
    }
    for (int i = 0; i < CLIENTS; i++) {
        arena_free(of_file[i].arena);
        arena_free(of_server[i].arena);
    }
    bench_tell((struct figure){"the same in PostgreSQL, against SQLite", bench_median(postgres, ROUNDS),
                               "1/s", bench_median(sqlite, ROUNDS), bench_median(ratio, ROUNDS), "reported",
                               true});
}

static void desk_open(struct desk *desk, const char *store)
{
    *desk = (struct desk){.clock = clock_system(), .random = random_system(), .calendar = calendar_plain()};
    must(store_open(store, &desk->store), "store");
}

static void desk_close(struct desk *desk)
{
    store_close(desk->store);
    calendar_free(desk->calendar);
    random_free(desk->random);
    clock_free(desk->clock);
}

int main(int argc, char **argv)
{
    char store[512];
    struct desk desk;
    struct desk server;
    if (argc != 3)
        return 2;
    (void)snprintf(store, sizeof store, "%s/steps.db", argv[1]);
    desk_open(&desk, store);
    if (strcmp(argv[2], "stores") == 0) {
        desk_open(&server, getenv("DUKOU_TEST_STORE"));
        measure_stores(&desk, &server);
        desk_close(&server);
    } else {
        measure_steps(&desk, argv[1], argv[2]);
    }
    desk_close(&desk);
    return 0;
}
