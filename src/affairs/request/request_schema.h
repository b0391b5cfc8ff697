#pragma once

#include "http/schema.h"

extern const struct schema request_new_schema, request_schema, request_query_schema;
