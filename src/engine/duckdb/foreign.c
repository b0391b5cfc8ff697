#include "engine/duckdb/foreign.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define MAGIC(offset, text, failure, name)                                                                   \
    {                                                                                                        \
        offset, text, sizeof(text) - 1, FAILURE_##failure, name                                              \
    }

static const struct {
    size_t offset;
    const char *bytes;
    size_t size;
    enum failure failure;
    const char *name;
} magics[] = {
    MAGIC(0, "PK\x03\x04", ARCHIVE, "ZIP"),
    MAGIC(0, "PK\x05\x06", ARCHIVE, "ZIP"),
    MAGIC(0, "PK\x07\x08", ARCHIVE, "ZIP"),
    MAGIC(0, "\x1F\x8B", ARCHIVE, "gzip"),
    MAGIC(0, "\x28\xB5\x2F\xFD", ARCHIVE, "zstd"),
    MAGIC(0,
          "\xFD"
          "7zXZ",
          ARCHIVE, "xz"),
    MAGIC(0, "BZh", ARCHIVE, "bzip2"),
    MAGIC(0, "7z\xBC\xAF\x27\x1C", ARCHIVE, "7z"),
    MAGIC(0, "Rar!\x1A\x07", ARCHIVE, "RAR"),
    MAGIC(0, "\x04\x22\x4D\x18", ARCHIVE, "LZ4"),
    MAGIC(0, "\xFF\x06\x00\x00sNaPpY", ARCHIVE, "Snappy"),
    MAGIC(257, "ustar", ARCHIVE, "tar"),
    MAGIC(0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", SPREADSHEET, "XLS"),
    MAGIC(0, "PARE", PARQUET_ENCRYPTED, NULL),
    MAGIC(0, "ORC", FOREIGN, "ORC"),
    MAGIC(0, "Obj\x01", FOREIGN, "Avro"),
    MAGIC(0, "ARROW1", FOREIGN, "Arrow IPC"),
    MAGIC(0, "SQLite format 3", FOREIGN, "SQLite"),
    MAGIC(8, "DUCK", FOREIGN, "DuckDB"),
    MAGIC(0, "%PDF-", FOREIGN, "PDF"),
    MAGIC(0, "\x89PNG", FOREIGN, "PNG"),
    MAGIC(0, "\xFF\xD8\xFF", FOREIGN, "JPEG"),
    MAGIC(0,
          "\x7F"
          "ELF",
          FOREIGN, "ELF"),
    MAGIC(0, "MZ\x90", FOREIGN, "EXE"),
};

static bool holds(const unsigned char *bytes, size_t size, const char *text)
{
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

static bool is_html(const unsigned char *bytes, size_t size)
{
    static const char *const starts[] = {"<!DOCTYPE", "<html", "<?xml"};
    size_t at = 0;
    while (at < size && strchr(" \r\n\t", bytes[at]) != NULL && bytes[at] != '\0')
        at++;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (size - at >= strlen(starts[i]) &&
            strncasecmp((const char *)bytes + at, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* A workbook is a ZIP archive of its parts, which it names within the first bytes. */
static enum failure name_zip(const unsigned char *bytes, size_t size, const char **ret_name)
{
    if (size > FOREIGN_BYTES)
        size = FOREIGN_BYTES;
    if (holds(bytes, size, "xl/"))
        *ret_name = "XLSX";
    else if (holds(bytes, size, "mimetypeapplication/vnd.oasis.opendocument.spreadsheet"))
        *ret_name = "ODS";
    else
        return FAILURE_ARCHIVE;
    return FAILURE_SPREADSHEET;
}

enum failure foreign_file(const unsigned char *bytes, size_t size, const char **ret_name)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if (size < magics[i].offset + magics[i].size ||
            memcmp(bytes + magics[i].offset, magics[i].bytes, magics[i].size) != 0)
            continue;
        *ret_name = magics[i].name;
        bool is_zip = magics[i].name != NULL && strcmp(magics[i].name, "ZIP") == 0;
        return is_zip ? name_zip(bytes, size, ret_name) : magics[i].failure;
    }
    if (!is_html(bytes, size))
        return FAILURE_NONE;
    *ret_name = "HTML/XML";
    return FAILURE_FOREIGN;
}
