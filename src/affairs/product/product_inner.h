/* Shared by the files of this concept. */
#pragma once

#include "affairs/product/product.h"

/* What the keeper said before the transaction began; guards compare with it. */
struct product_context {
    struct digest stored; /* of the bytes as they are now */
    bool known;           /* the keeper has the product */
};

/* Guards. */
enum result room_is_own(struct move *move);
enum result product_is_own(struct move *move);
enum result product_is_whole(struct move *move);
enum result product_is_of_own_operator(struct move *move);
enum result product_agreement_is_in_force(struct move *move);
enum result reviewer_is_apart(struct move *move);
enum result sheet_was_opened(struct move *move);
enum result bytes_are_unchanged(struct move *move);
enum result product_is_filed(struct move *move);

/* Handlers, by file. */
enum result product_new(struct request *request); /* product_make.c */
enum result product_make(struct request *request);

enum result product_review_sheet(struct request *request); /* product_review.c */
enum result product_submit(struct request *request);
enum result product_approve(struct request *request);
enum result product_reject(struct request *request);
enum result product_file(struct request *request);
enum result filing_list(struct request *request);

enum result product_list_on_exchange(struct request *request); /* product_exchange.c */
enum result product_withdraw(struct request *request);
enum result order_list(struct request *request);
enum result order_show(struct request *request);
enum result order_is_seen(struct request *request);

enum result consent_record(struct request *request); /* product_consent.c */
enum result consent_list(struct request *request);
enum result consent_may_be_withdrawn(struct request *request);
enum result consent_withdraw(struct request *request);
enum result legal_basis_declare(struct request *request);
enum result legal_basis_list(struct request *request);
enum result legal_basis_is_seen(struct request *request);
enum result legal_basis_accept(struct request *request);
enum result legal_basis_withdraw(struct request *request);

enum result call_is_ordered(struct request *request); /* product_call.c */
enum result product_call(struct request *request);
enum result product_table(struct request *request);

/* Replies with the product as it is now. */
enum result product_reply(struct request *request, row_id product);
/* The step, and the reply. */
enum result product_step(struct request *request, const char *event, struct product_context *context);
/* The digest of the stored bytes; the keeper is asked outside of transactions. */
enum result product_stored(struct request *request, struct product_context *ret_context);
enum result product_without_keeper(struct work *work);

/* ---- metering (product_meter.c) ---- */

enum product_kind { PRODUCT_TABLE, PRODUCT_VERIFICATION, PRODUCT_SCORE };

/* One call that a customer waits for. */
struct product_call {
    row_id product;
    row_id customer;
    const char *subject_token; /* hexadecimal; NULL for a table */
    const char *key;           /* digest of the Idempotency-Key, or NULL */
    struct digest answer;      /* binds product, subject and answer */

    enum result result; /* RESULT_OK: metered, or had been */
    struct refusal refusal;
    enum product_kind kind; /* of the product, once metered */
    row_id meter;
    row_id order;
    bool repeated;                   /* had been metered before under this key */
    const struct product_call *twin; /* the first of two in one batch with the same key */
};

/* Checks the customer's right and meters the call, durably on return; many threads' calls share a batch. The
 * refusal's texts are static. */
enum result product_meter(const struct app *app, struct product_call *call);
/* The same for some at once: one unit of work, a result in each. */
enum result product_meter_batch(const struct app *app, struct product_call *const *calls, size_t count);
