#include "keeper/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(struct wire_out *out, const char *text)
{
    if (text[0] != '\0' && strpbrk(text, ",\"\r\n") == NULL) {
        wire_put(out, text, strlen(text));
        return;
    }
    wire_put(out, "\"", 1);
    for (const char *at = text; *at != '\0'; at++)
        wire_put(out, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
    wire_put(out, "\"", 1);
}

static void put_real(struct wire_out *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    wire_put(out, text, strlen(text));
}

static void put_value(struct wire_out *out, const json_t *value)
{
    char number[24];
    switch (json_typeof(value)) {
    case JSON_STRING:
        put_text(out, json_string_value(value));
        break;
    case JSON_INTEGER:
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        wire_put(out, number, strlen(number));
        break;
    case JSON_REAL:
        put_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        put_text(out, json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
}

static void put_end(struct wire_out *out, size_t index, size_t count)
{
    wire_put(out, index + 1 < count ? "," : "\n", 1);
}

void csv_write(const json_t *table, struct wire_out *out)
{
    const json_t *columns = json_object_get(table, "columns");
    const json_t *rows = json_object_get(table, "rows");
    size_t count = json_array_size(columns);
    for (size_t i = 0; i < count; i++) {
        put_text(out, json_text(json_array_get(columns, i), "name"));
        put_end(out, i, count);
    }
    for (size_t row = 0; row < json_array_size(rows); row++)
        for (size_t i = 0; i < count; i++) {
            put_value(out, json_array_get(json_array_get(rows, row), i));
            put_end(out, i, count);
        }
}
