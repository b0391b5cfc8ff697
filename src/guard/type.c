#include "guard/type.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    struct type type;
} type_names[] = {
    {"BOOLEAN", {TYPE_BOOLEAN}},
    {"TINYINT", {TYPE_INTEGER, 3}},
    {"SMALLINT", {TYPE_INTEGER, 5}},
    {"INTEGER", {TYPE_INTEGER, 10}},
    {"BIGINT", {TYPE_INTEGER, TYPE_WIDTH_BIGINT}},
    {"UTINYINT", {TYPE_INTEGER, 3}},
    {"USMALLINT", {TYPE_INTEGER, 5}},
    {"UINTEGER", {TYPE_INTEGER, 10}},
    {"FLOAT", {TYPE_REAL}},
    {"DOUBLE", {TYPE_REAL}},
    {"VARCHAR", {TYPE_TEXT}},
    {"TEXT", {TYPE_TEXT}},
    {"DATE", {TYPE_DATE}},
    {"TIMESTAMP", {TYPE_TIMESTAMP}},
    /* Known, and only to be counted: sums of these could leave every exact type. */
    {"UBIGINT", {TYPE_OPAQUE}},
    {"HUGEINT", {TYPE_OPAQUE}},
    {"UHUGEINT", {TYPE_OPAQUE}},
    {"TIME", {TYPE_OPAQUE}},
    {"INTERVAL", {TYPE_OPAQUE}},
    {"UUID", {TYPE_OPAQUE}},
    {"BLOB", {TYPE_OPAQUE}},
    {"TIMESTAMP WITH TIME ZONE", {TYPE_OPAQUE}},
};

/* Up to two digits at *at, which moves on; -1 when there are none. */
static int read_digits(const char **at)
{
    int value = 0;
    int digits = 0;
    for (; digits < 2 && **at >= '0' && **at <= '9'; digits++, (*at)++)
        value = value * 10 + (**at - '0');
    return digits > 0 ? value : -1;
}

static bool decimal_parse(const char *name, struct type *ret_type)
{
    if (strncasecmp(name, "DECIMAL(", 8) != 0)
        return false;
    const char *at = name + 8;
    int width = read_digits(&at);
    if (*at++ != ',')
        return false;
    int scale = read_digits(&at);
    if (strcmp(at, ")") != 0 || width < 1 || width > TYPE_WIDTH_MAX || scale < 0 || scale > width)
        return false;
    *ret_type = (struct type){TYPE_DECIMAL, width, scale};
    return true;
}

bool type_parse(const char *name, struct type *ret_type)
{
    for (size_t i = 0; i < sizeof type_names / sizeof type_names[0]; i++)
        if (strcasecmp(name, type_names[i].name) == 0) {
            *ret_type = type_names[i].type;
            return true;
        }
    return decimal_parse(name, ret_type);
}

const char *type_name(struct type type)
{
    switch (type.kind) {
    case TYPE_NULL:
        return "NULL";
    case TYPE_BOOLEAN:
        return "BOOLEAN";
    case TYPE_INTEGER:
        return "INTEGER";
    case TYPE_DECIMAL:
        return "DECIMAL";
    case TYPE_REAL:
        return "DOUBLE";
    case TYPE_TEXT:
        return "TEXT";
    case TYPE_DATE:
        return "DATE";
    case TYPE_TIMESTAMP:
        return "TIMESTAMP";
    case TYPE_OPAQUE:
        break;
    }
    return "OTHER";
}

bool type_is_number(struct type type)
{
    return type.kind == TYPE_INTEGER || type.kind == TYPE_DECIMAL || type.kind == TYPE_REAL;
}

bool type_is_moment(struct type type)
{
    return type.kind == TYPE_DATE || type.kind == TYPE_TIMESTAMP;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static struct type unify_exact(struct type a, struct type b)
{
    int scale = larger(a.scale, b.scale);
    int width = larger(a.width - a.scale, b.width - b.scale) + scale;
    if (width > TYPE_WIDTH_MAX)
        return (struct type){TYPE_REAL};
    return (struct type){TYPE_DECIMAL, width, scale};
}

bool type_unify(struct type a, struct type b, struct type *ret_type)
{
    if (a.kind == TYPE_NULL || b.kind == TYPE_NULL) {
        *ret_type = a.kind == TYPE_NULL ? b : a;
        return true;
    }
    if (type_is_number(a) && type_is_number(b)) {
        if (a.kind == TYPE_REAL || b.kind == TYPE_REAL)
            *ret_type = (struct type){TYPE_REAL};
        else if (a.kind == TYPE_INTEGER && b.kind == TYPE_INTEGER)
            *ret_type = (struct type){TYPE_INTEGER, larger(a.width, b.width)};
        else
            *ret_type = unify_exact(a, b);
        return true;
    }
    if (type_is_moment(a) && type_is_moment(b)) {
        *ret_type = (struct type){a.kind == b.kind ? a.kind : TYPE_TIMESTAMP};
        return true;
    }
    if (a.kind != b.kind || a.kind == TYPE_OPAQUE)
        return false;
    *ret_type = a;
    return true;
}
