/* Audit entries made durable in batches, sealed, and verified, against bare hashing; and sealed through a
 * keeper process, which hashes every entry itself before it signs.
 *
 * audit_bench FOLDER FLOOR_LOG LIBRARY: FOLDER must be empty, on a real disk: fsync is measured. */
#include "audit/audit.h"
#include "audit/note.h"
#include "base/json.h"
#include "bench.h"
#include "engine/duckdb/duckdb_engine.h"
#include "keeper/keeper.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

enum { ROUNDS = 3, ENTRIES = 1 << 20, UNIT_ENTRIES = 256, APPENDERS = 4 };
#define ORIGIN "dukou.bench/log"

struct desk {
    struct store *store;
    struct clock *clock;
    struct random *random;
};

static void must(enum result result, const char *what)
{
    if (result != RESULT_OK)
        bench_die("%s: %s", what, result_name(result));
}

/* ---- signing, with keys at hand ---- */

struct keys {
    struct note_key keys[2];
    uint8_t secrets[2][NOTE_ED25519_SECRET_SIZE];
};

static void make_keys(struct keys *keys)
{
    uint8_t public_key[NOTE_SM2_PUBLIC_SIZE];
    must(note_generate_ed25519(keys->secrets[0], public_key), "key");
    must(note_key_make(NOTE_ED25519, ORIGIN, public_key, &keys->keys[0]), "key");
    must(note_generate_sm2(keys->secrets[1], public_key), "key");
    must(note_key_make(NOTE_SM2, ORIGIN, public_key, &keys->keys[1]), "key");
}

static enum result sign(void *state, const char *text, struct arena *arena, const char **ret_lines)
{
    const struct keys *keys = state;
    const char *ed25519, *sm2;
    TRY(note_sign(arena, &keys->keys[0], keys->secrets[0], text, &ed25519));
    TRY(note_sign(arena, &keys->keys[1], keys->secrets[1], text, &sm2));
    *ret_lines = arena_printf(arena, "%s%s", ed25519, sm2);
    return RESULT_OK;
}

/* ---- appending ---- */

struct appender {
    struct desk *desk;
    struct arena *arena;
    long units;
};

static enum result append_unit(struct store_tx *tx, void *argument)
{
    struct appender *appender = argument;
    arena_reset(appender->arena);
    const struct audit_entry entry = {.at = clock_now(appender->desk->clock),
                                      .account = 7,
                                      .party = 3,
                                      .event = "cross",
                                      .object = "ferry",
                                      .object_id = 12,
                                      .law = LAW(CALL_REVIEW),
                                      .workflow = "ferry@1",
                                      .to = "east"};
    row_id number;
    for (int i = 0; i < UNIT_ENTRIES; i++)
        TRY(audit_append(tx, appender->arena, appender->desk->random, &entry, &number));
    return RESULT_OK;
}

static void *be_appender(void *argument)
{
    struct appender *appender = argument;
    for (long i = 0; i < appender->units; i++)
        must(store_write(appender->desk->store, append_unit, appender), "append");
    return NULL;
}

static void append_all(struct desk *desk)
{
    struct appender appenders[APPENDERS];
    pthread_t threads[APPENDERS];
    for (int i = 0; i < APPENDERS; i++) {
        appenders[i] = (struct appender){desk, arena_new(0), ENTRIES / UNIT_ENTRIES / APPENDERS};
        if (pthread_create(&threads[i], NULL, be_appender, &appenders[i]) != 0)
            bench_die("no thread");
    }
    for (int i = 0; i < APPENDERS; i++) {
        (void)pthread_join(threads[i], NULL);
        arena_free(appenders[i].arena);
    }
}

static void measure_verify(const char *log, const char *store, struct child *child)
{
    double rates[ROUNDS], floor = 0;
    for (int i = 0; i < ROUNDS; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct audit_report report = {0};
        floor = bench_ask(child, "verify");
        double start = bench_now();
        must(audit_verify(log, store, NULL, arena, &report), "verify");
        rates[i] = (double)report.entries / (bench_now() - start);
        bench_say("verified %lld entries and %lld rows at %.0f/s, bare hashing %.0f/s",
                  (long long)report.entries, (long long)report.rows, rates[i], floor);
    }
    double rate = bench_median(rates, ROUNDS);
    bench_tell((struct figure){"audit entries verified", rate, "1/s", floor, rate / floor, "value >= 1000000",
                               rate >= 1e6});
}

static void measure_audit(struct desk *desk, const char *folder, const char *store, const char *floor_program)
{
    char file[512], log[512];
    int64_t before, after;
    struct audit_sealer *sealer;
    struct keys keys;
    (void)snprintf(file, sizeof file, "%s/floor.log", folder);
    (void)snprintf(log, sizeof log, "%s/log", folder);
    struct child child = bench_spawn((const char *const[]){floor_program, file, NULL}, NULL);
    make_keys(&keys);
    must(note_keys_write(log, keys.keys, 2), "keys");
    must(audit_sealer_open(desk->store, log, ORIGIN, (struct audit_signer){sign, &keys}, &sealer), "sealer");
    must(audit_seal(sealer, &before), "seal");
    double floor = bench_ask(&child, "append");
    double start = bench_now();
    append_all(desk);
    double durable = bench_now();
    must(audit_seal(sealer, &after), "seal");
    double sealed = bench_now();
    double count = (double)(after - before), rate = count / (durable - start);
    bench_say("%.0f entries made durable at %.0f/s, bare hashing and fsync %.0f/s", count, rate, floor);
    bench_tell((struct figure){"audit entries made durable, 256 a batch", rate, "1/s", floor, rate / floor,
                               "value >= 100000", rate >= 1e5});
    bench_tell((struct figure){.name = "  and sealed into tiles under a signed checkpoint",
                               .value = count / (sealed - start),
                               .unit = "1/s",
                               .target = ""});
    audit_sealer_close(sealer);
    store_close(desk->store);
    measure_verify(log, store, &child);
    bench_end(&child);
}

/* ---- through a keeper ---- */

static enum result start_engine(const char *library, struct engine **ret_engine)
{
    return duckdb_engine_start(&(struct duckdb_engine_options){.library = library}, ret_engine);
}

/* Before this process has threads. */
static struct keeper *start_keeper(const char *folder, const char *library)
{
    static char home[512];
    struct keeper *keeper;
    struct refusal refusal = {0};
    (void)snprintf(home, sizeof home, "%s/keeper", folder);
    const struct keeper_options options = {
        .home = home, .origin = ORIGIN, .start_engine = start_engine, .engine_library = library};
    if (mkdir(home, 0700) != 0 || keeper_start(&options, &keeper, &refusal) != RESULT_OK)
        bench_die("the keeper does not start: %s", refusal.en);
    return keeper;
}

static void write_keepers_keys(struct keeper *keeper, const char *log)
{
    static const char *const members[] = {"log_ed25519", "log_sm2"};
    CLEANUP_JSON json_t *status = NULL;
    struct note_key keys[2];
    must(keeper_status(keeper, &status), "keeper");
    for (int i = 0; i < 2; i++) {
        const char *text = json_text(status, members[i]);
        must(note_key_parse(text, strlen(text), &keys[i]), "key");
    }
    must(note_keys_write(log, keys, 2), "keys");
}

static void measure_kept(struct desk *desk, const char *folder, struct keeper *keeper)
{
    char log[512], store[512];
    int64_t before, after;
    struct audit_sealer *sealer;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct audit_report report = {0};
    (void)snprintf(store, sizeof store, "%s/kept.db", folder);
    (void)snprintf(log, sizeof log, "%s/kept", folder);
    must(store_open(store, &desk->store), "store");
    write_keepers_keys(keeper, log);
    must(audit_sealer_open(desk->store, log, ORIGIN, keeper_signer(keeper), &sealer), "sealer");
    must(audit_seal(sealer, &before), "seal");
    double start = bench_now();
    append_all(desk);
    double durable = bench_now();
    must(audit_seal(sealer, &after), "seal");
    double sealed = bench_now();
    double count = (double)(after - before), rate = count / (sealed - durable);
    bench_say("%.0f entries sealed through a keeper at %.0f/s, with their writing at %.0f/s", count, rate,
              count / (sealed - start));
    bench_tell((struct figure){.name = "audit entries sealed through a keeper process",
                               .value = rate,
                               .unit = "1/s",
                               .target = "value >= 100000",
                               .ok = rate >= 1e5});
    bench_tell((struct figure){
        .name = "  and made durable before", .value = count / (sealed - start), .unit = "1/s", .target = ""});
    audit_sealer_close(sealer);
    store_close(desk->store);
    must(audit_verify(log, store, NULL, arena, &report), "verify");
}

int main(int argc, char **argv)
{
    char store[512];
    if (argc != 4)
        return 2;
    struct keeper *keeper = start_keeper(argv[1], argv[3]);
    (void)snprintf(store, sizeof store, "%s/audit.db", argv[1]);
    struct desk desk = {.clock = clock_system(), .random = random_system()};
    must(store_open(store, &desk.store), "store");
    measure_audit(&desk, argv[1], store, argv[2]);
    measure_kept(&desk, argv[1], keeper);
    keeper_stop(keeper);
    random_free(desk.random);
    clock_free(desk.clock);
    return 0;
}
