#include "base/identifier.h"
#include "base/text.h"
#include "peers/generate/generate.h"
#include "peers/source/fixture.h"
#include "peers/source/measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena *arena;

static struct source_resource csv_resource(const char *path)
{
    return (struct source_resource){.code = "R1", .kind = SOURCE_CSV, .path = path};
}

static json_t *measured(const struct source_resource *resource)
{
    struct refusal refusal = {0};
    json_t *description = NULL;
    if (arena == NULL)
        arena = arena_new(0);
    if (source_measure(fixture_engine(), arena, resource, FIXTURE_NOW, &description, &refusal) != RESULT_OK)
        fail_msg("%s %s", refusal.field != NULL ? refusal.field : "", refusal.en);
    return description;
}

static const json_t *entry(const json_t *list, const char *key, const char *value)
{
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item)
        if (text_equal(json_text(item, key), value))
            return item;
    return NULL;
}

static const char *kind_of(const json_t *description, const char *column)
{
    const char *kind = json_text(entry(json_object_get(description, "sensitive"), "column", column), "kind");
    return kind != NULL ? kind : "none";
}

static double share_of(const json_t *list, const char *column)
{
    return json_real_value(json_object_get(entry(list, "column", column), "share"));
}

static const char *generated(enum generate_kind kind, int64_t rows)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s", fixture_path(test_folder(), "synthetic.csv"));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    struct refusal refusal;
    assert_ok(
        generate_write(&(struct generate_options){.kind = kind, .rows = rows, .seed = 3}, fd, &refusal));
    (void)close(fd);
    return path;
}

TEST(citizen_numbers_births_and_names_are_found_and_streets_are_not)
{
    const struct source_resource resource = csv_resource(generated(GENERATE_RESIDENTS, 5000));
    CLEANUP_JSON json_t *description = measured(&resource);
    assert_int_equal(json_integer_or(description, "rows", 0), 5000);
    assert_string_equal(kind_of(description, "citizen_number"), "citizen_number");
    assert_string_equal(kind_of(description, "birth_date"), "birth_date");
    assert_string_equal(kind_of(description, "street"), "none");
    assert_string_equal(kind_of(description, "district"), "none");
    assert_string_equal(kind_of(description, "registered_on"), "none");
    const json_t *item = entry(json_object_get(description, "items"), "name", "citizen_number");
    assert_string_equal(json_text(item, "type"), "text");
    assert_int_equal(json_integer_or(item, "length", 0), 18);
    item = entry(json_object_get(description, "items"), "name", "birth_date");
    assert_string_equal(json_text(item, "type"), "date");
}

TEST(credit_codes_are_found_and_are_not_personal)
{
    const struct source_resource resource = csv_resource(generated(GENERATE_ENTERPRISES, 5000));
    CLEANUP_JSON json_t *description = measured(&resource);
    const json_t *found = entry(json_object_get(description, "sensitive"), "column", "credit_code");
    assert_string_equal(json_text(found, "kind"), "credit_code");
    assert_false(json_boolean_or(found, "personal", true));
    assert_int_equal(json_array_size(json_object_get(description, "sensitive")), 1);
}

TEST(numbers_names_cards_addresses_and_remarks_are_told_apart)
{
    const char *path = fixture_path(test_folder(), "mixed.csv");
    fixture_write(
        path,
        "phone,who,card,home,remark,serial,wrong,day\n"
        "13912345678,王小明,4111111111111111,武汉市江岸区大智街道5号,无,1,110101199003070011,2024-01-02\n"
        "13912345679,李大力,5500005555555559,武汉市江汉区民意路12号3栋,来电 13812345678 询问处理情况如何,2,"
        "110101199003070012,2024-05-06\n"
        "+8613712345678,张三丰,4012888888881881,武汉市青山区红钢城街道,,3,110101199013070013,\n");
    const struct source_resource resource = csv_resource(path);
    CLEANUP_JSON json_t *description = measured(&resource);
    assert_string_equal(kind_of(description, "phone"), "mobile_number");
    assert_string_equal(kind_of(description, "who"), "person_name");
    assert_string_equal(kind_of(description, "card"), "bank_card");
    assert_string_equal(kind_of(description, "home"), "address");
    assert_string_equal(kind_of(description, "remark"), "embedded_number");
    assert_string_equal(kind_of(description, "serial"), "none");
    const json_t *quality = json_object_get(description, "quality");
    assert_string_equal(json_text(quality, "newest_day"), "2024-05-06");
    assert_string_equal(json_text(quality, "newest_column"), "day");
    assert_true(share_of(json_object_get(quality, "completeness"), "remark") > 0.66);
    assert_true(share_of(json_object_get(quality, "completeness"), "remark") < 0.67);
    char *text = json_dumps(description, JSON_COMPACT);
    assert_null(strstr(text, "王小明"));
    assert_null(strstr(text, "1391234"));
    free(text);
}

TEST(numbers_with_wrong_check_digits_are_no_citizen_numbers)
{
    const char *path = fixture_path(test_folder(), "wrong.csv");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fprintf(file, "number,impossible\n");
    static const char checks[] = "0123456789X";
    for (int i = 0; i < 100; i++) {
        char right[20];
        (void)snprintf(right, sizeof right, "42010219900307%03d", i);
        char check = identifier_citizen_number_check(right);
        char other = checks[(size_t)(strchr(checks, check) - checks + 1) % 11];
        char impossible[20];
        (void)snprintf(impossible, sizeof impossible, "42010219900230%03d", i);
        (void)fprintf(file, "%s%c,%s%c\n", right, other, impossible,
                      identifier_citizen_number_check(impossible));
    }
    (void)fclose(file);
    const struct source_resource resource = csv_resource(path);
    CLEANUP_JSON json_t *description = measured(&resource);
    assert_string_not_equal(kind_of(description, "number"), "citizen_number");
    assert_string_not_equal(kind_of(description, "impossible"), "citizen_number");
}

TEST(uniqueness_is_measured_of_declared_keys_and_of_likely_ones)
{
    const char *path = fixture_path(test_folder(), "keys.csv");
    fixture_write(path, "a,b,c\n1,1,x\n1,2,x\n2,1,x\n2,1,x\n");
    const char *const both[] = {"a", "b"};
    const struct source_key key = {both, 2};
    struct source_resource resource = csv_resource(path);
    resource.keys = &key;
    resource.key_count = 1;
    CLEANUP_JSON json_t *description = measured(&resource);
    const json_t *unique = json_object_get(json_object_get(description, "quality"), "uniqueness");
    assert_int_equal(json_array_size(unique), 1);
    assert_true(json_real_value(json_object_get(json_array_get(unique, 0), "share")) == 0.75);
    const char *const absent[] = {"z"};
    const struct source_key wrong = {absent, 1};
    resource.keys = &wrong;
    struct refusal refusal;
    json_t *none = NULL;
    assert_int_equal(source_measure(fixture_engine(), arena, &resource, FIXTURE_NOW, &none, &refusal),
                     RESULT_NOT_FOUND);
    assert_string_equal(refusal.field, "z");
}

TEST(validity_counts_what_breaks_the_declared_rules)
{
    const char *path = fixture_path(test_folder(), "rules.csv");
    fixture_write(path, "n,t\n1,ab\n5,abc\nx,ab\n99,\n");
    const struct source_column columns[] = {
        {.field = {.name = "n", .type = ENGINE_INTEGER, .nullable = true, .maximum = "10"}, .typed = true},
        {.field = {.name = "t", .type = ENGINE_TEXT, .max_characters = 2}, .typed = true}};
    struct source_resource resource = csv_resource(path);
    resource.columns = columns;
    resource.column_count = 2;
    CLEANUP_JSON json_t *description = measured(&resource);
    const json_t *validity = json_object_get(json_object_get(description, "quality"), "validity");
    assert_int_equal(json_integer_or(entry(validity, "column", "n"), "violations", 0), 2);
    assert_int_equal(json_integer_or(entry(validity, "column", "t"), "violations", 0), 2);
    assert_true(share_of(validity, "n") == 0.5);
}

TEST(an_empty_resource_is_described)
{
    const char *path = fixture_path(test_folder(), "empty.csv");
    fixture_write(path, "a,b\n");
    const struct source_resource resource = csv_resource(path);
    CLEANUP_JSON json_t *description = measured(&resource);
    assert_int_equal(json_integer_or(description, "rows", -1), 0);
    assert_int_equal(json_array_size(json_object_get(description, "items")), 2);
}

TEST(real_stations_and_home_sales_hold_nothing_sensitive)
{
    const char *const names[] = {"data/metro_stations.csv", "data/house_prices.csv",
                                 "data/covid_hubei_daily.csv"};
    for (size_t i = 0; i < 3; i++) {
        const char *path = test_shared(names[i]);
        if (path == NULL) {
            print_message("skipped: no shared data\n");
            skip();
        }
        const struct source_resource resource = csv_resource(path);
        CLEANUP_JSON json_t *description = measured(&resource);
        if (json_array_size(json_object_get(description, "sensitive")) != 0)
            fail_msg("%s: %s", names[i], json_dumps(json_object_get(description, "sensitive"), 0));
    }
}
