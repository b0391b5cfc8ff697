#include "base/identifier.h"
#include "base/random.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

static int value_of(char c)
{
    const char *at = strchr(alphabet, c);
    assert_non_null(at);
    return (int)(at - alphabet);
}

/* A code with a right check character, of random digits and letters. */
static void draw_code(struct random *random, char *ret_code)
{
    for (int i = 0; i < 17; i++)
        ret_code[i] = alphabet[random_below(random, 31)];
    ret_code[17] = identifier_credit_code_check(ret_code);
    ret_code[18] = '\0';
}

TEST(credit_codes_with_the_right_check_are_accepted)
{
    assert_true(identifier_is_credit_code("91350100M000100Y43"));
    assert_int_equal(identifier_credit_code_check("91350100M000100Y4"), '3');
}

TEST(a_sum_divisible_by_31_has_the_check_zero)
{
    /* Without the outer remainder the check would be the 32nd of 31 characters. */
    assert_int_equal(identifier_credit_code_check("00000000000000000"), '0');
    assert_int_equal(identifier_credit_code_check("1A000000000000000"), '0'); /* 1 + 10 × 3 = 31 */
    assert_true(identifier_is_credit_code("1A0000000000000000"));
}

TEST(weights_and_check_of_a_credit_code_add_up_to_a_multiple_of_31)
{
    struct random *random = random_seeded(32100);
    int zero_checks = 0;
    for (int round = 0; round < 2000; round++) {
        char code[19];
        draw_code(random, code);
        int sum = value_of(code[17]);
        for (int i = 0, weight = 1; i < 17; i++, weight = weight * 3 % 31)
            sum += value_of(code[i]) * weight;
        assert_int_equal(sum % 31, 0);
        assert_true(identifier_is_credit_code(code));
        zero_checks += code[17] == '0';
    }
    assert_true(zero_checks > 20);
    random_free(random);
}

TEST(any_single_slip_in_a_credit_code_is_noticed)
{
    struct random *random = random_seeded(32101);
    char code[19];
    draw_code(random, code);
    for (int at = 0; at < 18; at++) {
        char right = code[at];
        for (int i = 0; i < 31; i++) {
            code[at] = alphabet[i];
            assert_int_equal(identifier_is_credit_code(code), alphabet[i] == right);
        }
        code[at] = right;
    }
    random_free(random);
}

TEST(credit_codes_of_another_shape_are_refused)
{
    assert_false(identifier_is_credit_code(NULL));
    assert_false(identifier_is_credit_code(""));
    assert_false(identifier_is_credit_code("91350100M000100Y4"));
    assert_false(identifier_is_credit_code("91350100M000100Y433"));
    assert_false(identifier_is_credit_code("91350100m000100y43"));
    assert_false(identifier_is_credit_code("91350100M000100I43"));
    assert_false(identifier_is_credit_code("91350100M000100Y4 "));
    assert_false(identifier_is_credit_code("９1350100M000100Y43"));
    assert_int_equal(identifier_credit_code_check("9135010OM000100Y4"), '\0');
    assert_int_equal(identifier_credit_code_check("91350100M"), '\0');
}

/* ISO 7064 MOD 11-2 worked out as the standard's recursion, not with the weights. */
static int mod_11_2(const char *number)
{
    int rest = 0;
    for (int i = 0; i < 18; i++)
        rest = (rest * 2 + (number[i] == 'X' ? 10 : number[i] - '0')) % 11;
    return rest;
}

/* Area, birth and sequence with the check digit that belongs to them. */
static const char *citizen(const char *birth, int sequence)
{
    static char number[19];
    char first[32];
    (void)snprintf(first, sizeof first, "420106%s%03d", birth, sequence);
    memcpy(number, first, 17);
    number[17] = identifier_citizen_number_check(first);
    return number;
}

TEST(citizen_numbers_with_the_right_check_are_accepted)
{
    assert_true(identifier_is_citizen_number("11010519491231002X")); /* the example of GB 11643 */
    for (int sequence = 0; sequence < 1000; sequence++) {
        assert_int_equal(mod_11_2(citizen("19900307", sequence)), 1);
        assert_true(identifier_is_citizen_number(citizen("19900307", sequence)));
    }
}

TEST(any_single_slip_in_a_citizen_number_is_noticed)
{
    char number[19] = "11010519491231002X";
    for (int at = 0; at < 18; at++) {
        char right = number[at];
        for (int digit = 0; digit <= 9; digit++) {
            number[at] = (char)('0' + digit);
            assert_int_equal(identifier_is_citizen_number(number), number[at] == right);
        }
        number[at] = right;
    }
}

TEST(a_citizen_born_on_a_day_that_does_not_exist_is_refused)
{
    assert_true(identifier_is_citizen_number(citizen("20240229", 1)));
    assert_false(identifier_is_citizen_number(citizen("20230229", 1)));
    assert_false(identifier_is_citizen_number(citizen("20260230", 1)));
    assert_false(identifier_is_citizen_number(citizen("19991301", 1)));
    assert_false(identifier_is_citizen_number(citizen("19990001", 1)));
    assert_false(identifier_is_citizen_number(citizen("19990431", 1)));
}

TEST(citizen_numbers_of_another_shape_are_refused)
{
    assert_false(identifier_is_citizen_number(NULL));
    assert_false(identifier_is_citizen_number(""));
    assert_false(identifier_is_citizen_number("11010519491231002x"));
    assert_false(identifier_is_citizen_number("11010519491231002"));
    assert_false(identifier_is_citizen_number("11010519491231002XX"));
    assert_false(identifier_is_citizen_number("110105491231002"));
    assert_false(identifier_is_citizen_number("1101051949123100X2"));
    assert_int_equal(identifier_citizen_number_check("1101051949123100X"), '\0');
    assert_int_equal(identifier_citizen_number_check("110105"), '\0');
}
