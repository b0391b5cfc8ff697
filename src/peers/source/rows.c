#include "peers/source/rows.h"

#include "base/limits.h"
#include "base/mutation.h"
#include "peers/source/file.h"
#include "peers/source/postgres.h"
#include "peers/source/select.h"

#include <string.h>

/* Reading a whole resource may take longer than a query in a room. */
static const struct engine_limits reading_limits = {.memory_bytes = LIMIT_SOURCE_MEMORY_BYTES,
                                                    .seconds = LIMIT_SOURCE_SECONDS};

/* ---- fields ---- */

static enum result refuse_absent(struct arena *arena, const struct source_resource *resource,
                                 const char *column, struct refusal *ret_refusal)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = RESULT_NOT_FOUND,
                                   .field = column,
                                   .zh = arena_printf(arena, "资源 %s 的数据中没有配置里的列“%s”。",
                                                      resource->code, column),
                                   .en = arena_printf(arena,
                                                      "The rows of %s have no column \"%s\", which the "
                                                      "configuration declares.",
                                                      resource->code, column),
                                   .remedy_zh = "请更正配置或数据。",
                                   .remedy_en = "Mend the configuration or the rows."});
}

/* What is declared goes over what is found. */
static enum result declare(struct arena *arena, const struct source_resource *resource,
                           struct engine_field *fields, size_t count, struct refusal *ret_refusal)
{
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct source_column *column = &resource->columns[i];
        struct engine_field *field = (struct engine_field *)select_field(fields, count, column->field.name);
        if (field == NULL)
            return refuse_absent(arena, resource, column->field.name, ret_refusal);
        enum engine_type found = field->type;
        *field = column->field;
        if (!column->typed)
            field->type = found;
    }
    return RESULT_OK;
}

/* ---- files ---- */

struct file {
    int fd; /* UTF-8 */
    enum engine_format format;
    struct engine_field *fields; /* found and declared */
    struct engine_field *found;  /* found alone */
    size_t count;
};

static enum result open_csv(struct arena *arena, const struct source_resource *resource, int *fd,
                            struct refusal *ret_refusal)
{
    if (!resource->gbk)
        return source_file_check_utf8(arena, *fd, ret_refusal);
    int converted;
    TRY(source_file_memory(&converted, ret_refusal));
    enum result result = source_file_from_gbk(arena, *fd, converted, ret_refusal);
    (void)close(*fd);
    *fd = converted;
    return result;
}

static enum result open_rows(struct arena *arena, const struct source_resource *resource, struct file *file,
                             struct refusal *ret_refusal)
{
    file->format = resource->kind == SOURCE_CSV ? ENGINE_CSV : ENGINE_PARQUET;
    TRY(source_file_open_rows(arena, resource->path, &file->fd, ret_refusal));
    return resource->kind == SOURCE_CSV ? open_csv(arena, resource, &file->fd, ret_refusal) : RESULT_OK;
}

static enum result find_fields(struct engine *engine, struct arena *arena,
                               const struct source_resource *resource, struct file *file,
                               struct refusal *ret_refusal)
{
    struct engine_description description;
    TRY(engine_describe(engine, NULL, arena, file->fd, file->format, &reading_limits, &description,
                        ret_refusal));
    file->count = description.column_count;
    file->fields = arena_new_array(arena, struct engine_field, file->count);
    file->found = arena_new_array(arena, struct engine_field, file->count);
    for (size_t i = 0; i < file->count; i++) {
        enum engine_type type = description.columns[i].type;
        if (type == ENGINE_TIMESTAMP && file->format == ENGINE_CSV)
            type = ENGINE_TEXT;
        file->found[i] =
            (struct engine_field){.name = description.columns[i].name, .type = type, .nullable = true};
        file->fields[i] = file->found[i];
    }
    return declare(arena, resource, file->fields, file->count, ret_refusal);
}

static enum result refuse_violations(struct arena *arena, const struct engine_report *report, bool csv,
                                     struct refusal *ret_refusal)
{
    struct refusal refusal = {.result = RESULT_INVALID,
                              .law = LAW(CALL_REVIEW),
                              .zh = "源数据不符合声明的规则。",
                              .en = "The source's rows break the declared rules.",
                              .remedy_zh = "请由数据提供单位更正数据后重新下达订单。",
                              .remedy_en = "Let the provider mend the rows, then issue a new order."};
    if (report->violation_count > 0) {
        const struct engine_violation *first = &report->violations[0];
        refusal.field = first->column;
        refusal.zh = arena_printf(arena, "源数据有 %lld 处不符合声明的规则，首处在第 %lld %s、列 %s(%s)。",
                                  (long long)report->violation_total, (long long)first->line,
                                  csv ? "行" : "条", first->column, first->reason);
        refusal.en = arena_printf(arena,
                                  "%lld values of the source break the declared rules, the first in %s %lld, "
                                  "column %s (%s).",
                                  (long long)report->violation_total, csv ? "line" : "row",
                                  (long long)first->line, first->column, first->reason);
    }
    return refuse(ret_refusal, refusal);
}

/* Encodes the rows afresh into a new memory file. With `lenient`, rows that break rules are no failure:
 * *ret_fd is then -1. */
static enum result ingest(struct engine *engine, struct arena *arena, const struct file *file,
                          const struct engine_field *fields, bool lenient, int *ret_fd,
                          struct engine_report *ret_report, struct refusal *ret_refusal)
{
    CLEANUP_FILE int output = -1;
    TRY(source_file_memory(&output, ret_refusal));
    const struct engine_ingest job = {.input = file->fd,
                                      .format = file->format,
                                      .fields = fields,
                                      .field_count = file->count,
                                      .output = output,
                                      .limits = reading_limits};
    TRY(engine_ingest(engine, NULL, arena, &job, ret_report, ret_refusal));
    if (!ret_report->accepted && !lenient)
        return refuse_violations(arena, ret_report, file->format == ENGINE_CSV, ret_refusal);
    *ret_fd = ret_report->accepted ? output : -1;
    if (ret_report->accepted)
        output = -1;
    return RESULT_OK;
}

/* Runs `sql` over the Parquet in `fd`, named "rows", into a new memory file. */
static enum result extract(struct engine *engine, struct arena *arena, int fd, const char *sql,
                           struct rows *ret_rows, struct refusal *ret_refusal)
{
    CLEANUP_FILE int output = -1;
    TRY(source_file_memory(&output, ret_refusal));
    const struct engine_table table = {.name = "rows", .fd = fd};
    const struct engine_query query = {
        .sql = sql, .tables = &table, .table_count = 1, .limits = reading_limits};
    TRY(engine_extract(engine, NULL, arena, &query, output, &ret_rows->count, ret_refusal));
    ret_rows->fd = output;
    output = -1;
    return RESULT_OK;
}

static enum result file_of_order(struct engine *engine, struct arena *arena,
                                 const struct source_resource *resource, const struct order *order,
                                 struct file *file, struct rows *ret_rows, struct refusal *ret_refusal)
{
    TRY(open_rows(arena, resource, file, ret_refusal));
    TRY(find_fields(engine, arena, resource, file, ret_refusal));
    const char *sql;
    TRY(select_print(arena, SELECT_DUCKDB, order, file->fields, file->count, "\"rows\"", &sql, ret_refusal));
    CLEANUP_FILE int whole = -1;
    struct engine_report report;
    TRY(ingest(engine, arena, file, file->fields, false, &whole, &report, ret_refusal));
    if (!select_is_whole(order, file->fields, file->count) && !mutation_without("slice_is_as_ordered"))
        return extract(engine, arena, whole, sql, ret_rows, ret_refusal);
    *ret_rows = (struct rows){whole, report.rows};
    whole = -1;
    return RESULT_OK;
}

static enum result file_of_resource(struct engine *engine, struct arena *arena,
                                    const struct source_resource *resource, struct file *file,
                                    struct rows_found *ret_found, struct refusal *ret_refusal)
{
    TRY(open_rows(arena, resource, file, ret_refusal));
    TRY(find_fields(engine, arena, resource, file, ret_refusal));
    struct rows_found found = {.fields = file->found, .field_count = file->count};
    struct engine_report report;
    TRY(ingest(engine, arena, file, file->fields, true, &found.rows.fd, &report, ret_refusal));
    int64_t *violations = arena_new_array(arena, int64_t, file->count);
    for (size_t i = 0; i < file->count; i++)
        violations[i] = report.fields[i].violations;
    found.violations = violations;
    if (report.accepted)
        found.fields = file->fields;
    else
        TRY(ingest(engine, arena, file, file->found, false, &found.rows.fd, &report, ret_refusal));
    found.rows.count = report.rows;
    *ret_found = found;
    return RESULT_OK;
}

/* ---- PostgreSQL ---- */

/* COPY's CSV shows a row of one missing value as an empty line, which is no row to a reader of CSV; a second
 * column keeps it one. */
static const char *guard_column(const struct order *order)
{
    return strcmp(order->columns[0], "one") == 0 ? "another" : "one";
}

static enum result copy_to_memory(struct arena *arena, struct postgres *postgres, const char *sql,
                                  const char *guard, int *ret_fd, int64_t *ret_count,
                                  struct refusal *ret_refusal)
{
    CLEANUP_FILE int csv = -1;
    TRY(source_file_memory(&csv, ret_refusal));
    if (guard != NULL)
        sql = arena_printf(arena, "SELECT *, 1 AS \"%s\" FROM (%s) AS rows", guard, sql);
    TRY(postgres_copy(arena, postgres, sql, csv, ret_count, ret_refusal));
    *ret_fd = csv;
    csv = -1;
    return RESULT_OK;
}

/* The fields of the order's columns as COPY prints them. */
static struct engine_field *copied_fields(struct arena *arena, const struct order *order,
                                          const struct engine_field *fields, size_t count, bool guarded)
{
    struct engine_field *copied = arena_new_array(arena, struct engine_field, order->column_count + 1);
    for (size_t i = 0; i < order->column_count; i++) {
        copied[i] = *select_field(fields, count, order->columns[i]);
        if (copied[i].type == ENGINE_TIMESTAMP)
            copied[i].type = ENGINE_TEXT;
    }
    if (guarded)
        copied[order->column_count] =
            (struct engine_field){.name = guard_column(order), .type = ENGINE_INTEGER};
    return copied;
}

static enum result table_rows(struct engine *engine, struct arena *arena, struct postgres *postgres,
                              const struct source_resource *resource, const struct order *order,
                              const struct engine_field *fields, size_t count, bool lenient,
                              struct rows *ret_rows, struct engine_report *ret_report,
                              struct refusal *ret_refusal)
{
    CLEANUP_FILE int csv = -1;
    CLEANUP_FILE int whole = -1;
    const char *sql;
    int64_t copied;
    bool guarded = order->column_count == 1;
    TRY(select_print(arena, SELECT_POSTGRESQL, order, fields, count, postgres_table(arena, resource->table),
                     &sql, ret_refusal));
    TRY(copy_to_memory(arena, postgres, sql, guarded ? guard_column(order) : NULL, &csv, &copied,
                       ret_refusal));
    const struct file file = {
        .fd = csv, .format = ENGINE_CSV, .count = order->column_count + (guarded ? 1 : 0)};
    const struct engine_field *types = copied_fields(arena, order, fields, count, guarded);
    TRY(ingest(engine, arena, &file, types, lenient, &whole, ret_report, ret_refusal));
    if (ret_report->rows != copied)
        return refuse(ret_refusal,
                      (struct refusal){.result = RESULT_CORRUPT,
                                       .zh = "数据库给出的行数与读到的行数不同。",
                                       .en = "The database gave another number of rows than was read.",
                                       .remedy_zh = "请联系开发方。",
                                       .remedy_en = "Tell the developers."});
    if (guarded && whole >= 0)
        return extract(
            engine, arena, whole,
            arena_printf(arena, "SELECT %s FROM \"rows\"", select_identifier(arena, order->columns[0])),
            ret_rows, ret_refusal);
    *ret_rows = (struct rows){whole, ret_report->rows};
    whole = -1;
    return RESULT_OK;
}

static enum result table_of_order(struct engine *engine, struct arena *arena,
                                  const struct source_resource *resource, const struct order *order,
                                  struct rows *ret_rows, struct refusal *ret_refusal)
{
    CLEANUP_POSTGRES struct postgres *postgres = NULL;
    struct engine_field *fields;
    size_t count;
    struct engine_report report;
    TRY(postgres_open(arena, resource, &postgres, ret_refusal));
    TRY(postgres_fields(arena, postgres, resource, &fields, &count, ret_refusal));
    TRY(declare(arena, resource, fields, count, ret_refusal));
    return table_rows(engine, arena, postgres, resource, order, fields, count, false, ret_rows, &report,
                      ret_refusal);
}

static enum result table_of_resource(struct engine *engine, struct arena *arena,
                                     const struct source_resource *resource, struct rows_found *ret_found,
                                     struct refusal *ret_refusal)
{
    CLEANUP_POSTGRES struct postgres *postgres = NULL;
    struct engine_field *fields;
    size_t count;
    struct engine_report report;
    TRY(postgres_open(arena, resource, &postgres, ret_refusal));
    TRY(postgres_fields(arena, postgres, resource, &fields, &count, ret_refusal));
    struct engine_field *declared = arena_copy(arena, fields, count * sizeof *fields);
    TRY(declare(arena, resource, declared, count, ret_refusal));
    const char **columns = arena_new_array(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        columns[i] = fields[i].name;
    const struct order all = {.columns = columns, .column_count = count};
    struct rows_found found = {.fields = copied_fields(arena, &all, fields, count, false),
                               .field_count = count};
    TRY(table_rows(engine, arena, postgres, resource, &all, declared, count, true, &found.rows, &report,
                   ret_refusal));
    int64_t *violations = arena_new_array(arena, int64_t, count);
    for (size_t i = 0; i < count; i++)
        violations[i] = report.fields[i].violations;
    found.violations = violations;
    if (report.accepted)
        found.fields = copied_fields(arena, &all, declared, count, false);
    else
        TRY(table_rows(engine, arena, postgres, resource, &all, fields, count, false, &found.rows, &report,
                       ret_refusal));
    *ret_found = found;
    return RESULT_OK;
}

/* ---- either ---- */

enum result rows_of_order(struct engine *engine, struct arena *arena, const struct source_resource *resource,
                          const struct order *order, struct rows *ret_rows, struct refusal *ret_refusal)
{
    if (resource->kind == SOURCE_POSTGRESQL)
        return table_of_order(engine, arena, resource, order, ret_rows, ret_refusal);
    struct file file = {.fd = -1};
    enum result result = file_of_order(engine, arena, resource, order, &file, ret_rows, ret_refusal);
    file_cleanup(&file.fd);
    return result;
}

enum result rows_of_resource(struct engine *engine, struct arena *arena,
                             const struct source_resource *resource, struct rows_found *ret_found,
                             struct refusal *ret_refusal)
{
    if (resource->kind == SOURCE_POSTGRESQL)
        return table_of_resource(engine, arena, resource, ret_found, ret_refusal);
    struct file file = {.fd = -1};
    enum result result = file_of_resource(engine, arena, resource, &file, ret_found, ret_refusal);
    file_cleanup(&file.fd);
    return result;
}
