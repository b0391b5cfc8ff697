#include "support/audit_log.h"

static void open_with_entries(struct audit_log *log, int64_t count)
{
    audit_log_open(log);
    audit_log_append(log, count);
    audit_log_seal(log, count);
}

TEST(a_proof_of_any_entry_stands_alone)
{
    struct audit_log log;
    open_with_entries(&log, 66000); /* three levels of tiles */
    static const int64_t entries[] = {0, 1, 255, 256, 65535, 65536, 65999};
    char keys[256];
    (void)snprintf(keys, sizeof keys, "%s/keys", log.folder);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        char *proof = NULL;
        struct refusal refusal = {0};
        assert_ok(audit_prove(log.folder, entries[i], log.arena, &proof));
        if (audit_check_proof(proof, NULL, log.arena, &refusal) != RESULT_OK)
            fail_msg("entry %lld: %s", (long long)entries[i], refusal.en);
        assert_ok(audit_check_proof(proof, keys, log.arena, NULL));
    }
    char *proof = NULL;
    assert_int_equal(audit_prove(log.folder, 66000, log.arena, &proof), RESULT_NOT_FOUND);
    assert_int_equal(audit_prove(log.folder, -1, log.arena, &proof), RESULT_NOT_FOUND);
    assert_null(proof);
    audit_log_close(&log);
}

TEST(a_proof_with_any_byte_changed_fails)
{
    struct audit_log log;
    open_with_entries(&log, 300);
    char *proof = NULL;
    assert_ok(audit_prove(log.folder, 257, log.arena, &proof));
    size_t size = strlen(proof);
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (size_t at = 0; at < size; at++)
        for (int bit = 0; bit < 7; bit++) {
            proof[at] = (char)(proof[at] ^ 1 << bit);
            struct refusal refusal = {0};
            if (proof[at] != '\0' && audit_check_proof(proof, NULL, arena, &refusal) == RESULT_OK)
                fail_msg("byte %zu, bit %d: %.20s", at, bit, proof + at);
            if (proof[at] != '\0')
                assert_non_null(refusal.en);
            proof[at] = (char)(proof[at] ^ 1 << bit);
            arena_reset(arena);
        }
    assert_ok(audit_check_proof(proof, NULL, arena, NULL));
    for (size_t shorter = 0; shorter < size; shorter += 7)
        assert_int_not_equal(audit_check_proof(arena_strndup(arena, proof, shorter), NULL, arena, NULL),
                             RESULT_OK);
    assert_int_not_equal(audit_check_proof(arena_printf(arena, "%s ", proof), NULL, arena, NULL), RESULT_OK);
    audit_log_close(&log);
}

TEST(a_proof_under_other_keys_is_not_believed)
{
    struct audit_log log;
    struct audit_log other;
    open_with_entries(&log, 5);
    open_with_entries(&other, 5);
    char keys[256];
    (void)snprintf(keys, sizeof keys, "%s/keys", log.folder);
    char *proof = NULL;
    struct refusal refusal = {0};
    assert_ok(audit_prove(other.folder, 3, other.arena, &proof));
    assert_ok(audit_check_proof(proof, NULL, other.arena, NULL)); /* it is sound in itself */
    assert_int_equal(audit_check_proof(proof, keys, other.arena, &refusal), RESULT_CORRUPT);
    assert_string_equal(refusal.field, "/keys");
    audit_log_close(&log);
    audit_log_close(&other);
}
