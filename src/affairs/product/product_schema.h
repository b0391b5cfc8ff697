#pragma once

#include "http/schema.h"

extern const struct schema product_new_schema, product_schema, product_query_schema, review_sheet_schema,
    filing_schema, order_schema, order_query_schema, consent_new_schema, consent_made_schema, consent_schema,
    consent_query_schema, consent_withdraw_schema, legal_basis_new_schema, legal_basis_schema, call_schema,
    answer_schema;
