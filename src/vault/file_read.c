#include "vault/disk.h"
#include "vault/file_format.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Neighbouring blocks that are read and opened together: few enough that both forms stay in the cache. */
enum { BATCH = 4, THREADS_MAX = 8 };

/* Where opened bytes go: a memory file, or plain memory. */
struct sink {
    int fd;         /* -1: memory */
    uint8_t *bytes; /* of the plaintext from `origin` on */
    uint64_t origin;
};

static enum result sink_put(const struct sink *sink, uint64_t offset, const uint8_t *bytes, size_t size)
{
    if (sink->fd < 0) {
        memcpy(sink->bytes + (offset - sink->origin), bytes, size);
        return RESULT_OK;
    }
    while (size > 0) {
        ssize_t wrote = pwrite(sink->fd, bytes, size, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return errno == ENOSPC || errno == ENOMEM ? RESULT_MEMORY : RESULT_IO;
        bytes += wrote;
        offset += (uint64_t)wrote;
        size -= (size_t)wrote;
    }
    return RESULT_OK;
}

/* A part of one range: at most BATCH blocks. */
struct part {
    uint64_t offset;
    uint64_t size;
};

struct job {
    struct vault_file *file;
    const struct sink *sink;
    const struct part *parts;
    size_t count;
    atomic_size_t next;
    atomic_int result;
};

/* What one thread works in; sealed blocks stand a tag apart, and GCM wants no partial overlap. */
struct room {
    uint8_t *sealed;
    uint8_t *plain;
};

/* Opens the blocks first … last into room->plain. */
static enum result open_blocks(struct vault_file *file, uint64_t first, uint64_t last,
                               const struct room *room)
{
    size_t tag = suite_tag_size(file->header.suite);
    size_t block = file->header.block;
    uint64_t end = (last + 1) * block < file->header.size ? (last + 1) * block : file->header.size;
    size_t sealed = (size_t)(end - first * block) + (size_t)(last - first + 1) * tag;
    TRY(disk_read_at(file->fd, room->sealed, sealed, file->first_block + first * (block + tag)));
    for (uint64_t number = first; number <= last; number++) {
        const uint8_t *from = room->sealed + (number - first) * (block + tag);
        uint8_t *to = room->plain + (number - first) * block;
        uint64_t left = file->header.size - number * block;
        size_t size = left < block ? (size_t)left : block;
        TRY(suite_open(&file->keys, number, file->bound, sizeof file->bound, from, size, to));
    }
    return RESULT_OK;
}

static enum result do_part(struct job *job, const struct part *part, const struct room *room)
{
    size_t block = job->file->header.block;
    uint64_t first = part->offset / block;
    uint64_t last = (part->offset + part->size - 1) / block;
    TRY(open_blocks(job->file, first, last, room));
    return sink_put(job->sink, part->offset, room->plain + (part->offset - first * block),
                    (size_t)part->size);
}

static void *work(void *argument)
{
    struct job *job = argument;
    size_t block = job->file->header.block;
    size_t plain_bytes = BATCH * block;
    struct room room = {.plain = malloc(plain_bytes),
                        .sealed = malloc(BATCH * (block + suite_tag_size(job->file->header.suite)))};
    if (room.plain == NULL || room.sealed == NULL)
        abort();
    size_t index;
    while (atomic_load(&job->result) == RESULT_OK && (index = atomic_fetch_add(&job->next, 1)) < job->count) {
        enum result result = do_part(job, &job->parts[index], &room);
        if (result != RESULT_OK)
            atomic_store(&job->result, (int)result);
    }
    sodium_memzero(room.plain, plain_bytes);
    free(room.plain);
    free(room.sealed);
    return NULL;
}

static enum result run(struct job *job, unsigned threads)
{
    pthread_t others[THREADS_MAX];
    unsigned started = 0;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    while (started + 1 < threads && started + 1 < job->count &&
           pthread_create(&others[started], NULL, work, job) == 0)
        started++;
    (void)work(job);
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(others[i], NULL);
    return (enum result)atomic_load(&job->result);
}

static size_t parts_of(const struct vault_file *file, const struct vault_range *range, struct part *parts)
{
    uint64_t step = (uint64_t)BATCH * file->header.block;
    uint64_t end = range->offset + range->size;
    size_t count = 0;
    for (uint64_t at = range->offset; at < end;) {
        /* Parts end at the same borders whatever range they belong to. */
        uint64_t stop = (at / step + 1) * step < end ? (at / step + 1) * step : end;
        if (parts != NULL)
            parts[count] = (struct part){at, stop - at};
        count++;
        at = stop;
    }
    return count;
}

static enum result check_ranges(const struct vault_file *file, const struct vault_range *ranges, size_t count)
{
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].offset < end || ranges[i].offset > file->header.size ||
            ranges[i].size > file->header.size - ranges[i].offset)
            return RESULT_INVALID;
        end = ranges[i].offset + ranges[i].size;
    }
    return RESULT_OK;
}

static enum result open_ranges(struct vault_file *file, const struct vault_range *ranges, size_t count,
                               const struct sink *sink, unsigned threads)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += parts_of(file, &ranges[i], NULL);
    if (total == 0)
        return RESULT_OK;
    struct part *parts = calloc(total, sizeof *parts);
    if (parts == NULL)
        return RESULT_MEMORY;
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        filled += parts_of(file, &ranges[i], parts + filled);
    struct job job = {.file = file, .sink = sink, .parts = parts, .count = total};
    enum result result = run(&job, threads);
    free(parts);
    return result;
}

enum result vault_file_read(struct vault_file *file, uint64_t offset, size_t size, void *ret_bytes)
{
    struct vault_range range = {offset, size};
    struct sink sink = {.fd = -1, .bytes = ret_bytes, .origin = offset};
    TRY(check_ranges(file, &range, 1));
    return open_ranges(file, &range, 1, &sink, 1);
}

static enum result blank(const struct vault_file *file, const struct sink *sink,
                         const struct vault_range *blanks, size_t count)
{
    static const uint8_t zeros[1024];
    for (size_t i = 0; i < count; i++) {
        TRY(check_ranges(file, &blanks[i], 1));
        for (uint64_t done = 0; done < blanks[i].size;) {
            uint64_t left = blanks[i].size - done;
            size_t size = left < sizeof zeros ? (size_t)left : sizeof zeros;
            TRY(sink_put(sink, blanks[i].offset + done, zeros, size));
            done += size;
        }
    }
    return RESULT_OK;
}

enum result vault_file_sparse(struct vault_file *file, const struct vault_range *ranges, size_t count,
                              const struct vault_range *blanks, size_t blank_count, unsigned threads,
                              int *ret_fd)
{
    TRY(check_ranges(file, ranges, count));
    CLEANUP_FD int fd = memfd_create("dukou", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)file->header.size) != 0)
        return RESULT_MEMORY;
    struct sink sink = {.fd = fd};
    TRY(open_ranges(file, ranges, count, &sink, threads));
    TRY(blank(file, &sink, blanks, blank_count));
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return RESULT_IO;
    *ret_fd = fd;
    fd = -1;
    return RESULT_OK;
}
