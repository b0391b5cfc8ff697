#include "peers/source/file.h"
#include "peers/source/fixture.h"
#include "peers/source/rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t row_count; /* of the last rows */

/* What an order with these changes gets, or NULL with *refusal. */
static const char *ordered(struct arena *arena, const struct source_resource *resource, const char *changes,
                           struct refusal *refusal)
{
    unsigned char key[crypto_sign_PUBLICKEYBYTES];
    const char *text = fixture_order(arena, changes);
    CLEANUP_ORDER struct order order = {0};
    struct rows rows;
    assert_ok(hex_parse(fixture_order_key(), key, sizeof key));
    assert_ok(
        source_order_read(arena, key, 7, text, fixture_signature(arena, text), FIXTURE_NOW, &order, refusal));
    if (rows_of_order(fixture_engine(), arena, resource, &order, &rows, refusal) != RESULT_OK)
        return NULL;
    const char *found = fixture_rows(arena, rows.fd);
    row_count = rows.count;
    file_cleanup(&rows.fd);
    return found;
}

static struct source_resource csv(const char *path)
{
    return (struct source_resource){.code = "R1", .kind = SOURCE_CSV, .path = path};
}

TEST(quotes_line_breaks_and_commas_inside_cells_survive)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    const char *path = fixture_path(test_folder(), "a.csv");
    fixture_write(path, "id,city,x\n1,\"a,b\",1\n2,\"c\nd\",1\n3,\"e\"\"f\",1\n4,,1\n");
    const struct source_resource resource = csv(path);
    assert_string_equal(ordered(arena, &resource, "{}", &refusal), "id|city\n1|a,b\n2|c\nd\n3|e\"f\n4|-");
    assert_int_equal(row_count, 4);
}

TEST(every_operator_chooses_its_rows)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    const char *path = fixture_path(test_folder(), "a.csv");
    fixture_write(path, "id,city\n1,b\n2,a\n3,\n4,c\n");
    const struct source_resource resource = csv(path);
    static const struct {
        const char *op;
        const char *value;
        const char *rows;
    } cases[] = {{"=", "\"b\"", "\n1"},
                 {"<>", "\"b\"", "\n2\n4"},
                 {"<", "\"b\"", "\n2"},
                 {"<=", "\"b\"", "\n1\n2"},
                 {">", "\"b\"", "\n4"},
                 {">=", "\"b\"", "\n1\n4"},
                 {"in", "[\"a\",\"c\"]", "\n2\n4"},
                 {"=", "\"' OR 1=1 --\"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *changes = arena_printf(
            arena, "{\"columns\":[\"id\"],\"rows\":[{\"column\":\"city\",\"op\":\"%s\",\"value\":%s}]}",
            cases[i].op, cases[i].value);
        assert_string_equal(ordered(arena, &resource, changes, &refusal),
                            arena_printf(arena, "id%s", cases[i].rows));
    }
}

TEST(gbk_rows_arrive_as_utf8_where_the_configuration_says_gbk)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    const char *path = fixture_path(test_folder(), "gbk.csv");
    fixture_write(path, "id,city\n1,\xCE\xE4\xBA\xBA\n");
    struct source_resource resource = csv(path);
    assert_null(ordered(arena, &resource, "{}", &refusal));
    assert_string_equal(refusal.field, "byte 10");
    assert_int_equal(refusal.law, LAW_NONE);
    resource.gbk = true;
    assert_string_equal(ordered(arena, &resource, "{}", &refusal), "id|city\n1|武汉");
}

TEST(ragged_and_headless_files_are_the_providers_own_affair)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static const char *const broken[] = {"", "id,city\n1\n", "id,id\n1,2\n", "id,city\n1,\"open\n"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct refusal refusal = {0};
        const char *path = fixture_path(test_folder(), "broken.csv");
        fixture_write(path, broken[i]);
        const struct source_resource resource = csv(path);
        assert_null(ordered(arena, &resource, "{}", &refusal));
        assert_int_equal(refusal.law, LAW_NONE);
        assert_non_null(refusal.en);
    }
}

TEST(codes_with_leading_zeros_stay_text_and_times_travel_as_text)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    const char *path = fixture_path(test_folder(), "a.csv");
    fixture_write(path, "id,city,at\n1,007,2024-01-02 03:04:05\n2,010,2024-01-03 00:00:00\n");
    const struct source_resource resource = csv(path);
    assert_string_equal(ordered(arena, &resource, "{\"columns\":[\"id\",\"city\",\"at\"]}", &refusal),
                        "id|city|at\n1|007|2024-01-02 03:04:05\n2|010|2024-01-03 00:00:00");
}

TEST(a_declared_column_that_is_not_there_is_named)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    const char *path = fixture_path(test_folder(), "a.csv");
    fixture_write(path, "id,city\n1,b\n");
    const struct source_column column = {.field = {.name = "zip", .type = ENGINE_TEXT}};
    struct source_resource resource = csv(path);
    resource.columns = &column;
    resource.column_count = 1;
    assert_null(ordered(arena, &resource, "{}", &refusal));
    assert_string_equal(refusal.field, "zip");
}

/* Parquet as the provider's own tools would write it. */
static const char *parquet(struct arena *arena, const char *sql)
{
    const char *path = fixture_path(test_folder(), "rows.parquet");
    const char *seed = fixture_path(test_folder(), "seed.csv");
    struct refusal refusal;
    struct rows rows;
    fixture_write(seed, "id,city\n1,b\n2,a\n");
    const struct source_resource resource = csv(seed);
    const char *columns[] = {"id"};
    const struct order order = {.columns = columns, .column_count = 1};
    assert_ok(rows_of_order(fixture_engine(), arena, &resource, &order, &rows, &refusal));
    const struct engine_table table = {.name = "t", .fd = rows.fd};
    const struct engine_query query = {.sql = sql, .tables = &table, .table_count = 1};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int64_t count;
    assert_ok(engine_extract(fixture_engine(), NULL, arena, &query, fd, &count, &refusal));
    (void)close(fd);
    file_cleanup(&rows.fd);
    return path;
}

TEST(parquet_rows_are_chosen_and_times_travel_as_text)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    const char *path = parquet(arena, "SELECT id, 'x' || id AS city, TIMESTAMP '2024-12-31 23:00:00' AS at, "
                                      "DATE '2024-12-31' AS day FROM t");
    const struct source_resource resource = {.code = "R1", .kind = SOURCE_PARQUET, .path = path};
    assert_string_equal(
        ordered(arena, &resource,
                "{\"columns\":[\"id\",\"at\",\"day\"],\"rows\":[{\"column\":\"city\",\"op\":\"=\","
                "\"value\":\"x2\"}],\"period\":{\"column\":\"at\",\"from\":\"2024-12-31\",\"to\":"
                "\"2024-12-31\"}}",
                &refusal),
        "id|at|day\n2|2024-12-31 23:00:00|2024-12-31");
    assert_string_equal(
        ordered(arena, &resource,
                "{\"columns\":[\"id\"],\"period\":{\"column\":\"at\",\"from\":\"2025-01-01\",\"to\":"
                "\"2025-12-31\"}}",
                &refusal),
        "id");
}

TEST(what_is_no_parquet_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    const char *path = fixture_path(test_folder(), "not.parquet");
    fixture_write(path, "PAR1 this is not it PAR1");
    const struct source_resource resource = {.code = "R1", .kind = SOURCE_PARQUET, .path = path};
    assert_null(ordered(arena, &resource, "{}", &refusal));
    assert_int_equal(refusal.law, LAW_NONE);
}
