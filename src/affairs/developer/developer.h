/* Developers (二(五)2): admission by the operator's consented rules, eligibility, development agreements,
 * periodic reports. Tables: admission(id, agreement_id, operator_id, developer_id, rule cite, materials…),
 * development_agreement merged in: document, from_day, until_day; report(id, admission_id, due_day,
 * document_id, submitted_at). Workflow admission: applied → approved | refused → offered → in_force → ended.
 */
#pragma once

#include "http/app.h"

extern const struct route developer_routes[];
extern const struct workflow admission_workflow;

/* Refuses unless the admission is in force now, under an agreement in force; columns id, agreement_id,
 * operator_id, developer_id. */
enum result developer_admission_in_force(struct work *work, row_id admission,
                                         struct store_row *ret_admission);

/* A timer's work, as ROLE_SYSTEM: flags each development report that has become late; the bureau lists them.
 */
enum result developer_flag_late_reports(struct work *work, workflow_list workflows);
