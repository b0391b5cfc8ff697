#pragma once

#include "http/schema.h"

extern const struct schema admission_new_schema, admission_schema, admission_query_schema, contract_schema;
extern const struct schema report_new_schema, report_schema;
