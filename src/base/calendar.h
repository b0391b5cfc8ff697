/* Dates and China's working days (days with make-up work counted in, public holidays out).
 *
 * The calendar is data: a JSON file in the form of npm `chinese-days` ({"holidays": {"YYYY-MM-DD": …},
 * "workdays": {…}}), which an administrator replaces when the State Council announces a new year. For years
 * it does not know, Monday to Friday count, and calendar_knows() says so. */
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>

/* Days since 1970-01-01 in China's time zone (UTC+8, no summer time). */
typedef int32_t day;

#define DAY_TEXT_SIZE 11

struct calendar;

/* RESULT_NOT_FOUND, IO, TOO_LARGE (LIMIT_CALENDAR_BYTES), MALFORMED (no JSON), INVALID (not in that form, a
 * date that does not exist, or one that is both). */
enum result calendar_open(const char *path, struct calendar **ret_calendar);
/* Monday to Friday only. */
struct calendar *calendar_plain(void);
void calendar_free(struct calendar *calendar);

bool calendar_knows(const struct calendar *calendar, int year);
bool calendar_is_working_day(const struct calendar *calendar, day date);

/* The working day `count` working days after `from`; count ≥ 0; 0 gives `from` itself. */
day calendar_add_working_days(const struct calendar *calendar, day from, int count);

/* "YYYY-MM-DD", strictly; refuses 2026-02-30. Years 1900 to 9999. */
enum result day_parse(const char *text, day *ret_day);
void day_print(day date, char *ret_text);
day day_from_civil(int year, int month, int day_of_month);
void day_to_civil(day date, int *ret_year, int *ret_month, int *ret_day_of_month);

/* Additions stop at 1900-01-01 and 9999-12-31, so that no date given by a user can lead out of the range. */

/* Same day of the month, or the month's last where that does not exist (2028-02-29 + 12 months = 2029-02-28).
 */
day day_add_months(day date, int months);

/* The day in China on which `at` falls, and the instant at which that day begins there. */
day day_of_instant(instant at);
instant day_begin(day date);
