#include "audit/entry.h"
#include "base/text.h"

#include <string.h>

/* A lower-case hexadecimal digit's value plus 1; 0 for anything else. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};

/* 0 to 15, or a number beyond for anything else. */
static unsigned hex_value(char digit)
{
    return hex_digits[(unsigned char)digit] - 1U;
}

static bool take_bytes(struct entry_reader *reader, const char *bytes, size_t size)
{
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, bytes, size) != 0)
        return false;
    reader->at += size;
    return true;
}

#define TAKE(reader, literal) take_bytes((reader), "" literal, sizeof(literal) - 1)

static bool take_integer(struct entry_reader *reader, int64_t *ret_value)
{
    bool negative = TAKE(reader, "-");
    const char *first = reader->at;
    uint64_t value = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        if (value > (uint64_t)INT64_MAX / 10)
            return false;
        value = value * 10 + (uint64_t)(*reader->at - '0');
    }
    /* INT64_MIN is never written. */
    if (reader->at == first || value > INT64_MAX || (*first == '0' && (reader->at > first + 1 || negative)))
        return false;
    *ret_value = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* Just past a backslash: the rest of an escape that the writer would use. */
static bool take_escape(struct entry_reader *reader)
{
    if (TAKE(reader, "\"") || TAKE(reader, "\\"))
        return true;
    if (!TAKE(reader, "u00") || reader->end - reader->at < 2)
        return false;
    unsigned high = hex_value(reader->at[0]);
    unsigned low = hex_value(reader->at[1]);
    bool fits = high < 2 && low < 16 && high + low > 0;
    reader->at += 2;
    return fits;
}

static bool take_text(struct entry_reader *reader, struct piece *ret_text)
{
    if (!TAKE(reader, "\""))
        return false;
    const char *first = reader->at;
    unsigned char seen = 0;
    for (;;) {
        if (reader->at == reader->end)
            return false;
        unsigned char byte = (unsigned char)*reader->at++;
        if (byte == '"')
            break;
        if (byte < 0x20 || (byte == '\\' && !take_escape(reader)))
            return false;
        seen |= byte;
    }
    *ret_text = (struct piece){first, (size_t)(reader->at - 1 - first)};
    return seen < 0x80 || text_is_utf8(first, ret_text->size, NULL);
}

static bool take_digest(struct entry_reader *reader, struct digest *ret_digest)
{
    if (reader->end - reader->at < 2 * DIGEST_SIZE + 2 || reader->at[0] != '"' ||
        reader->at[2 * DIGEST_SIZE + 1] != '"')
        return false;
    const char *at = reader->at + 1;
    unsigned bad = 0;
    for (size_t i = 0; i < DIGEST_SIZE; i++, at += 2) {
        unsigned high = hex_value(at[0]);
        unsigned low = hex_value(at[1]);
        bad |= high | low;
        ret_digest->bytes[i] = (uint8_t)(high << 4 | low);
    }
    reader->at = at + 1;
    return bad < 16;
}

/* "2026-11-23T08:00:00.000000Z", by its shape. */
static bool take_instant(struct entry_reader *reader, struct piece *ret_at)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    if (!take_text(reader, ret_at) || ret_at->size != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < ret_at->size; i++) {
        char is = ret_at->at[i];
        if (shape[i] == 'd' ? is < '0' || is > '9' : is != shape[i])
            return false;
    }
    return true;
}

/* The key and its text, or nothing where the key does not follow. */
static bool take_optional(struct entry_reader *reader, const char *key, size_t size, struct piece *ret_text)
{
    return !take_bytes(reader, key, size) || take_text(reader, ret_text);
}

#define OPTIONAL(reader, key, text) take_optional((reader), "," key ":", sizeof("," key ":") - 1, (text))

static bool take_head(struct entry_reader *reader, struct entry_head *head)
{
    if (!TAKE(reader, "{\"n\":") || !take_integer(reader, &head->number) || !TAKE(reader, ",\"at\":") ||
        !take_instant(reader, &head->at) || !TAKE(reader, ",\"account\":") ||
        !take_integer(reader, &head->account) || !TAKE(reader, ",\"party\":") ||
        !take_integer(reader, &head->party) || !TAKE(reader, ",\"event\":") ||
        !take_text(reader, &head->event) || !TAKE(reader, ",\"object\":") ||
        !take_text(reader, &head->object) || !TAKE(reader, ",\"id\":") ||
        !take_integer(reader, &head->object_id))
        return false;
    if (TAKE(reader, ",\"law\":") && (!take_text(reader, &head->law) || !TAKE(reader, ",\"locator\":") ||
                                      !take_text(reader, &head->locator)))
        return false;
    if (!OPTIONAL(reader, "\"workflow\"", &head->workflow) || !OPTIONAL(reader, "\"rule\"", &head->rule) ||
        !OPTIONAL(reader, "\"to\"", &head->to))
        return false;
    head->has_evidence = TAKE(reader, ",\"evidence\":");
    if (head->has_evidence && !take_digest(reader, &head->evidence))
        return false;
    head->continues = AUDIT_NO_ENTRY;
    if (TAKE(reader, ",\"continues\":") &&
        (!take_integer(reader, &head->continues) || head->continues < 0 || head->continues >= head->number))
        return false;
    return TAKE(reader, ",\"changes\":[");
}

enum result entry_read(struct entry_reader *reader, const void *bytes, size_t size,
                       struct entry_head *ret_head)
{
    *reader = (struct entry_reader){.at = bytes, .end = (const char *)bytes + size, .first = true};
    struct entry_head head = {0};
    if (!take_head(reader, &head) || head.number < 0)
        return RESULT_MALFORMED;
    *ret_head = head;
    return RESULT_OK;
}

static bool take_side(struct entry_reader *reader, bool *ret_exists, struct digest *ret_digest)
{
    *ret_exists = !TAKE(reader, ",null");
    return !*ret_exists || (TAKE(reader, ",") && take_digest(reader, ret_digest));
}

enum result entry_next(struct entry_reader *reader, struct entry_change *ret_change)
{
    if (TAKE(reader, "]}"))
        return reader->at == reader->end ? RESULT_NOT_FOUND : RESULT_MALFORMED;
    if (!reader->first && !TAKE(reader, ","))
        return RESULT_MALFORMED;
    reader->first = false;
    if (!TAKE(reader, "[") || !take_text(reader, &ret_change->table) || !TAKE(reader, ",") ||
        !take_integer(reader, &ret_change->id) ||
        !take_side(reader, &ret_change->before, &ret_change->before_digest) ||
        !take_side(reader, &ret_change->after, &ret_change->after_digest) || !TAKE(reader, "]"))
        return RESULT_MALFORMED;
    return RESULT_OK;
}
