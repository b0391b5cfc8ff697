/* The keeper's side: places, workers, deadlines, and reading what a worker says. */
#include "engine/duckdb/client.h"

#include "base/clock.h"
#include "base/limits.h"
#include "engine/failure.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HELLO_SECONDS = 30,
    SMALL_FRAME = 4096,
    PROGRESS_A_SECOND = 20, /* a worker tells it ten times */
    END_SECONDS = 10,       /* from SIGKILL to the end */
};

static void kill_worker(void *context)
{
    const struct zygote_worker *worker = context;
    (void)syscall(SYS_pidfd_send_signal, worker->process, SIGKILL, NULL, 0);
}

/* ---- places ---- */

/* Under the lock. */
static void leave(struct duckdb_engine *engine)
{
    engine->calls--;
    (void)pthread_cond_broadcast(&engine->changed);
}

static enum result take_place(struct duckdb_engine *engine, bool parser, struct engine_job *job)
{
    unsigned *free_places = parser ? &engine->parsers_free : &engine->workers_free;
    enum result result = RESULT_OK;
    (void)pthread_mutex_lock(&engine->lock);
    engine->calls++;
    while (*free_places == 0 && result == RESULT_OK) {
        struct timespec soon;
        (void)clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 100 * 1000 * 1000;
        soon.tv_sec += soon.tv_nsec / (1000 * 1000 * 1000);
        soon.tv_nsec %= 1000 * 1000 * 1000;
        (void)pthread_cond_timedwait(&engine->changed, &engine->lock, &soon);
        if (job != NULL && engine_job_cancelled(job))
            result = RESULT_CANCELLED;
        if (engine->stopping)
            result = RESULT_UNAVAILABLE;
    }
    if (result == RESULT_OK) {
        --*free_places;
        engine->running++;
    } else {
        leave(engine);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return result;
}

static void give_place_back(struct duckdb_engine *engine, bool parser, bool killed)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->running--;
    engine->jobs++;
    engine->killed += killed;
    ++*(parser ? &engine->parsers_free : &engine->workers_free);
    leave(engine);
    (void)pthread_mutex_unlock(&engine->lock);
}

/* ---- one job ---- */

struct talk {
    struct client_call *call;
    struct zygote_worker worker;
    instant deadline; /* clock_monotonic() */
    bool greeted;
    unsigned progress_told;
};

/* RESULT_TIMEOUT, or RESULT_UNAVAILABLE when the worker has closed its end. */
static enum result receive(struct talk *talk, void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        instant left = talk->deadline - clock_monotonic();
        struct pollfd wait = {talk->worker.channel, POLLIN, 0};
        if (left <= 0)
            return RESULT_TIMEOUT;
        if (poll(&wait, 1, (int)(left / 1000) + 1) <= 0)
            continue;
        ssize_t got = recv(talk->worker.channel, (uint8_t *)bytes + at, size - at, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return RESULT_UNAVAILABLE;
        at += (size_t)got;
    }
    return RESULT_OK;
}

static enum result receive_frame(struct talk *talk, struct frame_header *ret_header, uint8_t **ret_bytes)
{
    TRY(receive(talk, ret_header, sizeof *ret_header));
    size_t most = ret_header->kind == FRAME_ANSWER ? talk->call->answer_bytes_max : SMALL_FRAME;
    if (ret_header->size > most)
        return RESULT_CORRUPT;
    uint8_t *bytes = malloc((size_t)ret_header->size + 1);
    if (bytes == NULL)
        return RESULT_MEMORY;
    enum result result = receive(talk, bytes, ret_header->size);
    if (result != RESULT_OK) {
        free(bytes);
        return result;
    }
    *ret_bytes = bytes;
    return RESULT_OK;
}

static enum result refuse_call(const struct client_call *call, enum failure failure)
{
    return failure_refuse(failure, call->arena, NULL, NULL, call->ret_refusal);
}

/* What may stand in the sentence of a failure of a worker that has seen rows: a bound, which is the keeper's
 * own, or a name that the query itself has. Else a worker that was taken over could tell rows in its
 * failures. */
static const char *own_detail(const struct client_call *call, enum failure failure, const char *detail)
{
    if (failure == FAILURE_ANSWER_ROWS)
        return arena_printf(call->arena, "%zu", call->limits.answer_rows);
    if (failure == FAILURE_ANSWER_BYTES)
        return arena_printf(call->arena, "%zu", call->limits.answer_bytes);
    if (failure == FAILURE_ANSWER_COLUMNS)
        return arena_printf(call->arena, "%d", LIMIT_TABLE_COLUMNS);
    if (detail == NULL || strlen(detail) > LIMIT_COLUMN_NAME_BYTES ||
        strstr(call->sql, arena_printf(call->arena, "\"%s\"", detail)) == NULL)
        return NULL;
    return detail;
}

static enum result read_failure(const struct client_call *call, const uint8_t *bytes, size_t size)
{
    struct wire_in in = {.bytes = bytes, .size = size};
    uint32_t number = wire_get_u32(&in);
    const char *where = wire_get_text(&in);
    const char *detail = wire_get_text(&in);
    if (!wire_at_end(&in) || number == FAILURE_NONE || number >= FAILURE_COUNT)
        return refuse_call(call, FAILURE_GARBLED);
    enum failure failure = (enum failure)number;
    if (call->sql != NULL) {
        where = NULL;
        detail = own_detail(call, failure, detail);
    }
    return failure_refuse(failure, call->arena, where, detail, call->ret_refusal);
}

/* A word on the way, of four bytes. False when it is none, or one too many: a second hello would move the
 * deadline. */
static bool hear_word(struct talk *talk, const struct frame_header *header, const uint8_t *bytes)
{
    struct client_call *call = talk->call;
    uint32_t value;
    if (header->size != sizeof value)
        return false;
    (void)memcpy(&value, bytes, sizeof value);
    if (header->kind == FRAME_HELLO && !talk->greeted) {
        talk->greeted = true;
        call->layers = value;
        talk->deadline =
            clock_monotonic() + (instant)(call->limits.seconds + LIMIT_WORKER_GRACE_SECONDS) * INSTANT_SECOND;
        return true;
    }
    if (header->kind != FRAME_PROGRESS || !talk->greeted ||
        ++talk->progress_told > (call->limits.seconds + LIMIT_WORKER_GRACE_SECONDS) * PROGRESS_A_SECOND)
        return false;
    /* Only upwards: so it can tell a percentage and little else. */
    int progress = value <= 1000 ? (int)value : 1000;
    if (call->job != NULL && progress > atomic_load(&call->job->progress))
        atomic_store(&call->job->progress, progress);
    return true;
}

/* The worker has gone without a word: why? */
static enum result read_death(const struct talk *talk)
{
    struct client_call *call = talk->call;
    struct pollfd wait = {talk->worker.death, POLLIN, 0};
    int status = 0;
    call->killed = true;
    /* It may have closed its end and live on. */
    kill_worker((void *)(uintptr_t)&talk->worker);
    if (poll(&wait, 1, 1000) == 1)
        (void)!read(talk->worker.death, &status, sizeof status);
    call->death_status = status;
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == SIGSYS)
        return refuse_call(call, FAILURE_FORBIDDEN_CALL);
    return refuse_call(call, signal == SIGXCPU ? FAILURE_TIMEOUT : FAILURE_DIED);
}

static enum result listen_to(struct talk *talk)
{
    struct client_call *call = talk->call;
    struct frame_header header;
    uint8_t *bytes = NULL;
    for (;;) {
        enum result result = receive_frame(talk, &header, &bytes);
        call->killed = result != RESULT_OK;
        if (call->job != NULL && result != RESULT_OK && engine_job_cancelled(call->job))
            return refuse_call(call, FAILURE_CANCELLED);
        if (result == RESULT_TIMEOUT)
            return refuse_call(call, FAILURE_TIMEOUT);
        if (result == RESULT_UNAVAILABLE)
            return read_death(talk);
        if (result != RESULT_OK)
            return refuse_call(call, FAILURE_GARBLED);
        if (header.kind == FRAME_ANSWER && talk->greeted) {
            call->answer = bytes;
            call->answer_size = header.size;
            return RESULT_OK;
        }
        if (header.kind == FRAME_FAILURE)
            result = read_failure(call, bytes, header.size);
        else if (!hear_word(talk, &header, bytes))
            result = refuse_call(call, FAILURE_GARBLED);
        free(bytes);
        if (result != RESULT_OK)
            return result;
    }
}

static enum result speak(struct talk *talk)
{
    const struct client_call *call = talk->call;
    const struct timeval patience = {HELLO_SECONDS, 0};
    (void)setsockopt(talk->worker.channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (frame_send(talk->worker.channel, FRAME_JOB, call->message.bytes, call->message.size,
                   call->descriptors, call->descriptor_count) != RESULT_OK)
        return read_death(talk);
    return listen_to(talk);
}

/* Kills it; for one that writes, waits until it no longer can. */
static bool end_worker(struct talk *talk)
{
    struct pollfd end = {talk->worker.process, POLLIN, 0};
    kill_worker(&talk->worker);
    bool ended = !talk->call->writes || poll(&end, 1, END_SECONDS * 1000) == 1;
    (void)close(talk->worker.channel);
    (void)close(talk->worker.process);
    (void)close(talk->worker.death);
    return ended;
}

static enum result call_worker(struct duckdb_engine *engine, struct client_call *call)
{
    struct talk talk = {.call = call, .deadline = clock_monotonic() + HELLO_SECONDS * INSTANT_SECOND};
    (void)pthread_mutex_lock(&engine->lock);
    enum result result = zygote_worker(engine->control, &talk.worker);
    engine->unable = result != RESULT_OK;
    (void)pthread_mutex_unlock(&engine->lock);
    if (result != RESULT_OK)
        return refuse_call(call, FAILURE_MACHINE);
    if (call->job != NULL && !engine_job_attach(call->job, kill_worker, &talk.worker))
        result = refuse_call(call, FAILURE_CANCELLED);
    else
        result = speak(&talk);
    if (call->job != NULL)
        engine_job_detach(call->job);
    if (!end_worker(&talk))
        return refuse_call(call, FAILURE_MACHINE);
    return result;
}

enum result client_call(struct duckdb_engine *engine, struct client_call *call)
{
    enum result result = take_place(engine, call->parser, call->job);
    if (result != RESULT_OK)
        return refuse_call(call, result == RESULT_CANCELLED ? FAILURE_CANCELLED : FAILURE_MACHINE);
    result = call_worker(engine, call);
    give_place_back(engine, call->parser, call->killed);
    return result;
}

/* ---- making the message ---- */

void client_begin(struct client_call *call, enum job_kind kind, const struct engine_limits *limits,
                  bool writes)
{
    static const struct engine_limits none;
    struct engine_limits l = limits != NULL ? *limits : none;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    l.memory_bytes = l.memory_bytes > 0 ? l.memory_bytes : LIMIT_WORKER_MEMORY_BYTES;
    l.seconds = l.seconds > 0 ? l.seconds : LIMIT_QUERY_SECONDS;
    l.threads = l.threads > 0 ? l.threads : processors > 0 ? (unsigned)processors : 1;
    l.threads = l.threads < LIMIT_WORKER_THREADS ? l.threads : LIMIT_WORKER_THREADS;
    l.answer_rows = l.answer_rows > 0 ? l.answer_rows : LIMIT_ANSWER_ROWS;
    l.answer_bytes = l.answer_bytes > 0 ? l.answer_bytes : LIMIT_ANSWER_BYTES;
    call->limits = l;
    call->writes = writes;
    call->answer_bytes_max = l.answer_bytes;
    wire_put_u32(&call->message, (uint32_t)kind);
    wire_put_u64(&call->message, l.memory_bytes);
    wire_put_u64(&call->message, writes ? LIMIT_SLICE_BYTES : 0);
    wire_put_u32(&call->message, l.threads);
    wire_put_u32(&call->message, writes);
    wire_put_u32(&call->message, l.seconds);
    wire_put_u64(&call->message, l.group_bytes);
}

bool client_lend(struct client_call *call, int fd, int flags)
{
    char path[64];
    assert(call->descriptor_count < WIRE_DESCRIPTORS_MAX);
    /* A description of its own: its own position, and for inputs no right to write. */
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = open(path, flags | O_CLOEXEC);
    if (own < 0)
        return false;
    call->descriptors[call->descriptor_count++] = own;
    return true;
}

void client_end(struct client_call *call)
{
    for (size_t i = 0; i < call->descriptor_count; i++)
        (void)close(call->descriptors[i]);
    wire_out_free(&call->message);
    free(call->answer);
}
