/* Tests beside the code. A test is a sentence:
 *
 *     TEST(a_seven_month_trial_is_refused)
 *     {
 *         assert_int_equal(…);
 *     }
 *
 * and registers itself; `EXECUTABLE --list` names the tests, `EXECUTABLE PATTERN` runs those that match. */
#pragma once

/* clang-format off */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

struct test_registration {
    const char *name;
    void (*run)(void **state);
    struct test_registration *next;
};

void test_register(struct test_registration *test);

#define TEST(sentence)                                                                                       \
    static void sentence(void **state);                                                                      \
    static struct test_registration sentence##_registration = {#sentence, sentence, NULL};                   \
    __attribute__((constructor)) static void sentence##_register(void)                                       \
    {                                                                                                        \
        test_register(&sentence##_registration);                                                             \
    }                                                                                                        \
    static void sentence(__attribute__((unused)) void **state)

#define assert_ok(expression) assert_int_equal((expression), RESULT_OK)

/* Runs body(argument) in a child. True when it ended by abort(); `ret_words` takes the first room−1 bytes of
 * its standard error. */
bool test_aborts(void (*body)(const void *argument), const void *argument, char *ret_words, size_t room);

/* A fresh folder for this test, removed when the executable ends; static storage until the next call. */
const char *test_folder(void);

/* Path of ../shared/NAME where the source tree has it beside it, or NULL: then skip() with a clear line. */
const char *test_shared(const char *name);
