/* Parquet files made by hand for the tests, so that they can lie wherever a field stands. Every number of
 * footer, column chunk and page is a member of the plan. */
#pragma once

#include "engine/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARQUET_INT32 = 1, PARQUET_INT64 = 2, PARQUET_DOUBLE = 5, PARQUET_BYTE_ARRAY = 6, PARQUET_GROUP = -1 };
enum { PARQUET_PLAIN = 0, PARQUET_DELTA = 5, PARQUET_RLE_DICTIONARY = 8 };

struct parquet_bytes {
    const void *bytes;
    size_t size;
};

struct parquet_page {
    int32_t type; /* 0 data, 2 dictionary */
    int32_t uncompressed;
    int32_t compressed;
    int32_t values;
    int32_t encoding;
    struct parquet_bytes payload;
};

struct parquet_column {
    const char *name;
    size_t name_size;
    int32_t type;       /* PARQUET_GROUP for a group of the columns that follow */
    int32_t repetition; /* 0 required, 1 optional, 2 repeated */
    int32_t children;   /* of a group */
    int32_t converted;  /* -1 none, 0 UTF-8 */
    struct parquet_page pages[2];
    size_t page_count;
    /* of the chunk */
    int32_t codec;
    int64_t values;
    int64_t compressed; /* of all pages; as long as they are, when 0 */
    int64_t uncompressed;
    int64_t data_offset; /* where it is, when 0 */
    int64_t dictionary_offset;
    struct parquet_bytes least; /* statistics; none when size is 0 */
    struct parquet_bytes most;
    int64_t nulls; /* -1 none */
};

struct parquet_plan {
    const char *head;
    const char *tail;
    int32_t version;
    int32_t root_children; /* the columns, when 0 */
    int64_t rows;
    int64_t group_rows;
    int64_t group_bytes;
    struct parquet_column *columns;
    size_t column_count;
    bool no_groups;
    int64_t footer_size; /* what the end says; as long as it is, when -1 */
};

/* Whole numbers 1, 2, 3 in a column "id", and three texts in a column "name", the first with the canary. */
struct parquet_plan parquet_good(struct parquet_column *columns);

void parquet_write(const struct parquet_plan *plan, struct wire_out *out);
