/* Background work of the serving process: a few threads and a bounded queue. A job's state that matters is in
 * the store; this only runs it. After a crash the concept finds its unfinished rows at start and ends them as
 * interrupted. */
#pragma once

#include "base/result.h"

struct app;
struct jobs;

struct jobs *jobs_new(int threads, int queue);
/* Waits for running jobs. */
void jobs_free(struct jobs *jobs);

/* RESULT_BUSY when the queue is full. `argument` belongs to the job. */
enum result jobs_start(struct jobs *jobs, void (*run)(const struct app *app, void *argument),
                       const struct app *app, void *argument);

/* Jobs that wait for a thread. */
int jobs_waiting(struct jobs *jobs);
