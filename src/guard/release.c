#include "guard/release.h"

#include "base/mutation.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_THRESHOLD, RULE_P_PERCENT, RULE_TOP_TWO, RULE_ROUNDING, RULE_TOTAL };

static const struct release_rule rules[RULE_TOTAL] = {
    [RULE_THRESHOLD] = {"release_threshold", LAW(EGRESS_REVIEW)},
    [RULE_P_PERCENT] = {"release_p_percent", LAW(EGRESS_REVIEW)},
    [RULE_TOP_TWO] = {"release_top_two", LAW(EGRESS_REVIEW)},
    [RULE_ROUNDING] = {"release_rounding", LAW(EGRESS_REVIEW)},
};

const struct release_rule *release_rules(size_t *ret_count)
{
    *ret_count = RULE_TOTAL;
    return rules;
}

static bool is_asked(int rule)
{
    return !mutation_without(rules[rule].name);
}

enum result release_fits(const struct release_plan *plan, const struct engine_answer *answer)
{
    if (answer->column_count != plan->column_count)
        return RESULT_CORRUPT;
    /* The names are shown before any review, so they are the query's and not the worker's. */
    for (size_t i = 0; i < plan->output_count; i++)
        if (strcmp(answer->columns[i].name, plan->outputs[i].name) != 0)
            return RESULT_CORRUPT;
    for (size_t i = plan->output_count; i < plan->column_count; i++) {
        size_t measure = i - plan->output_count;
        bool count = measure < plan->resource_count || (measure - plan->resource_count) % 4 == 0;
        if (answer->columns[i].type != (count ? ENGINE_INTEGER : ENGINE_DOUBLE))
            return RESULT_CORRUPT;
    }
    return RESULT_OK;
}

static bool is_few(const struct policy *policy, const struct engine_column *subjects, size_t row)
{
    return subjects->nulls[row] || subjects->integers[row] < policy->threshold;
}

unsigned release_row_faults(const struct policy *policy, const struct release_plan *plan,
                            const struct engine_answer *answer, size_t row)
{
    if (!is_asked(RULE_THRESHOLD))
        return 0;
    for (size_t r = 0; r < plan->resource_count; r++)
        if (is_few(policy, &answer->columns[release_rows_column(plan, r)], row))
            return CELL_FEW;
    return 0;
}

/* Comparisons are written so that NaN fails. */
static unsigned dominance_faults(const struct policy *policy, const struct engine_column *measures,
                                 size_t row)
{
    if (measures[1].nulls[row])
        return 0;
    double total = measures[1].doubles[row];
    double first = measures[2].doubles[row];
    double second = measures[3].doubles[row];
    unsigned faults = 0;
    if (is_asked(RULE_P_PERCENT) && !(total - first - second >= first * policy->p_percent / 100))
        faults |= CELL_P_PERCENT;
    if (is_asked(RULE_TOP_TWO) && !(first + second <= total * policy->k_percent / 100))
        faults |= CELL_TOP_TWO;
    return faults;
}

unsigned release_cell_faults(const struct policy *policy, const struct release_plan *plan,
                             const struct engine_answer *answer, size_t row, size_t output)
{
    unsigned faults = release_row_faults(policy, plan, answer, row);
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        if ((plan->outputs[output].aggregates >> i & 1) == 0)
            continue;
        for (size_t r = 0; r < plan->resource_count; r++) {
            const struct engine_column *measures = &answer->columns[release_measure_column(plan, i, r)];
            if (is_asked(RULE_THRESHOLD) && is_few(policy, &measures[0], row))
                faults |= CELL_FEW;
            faults |= dominance_faults(policy, measures, row);
        }
    }
    return faults;
}

/* ---- what may leave ---- */

static size_t rows_kept(const struct policy *policy, const struct release_plan *plan,
                        const struct engine_answer *answer, size_t *rows)
{
    size_t kept = 0;
    for (size_t row = 0; row < answer->rows; row++)
        if (release_row_faults(policy, plan, answer, row) == 0)
            rows[kept++] = row;
    return kept;
}

static double rounded(double value, double base)
{
    double result = nearbyint(value / base) * base;
    return isfinite(result) ? result : value;
}

static int64_t rounded_whole(int64_t value, double base)
{
    double result = rounded((double)value, base);
    return result >= -9.2e18 && result <= 9.2e18 ? (int64_t)result : value;
}

/* Digits after the point that the base needs, so that 0.1 + 0.2 does not print as 0.30000000000000004. */
static int places_of(double base)
{
    int places = 0;
    while (places < 9 && fabs(base - nearbyint(base)) > 1e-9) {
        base *= 10;
        places++;
    }
    return places;
}

static struct engine_text rounded_text(struct arena *arena, struct engine_text text, double base)
{
    const char *number =
        arena_printf(arena, "%.*f", places_of(base), rounded(strtod(text.bytes, NULL), base));
    return (struct engine_text){.bytes = number, .size = strlen(number)};
}

static bool is_text(enum engine_type type)
{
    return type == ENGINE_TEXT || type == ENGINE_DECIMAL;
}

static void copy_values(struct arena *arena, const struct engine_column *from, const size_t *rows,
                        size_t count, double base, struct engine_column *to)
{
    if (is_text(from->type)) {
        struct engine_text *texts = arena_new_array(arena, struct engine_text, count);
        for (size_t i = 0; i < count; i++)
            texts[i] = base > 0 && from->type == ENGINE_DECIMAL && !to->nulls[i]
                           ? rounded_text(arena, from->texts[rows[i]], base)
                           : from->texts[rows[i]];
        to->texts = texts;
    } else if (from->type == ENGINE_DOUBLE) {
        double *doubles = arena_new_array(arena, double, count);
        for (size_t i = 0; i < count; i++)
            doubles[i] = base > 0 ? rounded(from->doubles[rows[i]], base) : from->doubles[rows[i]];
        to->doubles = doubles;
    } else {
        int64_t *integers = arena_new_array(arena, int64_t, count);
        for (size_t i = 0; i < count; i++)
            integers[i] = base > 0 && from->type == ENGINE_INTEGER
                              ? rounded_whole(from->integers[rows[i]], base)
                              : from->integers[rows[i]];
        to->integers = integers;
    }
}

/* A NULL's value must not leave either: it is overwritten. */
static void blank(struct engine_column *column, const uint8_t *nulls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!nulls[i])
            continue;
        if (is_text(column->type))
            ((struct engine_text *)column->texts)[i] = (struct engine_text){.bytes = "", .size = 0};
        else if (column->type == ENGINE_DOUBLE)
            ((double *)column->doubles)[i] = 0;
        else
            ((int64_t *)column->integers)[i] = 0;
    }
}

static struct engine_column release_column(struct arena *arena, const struct policy *policy,
                                           const struct release_plan *plan,
                                           const struct engine_answer *answer, size_t output,
                                           const size_t *rows, size_t count)
{
    const struct engine_column *from = &answer->columns[output];
    struct engine_column column = {.name = from->name, .type = from->type};
    uint8_t *nulls = arena_new_array(arena, uint8_t, count);
    for (size_t i = 0; i < count; i++)
        nulls[i] = from->nulls[rows[i]] || release_cell_faults(policy, plan, answer, rows[i], output) != 0;
    column.nulls = nulls;
    bool rounds = plan->outputs[output].aggregates != 0 && is_asked(RULE_ROUNDING);
    copy_values(arena, from, rows, count, rounds ? policy->rounding : 0, &column);
    blank(&column, nulls, count);
    return column;
}

enum result release_withhold(struct arena *arena, const struct policy *policy,
                             const struct release_plan *plan, const struct engine_answer *answer,
                             struct release_withheld *ret_withheld)
{
    TRY(release_fits(plan, answer));
    struct policy exact = *policy;
    struct release_withheld withheld = {0};
    exact.rounding = 0;
    size_t *rows = arena_new_array(arena, size_t, answer->rows);
    for (size_t row = 0; row < answer->rows; row++) {
        rows[row] = row;
        bool few = release_row_faults(policy, plan, answer, row) != 0;
        withheld.rows += few;
        for (size_t i = 0; i < plan->output_count; i++)
            withheld.cells += release_cell_faults(policy, plan, answer, row, i) != 0;
    }
    struct engine_column *columns = arena_new_array(arena, struct engine_column, plan->output_count);
    for (size_t i = 0; i < plan->output_count; i++)
        columns[i] = release_column(arena, &exact, plan, answer, i, rows, answer->rows);
    withheld.shown =
        (struct engine_answer){.rows = answer->rows, .column_count = plan->output_count, .columns = columns};
    *ret_withheld = withheld;
    return RESULT_OK;
}

enum result release_apply(struct arena *arena, const struct policy *policy, const struct release_plan *plan,
                          const struct engine_answer *answer, struct engine_answer *ret_released)
{
    TRY(release_fits(plan, answer));
    size_t *rows = arena_new_array(arena, size_t, answer->rows);
    size_t count = rows_kept(policy, plan, answer, rows);
    struct engine_column *columns = arena_new_array(arena, struct engine_column, plan->output_count);
    for (size_t i = 0; i < plan->output_count; i++)
        columns[i] = release_column(arena, policy, plan, answer, i, rows, count);
    *ret_released =
        (struct engine_answer){.rows = count, .column_count = plan->output_count, .columns = columns};
    return RESULT_OK;
}
