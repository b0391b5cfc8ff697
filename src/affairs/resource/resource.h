/* Resources: each provider compiles its own catalogue, with data items; the city's is the union (二(一)). No
 * row moves.
 *
 * Tables: resource(id, party_id, code, title, abstract, category, industry, region, period_from, period_to,
 * format, share_type, openness, share_mode, conditions, update_cycle_days, personal, origin, grade
 * core|important|general, level 1–4, subject_item, version, updated_at), resource_item(id, resource_id,
 * version, name, title, type, length, nullable, use key|dimension|key_dimension|measure|forbidden, level,
 * sensitive, rules), resource_description (what the source agent found: quality, sensitive items proposed;
 * the provider confirms, clause 三). Workflow resource: draft → registered → withdrawn; each correction is a
 * version. */
#pragma once

#include "http/app.h"

extern const struct route resource_routes[];
extern const struct workflow resource_workflow;

enum result resource_by_id(struct work *work, row_id resource, struct store_row *ret_resource);
enum result resource_items(struct work *work, row_id resource, int version, struct store_rows *ret_items);

/* The table of a room's policy for some columns of a resource, and the `expected` schema of its slice
 * (keeper.h). */
enum result resource_policy_table(struct work *work, row_id resource, int version, const json_t *columns,
                                  const char *table_name, json_t **ret_table);
enum result resource_expected(struct work *work, row_id resource, int version, const json_t *columns,
                              json_t **ret_expected);

/* The engine's name of an item's type, as a room's policy has it: "integer" is BIGINT. */
const char *resource_engine_type(const char *type);

/* A timer's work, as ROLE_SYSTEM: raises the alert of each resource whose update has become overdue. */
enum result resource_raise_alerts(struct work *work, workflow_list workflows);
