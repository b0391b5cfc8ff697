/* Products (二(六)3): made in a room, reviewed for egress, filed with the bureau, listed on the exchange,
 * ordered there, called here.
 *
 * Two tiers, told apart everywhere: public_data_product (an operator's, from a room of its own) and
 * data_product (a developer's). Kinds: table (fixed bytes bound by digest), verification, score.
 *
 * Tables: product, product_source, filing, product_order, consent, legal_basis; calls are metered by
 * audit/audit_batch.h. Workflow product:
 *   draft → submitted → approved → filed → listing → listed → withdrawn
 *                     → rejected → rejection_filed
 *
 * Rules
 * 1. The maker sees digest and shape; the rows are seen by the operator's reviewers alone, and each look is
 *    on record. The reviewer is another account than whoever drafted or submitted.
 * 2. An approval holds for the bytes whose digest it names: filing, listing and every use compare it.
 * 3. A customer's order comes from the exchange and is the right to call: so many calls, until a day.
 * 4. A call about a subject needs the subject's consent, or another legal basis that the operator has
 *    accepted; either can be withdrawn, and the next call is refused.
 * 5. A call is metered durably, once, before its answer leaves; with the same Idempotency-Key it is the same
 *    call. */
#pragma once

#include "http/app.h"

extern const struct route product_routes[];
extern const struct workflow product_workflow;

/* Columns id, tier, kind, room_id, agreement_id, party_id, operator_id, title, digest, state. */
enum result product_by_id(struct work *work, row_id product, struct store_row *ret_product);

/* Columns id, product_id, customer_id, quantity, used, valid_until, state, operator_id, owner_id. */
enum result product_order_by_id(struct work *work, row_id order, struct store_row *ret_order);

/* The providers whose resources a product rests on: columns provider_id, weight. */
enum result product_providers(struct work *work, row_id product, struct store_rows *ret_providers);

/* The data exchange, as functions, so that this floor need not know how it is reached; peers/exchange's
 * functions fit as they are. app->exchange; NULL: none connected, and nothing can be listed. */
struct exchange_peer;
struct product_exchange {
    const struct exchange_peer *peer;
    enum result (*list)(const struct exchange_peer *peer, struct arena *arena, const json_t *product,
                        int64_t *ret_listing, struct refusal *ret_refusal);
    enum result (*withdraw)(const struct exchange_peer *peer, struct arena *arena, int64_t listing,
                            struct refusal *ret_refusal);
    enum result (*orders)(const struct exchange_peer *peer, struct arena *arena, int64_t after,
                          json_t **ret_orders, struct refusal *ret_refusal);
    enum result (*answer)(const struct exchange_peer *peer, struct arena *arena, int64_t order,
                          const char *state, int64_t grant, const char *reason, struct refusal *ret_refusal);
};

/* A timer's work: takes new orders from the exchange, tells it what became of them, and takes withdrawn
 * products off it. May run at any time, twice at once too: an exchange order is taken once. */
enum result product_sync_orders(const struct app *app, struct arena *arena);

/* Calls of many connections that wait for one durable batch; app->product_calls. Without one, each call is a
 * batch of its own. */
struct product_calls;
struct product_calls *product_calls_new(void);
/* No call may be waiting. */
void product_calls_free(struct product_calls *calls);

/* After a restore, for struct lost_rule: a consent or another legal basis that the log names later than the
 * store knows counts as withdrawn, since that is what happens to one after it is given; a product whose case
 * went on is taken off sale, for it may have been withdrawn. */
enum result product_consent_lost(struct work *work, const struct app *app, row_id consent, bool deleted);
enum result product_basis_lost(struct work *work, const struct app *app, row_id basis, bool deleted);
enum result product_case_lost(struct work *work, const struct app *app, row_id workflow_case, bool deleted);
