/* What the tables say, for people and programs. */
#pragma once

#include "http/app.h"

/* OpenAPI 3.1 of all tables; a new reference. */
json_t *openapi_document(const struct app *app);

/* The role × route report as text: one row a route, one column a role. */
char *permissions_report(struct arena *arena, const struct app *app);
