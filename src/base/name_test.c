#include "base/name.h"
#include "support/attack.h"
#include "support/test.h"

TEST(names_of_people_and_companies_are_taken_as_they_are_written)
{
    static const char *const names[] = {
        "江城数据运营有限公司（演示）",
        "武汉市人力资源和社会保障局",
        "TCL科技集团股份有限公司",
        "中国石油化工股份有限公司武汉分公司",
        "买买提·吐尔逊",
        "欧阳𬭎",                 /* beyond the basic plane */
        "𠮷野家（中国）投资有限公司", /* so is this */
        "﨑",                         /* unified although among the compatibility ideographs */
        "〇〇七",
        "AT&T Inc.",
        "Société Générale (China) Limited",
        "O'Neill, Inc.",
        "3M中国有限公司",
        "张三",
        "经办",
        "“长江”数据《汇》有限公司",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!name_is_sound(names[i]))
            fail_msg("refused: %s", names[i]);
}

TEST(what_looks_like_another_name_or_hides_something_is_no_name)
{
    static const struct {
        const char *text;
        const char *what;
    } names[] = {
        {"", "nothing"},
        {" 江城", "a space before"},
        {"江城 ", "a space behind"},
        {"江城  公司", "two spaces"},
        {"江城\n公司", "a line end"},
        {"江城\t公司", "a tab"},
        {"江城\u3000公司", "the ideographic space"},
        {"江城\u00A0公司", "the no-break space"},
        {"江城\u200B公司", "the zero-width space"},
        {"江城\u200D公司", "the zero-width joiner"},
        {"江城\u2060公司", "the word joiner"},
        {"江城\uFEFF公司", "the byte order mark"},
        {"江城\u00AD公司", "the soft hyphen"},
        {"江城\u202E公司\u202C", "the right-to-left override"},
        {"江城\u2066公司\u2069", "the left-to-right isolate"},
        {"江城\u200F公司", "the right-to-left mark"},
        {"江城\u061C公司", "the Arabic letter mark"},
        {"江城\u2028公司", "the line separator"},
        {"江城\U000E0041公司", "a tag character"},
        {"江城\uFE0F公司", "a variation selector"},
        {"江城\u3164公司", "the Hangul filler"},
        {"江城\u0301公司", "a combining accent"},
        {"Т\u0421L科技", "Cyrillic for Latin"},
        {"Αlpha", "Greek for Latin"},
        {"ＴＣＬ科技", "full-width letters"},
        {"３M中国", "a full-width digit"},
        {"𝐓CL", "mathematical letters"},
        {"Ⓣ", "circled letters"},
        {"Ⅱ", "Roman numerals as one character"},
        {"\u2F00城", "a Kangxi radical"},
        {"\u2E81城", "a radical of the supplement"},
        {"\uF900城", "a compatibility ideograph"},
        {"\U0002F800城", "a compatibility ideograph beyond the basic plane"},
        {"\uE000", "a private character"},
        {"買買提•吐", "a bullet for the middle dot"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name_is_sound(names[i].text))
            fail_msg("taken: %s", names[i].what);
    attack_stopped(&(struct attack){
        .chapter = "http",
        .name = "confusable names",
        .tried =
            "35 names with invisible, bidirectional, full-width, Cyrillic, Greek, radical, compatibility or "
            "private characters are given to an organisation or an account.",
        .stopped = "base/name: the alphabet of names",
        .seen = "each is refused, and 16 real names of people and companies are taken"});
}

TEST(tables_are_named_in_ascii_and_chinese)
{
    static const char *const names[] = {"insurance", "人口_2026", "_x", "T1", "𠮷"};
    static const char *const no_names[] = {"",
                                           "1a",
                                           "a-b",
                                           "a b",
                                           "a.b",
                                           "іnsurance" /* Cyrillic */,
                                           "ｉnsurance",
                                           "人·口",
                                           "insurance\u200B",
                                           "人口\u202E\u202C",
                                           "\u2F00",
                                           "a\"b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(name_is_identifier(names[i]));
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++)
        if (name_is_identifier(no_names[i]))
            fail_msg("taken: %s", no_names[i]);
}

TEST(log_in_names_and_codes_are_plain_ascii)
{
    static const char *const logins[] = {"bureau-clerk", "district-420102", "a", "zhang.san@example.cn", "7"};
    static const char *const no_logins[] = {
        "",        "Bureau-clerk",  "bureau clerk", "-a", "burеau-clerk" /* Cyrillic */, "ｂureau", "经办",
        "a\u200B", "a\u202E\u202C", "a/b",          "a\n"};
    static const char *const codes[] = {"SYN-SI-2025", "CSV-1", "3070200000000/000001", "a.b:c_d"};
    static const char *const no_codes[] = {"",
                                           " A",
                                           "A ",
                                           "-A",
                                           "SYN‐SI" /* U+2010 */,
                                           "ＳYN",
                                           "SYN\u00A0",
                                           "А-1" /* Cyrillic */,
                                           "资源-1",
                                           "A\u200B1",
                                           "A;1",
                                           "A\"1",
                                           "A<1"};
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++)
        assert_true(name_is_login(logins[i]));
    for (size_t i = 0; i < sizeof no_logins / sizeof *no_logins; i++)
        if (name_is_login(no_logins[i]))
            fail_msg("taken: %s", no_logins[i]);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_true(name_is_code(codes[i]));
    for (size_t i = 0; i < sizeof no_codes / sizeof *no_codes; i++)
        if (name_is_code(no_codes[i]))
            fail_msg("taken: %s", no_codes[i]);
    attack_stopped(
        &(struct attack){.chapter = "http",
                         .name = "confusable log-in names and codes",
                         .tried = "23 log-in names and resource codes with look-alikes of ASCII, or with "
                                  "invisible characters, are given.",
                         .stopped = "base/name: ASCII alone",
                         .seen = "each is refused"});
}
