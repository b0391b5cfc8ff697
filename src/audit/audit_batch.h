/* Metering: many small rows, one audit entry a batch.
 *
 * Rules
 * 1. A batch holds the rows first … last of `meter`, without gap; the next batch goes on at last + 1.
 * 2. The digest of a batch chains its rows, in their order, onto the digest of the batch before:
 *    chain = SHA-256(chain ‖ canonical row); before the first batch it is 32 zero bytes.
 * 3. The batch's audit entry binds the digest as evidence. `audit verify` recomputes every batch, so that a
 * changed, missing or added row shows.
 * 4. A call is metered once: two calls of one order with the same key are one call. */
#pragma once

#include "audit/audit.h"

#include <stdbool.h>

struct meter_call {
    row_id product;
    row_id customer; /* the party that pays */
    row_id order_id;
    instant at;
    const char *kind;     /* "verification", "score", "table" */
    int64_t units;        /* what the price counts, > 0 */
    struct digest answer; /* of the answer that was given */
    const char *call_key; /* the caller's idempotency key, NULL when it gave none */

    row_id id;      /* receives the meter row's id, that of the earlier row for a duplicate */
    bool duplicate; /* receives whether this call had been metered before */
};

#define METER_KIND_BYTES 32
#define METER_KEY_BYTES 128

/* Whether kind and key keep to their limits. */
bool audit_batch_fits(const struct meter_call *call);

/* The chain one row further. Asserts that kind and key keep to their limits. */
struct digest audit_batch_digest(const struct digest *previous, row_id id, row_id batch,
                                 const struct meter_call *call);

/* Records the calls as one batch with one audit entry, `event` "meter" under clause `law`, by the platform
 * itself. Durable when the unit of work is: call it in store_write() and answer after. All calls duplicates:
 * no batch, no entry. *ret_batch and *ret_entry (either may be NULL) receive their numbers, or −1. */
enum result meter_append(struct store_tx *tx, struct arena *arena, struct random *random, enum law law,
                         instant at, struct meter_call *calls, size_t count, row_id *ret_batch,
                         row_id *ret_entry);
