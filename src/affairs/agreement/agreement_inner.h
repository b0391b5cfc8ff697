/* Shared by the files of this concept. */
#pragma once

#include "affairs/agreement/agreement.h"

/* What opens a case: the terms as computed. */
struct agreement_terms {
    int64_t trial_months;
    bool exclusive;
};

enum result trial_is_at_most_six_months(struct move *move);
enum result agreement_is_not_exclusive(struct move *move);
enum result agreement_is_own(struct move *move);
