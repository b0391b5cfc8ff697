/* Values that are bound and rows that are read. */
#include "store/backend.h"

#include <string.h>

struct store_value store_null(void)
{
    return (struct store_value){.type = STORE_NULL};
}

struct store_value store_integer(int64_t value)
{
    return (struct store_value){.type = STORE_INTEGER, .integer = value};
}

struct store_value store_real(double value)
{
    return (struct store_value){.type = STORE_REAL, .real = value};
}

struct store_value store_text(const char *text)
{
    if (text == NULL)
        return store_null();
    return (struct store_value){.type = STORE_TEXT, .bytes = text, .size = strlen(text)};
}

struct store_value store_blob(const void *bytes, size_t size)
{
    return (struct store_value){.type = STORE_BLOB, .bytes = bytes, .size = size};
}

static const struct store_value *column_of(const struct store_row *row, const char *column)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->names[i], column) == 0)
            return &row->values[i];
    store_stop("the row has no column %s", column);
}

int64_t row_integer(const struct store_row *row, const char *column)
{
    const struct store_value *value = column_of(row, column);
    if (value->type != STORE_REAL)
        return value->integer;
    if (value->real >= 0x1p63)
        return INT64_MAX;
    return value->real <= -0x1p63 ? INT64_MIN : (int64_t)value->real;
}

double row_real(const struct store_row *row, const char *column)
{
    const struct store_value *value = column_of(row, column);
    return value->type == STORE_INTEGER ? (double)value->integer : value->real;
}

const char *row_text(const struct store_row *row, const char *column)
{
    const struct store_value *value = column_of(row, column);
    return value->type == STORE_TEXT ? value->bytes : NULL;
}

const void *row_blob(const struct store_row *row, const char *column, size_t *ret_size)
{
    const struct store_value *value = column_of(row, column);
    bool has_bytes = value->type == STORE_BLOB || value->type == STORE_TEXT;
    *ret_size = has_bytes ? value->size : 0;
    return has_bytes ? value->bytes : NULL;
}

bool row_is_null(const struct store_row *row, const char *column)
{
    return column_of(row, column)->type == STORE_NULL;
}
