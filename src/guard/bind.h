/* Gives names their columns and expressions their types, and puts groups and aggregates in their places. */
#pragma once

#include "guard/query.h"
#include "guard/reason.h"

/* Tables, columns and types. Refuses what the room has not and what does not fit together. */
enum result bind_query(struct guard_context *context, struct query *query);

/* One expression against the query's tables. */
enum result bind_expression(struct guard_context *context, struct query *query,
                            struct expression *expression);

/* Rewrites outputs over groups and aggregates (each different one once), names them and places ORDER BY.
 * Raw columns are left where they stand: check.c refuses them. */
enum result bind_outputs(struct guard_context *context, struct query *query);
