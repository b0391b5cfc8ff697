/* What the small exchange keeps, in its own SQLite file: customers, listings, orders. Durable before a call
 * returns. Used by one thread. */
#pragma once

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"

struct exchange_state;

enum result exchange_state_open(const char *path, struct exchange_state **ret_state);
void exchange_state_close(struct exchange_state *state);

/* All give a new reference. RESULT_CONFLICT, RESULT_NOT_FOUND as exchange.h says; RESULT_IO. */

/* `token`: SHA-256 of the customer's token. CONFLICT when the credit code is known already. */
enum result exchange_state_add_customer(struct exchange_state *state, const char *name,
                                        const char *credit_code, const struct digest *token,
                                        int64_t *ret_customer);
enum result exchange_state_customer(struct exchange_state *state, const struct digest *token,
                                    int64_t *ret_customer);

enum result exchange_state_add_listing(struct exchange_state *state, const json_t *product, instant now,
                                       json_t **ret_listing);
enum result exchange_state_withdraw(struct exchange_state *state, int64_t listing);
enum result exchange_state_listings(struct exchange_state *state, int64_t after, json_t **ret_page);

struct exchange_order {
    int64_t customer;
    int64_t listing;
    int64_t quantity;
    const char *purpose;
    const char *reference; /* the customer's own, "" for none: the same again gives the same order */
};
/* NOT_FOUND for a listing that is off the market. */
enum result exchange_state_add_order(struct exchange_state *state, const struct exchange_order *order,
                                     instant now, json_t **ret_order);
enum result exchange_state_orders(struct exchange_state *state, int64_t after, json_t **ret_page);
/* One customer's own order. */
enum result exchange_state_order(struct exchange_state *state, int64_t order, int64_t customer,
                                 json_t **ret_order);
/* CONFLICT for a step back, such as a refused order granted. */
enum result exchange_state_answer(struct exchange_state *state, int64_t order, const char *answer,
                                  const char *reason, int64_t grant, json_t **ret_order);
