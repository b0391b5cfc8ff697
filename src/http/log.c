#include "http/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

enum { LINE_BYTES = 1024 }; /* under PIPE_BUF, so that lines of several threads never mix */

enum result log_level_parse(const char *word, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
        if (strcmp(word, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return RESULT_OK;
        }
    return RESULT_INVALID;
}

bool log_wants(const struct app *app, enum log_level level)
{
    return level <= app->log_level;
}

struct buffer {
    char text[LINE_BYTES];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void add(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    size_t room = sizeof buffer->text - buffer->size;
    va_start(args, format);
    int size = vsnprintf(buffer->text + buffer->size, room, format, args);
    va_end(args);
    if (size > 0 && (size_t)size < room) /* a member that does not fit is left out, the line stays JSON */
        buffer->size += (size_t)size;
}

/* All texts are the program's own words: nothing in them needs escaping. */
static void add_text(struct buffer *buffer, const char *name, const char *text)
{
    if (text != NULL)
        add(buffer, ",\"%s\":\"%s\"", name, text);
}

void log_write(const struct app *app, const struct log_line *line)
{
    if (!log_wants(app, line->level))
        return;
    char at[INSTANT_TEXT_SIZE];
    struct buffer buffer = {.size = 0};
    instant_print(clock_now(app->clock), at);
    add(&buffer, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", at, level_names[line->level],
        line->event);
    add_text(&buffer, "method", line->method);
    add_text(&buffer, "route", line->route);
    if (line->status != 0)
        add(&buffer, ",\"status\":%d", line->status);
    if (line->microseconds > 0)
        add(&buffer, ",\"milliseconds\":%" PRId64 ".%03d", line->microseconds / 1000,
            (int)(line->microseconds % 1000));
    add_text(&buffer, "request", line->request);
    if (line->entry != NULL)
        add(&buffer, ",\"entry\":%" PRId64, *line->entry);
    add_text(&buffer, "result", line->result);
    buffer.text[buffer.size++] = '}'; /* add() leaves a byte free for a NUL */
    buffer.text[buffer.size < sizeof buffer.text ? buffer.size++ : buffer.size - 1] = '\n';
    (void)!write(STDERR_FILENO, buffer.text, buffer.size);
}
