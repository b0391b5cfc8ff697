/* The functions of libduckdb.so that Dukou calls, found when the zygote loads it. Nothing else of the program
 * is linked with it, so the other processes stay small. */
#pragma once

#include "base/result.h"

#include <duckdb.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* clang-format off */
#define DUCKDB_FUNCTIONS(X)                                                                                  \
    X(create_config) X(set_config) X(destroy_config) X(open_ext) X(connect)                                  \
    X(interrupt) X(query_progress)                                                                           \
    X(query) X(prepare) X(prepare_error) X(bind_varchar_length) X(execute_prepared)                          \
    X(result_error) X(result_error_type)                                                                     \
    X(column_count) X(column_name) X(column_type) X(column_logical_type)                                     \
    X(decimal_scale) X(decimal_internal_type) X(destroy_logical_type)                                        \
    X(fetch_chunk) X(data_chunk_get_size) X(data_chunk_get_vector) X(destroy_data_chunk)                     \
    X(vector_get_data) X(vector_get_validity) X(destroy_result)
/* clang-format on */

struct duckdb_library {
#define X(name) __typeof__(duckdb_##name) *name;
    DUCKDB_FUNCTIONS(X)
#undef X
    /* The library's allocator (jemalloc), not part of DuckDB's interface; NULL where it is not there. */
    int (*allocator_control)(const char *name, void *old, size_t *old_size, void *new, size_t new_size);
};

/* For the environment before the library is loaded: address space that is freed goes back to the kernel,
 * since a worker has a bound on it. */
#define DUCKDB_ALLOCATOR_VARIABLE "DUCKDB_JE_MALLOC_CONF"
#define DUCKDB_ALLOCATOR_SETTINGS "retain:false"
/* Name for allocator_control(): what all arenas have freed. */
#define DUCKDB_ALLOCATOR_PURGE "arena.4096.purge"

/* Loads it for the life of the process. */
bool duckdb_library_open(const char *path, struct duckdb_library *ret_library);

/* $DUKOU_DUCKDB, or the library that `npm` or an installation put beside the executable or in a folder above
 * it. `ret_path` holds PATH_MAX bytes. */
enum result library_find(char *ret_path);
