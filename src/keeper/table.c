#include "keeper/table.h"

#include "base/limits.h"
#include "keeper/bound.h"
#include "vault/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is expected ---- */

static enum result bad_schema(struct call *call, const char *field)
{
    return refuse(&call->refusal,
                  (struct refusal){.result = RESULT_INVALID,
                                   .field = field,
                                   .zh = "约定的列缺失、过多或类型不明",
                                   .en = "the agreed columns are missing, too many or of an unknown type",
                                   .remedy_zh = "请核对资源目录中登记的数据项",
                                   .remedy_en = "check the items that the catalogue lists"});
}

static enum result read_field(struct call *call, const json_t *column, size_t index,
                              struct engine_field *ret_field)
{
    const char *name = json_text(column, "name");
    int64_t characters = json_integer_or(column, "max_characters", 0);
    enum engine_type type;
    if (name == NULL || characters < 0 || characters > LIMIT_TEXT_CHARACTERS ||
        !bound_type_parse(json_text(column, "type"), &type))
        return bad_schema(call, arena_printf(call->arena, "/columns/%zu", index));
    *ret_field = (struct engine_field){
        .name = name,
        .type = type,
        .nullable = json_boolean_or(column, "nullable", true),
        .minimum = json_text(column, "minimum"),
        .maximum = json_text(column, "maximum"),
        .pattern = json_text(column, "pattern"),
        .max_characters = (unsigned)characters,
    };
    return RESULT_OK;
}

static enum result read_fields(struct call *call, const json_t *columns,
                               const struct engine_field **ret_fields, size_t *ret_count)
{
    size_t count = json_array_size(columns);
    if (count == 0 || count > LIMIT_TABLE_COLUMNS)
        return bad_schema(call, "/columns");
    struct engine_field *fields = arena_new_array(call->arena, struct engine_field, count);
    for (size_t i = 0; i < count; i++)
        TRY(read_field(call, json_array_get(columns, i), i, &fields[i]));
    *ret_fields = fields;
    *ret_count = count;
    return RESULT_OK;
}

/* Subjects of one kind get the same tokens in every table of the city. */
static enum result subject_secret(struct serving *serving, struct call *call, const char *kind,
                                  const char **ret_secret)
{
    uint8_t key[VAULT_KEY_SIZE];
    char hex[DIGEST_TEXT_SIZE];
    TRY(vault_key_ensure(vault_keys_of(serving->vault), "subject/buckets", key));
    struct digest secret = digest_hmac(key, sizeof key, kind, strlen(kind));
    hex_print(secret.bytes, DIGEST_SIZE, hex);
    sodium_memzero(key, sizeof key);
    *ret_secret = arena_strdup(call->arena, hex);
    return RESULT_OK;
}

/* Four bytes tell Parquet; reading them is all the parsing that is done outside of the jail. */
static enum engine_format format_of(int fd)
{
    char start[4] = {0};
    return pread(fd, start, sizeof start, 0) == 4 && memcmp(start, "PAR1", 4) == 0 ? ENGINE_PARQUET
                                                                                   : ENGINE_CSV;
}

static enum result check_input(struct call *call, int fd, size_t limit)
{
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return RESULT_MALFORMED;
    if ((uint64_t)status.st_size <= limit)
        return RESULT_OK;
    return refuse(&call->refusal,
                  (struct refusal){.result = RESULT_TOO_LARGE,
                                   .zh = arena_printf(call->arena, "文件超过 %zu 字节", limit),
                                   .en = arena_printf(call->arena, "the file has more than %zu bytes", limit),
                                   .remedy_zh = "请分批提供",
                                   .remedy_en = "supply it in parts"});
}

/* ---- the report ---- */

static json_t *field_reports(const struct engine_field *fields, const struct engine_field_report *reports,
                             size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "name", fields[i].name, "type",
                                                    engine_type_name(fields[i].type), "nulls",
                                                    (json_int_t)reports[i].nulls, "violations",
                                                    (json_int_t)reports[i].violations));
    return list;
}

static json_t *violations(const struct engine_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->violation_count; i++)
        (void)json_array_append_new(
            list, json_pack("{s:I, s:s?, s:s?}", "line", (json_int_t)report->violations[i].line, "column",
                            report->violations[i].column, "reason", report->violations[i].reason));
    return list;
}

static void write_report(struct call *call, const struct engine_ingest *job,
                         const struct engine_report *report)
{
    json_t *reply = call->reply;
    (void)json_object_set_new(reply, "accepted", json_boolean(report->accepted));
    (void)json_object_set_new(reply, "rows", json_integer(report->rows));
    (void)json_object_set_new(reply, "columns", field_reports(job->fields, report->fields, job->field_count));
    (void)json_object_set_new(reply, "violations", violations(report));
    (void)json_object_set_new(reply, "violation_total", json_integer(report->violation_total));
}

/* ---- taking in ---- */

static enum result check_rows(struct call *call, const json_t *expected, int64_t rows)
{
    int64_t most = json_integer_or(expected, "rows_max", INT64_MAX);
    if (rows <= most)
        return RESULT_OK;
    return refuse(
        &call->refusal,
        (struct refusal){.result = RESULT_TOO_LARGE,
                         .field = "/rows_max",
                         .zh = arena_printf(call->arena, "共 %lld 行，超过约定的 %lld 行", (long long)rows,
                                            (long long)most),
                         .en = arena_printf(call->arena, "%lld rows, where %lld at most were agreed",
                                            (long long)rows, (long long)most),
                         .remedy_zh = "请按约定的范围提供",
                         .remedy_en = "supply what was agreed"});
}

/* The worker that wrote it is dead; sealed, it cannot shrink under the mapping. */
static enum result store(struct serving *serving, struct call *call, const struct table_ingest *ingest,
                         int output, const struct engine_report *report, json_t *bound)
{
    struct digest digest;
    char hex[DIGEST_TEXT_SIZE];
    struct stat status;
    CLEANUP_JSON json_t *details = json_pack("{s:I, s:s, s:O}", "rows", (json_int_t)report->rows, "layout",
                                             report->layout, "bound", bound);
    if (details == NULL || fcntl(output, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0 ||
        fstat(output, &status) != 0 || status.st_size <= 0)
        return RESULT_IO;
    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, output, 0);
    if (bytes == MAP_FAILED)
        return RESULT_MEMORY;
    enum result result = vault_put(serving->vault, ingest->object, ingest->key, SUITE_AES_256_GCM,
                                   json_print(call->arena, details), bytes, size, &digest);
    (void)munmap(bytes, size);
    TRY(refuse_vault(call, ingest->key, result));
    hex_print(digest.bytes, DIGEST_SIZE, hex);
    (void)json_object_set_new(call->reply, "digest", json_string(hex));
    return RESULT_OK;
}

static enum result run_ingest(struct serving *serving, struct call *call, struct running *running,
                              const struct engine_ingest *job, struct engine_report *ret_report)
{
    struct engine_job *watch;
    TRY(running_job_begin(running, &watch));
    enum result result = engine_ingest(serving->engine, watch, call->arena, job, ret_report, &call->refusal);
    running_job_end(running);
    TRY(result);
    return running_check(running);
}

enum result table_ingest(struct serving *serving, struct call *call, struct running *running,
                         const struct table_ingest *ingest)
{
    const char *subject = json_text(ingest->expected, "subject");
    const char *kind = json_text(ingest->expected, "subject_kind");
    CLEANUP_FD int output = memfd_create("dukou", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct engine_ingest job = {
        .input = ingest->input,
        .format = format_of(ingest->input),
        .output = output,
        .limits = {.memory_bytes = LIMIT_INGEST_MEMORY_BYTES, .seconds = LIMIT_INGEST_SECONDS},
    };
    struct engine_report report = {0};
    CLEANUP_JSON json_t *bound = NULL;
    if (output < 0)
        return RESULT_MEMORY;
    TRY(check_input(call, ingest->input, ingest->limit));
    TRY(read_fields(call, json_object_get(ingest->expected, "columns"), &job.fields, &job.field_count));
    TRY(bound_make(call, ingest->expected, ingest->stated, job.fields, job.field_count, &bound));
    if (subject != NULL) {
        job.subjects = &subject;
        job.subject_count = 1;
        TRY(subject_secret(serving, call, kind != NULL ? kind : "subject", &job.secret));
    }
    TRY(run_ingest(serving, call, running, &job, &report));
    TRY(check_rows(call, ingest->expected, report.rows));
    write_report(call, &job, &report);
    return report.accepted ? store(serving, call, ingest, output, &report, bound) : RESULT_OK;
}

enum result table_describe(struct serving *serving, struct call *call, struct running *running, int input)
{
    struct engine_description description = {0};
    struct engine_limits limits = {0};
    struct engine_job *watch;
    enum engine_format format = format_of(input);
    TRY(check_input(call, input, LIMIT_IMPORT_BYTES));
    TRY(running_job_begin(running, &watch));
    enum result result = engine_describe(serving->engine, watch, call->arena, input, format, &limits,
                                         &description, &call->refusal);
    running_job_end(running);
    TRY(result);
    json_t *columns = json_array();
    for (size_t i = 0; i < description.column_count; i++)
        (void)json_array_append_new(columns, json_pack("{s:s, s:s, s:I}", "name", description.columns[i].name,
                                                       "type", engine_type_name(description.columns[i].type),
                                                       "nulls", (json_int_t)description.columns[i].nulls));
    (void)json_object_set_new(call->reply, "format",
                              json_string(format == ENGINE_PARQUET ? "parquet" : "csv"));
    (void)json_object_set_new(call->reply, "columns", columns);
    (void)json_object_set_new(call->reply, "rows", json_integer(description.rows));
    return RESULT_OK;
}

/* ---- handing out ---- */

enum result table_stored(struct arena *arena, const struct vault_file *file, struct table_stored *ret_stored)
{
    const char *text = vault_file_layout(file);
    CLEANUP_JSON json_t *details = NULL;
    if (text == NULL || json_read(arena, text, strlen(text), &details, NULL) != RESULT_OK ||
        json_text(details, "layout") == NULL)
        return RESULT_CORRUPT;
    json_t *bound = json_object_get(details, "bound");
    *ret_stored = (struct table_stored){json_integer_or(details, "rows", 0),
                                        arena_strdup(arena, json_text(details, "layout")),
                                        bound != NULL ? json_keep(arena, json_incref(bound)) : NULL};
    return RESULT_OK;
}

static const struct vault_range *vault_ranges(struct arena *arena, const struct engine_range *ranges,
                                              size_t count)
{
    struct vault_range *list = arena_new_array(arena, struct vault_range, count + 1);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct vault_range){(uint64_t)ranges[i].offset, (uint64_t)ranges[i].size};
    return list;
}

enum result table_sparse(struct arena *arena, struct vault_file *file, const char *const *columns,
                         size_t column_count, int *ret_fd)
{
    struct table_stored stored;
    const struct engine_range *ranges = NULL;
    const struct engine_range *blanks = NULL;
    size_t count = 0;
    size_t blank_count = 0;
    int64_t size = 0;
    TRY(table_stored(arena, file, &stored));
    TRY(engine_layout_ranges(arena, stored.layout, columns, column_count, &size, &ranges, &count));
    if (size < 0 || (uint64_t)size != vault_file_size(file))
        return RESULT_CORRUPT;
    TRY(engine_layout_blanks(arena, stored.layout, columns, column_count, &blanks, &blank_count));
    const struct vault_range *wanted = vault_ranges(arena, ranges, count);
    const struct vault_range *unwanted = vault_ranges(arena, blanks, blank_count);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return vault_file_sparse(file, wanted, count, unwanted, blank_count,
                             processors > 0 ? (unsigned)processors : 1, ret_fd);
}
