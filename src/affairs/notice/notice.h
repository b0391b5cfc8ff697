/* Public notices: selections, outcomes, agreements, catalogue changes. Anyone reads them.
 * Table: notice(id, kind, object, object_id, title, body JSON, from_at, until_at, party_id). */
#pragma once

#include "http/app.h"

extern const struct route notice_routes[];

/* Publishes from now until `until` (0: without end). */
enum result notice_publish(struct work *work, const char *kind, const char *object, row_id object_id,
                           const char *title, const json_t *body, instant until, enum law law,
                           row_id *ret_notice);
