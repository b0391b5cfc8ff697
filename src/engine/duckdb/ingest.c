/* Taking a file in: read strictly, checked row by row, written afresh as Parquet. Nothing of the original
 * bytes is kept. */
#include "base/limits.h"
#include "engine/duckdb/csv.h"
#include "engine/duckdb/footer.h"
#include "engine/duckdb/schema.h"
#include "engine/duckdb/source.h"
#include "engine/duckdb/worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ingest {
    struct worker *worker;
    struct source source;
    struct engine_field *fields;
    struct expression *expressions;
    size_t field_count;
    const char **subjects;
    size_t subject_count;
    const char *secret;
    const char *columns; /* of the file that is written: SQL */
    const char *from;    /* the source with the values beside it: SQL */
};

/* ---- reading the job ---- */

static void read_fields(struct ingest *ingest, struct wire_in *job)
{
    ingest->field_count = wire_get_u32(job);
    if (job->bad || ingest->field_count > LIMIT_TABLE_COLUMNS)
        _exit(1);
    ingest->fields = worker_array(sizeof *ingest->fields, ingest->field_count);
    for (size_t i = 0; i < ingest->field_count; i++) {
        struct engine_field *field = &ingest->fields[i];
        field->name = wire_get_text(job);
        field->type = (enum engine_type)wire_get_u32(job);
        field->nullable = wire_get_u32(job) != 0;
        field->minimum = wire_get_text(job);
        field->maximum = wire_get_text(job);
        field->pattern = wire_get_text(job);
        field->max_characters = wire_get_u32(job);
    }
    ingest->subject_count = wire_get_u32(job);
    if (job->bad || ingest->subject_count > ingest->field_count)
        _exit(1);
    ingest->subjects = worker_array(sizeof *ingest->subjects, ingest->subject_count);
    for (size_t i = 0; i < ingest->subject_count; i++)
        ingest->subjects[i] = wire_get_text(job);
    ingest->secret = wire_get_text(job);
    if (!wire_at_end(job))
        _exit(1);
}

static size_t find(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i;
}

static size_t find_field(const struct ingest *ingest, const char *name)
{
    size_t i = 0;
    while (i < ingest->field_count && strcmp(ingest->fields[i].name, name) != 0)
        i++;
    return i;
}

/* A rule that cannot be computed must not look like a fault of the file. */
static void check_rule(struct worker *worker, const struct engine_field *field)
{
    const char *type = schema_sql_type(field->type);
    const char *const bounds[] = {field->minimum, field->maximum};
    for (size_t i = 0; i < 2; i++) {
        duckdb_result result;
        if (bounds[i] != NULL &&
            worker->db->query(worker->connection,
                              worker_format("SELECT %s::%s", worker_constant(bounds[i]), type),
                              &result) != DuckDBSuccess)
            worker_fail(worker, FAILURE_SCHEMA, field->name, field->name);
    }
    duckdb_result result;
    if (field->pattern != NULL &&
        worker->db->query(worker->connection,
                          worker_format("SELECT regexp_full_match('', %s)", worker_constant(field->pattern)),
                          &result) != DuckDBSuccess)
        worker_fail(worker, FAILURE_SCHEMA, field->name, field->name);
}

/* Every column has its field and every field its column; then the SQL of each. */
static void match(struct ingest *ingest)
{
    const struct source *source = &ingest->source;
    for (size_t i = 0; i < source->columns; i++)
        if (find_field(ingest, source->names[i]) == ingest->field_count)
            worker_fail(ingest->worker, FAILURE_COLUMN_EXTRA, source->names[i], source->names[i]);
    ingest->expressions = worker_array(sizeof *ingest->expressions, ingest->field_count);
    for (size_t i = 0; i < ingest->field_count; i++) {
        const char *name = ingest->fields[i].name;
        size_t column = find(source->names, source->columns, name);
        if (column == source->columns)
            worker_fail(ingest->worker, FAILURE_COLUMN_ABSENT, name, name);
        const struct source_column place = {source->quoted[column], source->types[column],
                                            source->format == ENGINE_PARQUET};
        if (!schema_expression(&ingest->fields[i], &place, worker_format("__value_%zu", i),
                               &ingest->expressions[i]))
            worker_fail(ingest->worker, FAILURE_COLUMN_TYPE, name, name);
        check_rule(ingest->worker, &ingest->fields[i]);
    }
}

/* ---- the good case: one pass, which stops at the first row that breaks a rule ---- */

static void add_subjects(struct ingest *ingest, struct wire_out *columns)
{
    const char *secret = worker_constant(ingest->secret != NULL ? ingest->secret : "");
    for (size_t i = 0; i < ingest->subject_count; i++) {
        const char *subject = ingest->subjects[i];
        size_t field = find_field(ingest, subject);
        if (field == ingest->field_count)
            worker_fail(ingest->worker, FAILURE_COLUMN_ABSENT, subject, subject);
        const struct expression *e = &ingest->expressions[field];
        const char *token =
            worker_format("CASE WHEN %s IS NOT NULL THEN hash(concat(%s, CAST(%s AS VARCHAR))) END",
                          e->source, secret, e->alias);
        worker_append(columns, ", ", "%s AS %s", token,
                      worker_identifier(worker_format("__subject_%s", subject)));
        worker_append(columns, ", ", "CAST((%s) & 63 AS UTINYINT) AS %s", token,
                      worker_identifier(worker_format("__bucket_%s", subject)));
    }
}

static void build_columns(struct ingest *ingest)
{
    struct wire_out columns = {0};
    struct wire_out values = {0};
    worker_append(&values, "", "*");
    for (size_t i = 0; i < ingest->field_count; i++) {
        const struct expression *e = &ingest->expressions[i];
        worker_append(&values, ", ", "%s AS %s", e->value, e->alias);
        worker_append(&columns, ", ", "CASE WHEN %s THEN %s ELSE error('rule') END AS %s", e->kept, e->alias,
                      worker_identifier(ingest->fields[i].name));
    }
    add_subjects(ingest, &columns);
    ingest->columns = worker_text(&columns);
    ingest->from = worker_format("(SELECT %s FROM %s)", worker_text(&values), ingest->source.from);
}

static bool write_output(struct ingest *ingest)
{
    struct worker *worker = ingest->worker;
    duckdb_result result;
    char *sql =
        worker_format("COPY (SELECT %s FROM %s) TO '" JAIL_FILE_OUTPUT
                      "' (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 122880, USE_TMP_FILE false)",
                      ingest->columns, ingest->from);
    bool written = worker->db->query(worker->connection, sql, &result) == DuckDBSuccess;
    free(sql);
    if (atomic_load(&worker->expired))
        worker_fail(worker, FAILURE_TIMEOUT, NULL, NULL);
    if (!written && worker->db->result_error_type(&result) == DUCKDB_ERROR_OUT_OF_MEMORY)
        worker_fail(worker, FAILURE_MEMORY, NULL, NULL);
    worker->db->destroy_result(&result);
    return written;
}

/* ---- where everything stands: layout.c ---- */

struct values {
    struct wire_out *columns; /* of each the pairs, as JSON */
    size_t count;
};

static void note_value(void *context, size_t column, int64_t offset, int64_t size)
{
    struct values *values = context;
    if (column < values->count)
        worker_append(&values->columns[column], ",", "[%lld,%lld]", (long long)offset, (long long)size);
}

/* The JSON object, with "values" at its end: where the smallest and largest values stand in the footer. */
static const char *with_values(struct ingest *ingest, const char *json, size_t columns)
{
    struct worker *worker = ingest->worker;
    struct values values = {worker_array(sizeof *values.columns, columns), columns};
    struct footer footer;
    struct wire_out list = {0};
    size_t size = strlen(json);
    if (size == 0 || json[size - 1] != '}' ||
        !footer_read(worker->descriptors[worker->descriptor_count - 1], &footer) ||
        !footer_values(&footer, note_value, &values))
        worker_fail(worker, FAILURE_UNKNOWN, NULL, NULL);
    for (size_t i = 0; i < columns; i++)
        worker_append(&list, ",", "[%s]", worker_text(&values.columns[i]));
    return worker_format("%.*s,\"values\":[%s]}", (int)size - 1, json, worker_text(&list));
}

/* {"rows","size","footer":[offset,size],"columns":[{"name","chunks":[[offset,size],…]}],"values":[…]} */
static void put_layout(struct ingest *ingest, struct wire_out *answer)
{
    struct worker_grid grid = worker_grid(
        ingest->worker, FAILURE_UNKNOWN,
        "WITH chunks AS (SELECT column_id, total_compressed_size AS bytes, least(data_page_offset, "
        "CASE WHEN dictionary_page_offset > 0 THEN dictionary_page_offset END, "
        "CASE WHEN index_page_offset > 0 THEN index_page_offset END) AS first "
        "FROM parquet_metadata('" JAIL_FILE_OUTPUT "') UNION ALL "
        "SELECT column_id, bloom_filter_length, bloom_filter_offset "
        "FROM parquet_metadata('" JAIL_FILE_OUTPUT "') WHERE bloom_filter_offset IS NOT NULL), "
        "lists AS (SELECT column_id, list([first, bytes] ORDER BY first) AS list FROM chunks GROUP BY "
        "column_id), "
        "names AS (SELECT row_number() OVER () - 1 AS column_id, column_name AS name FROM "
        "(DESCRIBE SELECT * FROM read_parquet('" JAIL_FILE_OUTPUT "'))), "
        "parts AS (SELECT column_id, {name: name, chunks: coalesce(list, [])} AS part "
        "FROM names LEFT JOIN lists USING (column_id)) "
        "SELECT to_json({rows: (SELECT num_rows FROM parquet_file_metadata('" JAIL_FILE_OUTPUT "')), "
        "columns: (SELECT list(part ORDER BY column_id) FROM parts)})::VARCHAR, (SELECT count(*) FROM "
        "parts)::BIGINT");
    wire_put_text(answer, with_values(ingest, grid.cells[0].text, (size_t)grid.cells[1].integer));
}

static void put_accepted(struct ingest *ingest, struct wire_out *answer)
{
    struct worker_grid rows =
        worker_grid(ingest->worker, FAILURE_UNKNOWN,
                    "SELECT num_rows::BIGINT FROM parquet_file_metadata('" JAIL_FILE_OUTPUT "')");
    struct worker_grid nulls = worker_grid(
        ingest->worker, FAILURE_UNKNOWN,
        "SELECT column_id::BIGINT, sum(stats_null_count)::BIGINT FROM parquet_metadata('" JAIL_FILE_OUTPUT
        "') GROUP BY column_id ORDER BY column_id");
    if (rows.rows != 1 ||
        (ingest->source.format == ENGINE_CSV && rows.cells[0].integer != ingest->source.csv_rows) ||
        (nulls.rows != 0 && nulls.rows < ingest->field_count))
        worker_fail(ingest->worker, FAILURE_UNKNOWN, NULL, NULL);
    wire_put_u32(answer, 1);
    wire_put_u64(answer, (uint64_t)rows.cells[0].integer);
    for (size_t i = 0; i < ingest->field_count; i++) {
        wire_put_u64(answer, nulls.rows > 0 ? (uint64_t)nulls.cells[i * 2 + 1].integer : 0);
        wire_put_u64(answer, 0);
        wire_put_u64(answer, 0);
    }
    wire_put_u32(answer, 0);
    put_layout(ingest, answer);
}

/* ---- the other case: what is wrong, and where ---- */

/* Each expression has its vectors in memory, so a wide table is looked through several times. */
enum { BATCH_FIELDS = 100 };

struct finding {
    int64_t row; /* from 1 */
    uint32_t field;
    uint32_t reason;
};

struct findings {
    struct finding *list;
    size_t count;
};

static size_t batch_end(const struct ingest *ingest, size_t first)
{
    size_t left = ingest->field_count - first;
    return first + (left < BATCH_FIELDS ? left : BATCH_FIELDS);
}

/* Three counts for each field from `first` up to `end` into counts[], the rows into *ret_rows. */
static void count_batch(struct ingest *ingest, size_t first, size_t end, int64_t *counts, int64_t *ret_rows)
{
    struct wire_out list = {0};
    worker_append(&list, "", "count(*)::BIGINT");
    for (size_t i = first; i < end; i++) {
        const struct expression *e = &ingest->expressions[i];
        worker_append(&list, ", ",
                      "count_if(%s IS NULL)::BIGINT, count_if(%s <> 0)::BIGINT, count_if(%s = %d)::BIGINT",
                      e->source, e->reason, e->reason, REASON_FINITE);
    }
    struct worker_grid grid = worker_grid(
        ingest->worker, ingest->source.format == ENGINE_CSV ? FAILURE_UNKNOWN : FAILURE_NOT_PARQUET,
        "SELECT %s FROM %s", worker_text(&list), ingest->from);
    *ret_rows = grid.cells[0].integer;
    for (size_t i = first * 3; i < end * 3; i++)
        counts[i] = grid.cells[i - first * 3 + 1].integer;
}

static void find_batch(struct ingest *ingest, size_t first, size_t end, const int64_t *counts,
                       struct findings *findings)
{
    struct wire_out reasons = {0};
    struct wire_out any = {0};
    uint32_t fields[BATCH_FIELDS];
    size_t width = 0;
    worker_append(&reasons, "", "row_number() OVER () AS line");
    for (size_t i = first; i < end; i++) {
        if (counts[i * 3 + 1] == 0)
            continue;
        worker_append(&reasons, ", ", "(%s)::INTEGER AS r%zu", ingest->expressions[i].reason, i);
        worker_append(&any, " OR ", "r%zu <> 0", i);
        fields[width++] = (uint32_t)i;
    }
    if (width == 0)
        return;
    struct worker_grid grid = worker_grid(
        ingest->worker, FAILURE_UNKNOWN, "SELECT * FROM (SELECT %s FROM %s) WHERE %s ORDER BY line LIMIT %d",
        worker_text(&reasons), ingest->from, worker_text(&any), LIMIT_VIOLATIONS);
    findings->list =
        reallocarray(findings->list, findings->count + grid.rows * width + 1, sizeof *findings->list);
    if (findings->list == NULL)
        abort();
    for (size_t row = 0; row < grid.rows; row++)
        for (size_t i = 0; i < width; i++) {
            const struct worker_cell *cells = grid.cells + row * grid.columns;
            if (cells[i + 1].integer != REASON_NONE)
                findings->list[findings->count++] =
                    (struct finding){cells[0].integer, fields[i], (uint32_t)cells[i + 1].integer};
        }
}

static int by_row(const void *a, const void *b)
{
    const struct finding *x = a;
    const struct finding *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->field > y->field) - (x->field < y->field);
}

/* Rows of a CSV file become the lines where they begin. */
static void find_lines(struct ingest *ingest, struct findings *findings)
{
    int64_t *rows = worker_array(sizeof *rows, findings->count);
    int64_t *lines = worker_array(sizeof *lines, findings->count);
    size_t distinct = 0;
    for (size_t i = 0; i < findings->count; i++)
        if (distinct == 0 || rows[distinct - 1] != findings->list[i].row)
            rows[distinct++] = findings->list[i].row;
    struct csv csv;
    const struct csv_watch watch = {&ingest->worker->scanned, &ingest->worker->expired};
    (void)csv_scan(ingest->worker->descriptors[0], &watch, rows, distinct, lines, &csv);
    for (size_t i = 0, at = 0; i < findings->count; i++) {
        at += rows[at] != findings->list[i].row;
        findings->list[i].row = lines[at];
    }
}

static void put_violations(struct ingest *ingest, struct wire_out *answer)
{
    struct findings findings = {0};
    int64_t *counts = worker_array(sizeof *counts, ingest->field_count * 3);
    int64_t rows = 0;
    for (size_t first = 0; first < ingest->field_count; first += BATCH_FIELDS)
        count_batch(ingest, first, batch_end(ingest, first), counts, &rows);
    for (size_t first = 0; first < ingest->field_count; first += BATCH_FIELDS)
        find_batch(ingest, first, batch_end(ingest, first), counts, &findings);
    /* Writing failed although every row keeps the rules: no room. */
    if (findings.count == 0)
        worker_fail(ingest->worker, FAILURE_OUTPUT, NULL, NULL);
    qsort(findings.list, findings.count, sizeof *findings.list, by_row);
    if (findings.count > LIMIT_VIOLATIONS)
        findings.count = LIMIT_VIOLATIONS;
    if (ingest->source.format == ENGINE_CSV)
        find_lines(ingest, &findings);
    wire_put_u32(answer, 0);
    wire_put_u64(answer, (uint64_t)rows);
    for (size_t i = 0; i < ingest->field_count * 3; i++)
        wire_put_u64(answer, (uint64_t)counts[i]);
    wire_put_u32(answer, (uint32_t)findings.count);
    for (size_t i = 0; i < findings.count; i++) {
        wire_put_u64(answer, (uint64_t)findings.list[i].row);
        wire_put_u32(answer, findings.list[i].field);
        wire_put_u32(answer, findings.list[i].reason);
    }
    wire_put_text(answer, NULL);
}

_Noreturn void worker_ingest(struct worker *worker, struct wire_in *job)
{
    struct ingest ingest = {.worker = worker};
    struct wire_out answer = {0};
    /* The fields come after the format, so that a file that does not read is refused first. */
    source_open(worker, job, &ingest.source);
    read_fields(&ingest, job);
    match(&ingest);
    build_columns(&ingest);
    if (write_output(&ingest)) {
        put_accepted(&ingest, &answer);
    } else {
        (void)!ftruncate(worker->descriptors[worker->descriptor_count - 1], 0);
        put_violations(&ingest, &answer);
    }
    worker_answer(worker, &answer);
}
