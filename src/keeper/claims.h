/* What entries of the log say of the keeper's own acts, held against what the keeper did; and the other way
 * round.
 *
 * 1. An entry that claims an act (a result sealed, a slice received, an order signed, a product made, the
 * bytes that were approved, a key destroyed) is refused unless the keeper did it. Of what is destroyed by
 * now, the certificate knows.
 * 2. What the keeper gives out of its own accord must show in the log: a result opened, an unapproved product
 * read (open_review_sheet), an order signed (order). So much may be on its way (LIMIT_KEEPER_UNACCOUNTED);
 * more is not given out until the log has accounted for it. An entry counts once the checkpoint over it is
 * signed.
 * 3. An index answers once the approval of its bytes stands under a signed checkpoint; approved bytes are not
 * replaced. The approval is kept as approved/PRODUCT under the product's key. Products that are there when a
 * keeper is first shown a log are taken as approved.
 *
 * 2 and 3 hold from the moment the keeper is shown a log; serve does so when it starts. */
#pragma once

#include "keeper/authority.h"
#include "keeper/serving.h"

struct claims *claims_new(void);

/* Judges one entry; `state` is a struct claims_call. What it credits waits for the checkpoint. */
struct claims_call {
    struct serving *serving;
    struct call *call;
};
enum result claims_judge(void *state, const struct entry_head *head, struct entry_reader *reader,
                         struct refusal *ret_refusal);

/* A log was shown, for the first time ever or not; what was credited since the last checkpoint is forgotten.
 */
void claims_resume(struct serving *serving, struct call *call, bool first);
/* The checkpoint is signed: what was credited holds. */
void claims_settle(struct serving *serving);

enum claim_act { CLAIM_SHEET, CLAIM_ORDER };

/* To be called before giving something out that the log must account for. RESULT_LIMIT when too much is not
 * accounted for. */
enum result claims_account(struct serving *serving, struct call *call, enum claim_act act, int64_t id);

/* RESULT_FORBIDDEN while no signed approval holds for the product's bytes. */
enum result claims_approved(struct serving *serving, int64_t product);

/* The digest that was approved. RESULT_NOT_FOUND. */
enum result claims_approval(struct serving *serving, int64_t product, struct digest *ret_digest);
