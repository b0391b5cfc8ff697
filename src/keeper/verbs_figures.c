/* What the keeper does now, for whoever watches the platform. */
#include "base/process.h"
#include "keeper/serving.h"

enum result keeper_verb_FIGURES(struct serving *serving, struct call *call)
{
    struct engine_figures figures;
    engine_figures(serving->engine, &figures);
    const struct {
        const char *name;
        int64_t value;
    } members[] = {
        {"workers", figures.running},
        {"workers_able", figures.able},
        {"workers_waiting", figures.waiting},
        {"jobs", (int64_t)figures.jobs},
        {"jobs_killed", (int64_t)figures.killed},
        {"calls_waiting", (int64_t)(crew_waiting(serving->quick) + crew_waiting(serving->slow))},
        {"memory_bytes", process_resident_bytes()},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        (void)json_object_set_new(call->reply, members[i].name, json_integer(members[i].value));
    return RESULT_OK;
}
