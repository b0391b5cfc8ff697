#include "command/watch.h"

#include "base/limits.h"
#include "command/metrics.h"
#include "command/notify.h"
#include "http/jobs.h"
#include "http/log.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { LOOK_MILLISECONDS = 1000 };

const char *const watch_part_names[WATCH_PARTS] = {"store", "log", "keeper", "workers"};

struct watch {
    struct monitor monitor;
    const struct app *app;
    const char *log_folder;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock;         /* guards what follows */
    instant well_at[WATCH_PARTS]; /* the last good answer, monotonic */
    int64_t entries;
    int64_t sealed;
    int64_t behind;           /* an entry that was not sealed yet … */
    instant behind_since;     /* … when it was seen first; 0: all were sealed */
    struct watch_view keeper; /* as the keeper told last */
    bool was_well;
};

/* ---- looking ---- */

static enum result count_entries(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_row row;
    TRY(store_one(tx, arena, SQL_AUDIT_LAST, STORE_NO_BINDS, &row));
    *(int64_t *)argument = row_integer(&row, "entry") + 1;
    return RESULT_OK;
}

/* What answers with a failure is not well at once; what does not answer, once its last answer is old. */
static void note_failure(struct watch *watch, enum watch_part part)
{
    (void)pthread_mutex_lock(&watch->lock);
    watch->well_at[part] = 0;
    (void)pthread_mutex_unlock(&watch->lock);
}

static void look_at_store(struct watch *watch)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    int64_t entries = 0;
    int64_t sealed = 0;
    if (store_read(watch->app->store, count_entries, &entries) != RESULT_OK) {
        note_failure(watch, WATCH_STORE);
        return;
    }
    enum result result = audit_sealed(watch->log_folder, arena, &sealed);
    instant now = clock_monotonic();
    (void)pthread_mutex_lock(&watch->lock);
    watch->well_at[WATCH_STORE] = now;
    watch->entries = entries;
    if (result == RESULT_OK) {
        watch->sealed = sealed;
        if (watch->behind_since == 0 || sealed > watch->behind) {
            watch->behind = sealed;
            watch->behind_since = entries > sealed ? now : 0;
        }
    }
    watch->well_at[WATCH_LOG] = result == RESULT_OK ? now : 0;
    (void)pthread_mutex_unlock(&watch->lock);
}

static void look_at_keeper(struct watch *watch)
{
    CLEANUP_JSON json_t *told = NULL;
    if (keeper_ask_figures(watch->app->keeper, &told) != RESULT_OK) {
        note_failure(watch, WATCH_KEEPER);
        return;
    }
    instant now = clock_monotonic();
    (void)pthread_mutex_lock(&watch->lock);
    watch->well_at[WATCH_KEEPER] = now;
    watch->well_at[WATCH_WORKERS] = json_integer_or(told, "workers_able", 0) != 0 ? now : 0;
    watch->keeper = (struct watch_view){.workers = json_integer_or(told, "workers", 0),
                                        .workers_waiting = json_integer_or(told, "workers_waiting", 0),
                                        .jobs = json_integer_or(told, "jobs", 0),
                                        .jobs_killed = json_integer_or(told, "jobs_killed", 0),
                                        .calls_waiting = json_integer_or(told, "calls_waiting", 0),
                                        .keeper_bytes = json_integer_or(told, "memory_bytes", 0)};
    (void)pthread_mutex_unlock(&watch->lock);
}

/* ---- judging ---- */

struct watch_view watch_see(const struct app *app)
{
    struct watch *watch = app->monitor->state;
    instant now = clock_monotonic();
    (void)pthread_mutex_lock(&watch->lock);
    struct watch_view view = watch->keeper;
    for (size_t part = 0; part < WATCH_PARTS; part++)
        view.well[part] =
            watch->well_at[part] > 0 && now - watch->well_at[part] <= LIMIT_HEALTH_SECONDS * INSTANT_SECOND;
    view.entries = watch->entries;
    view.sealed = watch->sealed;
    view.seal_seconds =
        watch->behind_since > 0 ? (double)(now - watch->behind_since) / (double)INSTANT_SECOND : 0;
    (void)pthread_mutex_unlock(&watch->lock);
    if (view.seal_seconds > LIMIT_SEAL_LAG_SECONDS)
        view.well[WATCH_LOG] = false;
    if (jobs_waiting(app->jobs) >= LIMIT_WORK_QUEUE)
        view.well[WATCH_WORKERS] = false;
    return view;
}

static bool ready(const struct app *app)
{
    struct watch_view view = watch_see(app);
    for (size_t part = 0; part < WATCH_PARTS; part++)
        if (!view.well[part])
            return false;
    return true;
}

static const char *tell_parts(const struct app *app, struct arena *arena)
{
    struct watch_view view = watch_see(app);
    json_t *parts = json_object();
    bool well = true;
    for (size_t part = 0; part < WATCH_PARTS; part++) {
        well = well && view.well[part];
        (void)json_object_set_new(parts, watch_part_names[part],
                                  json_string(view.well[part] ? "ok" : "unavailable"));
    }
    CLEANUP_JSON json_t *told = json_pack("{s:s, s:o, s:I, s:I, s:f}", "status", well ? "ok" : "unavailable",
                                          "parts", parts, "entries", (json_int_t)view.entries, "sealed",
                                          (json_int_t)view.sealed, "seal_lag_seconds", view.seal_seconds);
    return json_print(arena, told);
}

/* ---- the thread ---- */

static void look(struct watch *watch)
{
    look_at_store(watch);
    look_at_keeper(watch);
}

static void nap(struct watch *watch)
{
    const struct timespec step = {0, 50 * 1000000L};
    for (int waited = 0; waited < LOOK_MILLISECONDS && !atomic_load(&watch->stop); waited += 50)
        (void)nanosleep(&step, NULL);
}

/* Once when it turns, not every second. */
static void tell_turn(struct watch *watch, bool well)
{
    if (well == watch->was_well)
        return;
    watch->was_well = well;
    log_write(watch->app,
              LOG_LINE(.level = well ? LOG_WARNING : LOG_ERROR, .event = well ? "well again" : "not well"));
    notify(well ? "STATUS=serving" : "STATUS=a part does not answer: see /health");
}

/* The service manager hears from a city that is well, and starts one that stays unwell again. */
static void *keep_looking(void *argument)
{
    struct watch *watch = argument;
    instant every = notify_watchdog();
    instant next = 0;
    while (!atomic_load(&watch->stop)) {
        look(watch);
        bool well = ready(watch->app);
        tell_turn(watch, well);
        instant now = clock_monotonic();
        if (every > 0 && well && now >= next) {
            notify("WATCHDOG=1");
            next = now + every;
        }
        nap(watch);
    }
    return NULL;
}

struct watch *watch_start(struct app *app, const char *log_folder, const char *token)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        abort();
    (void)pthread_mutex_init(&watch->lock, NULL);
    watch->app = app;
    watch->log_folder = log_folder;
    watch->was_well = true;
    watch->monitor = (struct monitor){
        .ready = ready, .parts = tell_parts, .metrics = metrics_print, .token = token, .state = watch};
    app->monitor = &watch->monitor;
    look(watch);
    if (pthread_create(&watch->thread, NULL, keep_looking, watch) != 0)
        abort();
    return watch;
}

void watch_stop(struct watch *watch)
{
    if (watch == NULL)
        return;
    atomic_store(&watch->stop, true);
    (void)pthread_join(watch->thread, NULL);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}
