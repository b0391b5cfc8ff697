#include "engine/answer.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

enum { NAME_BYTES = 1024 };

struct reader {
    struct arena *arena;
    struct wire_in *in;
    struct engine_column *columns;
    size_t column_count;
};

bool answer_type_is_text(enum engine_type type)
{
    return type == ENGINE_TEXT || type == ENGINE_DECIMAL;
}

static enum result read_columns(struct reader *reader)
{
    uint32_t count = wire_get_u32(reader->in);
    if (reader->in->bad || count == 0 || count > LIMIT_TABLE_COLUMNS)
        return RESULT_CORRUPT;
    reader->column_count = count;
    reader->columns = arena_new_array(reader->arena, struct engine_column, count);
    for (size_t i = 0; i < count; i++) {
        uint32_t type = wire_get_u32(reader->in);
        const char *name = wire_get_text(reader->in);
        if (name == NULL || type >= ENGINE_TYPE_COUNT || strlen(name) > NAME_BYTES ||
            !text_is_utf8(name, strlen(name), NULL))
            return RESULT_CORRUPT;
        if (arena_room(reader->arena) < NAME_BYTES * 2)
            return RESULT_TOO_LARGE;
        reader->columns[i].type = (enum engine_type)type;
        reader->columns[i].name = arena_strdup(reader->arena, name);
    }
    return RESULT_OK;
}

static bool skip_column(struct wire_in *in, enum engine_type type, uint32_t rows, size_t *text_bytes)
{
    (void)wire_get(in, rows);
    if (!answer_type_is_text(type))
        return wire_get(in, (size_t)rows * 8) != NULL;
    size_t bytes = 0;
    for (uint32_t i = 0; i < rows && !in->bad; i++)
        bytes += wire_get_u32(in);
    *text_bytes += bytes;
    return wire_get(in, bytes) != NULL || (bytes == 0 && !in->bad);
}

/* Walks over the blocks to learn how much memory they need. */
static enum result measure(struct reader *reader, size_t rows_max, size_t *ret_rows)
{
    struct wire_in in = *reader->in;
    size_t rows = 0;
    size_t bytes = 0;
    for (uint32_t block = wire_get_u32(&in); block > 0; block = wire_get_u32(&in)) {
        if (block > rows_max - rows)
            return RESULT_TOO_LARGE;
        for (size_t i = 0; i < reader->column_count; i++)
            if (!skip_column(&in, reader->columns[i].type, block, &bytes))
                return RESULT_CORRUPT;
        rows += block;
    }
    if (in.bad)
        return RESULT_CORRUPT;
    for (size_t i = 0; i < reader->column_count; i++)
        bytes +=
            rows * (answer_type_is_text(reader->columns[i].type) ? sizeof(struct engine_text) + 2 : 9) + 64;
    if (bytes > arena_room(reader->arena))
        return RESULT_TOO_LARGE;
    *ret_rows = rows;
    return RESULT_OK;
}

static bool read_texts(struct reader *reader, struct engine_text *texts, const uint8_t *nulls, uint32_t rows)
{
    const uint8_t *sizes = wire_get(reader->in, (size_t)rows * sizeof(uint32_t));
    size_t total = 0;
    for (uint32_t i = 0; i < rows && sizes != NULL; i++) {
        uint32_t size;
        memcpy(&size, sizes + i * sizeof size, sizeof size);
        texts[i].size = size;
        total += size;
    }
    const uint8_t *bytes = wire_get(reader->in, total);
    if (sizes == NULL || bytes == NULL)
        return false;
    char *copy = arena_alloc(reader->arena, total + rows);
    for (uint32_t i = 0; i < rows; i++) {
        memcpy(copy, bytes, texts[i].size);
        texts[i].bytes = copy;
        copy[texts[i].size] = '\0';
        if (nulls[i] == 0 && !text_is_utf8(copy, texts[i].size, NULL))
            return false;
        bytes += texts[i].size;
        copy += texts[i].size + 1;
    }
    return true;
}

static bool read_block(struct reader *reader, size_t at, uint32_t rows)
{
    for (size_t i = 0; i < reader->column_count; i++) {
        struct engine_column *column = &reader->columns[i];
        const uint8_t *nulls = wire_get(reader->in, rows);
        if (nulls == NULL)
            return false;
        for (uint32_t row = 0; row < rows; row++)
            if (nulls[row] > 1)
                return false;
        memcpy((uint8_t *)(uintptr_t)column->nulls + at, nulls, rows);
        if (answer_type_is_text(column->type)) {
            if (!read_texts(reader, (struct engine_text *)(uintptr_t)column->texts + at, nulls, rows))
                return false;
            continue;
        }
        const uint8_t *values = wire_get(reader->in, (size_t)rows * 8);
        if (values == NULL)
            return false;
        int64_t *integers = (int64_t *)(uintptr_t)column->integers + at;
        memcpy(integers, values, (size_t)rows * 8);
        for (uint32_t row = 0; column->type == ENGINE_BOOLEAN && row < rows; row++)
            if (nulls[row] == 0 && integers[row] != 0 && integers[row] != 1)
                return false;
    }
    return true;
}

enum result answer_decode(struct arena *arena, struct wire_in *in, size_t rows_max,
                          struct engine_answer *ret_answer)
{
    struct reader reader = {.arena = arena, .in = in};
    size_t rows;
    TRY(read_columns(&reader));
    TRY(measure(&reader, rows_max, &rows));
    for (size_t i = 0; i < reader.column_count; i++) {
        struct engine_column *column = &reader.columns[i];
        column->nulls = arena_alloc(arena, rows);
        if (answer_type_is_text(column->type))
            column->texts = arena_new_array(arena, struct engine_text, rows);
        else
            column->integers = arena_new_array(arena, int64_t, rows);
    }
    size_t at = 0;
    for (uint32_t block = wire_get_u32(in); block > 0; block = wire_get_u32(in)) {
        if (!read_block(&reader, at, block))
            return RESULT_CORRUPT;
        at += block;
    }
    *ret_answer = (struct engine_answer){rows, reader.column_count, reader.columns};
    return RESULT_OK;
}
