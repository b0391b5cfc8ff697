#include "base/identifier.h"
#include "peers/generate/rows.h"

#include <assert.h>
#include <string.h>

/* A demo's skew, not statistics. */
static const uint16_t district_weights[] = {110, 95, 70, 80, 120, 45, 190, 95, 25, 50, 80, 75, 55};

static const struct {
    const char *code; /* GB/T 4754 */
    const char *name;
    uint16_t weight;
} industries[] = {{"F51", "批发业", 210},
                  {"F52", "零售业", 190},
                  {"H62", "餐饮业", 90},
                  {"I65", "软件和信息技术", 95},
                  {"L72", "商务服务业", 120},
                  {"E47", "房屋建筑业", 60},
                  {"C35", "专用设备制造业", 40},
                  {"C39", "电子设备制造业", 35},
                  {"G54", "道路运输业", 50},
                  {"M73", "研究和试验发展", 30},
                  {"K70", "房地产业", 30},
                  {"O80", "居民服务业", 35},
                  {"Q84", "卫生", 8},
                  {"J66", "货币金融服务", 4},
                  {"A01", "农业", 13}};

static const char *const statuses[] = {"存续", "注销", "吊销"};
static const uint16_t status_weights[] = {86, 11, 3};

enum {
    TABLE = 2,
    DISTRICTS = sizeof district_weights / sizeof *district_weights,
    INDUSTRIES = sizeof industries / sizeof *industries,
    EMPLOYEES_MAX = 120000,
};

const char enterprises_header[] = "credit_code,name,kind,industry_code,industry,district_code,district,"
                                  "established_on,employees,registered_capital_yuan,status,synthetic\n";

/* Both are drawn first, so that code and size need no more than these draws. */
struct outline {
    uint32_t employees;
    int district;
};

static struct outline draw_outline(struct draw *draw)
{
    /* P(employees ≥ n) = 1/n */
    uint64_t size = ((uint64_t)1 << 32) / ((draw_next(draw) >> 32) + 1);
    struct outline outline;
    outline.employees = size < EMPLOYEES_MAX ? (uint32_t)(size > 0 ? size : 1) : EMPLOYEES_MAX;
    outline.district = draw_weighted(draw, district_weights, DISTRICTS);
    return outline;
}

uint32_t enterprise_employees(uint64_t seed, int64_t row)
{
    struct draw draw = draw_of(seed, TABLE, (uint64_t)row);
    return draw_outline(&draw).employees;
}

/* The check character of an organisation code, GB 11714. */
static char organisation_check(const char *first8)
{
    static const int weights[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum += weights[i] * (first8[i] <= '9' ? first8[i] - '0' : first8[i] - 'A' + 10);
    int check = 11 - sum % 11;
    return check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check);
}

/* Different for each row: multiplication by a number prime to 31 turns the rows about. */
static void put_organisation(uint64_t seed, int64_t row, char *at)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    enum { BASE = 31, BODY = 6 };
    const uint64_t codes = (uint64_t)BASE * BASE * BASE * BASE * BASE * BASE;
    struct draw draw = draw_of(seed, TABLE + 16, 0);
    uint64_t number = ((uint64_t)row * 387420489u + draw_next(&draw) % codes) % codes; /* 3^18 */
    memcpy(at, "MA", 2);
    for (int i = BODY; i > 0; i--) {
        at[1 + i] = alphabet[number % BASE];
        number /= BASE;
    }
    at[8] = organisation_check(at);
}

static void put_code(uint64_t seed, int64_t row, const struct outline *outline, char *ret_text)
{
    ret_text[0] = '9';
    ret_text[1] = outline->employees > 2 ? '1' : '2';
    int code = division_districts[outline->district].code;
    for (int i = 6; i > 0; i--, code /= 10)
        ret_text[1 + i] = (char)('0' + code % 10);
    put_organisation(seed, row, ret_text + 8);
    ret_text[17] = identifier_credit_code_check(ret_text);
    ret_text[18] = '\0';
}

void enterprise_code(uint64_t seed, int64_t row, char *ret_text)
{
    assert(division_district_count == DISTRICTS);
    struct draw draw = draw_of(seed, TABLE, (uint64_t)row);
    struct outline outline = draw_outline(&draw);
    put_code(seed, row, &outline, ret_text);
}

static int draw_industry(struct draw *draw)
{
    uint16_t weights[INDUSTRIES];
    for (int i = 0; i < INDUSTRIES; i++)
        weights[i] = industries[i].weight;
    return draw_weighted(draw, weights, INDUSTRIES);
}

void enterprise_row(uint64_t seed, int64_t row, struct out *out)
{
    struct draw draw = draw_of(seed, TABLE, (uint64_t)row);
    struct outline outline = draw_outline(&draw);
    char code[CREDIT_CODE_SIZE];
    put_code(seed, row, &outline, code);
    int industry = draw_industry(&draw);
    /* Most firms are young: the smaller of two draws over thirty years. */
    uint32_t a = draw_below(&draw, 30 * 365);
    uint32_t b = draw_below(&draw, 30 * 365);
    uint32_t capital = (1 + draw_below(&draw, 20)) * (outline.employees < 4000 ? outline.employees : 4000);
    out_text(out, code);
    out_text(out, ",合成企业");
    out_number(out, (uint64_t)row, 7);
    out_text(out, outline.employees > 2 ? ",企业," : ",个体工商户,");
    out_text(out, industries[industry].code);
    out_comma(out);
    out_text(out, industries[industry].name);
    out_comma(out);
    out_number(out, (uint64_t)division_districts[outline.district].code, 6);
    out_comma(out);
    out_text(out, division_districts[outline.district].name);
    out_comma(out);
    out_date(out, GENERATE_TODAY - 1 - (day)(a < b ? a : b));
    out_comma(out);
    out_number(out, outline.employees, 0);
    out_comma(out);
    if (draw_below(&draw, 100) >= 4) /* and some are missing */
        out_number(out, (uint64_t)capital * 10000, 0);
    out_comma(out);
    out_text(out, statuses[draw_weighted(&draw, status_weights, 3)]);
    out_text(out, ",true");
}
