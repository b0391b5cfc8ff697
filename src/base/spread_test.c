#include "base/spread.h"
#include "support/test.h"

#include <pthread.h>

static const struct spread_bounds bounds = {3, {1, 10, 100}};

TEST(a_value_on_a_bound_counts_under_it)
{
    struct spread spread = {0};
    struct spread_reading reading;
    static const int64_t values[] = {0, 1, 2, 10, 11, 100, 101, 5000};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        spread_add(&spread, &bounds, values[i]);
    spread_read(&spread, &bounds, &reading);
    assert_int_equal(reading.under[0], 2);
    assert_int_equal(reading.under[1], 4);
    assert_int_equal(reading.under[2], 6);
    assert_int_equal(reading.under[3], 8);
    assert_int_equal(reading.sum, 5225);
}

static void *add_many(void *argument)
{
    for (int i = 0; i < 10000; i++)
        spread_add(argument, &bounds, i % 200);
    return NULL;
}

TEST(no_value_is_lost_between_threads)
{
    struct spread spread = {0};
    struct spread_reading reading;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &spread), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    spread_read(&spread, &bounds, &reading);
    assert_int_equal(reading.under[3], 40000);
    assert_int_equal(reading.sum, 4 * 50 * 19900);
}
