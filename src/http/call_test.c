#include "http/fixture.h"
#include "http/server_inner.h"

#include <string.h>

TEST(a_storm_that_is_turned_away_does_not_fill_the_log)
{
    CLEANUP_CITY struct city *city = city_new(NULL, NULL);
    struct server server = {.app = city_app(city)};
    const struct http_reply busy = {.status = 503, .result = RESULT_BUSY, .entry = -1};
    const struct http_reply lost = {.status = 503, .result = RESULT_UNAVAILABLE, .entry = -1};
    static char text[65536];
    city_app(city)->log_level = LOG_WARNING;
    instant begun = clock_monotonic();
    struct capture capture = capture_begin(city);
    for (int i = 0; i < 100; i++)
        call_note(&server, "0000000000000001", 0, HTTP_POST, &busy);
    instant took = clock_monotonic() - begun;
    for (int i = 0; i < 3; i++)
        call_note(&server, "0000000000000001", 0, HTTP_POST, &lost);
    capture_end(&capture, text, sizeof text);
    int shed = 0, others = 0;
    for (const char *at = text; (at = strstr(at, "\"result\":\"")) != NULL; at++)
        *(strncmp(at + 10, "BUSY", 4) == 0 ? &shed : &others) += 1;
    assert_in_range(shed, 1, 2 + took / INSTANT_SECOND);
    assert_int_equal(others, 3);
    assert_non_null(strstr(text, "\"level\":\"warning\""));
}
