#pragma once

#include "http/schema.h"

extern const struct schema scope_schema, selection_body_schema, selection_schema, decide_schema,
    publicise_schema;
extern const struct schema application_new_schema, application_schema;
extern const struct schema scorer_new_schema, scorer_schema, declaration_schema, score_new_schema;
extern const struct schema objection_new_schema, objection_schema, settle_schema;
