#include "audit/entry.h"

#include "base/limits.h"

#include <assert.h>
#include <string.h>

struct digest audit_row_digest(const uint8_t salt[AUDIT_SALT_SIZE], const char *table, size_t table_size,
                               row_id id, const void *bytes, size_t size)
{
    /* Most rows are short: one piece is digested faster than five. */
    uint8_t buffer[1024];
    size_t head = AUDIT_SALT_SIZE + table_size + 1 + 8;
    assert(head <= sizeof buffer);
    uint8_t *at = buffer;
    memcpy(at, salt, AUDIT_SALT_SIZE);
    at += AUDIT_SALT_SIZE;
    memcpy(at, table, table_size);
    at += table_size;
    *at++ = 0;
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)((uint64_t)id >> shift);
    if (size <= sizeof buffer - head) {
        if (size > 0)
            memcpy(at, bytes, size);
        return digest_sha256(buffer, head + size);
    }
    struct digest_stream stream;
    digest_begin(&stream);
    digest_add(&stream, buffer, head);
    digest_add(&stream, bytes, size);
    return digest_end(&stream);
}

static void put_bytes(struct entry_writer *writer, const char *bytes, size_t size)
{
    memcpy(writer->at, bytes, size);
    writer->at += size;
}

#define PUT(writer, literal) put_bytes((writer), "" literal, sizeof(literal) - 1)

static void put_integer(struct entry_writer *writer, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    put_bytes(writer, at, (size_t)(digits + sizeof digits - at));
}

static void put_hex(struct entry_writer *writer, const struct digest *digest)
{
    *writer->at++ = '"';
    hex_print(digest->bytes, DIGEST_SIZE, writer->at);
    writer->at += DIGEST_TEXT_SIZE - 1;
    *writer->at++ = '"';
}

static void put_text(struct entry_writer *writer, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    *writer->at++ = '"';
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            *writer->at++ = (char)byte;
            continue;
        }
        *writer->at++ = '\\';
        if (byte >= 0x20) {
            *writer->at++ = (char)byte;
            continue;
        }
        PUT(writer, "u00");
        *writer->at++ = digits[byte >> 4];
        *writer->at++ = digits[byte & 15];
    }
    *writer->at++ = '"';
}

static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

size_t entry_bound(const struct audit_entry *entry, size_t count)
{
    /* A character takes at most 6 bytes (\u001f); keys, numbers and the clause take less than 1,000. */
    size_t head = 1000 + 6 * (text_size(entry->event) + text_size(entry->object) +
                              text_size(entry->workflow) + text_size(entry->rule) + text_size(entry->to));
    assert(head <= AUDIT_HEAD_BYTES);
    size_t bound = head + AUDIT_CHANGE_BYTES * (count + 1);
    return bound < LIMIT_ENTRY_BYTES ? bound : LIMIT_ENTRY_BYTES + 1;
}

static void put_optional(struct entry_writer *writer, const char *key, const char *text)
{
    if (text == NULL)
        return;
    put_bytes(writer, key, strlen(key));
    put_text(writer, text);
}

void entry_begin(struct entry_writer *writer, char *buffer, const struct audit_entry *entry, int64_t number,
                 int64_t continues)
{
    assert(entry->event != NULL && entry->object != NULL && entry->law >= LAW_NONE && entry->law < LAW_COUNT);
    *writer = (struct entry_writer){.start = buffer, .at = buffer};
    PUT(writer, "{\"n\":");
    put_integer(writer, number);
    PUT(writer, ",\"at\":\"");
    instant_print(entry->at, writer->at);
    writer->at += INSTANT_TEXT_SIZE - 1;
    PUT(writer, "\",\"account\":");
    put_integer(writer, entry->account);
    PUT(writer, ",\"party\":");
    put_integer(writer, entry->party);
    PUT(writer, ",\"event\":");
    put_text(writer, entry->event);
    PUT(writer, ",\"object\":");
    put_text(writer, entry->object);
    PUT(writer, ",\"id\":");
    put_integer(writer, entry->object_id);
    if (entry->law != LAW_NONE) {
        put_optional(writer, ",\"law\":", law_clauses[entry->law].symbol);
        put_optional(writer, ",\"locator\":", law_clauses[entry->law].locator);
    }
    put_optional(writer, ",\"workflow\":", entry->workflow);
    put_optional(writer, ",\"rule\":", entry->rule);
    put_optional(writer, ",\"to\":", entry->to);
    if (entry->evidence != NULL) {
        PUT(writer, ",\"evidence\":");
        put_hex(writer, entry->evidence);
    }
    if (continues != AUDIT_NO_ENTRY) {
        PUT(writer, ",\"continues\":");
        put_integer(writer, continues);
    }
    PUT(writer, ",\"changes\":[");
}

bool entry_has_room(const struct entry_writer *writer)
{
    return (size_t)(writer->at - writer->start) + AUDIT_CHANGE_BYTES + 2 <= LIMIT_ENTRY_BYTES;
}

static void put_side(struct entry_writer *writer, const struct store_change *change, const uint8_t *bytes,
                     size_t size, const uint8_t salt[AUDIT_SALT_SIZE])
{
    if (bytes == NULL) {
        PUT(writer, ",null");
        return;
    }
    struct digest digest =
        audit_row_digest(salt, change->table, strlen(change->table), change->id, bytes, size);
    *writer->at++ = ',';
    put_hex(writer, &digest);
}

void entry_add(struct entry_writer *writer, const struct store_change *change,
               const uint8_t salt[AUDIT_SALT_SIZE])
{
    char *start = writer->at;
    if (writer->changes)
        *writer->at++ = ',';
    writer->changes = true;
    *writer->at++ = '[';
    put_text(writer, change->table);
    *writer->at++ = ',';
    put_integer(writer, change->id);
    put_side(writer, change, change->before, change->before_size, salt);
    put_side(writer, change, change->after, change->after_size, salt);
    *writer->at++ = ']';
    assert(writer->at - start <= AUDIT_CHANGE_BYTES);
    (void)start;
}

size_t entry_end(struct entry_writer *writer)
{
    PUT(writer, "]}");
    return (size_t)(writer->at - writer->start);
}
