/* A file to take in or to describe, of either format. */
#pragma once

#include "engine/duckdb/worker.h"
#include "engine/engine.h"

struct source {
    enum engine_format format;
    size_t columns;
    const char **names;
    const char **quoted; /* SQL for each column */
    const char **types;  /* as DESCRIBE names them */
    int64_t csv_rows;
    const char *from; /* SQL for the table */
};

/* Reads the format from the job and the columns from descriptor 0. A file that does not read ends the worker.
 */
void source_open(struct worker *worker, struct wire_in *job, struct source *ret_source);
