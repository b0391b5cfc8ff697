/* The data plane's tables: made once by DuckDB in a folder of their own, and brought into a keeper. */
#pragma once

#include "bench.h"
#include "keeper/keeper.h"

/* What the queries and the delivery are measured on. */
#define DATA_PAYMENT "payment.parquet" /* BENCH_ROWS rows */
#define DATA_FIRM "firm.parquet"
#define DATA_OWN "own.csv"
#define DATA_SLICE "slice.csv" /* DATA_SLICE_ROWS rows of the same kind as DATA_PAYMENT, in CSV */
#define DATA_SLICE_ROWS "1000000"

/* Makes those files that are missing in `folder`, by the DuckDB of `duckdb` (floor_duckdb). */
void data_make(struct child *duckdb, const char *folder);

/* The columns of a table as keeper.h wants them expected; a new reference. */
json_t *data_expected(const char *file);

/* Seals the file to a new order of the grant, as a source agent would, and has the keeper take it. */
void data_deliver(struct keeper *keeper, row_id grant, const char *folder, const char *file);
/* The same, as a developer's own table. */
void data_import(struct keeper *keeper, row_id import, const char *folder, const char *file);

/* The policy of bench/queries.h, with payment in slice/1, firm in slice/2 and own in import/3. */
json_t *data_policy(void);
