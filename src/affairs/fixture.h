/* For the concepts' tests: a city with parties and accounts of every role, and the documents that steps cite.
 */
#pragma once

#include "support/city.h"

struct people {
    row_id bureau, provider, candidate, developer, regulator, government, customer;
    const char *clerk, *approver; /* of the bureau */
    const char *provider_clerk, *provider_approver;
    const char *source; /* the provider's agent */
    const char *operator_clerk, *operator_reviewer, *operator_approver;
    const char *developer_clerk;
    const char *regulator_clerk, *customer_clerk, *government_clerk;
};

/* All routes and workflows of the concepts, and the city's own calls; freed with the city. */
struct city *fixture_city(struct people *ret_people);

/* A further active party with one account that holds all duties: its token; the party in *ret_party (may be
 * NULL). */
const char *fixture_party(struct city *city, enum role role, const char *name, const char *credit_code,
                          row_id *ret_party);

/* A further account of a party; its token. */
const char *fixture_account(struct city *city, row_id party, enum role role, const char *login,
                            unsigned duties);

/* A document of the party, in the store only. */
row_id fixture_document(struct city *city, row_id party);

/* A credit code with a right check character, the `number`th of a series. */
const char *fixture_credit_code(struct city *city, int number);

/* Moves the clock on by whole days. */
void fixture_days(struct city *city, int days);

/* The number member of a reply. */
int64_t fixture_number(const json_t *reply, const char *member);

/* Asserts that the reply is the refusal of this field, by this clause ("2.4.1a"), and that its English reason
 * holds `words` (each may be NULL). */
void fixture_refused(const json_t *problem, const char *field, const char *clause, const char *words);

/* Enters an incident or violation about the party with this credit code; the entry's number. */
row_id fixture_credit(struct city *city, const struct people *people, const char *code, const char *kind,
                      const char *about, bool serious, const char *occurred);

/* ---- the main job, step by step, to stand on; each asserts that it worked ---- */

row_id fixture_resource(struct city *city, const struct people *people,
                        const char *code); /* registered and graded */
row_id fixture_entry(struct city *city, const struct people *people,
                     const char *code); /* listed and authorised */
row_id fixture_agreement(struct city *city,
                         const struct people *people); /* whole, in force, after a selection */
row_id fixture_admission(struct city *city, const struct people *people, row_id agreement);
row_id fixture_room(struct city *city, const struct people *people, row_id admission);
void fixture_release_rule(struct city *city, const struct people *people);
