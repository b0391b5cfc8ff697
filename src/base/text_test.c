#include "base/text.h"
#include "support/test.h"

#include <string.h>

/* Where the text goes wrong, -1 when it is well-formed. */
static int bad_at(const char *bytes, size_t size)
{
    size_t at = 999;
    bool good = text_is_utf8(bytes, size, &at);
    assert_int_equal(text_is_utf8(bytes, size, NULL), good);
    return good ? -1 : (int)at;
}

/* Puts a code point into bytes without looking whether it may be there. */
static size_t put(uint32_t code, char *ret_bytes)
{
    if (code < 0x80)
        return ret_bytes[0] = (char)code, 1;
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        ret_bytes[i] = (char)(0x80 | (code & 0x3F));
    ret_bytes[0] = (char)((0xF00U >> length & 0xFF) | code);
    return length;
}

TEST(every_code_point_but_nul_and_surrogates_is_read_back)
{
    for (uint32_t code = 1; code <= 0x10FFFF; code++) {
        char bytes[5] = {0};
        size_t length = put(code, bytes);
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        assert_int_equal(text_is_utf8(bytes, length, NULL), !surrogate);
        if (surrogate)
            continue;
        const char *at = bytes;
        assert_int_equal(text_next(&at), code);
        assert_ptr_equal(at, bytes + length);
        assert_int_equal(text_next(&at), 0);
        assert_ptr_equal(at, bytes + length);
        assert_int_equal(text_characters(bytes), 1);
    }
}

TEST(ill_formed_utf_8_is_found_at_its_first_bad_byte)
{
    assert_int_equal(bad_at("", 0), -1);
    assert_int_equal(bad_at("渡口", 6), -1);
    assert_int_equal(bad_at("渡\x80", 4), 3);
    assert_int_equal(bad_at("ab\0c", 4), 2);
    assert_int_equal(bad_at("a\xC0\xAF", 3), 1); /* overlong */
    assert_int_equal(bad_at("a\xC1\xBF", 3), 1);
    assert_int_equal(bad_at("\xE0\x9F\xBF", 3), 0);     /* overlong */
    assert_int_equal(bad_at("\xF0\x8F\xBF\xBF", 4), 0); /* overlong */
    assert_int_equal(bad_at("\xED\xA0\x80", 3), 0);     /* surrogate */
    assert_int_equal(bad_at("\xF4\x90\x80\x80", 4), 0); /* over U+10FFFF */
    assert_int_equal(bad_at("\xF5\x80\x80\x80", 4), 0);
    assert_int_equal(bad_at("\xFF", 1), 0);
    assert_int_equal(bad_at("abc\xE6\xB8", 5), 3); /* cut short */
    assert_int_equal(bad_at("\xE6\xB8x", 3), 0);
    assert_int_equal(bad_at("\xCA\xFD\xBE\xDD", 4), 0); /* GBK */
}

TEST(characters_are_counted_not_bytes)
{
    assert_int_equal(text_characters(""), 0);
    assert_int_equal(text_characters("abc"), 3);
    assert_int_equal(text_characters("武汉市数据局"), 6);
    assert_int_equal(text_characters("𠀀é"), 2);
}

TEST(white_space_of_any_kind_is_blank)
{
    assert_true(text_is_blank(NULL));
    assert_true(text_is_blank(""));
    assert_true(text_is_blank(" \t\r\n"));
    assert_true(text_is_blank("\u3000\u00A0\u200B\uFEFF\u2060"));
    assert_true(text_is_blank("\u00AD\u034F\u061C\u115F\u180B\u200D\u2063\u2800\u3164\uFE0F\uFFA0"));
    assert_true(text_is_blank("\U0001D173\U000E0020\U000E0100"));
    assert_false(text_is_blank("\u3000渡\u3000"));
    assert_false(text_is_blank("☎\uFE0F"));
    assert_false(text_is_blank("."));
}

TEST(control_characters_and_bidirectional_overrides_are_found)
{
    assert_false(text_has_control("两行\n\t文字"));
    assert_false(text_has_control(""));
    assert_true(text_has_control("a\rb"));
    assert_true(text_has_control("a\033[31m"));
    assert_true(text_has_control("\x7F"));
    assert_true(text_has_control("\xC2\x85"));
    assert_true(text_has_control("abc\xE2\x80\xAEtxt")); /* NOLINT(misc-misleading-bidirectional) */
    assert_true(text_has_control("\xE2\x81\xA6x"));      /* NOLINT(misc-misleading-bidirectional) */
}

TEST(byte_order_marks_are_seen)
{
    assert_true(text_has_bom("\xEF\xBB\xBF{}", 5));
    assert_true(text_has_bom("\xFF\xFE{\0", 4));
    assert_true(text_has_bom("\xFE\xFF\0{", 4));
    assert_true(text_has_bom("\0\0\xFE\xFF", 4));
    assert_false(text_has_bom("\xEF\xBB", 2));
    assert_false(text_has_bom("", 0));
    assert_false(text_has_bom("{}", 2));
}

TEST(gbk_is_told_from_other_bytes)
{
    assert_true(text_looks_gbk("name,\xCA\xFD\xBE\xDD\n", 10));
    assert_true(text_looks_gbk("\x81\x30\x81\x30", 4)); /* GB 18030 in four bytes */
    assert_false(text_looks_gbk("\xCA", 1));
    assert_false(text_looks_gbk("\xCA\x20", 2));
    assert_false(text_looks_gbk("\xFF\xFE", 2));
    assert_false(text_looks_gbk("\x80", 1));
}

TEST(null_equals_null_only)
{
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
    assert_true(text_equal("渡口", "渡口"));
    assert_false(text_equal("a", "b"));
}

TEST(characters_that_take_no_room_are_found)
{
    assert_false(text_has_invisible("人数 n\n"));
    assert_true(text_has_invisible("n\u200B"));
    assert_true(text_has_invisible("\uFEFFn"));
    assert_true(text_has_invisible("a\u00ADb"));
}
