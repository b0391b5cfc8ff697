#pragma once

#include "http/schema.h"

extern const struct schema document_query_schema, document_schema;
