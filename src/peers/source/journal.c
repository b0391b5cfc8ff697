#include "peers/source/journal.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *event;
    enum journal_state state;
} events[] = {{"delayed", JOURNAL_DELAYED}, {"approved", JOURNAL_APPROVED}, {"stopped", JOURNAL_STOPPED},
              {"sending", JOURNAL_SENDING}, {"rejected", JOURNAL_REJECTED}, {"delivered", JOURNAL_DELIVERED},
              {"refused", JOURNAL_REFUSED}};

struct entry {
    struct journal_order order;
    char *reason;
};

struct journal {
    int fd;
    char *path;
    off_t read; /* bytes of whole lines read so far */
    size_t lines;
    struct digest previous; /* of the last line */
    struct entry *entries;
    size_t count;
};

static enum result refuse_io(const struct journal *journal, struct arena *arena, struct refusal *ret_refusal)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = RESULT_IO,
                                   .field = arena_strdup(arena, journal->path),
                                   .zh = arena_printf(arena, "%s:%s。", journal->path, "读写失败"),
                                   .en = arena_printf(arena, "%s: cannot be read or written.", journal->path),
                                   .remedy_zh = "请检查磁盘和状态目录的权限。",
                                   .remedy_en = "Check the disk and the permissions of the state folder."});
}

static enum result refuse_line(const struct journal *journal, struct arena *arena, const char *zh,
                               const char *en, struct refusal *ret_refusal)
{
    size_t line = journal->lines + 1;
    return refuse(
        ret_refusal,
        (struct refusal){
            .result = RESULT_CORRUPT,
            .field = arena_printf(arena, "line %zu", line),
            .zh = arena_printf(arena, "%s：第 %zu 行%s。", journal->path, line, zh),
            .en = arena_printf(arena, "%s: line %zu %s.", journal->path, line, en),
            .remedy_zh = "日志被改动过。请保留原件并查明原因；换用新的状态目录前请与平台核对已交付的订单。",
            .remedy_en = "The journal was changed. Keep it, find out why, and check the "
                         "delivered orders with the platform before you start a new one."});
}

/* Where the order stands or would stand: entries are in the order of their numbers. */
static size_t find_entry(const struct journal *journal, int64_t order)
{
    size_t low = 0;
    for (size_t high = journal->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (journal->entries[middle].order.order < order)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *entry_of(struct journal *journal, int64_t order)
{
    size_t at = find_entry(journal, order);
    if (at < journal->count && journal->entries[at].order.order == order)
        return &journal->entries[at];
    struct entry *grown = realloc(journal->entries, (journal->count + 1) * sizeof *grown);
    if (grown == NULL)
        abort();
    journal->entries = grown;
    memmove(grown + at + 1, grown + at, (journal->count - at) * sizeof *grown);
    memset(&grown[at], 0, sizeof *grown);
    grown[at].order.order = order;
    journal->count++;
    return &grown[at];
}

/* Lays one line over what is known. */
static bool apply(struct journal *journal, const json_t *line)
{
    const char *event = json_text(line, "event");
    int64_t order = json_integer_or(line, "order", 0);
    size_t kind = 0;
    while (kind < sizeof events / sizeof *events && (event == NULL || strcmp(events[kind].event, event) != 0))
        kind++;
    if (kind == sizeof events / sizeof *events || order <= 0)
        return false;
    struct entry *entry = entry_of(journal, order);
    struct journal_order *known = &entry->order;
    enum journal_state state = events[kind].state;
    bool settled = known->state == JOURNAL_DELIVERED || known->state == JOURNAL_REFUSED;
    if (!settled)
        known->state = state;
    known->approved = known->approved || state == JOURNAL_APPROVED;
    known->refused_again =
        known->refused_again || (known->state == JOURNAL_DELIVERED && state == JOURNAL_REFUSED);
    if (state == JOURNAL_DELAYED &&
        instant_parse(json_text(line, "until"), &known->delayed_until) != RESULT_OK)
        return false;
    if (!settled && json_text(line, "digest") != NULL)
        known->known = hex_parse(json_text(line, "digest"), known->digest.bytes, DIGEST_SIZE) == RESULT_OK;
    if (!settled && json_text(line, "reason") != NULL) {
        free(entry->reason);
        entry->reason = strdup(json_text(line, "reason"));
        if (entry->reason == NULL)
            abort();
    }
    return true;
}

static enum result take_line(struct journal *journal, struct arena *arena, const char *bytes, size_t size,
                             struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *line = NULL;
    if (json_read(arena, bytes, size, &line, NULL) != RESULT_OK)
        return refuse_line(journal, arena, "不是 JSON", "is no JSON", ret_refusal);
    char previous[DIGEST_TEXT_SIZE];
    hex_print(journal->previous.bytes, DIGEST_SIZE, previous);
    const char *claimed = json_text(line, "previous");
    if (claimed == NULL || strcmp(claimed, previous) != 0)
        return refuse_line(journal, arena, "与上一行接不上", "does not follow the line before", ret_refusal);
    if (!apply(journal, line))
        return refuse_line(journal, arena, "内容不明", "is not understood", ret_refusal);
    journal->previous = digest_sha256(bytes, size);
    journal->lines++;
    journal->read += (off_t)size + 1;
    return RESULT_OK;
}

/* Reads the whole lines after journal->read; *ret_torn when a piece of one is left. */
static enum result read_lines(struct journal *journal, struct arena *arena, bool *ret_torn,
                              struct refusal *ret_refusal)
{
    struct stat info;
    if (fstat(journal->fd, &info) != 0)
        return refuse_io(journal, arena, ret_refusal);
    if (info.st_size < journal->read)
        return refuse_line(journal, arena, "以后的内容被截去", "and what was before it have been cut",
                           ret_refusal);
    size_t size = (size_t)(info.st_size - journal->read);
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        abort();
    enum result result = RESULT_OK;
    if (pread(journal->fd, bytes, size, journal->read) != (ssize_t)size)
        result = refuse_io(journal, arena, ret_refusal);
    size_t at = 0;
    while (result == RESULT_OK && at < size) {
        const char *end = memchr(bytes + at, '\n', size - at);
        if (end == NULL)
            break;
        result = take_line(journal, arena, bytes + at, (size_t)(end - bytes) - at, ret_refusal);
        at = (size_t)(end - bytes) + 1;
    }
    *ret_torn = at < size;
    free(bytes);
    return result;
}

enum result journal_refresh(struct journal *journal, struct arena *arena, struct refusal *ret_refusal)
{
    bool torn = false;
    if (flock(journal->fd, LOCK_SH) != 0)
        return refuse_io(journal, arena, ret_refusal);
    enum result result = read_lines(journal, arena, &torn, ret_refusal);
    (void)flock(journal->fd, LOCK_UN);
    return result;
}

static enum result sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return RESULT_IO;
    int failed = fsync(fd);
    (void)close(fd);
    return failed == 0 ? RESULT_OK : RESULT_IO;
}

enum result journal_open(struct arena *arena, const char *folder, struct journal **ret_journal,
                         struct refusal *ret_refusal)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL || asprintf(&journal->path, "%s/journal.jsonl", folder) < 0)
        abort();
    (void)mkdir(folder, 0700);
    journal->fd = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    enum result result = RESULT_OK;
    if (journal->fd < 0 || sync_folder(folder) != RESULT_OK)
        result = refuse_io(journal, arena, ret_refusal);
    if (result == RESULT_OK)
        result = journal_refresh(journal, arena, ret_refusal);
    if (result != RESULT_OK) {
        journal_close(journal);
        return result;
    }
    *ret_journal = journal;
    return RESULT_OK;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->fd >= 0)
        (void)close(journal->fd);
    for (size_t i = 0; i < journal->count; i++)
        free(journal->entries[i].reason);
    free(journal->entries);
    free(journal->path);
    free(journal);
}

struct journal_order journal_of(const struct journal *journal, int64_t order)
{
    size_t at = find_entry(journal, order);
    if (at < journal->count && journal->entries[at].order.order == order) {
        struct journal_order found = journal->entries[at].order;
        found.reason = journal->entries[at].reason != NULL ? journal->entries[at].reason : "";
        return found;
    }
    return (struct journal_order){.order = order, .reason = ""};
}

static char *print_line(const struct journal *journal, struct arena *arena, instant at, const char *event,
                        int64_t order, const json_t *more)
{
    char when[INSTANT_TEXT_SIZE];
    char previous[DIGEST_TEXT_SIZE];
    instant_print(at, when);
    hex_print(journal->previous.bytes, DIGEST_SIZE, previous);
    CLEANUP_JSON json_t *line =
        json_pack("{s:s, s:s, s:I}", "at", when, "event", event, "order", (json_int_t)order);
    if (line == NULL || (more != NULL && json_object_update(line, (json_t *)more) != 0) ||
        json_object_set_new(line, "previous", json_string(previous)) != 0)
        abort();
    return arena_printf(arena, "%s\n", json_print(arena, line));
}

/* Under the lock: what others wrote first, then our line behind it, whole and durable. */
static enum result append(struct journal *journal, struct arena *arena, instant at, const char *event,
                          int64_t order, const json_t *more, struct refusal *ret_refusal)
{
    bool torn = false;
    TRY(read_lines(journal, arena, &torn, ret_refusal));
    if (torn && ftruncate(journal->fd, journal->read) != 0)
        return refuse_io(journal, arena, ret_refusal);
    const char *line = print_line(journal, arena, at, event, order, more);
    size_t size = strlen(line);
    /* A failed fdatasync is never retried: the caller stops, and the next start reads what is there. */
    if (write(journal->fd, line, size) != (ssize_t)size || fdatasync(journal->fd) != 0)
        return refuse_io(journal, arena, ret_refusal);
    return take_line(journal, arena, line, size - 1, ret_refusal);
}

enum result journal_add(struct journal *journal, struct arena *arena, instant at, const char *event,
                        int64_t order, json_t *more, struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *owned = more;
    if (flock(journal->fd, LOCK_EX) != 0)
        return refuse_io(journal, arena, ret_refusal);
    enum result result = append(journal, arena, at, event, order, owned, ret_refusal);
    (void)flock(journal->fd, LOCK_UN);
    return result;
}
