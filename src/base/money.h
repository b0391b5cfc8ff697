/* Money in integer fen (1/100 yuan). */
#pragma once

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

typedef int64_t money;

/* 90 trillion yuan: sums of a few of these cannot leave int64. */
#define MONEY_MAX ((money)9000000000000000)

/* All fail with RESULT_OVERFLOW and leave *ret untouched when the result would leave ±MONEY_MAX. */
enum result money_add(money total, money amount, money *ret_total);
enum result money_multiply(money price, int64_t count, money *ret_total);

/* amount × numerator / denominator, rounded half to even; denominator > 0. */
enum result money_ratio(money amount, int64_t numerator, int64_t denominator, money *ret_part);

/* Splits `amount` ≥ 0 by weights ≥ 0 (not all 0) so that the parts add up to it exactly: each party gets
 * its share rounded down, and the fen left over go to the largest remainders, ties to the first. */
enum result money_split(money amount, const int64_t *weights, size_t count, money *ret_parts);

/* "12345.67"; `ret_text` holds MONEY_TEXT_SIZE bytes. */
#define MONEY_TEXT_SIZE 24
void money_print(money amount, char *ret_text);
