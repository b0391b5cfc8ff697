/* Consents and products after a restore from a backup that is older than the log. */
#include "affairs/product/product.h"

#include <string.h>

static const char reason[] = "恢复自较旧的备份 restored from an older backup";

enum result product_consent_lost(struct work *work, const struct app *app, row_id consent, bool deleted)
{
    (void)app;
    (void)deleted;
    return store_exec(work->tx, SQL_CONSENT_SET_WITHDRAWN,
                      STORE_BINDS({"id", store_integer(consent)}, {"at", store_integer(work_now(work))},
                                  {"by", store_text("subject")}),
                      NULL);
}

enum result product_basis_lost(struct work *work, const struct app *app, row_id basis, bool deleted)
{
    (void)app;
    (void)deleted;
    return store_exec(work->tx, SQL_LEGAL_BASIS_SET_WITHDRAWN,
                      STORE_BINDS({"id", store_integer(basis)}, {"at", store_integer(work_now(work))},
                                  {"reason", store_text(reason)}),
                      NULL);
}

enum result product_case_lost(struct work *work, const struct app *app, row_id workflow_case, bool deleted)
{
    struct store_row row;
    (void)deleted;
    enum result result = store_one(work->tx, work->arena, SQL_PRODUCT_OF_CASE,
                                   STORE_BINDS({"id", store_integer(workflow_case)}), &row);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    TRY(result);
    const char *state = row_text(&row, "state");
    if (strcmp(state, "listed") != 0 && strcmp(state, "listing") != 0)
        return RESULT_OK;
    return workflow_step(work, app->workflows, &product_workflow, row_integer(&row, "object_id"), "withdraw",
                         reason, NULL, NULL, NULL);
}
