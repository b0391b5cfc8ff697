#include "base/name.h"

#include "base/text.h"

#include <stddef.h>

struct range {
    uint32_t first;
    uint32_t last;
};

/* clang-format off */
static const struct range chinese[] = {
    {0x3005, 0x3005}, {0x3007, 0x3007}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
    {0xFA0E, 0xFA0F}, {0xFA11, 0xFA11}, {0xFA13, 0xFA14}, {0xFA1F, 0xFA1F}, {0xFA21, 0xFA21},
    {0xFA23, 0xFA24}, {0xFA27, 0xFA29}, /* unified ideographs among the compatibility ones */
    {0x20000, 0x2A6DF}, {0x2A700, 0x2EBE0}, {0x30000, 0x323AF},
};

/* beside Chinese characters */
static const struct range of_names[] = {
    {0x20, 0x7E},
    {0xB7, 0xB7},       /* middle dot */
    {0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x17F},  /* Latin letters with accents */
    {0x1CD, 0x1DC},     /* those of Pinyin */
    {0x1E00, 0x1EFF},
    {0x2014, 0x2014}, {0x2018, 0x2019}, {0x201C, 0x201D}, {0x2026, 0x2026},
    {0x3001, 0x3002}, {0x300A, 0x300F}, {0x3010, 0x3011},
    {0xFF01, 0xFF01}, {0xFF08, 0xFF09}, {0xFF0C, 0xFF0C}, {0xFF1A, 0xFF1B}, {0xFF1F, 0xFF1F},
};
/* clang-format on */

static bool is_within(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

static bool is_chinese(uint32_t code)
{
    return is_within(code, chinese, sizeof chinese / sizeof *chinese);
}

static bool is_of_names(uint32_t code)
{
    return is_chinese(code) || is_within(code, of_names, sizeof of_names / sizeof *of_names);
}

bool name_is_sound(const char *text)
{
    uint32_t before = ' ';
    for (uint32_t code = text_next(&text); code != 0; code = text_next(&text)) {
        if (!is_of_names(code) || (code == ' ' && before == ' '))
            return false;
        before = code;
    }
    return before != ' ';
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_of(const char *text, const char *marks)
{
    if (!is_letter_or_digit(*text))
        return false;
    for (; *text != '\0'; text++) {
        bool mark = false;
        for (const char *one = marks; *one != '\0'; one++)
            mark = mark || *one == *text;
        if (!mark && !is_letter_or_digit(*text))
            return false;
    }
    return true;
}

bool name_is_identifier(const char *text)
{
    if (*text == '\0' || (*text >= '0' && *text <= '9'))
        return false;
    for (uint32_t code = text_next(&text); code != 0; code = text_next(&text))
        if (!is_chinese(code) && !(code < 0x80 && (is_letter_or_digit((char)code) || code == '_')))
            return false;
    return true;
}

bool name_is_login(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            return false;
    return is_of(text, "-._@");
}

bool name_is_code(const char *text)
{
    return is_of(text, "-._/:");
}
