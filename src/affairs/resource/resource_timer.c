#include "affairs/resource/resource_inner.h"

/* An overdue update raises an alert, once, until the source reports newer data (二(一), RESOURCE_STANDARD).
 */
static enum result raise_alert(struct work *work, workflow_list workflows, const struct store_row *row)
{
    row_id id = row_integer(row, "id");
    json_t *body = json_pack("{s:s, s:s}", "code", row_text(row, "code"), "title", row_text(row, "title"));
    json_keep(work->arena, body);
    TRY(store_exec(work->tx, SQL_RESOURCE_SET_OVERDUE,
                   STORE_BINDS({"id", store_integer(id)}, {"today", store_integer(work_today(work))}), NULL));
    return workflow_step(work, workflows, &resource_workflow, id, "overdue", NULL, body, NULL, NULL);
}

enum result resource_raise_alerts(struct work *work, workflow_list workflows)
{
    struct store_rows rows;
    TRY(store_many(work->tx, work->arena, SQL_RESOURCE_OVERDUE_NEW,
                   STORE_BINDS({"today", store_integer(work_today(work))}), &rows));
    for (size_t i = 0; i < rows.count; i++)
        TRY(raise_alert(work, workflows, &rows.rows[i]));
    return RESULT_OK;
}
