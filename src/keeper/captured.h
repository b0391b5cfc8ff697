/* A serving process in other hands: tries things on a real keeper and reports what is refused. */
#pragma once

#include "keeper/fixture.h"
#include "support/attack.h"

/* Reports that `tried` was stopped by `stopped`. */
void captured_stopped(const char *name, const char *tried, const char *stopped, enum result result);

/* The fixture's policy with one member changed: `path` as in JSON pointers ("/tables/0/columns/3/use"),
 * `value` JSON text; NULL takes the member out. */
json_t *captured_policy(const char *path, const char *value);

/* Has the query run under the policy (and lets go of it); the refusal's place must be `field`, unless it is
 * NULL. */
void captured_query(struct fixture *fixture, json_t *policy, row_id room, const char *sql,
                    enum result expected, const char *field);

/* Delivers with a statement; what the keeper said. */
enum result captured_deliver(struct fixture *fixture, row_id grant, const char *statement, const char *csv,
                             json_t *expected, struct refusal *ret_refusal);
