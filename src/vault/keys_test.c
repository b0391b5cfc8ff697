#include "support/test.h"
#include "vault/disk.h"
#include "vault/keys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char keys[128];
    char gone[128];
    char master[160];
};

static struct place place_new(void)
{
    struct place place;
    const char *folder = test_folder();
    (void)snprintf(place.keys, sizeof place.keys, "%s/keys", folder);
    (void)snprintf(place.gone, sizeof place.gone, "%s/gone", folder);
    (void)snprintf(place.master, sizeof place.master, "%s/keys/master", folder);
    return place;
}

static enum result try_open(const struct place *place, struct vault_keys **ret_keys)
{
    return vault_keys_open(place->keys, NULL, place->gone, ret_keys);
}

static struct vault_keys *open_keys(const struct place *place)
{
    struct vault_keys *keys = NULL;
    assert_ok(try_open(place, &keys));
    return keys;
}

static const char *in_keys(const struct place *place, const char *name)
{
    static char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", place->keys, name);
    return path;
}

static void copy_file(const char *from, const char *to)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    void *bytes = NULL;
    size_t size = 0;
    assert_ok(disk_get(arena, from, 1 << 20, &bytes, &size));
    assert_ok(disk_put(to, bytes, size));
}

static bool file_holds(const char *path, const void *needle, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    void *bytes = NULL;
    size_t held = 0;
    return disk_get(arena, path, 1 << 20, &bytes, &held) == RESULT_OK &&
           memmem(bytes, held, needle, size) != NULL;
}

TEST(a_key_comes_back_the_same_after_a_restart_and_only_under_its_name)
{
    struct place place = place_new();
    uint8_t made[VAULT_KEY_SIZE];
    uint8_t got[VAULT_KEY_SIZE];
    struct vault_keys *keys = open_keys(&place);
    assert_ok(vault_key_ensure(keys, "grant/17", made));
    assert_int_equal(vault_key_make(keys, "grant/17"), RESULT_CONFLICT);
    assert_int_equal(vault_key_get(keys, "grant/18", got), RESULT_NOT_FOUND);
    vault_keys_close(keys);
    keys = open_keys(&place);
    assert_ok(vault_key_get(keys, "grant/17", got));
    assert_memory_equal(got, made, sizeof made);
    vault_keys_close(keys);
}

TEST(the_folder_holds_no_key_in_clear_but_the_master)
{
    struct place place = place_new();
    uint8_t key[VAULT_KEY_SIZE];
    struct vault_keys *keys = open_keys(&place);
    assert_ok(vault_key_ensure(keys, "grant/17", key));
    vault_keys_close(keys);
    assert_false(file_holds(in_keys(&place, "grant-17.key"), key, 8));
    struct stat status;
    assert_int_equal(stat(place.master, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(in_keys(&place, "grant-17.key"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

TEST(a_wrapped_key_that_was_changed_or_renamed_is_refused)
{
    struct place place = place_new();
    uint8_t key[VAULT_KEY_SIZE];
    struct vault_keys *keys = open_keys(&place);
    assert_ok(vault_key_make(keys, "grant/1"));
    char path[300];
    char other[300];
    (void)snprintf(path, sizeof path, "%s", in_keys(&place, "grant-1.key"));
    (void)snprintf(other, sizeof other, "%s", in_keys(&place, "grant-2.key"));
    copy_file(path, other);
    assert_int_equal(vault_key_get(keys, "grant/2", key), RESULT_CORRUPT);
    assert_int_equal(unlink(other), 0);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    for (off_t at = 0; at < status.st_size; at++) {
        CLEANUP_FD int fd = open(path, O_RDWR | O_CLOEXEC);
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 4;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_int_equal(vault_key_get(keys, "grant/1", key), RESULT_CORRUPT);
        byte ^= 4;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_ok(vault_key_get(keys, "grant/1", key));
    vault_keys_close(keys);
}

TEST(names_that_could_leave_the_folder_are_refused)
{
    static const char *const names[] = {
        "",
        "grant",
        "grant/",
        "/17",
        "../17",
        "grant/../x",
        "grant/1/2",
        "Grant/1",
        "grant/1.key",
        "grant-1/2",
        "grant/111111111111111111111111111111111111111111111111111111111111111111"};
    struct place place = place_new();
    struct vault_keys *keys = open_keys(&place);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(vault_key_make(keys, names[i]), RESULT_INVALID);
    vault_keys_close(keys);
}

TEST(a_lost_foreign_or_open_master_key_stops_the_start)
{
    struct place place = place_new();
    struct place other = place_new();
    struct vault_keys *keys = open_keys(&place);
    assert_ok(vault_key_make(keys, "grant/1"));
    vault_keys_close(keys);
    keys = open_keys(&other);
    vault_keys_close(keys);
    keys = NULL;
    assert_int_equal(chmod(place.master, 0640), 0);
    assert_int_equal(try_open(&place, &keys), RESULT_FORBIDDEN);
    char kept[300];
    (void)snprintf(kept, sizeof kept, "%s.kept", place.keys);
    assert_int_equal(chmod(place.master, 0600), 0);
    assert_int_equal(rename(place.master, kept), 0);
    assert_int_equal(try_open(&place, &keys), RESULT_CORRUPT);
    copy_file(other.master, place.master);
    assert_int_equal(try_open(&place, &keys), RESULT_CORRUPT);
    assert_null(keys);
    assert_int_equal(rename(kept, place.master), 0);
    keys = open_keys(&place);
    vault_keys_close(keys);
}

TEST(a_destroyed_key_is_gone_for_good_even_when_a_backup_brings_its_file_back)
{
    struct place place = place_new();
    uint8_t key[VAULT_KEY_SIZE];
    char backup[300];
    char path[300];
    (void)snprintf(backup, sizeof backup, "%s.backup", place.keys);
    (void)snprintf(path, sizeof path, "%s", in_keys(&place, "grant-1.key"));
    struct vault_keys *keys = open_keys(&place);
    assert_ok(vault_key_make(keys, "grant/1"));
    assert_ok(vault_key_make(keys, "grant/2"));
    copy_file(path, backup);
    assert_ok(vault_key_destroy(keys, "grant/1", "{\"key\":\"grant/1\"}"));
    assert_false(disk_exists(path));
    assert_int_equal(vault_key_get(keys, "grant/1", key), RESULT_NOT_FOUND);
    assert_int_equal(vault_key_ensure(keys, "grant/1", key), RESULT_CONFLICT);
    assert_int_equal(vault_key_destroy(keys, "grant/1", "{}"), RESULT_NOT_FOUND);
    assert_int_equal(vault_key_destroy(keys, "grant/3", "{}"), RESULT_NOT_FOUND);
    assert_ok(vault_key_get(keys, "grant/2", key));
    copy_file(backup, path);
    assert_int_equal(vault_key_get(keys, "grant/1", key), RESULT_NOT_FOUND);
    vault_keys_close(keys);

    /* Even when the restore took one of the two tombstones away. */
    assert_int_equal(unlink(in_keys(&place, "destroyed/grant-1")), 0);
    keys = open_keys(&place);
    assert_false(disk_exists(path));
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *certificate = NULL;
    assert_ok(vault_key_certificate(keys, arena, "grant/1", &certificate));
    assert_string_equal(certificate, "{\"key\":\"grant/1\"}");
    vault_keys_close(keys);
}

/* Keys are readable whatever step a rotation reached, and again after the restart that finishes it. */
static void rotate_and_stop(enum vault_rotation_step step)
{
    struct place place = place_new();
    char name[VAULT_NAME_SIZE];
    uint8_t made[20][VAULT_KEY_SIZE];
    uint8_t got[VAULT_KEY_SIZE];
    char old_master[300];
    struct vault_keys *keys = open_keys(&place);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "grant/%d", i);
        assert_ok(vault_key_ensure(keys, name, made[i]));
    }
    (void)snprintf(old_master, sizeof old_master, "%s.copy", place.keys);
    copy_file(place.master, old_master);
    enum result rotated = vault_keys_rotate(keys, step);
    assert_int_equal(rotated, step == VAULT_ROTATION_DONE ? RESULT_OK : RESULT_CANCELLED);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "grant/%d", i);
        assert_ok(vault_key_get(keys, name, got));
        assert_memory_equal(got, made[i], VAULT_KEY_SIZE);
    }
    vault_keys_close(keys);

    keys = open_keys(&place);
    assert_int_equal(vault_keys_version(keys), 2);
    assert_false(disk_exists(in_keys(&place, "master.new")));
    assert_false(disk_exists(in_keys(&place, "master.old")));
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "grant/%d", i);
        assert_ok(vault_key_get(keys, name, got));
        assert_memory_equal(got, made[i], VAULT_KEY_SIZE);
    }
    vault_keys_close(keys);

    /* The old master key opens nothing any more. */
    copy_file(old_master, place.master);
    keys = NULL;
    assert_int_equal(try_open(&place, &keys), RESULT_CORRUPT);
}

TEST(a_rotation_cut_short_at_any_step_is_finished_at_the_next_start)
{
    for (int step = VAULT_ROTATION_NEW_MASTER; step <= VAULT_ROTATION_DONE; step++)
        rotate_and_stop((enum vault_rotation_step)step);
}

TEST(a_half_written_file_of_a_crash_is_swept_away_at_the_start)
{
    struct place place = place_new();
    struct vault_keys *keys = open_keys(&place);
    vault_keys_close(keys);
    assert_ok(disk_put(in_keys(&place, "grant-1.key.tmp"), "half", 4));
    keys = open_keys(&place);
    assert_false(disk_exists(in_keys(&place, "grant-1.key.tmp")));
    vault_keys_close(keys);
}

TEST(shredding_leaves_no_byte_of_the_file)
{
    char path[200];
    char link_path[300];
    (void)snprintf(path, sizeof path, "%s/secret", test_folder());
    (void)snprintf(link_path, sizeof link_path, "%s.link", path);
    assert_ok(disk_put(path, "a very secret key", 17));
    assert_int_equal(link(path, link_path), 0); /* the same bytes on the disk under a second name */
    assert_ok(disk_shred(path));
    assert_false(disk_exists(path));
    assert_true(disk_exists(link_path));
    assert_false(file_holds(link_path, "secret", 6));
    assert_int_equal(disk_shred(path), RESULT_NOT_FOUND);
}
