#include "base/money.h"
#include "base/random.h"
#include "support/test.h"

TEST(sums_of_money_stop_at_the_limit)
{
    money total = 7;
    assert_ok(money_add(100, -30, &total));
    assert_int_equal(total, 70);
    assert_ok(money_add(MONEY_MAX - 1, 1, &total));
    assert_int_equal(total, MONEY_MAX);
    total = 7;
    assert_int_equal(money_add(MONEY_MAX, 1, &total), RESULT_OVERFLOW);
    assert_int_equal(money_add(-MONEY_MAX, -1, &total), RESULT_OVERFLOW);
    assert_int_equal(money_add(INT64_MAX, INT64_MAX, &total), RESULT_OVERFLOW);
    assert_int_equal(money_add(INT64_MIN, INT64_MIN, &total), RESULT_OVERFLOW);
    assert_int_equal(total, 7);
}

TEST(products_of_money_stop_at_the_limit)
{
    money total = 7;
    assert_ok(money_multiply(25, 4, &total));
    assert_int_equal(total, 100);
    assert_ok(money_multiply(-MONEY_MAX, 1, &total));
    assert_int_equal(total, -MONEY_MAX);
    total = 7;
    assert_int_equal(money_multiply(MONEY_MAX, 2, &total), RESULT_OVERFLOW);
    assert_int_equal(money_multiply(INT64_MIN, -1, &total), RESULT_OVERFLOW);
    assert_int_equal(money_multiply(INT64_MAX, INT64_MAX, &total), RESULT_OVERFLOW);
    assert_int_equal(total, 7);
}

static money ratio(money amount, int64_t numerator, int64_t denominator)
{
    money part = 0;
    assert_ok(money_ratio(amount, numerator, denominator, &part));
    return part;
}

TEST(ratios_are_rounded_half_to_even)
{
    assert_int_equal(ratio(1, 1, 2), 0);
    assert_int_equal(ratio(3, 1, 2), 2);
    assert_int_equal(ratio(5, 1, 2), 2);
    assert_int_equal(ratio(7, 1, 2), 4);
    assert_int_equal(ratio(-1, 1, 2), 0);
    assert_int_equal(ratio(-3, 1, 2), -2);
    assert_int_equal(ratio(3, -1, 2), -2);
    assert_int_equal(ratio(-3, -1, 2), 2);
    assert_int_equal(ratio(10, 1, 3), 3);
    assert_int_equal(ratio(20, 1, 3), 7);
    assert_int_equal(ratio(-20, 1, 3), -7);
    assert_int_equal(ratio(12345, 6, 100), 741); /* 740.70 */
    assert_int_equal(ratio(0, 5, 7), 0);
    assert_int_equal(ratio(MONEY_MAX, INT64_MAX, INT64_MAX), MONEY_MAX);
}

TEST(a_ratio_over_the_limit_is_refused)
{
    money part = 7;
    assert_int_equal(money_ratio(MONEY_MAX, 2, 1, &part), RESULT_OVERFLOW);
    assert_int_equal(money_ratio(MONEY_MAX, INT64_MIN, 1, &part), RESULT_OVERFLOW);
    assert_int_equal(part, 7);
}

TEST(the_fen_left_over_go_to_the_largest_remainders)
{
    money parts[3];
    assert_ok(money_split(100, (int64_t[]){1, 1, 1}, 3, parts));
    assert_int_equal(parts[0], 34);
    assert_int_equal(parts[1], 33);
    assert_int_equal(parts[2], 33);
    assert_ok(money_split(101, (int64_t[]){50, 30, 20}, 3, parts)); /* 50.5, 30.3, 20.2 */
    assert_int_equal(parts[0], 51);
    assert_int_equal(parts[1], 30);
    assert_int_equal(parts[2], 20);
    assert_ok(money_split(1, (int64_t[]){1, 2, 2}, 3, parts)); /* a tie of the last two */
    assert_int_equal(parts[0], 0);
    assert_int_equal(parts[1], 1);
    assert_int_equal(parts[2], 0);
}

TEST(a_split_over_the_limit_is_refused_whole)
{
    money parts[2] = {5, 6};
    assert_int_equal(money_split(MONEY_MAX + 1, (int64_t[]){1, 1}, 2, parts), RESULT_OVERFLOW);
    assert_int_equal(parts[0], 5);
    assert_int_equal(parts[1], 6);
}

/* Every property that the header promises, for one amount and its weights. */
static void check_split(money amount, const int64_t *weights, size_t count)
{
    money parts[40];
    assert_ok(money_split(amount, weights, count, parts));
    money sum = 0;
    __extension__ __int128 weight_sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += parts[i];
        weight_sum += weights[i];
    }
    assert_int_equal(sum, amount);
    for (size_t i = 0; i < count; i++) {
        __extension__ __int128 exact = (__int128)amount * weights[i];
        money down = (money)(exact / weight_sum);
        assert_true(parts[i] == down || (parts[i] == down + 1 && exact % weight_sum != 0));
        for (size_t j = 0; j < count; j++)
            assert_false(weights[i] > weights[j] && parts[i] < parts[j]);
    }
}

TEST(any_split_adds_up_and_is_within_a_fen_of_the_exact_share)
{
    struct random *random = random_seeded(20261123);
    for (int round = 0; round < 5000; round++) {
        int64_t weights[40];
        size_t count = 1 + random_below(random, 40);
        uint64_t top = UINT64_C(1) << random_below(random, 63);
        for (size_t i = 0; i < count; i++)
            weights[i] = (int64_t)random_below(random, top + 1);
        weights[random_below(random, count)] += 1;
        money amount = (money)random_below(random, UINT64_C(1) << random_below(random, 53));
        check_split(amount, weights, count);
    }
    random_free(random);
    int64_t all_the_same[40];
    for (int i = 0; i < 40; i++)
        all_the_same[i] = INT64_MAX;
    check_split(MONEY_MAX, all_the_same, 40);
    check_split(0, all_the_same, 40);
    check_split(39, all_the_same, 40);
}

static void assert_printed(money amount, const char *expected)
{
    char text[MONEY_TEXT_SIZE];
    money_print(amount, text);
    assert_string_equal(text, expected);
}

TEST(money_prints_as_yuan_and_two_digits)
{
    assert_printed(1234567, "12345.67");
    assert_printed(0, "0.00");
    assert_printed(5, "0.05");
    assert_printed(-5, "-0.05");
    assert_printed(-100, "-1.00");
    assert_printed(MONEY_MAX, "90000000000000.00");
    assert_printed(-MONEY_MAX, "-90000000000000.00");
}
