/* Shared by the files of this concept. */
#pragma once

#include "affairs/request/request.h"

/* What the opening of a case knows: the room, its admission, and the entry that is asked for. */
struct request_context {
    const struct store_row *room;
    const struct store_row *entry;
    const json_t *body;
};

enum result request_find(struct work *work, row_id id, struct store_row *ret_row);

/* Guards. */
enum result requester_is_admitted(struct move *move);
enum result entry_may_be_used(struct move *move);
enum result columns_are_offered(struct move *move);
enum result request_is_for_own_operator(struct move *move);
enum result request_may_still_be_used(struct move *move);
enum result requesting_room_is_open(struct move *move);

/* The last two, of a request's row: for what happens outside the workflow. */
enum result request_usable(struct work *work, const struct store_row *row);
enum result order_is_of_own_source(struct move *move);

/* Routes of the source agents. */
enum result source_order_list(struct request *request);
enum result source_order_delay(struct request *request);
enum result source_order_refuse(struct request *request);
enum result source_order_deliver(struct request *request);

extern const struct schema source_order_schema, source_order_query_schema, delay_schema;
