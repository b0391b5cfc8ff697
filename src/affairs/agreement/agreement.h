/* Agreements with operators (二(三), 二(四)): mode, scope, term of three years, trial of at most six months
 * outside it, exit. Tables: agreement(id, selection_id, operator_id, mode whole|individual, scope JSON,
 * necessity, trial_months, trial_from, from_day, until_day, hand_over…), hand_over_item. Workflow agreement:
 * draft → offered (bureau) → signed (operator) → in_force (bureau's approver) → closing → closed. */
#pragma once

#include "http/app.h"

extern const struct route agreement_routes[];
extern const struct workflow agreement_workflow;

/* Refuses unless `agreement` is in force at this instant (state and term) — and for `operator`, when not 0.
 */
enum result agreement_in_force(struct work *work, row_id agreement, row_id operator_party);

/* Whether its scope covers a catalogue entry (a whole agreement: every listed entry; an individual: those of
 * its field, district or list). */
enum result agreement_covers(struct work *work, row_id agreement, const struct store_row *entry);

/* Columns id, operator_id, mode, … */
enum result agreement_by_id(struct work *work, row_id agreement, struct store_row *ret_agreement);

/* The operator's agreement in force, RESULT_NOT_FOUND without. */
enum result agreement_of_operator(struct work *work, row_id operator_party, row_id *ret_agreement);

/* Keeps a keeper's certificate of deletion with the agreement that the key belonged to; once, however often
 * it is told. In the unit that records the end of what the key was for, so that none is lost by a crash. */
enum result agreement_keep_certificate(struct work *work, row_id agreement, const json_t *certificate);

/* What closes with an agreement; given by main.c so that this floor need not know the concepts above it: stop
 * work, then list and end the grants. */
struct agreement_exit {
    enum result (*stop)(struct request *request, row_id agreement); /* within a second */
    enum result (*end)(struct request *request,
                       row_id agreement); /* destroys keys, keeps their certificates */
};
/* app->agreement_exits: ends with {0}. */
