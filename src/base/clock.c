#include "base/clock.h"

#include "base/calendar.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum clock_kind { CLOCK_KIND_SYSTEM, CLOCK_KIND_MANUAL, CLOCK_KIND_SHARED };

struct clock {
    enum clock_kind kind;
    _Atomic int64_t own;     /* a manual clock's time */
    _Atomic int64_t *offset; /* a shared clock's, mapped */
};

static instant read_clock(clockid_t which)
{
    struct timespec now;
    int failed = clock_gettime(which, &now);
    assert(failed == 0);
    (void)failed;
    return (instant)now.tv_sec * INSTANT_SECOND + now.tv_nsec / 1000;
}

static struct clock *clock_new(enum clock_kind kind)
{
    struct clock *clock = calloc(1, sizeof *clock);
    if (clock == NULL)
        abort();
    clock->kind = kind;
    return clock;
}

struct clock *clock_system(void)
{
    return clock_new(CLOCK_KIND_SYSTEM);
}

struct clock *clock_manual(instant start)
{
    struct clock *clock = clock_new(CLOCK_KIND_MANUAL);
    atomic_store(&clock->own, start);
    return clock;
}

/* Makes the file 8 bytes long where it is shorter; new bytes are 0, so a race of two creators does no harm.
 */
static enum result reserve(int file)
{
    struct stat info;
    if (fstat(file, &info) != 0)
        return RESULT_IO;
    if (info.st_size < (off_t)sizeof(int64_t) && ftruncate(file, sizeof(int64_t)) != 0)
        return RESULT_IO;
    return RESULT_OK;
}

enum result clock_shared(const char *path, struct clock **ret_clock)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return RESULT_IO;
    void *map = MAP_FAILED;
    enum result result = reserve(file);
    if (result == RESULT_OK)
        map = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    if (map == MAP_FAILED)
        return RESULT_IO;
    struct clock *clock = clock_new(CLOCK_KIND_SHARED);
    clock->offset = map;
    *ret_clock = clock;
    return RESULT_OK;
}

void clock_free(struct clock *clock)
{
    if (clock == NULL)
        return;
    if (clock->offset != NULL)
        (void)munmap(clock->offset, sizeof(int64_t));
    free(clock);
}

instant clock_now(const struct clock *clock)
{
    switch (clock->kind) {
    case CLOCK_KIND_MANUAL:
        return atomic_load(&clock->own);
    case CLOCK_KIND_SHARED:
        return read_clock(CLOCK_REALTIME) + atomic_load(clock->offset);
    case CLOCK_KIND_SYSTEM:
        break;
    }
    return read_clock(CLOCK_REALTIME);
}

void clock_advance(struct clock *clock, instant by)
{
    assert(clock->kind != CLOCK_KIND_SYSTEM);
    (void)atomic_fetch_add(clock->kind == CLOCK_KIND_SHARED ? clock->offset : &clock->own, by);
}

instant clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

#define FIRST_INSTANT ((instant)-2208988800 * INSTANT_SECOND)     /* 1900-01-01T00:00:00Z */
#define LAST_INSTANT ((instant)253402300800 * INSTANT_SECOND - 1) /* the last of 9999 */

void instant_print(instant at, char *ret_text)
{
    at = at < FIRST_INSTANT ? FIRST_INSTANT : at > LAST_INSTANT ? LAST_INSTANT : at;
    instant day_number = at / INSTANT_DAY - (at % INSTANT_DAY < 0);
    instant rest = at - day_number * INSTANT_DAY;
    char text[64]; /* wide enough for any ints, so that the compiler need not wonder */
    day_print((day)day_number, text);
    (void)snprintf(text + DAY_TEXT_SIZE - 1, sizeof text - DAY_TEXT_SIZE, "T%02d:%02d:%02d.%06dZ",
                   (int)(rest / INSTANT_HOUR), (int)(rest / INSTANT_MINUTE % 60),
                   (int)(rest / INSTANT_SECOND % 60), (int)(rest % INSTANT_SECOND));
    memcpy(ret_text, text, INSTANT_TEXT_SIZE);
}

/* Reads exactly `count` digits. */
static bool read_digits(const char **at, int count, int *ret_number)
{
    int number = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        number = number * 10 + (**at - '0');
    }
    *ret_number = number;
    return true;
}

/* ".5" to ".999999", where there is one; digits after the sixth would be lost and are refused. */
static bool read_fraction(const char **at, int *ret_microseconds)
{
    *ret_microseconds = 0;
    if (**at != '.')
        return true;
    (*at)++;
    int scale = 100000;
    const char *first = *at;
    for (; **at >= '0' && **at <= '9' && scale > 0; (*at)++, scale /= 10)
        *ret_microseconds += (**at - '0') * scale;
    return *at > first;
}

/* "Z" or "+08:00", to the end of the text. */
static bool read_zone(const char *at, instant *ret_offset)
{
    *ret_offset = 0;
    if (strcmp(at, "Z") == 0)
        return true;
    if (*at != '+' && *at != '-')
        return false;
    instant sign = *at++ == '+' ? 1 : -1;
    int hours;
    int minutes;
    if (!read_digits(&at, 2, &hours) || *at++ != ':' || !read_digits(&at, 2, &minutes) || *at != '\0')
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *ret_offset = sign * (hours * INSTANT_HOUR + minutes * INSTANT_MINUTE);
    return true;
}

static bool read_time(const char **at, instant *ret_time)
{
    int hour;
    int minute;
    int second;
    int microseconds;
    if (!read_digits(at, 2, &hour) || *(*at)++ != ':' || !read_digits(at, 2, &minute) || *(*at)++ != ':' ||
        !read_digits(at, 2, &second) || !read_fraction(at, &microseconds))
        return false;
    *ret_time = hour * INSTANT_HOUR + minute * INSTANT_MINUTE + second * INSTANT_SECOND + microseconds;
    return hour < 24 && minute < 60 && second < 60;
}

enum result instant_parse(const char *text, instant *ret_at)
{
    char date_text[DAY_TEXT_SIZE] = {0};
    if (text == NULL || strnlen(text, DAY_TEXT_SIZE) < DAY_TEXT_SIZE || text[DAY_TEXT_SIZE - 1] != 'T')
        return RESULT_INVALID;
    memcpy(date_text, text, DAY_TEXT_SIZE - 1);
    day date;
    TRY(day_parse(date_text, &date));
    const char *at = text + DAY_TEXT_SIZE;
    instant time;
    instant zone;
    if (!read_time(&at, &time) || !read_zone(at, &zone))
        return RESULT_INVALID;
    instant parsed = (instant)date * INSTANT_DAY + time - zone;
    if (parsed < FIRST_INSTANT || parsed > LAST_INSTANT)
        return RESULT_INVALID;
    *ret_at = parsed;
    return RESULT_OK;
}
