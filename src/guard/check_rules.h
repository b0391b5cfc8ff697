/* Runs the named rules over a bound query. Used by check.c and predicate.c. */
#pragma once

#include "guard/query.h"
#include "guard/reason.h"

enum result check_rules(const struct guard_context *context, const struct query *query);
