/* A city for tests: a fresh store, a clock that stands still, seeded chance, and calls that go the whole way
 * of a request (router, gate, validator, transaction, handler, problem) without a socket.
 *
 *     TEST(a_product_goes_to_review)
 *     {
 *         CLEANUP_CITY struct city *city = city_new(tables, workflows);
 *         const char *developer = city_actor(city, ROLE_DEVELOPER, 7, 3, DUTY_CLERK);
 *         const json_t *made = city_expect(city, 201, developer, "POST /products",
 * "{\"title\":\"房价指数\"}"); city_expect(city, 403, NULL, city_format(city, "POST /products/%lld/review",
 * id), "{}");
 *     }
 *
 * Replies are held against the schemas of their routes. What calls return lives as long as the city. */
#pragma once

#include "http/app.h"
#include "http/dispatch.h"
#include "store/schema.h"
#include "support/test.h"

struct city;

/* 2026-03-02T01:00:00Z: Monday, nine in the morning in China. */
#define CITY_START ((instant)1772413200 * INSTANT_SECOND)

/* Both lists must outlive the city; either may be NULL. Working days are Monday to Friday. */
struct city *city_new(const struct route_table *tables, workflow_list workflows);
/* With tables of the test's own. */
struct city *city_new_in(const struct store_schema *schema, const struct route_table *tables,
                         workflow_list workflows);
void city_free(struct city *city);

static inline void city_cleanup(struct city **city)
{
    city_free(*city);
}
#define CLEANUP_CITY __attribute__((cleanup(city_cleanup)))

/* To set keeper, calendar, jobs, rates … between calls. Set `identity` to a concept's own to test log-in:
 * tokens made by city_actor() stay valid beside it when it is set by city_use_identity(). */
struct app *city_app(struct city *city);
void city_use_identity(struct city *city, const struct identity *identity);
struct arena *city_arena(struct city *city);
const char *city_store_url(struct city *city);
void city_advance(struct city *city, instant by);

/* A token that makes the caller this actor; nothing of it is in the store. NULL in place of a token: the
 * public. */
const char *city_actor(struct city *city, enum role role, row_id account, row_id party, unsigned duties);
/* The same, of an operator's account that is left with the hand-over. */
const char *city_hand_over_actor(struct city *city, row_id account, row_id party, unsigned duties);

struct city_reply {
    int status;
    const json_t *json; /* NULL when the body is no JSON */
    const char *text;   /* NUL behind it */
    size_t size;
    const struct http_header *headers;
};

/* `call`: "POST /products/7/review" or "GET /products?limit=5" (under /api). `body`: JSON text, NULL for
 * none. `who`: a token, or "session=TOKEN;csrf=VALUE" for a call by cookie. */
struct city_reply city_call(struct city *city, const char *who, const char *call, const char *body);

/* With further headers ({0} at the end) and any bytes. */
struct city_reply city_call_with(struct city *city, const char *who, const char *call,
                                 const struct http_header *headers, const void *body, size_t size);
/* With a raw body in a memory file. */
struct city_reply city_upload(struct city *city, const char *who, const char *call, const void *bytes,
                              size_t size);

/* The value of a reply's header, NULL when it has none. */
const char *city_header(const struct city_reply *reply, const char *name);

/* Fails the test and prints the problem when the status is another. Returns the reply's JSON. */
#define city_expect(city, status, who, call, body)                                                           \
    city_expect_at(city, status, who, call, body, __FILE__, __LINE__)
const json_t *city_expect_at(struct city *city, int status, const char *who, const char *call,
                             const char *body, const char *file, int line);

/* A concept's functions in a transaction of their own, as that actor; the refusal, if any, in *ret_refusal
 * (may be NULL). */
enum result city_write(struct city *city, const char *who,
                       enum result (*part)(struct work *work, void *argument), void *argument,
                       struct refusal *ret_refusal);
enum result city_read(struct city *city, const char *who,
                      enum result (*part)(struct work *work, void *argument), void *argument,
                      struct refusal *ret_refusal);

char *city_format(struct city *city, const char *format, ...) __attribute__((format(printf, 2, 3)));
