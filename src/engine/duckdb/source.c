#include "engine/duckdb/source.h"

#include "base/limits.h"
#include "base/text.h"
#include "engine/duckdb/csv.h"
#include "engine/duckdb/footer.h"

#include <string.h>

/* A name that shows itself whole. */
static bool is_plain(const char *name)
{
    return !text_has_control(name) && !text_has_invisible(name) && strpbrk(name, "\n\t") == NULL;
}

static void open_csv(struct worker *worker, struct source *source)
{
    struct csv csv;
    const struct csv_watch watch = {&worker->scanned, &worker->expired};
    enum failure failure = csv_scan(worker->descriptors[0], &watch, NULL, 0, NULL, &csv);
    atomic_store(&worker->scanned, -1);
    if (failure != FAILURE_NONE) {
        const char *detail = failure == FAILURE_COLUMNS_MANY  ? worker_format("%d", LIMIT_TABLE_COLUMNS)
                             : failure == FAILURE_RECORD_LONG ? worker_format("%zu", LIMIT_CSV_RECORD_BYTES)
                                                              : csv.name;
        worker_fail(worker, failure,
                    csv.line == 0 ? NULL
                    : csv.column == 0
                        ? worker_format("line %lld", (long long)csv.line)
                        : worker_format("line %lld, column %zu", (long long)csv.line, csv.column),
                    detail);
    }
    source->columns = csv.columns;
    source->csv_rows = csv.rows;
    source->names = worker_array(sizeof(char *), csv.columns);
    source->quoted = worker_array(sizeof(char *), csv.columns);
    source->types = worker_array(sizeof(char *), csv.columns);
    struct wire_out list = {0};
    for (size_t i = 0; i < csv.columns; i++) {
        source->names[i] = csv.names[i];
        if (!is_plain(source->names[i]))
            worker_fail(worker, FAILURE_COLUMN_NAME, "line 1", NULL);
        source->quoted[i] = worker_format("c%zu", i);
        source->types[i] = "VARCHAR";
        worker_append(&list, ", ", "c%zu: 'VARCHAR'", i);
    }
    /* Where a field holds line breaks, several threads could take one for the end of a row. */
    source->from = worker_format(
        "read_csv('/room/0', auto_detect=false, header=true, delim=',', quote='\"', escape='\"', nullstr='', "
        "new_line='%s', null_padding=false, strict_mode=true, max_line_size=%zu, parallel=%s, columns={%s})",
        csv.crlf ? "\\r\\n" : "\\n", LIMIT_CSV_RECORD_BYTES * 2, csv.breaks_in_quotes ? "false" : "true",
        worker_text(&list));
}

/* DuckDB takes time in the square of columns, and of groups in one another; none of them would be taken in.
 */
static void check_width(struct worker *worker)
{
    struct footer footer;
    size_t elements = 0;
    if (!footer_read(worker->descriptors[0], &footer) || !footer_elements(&footer, &elements))
        worker_fail(worker, FAILURE_NOT_PARQUET, NULL, NULL);
    footer_free(&footer);
    if (elements > LIMIT_TABLE_COLUMNS + 1)
        worker_fail(worker, FAILURE_COLUMNS_MANY, NULL, worker_format("%d", LIMIT_TABLE_COLUMNS));
}

static void open_parquet(struct worker *worker, struct source *source)
{
    check_width(worker);
    struct worker_grid grid = worker_grid(worker, FAILURE_NOT_PARQUET,
                                          "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "
                                          "read_parquet('/room/0'))");
    source->columns = grid.rows;
    if (grid.rows > LIMIT_TABLE_COLUMNS)
        worker_fail(worker, FAILURE_COLUMNS_MANY, NULL, worker_format("%d", LIMIT_TABLE_COLUMNS));
    source->names = worker_array(sizeof(char *), grid.rows);
    source->quoted = worker_array(sizeof(char *), grid.rows);
    source->types = worker_array(sizeof(char *), grid.rows);
    for (size_t i = 0; i < grid.rows; i++) {
        source->names[i] = grid.cells[i * 2].text;
        source->types[i] = grid.cells[i * 2 + 1].text;
        source->quoted[i] = worker_identifier(source->names[i]);
        if (source->names[i][0] == '\0')
            worker_fail(worker, FAILURE_COLUMN_NAMELESS, NULL, NULL);
        if (strlen(source->names[i]) > LIMIT_COLUMN_NAME_BYTES || !is_plain(source->names[i]))
            worker_fail(worker, FAILURE_COLUMN_NAME, NULL, NULL);
    }
    source->from = "read_parquet('/room/0')";
}

void source_open(struct worker *worker, struct wire_in *job, struct source *source)
{
    source->format = (enum engine_format)wire_get_u32(job);
    if (source->format == ENGINE_CSV)
        open_csv(worker, source);
    else
        open_parquet(worker, source);
}
