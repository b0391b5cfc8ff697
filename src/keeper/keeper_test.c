#include "audit/note.h"
#include "base/clock.h"
#include "keeper/fixture.h"
#include "keeper/keeper_inner.h"
#include "support/attack.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell(const char *what, enum result result, const struct refusal *refusal)
{
    if (result != RESULT_OK)
        print_message("%s: %s: %s: %s\n", what, result_name(result),
                      refusal->field != NULL ? refusal->field : "-", refusal->en != NULL ? refusal->en : "-");
}

static enum result run_query(struct fixture *fixture, row_id result_id, row_id room, const json_t *policy,
                             const char *sql, json_t **ret_shape, struct refusal *ret_refusal)
{
    return keeper_query_run(fixture->keeper, fixture->arena, result_id, room, policy, sql, ret_shape,
                            ret_refusal);
}

static void assert_runs(struct fixture *fixture, row_id result_id, row_id room, const json_t *policy,
                        const char *sql)
{
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *shape = NULL;
    enum result result = run_query(fixture, result_id, room, policy, sql, &shape, &refusal);
    tell(sql, result, &refusal);
    assert_ok(result);
}

TEST(the_status_names_keys_and_jail)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    CLEANUP_JSON json_t *status = NULL;
    assert_ok(keeper_status(fixture.keeper, &status));
    struct note_key key;
    const char *text = json_text(status, "log_ed25519");
    assert_ok(note_key_parse(text, strlen(text), &key));
    text = json_text(status, "log_sm2");
    assert_ok(note_key_parse(text, strlen(text), &key));
    assert_int_equal(strlen(json_text(status, "order_ed25519")), 64);
    assert_int_equal(json_integer_or(status, "pid", 0), fixture.keeper->process);
    assert_true(json_array_size(json_object_get(status, "jail")) >= 4);
}

/* A log in the fixture's home, sealed with the keeper's keys. */
struct kept_log {
    char folder[160];
    char store_path[160];
    struct store *store;
    struct audit_sealer *sealer;
};

static enum result open_log(struct fixture *fixture, struct kept_log *log)
{
    (void)snprintf(log->folder, sizeof log->folder, "%s/log", fixture->home);
    (void)snprintf(log->store_path, sizeof log->store_path, "%s/store", fixture->home);
    assert_ok(store_open(log->store_path, &log->store));
    enum result result = audit_sealer_open(log->store, log->folder, "dukou.test/log",
                                           keeper_signer(fixture->keeper), &log->sealer);
    if (result != RESULT_OK)
        store_close(log->store);
    return result;
}

static void close_log(struct kept_log *log)
{
    audit_sealer_close(log->sealer);
    store_close(log->store);
}

static enum result add_entries(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct random *random = random_seeded(3);
    const struct audit_entry entry = {.at = INSTANT_DAY, .event = "note", .object = "thing"};
    row_id number;
    enum result result = RESULT_OK;
    for (int i = 0; result == RESULT_OK && i < *(const int *)argument; i++)
        result = audit_append(tx, arena, random, &entry, &number);
    random_free(random);
    return result;
}

static void seal_more(struct kept_log *log, int count, int64_t expected)
{
    int64_t size = -1;
    assert_ok(store_write(log->store, add_entries, &count));
    assert_ok(audit_seal(log->sealer, &size));
    assert_int_equal(size, expected);
}

TEST(the_keeper_signs_its_own_log_and_nothing_else)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    CLEANUP_JSON json_t *status = NULL;
    struct kept_log log = {0};
    struct note_key keys[2];
    struct audit_report report = {0};
    static const char *const members[] = {"log_ed25519", "log_sm2"};
    assert_ok(keeper_status(fixture.keeper, &status));
    assert_ok(open_log(&fixture, &log));
    seal_more(&log, 3, 3);
    seal_more(&log, 5000, 5003); /* more than the keeper is shown at a time */
    for (size_t i = 0; i < 2; i++)
        assert_ok(
            note_key_parse(json_text(status, members[i]), strlen(json_text(status, members[i])), &keys[i]));
    assert_ok(note_keys_write(log.folder, keys, 2));
    assert_ok(audit_verify(log.folder, log.store_path, NULL, fixture.arena, &report));
    assert_int_equal(report.entries, 5003);

    const char *lines = NULL;
    struct audit_signer signer = keeper_signer(fixture.keeper);
    assert_int_equal(signer.sign(signer.state, "some other text\n", fixture.arena, &lines), RESULT_INVALID);
    attack_stopped(&(struct attack){"keeper", "log_sign_text", "has the log's key sign a text of its own",
                                    "keeper: log authority", "RESULT_INVALID"});
    struct checkpoint checkpoint = {.origin = "other.test/log", .size = 3};
    const char *text = checkpoint_print(fixture.arena, &checkpoint);
    assert_int_equal(signer.sign(signer.state, text, fixture.arena, &lines), RESULT_INVALID);
    attack_stopped(&(struct attack){"keeper", "log_other_origin", "has a checkpoint of another log signed",
                                    "keeper: log authority", "RESULT_INVALID"});
    checkpoint = (struct checkpoint){.origin = "dukou.test/log", .size = 6000};
    text = checkpoint_print(fixture.arena, &checkpoint);
    assert_int_equal(signer.sign(signer.state, text, fixture.arena, &lines), RESULT_CONFLICT);
    assert_null(lines);
    close_log(&log);
}

TEST(an_older_log_is_not_gone_on_with_by_the_keeper_that_signed_more)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct kept_log log = {0};
    char older[1000];
    assert_ok(open_log(&fixture, &log));
    seal_more(&log, 10, 10);
    (void)snprintf(older, sizeof older, "mkdir %s/older && cp -a %s/log %s/older && cp %s/store* %s/older",
                   fixture.home, fixture.home, fixture.home, fixture.home, fixture.home);
    close_log(&log);
    assert_int_equal(system(older), 0);
    assert_ok(open_log(&fixture, &log));
    seal_more(&log, 10, 20);
    seal_more(&log, 10, 30);
    close_log(&log);
    (void)snprintf(older, sizeof older, "rm -r %s/log %s/store* && cp -a %s/older/* %s", fixture.home,
                   fixture.home, fixture.home, fixture.home);
    assert_int_equal(system(older), 0);
    assert_int_equal(open_log(&fixture, &log), RESULT_CONFLICT);
    const struct refusal *refusal = keeper_log_refusal(fixture.keeper);
    assert_non_null(refusal);
    assert_non_null(strstr(refusal->en, "ends at 10 entries, the keeper has signed 30"));
}

TEST(a_sealer_goes_on_with_a_keeper_that_was_started_anew)
{
    char home[128];
    struct kept_log log = {0};
    (void)snprintf(home, sizeof home, "%s", test_folder());
    for (int round = 1; round <= 3; round++) {
        struct fixture fixture = fixture_at(home);
        assert_ok(open_log(&fixture, &log));
        seal_more(&log, 200, round * 200);
        assert_int_equal(keeper_log_taken(fixture.keeper), 0);
        close_log(&log);
        fixture_free(&fixture);
    }
    char marks[160];
    (void)snprintf(marks, sizeof marks, "%s/keys/log.signed", home);
    assert_int_equal(unlink(marks), 0); /* a home from before there were any */
    struct fixture fixture = fixture_at(home);
    assert_ok(open_log(&fixture, &log));
    assert_int_equal(keeper_log_taken(fixture.keeper), 600);
    seal_more(&log, 1, 601);
    close_log(&log);
    fixture_free(&fixture);
}

TEST(keys_and_signatures_are_the_same_after_a_restart)
{
    char home[128];
    char before[KEEPER_KEY_TEXT_SIZE];
    char after[KEEPER_KEY_TEXT_SIZE];
    CLEANUP_JSON json_t *status_before = NULL;
    CLEANUP_JSON json_t *status_after = NULL;
    (void)snprintf(home, sizeof home, "%s", test_folder());
    struct fixture first = fixture_at(home);
    assert_ok(keeper_grant_open(first.keeper, 17, before));
    assert_ok(keeper_status(first.keeper, &status_before));
    fixture_free(&first);
    struct fixture second = fixture_at(home);
    assert_ok(keeper_grant_open(second.keeper, 17, after));
    assert_ok(keeper_status(second.keeper, &status_after));
    assert_string_equal(before, after);
    static const char *const same[] = {"log_ed25519", "log_sm2", "order_ed25519"};
    for (int i = 0; i < 3; i++)
        assert_string_equal(json_text(status_before, same[i]), json_text(status_after, same[i]));
    fixture_free(&second);
}

TEST(an_order_is_signed_for_its_grant_only)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    char key[KEEPER_KEY_TEXT_SIZE];
    char *signature = NULL;
    CLEANUP_JSON json_t *status = NULL;
    assert_ok(keeper_grant_open(fixture.keeper, 17, key));
    assert_ok(keeper_status(fixture.keeper, &status));
    CLEANUP_JSON json_t *order = json_pack("{s:i, s:i, s:s}", "order", 7, "grant", 17, "public_key", key);
    assert_ok(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature));
    uint8_t bytes[crypto_sign_BYTES];
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    assert_ok(hex_parse(signature, bytes, sizeof bytes));
    assert_ok(hex_parse(json_text(status, "order_ed25519"), public, sizeof public));
    const char *text = json_print_canonical(fixture.arena, order);
    assert_int_equal(crypto_sign_verify_detached(bytes, (const uint8_t *)text, strlen(text), public), 0);

    (void)json_object_set_new(order, "grant", json_integer(18));
    assert_int_equal(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature), RESULT_NOT_FOUND);
    assert_ok(keeper_grant_open(fixture.keeper, 18, key));
    assert_int_equal(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature), RESULT_INVALID);
}

TEST(documents_come_back_with_their_digest_and_cannot_be_replaced)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    CLEANUP_FD int fd = fixture_file("agreement " CANARY, strlen("agreement " CANARY));
    CLEANUP_FD int other = fixture_file("another", 7);
    struct digest digest;
    const void *bytes = NULL;
    size_t size = 0;
    assert_ok(keeper_document_put(fixture.keeper, 12, fd, &digest));
    struct digest expected = digest_sha256("agreement " CANARY, strlen("agreement " CANARY));
    assert_true(digest_equal(&digest, &expected));
    assert_ok(keeper_document_put(fixture.keeper, 12, fd, &digest));
    assert_int_equal(keeper_document_put(fixture.keeper, 12, other, &digest), RESULT_CONFLICT);
    assert_ok(keeper_document_get(fixture.keeper, fixture.arena, 12, &bytes, &size));
    assert_string_equal(bytes, "agreement " CANARY);
    assert_int_equal(keeper_document_get(fixture.keeper, fixture.arena, 13, &bytes, &size), RESULT_NOT_FOUND);
    assert_int_equal(fixture_files_holding(fixture.home, CANARY), 0);

    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(keeper_key_destroy(fixture.keeper, "document/12", &certificate));
    assert_int_equal(keeper_document_get(fixture.keeper, fixture.arena, 12, &bytes, &size), RESULT_NOT_FOUND);
    assert_int_equal(keeper_document_put(fixture.keeper, 12, fd, &digest), RESULT_CONFLICT);
}

TEST(a_document_is_read_from_a_regular_file_only)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    int ends[2];
    struct digest digest;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(keeper_document_put(fixture.keeper, 12, ends[0], &digest), RESULT_MALFORMED);
    assert_int_equal(keeper_document_put(fixture.keeper, 12, -1, &digest), RESULT_MALFORMED);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

TEST(an_upload_is_described_in_the_jail)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    static const char csv[] = "区,数量\n江岸,1\n武昌,\n";
    CLEANUP_FD int fd = fixture_file(csv, strlen(csv));
    CLEANUP_JSON json_t *description = NULL;
    struct refusal refusal = {0};
    assert_ok(keeper_describe(fixture.keeper, fixture.arena, fd, &description, &refusal));
    assert_string_equal(json_text(description, "format"), "csv");
    assert_int_equal(json_integer_or(description, "rows", 0), 2);
    const json_t *second = json_array_get(json_object_get(description, "columns"), 1);
    assert_string_equal(json_text(second, "name"), "数量");
    assert_string_equal(json_text(second, "type"), "integer");

    CLEANUP_FD int ragged = fixture_file("a,b\n1,2\n3\n", 10);
    assert_int_equal(keeper_describe(fixture.keeper, fixture.arena, ragged, &description, &refusal),
                     RESULT_MALFORMED);
    assert_non_null(refusal.field);
    assert_non_null(refusal.zh);
}

TEST(rows_that_break_the_schema_are_listed_and_nothing_is_stored)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    static const char csv[] = "district,class\n江岸,A\n武昌,\n,B\n";
    CLEANUP_FD int fd = fixture_file(csv, strlen(csv));
    CLEANUP_JSON json_t *report = NULL;
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *expected =
        fixture_json("{\"columns\":[{\"name\":\"district\",\"type\":\"text\",\"nullable\":false},"
                     "{\"name\":\"class\",\"type\":\"text\"}]}");
    enum result result = keeper_import(fixture.keeper, fixture.arena, 3, fd, expected, &report, &refusal);
    tell("import", result, &refusal);
    assert_ok(result);
    assert_false(json_boolean_or(report, "accepted", true));
    assert_int_equal(json_integer_or(report, "violation_total", 0), 1);
    const json_t *first = json_array_get(json_object_get(report, "violations"), 0);
    assert_int_equal(json_integer_or(first, "line", 0), 4);
    assert_string_equal(json_text(first, "column"), "district");
    assert_null(json_text(report, "digest"));
    CLEANUP_JSON json_t *certificate = NULL;
    assert_int_equal(keeper_key_destroy(fixture.keeper, "import/3", &certificate), RESULT_NOT_FOUND);
}

TEST(more_rows_than_were_agreed_are_refused)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    CLEANUP_FD int fd = fixture_file("a\n1\n2\n3\n", 8);
    CLEANUP_JSON json_t *report = NULL;
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *expected =
        fixture_json("{\"columns\":[{\"name\":\"a\",\"type\":\"BIGINT\"}],\"rows_max\":2}");
    assert_int_equal(keeper_import(fixture.keeper, fixture.arena, 3, fd, expected, &report, &refusal),
                     RESULT_TOO_LARGE);
    assert_non_null(strstr(refusal.en, "3 rows"));
    assert_null(report);
}

TEST(the_whole_path_from_delivery_to_a_reviewed_table)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 4000), fixture_residents_expected());
    static const char own[] = "district,class\n区0,A\n区1,A\n区2,B\n区3,B\n";
    CLEANUP_FD int fd = fixture_file(own, strlen(own));
    CLEANUP_JSON json_t *report = NULL;
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *expected = fixture_json("{\"columns\":[{\"name\":\"district\",\"type\":\"text\"},"
                                                 "{\"name\":\"class\",\"type\":\"text\"}]}");
    assert_ok(keeper_import(fixture.keeper, fixture.arena, 3, fd, expected, &report, &refusal));
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    static const char sql[] = "SELECT class, COUNT(*) AS n, AVG(age) AS age FROM resident "
                              "JOIN own ON resident.district = own.district GROUP BY class ORDER BY class";
    enum result checked = keeper_query_check(fixture.keeper, fixture.arena, policy, sql, &refusal);
    tell("check", checked, &refusal);
    assert_ok(checked);
    CLEANUP_JSON json_t *shape = NULL;
    enum result ran = run_query(&fixture, 9, 2, policy, sql, &shape, &refusal);
    tell("run", ran, &refusal);
    assert_ok(ran);
    assert_int_equal(json_integer_or(shape, "rows", 0), 2);
    assert_int_equal(json_array_size(json_object_get(shape, "columns")), 3);
    assert_null(strstr(json_print(fixture.arena, shape), "2000")); /* a count stands nowhere in the shape */

    CLEANUP_JSON json_t *opened = NULL;
    assert_ok(fixture_open(&fixture, 4, 9, &opened));
    const json_t *row = json_array_get(json_object_get(opened, "rows"), 0);
    assert_string_equal(json_string_value(json_array_get(row, 0)), "A");
    assert_int_equal(json_integer_value(json_array_get(row, 1)), 2000);
    assert_non_null(json_object_get(json_object_get(opened, "report"), "totals"));
    assert_string_equal(json_text(opened, "sql"), sql);

    struct digest digest;
    struct digest again;
    struct digest stored;
    CLEANUP_JSON json_t *release = NULL;
    CLEANUP_JSON json_t *release_again = NULL;
    assert_ok(keeper_product_table(fixture.keeper, fixture.arena, 4, 9, NULL, &digest, &release, &refusal));
    assert_ok(
        keeper_product_table(fixture.keeper, fixture.arena, 4, 9, NULL, &again, &release_again, &refusal));
    assert_ok(keeper_product_digest(fixture.keeper, 4, &stored));
    assert_true(digest_equal(&digest, &again));
    assert_true(digest_equal(&digest, &stored));
    const void *bytes = NULL;
    size_t size = 0;
    assert_ok(keeper_product_read(fixture.keeper, fixture.arena, 4, &bytes, &size));
    const char *lines = bytes;
    assert_int_equal(strncmp(lines, "class,n,age\nA,2000,", 19), 0);
    assert_int_equal(lines[size - 1], '\n');
    struct digest own_digest = digest_sha256(bytes, size);
    assert_true(digest_equal(&own_digest, &digest));
    bool known;
    int64_t value;
    assert_int_equal(keeper_product_call(fixture.keeper, 4, "1", &known, &value), RESULT_CONFLICT);
    assert_int_equal(fixture_files_holding(fixture.home, CANARY), 0);
}

TEST(rows_under_the_threshold_are_neither_told_nor_released)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    const char *csv = arena_printf(fixture.arena, "%s5001,小区,30,3000,x\n5002,小区,31,3000,x\n",
                                   fixture_residents(fixture.arena, 2000));
    fixture_deliver(&fixture, 17, csv, fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *shape = NULL;
    struct refusal refusal = {0};
    assert_ok(run_query(&fixture, 9, 2, policy,
                        "SELECT district, COUNT(*) AS n FROM resident GROUP BY district", &shape, &refusal));
    assert_int_equal(json_integer_or(shape, "rows", 0), 4);
    struct digest digest;
    CLEANUP_JSON json_t *report = NULL;
    assert_ok(keeper_product_table(fixture.keeper, fixture.arena, 4, 9, NULL, &digest, &report, &refusal));
    const void *bytes = NULL;
    size_t size = 0;
    assert_ok(keeper_product_read(fixture.keeper, fixture.arena, 4, &bytes, &size));
    assert_null(strstr(bytes, "小区"));
    assert_non_null(strstr(bytes, "区3,500"));
}

TEST(release_rules_can_be_tightened_and_not_loosened)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 2000), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    assert_runs(&fixture, 9, 2, policy,
                "SELECT district, COUNT(*) AS n FROM resident GROUP BY district ORDER BY 1");
    struct digest digest;
    CLEANUP_JSON json_t *report = NULL;
    struct refusal refusal = {0};
    static const char *const lax[] = {"{\"threshold\":9}", "{\"p_percent\":1}", "{\"k_percent\":99}",
                                      "{\"rounding\":-1}", "{\"threshold\":\"10\"}"};
    for (size_t i = 0; i < sizeof lax / sizeof *lax; i++) {
        CLEANUP_JSON json_t *release = fixture_json(lax[i]);
        assert_int_equal(
            keeper_product_table(fixture.keeper, fixture.arena, 4, 9, release, &digest, &report, &refusal),
            RESULT_INVALID);
        assert_non_null(refusal.field);
    }
    CLEANUP_JSON json_t *release =
        fixture_json("{\"rule\":\"release/round\",\"version\":2,\"rounding\":300,\"threshold\":null}");
    assert_ok(keeper_product_table(fixture.keeper, fixture.arena, 4, 9, release, &digest, &report, &refusal));
    assert_string_equal(json_text(report, "rule"), "release/round");
    const void *bytes = NULL;
    size_t size = 0;
    assert_ok(keeper_product_read(fixture.keeper, fixture.arena, 4, &bytes, &size));
    assert_non_null(strstr(bytes, "区0,600\n"));
}

TEST(queries_outside_the_policy_are_refused_with_reasons)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 100), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    static const char *const bad[] = {
        "SELECT secret, COUNT(*) FROM resident GROUP BY secret",
        "SELECT id FROM resident",
        "SELECT COUNT(*) FROM other",
        "SELECT COUNT(*) FROM read_parquet('/etc/passwd')",
        "SELECT * FROM resident",
        "DROP TABLE resident",
        "SELECT COUNT(*) FROM resident; SELECT 1",
        "SELEKT",
        "",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct refusal refusal = {0};
        CLEANUP_JSON json_t *shape = NULL;
        assert_int_not_equal(keeper_query_check(fixture.keeper, fixture.arena, policy, bad[i], &refusal),
                             RESULT_OK);
        assert_non_null(refusal.zh);
        assert_non_null(refusal.en);
        assert_int_not_equal(run_query(&fixture, 9, 2, policy, bad[i], &shape, &refusal), RESULT_OK);
        assert_null(shape);
    }
    CLEANUP_JSON json_t *opened = NULL;
    assert_int_equal(fixture_open(&fixture, 4, 9, &opened), RESULT_NOT_FOUND);
}

TEST(a_policy_that_names_no_vault_file_is_refused)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    static const char *const files[] = {"result/1", "keys/master", "../../etc/passwd", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        CLEANUP_JSON json_t *policy = fixture_policy(17);
        (void)json_object_set_new(json_array_get(json_object_get(policy, "tables"), 0), "file",
                                  json_string(files[i]));
        struct refusal refusal = {0};
        assert_int_equal(keeper_query_check(fixture.keeper, fixture.arena, policy,
                                            "SELECT COUNT(*) FROM resident", &refusal),
                         RESULT_INVALID);
        assert_string_equal(refusal.field, "/tables/0/file");
    }
}

TEST(a_query_on_a_destroyed_grant_is_refused_and_other_grants_live_on)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 1000), fixture_residents_expected());
    fixture_deliver(&fixture, 18, fixture_residents(fixture.arena, 1000), fixture_residents_expected());
    CLEANUP_JSON json_t *policy17 = fixture_policy(17);
    CLEANUP_JSON json_t *policy18 = fixture_policy(18);
    static const char sql[] = "SELECT COUNT(*) AS n FROM resident";
    assert_runs(&fixture, 1, 2, policy17, sql);
    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(keeper_key_destroy(fixture.keeper, "grant/17", &certificate));
    assert_string_equal(json_text(certificate, "key"), "grant/17");
    assert_int_equal(json_array_size(json_object_get(certificate, "files")), 2); /* the slice and its order */
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *shape = NULL;
    assert_int_equal(run_query(&fixture, 2, 2, policy17, sql, &shape, &refusal), RESULT_NOT_FOUND);
    assert_string_equal(refusal.field, "slice/17");
    assert_runs(&fixture, 3, 2, policy18, sql);
    char key[KEEPER_KEY_TEXT_SIZE];
    assert_int_equal(keeper_grant_open(fixture.keeper, 17, key), RESULT_CONFLICT);
    CLEANUP_JSON json_t *again = NULL;
    assert_int_equal(keeper_key_destroy(fixture.keeper, "grant/17", &again), RESULT_NOT_FOUND);
    assert_ok(keeper_key_certificate(fixture.keeper, "grant/17", &again));
    assert_true(json_equal(again, certificate));
    CLEANUP_JSON json_t *own = NULL;
    assert_int_equal(keeper_key_destroy(fixture.keeper, "log/ed25519", &own), RESULT_NOT_FOUND);
}

TEST(everything_reads_after_the_master_key_was_rotated)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 1000), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    assert_ok(keeper_master_rotate(fixture.keeper));
    assert_runs(&fixture, 1, 2, policy, "SELECT COUNT(*) AS n FROM resident");
    CLEANUP_JSON json_t *status = NULL;
    assert_ok(keeper_status(fixture.keeper, &status));
    assert_int_equal(json_integer_or(status, "master_version", 0), 2);
}

TEST(a_verification_answers_yes_no_and_unknown)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    const char *csv =
        arena_printf(fixture.arena, "%s9999,区1,,3000,x\n", fixture_residents(fixture.arena, 1000));
    fixture_deliver(&fixture, 17, csv, fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *spec = fixture_json("{\"table\":\"resident\",\"predicate\":\"age >= 60\"}");
    struct digest digest;
    CLEANUP_JSON json_t *report = NULL;
    struct refusal refusal = {0};
    enum result made =
        keeper_product_index(fixture.keeper, fixture.arena, 5, policy, spec, &digest, &report, &refusal);
    tell("index", made, &refusal);
    assert_ok(made);
    assert_int_equal(json_integer_or(report, "subjects", 0), 1001);
    assert_int_equal(json_integer_or(report, "unknown", 0), 1);
    int64_t yes = 0;
    for (int i = 1; i <= 1000; i++) {
        char subject[16];
        bool known = false;
        int64_t value = -1;
        (void)snprintf(subject, sizeof subject, "%d", i);
        assert_ok(keeper_product_call(fixture.keeper, 5, subject, &known, &value));
        assert_true(known);
        assert_int_equal(value, 18 + i % 60 >= 60);
        yes += value;
    }
    assert_int_equal(json_integer_or(report, "yes", -1), yes);
    bool known = true;
    int64_t value;
    assert_ok(keeper_product_call(fixture.keeper, 5, "9999", &known, &value));
    assert_false(known);
    assert_ok(keeper_product_call(fixture.keeper, 5, "nobody", &known, &value));
    assert_false(known);
    struct digest stored;
    assert_ok(keeper_product_digest(fixture.keeper, 5, &stored));
    assert_true(digest_equal(&stored, &digest));
    assert_int_equal(keeper_product_call(fixture.keeper, 6, "1", &known, &value), RESULT_NOT_FOUND);
    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(keeper_key_destroy(fixture.keeper, "product/5", &certificate));
    assert_int_equal(keeper_product_call(fixture.keeper, 5, "1", &known, &value), RESULT_NOT_FOUND);
    assert_int_equal(fixture_files_holding(fixture.home, CANARY), 0);
}

TEST(a_score_is_held_within_its_bounds)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 500), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *spec =
        fixture_json("{\"table\":\"resident\",\"expression\":\"pay / 10\",\"low\":300,\"high\":320}");
    struct digest digest;
    CLEANUP_JSON json_t *report = NULL;
    struct refusal refusal = {0};
    enum result made =
        keeper_product_index(fixture.keeper, fixture.arena, 5, policy, spec, &digest, &report, &refusal);
    tell("index", made, &refusal);
    assert_ok(made);
    assert_int_equal(json_integer_or(report, "least", 0), 300);
    assert_int_equal(json_integer_or(report, "most", 0), 320);
    bool known = false;
    int64_t value = 0;
    assert_ok(keeper_product_call(fixture.keeper, 5, "100", &known, &value));
    assert_true(known);
    assert_int_equal(value, 310);
    assert_ok(keeper_product_call(fixture.keeper, 5, "400", &known, &value));
    assert_int_equal(value, 320);
}

TEST(a_product_s_definition_is_checked_like_a_query)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 100), fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    static const char *const bad[] = {
        "{\"table\":\"resident\",\"predicate\":\"secret = 'x'\"}",
        "{\"table\":\"resident\",\"predicate\":\"1 = 1 FROM own --\"}",
        "{\"table\":\"resident\",\"predicate\":\"age FROM resident; SELECT 1\"}",
        "{\"table\":\"resident\"}",
        "{\"predicate\":\"age > 1\"}",
        "{\"table\":\"resident\",\"expression\":\"age\",\"low\":5,\"high\":1}",
        "{\"table\":\"own\",\"predicate\":\"class = 'A'\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CLEANUP_JSON json_t *spec = fixture_json(bad[i]);
        CLEANUP_JSON json_t *report = NULL;
        struct digest digest;
        struct refusal refusal = {0};
        assert_int_not_equal(
            keeper_product_index(fixture.keeper, fixture.arena, 5, policy, spec, &digest, &report, &refusal),
            RESULT_OK);
        assert_non_null(refusal.zh);
        assert_null(report);
    }
}

TEST(a_subject_s_token_is_the_same_again_and_another_s_differs)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct digest a;
    struct digest again;
    struct digest b;
    char long_subject[400];
    assert_ok(keeper_subject_token(fixture.keeper, "420102199001010017", &a));
    assert_ok(keeper_subject_token(fixture.keeper, "420102199001010017", &again));
    assert_ok(keeper_subject_token(fixture.keeper, "420102199001010025", &b));
    assert_true(digest_equal(&a, &again));
    assert_false(digest_equal(&a, &b));
    memset(long_subject, 'x', sizeof long_subject);
    long_subject[sizeof long_subject - 1] = '\0';
    assert_int_equal(keeper_subject_token(fixture.keeper, long_subject, &a), RESULT_INVALID);
}
