#include "support/city.h"
TEST(health_is_told)
{
    CLEANUP_CITY struct city *city = city_new(NULL, NULL);
    struct http_reply reply;
    dispatch(city_app(city), city_arena(city), &(struct http_message){.method = HTTP_GET, .path = "/health", .upload = -1}, &reply);
    assert_int_equal(reply.status, 200);
    city_expect(city, 404, NULL, "GET /nothing", NULL);
}
