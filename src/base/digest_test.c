#include "base/digest.h"
#include "support/test.h"

#include <sodium.h>
#include <string.h>

static void assert_digest(struct digest digest, const char *expected)
{
    char text[DIGEST_TEXT_SIZE];
    hex_print(digest.bytes, DIGEST_SIZE, text);
    assert_string_equal(text, expected);
}

TEST(sha_256_gives_the_vectors_of_fips_180)
{
    assert_digest(digest_sha256("", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest(digest_sha256("abc", 3),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    assert_digest(digest_sha256(two_blocks, strlen(two_blocks)),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(sha_256_in_pieces_gives_the_digest_of_the_whole)
{
    char thousand[1000];
    memset(thousand, 'a', sizeof thousand);
    struct digest_stream stream;
    digest_begin(&stream);
    for (int i = 0; i < 1000; i++) {
        digest_add(&stream, thousand, 333);
        digest_add(&stream, thousand, 0);
        digest_add(&stream, thousand, 667);
    }
    assert_digest(digest_end(&stream), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sm3_gives_the_vectors_of_gb_t_32905)
{
    assert_digest(digest_sm3("abc", 3), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    const char *second = "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd";
    assert_digest(digest_sm3(second, 64), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
    assert_digest(digest_sm3("", 0), "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b");
}

TEST(hmac_gives_the_vectors_of_rfc_4231)
{
    unsigned char key[131];
    memset(key, 0x0b, 20);
    assert_digest(digest_hmac(key, 20, "Hi There", 8),
                  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_digest(digest_hmac("Jefe", 4, "what do ya want for nothing?", 28),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
    assert_digest(digest_hmac(key, sizeof key, text, strlen(text)),
                  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(hmac_agrees_with_another_implementation_for_every_length_of_key)
{
    unsigned char key[200];
    unsigned char text[300];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (unsigned char)(i * 37 + 5);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)(i * 11 + 1);
    for (size_t size = 0; size <= sizeof key; size++) {
        crypto_auth_hmacsha256_state other;
        unsigned char expected[DIGEST_SIZE];
        (void)crypto_auth_hmacsha256_init(&other, key, size);
        (void)crypto_auth_hmacsha256_update(&other, text, size + 100);
        (void)crypto_auth_hmacsha256_final(&other, expected);
        struct digest digest = digest_hmac(key, size, text, size + 100);
        assert_memory_equal(digest.bytes, expected, DIGEST_SIZE);
    }
}

TEST(digests_are_equal_in_every_bit_or_not_at_all)
{
    struct digest a = digest_sha256("x", 1);
    for (size_t bit = 0; bit < 8 * (size_t)DIGEST_SIZE; bit++) {
        struct digest b = a;
        assert_true(digest_equal(&a, &b));
        b.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(digest_equal(&a, &b));
    }
}

TEST(hexadecimal_is_read_back)
{
    unsigned char bytes[256];
    unsigned char back[256];
    char text[513];
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    hex_print(bytes, sizeof bytes, text);
    assert_ok(hex_parse(text, back, sizeof back));
    assert_memory_equal(bytes, back, sizeof bytes);
}

TEST(hexadecimal_of_another_length_or_alphabet_is_refused)
{
    static const char *const wrong[] = {"",       "0",    "00",   "00f",  "00ff0",
                                        "00ff00", "00FF", "00fg", "0x0f", "00f\xff"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        unsigned char bytes[2] = {1, 2};
        assert_int_equal(hex_parse(wrong[i], bytes, 2), RESULT_INVALID);
        assert_int_equal(bytes[0], 1);
        assert_int_equal(bytes[1], 2);
    }
    unsigned char bytes[2];
    assert_int_equal(hex_parse(NULL, bytes, 2), RESULT_INVALID);
}
