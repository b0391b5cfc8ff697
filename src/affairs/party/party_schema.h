#pragma once

#include "http/schema.h"

extern const struct schema login_schema, login_token_schema, session_schema, acting_schema, password_schema;
extern const struct schema party_new_schema, party_schema, party_query_schema;
extern const struct schema account_new_schema, account_schema, account_duties_schema;
extern const struct schema token_new_schema, token_schema, token_made_schema;
extern const struct schema delegation_new_schema, delegation_schema;
extern const struct schema holding_new_schema, holding_schema, holding_query_schema;
