#include "peers/generate/rows.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

int draw_weighted(struct draw *draw, const uint16_t *weights, int count)
{
    uint32_t total = 0;
    for (int i = 0; i < count; i++)
        total += weights[i];
    assert(total > 0);
    uint32_t at = draw_below(draw, total);
    int i = 0;
    for (; at >= weights[i]; i++)
        at -= weights[i];
    return i;
}

void out_text(struct out *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out->bytes + out->used, text, length);
    out->used += length;
}

void out_number(struct out *out, uint64_t number, int digits)
{
    char text[20];
    int at = (int)sizeof text;
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while ((int)sizeof text - at < digits)
        text[--at] = '0';
    memcpy(out->bytes + out->used, text + at, sizeof text - (size_t)at);
    out->used += sizeof text - (size_t)at;
}

static void put_digits(char *at, int number, int digits)
{
    while (digits-- > 0) {
        at[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

void out_date(struct out *out, day date)
{
    int year;
    int month;
    int day_of_month;
    day_to_civil(date, &year, &month, &day_of_month);
    char *at = out->bytes + out->used;
    put_digits(at, year, 4);
    at[4] = '-';
    put_digits(at + 5, month, 2);
    at[7] = '-';
    put_digits(at + 8, day_of_month, 2);
    out->used += 10;
}

void out_month(struct out *out, int month)
{
    char *at = out->bytes + out->used;
    put_digits(at, month / 12, 4);
    at[4] = '-';
    put_digits(at + 5, month % 12 + 1, 2);
    out->used += 7;
}

void out_comma(struct out *out)
{
    out->bytes[out->used++] = ',';
}

enum result out_row_end(struct out *out)
{
    out->bytes[out->used++] = '\n';
    return out->used >= OUT_BYTES ? out_flush(out) : RESULT_OK;
}

enum result out_flush(struct out *out)
{
    for (size_t at = 0; at < out->used;) {
        ssize_t wrote = write(out->fd, out->bytes + at, out->used - at);
        if (wrote < 0 && errno != EINTR)
            return RESULT_IO;
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    out->used = 0;
    return RESULT_OK;
}
