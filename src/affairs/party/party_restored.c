/* Log-ins after a restore from a backup that is older than the log. */
#include "affairs/party/party.h"

#include <string.h>

enum result party_token_lost(struct work *work, const struct app *app, row_id token, bool deleted)
{
    (void)app;
    return deleted
               ? store_exec(work->tx, SQL_TOKEN_DELETE_LOST, STORE_BINDS({"id", store_integer(token)}), NULL)
               : RESULT_OK;
}

enum result party_account_lost(struct work *work, const struct app *app, row_id account, bool deleted)
{
    struct store_row row;
    (void)app;
    (void)deleted;
    enum result result = store_one(work->tx, work->arena, SQL_ACCOUNT_BY_ID,
                                   STORE_BINDS({"id", store_integer(account)}), &row);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* the backup is older than the account */
    TRY(result);
    TRY(store_exec(work->tx, SQL_TOKEN_DELETE_OF_ACCOUNT, STORE_BINDS({"account", store_integer(account)}),
                   NULL));
    if (row_is_null(&row, "party_id") || strcmp(row_text(&row, "state"), "active") != 0)
        return RESULT_OK;
    return store_exec(work->tx, SQL_ACCOUNT_SET_STATE,
                      STORE_BINDS({"id", store_integer(account)}, {"state", store_text("pending")},
                                  {"duties", store_integer(0)}),
                      NULL);
}

enum result party_delegation_lost(struct work *work, const struct app *app, row_id delegation, bool deleted)
{
    (void)app;
    (void)deleted;
    return store_exec(work->tx, SQL_DELEGATION_SET_STATE,
                      STORE_BINDS({"id", store_integer(delegation)}, {"state", store_text("ended")}), NULL);
}

enum result party_end_sessions(struct work *work)
{
    return store_exec(work->tx, SQL_PARTY_SESSIONS_CLEAR, STORE_NO_BINDS, NULL);
}
