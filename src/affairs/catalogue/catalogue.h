/* The authorised catalogue (二(五)1) and the provider's authorisation, an act of its own (二(二)).
 *
 * Tables: entry(id, resource_id, resource_version, title, code, provider_id, grade, level, version,
 * listed_at), entry_search, authorisation(id, entry_id, provider_id, agreement_id, conditions, from_day,
 * until_day). Workflow entry: proposed (bureau) → concurred | absence recorded (provider's deadline passed) →
 * listed → delisted. Workflow authorisation: drafted by the provider's clerk → in_force by its approver →
 * revoked. */
#pragma once

#include "http/app.h"

extern const struct route catalogue_routes[];
extern const struct workflow entry_workflow;
extern const struct workflow authorisation_workflow;

/* Columns of entry. */
enum result catalogue_entry(struct work *work, row_id entry, struct store_row *ret_entry);

/* All steps of the procedure for using `entry` under `agreement` today: resource registered and graded, entry
 * listed, provider's authorisation in force for that agreement, agreement's scope covers it. Refuses naming
 * the step that lacks. */
enum result catalogue_may_use(struct work *work, row_id entry, row_id agreement);
