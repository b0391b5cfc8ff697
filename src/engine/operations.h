/* What an engine has to supply; engine.h calls through it. A back-end's struct begins with a struct engine.
 */
#pragma once

#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

struct engine_operations {
    const char *name;
    void (*stop)(struct engine *engine);
    enum result (*jail)(struct engine *engine, uint32_t *ret_layers, struct refusal *ret_refusal);
    enum result (*parse)(struct engine *engine, struct engine_job *job, struct arena *arena, const char *sql,
                         size_t size, const char **ret_tree, struct refusal *ret_refusal);
    enum result (*run)(struct engine *engine, struct engine_job *job, struct arena *arena,
                       const struct engine_query *query, struct engine_answer *ret_answer,
                       struct refusal *ret_refusal);
    enum result (*extract)(struct engine *engine, struct engine_job *job, struct arena *arena,
                           const struct engine_query *query, int output, int64_t *ret_rows,
                           struct refusal *ret_refusal);
    enum result (*ingest)(struct engine *engine, struct engine_job *job, struct arena *arena,
                          const struct engine_ingest *ingest, struct engine_report *ret_report,
                          struct refusal *ret_refusal);
    enum result (*describe)(struct engine *engine, struct engine_job *job, struct arena *arena, int input,
                            enum engine_format format, const struct engine_limits *limits,
                            struct engine_description *ret_description, struct refusal *ret_refusal);
    void (*figures)(struct engine *engine, struct engine_figures *ret_figures);
};

struct engine {
    const struct engine_operations *operations; /* every member is set */
};

struct engine_job {
    pthread_mutex_t lock;
    bool cancelled;
    void (*kill)(void *context); /* while the engine works on it */
    void *context;
    atomic_int progress;
};

/* From now on cancelling calls kill(context), until engine_job_detach(). False when it is cancelled already.
 */
bool engine_job_attach(struct engine_job *job, void (*kill)(void *context), void *context);
void engine_job_detach(struct engine_job *job);
bool engine_job_cancelled(struct engine_job *job);
