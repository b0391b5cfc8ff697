/* Rooms (二(三), 二(六)3): a bounded place of work for one admission: its granted slices, its own imports,
 * checked queries, sealed results. Tables: room(id, admission_id, agreement_id, operator_id, developer_id,
 * title, quota_seconds, used_ms, …), import(id, room_id, title, table_name, proof_document_id, schema JSON,
 * digest, rows), join_key(id, room_id, left, right), query(id, room_id, sql, state, shape JSON, error,
 * started, ended). Workflows room: open → closed; import: uploaded (proof attached) → accepted (operator) |
 * refused. */
#pragma once

#include "http/app.h"

extern const struct route room_routes[];
extern const struct workflow room_workflow;
extern const struct workflow import_workflow;

/* Columns id, admission_id, agreement_id, operator_id, developer_id, state. */
enum result room_by_id(struct work *work, row_id room, struct store_row *ret_room);

/* Refuses a name that the guard would not take, or that a table of the room (asked for or imported) has. */
enum result room_table_is_free(struct work *work, row_id room, const char *name);

/* The whole policy of a room as guard/policy.h reads it: granted tables, accepted imports, joins, the release
 * rule in force. */
enum result room_policy(struct work *work, row_id room, json_t **ret_policy);

/* A finished query of the room: refuses unless state done; columns id, sql, shape. */
enum result room_finished_query(struct work *work, row_id room, row_id query, struct store_row *ret_query);

/* For agreement_exit: stops what runs; destroys the keys of the rooms' results and imports, and closes the
 * rooms. */
enum result room_stop_all(struct request *request, row_id agreement);
enum result room_end_all(struct request *request, row_id agreement);

/* For struct destroyed_rule: closes a room whose key is destroyed. */
enum result room_key_destroyed(struct work *work, const struct app *app, row_id room,
                               const json_t *certificate);

/* As ROLE_SYSTEM, at the start and now and then: ends the queries whose serving process is there no more
 * (app->server). */
enum result room_end_interrupted(const struct app *app, struct arena *arena);
