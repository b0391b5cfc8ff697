#include "support/test.h"
#include "vault/disk.h"
#include "vault/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

/* A key store with "grant/1" and "grant/2", and a folder for files. */
struct place {
    char folder[128];
    struct vault_keys *keys;
};

static struct place place_new(void)
{
    struct place place = {0};
    char keys[160];
    char tombstones[160];
    (void)snprintf(place.folder, sizeof place.folder, "%s", test_folder());
    (void)snprintf(keys, sizeof keys, "%s/keys", place.folder);
    (void)snprintf(tombstones, sizeof tombstones, "%s/gone", place.folder);
    assert_ok(vault_keys_open(keys, NULL, tombstones, &place.keys));
    assert_ok(vault_key_make(place.keys, "grant/1"));
    assert_ok(vault_key_make(place.keys, "grant/2"));
    return place;
}

static const char *path_in(const struct place *place, const char *name)
{
    static char paths[16][200];
    static int next;
    char *path = paths[next++ % 16];
    (void)snprintf(path, sizeof paths[0], "%s/%s", place->folder, name);
    return path;
}

static uint8_t *some_bytes(size_t size, unsigned seed)
{
    uint8_t *bytes = malloc(size + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(((i + seed) * 2654435761u) >> 11);
    return bytes;
}

static void write_some(const struct place *place, const char *name, const char *object, const char *key,
                       enum suite suite, size_t size)
{
    const struct vault_file_spec spec = {
        .object = object, .key = key, .suite = suite, .made = 7, .layout = "{\"columns\":[\"区\"]}"};
    uint8_t *bytes = some_bytes(size, 1);
    assert_ok(vault_file_write(place->keys, path_in(place, name), &spec, bytes, size, NULL));
    free(bytes);
}

/* Opens and reads everything. */
static enum result read_whole(const struct place *place, const char *name, const char *object)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    TRY(vault_file_open(place->keys, path_in(place, name), object, &file));
    uint8_t *bytes = malloc((size_t)vault_file_size(file) + 1);
    enum result result = vault_file_read(file, 0, (size_t)vault_file_size(file), bytes);
    free(bytes);
    return result;
}

static off_t size_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

static void flip(const char *path, off_t at)
{
    CLEANUP_FD int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void copy_bytes(const char *from, off_t from_at, const char *to, off_t to_at, size_t size)
{
    CLEANUP_FD int in = open(from, O_RDONLY | O_CLOEXEC);
    CLEANUP_FD int out = open(to, O_WRONLY | O_CLOEXEC);
    uint8_t *bytes = malloc(size);
    assert_int_equal(pread(in, bytes, size, from_at), size);
    assert_int_equal(pwrite(out, bytes, size, to_at), size);
    free(bytes);
}

TEST(any_range_of_a_file_reads_as_it_was_written_in_both_suites)
{
    const size_t sizes[] = {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 40 * BLOCK + 17};
    struct place place = place_new();
    for (int suite = 0; suite < SUITE_COUNT; suite++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            size_t size = sizes[i];
            uint8_t *bytes = some_bytes(size, 1);
            write_some(&place, "a", "slice/1", "grant/1", (enum suite)suite, size);
            CLEANUP_VAULT_FILE struct vault_file *file = NULL;
            assert_ok(vault_file_open(place.keys, path_in(&place, "a"), "slice/1", &file));
            assert_int_equal(vault_file_size(file), size);
            assert_string_equal(vault_file_layout(file), "{\"columns\":[\"区\"]}");
            struct digest digest = digest_sha256(bytes, size);
            assert_true(digest_equal(vault_file_digest(file), &digest));
            uint8_t *got = malloc(size + 1);
            for (size_t at = 0; at <= size; at += size / 7 + 1)
                for (size_t part = 0; part <= size - at; part += size / 5 + 1) {
                    assert_ok(vault_file_read(file, at, part, got));
                    assert_memory_equal(got, bytes + at, part);
                }
            assert_int_equal(vault_file_read(file, 0, size + 1, got), RESULT_INVALID);
            free(got);
            free(bytes);
        }
    vault_keys_close(place.keys);
}

TEST(a_flipped_byte_anywhere_in_a_file_is_refused_in_both_suites)
{
    struct place place = place_new();
    for (int suite = 0; suite < SUITE_COUNT; suite++) {
        write_some(&place, "a", "slice/1", "grant/1", (enum suite)suite, 300);
        const char *path = path_in(&place, "a");
        off_t size = size_of(path);
        assert_ok(read_whole(&place, "a", "slice/1"));
        for (off_t at = 0; at < size; at++) {
            flip(path, at);
            assert_int_not_equal(read_whole(&place, "a", "slice/1"), RESULT_OK);
            flip(path, at);
        }
        assert_ok(read_whole(&place, "a", "slice/1"));
    }
    vault_keys_close(place.keys);
}

TEST(a_changed_block_is_refused_and_the_others_still_read)
{
    struct place place = place_new();
    write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, 8 * BLOCK);
    const char *path = path_in(&place, "a");
    flip(path, size_of(path) - 3 * (BLOCK + 16));
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    assert_ok(vault_file_open(place.keys, path, "slice/1", &file));
    uint8_t byte;
    assert_int_equal(vault_file_read(file, 5 * BLOCK, 1, &byte), RESULT_CORRUPT);
    assert_ok(vault_file_read(file, 4 * BLOCK, 1, &byte));
    assert_ok(vault_file_read(file, 6 * BLOCK, 1, &byte));
    vault_keys_close(place.keys);
}

TEST(blocks_swapped_within_a_file_are_refused)
{
    struct place place = place_new();
    write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, 4 * BLOCK);
    write_some(&place, "b", "slice/1", "grant/1", SUITE_AES_256_GCM, 4 * BLOCK);
    const char *path = path_in(&place, "a");
    enum { SEALED = BLOCK + 16 };
    off_t first = size_of(path) - 4 * SEALED;
    const char *copy = path_in(&place, "copy");
    assert_ok(disk_put(copy, "", 0));
    copy_bytes(path, first, copy, 0, 2 * SEALED);
    copy_bytes(copy, 0, path, first + SEALED, SEALED);
    copy_bytes(copy, SEALED, path, first, SEALED);
    assert_int_equal(read_whole(&place, "a", "slice/1"), RESULT_CORRUPT);
    /* The same block of another file of the same object, key and content. */
    copy_bytes(copy, 0, path, first, 2 * SEALED);
    assert_ok(read_whole(&place, "a", "slice/1"));
    copy_bytes(path_in(&place, "b"), first, path, first, SEALED);
    assert_int_equal(read_whole(&place, "a", "slice/1"), RESULT_CORRUPT);
    vault_keys_close(place.keys);
}

TEST(a_file_cut_short_at_a_block_or_anywhere_is_refused)
{
    struct place place = place_new();
    const char *path = path_in(&place, "a");
    const off_t cuts[] = {1, 15, 16, BLOCK + 16, 2 * (BLOCK + 16)};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, 3 * BLOCK);
        assert_int_equal(truncate(path, size_of(path) - cuts[i]), 0);
        assert_int_equal(read_whole(&place, "a", "slice/1"), RESULT_CORRUPT);
    }
    for (off_t left = 0; left < 600; left += 37) {
        write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, 100);
        assert_int_equal(truncate(path, left), 0);
        assert_int_equal(read_whole(&place, "a", "slice/1"), RESULT_CORRUPT);
    }
    vault_keys_close(place.keys);
}

TEST(a_file_put_in_the_place_of_another_is_refused)
{
    struct place place = place_new();
    write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, 100);
    assert_int_equal(read_whole(&place, "a", "slice/2"), RESULT_CORRUPT);
    vault_keys_close(place.keys);
}

TEST(another_key_under_the_same_name_opens_nothing)
{
    struct place place = place_new();
    struct place other = place_new();
    write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, 100);
    write_some(&other, "a", "slice/1", "grant/1", SUITE_SM4_CTR_HMAC_SM3, 100);
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    assert_int_equal(vault_file_open(other.keys, path_in(&place, "a"), "slice/1", &file), RESULT_CORRUPT);
    assert_int_equal(vault_file_open(place.keys, path_in(&other, "a"), "slice/1", &file), RESULT_CORRUPT);
    assert_null(file);
    vault_keys_close(place.keys);
    vault_keys_close(other.keys);
}

TEST(a_sparse_memory_file_holds_the_ranges_and_nothing_else)
{
    const size_t size = 40 * BLOCK + 17;
    const struct vault_range ranges[] = {
        {0, 4}, {BLOCK + 100, 50}, {3 * BLOCK, 20 * BLOCK + 5}, {size - 9, 9}};
    const struct vault_range blanks[] = {{BLOCK + 110, 7}, {size - 2, 1}, {4 * BLOCK - 3, BLOCK}};
    struct place place = place_new();
    uint8_t *bytes = some_bytes(size, 1);
    uint8_t *expected = calloc(1, size);
    uint8_t *got = malloc(size + 1);
    for (size_t i = 0; i < 4; i++)
        memcpy(expected + ranges[i].offset, bytes + ranges[i].offset, ranges[i].size);
    for (int i = 0; i < 3; i++)
        memset(expected + blanks[i].offset, 0, blanks[i].size);
    for (int suite = 0; suite < SUITE_COUNT; suite++) {
        write_some(&place, "a", "slice/1", "grant/1", (enum suite)suite, size);
        CLEANUP_VAULT_FILE struct vault_file *file = NULL;
        CLEANUP_FD int fd = -1;
        assert_ok(vault_file_open(place.keys, path_in(&place, "a"), "slice/1", &file));
        assert_ok(vault_file_sparse(file, ranges, 4, blanks, 3, 2, &fd));
        assert_int_equal(pread(fd, got, size + 1, 0), size);
        assert_memory_equal(got, expected, size);
        assert_int_equal(pwrite(fd, "x", 1, 0), -1);
        assert_int_equal(ftruncate(fd, 1), -1);
    }
    free(bytes);
    free(expected);
    free(got);
    vault_keys_close(place.keys);
}

TEST(ranges_out_of_order_or_past_the_end_are_refused)
{
    struct place place = place_new();
    write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, 1000);
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    assert_ok(vault_file_open(place.keys, path_in(&place, "a"), "slice/1", &file));
    const struct vault_range overlap[] = {{0, 10}, {9, 10}};
    const struct vault_range past[] = {{990, 11}};
    const struct vault_range wrapping[] = {{990, UINT64_MAX}};
    int fd = -1;
    assert_int_equal(vault_file_sparse(file, overlap, 2, NULL, 0, 2, &fd), RESULT_INVALID);
    assert_int_equal(vault_file_sparse(file, past, 1, NULL, 0, 2, &fd), RESULT_INVALID);
    assert_int_equal(vault_file_sparse(file, wrapping, 1, NULL, 0, 2, &fd), RESULT_INVALID);
    assert_int_equal(vault_file_sparse(file, NULL, 0, past, 1, 2, &fd), RESULT_INVALID);
    assert_int_equal(fd, -1);
    vault_keys_close(place.keys);
}

TEST(the_same_bytes_written_twice_share_no_block_of_ciphertext)
{
    struct place place = place_new();
    write_some(&place, "a", "slice/1", "grant/1", SUITE_AES_256_GCM, BLOCK);
    write_some(&place, "b", "slice/1", "grant/1", SUITE_AES_256_GCM, BLOCK);
    off_t first = size_of(path_in(&place, "a")) - (BLOCK + 16);
    uint8_t a[64];
    uint8_t b[64];
    CLEANUP_FD int fd_a = open(path_in(&place, "a"), O_RDONLY | O_CLOEXEC);
    CLEANUP_FD int fd_b = open(path_in(&place, "b"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd_a, a, sizeof a, first), sizeof a);
    assert_int_equal(pread(fd_b, b, sizeof b, first), sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    vault_keys_close(place.keys);
}
