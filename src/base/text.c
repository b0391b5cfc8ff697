#include "base/text.h"

#include <string.h>

/* Bytes of the well-formed sequence at `at`, 0 where it is ill-formed (RFC 3629, section 4). */
static size_t sequence(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return at[0] != 0;
    size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || left < length)
        return 0;
    /* The second byte is narrower where a longer form, a surrogate or more than U+10FFFF could begin. */
    unsigned char low = at[0] == 0xE0 ? 0xA0 : at[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = at[0] == 0xED ? 0x9F : at[0] == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool text_is_utf8(const char *bytes, size_t size, size_t *ret_bad_at)
{
    const unsigned char *from = (const unsigned char *)bytes;
    for (size_t at = 0; at < size;) {
        size_t length = sequence(from + at, size - at);
        if (length == 0) {
            if (ret_bad_at != NULL)
                *ret_bad_at = at;
            return false;
        }
        at += length;
    }
    return true;
}

bool text_has_bom(const char *bytes, size_t size)
{
    return (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) ||
           (size >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0)) ||
           (size >= 4 && memcmp(bytes, "\0\0\xFE\xFF", 4) == 0);
}

static bool within(unsigned char byte, unsigned char first, unsigned char last)
{
    return byte >= first && byte <= last;
}

/* Bytes of the GB 18030 sequence at `at`, 0 where there is none. */
static size_t gbk_sequence(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return 1;
    if (left < 2 || !within(at[0], 0x81, 0xFE))
        return 0;
    if (within(at[1], 0x40, 0xFE) && at[1] != 0x7F)
        return 2;
    bool four = left >= 4 && within(at[1], '0', '9') && within(at[2], 0x81, 0xFE) && within(at[3], '0', '9');
    return four ? 4 : 0;
}

bool text_looks_gbk(const char *bytes, size_t size)
{
    const unsigned char *from = (const unsigned char *)bytes;
    for (size_t at = 0; at < size;) {
        size_t length = gbk_sequence(from + at, size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

size_t text_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

uint32_t text_next(const char **at)
{
    const unsigned char *from = (const unsigned char *)*at;
    if (from[0] == 0)
        return 0;
    size_t length = from[0] < 0x80 ? 1 : from[0] >= 0xF0 ? 4 : from[0] >= 0xE0 ? 3 : 2;
    uint32_t code = length == 1 ? from[0] : from[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (from[i] & 0x3Fu);
    *at += length;
    return code;
}

/* White_Space of Unicode, its Default_Ignorable_Code_Point (what takes no room: joiners, marks of direction,
 * fillers, variation selectors, tags), and the braille pattern without a dot. */
static bool is_blank(uint32_t code)
{
    static const uint32_t ranges[][2] = {
        {0x09, 0x0D},     {0x20, 0x20},       {0x85, 0x85},       {0xA0, 0xA0},       {0xAD, 0xAD},
        {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},   {0x1680, 0x1680},   {0x17B4, 0x17B5},
        {0x180B, 0x180F}, {0x2000, 0x200F},   {0x2028, 0x202F},   {0x205F, 0x206F},   {0x2800, 0x2800},
        {0x3000, 0x3000}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    return false;
}

bool text_is_blank(const char *text)
{
    if (text == NULL)
        return true;
    for (uint32_t code = text_next(&text); code != 0; code = text_next(&text))
        if (!is_blank(code))
            return false;
    return true;
}

static bool is_control(uint32_t code)
{
    bool c0_or_c1 = (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code <= 0x9F);
    bool bidirectional = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return c0_or_c1 || bidirectional;
}

bool text_has_control(const char *text)
{
    for (uint32_t code = text_next(&text); code != 0; code = text_next(&text))
        if (is_control(code))
            return true;
    return false;
}

bool text_has_invisible(const char *text)
{
    for (uint32_t code = text_next(&text); code != 0; code = text_next(&text))
        if (code == 0xAD || code == 0x180E || (code >= 0x200B && code <= 0x200F) || code == 0x2028 ||
            code == 0x2029 || (code >= 0x2060 && code <= 0x2064) || code == 0xFEFF)
            return true;
    return false;
}

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}
