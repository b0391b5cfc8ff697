/* Looks after a serving city: every second it asks store, log and keeper how they are, in a thread of its
 * own, so that whoever asks /health or /metrics waits for none of them. A part is well while its last good
 * answer is fresh (LIMIT_HEALTH_SECONDS): one that hangs is found as well as one that fails. */
#pragma once

#include "command/city.h"
#include "http/monitor.h"

struct watch;

/* Takes the first look, sets app->monitor and goes on in a thread. `app` must be open (dispatch_open()). */
struct watch *watch_start(struct app *app, const char *log_folder, const char *token);
/* Before app->jobs ends; NULL is allowed. */
void watch_stop(struct watch *watch);

enum watch_part { WATCH_STORE, WATCH_LOG, WATCH_KEEPER, WATCH_WORKERS, WATCH_PARTS };

/* What the last look saw. */
struct watch_view {
    bool well[WATCH_PARTS];
    int64_t entries;     /* of the log, sealed or not */
    int64_t sealed;      /* of these */
    double seal_seconds; /* for how long the oldest unsealed entry has waited, 0 when all are sealed */
    int64_t workers, workers_waiting, jobs, jobs_killed, calls_waiting, keeper_bytes;
};
struct watch_view watch_see(const struct app *app);
extern const char *const watch_part_names[WATCH_PARTS];
