#include "base/calendar.h"
#include "base/limits.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static day date_of(const char *text)
{
    day date = 0;
    assert_ok(day_parse(text, &date));
    return date;
}

static void assert_date(day date, const char *expected)
{
    char text[DAY_TEXT_SIZE];
    day_print(date, text);
    assert_string_equal(text, expected);
}

static const char *written(const char *content)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/days.json", test_folder());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static enum result opening(const char *content)
{
    struct calendar *calendar = NULL;
    enum result result = calendar_open(written(content), &calendar);
    assert_true((result == RESULT_OK) == (calendar != NULL));
    calendar_free(calendar);
    return result;
}

/* The calendar from npm, NULL (after a line that says so) where npm has not been run. */
static struct calendar *real_calendar(void)
{
    char path[512];
    const char *source = getenv("DUKOU_SOURCE");
    (void)snprintf(path, sizeof path, "%s/node_modules/chinese-days/dist/chinese-days.json",
                   source != NULL ? source : ".");
    if (access(path, R_OK) != 0) {
        print_message("skipped: no node_modules/chinese-days below DUKOU_SOURCE; run npm ci\n");
        return NULL;
    }
    struct calendar *calendar = NULL;
    assert_ok(calendar_open(path, &calendar));
    return calendar;
}

TEST(days_are_those_of_the_c_library_for_two_centuries)
{
    day last = date_of("2100-12-31");
    for (day date = date_of("1900-01-01"); date <= last; date++) {
        time_t at = (time_t)date * 86400;
        struct tm civil;
        assert_non_null(gmtime_r(&at, &civil));
        int year;
        int month;
        int day_of_month;
        day_to_civil(date, &year, &month, &day_of_month);
        assert_int_equal(year, civil.tm_year + 1900);
        assert_int_equal(month, civil.tm_mon + 1);
        assert_int_equal(day_of_month, civil.tm_mday);
        assert_int_equal(day_from_civil(year, month, day_of_month), date);
    }
}

TEST(printed_days_are_read_back_to_the_end_of_time)
{
    for (day date = date_of("1900-01-01"); date < date_of("9999-12-31"); date += 97) {
        char text[DAY_TEXT_SIZE];
        day_print(date, text);
        assert_int_equal(date_of(text), date);
    }
    assert_date(date_of("9999-12-31"), "9999-12-31");
}

TEST(a_leap_day_exists_in_leap_years_only)
{
    day date = 7;
    assert_ok(day_parse("2024-02-29", &date));
    assert_ok(day_parse("2000-02-29", &date));
    date = 7;
    assert_int_equal(day_parse("2026-02-29", &date), RESULT_INVALID);
    assert_int_equal(day_parse("1900-02-29", &date), RESULT_INVALID);
    assert_int_equal(day_parse("2100-02-29", &date), RESULT_INVALID);
    assert_int_equal(day_parse("2026-02-30", &date), RESULT_INVALID);
    assert_int_equal(date, 7);
}

TEST(text_that_is_no_date_is_refused)
{
    static const char *const wrong[] = {"",           "2026",        "2026-1-01",  "2026-01-1",  "2026/01/01",
                                        "2026-00-01", "2026-13-01",  "2026-01-00", "2026-01-32", "2026-04-31",
                                        "1899-12-31", "2026-01-01 ", " 2026-01-0", "2026-01-0a", "+026-01-01",
                                        "20260101",   "2026-01-01Z", "二〇二六年"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        day date = 7;
        assert_int_equal(day_parse(wrong[i], &date), RESULT_INVALID);
        assert_int_equal(date, 7);
    }
    day date = 7;
    assert_int_equal(day_parse(NULL, &date), RESULT_INVALID);
}

TEST(months_are_added_to_the_same_day_or_the_last_of_the_month)
{
    assert_date(day_add_months(date_of("2026-01-31"), 1), "2026-02-28");
    assert_date(day_add_months(date_of("2028-01-31"), 1), "2028-02-29");
    assert_date(day_add_months(date_of("2028-02-29"), 12), "2029-02-28");
    assert_date(day_add_months(date_of("2028-02-29"), 48), "2032-02-29");
    assert_date(day_add_months(date_of("2026-11-23"), 0), "2026-11-23");
    assert_date(day_add_months(date_of("2026-11-30"), 3), "2027-02-28");
    assert_date(day_add_months(date_of("2026-03-31"), -1), "2026-02-28");
    assert_date(day_add_months(date_of("2026-01-15"), -13), "2024-12-15");
}

TEST(months_stop_at_the_ends_of_the_calendar)
{
    assert_date(day_add_months(date_of("9999-06-01"), 7), "9999-12-31");
    assert_date(day_add_months(date_of("9999-06-01"), INT32_MAX), "9999-12-31");
    assert_date(day_add_months(date_of("1900-06-01"), -6), "1900-01-01");
    assert_date(day_add_months(date_of("1900-06-01"), INT32_MIN), "1900-01-01");
}

static day china_day(const char *text)
{
    instant at = 0;
    assert_ok(instant_parse(text, &at));
    return day_of_instant(at);
}

TEST(a_day_in_china_begins_at_sixteen_hours_utc)
{
    assert_date(china_day("2026-11-22T15:59:59.999999Z"), "2026-11-22");
    assert_date(china_day("2026-11-22T16:00:00Z"), "2026-11-23");
    assert_date(china_day("2026-11-23T15:59:59.999999Z"), "2026-11-23");
    assert_date(china_day("1969-12-31T15:59:59.999999Z"), "1969-12-31");
    assert_date(china_day("1969-12-31T16:00:00Z"), "1970-01-01");
    assert_date(china_day("1960-03-01T00:00:00Z"), "1960-03-01");
    instant begin = day_begin(date_of("2026-11-23"));
    assert_int_equal(day_of_instant(begin), date_of("2026-11-23"));
    assert_int_equal(day_of_instant(begin - 1), date_of("2026-11-22"));
}

TEST(no_instant_falls_outside_the_calendar)
{
    assert_date(day_of_instant(INT64_MIN), "1900-01-01");
    assert_date(day_of_instant(INT64_MAX), "9999-12-31");
}

TEST(a_plain_calendar_works_from_monday_to_friday)
{
    struct calendar *calendar = calendar_plain();
    day monday = date_of("2026-11-23");
    for (int i = 0; i < 7 * 60; i++)
        assert_int_equal(calendar_is_working_day(calendar, monday - 140 + i), i % 7 < 5);
    for (int i = 0; i < 7; i++)
        assert_int_equal(calendar_is_working_day(calendar, date_of("1900-01-01") + i), i < 5);
    assert_false(calendar_knows(calendar, 2026));
    assert_date(calendar_add_working_days(calendar, date_of("2026-11-20"), 1), "2026-11-23");
    assert_date(calendar_add_working_days(calendar, date_of("2026-11-21"), 1), "2026-11-23");
    assert_date(calendar_add_working_days(calendar, date_of("2026-11-21"), 0), "2026-11-21");
    assert_date(calendar_add_working_days(calendar, date_of("2026-11-23"), 15), "2026-12-14");
    calendar_free(calendar);
}

TEST(working_days_stop_at_the_end_of_the_calendar)
{
    struct calendar *calendar = calendar_plain();
    assert_date(calendar_add_working_days(calendar, date_of("9999-12-30"), 100), "9999-12-31");
    calendar_free(calendar);
}

TEST(holidays_are_out_and_make_up_days_are_in)
{
    struct calendar *calendar = NULL;
    assert_ok(calendar_open(written("{\"holidays\":{\"2030-01-01\":\"元旦\",\"2030-01-02\":\"元旦\"},"
                                    "\"workdays\":{\"2030-01-05\":\"元旦\"},\"inLieuDays\":{}}"),
                            &calendar));
    assert_true(calendar_knows(calendar, 2030));
    assert_false(calendar_knows(calendar, 2029));
    assert_false(calendar_knows(calendar, 1899));
    assert_false(calendar_knows(calendar, 10000));
    assert_true(calendar_is_working_day(calendar, date_of("2029-12-31")));
    assert_false(calendar_is_working_day(calendar, date_of("2030-01-01")));
    assert_false(calendar_is_working_day(calendar, date_of("2030-01-02")));
    assert_true(calendar_is_working_day(calendar, date_of("2030-01-03")));
    assert_true(calendar_is_working_day(calendar, date_of("2030-01-05")));
    assert_false(calendar_is_working_day(calendar, date_of("2030-01-06")));
    assert_date(calendar_add_working_days(calendar, date_of("2029-12-31"), 3), "2030-01-05");
    assert_date(calendar_add_working_days(calendar, date_of("2029-12-31"), 4), "2030-01-07");
    calendar_free(calendar);
}

TEST(a_calendar_of_another_form_is_refused)
{
    assert_ok(opening("{\"holidays\":{},\"workdays\":{}}"));
    assert_int_equal(opening("{\"holidays\":{}}"), RESULT_INVALID);
    assert_int_equal(opening("{\"holidays\":[],\"workdays\":{}}"), RESULT_INVALID);
    assert_int_equal(opening("[]"), RESULT_INVALID);
    assert_int_equal(opening("{\"holidays\":{\"2026-02-30\":\"\"},\"workdays\":{}}"), RESULT_INVALID);
    assert_int_equal(opening("{\"holidays\":{\"2026-02-03\":\"\"},\"workdays\":{\"2026-02-03\":\"\"}}"),
                     RESULT_INVALID);
    assert_int_equal(opening("{\"holidays\":{\"2026-02-03\":\"\",\"2026-02-03\":\"\"},\"workdays\":{}}"),
                     RESULT_MALFORMED);
    assert_int_equal(opening("{"), RESULT_MALFORMED);
    assert_int_equal(opening(""), RESULT_MALFORMED);
}

TEST(a_calendar_that_is_missing_or_too_large_is_refused)
{
    struct calendar *calendar = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/none.json", test_folder());
    assert_int_equal(calendar_open(path, &calendar), RESULT_NOT_FOUND);
    assert_int_equal(calendar_open(test_folder(), &calendar), RESULT_IO);
    char *large = malloc(LIMIT_CALENDAR_BYTES + 2);
    assert_non_null(large);
    memset(large, ' ', LIMIT_CALENDAR_BYTES + 1);
    large[LIMIT_CALENDAR_BYTES + 1] = '\0';
    assert_int_equal(opening(large), RESULT_TOO_LARGE);
    free(large);
    assert_null(calendar);
}

TEST(the_spring_festival_of_2026_follows_the_state_council)
{
    struct calendar *calendar = real_calendar();
    if (calendar == NULL)
        skip();
    /* 15 to 23 February are off; Saturday the 14th and Saturday the 28th are worked. */
    static const int working[] = {2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 24, 25, 26, 27, 28};
    size_t next = 0;
    for (int i = 1; i <= 28; i++) {
        bool expected = next < sizeof working / sizeof working[0] && working[next] == i;
        assert_int_equal(calendar_is_working_day(calendar, day_from_civil(2026, 2, i)), expected);
        next += expected;
    }
    assert_date(calendar_add_working_days(calendar, date_of("2026-02-13"), 1), "2026-02-14");
    assert_date(calendar_add_working_days(calendar, date_of("2026-02-13"), 2), "2026-02-24");
    assert_date(calendar_add_working_days(calendar, date_of("2026-02-13"), 6), "2026-02-28");
    calendar_free(calendar);
}

TEST(twenty_working_days_go_round_the_national_day)
{
    struct calendar *calendar = real_calendar();
    if (calendar == NULL)
        skip();
    assert_date(calendar_add_working_days(calendar, date_of("2026-09-30"), 1), "2026-10-08");
    assert_date(calendar_add_working_days(calendar, date_of("2026-09-30"), 3), "2026-10-10");
    assert_date(calendar_add_working_days(calendar, date_of("2026-09-30"), 20), "2026-11-03");
    assert_true(calendar_knows(calendar, 2004));
    assert_true(calendar_knows(calendar, 2026));
    assert_false(calendar_knows(calendar, 2003));
    calendar_free(calendar);
}
