/* The credit file and the regulators' view. Only regulators write the credit file; nothing is erased: repair,
 * expiry and correction are new entries that eligibility obeys (二(五)3). Table: credit_entry(id,
 * credit_code, kind violation|incident|repair|correction, serious, occurred_day, expires_day, about_id,
 * document_id, party_id). */
#pragma once

#include "http/app.h"

extern const struct route oversight_routes[];

/* Three clean years up to `applied`, and no serious violation in force: refuses naming the entries' dates and
 * kinds. An incident on the day exactly three years before the application day is outside; one day later is
 * inside. Repaired, corrected or expired entries do not count. */
enum result oversight_is_clean(struct work *work, const char *credit_code, day applied, enum law law);
