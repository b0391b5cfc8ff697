#include "engine/duckdb/footer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_BYTES = 8, HEAD_BYTES = 4, DEPTH_MAX = 32 };

enum compact {
    COMPACT_TRUE = 1,
    COMPACT_FALSE,
    COMPACT_BYTE,
    COMPACT_I16,
    COMPACT_I32,
    COMPACT_I64,
    COMPACT_DOUBLE,
    COMPACT_BINARY,
    COMPACT_LIST,
    COMPACT_SET,
    COMPACT_MAP,
    COMPACT_STRUCT
};

bool footer_read(int fd, struct footer *ret_footer)
{
    struct stat info;
    uint8_t tail[TAIL_BYTES];
    uint32_t size;
    if (fstat(fd, &info) != 0 || info.st_size < HEAD_BYTES + TAIL_BYTES ||
        pread(fd, tail, sizeof tail, info.st_size - TAIL_BYTES) != TAIL_BYTES ||
        memcmp(tail + 4, "PAR1", 4) != 0)
        return false;
    memcpy(&size, tail, sizeof size);
    if (size == 0 || size > info.st_size - HEAD_BYTES - TAIL_BYTES)
        return false;
    struct footer footer = {malloc(size), size, info.st_size - TAIL_BYTES - size};
    if (footer.bytes == NULL || pread(fd, footer.bytes, size, footer.offset) != (ssize_t)size) {
        free(footer.bytes);
        return false;
    }
    *ret_footer = footer;
    return true;
}

void footer_free(struct footer *footer)
{
    free(footer->bytes);
    footer->bytes = NULL;
}

/* ---- the compact protocol ---- */

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    unsigned depth;
    bool bad; /* then everything reads as zero and every struct as ended */
};

static uint8_t get_byte(struct reader *reader)
{
    if (reader->at == NULL || reader->at == reader->end) {
        reader->bad = true;
        return 0;
    }
    return *reader->at++;
}

static uint64_t get_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = get_byte(reader);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->bad = true;
    return 0;
}

static const uint8_t *get_bytes(struct reader *reader, uint64_t size)
{
    const uint8_t *bytes = reader->at;
    if (reader->bad || size > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        return NULL;
    }
    reader->at += size;
    return bytes;
}

/* The next field of a struct; false at its end. */
static bool next_field(struct reader *reader, int64_t *number, enum compact *ret_type)
{
    uint8_t head = get_byte(reader);
    if (reader->bad || head == 0)
        return false;
    *ret_type = (enum compact)(head & 0x0F);
    if (head >> 4 != 0) {
        *number += head >> 4;
    } else {
        uint64_t zigzag = get_varint(reader);
        *number = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
    }
    return true;
}

/* Every element has a byte at least. */
static uint64_t get_list(struct reader *reader, enum compact *ret_type)
{
    uint8_t head = get_byte(reader);
    uint64_t count = head >> 4 == 15 ? get_varint(reader) : head >> 4;
    *ret_type = (enum compact)(head & 0x0F);
    if (reader->bad || count > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        return 0;
    }
    return count;
}

static void skip(struct reader *reader, enum compact type, bool in_list);

static void skip_many(struct reader *reader, uint64_t count, enum compact key, enum compact value)
{
    for (; count > 0 && !reader->bad; count--) {
        if (key != 0)
            skip(reader, key, true);
        skip(reader, value, true);
    }
}

static void skip_struct(struct reader *reader)
{
    int64_t number = 0;
    enum compact type;
    while (next_field(reader, &number, &type))
        skip(reader, type, false);
}

static void skip_map(struct reader *reader)
{
    uint64_t count = get_varint(reader);
    if (count == 0)
        return;
    uint8_t types = get_byte(reader);
    if (count > (uint64_t)(reader->end - reader->at))
        reader->bad = true;
    skip_many(reader, count, (enum compact)(types >> 4), (enum compact)(types & 0x0F));
}

static void skip(struct reader *reader, enum compact type, bool in_list)
{
    enum compact inner;
    uint64_t count;
    if (++reader->depth > DEPTH_MAX)
        reader->bad = true;
    switch (type) {
    case COMPACT_TRUE:
    case COMPACT_FALSE:
        if (in_list)
            (void)get_byte(reader);
        break;
    case COMPACT_BYTE:
        (void)get_byte(reader);
        break;
    case COMPACT_I16:
    case COMPACT_I32:
    case COMPACT_I64:
        (void)get_varint(reader);
        break;
    case COMPACT_DOUBLE:
        (void)get_bytes(reader, 8);
        break;
    case COMPACT_BINARY:
        (void)get_bytes(reader, get_varint(reader));
        break;
    case COMPACT_LIST:
    case COMPACT_SET:
        count = get_list(reader, &inner);
        skip_many(reader, count, (enum compact)0, inner);
        break;
    case COMPACT_MAP:
        skip_map(reader);
        break;
    case COMPACT_STRUCT:
        skip_struct(reader);
        break;
    default:
        reader->bad = true;
    }
    reader->depth--;
}

/* ---- FileMetaData ---- */

enum {
    FILE_SCHEMA = 2,
    FILE_ROW_GROUPS = 4,
    GROUP_COLUMNS = 1,
    CHUNK_META = 3,
    META_STATISTICS = 12,
    STATISTICS_MAX = 1, /* the old pair */
    STATISTICS_MIN = 2,
    STATISTICS_MAX_VALUE = 5,
    STATISTICS_MIN_VALUE = 6
};

struct search {
    struct reader reader;
    const struct footer *footer;
    footer_value *each;
    void *context;
    size_t column;
};

static bool is_value(int64_t field)
{
    return field == STATISTICS_MAX || field == STATISTICS_MIN || field == STATISTICS_MAX_VALUE ||
           field == STATISTICS_MIN_VALUE;
}

static void search_statistics(struct search *search)
{
    struct reader *reader = &search->reader;
    int64_t number = 0;
    enum compact type;
    while (next_field(reader, &number, &type)) {
        if (!is_value(number) || type != COMPACT_BINARY) {
            skip(reader, type, false);
            continue;
        }
        uint64_t size = get_varint(reader);
        const uint8_t *bytes = get_bytes(reader, size);
        if (bytes != NULL && size > 0)
            search->each(search->context, search->column,
                         search->footer->offset + (bytes - search->footer->bytes), (int64_t)size);
    }
}

/* Walks a struct and enters the one field that leads on. */
static void enter(struct search *search, int64_t wanted, enum compact wanted_type,
                  void (*inside)(struct search *search))
{
    struct reader *reader = &search->reader;
    int64_t number = 0;
    enum compact type;
    while (next_field(reader, &number, &type)) {
        if (number == wanted && type == wanted_type)
            inside(search);
        else
            skip(reader, type, false);
    }
}

static void search_meta(struct search *search)
{
    enter(search, META_STATISTICS, COMPACT_STRUCT, search_statistics);
}

static void search_columns(struct search *search)
{
    enum compact type;
    uint64_t count = get_list(&search->reader, &type);
    search->reader.bad |= type != COMPACT_STRUCT;
    for (uint64_t i = 0; i < count && !search->reader.bad; i++) {
        search->column = (size_t)i;
        enter(search, CHUNK_META, COMPACT_STRUCT, search_meta);
    }
}

static void search_groups(struct search *search)
{
    enum compact type;
    uint64_t count = get_list(&search->reader, &type);
    search->reader.bad |= count > 0 && type != COMPACT_STRUCT;
    for (uint64_t i = 0; i < count && !search->reader.bad; i++)
        enter(search, GROUP_COLUMNS, COMPACT_LIST, search_columns);
}

bool footer_values(const struct footer *footer, footer_value *each, void *context)
{
    assert(footer->bytes != NULL);
    struct search search = {
        {footer->bytes, footer->bytes + footer->size, 0, false}, footer, each, context, 0};
    enter(&search, FILE_ROW_GROUPS, COMPACT_LIST, search_groups);
    return !search.reader.bad;
}

bool footer_elements(const struct footer *footer, size_t *ret_count)
{
    assert(footer->bytes != NULL);
    struct reader reader = {footer->bytes, footer->bytes + footer->size, 0, false};
    int64_t number = 0;
    enum compact type;
    size_t elements = 0;
    while (next_field(&reader, &number, &type)) {
        const uint8_t *start = reader.at;
        enum compact inner;
        if (number == FILE_SCHEMA && type == COMPACT_LIST) {
            elements += get_list(&reader, &inner);
            reader.at = start;
        }
        skip(&reader, type, false);
    }
    *ret_count = elements;
    return !reader.bad;
}
