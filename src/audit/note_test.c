#include "audit/note.h"
#include "audit/note_sm2.h"
#include "support/audit_log.h"

/* The example of Go's signed notes, from which C2SP's came: same key format, same signature. */
#define PETER_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_NOTE                                                                                           \
    "If you think cryptography is the answer to your problem,\n"                                             \
    "then you don't know what your problem is.\n\n"                                                          \
    "— PeterNeumann "                                                                                      \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

TEST(a_note_of_another_program_is_read_and_verified)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct note_key key;
    struct note note;
    assert_ok(note_key_parse(PETER_KEY, strlen(PETER_KEY), &key));
    assert_int_equal(key.kind, NOTE_ED25519);
    assert_string_equal(key.name, "PeterNeumann");
    assert_string_equal(note_key_print(arena, &key), PETER_KEY);
    assert_ok(note_parse(arena, PETER_NOTE, strlen(PETER_NOTE), &note));
    assert_int_equal(note.count, 1);
    assert_ok(note_verify(&note, &key, 1));
}

TEST(the_signature_of_the_sm2_standard_verifies)
{
    /* GB/T 32918.5, annex A: recommended curve, message "message digest", user id 1234567812345678. */
    uint8_t secret[NOTE_SM2_SECRET_SIZE];
    uint8_t public_key[NOTE_SM2_PUBLIC_SIZE];
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    assert_ok(hex_parse("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8", secret, 32));
    assert_ok(hex_parse("0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
                        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
                        public_key, 65));
    assert_ok(hex_parse("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
                        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
                        signature, 64));
    assert_true(note_sm2_verify(public_key, "message digest", 14, signature));
    assert_false(note_sm2_verify(public_key, "message digesu", 14, signature));
    signature[40] ^= 1;
    assert_false(note_sm2_verify(public_key, "message digest", 14, signature));
    assert_ok(note_sm2_sign(secret, public_key, "message digest", 14, signature));
    assert_true(note_sm2_verify(public_key, "message digest", 14, signature));
    public_key[20] ^= 1; /* no point of the curve */
    assert_false(note_sm2_verify(public_key, "message digest", 14, signature));
}

/* A checkpoint signed by both keys. */
static const char *signed_checkpoint(struct arena *arena, struct log_keys *keys)
{
    const struct checkpoint checkpoint = {.origin = LOG_ORIGIN, .size = 70000, .root = {{1, 2, 3}}};
    const char *text = checkpoint_print(arena, &checkpoint);
    const char *lines = NULL;
    assert_ok(log_sign(keys, text, arena, &lines));
    return arena_printf(arena, "%s\n%s", text, lines);
}

static bool holds(struct arena *arena, const char *bytes, size_t size, const struct log_keys *keys)
{
    struct note note;
    struct checkpoint checkpoint;
    return note_parse(arena, bytes, size, &note) == RESULT_OK &&
           note_verify(&note, keys->keys, 2) == RESULT_OK &&
           checkpoint_parse(arena, note.text, &checkpoint) == RESULT_OK;
}

TEST(a_checkpoint_holds_with_both_signatures)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct log_keys keys;
    log_keys_make(&keys, LOG_ORIGIN);
    const char *note_text = signed_checkpoint(arena, &keys);
    assert_true(holds(arena, note_text, strlen(note_text), &keys));
    struct note note;
    struct checkpoint checkpoint;
    assert_ok(note_parse(arena, note_text, strlen(note_text), &note));
    assert_string_equal(note.text, LOG_ORIGIN "\n70000\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    assert_ok(checkpoint_parse(arena, note.text, &checkpoint));
    assert_int_equal(checkpoint.size, 70000);
    assert_string_equal(checkpoint.origin, LOG_ORIGIN);
    note.count = 1;
    assert_int_equal(note_verify(&note, keys.keys, 2), RESULT_CORRUPT);
    struct log_keys others;
    log_keys_make(&others, LOG_ORIGIN);
    assert_int_equal(note_verify(&note, others.keys, 2), RESULT_CORRUPT);
}

TEST(no_byte_of_a_checkpoint_can_be_changed)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct log_keys keys;
    log_keys_make(&keys, LOG_ORIGIN);
    char text[1024];
    (void)snprintf(text, sizeof text, "%s", signed_checkpoint(arena, &keys));
    size_t size = strlen(text);
    for (size_t at = 0; at < size; at++)
        for (int bit = 0; bit < 8; bit++) {
            text[at] = (char)(text[at] ^ 1 << bit);
            if (holds(arena, text, size, &keys))
                fail_msg("byte %zu, bit %d", at, bit);
            text[at] = (char)(text[at] ^ 1 << bit);
        }
    for (size_t shorter = 0; shorter < size; shorter++)
        assert_false(holds(arena, text, shorter, &keys));
    assert_true(holds(arena, text, size, &keys));
}

TEST(a_line_of_an_unknown_key_is_ignored)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct log_keys keys;
    log_keys_make(&keys, LOG_ORIGIN);
    const char *text = arena_printf(arena, "%s— witness.example AAAAAAAA\n", signed_checkpoint(arena, &keys));
    assert_true(holds(arena, text, strlen(text), &keys));
    /* But it must be a line. */
    text = arena_printf(arena, "%s— witness.example AAAAAAB\n", signed_checkpoint(arena, &keys));
    assert_false(holds(arena, text, strlen(text), &keys));
}

TEST(base64_has_one_spelling)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    uint8_t bytes[8];
    size_t size;
    assert_string_equal(note_base64_print(arena, "\xfb\xff\xfe", 3), "+//+");
    assert_ok(note_base64_parse("+//+", 4, bytes, sizeof bytes, &size));
    assert_int_equal(size, 3);
    assert_ok(note_base64_parse("AA==", 4, bytes, sizeof bytes, &size));
    static const char *const bad[] = {"+//",   "AB==",    "AA=",     "AA",  "AA==\n",
                                      " AA==", "\xab//+", "+\xaf/+", "-__-"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(note_base64_parse(bad[i], strlen(bad[i]), bytes, sizeof bytes, &size),
                         RESULT_MALFORMED);
    assert_int_equal(note_base64_parse("AAAAAAAAAAAAAAAA", 16, bytes, sizeof bytes, &size), RESULT_MALFORMED);
}

TEST(a_key_name_without_a_name_is_refused)
{
    static const char *const bad[] = {"", "a b", "a+b", "a\tb", "a\xc2\xa0z", "a\xe2\x80\x83z", "a\xff"};
    uint8_t public_key[32] = {1};
    struct note_key key;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(note_key_make(NOTE_ED25519, bad[i], public_key, &key), RESULT_INVALID);
    assert_ok(note_key_make(NOTE_ED25519, "渡口.example/log", public_key, &key));
}

TEST(no_byte_of_a_key_file_can_be_changed)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct log_keys keys;
    struct note_key read[NOTE_KEYS_MAX];
    size_t count;
    log_keys_make(&keys, LOG_ORIGIN);
    const char *folder = test_folder();
    assert_ok(note_keys_write(folder, keys.keys, 2));
    const char *path = arena_printf(arena, "%s/keys", folder);
    assert_ok(note_keys_read(path, read, &count));
    assert_int_equal(count, 2);
    assert_memory_equal(read, keys.keys, sizeof keys.keys);
    char *text =
        arena_printf(arena, "%s\n%s\n", note_key_print(arena, &read[0]), note_key_print(arena, &read[1]));
    size_t size = strlen(text);
    assert_ok(note_keys_parse(text, size, read, &count));
    for (size_t at = 0; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            text[at] = (char)(text[at] ^ 1 << bit);
            assert_int_equal(note_keys_parse(text, size, read, &count), RESULT_MALFORMED);
            text[at] = (char)(text[at] ^ 1 << bit);
        }
    }
    assert_int_equal(note_keys_read(arena_printf(arena, "%s/none", folder), read, &count), RESULT_NOT_FOUND);
}
