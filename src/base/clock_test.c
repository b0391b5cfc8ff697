#include "base/calendar.h"
#include "base/clock.h"
#include "base/limits.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static instant parsed(const char *text)
{
    instant at = 0;
    assert_ok(instant_parse(text, &at));
    return at;
}

TEST(the_system_clock_agrees_with_the_machine)
{
    struct clock *clock = clock_system();
    instant before = (instant)time(NULL) * INSTANT_SECOND;
    instant now = clock_now(clock);
    assert_true(now >= before && now <= before + 60 * INSTANT_SECOND);
    clock_free(clock);
}

TEST(a_manual_clock_stands_still_until_it_is_advanced)
{
    struct clock *clock = clock_manual(1000);
    assert_int_equal(clock_now(clock), 1000);
    clock_advance(clock, 3 * INSTANT_DAY);
    assert_int_equal(clock_now(clock), 1000 + 3 * INSTANT_DAY);
    clock_free(clock);
}

TEST(the_monotonic_clock_never_goes_back)
{
    instant last = clock_monotonic();
    for (int i = 0; i < 1000; i++) {
        instant now = clock_monotonic();
        assert_true(now >= last);
        last = now;
    }
}

TEST(a_shared_clock_is_advanced_for_every_process)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/clock", test_folder());
    struct clock *here = NULL;
    assert_ok(clock_shared(path, &here));
    instant machine = (instant)time(NULL) * INSTANT_SECOND;
    assert_true(clock_now(here) - machine < INSTANT_MINUTE);

    pid_t child = fork();
    if (child == 0) {
        struct clock *there = NULL;
        if (clock_shared(path, &there) != RESULT_OK)
            _exit(1);
        clock_advance(there, 400 * INSTANT_DAY);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    instant ahead = clock_now(here) - machine;
    assert_true(ahead >= 400 * INSTANT_DAY && ahead < 400 * INSTANT_DAY + INSTANT_MINUTE);
    clock_free(here);

    struct clock *later = NULL;
    assert_ok(clock_shared(path, &later));
    assert_true(clock_now(later) - machine >= 400 * INSTANT_DAY);
    clock_free(later);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 8);
}

TEST(a_shared_clock_in_a_folder_that_is_not_there_is_refused)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/none/clock", test_folder());
    struct clock *clock = NULL;
    assert_int_equal(clock_shared(path, &clock), RESULT_IO);
    assert_null(clock);
}

static void assert_prints(instant at, const char *expected)
{
    char text[INSTANT_TEXT_SIZE];
    instant_print(at, text);
    assert_string_equal(text, expected);
}

TEST(instants_print_as_rfc_3339_in_utc)
{
    assert_prints(0, "1970-01-01T00:00:00.000000Z");
    assert_prints(-1, "1969-12-31T23:59:59.999999Z");
    assert_prints(951782400 * INSTANT_SECOND + 123456, "2000-02-29T00:00:00.123456Z");
    assert_prints(1795420800 * INSTANT_SECOND, "2026-11-23T08:00:00.000000Z");
}

TEST(instants_out_of_range_print_as_the_nearest_inside)
{
    assert_prints(INT64_MIN, "1900-01-01T00:00:00.000000Z");
    assert_prints(INT64_MAX, "9999-12-31T23:59:59.999999Z");
}

TEST(instants_are_read_with_any_offset)
{
    assert_int_equal(parsed("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parsed("1970-01-01T08:00:00+08:00"), 0);
    assert_int_equal(parsed("1969-12-31T19:30:00.5-04:30"), INSTANT_SECOND / 2);
    assert_int_equal(parsed("2026-11-23T08:00:00.000001Z"), 1795420800 * INSTANT_SECOND + 1);
}

TEST(printed_instants_are_read_back)
{
    for (instant at = -2208988800 * INSTANT_SECOND; at < 4102444800 * INSTANT_SECOND; at += 12345678987654) {
        char text[INSTANT_TEXT_SIZE];
        instant_print(at, text);
        assert_int_equal(parsed(text), at);
    }
}

TEST(text_that_is_no_instant_is_refused)
{
    static const char *const wrong[] = {
        "",
        "2026-11-23",
        "2026-11-23T08:00:00",
        "2026-11-23 08:00:00Z",
        "2026-11-23t08:00:00Z",
        "2026-11-23T8:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T08:60:00Z",
        "2026-11-23T08:00:60Z",
        "2026-11-23T08:00:00.Z",
        "2026-11-23T08:00:00.1234567Z",
        "2026-11-23T08:00:00+0800",
        "2026-11-23T08:00:00+24:00",
        "2026-11-23T08:00:00+08:60",
        "2026-11-23T08:00:00Zz",
        "2026-02-30T08:00:00Z",
        "2026-13-01T08:00:00Z",
        "1899-12-31T08:00:00Z",
        "1900-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-00:01",
        "2026-11-23T",
        "2026-11-23T08",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        instant at = 42;
        assert_int_equal(instant_parse(wrong[i], &at), RESULT_INVALID);
        assert_int_equal(at, 42);
    }
    instant at = 42;
    assert_int_equal(instant_parse(NULL, &at), RESULT_INVALID);
}
