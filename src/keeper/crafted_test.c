/* Files that were made to harm who reads them, sent the way uploads and deliveries go: described and taken in
 * by jailed workers. What is wrong is refused with words, nothing of it is stored, no value is told, and the
 * keeper neither grows nor ends. */
#include "engine/duckdb/parquet_fixture.h"
#include "keeper/crafted_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Parquet that lies ---- */

typedef void spoil_function(struct parquet_plan *plan);

#define SPOIL(sentence) static void sentence(struct parquet_plan *plan)

static const uint8_t junk[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

static void set_page(struct parquet_column *column, const void *bytes, size_t size)
{
    column->pages[0].payload = (struct parquet_bytes){bytes, size};
    column->pages[0].uncompressed = column->pages[0].compressed = (int32_t)size;
}

/* clang-format off */
SPOIL(head_is_wrong) { plan->head = "PAR2"; }
SPOIL(tail_is_wrong) { plan->tail = "PAR2"; }
SPOIL(tail_says_encrypted) { plan->tail = "PARE"; }
SPOIL(head_says_encrypted) { plan->head = plan->tail = "PARE"; }
SPOIL(footer_of_nothing) { plan->footer_size = 0; }
SPOIL(footer_of_one_byte) { plan->footer_size = 1; }
SPOIL(footer_of_four_gigabytes) { plan->footer_size = UINT32_MAX; }
SPOIL(footer_of_two_gigabytes) { plan->footer_size = INT32_MAX; }
SPOIL(footer_into_the_data) { plan->footer_size = 200; }
SPOIL(version_of_the_future) { plan->version = 1000000; plan->tail = "PARX"; }
SPOIL(rows_below_zero) { plan->rows = plan->group_rows = -1; }
SPOIL(rows_beyond_all) { plan->rows = plan->group_rows = INT64_MAX; }
SPOIL(rows_of_two_billion) { plan->rows = plan->group_rows = plan->columns[0].values = plan->columns[1].values = (int64_t)1 << 31; }
SPOIL(group_rows_beyond_the_pages) { plan->group_rows = plan->rows = 1000; }
SPOIL(root_without_children) { plan->root_children = -1; }
SPOIL(root_of_two_billion_children) { plan->root_children = INT32_MAX; }
SPOIL(root_of_too_many_children) { plan->root_children = 3; }
SPOIL(root_of_too_few_children) { plan->root_children = 1; }
SPOIL(group_that_never_ends) { plan->columns[0].type = PARQUET_GROUP; plan->columns[0].children = INT32_MAX; }
SPOIL(group_without_children) { plan->columns[0].type = PARQUET_GROUP; plan->columns[0].children = 0; }
SPOIL(repeated_column) { plan->columns[0].repetition = 2; }
SPOIL(repetition_unknown) { plan->columns[0].repetition = 99; }
SPOIL(type_unknown) { plan->columns[0].type = 99; }
SPOIL(type_below_zero) { plan->columns[0].type = -7; }
SPOIL(type_wider_than_the_page) { plan->columns[0].type = 3; }
SPOIL(converted_type_unknown) { plan->columns[0].converted = 99; }
SPOIL(codec_unknown) { plan->columns[0].codec = 99; }
SPOIL(codec_snappy_without_it) { plan->columns[0].codec = 1; }
SPOIL(codec_gzip_without_it) { plan->columns[0].codec = 2; }
SPOIL(codec_brotli_without_it) { plan->columns[0].codec = 4; }
SPOIL(codec_zstd_without_it) { plan->columns[0].codec = 6; }
SPOIL(codec_lz4_without_it) { plan->columns[0].codec = 7; }
SPOIL(chunk_below_zero) { plan->columns[0].data_offset = -1; }
SPOIL(chunk_behind_the_end) { plan->columns[0].data_offset = (int64_t)1 << 40; }
SPOIL(chunk_at_the_last_byte) { plan->columns[0].data_offset = INT64_MAX; }
SPOIL(chunk_in_the_footer) { plan->columns[0].data_offset = 230; }
SPOIL(chunk_over_another) { plan->columns[1].data_offset = 4; }
SPOIL(chunk_of_negative_size) { plan->columns[0].compressed = plan->columns[0].uncompressed = -1000; }
SPOIL(chunk_of_huge_size) { plan->columns[0].compressed = (int64_t)1 << 50; }
SPOIL(dictionary_below_zero) { plan->columns[0].dictionary_offset = -4; }
SPOIL(dictionary_behind_the_end) { plan->columns[0].dictionary_offset = (int64_t)1 << 40; }
SPOIL(values_below_zero) { plan->columns[0].values = -3; }
SPOIL(page_type_unknown) { plan->columns[0].pages[0].type = 77; }
SPOIL(page_below_zero) { plan->columns[0].pages[0].compressed = -24; }
SPOIL(page_uncompressed_below_zero) { plan->columns[0].pages[0].uncompressed = INT32_MIN; }
SPOIL(page_of_two_gigabytes) { plan->columns[0].pages[0].compressed = plan->columns[0].pages[0].uncompressed = INT32_MAX; }
SPOIL(page_bomb_snappy) { plan->columns[0].codec = 1; plan->columns[0].pages[0].uncompressed = INT32_MAX; }
SPOIL(page_bomb_zstd) { plan->columns[0].codec = 6; plan->columns[0].pages[0].uncompressed = INT32_MAX; }
SPOIL(page_of_more_values_than_bytes) { plan->columns[0].pages[0].values = INT32_MAX; plan->rows = plan->group_rows = plan->columns[0].values = INT32_MAX; }
SPOIL(page_of_negative_values) { plan->columns[0].pages[0].values = -3; }
SPOIL(encoding_unknown) { plan->columns[0].pages[0].encoding = 77; }
SPOIL(dictionary_that_is_not_there) { plan->columns[0].pages[0].encoding = PARQUET_RLE_DICTIONARY; }
SPOIL(delta_of_junk) { plan->columns[0].pages[0].encoding = PARQUET_DELTA; set_page(&plan->columns[0], junk, sizeof junk); }
SPOIL(text_longer_than_the_page) { set_page(&plan->columns[1], junk, sizeof junk); }
SPOIL(text_that_is_no_utf8) { set_page(&plan->columns[1], "\x02\0\0\0\xC0\x80\x01\0\0\0b\x01\0\0\0\xFF", 16); }
SPOIL(text_of_a_negative_length) { set_page(&plan->columns[1], "\x00\0\0\x80zz\x01\0\0\0b\x01\0\0\0c", 16); }
SPOIL(name_is_empty) { plan->columns[0].name_size = 0; }
SPOIL(name_of_a_kilobyte) { static char name[1000]; memset(name, 'n', sizeof name); plan->columns[0].name = name; plan->columns[0].name_size = sizeof name; }
SPOIL(name_that_is_sql) { plan->columns[0].name = "id\"; COPY (SELECT 1) TO '/room/x"; plan->columns[0].name_size = 33; }
SPOIL(name_with_a_nul) { plan->columns[0].name = "id\0x"; plan->columns[0].name_size = 4; }
SPOIL(name_that_is_no_utf8) { plan->columns[0].name = "\xC0\x80id"; plan->columns[0].name_size = 4; }
SPOIL(name_with_control_characters) { plan->columns[0].name = "id\n\x1B[2J"; plan->columns[0].name_size = 7; }
SPOIL(name_of_ours) { plan->columns[0].name = "__subject_id"; plan->columns[0].name_size = 12; }
SPOIL(name_twice) { plan->columns[1].name = "id"; plan->columns[1].name_size = 2; }
SPOIL(name_twice_in_capitals) { plan->columns[1].name = "ID"; plan->columns[1].name_size = 2; }
SPOIL(name_of_another) { plan->columns[1].name = "other"; plan->columns[1].name_size = 5; }
/* clang-format on */

/* A dictionary of one number, and a page that asks for its sixth. */
SPOIL(dictionary_index_out_of_range)
{
    static const int64_t one = 1;
    struct parquet_column *column = &plan->columns[0];
    column->pages[0] = (struct parquet_page){
        .type = 2, .uncompressed = 8, .compressed = 8, .values = 1, .payload = {&one, sizeof one}};
    column->pages[1] = (struct parquet_page){.uncompressed = 3,
                                             .compressed = 3,
                                             .values = 3,
                                             .encoding = PARQUET_RLE_DICTIONARY,
                                             .payload = {"\x08\x06\x05", 3}}; /* 8 bits wide, 3 times 5 */
    column->page_count = 2;
}

/* A hundred groups in one another, each of which the next one closes. */
SPOIL(groups_nested_ten_thousand_deep)
{
    enum { DEEP = 10000 };
    static struct parquet_column columns[DEEP + 1];
    for (int i = 0; i < DEEP; i++)
        columns[i] = (struct parquet_column){
            .name = "g", .name_size = 1, .type = PARQUET_GROUP, .children = 1, .converted = -1};
    columns[DEEP] = plan->columns[0];
    plan->columns = columns;
    plan->column_count = DEEP + 1;
    plan->root_children = 1;
}

SPOIL(columns_by_the_hundred_thousand)
{
    enum { WIDE = 100000 };
    static struct parquet_column columns[WIDE];
    static char names[WIDE][8];
    for (int i = 0; i < WIDE; i++) {
        columns[i] = plan->columns[0];
        columns[i].name = names[i];
        columns[i].name_size = (size_t)snprintf(names[i], sizeof names[i], "c%d", i);
    }
    plan->columns = columns;
    plan->column_count = WIDE;
}

static const struct {
    const char *name;
    spoil_function *spoil;
} lies[] = {
#define LIE(sentence)                                                                                        \
    {                                                                                                        \
#sentence, sentence                                                                                  \
    }
    LIE(head_is_wrong),
    LIE(tail_is_wrong),
    LIE(tail_says_encrypted),
    LIE(head_says_encrypted),
    LIE(footer_of_nothing),
    LIE(footer_of_one_byte),
    LIE(footer_of_four_gigabytes),
    LIE(footer_of_two_gigabytes),
    LIE(footer_into_the_data),
    LIE(version_of_the_future),
    LIE(rows_below_zero),
    LIE(rows_beyond_all),
    LIE(rows_of_two_billion),
    LIE(group_rows_beyond_the_pages),
    LIE(root_without_children),
    LIE(root_of_two_billion_children),
    LIE(root_of_too_many_children),
    LIE(root_of_too_few_children),
    LIE(group_that_never_ends),
    LIE(group_without_children),
    LIE(repeated_column),
    LIE(repetition_unknown),
    LIE(type_unknown),
    LIE(type_below_zero),
    LIE(type_wider_than_the_page),
    LIE(converted_type_unknown),
    LIE(codec_unknown),
    LIE(codec_snappy_without_it),
    LIE(codec_gzip_without_it),
    LIE(codec_brotli_without_it),
    LIE(codec_zstd_without_it),
    LIE(codec_lz4_without_it),
    LIE(chunk_below_zero),
    LIE(chunk_behind_the_end),
    LIE(chunk_at_the_last_byte),
    LIE(chunk_in_the_footer),
    LIE(chunk_over_another),
    LIE(chunk_of_negative_size),
    LIE(chunk_of_huge_size),
    LIE(dictionary_below_zero),
    LIE(dictionary_behind_the_end),
    LIE(values_below_zero),
    LIE(page_type_unknown),
    LIE(page_below_zero),
    LIE(page_uncompressed_below_zero),
    LIE(page_of_two_gigabytes),
    LIE(page_bomb_snappy),
    LIE(page_bomb_zstd),
    LIE(page_of_more_values_than_bytes),
    LIE(page_of_negative_values),
    LIE(encoding_unknown),
    LIE(dictionary_that_is_not_there),
    LIE(dictionary_index_out_of_range),
    LIE(delta_of_junk),
    LIE(text_longer_than_the_page),
    LIE(text_that_is_no_utf8),
    LIE(text_of_a_negative_length),
    LIE(name_is_empty),
    LIE(name_of_a_kilobyte),
    LIE(name_that_is_sql),
    LIE(name_with_a_nul),
    LIE(name_that_is_no_utf8),
    LIE(name_with_control_characters),
    LIE(name_of_ours),
    LIE(name_twice),
    LIE(name_twice_in_capitals),
    LIE(name_of_another),
    LIE(groups_nested_ten_thousand_deep),
    LIE(columns_by_the_hundred_thousand),
#undef LIE
};

TEST(parquet_that_lies_is_refused)
{
    CLEANUP_CRAFTED struct crafted crafted = crafted_begin();
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct parquet_column columns[2];
        struct parquet_plan plan = parquet_good(columns);
        CLEANUP_WIRE struct wire_out file = {0};
        lies[i].spoil(&plan);
        parquet_write(&plan, &file);
        struct crafted_outcome outcome = crafted_send(&crafted, file.bytes, file.size);
        if (getenv("DUKOU_TEST_PRINT") != NULL)
            print_message("%s: %s %s %lld | %s\n", lies[i].name, result_name(outcome.result),
                          outcome.accepted ? "accepted" : "", (long long)outcome.rows, outcome.text);
        bool same = outcome.accepted && outcome.rows == 3 && outcome.id_sum == 6;
        if (outcome.accepted && !same) {
            print_message("%s was taken in otherwise: %lld rows, sum %lld\n", lies[i].name,
                          (long long)outcome.rows, (long long)outcome.id_sum);
            wrong++;
            continue;
        }
        crafted_report("parquet", lies[i].name, "uploads Parquet in which a field lies",
                       same ? "its rows are taken in as they are: nothing rests on that field"
                            : outcome.text);
    }
    assert_int_equal(wrong, 0);
}

/* Smallest, largest and the number of nulls are what the file says of itself. A reader that believes them
 * would skip the check of a rule that "cannot" be broken. */
static void assert_not_believed(const char *name, const struct parquet_plan *plan, const char *reason)
{
    CLEANUP_CRAFTED struct crafted crafted = crafted_begin();
    CLEANUP_WIRE struct wire_out file = {0};
    parquet_write(plan, &file);
    struct crafted_outcome outcome = crafted_send(&crafted, file.bytes, file.size);
    assert_ok(outcome.result);
    if (outcome.accepted)
        fail_msg("%s: the file was believed: %s", name, outcome.text);
    assert_non_null(strstr(outcome.text, reason));
    attack_stopped(&(struct attack){"files", name, "uploads Parquet whose statistics deny what its rows hold",
                                    "jailed worker that takes it in: every row is held against its rule",
                                    "a violation of the rule"});
}

TEST(statistics_that_deny_a_number_below_the_minimum_are_not_believed)
{
    static const int64_t ids[] = {-5, 2, 3};
    static const int64_t least = 1;
    static const int64_t most = 3;
    struct parquet_column columns[2];
    struct parquet_plan plan = parquet_good(columns);
    set_page(&columns[0], ids, sizeof ids);
    columns[0].least = (struct parquet_bytes){&least, sizeof least};
    columns[0].most = (struct parquet_bytes){&most, sizeof most};
    columns[0].nulls = 0;
    assert_not_believed("parquet_statistics_of_a_minimum", &plan, "\"reason\":\"minimum\"");
}

TEST(statistics_that_deny_a_missing_value_are_not_believed)
{
    /* levels 1, 0, 1, packed; then two numbers */
    static const uint8_t page[] = {2, 0, 0, 0, 3, 5, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0};
    static const int64_t least = 1;
    static const int64_t most = 3;
    struct parquet_column columns[2];
    struct parquet_plan plan = parquet_good(columns);
    columns[0].repetition = 1;
    set_page(&columns[0], page, sizeof page);
    columns[0].least = (struct parquet_bytes){&least, sizeof least};
    columns[0].most = (struct parquet_bytes){&most, sizeof most};
    columns[0].nulls = 0;
    assert_not_believed("parquet_statistics_of_nulls", &plan, "\"reason\":\"null\"");
}
