/* Parties (organisations), their accounts, delegations, log-in, and the holdings that make affiliates.
 *
 * An organisation registers itself with its credit code and its first account; the bureau accepts it; the
 * security administrator activates accounts and their duties. Nobody acts for another: a delegation names who
 * may act, for what duties, from when to when, and on what basis, so that a unit of one clerk gets an acting
 * approver. Tables: party, account, session, token, delegation, holding. */
#pragma once

#include "http/app.h"

extern const struct route party_routes[];
extern const struct workflow party_workflow; /* applied → active → ended */
extern const struct identity party_identity;

/* Columns id, role, name, credit_code, region, state. */
enum result party_by_id(struct work *work, row_id party, struct store_row *ret_party);
enum result party_by_credit_code(struct work *work, const char *credit_code, struct store_row *ret_party);

/* Refuses when `candidate` is `party`, or linked to it by recorded holdings (any direction, any length up to
 * 6), as of today; the refusal shows the path of links by credit codes. */
enum result party_is_no_affiliate(struct work *work, row_id party, row_id candidate, enum law law);

/* Ends log-ins and tokens of a party; accounts listed as hand-over accounts keep a log-in that sees the
 * hand-over only. */
enum result party_close_accounts(struct work *work, row_id party);

/* After a restore. For struct lost_rule: tokens that were ended stay ended; an account about which the store
 * knows less than the log waits for the security administrator again (its state, duties or password may have
 * changed; administrators excepted, or nobody could go on), without tokens; so does a delegation end. */
enum result party_token_lost(struct work *work, const struct app *app, row_id token, bool deleted);
enum result party_account_lost(struct work *work, const struct app *app, row_id account, bool deleted);
enum result party_delegation_lost(struct work *work, const struct app *app, row_id delegation, bool deleted);
/* Ends every session: which of them had ended is in no log. */
enum result party_end_sessions(struct work *work);

/* The three administrators and the bureau with its first two accounts, for a new city. Passwords are given;
 * returns the ids. */
struct party_founding {
    const char *bureau_name, *bureau_credit_code;
    const char *clerk_login, *clerk_password, *approver_login, *approver_password;
    const char *system_login, *system_password, *security_login, *security_password, *audit_login,
        *audit_password;
};
enum result party_found_city(struct work *work, const struct party_founding *founding, row_id *ret_bureau);
