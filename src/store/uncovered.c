/* Tables that the audit log does not cover, each with the reason. A virtual table named here takes its shadow
 * tables with it. `audit verify` prints this list. */
#include "store/store.h"

const struct store_uncovered store_uncovered[] = {
    {"audit_entry", "the log itself, until the sealer takes the entries; each is compared with the log"},
    {"audit_salt",
     "the salts behind the log's digests; a changed or missing one shows as a fault of its rows"},
    {"balance", "sums of a party's postings, which are covered; verification adds them up again"},
    {"idempotency", "replies kept for a day, sealed, for requests sent twice; the change itself is covered"},
    {"login_failure", "wrong guesses, counted for minutes to lock an account; the lock itself is covered"},
    {"meter", "one entry a batch of rows: each batch's hash chain is recomputed from its rows"},
    {"migration", "the shape of the tables, written by the program before it serves; holds no decision"},
    {"query_run", "which process runs a query, while it runs; the query and its end are covered"},
    {"session", "who is logged in, as digests, for hours; logging in and out decides nothing"},
    {"entry_search", "an index made again from the listed entries at any time"},
    {0},
};
