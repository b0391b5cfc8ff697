/* Parsing SQL text, and running a SELECT over the tables of its job. */
#include "base/limits.h"
#include "engine/answer.h"
#include "engine/duckdb/spaces.h"
#include "engine/duckdb/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void worker_parse(struct worker *worker, struct wire_in *job)
{
    const char *sql = wire_get_text(job);
    if (sql == NULL)
        worker_fail(worker, FAILURE_UNKNOWN, NULL, NULL);
    char *text = worker_format("%s", sql);
    spaces_widen(text);
    char *constant = worker_constant(text);
    struct worker_grid grid =
        worker_grid(worker, FAILURE_NONE,
                    "SELECT t::VARCHAR, t->>'error', t->>'error_type', t->>'error_message', t->>'position', "
                    "json_array_length(t->'statements')::BIGINT "
                    "FROM (SELECT json_serialize_sql(%s::VARCHAR) AS t)",
                    constant);
    if (grid.rows != 1 || grid.cells[0].null || grid.cells[1].null)
        worker_fail(worker, FAILURE_UNKNOWN, NULL, NULL);
    if (strcmp(grid.cells[1].text, "false") != 0) {
        bool syntax = !grid.cells[2].null && strcmp(grid.cells[2].text, "parser") == 0;
        const char *position = grid.cells[4].null ? NULL : worker_format("position %s", grid.cells[4].text);
        worker_fail(worker, syntax ? FAILURE_SYNTAX : FAILURE_NOT_SELECT, position, grid.cells[3].text);
    }
    if (grid.cells[5].integer == 0)
        worker_fail(worker, FAILURE_NOT_SELECT, NULL, NULL);
    struct wire_out answer = {0};
    wire_put_text(&answer, grid.cells[0].text);
    worker_answer(worker, &answer);
}

/* DuckDB's HUGEINT */
__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

struct writer {
    struct worker *worker;
    duckdb_result result;
    struct wire_out out;
    size_t columns;
    struct writer_column {
        duckdb_type type;
        enum engine_type sent_as;
        unsigned scale; /* of a decimal */
    } * column;
};

static bool sent_as(duckdb_type type, enum engine_type *ret_type)
{
    switch ((int)type) {
    case DUCKDB_TYPE_VARCHAR:
        *ret_type = ENGINE_TEXT;
        return true;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
        *ret_type = ENGINE_INTEGER;
        return true;
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_DECIMAL:
        *ret_type = ENGINE_DECIMAL;
        return true;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
        *ret_type = ENGINE_DOUBLE;
        return true;
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_SQLNULL:
        *ret_type = ENGINE_BOOLEAN;
        return true;
    case DUCKDB_TYPE_DATE:
        *ret_type = ENGINE_DATE;
        return true;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        *ret_type = ENGINE_TIMESTAMP;
        return true;
    default:
        return false;
    }
}

static void put_header(struct writer *writer)
{
    const struct duckdb_library *db = writer->worker->db;
    writer->columns = db->column_count(&writer->result);
    if (writer->columns > LIMIT_TABLE_COLUMNS)
        worker_fail(writer->worker, FAILURE_ANSWER_COLUMNS, NULL, worker_format("%d", LIMIT_TABLE_COLUMNS));
    writer->column = worker_array(sizeof *writer->column, writer->columns);
    wire_put_u32(&writer->out, (uint32_t)writer->columns);
    for (size_t i = 0; i < writer->columns; i++) {
        struct writer_column *column = &writer->column[i];
        const char *name = db->column_name(&writer->result, i);
        column->type = db->column_type(&writer->result, i);
        if (!sent_as(column->type, &column->sent_as))
            worker_fail(writer->worker, FAILURE_ANSWER_TYPE, name, name);
        if (column->type == DUCKDB_TYPE_DECIMAL) {
            duckdb_logical_type logical = db->column_logical_type(&writer->result, i);
            column->scale = db->decimal_scale(logical);
            column->type = db->decimal_internal_type(logical);
            db->destroy_logical_type(&logical);
        }
        wire_put_u32(&writer->out, column->sent_as);
        wire_put_text(&writer->out, name);
    }
}

/* Decimal digits of a 128-bit number with `scale` digits behind the point; returns their count. */
static size_t print_decimal(wide value, unsigned scale, char *ret_text)
{
    char reversed[48];
    size_t length = 0;
    unsigned_wide rest = value < 0 ? -(unsigned_wide)value : (unsigned_wide)value;
    for (unsigned digits = 0; rest > 0 || digits <= scale; digits++) {
        if (digits == scale && scale > 0)
            reversed[length++] = '.';
        reversed[length++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (value < 0)
        reversed[length++] = '-';
    for (size_t i = 0; i < length; i++)
        ret_text[i] = reversed[length - 1 - i];
    return length;
}

static wide wide_value(const struct writer_column *column, void *data, idx_t row)
{
    switch ((int)column->type) {
    case DUCKDB_TYPE_SMALLINT:
        return ((int16_t *)data)[row];
    case DUCKDB_TYPE_INTEGER:
        return ((int32_t *)data)[row];
    case DUCKDB_TYPE_BIGINT:
        return ((int64_t *)data)[row];
    case DUCKDB_TYPE_UBIGINT:
        return ((uint64_t *)data)[row];
    default: {
        duckdb_hugeint huge = ((duckdb_hugeint *)data)[row];
        return (wide)huge.upper << 64 | huge.lower;
    }
    }
}

static uint64_t fixed_value(const struct writer_column *column, void *data, idx_t row)
{
    double number;
    switch ((int)column->type) {
    case DUCKDB_TYPE_BOOLEAN:
        return ((bool *)data)[row];
    case DUCKDB_TYPE_TINYINT:
        return (uint64_t)((int8_t *)data)[row];
    case DUCKDB_TYPE_SMALLINT:
        return (uint64_t)((int16_t *)data)[row];
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
        return (uint64_t)((int32_t *)data)[row];
    case DUCKDB_TYPE_UTINYINT:
        return ((uint8_t *)data)[row];
    case DUCKDB_TYPE_USMALLINT:
        return ((uint16_t *)data)[row];
    case DUCKDB_TYPE_UINTEGER:
        return ((uint32_t *)data)[row];
    case DUCKDB_TYPE_FLOAT:
        number = ((float *)data)[row];
        break;
    case DUCKDB_TYPE_SQLNULL:
        return 0;
    default:
        return ((uint64_t *)data)[row];
    }
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static void put_texts(struct wire_out *out, const struct writer_column *column, void *data,
                      const uint8_t *nulls, idx_t rows)
{
    size_t sizes_at = out->size;
    for (idx_t row = 0; row < rows; row++)
        wire_put_u32(out, 0);
    for (idx_t row = 0; row < rows; row++) {
        uint32_t size = 0;
        if (nulls[row] == 0 && column->sent_as == ENGINE_DECIMAL) {
            char digits[48];
            size = (uint32_t)print_decimal(wide_value(column, data, row), column->scale, digits);
            wire_put(out, digits, size);
        } else if (nulls[row] == 0) {
            duckdb_string_t *string = &((duckdb_string_t *)data)[row];
            size = string->value.inlined.length;
            wire_put(out, size <= 12 ? string->value.inlined.inlined : string->value.pointer.ptr, size);
        }
        memcpy(out->bytes + sizes_at + row * sizeof size, &size, sizeof size);
    }
}

static void put_block(struct writer *writer, duckdb_data_chunk chunk, idx_t rows)
{
    const struct duckdb_library *db = writer->worker->db;
    uint8_t nulls[4096];
    if (rows > sizeof nulls)
        abort();
    wire_put_u32(&writer->out, (uint32_t)rows);
    for (size_t i = 0; i < writer->columns; i++) {
        const struct writer_column *column = &writer->column[i];
        duckdb_vector vector = db->data_chunk_get_vector(chunk, i);
        const uint64_t *valid = db->vector_get_validity(vector);
        void *data = db->vector_get_data(vector);
        for (idx_t row = 0; row < rows; row++)
            nulls[row] = column->type == DUCKDB_TYPE_SQLNULL ||
                         (valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0);
        wire_put(&writer->out, nulls, rows);
        if (answer_type_is_text(column->sent_as))
            put_texts(&writer->out, column, data, nulls, rows);
        else
            for (idx_t row = 0; row < rows; row++)
                wire_put_u64(&writer->out, nulls[row] == 0 ? fixed_value(column, data, row) : 0);
    }
}

static void create_view(struct worker *worker, struct wire_in *job, unsigned number)
{
    const char *name = wire_get_text(job);
    uint32_t columns = wire_get_u32(job);
    struct wire_out list = {0};
    for (uint32_t i = 0; i < columns && !job->bad; i++) {
        const char *column = wire_get_text(job);
        if (column != NULL)
            worker_append(&list, ",", "%s", worker_identifier(column));
    }
    if (job->bad || name == NULL)
        worker_fail(worker, FAILURE_UNKNOWN, NULL, NULL);
    duckdb_result result;
    char *sql = worker_format("CREATE TEMP VIEW %s AS SELECT %s FROM read_parquet('" JAIL_FILE_INPUT "')",
                              worker_identifier(name), columns > 0 ? worker_text(&list) : "*", number);
    if (worker->db->query(worker->connection, sql, &result) != DuckDBSuccess)
        worker_fail(worker, FAILURE_CHUNK_ABSENT, name, name);
}

_Noreturn void worker_select(struct worker *worker, struct wire_in *job)
{
    size_t rows_max = (size_t)wire_get_u64(job);
    size_t bytes_max = (size_t)wire_get_u64(job);
    const char *sql = wire_get_text(job);
    uint32_t tables = wire_get_u32(job);
    for (unsigned i = 0; i < tables && !job->bad; i++)
        create_view(worker, job, i);
    if (sql == NULL || !wire_at_end(job))
        worker_fail(worker, FAILURE_UNKNOWN, NULL, NULL);
    struct writer writer = {.worker = worker};
    worker_query(worker, FAILURE_NONE, &writer.result, "%s", sql);
    put_header(&writer);
    size_t rows = 0;
    for (duckdb_data_chunk chunk = worker->db->fetch_chunk(writer.result); chunk != NULL;
         chunk = worker->db->fetch_chunk(writer.result)) {
        idx_t size = worker->db->data_chunk_get_size(chunk);
        rows += size;
        if (rows > rows_max)
            worker_fail(worker, FAILURE_ANSWER_ROWS, NULL, worker_format("%zu", rows_max));
        if (size > 0)
            put_block(&writer, chunk, size);
        if (writer.out.size > bytes_max)
            worker_fail(worker, FAILURE_ANSWER_BYTES, NULL, worker_format("%zu", bytes_max));
        worker->db->destroy_data_chunk(&chunk);
    }
    wire_put_u32(&writer.out, 0);
    worker_answer(worker, &writer.out);
}

/* The rows of a SELECT into a file, for the one who asked alone. */
_Noreturn void worker_extract(struct worker *worker, struct wire_in *job)
{
    const char *sql = wire_get_text(job);
    uint32_t tables = wire_get_u32(job);
    for (unsigned i = 0; i < tables && !job->bad; i++)
        create_view(worker, job, i);
    if (sql == NULL || !wire_at_end(job))
        worker_fail(worker, FAILURE_UNKNOWN, NULL, NULL);
    struct worker_grid grid =
        worker_grid(worker, FAILURE_NONE,
                    "COPY (%s) TO '" JAIL_FILE_OUTPUT
                    "' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, USE_TMP_FILE false)",
                    sql);
    struct wire_out answer = {0};
    wire_put_u64(&answer, (uint64_t)grid.cells[0].integer);
    worker_answer(worker, &answer);
}
