/* The engine for data that fits one machine: DuckDB in jailed workers. */
#pragma once

#include "engine/engine.h"

struct duckdb_engine_options {
    /* libduckdb.so; NULL: $DUKOU_DUCKDB, else node_modules/@duckdb beside the executable or above it. */
    const char *library;
};

/* Forks the zygote that all workers come from, so call it early: before any key is in memory, before any
 * thread is started. `options` may be NULL. Returns before the library is loaded; the first job waits for
 * that. RESULT_NOT_FOUND when there is no library. */
enum result duckdb_engine_start(const struct duckdb_engine_options *options, struct engine **ret_engine);
