/* The data exchange (数据流通交易平台) as the platform sees it: another organisation's system, reached over
 * its HTTP API. The platform lists approved products there; orders start there (plan 二(六)3).
 *
 * The API
 *   POST   /customers            {"name","credit_code"}          → {"customer","token"}    anyone
 *   GET    /listings?after=N                                     → {"items","next"}        anyone
 *   POST   /listings             a product, see exchange_list()  → {"listing","state"}     platform
 *   DELETE /listings/{listing}   takes it off the market                                   platform
 *   POST   /orders               {"listing","quantity","purpose"[,"reference"]} → an order customer
 *   GET    /orders?after=N       orders after number N           → {"items","next"}        platform
 *   GET    /orders/{order}       one's own                       → an order                customer
 *   POST   /orders/{order}/state {"state":"granted|refused|closed","reason","grant"}       platform
 * Callers send "Authorization: Bearer TOKEN". Refusals are application/problem+json.
 *
 * An order: {"order":5,"listing":2,"product":17,"customer":{"name","credit_code"},"quantity":1000,"purpose",
 * "state":"placed|granted|refused|closed","reason","grant","at":RFC 3339}. `quantity` counts calls, or copies
 * of a table. */
#pragma once

#include "base/json.h"

#include <stdint.h>

struct exchange_peer {
    const char *url;     /* "http://127.0.0.1:9090", "https://…" */
    const char *token;   /* the platform's token at the exchange */
    const char *ca_file; /* NULL: the system's authorities */
};

/* Lists a product: {"product": id, "title", "kind": "table|verification|score", "operator": credit code,
 * "price_fen": per call or copy, "digest": SHA-256 of what was approved, "description"}. The same product
 * with the same digest again gives the number it has already (so a caller may retry); with another digest it
 * is RESULT_CONFLICT until the old listing is withdrawn. */
enum result exchange_list(const struct exchange_peer *peer, struct arena *arena, const json_t *product,
                          int64_t *ret_listing, struct refusal *ret_refusal);

/* Takes a listing off the market; one that is off already is RESULT_OK. */
enum result exchange_withdraw(const struct exchange_peer *peer, struct arena *arena, int64_t listing,
                              struct refusal *ret_refusal);

/* Orders whose number is above `after`, oldest first, at most LIMIT_PAGE_ITEMS: *ret_orders is a new array of
 * them. Ask again with the last one's number until it is empty. */
enum result exchange_orders(const struct exchange_peer *peer, struct arena *arena, int64_t after,
                            json_t **ret_orders, struct refusal *ret_refusal);

/* Tells the exchange what became of an order: `state` "granted" (with the platform's grant number), "refused"
 * (with a reason for the customer) or "closed". Saying the same again is RESULT_OK. */
enum result exchange_answer(const struct exchange_peer *peer, struct arena *arena, int64_t order,
                            const char *state, int64_t grant, const char *reason,
                            struct refusal *ret_refusal);

/* `dukou exchange --port P --state DIR`: a small exchange that plays the other side for the demo and the
 * tests. Durable in DIR/exchange.sqlite; the platform's token is made on first use in DIR/platform.token.
 * Prints one line with its address when it answers (port 0: any free one), and ends on SIGTERM or SIGINT. */
int exchange_main(int argc, char **argv);
