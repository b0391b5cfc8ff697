/* Stops a query when the time that its room has left is used up (SAFE_ROOM): one that starts within the quota
 * must not run on beyond it. */
#pragma once

#include "keeper/keeper.h"

struct room_quota;

/* Cancels `query` after `left_ms`, unless room_quota_end() comes before. NULL when there is no thread to be
 * had: the query then has the keeper's own limits only. */
struct room_quota *room_quota_begin(struct keeper *keeper, row_id query, int64_t left_ms);

/* True when the quota ended the query. NULL is allowed. */
bool room_quota_end(struct room_quota *quota);
