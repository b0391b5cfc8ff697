#include "support/attack.h"
#include "support/test.h"
#include "vault/disk.h"
#include "vault/protect.h"
#include "vault/vault.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct place {
    char home[128];
    struct clock *clock;
    struct vault *vault;
};

static struct place place_new(void)
{
    struct place place = {.clock = clock_manual(1000 * INSTANT_DAY)};
    (void)snprintf(place.home, sizeof place.home, "%s", test_folder());
    assert_ok(vault_open(place.home, NULL, place.clock, &place.vault));
    return place;
}

static void place_free(struct place *place)
{
    vault_close(place->vault);
    clock_free(place->clock);
}

static void put(struct place *place, const char *object, const char *key, const char *text)
{
    assert_ok(vault_put(place->vault, object, key, SUITE_AES_256_GCM, NULL, text, strlen(text), NULL));
}

static const char *needle;
static int found;

static int search_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    void *bytes = NULL;
    size_t size = 0;
    (void)status;
    (void)walk;
    if (type == FTW_F && disk_get(arena, path, 1 << 24, &bytes, &size) == RESULT_OK &&
        memmem(bytes, size, needle, strlen(needle)) != NULL)
        found++;
    return 0;
}

static int files_holding(const char *home, const char *text)
{
    needle = text;
    found = 0;
    assert_int_equal(nftw(home, search_file, 16, FTW_PHYS), 0);
    return found;
}

TEST(an_object_comes_back_and_is_nowhere_in_clear)
{
    struct place place = place_new();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    put(&place, "document/12", "document/12", "canary-text-of-an-agreement");
    void *bytes = NULL;
    size_t size = 0;
    assert_ok(vault_get_bytes(place.vault, arena, "document/12", 1000, &bytes, &size));
    assert_string_equal(bytes, "canary-text-of-an-agreement");
    assert_int_equal(vault_get_bytes(place.vault, arena, "document/12", 5, &bytes, &size), RESULT_TOO_LARGE);
    assert_int_equal(vault_get_bytes(place.vault, arena, "document/13", 5, &bytes, &size), RESULT_NOT_FOUND);
    assert_int_equal(vault_get_bytes(place.vault, arena, "../keys/master", 500, &bytes, &size),
                     RESULT_NOT_FOUND);
    assert_int_equal(files_holding(place.home, "canary-text"), 0);
    assert_int_equal(files_holding(place.home, "document/12"), 1); /* the search does find what is there */
    place_free(&place);
}

TEST(the_digest_of_an_object_does_not_stand_in_clear)
{
    struct place place = place_new();
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;
    assert_ok(vault_put(place.vault, "document/1", "document/1", SUITE_AES_256_GCM, NULL, "13800000000", 11,
                        &digest));
    hex_print(digest.bytes, DIGEST_SIZE, text);
    assert_int_equal(files_holding(place.home, text), 0);
    place_free(&place);
}

TEST(destroying_a_key_takes_its_objects_and_nobody_else_s)
{
    struct place place = place_new();
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    put(&place, "result/1", "room/2", "one");
    put(&place, "result/2", "room/2", "three");
    put(&place, "result/3", "room/3", "other");
    char stored[300];
    void *kept = NULL;
    size_t kept_size = 0;
    (void)snprintf(stored, sizeof stored, "%s/vault/result-1.vault", place.home);
    assert_ok(disk_get(arena, stored, 1 << 20, &kept, &kept_size));
    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(vault_destroy(place.vault, "room/2", &certificate));
    assert_string_equal(json_text(certificate, "key"), "room/2");
    assert_int_equal(strlen(json_text(certificate, "digest")), 64);
    assert_string_equal(json_text(certificate, "at"), "1972-09-27T00:00:00.000000Z");
    assert_int_equal(json_array_size(json_object_get(certificate, "files")), 2);
    assert_int_equal(json_array_size(json_object_get(certificate, "backups")), 0);

    void *bytes = NULL;
    size_t size = 0;
    assert_int_equal(vault_get_bytes(place.vault, arena, "result/1", 100, &bytes, &size), RESULT_NOT_FOUND);
    assert_ok(vault_get_bytes(place.vault, arena, "result/3", 100, &bytes, &size));
    /* Bringing the file back from a backup does not help. */
    assert_ok(disk_put(stored, kept, kept_size));
    assert_int_equal(vault_get_bytes(place.vault, arena, "result/1", 100, &bytes, &size), RESULT_NOT_FOUND);

    CLEANUP_JSON json_t *again = NULL;
    assert_int_equal(vault_destroy(place.vault, "room/2", &again), RESULT_NOT_FOUND);
    assert_null(again);
    assert_int_equal(vault_put(place.vault, "result/9", "room/2", SUITE_AES_256_GCM, NULL, "x", 1, NULL),
                     RESULT_CONFLICT);
    assert_ok(vault_certificate(place.vault, "room/2", &again));
    assert_true(json_equal(again, certificate));
    place_free(&place);
}

TEST(a_certificate_names_the_backups_that_still_hold_the_bytes)
{
    struct place place = place_new();
    instant now = clock_now(place.clock);
    assert_ok(vault_backup_register(place.home, "/b/before", now - INSTANT_DAY, now + 30 * INSTANT_DAY));
    put(&place, "slice/1", "grant/1", "rows");
    assert_ok(vault_backup_register(place.home, "/b/holds", now + INSTANT_DAY, now + 30 * INSTANT_DAY));
    assert_ok(vault_backup_verified(place.home, "/b/holds", now + INSTANT_DAY));
    assert_ok(vault_backup_register(place.home, "/b/expired", now + INSTANT_DAY, now + 2 * INSTANT_DAY));
    clock_advance(place.clock, 3 * INSTANT_DAY);
    CLEANUP_JSON json_t *certificate = NULL;
    assert_ok(vault_destroy(place.vault, "grant/1", &certificate));
    const json_t *backups = json_object_get(certificate, "backups");
    assert_int_equal(json_array_size(backups), 1);
    assert_int_equal(json_object_size(json_array_get(backups, 0)), 3);
    assert_string_equal(json_text(json_array_get(backups, 0), "path"), "/b/holds");
    assert_string_equal(json_text(json_array_get(backups, 0), "until"), "1972-10-27T00:00:00.000000Z");
    place_free(&place);
}

TEST(active_swap_is_refused_unless_it_is_said_to_be_encrypted)
{
    char path[200];
    static const char none[] = "Filename Type Size Used Priority\n";
    static const char some[] = "Filename Type Size Used Priority\n/dev/sda2 partition 1024 0 -2\n";
    struct refusal refusal = {0};
    (void)snprintf(path, sizeof path, "%s/swaps", test_folder());
    assert_int_equal(unsetenv("DUKOU_SWAP_ENCRYPTED"), 0);
    assert_ok(disk_put(path, none, sizeof none - 1));
    assert_ok(vault_protect_swap(path, &refusal));
    assert_ok(disk_put(path, some, sizeof some - 1));
    assert_int_equal(vault_protect_swap(path, &refusal), RESULT_FORBIDDEN);
    assert_non_null(strstr(refusal.remedy_en, "swapoff"));
    assert_int_equal(setenv("DUKOU_SWAP_ENCRYPTED", "no", 1), 0);
    assert_int_equal(vault_protect_swap(path, &refusal), RESULT_FORBIDDEN);
    assert_int_equal(setenv("DUKOU_SWAP_ENCRYPTED", "yes", 1), 0);
    assert_ok(vault_protect_swap(path, &refusal));
    assert_int_equal(unsetenv("DUKOU_SWAP_ENCRYPTED"), 0);
    attack_stopped(&(struct attack){.chapter = "secrets",
                                    .name = "swap",
                                    .tried = "The machine has active swap that nobody says is encrypted.",
                                    .stopped = "vault/protect",
                                    .seen = "the start is refused"});
}

TEST(a_half_written_object_of_a_crash_is_swept_away_at_the_start)
{
    struct place place = place_new();
    char path[200];
    (void)snprintf(path, sizeof path, "%s/vault/slice-1.vault.00000001.tmp", place.home);
    assert_ok(disk_put(path, "half", 4));
    vault_close(place.vault);
    assert_ok(vault_open(place.home, NULL, place.clock, &place.vault));
    assert_false(disk_exists(path));
    place_free(&place);
}

TEST(a_vault_is_opened_by_one_process_at_a_time)
{
    struct place place = place_new();
    struct vault *second = NULL;
    assert_int_equal(vault_open(place.home, NULL, place.clock, &second), RESULT_BUSY);
    assert_null(second);
    place_free(&place);
}

TEST(the_register_tells_the_newest_backup_and_the_newest_that_was_found_whole)
{
    struct place place = place_new();
    instant made = -1;
    instant verified = -1;
    assert_ok(vault_backup_newest(place.home, &made, &verified));
    assert_int_equal(made, 0);
    assert_int_equal(verified, 0);
    assert_ok(vault_backup_register(place.home, "/b/1", 10 * INSTANT_SECOND, INSTANT_DAY));
    assert_ok(vault_backup_register(place.home, "/b/2", 20 * INSTANT_SECOND, INSTANT_DAY));
    assert_ok(vault_backup_verified(place.home, "/b/1", 30 * INSTANT_SECOND));
    assert_int_equal(vault_backup_verified(place.home, "/b/3", 30 * INSTANT_SECOND), RESULT_NOT_FOUND);
    assert_ok(vault_backup_newest(place.home, &made, &verified));
    assert_int_equal(made, 20 * INSTANT_SECOND);
    assert_int_equal(verified, 10 * INSTANT_SECOND);
    place_free(&place);
}
