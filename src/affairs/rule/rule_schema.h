#pragma once

#include "http/schema.h"

extern const struct schema rule_new_schema, rule_schema, rule_query_schema;

/* What a rule of this kind holds, and who may issue it; NULL for a kind that is not known. */
struct rule_kind {
    const char *name;
    const char *zh;
    unsigned issuers; /* roles */
    const struct schema *parameters;
};
const struct rule_kind *rule_kind_by_name(const char *name);
