#include "engine/engine.h"

#include "engine/operations.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [ENGINE_TEXT] = "text",          [ENGINE_INTEGER] = "integer", [ENGINE_DECIMAL] = "decimal",
    [ENGINE_DOUBLE] = "double",      [ENGINE_BOOLEAN] = "boolean", [ENGINE_DATE] = "date",
    [ENGINE_TIMESTAMP] = "timestamp"};

const char *engine_type_name(enum engine_type type)
{
    assert(type < ENGINE_TYPE_COUNT);
    return type_names[type];
}

bool engine_type_parse(const char *name, enum engine_type *ret_type)
{
    for (int type = 0; type < ENGINE_TYPE_COUNT; type++)
        if (strcmp(name, type_names[type]) == 0) {
            *ret_type = (enum engine_type)type;
            return true;
        }
    return false;
}

/* ---- jobs ---- */

struct engine_job *engine_job_new(void)
{
    struct engine_job *job = calloc(1, sizeof *job);
    if (job == NULL || pthread_mutex_init(&job->lock, NULL) != 0)
        abort();
    atomic_store(&job->progress, -1);
    return job;
}

void engine_job_free(struct engine_job *job)
{
    if (job == NULL)
        return;
    assert(job->kill == NULL);
    (void)pthread_mutex_destroy(&job->lock);
    free(job);
}

void engine_job_cancel(struct engine_job *job)
{
    (void)pthread_mutex_lock(&job->lock);
    job->cancelled = true;
    if (job->kill != NULL)
        job->kill(job->context);
    (void)pthread_mutex_unlock(&job->lock);
}

int engine_job_progress(struct engine_job *job)
{
    return atomic_load(&job->progress);
}

bool engine_job_attach(struct engine_job *job, void (*kill)(void *context), void *context)
{
    (void)pthread_mutex_lock(&job->lock);
    bool wanted = !job->cancelled;
    if (wanted) {
        job->kill = kill;
        job->context = context;
    }
    (void)pthread_mutex_unlock(&job->lock);
    return wanted;
}

void engine_job_detach(struct engine_job *job)
{
    (void)pthread_mutex_lock(&job->lock);
    job->kill = NULL;
    (void)pthread_mutex_unlock(&job->lock);
}

bool engine_job_cancelled(struct engine_job *job)
{
    (void)pthread_mutex_lock(&job->lock);
    bool cancelled = job->cancelled;
    (void)pthread_mutex_unlock(&job->lock);
    return cancelled;
}

/* ---- the engine ---- */

void engine_stop(struct engine *engine)
{
    if (engine != NULL)
        engine->operations->stop(engine);
}

enum result engine_jail(struct engine *engine, uint32_t *ret_layers, struct refusal *ret_refusal)
{
    return engine->operations->jail(engine, ret_layers, ret_refusal);
}

enum result engine_parse(struct engine *engine, struct engine_job *job, struct arena *arena, const char *sql,
                         size_t size, const char **ret_tree, struct refusal *ret_refusal)
{
    return engine->operations->parse(engine, job, arena, sql, size, ret_tree, ret_refusal);
}

enum result engine_run(struct engine *engine, struct engine_job *job, struct arena *arena,
                       const struct engine_query *query, struct engine_answer *ret_answer,
                       struct refusal *ret_refusal)
{
    return engine->operations->run(engine, job, arena, query, ret_answer, ret_refusal);
}

enum result engine_extract(struct engine *engine, struct engine_job *job, struct arena *arena,
                           const struct engine_query *query, int output, int64_t *ret_rows,
                           struct refusal *ret_refusal)
{
    return engine->operations->extract(engine, job, arena, query, output, ret_rows, ret_refusal);
}

enum result engine_ingest(struct engine *engine, struct engine_job *job, struct arena *arena,
                          const struct engine_ingest *ingest, struct engine_report *ret_report,
                          struct refusal *ret_refusal)
{
    return engine->operations->ingest(engine, job, arena, ingest, ret_report, ret_refusal);
}

enum result engine_describe(struct engine *engine, struct engine_job *job, struct arena *arena, int input,
                            enum engine_format format, const struct engine_limits *limits,
                            struct engine_description *ret_description, struct refusal *ret_refusal)
{
    return engine->operations->describe(engine, job, arena, input, format, limits, ret_description,
                                        ret_refusal);
}

void engine_figures(struct engine *engine, struct engine_figures *ret_figures)
{
    engine->operations->figures(engine, ret_figures);
}
