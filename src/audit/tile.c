#include "audit/tile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

void tile_path(int level, int64_t index, unsigned width, char ret_path[TILE_PATH_BYTES])
{
    assert(index >= 0 && width > 0 && width <= TILE_WIDTH);
    int groups[7];
    int count = 0;
    for (int64_t rest = index; count == 0 || rest > 0; rest /= 1000)
        groups[count++] = (int)(rest % 1000);
    char *at = ret_path;
    at += level == TILE_ENTRIES ? sprintf(at, "tile/entries") : sprintf(at, "tile/%d", level);
    while (count > 1)
        at += sprintf(at, "/x%03d", groups[--count]);
    at += sprintf(at, "/%03d", groups[0]);
    if (width < TILE_WIDTH)
        (void)sprintf(at, ".p/%u", width);
}

/* Digits without a leading zero, up to `limit`; -1 for anything else. */
static int64_t parse_number(const char **at, int64_t limit)
{
    const char *first = *at;
    int64_t value = 0;
    for (; **at >= '0' && **at <= '9' && value <= limit; (*at)++)
        value = value * 10 + (**at - '0');
    return *at == first || value > limit || (*first == '0' && *at > first + 1) ? -1 : value;
}

bool tile_path_parse(const char *path, int *ret_level, int64_t *ret_index, unsigned *ret_width)
{
    const char *at = path;
    if (strncmp(at, "tile/", 5) != 0)
        return false;
    at += 5;
    int level = TILE_ENTRIES;
    if (strncmp(at, "entries/", 8) == 0) {
        at += 8;
    } else {
        level = (int)parse_number(&at, TILE_LEVELS - 1);
        if (level < 0 || *at++ != '/')
            return false;
    }
    int64_t index = 0;
    for (bool more = true; more;) {
        more = *at == 'x';
        at += more;
        for (int i = 0; i < 3; i++, at++) {
            if (*at < '0' || *at > '9' || index > INT64_MAX / 20)
                return false;
            index = index * 10 + (*at - '0');
        }
        if (more && *at++ != '/')
            return false;
    }
    unsigned width = TILE_WIDTH;
    if (strncmp(at, ".p/", 3) == 0) {
        at += 3;
        int64_t number = parse_number(&at, TILE_WIDTH - 1);
        if (number <= 0)
            return false;
        width = (unsigned)number;
    }
    char again[TILE_PATH_BYTES];
    tile_path(level, index, width, again);
    if (strcmp(again, path) != 0)
        return false;
    *ret_level = level;
    *ret_index = index;
    *ret_width = width;
    return true;
}

/* ---- reading ---- */

enum result tile_file_read(int folder, const char *path, void *buffer, size_t limit, size_t *ret_size)
{
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return errno == ENOENT || errno == ENOTDIR ? RESULT_NOT_FOUND : RESULT_IO;
    size_t size = 0;
    enum result result = RESULT_OK;
    while (size < limit) {
        ssize_t got = read(file, (char *)buffer + size, limit - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            result = RESULT_IO;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    char beyond;
    if (result == RESULT_OK && size == limit && read(file, &beyond, 1) != 0)
        result = RESULT_TOO_LARGE;
    (void)close(file);
    if (result == RESULT_OK)
        *ret_size = size;
    return result;
}

enum result tile_read(int folder, int level, int64_t index, unsigned width, struct digest *ret_hashes)
{
    char path[TILE_PATH_BYTES];
    struct digest hashes[TILE_WIDTH];
    size_t size = 0;
    tile_path(level, index, width, path);
    size_t expected = width * sizeof hashes[0];
    enum result result = tile_file_read(folder, path, hashes, sizeof hashes, &size);
    if (result == RESULT_NOT_FOUND && width < TILE_WIDTH) {
        tile_path(level, index, TILE_WIDTH, path);
        expected = sizeof hashes;
        result = tile_file_read(folder, path, hashes, sizeof hashes, &size);
    }
    if (result == RESULT_TOO_LARGE || (result == RESULT_OK && size != expected))
        return RESULT_CORRUPT;
    TRY(result);
    memcpy(ret_hashes, hashes, width * sizeof hashes[0]);
    return RESULT_OK;
}

static enum result bundle_load(int folder, const char *path, struct bundle *bundle, size_t *ret_size)
{
    struct stat info;
    if (fstatat(folder, path, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || errno == ENOTDIR ? RESULT_NOT_FOUND : RESULT_IO;
    if ((size_t)info.st_size > BUNDLE_BYTES_MAX || !S_ISREG(info.st_mode))
        return RESULT_CORRUPT;
    if ((size_t)info.st_size + 1 > bundle->capacity) {
        size_t capacity = (size_t)info.st_size + 1 + 65536;
        uint8_t *grown = realloc(bundle->bytes, capacity);
        if (grown == NULL)
            return RESULT_MEMORY;
        bundle->bytes = grown;
        bundle->capacity = capacity;
    }
    return tile_file_read(folder, path, bundle->bytes, bundle->capacity, ret_size);
}

enum result bundle_read(int folder, int64_t index, unsigned width, struct bundle *bundle)
{
    char path[TILE_PATH_BYTES];
    tile_path(TILE_ENTRIES, index, width, path);
    size_t size = 0;
    bool exact = true;
    enum result result = bundle_load(folder, path, bundle, &size);
    if (result == RESULT_NOT_FOUND && width < TILE_WIDTH) {
        tile_path(TILE_ENTRIES, index, TILE_WIDTH, path);
        exact = false;
        result = bundle_load(folder, path, bundle, &size);
    }
    TRY(result);
    size_t at = 0;
    for (unsigned i = 0; i < width; i++) {
        if (size - at < 2)
            return RESULT_CORRUPT;
        size_t length = (size_t)bundle->bytes[at] << 8 | bundle->bytes[at + 1];
        at += 2;
        if (size - at < length)
            return RESULT_CORRUPT;
        bundle->entries[i] = bundle->bytes + at;
        bundle->sizes[i] = length;
        at += length;
    }
    return exact && at != size ? RESULT_CORRUPT : RESULT_OK;
}

void bundle_free(struct bundle *bundle)
{
    free(bundle->bytes);
    *bundle = (struct bundle){0};
}

/* ---- writing ---- */

/* What the kernel could not write is lost, and asking again would be told that all is well. */
static void sync_or_stop(int file)
{
    if (fsync(file) == 0)
        return;
    (void)fprintf(stderr, "log: fsync failed (%s): what was written may be lost, so nothing more is sealed\n",
                  strerror(errno));
    abort();
}

enum result tile_folder_make(const char *path)
{
    char above[4096];
    const char *slash = strrchr(path, '/');
    int size = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return RESULT_IO;
    if (snprintf(above, sizeof above, "%.*s", size, slash == NULL ? "." : path) >= (int)sizeof above)
        return RESULT_TOO_LARGE;
    int folder = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return RESULT_IO;
    sync_or_stop(folder);
    (void)close(folder);
    return RESULT_OK;
}

enum result tile_writer_open(struct tile_writer *writer, int folder)
{
    *writer = (struct tile_writer){.folder = folder};
    if (mkdirat(folder, "tmp", 0755) != 0 && errno != EEXIST)
        return RESULT_IO;
    sync_or_stop(folder);
    return RESULT_OK;
}

void tile_writer_close(struct tile_writer *writer)
{
    free(writer->dirty);
    *writer = (struct tile_writer){.folder = -1};
}

static void mark_dirty(struct tile_writer *writer, const char *path, size_t size)
{
    for (size_t i = writer->dirty_count; i-- > 0;)
        if (strlen(writer->dirty[i]) == size && memcmp(writer->dirty[i], path, size) == 0)
            return;
    if (writer->dirty_count == writer->dirty_room) {
        writer->dirty_room = 2 * writer->dirty_room + 16;
        writer->dirty = realloc(writer->dirty, writer->dirty_room * sizeof writer->dirty[0]);
        if (writer->dirty == NULL)
            abort();
    }
    assert(size < TILE_PATH_BYTES);
    char *to = writer->dirty[writer->dirty_count++];
    memcpy(to, path, size);
    to[size] = '\0';
}

/* The folder of `path`; before the first flush those above it too. */
static void mark_folders(struct tile_writer *writer, const char *path)
{
    const char *last = strrchr(path, '/');
    mark_dirty(writer, last != NULL ? path : ".", last != NULL ? (size_t)(last - path) : 1);
    if (writer->flushed)
        return;
    mark_dirty(writer, ".", 1);
    for (const char *slash = strchr(path, '/'); slash != NULL && slash != last;
         slash = strchr(slash + 1, '/'))
        mark_dirty(writer, path, (size_t)(slash - path));
}

/* Makes the folders that `path` lies in. */
static enum result make_folders(struct tile_writer *writer, const char *path)
{
    char folder[TILE_PATH_BYTES];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t size = (size_t)(slash - path);
        memcpy(folder, path, size);
        folder[size] = '\0';
        if (mkdirat(writer->folder, folder, 0755) == 0) {
            const char *last = strrchr(folder, '/');
            mark_dirty(writer, last != NULL ? folder : ".", last != NULL ? (size_t)(last - folder) : 1);
        } else if (errno != EEXIST) {
            return RESULT_IO;
        }
    }
    return RESULT_OK;
}

static enum result write_all(int file, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(file, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return RESULT_IO;
        bytes += put;
        size -= (size_t)put;
    }
    return RESULT_OK;
}

static enum result rename_into(struct tile_writer *writer, const char *from, const char *path)
{
    if (renameat(writer->folder, from, writer->folder, path) == 0)
        return RESULT_OK;
    if (errno != ENOENT)
        return RESULT_IO;
    TRY(make_folders(writer, path));
    return renameat(writer->folder, from, writer->folder, path) == 0 ? RESULT_OK : RESULT_IO;
}

enum result tile_writer_put(struct tile_writer *writer, const char *path, const void *bytes, size_t size)
{
    char temporary[TILE_PATH_BYTES];
    (void)snprintf(temporary, sizeof temporary, "tmp/%llu", (unsigned long long)writer->number++);
    int file = openat(writer->folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0)
        return RESULT_IO;
    enum result result = write_all(file, bytes, size);
    if (result == RESULT_OK)
        sync_or_stop(file);
    if (close(file) != 0 && result == RESULT_OK)
        result = RESULT_IO;
    if (result == RESULT_OK)
        result = rename_into(writer, temporary, path);
    if (result != RESULT_OK) {
        (void)unlinkat(writer->folder, temporary, 0);
        return result;
    }
    mark_folders(writer, path);
    return RESULT_OK;
}

enum result tile_writer_flush(struct tile_writer *writer)
{
    for (size_t i = 0; i < writer->dirty_count; i++) {
        int folder = openat(writer->folder, writer->dirty[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            return RESULT_IO;
        sync_or_stop(folder);
        (void)close(folder);
    }
    writer->dirty_count = 0;
    writer->flushed = true;
    return RESULT_OK;
}
