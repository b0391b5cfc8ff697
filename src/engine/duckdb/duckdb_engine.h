/* The engine for data that fits one machine: DuckDB in jailed workers. */
#pragma once

#include "engine/engine.h"

struct duckdb_engine_options {
    /* libduckdb.so; NULL: $DUKOU_DUCKDB, else node_modules/@duckdb beside the executable or above it. */
    const char *library;
    /* Only for tests of the jail: run in a worker by duckdb_engine_probe(). */
    int64_t (*probe)(int64_t argument);
};

/* Forks the zygote that all workers come from, so call it early: before any key is in memory, before any
 * thread is started. `options` may be NULL. Returns before the library is loaded; the first job waits for
 * that. RESULT_NOT_FOUND when there is no library. */
enum result duckdb_engine_start(const struct duckdb_engine_options *options, struct engine **ret_engine);

/* Runs options.probe(argument) in a jailed worker. RESULT_UNAVAILABLE when that kills it; *ret_signal is then
 * the signal, SIGSYS when the jail did. */
enum result duckdb_engine_probe(struct engine *engine, int64_t argument, int64_t *ret_value, int *ret_signal);
