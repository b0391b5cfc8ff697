/* What the tests of the workers share. */
#pragma once

#include "engine/duckdb/duckdb_engine.h"
#include "support/test.h"

/* The engine of this executable. */
struct engine *fixture_engine(void);

int fixture_file(const void *bytes, size_t size);
#define FIXTURE_TEXT(text) fixture_file((text), sizeof(text) - 1)
/* Parquet made by an unjailed DuckDB from a SELECT; `options` as in COPY. */
int fixture_parquet(const char *select, const char *options);
/* A copy that holds only the given ranges. */
int fixture_sparse(int fd, int64_t size, const struct engine_range *ranges, size_t count);
int64_t fixture_size(int fd);
