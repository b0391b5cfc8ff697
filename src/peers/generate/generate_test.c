#include "base/calendar.h"
#include "base/identifier.h"
#include "base/limits.h"
#include "peers/generate/generate.h"
#include "support/test.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 20000, FIELDS = 16 };

/* A table in memory, cut into fields in place. */
struct table {
    char *text;
    size_t size;
    char *fields[ROWS + 1][FIELDS];
    int rows; /* with the header */
    int columns;
};

static char *generated(const struct generate_options *options, size_t *ret_size)
{
    int fd = memfd_create("rows", MFD_CLOEXEC);
    struct refusal refusal;
    assert_ok(generate_write(options, fd, &refusal));
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    char *text = calloc(1, (size_t)info.st_size + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)info.st_size, 0), info.st_size);
    (void)close(fd);
    *ret_size = (size_t)info.st_size;
    return text;
}

static struct table *table_of(enum generate_kind kind, int64_t rows, uint64_t seed)
{
    struct table *table = calloc(1, sizeof *table);
    assert_non_null(table);
    table->text =
        generated(&(struct generate_options){.kind = kind, .rows = rows, .seed = seed}, &table->size);
    char *lines = NULL;
    for (char *line = strtok_r(table->text, "\n", &lines); line != NULL;
         line = strtok_r(NULL, "\n", &lines)) {
        int field = 0;
        for (char *text = line; text != NULL; field++)
            table->fields[table->rows][field] = strsep(&text, ",");
        if (table->rows == 0)
            table->columns = field;
        assert_int_equal(field, table->columns);
        table->rows++;
    }
    assert_int_equal(table->rows, rows + 1);
    return table;
}

static void table_free(struct table *table)
{
    free(table->text);
    free(table);
}

static int column_of(const struct table *table, const char *name)
{
    for (int i = 0; i < table->columns; i++)
        if (strcmp(table->fields[0][i], name) == 0)
            return i;
    fail_msg("no column %s", name);
    return -1;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The values of a column, sorted. */
static void sorted(const struct table *table, const char *name, const char **ret_values)
{
    int column = column_of(table, name);
    for (int i = 1; i < table->rows; i++)
        ret_values[i - 1] = table->fields[i][column];
    qsort(ret_values, (size_t)table->rows - 1, sizeof *ret_values, compare);
}

TEST(citizen_numbers_are_valid_different_and_agree_with_birth_and_sex)
{
    struct table *table = table_of(GENERATE_RESIDENTS, ROWS, 7);
    static const char *numbers[ROWS];
    int number = column_of(table, "citizen_number");
    int born = column_of(table, "birth_date");
    int sex = column_of(table, "sex");
    for (int i = 1; i < table->rows; i++) {
        const char *text = table->fields[i][number];
        const char *date = table->fields[i][born];
        assert_true(identifier_is_citizen_number(text));
        assert_memory_equal(text, "4201", 4);
        assert_true(memcmp(text + 6, date, 4) == 0 && memcmp(text + 10, date + 5, 2) == 0 &&
                    memcmp(text + 12, date + 8, 2) == 0);
        assert_string_equal(table->fields[i][sex], (text[16] - '0') % 2 == 1 ? "男" : "女");
    }
    sorted(table, "citizen_number", numbers);
    for (int i = 1; i < ROWS; i++)
        assert_string_not_equal(numbers[i - 1], numbers[i]);
    table_free(table);
}

TEST(credit_codes_are_valid_and_different)
{
    struct table *table = table_of(GENERATE_ENTERPRISES, ROWS, 7);
    static const char *codes[ROWS];
    sorted(table, "credit_code", codes);
    for (int i = 0; i < ROWS; i++) {
        assert_true(identifier_is_credit_code(codes[i]));
        assert_true(i == 0 || strcmp(codes[i - 1], codes[i]) != 0);
    }
    table_free(table);
}

TEST(every_row_is_labelled_synthetic_and_no_name_is_a_persons)
{
    for (int kind = 0; kind < GENERATE_KINDS; kind++) {
        struct table *table = table_of((enum generate_kind)kind, 500, 3);
        int label = column_of(table, "synthetic");
        for (int i = 1; i < table->rows; i++) {
            assert_string_equal(table->fields[i][label], "true");
            if (kind != GENERATE_SOCIAL_INSURANCE)
                assert_memory_equal(table->fields[i][column_of(table, "name")], "合成", strlen("合成"));
        }
        table_free(table);
    }
}

TEST(the_same_seed_gives_the_same_bytes_and_another_seed_others)
{
    for (int kind = 0; kind < GENERATE_KINDS; kind++) {
        struct generate_options options = {.kind = (enum generate_kind)kind, .rows = 3000, .seed = 11};
        size_t sizes[3];
        char *a = generated(&options, &sizes[0]);
        char *b = generated(&options, &sizes[1]);
        options.seed = 12;
        char *c = generated(&options, &sizes[2]);
        assert_int_equal(sizes[0], sizes[1]);
        assert_memory_equal(a, b, sizes[0]);
        assert_true(sizes[0] != sizes[2] || memcmp(a, c, sizes[0]) != 0);
        free(a);
        free(b);
        free(c);
    }
}

TEST(a_shorter_table_is_the_beginning_of_a_longer_one)
{
    for (int kind = 0; kind < GENERATE_SOCIAL_INSURANCE; kind++) {
        struct generate_options options = {.kind = (enum generate_kind)kind, .rows = 300, .seed = 5};
        size_t short_size;
        size_t long_size;
        char *a = generated(&options, &short_size);
        options.rows = 900;
        char *b = generated(&options, &long_size);
        assert_true(long_size > short_size);
        assert_memory_equal(a, b, short_size);
        free(a);
        free(b);
    }
}

static void assert_all_found(const struct table *from, const char *column, const struct table *in)
{
    static const char *known[ROWS];
    sorted(in, column, known);
    int at = column_of(from, column);
    for (int i = 1; i < from->rows; i++)
        assert_non_null(bsearch(&from->fields[i][at], known, (size_t)in->rows - 1, sizeof *known, compare));
}

TEST(social_insurance_refers_to_residents_and_enterprises_of_the_seed)
{
    struct table *insurance = table_of(GENERATE_SOCIAL_INSURANCE, ROWS, 21);
    struct table *residents = table_of(GENERATE_RESIDENTS, ROWS, 21);
    struct table *enterprises = table_of(GENERATE_ENTERPRISES, ROWS / 20 + 1, 21);
    assert_all_found(insurance, "citizen_number", residents);
    assert_all_found(insurance, "credit_code", enterprises);
    table_free(insurance);
    table_free(residents);
    table_free(enterprises);
}

TEST(nobody_pays_for_more_months_than_there_are_nor_before_eighteen)
{
    struct table *table = table_of(GENERATE_SOCIAL_INSURANCE, ROWS, 4);
    for (int i = 1; i < table->rows; i++) {
        char **row = table->fields[i];
        int first = atoi(row[3]) * 12 + atoi(row[3] + 5);
        int last = atoi(row[4]) * 12 + atoi(row[4] + 5);
        int paid = atoi(row[5]);
        int base = atoi(row[6]);
        int born = atoi((char[]){row[0][6], row[0][7], row[0][8], row[0][9], '\0'});
        assert_true(paid >= 1 && paid <= last - first + 1);
        assert_true(base >= 4077 && base <= 22383);
        assert_true(first >= (born + 18) * 12);
    }
    table_free(table);
}

TEST(few_firms_employ_most_of_the_insured)
{
    struct table *table = table_of(GENERATE_SOCIAL_INSURANCE, ROWS, 9);
    static const char *codes[ROWS];
    static int sizes[ROWS];
    sorted(table, "credit_code", codes);
    int firms = 0;
    int largest = 0;
    for (int i = 0; i < ROWS; i++) {
        if (i > 0 && strcmp(codes[i], codes[i - 1]) != 0)
            firms++;
        sizes[firms]++;
    }
    int singles = 0;
    for (int i = 0; i <= firms; i++) {
        largest = sizes[i] > largest ? sizes[i] : largest;
        singles += sizes[i] <= 2 * ROWS / (firms + 1) ? 1 : 0;
    }
    assert_true(largest > 20 * ROWS / (firms + 1));
    assert_true(singles > (firms + 1) * 3 / 4);
    table_free(table);
}

TEST(rows_outside_the_limits_are_refused)
{
    const int64_t wrong[] = {-1, 0, LIMIT_GENERATE_ROWS + 1};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct refusal refusal = {0};
        struct generate_options options = {.kind = GENERATE_RESIDENTS, .rows = wrong[i]};
        assert_int_equal(generate_write(&options, -1, &refusal), RESULT_INVALID);
        assert_string_equal(refusal.field, "rows");
    }
}

TEST(a_file_that_cannot_be_written_is_reported)
{
    struct refusal refusal = {0};
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct generate_options options = {.kind = GENERATE_ENTERPRISES, .rows = 10};
    assert_int_equal(generate_write(&options, full, &refusal), RESULT_IO);
    (void)close(full);
}

static int run(char **argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    return generate_main(argc, argv);
}

TEST(the_command_writes_a_whole_file_and_only_under_a_name_that_says_synthetic)
{
    char folder[64];
    char good[96];
    char bad[96];
    (void)snprintf(folder, sizeof folder, "%s", test_folder());
    (void)snprintf(good, sizeof good, "%s/synthetic_a.csv", folder);
    (void)snprintf(bad, sizeof bad, "%s/residents.csv", folder);
    assert_int_equal(run((char *[]){"generate", "--kind", "residents", "--rows", "9", "--out", good, NULL}),
                     0);
    assert_int_equal(access(good, R_OK), 0);
    assert_int_equal(run((char *[]){"generate", "--kind", "residents", "--rows", "9", "--out", bad, NULL}),
                     2);
    assert_int_not_equal(access(bad, F_OK), 0);
}

TEST(a_wrong_command_line_is_refused)
{
    char *const wrong[][6] = {{"generate", "--kind", "people", "--rows", "5"},
                              {"generate", "--kind", "residents", "--rows", "5x"},
                              {"generate", "--kind", "residents", "--rows"},
                              {"generate"},
                              {"generate", "--kind", "residents"},
                              {"generate", "--colour", "red"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(run((char **)wrong[i]), 2);
}
