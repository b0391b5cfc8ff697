#include "base/calendar.h"
#include "base/clock.h"
#include "base/limits.h"
#include "guard/release.h"

#include <math.h>
#include <string.h>

static json_t *columns_json(const struct engine_answer *answer, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", answer->columns[i].name, "type",
                                              engine_type_name(answer->columns[i].type)));
    return list;
}

static json_t *timestamp_json(int64_t microseconds)
{
    char text[INSTANT_TEXT_SIZE];
    instant_print(microseconds, text);
    text[strcspn(text, "Z")] = '\0';
    return json_string(text);
}

static json_t *day_json(int64_t days)
{
    char text[DAY_TEXT_SIZE];
    if (days < INT32_MIN || days > INT32_MAX)
        return json_null();
    day_print((day)days, text);
    return json_string(text);
}

static json_t *value_json(const struct engine_column *column, size_t row)
{
    if (column->nulls[row])
        return json_null();
    switch (column->type) {
    case ENGINE_TEXT:
    case ENGINE_DECIMAL:
        return json_stringn(column->texts[row].bytes, column->texts[row].size);
    case ENGINE_INTEGER:
        return json_integer(column->integers[row]);
    case ENGINE_DOUBLE:
        return isfinite(column->doubles[row]) ? json_real(column->doubles[row]) : json_null();
    case ENGINE_BOOLEAN:
        return json_boolean(column->integers[row] != 0);
    case ENGINE_DATE:
        return day_json(column->integers[row]);
    case ENGINE_TIMESTAMP:
        return timestamp_json(column->integers[row]);
    case ENGINE_TYPE_COUNT:
        break;
    }
    return json_null();
}

json_t *release_rows(const struct engine_answer *answer, size_t columns)
{
    json_t *rows = json_array();
    for (size_t row = 0; row < answer->rows; row++) {
        json_t *values = json_array();
        for (size_t i = 0; i < columns; i++) {
            json_t *value = value_json(&answer->columns[i], row);
            json_array_append_new(values, value != NULL ? value : json_null());
        }
        json_array_append_new(rows, values);
    }
    return json_pack("{s:o, s:o}", "columns", columns_json(answer, columns), "rows", rows);
}

static json_int_t rows_passing(const struct policy *policy, const struct release_plan *plan,
                               const struct engine_answer *answer)
{
    json_int_t rows = 0;
    for (size_t row = 0; row < answer->rows; row++)
        rows += release_row_faults(policy, plan, answer, row) == 0;
    return rows;
}

json_t *release_shape(const struct policy *policy, const struct release_plan *plan,
                      const struct engine_answer *answer)
{
    return json_pack("{s:I, s:o}", "rows", rows_passing(policy, plan, answer), "columns",
                     columns_json(answer, plan->output_count));
}

/* ---- the report ---- */

struct totals {
    json_int_t rows_few;
    json_int_t cells;
    json_int_t few;
    json_int_t p_percent;
    json_int_t top_two;
    json_int_t failing;
};

static bool is_measured(const struct release_plan *plan, size_t output)
{
    return plan->outputs[output].aggregates != 0;
}

static int64_t subjects_of(const struct engine_column *column, size_t row)
{
    return column->nulls[row] ? 0 : column->integers[row];
}

static json_t *row_subjects(const struct release_plan *plan, const struct engine_answer *answer, size_t row)
{
    json_t *subjects = json_object();
    for (size_t r = 0; r < plan->resource_count; r++)
        json_object_set_new(subjects, plan->resources[r],
                            json_integer(subjects_of(&answer->columns[release_rows_column(plan, r)], row)));
    return subjects;
}

static json_t *cell_subjects(const struct release_plan *plan, const struct engine_answer *answer, size_t row,
                             size_t output)
{
    json_t *subjects = json_object();
    for (size_t r = 0; r < plan->resource_count; r++) {
        int64_t least = subjects_of(&answer->columns[release_rows_column(plan, r)], row);
        for (size_t i = 0; i < plan->aggregate_count; i++) {
            int64_t count = subjects_of(&answer->columns[release_measure_column(plan, i, r)], row);
            if ((plan->outputs[output].aggregates >> i & 1) != 0 && count < least)
                least = count;
        }
        json_object_set_new(subjects, plan->resources[r], json_integer(least));
    }
    return subjects;
}

static json_t *row_json(const struct policy *policy, const struct release_plan *plan,
                        const struct engine_answer *answer, size_t row)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < plan->output_count; i++) {
        if (!is_measured(plan, i))
            continue;
        unsigned faults = release_cell_faults(policy, plan, answer, row, i);
        uint64_t aggregates = plan->outputs[i].aggregates;
        json_array_append_new(
            cells, json_pack("{s:s, s:o, s:b, s:b, s:b, s:b, s:b, s:b}", "column", answer->columns[i].name,
                             "subjects", cell_subjects(plan, answer, row, i), "below_threshold",
                             (faults & CELL_FEW) != 0, "p_percent", (faults & CELL_P_PERCENT) != 0, "top_two",
                             (faults & CELL_TOP_TWO) != 0, "rounded", faults == 0 && policy->rounding > 0,
                             "weighted", (aggregates & plan->weighted) != 0, "own_rows",
                             (aggregates & plan->own) != 0));
    }
    return json_pack("{s:I, s:o, s:b, s:o}", "row", (json_int_t)row, "subjects",
                     row_subjects(plan, answer, row), "below_threshold",
                     release_row_faults(policy, plan, answer, row) != 0, "cells", cells);
}

/* Adds one row's cells; true when any of them, or the row, fails. */
static bool count_row(const struct policy *policy, const struct release_plan *plan,
                      const struct engine_answer *answer, size_t row, struct totals *totals)
{
    bool fails = release_row_faults(policy, plan, answer, row) != 0;
    totals->rows_few += fails;
    for (size_t i = 0; i < plan->output_count; i++) {
        if (!is_measured(plan, i))
            continue;
        unsigned faults = release_cell_faults(policy, plan, answer, row, i);
        totals->cells++;
        totals->few += (faults & CELL_FEW) != 0;
        totals->p_percent += (faults & CELL_P_PERCENT) != 0;
        totals->top_two += (faults & CELL_TOP_TWO) != 0;
        totals->failing += faults != 0;
        fails = fails || faults != 0;
    }
    return fails;
}

static json_t *rule_json(const char *name, const char *unit, double value, int version)
{
    return json_pack("{s:s, s:f, s:s, s:i, s:s}", "name", name, "value", value, "unit", unit, "version",
                     version, "clause", law_clauses[LAW(EGRESS_REVIEW)].symbol);
}

static json_t *rules_json(const struct policy *policy)
{
    json_t *list = json_array();
    json_array_append_new(list,
                          rule_json("release_threshold", "subjects", policy->threshold, policy->version));
    json_array_append_new(list,
                          rule_json("release_p_percent", "percent", policy->p_percent, policy->version));
    json_array_append_new(list, rule_json("release_top_two", "percent", policy->k_percent, policy->version));
    json_array_append_new(list, rule_json("release_rounding", "base", policy->rounding, policy->version));
    return list;
}

static json_t *names_json(const struct release_plan *plan)
{
    json_t *list = json_array();
    for (size_t r = 0; r < plan->resource_count; r++)
        json_array_append_new(list, json_string(plan->resources[r]));
    return list;
}

json_t *release_report(const struct policy *policy, const struct release_plan *plan,
                       const struct engine_answer *answer)
{
    struct totals totals = {0};
    json_t *rows = json_array();
    for (size_t row = 0; row < answer->rows; row++) {
        bool fails = count_row(policy, plan, answer, row, &totals);
        if ((fails || answer->rows <= LIMIT_REPORT_ROWS) && json_array_size(rows) < LIMIT_REPORT_ROWS)
            json_array_append_new(rows, row_json(policy, plan, answer, row));
    }
    json_t *counts = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rows", (json_int_t)answer->rows, "cells",
        totals.cells, "rows_below_threshold", totals.rows_few, "cells_below_threshold", totals.few,
        "cells_dominated_p", totals.p_percent, "cells_dominated_top_two", totals.top_two, "cells_failing",
        totals.failing, "rows_released", (json_int_t)answer->rows - totals.rows_few, "cells_released",
        totals.cells - totals.failing, "listed", (json_int_t)json_array_size(rows));
    return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "rule", policy->rule, "version", policy->version,
                     "rules", rules_json(policy), "resources", names_json(plan), "shape",
                     release_shape(policy, plan, answer), "totals", counts, "rows", rows);
}
