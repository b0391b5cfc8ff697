#include "peers/source/file.h"
#include "peers/source/fixture.h"
#include "vault/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY "canary-7c1e"
#define RESOURCES                                                                                            \
    "[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"people.csv\","                                            \
    "\"columns\":{\"secret\":{\"type\":\"text\",\"never\":true}}}]"
#define MANUAL "[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"people.csv\",\"approval\":\"manual\"}]"

static const char people[] = "id,city,born,secret\n"
                             "1,武汉,1990-01-02,x1\n"
                             "2," CANARY "-city,1991-03-04,x2\n"
                             "3,武汉,,x3\n"
                             "4,黄石,2001-12-31," CANARY "-secret\n";

static struct world *open_people(const char *resources, const char *more)
{
    struct world *world = world_open(resources, more);
    fixture_write(fixture_path(world->folder, "people.csv"), people);
    return world;
}

/* Puts a signed order with these changes on the platform's list. */
static const char *put_order(struct world *world, int64_t id, const char *changes)
{
    const char *text = fixture_order(world->arena, changes);
    platform_order(world->platform, id, text, fixture_signature(world->arena, text));
    return text;
}

static bool posted(const struct world *world, const char *part)
{
    return strstr(world->platform->posts, part) != NULL;
}

static bool journal_has(struct world *world, const char *part)
{
    size_t size;
    char *journal = fixture_read(fixture_path(world->config.state, "journal.jsonl"), &size);
    bool has = strstr(journal, part) != NULL;
    free(journal);
    return has;
}

TEST(exactly_the_ordered_columns_rows_and_period_arrive)
{
    struct world *world = open_people(RESOURCES, "");
    const char *order =
        put_order(world, 7,
                  "{\"columns\":[\"city\",\"id\"],\"rows\":[{\"column\":\"id\",\"op\":\">\",\"value\":1}],"
                  "\"period\":{\"column\":\"born\",\"from\":\"1991-03-04\",\"to\":\"2001-12-31\"}}");
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    assert_string_equal(world_slice(world, order), "city|id\n" CANARY "-city|2\n黄石|4");
    assert_true(journal_has(world, "\"event\":\"delivered\""));
    assert_true(journal_has(world, "\"rows\":2"));
    assert_false(world->platform->unauthorised);
    world_close(world);
}

TEST(what_the_provider_declares_of_the_ordered_columns_is_stated_with_the_rows)
{
    struct world *world = open_people(
        "[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"people.csv\",\"subject\":\"id\",\"columns\":{"
        "\"id\":{\"type\":\"integer\",\"use\":\"key\",\"level\":3},\"born\":{\"use\":\"dimension\"},"
        "\"city\":{\"use\":\"dimension\",\"filterable\":false}}}]",
        "");
    const char *order = put_order(world, 7, "{\"columns\":[\"city\",\"id\"]}");
    world_round(world);
    assert_non_null(world_slice(world, order));
    assert_string_equal(world->statement,
                        "{\"columns\":{\"city\":{\"filterable\":false,\"use\":\"dimension\"},\"id\":{"
                        "\"level\":3,\"use\":\"key\"}},\"resource\":\"R1\",\"subject\":\"id\"}");
    world_close(world);
}

TEST(a_whole_resource_without_its_forbidden_column_arrives)
{
    struct world *world = open_people(RESOURCES, "");
    const char *order = put_order(world, 7, "{\"columns\":[\"id\",\"city\",\"born\"]}");
    world_round(world);
    assert_string_equal(world_slice(world, order), "id|city|born\n1|武汉|1990-01-02\n2|" CANARY
                                                   "-city|1991-03-04\n3|武汉|-\n4|黄石|2001-12-31");
    world_close(world);
}

static void expect_refusal(const char *changes, int64_t id, const char *reason)
{
    struct world *world = open_people(RESOURCES, "");
    (void)put_order(world, id, changes);
    world_round(world);
    assert_int_equal(world->tally.refused, 1);
    assert_int_equal(world->platform->slices, 0);
    if (!posted(world, reason))
        fail_msg("\"%s\" is not in: %s", reason, world->platform->posts);
    assert_true(journal_has(world, "\"event\":\"refused\""));
    char *outputs = world_outputs(world);
    assert_null(strstr(outputs, CANARY));
    assert_null(strstr(outputs, world->folder));
    free(outputs);
    world_close(world);
}

TEST(a_column_that_is_never_to_leave_is_refused)
{
    expect_refusal("{\"columns\":[\"id\",\"secret\"]}", 7, "secret: 数据提供单位规定此列不得提供");
}

TEST(a_condition_on_a_column_that_is_never_to_leave_is_refused)
{
    expect_refusal("{\"rows\":[{\"column\":\"secret\",\"op\":\"=\",\"value\":\"x1\"}]}", 7, "never to leave");
}

TEST(an_unknown_column_is_refused)
{
    expect_refusal("{\"columns\":[\"id\",\"salary\"]}", 7, "salary: 资源中没有这一列");
}

TEST(an_unknown_resource_is_refused)
{
    expect_refusal("{\"resource\":\"R9\"}", 7, "no such resource");
}

TEST(an_expired_order_is_refused)
{
    expect_refusal("{\"expires\":\"2026-11-22T23:59:59Z\"}", 7, "has expired");
}

TEST(an_order_under_another_number_is_refused)
{
    expect_refusal("{}", 8, "not the one it came under");
}

TEST(a_value_of_another_type_than_its_column_is_refused)
{
    expect_refusal("{\"rows\":[{\"column\":\"id\",\"op\":\"=\",\"value\":\"1 OR 1=1\"}]}", 7,
                   "not of the column's type");
}

TEST(an_order_with_a_wrong_signature_is_refused_before_it_is_read)
{
    struct world *world = open_people(RESOURCES, "");
    const char *text = fixture_order(world->arena, "{}");
    const char *other = fixture_order(world->arena, "{\"grant\":4}");
    platform_order(world->platform, 7, text, fixture_signature(world->arena, other));
    platform_order(world->platform, 8, "not even JSON", fixture_signature(world->arena, text));
    platform_order(world->platform, 9, text, "");
    world_round(world);
    assert_int_equal(world->tally.refused, 3);
    assert_int_equal(world->platform->slices, 0);
    assert_true(posted(world, "orders/8/refuse {\"reason\":\"/signature"));
    world_close(world);
}

TEST(a_delivered_order_that_comes_again_is_refused_once_as_a_replay)
{
    struct world *world = open_people(RESOURCES, "");
    (void)put_order(world, 7, "{}");
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    world->platform->orders[0].open = true;
    world_restart(world);
    world_round(world);
    assert_int_equal(world->tally.refused, 1);
    assert_true(posted(world, "a replay"));
    world->platform->orders[0].open = true;
    world_round(world);
    assert_int_equal(world->tally.refused, 0);
    assert_int_equal(world->platform->slices, 1);
    world_close(world);
}

TEST(an_approval_does_not_hold_for_another_text_under_the_same_number)
{
    struct world *world = open_people(MANUAL, "");
    struct refusal refusal;
    (void)put_order(world, 7, "{}");
    world_round(world);
    assert_ok(agent_approve(&world->agent, world->arena, 7, &refusal));
    const char *other = fixture_order(world->arena, "{\"columns\":[\"id\",\"secret\"]}");
    free(world->platform->orders[0].text);
    free(world->platform->orders[0].signature);
    world->platform->orders[0].text = strdup(other);
    world->platform->orders[0].signature = strdup(fixture_signature(world->arena, other));
    world_round(world);
    assert_int_equal(world->tally.refused, 1);
    assert_true(posted(world, "has changed"));
    assert_int_equal(world->platform->slices, 0);
    world_close(world);
}

TEST(orders_wait_for_a_person_where_that_is_asked_for)
{
    struct world *world = open_people(MANUAL, "");
    struct refusal refusal;
    const char *order = put_order(world, 7, "{}");
    world_round(world);
    assert_int_equal(world->tally.delayed, 1);
    assert_true(posted(world, "orders/7/delay {\"until\":\"2026-11-23T12:00:00.000000Z\""));
    world_restart(world);
    world_round(world);
    assert_int_equal(world->tally.waiting, 1);
    assert_int_equal(world->tally.delayed, 0);
    assert_int_equal(world->platform->slices, 0);
    assert_ok(agent_approve(&world->agent, world->arena, 7, &refusal));
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    assert_non_null(world_slice(world, order));
    world_close(world);
}

TEST(a_person_can_refuse_a_waiting_order_with_a_reason)
{
    struct world *world = open_people(MANUAL, "");
    struct refusal refusal;
    (void)put_order(world, 7, "{}");
    world_round(world);
    assert_int_equal(agent_stop(&world->agent, world->arena, 7, " ", &refusal), RESULT_INVALID);
    assert_int_equal(agent_stop(&world->agent, world->arena, 7, NULL, &refusal), RESULT_INVALID);
    assert_ok(agent_stop(&world->agent, world->arena, 7, "用途与目录不符", &refusal));
    world_round(world);
    assert_int_equal(world->tally.refused, 1);
    assert_true(posted(world, "orders/7/refuse {\"reason\":\"用途与目录不符\"}"));
    assert_int_equal(agent_approve(&world->agent, world->arena, 7, &refusal), RESULT_CONFLICT);
    assert_int_equal(agent_approve(&world->agent, world->arena, 99, &refusal), RESULT_NOT_FOUND);
    world_close(world);
}

TEST(a_maintenance_window_delays_an_order_to_its_end_and_tells_once)
{
    /* FIXTURE_NOW is 08:00 in China. */
    struct world *world = open_people(
        RESOURCES, ",\"maintenance\":[{\"from\":\"07:30\",\"to\":\"09:00\",\"reason\":\"备份\"}]");
    (void)put_order(world, 7, "{}");
    world_round(world);
    assert_int_equal(world->tally.delayed, 1);
    assert_true(posted(world, "{\"until\":\"2026-11-23T01:00:00.000000Z\",\"reason\":\"维护时段:备份"));
    clock_advance(world->agent.clock, 30 * INSTANT_MINUTE);
    world_round(world);
    assert_int_equal(world->tally.waiting, 1);
    clock_advance(world->agent.clock, 30 * INSTANT_MINUTE);
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    world_close(world);
}

TEST(a_source_that_cannot_be_read_delays_without_telling_paths)
{
    struct world *world = world_open(RESOURCES, "");
    (void)put_order(world, 7, "{}");
    world_round(world);
    assert_int_equal(world->tally.delayed, 1);
    assert_null(strstr(world->platform->posts, "people.csv"));
    fixture_write(fixture_path(world->folder, "people.csv"), people);
    world_round(world);
    assert_int_equal(world->tally.waiting, 1);
    clock_advance(world->agent.clock, 11 * INSTANT_MINUTE);
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    world_close(world);
}

TEST(rows_that_break_the_declared_rules_are_refused_by_place_and_never_by_value)
{
    struct world *world =
        world_open("[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"people.csv\",\"columns\":{"
                   "\"city\":{\"type\":\"text\",\"pattern\":\"[^-]*\"}}}]",
                   "");
    fixture_write(fixture_path(world->folder, "people.csv"), people);
    (void)put_order(world, 7, "{}");
    world_round(world);
    assert_int_equal(world->tally.refused, 1);
    assert_true(posted(world, "line 3, column city (pattern)"));
    char *outputs = world_outputs(world);
    assert_null(strstr(outputs, CANARY));
    free(outputs);
    world_close(world);
}

TEST(a_platform_out_of_reach_is_an_error_of_the_round_and_loses_nothing)
{
    struct world *world = open_people(RESOURCES, "");
    struct refusal refusal;
    (void)put_order(world, 7, "{}");
    world->platform->down = true;
    assert_int_equal(agent_round(&world->agent, &world->tally, &refusal, world->arena), RESULT_UNAVAILABLE);
    world->platform->down = false;
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    world_close(world);
}

TEST(a_busy_platform_gets_the_slice_in_the_next_round)
{
    struct world *world = open_people(RESOURCES, "");
    const char *order = put_order(world, 7, "{}");
    world->platform->slice_status = 503;
    world_round(world);
    assert_int_equal(world->tally.waiting, 1);
    world->platform->slice_status = 204;
    world_restart(world);
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    assert_non_null(world_slice(world, order));
    world_close(world);
}

TEST(a_delivery_that_the_platform_does_not_accept_waits_for_a_person)
{
    struct world *world = open_people(RESOURCES, "");
    struct refusal refusal;
    (void)put_order(world, 7, "{}");
    world->platform->slice_status = 409;
    world_round(world);
    world_round(world);
    assert_int_equal(world->platform->slices, 1);
    assert_true(journal_has(world, "\"event\":\"rejected\""));
    world->platform->slice_status = 204;
    assert_ok(agent_approve(&world->agent, world->arena, 7, &refusal));
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    world_close(world);
}

static size_t count_of(const char *text, size_t size, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = memmem(at, size - (size_t)(at - text), part, strlen(part))) != NULL;
         at++)
        count++;
    return count;
}

TEST(canary_values_are_nowhere_but_inside_the_sealed_slice)
{
    struct world *world = open_people(RESOURCES, "");
    struct refusal refusal;
    CLEANUP_JSON json_t *description = NULL;
    assert_ok(agent_describe(&world->agent, world->arena, &world->config.resources[0], false, &description,
                             &refusal));
    const char *order = put_order(world, 7, "{\"columns\":[\"id\",\"city\",\"born\"]}");
    world_round(world);
    assert_int_equal(world->tally.delivered, 1);
    char *outputs = world_outputs(world);
    assert_int_equal(count_of(outputs, strlen(outputs), CANARY), 0);
    assert_int_equal(count_of(world->platform->slice, world->platform->slice_size, CANARY), 0);
    assert_int_equal(count_of(world->platform->slice, world->platform->slice_size, "武汉"), 0);
    assert_int_equal(count_of(world_slice(world, order), strlen(world_slice(world, order)), CANARY), 1);
    free(outputs);
    world_close(world);
}

TEST(another_grants_key_does_not_open_the_slice)
{
    struct world *world = open_people(RESOURCES, "");
    uint8_t public[DELIVERY_KEY_SIZE];
    uint8_t secret[DELIVERY_KEY_SIZE];
    const char *order = put_order(world, 7, "{}");
    world_round(world);
    delivery_key_pair(public, secret);
    CLEANUP_FILE int sealed = -1;
    CLEANUP_FILE int plain = -1;
    struct refusal refusal;
    assert_ok(source_file_memory(&sealed, &refusal));
    assert_ok(source_file_memory(&plain, &refusal));
    assert_int_equal(write(sealed, world->platform->slice, world->platform->slice_size),
                     (ssize_t)world->platform->slice_size);
    struct digest digest = digest_sha256(order, strlen(order));
    size_t size;
    assert_int_equal(delivery_open(sealed, secret, &digest, plain, &size, world->arena, &world->statement),
                     RESULT_CORRUPT);
    world_close(world);
}

TEST(what_is_described_is_told_to_the_platform_without_values)
{
    struct world *world = open_people(RESOURCES, "");
    struct refusal refusal;
    CLEANUP_JSON json_t *description = NULL;
    assert_ok(agent_describe(&world->agent, world->arena, &world->config.resources[0], true, &description,
                             &refusal));
    assert_false(posted(world, "descriptions"));
    json_decref(description);
    assert_ok(agent_describe(&world->agent, world->arena, &world->config.resources[0], false, &description,
                             &refusal));
    assert_true(
        posted(world, "POST /api/source/descriptions {\"resource\":\"R1\",\"description\":{\"rows\":4"));
    assert_true(posted(world, "{\"column\":\"born\",\"kind\":\"birth_date\""));
    world_close(world);
}
