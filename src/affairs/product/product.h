/* Products (二(六)3): made in a room, reviewed for egress, filed with the bureau, listed on the exchange, ordered there, called here.
 * Two tiers, told apart everywhere: public_data_product (the operator's) and data_product (a developer's). Kinds: table (fixed bytes bound by digest), verification, score.
 * Tables: product, filing, listing, order_, consent, legal_basis, call metering (audit_batch.h). Workflow product: draft → submitted → approved | rejected → filed → listed → withdrawn. */
#pragma once

#include "http/app.h"

extern const struct route product_routes[];
extern const struct workflow product_workflow;

/* Columns id, tier, kind, room_id, agreement_id, party_id, operator_id, title, digest, state. */
enum result product_by_id(struct work *work, row_id product, struct store_row *ret_product);
