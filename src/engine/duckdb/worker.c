#include "engine/duckdb/worker.h"

#include "base/limits.h"
#include "engine/jail/lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DETAIL_BYTES = 1000 };

static const char *const settings[][2] = {
    {"threads", "1"},
    {"autoinstall_known_extensions", "false"},
    {"autoload_known_extensions", "false"},
    {"allow_community_extensions", "false"},
    {"allow_persistent_secrets", "false"},
    {"temp_directory", ""},
};

/* What the first query of its kind sets up is set up once for all workers. */
static bool warm_up(const struct duckdb_library *db, duckdb_connection connection)
{
    duckdb_result result;
    bool done = db->query(connection, "SELECT json_serialize_sql('SELECT 1')", &result) == DuckDBSuccess;
    db->destroy_result(&result);
    return done;
}

bool worker_base_open(const struct duckdb_library *db, struct worker_base *ret_base)
{
    duckdb_config config;
    struct worker_base base;
    if (db->create_config(&config) != DuckDBSuccess)
        return false;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (db->set_config(config, settings[i][0], settings[i][1]) != DuckDBSuccess)
            return false;
    char *error = NULL;
    bool opened = db->open_ext(":memory:", &base.database, config, &error) == DuckDBSuccess &&
                  db->connect(base.database, &base.connection) == DuckDBSuccess &&
                  warm_up(db, base.connection);
    db->destroy_config(&config);
    if (opened)
        *ret_base = base;
    return opened;
}

/* Tells how far it is, ten times a second, and interrupts at the deadline. */
static void *watch(void *context)
{
    struct worker *worker = context;
    struct timespec next;
    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    const time_t deadline = next.tv_sec + (time_t)worker->seconds;
    const long started = next.tv_nsec;
    uint32_t told = 0;
    (void)pthread_mutex_lock(&worker->lock);
    while (!worker->stopping) {
        next.tv_nsec += 100 * 1000 * 1000;
        if (next.tv_nsec >= 1000 * 1000 * 1000) {
            next.tv_nsec -= 1000 * 1000 * 1000;
            next.tv_sec++;
        }
        (void)pthread_cond_timedwait(&worker->stop, &worker->lock, &next);
        if (worker->stopping)
            break;
        if (next.tv_sec > deadline || (next.tv_sec == deadline && next.tv_nsec >= started)) {
            atomic_store(&worker->expired, true);
            worker->db->interrupt(worker->connection);
        }
        int scanned = atomic_load(&worker->scanned);
        double percentage = worker->db->query_progress(worker->connection).percentage;
        uint32_t thousandths =
            scanned >= 0 ? (uint32_t)scanned : (uint32_t)(percentage > 0 ? percentage * 10 : 0);
        if (thousandths != told && thousandths <= 1000)
            (void)frame_write(worker->channel, FRAME_PROGRESS, &thousandths, sizeof thousandths);
        told = thousandths;
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return NULL;
}

static void watch_start(struct worker *worker)
{
    pthread_condattr_t monotonic;
    pthread_attr_t small;
    if (pthread_condattr_init(&monotonic) != 0 ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
        pthread_mutex_init(&worker->lock, NULL) != 0 || pthread_cond_init(&worker->stop, &monotonic) != 0 ||
        pthread_attr_init(&small) != 0 || pthread_attr_setstacksize(&small, (size_t)256 * 1024) != 0 ||
        pthread_create(&worker->watch, &small, watch, worker) != 0)
        _exit(1);
}

/* After this only the caller writes to the channel. */
static void watch_stop(struct worker *worker)
{
    if (worker->watch == 0)
        return;
    (void)pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    (void)pthread_cond_signal(&worker->stop);
    (void)pthread_mutex_unlock(&worker->lock);
    (void)pthread_join(worker->watch, NULL);
}

/* Within what the keeper reads of a failure, between two characters. */
static const char *shorten(const char *text)
{
    if (text == NULL || strlen(text) <= DETAIL_BYTES)
        return text;
    char *copy = strndup(text, DETAIL_BYTES);
    if (copy == NULL)
        abort();
    size_t length = DETAIL_BYTES;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    copy[length] = '\0';
    return copy;
}

_Noreturn void worker_fail(struct worker *worker, enum failure failure, const char *where, const char *detail)
{
    struct wire_out out = {0};
    watch_stop(worker);
    wire_put_u32(&out, (uint32_t)failure);
    wire_put_text(&out, shorten(where));
    wire_put_text(&out, shorten(detail));
    (void)frame_write(worker->channel, FRAME_FAILURE, out.bytes, out.size);
    _exit(0);
}

_Noreturn void worker_answer(struct worker *worker, const struct wire_out *answer)
{
    watch_stop(worker);
    (void)frame_write(worker->channel, FRAME_ANSWER, answer->bytes, answer->size);
    _exit(0);
}

/* Only messages about the query's own text may be told; others can quote a row. */
static enum failure classify(struct worker *worker, duckdb_result *result, bool *ret_tell)
{
    *ret_tell = false;
    const char *message = worker->db->result_error(result);
    if (message != NULL && strstr(message, "std::bad_alloc") != NULL)
        return FAILURE_MEMORY;
    switch ((int)worker->db->result_error_type(result)) {
    case DUCKDB_ERROR_PARSER:
    case DUCKDB_ERROR_SYNTAX:
        *ret_tell = true;
        return FAILURE_SYNTAX;
    case DUCKDB_ERROR_BINDER:
    case DUCKDB_ERROR_CATALOG:
    case DUCKDB_ERROR_PERMISSION:
        *ret_tell = true;
        return FAILURE_BIND;
    case DUCKDB_ERROR_OUT_OF_MEMORY:
    case DUCKDB_ERROR_OBJECT_SIZE:
        return FAILURE_MEMORY;
    case DUCKDB_ERROR_INTERRUPT:
        return FAILURE_TIMEOUT;
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_CONVERSION:
    case DUCKDB_ERROR_MISMATCH_TYPE:
    case DUCKDB_ERROR_DIVIDE_BY_ZERO:
    case DUCKDB_ERROR_INVALID_TYPE:
    case DUCKDB_ERROR_DECIMAL:
    case DUCKDB_ERROR_INVALID_INPUT:
        return FAILURE_COMPUTE;
    default:
        return FAILURE_UNKNOWN;
    }
}

_Noreturn void worker_fail_result(struct worker *worker, enum failure failure, duckdb_result *result)
{
    bool tell;
    enum failure found = classify(worker, result, &tell);
    if (atomic_load(&worker->expired))
        found = FAILURE_TIMEOUT;
    if (failure == FAILURE_NONE || found == FAILURE_MEMORY || found == FAILURE_TIMEOUT)
        worker_fail(worker, found, NULL, tell ? worker->db->result_error(result) : NULL);
    worker_fail(worker, failure, NULL, NULL);
}

static char *format_text(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        abort();
    return text;
}

char *worker_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    return text;
}

void worker_append(struct wire_out *text, const char *separator, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *next = format_text(format, args);
    va_end(args);
    if (text->size > 0)
        wire_put(text, separator, strlen(separator));
    wire_put(text, next, strlen(next) + 1);
    text->size--;
    free(next);
}

const char *worker_text(const struct wire_out *text)
{
    return text->size > 0 ? (const char *)text->bytes : "";
}

void *worker_array(size_t size, size_t count)
{
    void *memory = calloc(count + 1, size);
    if (memory == NULL)
        abort();
    return memory;
}

static char *quote(const char *text, char mark)
{
    char *quoted = malloc(strlen(text) * 2 + 3);
    if (quoted == NULL)
        abort();
    char *at = quoted;
    *at++ = mark;
    for (; *text != '\0'; text++) {
        if (*text == mark)
            *at++ = mark;
        *at++ = *text;
    }
    *at++ = mark;
    *at = '\0';
    return quoted;
}

char *worker_identifier(const char *name)
{
    return quote(name, '"');
}

char *worker_constant(const char *text)
{
    return quote(text, '\'');
}

void worker_query(struct worker *worker, enum failure failure, duckdb_result *ret_result, const char *format,
                  ...)
{
    va_list args;
    va_start(args, format);
    char *sql = format_text(format, args);
    va_end(args);
    if (worker->db->query(worker->connection, sql, ret_result) != DuckDBSuccess)
        worker_fail_result(worker, failure, ret_result);
    free(sql);
}

void worker_execute(struct worker *worker, enum failure failure, const char *format, ...)
{
    duckdb_result result;
    va_list args;
    va_start(args, format);
    char *sql = format_text(format, args);
    va_end(args);
    if (worker->db->query(worker->connection, sql, &result) != DuckDBSuccess)
        worker_fail_result(worker, failure, &result);
    worker->db->destroy_result(&result);
    free(sql);
}

static const char *copy_string(duckdb_string_t *string)
{
    uint32_t size = string->value.inlined.length;
    const char *bytes = size <= 12 ? string->value.inlined.inlined : string->value.pointer.ptr;
    char *copy = malloc((size_t)size + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

static struct worker_cell read_cell(const struct duckdb_library *db, duckdb_vector vector, duckdb_type type,
                                    idx_t row)
{
    const uint64_t *valid = db->vector_get_validity(vector);
    void *data = db->vector_get_data(vector);
    if (valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0)
        return (struct worker_cell){.null = true};
    switch ((int)type) {
    case DUCKDB_TYPE_BOOLEAN:
        return (struct worker_cell){.integer = ((bool *)data)[row]};
    case DUCKDB_TYPE_INTEGER:
        return (struct worker_cell){.integer = ((int32_t *)data)[row]};
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
        return (struct worker_cell){.integer = ((int64_t *)data)[row]};
    case DUCKDB_TYPE_VARCHAR:
        return (struct worker_cell){.text = copy_string(&((duckdb_string_t *)data)[row])};
    default:
        abort();
    }
}

static void read_chunk(struct worker *worker, duckdb_result *result, duckdb_data_chunk chunk,
                       struct worker_grid *grid)
{
    const struct duckdb_library *db = worker->db;
    idx_t rows = db->data_chunk_get_size(chunk);
    grid->cells = reallocarray(grid->cells, (grid->rows + rows + 1) * grid->columns, sizeof *grid->cells);
    if (grid->cells == NULL)
        abort();
    for (size_t column = 0; column < grid->columns; column++) {
        duckdb_vector vector = db->data_chunk_get_vector(chunk, column);
        duckdb_type type = db->column_type(result, column);
        for (idx_t row = 0; row < rows; row++)
            grid->cells[(grid->rows + row) * grid->columns + column] = read_cell(db, vector, type, row);
    }
    grid->rows += rows;
}

struct worker_grid worker_grid(struct worker *worker, enum failure failure, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = format_text(format, args);
    va_end(args);
    duckdb_result result;
    if (worker->db->query(worker->connection, sql, &result) != DuckDBSuccess)
        worker_fail_result(worker, failure, &result);
    free(sql);
    struct worker_grid grid = {.columns = worker->db->column_count(&result)};
    for (duckdb_data_chunk chunk = worker->db->fetch_chunk(result); chunk != NULL;
         chunk = worker->db->fetch_chunk(result)) {
        read_chunk(worker, &result, chunk, &grid);
        worker->db->destroy_data_chunk(&chunk);
    }
    worker->db->destroy_result(&result);
    /* Many small queries would fill the address space with what each has left. */
    if (worker->db->allocator_control != NULL)
        (void)worker->db->allocator_control(DUCKDB_ALLOCATOR_PURGE, NULL, NULL, NULL, 0);
    return grid;
}

/* Bits of group keys up to which DuckDB addresses groups directly: each thread, and the sum of all, has a
 * place for every possible group, in memory that DuckDB does not count as its own. */
static unsigned direct_bits(size_t memory, unsigned threads, size_t group_bytes)
{
    enum { DUCKDB_DEFAULT = 12, MOST = 20 };
    unsigned bits = DUCKDB_DEFAULT;
    while (group_bytes > 0 && bits < MOST && (group_bytes << (bits + 1)) <= memory / 5 / (threads + 1))
        bits++;
    return bits;
}

/* In a test build only: hostile code instead of the job. */
static void run_hostile(struct worker *worker)
{
#ifdef DUKOU_JAIL_LAB
    struct wire_out answer = {0};
    int64_t value =
        lab.hostile(&(struct lab_worker){worker->channel, worker->descriptors, worker->descriptor_count});
    if (value == LAB_GO_ON)
        return;
    wire_put_u64(&answer, (uint64_t)value);
    worker_answer(worker, &answer);
#else
    (void)worker;
#endif
}

/* Between the arrival of the job and the second filter. */
static void set_up(struct worker *worker, const struct worker_options *options, struct wire_in *job,
                   enum job_kind kind)
{
    size_t memory = (size_t)wire_get_u64(job);
    size_t file_bytes = (size_t)wire_get_u64(job);
    unsigned threads = wire_get_u32(job);
    bool writes = wire_get_u32(job) != 0;
    worker->seconds = wire_get_u32(job);
    size_t group_bytes = (size_t)wire_get_u64(job);
    if (job->bad || threads == 0 || threads > LIMIT_WORKER_THREADS || group_bytes > memory ||
        (writes && worker->descriptor_count == 0))
        _exit(1);
    size_t stacks = (threads + 1) * LIMIT_WORKER_STACK_BYTES;
    unsigned seconds =
        worker->seconds < LIMIT_WORKER_CPU_SECONDS ? worker->seconds : LIMIT_WORKER_CPU_SECONDS;
    const struct jail_bounds bounds = {memory + stacks, (seconds + LIMIT_WORKER_GRACE_SECONDS) * threads + 1,
                                       file_bytes};
    jail_seal(options->jail, &bounds);
    /* A foreign file's statistics may deny what its rows hold, and an optimizer that believes them would
     * leave out the check of a rule. Stored tables have ours. */
    bool foreign = kind == JOB_INGEST || kind == JOB_DESCRIBE || kind == JOB_EXTRACT;
    if (foreign)
        worker_execute(worker, FAILURE_UNKNOWN,
                       "SET disabled_optimizers='statistics_propagation,compressed_materialization'");
    unsigned inputs = (unsigned)worker->descriptor_count - writes;
    jail_files_set(worker->descriptors, inputs, writes ? worker->descriptors[inputs] : -1);
    run_hostile(worker);
    worker_execute(
        worker, FAILURE_UNKNOWN,
        "SET enable_progress_bar=true; SET enable_progress_bar_print=false; SET progress_bar_time=0;"
        "SET memory_limit='%zuB'; SET allowed_directories=['/room/']; SET enable_external_access=false;"
        "SET TimeZone='UTC'; SET threads=%u; SET perfect_ht_threshold=%u; SET lock_configuration=true",
        memory / 5 * 4, threads, direct_bits(memory, threads, group_bytes));
    watch_start(worker);
}

_Noreturn void worker_run(const struct worker_options *options, int channel)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        _exit(1);
    worker->db = options->library;
    worker->database = options->base->database;
    worker->connection = options->base->connection;
    worker->channel = channel;
    atomic_store(&worker->scanned, -1);
    if (frame_write(channel, FRAME_HELLO, &options->jail->layers, sizeof options->jail->layers) != RESULT_OK)
        _exit(1);
    struct frame_header header;
    uint8_t *bytes;
    if (frame_receive(channel, LIMIT_JOB_BYTES, &header, &bytes, worker->descriptors,
                      &worker->descriptor_count) != RESULT_OK)
        _exit(0);
    struct wire_in job = {.bytes = bytes, .size = header.size};
    enum job_kind kind = (enum job_kind)wire_get_u32(&job);
    set_up(worker, options, &job, kind);
    switch (kind) {
    case JOB_PARSE:
        worker_parse(worker, &job);
    case JOB_RUN:
        worker_select(worker, &job);
    case JOB_EXTRACT:
        worker_extract(worker, &job);
    case JOB_INGEST:
        worker_ingest(worker, &job);
    case JOB_DESCRIBE:
        worker_describe(worker, &job);
    }
    _exit(1);
}
