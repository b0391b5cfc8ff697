/* engine/csv: the strict reading of CSV before DuckDB's. */
#include "engine/duckdb/csv.h"

#include "fuzz.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csv csv;
    const int64_t rows[] = {1, 2, 5};
    int64_t lines[3] = {0};
    int fd = fuzz_file(bytes, size);
    enum failure failure = csv_scan(fd, &(struct csv_watch){0}, rows, 3, lines, &csv);
    if (failure == FAILURE_NONE)
        assert(csv.columns > 0 && csv.rows >= 0);
    csv_free(&csv);
    (void)close(fd);
    return 0;
}
