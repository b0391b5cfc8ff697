#include "peers/source/fixture.h"

#include <stdlib.h>
#include <string.h>

static unsigned char order_key[crypto_sign_PUBLICKEYBYTES];

static enum result read_text(struct arena *arena, const char *text, int64_t id, struct order *order,
                             struct refusal *refusal)
{
    assert_ok(hex_parse(fixture_order_key(), order_key, sizeof order_key));
    return source_order_read(arena, order_key, id, text, fixture_signature(arena, text), FIXTURE_NOW, order,
                             refusal);
}

TEST(a_signed_order_is_read)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_ORDER struct order order = {0};
    struct refusal refusal;
    const char *text = fixture_order(
        arena, "{\"rows\":[{\"column\":\"id\",\"op\":\"in\",\"value\":[1,2]}],"
               "\"period\":{\"column\":\"born\",\"from\":\"2020-01-01\",\"to\":\"2020-12-31\"}}");
    assert_ok(read_text(arena, text, 7, &order, &refusal));
    assert_int_equal(order.grant, 3);
    assert_int_equal(order.column_count, 2);
    assert_string_equal(order.columns[1], "city");
    assert_int_equal(order.condition_count, 3);
    assert_int_equal(order.conditions[0].op, ORDER_IN);
    assert_true(order.conditions[2].period);
    assert_int_equal(order.conditions[2].op, ORDER_TO);
    struct digest digest = digest_sha256(text, strlen(text));
    assert_true(digest_equal(&order.digest, &digest));
}

TEST(orders_that_are_not_whole_are_refused_by_place)
{
    static const struct {
        const char *changes;
        const char *field;
        enum result result;
    } wrong[] = {
        {"{\"colour\":1}", "", RESULT_INVALID},
        {"{\"grant\":0}", "/resource", RESULT_INVALID},
        {"{\"grant\":\"3\"}", "/resource", RESULT_INVALID},
        {"{\"public_key\":\"00\"}", "/public_key", RESULT_INVALID},
        {"{\"expires\":\"2026-11-23T00:00:00Z\"}", "/expires", RESULT_TIMEOUT},
        {"{\"expires\":\"tomorrow\"}", "/expires", RESULT_INVALID},
        {"{\"issued\":\"2026-11-23T00:06:00Z\"}", "/issued", RESULT_INVALID},
        {"{\"columns\":[]}", "/columns", RESULT_INVALID},
        {"{\"columns\":[\"id\",\"id\"]}", "/columns", RESULT_INVALID},
        {"{\"columns\":[\"id\",7]}", "/columns", RESULT_INVALID},
        {"{\"columns\":\"id\"}", "/columns", RESULT_INVALID},
        {"{\"rows\":null}", "/rows", RESULT_INVALID},
        {"{\"rows\":[{\"column\":\"id\",\"op\":\"like\",\"value\":\"%\"}]}", "/rows/0", RESULT_INVALID},
        {"{\"rows\":[{\"column\":\"id\",\"op\":\"=\",\"value\":null}]}", "/rows/0", RESULT_INVALID},
        {"{\"rows\":[{\"column\":\"id\",\"op\":\"=\",\"value\":[1]}]}", "/rows/0", RESULT_INVALID},
        {"{\"rows\":[{\"column\":\"id\",\"op\":\"in\",\"value\":[]}]}", "/rows/0", RESULT_INVALID},
        {"{\"rows\":[{\"column\":\"id\",\"op\":\"in\",\"value\":[[1]]}]}", "/rows/0", RESULT_INVALID},
        {"{\"rows\":[{\"column\":\"id\",\"op\":\"=\"}]}", "/rows/0", RESULT_INVALID},
        {"{\"rows\":[{\"column\":\"id\",\"op\":\"=\",\"value\":1,\"or\":1}]}", "/rows/0", RESULT_INVALID},
        {"{\"period\":{\"column\":\"d\",\"from\":\"2026-02-30\",\"to\":\"2026-03-01\"}}", "/period",
         RESULT_INVALID},
        {"{\"period\":{\"column\":\"d\",\"from\":\"2026-03-02\",\"to\":\"2026-03-01\"}}", "/period",
         RESULT_INVALID},
        {"{\"period\":{\"column\":\"d\",\"from\":\"2026-03-01\"}}", "/period", RESULT_INVALID},
        {"{\"period\":7}", "/period", RESULT_INVALID},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct order order = {0};
        struct refusal refusal = {0};
        enum result result = read_text(arena, fixture_order(arena, wrong[i].changes), 7, &order, &refusal);
        if (result != wrong[i].result || strcmp(refusal.field, wrong[i].field) != 0)
            fail_msg("%s: %s at %s", wrong[i].changes, result_name(result), refusal.field);
        assert_null(order.json);
    }
}

TEST(a_text_that_is_signed_but_not_canonical_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct order order = {0};
    struct refusal refusal;
    const char *spaced = arena_printf(arena, "%s ", fixture_order(arena, "{}"));
    assert_int_equal(read_text(arena, spaced, 7, &order, &refusal), RESULT_MALFORMED);
    assert_int_equal(read_text(arena, "[]", 7, &order, &refusal), RESULT_MALFORMED);
    assert_int_equal(read_text(arena, "{", 7, &order, &refusal), RESULT_MALFORMED);
}

TEST(any_changed_byte_breaks_the_signature)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct order order = {0};
    struct refusal refusal;
    const char *text = fixture_order(arena, "{}");
    const char *signature = fixture_signature(arena, text);
    assert_ok(hex_parse(fixture_order_key(), order_key, sizeof order_key));
    for (size_t i = 0; i < strlen(text); i += 7) {
        char *changed = arena_strdup(arena, text);
        changed[i] ^= 1;
        assert_int_equal(
            source_order_read(arena, order_key, 7, changed, signature, FIXTURE_NOW, &order, &refusal),
            RESULT_FORBIDDEN);
    }
    assert_int_equal(source_order_read(arena, order_key, 7, text, NULL, FIXTURE_NOW, &order, &refusal),
                     RESULT_MALFORMED);
    assert_int_equal(source_order_read(arena, order_key, 7, text, "zz", FIXTURE_NOW, &order, &refusal),
                     RESULT_FORBIDDEN);
}
