#include "keeper/fixture.h"

#include "vault/delivery.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct fixture fixture_at(const char *home)
{
    struct fixture fixture = {.arena = arena_new(0)};
    struct refusal refusal = {0};
    (void)snprintf(fixture.home, sizeof fixture.home, "%s", home);
    const struct keeper_options options = {
        .home = fixture.home, .origin = "dukou.test/log", .start_engine = fixture_engine};
    enum result result = keeper_start(&options, &fixture.keeper, &refusal);
    if (result != RESULT_OK)
        print_message("keeper_start: %s: %s\n", result_name(result), refusal.en);
    assert_ok(result);
    return fixture;
}

struct fixture fixture_new(void)
{
    return fixture_at(test_folder());
}

void fixture_free(struct fixture *fixture)
{
    keeper_stop(fixture->keeper);
    arena_free(fixture->arena);
}

int fixture_file(const char *text, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_ok(disk_write_all(fd, text, size));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

json_t *fixture_json(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

const char *fixture_residents(struct arena *arena, int rows)
{
    enum { LINE = 80 };
    size_t room = (size_t)(rows + 1) * LINE;
    char *text = arena_alloc(arena, room);
    size_t at = (size_t)snprintf(text, room, "id,district,age,pay,secret\n");
    for (int i = 1; i <= rows; i++)
        at += (size_t)snprintf(text + at, room - at, "%d,区%d,%d,%d,%s-%d\n", i, i % 4, 18 + i % 60,
                               3000 + i % 977, CANARY, i);
    return text;
}

json_t *fixture_residents_expected(void)
{
    return fixture_json(
        "{\"columns\":[{\"name\":\"id\",\"type\":\"integer\",\"nullable\":false},"
        "{\"name\":\"district\",\"type\":\"text\"},"
        "{\"name\":\"age\",\"type\":\"integer\",\"minimum\":\"0\",\"maximum\":\"150\"},"
        "{\"name\":\"pay\",\"type\":\"double\",\"minimum\":\"0\"},{\"name\":\"secret\",\"type\":\"text\"}],"
        "\"subject\":\"id\"}");
}

json_t *fixture_policy(row_id grant)
{
    char text[2000];
    (void)snprintf(text, sizeof text,
                   "{\"rule\":\"release/standard\",\"version\":1,\"threshold\":10,\"tables\":["
                   "{\"name\":\"resident\",\"kind\":\"resource\",\"subject\":\"id\",\"file\":\"slice/"
                   "%lld\",\"columns\":["
                   "{\"name\":\"id\",\"type\":\"BIGINT\",\"use\":\"key\"},"
                   "{\"name\":\"district\",\"type\":\"VARCHAR\",\"use\":\"key_dimension\"},"
                   "{\"name\":\"age\",\"type\":\"BIGINT\",\"use\":\"measure\",\"filterable\":true,\"non_"
                   "negative\":true},"
                   "{\"name\":\"pay\",\"type\":\"DOUBLE\",\"use\":\"measure\",\"filterable\":true,\"non_"
                   "negative\":true},"
                   "{\"name\":\"secret\",\"type\":\"VARCHAR\",\"use\":\"forbidden\"}]},"
                   "{\"name\":\"own\",\"kind\":\"import\",\"file\":\"import/3\",\"columns\":["
                   "{\"name\":\"district\",\"type\":\"VARCHAR\",\"use\":\"key_dimension\"},"
                   "{\"name\":\"class\",\"type\":\"VARCHAR\",\"use\":\"dimension\"}]}],"
                   "\"joins\":[{\"left\":[\"resident\",\"district\"],\"right\":[\"own\",\"district\"]}]}",
                   (long long)grant);
    return fixture_json(text);
}

static int seal(struct fixture *fixture, const json_t *order, const char *public_key, const char *csv)
{
    const char *text = json_print_canonical(fixture->arena, order);
    struct digest digest = digest_sha256(text, strlen(text));
    struct delivery_seal *seal = NULL;
    int fd = memfd_create("sealed", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_ok(delivery_seal_open(fd, public_key, &digest, &seal));
    assert_ok(delivery_seal_write(seal, csv, strlen(csv)));
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    return fd;
}

void fixture_deliver(struct fixture *fixture, row_id grant, const char *csv, json_t *expected)
{
    char key[KEEPER_KEY_TEXT_SIZE];
    char *signature = NULL;
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *report = NULL;
    assert_ok(keeper_grant_open(fixture->keeper, grant, key));
    CLEANUP_JSON json_t *order =
        json_pack("{s:i, s:I, s:s}", "order", 1, "grant", (json_int_t)grant, "public_key", key);
    assert_ok(keeper_order_sign(fixture->keeper, fixture->arena, order, &signature));
    CLEANUP_FD int fd = seal(fixture, order, key, csv);
    enum result result =
        keeper_slice_receive(fixture->keeper, fixture->arena, grant, fd, expected, &report, &refusal);
    if (result != RESULT_OK)
        print_message("slice_receive: %s: %s %s\n", result_name(result), refusal.field, refusal.en);
    assert_ok(result);
    assert_true(json_boolean_or(report, "accepted", false));
    json_decref(expected);
}

enum result fixture_open(struct fixture *fixture, row_id product, row_id result, json_t **ret_opened)
{
    struct digest digest;
    CLEANUP_JSON json_t *report = NULL;
    TRY(keeper_product_table(fixture->keeper, fixture->arena, product, result, NULL, &digest, &report, NULL));
    return keeper_result_open(fixture->keeper, fixture->arena, product, result, ret_opened, NULL);
}

static const char *needle;
static int found;

static int search_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    void *bytes = NULL;
    size_t size = 0;
    (void)status;
    (void)walk;
    if (type == FTW_F && disk_get(arena, path, 1 << 27, &bytes, &size) == RESULT_OK &&
        memmem(bytes, size, needle, strlen(needle)) != NULL)
        found++;
    return 0;
}

int fixture_files_holding(const char *folder, const char *text)
{
    needle = text;
    found = 0;
    (void)nftw(folder, search_file, 16, FTW_PHYS); /* temporary files may vanish on the way */
    return found;
}
