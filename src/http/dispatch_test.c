#include "http/fixture.h"

#include <string.h>

TEST(a_landing_is_made_and_read)
{
    CLEANUP_CITY struct city *city = landing_city();
    row_id id = landing_made(city);
    const json_t *read = city_expect(city, 200, NULL, city_format(city, "GET /landings/%lld", (long long)id), NULL);
    assert_string_equal(json_text(read, "title"), "中华路码头");
    assert_string_equal(json_text(read, "opened"), "2026-03-01");
    assert_int_equal(json_integer_or(read, "party", 0), 3);
    city_expect(city, 200, NULL, "GET /landings/by-title/%E4%B8%AD%E5%8D%8E%E8%B7%AF%E7%A0%81%E5%A4%B4", NULL);
}
