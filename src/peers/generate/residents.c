#include "base/identifier.h"
#include "peers/generate/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Shaped after the city's 2020 census in broad strokes: a weight per district (in the order of the codes) and
 * per five years of age, oldest last. A demo's skew, not statistics. */
static const uint16_t district_weights[] = {97, 65, 67, 84, 110, 53, 172, 85, 15, 55, 98, 115, 86};
static const uint16_t age_weights[] = {46, 45, 40, 50, 95, 88, 96, 88, 72, 66,
                                       72, 70, 55, 50, 32, 18, 11, 5,  2};
static const uint16_t place_weights[] = {62, 24, 14};
static const char *const places[] = {"本市", "省内", "省外"};

enum {
    TABLE = 1,
    DISTRICTS = sizeof district_weights / sizeof *district_weights,
    AGE_BANDS = sizeof age_weights / sizeof *age_weights,
    BAND_YEARS = 5,
    SPAN_DAYS = AGE_BANDS * BAND_YEARS * 366 + 1,
    SEQUENCES = 500, /* of one sex, one day, one district */
};

const char residents_header[] =
    "citizen_number,name,sex,birth_date,district_code,district,street_code,street,"
    "household,education,marital,registered_on,synthetic\n";

struct residents {
    uint64_t seed;
    int64_t row;
    day first_day;
    uint16_t used[DISTRICTS][SPAN_DAYS][2];
};

struct residents *residents_new(uint64_t seed)
{
    assert(division_district_count == DISTRICTS);
    struct residents *residents = calloc(1, sizeof *residents);
    if (residents == NULL)
        abort();
    residents->seed = seed;
    residents->first_day = GENERATE_TODAY - SPAN_DAYS;
    return residents;
}

void residents_free(struct residents *residents)
{
    free(residents);
}

static day draw_birth(struct draw *draw)
{
    uint32_t band = (uint32_t)draw_weighted(draw, age_weights, AGE_BANDS);
    uint32_t age_days = (band * BAND_YEARS * 1461 + draw_below(draw, BAND_YEARS * 1461)) / 4;
    return GENERATE_TODAY - 1 - (day)age_days;
}

struct resident residents_next(struct residents *residents)
{
    struct draw draw = draw_of(residents->seed, TABLE, (uint64_t)residents->row++);
    uint16_t *used;
    uint32_t female;
    struct resident resident;
    do { /* a full day (only tables beyond tens of millions have one) is drawn again */
        resident.origin = (uint8_t)draw_weighted(&draw, district_weights, DISTRICTS);
        resident.born = draw_birth(&draw);
        female = draw_below(&draw, 1000) < 484;
        used = &residents->used[resident.origin][resident.born - residents->first_day][female];
    } while (*used >= SEQUENCES - 1);
    resident.sequence = (uint16_t)(2 * ++*used - (female ? 0 : 1));
    return resident;
}

static void put_digits(char *at, int number, int digits)
{
    while (digits-- > 0) {
        at[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

void resident_number(const struct resident *resident, char *ret_text)
{
    int year;
    int month;
    int day_of_month;
    day_to_civil(resident->born, &year, &month, &day_of_month);
    put_digits(ret_text, division_districts[resident->origin].code, 6);
    put_digits(ret_text + 6, year, 4);
    put_digits(ret_text + 10, month, 2);
    put_digits(ret_text + 12, day_of_month, 2);
    put_digits(ret_text + 14, resident->sequence, 3);
    ret_text[17] = identifier_citizen_number_check(ret_text);
    ret_text[18] = '\0';
}

static const char *education(struct draw *draw, int age)
{
    static const char *const names[] = {"小学", "初中", "高中", "大学专科", "大学本科", "研究生"};
    static const uint16_t young[] = {1, 8, 22, 28, 33, 8};
    static const uint16_t middle[] = {6, 26, 27, 20, 17, 4};
    static const uint16_t old[] = {32, 33, 20, 9, 6, 0};
    if (age < 7 || draw_below(draw, 100) < 2) /* and some are missing, as everywhere */
        return "";
    if (age < 22)
        return names[age < 13 ? 0 : age < 16 ? 1 : 2];
    return names[draw_weighted(draw, age < 40 ? young : age < 60 ? middle : old, 6)];
}

static const char *marital(struct draw *draw, int age)
{
    static const char *const names[] = {"未婚", "有配偶", "离婚", "丧偶"};
    static const uint16_t young[] = {62, 36, 2, 0};
    static const uint16_t middle[] = {9, 82, 7, 2};
    static const uint16_t old[] = {2, 72, 4, 22};
    if (age < 22)
        return names[0];
    return names[draw_weighted(draw, age < 32 ? young : age < 62 ? middle : old, 4)];
}

/* Most live in the district of their number. */
static int draw_home(struct draw *draw, const struct resident *resident)
{
    return draw_below(draw, 100) < 78 ? resident->origin : draw_weighted(draw, district_weights, DISTRICTS);
}

static const struct division *draw_street(struct draw *draw, int district)
{
    int first = 0;
    while (division_streets[first].district != district)
        first++;
    int last = first;
    while (last < division_street_count && division_streets[last].district == district)
        last++;
    /* The smaller of two draws: some streets hold far more people than others. */
    uint32_t count = (uint32_t)(last - first);
    uint32_t a = draw_below(draw, count);
    uint32_t b = draw_below(draw, count);
    return &division_streets[first + (int)(a < b ? a : b)];
}

void resident_row(uint64_t seed, int64_t row, const struct resident *resident, struct out *out)
{
    struct draw draw = draw_of(seed, TABLE + 16, (uint64_t)row);
    char number[CITIZEN_NUMBER_SIZE];
    resident_number(resident, number);
    int days = GENERATE_TODAY - resident->born;
    int age = days * 4 / 1461;
    int home = draw_home(&draw, resident);
    const struct division *street = draw_street(&draw, home);
    out_text(out, number);
    out_text(out, ",合成");
    out_number(out, (uint64_t)row, 7);
    out_text(out, resident->sequence % 2 == 1 ? ",男," : ",女,");
    out_date(out, resident->born);
    out_comma(out);
    out_number(out, (uint64_t)division_districts[home].code, 6);
    out_comma(out);
    out_text(out, division_districts[home].name);
    out_comma(out);
    out_number(out, (uint64_t)street->code, 9);
    out_comma(out);
    out_text(out, street->name);
    out_comma(out);
    out_text(out, places[draw_weighted(&draw, place_weights, 3)]);
    out_comma(out);
    out_text(out, education(&draw, age));
    out_comma(out);
    out_text(out, marital(&draw, age));
    out_comma(out);
    uint32_t window = (uint32_t)(days < 3650 ? days : 3650);
    out_date(out, GENERATE_TODAY - 1 - (day)draw_below(&draw, window));
    out_text(out, ",true");
}
