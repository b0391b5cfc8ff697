/* Reads the parser's tree (DuckDB's json_serialize_sql) into a query. Every member of every node must be
 * one that is understood, or hold its neutral value; anything else is refused, so that what a newer parser
 * adds is refused too. */
#pragma once

#include "guard/query.h"
#include "guard/reason.h"

/* Parses the tree's text: size, nesting and numbers limited; a new reference. */
enum result tree_parse(struct guard_context *context, const char *tree, json_t **ret_root);

/* The single statement as a query, unbound: names are as written. */
enum result tree_read(struct guard_context *context, const json_t *root, struct query *ret_query);

/* One expression; used by tree_read(). */
enum result tree_read_expression(struct guard_context *context, const json_t *node,
                                 struct expression **ret_expression);

/* Refuses when a member of `node` that is not in `known` (a NULL-ended list) holds more than its neutral
 * value. */
enum result tree_only(const struct guard_context *context, const json_t *node, const char *const *known);

/* The node's byte offset in the SQL text, or LOCATION_NONE. */
size_t tree_location(const json_t *node);

/* Text member, "" where it is absent. */
const char *tree_text(const json_t *node, const char *key);
