#include "base/money.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Products of two 64-bit numbers pass through 128 bits, which GCC and Clang have on every 64-bit machine. */
__extension__ typedef __int128 wide;

static enum result keep(wide total, money *ret_total)
{
    if (total > MONEY_MAX || total < -MONEY_MAX)
        return RESULT_OVERFLOW;
    *ret_total = (money)total;
    return RESULT_OK;
}

enum result money_add(money total, money amount, money *ret_total)
{
    return keep((wide)total + amount, ret_total);
}

enum result money_multiply(money price, int64_t count, money *ret_total)
{
    return keep((wide)price * count, ret_total);
}

enum result money_ratio(money amount, int64_t numerator, int64_t denominator, money *ret_part)
{
    assert(denominator > 0);
    wide product = (wide)amount * numerator;
    bool negative = product < 0;
    if (negative)
        product = -product;
    wide part = product / denominator;
    wide twice_rest = product % denominator * 2;
    if (twice_rest > denominator || (twice_rest == denominator && part % 2 != 0))
        part++;
    return keep(negative ? -part : part, ret_part);
}

struct remainder {
    wide rest;
    size_t at;
};

static int by_rest(const void *a, const void *b)
{
    const struct remainder *x = a;
    const struct remainder *y = b;
    if (x->rest != y->rest)
        return x->rest > y->rest ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

enum result money_split(money amount, const int64_t *weights, size_t count, money *ret_parts)
{
    assert(amount >= 0);
    wide sum = 0;
    for (size_t i = 0; i < count; i++) {
        assert(weights[i] >= 0);
        sum += weights[i];
    }
    assert(sum > 0);
    if (amount > MONEY_MAX)
        return RESULT_OVERFLOW;
    struct remainder *remainders = calloc(count, sizeof *remainders);
    if (remainders == NULL)
        return RESULT_MEMORY;
    money left = amount;
    for (size_t i = 0; i < count; i++) {
        wide product = (wide)amount * weights[i];
        ret_parts[i] = (money)(product / sum);
        remainders[i] = (struct remainder){product % sum, i};
        left -= ret_parts[i];
    }
    qsort(remainders, count, sizeof *remainders, by_rest);
    for (size_t i = 0; left > 0; i++, left--)
        ret_parts[remainders[i].at]++;
    free(remainders);
    return RESULT_OK;
}

void money_print(money amount, char *ret_text)
{
    assert(amount <= MONEY_MAX && amount >= -MONEY_MAX);
    money size = amount < 0 ? -amount : amount;
    (void)snprintf(ret_text, MONEY_TEXT_SIZE, "%s%lld.%02d", amount < 0 ? "-" : "", (long long)(size / 100),
                   (int)(size % 100));
}
