#include "engine/duckdb/duckdb_engine.h"

#include "base/limits.h"
#include "base/text.h"
#include "engine/answer.h"
#include "engine/duckdb/client.h"
#include "engine/duckdb/schema.h"
#include "engine/failure.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct engine_limits parser_limits = {
    .memory_bytes = LIMIT_PARSER_MEMORY_BYTES, .seconds = LIMIT_PARSER_SECONDS, .threads = 1};

static struct duckdb_engine *own(struct engine *engine)
{
    return (struct duckdb_engine *)engine;
}

/* Without its control socket the zygote ends, and with it every worker; the calls that wait for them return.
 */
static void stop(struct engine *engine)
{
    struct duckdb_engine *e = own(engine);
    (void)pthread_mutex_lock(&e->lock);
    e->stopping = true;
    (void)shutdown(e->control, SHUT_RDWR);
    while (e->calls > 0)
        (void)pthread_cond_wait(&e->changed, &e->lock);
    (void)pthread_mutex_unlock(&e->lock);
    (void)close(e->control);
    (void)pthread_cond_destroy(&e->changed);
    (void)pthread_mutex_destroy(&e->lock);
    free(e);
}

static enum result parse(struct engine *engine, struct engine_job *job, struct arena *arena, const char *sql,
                         size_t size, const char **ret_tree, struct refusal *ret_refusal)
{
    CLEANUP_CALL struct client_call call = {
        .job = job, .arena = arena, .ret_refusal = ret_refusal, .parser = true};
    size_t bad_at;
    if (size > LIMIT_SQL_BYTES)
        return failure_refuse(FAILURE_SQL_LONG, arena, NULL, arena_printf(arena, "%zu", LIMIT_SQL_BYTES),
                              ret_refusal);
    if (!text_is_utf8(sql, size, &bad_at))
        return failure_refuse(FAILURE_UTF8, arena, arena_printf(arena, "position %zu", bad_at), NULL,
                              ret_refusal);
    client_begin(&call, JOB_PARSE, &parser_limits, false);
    call.answer_bytes_max = LIMIT_TREE_BYTES;
    wire_put_text(&call.message, arena_strndup(arena, sql, size));
    enum result result = client_call(own(engine), &call);
    /* What breaks the parser is not SQL that anyone means. */
    if (result == RESULT_UNAVAILABLE && call.layers != 0)
        return failure_refuse(FAILURE_UNPARSABLE, arena, NULL, NULL, ret_refusal);
    TRY(result);
    struct wire_in in = {.bytes = call.answer, .size = call.answer_size};
    const char *tree = wire_get_text(&in);
    if (tree == NULL || !wire_at_end(&in) || !text_is_utf8(tree, strlen(tree), NULL))
        return failure_refuse(FAILURE_GARBLED, arena, NULL, NULL, ret_refusal);
    if (strlen(tree) >= arena_room(arena))
        return failure_refuse(FAILURE_UNPARSABLE, arena, NULL, NULL, ret_refusal);
    *ret_tree = arena_strdup(arena, tree);
    return RESULT_OK;
}

static bool put_tables(struct client_call *call, const struct engine_query *query)
{
    wire_put_u32(&call->message, (uint32_t)query->table_count);
    for (size_t i = 0; i < query->table_count; i++) {
        const struct engine_table *table = &query->tables[i];
        size_t count = table->columns != NULL ? table->column_count : 0;
        wire_put_text(&call->message, table->name);
        wire_put_u32(&call->message, (uint32_t)count);
        for (size_t j = 0; j < count; j++)
            wire_put_text(&call->message, table->columns[j]);
        if (!client_lend(call, table->fd, O_RDONLY))
            return false;
    }
    return true;
}

static enum result run(struct engine *engine, struct engine_job *job, struct arena *arena,
                       const struct engine_query *query, struct engine_answer *ret_answer,
                       struct refusal *ret_refusal)
{
    CLEANUP_CALL struct client_call call = {
        .job = job, .arena = arena, .ret_refusal = ret_refusal, .sql = query->sql};
    if (query->table_count > LIMIT_QUERY_TABLES || strlen(query->sql) > LIMIT_PRINTED_SQL_BYTES)
        return failure_refuse(FAILURE_SQL_LONG, arena, NULL,
                              arena_printf(arena, "%zu", LIMIT_PRINTED_SQL_BYTES), ret_refusal);
    client_begin(&call, JOB_RUN, &query->limits, false);
    wire_put_u64(&call.message, call.limits.answer_rows);
    wire_put_u64(&call.message, call.limits.answer_bytes);
    wire_put_text(&call.message, query->sql);
    if (!put_tables(&call, query))
        return failure_refuse(FAILURE_MACHINE, arena, NULL, NULL, ret_refusal);
    call.answer_bytes_max = call.limits.answer_bytes;
    TRY(client_call(own(engine), &call));
    struct wire_in in = {.bytes = call.answer, .size = call.answer_size};
    struct engine_answer answer;
    enum result result = answer_decode(arena, &in, call.limits.answer_rows, &answer);
    if (result == RESULT_OK && !wire_at_end(&in))
        result = RESULT_CORRUPT;
    if (result != RESULT_OK)
        return failure_refuse(result == RESULT_TOO_LARGE ? FAILURE_ANSWER_BYTES : FAILURE_GARBLED, arena,
                              NULL, NULL, ret_refusal);
    *ret_answer = answer;
    return RESULT_OK;
}

static enum result extract(struct engine *engine, struct engine_job *job, struct arena *arena,
                           const struct engine_query *query, int output, int64_t *ret_rows,
                           struct refusal *ret_refusal)
{
    CLEANUP_CALL struct client_call call = {
        .job = job, .arena = arena, .ret_refusal = ret_refusal, .sql = query->sql};
    if (query->table_count > LIMIT_QUERY_TABLES || strlen(query->sql) > LIMIT_PRINTED_SQL_BYTES)
        return failure_refuse(FAILURE_SQL_LONG, arena, NULL,
                              arena_printf(arena, "%zu", LIMIT_PRINTED_SQL_BYTES), ret_refusal);
    client_begin(&call, JOB_EXTRACT, &query->limits, true);
    wire_put_text(&call.message, query->sql);
    if (!put_tables(&call, query) || !client_lend(&call, output, O_RDWR))
        return failure_refuse(FAILURE_MACHINE, arena, NULL, NULL, ret_refusal);
    enum result result = client_call(own(engine), &call);
    struct wire_in in = {.bytes = call.answer, .size = call.answer_size};
    int64_t rows = result == RESULT_OK ? (int64_t)wire_get_u64(&in) : 0;
    if (result == RESULT_OK && (!wire_at_end(&in) || rows < 0))
        result = failure_refuse(FAILURE_GARBLED, arena, NULL, NULL, ret_refusal);
    if (result != RESULT_OK && ftruncate(output, 0) != 0)
        return failure_refuse(FAILURE_MACHINE, arena, NULL, NULL, ret_refusal);
    if (result == RESULT_OK)
        *ret_rows = rows;
    return result;
}

static void put_schema(struct client_call *call, const struct engine_ingest *ingest)
{
    struct wire_out *out = &call->message;
    wire_put_u32(out, ingest->format);
    wire_put_u32(out, (uint32_t)ingest->field_count);
    for (size_t i = 0; i < ingest->field_count; i++) {
        const struct engine_field *field = &ingest->fields[i];
        wire_put_text(out, field->name);
        wire_put_u32(out, field->type);
        wire_put_u32(out, field->nullable);
        wire_put_text(out, field->minimum);
        wire_put_text(out, field->maximum);
        wire_put_text(out, field->pattern);
        wire_put_u32(out, field->max_characters);
    }
    wire_put_u32(out, (uint32_t)ingest->subject_count);
    for (size_t i = 0; i < ingest->subject_count; i++)
        wire_put_text(out, ingest->subjects[i]);
    wire_put_text(out, ingest->secret);
}

/* Names that begin with two underscores are the engine's own. */
static enum result check_schema(const struct engine_ingest *ingest, struct arena *arena,
                                struct refusal *ret_refusal)
{
    for (size_t i = 0; i < ingest->field_count; i++) {
        const struct engine_field *field = &ingest->fields[i];
        if (field->type == ENGINE_DECIMAL || strncmp(field->name, "__", 2) == 0)
            return failure_refuse(FAILURE_SCHEMA, arena, field->name, field->name, ret_refusal);
    }
    if (ingest->field_count == 0 || ingest->field_count > LIMIT_TABLE_COLUMNS)
        return failure_refuse(FAILURE_COLUMNS_MANY, arena, NULL,
                              arena_printf(arena, "%d", LIMIT_TABLE_COLUMNS), ret_refusal);
    return RESULT_OK;
}

static bool read_violations(struct arena *arena, const struct engine_ingest *ingest, struct wire_in *in,
                            struct engine_report *report)
{
    static const char *const reasons[REASON_COUNT] = {
        [REASON_NULL] = "null",       [REASON_TYPE] = "type",       [REASON_FINITE] = "finite",
        [REASON_MINIMUM] = "minimum", [REASON_MAXIMUM] = "maximum", [REASON_PATTERN] = "pattern",
        [REASON_LENGTH] = "length"};
    uint32_t count = wire_get_u32(in);
    if (in->bad || count > LIMIT_VIOLATIONS)
        return false;
    struct engine_violation *violations = arena_new_array(arena, struct engine_violation, count);
    for (uint32_t i = 0; i < count; i++) {
        violations[i].line = (int64_t)wire_get_u64(in);
        uint32_t field = wire_get_u32(in);
        uint32_t reason = wire_get_u32(in);
        if (in->bad || field >= ingest->field_count || reason >= REASON_COUNT || reasons[reason] == NULL)
            return false;
        violations[i].column = ingest->fields[field].name;
        violations[i].reason = reasons[reason];
    }
    report->violations = violations;
    report->violation_count = count;
    return true;
}

/* The worker knows the chunks; size and footer are read off the file, which ends with the footer's length and
 * the magic bytes. */
static const char *complete_layout(struct arena *arena, int output, const char *chunks, int64_t *ret_size)
{
    struct stat info;
    uint32_t footer;
    if (chunks == NULL || chunks[0] != '{' || !text_is_utf8(chunks, strlen(chunks), NULL) ||
        fstat(output, &info) != 0 || info.st_size < 12 ||
        pread(output, &footer, sizeof footer, info.st_size - 8) != (ssize_t)sizeof footer ||
        footer > info.st_size - 12 || strlen(chunks) * 2 > arena_room(arena))
        return NULL;
    *ret_size = info.st_size;
    return arena_printf(arena, "{\"size\":%lld,\"footer\":[%lld,%lld],%s", (long long)info.st_size,
                        (long long)(info.st_size - 8 - footer), (long long)footer + 8, chunks + 1);
}

static bool read_report(struct arena *arena, const struct engine_ingest *ingest, struct wire_in *in,
                        struct engine_report *report)
{
    struct engine_field_report *fields =
        arena_new_array(arena, struct engine_field_report, ingest->field_count);
    report->accepted = wire_get_u32(in) != 0;
    report->rows = (int64_t)wire_get_u64(in);
    for (size_t i = 0; i < ingest->field_count; i++) {
        fields[i].nulls = (int64_t)wire_get_u64(in);
        fields[i].violations = (int64_t)wire_get_u64(in);
        fields[i].not_finite = (int64_t)wire_get_u64(in);
        if (fields[i].violations < 0 ||
            __builtin_add_overflow(report->violation_total, fields[i].violations, &report->violation_total))
            return false;
    }
    report->fields = fields;
    if (in->bad || report->rows < 0 || !read_violations(arena, ingest, in, report))
        return false;
    const char *chunks = wire_get_text(in);
    if (!wire_at_end(in))
        return false;
    if (!report->accepted)
        return report->violation_total > 0;
    report->layout = complete_layout(arena, ingest->output, chunks, &report->bytes);
    const struct engine_range *ranges;
    size_t count;
    int64_t size;
    return report->layout != NULL && report->violation_total == 0 &&
           engine_layout_ranges(arena, report->layout, &ingest->fields[0].name, 1, &size, &ranges, &count) ==
               RESULT_OK;
}

static enum result ingest(struct engine *engine, struct engine_job *job, struct arena *arena,
                          const struct engine_ingest *order, struct engine_report *ret_report,
                          struct refusal *ret_refusal)
{
    CLEANUP_CALL struct client_call call = {.job = job, .arena = arena, .ret_refusal = ret_refusal};
    struct engine_report report = {0};
    TRY(check_schema(order, arena, ret_refusal));
    client_begin(&call, JOB_INGEST, &order->limits, true);
    put_schema(&call, order);
    if (!client_lend(&call, order->input, O_RDONLY) || !client_lend(&call, order->output, O_RDWR))
        return failure_refuse(FAILURE_MACHINE, arena, NULL, NULL, ret_refusal);
    enum result result = client_call(own(engine), &call);
    if (result == RESULT_OK) {
        struct wire_in in = {.bytes = call.answer, .size = call.answer_size};
        if (!read_report(arena, order, &in, &report))
            result = failure_refuse(FAILURE_GARBLED, arena, NULL, NULL, ret_refusal);
    }
    if ((result != RESULT_OK || !report.accepted) && ftruncate(order->output, 0) != 0)
        return failure_refuse(FAILURE_MACHINE, arena, NULL, NULL, ret_refusal);
    if (result == RESULT_OK)
        *ret_report = report;
    return result;
}

static bool read_description(struct arena *arena, struct wire_in *in, struct engine_description *description)
{
    description->rows = (int64_t)wire_get_u64(in);
    uint32_t count = wire_get_u32(in);
    if (in->bad || count > LIMIT_TABLE_COLUMNS || description->rows < 0)
        return false;
    struct engine_described *columns = arena_new_array(arena, struct engine_described, count);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = wire_get_text(in);
        uint32_t type = wire_get_u32(in);
        columns[i].nulls = (int64_t)wire_get_u64(in);
        if (in->bad || name == NULL || strlen(name) > LIMIT_COLUMN_NAME_BYTES ||
            !text_is_utf8(name, strlen(name), NULL) || type >= ENGINE_TYPE_COUNT)
            return false;
        columns[i].name = arena_strdup(arena, name);
        columns[i].type = (enum engine_type)type;
    }
    description->columns = columns;
    description->column_count = count;
    return wire_at_end(in);
}

static enum result describe(struct engine *engine, struct engine_job *job, struct arena *arena, int input,
                            enum engine_format format, const struct engine_limits *limits,
                            struct engine_description *ret_description, struct refusal *ret_refusal)
{
    CLEANUP_CALL struct client_call call = {.job = job, .arena = arena, .ret_refusal = ret_refusal};
    struct engine_description description = {0};
    client_begin(&call, JOB_DESCRIBE, limits, false);
    wire_put_u32(&call.message, format);
    if (!client_lend(&call, input, O_RDONLY))
        return failure_refuse(FAILURE_MACHINE, arena, NULL, NULL, ret_refusal);
    TRY(client_call(own(engine), &call));
    struct wire_in in = {.bytes = call.answer, .size = call.answer_size};
    if (!read_description(arena, &in, &description))
        return failure_refuse(FAILURE_GARBLED, arena, NULL, NULL, ret_refusal);
    *ret_description = description;
    return RESULT_OK;
}

static enum result jail(struct engine *engine, uint32_t *ret_layers, struct refusal *ret_refusal)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_CALL struct client_call call = {.arena = arena};
    client_begin(&call, JOB_PARSE, &parser_limits, false);
    wire_put_text(&call.message, "SELECT 1");
    enum result result = client_call(own(engine), &call);
    if (result != RESULT_OK)
        return refuse(ret_refusal,
                      (struct refusal){.result = result,
                                       .zh = "无法启动隔离的执行进程",
                                       .en = "No jailed worker can be started",
                                       .remedy_zh = "请核对 libduckdb.so 与内核的隔离功能",
                                       .remedy_en = "Check libduckdb.so and the kernel's support"});
    *ret_layers = call.layers;
    return RESULT_OK;
}

static void figures(struct engine *engine, struct engine_figures *ret_figures)
{
    struct duckdb_engine *e = own(engine);
    (void)pthread_mutex_lock(&e->lock);
    *ret_figures = (struct engine_figures){.running = e->running,
                                           .waiting = e->calls - e->running,
                                           .jobs = e->jobs,
                                           .killed = e->killed,
                                           .able = !e->unable};
    (void)pthread_mutex_unlock(&e->lock);
}

static const struct engine_operations operations = {
    .name = "duckdb",
    .stop = stop,
    .jail = jail,
    .parse = parse,
    .run = run,
    .extract = extract,
    .ingest = ingest,
    .describe = describe,
    .figures = figures,
};

enum result duckdb_engine_start(const struct duckdb_engine_options *options, struct engine **ret_engine)
{
    char path[PATH_MAX];
    const char *library = options != NULL ? options->library : NULL;
    if (library == NULL) {
        TRY(library_find(path));
        library = path;
    }
    struct duckdb_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return RESULT_MEMORY;
    enum result result = zygote_start(library, &engine->control);
    if (result != RESULT_OK) {
        free(engine);
        return result;
    }
    engine->engine.operations = &operations;
    engine->workers_free = LIMIT_WORKERS_AT_ONCE;
    engine->parsers_free = LIMIT_PARSERS_AT_ONCE;
    (void)pthread_mutex_init(&engine->lock, NULL);
    (void)pthread_cond_init(&engine->changed, NULL);
    *ret_engine = &engine->engine;
    return RESULT_OK;
}
