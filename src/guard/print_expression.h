/* Prints one expression for DuckDB so that no row's values can make it fail: what can leave its range is
 * NULL there, and so are a division by zero, a logarithm of what is not above zero and a cast that does not
 * fit. Tables are called t0, t1, …, groups g0, g1, …, aggregates a0, a1, … */
#pragma once

#include "guard/query.h"
#include "guard/writer.h"

void print_expression(struct writer *writer, const struct expression *expression);
