/* What is measured. A row names a metric, its kind, labels and meaning; the page, `dukou metrics` and the
 * tests read the row. Labels take values out of the program's own tables only, so that neither a person nor
 * an object ever becomes one, and the number of lines is bounded. Whoever asks sees sums since the start, no
 * single event. */
#include "command/metrics.h"

#include "base/limits.h"
#include "base/process.h"
#include "command/command.h"
#include "command/watch.h"
#include "http/dispatch.h"
#include "http/jobs.h"
#include "http/router.h"
#include "http/traffic.h"
#include "vault/vault.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };
enum { LABELS_MAX = 3 };

struct scrape;

struct metric {
    const char *name;
    enum kind kind;
    const char *labels[LABELS_MAX + 1]; /* ends with NULL */
    const char *help;
    void (*print)(struct scrape *scrape);
};

/* One page while it is made. */
struct scrape {
    const struct app *app;
    struct arena *arena;
    FILE *out;
    const struct metric *metric; /* that is printed now */
    struct watch_view view;
    struct store_figures store;
    struct traffic_counts traffic;
    bool counted; /* the store told the next three */
    int64_t sessions, overdue, metered;
    instant backup_made, backup_verified;
};

/* ---- lines ---- */

/* Of the labels of the row, in their order. */
#define VALUES(...) ((const char *const[LABELS_MAX + 1]){__VA_ARGS__})
#define NONE VALUES(NULL)

static void begin_line(struct scrape *scrape, const char *ending, const char *const *values)
{
    (void)fprintf(scrape->out, "%s%s", scrape->metric->name, ending);
    for (size_t i = 0; scrape->metric->labels[i] != NULL; i++) {
        assert(values[i] != NULL);
        (void)fprintf(scrape->out, "%s%s=\"%s\"", i == 0 ? "{" : ",", scrape->metric->labels[i], values[i]);
    }
}

static void end_line(struct scrape *scrape, bool closes)
{
    (void)fputs(closes ? "} " : " ", scrape->out);
}

static void whole(struct scrape *scrape, const char *const *values, int64_t value)
{
    begin_line(scrape, "", values);
    end_line(scrape, scrape->metric->labels[0] != NULL);
    (void)fprintf(scrape->out, "%" PRId64 "\n", value);
}

static void real(struct scrape *scrape, const char *const *values, double value)
{
    begin_line(scrape, "", values);
    end_line(scrape, scrape->metric->labels[0] != NULL);
    (void)fprintf(scrape->out, "%.9g\n", value);
}

/* `unit`: what a bound is divided by. */
static void spread(struct scrape *scrape, const char *const *values, const struct spread_bounds *bounds,
                   const struct spread_reading *reading, double unit)
{
    bool labelled = scrape->metric->labels[0] != NULL;
    for (size_t i = 0; i <= bounds->count; i++) {
        begin_line(scrape, "_bucket", values);
        (void)fputs(labelled ? "," : "{", scrape->out);
        if (i < bounds->count)
            (void)fprintf(scrape->out, "le=\"%.9g\"", (double)bounds->bounds[i] / unit);
        else
            (void)fputs("le=\"+Inf\"", scrape->out);
        end_line(scrape, true);
        (void)fprintf(scrape->out, "%" PRIu64 "\n", reading->under[i]);
    }
    begin_line(scrape, "_sum", values);
    end_line(scrape, labelled);
    (void)fprintf(scrape->out, "%.9g\n", (double)reading->sum / unit);
    begin_line(scrape, "_count", values);
    end_line(scrape, labelled);
    (void)fprintf(scrape->out, "%" PRIu64 "\n", reading->under[bounds->count]);
}

/* ---- requests ---- */

static const char *method_of(const struct traffic_lane *lane)
{
    return lane->route != NULL ? http_method_name(lane->route->method) : "-";
}

static const char *pattern_of(const struct traffic_lane *lane)
{
    return lane->route != NULL ? lane->route->path : "-";
}

static void print_classes(const struct traffic_lane *lane, void *argument)
{
    static const char *const classes[TRAFFIC_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    for (size_t i = 0; i < TRAFFIC_CLASSES; i++)
        if (lane->classes[i] > 0)
            whole(argument, VALUES(method_of(lane), pattern_of(lane), classes[i]), (int64_t)lane->classes[i]);
}

static void print_requests(struct scrape *scrape)
{
    traffic_read(dispatch_traffic(scrape->app), print_classes, scrape);
}

static void print_lane_seconds(const struct traffic_lane *lane, void *argument)
{
    spread(argument, VALUES(method_of(lane), pattern_of(lane)), &traffic_bounds, &lane->spread,
           (double)INSTANT_SECOND);
}

static void print_request_seconds(struct scrape *scrape)
{
    traffic_read(dispatch_traffic(scrape->app), print_lane_seconds, scrape);
}

static void print_open(struct scrape *scrape)
{
    whole(scrape, VALUES("requests"), scrape->traffic.calls);
    whole(scrape, VALUES("working"), scrape->traffic.working);
    whole(scrape, VALUES("uploads"), scrape->traffic.uploads);
    whole(scrape, VALUES("streams"), scrape->traffic.streams);
}

static void print_open_limit(struct scrape *scrape)
{
    whole(scrape, VALUES("requests"), LIMIT_CONNECTIONS);
    whole(scrape, VALUES("working"), LIMIT_WORKERS + LIMIT_WORK_QUEUE);
    whole(scrape, VALUES("uploads"), LIMIT_UPLOADS_AT_ONCE);
    whole(scrape, VALUES("streams"), LIMIT_EVENT_STREAMS);
}

static void print_jobs_waiting(struct scrape *scrape)
{
    whole(scrape, NONE, jobs_waiting(scrape->app->jobs));
}

static void print_sessions(struct scrape *scrape)
{
    if (scrape->counted)
        whole(scrape, NONE, scrape->sessions);
}

/* ---- store, log ---- */

static void print_transactions(struct scrape *scrape)
{
    whole(scrape, VALUES("read"), (int64_t)scrape->store.reads);
    whole(scrape, VALUES("write"), (int64_t)scrape->store.writes);
}

static void print_store_failures(struct scrape *scrape)
{
    for (size_t i = 0; i < sizeof store_failures / sizeof store_failures[0]; i++)
        whole(scrape, VALUES(result_name(store_failures[i])), (int64_t)scrape->store.failed[i]);
}

static void print_batches(struct scrape *scrape)
{
    if (scrape->store.has_batches)
        spread(scrape, NONE, &store_batch_bounds, &scrape->store.batches, 1);
}

static void print_wal(struct scrape *scrape)
{
    if (scrape->store.log_bytes >= 0)
        whole(scrape, NONE, scrape->store.log_bytes);
}

static void print_overdue(struct scrape *scrape)
{
    if (scrape->counted)
        whole(scrape, NONE, scrape->overdue);
}

static void print_metered(struct scrape *scrape)
{
    if (scrape->counted)
        whole(scrape, NONE, scrape->metered);
}

static void print_entries(struct scrape *scrape)
{
    whole(scrape, NONE, scrape->view.entries);
}

static void print_sealed(struct scrape *scrape)
{
    whole(scrape, NONE, scrape->view.sealed);
}

static void print_seal_lag(struct scrape *scrape)
{
    real(scrape, NONE, scrape->view.seal_seconds);
}

/* ---- keeper, workers ---- */

static void print_keeper_verb(const struct keeper_asked *asked, void *argument)
{
    if (asked->seconds.under[keeper_second_bounds.count] > 0)
        spread(argument, VALUES(asked->verb), &keeper_second_bounds, &asked->seconds, (double)INSTANT_SECOND);
}

static void print_keeper_seconds(struct scrape *scrape)
{
    keeper_asked(scrape->app->keeper, print_keeper_verb, scrape);
}

static void print_keeper_verb_failed(const struct keeper_asked *asked, void *argument)
{
    if (asked->seconds.under[keeper_second_bounds.count] > 0)
        whole(argument, VALUES(asked->verb), (int64_t)asked->failed);
}

static void print_keeper_failures(struct scrape *scrape)
{
    keeper_asked(scrape->app->keeper, print_keeper_verb_failed, scrape);
}

static void print_keeper_waiting(struct scrape *scrape)
{
    whole(scrape, NONE, scrape->view.calls_waiting);
}

static void print_keeper_memory(struct scrape *scrape)
{
    whole(scrape, NONE, scrape->view.keeper_bytes);
}

static void print_workers(struct scrape *scrape)
{
    whole(scrape, VALUES("running"), scrape->view.workers);
    whole(scrape, VALUES("waiting"), scrape->view.workers_waiting);
}

static void print_worker_jobs(struct scrape *scrape)
{
    whole(scrape, VALUES("answered"), scrape->view.jobs - scrape->view.jobs_killed);
    whole(scrape, VALUES("killed"), scrape->view.jobs_killed);
}

/* ---- the whole ---- */

static void print_well(struct scrape *scrape)
{
    for (size_t part = 0; part < WATCH_PARTS; part++)
        whole(scrape, VALUES(watch_part_names[part]), scrape->view.well[part]);
}

static void print_version(struct scrape *scrape)
{
    whole(scrape, VALUES(DUKOU_VERSION), 1);
}

/* Absent before the first backup, so that a rule can ask for absent(). */
static void print_backup(struct scrape *scrape)
{
    if (scrape->backup_made > 0)
        whole(scrape, VALUES("made"), scrape->backup_made / INSTANT_SECOND);
    if (scrape->backup_verified > 0)
        whole(scrape, VALUES("verified"), scrape->backup_verified / INSTANT_SECOND);
}

/* ---- the process ---- */

static void print_cpu(struct scrape *scrape)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        real(scrape, NONE,
             (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static void print_memory(struct scrape *scrape)
{
    whole(scrape, NONE, process_resident_bytes());
}

static void print_fds(struct scrape *scrape)
{
    int64_t count = -1; /* the folder's own */
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    whole(scrape, NONE, count);
}

static void print_max_fds(struct scrape *scrape)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        whole(scrape, NONE, (int64_t)limit.rlim_cur);
}

/* ---- the table ---- */

/* clang-format off */
static const struct metric metrics[] = {
    {"dukou_build_info", GAUGE, {"version"}, "Always 1; the label tells the version of the program.", print_version},
    {"dukou_up", GAUGE, {"part"}, "Whether a part of the platform answers: store, log, keeper, workers.", print_well},
    {"dukou_http_requests_total", COUNTER, {"method", "route", "class"}, "Requests answered, by route and class of status; \"-\" is no route.", print_requests},
    {"dukou_http_request_seconds", HISTOGRAM, {"method", "route"}, "Time from a request's head to its reply.", print_request_seconds},
    {"dukou_http_open", GAUGE, {"kind"}, "Requests under way, with or waiting for a thread, uploads, streams of events.", print_open},
    {"dukou_http_open_limit", GAUGE, {"kind"}, "At how many of these the next is refused with 503.", print_open_limit},
    {"dukou_jobs_waiting", GAUGE, {NULL}, "Background jobs that wait for a thread.", print_jobs_waiting},
    {"dukou_sessions", GAUGE, {NULL}, "Sessions in force.", print_sessions},
    {"dukou_store_transactions_total", COUNTER, {"kind"}, "Transactions asked of the store: read, write.", print_transactions},
    {"dukou_store_failures_total", COUNTER, {"result"}, "Transactions that the store failed, by result.", print_store_failures},
    {"dukou_store_batch_units", HISTOGRAM, {NULL}, "Units of work that shared one durable commit.", print_batches},
    {"dukou_store_wal_bytes", GAUGE, {NULL}, "Size of SQLite's write-ahead log.", print_wal},
    {"dukou_deadlines_overdue", GAUGE, {NULL}, "Cases whose deadline has passed.", print_overdue},
    {"dukou_metered_calls_total", COUNTER, {NULL}, "Calls of products metered since the city was founded.", print_metered},
    {"dukou_log_entries_total", COUNTER, {NULL}, "Entries of the audit log, sealed or not.", print_entries},
    {"dukou_log_sealed_entries_total", COUNTER, {NULL}, "Entries under the log's signed checkpoint.", print_sealed},
    {"dukou_log_seal_lag_seconds", GAUGE, {NULL}, "For how long the oldest unsealed entry has waited; 0 when all are sealed.", print_seal_lag},
    {"dukou_keeper_call_seconds", HISTOGRAM, {"verb"}, "Calls of this process to the keeper; \"query run\" are queries. Above a second whole seconds are counted.", print_keeper_seconds},
    {"dukou_keeper_failures_total", COUNTER, {"verb"}, "Of these: not answered, refused as busy, or failed inside.", print_keeper_failures},
    {"dukou_keeper_calls_waiting", GAUGE, {NULL}, "Calls that wait for a thread of the keeper.", print_keeper_waiting},
    {"dukou_keeper_resident_memory_bytes", GAUGE, {NULL}, "Resident memory of the keeper, without its workers.", print_keeper_memory},
    {"dukou_workers", GAUGE, {"state"}, "Jobs with a jailed worker (running), or that wait for one (waiting).", print_workers},
    {"dukou_worker_jobs_total", COUNTER, {"end"}, "Jobs ended: answered, or killed by deadline, cancelling or crash.", print_worker_jobs},
    {"dukou_backup_timestamp_seconds", GAUGE, {"kind"}, "When the newest backup was made, and the newest of those that were read back and found whole.", print_backup},
    {"process_cpu_seconds_total", COUNTER, {NULL}, "Processor time of the serving process.", print_cpu},
    {"process_resident_memory_bytes", GAUGE, {NULL}, "Resident memory of the serving process.", print_memory},
    {"process_open_fds", GAUGE, {NULL}, "Open file descriptors of the serving process.", print_fds},
    {"process_max_fds", GAUGE, {NULL}, "How many it may have open.", print_max_fds},
};
/* clang-format on */
enum { METRIC_COUNT = sizeof metrics / sizeof metrics[0] };

static const char *const kind_names[] = {"counter", "gauge", "histogram"};

static enum result count_in_store(struct store_tx *tx, void *argument)
{
    struct scrape *scrape = argument;
    struct store_row row;
    TRY(store_one(tx, scrape->arena, SQL_METRICS_COUNTS,
                  STORE_BINDS({"now", store_integer(clock_now(scrape->app->clock))}), &row));
    scrape->sessions = row_integer(&row, "sessions");
    scrape->overdue = row_integer(&row, "overdue");
    scrape->metered = row_integer(&row, "metered");
    scrape->counted = true;
    return RESULT_OK;
}

const char *metrics_print(const struct app *app, struct arena *arena)
{
    char *text = NULL;
    size_t size = 0;
    struct scrape scrape = {.app = app, .arena = arena, .out = open_memstream(&text, &size)};
    if (scrape.out == NULL)
        abort();
    scrape.view = watch_see(app);
    scrape.traffic = traffic_now(dispatch_traffic(app));
    store_figures(app->store, &scrape.store);
    (void)store_read(app->store, count_in_store, &scrape);
    (void)vault_backup_newest(app->home, &scrape.backup_made, &scrape.backup_verified);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        scrape.metric = &metrics[i];
        (void)fprintf(scrape.out, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].help,
                      metrics[i].name, kind_names[metrics[i].kind]);
        metrics[i].print(&scrape);
    }
    (void)fclose(scrape.out);
    const char *kept = arena_strndup(arena, text, size);
    free(text);
    return kept;
}

int command_metrics(int argc, char **argv)
{
    (void)argv;
    if (argc != 1) {
        (void)fputs("dukou metrics\n", stderr);
        return 2;
    }
    (void)puts("| metric | kind | labels | |\n|---|---|---|---|");
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        (void)printf("| `%s` | %s | ", metrics[i].name, kind_names[metrics[i].kind]);
        for (size_t j = 0; metrics[i].labels[j] != NULL; j++)
            (void)printf("%s`%s`", j > 0 ? ", " : "", metrics[i].labels[j]);
        (void)printf(" | %s |\n", metrics[i].help);
    }
    return 0;
}
