/* Shared by the files of this concept. */
#pragma once

#include "affairs/developer/developer.h"

/* What the opening of a case knows. */
struct admission_context {
    row_id operator_party;
    bool rule_found;
};

enum result admission_is_open(struct move *move);
enum result developer_is_able(struct move *move);
enum result developer_is_clean(struct move *move);
enum result developer_is_no_affiliate(struct move *move);
enum result admission_is_for_own_operator(struct move *move);
enum result admission_is_own(struct move *move);
enum result contract_is_offered(struct move *move);
