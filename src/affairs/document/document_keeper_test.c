/* Documents with the real keeper: bytes come back as they went in, to those who may read them. */
#include "affairs/fixture.h"
#include "base/json.h"
#include "keeper/fixture.h"

#include <string.h>

TEST(a_document_s_bytes_come_back_to_its_readers_with_their_digest_and_to_nobody_else)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct people people;
    CLEANUP_CITY struct city *city = fixture_city(&people);
    static const char bytes[] = "营业执照 " CANARY;
    const char *upload = "POST /documents?title=license&kind=material";
    assert_int_equal(city_upload(city, people.developer_clerk, upload, bytes, sizeof bytes).status, 503);
    city_app(city)->keeper = fixture.keeper;
    struct city_reply reply = city_upload(city, people.developer_clerk, upload, bytes, sizeof bytes);
    assert_int_equal(reply.status, 201);
    struct digest digest = digest_sha256(bytes, sizeof bytes);
    char text[DIGEST_TEXT_SIZE];
    hex_print(digest.bytes, DIGEST_SIZE, text);
    assert_string_equal(json_text(reply.json, "digest"), text);
    const char *content =
        city_format(city, "GET /documents/%lld/content", (long long)fixture_number(reply.json, "id"));
    struct city_reply read = city_call(city, people.clerk, content, NULL);
    assert_int_equal(read.status, 200);
    assert_int_equal(read.size, sizeof bytes);
    assert_memory_equal(read.text, bytes, sizeof bytes);
    (void)city_expect(city, 404, people.operator_clerk, content, NULL);
    (void)city_expect(city, 401, NULL, content, NULL);
    assert_int_equal(fixture_files_holding(fixture.home, CANARY), 0); /* encrypted at rest */
}
