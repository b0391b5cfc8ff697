/* The data plane: slices delivered, sealed queries, and a trivial query, through the keeper and its jailed
 * workers, against DuckDB alone.
 *
 * data_bench DATA HOME LIBRARY FLOOR_DUCKDB: DATA keeps the tables between runs; HOME must be empty. */
#include "base/json.h"
#include "data.h"
#include "engine/duckdb/duckdb_engine.h"
#include "queries.h"

#include <math.h>
#include <stdlib.h>

enum {
    QUERIES = sizeof bench_queries / sizeof bench_queries[0],
    QUERY_ROUNDS = 5,
    SLICE_ROUNDS = 3,
    TRIVIAL_ROUNDS = 60,
    ROOM = 1,
    SLICE_GRANT = 9,
};

struct bench {
    struct keeper *keeper;
    struct child duckdb;
    const char *folder;
    json_t *policy;
    row_id results; /* numbers given so far */
};

static double run_sealed(struct bench *bench, const char *sql)
{
    struct refusal refusal = {0};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *shape = NULL;
    double start = bench_now();
    enum result result =
        keeper_query_run(bench->keeper, arena, ++bench->results, ROOM, bench->policy, sql, &shape, &refusal);
    if (result != RESULT_OK)
        bench_die("%s: %s\n%s", result_name(result), refusal.en != NULL ? refusal.en : "", sql);
    return (bench_now() - start) * 1000;
}

/* ---- sealed queries ---- */

static double measure_query(struct bench *bench, const char *name, const char *sql)
{
    double sealed[QUERY_ROUNDS], plain[QUERY_ROUNDS], ratio[QUERY_ROUNDS];
    (void)bench_ask(&bench->duckdb, sql);
    (void)run_sealed(bench, sql);
    for (int i = 0; i < QUERY_ROUNDS; i++) {
        plain[i] = bench_ask(&bench->duckdb, sql);
        sealed[i] = run_sealed(bench, sql);
        ratio[i] = sealed[i] / plain[i];
    }
    char label[80];
    (void)snprintf(label, sizeof label, "  %s", name);
    double middle = bench_median(ratio, QUERY_ROUNDS);
    bench_tell((struct figure){label, bench_median(sealed, QUERY_ROUNDS), "ms",
                               bench_median(plain, QUERY_ROUNDS), middle, "", true});
    return middle;
}

static void measure_queries(struct bench *bench)
{
    char sql[1024];
    double sum = 0;
    (void)snprintf(sql, sizeof sql, "CREATE VIEW payment AS FROM '%s/" DATA_PAYMENT "'", bench->folder);
    (void)bench_ask(&bench->duckdb, sql);
    (void)snprintf(sql, sizeof sql, "CREATE VIEW firm AS FROM '%s/" DATA_FIRM "'", bench->folder);
    (void)bench_ask(&bench->duckdb, sql);
    (void)snprintf(sql, sizeof sql, "CREATE TABLE own AS FROM '%s/" DATA_OWN "'", bench->folder);
    (void)bench_ask(&bench->duckdb, sql);
    for (int i = 0; i < QUERIES; i++)
        sum += log(measure_query(bench, bench_queries[i].name, bench_queries[i].sql));
    double mean = exp(sum / QUERIES);
    bench_tell((struct figure){"sealed queries, 6 M rows, geometric mean of ratios", mean, "x", 1, mean,
                               "ratio <= 1.5", mean <= 1.5});
}

/* ---- a trivial query ---- */

static void measure_trivial(struct bench *bench, const char *library, const char *floor)
{
    double sealed[TRIVIAL_ROUNDS], plain[TRIVIAL_ROUNDS];
    struct child fresh = bench_spawn((const char *const[]){floor, library, "fresh", NULL}, NULL);
    for (int i = 0; i < TRIVIAL_ROUNDS; i++) {
        sealed[i] = run_sealed(bench, "SELECT count(*) AS n FROM firm");
        plain[i] = bench_ask(&fresh, "SELECT count(*) AS n FROM range(30000)");
    }
    bench_end(&fresh);
    double p50 = bench_median(sealed, TRIVIAL_ROUNDS), bare = bench_median(plain, TRIVIAL_ROUNDS);
    bench_tell((struct figure){"trivial query in a fresh jailed worker, p50", p50, "ms", bare, p50 / bare,
                               "value <= 40", p50 <= 40});
}

/* ---- slices ---- */

/* DuckDB is told the columns, so that it need not guess. */
#define SLICE_COLUMNS                                                                                        \
    "{'id':'BIGINT','scheme':'VARCHAR','state':'VARCHAR','district':'VARCHAR','hood':'BIGINT','firm':'"      \
    "BIGINT',"                                                                                               \
    "'age':'BIGINT','day':'DATE','months':'BIGINT','base':'DOUBLE','relief':'DOUBLE','rate':'DOUBLE'}"

static double convert(struct bench *bench)
{
    char sql[2048];
    (void)snprintf(sql, sizeof sql,
                   "COPY (FROM read_csv('%s/" DATA_SLICE "', header = true, columns = " SLICE_COLUMNS
                   ")) TO '%s/converted.parquet' (FORMAT parquet, COMPRESSION zstd)",
                   bench->folder, bench->folder);
    return bench_ask(&bench->duckdb, sql) / 1000;
}

static void measure_slices(struct bench *bench)
{
    double dukou[SLICE_ROUNDS], plain[SLICE_ROUNDS], ratio[SLICE_ROUNDS];
    for (int i = 0; i < SLICE_ROUNDS; i++) {
        plain[i] = convert(bench);
        double start = bench_now();
        data_deliver(bench->keeper, SLICE_GRANT + i, bench->folder, DATA_SLICE);
        dukou[i] = bench_now() - start;
        ratio[i] = plain[i] / dukou[i];
        bench_say("slice of " DATA_SLICE_ROWS " rows: %.2f s, DuckDB alone %.2f s", dukou[i], plain[i]);
    }
    double middle = bench_median(ratio, SLICE_ROUNDS), rows = strtod(DATA_SLICE_ROWS, NULL);
    bench_tell((struct figure){
        "slice delivered, checked and encrypted", rows / bench_median(dukou, SLICE_ROUNDS), "rows/s",
        rows / bench_median(plain, SLICE_ROUNDS), middle, "ratio >= 0.4", middle >= 0.4});
}

static enum result start_engine(const char *library, struct engine **ret_engine)
{
    return duckdb_engine_start(&(struct duckdb_engine_options){.library = library}, ret_engine);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    struct refusal refusal = {0};
    const struct keeper_options options = {.home = argv[2],
                                           .origin = "dukou.bench/log",
                                           .start_engine = start_engine,
                                           .engine_library = argv[3]};
    struct bench bench = {.folder = argv[1], .policy = data_policy()};
    if (keeper_start(&options, &bench.keeper, &refusal) != RESULT_OK)
        bench_die("the keeper does not start: %s", refusal.en);
    bench.duckdb = bench_spawn((const char *const[]){argv[4], argv[3], NULL}, NULL);
    data_make(&bench.duckdb, bench.folder);
    measure_slices(&bench);
    bench_say("bringing in " BENCH_ROWS " rows");
    data_deliver(bench.keeper, 1, bench.folder, DATA_PAYMENT);
    data_deliver(bench.keeper, 2, bench.folder, DATA_FIRM);
    data_import(bench.keeper, 3, bench.folder, DATA_OWN);
    measure_queries(&bench);
    measure_trivial(&bench, argv[3], argv[4]);
    bench_end(&bench.duckdb);
    keeper_stop(bench.keeper);
    json_decref(bench.policy);
    return 0;
}
