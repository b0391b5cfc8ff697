#include "base/digest.h"
#include "base/random.h"
#include "support/test.h"

#include <string.h>

TEST(the_same_seed_gives_the_same_bytes_in_whatever_pieces)
{
    unsigned char whole[5000];
    unsigned char pieces[5000];
    struct random *a = random_seeded(2026);
    struct random *b = random_seeded(2026);
    random_bytes(a, whole, sizeof whole);
    for (size_t at = 0, piece = 1; at < sizeof pieces; at += piece, piece = piece * 3 % 1021 + 1) {
        if (piece > sizeof pieces - at)
            piece = sizeof pieces - at;
        random_bytes(b, pieces + at, piece);
    }
    assert_memory_equal(whole, pieces, sizeof whole);
    random_free(a);
    random_free(b);
}

TEST(another_seed_gives_other_bytes)
{
    unsigned char one[32];
    unsigned char two[32];
    struct random *a = random_seeded(1);
    struct random *b = random_seeded(2);
    random_bytes(a, one, sizeof one);
    random_bytes(b, two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
    random_bytes(a, two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
    random_free(a);
    random_free(b);
}

TEST(a_seed_gives_the_same_sequence_in_every_release)
{
    unsigned char bytes[4096];
    struct random *random = random_seeded(42);
    random_bytes(random, bytes, sizeof bytes);
    struct digest digest = digest_sha256(bytes, sizeof bytes);
    char text[DIGEST_TEXT_SIZE];
    hex_print(digest.bytes, DIGEST_SIZE, text);
    assert_string_equal(text, "b0de319c99f17d4f6540c9e93a0423b4f758787bbd632796e17283ba6104c688");
    random_free(random);
}

TEST(the_system_generator_does_not_repeat_itself)
{
    unsigned char one[32];
    unsigned char two[32];
    struct random *random = random_system();
    random_bytes(random, one, sizeof one);
    random_bytes(random, two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
    random_free(random);
}

TEST(numbers_below_a_bound_are_even)
{
    enum { BOUND = 7, DRAWS = 70000 };
    int counts[BOUND] = {0};
    struct random *random = random_seeded(7);
    for (int i = 0; i < DRAWS; i++)
        counts[random_below(random, BOUND)]++;
    double chi_square = 0;
    for (int i = 0; i < BOUND; i++) {
        double off = counts[i] - (double)DRAWS / BOUND;
        chi_square += off * off / ((double)DRAWS / BOUND);
    }
    assert_true(chi_square < 22.5); /* 6 degrees of freedom, p = 0.001 */
    random_free(random);
}

TEST(numbers_stay_below_their_bound)
{
    struct random *random = random_seeded(8);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(random_below(random, 1), 0);
        assert_true(random_below(random, UINT64_MAX) < UINT64_MAX);
        uint64_t bound = (UINT64_C(1) << 63) + 1; /* half of all draws are thrown away here */
        assert_true(random_below(random, bound) < bound);
    }
    random_free(random);
}

TEST(units_are_spread_over_zero_to_one)
{
    struct random *random = random_seeded(9);
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        double unit = random_unit(random);
        assert_true(unit >= 0 && unit < 1);
        sum += unit;
    }
    assert_true(sum > 4900 && sum < 5100);
    random_free(random);
}
