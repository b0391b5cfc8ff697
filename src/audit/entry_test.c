#include "audit/entry.h"
#include "base/limits.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t salt[AUDIT_SALT_SIZE] = {1, 2, 3};
static const struct store_change one_change = {
    .table = "product", .id = 9, .before = NULL, .after = (const uint8_t *)"row", .after_size = 3};

static const struct audit_entry full_entry = {.at = 1767578400000000,
                                              .account = 5,
                                              .party = 2,
                                              .event = "approve",
                                              .object = "product",
                                              .object_id = 9,
                                              .law = LAW(EGRESS_REVIEW),
                                              .workflow = "product@1",
                                              .rule = "a\"b\\c\x01",
                                              .to = "approved",
                                              .evidence = &(const struct digest){{0xab}}};

static size_t write_full(char *buffer, int64_t continues)
{
    struct entry_writer writer;
    entry_begin(&writer, buffer, &full_entry, 17, continues);
    entry_add(&writer, &one_change, salt);
    return entry_end(&writer);
}

/* SHA-256 of the salt, "product", a zero byte, 9 in eight bytes and "row"; by sha256sum. */
#define ROW_DIGEST "f5b966044c9ed001b5e45eeae12da1103560059d23331a08df9942813f9e2dfe"
#define ENTRY_HEAD                                                                                           \
    "{\"n\":17,\"at\":\"2026-01-05T02:00:00.000000Z\",\"account\":5,\"party\":2,\"event\":\"approve\","      \
    "\"object\":\"product\",\"id\":9,\"law\":\"EGRESS_REVIEW\",\"locator\":\"二(六)3\","                   \
    "\"workflow\":\"product@1\",\"rule\":\"a\\\"b\\\\c\\u0001\",\"to\":\"approved\",\"evidence\":\""         \
    "ab00000000000000000000000000000000000000000000000000000000000000\""
#define ENTRY_TAIL ",\"changes\":[[\"product\",9,null,\"" ROW_DIGEST "\"]]}"

TEST(an_entry_is_written_in_one_way)
{
    char buffer[4096] = {0};
    size_t size = write_full(buffer, AUDIT_NO_ENTRY);
    assert_int_equal(size, strlen(ENTRY_HEAD ENTRY_TAIL));
    buffer[size] = '\0';
    assert_string_equal(buffer, ENTRY_HEAD ENTRY_TAIL);
    size = write_full(buffer, 16);
    buffer[size] = '\0';
    assert_string_equal(buffer, ENTRY_HEAD ",\"continues\":16" ENTRY_TAIL);
}

TEST(an_entry_without_clause_or_change_leaves_their_keys_out)
{
    char buffer[4096] = {0};
    struct entry_writer writer;
    const struct audit_entry entry = {.at = 0, .event = "start", .object = "system", .object_id = -1};
    entry_begin(&writer, buffer, &entry, 0, AUDIT_NO_ENTRY);
    buffer[entry_end(&writer)] = '\0';
    assert_string_equal(buffer, "{\"n\":0,\"at\":\"1970-01-01T00:00:00.000000Z\",\"account\":0,\"party\":0,"
                                "\"event\":\"start\",\"object\":\"system\",\"id\":-1,\"changes\":[]}");
}

static bool piece_is(const struct piece *piece, const char *text)
{
    return piece->size == strlen(text) && memcmp(piece->at, text, piece->size) == 0;
}

TEST(what_was_written_is_read_back)
{
    char buffer[4096];
    size_t size = write_full(buffer, 16);
    struct entry_reader reader;
    struct entry_head head;
    struct entry_change change = {0};
    assert_ok(entry_read(&reader, buffer, size, &head));
    assert_int_equal(head.number, 17);
    assert_int_equal(head.account, 5);
    assert_int_equal(head.party, 2);
    assert_int_equal(head.object_id, 9);
    assert_int_equal(head.continues, 16);
    assert_true(piece_is(&head.event, "approve"));
    assert_true(piece_is(&head.law, "EGRESS_REVIEW"));
    assert_true(piece_is(&head.locator, "二(六)3"));
    assert_true(piece_is(&head.workflow, "product@1"));
    assert_true(piece_is(&head.to, "approved"));
    assert_true(head.has_evidence);
    assert_int_equal(head.evidence.bytes[0], 0xab);
    assert_ok(entry_next(&reader, &change));
    assert_true(piece_is(&change.table, "product"));
    assert_int_equal(change.id, 9);
    assert_false(change.before);
    assert_true(change.after);
    char digest[DIGEST_TEXT_SIZE];
    hex_print(change.after_digest.bytes, DIGEST_SIZE, digest);
    assert_string_equal(digest, ROW_DIGEST);
    assert_int_equal(entry_next(&reader, &change), RESULT_NOT_FOUND);
}

/* Reads to the end; true when it is an entry. */
static bool is_entry(const char *bytes, size_t size)
{
    struct entry_reader reader;
    struct entry_head head;
    struct entry_change change;
    enum result result = entry_read(&reader, bytes, size, &head);
    while (result == RESULT_OK)
        result = entry_next(&reader, &change);
    return result == RESULT_NOT_FOUND;
}

#define HEAD "{\"n\":1,\"at\":\"1970-01-01T00:00:00.000000Z\",\"account\":0,\"party\":0,"
#define REST "\"object\":\"x\",\"id\":1,\"changes\":["
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(any_other_spelling_is_refused)
{
    static const char good[] =
        HEAD "\"event\":\"e\"," REST "[\"t\",1,null,\"" HEX64 "\"],[\"t\",2,\"" HEX64 "\",null]]}";
    assert_true(is_entry(good, strlen(good)));
    static const char *const bad[] = {
        "",
        "{}",
        HEAD "\"event\":\"e\"," REST "]} ",
        HEAD "\"event\":\"e\"," REST "]",
        HEAD "\"event\":\"e\"," REST "[]]}",
        HEAD "\"event\":\"e\"," REST ",]}",
        HEAD " \"event\":\"e\"," REST "]}",
        HEAD "\"object\":\"x\",\"event\":\"e\",\"id\":1,\"changes\":[]}",
        HEAD "\"event\":\"\\u0041\"," REST "]}",
        HEAD "\"event\":\"\\u001F\"," REST "]}",
        HEAD "\"event\":\"\\u0000\"," REST "]}",
        HEAD "\"event\":\"\\n\"," REST "]}",
        HEAD "\"event\":\"\\/\"," REST "]}",
        HEAD "\"event\":\"\x01\"," REST "]}",
        HEAD "\"event\":\"\xff\"," REST "]}",
        HEAD "\"event\":\"\xed\xa0\x80\"," REST "]}",
        HEAD "\"event\":\"e," REST "]}",
        HEAD "\"event\":\"e\",\"object\":\"x\",\"id\":01,\"changes\":[]}",
        HEAD "\"event\":\"e\",\"object\":\"x\",\"id\":-0,\"changes\":[]}",
        HEAD "\"event\":\"e\",\"object\":\"x\",\"id\":9223372036854775808,\"changes\":[]}",
        HEAD "\"event\":\"e\",\"object\":\"x\",\"id\":1.0,\"changes\":[]}",
        HEAD "\"event\":\"e\",\"object\":\"x\",\"id\":1,\"law\":\"X\",\"changes\":[]}",
        HEAD "\"event\":\"e\",\"object\":\"x\",\"id\":1,\"continues\":1,\"changes\":[]}",
        HEAD "\"event\":\"e\",\"object\":\"x\",\"id\":1,\"continues\":-1,\"changes\":[]}",
        HEAD "\"event\":\"e\"," REST "[\"t\",1,null,\"0123\"]]}",
        HEAD "\"event\":\"e\"," REST
             "[\"t\",1,\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
             "\",null]]}",
        HEAD "\"event\":\"e\"," REST "[\"t\",1,null,null],]}",
        HEAD "\"event\":\"e\"," REST "[\"t\",1,null,null][\"t\",2,null,null]]}",
        "{\"n\":-1,\"at\":\"1970-01-01T00:00:00.000000Z\",\"account\":0,\"party\":0,\"event\":\"e\"," REST
        "]}",
        "{\"n\":1,\"at\":\"1970-01-01 00:00:00.000000Z\",\"account\":0,\"party\":0,\"event\":\"e\"," REST
        "]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (is_entry(bad[i], strlen(bad[i])))
            fail_msg("taken: %s", bad[i]);
    for (size_t size = 0; size < strlen(good); size++)
        assert_false(is_entry(good, size));
}

TEST(a_row_digest_depends_on_every_part)
{
    uint8_t other_salt[AUDIT_SALT_SIZE] = {1, 2, 4};
    uint8_t large[5000] = {7};
    struct digest digests[] = {
        audit_row_digest(salt, "product", 7, 9, "row", 3),
        audit_row_digest(other_salt, "product", 7, 9, "row", 3),
        audit_row_digest(salt, "products", 8, 9, "row", 3),
        audit_row_digest(salt, "product", 7, 10, "row", 3),
        audit_row_digest(salt, "product", 7, 9, "rows", 4),
        audit_row_digest(salt, "product", 7, 9, "", 0),
        audit_row_digest(salt, "product", 7, 9, large, sizeof large),
        audit_row_digest(salt, "product", 7, 9, large, sizeof large - 1),
    };
    for (size_t a = 0; a < sizeof digests / sizeof digests[0]; a++)
        for (size_t b = 0; b < a; b++)
            assert_false(digest_equal(&digests[a], &digests[b]));
}

TEST(an_entry_never_passes_its_limit)
{
    char name[60];
    memset(name, 'n', sizeof name);
    name[59] = '\0';
    char *buffer = malloc(LIMIT_ENTRY_BYTES + 1);
    assert_non_null(buffer);
    struct entry_writer writer;
    entry_begin(&writer, buffer, &full_entry, INT64_MAX, INT64_MAX - 1);
    const struct store_change change = {
        .table = name, .id = INT64_MAX, .before = (const uint8_t *)"", .after = (const uint8_t *)""};
    int count = 0;
    for (; entry_has_room(&writer); count++)
        entry_add(&writer, &change, salt);
    size_t size = entry_end(&writer);
    assert_in_range(size, LIMIT_ENTRY_BYTES - 2 * AUDIT_CHANGE_BYTES, LIMIT_ENTRY_BYTES);
    assert_in_range(count, 250, 350);
    assert_true(is_entry(buffer, size));
    free(buffer);
}
