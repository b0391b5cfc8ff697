#include "peers/source/file.h"

#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { CHUNK = 1 << 16, SECRET_BYTES = 4096 };

const char *source_file_beside(struct arena *arena, const char *from, const char *path)
{
    const char *slash = strrchr(from, '/');
    if (path[0] == '/' || slash == NULL)
        return path[0] == '/' ? arena_strdup(arena, path) : arena_printf(arena, "./%s", path);
    return arena_printf(arena, "%.*s/%s", (int)(slash - from), from, path);
}

static enum result refuse_file(struct arena *arena, enum result result, const char *path, const char *zh,
                               const char *en, struct refusal *ret_refusal)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = result,
                                   .field = path,
                                   .zh = arena_printf(arena, "%s:%s", path, zh),
                                   .en = arena_printf(arena, "%s: %s", path, en),
                                   .remedy_zh = "请检查配置中的路径和文件的权限。",
                                   .remedy_en = "Check the path in the configuration and the file's "
                                                "permissions."});
}

/* A regular file; *ret_info as it is now. */
static enum result open_regular(struct arena *arena, const char *path, int *ret_fd, struct stat *ret_info,
                                struct refusal *ret_refusal)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe in its place may not hold us up */
    if (fd < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        return refuse_file(arena, absent ? RESULT_NOT_FOUND : RESULT_IO, path,
                           absent ? "没有这个文件。" : "文件打不开。",
                           absent ? "there is no such file." : "the file cannot be opened.", ret_refusal);
    }
    if (fstat(fd, ret_info) != 0 || !S_ISREG(ret_info->st_mode)) {
        (void)close(fd);
        return refuse_file(arena, RESULT_INVALID, path, "不是普通文件。", "this is no regular file.",
                           ret_refusal);
    }
    *ret_fd = fd;
    return RESULT_OK;
}

static enum result read_whole(struct arena *arena, const char *path, int fd, size_t size, char **ret_bytes,
                              struct refusal *ret_refusal)
{
    char *bytes = arena_alloc(arena, size + 1);
    for (size_t at = 0; at < size;) {
        ssize_t got = pread(fd, bytes + at, size - at, (off_t)at);
        if (got <= 0)
            return refuse_file(arena, RESULT_IO, path, "读取失败。", "it cannot be read.", ret_refusal);
        at += (size_t)got;
    }
    *ret_bytes = bytes;
    return RESULT_OK;
}

static enum result read_limited(struct arena *arena, const char *path, size_t limit, bool secret,
                                char **ret_bytes, size_t *ret_size, struct refusal *ret_refusal)
{
    CLEANUP_FILE int fd = -1;
    struct stat info = {0};
    TRY(open_regular(arena, path, &fd, &info, ret_refusal));
    if ((size_t)info.st_size > limit)
        return refuse_file(arena, RESULT_TOO_LARGE, path, "文件过大。", "the file is too large.",
                           ret_refusal);
    if (secret && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return refuse(ret_refusal,
                      (struct refusal){.result = RESULT_FORBIDDEN,
                                       .field = path,
                                       .zh = arena_printf(arena, "%s：其他用户可以读取这个文件。", path),
                                       .en = arena_printf(arena, "%s: other users may read this file.", path),
                                       .remedy_zh = "请执行 chmod 600,并考虑更换令牌。",
                                       .remedy_en = "Run chmod 600 on it, and consider a new token."});
    TRY(read_whole(arena, path, fd, (size_t)info.st_size, ret_bytes, ret_refusal));
    *ret_size = (size_t)info.st_size;
    return RESULT_OK;
}

enum result source_file_read(struct arena *arena, const char *path, size_t limit, char **ret_bytes,
                             size_t *ret_size, struct refusal *ret_refusal)
{
    return read_limited(arena, path, limit, false, ret_bytes, ret_size, ret_refusal);
}

enum result source_file_read_secret(struct arena *arena, const char *path, char **ret_bytes, size_t *ret_size,
                                    struct refusal *ret_refusal)
{
    return read_limited(arena, path, SECRET_BYTES, true, ret_bytes, ret_size, ret_refusal);
}

enum result source_file_open_rows(struct arena *arena, const char *path, int *ret_fd,
                                  struct refusal *ret_refusal)
{
    struct stat info;
    return open_regular(arena, path, ret_fd, &info, ret_refusal);
}

enum result source_file_memory(int *ret_fd, struct refusal *ret_refusal)
{
    int fd = memfd_create("dukou", MFD_CLOEXEC);
    if (fd < 0)
        return refuse(ret_refusal,
                      (struct refusal){.result = RESULT_IO,
                                       .zh = "无法建立内存文件。",
                                       .en = "A memory file cannot be made.",
                                       .remedy_zh = "请检查内存和打开文件数的上限。",
                                       .remedy_en = "Check memory and the limit of open files."});
    *ret_fd = fd;
    return RESULT_OK;
}

static enum result refuse_byte(struct arena *arena, size_t at, const char *zh, const char *en, bool gbk,
                               struct refusal *ret_refusal)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = RESULT_MALFORMED,
                                   .field = arena_printf(arena, "byte %zu", at),
                                   .zh = arena_printf(arena, "第 %zu 字节(从 0 起)%s。", at, zh),
                                   .en = arena_printf(arena, "Byte %zu (from 0) %s.", at, en),
                                   .remedy_zh = gbk ? "请在配置中为该资源写明 \"encoding\": \"gbk\"。"
                                                    : "请将文件存为不带字节顺序标记的 UTF-8。",
                                   .remedy_en = gbk ? "Write \"encoding\": \"gbk\" for this resource."
                                                    : "Save the file as UTF-8 without a byte order mark."});
}

static enum result refuse_reading(struct refusal *ret_refusal)
{
    return refuse(ret_refusal, (struct refusal){.result = RESULT_IO,
                                                .zh = "读写数据行失败。",
                                                .en = "Reading or writing the rows failed.",
                                                .remedy_zh = "请检查文件和内存。",
                                                .remedy_en = "Check the file and the memory."});
}

/* How many bytes at the end begin a character that is not whole yet (UTF-8: at most 3). */
static size_t unfinished(const char *bytes, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        unsigned char c = (unsigned char)bytes[size - back];
        if ((c & 0xC0) == 0x80)
            continue;
        size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

enum result source_file_check_utf8(struct arena *arena, int fd, struct refusal *ret_refusal)
{
    char chunk[CHUNK];
    size_t held = 0;
    for (size_t at = 0;;) { /* the file's offset of chunk[held] */
        ssize_t got = pread(fd, chunk + held, CHUNK - held, (off_t)at);
        if (got < 0)
            return refuse_reading(ret_refusal);
        size_t size = held + (size_t)got;
        size_t start = at - held;
        if (start == 0 && text_has_bom(chunk, size))
            return refuse_byte(arena, 0, "是字节顺序标记", "begins a byte order mark", false, ret_refusal);
        size_t rest = got > 0 ? unfinished(chunk, size) : 0;
        size_t bad = 0;
        if (!text_is_utf8(chunk, size - rest, &bad)) {
            bool gbk = text_looks_gbk(chunk, size - (size > 0 && chunk[size - 1] < 0 ? 1 : 0)) ||
                       text_looks_gbk(chunk, size);
            return refuse_byte(arena, start + bad, gbk ? "不是 UTF-8,看起来是 GBK" : "不是 UTF-8",
                               gbk ? "is not UTF-8 and looks like GBK" : "is not UTF-8", gbk, ret_refusal);
        }
        if (got == 0)
            return RESULT_OK;
        memmove(chunk, chunk + size - rest, rest);
        held = rest;
        at += (size_t)got;
    }
}

static enum result write_whole(int fd, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t wrote = write(fd, bytes + at, size - at);
        if (wrote < 0 && errno != EINTR)
            return RESULT_IO;
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return RESULT_OK;
}

/* Converts what is in `from`, as far as whole characters go; *ret_used tells how far that was. */
static enum result convert(iconv_t converter, char *from, size_t size, int to, size_t *ret_used)
{
    char out[2 * CHUNK];
    char *in = from;
    size_t left = size;
    while (left > 0) {
        char *at = out;
        size_t room = sizeof out;
        size_t failed = iconv(converter, &in, &left, &at, &room);
        int why = errno;
        TRY(write_whole(to, out, (size_t)(at - out)));
        if (failed != (size_t)-1 || why == EINVAL)
            break;
        if (why == EILSEQ) {
            *ret_used = size - left;
            return RESULT_MALFORMED;
        }
    }
    *ret_used = size - left;
    return RESULT_OK;
}

static enum result convert_all(struct arena *arena, iconv_t converter, int from, int to,
                               struct refusal *ret_refusal)
{
    static const char zh[] = "不是 GBK(GB 18030)编码";
    static const char en[] = "is not GBK (GB 18030)";
    char chunk[CHUNK];
    size_t held = 0;
    for (size_t at = 0;;) {
        ssize_t got = pread(from, chunk + held, CHUNK - held, (off_t)at);
        if (got < 0)
            return refuse_reading(ret_refusal);
        size_t start = at - held;
        if (got == 0)
            return held == 0 ? RESULT_OK : refuse_byte(arena, start, zh, en, false, ret_refusal);
        size_t size = held + (size_t)got;
        if (start == 0 && text_has_bom(chunk, size))
            return refuse_byte(arena, 0, "是字节顺序标记", "begins a byte order mark", false, ret_refusal);
        size_t used = 0;
        enum result result = convert(converter, chunk, size, to, &used);
        if (result == RESULT_MALFORMED)
            return refuse_byte(arena, start + used, zh, en, false, ret_refusal);
        if (result != RESULT_OK)
            return refuse_reading(ret_refusal);
        held = size - used;
        memmove(chunk, chunk + used, held);
        at += (size_t)got;
    }
}

enum result source_file_from_gbk(struct arena *arena, int from, int to, struct refusal *ret_refusal)
{
    iconv_t converter = iconv_open("UTF-8", "GB18030"); /* a superset of GBK */
    if (converter == (iconv_t)-1)
        return refuse(ret_refusal, (struct refusal){.result = RESULT_UNAVAILABLE,
                                                    .zh = "本机不能转换 GBK。",
                                                    .en = "This machine cannot convert GBK.",
                                                    .remedy_zh = "请安装 glibc 的 gconv 模块。",
                                                    .remedy_en = "Install glibc's gconv modules."});
    enum result result = convert_all(arena, converter, from, to, ret_refusal);
    (void)iconv_close(converter);
    return result;
}
