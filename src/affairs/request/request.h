/* Requests for a resource, its orders to the source, and the grants made of them (二(六)1).
 * Tables: request(id, admission_id, room_id, entry_id, purpose, columns JSON, rows JSON, period JSON),
 * grant_(id, request_id, room_id, agreement_id, resource_id, resource_version, key, state, digest, rows),
 * source_order(id, grant_id, provider_id, text, signature, expires). Workflow request: submitted → approved |
 * refused → ordered → delivered | delayed → …; refused_by_source relays the reason. */
#pragma once

#include "http/app.h"

extern const struct route request_routes[];
extern const struct workflow request_workflow;

/* The delivered grants of a room: columns grant_id, resource_id, resource_version, columns, code, table_name.
 */
enum result request_grants_of_room(struct work *work, row_id room, struct store_rows *ret_grants);

/* For struct destroyed_rule: ends a grant whose key is destroyed. */
enum result request_key_destroyed(struct work *work, const struct app *app, row_id grant,
                                  const json_t *certificate);

/* For agreement_exit: destroys the keys of the agreement's grants. */
enum result request_end_grants(struct request *request, row_id agreement);
