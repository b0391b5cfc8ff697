#pragma once

#include "http/schema.h"

extern const struct schema price_new_schema, price_schema, bill_schema, bill_whole_schema, bill_query_schema,
    ledger_schema, ledger_query_schema, balance_schema, reversal_schema;
