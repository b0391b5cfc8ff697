#pragma once

#include "http/schema.h"

extern const struct schema entry_new_schema, entry_schema, entry_case_schema, entry_query_schema,
    entry_version_schema;
extern const struct schema entry_search_schema, authorisation_new_schema, authorisation_schema,
    authorisation_query_schema;
