#include "peers/generate/rows.h"

#include <stdlib.h>

/* Monthly contribution bases in yuan at every twentieth part of the insured, lowest first: right-skewed, then
 * cut off at the lower and upper bound as the rules of social insurance do. A demo's skew, not statistics. */
static const uint32_t base_quantiles[] = {3200,  3700,  4100,  4400,  4800,  5100,  5500,
                                          5900,  6400,  6900,  7400,  8000,  8700,  9500,
                                          10500, 11700, 13200, 15400, 18800, 26000, 90000};

static const char *const kinds[] = {"城镇职工基本养老保险", "职工基本医疗保险", "失业保险", "工伤保险"};
static const uint16_t kind_weights[] = {40, 34, 14, 12};

enum {
    TABLE = 3,
    QUANTILE_STEPS = sizeof base_quantiles / sizeof *base_quantiles - 1,
    BASE_LOWEST = 4077,
    BASE_HIGHEST = 22383,
    GUIDE_BITS = 16,
    WORKING_AGE_YEARS = 18,
    PENSION_AGE_YEARS = 60,
    LAST_MONTH = 2025 * 12 + 11,
};

const char insurance_header[] =
    "citizen_number,credit_code,insurance,start_month,last_month,months_paid,base_yuan,status,synthetic\n";

struct insurance {
    uint64_t seed;
    int64_t resident_count;
    int64_t enterprise_count;
    struct resident *residents;
    uint64_t *jobs_before; /* employees of the enterprises before each, and of all at the end */
    int64_t *guide;        /* where to begin to look, by the first GUIDE_BITS of a job's number */
    int guide_shift;
};

static void *must_alloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        abort();
    return memory;
}

static void count_jobs(struct insurance *insurance)
{
    int64_t count = insurance->enterprise_count;
    insurance->jobs_before = must_alloc((size_t)count + 1, sizeof(uint64_t));
    for (int64_t i = 0; i < count; i++)
        insurance->jobs_before[i + 1] = insurance->jobs_before[i] + enterprise_employees(insurance->seed, i);
    uint64_t jobs = insurance->jobs_before[count];
    while (jobs >> insurance->guide_shift >= (uint64_t)1 << GUIDE_BITS)
        insurance->guide_shift++;
    insurance->guide = must_alloc(((size_t)1 << GUIDE_BITS) + 1, sizeof(int64_t));
    int64_t at = 0;
    for (uint64_t g = 0; g <= jobs >> insurance->guide_shift; g++) {
        while (insurance->jobs_before[at + 1] <= g << insurance->guide_shift && at < count - 1)
            at++;
        insurance->guide[g] = at;
    }
}

struct insurance *insurance_new(uint64_t seed, int64_t residents, int64_t enterprises)
{
    struct insurance *insurance = must_alloc(1, sizeof *insurance);
    *insurance =
        (struct insurance){.seed = seed, .resident_count = residents, .enterprise_count = enterprises};
    insurance->residents = must_alloc((size_t)residents, sizeof(struct resident));
    struct residents *all = residents_new(seed);
    for (int64_t i = 0; i < residents; i++)
        insurance->residents[i] = residents_next(all);
    residents_free(all);
    count_jobs(insurance);
    return insurance;
}

void insurance_free(struct insurance *insurance)
{
    if (insurance == NULL)
        return;
    free(insurance->residents);
    free(insurance->jobs_before);
    free(insurance->guide);
    free(insurance);
}

static uint64_t draw_wide(struct draw *draw, uint64_t bound)
{
    return bound >> 32 == 0 ? draw_below(draw, (uint32_t)bound) : draw_next(draw) % bound;
}

/* A job, and with it an enterprise in proportion to its employees. */
static int64_t draw_enterprise(struct draw *draw, const struct insurance *insurance)
{
    uint64_t job = draw_wide(draw, insurance->jobs_before[insurance->enterprise_count]);
    int64_t at = insurance->guide[job >> insurance->guide_shift];
    while (insurance->jobs_before[at + 1] <= job)
        at++;
    return at;
}

static int age_of(const struct resident *resident)
{
    return (GENERATE_TODAY - resident->born) * 4 / 1461;
}

/* Children are passed over; a table with nobody else gives what it has. */
static const struct resident *draw_resident(struct draw *draw, const struct insurance *insurance)
{
    const struct resident *resident = NULL;
    for (int tries = 0; tries < 64; tries++) {
        resident = &insurance->residents[draw_wide(draw, (uint64_t)insurance->resident_count)];
        int age = age_of(resident);
        if (age >= WORKING_AGE_YEARS && (age < PENSION_AGE_YEARS || draw_below(draw, 8) == 0))
            break;
    }
    return resident;
}

static uint32_t draw_base(struct draw *draw)
{
    uint32_t step = draw_below(draw, QUANTILE_STEPS);
    uint32_t base = base_quantiles[step] + draw_below(draw, base_quantiles[step + 1] - base_quantiles[step]);
    return base < BASE_LOWEST ? BASE_LOWEST : base > BASE_HIGHEST ? BASE_HIGHEST : base;
}

void insurance_row(const struct insurance *insurance, int64_t row, struct out *out)
{
    struct draw draw = draw_of(insurance->seed, TABLE, (uint64_t)row);
    const struct resident *resident = draw_resident(&draw, insurance);
    int age = age_of(resident);
    char number[CITIZEN_NUMBER_SIZE];
    char code[CREDIT_CODE_SIZE];
    resident_number(resident, number);
    enterprise_code(insurance->seed, draw_enterprise(&draw, insurance), code);
    uint32_t working_months = age > WORKING_AGE_YEARS ? (uint32_t)(age - WORKING_AGE_YEARS) * 12 : 1;
    uint32_t since = 1 + draw_below(&draw, working_months < 240 ? working_months : 240);
    int retired = age >= PENSION_AGE_YEARS;
    uint32_t ended = draw_below(&draw, 100) < 22 ? draw_below(&draw, since) : 0;
    uint32_t span = since - ended;
    uint32_t gaps = draw_below(&draw, 10) == 0 ? draw_below(&draw, span) : 0;
    out_text(out, number);
    out_comma(out);
    out_text(out, code);
    out_comma(out);
    out_text(out, kinds[draw_weighted(&draw, kind_weights, 4)]);
    out_comma(out);
    out_month(out, LAST_MONTH - (int)since + 1);
    out_comma(out);
    out_month(out, LAST_MONTH - (int)ended);
    out_comma(out);
    out_number(out, span - gaps, 0);
    out_comma(out);
    out_number(out, draw_base(&draw), 0);
    out_text(out, retired ? ",领取待遇" : ended > 0 ? ",中断" : ",参保缴费");
    out_text(out, ",true");
}
