/* GET /health, /health/live and /metrics: who may ask, and what the parts above tell. */
#pragma once

#include "base/arena.h"
#include "base/digest.h"

struct app;

/* Given by the serving command; all of it is cheap and waits for no other process. */
struct monitor {
    /* Whether the platform can do its work now. */
    bool (*ready)(const struct app *app);
    /* Its parts, as JSON text. */
    const char *(*parts)(const struct app *app, struct arena *arena);
    /* Prometheus' text form, version 0.0.4. */
    const char *(*metrics)(const struct app *app, struct arena *arena);
    /* Who sends this bearer token may ask for parts and metrics; NULL: nobody may. */
    const char *token;
    void *state;
};
