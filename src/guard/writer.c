#include "guard/writer.h"

#include <stdarg.h>
#include <string.h>

static void put_bytes(struct writer *writer, const char *bytes, size_t size)
{
    if (writer->size + size + 1 > writer->room) {
        size_t room = 2 * (writer->size + size + 512);
        char *text = arena_alloc(writer->arena, room);
        if (writer->size > 0)
            memcpy(text, writer->text, writer->size);
        writer->text = text;
        writer->room = room;
    }
    memcpy(writer->text + writer->size, bytes, size);
    writer->size += size;
    writer->text[writer->size] = '\0';
}

void put(struct writer *writer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(writer->arena, format, args);
    va_end(args);
    put_bytes(writer, text, strlen(text));
}

static void put_quoted(struct writer *writer, const char *text, char quote)
{
    put_bytes(writer, &quote, 1);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == quote)
            put_bytes(writer, &quote, 1);
        put_bytes(writer, at, 1);
    }
    put_bytes(writer, &quote, 1);
}

void put_name(struct writer *writer, const char *name)
{
    put_quoted(writer, name, '"');
}

void put_literal(struct writer *writer, const char *text)
{
    put_quoted(writer, text, '\'');
}
