/* The vault on a disk that loses power: files, keys, destruction, rotation, deliveries taken in. */
#include "crash/campaign.h"
#include "support/test.h"
#include "vault/delivery.h"
#include "vault/disk.h"
#include "vault/vault.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOME DISK_ROOT "/home"

enum { OBJECT, DESTROYED, ROTATED, REGISTERED, KEY };
enum { OBJECTS = 24, BYTES_MOST = 9000, WRAPPED_BYTES = 128 };

static struct clock *clock_of_test;

/* ---- what is in an object ---- */

static size_t content(int64_t object, int64_t version, uint8_t *bytes)
{
    size_t size = (size_t)(object * 977 + version * 3571) % BYTES_MOST + 1;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)((i + 1) * (size_t)(object * 31 + version * 17 + 7) >> 3);
    return size;
}

static const char *name_of(int64_t object)
{
    static char name[VAULT_NAME_SIZE];
    (void)snprintf(name, sizeof name, "document/%lld", (long long)object);
    return name;
}

static enum suite suite_of(int64_t object)
{
    return object % 3 == 0 ? SUITE_SM4_CTR_HMAC_SM3 : SUITE_AES_256_GCM;
}

static void file_bytes(const char *path, uint8_t *bytes, size_t room, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, bytes, room) : -1;
    if (fd >= 0)
        (void)close(fd);
    *ret_size = got > 0 ? (size_t)got : 0;
}

/* ---- the work ---- */

/* After a failure the vault is opened anew, as a keeper that was started again would. */
static void settle(struct vault **vault, struct promise *promise, enum result result)
{
    promise_settle(promise, result == RESULT_OK);
    if (result == RESULT_OK || *vault == NULL)
        return;
    vault_close(*vault);
    *vault = NULL;
    (void)vault_open(HOME, NULL, clock_of_test, vault);
}

static void put(struct vault **vault, int64_t object, int64_t version)
{
    static uint8_t bytes[BYTES_MOST + 1];
    if (*vault == NULL)
        return;
    size_t size = content(object, version, bytes);
    struct promise *promise = promise_begin(OBJECT, object, version);
    settle(vault, promise,
           vault_put(*vault, name_of(object), name_of(object), suite_of(object), "{}", bytes, size, NULL));
}

/* A slice on its way in: sealed by the source, opened in memory, stored. */
static void deliver(struct vault **vault, int64_t object, int64_t version)
{
    static uint8_t bytes[BYTES_MOST + 1];
    uint8_t public_key[DELIVERY_KEY_SIZE];
    uint8_t secret[DELIVERY_KEY_SIZE];
    char text[2 * DELIVERY_KEY_SIZE + 1];
    struct delivery_seal *seal = NULL;
    size_t size = content(object, version, bytes);
    struct digest order = digest_sha256(bytes, 1);
    CLEANUP_FD int sealed = memfd_create("sealed", MFD_CLOEXEC);
    CLEANUP_FD int plain = memfd_create("plain", MFD_CLOEXEC);
    if (*vault == NULL)
        return;
    delivery_key_pair(public_key, secret);
    hex_print(public_key, sizeof public_key, text);
    assert_ok(delivery_seal_open(sealed, text, &order, &seal));
    assert_ok(delivery_seal_write(seal, bytes, size));
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    size_t opened = 0;
    const char *statement = NULL;
    assert_ok(
        delivery_open(sealed, secret, &order, plain, &opened, NULL, &statement)); /* it states nothing */
    assert_int_equal(pread(plain, bytes, opened, 0), (ssize_t)opened);
    struct promise *promise = promise_begin(OBJECT, object, version);
    settle(vault, promise,
           vault_put(*vault, name_of(object), name_of(object), suite_of(object), "{}", bytes, opened, NULL));
}

static bool leftover; /* a key's file was there although its certificate was given out */

/* Notes the wrapped key's bytes, which must be nowhere afterwards. */
static void destroy(struct vault **vault, int64_t object)
{
    char path[128];
    size_t size;
    if (*vault == NULL)
        return;
    struct promise *promise = promise_begin(DESTROYED, object, 0);
    promise->more = calloc(1, WRAPPED_BYTES);
    (void)snprintf(path, sizeof path, HOME "/keys/document-%lld.key", (long long)object);
    file_bytes(path, promise->more, WRAPPED_BYTES, &size);
    promise->value = (int64_t)size;
    CLEANUP_JSON json_t *certificate = NULL;
    enum result result = vault_destroy(*vault, name_of(object), &certificate);
    /* Who was told of a failure asks again, and may take the certificate for the end of it. */
    if (result != RESULT_OK && vault_destroy(*vault, name_of(object), &certificate) == RESULT_NOT_FOUND &&
        vault_certificate(*vault, name_of(object), &certificate) == RESULT_OK && access(path, F_OK) == 0)
        leftover = true;
    settle(vault, promise, result);
}

static void make_key(struct vault **vault, int64_t object)
{
    uint8_t key[VAULT_KEY_SIZE];
    if (*vault == NULL)
        return;
    struct promise *promise = promise_begin(KEY, object, 0);
    enum result result = vault_key_ensure(vault_keys_of(*vault), name_of(object), key);
    promise->more = malloc(VAULT_KEY_SIZE);
    if (result == RESULT_OK)
        memcpy(promise->more, key, VAULT_KEY_SIZE);
    settle(vault, promise, result);
}

static void rotate(struct vault **vault)
{
    size_t size;
    if (*vault == NULL)
        return;
    struct promise *promise = promise_begin(ROTATED, 0, 0);
    promise->more = calloc(1, WRAPPED_BYTES);
    file_bytes(HOME "/keys/master", promise->more, WRAPPED_BYTES, &size);
    promise->value = (int64_t)size;
    settle(vault, promise, vault_keys_rotate(vault_keys_of(*vault), VAULT_ROTATION_DONE));
}

static void register_backup(struct vault **vault, int64_t number)
{
    char path[64];
    if (*vault == NULL)
        return;
    (void)snprintf(path, sizeof path, "/backups/%lld", (long long)number);
    struct promise *promise = promise_begin(REGISTERED, number, 0);
    settle(vault, promise, vault_backup_register(HOME, path, 1000, 2000));
}

static void set_up(void)
{
    struct vault *vault = NULL;
    if (clock_of_test == NULL)
        clock_of_test = clock_manual(INSTANT_DAY * 20000);
    assert_int_equal(mkdir(DISK_ROOT "/home", 0700), 0);
    assert_ok(vault_open(HOME, NULL, clock_of_test, &vault));
    vault_close(vault);
}

/* The first start of a city is part of it. */
static void first_start(void)
{
    if (clock_of_test == NULL)
        clock_of_test = clock_manual(INSTANT_DAY * 20000);
    assert_int_equal(mkdir(DISK_ROOT "/home", 0700), 0);
}

static void work(void)
{
    struct vault *vault = NULL;
    (void)vault_open(HOME, NULL, clock_of_test, &vault);
    for (int64_t i = 1; i <= 4; i++)
        put(&vault, i, 1);
    make_key(&vault, 20);
    put(&vault, 1, 2);
    destroy(&vault, 2);
    deliver(&vault, 5, 1);
    register_backup(&vault, 1);
    rotate(&vault);
    put(&vault, 6, 1);
    destroy(&vault, 5);
    put(&vault, 3, 2);
    make_key(&vault, 21);
    rotate(&vault);
    register_backup(&vault, 2);
    destroy(&vault, 1);
    deliver(&vault, 7, 1);
    vault_close(vault);
}

/* ---- the check ---- */

static bool check_destroyed(struct vault *vault, const struct promise *promise)
{
    CLEANUP_JSON json_t *certificate = NULL;
    uint8_t key[VAULT_KEY_SIZE];
    const char *name = name_of(promise->id);
    if (vault_certificate(vault, name, &certificate) != RESULT_OK)
        return point_fails("%s was destroyed and its certificate is not there", name);
    if (strcmp(json_text(certificate, "key"), name) != 0)
        return point_fails("%s: the certificate is another's", name);
    if (vault_key_get(vault_keys_of(vault), name, key) != RESULT_NOT_FOUND)
        return point_fails("%s was destroyed and its key is there", name);
    if (vault_key_make(vault_keys_of(vault), name) != RESULT_CONFLICT)
        return point_fails("%s was destroyed and got a new key", name);
    if (point_number() % 8 == 0 && promise->value > 0 &&
        disk_holds(disk_used(), promise->more, (size_t)promise->value))
        return point_fails("%s was destroyed and its wrapped key lies on the disk", name);
    return true;
}

/* Which promise of destruction there is about the object, by its state. */
static enum promised destruction(int64_t object, const struct promise **ret_promise)
{
    for (size_t i = 0; i < promise_count(); i++)
        if (promise_at(i)->kind == DESTROYED && promise_at(i)->id == object) {
            *ret_promise = promise_at(i);
            return promise_state(promise_at(i));
        }
    return PROMISE_LATER;
}

static bool holds(struct vault *vault, int64_t object, int64_t version)
{
    static uint8_t expected[BYTES_MOST + 1];
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    void *bytes = NULL;
    size_t size = 0;
    if (vault_get_bytes(vault, arena, name_of(object), BYTES_MOST, &bytes, &size) != RESULT_OK)
        return version == 0;
    return version != 0 && content(object, version, expected) == size && memcmp(bytes, expected, size) == 0;
}

/* The last version that was promised, or one that was begun since. */
static bool check_object(struct vault *vault, int64_t object)
{
    const struct promise *destroyed = NULL;
    enum promised end = destruction(object, &destroyed);
    int64_t sure = 0;
    CLEANUP_JSON json_t *certificate = NULL;
    bool gone = vault_certificate(vault, name_of(object), &certificate) == RESULT_OK;
    if (end == PROMISE_KEPT || (gone && end != PROMISE_LATER))
        return check_destroyed(vault, destroyed) &&
               (holds(vault, object, 0) || point_fails("%s can be read", name_of(object)));
    if (gone)
        return point_fails("%s has a certificate and was not destroyed", name_of(object));
    for (size_t i = 0; i < promise_count(); i++)
        if (promise_at(i)->kind == OBJECT && promise_at(i)->id == object &&
            promise_state(promise_at(i)) == PROMISE_KEPT)
            sure = promise_at(i)->value;
    bool good = holds(vault, object, sure);
    for (size_t i = 0; !good && i < promise_count(); i++)
        good = promise_at(i)->kind == OBJECT && promise_at(i)->id == object && promise_at(i)->value > sure &&
               promise_state(promise_at(i)) == PROMISE_BEGUN && holds(vault, object, promise_at(i)->value);
    return good || point_fails("%s is not version %lld as promised", name_of(object), (long long)sure);
}

static bool check_register(int64_t number)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    void *bytes = NULL;
    size_t size;
    char path[64];
    (void)snprintf(path, sizeof path, "\"/backups/%lld\"", (long long)number);
    if (disk_get(arena, HOME "/vault/backups.json", 100000, &bytes, &size) != RESULT_OK ||
        strstr(bytes, path) == NULL)
        return point_fails("backup %lld is not in the register", (long long)number);
    return true;
}

static bool check_promise(struct vault *vault, const struct promise *promise)
{
    uint8_t key[VAULT_KEY_SIZE];
    if (promise_state(promise) != PROMISE_KEPT)
        return true;
    if (promise->kind == REGISTERED)
        return check_register(promise->id);
    if (promise->kind == KEY &&
        (vault_key_get(vault_keys_of(vault), name_of(promise->id), key) != RESULT_OK ||
         memcmp(key, promise->more, VAULT_KEY_SIZE) != 0))
        return point_fails("the key %s is not what it was", name_of(promise->id));
    if (promise->kind == ROTATED && point_number() % 8 == 0 &&
        disk_holds(disk_used(), (const uint8_t *)promise->more + promise->value - VAULT_KEY_SIZE,
                   VAULT_KEY_SIZE))
        return point_fails("a master key that was rotated away lies on the disk");
    return true;
}

static bool check_all(struct vault *vault)
{
    for (int64_t object = 1; object < OBJECTS; object++)
        if (!check_object(vault, object))
            return false;
    for (size_t i = 0; i < promise_count(); i++)
        if (!check_promise(vault, promise_at(i)))
            return false;
    return true;
}

/* What a keeper that was started again goes on to promise, under a new key and under one that it found. */
enum { AFTER = 40, AFTER_FOUND = 41, FOUND_KEY = 20 };
static bool after_found;

static bool promise_after(struct vault *vault)
{
    static uint8_t bytes[BYTES_MOST + 1];
    uint8_t key[VAULT_KEY_SIZE];
    char name[VAULT_NAME_SIZE];
    after_found = vault_key_get(vault_keys_of(vault), name_of(FOUND_KEY), key) == RESULT_OK;
    size_t size = content(AFTER, 1, bytes);
    enum result result =
        vault_put(vault, name_of(AFTER), name_of(AFTER), SUITE_AES_256_GCM, "{}", bytes, size, NULL);
    (void)snprintf(name, sizeof name, "%s", name_of(FOUND_KEY));
    size = content(AFTER_FOUND, 1, bytes);
    if (result == RESULT_OK && after_found)
        result = vault_put(vault, name_of(AFTER_FOUND), name, SUITE_AES_256_GCM, "{}", bytes, size, NULL);
    return result == RESULT_OK ||
           point_fails("it does not go on after the recovery: %s", result_name(result));
}

static bool check_after(struct vault *vault)
{
    return (holds(vault, AFTER, 1) && (!after_found || holds(vault, AFTER_FOUND, 1))) ||
           point_fails("what was promised after the recovery is not there");
}

static bool check(void)
{
    struct vault *vault = NULL;
    (void)mkdir(HOME, 0700);
    enum result result = vault_open(HOME, NULL, clock_of_test, &vault);
    if (result != RESULT_OK)
        return point_fails("the vault does not open: %s", result_name(result));
    if (leftover)
        return point_fails("a wrapped key was there although its certificate had been given out");
    bool good = check_all(vault);
    if (good && point_turn() == POINT_FIRST)
        good = promise_after(vault);
    else if (good && point_turn() == POINT_CUT_AT_END)
        good = check_after(vault);
    vault_close(vault);
    return good;
}

static const struct campaign vault_campaign = {"vault", set_up, work, check};
static const struct campaign first_campaign = {"a city's first vault", first_start, work, check};

TEST(the_vault_keeps_its_promises_when_the_power_is_cut_anywhere)
{
    size_t points;
    assert_true(campaign_cuts(&vault_campaign, campaign_size(66000, 2000000), &points));
    assert_true(points >= campaign_size(64000, 0) || getenv("DUKOU_CRASH_POINT") != NULL);
}

TEST(so_does_a_vault_that_is_cut_while_it_is_made)
{
    size_t points;
    assert_true(campaign_cuts(&first_campaign, campaign_size(32000, 1000000), &points));
    assert_true(points >= 32000 || getenv("DUKOU_CRASH_POINT") != NULL);
}

TEST(the_vault_fails_clearly_on_a_failing_disk_and_stops_when_an_fsync_fails)
{
    size_t points;
    assert_true(campaign_faults(&vault_campaign, campaign_size(400, 100000), &points));
    assert_true(points > 500 || getenv("DUKOU_CRASH_POINT") != NULL);
}

/* The control: with fsync swallowed, the same campaign must find what is lost. */
TEST(without_fsync_the_campaign_sees_the_vault_lose_what_it_promised)
{
    size_t points;
    disk_swallow_syncs(true);
    bool good = campaign_cuts(&vault_campaign, 2000, &points);
    disk_swallow_syncs(false);
    assert_false(good);
}

TEST(under_libeatmydata_the_campaign_sees_the_vault_lose_what_it_promised)
{
    assert_true(campaign_fails_under_eatmydata("the_vault_keeps_its_promises_when_the_power_is_cut_anywhere",
                                               "as promised"));
}
