#include "peers/source/sensitive.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* Characters 1 to `count` of x as numbers, weighted and summed. `digit` prints the number of one character.
 */
static const char *weighted_sum(struct arena *arena, const char *x, const int *weights, int count,
                                const char *(*digit)(struct arena *arena, const char *x, int at))
{
    const char *sum = "0";
    for (int i = 0; i < count; i++)
        sum = arena_printf(arena, "%s+%d*%s", sum, weights[i], digit(arena, x, i + 1));
    return sum;
}

/* ascii() cannot fail whatever the character is, unlike a cast. */
static const char *decimal_digit(struct arena *arena, const char *x, int at)
{
    return arena_printf(arena, "(ascii(substr(%s,%d,1))-48)", x, at);
}

#define CREDIT_ALPHABET "0123456789ABCDEFGHJKLMNPQRTUWXY"

static const char *credit_digit(struct arena *arena, const char *x, int at)
{
    return arena_printf(arena, "(strpos('" CREDIT_ALPHABET "',substr(%s,%d,1))-1)", x, at);
}

static const char *citizen_condition(struct arena *arena, const char *x)
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    return arena_printf(
        arena,
        "(CASE WHEN strlen(%s)=18 AND regexp_full_match(%s,'[1-9][0-9]{16}[0-9Xx]') AND "
        "TRY_CAST(concat(substr(%s,7,4),'-',substr(%s,11,2),'-',substr(%s,13,2)) AS DATE) IS NOT NULL "
        "THEN substr('10X98765432',(%s)%%11+1,1)=upper(substr(%s,18,1)) ELSE FALSE END)",
        x, x, x, x, x, weighted_sum(arena, x, weights, 17, decimal_digit), x);
}

static const char *credit_condition(struct arena *arena, const char *x)
{
    int weights[17];
    for (int i = 0, weight = 1; i < 17; i++, weight = weight * 3 % 31)
        weights[i] = weight;
    return arena_printf(arena,
                        "(CASE WHEN strlen(%s)=18 AND regexp_full_match(%s,'[" CREDIT_ALPHABET "]{18}') "
                        "THEN (31-(%s)%%31)%%31=%s ELSE FALSE END)",
                        x, x, weighted_sum(arena, x, weights, 17, credit_digit), credit_digit(arena, x, 18));
}

/* Luhn over 16 to 19 digits, filled up with zeros on the left, which change nothing. */
static const char *card_condition(struct arena *arena, const char *x)
{
    const char *padded = arena_printf(arena, "lpad(%s,19,'0')", x);
    const char *sum = "0";
    for (int i = 1; i <= 19; i++) {
        const char *digit = decimal_digit(arena, padded, i);
        bool doubled = i % 2 == 0;
        sum = doubled ? arena_printf(arena, "%s+2*%s-(CASE WHEN %s>4 THEN 9 ELSE 0 END)", sum, digit, digit)
                      : arena_printf(arena, "%s+%s", sum, digit);
    }
    return arena_printf(
        arena,
        "(CASE WHEN strlen(%s) BETWEEN 16 AND 19 AND regexp_full_match(%s,'[1-9][0-9]{15,18}') "
        "THEN (%s)%%10=0 ELSE FALSE END)",
        x, x, sum);
}

/* The hundred surnames that cover most people; a place or an organisation is told by its last character. */
static const char surnames[] =
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏锺"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧施洪";

static const char *name_condition(struct arena *arena, const char *x)
{
    return arena_printf(
        arena,
        "(strlen(%s) BETWEEN 4 AND 12 AND strpos('%s',substr(%s,1,1))>0 AND "
        "strpos('省市区县镇乡村路街道里站桥湖山江河司店厂局会部院校所园城',right(%s,1))=0 AND "
        "regexp_full_match(%s,'[\\x{4E00}-\\x{9FFF}·]{2,4}'))",
        x, surnames, x, x, x);
}

const char *sensitive_condition(struct arena *arena, enum sensitive_kind kind, const char *x)
{
    switch (kind) {
    case SENSITIVE_CITIZEN_NUMBER:
        return citizen_condition(arena, x);
    case SENSITIVE_BANK_CARD:
        return card_condition(arena, x);
    case SENSITIVE_CREDIT_CODE:
        return credit_condition(arena, x);
    case SENSITIVE_MOBILE_NUMBER:
        return arena_printf(arena,
                            "(strlen(%s) BETWEEN 11 AND 15 AND "
                            "regexp_full_match(%s,'(\\+?86[- ]?)?1[3-9][0-9]{9}'))",
                            x, x);
    case SENSITIVE_PERSON_NAME:
        return name_condition(arena, x);
    case SENSITIVE_ADDRESS:
        /* The cheap test first: most text is no address. */
        return arena_printf(
            arena,
            "(strlen(%s)>=15 AND (contains(%s,'号') OR contains(%s,'栋') OR contains(%s,'幢') OR "
            "contains(%s,'组') OR contains(%s,'室')) AND "
            "regexp_matches(%s,'[省市区县旗镇乡].*[街路道巷弄村镇乡里]') AND "
            "regexp_matches(%s,'[0-9０-９一二三四五六七八九十]+[号栋幢座组室]'))",
            x, x, x, x, x, x, x, x);
    case SENSITIVE_EMBEDDED_NUMBER:
        return arena_printf(arena,
                            "(strlen(%s)>18 AND regexp_matches(%s,'(^|[^0-9])(1[3-9][0-9]{9}|"
                            "[1-9][0-9]{5}(19|20)[0-9]{9}[0-9Xx])([^0-9]|$)'))",
                            x, x);
    case SENSITIVE_KINDS:
        break;
    }
    return "FALSE";
}

/* ---- proposals ---- */

static const struct {
    const char *name;
    int percent; /* share of values from which on a column is proposed */
    int level;
    bool personal;
    const char *zh;
    const char *en;
} kinds[SENSITIVE_KINDS] = {
    [SENSITIVE_CITIZEN_NUMBER] = {"citizen_number", 5, 4, true, "公民身份号码，校验码符合 GB 11643",
                                  "citizen numbers with check digits of GB 11643"},
    [SENSITIVE_BANK_CARD] = {"bank_card", 50, 4, true, "银行卡号，校验位符合 Luhn 算法",
                             "bank card numbers with check digits of the Luhn algorithm"},
    [SENSITIVE_CREDIT_CODE] = {"credit_code", 20, 2, false, "统一社会信用代码，校验码符合 GB 32100",
                               "credit codes with check characters of GB 32100"},
    [SENSITIVE_MOBILE_NUMBER] = {"mobile_number", 20, 3, true, "手机号码", "mobile numbers"},
    [SENSITIVE_PERSON_NAME] = {"person_name", 60, 3, true, "形似姓名", "values like persons' names"},
    [SENSITIVE_ADDRESS] = {"address", 40, 3, true, "形似详细地址", "values like street addresses"},
    [SENSITIVE_EMBEDDED_NUMBER] = {"embedded_number", 1, 3, true, "文本中夹有手机号码或公民身份号码",
                                   "mobile or citizen numbers inside longer text"},
};

static bool name_has(const char *name, const char *const *parts)
{
    for (; *parts != NULL; parts++)
        if (strcasestr(name, *parts) != NULL)
            return true;
    return false;
}

static json_t *proposal(const char *column, const char *kind, double share, int level, bool personal,
                        const char *zh, const char *en)
{
    return json_pack("{s:s, s:s, s:f, s:i, s:b, s:s, s:s}", "column", column, "kind", kind, "share",
                     round(share * 1e4) / 1e4, "level", level, "personal", (int)personal, "reason_zh", zh,
                     "reason_en", en);
}

/* The strictest kind (they are in that order) that enough values match. Few different "names" are categories.
 */
static enum sensitive_kind strongest(const struct sensitive_counts *counts)
{
    for (int kind = 0; kind < SENSITIVE_KINDS; kind++) {
        bool enough =
            counts->matches[kind] > 0 && counts->matches[kind] * 100 >= counts->values * kinds[kind].percent;
        if (kind == SENSITIVE_PERSON_NAME)
            enough = enough && (counts->distinct > 200 || counts->distinct * 5 > counts->values);
        if (enough)
            return (enum sensitive_kind)kind;
    }
    return SENSITIVE_KINDS;
}

json_t *sensitive_proposal(const struct engine_field *field, const struct sensitive_counts *counts)
{
    static const char *const births[] = {"birth", "born", "出生", "生日", "csrq", NULL};
    static const char *const names[] = {"姓名",   "person_name", "full_name", "xingming",
                                        "联系人", "法定代表人",  NULL};
    if (field->type == ENGINE_DATE && name_has(field->name, births))
        return proposal(field->name, "birth_date", 1, 3, true, "列名表明是出生日期",
                        "the column's name says dates of birth");
    if (counts == NULL || counts->values == 0)
        return NULL;
    enum sensitive_kind kind = strongest(counts);
    if (kind == SENSITIVE_KINDS && field->type == ENGINE_TEXT && name_has(field->name, names))
        return proposal(field->name, "person_name", 0, 3, true, "列名表明是姓名",
                        "the column's name says persons' names");
    if (kind == SENSITIVE_KINDS)
        return NULL;
    double share = (double)counts->matches[kind] / (double)counts->values;
    return proposal(field->name, kinds[kind].name, share, kinds[kind].level, kinds[kind].personal,
                    kinds[kind].zh, kinds[kind].en);
}
