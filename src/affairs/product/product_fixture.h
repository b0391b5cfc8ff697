/* For tests, those for other concepts too: products in the state that a test needs, and an exchange that does
 * as it is told. */
#pragma once

#include "affairs/fixture.h"
#include "affairs/product/product_inner.h"

struct market {
    struct city *city;
    struct people people;
    row_id agreement;
    row_id admission;
    row_id room;          /* of the developer */
    row_id operator_room; /* the operator's own */
    const char *maker;    /* who drafts, NULL: the party's usual account */
    struct product_exchange exchange;
    /* what the exchange has and was told */
    json_t *orders;
    json_t *listed;  /* offers, in their order */
    json_t *answers; /* {"order","state","grant","reason"} */
    int withdrawn;
    enum result failure; /* what it answers instead, RESULT_OK: nothing */
};

/* A city with an agreement in force, an admitted developer, rooms and a release rule. */
struct market *market_new(void);
void market_free(struct market *market);
static inline void market_cleanup(struct market **market)
{
    market_free(*market);
}
#define CLEANUP_MARKET __attribute__((cleanup(market_cleanup)))

/* A product as if it had come to `state`, whose bytes have the digest of its title. By the developer, or by
 * the operator itself (public_data_product). */
row_id market_product(struct market *market, const char *tier, const char *kind, const char *title,
                      const char *state);
/* The digest that market_product() gives it. */
struct digest market_digest(const char *title);

/* A provider as one of the product's sources. */
void market_source(struct market *market, row_id product, row_id resource, row_id provider, int64_t weight);

/* A finished query of the developer's room; the keeper has nothing of it. */
row_id market_query(struct market *market);

/* An order appears at the exchange, by the customer of `people`; its number. */
int64_t market_order(struct market *market, row_id product, int64_t quantity);
void market_sync(struct market *market);
/* The same, taken: its row here. */
row_id market_granted(struct market *market, row_id product, int64_t quantity);

/* A consent of the customer for this token (hexadecimal). */
row_id market_consent(struct market *market, row_id product, const char *token);

/* Steps a product as this account, as if the keeper had said `context`. */
enum result market_step(struct market *market, const char *who, row_id product, const char *event,
                        struct product_context *context, struct refusal *ret_refusal);

/* One metered call of the customer; `token` NULL for a table. */
enum result market_call(struct market *market, row_id product, const char *token, const char *key,
                        struct product_call *ret_call);

/* A token that stands for a subject. */
const char *market_token(struct market *market, const char *subject);
