/* A compromised serve writes the log as it likes: claims of acts that the keeper did not do, and acts left
 * out. */
#include "audit/entry.h"
#include "audit/merkle.h"
#include "audit/note.h"
#include "base/clock.h"
#include "base/limits.h"
#include "keeper/captured.h"

#include <string.h>

enum { ENTRIES_MAX = 600, ENTRY_ROOM = 2048 };

/* The log as serve keeps it: it shows the keeper what it wants, one entry at a time. */
struct scribe {
    struct fixture *fixture;
    struct audit_signer signer;
    int64_t size;
    struct digest leaves[ENTRIES_MAX];
    int64_t sealed;
};

static enum result node_of(void *state, unsigned height, uint64_t index, struct digest *ret_digest)
{
    const struct scribe *scribe = state;
    *ret_digest = merkle_root(&scribe->leaves[index << height], (size_t)1 << height);
    return RESULT_OK;
}

static void begin(struct scribe *scribe, struct fixture *fixture)
{
    *scribe = (struct scribe){.fixture = fixture, .signer = keeper_signer(fixture->keeper)};
    const struct merkle_source tiles = {node_of, scribe};
    const struct audit_standing standing = {.size = 0, .edges = "", .tiles = &tiles};
    assert_ok(scribe->signer.resume(scribe->signer.state, &standing));
}

/* Shows an entry with one changed row, where `table` is not NULL. */
static enum result show(struct scribe *scribe, struct audit_entry entry, const char *table, row_id row)
{
    char buffer[AUDIT_HEAD_BYTES + AUDIT_CHANGE_BYTES + 2];
    static const uint8_t salt[AUDIT_SALT_SIZE];
    struct entry_writer writer;
    entry.at = INSTANT_DAY;
    entry_begin(&writer, buffer + 2, &entry, scribe->size, AUDIT_NO_ENTRY);
    if (table != NULL) {
        const struct store_change change = {
            .table = table, .id = row, .after = (const uint8_t *)"{}", .after_size = 2};
        entry_add(&writer, &change, salt);
    }
    size_t size = entry_end(&writer);
    buffer[0] = (char)(size >> 8);
    buffer[1] = (char)size;
    TRY(scribe->signer.extend(scribe->signer.state, scribe->size, buffer, size + 2));
    scribe->leaves[scribe->size++] = merkle_leaf(buffer + 2, size);
    return RESULT_OK;
}

static void seal(struct scribe *scribe)
{
    const struct merkle_source source = {node_of, scribe};
    struct checkpoint checkpoint = {.origin = "dukou.test/log", .size = scribe->size};
    const char *lines = NULL;
    assert_ok(merkle_range(&source, 0, (uint64_t)scribe->size, &checkpoint.root));
    assert_ok(scribe->signer.sign(scribe->signer.state, checkpoint_print(scribe->fixture->arena, &checkpoint),
                                  scribe->fixture->arena, &lines));
    scribe->sealed = scribe->size;
}

/* After a refusal the log has to be shown anew; a fresh scribe on a fresh keeper is simpler. */
static void refused(const char *name, const char *tried, struct audit_entry entry, const char *table,
                    row_id row)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct scribe scribe;
    begin(&scribe, &fixture);
    assert_ok(show(&scribe, (struct audit_entry){.event = "note", .object = "thing"}, NULL, 0));
    enum result result = show(&scribe, entry, table, row);
    if (result != RESULT_FORBIDDEN)
        fail_msg("%s: %s", name, result_name(result));
    assert_non_null(
        strstr(keeper_log_refusal(fixture.keeper)->en, "entry 1 claims what the keeper did not do"));
    captured_stopped(name, tried, "keeper: claims of the log", result);
}

TEST(entries_that_claim_what_the_keeper_did_not_do_are_not_signed)
{
    struct digest digest = digest_sha256("bytes", 5);
    refused("claim_sealed", "writes that a query was run and its result sealed",
            (struct audit_entry){.event = "seal", .object = "query", .object_id = 9}, NULL, 0);
    refused("claim_loaded", "writes that an import was checked and loaded",
            (struct audit_entry){.event = "load", .object = "import", .object_id = 3}, NULL, 0);
    refused("claim_document", "writes that a document was kept",
            (struct audit_entry){.event = "upload", .object = "document", .object_id = 12}, NULL, 0);
    refused("claim_made", "writes that a product was made of released cells",
            (struct audit_entry){.event = "make", .object = "product", .object_id = 4}, NULL, 0);
    refused(
        "claim_approved", "writes that the bytes of a product were approved which there never were",
        (struct audit_entry){.event = "approve", .object = "product", .object_id = 4, .evidence = &digest},
        NULL, 0);
    refused("claim_delivered", "writes that a source delivered",
            (struct audit_entry){.event = "deliver", .object = "request", .object_id = 1}, "call_grant", 17);
}

TEST(a_destruction_is_signed_when_the_key_is_gone)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    char key[KEEPER_KEY_TEXT_SIZE];
    struct scribe scribe;
    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(keeper_grant_open(fixture.keeper, 17, key));
    begin(&scribe, &fixture);
    const struct audit_entry ended = {.event = "end", .object = "request", .object_id = 1};
    assert_int_equal(show(&scribe, ended, "call_grant", 17), RESULT_FORBIDDEN);
    captured_stopped("claim_destroyed", "writes that a grant's key was destroyed, and keeps it",
                     "keeper: claims of the log", RESULT_FORBIDDEN);
    assert_ok(keeper_key_destroy(fixture.keeper, "grant/17", &certificate));
    begin(&scribe, &fixture);
    assert_ok(show(&scribe, ended, "call_grant", 17));
    seal(&scribe);
}

/* ---- products ---- */

static void make_product(struct fixture *fixture, struct digest *ret_digest)
{
    struct refusal refusal = {0};
    CLEANUP_JSON json_t *report = NULL;
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *spec = fixture_json("{\"table\":\"resident\",\"predicate\":\"age >= 60\"}");
    enum result made =
        keeper_product_index(fixture->keeper, fixture->arena, 5, policy, spec, ret_digest, &report, &refusal);
    if (made != RESULT_OK)
        fail_msg("%s: %s", result_name(made), refusal.en);
}

static enum result make_otherwise(struct fixture *fixture)
{
    struct digest digest;
    CLEANUP_JSON json_t *report = NULL;
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *spec = fixture_json("{\"table\":\"resident\",\"predicate\":\"age >= 61\"}");
    return keeper_product_index(fixture->keeper, fixture->arena, 5, policy, spec, &digest, &report, NULL);
}

TEST(an_index_answers_once_its_approval_is_under_a_signed_checkpoint_and_stays_as_it_is)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct scribe scribe;
    struct digest digest;
    bool known;
    int64_t value;
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 500), fixture_residents_expected());
    begin(&scribe, &fixture);
    make_product(&fixture, &digest);
    assert_int_equal(keeper_product_call(fixture.keeper, 5, "1", &known, &value), RESULT_FORBIDDEN);
    captured_stopped("ask_unapproved", "asks an index about persons before anybody approved it",
                     "keeper: approvals under the log", RESULT_FORBIDDEN);

    struct digest other = digest_sha256("other", 5);
    const struct audit_entry false_one = {
        .event = "approve", .object = "product", .object_id = 5, .evidence = &other};
    assert_int_equal(show(&scribe, false_one, NULL, 0), RESULT_FORBIDDEN);
    captured_stopped("claim_approved_other",
                     "writes that other bytes of a product were approved than there are",
                     "keeper: claims of the log", RESULT_FORBIDDEN);
    begin(&scribe, &fixture);
    const struct audit_entry approved = {
        .event = "approve", .object = "product", .object_id = 5, .evidence = &digest};
    assert_ok(show(&scribe, approved, NULL, 0));
    assert_int_equal(keeper_product_call(fixture.keeper, 5, "1", &known, &value), RESULT_FORBIDDEN);
    captured_stopped("ask_unsigned_approval", "shows an approval and asks before it is under a checkpoint",
                     "keeper: approvals under the log", RESULT_FORBIDDEN);
    begin(&scribe, &fixture); /* and takes it back */
    assert_ok(show(&scribe, (struct audit_entry){.event = "note", .object = "thing"}, NULL, 0));
    seal(&scribe);
    assert_int_equal(keeper_product_call(fixture.keeper, 5, "1", &known, &value), RESULT_FORBIDDEN);
    captured_stopped("ask_taken_back", "shows an approval, takes it back and has another log signed",
                     "keeper: approvals under the log", RESULT_FORBIDDEN);
    assert_ok(show(&scribe, approved, NULL, 0));
    seal(&scribe);
    assert_ok(keeper_product_call(fixture.keeper, 5, "42", &known, &value));
    assert_true(known);

    assert_int_equal(make_otherwise(&fixture), RESULT_CONFLICT);
    captured_stopped("swap_after_approval", "makes a product anew with another predicate after its approval",
                     "keeper: approvals under the log", RESULT_CONFLICT);
    assert_ok(keeper_product_call(fixture.keeper, 5, "42", &known, &value));
}

TEST(approvals_hold_after_a_restart)
{
    char home[128];
    struct digest digest;
    bool known;
    int64_t value;
    (void)snprintf(home, sizeof home, "%s", test_folder());
    struct fixture fixture = fixture_at(home);
    struct scribe scribe;
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 500), fixture_residents_expected());
    begin(&scribe, &fixture);
    make_product(&fixture, &digest);
    assert_ok(show(
        &scribe,
        (struct audit_entry){.event = "approve", .object = "product", .object_id = 5, .evidence = &digest},
        NULL, 0));
    seal(&scribe);
    fixture_free(&fixture);
    fixture = fixture_at(home);
    begin(&scribe, &fixture); /* from the checkpoint before: nothing of the log reached the disk */
    assert_ok(keeper_product_call(fixture.keeper, 5, "42", &known, &value));
    fixture_free(&fixture);
}

/* ---- what is given out ---- */

TEST(only_so_much_is_given_out_as_the_log_accounts_for)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct scribe scribe;
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *shape = NULL;
    CLEANUP_JSON json_t *first = NULL;
    struct refusal refusal = {0};
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 500), fixture_residents_expected());
    begin(&scribe, &fixture);
    assert_ok(keeper_query_run(fixture.keeper, fixture.arena, 9, 2, policy,
                               "SELECT district, COUNT(*) AS n FROM resident GROUP BY district", &shape,
                               NULL));
    assert_ok(fixture_open(&fixture, 4, 9, &first));
    enum result result = RESULT_OK;
    int opened = 1;
    for (; result == RESULT_OK && opened < 2 * LIMIT_KEEPER_UNACCOUNTED; opened += result == RESULT_OK) {
        CLEANUP_JSON json_t *again = NULL;
        result = keeper_result_open(fixture.keeper, fixture.arena, 4, 9, &again, &refusal);
    }
    assert_int_equal(result, RESULT_LIMIT);
    assert_int_equal(opened, LIMIT_KEEPER_UNACCOUNTED);
    captured_stopped("open_unlogged", "opens results without writing so into the log",
                     "keeper: what is given out shows in the log", RESULT_LIMIT);
    const void *bytes;
    size_t size;
    assert_int_equal(keeper_product_read(fixture.keeper, fixture.arena, 4, &bytes, &size), RESULT_LIMIT);
    captured_stopped("read_unlogged", "reads products that nobody approved without writing so into the log",
                     "keeper: what is given out shows in the log", RESULT_LIMIT);
    char key[KEEPER_KEY_TEXT_SIZE];
    char *signature = NULL;
    assert_ok(keeper_grant_open(fixture.keeper, 40, key));
    CLEANUP_JSON json_t *order = json_pack("{s:i, s:i, s:s}", "order", 7, "grant", 40, "public_key", key);
    assert_int_equal(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature), RESULT_LIMIT);
    captured_stopped("order_unlogged", "has orders signed without writing so into the log",
                     "keeper: what is given out shows in the log", RESULT_LIMIT);

    const struct audit_entry looked = {.event = "open_review_sheet", .object = "product", .object_id = 4};
    assert_ok(show(&scribe, looked, NULL, 0));
    assert_int_equal(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature), RESULT_LIMIT);
    seal(&scribe); /* an entry counts once the checkpoint over it is signed */
    assert_ok(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature));
    assert_ok(keeper_product_read(fixture.keeper, fixture.arena, 4, &bytes, &size));
    assert_int_equal(keeper_product_read(fixture.keeper, fixture.arena, 4, &bytes, &size), RESULT_LIMIT);
}

/* ---- keys and orders ---- */

TEST(orders_and_keys_are_not_had_by_asking)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    char key[KEEPER_KEY_TEXT_SIZE];
    char *signature = NULL;
    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(keeper_grant_open(fixture.keeper, 17, key));
    CLEANUP_JSON json_t *order = json_pack("{s:i, s:i, s:s}", "order", 7, "grant", 99, "public_key", key);
    assert_int_equal(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature), RESULT_NOT_FOUND);
    captured_stopped("order_no_grant", "has an order signed for a grant that is not open", "keeper: orders",
                     RESULT_NOT_FOUND);
    (void)json_object_set_new(order, "grant", json_integer(17));
    (void)json_object_set_new(
        order, "public_key", json_string("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    assert_int_equal(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature), RESULT_INVALID);
    captured_stopped("order_own_key",
                     "has an order signed with a public key of its own, to open the delivery itself",
                     "keeper: orders", RESULT_INVALID);
    static const char *const keys[] = {"log/ed25519", "order/ed25519", "subject/tokens", "subject/buckets"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(keeper_key_destroy(fixture.keeper, keys[i], &certificate), RESULT_NOT_FOUND);
    captured_stopped("destroy_platform_keys", "destroys the keys that sign the log and the orders",
                     "keeper: keys", RESULT_NOT_FOUND);
    assert_ok(keeper_key_destroy(fixture.keeper, "grant/17", &certificate));
    assert_int_equal(keeper_grant_open(fixture.keeper, 17, key), RESULT_CONFLICT);
    captured_stopped("reopen_destroyed", "opens a grant again whose key was destroyed", "keeper: keys",
                     RESULT_CONFLICT);
    assert_int_equal(keeper_order_sign(fixture.keeper, fixture.arena, order, &signature), RESULT_NOT_FOUND);
    captured_stopped("order_destroyed", "has an order signed for a grant whose key was destroyed",
                     "keeper: orders", RESULT_NOT_FOUND);
}

TEST(what_a_destroyed_key_held_is_gone_for_every_verb)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    CLEANUP_JSON json_t *certificate = NULL;
    CLEANUP_JSON json_t *opened = NULL;
    CLEANUP_JSON json_t *shape = NULL;
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    static const char sql[] = "SELECT district, COUNT(*) AS n FROM resident GROUP BY district";
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 500), fixture_residents_expected());
    assert_ok(keeper_query_run(fixture.keeper, fixture.arena, 9, 2, policy, sql, &shape, NULL));
    assert_ok(keeper_key_destroy(fixture.keeper, "grant/17", &certificate));
    captured_query(&fixture, fixture_policy(17), 2, sql, RESULT_NOT_FOUND, NULL);
    captured_stopped("query_destroyed", "computes on a slice whose key was destroyed", "vault",
                     RESULT_NOT_FOUND);
    assert_int_equal(make_otherwise(&fixture), RESULT_NOT_FOUND);
    captured_stopped("index_destroyed", "makes an index of a slice whose key was destroyed", "vault",
                     RESULT_NOT_FOUND);
    json_decref(certificate);
    assert_ok(keeper_key_destroy(fixture.keeper, "room/2", &certificate));
    assert_int_equal(fixture_open(&fixture, 4, 9, &opened), RESULT_NOT_FOUND);
    captured_stopped("open_destroyed", "opens a result of a room whose key was destroyed", "vault",
                     RESULT_NOT_FOUND);
}
