#include "http/jobs.h"
#include "http/rate.h"
#include "support/test.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

static void count_up(const struct app *app, void *argument)
{
    (void)app;
    (void)usleep(1000);
    (*(atomic_int *)argument)++;
}

TEST(all_jobs_that_were_taken_are_run)
{
    atomic_int done = 0;
    int taken = 0;
    struct jobs *jobs = jobs_new(3, 50);
    for (int i = 0; i < 50; i++)
        taken += jobs_start(jobs, count_up, NULL, &done) == RESULT_OK;
    jobs_free(jobs);
    assert_int_equal(taken, 50);
    assert_int_equal(done, 50);
}

static void wait_for(const struct app *app, void *argument)
{
    (void)app;
    while (!*(atomic_bool *)argument)
        (void)usleep(1000);
}

TEST(a_full_queue_refuses)
{
    atomic_bool go = false;
    int taken = 0;
    struct jobs *jobs = jobs_new(1, 4);
    for (int i = 0; i < 20; i++)
        taken += jobs_start(jobs, wait_for, NULL, &go) == RESULT_OK;
    assert_in_range(taken, 4, 5); /* four wait, one may run */
    assert_int_equal(jobs_start(jobs, wait_for, NULL, &go), RESULT_BUSY);
    go = true;
    jobs_free(jobs);
}

/* ---- rates ---- */

static const int64_t second = 1000000;

static int take_all(struct rate *rate, uint64_t key, int64_t now)
{
    int seconds = 0;
    int taken = 0;
    while (taken < 1000 && rate_take(rate, key, 60, now, &seconds))
        taken++;
    return taken;
}

TEST(a_bucket_holds_a_minute_and_fills_evenly)
{
    struct rate *rate = rate_new();
    uint64_t key = rate_key_of_account(rate, 7);
    int seconds = 0;
    assert_int_equal(take_all(rate, key, 1000 * second), 60);
    assert_false(rate_take(rate, key, 60, 1000 * second, &seconds));
    assert_in_range(seconds, 1, 2);
    assert_int_equal(take_all(rate, key, 1010 * second), 10);
    assert_int_equal(take_all(rate, key, 5000 * second), 60);
    assert_int_equal(take_all(rate, rate_key_of_account(rate, 8), 5000 * second), 60);
    rate_free(rate);
}

TEST(a_crowd_of_callers_does_not_let_a_busy_one_off)
{
    struct rate *rate = rate_new();
    uint64_t busy = rate_key_of_address(rate, "192.0.2.1");
    int seconds = 0;
    assert_int_equal(take_all(rate, busy, 1000 * second), 60);
    for (int i = 0; i < 20000; i++)
        (void)rate_take(rate, rate_key_of_account(rate, i), 60, 1000 * second, &seconds);
    assert_false(rate_take(rate, busy, 60, 1000 * second, &seconds));
    rate_free(rate);
}

TEST(one_network_of_ipv6_is_one_caller)
{
    struct rate *rate = rate_new();
    assert_int_equal(rate_key_of_address(rate, "2001:db8::1"), rate_key_of_address(rate, "2001:db8::ffff:1"));
    assert_int_not_equal(rate_key_of_address(rate, "2001:db8::1"),
                         rate_key_of_address(rate, "2001:db8:0:1::1"));
    assert_int_not_equal(rate_key_of_address(rate, "192.0.2.1"), rate_key_of_address(rate, "192.0.2.2"));
    assert_int_not_equal(rate_key_of_address(rate, "::ffff:192.0.2.1"),
                         rate_key_of_address(rate, "::ffff:192.0.2.2"));
    rate_free(rate);
}
