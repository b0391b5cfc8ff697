#include "keeper/captured.h"

#include "vault/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void captured_stopped(const char *name, const char *tried, const char *stopped, enum result result)
{
    attack_stopped(&(struct attack){
        .chapter = "keeper", .name = name, .tried = tried, .stopped = stopped, .seen = result_name(result)});
}

/* Walks one step down; numbers name members of arrays. */
static json_t *step(json_t *json, const char *name, size_t size)
{
    char key[64] = "";
    assert_true(size < sizeof key);
    memcpy(key, name, size);
    return json_is_array(json) ? json_array_get(json, (size_t)strtol(key, NULL, 10))
                               : json_object_get(json, key);
}

static void set_at(json_t *json, const char *path, const char *value)
{
    const char *name = path + 1;
    for (const char *slash; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
        json = step(json, name, (size_t)(slash - name));
        assert_non_null(json);
    }
    if (value == NULL) {
        assert_int_equal(json_object_del(json, name), 0);
        return;
    }
    json_t *parsed = json_loads(value, JSON_DECODE_ANY, NULL);
    assert_non_null(parsed);
    if (json_is_array(json))
        assert_int_equal(json_array_append_new(json, parsed), 0);
    else
        assert_int_equal(json_object_set_new(json, name, parsed), 0);
}

json_t *captured_policy(const char *path, const char *value)
{
    json_t *policy = fixture_policy(17);
    if (path != NULL)
        set_at(policy, path, value);
    return policy;
}

void captured_query(struct fixture *fixture, json_t *policy, row_id room, const char *sql,
                    enum result expected, const char *field)
{
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *shape = NULL;
    enum result result =
        keeper_query_run(fixture->keeper, fixture->arena, 900, room, policy, sql, &shape, &refusal);
    if (result != expected || (field != NULL && (refusal.field == NULL || strcmp(field, refusal.field) != 0)))
        fail_msg("%s: %s at %s: %s", sql, result_name(result), refusal.field != NULL ? refusal.field : "-",
                 refusal.en != NULL ? refusal.en : "-");
    json_decref(policy);
}

enum result captured_deliver(struct fixture *fixture, row_id grant, const char *statement, const char *csv,
                             json_t *expected, struct refusal *ret_refusal)
{
    char key[KEEPER_KEY_TEXT_SIZE];
    char *signature = NULL;
    CLEANUP_JSON json_t *report = NULL;
    struct delivery_seal *seal = NULL;
    CLEANUP_FD int fd = memfd_create("sealed", MFD_CLOEXEC);
    assert_ok(keeper_grant_open(fixture->keeper, grant, key));
    CLEANUP_JSON json_t *order =
        json_pack("{s:i, s:I, s:s}", "order", 1, "grant", (json_int_t)grant, "public_key", key);
    assert_ok(keeper_order_sign(fixture->keeper, fixture->arena, order, &signature));
    const char *text = json_print_canonical(fixture->arena, order);
    struct digest digest = digest_sha256(text, strlen(text));
    if (statement != NULL)
        assert_ok(delivery_seal_stating(fd, key, &digest, statement, &seal));
    else
        assert_ok(delivery_seal_open(fd, key, &digest, &seal));
    assert_ok(delivery_seal_write(seal, csv, strlen(csv)));
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    *ret_refusal = (struct refusal){0};
    enum result result =
        keeper_slice_receive(fixture->keeper, fixture->arena, grant, fd, expected, &report, ret_refusal);
    json_decref(expected);
    return result;
}
