#include "base/clock.h"
#include "engine/duckdb/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct intake {
    struct arena *arena;
    struct engine_report report;
    struct refusal refusal;
    int output;
    enum result result;
};

static void take_in(struct intake *intake, int input, enum engine_format format,
                    const struct engine_field *fields, size_t field_count, const char *subject)
{
    intake->arena = arena_new(0);
    intake->output = memfd_create("output", MFD_CLOEXEC);
    struct engine_ingest order = {.input = input,
                                  .format = format,
                                  .fields = fields,
                                  .field_count = field_count,
                                  .subjects = &subject,
                                  .subject_count = subject != NULL,
                                  .secret = "pepper",
                                  .output = intake->output};
    intake->result =
        engine_ingest(fixture_engine(), NULL, intake->arena, &order, &intake->report, &intake->refusal);
    (void)close(input);
}

static void intake_end(struct intake *intake)
{
    (void)close(intake->output);
    arena_free(intake->arena);
}
#define CLEANUP_INTAKE __attribute__((cleanup(intake_end)))

static struct engine_answer ask(struct intake *intake, const char *sql)
{
    struct engine_answer answer;
    struct engine_query query = {
        .sql = sql, .tables = &(struct engine_table){.name = "t", .fd = intake->output}, .table_count = 1};
    struct refusal refusal = {0};
    if (engine_run(fixture_engine(), NULL, intake->arena, &query, &answer, &refusal) != RESULT_OK)
        fail_msg("%s", refusal.en);
    return answer;
}

static const struct engine_field all_types[] = {
    {.name = "id", .type = ENGINE_INTEGER},
    {.name = "姓名", .type = ENGINE_TEXT, .nullable = true},
    {.name = "height", .type = ENGINE_DOUBLE, .nullable = true},
    {.name = "born", .type = ENGINE_DATE, .nullable = true},
    {.name = "at", .type = ENGINE_TIMESTAMP, .nullable = true},
    {.name = "local", .type = ENGINE_BOOLEAN, .nullable = true},
};
enum { ALL_TYPES = sizeof all_types / sizeof all_types[0] };

TEST(a_good_csv_becomes_parquet_with_its_types)
{
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in,
            FIXTURE_TEXT("id,local,姓名,height,born,at\n"
                         "1,是,\"王, 五\",1.75,1990-02-28,2026-11-23 08:00:00\n"
                         "2,false,,1e2,2020/1/5,\n"
                         "-3,0,\"多\n行\",,,2026-11-23T08:00:00\n"),
            ENGINE_CSV, all_types, ALL_TYPES, "姓名");
    assert_ok(in.result);
    assert_true(in.report.accepted);
    assert_int_equal(in.report.rows, 3);
    assert_int_equal(in.report.fields[1].nulls, 1);
    assert_int_equal(in.report.fields[2].nulls, 1);
    assert_int_equal(in.report.bytes, fixture_size(in.output));
    struct engine_answer a =
        ask(&in,
            "SELECT id, 姓名, height, born, \"at\", local, __subject_姓名 IS NULL AND __bucket_姓名 IS NULL, "
            "count(DISTINCT __subject_姓名) OVER () FROM t ORDER BY id");
    assert_int_equal(a.rows, 3);
    assert_int_equal(a.columns[0].integers[0], -3);
    assert_string_equal(a.columns[1].texts[0].bytes, "多\n行");
    assert_string_equal(a.columns[1].texts[1].bytes, "王, 五");
    assert_true(a.columns[2].doubles[2] == 100);
    assert_int_equal(a.columns[3].type, ENGINE_DATE);
    assert_int_equal(a.columns[3].integers[2], 18266);
    assert_int_equal(a.columns[4].integers[1], a.columns[4].integers[0]);
    assert_int_equal(a.columns[5].integers[1], 1);
    assert_int_equal(a.columns[6].integers[2], 1);
    assert_int_equal(a.columns[7].integers[0], 2);
}

TEST(the_token_of_a_subject_depends_on_the_secret)
{
    CLEANUP_INTAKE struct intake in = {0};
    static const struct engine_field fields[] = {{.name = "id", .type = ENGINE_INTEGER}};
    take_in(&in, FIXTURE_TEXT("id\n7\n7\n8\n"), ENGINE_CSV, fields, 1, "id");
    assert_ok(in.result);
    struct engine_answer a =
        ask(&in, "SELECT count(DISTINCT __subject_id), bool_or(__subject_id = hash('7')), "
                 "bool_or(__subject_id = hash('pepper7')), "
                 "bool_and(__bucket_id = __subject_id % 64) FROM t");
    assert_int_equal(a.columns[0].integers[0], 2);
    assert_int_equal(a.columns[1].integers[0], 0);
    assert_int_equal(a.columns[2].integers[0], 1);
    assert_int_equal(a.columns[3].integers[0], 1);
}

TEST(every_broken_rule_is_listed_with_line_column_and_reason)
{
    static const struct engine_field fields[] = {
        {.name = "n", .type = ENGINE_INTEGER, .minimum = "0", .maximum = "100"},
        {.name = "d", .type = ENGINE_DOUBLE, .nullable = true, .maximum = "10.5"},
        {.name = "day", .type = ENGINE_DATE, .nullable = true, .minimum = "2000-01-01"},
        {.name = "code", .type = ENGINE_TEXT, .nullable = true, .pattern = "[0-9]{2}X?", .max_characters = 3},
        {.name = "flag", .type = ENGINE_BOOLEAN, .nullable = true},
    };
    static const struct {
        int64_t line;
        const char *column;
        const char *reason;
    } expected[] = {
        {3, "n", "type"},        {4, "n", "type"},       {5, "n", "type"},     {6, "n", "null"},
        {7, "n", "minimum"},     {8, "n", "maximum"},    {9, "n", "type"},     {10, "d", "finite"},
        {11, "d", "type"},       {12, "d", "finite"},    {13, "d", "type"},    {14, "d", "maximum"},
        {15, "day", "type"},     {16, "day", "minimum"}, {17, "day", "type"},  {18, "day", "type"},
        {19, "code", "pattern"}, {20, "code", "length"}, {21, "flag", "type"}, {23, "n", "type"},
    };
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in,
            FIXTURE_TEXT("n,d,day,code,flag\n"
                         "1,2.5,2020-02-29,12X,true\n"
                         "1.5,,,,\n" /* 3 */
                         "007,,,,\n"
                         " 1,,,,\n"
                         ",,,,\n"
                         "-1,,,,\n"
                         "101,,,,\n"
                         "99999999999999999999,,,,\n"
                         "1,NaN,,,\n" /* 10 */
                         "1,1_000,,,\n"
                         "1,inf,,,\n"
                         "1,abc,,,\n"
                         "1,10.6,,,\n"
                         "1,,2026-02-30,,\n" /* 15 */
                         "1,,1999-12-31,,\n"
                         "1,,epoch,,\n"
                         "1,,2020-01-01 10:00,,\n"
                         "1,,,1,\n"
                         "1,,,12XX,\n"
                         "1,,,,yes\n" /* 21 */
                         "1,,,\"12\",1\n"
                         "x,,,,\n"),
            ENGINE_CSV, fields, 5, NULL);
    assert_ok(in.result);
    assert_false(in.report.accepted);
    assert_int_equal(fixture_size(in.output), 0);
    assert_int_equal(in.report.rows, 22);
    assert_int_equal(in.report.violation_total, sizeof expected / sizeof expected[0]);
    assert_int_equal(in.report.violation_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < in.report.violation_count; i++) {
        assert_int_equal(in.report.violations[i].line, expected[i].line);
        assert_string_equal(in.report.violations[i].column, expected[i].column);
        assert_string_equal(in.report.violations[i].reason, expected[i].reason);
    }
    assert_int_equal(in.report.fields[0].violations, 8);
    assert_int_equal(in.report.fields[0].nulls, 1);
    assert_int_equal(in.report.fields[1].not_finite, 2);
}

TEST(numbers_out_of_range_are_violations)
{
    static const struct engine_field fields[] = {{.name = "d", .type = ENGINE_DOUBLE}};
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in, FIXTURE_TEXT("d\n1e999\n1e308\n-1e999\n"), ENGINE_CSV, fields, 1, NULL);
    assert_ok(in.result);
    assert_false(in.report.accepted);
    assert_int_equal(in.report.violation_total, 2);
    assert_int_equal(in.report.violations[1].line, 4);
}

TEST(violations_are_counted_beyond_those_listed)
{
    static const struct engine_field fields[] = {{.name = "n", .type = ENGINE_INTEGER}};
    size_t size = 0;
    char *text = malloc(300000);
    size += (size_t)sprintf(text, "n\n");
    for (int i = 0; i < 30000; i++)
        size += (size_t)sprintf(text + size, i % 2 == 0 ? "%d\n" : "x%d\n", i);
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in, fixture_file(text, size), ENGINE_CSV, fields, 1, NULL);
    free(text);
    assert_ok(in.result);
    assert_int_equal(in.report.rows, 30000);
    assert_int_equal(in.report.violation_total, 15000);
    assert_int_equal(in.report.violation_count, 1000);
    assert_int_equal(in.report.violations[999].line, 2001);
}

static void assert_refused(const char *text, enum result result, const char *field)
{
    static const struct engine_field fields[] = {{.name = "a", .type = ENGINE_INTEGER},
                                                 {.name = "b", .type = ENGINE_TEXT, .nullable = true}};
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in, fixture_file(text, strlen(text)), ENGINE_CSV, fields, 2, NULL);
    assert_int_equal(in.result, result);
    assert_string_equal(in.refusal.field, field);
    assert_int_equal(fixture_size(in.output), 0);
}

TEST(files_that_do_not_read_are_refused_with_their_place)
{
    assert_refused("a,b\n1,x\n2\n", RESULT_MALFORMED, "line 3, column 1");
    assert_refused("a,b\n1,\xCE\xE4\xBA\xBA\n", RESULT_MALFORMED, "line 2, column 2");
    assert_refused("a,b,a\n", RESULT_MALFORMED, "line 1, column 3");
    assert_refused("a,c\n1,2\n", RESULT_INVALID, "c");
    assert_refused("a\n1\n", RESULT_INVALID, "b");
    assert_refused("a,b,__subject_a\n1,x,2\n", RESULT_INVALID, "__subject_a");
}

TEST(a_rule_that_cannot_be_computed_is_refused)
{
    const struct engine_field fields[] = {{.name = "a", .type = ENGINE_INTEGER, .minimum = "x"},
                                          {.name = "a", .type = ENGINE_TEXT, .pattern = "("},
                                          {.name = "a", .type = ENGINE_DECIMAL},
                                          {.name = "__value_0", .type = ENGINE_TEXT}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        CLEANUP_INTAKE struct intake in = {0};
        take_in(&in, FIXTURE_TEXT("a\n1\n"), ENGINE_CSV, &fields[i], 1, NULL);
        assert_int_equal(in.result, RESULT_INVALID);
        assert_string_equal(in.refusal.field, fields[i].name);
    }
}

TEST(a_header_alone_gives_a_table_without_rows)
{
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in, FIXTURE_TEXT("id,姓名,height,born,at,local\n"), ENGINE_CSV, all_types, ALL_TYPES, "id");
    assert_ok(in.result);
    assert_true(in.report.accepted);
    assert_int_equal(in.report.rows, 0);
    assert_int_equal(ask(&in, "SELECT count(*) FROM t").columns[0].integers[0], 0);
    const struct engine_range *ranges;
    size_t count;
    int64_t size;
    const char *const columns[] = {"id", "__subject_id"};
    assert_ok(engine_layout_ranges(in.arena, in.report.layout, columns, 2, &size, &ranges, &count));
}

TEST(names_with_quotes_and_rules_with_apostrophes_are_only_text)
{
    static const struct engine_field fields[] = {
        {.name = "a\"; DROP TABLE x; --", .type = ENGINE_TEXT, .pattern = "it's '.*"}};
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in, FIXTURE_TEXT("\"a\"\"; DROP TABLE x; --\"\nit's 'fine\n"), ENGINE_CSV, fields, 1,
            "a\"; DROP TABLE x; --");
    assert_ok(in.result);
    assert_true(in.report.accepted);
}

TEST(parquet_is_checked_and_written_afresh)
{
    CLEANUP_INTAKE struct intake in = {0};
    int fd =
        fixture_parquet("SELECT range AS id, 'n' || range AS 姓名, (range / 2)::FLOAT AS height, "
                        "(DATE '2020-01-01' + range::INTEGER)::DATE AS born, TIMESTAMP '2020-01-01' AS at, "
                        "range % 2 = 0 AS local FROM range(300000)",
                        NULL);
    take_in(&in, fd, ENGINE_PARQUET, all_types, ALL_TYPES, "id");
    assert_ok(in.result);
    assert_true(in.report.accepted);
    assert_int_equal(in.report.rows, 300000);
    struct engine_answer a =
        ask(&in, "SELECT count(DISTINCT __subject_id), sum(id)::BIGINT, max(姓名), "
                 "(SELECT count(*) FROM (SELECT id, lag(id) OVER () AS p FROM t) WHERE p > id) FROM t");
    assert_int_equal(a.columns[0].integers[0], 300000);
    assert_int_equal(a.columns[1].integers[0], 44999850000);
    assert_int_equal(a.columns[3].integers[0], 0);
}

TEST(rows_of_parquet_that_break_a_rule_are_listed)
{
    static const struct engine_field fields[] = {{.name = "x", .type = ENGINE_DOUBLE, .nullable = true},
                                                 {.name = "t", .type = ENGINE_TEXT, .max_characters = 2}};
    CLEANUP_INTAKE struct intake in = {0};
    int fd =
        fixture_parquet("SELECT * FROM (VALUES (1.0::DOUBLE, '武汉'), ('NaN'::DOUBLE, 'a'), (NULL, 'abc'), "
                        "('Infinity'::DOUBLE, NULL), (1, 'a' || chr(0))) v(x, t)",
                        NULL);
    take_in(&in, fd, ENGINE_PARQUET, fields, 2, NULL);
    assert_ok(in.result);
    assert_false(in.report.accepted);
    assert_int_equal(in.report.rows, 5);
    assert_int_equal(in.report.violation_total, 5);
    assert_int_equal(in.report.fields[0].not_finite, 2);
    assert_int_equal(in.report.fields[0].nulls, 1);
    assert_int_equal(in.report.violations[1].line, 3);
    assert_string_equal(in.report.violations[1].reason, "length");
}

TEST(parquet_columns_of_other_types_are_refused)
{
    static const char *const selects[] = {"SELECT [1] AS a", "SELECT {'x': 1} AS a", "SELECT 'x'::BLOB AS a",
                                          "SELECT 1.5::DOUBLE AS a", "SELECT true AS a"};
    static const struct engine_field fields[] = {{.name = "a", .type = ENGINE_INTEGER}};
    for (size_t i = 0; i < sizeof selects / sizeof selects[0]; i++) {
        CLEANUP_INTAKE struct intake in = {0};
        take_in(&in, fixture_parquet(selects[i], NULL), ENGINE_PARQUET, fields, 1, NULL);
        assert_int_equal(in.result, RESULT_INVALID);
        assert_string_equal(in.refusal.field, "a");
    }
}

TEST(a_thousand_columns_are_taken_in)
{
    enum { COLUMNS = 1000 };
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct engine_field *fields = arena_new_array(arena, struct engine_field, COLUMNS);
    char *text = arena_alloc(arena, COLUMNS * 16);
    char *at = text;
    for (int i = 0; i < COLUMNS; i++) {
        at += sprintf(at, i > 0 ? ",c_%d" : "c_%d", i);
        fields[i] = (struct engine_field){.name = arena_printf(arena, "c_%d", i), .type = ENGINE_DOUBLE};
    }
    for (int i = 0; i < COLUMNS; i++)
        at += sprintf(at, i > 0 ? ",%d" : "\n%d", i);
    struct engine_description d;
    int fd = fixture_file(text, (size_t)(at - text));
    assert_ok(engine_describe(fixture_engine(), NULL, arena, fd, ENGINE_CSV, NULL, &d, NULL));
    assert_int_equal(d.column_count, COLUMNS);
    assert_int_equal(d.columns[999].type, ENGINE_INTEGER);
    CLEANUP_INTAKE struct intake in = {0};
    take_in(&in, fd, ENGINE_CSV, fields, COLUMNS, "c_0");
    assert_ok(in.result);
    assert_true(in.report.accepted);
    assert_true(ask(&in, "SELECT c_999 FROM t").columns[0].doubles[0] == 999);
    CLEANUP_INTAKE struct intake bad = {0};
    fields[999].type = ENGINE_DATE;
    take_in(&bad, fixture_file(text, (size_t)(at - text)), ENGINE_CSV, fields, COLUMNS, NULL);
    assert_ok(bad.result);
    assert_int_equal(bad.report.violation_total, 1);
    assert_string_equal(bad.report.violations[0].column, "c_999");
}

/* ---- sparse files ---- */

TEST(a_sparse_file_with_the_chunks_of_two_columns_answers_like_the_whole)
{
    CLEANUP_INTAKE struct intake in = {0};
    int fd = fixture_parquet(
        "SELECT range AS id, md5(range::VARCHAR) AS 姓名, random() AS height, "
        "(DATE '2020-01-01' + (range % 1000)::INTEGER)::DATE AS born, "
        "TIMESTAMP '2020-01-01' + INTERVAL (range) SECOND AS at, range % 3 = 0 AS local FROM range(400000)",
        NULL);
    take_in(&in, fd, ENGINE_PARQUET, all_types, ALL_TYPES, "姓名");
    assert_ok(in.result);
    assert_true(in.report.accepted);
    static const char *const columns[] = {"born", "__subject_姓名", "local"};
    static const char sql[] =
        "SELECT local, count(*), min(born), max(born), sum(__subject_姓名 % 1000)::BIGINT FROM t "
        "WHERE born >= DATE '2021-01-01' GROUP BY local ORDER BY local";
    const struct engine_range *ranges;
    size_t count;
    int64_t size;
    assert_ok(engine_layout_ranges(in.arena, in.report.layout, columns, 3, &size, &ranges, &count));
    assert_int_equal(size, fixture_size(in.output));
    int64_t filled = 0;
    for (size_t i = 0; i < count; i++)
        filled += ranges[i].size;
    assert_true(filled < size / 2);
    struct engine_table table = {.name = "t", .columns = columns, .column_count = 3};
    table.fd = fixture_sparse(in.output, size, ranges, count);
    struct engine_answer whole = ask(&in, sql);
    struct engine_answer sparse;
    struct engine_query query = {.sql = sql, .tables = &table, .table_count = 1};
    assert_ok(engine_run(fixture_engine(), NULL, in.arena, &query, &sparse, NULL));
    assert_int_equal(sparse.rows, 2);
    for (size_t row = 0; row < 2; row++)
        for (size_t column = 0; column < 5; column++)
            assert_int_equal(sparse.columns[column].integers[row], whole.columns[column].integers[row]);
    /* What was left out gives an error, not data. */
    table.columns = NULL;
    query.sql = "SELECT max(姓名) FROM t";
    assert_int_not_equal(engine_run(fixture_engine(), NULL, in.arena, &query, &sparse, NULL), RESULT_OK);
    query.sql = "SELECT sum(height) FROM t";
    assert_int_not_equal(engine_run(fixture_engine(), NULL, in.arena, &query, &sparse, NULL), RESULT_OK);
    (void)close(table.fd);
}

/* What a sparse file tells of a column that was left out: not its smallest and largest values. */
TEST(a_sparse_file_holds_no_value_of_a_column_that_was_left_out)
{
    CLEANUP_INTAKE struct intake in = {0};
    int fd = fixture_parquet("SELECT range AS id, 'kanari-' || range AS 姓名, 1234567.875 + range AS height, "
                             "DATE '2020-01-01' AS born, TIMESTAMP '2020-01-01' AS at, true AS local "
                             "FROM range(300000)",
                             NULL);
    take_in(&in, fd, ENGINE_PARQUET, all_types, ALL_TYPES, "姓名");
    assert_true(in.report.accepted);
    static const char *const columns[] = {"id"};
    const struct engine_range *ranges;
    const struct engine_range *blanks;
    size_t count;
    size_t blank_count;
    int64_t size;
    assert_ok(engine_layout_ranges(in.arena, in.report.layout, columns, 1, &size, &ranges, &count));
    assert_ok(engine_layout_blanks(in.arena, in.report.layout, columns, 1, &blanks, &blank_count));
    assert_true(blank_count >= 12); /* three row groups, two texts and more */
    int sparse = fixture_sparse(in.output, size, ranges, count);
    char *bytes = malloc((size_t)size);
    static const double least = 1234567.875;
    assert_int_equal(pread(sparse, bytes, (size_t)size, 0), size);
    assert_non_null(memmem(bytes, (size_t)size, "kanari-", 7)); /* that is the leak */
    assert_non_null(memmem(bytes, (size_t)size, &least, sizeof least));
    for (size_t i = 0; i < blank_count; i++) {
        memset(bytes + blanks[i].offset, 0, (size_t)blanks[i].size);
        assert_int_equal(pwrite(sparse, bytes + blanks[i].offset, (size_t)blanks[i].size, blanks[i].offset),
                         blanks[i].size);
    }
    assert_null(memmem(bytes, (size_t)size, "kanari-", 7));
    assert_null(memmem(bytes, (size_t)size, &least, sizeof least));
    free(bytes);
    struct engine_table table = {.name = "t", .fd = sparse, .columns = columns, .column_count = 1};
    struct engine_query query = {.sql = "SELECT count(*), min(id), max(id) FROM t WHERE id > 200000",
                                 .tables = &table,
                                 .table_count = 1};
    struct engine_answer answer;
    assert_ok(engine_run(fixture_engine(), NULL, in.arena, &query, &answer, NULL));
    assert_int_equal(answer.columns[0].integers[0], 99999);
    assert_int_equal(answer.columns[1].integers[0], 200001);
    (void)close(sparse);
}

/* ---- describing ---- */

TEST(a_csv_is_described_by_the_narrowest_types)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct engine_description d;
    int fd = FIXTURE_TEXT(
        "n,x,day,at,flag,code,id,mixed,none,long\n"
        "1,1.5,2020-01-01,2020-01-01 10:00:00,true,007,42010619900101123X,1,,12345678901234567890\n"
        "-2,3,2020/1/5,2020-01-02,false,010,420106199001011234,a,,1\n"
        ",,,,,,,,,\n");
    assert_ok(engine_describe(fixture_engine(), NULL, arena, fd, ENGINE_CSV, NULL, &d, NULL));
    static const enum engine_type types[] = {ENGINE_INTEGER, ENGINE_DOUBLE, ENGINE_DATE, ENGINE_TIMESTAMP,
                                             ENGINE_BOOLEAN, ENGINE_TEXT,   ENGINE_TEXT, ENGINE_TEXT,
                                             ENGINE_TEXT,    ENGINE_TEXT};
    assert_int_equal(d.rows, 3);
    assert_int_equal(d.column_count, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(d.columns[i].type, types[i]);
    assert_string_equal(d.columns[5].name, "code");
    assert_int_equal(d.columns[0].nulls, 1);
    assert_int_equal(d.columns[8].nulls, 3);
    (void)close(fd);
}

TEST(parquet_is_described)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct engine_description d;
    struct refusal refusal;
    int fd = fixture_parquet(
        "SELECT 1::SMALLINT AS a, 'x' AS b, 2.5::DECIMAL(4,1) AS c, NULL::DATE AS d FROM range(7)", NULL);
    assert_ok(engine_describe(fixture_engine(), NULL, arena, fd, ENGINE_PARQUET, NULL, &d, NULL));
    assert_int_equal(d.rows, 7);
    assert_int_equal(d.columns[0].type, ENGINE_INTEGER);
    assert_int_equal(d.columns[1].type, ENGINE_TEXT);
    assert_int_equal(d.columns[2].type, ENGINE_DOUBLE);
    assert_int_equal(d.columns[3].type, ENGINE_DATE);
    assert_int_equal(d.columns[3].nulls, 7);
    (void)close(fd);
    fd = fixture_parquet("SELECT [1] AS deep", NULL);
    assert_int_equal(engine_describe(fixture_engine(), NULL, arena, fd, ENGINE_PARQUET, NULL, &d, &refusal),
                     RESULT_INVALID);
    assert_string_equal(refusal.field, "deep");
    (void)close(fd);
}

TEST(real_tables_are_described_and_taken_in)
{
    static const struct {
        const char *name;
        int64_t rows;
        size_t columns;
    } tables[] = {{"data/house_prices.csv", 19599, 22},
                  {"data/metro_stations.csv", 318, 7},
                  {"data/covid_hubei_daily.csv", 6437, 11}};
    for (size_t i = 0; i < 3; i++) {
        const char *path = test_shared(tables[i].name);
        if (path == NULL)
            skip();
        FILE *file = fopen(path, "re");
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct engine_description d;
        assert_ok(engine_describe(fixture_engine(), NULL, arena, fileno(file), ENGINE_CSV, NULL, &d, NULL));
        assert_int_equal(d.rows, tables[i].rows);
        assert_int_equal(d.column_count, tables[i].columns);
        struct engine_field *fields = arena_new_array(arena, struct engine_field, d.column_count);
        for (size_t j = 0; j < d.column_count; j++)
            fields[j] = (struct engine_field){
                .name = d.columns[j].name, .type = d.columns[j].type, .nullable = d.columns[j].nulls > 0};
        CLEANUP_INTAKE struct intake in = {0};
        take_in(&in, dup(fileno(file)), ENGINE_CSV, fields, d.column_count, NULL);
        (void)fclose(file);
        assert_ok(in.result);
        assert_true(in.report.accepted);
        assert_int_equal(in.report.rows, tables[i].rows);
    }
}

/* ---- crafted files ---- */

static enum result describe_bytes(const char *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct engine_description d;
    struct refusal refusal = {0};
    int fd = fixture_file(bytes, size);
    const struct engine_limits limits = {.seconds = 3};
    enum result result =
        engine_describe(fixture_engine(), NULL, arena, fd, ENGINE_PARQUET, &limits, &d, &refusal);
    (void)close(fd);
    assert_int_equal(refusal.result, result);
    return result;
}

TEST(what_is_no_parquet_is_refused)
{
    assert_int_equal(describe_bytes("", 0), RESULT_MALFORMED);
    assert_int_equal(describe_bytes("PAR1", 4), RESULT_MALFORMED);
    assert_int_equal(describe_bytes("PAR1\xFF\xFF\xFF\x7FPAR1", 12), RESULT_MALFORMED);
    assert_int_equal(describe_bytes("a,b\n1,2\n3,4\n5,6\n7,8\n", 20), RESULT_MALFORMED);
}

TEST(truncated_and_flipped_parquet_is_refused_or_read_and_the_engine_lives)
{
    enum { SIZE = 65536, ROUNDS = 60 };
    static char bytes[SIZE];
    static char bad[SIZE];
    uint64_t seed = 7;
    int fd = fixture_parquet("SELECT range AS id, 'name ' || range % 7 AS name FROM range(500)", NULL);
    ssize_t size = pread(fd, bytes, SIZE, 0);
    (void)close(fd);
    assert_true(size > 100 && size < SIZE);
    for (int i = 1; i < 8; i++)
        assert_int_equal(describe_bytes(bytes, (size_t)(size * i / 8)), RESULT_MALFORMED);
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(bad, bytes, (size_t)size);
        for (int flips = 0; flips < 1 + round % 8; flips++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bad[(seed >> 33) % (uint64_t)size] = (char)(seed >> 24);
        }
        enum result result = describe_bytes(bad, (size_t)size);
        assert_true(result == RESULT_OK || result == RESULT_MALFORMED || result == RESULT_INVALID ||
                    result == RESULT_MEMORY || result == RESULT_TIMEOUT || result == RESULT_UNAVAILABLE ||
                    result == RESULT_TOO_LARGE);
    }
    assert_int_equal(describe_bytes(bytes, (size_t)size), RESULT_OK);
}
