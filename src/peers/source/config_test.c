#include "peers/source/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static char folder[64];

/* The refusal of a configuration, or RESULT_OK. */
static enum result opened(struct arena *arena, const char *text, struct source_config *config,
                          struct refusal *refusal)
{
    (void)snprintf(folder, sizeof folder, "%s", test_folder());
    fixture_write(fixture_path(folder, "token"), "secret-token\n");
    fixture_write(fixture_path(folder, "source.json"), text);
    return source_config_open(arena, fixture_path(folder, "source.json"), config, refusal);
}

/* The usual configuration with members replaced (or, with null, left out). */
static const char *changed(struct arena *arena, const char *changes)
{
    CLEANUP_JSON json_t *config =
        json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:s}]}", "platform", "https://platform.example",
                  "token_file", "token", "order_key", KEY, "state", "state", "resources", "code", "R1",
                  "kind", "csv", "path", "a.csv");
    CLEANUP_JSON json_t *json = json_loads(changes, 0, NULL);
    assert_non_null(json);
    const char *key;
    json_t *value;
    json_object_foreach (json, key, value) {
        if (json_is_null(value))
            (void)json_object_del(config, key);
        else
            (void)json_object_set(config, key, value);
    }
    return json_print(arena, config);
}

TEST(a_configuration_is_read_with_paths_beside_it)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct source_config config;
    struct refusal refusal;
    assert_ok(opened(arena,
                     changed(arena,
                             "{\"poll_seconds\":5,\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":"
                             "\"rows/a.csv\",\"encoding\":\"gbk\",\"approval\":\"manual\",\"keys\":[[\"id\"],"
                             "[\"a\",\"b\"]],\"columns\":{\"id\":{\"type\":\"integer\",\"nullable\":false,"
                             "\"minimum\":\"1\"},\"x\":{\"never\":true}}},{\"code\":\"R2\",\"kind\":"
                             "\"postgresql\",\"connection\":\"host=/x\",\"table\":\"s.t\"}]}"),
                     &config, &refusal));
    assert_string_equal(config.token, "secret-token");
    assert_int_equal(config.poll_seconds, 5);
    assert_int_equal(config.resource_count, 2);
    const struct source_resource *resource = source_resource_by_code(&config, "R1");
    assert_string_equal(resource->path, fixture_path(folder, "rows/a.csv"));
    assert_true(resource->gbk && resource->manual);
    assert_int_equal(resource->key_count, 2);
    assert_true(source_column_by_name(resource, "x")->never);
    assert_false(source_column_by_name(resource, "x")->typed);
    assert_int_equal(source_column_by_name(resource, "id")->field.type, ENGINE_INTEGER);
    assert_false(source_column_by_name(resource, "id")->field.nullable);
    assert_null(source_column_by_name(resource, "y"));
    assert_null(source_resource_by_code(&config, "R3"));
}

TEST(every_slip_of_a_configuration_is_refused_by_file_and_key_with_the_way_out)
{
    static const struct {
        const char *changes;
        const char *field;
    } wrong[] = {
        {"{\"platform\":null}", "/platform"},
        {"{\"platform\":7}", "/platform"},
        {"{\"platform\":\" \"}", "/platform"},
        {"{\"colour\":1}", "/colour"},
        {"{\"order_key\":\"abc\"}", "/order_key"},
        {"{\"order_key\":\""
         "D75A980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
         "\"}",
         "/order_key"},
        {"{\"poll_seconds\":0}", "/poll_seconds"},
        {"{\"poll_seconds\":1.5}", "/poll_seconds"},
        {"{\"resources\":[]}", "/resources"},
        {"{\"resources\":[7]}", "/resources/0/kind"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"excel\",\"path\":\"a\"}]}", "/resources/0/kind"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\"}]}", "/resources/0/path"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"table\":\"t\"}]}",
         "/resources/0/table"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\"},{\"code\":\"R1\",\"kind\":"
         "\"csv\","
         "\"path\":\"b\"}]}",
         "/resources/1/code"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"parquet\",\"path\":\"a\",\"encoding\":\"gbk\"}]}",
         "/resources/0/encoding"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"encoding\":\"big5\"}]}",
         "/resources/0/encoding"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"approval\":\"maybe\"}]}",
         "/resources/0/approval"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"keys\":[[]]}]}",
         "/resources/0/keys/0"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"keys\":[[7]]}]}",
         "/resources/0/keys/0"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"columns\":{\"x\":{\"nevr\":true}"
         "}}]}",
         "/resources/0/columns/x/nevr"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"columns\":{\"x\":{\"never\":1}}}"
         "]}",
         "/resources/0/columns/x/never"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"columns\":{\"x\":{\"type\":"
         "\"blob\"}}}]}",
         "/resources/0/columns/x/type"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"columns\":{\"x\":{\"type\":"
         "\"text\","
         "\"minimum\":\"1\"}}}]}",
         "/resources/0/columns/x"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"columns\":{\"x\":{\"pattern\":"
         "\"a\"}}}]}",
         "/resources/0/columns/x"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"columns\":{\"x\":{\"use\":"
         "\"public\"}}}]}",
         "/resources/0/columns/x/use"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"columns\":{\"x\":{\"level\":5}}}"
         "]}",
         "/resources/0/columns/x/level"},
        {"{\"resources\":[{\"code\":\"R1\",\"kind\":\"csv\",\"path\":\"a\",\"subject\":7}]}",
         "/resources/0/subject"},
        {"{\"maintenance\":[{\"from\":\"25:00\",\"to\":\"06:00\",\"reason\":\"x\"}]}", "/maintenance/0"},
        {"{\"maintenance\":[{\"from\":\"05:00\",\"to\":\"06:00\"}]}", "/maintenance/0/reason"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct source_config config;
        struct refusal refusal = {0};
        if (opened(arena, changed(arena, wrong[i].changes), &config, &refusal) != RESULT_INVALID)
            fail_msg("taken: %s", wrong[i].changes);
        assert_string_equal(refusal.field, wrong[i].field);
        assert_non_null(strstr(refusal.en, "source.json"));
        assert_non_null(strstr(refusal.zh, "source.json"));
        assert_non_null(refusal.remedy_en);
        assert_non_null(refusal.remedy_zh);
    }
}

TEST(broken_json_is_refused_by_file_line_and_column)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct source_config config;
    struct refusal refusal;
    assert_int_equal(opened(arena, "{\n\"platform\": \"a\",\n\"platform\": \"b\"}", &config, &refusal),
                     RESULT_MALFORMED);
    assert_non_null(strstr(refusal.en, "source.json: line 3"));
}

TEST(a_token_that_others_can_read_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct source_config config;
    struct refusal refusal;
    assert_ok(opened(arena, changed(arena, "{}"), &config, &refusal));
    assert_int_equal(chmod(fixture_path(folder, "token"), 0640), 0);
    assert_int_equal(source_config_open(arena, fixture_path(folder, "source.json"), &config, &refusal),
                     RESULT_FORBIDDEN);
}

TEST(a_missing_configuration_token_or_an_empty_token_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct source_config config;
    struct refusal refusal;
    assert_int_equal(source_config_open(arena, "/nonexistent/source.json", &config, &refusal),
                     RESULT_NOT_FOUND);
    assert_int_equal(opened(arena, changed(arena, "{\"token_file\":\"none\"}"), &config, &refusal),
                     RESULT_NOT_FOUND);
    assert_int_equal(opened(arena, changed(arena, "{\"token_file\":\"source.json\"}"), &config, &refusal),
                     RESULT_OK);
    fixture_write(fixture_path(folder, "token"), " \n");
    fixture_write(fixture_path(folder, "source.json"), changed(arena, "{}"));
    assert_int_equal(source_config_open(arena, fixture_path(folder, "source.json"), &config, &refusal),
                     RESULT_INVALID);
    assert_string_equal(refusal.field, "/token_file");
}

TEST(maintenance_windows_reach_over_midnight)
{
    const struct source_window windows[] = {{22 * 60, 6 * 60, "夜间"}};
    const struct source_config config = {.windows = windows, .window_count = 1};
    instant midnight = day_begin(day_of_instant(FIXTURE_NOW));
    instant end = 0;
    assert_null(source_window_at(&config, midnight + 6 * INSTANT_HOUR, &end));
    assert_null(source_window_at(&config, midnight + 22 * INSTANT_HOUR - 1, &end));
    assert_non_null(source_window_at(&config, midnight + 5 * INSTANT_HOUR, &end));
    assert_int_equal(end, midnight + 6 * INSTANT_HOUR);
    assert_non_null(source_window_at(&config, midnight + 22 * INSTANT_HOUR, &end));
    assert_int_equal(end, midnight + 30 * INSTANT_HOUR);
}
