#include "base/limits.h"
#include "engine/duckdb/client.h"
#include "engine/duckdb/hostile/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct lab lab = {.mark = LAB_MARK};

int64_t done(long result)
{
    return result < 0 ? -errno : DONE;
}

int64_t is_secret(const void *bytes)
{
    return memcmp(bytes, SECRET, sizeof SECRET - 1) == 0 ? DONE : -ENOMSG;
}

int64_t read_secret(long fd)
{
    char bytes[32] = "";
    if (fd < 0)
        return -errno;
    ssize_t size = pread((int)fd, bytes, sizeof bytes, 0);
    (void)close((int)fd);
    return size < 0 ? -errno : is_secret(bytes);
}

static int lent = O_RDONLY;

void hostile_lend(int flags)
{
    lent = flags;
}

struct outcome hostile_call(struct engine *engine, const struct engine_limits *limits)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_CALL struct client_call call = {.arena = arena};
    struct outcome outcome = {.result = RESULT_IO};
    client_begin(&call, JOB_DESCRIBE, limits, true);
    if (!client_lend(&call, world_input(), lent) || !client_lend(&call, world_output(), O_RDWR))
        return outcome;
    outcome.result = client_call((struct duckdb_engine *)engine, &call);
    outcome.signal = WIFSIGNALED(call.death_status) ? WTERMSIG(call.death_status) : 0;
    outcome.core = WIFSIGNALED(call.death_status) && WCOREDUMP(call.death_status);
    outcome.ended = outcome.result == RESULT_UNAVAILABLE && call.death_status == 0;
    if (outcome.result == RESULT_OK) {
        struct wire_in in = {.bytes = call.answer, .size = call.answer_size};
        outcome.value = (int64_t)wire_get_u64(&in);
        if (!wire_at_end(&in))
            outcome.result = RESULT_CORRUPT;
    }
    return outcome;
}
