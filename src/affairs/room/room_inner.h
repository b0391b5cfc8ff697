/* Shared by the files of this concept. */
#pragma once

#include "affairs/room/room.h"

extern const struct schema room_new_schema, room_schema, import_new_schema, import_schema,
    import_proof_schema, join_schema, join_made_schema;
extern const struct schema query_new_schema, query_schema;

enum result import_find(struct work *work, row_id id, struct store_row *ret_row);

/* Guards. */
enum result room_is_for_own_operator(struct move *move);
enum result room_is_free_to_open(struct move *move);
enum result import_is_own(struct move *move);
enum result import_is_for_own_operator(struct move *move);
enum result source_is_proven(struct move *move);

/* Open, its admission or agreement in force, and time left on its quota. */
enum result room_is_usable(struct work *work, row_id room, struct store_row *ret_room);
/* Refuses a join of what are no keys of tables that are in the room: an import whose source is not proven is
 * not in it (FUSION). */
enum result join_is_of_the_room(struct work *work, row_id room, const json_t *join);
/* RESULT_NOT_FOUND unless the caller's party works in the room, runs it, or supervises. */
enum result room_is_seen(struct request *request, row_id room);
enum result room_is_worked_in(struct request *request, row_id room, struct store_row *ret_room);

/* Routes. */
enum result query_run(struct request *request);
enum result query_list(struct request *request);
enum result query_show(struct request *request);
enum result query_events(struct request *request);
enum result query_cancel(struct request *request);
enum result import_declare(struct request *request);
enum result import_load(struct request *request);
enum result import_list(struct request *request);
enum result import_show(struct request *request);
enum result import_accept(struct request *request);
enum result import_refuse(struct request *request);
enum result import_prove(struct request *request);
enum result import_is_seen(struct request *request);
enum result query_is_seen(struct request *request);
enum result room_close(struct request *request);
