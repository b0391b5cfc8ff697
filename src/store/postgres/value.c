/* Values in PostgreSQL's binary form: numbers big-endian, text and bytes as they are. */
#include "base/limits.h"
#include "base/text.h"
#include "store/postgres/postgres.h"
#include "store/search.h"

#include <stdio.h>
#include <string.h>

static void put_number(char *at, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (char)(number >> (8 * i));
}

static uint64_t get_number(const char *at, int bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | (uint8_t)at[i];
    return number;
}

static void put_small(struct pg_value *value, uint64_t number, int bytes)
{
    put_number(value->small, number, bytes);
    value->bytes = value->small;
    value->size = bytes;
    value->format = 1;
}

static enum result put_integer(struct pg_value *value, Oid type, int64_t integer)
{
    switch (type) {
    case PG_INT8:
    case PG_XID8:
        put_small(value, (uint64_t)integer, 8);
        return RESULT_OK;
    case PG_INT4:
        put_small(value, (uint64_t)integer, 4);
        return integer >= INT32_MIN && integer <= INT32_MAX ? RESULT_OK : RESULT_INVALID;
    case PG_INT2:
        put_small(value, (uint64_t)integer, 2);
        return integer >= INT16_MIN && integer <= INT16_MAX ? RESULT_OK : RESULT_INVALID;
    case PG_BOOL:
        put_small(value, integer != 0, 1);
        return RESULT_OK;
    case PG_FLOAT8: {
        double real = (double)integer;
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        put_small(value, bits, 8);
        return RESULT_OK;
    }
    case PG_TEXT:
    case PG_VARCHAR:
    case PG_NUMERIC:
        value->size = snprintf(value->small, sizeof value->small, "%lld", (long long)integer);
        value->bytes = value->small;
        value->format = 0;
        return RESULT_OK;
    default:
        return RESULT_INVALID;
    }
}

/* A whole number is an integer where integers are kept, as in SQLite. */
static enum result put_real(struct pg_value *value, Oid type, double real)
{
    if (type == PG_FLOAT8) {
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        put_small(value, bits, 8);
        return RESULT_OK;
    }
    static const double end = 9223372036854775808.0; /* of the integers */
    if (type != PG_TEXT && real >= -end && real < end && real == (double)(int64_t)real)
        return put_integer(value, type, (int64_t)real);
    return RESULT_INVALID;
}

static enum result put_text(struct arena *arena, struct pg_value *value, const struct pg_place *place,
                            const struct store_value *text)
{
    if (text->size > LIMIT_STORE_VALUE_BYTES)
        return RESULT_TOO_LARGE;
    if (!text_is_utf8(text->bytes, text->size, NULL))
        return RESULT_INVALID;
    value->bytes = text->bytes;
    value->size = (int)text->size;
    value->format = 1;
    if (place->form == PG_FOLDED) {
        value->bytes = search_folded(arena, text->bytes, text->size);
        value->size = (int)strlen(value->bytes);
    } else if (place->form != PG_AS_IT_IS) {
        value->bytes = place->form == PG_TOKENS ? search_tokens(arena, text->bytes, text->size)
                                                : search_patterns(arena, text->bytes);
        value->size = (int)strlen(value->bytes);
        value->format = 0;
        return place->type == PG_TEXT_LIST ? RESULT_OK : RESULT_INVALID;
    }
    return place->type == PG_TEXT || place->type == PG_VARCHAR || place->type == PG_BYTEA ? RESULT_OK
                                                                                          : RESULT_INVALID;
}

static enum result put_blob(struct pg_value *value, Oid type, const struct store_value *blob)
{
    if (blob->size > LIMIT_STORE_VALUE_BYTES)
        return RESULT_TOO_LARGE;
    value->bytes = blob->size > 0 ? blob->bytes : "";
    value->size = (int)blob->size;
    value->format = 1;
    return type == PG_BYTEA ? RESULT_OK : RESULT_INVALID;
}

enum result pg_value_put(struct arena *arena, const struct store_value *value, const struct pg_place *place,
                         struct pg_value *ret_value)
{
    *ret_value = (struct pg_value){.format = 1};
    if (value->type == STORE_NULL)
        return RESULT_OK;
    if (place->null_test) {
        put_small(ret_value, 1, 8);
        return RESULT_OK;
    }
    switch (value->type) {
    case STORE_INTEGER:
        return put_integer(ret_value, place->type, value->integer);
    case STORE_REAL:
        return put_real(ret_value, place->type, value->real);
    case STORE_TEXT:
        return put_text(arena, ret_value, place, value);
    case STORE_BLOB:
        return put_blob(ret_value, place->type, value);
    case STORE_NULL:
        break;
    }
    store_stop("a value of type %d", (int)value->type);
}

bool pg_type_is_storable(Oid type)
{
    return type == PG_INT8 || type == PG_FLOAT8 || type == PG_TEXT || type == PG_BYTEA;
}

/* Digits of four places each: a sum of integers, or a mean of them. */
static enum result get_numeric(const char *bytes, int size, struct store_value *ret_value)
{
    enum { NEGATIVE = 0x4000, SPECIAL = 0xc000 };
    if (size < 8)
        return RESULT_CORRUPT;
    int count = (int)get_number(bytes, 2);
    int weight = (int16_t)get_number(bytes + 2, 2);
    unsigned sign = (unsigned)get_number(bytes + 4, 2);
    if ((sign & SPECIAL) == SPECIAL || size < 8 + 2 * count)
        return RESULT_INVALID;
    bool whole = true;
    bool fits = true;
    int64_t integer = 0;
    double real = 0;
    double place = 1;
    for (int i = 0; i < count || i <= weight; i++) {
        int digits = i < count ? (int)get_number(bytes + 8 + 2 * i, 2) : 0;
        if (i <= weight) {
            fits = fits && !__builtin_mul_overflow(integer, 10000, &integer) &&
                   !__builtin_sub_overflow(integer, digits, &integer); /* negative: the longer side */
            real = real * 10000 + digits;
        } else {
            place /= 10000;
            real += digits * place;
            whole = whole && digits == 0;
        }
    }
    if (sign != NEGATIVE)
        fits = fits && !__builtin_sub_overflow(0, integer, &integer);
    if (whole && !fits)
        return RESULT_INVALID;
    *ret_value = whole ? store_integer(integer) : store_real(sign == NEGATIVE ? -real : real);
    return RESULT_OK;
}

enum result pg_value_get(Oid type, const char *bytes, int size, struct store_value *ret_value)
{
    switch (type) {
    case PG_INT8:
    case PG_XID8:
        *ret_value = store_integer((int64_t)get_number(bytes, 8));
        return RESULT_OK;
    case PG_INT4:
        *ret_value = store_integer((int32_t)get_number(bytes, 4));
        return RESULT_OK;
    case PG_OID:
        *ret_value = store_integer((int64_t)get_number(bytes, 4));
        return RESULT_OK;
    case PG_INT2:
        *ret_value = store_integer((int16_t)get_number(bytes, 2));
        return RESULT_OK;
    case PG_BOOL:
        *ret_value = store_integer(bytes[0] != 0);
        return RESULT_OK;
    case PG_FLOAT8: {
        uint64_t bits = get_number(bytes, 8);
        double real;
        memcpy(&real, &bits, sizeof real);
        *ret_value = store_real(real);
        return RESULT_OK;
    }
    case PG_NUMERIC:
        return get_numeric(bytes, size, ret_value);
    case PG_BYTEA:
        *ret_value = store_blob(bytes, (size_t)size);
        return RESULT_OK;
    case PG_TEXT:
    case PG_VARCHAR:
    case PG_NAME:
        *ret_value = (struct store_value){.type = STORE_TEXT, .bytes = bytes, .size = (size_t)size};
        return RESULT_OK;
    default:
        return RESULT_INVALID;
    }
}
