/* The rule library (clause 三): versions, issuer, date in force; decisions cite the version they used.
 *
 * Kinds: "release" (egress thresholds), "pricing", "revenue" (formula), "admission" (an operator's rules for
 * developers; in force only after the bureau's consent, 二(五)2), "quality", "security", and others that the
 * bureau names. The owner is the issuing party. Table: rule(id, kind, owner_id, version, title, document_id,
 * parameters JSON, from_day, state); workflow rule: draft → submitted → in_force | returned → superseded. A
 * rule of the bureau needs its approver; an admission rule needs the bureau's consent. */
#pragma once

#include "http/app.h"

extern const struct route rule_routes[];
extern const struct workflow rule_workflow;

struct rule {
    row_id id;
    int version;
    const char *cite;         /* "admission@3" for audit entries */
    const json_t *parameters; /* borrowed from the arena's life */
};

/* The version of `kind` by `owner` (0: the bureau) in force on `day`; RESULT_NOT_FOUND when none is. */
enum result rule_in_force(struct work *work, const char *kind, row_id owner, day day, struct rule *ret_rule);
