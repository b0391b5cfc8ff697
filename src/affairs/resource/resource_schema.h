/* Bodies and replies; for other concepts too: the catalogue tells resources as they are. */
#pragma once

#include "http/schema.h"

extern const struct schema resource_body_schema, resource_schema, resource_query_schema, resource_item_schema;
extern const struct schema resource_grade_schema, description_new_schema, description_schema;
