#include "support/test.h"
#include "vault/delivery.h"
#include "vault/disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADER_SIZE = 96 };

struct pair {
    uint8_t public[DELIVERY_KEY_SIZE];
    uint8_t secret[DELIVERY_KEY_SIZE];
    char text[2 * DELIVERY_KEY_SIZE + 1];
};

static struct pair pair_new(void)
{
    struct pair pair = {0};
    delivery_key_pair(pair.public, pair.secret);
    hex_print(pair.public, sizeof pair.public, pair.text);
    return pair;
}

static const char *stated; /* by the delivery that was opened last */

static struct arena *words(void)
{
    static struct arena *arena;
    if (arena == NULL)
        arena = arena_new(0);
    return arena;
}

static struct digest an_order(void)
{
    return digest_sha256("{\"grant\":17}", 12);
}

/* Bytes that repeat nowhere in a chunk. */
static uint8_t *some_rows(size_t size)
{
    uint8_t *rows = malloc(size + 1);
    assert_non_null(rows);
    for (size_t i = 0; i < size; i++)
        rows[i] = (uint8_t)((i * 2654435761u) >> 13);
    return rows;
}

/* A delivery of `size` bytes in a memory file, written in uneven pieces. */
static int a_delivery(const struct pair *pair, size_t size)
{
    int fd = memfd_create("sealed", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct digest order = an_order();
    struct delivery_seal *seal = NULL;
    assert_ok(delivery_seal_open(fd, pair->text, &order, &seal));
    uint8_t *rows = some_rows(size);
    for (size_t at = 0, part = 1; at < size; at += part, part = part * 3 + 1) {
        if (part > size - at)
            part = size - at;
        assert_ok(delivery_seal_write(seal, rows + at, part));
    }
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    free(rows);
    return fd;
}

static enum result try_open(int fd, const struct pair *pair)
{
    CLEANUP_FD int plain = memfd_create("plain", MFD_CLOEXEC);
    struct digest order = an_order();
    size_t size = 0;
    return delivery_open(fd, pair->secret, &order, plain, &size, words(), &stated);
}

static void flip(int fd, off_t at)
{
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

TEST(what_the_source_seals_the_grant_s_key_opens)
{
    const size_t sizes[] = {0,
                            1,
                            DELIVERY_CHUNK_BYTES - 1,
                            DELIVERY_CHUNK_BYTES,
                            DELIVERY_CHUNK_BYTES + 1,
                            3 * DELIVERY_CHUNK_BYTES,
                            1000003};
    struct pair pair = pair_new();
    struct digest order = an_order();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CLEANUP_FD int fd = a_delivery(&pair, sizes[i]);
        CLEANUP_FD int plain = memfd_create("plain", MFD_CLOEXEC);
        size_t size = 1;
        assert_ok(delivery_open(fd, pair.secret, &order, plain, &size, words(), &stated));
        assert_int_equal(size, sizes[i]);
        uint8_t *rows = some_rows(size);
        uint8_t *got = malloc(size + 1);
        assert_int_equal(pread(plain, got, size + 1, 0), size);
        assert_memory_equal(got, rows, size);
        free(rows);
        free(got);
    }
}

TEST(a_sealed_delivery_shows_none_of_its_rows)
{
    static const char canary[] = "canary-420101198001010010";
    struct pair pair = pair_new();
    struct digest order = an_order();
    CLEANUP_FD int fd = memfd_create("sealed", MFD_CLOEXEC);
    struct delivery_seal *seal = NULL;
    assert_ok(delivery_seal_open(fd, pair.text, &order, &seal));
    assert_ok(delivery_seal_write(seal, canary, sizeof canary - 1));
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    char bytes[1024];
    ssize_t size = pread(fd, bytes, sizeof bytes, 0);
    assert_true(size > HEADER_SIZE);
    assert_null(memmem(bytes, (size_t)size, canary, 8));
}

TEST(a_delivery_for_another_grant_does_not_open)
{
    struct pair pair = pair_new();
    struct pair other = pair_new();
    CLEANUP_FD int fd = a_delivery(&pair, 5000);
    assert_int_equal(try_open(fd, &other), RESULT_CORRUPT);
    assert_ok(try_open(fd, &pair));
}

TEST(a_delivery_for_another_order_is_refused)
{
    struct pair pair = pair_new();
    CLEANUP_FD int fd = a_delivery(&pair, 5000);
    struct digest other = digest_sha256("{\"grant\":18}", 12);
    CLEANUP_FD int plain = memfd_create("plain", MFD_CLOEXEC);
    size_t size = 0;
    assert_int_equal(delivery_open(fd, pair.secret, &other, plain, &size, words(), &stated), RESULT_CONFLICT);
    /* Writing the other order's digest over the header does not help. */
    assert_int_equal(pwrite(fd, other.bytes, DIGEST_SIZE, 40), DIGEST_SIZE);
    assert_int_equal(delivery_open(fd, pair.secret, &other, plain, &size, words(), &stated), RESULT_CORRUPT);
}

TEST(a_flipped_byte_anywhere_in_a_delivery_is_refused)
{
    struct pair pair = pair_new();
    CLEANUP_FD int fd = a_delivery(&pair, 300);
    off_t size = lseek(fd, 0, SEEK_END);
    for (off_t at = 0; at < size; at++) {
        flip(fd, at);
        assert_int_not_equal(try_open(fd, &pair), RESULT_OK);
        flip(fd, at);
    }
    assert_ok(try_open(fd, &pair));
}

TEST(a_delivery_cut_short_or_extended_is_refused)
{
    struct pair pair = pair_new();
    CLEANUP_FD int fd = a_delivery(&pair, 2 * DELIVERY_CHUNK_BYTES);
    off_t size = lseek(fd, 0, SEEK_END);
    assert_int_equal(pwrite(fd, "x", 1, size), 1);
    assert_int_equal(try_open(fd, &pair), RESULT_CORRUPT);
    /* Exactly one whole frame is left: every chunk of it is genuine, but none is final. */
    assert_int_equal(ftruncate(fd, HEADER_SIZE + 4 + 17 + (off_t)DELIVERY_CHUNK_BYTES), 0);
    assert_int_equal(try_open(fd, &pair), RESULT_CORRUPT);
    assert_int_equal(ftruncate(fd, HEADER_SIZE), 0);
    assert_int_equal(try_open(fd, &pair), RESULT_CORRUPT);
    assert_int_equal(ftruncate(fd, 20), 0);
    assert_int_equal(try_open(fd, &pair), RESULT_MALFORMED);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(try_open(fd, &pair), RESULT_MALFORMED);
}

TEST(what_is_no_public_key_is_refused)
{
    struct delivery_seal *seal = NULL;
    struct digest order = an_order();
    const char *zero = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_int_equal(delivery_seal_open(1, "abc", &order, &seal), RESULT_INVALID);
    assert_int_equal(delivery_seal_open(1, zero, &order, &seal), RESULT_INVALID);
    assert_null(seal);
}

static int a_statement(const struct pair *pair, const char *statement, const char *rows)
{
    int fd = memfd_create("sealed", MFD_CLOEXEC);
    struct digest order = an_order();
    struct delivery_seal *seal = NULL;
    assert_true(fd >= 0);
    assert_ok(delivery_seal_stating(fd, pair->text, &order, statement, &seal));
    assert_ok(delivery_seal_write(seal, rows, strlen(rows)));
    assert_ok(delivery_seal_finish(seal));
    delivery_seal_free(seal);
    return fd;
}

TEST(a_statement_comes_with_its_rows_and_is_no_part_of_them)
{
    struct pair pair = pair_new();
    struct digest order = an_order();
    char rows[16] = "";
    size_t size = 0;
    CLEANUP_FD int fd = a_statement(&pair, "{\"subject\":\"id\"}", "id\n1\n");
    CLEANUP_FD int plain = memfd_create("plain", MFD_CLOEXEC);
    stated = NULL;
    assert_ok(delivery_open(fd, pair.secret, &order, plain, &size, words(), &stated));
    assert_string_equal(stated, "{\"subject\":\"id\"}");
    assert_int_equal(size, 5);
    assert_int_equal(pread(plain, rows, sizeof rows, 0), 5);
    assert_string_equal(rows, "id\n1\n");
}

TEST(a_statement_cannot_be_taken_away_or_put_before_other_rows)
{
    struct pair pair = pair_new();
    struct digest order = an_order();
    size_t size = 0;
    char bytes[1024];
    CLEANUP_FD int fd = a_statement(&pair, "{}", "id\n1\n");
    CLEANUP_FD int plain = memfd_create("plain", MFD_CLOEXEC);
    ssize_t whole = pread(fd, bytes, sizeof bytes, 0);
    assert_true(whole > HEADER_SIZE);
    assert_int_equal(pwrite(fd, "DKDELIV1", 8, 0), 8); /* as if nothing had been stated */
    assert_int_equal(delivery_open(fd, pair.secret, &order, plain, &size, words(), &stated), RESULT_CORRUPT);
    assert_int_equal(pwrite(fd, "DKDELIV2", 8, 0), 8);
    /* The statement's frame taken out: length, 2 bytes and the tag. */
    const ssize_t frame = 4 + 2 + 17;
    assert_int_equal(
        pwrite(fd, bytes + HEADER_SIZE + frame, (size_t)(whole - HEADER_SIZE - frame), HEADER_SIZE),
        whole - HEADER_SIZE - frame);
    assert_int_equal(ftruncate(fd, whole - frame), 0);
    assert_int_equal(delivery_open(fd, pair.secret, &order, plain, &size, words(), &stated), RESULT_CORRUPT);
    /* One of a delivery without statement, which is called one with. */
    CLEANUP_FD int other = a_delivery(&pair, 10);
    assert_int_equal(pwrite(other, "DKDELIV2", 8, 0), 8);
    assert_int_equal(delivery_open(other, pair.secret, &order, plain, &size, words(), &stated),
                     RESULT_CORRUPT);
}
