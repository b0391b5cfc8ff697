/* What a computed answer may show, and the machine's report that stands beside it in the egress review.
 *
 * A cell fails when, for any resource behind any aggregate that it rests on,
 *   threshold    fewer than policy.threshold buckets of subjects contribute;
 *   p percent    all but the two largest buckets do not reach p % of the largest;
 *   (2,k)        the two largest buckets hold more than k % of the total.
 * Buckets are sound stand-ins: at least as many subjects as buckets, and no subject larger than its bucket
 * (README.md). A row fails when its group has fewer than policy.threshold buckets of any resource: then not
 * even its dimensions leave. Values that are not numbers (NaN) fail. */
#pragma once

#include "base/arena.h"
#include "engine/engine.h"
#include "guard/policy.h"
#include "guard/print.h"

#include <jansson.h>

enum cell_fault {
    CELL_FEW = 1,       /* threshold */
    CELL_P_PERCENT = 2, /* dominance */
    CELL_TOP_TWO = 4    /* dominance (2,k) */
};

/* RESULT_CORRUPT when the answer has not the columns of the plan. */
enum result release_fits(const struct release_plan *plan, const struct engine_answer *answer);

/* A set of cell_fault; 0 when the row, or the cell of output column `output`, may leave. The answer fits. */
unsigned release_row_faults(const struct policy *policy, const struct release_plan *plan,
                            const struct engine_answer *answer, size_t row);
unsigned release_cell_faults(const struct policy *policy, const struct release_plan *plan,
                             const struct engine_answer *answer, size_t row, size_t output);

/* The report for the reviewer, a new reference:
 *   {"rule":…, "version":…,
 *    "rules":[{"name":"release_threshold","value":10,"clause":"EGRESS_REVIEW"}, …],
 *    "resources":["person"], "shape":{…as release_shape()…},
 *    "totals":{"rows","cells","rows_below_threshold","cells_below_threshold","cells_dominated_p",
 *              "cells_dominated_top_two","cells_failing","rows_released","cells_released","listed"},
 *    "rows":[{"row":0,"subjects":{"person":64},"below_threshold":false,"cells":[
 *        {"column":"total","subjects":{"person":41},"below_threshold":false,"p_percent":false,
 *         "top_two":false,"rounded":true,"weighted":false,"own_rows":false}]}]}
 * "subjects" is a lower bound (64 stands for 64 or more), the least of the aggregates in the cell; cells of
 * dimensions are left out. "weighted": a sum or average of more than a plain column, in whose digits several
 * numbers can hide; "own_rows": it reads columns of an import. Both are for the reviewer's eye. Over
 * LIMIT_REPORT_ROWS rows, only failing ones are listed, up to that many. */
json_t *release_report(const struct policy *policy, const struct release_plan *plan,
                       const struct engine_answer *answer);

/* All that the developer may learn before the review, a new reference:
 * {"rows":13,"columns":[{"name","type"}]}. Rows under the threshold are not counted: their existence is
 * somebody's secret. */
json_t *release_shape(const struct policy *policy, const struct release_plan *plan,
                      const struct engine_answer *answer);

/* What may leave: the developer's columns only, rows under the threshold dropped, failing cells NULL, numbers
 * rounded to policy.rounding. Suppressing further cells against subtraction is not done here. */
enum result release_apply(struct arena *arena, const struct policy *policy, const struct release_plan *plan,
                          const struct engine_answer *answer, struct engine_answer *ret_released);

/* The output columns with every row in its place, but what fails under `policy` missing: a failing row is all
 * missing. For whoever may see what does not leave, down to a floor. */
struct release_withheld {
    struct engine_answer shown;
    int64_t rows;  /* that are all missing */
    int64_t cells; /* those of such rows included */
};
enum result release_withhold(struct arena *arena, const struct policy *policy,
                             const struct release_plan *plan, const struct engine_answer *answer,
                             struct release_withheld *ret_withheld);

/* The first `columns` columns as {"columns":[{"name","type"}],"rows":[[…],…]}, a new reference. Decimals are
 * text, dates "2026-11-23", timestamps "2026-11-23T08:00:00.000000", numbers that are not finite null. */
json_t *release_rows(const struct engine_answer *answer, size_t columns);

/* The named rules, each of which a test can take out (base/mutation.h). */
struct release_rule {
    const char *name;
    enum law law;
};
const struct release_rule *release_rules(size_t *ret_count);
