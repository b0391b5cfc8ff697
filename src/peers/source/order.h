/* An order: what the platform asks a source to deliver, signed with the platform's order key.
 *
 * Its text is canonical JSON (compact, keys sorted):
 *   {"order":7,"grant":3,"resource":"code","columns":["a","b"],
 *    "rows":[{"column":"a","op":"=","value":1}],
 * "period":{"column":"d","from":"2024-01-01","to":"2024-12-31"} or null, "public_key":"hex
 * X25519","issued":"RFC 3339","expires":"RFC 3339"} `op` is one of = <> < <= > >= in; `in` takes a list. All
 * conditions and the period hold together; both ends of the period belong to it. A row whose cell is missing
 * fulfils no condition on it. */
#pragma once

#include "base/digest.h"
#include "peers/source/config.h"

enum order_operator {
    ORDER_EQUAL,
    ORDER_DIFFERENT,
    ORDER_BELOW,
    ORDER_TO,
    ORDER_ABOVE,
    ORDER_FROM,
    ORDER_IN
};

struct order_condition {
    const char *column;
    enum order_operator op;
    const json_t *value; /* a list for ORDER_IN; borrowed from order.json */
    bool period;         /* an end of the period: its column must hold dates or times */
};

struct order {
    int64_t order;
    int64_t grant;
    const char *resource;
    const char *const *columns; /* in the order's order; at least one, all different */
    size_t column_count;
    const struct order_condition *conditions; /* the period's two included */
    size_t condition_count;
    const char *public_key;
    instant issued;
    instant expires;
    struct digest digest; /* SHA-256 of the text */
    json_t *json;         /* owned */
};

/* Reads an order that came as number `id`. RESULT_FORBIDDEN when the signature is not the platform's, which
 * is checked before anything is read; RESULT_MALFORMED or INVALID when the text is no order, or another's;
 * RESULT_TIMEOUT when it has expired at `now`, INVALID when it is dated more than ORDER_SKEW after `now`. */
#define ORDER_SKEW (5 * INSTANT_MINUTE)
enum result source_order_read(struct arena *arena, const unsigned char *order_key, int64_t id,
                              const char *text, const char *signature, instant now, struct order *ret_order,
                              struct refusal *ret_refusal);

/* Whether this agent's configuration lets it go: the resource is one of its own, no column is marked "never",
 * and columns that it declares nothing of are there for the reader to find. RESULT_NOT_FOUND, FORBIDDEN. */
enum result source_order_allowed(struct arena *arena, const struct source_config *config,
                                 const struct order *order, const struct source_resource **ret_resource,
                                 struct refusal *ret_refusal);

static inline void order_cleanup(struct order *order)
{
    json_decref(order->json);
}
#define CLEANUP_ORDER __attribute__((cleanup(order_cleanup)))
