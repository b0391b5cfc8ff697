#include "keeper/crafted_fixture.h"

#include "engine/duckdb/parquet_fixture.h"
#include "keeper/keeper_inner.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int file_count;

static int count_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)walk;
    file_count += type == FTW_F && strstr(path, "/destroyed/") == NULL;
    return 0;
}

static int files_below(const char *folder)
{
    file_count = 0;
    (void)nftw(folder, count_file, 16, FTW_PHYS);
    return file_count;
}

static long resident_pages(const struct crafted *crafted)
{
    char path[64];
    char line[128] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)crafted->fixture.keeper->process);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    (void)fclose(file);
    const char *second = strchr(line, ' ');
    assert_non_null(second);
    return strtol(second == NULL ? "0" : second, NULL, 10);
}

struct crafted crafted_begin(void)
{
    struct crafted crafted = {.fixture = fixture_new()};
    struct parquet_column columns[2];
    struct parquet_plan plan = parquet_good(columns);
    CLEANUP_WIRE struct wire_out file = {0};
    parquet_write(&plan, &file);
    struct crafted_outcome outcome = crafted_send(&crafted, file.bytes, file.size);
    if (!outcome.accepted)
        fail_msg("the good file: %s", outcome.text);
    assert_int_equal(outcome.rows, 3);
    crafted.files = files_below(crafted.fixture.home) - crafted.looked;
    crafted.resident_pages = resident_pages(&crafted);
    return crafted;
}

void crafted_end(struct crafted *crafted)
{
    enum { GROWTH = 16 * 256 };
    assert_int_equal(files_below(crafted->fixture.home), crafted->files + crafted->looked);
    assert_int_equal(fixture_files_holding(crafted->fixture.home, CANARY), 0);
    assert_true(resident_pages(crafted) < crafted->resident_pages + GROWTH);
    fixture_free(&crafted->fixture);
}

static void assert_words(const struct refusal *refusal)
{
    const char *const words[] = {refusal->zh, refusal->en, refusal->remedy_zh, refusal->remedy_en};
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(words[i]);
        assert_null(strstr(words[i], CANARY));
    }
    assert_true(refusal->field == NULL || strstr(refusal->field, CANARY) == NULL);
}

static json_t *expected_columns(void)
{
    return fixture_json(
        "{\"columns\":[{\"name\":\"id\",\"type\":\"integer\",\"nullable\":false,\"minimum\":\"0\"},"
        "{\"name\":\"name\",\"type\":\"text\"}]}");
}

/* What was taken in goes again, so that what is left behind shows. */
static void destroy(struct crafted *crafted, row_id import)
{
    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(keeper_key_destroy(crafted->fixture.keeper,
                                 arena_printf(crafted->fixture.arena, "import/%lld", (long long)import),
                                 &certificate));
    assert_int_equal(json_array_size(json_object_get(certificate, "files")), 1);
}

static int64_t id_sum(struct crafted *crafted, row_id import)
{
    struct fixture *fixture = &crafted->fixture;
    struct refusal refusal = {0};
    char text[600];
    (void)snprintf(text, sizeof text,
                   "{\"rule\":\"r\",\"version\":1,\"tables\":[{\"name\":\"t\",\"kind\":\"import\",\"file\":"
                   "\"import/%lld\",\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\",\"use\":\"measure\"},"
                   "{\"name\":\"name\",\"type\":\"VARCHAR\",\"use\":\"dimension\"}]}]}",
                   (long long)import);
    CLEANUP_JSON json_t *policy = fixture_json(text);
    CLEANUP_JSON json_t *shape = NULL;
    CLEANUP_JSON json_t *release = NULL;
    struct digest digest;
    const void *bytes = NULL;
    size_t size = 0;
    if (keeper_query_run(fixture->keeper, fixture->arena, import, 2, policy,
                         "SELECT sum(id), count(name) FROM t", &shape, &refusal) != RESULT_OK)
        fail_msg("what was taken in does not answer: %s", refusal.en);
    assert_ok(keeper_product_table(fixture->keeper, fixture->arena, import, import, NULL, &digest, &release,
                                   &refusal));
    assert_ok(keeper_product_read(fixture->keeper, fixture->arena, import, &bytes, &size));
    const char *line = memchr(bytes, '\n', size);
    assert_non_null(line);
    crafted->looked += 3; /* a result, a product and its key */
    return strtoll(line + 1, NULL, 10);
}

struct crafted_outcome crafted_send(struct crafted *crafted, const void *bytes, size_t size)
{
    struct fixture *fixture = &crafted->fixture;
    struct crafted_outcome outcome = {0};
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *description = NULL;
    CLEANUP_JSON json_t *report = NULL;
    CLEANUP_JSON json_t *expected = expected_columns();
    CLEANUP_FD int fd = fixture_file(bytes, size);
    if (keeper_describe(fixture->keeper, fixture->arena, fd, &description, &refusal) != RESULT_OK)
        assert_words(&refusal);
    refusal = (struct refusal){0};
    row_id import = ++crafted->imports;
    outcome.result = keeper_import(fixture->keeper, fixture->arena, import, fd, expected, &report, &refusal);
    if (outcome.result != RESULT_OK) {
        assert_words(&refusal);
        outcome.text = refusal.en;
        return outcome;
    }
    outcome.text = json_print(fixture->arena, report);
    outcome.accepted = json_boolean_or(report, "accepted", false);
    outcome.rows = json_integer_or(report, "rows", -1);
    if (outcome.accepted) {
        outcome.id_sum = id_sum(crafted, import);
        destroy(crafted, import);
    }
    assert_null(strstr(outcome.text, CANARY));
    return outcome;
}

void crafted_report(const char *class, const char *name, const char *tried, const char *seen)
{
    char full[128];
    (void)snprintf(full, sizeof full, "%s_%s", class, name);
    attack_stopped(&(struct attack){"files", full, tried, "jailed worker that reads it", seen});
}
