/* The makers of the rows: what generate.c wires together. */
#pragma once

#include "base/calendar.h"
#include "base/result.h"
#include "peers/generate/divisions.h"

#include <stddef.h>
#include <stdint.h>

/* ---- chance ---- */

/* SplitMix64: a stream per seed, table and row, so that any row can be made without those before it. Not for
 * secrets. */
struct draw {
    uint64_t state;
};

static inline uint64_t draw_next(struct draw *draw)
{
    uint64_t z = draw->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline struct draw draw_of(uint64_t seed, uint64_t table, uint64_t row)
{
    struct draw draw = {seed ^ (table << 56)};
    draw.state = draw_next(&draw) + row * 0xD1342543DE82EF95u;
    draw.state = draw_next(&draw);
    return draw;
}

/* Uniform in 0 … bound − 1 (to within bound / 2^32); 0 < bound < 2^32. */
static inline uint32_t draw_below(struct draw *draw, uint32_t bound)
{
    return (uint32_t)(((draw_next(draw) >> 32) * bound) >> 32);
}

/* The index of a weight, chosen in proportion; `count` weights that are not all 0. */
int draw_weighted(struct draw *draw, const uint16_t *weights, int count);

/* ---- text out ---- */

enum { OUT_ROW_BYTES = 1024, OUT_BYTES = 1 << 20 };

struct out {
    int fd;
    size_t used;
    char *bytes; /* OUT_BYTES + OUT_ROW_BYTES */
};

void out_text(struct out *out, const char *text);
void out_number(struct out *out, uint64_t number, int digits); /* padded with zeros; 0: as many as needed */
void out_date(struct out *out, day date);                      /* 2026-01-31 */
void out_month(struct out *out, int month);                    /* months since year 0: 2026-01 */
/* Ends the field or the row. A row is at most OUT_ROW_BYTES. */
void out_comma(struct out *out);
enum result out_row_end(struct out *out);
enum result out_flush(struct out *out);

/* ---- residents ---- */

#define CITIZEN_NUMBER_SIZE 19

struct resident {
    int32_t born;      /* day */
    uint16_t sequence; /* the number's 15th to 17th digit; odd: male */
    uint8_t origin;    /* district of the number */
};

struct residents;

/* The residents of a seed in their order; numbers are unique. */
struct residents *residents_new(uint64_t seed);
void residents_free(struct residents *residents);
struct resident residents_next(struct residents *residents);
void resident_number(const struct resident *resident, char *ret_text);
void resident_row(uint64_t seed, int64_t row, const struct resident *resident, struct out *out);
extern const char residents_header[];

/* ---- enterprises ---- */

#define CREDIT_CODE_SIZE 19

void enterprise_code(uint64_t seed, int64_t row, char *ret_text);
/* Heavy-tailed: about 1/n of the enterprises have n or more employees (Zipf). */
uint32_t enterprise_employees(uint64_t seed, int64_t row);
void enterprise_row(uint64_t seed, int64_t row, struct out *out);
extern const char enterprises_header[];

/* ---- social insurance ---- */

struct insurance;

struct insurance *insurance_new(uint64_t seed, int64_t residents, int64_t enterprises);
void insurance_free(struct insurance *insurance);
void insurance_row(const struct insurance *insurance, int64_t row, struct out *out);
extern const char insurance_header[];

/* The day as of which all tables stand: 2026-01-01. */
#define GENERATE_TODAY day_from_civil(2026, 1, 1)
