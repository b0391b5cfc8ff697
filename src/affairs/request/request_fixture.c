#include "affairs/request/request_fixture.h"

#include "vault/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct yard yard_new(void)
{
    struct yard yard = {.keeper = fixture_new()};
    yard.city = fixture_city(&yard.people);
    city_app(yard.city)->keeper = yard.keeper.keeper;
    yard.agreement = fixture_agreement(yard.city, &yard.people);
    yard.admission = fixture_admission(yard.city, &yard.people, yard.agreement);
    fixture_days(yard.city, 12);
    fixture_release_rule(yard.city, &yard.people);
    yard.room = fixture_room(yard.city, &yard.people, yard.admission);
    yard.entry = fixture_entry(yard.city, &yard.people, "R1");
    return yard;
}

void yard_free(struct yard *yard)
{
    city_free(yard->city);
    fixture_free(&yard->keeper);
}

row_id yard_request(struct yard *yard, const char *who, row_id room, row_id entry, const char *table)
{
    return fixture_number(
        city_expect(
            yard->city, 201, who, "POST /requests",
            city_format(yard->city,
                        "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"%s\",\"purpose\":\"研究\","
                        "\"columns\":[\"citizen\",\"district\",\"base\"]}",
                        (long long)room, (long long)entry, table)),
        "id");
}

const json_t *yard_approve(struct yard *yard, int status, row_id request)
{
    return city_expect(yard->city, status, yard->people.operator_reviewer,
                       city_format(yard->city, "POST /requests/%lld/approve", (long long)request), "{}");
}

const json_t *yard_order(struct yard *yard)
{
    const json_t *orders = json_object_get(
        city_expect(yard->city, 200, yard->people.source, "GET /source/orders?state=open", NULL), "items");
    assert_int_equal(json_array_size(orders), 1);
    return json_array_get(orders, 0);
}

static int seal(struct yard *yard, const json_t *order, const char *csv)
{
    const char *text = json_text(order, "order");
    struct digest digest = digest_sha256(text, strlen(text));
    struct delivery_seal *seal = NULL;
    CLEANUP_JSON json_t *parsed = fixture_json(text);
    int fd = fixture_file("", 0);
    (void)yard;
    assert_ok(delivery_seal_open(fd, json_text(parsed, "public_key"), &digest, &seal));
    assert_ok(delivery_seal_write(seal, csv, strlen(csv)));
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    return fd;
}

struct city_reply yard_send(struct yard *yard, const char *who, const json_t *order, const char *csv)
{
    struct stat status;
    CLEANUP_FD int fd = seal(yard, order, csv);
    assert_int_equal(fstat(fd, &status), 0);
    size_t size = (size_t)status.st_size;
    void *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(pread(fd, bytes, size, 0), (ssize_t)size);
    struct city_reply reply = city_upload(
        yard->city, who,
        city_format(yard->city, "PUT /source/orders/%lld/slice", (long long)fixture_number(order, "id")),
        bytes, size);
    free(bytes);
    return reply;
}

const char *yard_rows(struct yard *yard, int people)
{
    size_t room = ((size_t)people + 1) * 64, at = 0;
    char *text = arena_alloc(city_arena(yard->city), room);
    at += (size_t)snprintf(text, room, "citizen,district,base\n");
    for (int i = 1; i <= people; i++)
        at += (size_t)snprintf(text + at, room - at, "P%d,区%d,%d\n", i, i % 4, 3000 + i % 977);
    return text;
}

row_id yard_deliver(struct yard *yard, const char *who, row_id room, row_id entry, const char *table,
                    int people)
{
    row_id request = yard_request(yard, who, room, entry, table);
    (void)yard_approve(yard, 200, request);
    struct city_reply reply = yard_send(yard, yard->people.source, yard_order(yard), yard_rows(yard, people));
    if (reply.status != 200)
        print_message("delivery: %d %s\n", reply.status, reply.text);
    assert_int_equal(reply.status, 200);
    return request;
}

const json_t *yard_query(struct yard *yard, int status, const char *who, row_id room, const char *sql)
{
    const json_t *run = city_expect(yard->city, status, who,
                                    city_format(yard->city, "POST /rooms/%lld/queries", (long long)room),
                                    city_format(yard->city, "{\"sql\":\"%s\"}", sql));
    if (status != 202)
        return run;
    return city_expect(yard->city, 200, who,
                       city_format(yard->city, "GET /queries/%lld", (long long)fixture_number(run, "id")),
                       NULL);
}
