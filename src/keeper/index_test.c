#include "keeper/index.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

struct place {
    struct clock *clock;
    struct vault *vault;
    struct index_cache *cache;
};

static struct place place_new(void)
{
    struct place place = {.clock = clock_manual(0)};
    assert_ok(vault_open(test_folder(), NULL, place.clock, &place.vault));
    place.cache = index_cache_new(place.vault);
    return place;
}

static void place_free(struct place *place)
{
    index_cache_free(place->cache);
    vault_close(place->vault);
    clock_free(place->clock);
}

/* Subjects "0" … count−1 with the value 7 × subject − 3. */
static void put_index(struct place *place, int64_t product, int count)
{
    char name[VAULT_NAME_SIZE];
    uint8_t key[VAULT_KEY_SIZE];
    uint8_t secret[32];
    const uint8_t *bytes = NULL;
    size_t size = 0;
    (void)snprintf(name, sizeof name, "product/%lld", (long long)product);
    assert_ok(vault_key_ensure(vault_keys_of(place->vault), name, key));
    assert_ok(index_secret(place->vault, product, secret));
    struct index_builder *builder = index_builder_new(secret, 100000);
    for (int i = 0; i < count; i++) {
        char subject[16];
        int length = snprintf(subject, sizeof subject, "%d", i);
        assert_ok(index_builder_add(builder, subject, (size_t)length, 7 * (int64_t)i - 3));
    }
    assert_ok(index_builder_finish(builder, &bytes, &size));
    assert_ok(vault_put(place->vault, name, name, SUITE_AES_256_GCM, NULL, bytes, size, NULL));
    index_builder_free(builder);
}

static bool known(struct place *place, int64_t product, const char *subject, int64_t *ret_value)
{
    bool is_known = false;
    assert_ok(index_ask(place->cache, product, subject, strlen(subject), &is_known, ret_value));
    return is_known;
}

TEST(every_subject_of_an_index_is_found_with_its_value_and_no_other)
{
    const int counts[] = {0, 1, 2, 5000};
    for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
        struct place place = place_new();
        put_index(&place, 4, counts[n]);
        bool is_known;
        int64_t value;
        assert_int_equal(index_ask(place.cache, 4, "0", 1, &is_known, &value), RESULT_BUSY);
        assert_ok(index_load(place.cache, 4));
        for (int i = 0; i < counts[n]; i++) {
            char subject[16];
            (void)snprintf(subject, sizeof subject, "%d", i);
            assert_true(known(&place, 4, subject, &value));
            assert_int_equal(value, 7 * i - 3);
        }
        assert_false(known(&place, 4, "5000", &value));
        assert_false(known(&place, 4, "", &value));
        assert_false(known(&place, 4, "1 ", &value));
        place_free(&place);
    }
}

TEST(a_forgotten_index_is_asked_from_the_vault_again)
{
    struct place place = place_new();
    bool is_known;
    int64_t value;
    put_index(&place, 4, 10);
    put_index(&place, 5, 10);
    assert_ok(index_load(place.cache, 4));
    assert_ok(index_load(place.cache, 5));
    put_index(&place, 4, 3);
    assert_true(known(&place, 4, "9", &value)); /* still what was loaded */
    index_forget(place.cache, 4);
    assert_int_equal(index_ask(place.cache, 4, "9", 1, &is_known, &value), RESULT_BUSY);
    assert_ok(index_load(place.cache, 4));
    assert_false(known(&place, 4, "9", &value));
    assert_true(known(&place, 4, "2", &value));
    assert_true(known(&place, 5, "9", &value));
    place_free(&place);
}

TEST(what_is_no_index_or_not_there_is_not_loaded)
{
    struct place place = place_new();
    assert_int_equal(index_load(place.cache, 4), RESULT_NOT_FOUND);
    assert_ok(
        vault_put(place.vault, "product/5", "product/5", SUITE_AES_256_GCM, NULL, "a,b\n1,2\n", 8, NULL));
    assert_int_equal(index_load(place.cache, 5), RESULT_CONFLICT);
    assert_ok(vault_put(place.vault, "product/6", "product/6", SUITE_AES_256_GCM, NULL,
                        "DKINDEX1\2\0\0\0\0\0\0\0only one entry....", 35, NULL));
    assert_int_equal(index_load(place.cache, 6), RESULT_CORRUPT);
    place_free(&place);
}

TEST(a_subject_that_comes_twice_and_one_too_many_are_refused)
{
    const uint8_t secret[32] = {1};
    const uint8_t *bytes = NULL;
    size_t size = 0;
    struct index_builder *builder = index_builder_new(secret, 2);
    assert_ok(index_builder_add(builder, "a", 1, 1));
    assert_ok(index_builder_add(builder, "a", 1, 1));
    assert_int_equal(index_builder_add(builder, "b", 1, 1), RESULT_TOO_LARGE);
    assert_int_equal(index_builder_finish(builder, &bytes, &size), RESULT_CONFLICT);
    assert_null(bytes);
    index_builder_free(builder);
}

TEST(an_index_shows_no_subject_and_two_products_share_no_token)
{
    const uint8_t secret[32] = {1};
    const uint8_t other_secret[32] = {2};
    const uint8_t *bytes = NULL;
    const uint8_t *other_bytes = NULL;
    size_t size = 0;
    struct index_builder *builder = index_builder_new(secret, 10);
    struct index_builder *other = index_builder_new(other_secret, 10);
    assert_ok(index_builder_add(builder, "420102199001010017", 18, 1));
    assert_ok(index_builder_add(other, "420102199001010017", 18, 1));
    assert_ok(index_builder_finish(builder, &bytes, &size));
    assert_ok(index_builder_finish(other, &other_bytes, &size));
    assert_null(memmem(bytes, size, "4201", 4));
    assert_memory_not_equal(bytes + 16, other_bytes + 16, INDEX_TOKEN_SIZE);
    index_builder_free(builder);
    index_builder_free(other);
}
