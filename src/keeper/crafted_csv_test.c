/* CSV that is wrong, what is no CSV, and files with flipped bits, sent the way uploads go. */
#include "base/random.h"
#include "engine/duckdb/parquet_fixture.h"
#include "keeper/crafted_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
    const char *name;
    const char *tried;
    const char *bytes;
    size_t size;
    const char *refusal; /* begins so */
};

#define FILE_OF(name, tried, bytes, refusal)                                                                 \
    {                                                                                                        \
        name, tried, bytes, sizeof(bytes) - 1, refusal                                                       \
    }

#define ZIP                                                                                                  \
    "PK\x03\x04\x14\0\0\0\0\0\0\0\x21\x5c\xd4\x54\xb9\xee\x0c\0\0\0\x0c\0\0\0\x05\0\0\0t.csvid,name\n1,a\n"  \
    "PK\x01\x02\x14\x03\x14\0\0\0\0\0\0\0\x21\x5c\xd4\x54\xb9\xee\x0c\0\0\0\x0c\0\0\0\x05\0\0\0\0\0\0\0\0\0" \
    "\0\0\x80\x01\0\0\0\0t.csvPK\x05\x06\0\0\0\0\x01\0\x01\0\x33\0\0\0\x2f\0\0\0\0\0"

/* clang-format off */
static const struct file files[] = {
    FILE_OF("empty", "uploads nothing", "", "The file is empty"),
    FILE_OF("blank", "uploads line ends", "\n\n", "There is an empty line"),
    FILE_OF("quote_open", "never closes a quotation mark", "id,name\n1,\"a\n2,b\n", "A quotation mark is never closed"),
    FILE_OF("quote_inside", "puts a quotation mark into a plain field", "id,name\n1,a\"b\n", "A quotation mark stands where"),
    FILE_OF("quote_followed", "goes on behind a quotation mark", "id,name\n1,\"a\"b\n", "A quotation mark stands where"),
    FILE_OF("nul", "holds a NUL byte", "id,name\n1,a\0b\n", "There is a NUL byte here"),
    FILE_OF("nul_in_header", "holds a NUL byte in the header", "id\0,name\n1,a\n", "There is a NUL byte here"),
    FILE_OF("mark", "begins with a byte order mark", "\xEF\xBB\xBFid,name\n1,a\n", "The file begins with a byte order mark"),
    FILE_OF("utf16_little", "is UTF-16", "\xFF\xFEi\0d\0\n\0", "The file is in UTF-16"),
    FILE_OF("utf16_big", "is UTF-16 the other way round", "\xFE\xFF\0i\0d\0\n", "The file is in UTF-16"),
    FILE_OF("utf16_unmarked", "is UTF-16 without a mark", "i\0d\0,\0n\0", "There is a NUL byte here"),
    FILE_OF("gbk", "is GBK, as a Chinese spreadsheet saves it", "id,name\n1,\xCE\xE4\xBA\xBA\n", "The file seems to be in GBK"),
    FILE_OF("gbk_header", "has a header in GBK", "id,\xD0\xD5\xC3\xFB\n1,a\n", "The file seems to be in GBK"),
    FILE_OF("gb18030", "is GB 18030 with a character of four bytes", "id,name\n1,\x82\x35\x90\x37\xCE\xE4\n", "The file seems to be in GBK"),
    FILE_OF("latin1", "is Latin-1", "id,name\n1,caf\xE9\n", "The bytes here are not UTF-8"),
    FILE_OF("overlong", "holds an overlong form", "id,name\n1,\xC0\xAF\n", "The file seems to be in GBK"),
    FILE_OF("surrogate", "holds a surrogate", "id,name\n1,\xED\xA0\x80\n", "The bytes here are not UTF-8"),
    FILE_OF("cut_character", "ends within a character", "id,name\n1,\xE6\xB1", "The bytes here are not UTF-8"),
    FILE_OF("mixed_ends", "mixes line ends", "id,name\r\n1,a\n", "Lines end in two different ways"),
    FILE_OF("bare_return", "ends lines as old Macintoshes did", "id,name\r1,a\r", "A carriage return stands without"),
    FILE_OF("ragged_short", "leaves a field out", "id,name\n1\n", "The row has another number of fields"),
    FILE_OF("ragged_long", "has a field too many", "id,name\n1,a,b\n", "The row has another number of fields"),
    FILE_OF("semicolons", "separates by semicolons", "id;name\n1;a\n", "The file has a column \"id;name\""),
    FILE_OF("tabs", "separates by tabs", "id\tname\n1\ta\n", "A column name is too long or has control"),
    FILE_OF("no_header", "has no header", "1,a\n2,b\n", "The file has a column \"1\""),
    FILE_OF("column_twice", "names a column twice", "id,id\n1,2\n", "The column name \"id\" stands twice"),
    FILE_OF("column_nameless", "leaves a column without a name", "id,\n1,2\n", "A column has no name"),
    FILE_OF("column_turned", "turns a column's name round", "id,\xE2\x80\xAE" "eman\n1,a\n", "A column name is too long or has control"),
    FILE_OF("column_of_sql", "names a column like SQL", "id,\"name) FROM x; DROP\"\n1,a\n", "The file has a column \"name) FROM x; DROP\""),
    FILE_OF("column_of_ours", "names a column as we name hidden ones", "id,__bucket_id\n1,2\n", "The file has a column \"__bucket_id\""),
    FILE_OF("number_beyond", "holds a number beyond 64 bits", "id,name\n99999999999999999999,a\n", "{\"accepted\":false"),
    FILE_OF("number_exponent", "writes a whole number with an exponent", "id,name\n1e3,a\n", "{\"accepted\":false"),
    FILE_OF("number_hexadecimal", "writes a number in hexadecimal", "id,name\n0x10,a\n", "{\"accepted\":false"),
    FILE_OF("number_full_width", "writes a number in full-width digits", "id,name\n\xEF\xBC\x91,a\n", "{\"accepted\":false"),
    FILE_OF("number_negative", "breaks the minimum", "id,name\n-1,a\n", "{\"accepted\":false"),
    FILE_OF("number_formula", "writes a formula for a number", "id,name\n=1+1,a\n", "{\"accepted\":false"),
    FILE_OF("zip", "uploads a ZIP archive", ZIP, "The file is compressed or an archive (ZIP)"),
    FILE_OF("zip_of_zip", "uploads an archive of archives", "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\0\0\0in.zip" ZIP, "The file is compressed or an archive (ZIP)"),
    FILE_OF("zip_bomb", "uploads the beginning of an archive that claims four gigabytes", "PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x05\0\0\0t.csv", "The file is compressed or an archive (ZIP)"),
    FILE_OF("zip_empty", "uploads an empty archive", "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "The file is compressed or an archive (ZIP)"),
    FILE_OF("xlsx", "uploads an Excel workbook", "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0f\0\0\0xl/workbook.xml", "The file is a spreadsheet (XLSX)"),
    FILE_OF("xls", "uploads an old Excel workbook", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0", "The file is a spreadsheet (XLS)"),
    FILE_OF("ods", "uploads an OpenDocument spreadsheet", "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "The file is a spreadsheet (ODS)"),
    FILE_OF("gzip", "uploads CSV under gzip", "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x4c\xd1\xc9\x4b\xcc\x4d\xe5\x32\xd4\x49\xe4\x02\0\xd4\x54\xb9\xee\x0c\0\0\0", "The file is compressed or an archive (gzip)"),
    FILE_OF("xz", "uploads CSV under xz", "\xfd" "7zXZ\0\0\x04\xe6\xd6\xb4\x46\x02\0", "The file is compressed or an archive (xz)"),
    FILE_OF("bzip2", "uploads CSV under bzip2", "BZh91AY&SY\xc8\xbb\xe2\xeb", "The file is compressed or an archive (bzip2)"),
    FILE_OF("zstd", "uploads CSV under zstd", "\x28\xb5\x2f\xfd\x24\x0c\x61\0\0id,name\n1,a\n\xde\xc9\x9c\x24", "The file is compressed or an archive (zstd)"),
    FILE_OF("7z", "uploads a 7z archive", "7z\xBC\xAF\x27\x1C\0\x04", "The file is compressed or an archive (7z)"),
    FILE_OF("rar", "uploads a RAR archive", "Rar!\x1A\x07\0", "The file is compressed or an archive (RAR)"),
    FILE_OF("pdf", "uploads a PDF", "%PDF-1.7\n1 0 obj\n", "The file is PDF"),
    FILE_OF("html", "uploads a page that says the export failed", "<!DOCTYPE html>\n<p>403</p>\n", "The file is HTML/XML"),
    FILE_OF("xml", "uploads XML with an entity bomb", "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aa\">]><x>&a;</x>\n", "The file is HTML/XML"),
    FILE_OF("sqlite", "uploads a SQLite database", "SQLite format 3\0", "The file is SQLite"),
    FILE_OF("duckdb", "uploads a DuckDB database", "\0\0\0\0\0\0\0\0DUCK\x40", "The file is DuckDB"),
    FILE_OF("orc", "uploads ORC", "ORC\x0a\x03", "The file is ORC"),
    FILE_OF("avro", "uploads Avro", "Obj\x01\x02", "The file is Avro"),
    FILE_OF("arrow", "uploads Arrow", "ARROW1\0\0", "The file is Arrow IPC"),
    FILE_OF("elf", "uploads a program", "\x7f" "ELF\x02\x01\x01", "The file is ELF"),
    FILE_OF("png", "uploads a picture", "\x89PNG\r\n\x1a\n", "The file is PNG"),
    FILE_OF("parquet_magic", "uploads the four bytes of Parquet", "PAR1", "The file is not readable Parquet"),
    FILE_OF("parquet_and_csv", "uploads CSV behind the magic of Parquet", "PAR1,name\n1,a\n2,b\n", "The file is not readable Parquet"),
};
/* clang-format on */

/* Sends it, and expects a refusal that begins so. */
static bool is_refused(struct crafted *crafted, const struct file *file)
{
    struct crafted_outcome outcome = crafted_send(crafted, file->bytes, file->size);
    if (outcome.accepted || strncmp(outcome.text, file->refusal, strlen(file->refusal)) != 0) {
        print_message("%s: %s\n", file->name, outcome.text);
        return false;
    }
    bool rows = file->refusal[0] == '{';
    crafted_report("file", file->name, file->tried,
                   rows ? "a report of the broken rule, nothing stored" : file->refusal);
    return true;
}

TEST(what_is_no_plain_csv_is_refused_with_what_it_is)
{
    CLEANUP_CRAFTED struct crafted crafted = crafted_begin();
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        wrong += !is_refused(&crafted, &files[i]);
    assert_int_equal(wrong, 0);
}

/* What is too large to write down. */
TEST(large_files_are_refused_within_their_limits)
{
    enum { TAR = 512, LINE = 3 * 1024 * 1024, WIDE = 100 * 1000 };
    CLEANUP_CRAFTED struct crafted crafted = crafted_begin();
    char *text = calloc(1, LINE);
    assert_non_null(text);
    (void)snprintf(text, TAR, "t.csv");
    memcpy(text + 257, "ustar", 5);
    assert_true(is_refused(&crafted, &(struct file){"tar", "uploads a tar archive", text, TAR,
                                                    "The file is compressed or an archive (tar)"}));
    memset(text, 'x', LINE);
    memcpy(text, "id,name\n1,", 10);
    assert_true(is_refused(&crafted, &(struct file){"line_of_megabytes", "uploads a line of three megabytes",
                                                    text, LINE, "The row has more than"}));
    memcpy(text, "id,name\n1,\"", 11);
    assert_true(is_refused(&crafted, &(struct file){"quotes_of_megabytes", "opens quotes for three megabytes",
                                                    text, LINE, "The row has more than"}));
    size_t size = 0;
    for (int i = 0; i < WIDE; i++)
        size += (size_t)sprintf(text + size, "%sc%d", i > 0 ? "," : "", i);
    assert_true(is_refused(&crafted, &(struct file){"columns_by_the_hundred_thousand",
                                                    "uploads CSV of a hundred thousand columns", text, size,
                                                    "There are more than 1000 columns"}));
    free(text);
}

/* ---- flipped bits ---- */

static bool is_fair(const struct crafted_outcome *outcome)
{
    switch ((int)outcome->result) {
    case RESULT_OK: /* taken in, or rows that break a rule */
    case RESULT_MALFORMED:
    case RESULT_INVALID:
    case RESULT_TOO_LARGE:
    case RESULT_MEMORY:
    case RESULT_TIMEOUT:
    case RESULT_UNAVAILABLE: /* the worker died of it: that job only */
        return true;
    default:
        return false;
    }
}

static void send_spoilt(struct crafted *crafted, const uint8_t *good, size_t size, uint64_t seed,
                        size_t *died)
{
    struct random *random = random_seeded(seed);
    uint8_t *bad = malloc(size);
    memcpy(bad, good, size);
    for (uint64_t flips = 1 + random_below(random, 8); flips > 0; flips--)
        bad[random_below(random, size)] ^= (uint8_t)(1u << random_below(random, 8));
    random_free(random);
    struct crafted_outcome outcome = crafted_send(crafted, bad, size);
    free(bad);
    *died += outcome.result == RESULT_UNAVAILABLE;
    if (!is_fair(&outcome))
        fail_msg("seed %llu: %s", (unsigned long long)seed, result_name(outcome.result));
}

TEST(parquet_with_flipped_bits_costs_its_own_worker_at_most)
{
    CLEANUP_CRAFTED struct crafted crafted = crafted_begin();
    struct parquet_column columns[2];
    struct parquet_plan plan = parquet_good(columns);
    CLEANUP_WIRE struct wire_out file = {0};
    parquet_write(&plan, &file);
    size_t died = 0;
    uint64_t seeds = getenv("DUKOU_TEST_LONG") != NULL ? 5000 : 150;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        send_spoilt(&crafted, file.bytes, file.size, seed, &died);
    for (size_t size = 0; size < file.size; size += file.size < 4096 ? 16 : 64) {
        struct crafted_outcome outcome = crafted_send(&crafted, file.bytes, size);
        assert_false(outcome.accepted);
        assert_true(is_fair(&outcome));
    }
    print_message("%zu workers died of %llu files\n", died, (unsigned long long)seeds);
    crafted_report("parquet", "flipped_bits",
                   "uploads Parquet with one to eight flipped bits, from fixed seeds",
                   "a refusal or the rows that are there; the keeper lives and keeps nothing");
    crafted_report("parquet", "cut_short", "uploads Parquet cut short at many places",
                   "a refusal; the keeper lives and keeps nothing");
}

TEST(csv_with_flipped_bits_costs_its_own_worker_at_most)
{
    static const char good[] = "id,name\n1,\"a, \"\"b\"\"\"\n2,\xE6\xB1\x9F\xE5\xB2\xB8\n3,\n";
    CLEANUP_CRAFTED struct crafted crafted = crafted_begin();
    size_t died = 0;
    for (uint64_t seed = 1; seed <= 60; seed++)
        send_spoilt(&crafted, (const uint8_t *)good, sizeof good - 1, seed, &died);
    assert_int_equal(died, 0);
    crafted_report("file", "csv_flipped_bits", "uploads CSV with one to eight flipped bits, from fixed seeds",
                   "a refusal or the rows that are there; the keeper lives");
}
