/* The footer of a Parquet file, read just as far as we must know it: how many columns there are, before
 * DuckDB spends minutes on a hundred thousand; and where the smallest and largest values stand that a query
 * must not get to see. Runs in the jail. Thrift's compact protocol, Parquet's FileMetaData (parquet.thrift).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct footer {
    uint8_t *bytes; /* malloc()ed */
    size_t size;
    int64_t offset; /* in the file */
};

/* False when the file ends like no Parquet file. */
bool footer_read(int fd, struct footer *ret_footer);
void footer_free(struct footer *footer);

/* Nodes of the schema, its root and groups among them: more than columns. False when it does not read. */
bool footer_elements(const struct footer *footer, size_t *ret_count);

/* Calls `each` for every smallest and largest value in the statistics: the column's place among the leaves,
 * offset in the file and size. False when it does not read. */
typedef void footer_value(void *context, size_t column, int64_t offset, int64_t size);
bool footer_values(const struct footer *footer, footer_value *each, void *context);
