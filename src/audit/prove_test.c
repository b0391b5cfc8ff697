#include "audit/tile.h"
#include "support/audit_log.h"

#include <fcntl.h>

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

static char *read_checkpoint(struct audit_log *log)
{
    char path[256];
    char *bytes = arena_alloc(log->arena, NOTE_BYTES_MAX + 1);
    size_t size;
    (void)snprintf(path, sizeof path, "%s/checkpoint", log->folder);
    assert_ok(tile_file_read(AT_FDCWD, path, bytes, NOTE_BYTES_MAX, &size));
    return bytes;
}

TEST(a_log_goes_on_from_every_checkpoint_it_gave)
{
    struct audit_log log;
    char *given[6];
    audit_log_open(&log);
    static const int steps[] = {1, 254, 1, 300, 66000, 5};
    int64_t size = 0;
    for (size_t i = 0; i < 6; i++) {
        size += steps[i];
        audit_log_append(&log, steps[i]);
        audit_log_seal(&log, size);
        given[i] = read_checkpoint(&log);
        for (size_t j = 0; j <= i; j++) {
            struct refusal refusal = {0};
            if (audit_extends(log.folder, given[j], NULL, log.arena, &refusal) != RESULT_OK)
                fail_msg("%zu from %zu: %s", i, j, refusal.en);
        }
    }
    audit_log_close(&log);
}

TEST(a_log_cut_back_or_rewritten_by_its_own_keys_is_found_by_an_earlier_checkpoint)
{
    struct audit_log log;
    struct audit_log again; /* the same keys, another history */
    struct refusal refusal = {0};
    audit_log_open(&log);
    audit_log_open(&again);
    again.keys = log.keys;
    assert_ok(note_keys_write(again.folder, log.keys.keys, 2));
    audit_log_append(&log, 20);
    audit_log_seal(&log, 20);
    char *given = read_checkpoint(&log);
    audit_log_append(&again, 10);
    audit_log_seal(&again, 10);
    assert_int_equal(audit_extends(again.folder, given, NULL, log.arena, &refusal), RESULT_CORRUPT);
    audit_log_append(&again, 1);
    audit_log_append(&again, 19);
    audit_log_seal(&again, 30);
    struct audit_report report;
    assert_ok(audit_log_check(&again, &report)); /* sound in itself */
    refusal = (struct refusal){0};
    enum result result = audit_extends(again.folder, given, NULL, log.arena, &refusal);
    assert_int_equal(result, RESULT_CORRUPT);
    assert_non_null(strstr(refusal.en, "checkpoint of 20 entries"));
    given[0] ^= 1;
    assert_int_equal(audit_extends(log.folder, given, NULL, log.arena, &refusal), RESULT_INVALID);
    audit_log_close(&log);
    audit_log_close(&again);
}
