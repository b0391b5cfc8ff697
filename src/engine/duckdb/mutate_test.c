/* Tens of thousands of spoilt files, from fixed seeds, against what is ours of reading them: the strict look
 * at CSV, at the beginnings of files, at footers and at SQL. In this process, where the address sanitizer
 * sees it all. */
#include "base/random.h"
#include "engine/duckdb/csv.h"
#include "engine/duckdb/footer.h"
#include "engine/duckdb/foreign.h"
#include "engine/duckdb/parquet_fixture.h"
#include "engine/duckdb/spaces.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t seeds(uint64_t few)
{
    return getenv("DUKOU_TEST_LONG") != NULL ? 50 * few : few;
}

/* Flips bits, puts bytes that mean something, cuts, repeats. Returns the size. */
static size_t spoil(struct random *random, uint8_t *bytes, size_t size, size_t room)
{
    static const uint8_t telling[] = {0,   1,    0x0A, 0x0D, '"',  ',',  '\'',
                                      '$', 0x7F, 0x80, 0xE3, 0xEF, 0xF0, 0xFF};
    for (uint64_t times = 1 + random_below(random, 6); times > 0 && size > 0; times--) {
        size_t at = (size_t)random_below(random, size);
        size_t part = 1 + (size_t)random_below(random, size - at);
        switch (random_below(random, 5)) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << random_below(random, 8));
            break;
        case 1:
            bytes[at] = telling[random_below(random, sizeof telling)];
            break;
        case 2:
            size = at;
            break;
        case 3:
            memmove(bytes + at, bytes + at + part, size - at - part);
            size -= part;
            break;
        default:
            if (size + part <= room) {
                memmove(bytes + at + part, bytes + at, size - at);
                size += part;
            }
        }
    }
    return size;
}

enum { ROOM = 4096 };

static int file_of(const uint8_t *bytes, size_t size)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("spoilt", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, bytes, size, 0), size);
    return fd;
}

TEST(spoilt_csv_is_refused_with_a_place_or_read)
{
    static const char good[] = "id,name,\xE5\xA7\x93\xE5\x90\x8D\r\n1,\"a, "
                               "\"\"b\"\"\",x\r\n2,\"two\r\nlines\",\xE6\xB1\x9F\xE5\xB2\xB8\r\n3,,\r\n";
    static const struct csv_watch unwatched;
    size_t read = 0;
    size_t refused = 0;
    for (uint64_t seed = 1; seed <= seeds(20000); seed++) {
        uint8_t bytes[ROOM];
        struct random *random = random_seeded(seed);
        memcpy(bytes, good, sizeof good - 1);
        size_t size = spoil(random, bytes, sizeof good - 1, ROOM);
        random_free(random);
        struct csv csv;
        enum failure failure = csv_scan(file_of(bytes, size), &unwatched, NULL, 0, NULL, &csv);
        if (failure == FAILURE_NONE) {
            assert_true(csv.columns > 0 && csv.rows >= 0 && csv.rows < (int64_t)size);
            read++;
        } else {
            assert_true(failure < FAILURE_COUNT && csv.line >= 0 && csv.line <= (int64_t)size + 1);
            refused++;
        }
        csv_free(&csv);
    }
    print_message("%zu read, %zu refused\n", read, refused);
    assert_true(read > 100 && refused > 1000);
}

struct seen {
    int64_t least;
    int64_t most;
    size_t count;
};

static void look(void *context, size_t column, int64_t offset, int64_t size)
{
    struct seen *seen = context;
    (void)column;
    assert_true(size > 0 && offset >= seen->least && offset <= seen->most - size);
    seen->count++;
}

TEST(spoilt_footers_are_refused_or_read_within_their_bounds)
{
    static const int64_t bound = 7;
    struct parquet_column columns[2];
    struct parquet_plan plan = parquet_good(columns);
    columns[0].least = columns[0].most = (struct parquet_bytes){&bound, sizeof bound};
    CLEANUP_WIRE struct wire_out good = {0};
    parquet_write(&plan, &good);
    size_t read = 0;
    size_t refused = 0;
    for (uint64_t seed = 0; seed <= seeds(20000); seed++) {
        uint8_t bytes[ROOM];
        uint32_t length;
        struct random *random = random_seeded(seed);
        memcpy(bytes, good.bytes, good.size);
        memcpy(&length, good.bytes + good.size - 8, sizeof length);
        /* only the footer is spoilt, and its length is told truly */
        uint8_t *footer_bytes = bytes + good.size - 8 - length;
        size_t size = seed == 0
                          ? length
                          : spoil(random, footer_bytes, length, (size_t)(bytes + ROOM - 8 - footer_bytes));
        random_free(random);
        length = (uint32_t)size;
        memcpy(footer_bytes + size, &length, sizeof length);
        memcpy(footer_bytes + size + 4, "PAR1", 4);
        struct footer footer;
        size_t elements = 0;
        if (!footer_read(file_of(bytes, (size_t)(footer_bytes - bytes) + size + 8), &footer)) {
            refused++;
            continue;
        }
        struct seen seen = {footer.offset, footer.offset + (int64_t)footer.size, 0};
        bool reads = footer_elements(&footer, &elements) && footer_values(&footer, look, &seen);
        footer_free(&footer);
        if (seed == 0) {
            assert_true(reads);
            assert_int_equal(elements, 3);
            assert_int_equal(seen.count, 2);
        }
        read += reads;
        refused += !reads;
    }
    print_message("%zu read, %zu refused\n", read, refused);
    assert_true(read > 100 && refused > 1000);
}

TEST(spoilt_sql_keeps_its_length)
{
    static const char good[] = "SELECT\xE3\x80\x80 'a\xE3\x80\x80' AS \"b\xC2\xA0\", $$c\xE3\x80\x80$$, "
                               "$t$d$t$ -- e\xE3\x80\x80\nFROM\xEF\xBB\xBFt\xC2\xA0";
    for (uint64_t seed = 1; seed <= seeds(20000); seed++) {
        uint8_t bytes[ROOM];
        struct random *random = random_seeded(seed);
        memcpy(bytes, good, sizeof good - 1);
        size_t size = spoil(random, bytes, sizeof good - 1, ROOM - 1);
        random_free(random);
        char *exact = strndup((const char *)bytes, size); /* no byte more, so that reading past it shows */
        size_t length = strlen(exact);
        const char *name = NULL;
        (void)foreign_file(bytes, size, &name);
        spaces_widen(exact);
        assert_int_equal(strlen(exact), length);
        free(exact);
    }
}
