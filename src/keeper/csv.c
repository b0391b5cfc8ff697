#include "keeper/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits with sign, point and exponent: what a spreadsheet takes for a number. */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, "0123456789");
    at += whole;
    size_t part = *at == '.' ? strspn(at + 1, "0123456789") + 1 : 0;
    at += part;
    if (whole == 0 && part < 2)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        if (strspn(at, "0123456789") == 0)
            return false;
        at += strspn(at, "0123456789");
    }
    return *at == '\0';
}

/* Text that a spreadsheet would compute instead of show, also behind apostrophes, so that taking one away
 * gives back what was there. */
static bool is_formula(const char *text)
{
    static const char *const wide[] = {"＝", "＋", "－", "＠"};
    if (is_number(text))
        return false;
    text += strspn(text, "'");
    if (*text != '\0' && strchr("=+-@\t\r\n", *text) != NULL)
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (strncmp(text, wide[i], strlen(wide[i])) == 0)
            return true;
    return false;
}

static void put_text(struct wire_out *out, const char *text)
{
    bool formula = is_formula(text);
    if (text[0] != '\0' && !formula && strpbrk(text, ",\"\r\n") == NULL) {
        wire_put(out, text, strlen(text));
        return;
    }
    wire_put(out, formula ? "\"'" : "\"", formula ? 2 : 1);
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
