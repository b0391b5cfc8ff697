/* What the provider states of the rows of a delivery, sealed together with them (vault/delivery.h): the uses,
 * levels and the subject that its configuration declares. The keeper lets no policy go beyond. */
#pragma once

#include "peers/source/order.h"

/* {"resource", "subject", "columns": {NAME: {"use","level","filterable"}}} as text, with what is declared of
 * the order's columns. */
const char *source_statement(struct arena *arena, const struct source_resource *resource,
                             const struct order *order);
