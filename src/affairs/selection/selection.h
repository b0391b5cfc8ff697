/* Selection of operators (二(四)1): notice, applications, joint review with the providers, decision,
 * publicity, filing. Tables: selection, application, scorer, score, objection. Workflow selection: draft →
 * published → closed → scored → decided → publicised → filed. */
#pragma once

#include "http/app.h"

extern const struct route selection_routes[];
extern const struct workflow selection_workflow;
extern const struct workflow application_workflow;

/* The winner of a filed selection and what was selected for: columns operator_id, mode, scope, necessity.
 * Refuses unless filed. */
enum result selection_outcome(struct work *work, row_id selection, struct store_row *ret_outcome);
