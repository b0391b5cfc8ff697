#include "base/calendar.h"

#include "base/json.h"
#include "base/limits.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_YEAR = 1900, LAST_YEAR = 9999, YEARS = LAST_YEAR - FIRST_YEAR + 1 };

/* What the State Council has said of a day; ORDINARY leaves it to the day of the week. */
enum kind { KIND_ORDINARY, KIND_HOLIDAY, KIND_WORKDAY };

struct year {
    uint8_t kinds[366]; /* enum kind by day of the year, from 0 */
};

struct calendar {
    struct year *years[YEARS]; /* NULL for a year the data does not know */
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lengths[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0001-01-01 to the first of January of `year`. */
static int days_before_year(int year)
{
    int past = year - 1;
    return 365 * past + past / 4 - past / 100 + past / 400;
}

enum { EPOCH = 719162 }; /* days_before_year(1970) */

static day clamp(int64_t number)
{
    int64_t first = days_before_year(FIRST_YEAR) - EPOCH;
    int64_t last = days_before_year(LAST_YEAR + 1) - EPOCH - 1;
    return (day)(number < first ? first : number > last ? last : number);
}

day day_from_civil(int year, int month, int day_of_month)
{
    assert(year >= FIRST_YEAR && year <= LAST_YEAR && month >= 1 && month <= 12);
    assert(day_of_month >= 1 && day_of_month <= days_in_month(year, month));
    int days = days_before_year(year) - EPOCH + day_of_month - 1;
    for (int m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days;
}

void day_to_civil(day date, int *ret_year, int *ret_month, int *ret_day_of_month)
{
    int since = clamp(date) + EPOCH;
    int year = since / 366 + 1; /* never too late; at most some years too early */
    while (days_before_year(year + 1) <= since)
        year++;
    int left = since - days_before_year(year);
    int month = 1;
    while (left >= days_in_month(year, month))
        left -= days_in_month(year, month++);
    *ret_year = year;
    *ret_month = month;
    *ret_day_of_month = left + 1;
}

static int number_at(const char *text, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

enum result day_parse(const char *text, day *ret_day)
{
    if (text == NULL || strnlen(text, DAY_TEXT_SIZE) != DAY_TEXT_SIZE - 1 || text[4] != '-' || text[7] != '-')
        return RESULT_INVALID;
    int year = number_at(text, 4);
    int month = number_at(text + 5, 2);
    int day_of_month = number_at(text + 8, 2);
    if (year < FIRST_YEAR || month < 1 || month > 12 || day_of_month < 1 ||
        day_of_month > days_in_month(year, month))
        return RESULT_INVALID;
    *ret_day = day_from_civil(year, month, day_of_month);
    return RESULT_OK;
}

void day_print(day date, char *ret_text)
{
    int year;
    int month;
    int day_of_month;
    day_to_civil(date, &year, &month, &day_of_month);
    char text[40]; /* wide enough for any three ints, so that the compiler need not wonder */
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day_of_month);
    memcpy(ret_text, text, DAY_TEXT_SIZE);
}

day day_add_months(day from, int months)
{
    int year;
    int month;
    int day_of_month;
    day_to_civil(from, &year, &month, &day_of_month);
    int64_t count = (int64_t)year * 12 + month - 1 + months;
    if (count < (int64_t)FIRST_YEAR * 12)
        return clamp(INT32_MIN);
    if (count >= (int64_t)(LAST_YEAR + 1) * 12)
        return clamp(INT32_MAX);
    year = (int)(count / 12);
    month = (int)(count % 12) + 1;
    int last = days_in_month(year, month);
    return day_from_civil(year, month, day_of_month < last ? day_of_month : last);
}

#define CHINA_AHEAD (8 * INSTANT_HOUR)

day day_of_instant(instant at)
{
    instant days = at / INSTANT_DAY;
    instant rest = at % INSTANT_DAY + CHINA_AHEAD; /* apart, so that no instant overflows */
    if (rest < 0)
        days--;
    else if (rest >= INSTANT_DAY)
        days++;
    return clamp(days);
}

instant day_begin(day date)
{
    return (instant)date * INSTANT_DAY - CHINA_AHEAD;
}

struct calendar *calendar_plain(void)
{
    struct calendar *calendar = calloc(1, sizeof *calendar);
    if (calendar == NULL)
        abort();
    return calendar;
}

void calendar_free(struct calendar *calendar)
{
    if (calendar == NULL)
        return;
    for (int i = 0; i < YEARS; i++)
        free(calendar->years[i]);
    free(calendar);
}

/* Enters every date of the object `dates`; one that is no date, or stands there as the other kind, is
 * refused. */
static enum result enter(struct calendar *calendar, json_t *dates, enum kind kind)
{
    if (!json_is_object(dates))
        return RESULT_INVALID;
    const char *text;
    json_t *about;
    json_object_foreach (dates, text, about) {
        day date;
        int year;
        int ignored;
        TRY(day_parse(text, &date));
        day_to_civil(date, &year, &ignored, &ignored);
        struct year **known = &calendar->years[year - FIRST_YEAR];
        if (*known == NULL && (*known = calloc(1, sizeof **known)) == NULL)
            return RESULT_MEMORY;
        uint8_t *entry = &(*known)->kinds[date - day_from_civil(year, 1, 1)];
        if (*entry != KIND_ORDINARY)
            return RESULT_INVALID;
        *entry = (uint8_t)kind;
    }
    return RESULT_OK;
}

static enum result read_whole(struct arena *arena, const char *path, char **ret_bytes, size_t *ret_size)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    char *bytes = arena_alloc(arena, LIMIT_CALENDAR_BYTES + 1);
    size_t size = fread(bytes, 1, LIMIT_CALENDAR_BYTES + 1, file);
    enum result result = ferror(file)                  ? RESULT_IO
                         : size > LIMIT_CALENDAR_BYTES ? RESULT_TOO_LARGE
                                                       : RESULT_OK;
    (void)fclose(file);
    if (result != RESULT_OK)
        return result;
    *ret_bytes = bytes;
    *ret_size = size;
    return RESULT_OK;
}

static enum result fill(struct calendar *calendar, const char *path)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *json = NULL;
    char *bytes;
    size_t size;
    TRY(read_whole(arena, path, &bytes, &size));
    TRY(json_read(arena, bytes, size, &json, NULL));
    TRY(enter(calendar, json_object_get(json, "holidays"), KIND_HOLIDAY));
    return enter(calendar, json_object_get(json, "workdays"), KIND_WORKDAY);
}

enum result calendar_open(const char *path, struct calendar **ret_calendar)
{
    struct calendar *calendar = calendar_plain();
    enum result result = fill(calendar, path);
    if (result != RESULT_OK)
        calendar_free(calendar);
    else
        *ret_calendar = calendar;
    return result;
}

bool calendar_knows(const struct calendar *calendar, int year)
{
    return year >= FIRST_YEAR && year <= LAST_YEAR && calendar->years[year - FIRST_YEAR] != NULL;
}

/* 1970-01-01 was a Thursday. */
static bool is_weekend(day date)
{
    int from_monday = ((date + 3) % 7 + 7) % 7;
    return from_monday >= 5;
}

bool calendar_is_working_day(const struct calendar *calendar, day date)
{
    date = clamp(date);
    int year;
    int ignored;
    day_to_civil(date, &year, &ignored, &ignored);
    const struct year *known = calendar->years[year - FIRST_YEAR];
    int kind = known != NULL ? known->kinds[date - day_from_civil(year, 1, 1)] : KIND_ORDINARY;
    return kind == KIND_WORKDAY || (kind == KIND_ORDINARY && !is_weekend(date));
}

day calendar_add_working_days(const struct calendar *calendar, day from, int count)
{
    assert(count >= 0);
    while (count > 0 && from < clamp(INT32_MAX))
        if (calendar_is_working_day(calendar, ++from))
            count--;
    return from;
}
