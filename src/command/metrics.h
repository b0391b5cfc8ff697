/* GET /metrics and `dukou metrics`: what is measured, declared once as a table. */
#pragma once

#include "http/app.h"

/* Prometheus' text form. The app must be watched (command/watch.h). */
const char *metrics_print(const struct app *app, struct arena *arena);
