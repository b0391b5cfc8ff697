/* Rows of the store as replies, by the schema that the route declares: a field is the column of the same
 * name. FIELD_DATE reads a day number, FIELD_INSTANT microseconds, FIELD_BOOLEAN 0 or 1; FIELD_OBJECT,
 * FIELD_LIST and FIELD_ANY read JSON text; a FIELD_LIST of choices reads an integer too: bit n stands for
 * choice n. A NULL column is left out when the field is optional, null when it is nullable. A field without a
 * column of its name is left for the handler to add. */
#pragma once

#include "http/route.h"

/* A new reference. */
json_t *row_to_json(struct arena *arena, const struct schema *schema, const struct store_row *row);

/* The reply of a handler: the row by the route's reply schema, with "entry" when this request wrote an audit
 * entry. */
enum result reply_row(struct request *request, const struct store_row *row);

/* {"id", "state", "entry"}: the short reply of a step. `state` may be NULL. Schema: reply_step_schema. */
enum result reply_step(struct request *request, row_id id, const char *state);
extern const struct schema reply_step_schema;

/* A page of a list route: rows were asked with limit = page_limit() + 1 and `id` > page_after(), ordered by
 * id. */
enum result reply_page(struct request *request, const struct store_rows *rows);
#define PAGE_BINDS(request)                                                                                  \
    {"after", store_integer(page_after(request))},                                                           \
    {                                                                                                        \
        "limit", store_integer(page_limit(request) + 1)                                                      \
    }

/* Bodies without members, and bodies with nothing but a mandatory or optional reason. */
extern const struct schema empty_schema;
extern const struct schema reason_schema; /* {"reason"} required */
extern const struct schema optional_reason_schema;

/* Members of a checked body; absent gives SQL NULL. A date becomes its day number. */
struct store_value body_text(const struct request *request, const char *name);
struct store_value body_integer(const struct request *request, const char *name);
struct store_value body_day(const struct request *request, const char *name);
struct store_value body_json(const struct request *request, const char *name); /* any member, as JSON text */
struct store_value query_text(const struct request *request, const char *name);
struct store_value query_integer(const struct request *request, const char *name);

/* {"items": […]} of what happened to a case, and of what this caller may do with it now and why not
 * otherwise. */
enum result reply_history(struct request *request, const struct workflow *workflow, row_id object_id);
enum result reply_actions(struct request *request, const struct workflow *workflow, row_id object_id,
                          void *context);
extern const struct schema history_schema;
extern const struct schema actions_schema;
