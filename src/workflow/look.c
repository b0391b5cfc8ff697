/* What a case tells without moving it: its state, what can be done, what was done, what is overdue. */
#include "base/json.h"
#include "workflow/walk.h"

enum result workflow_state(struct work *work, const struct workflow *workflow, row_id object_id,
                           int *ret_state)
{
    struct store_row row;
    TRY(store_one(work->tx, work->arena, SQL_WORKFLOW_CASE_BY_OBJECT,
                  STORE_BINDS({"kind", store_text(workflow->name)}, {"object_id", store_integer(object_id)}),
                  &row));
    int state = walk_state_number(workflow, row_text(&row, "state"));
    if (state < 0)
        return RESULT_CORRUPT;
    *ret_state = state;
    return RESULT_OK;
}

/* Asks one row on trial: what stands in the way is in *ret_refusal, not in work->refusal. */
static enum result try_row(struct work *work, const struct workflow_case *found, const struct transition *row,
                           row_id object_id, void *context, struct refusal *ret_refusal)
{
    struct work trial = *work;
    trial.refusal = ret_refusal;
    struct move move = {.work = &trial,
                        .workflow = found->workflow,
                        .object_id = object_id,
                        .event = row->event,
                        .context = context,
                        .preview = true};
    return walk_ask(&move, row, found->id);
}

/* Results that mean "not now" rather than a failure of the store. */
static bool is_refusal(enum result result)
{
    return result != RESULT_IO && result != RESULT_CORRUPT && result != RESULT_MEMORY &&
           result != RESULT_BUSY;
}

enum result workflow_actions(struct work *work, workflow_list all, const struct workflow *latest,
                             row_id object_id, void *context, json_t **ret_actions)
{
    struct workflow_case found;
    TRY(walk_find(work, all, latest, object_id, &found));
    CLEANUP_JSON json_t *actions = json_array();
    for (size_t i = 0; i < found.workflow->transition_count; i++) {
        const struct transition *row = &found.workflow->transitions[i];
        if (row->from != found.state)
            continue;
        struct refusal refusal = {0};
        enum result result = try_row(work, &found, row, object_id, context, &refusal);
        if (result != RESULT_OK && !is_refusal(result))
            return result;
        json_t *action = json_pack("{s:s, s:s, s:b}", "event", row->event, "to",
                                   found.workflow->states[row->to], "may", result == RESULT_OK);
        if (result != RESULT_OK) {
            (void)json_object_set_new(action, "reason_zh",
                                      json_string(refusal.zh != NULL ? refusal.zh : "现在不能办理。"));
            (void)json_object_set_new(
                action, "reason_en",
                json_string(refusal.en != NULL ? refusal.en : "This cannot be done now."));
        }
        if (json_array_append_new(actions, action) != 0)
            return RESULT_MEMORY;
    }
    *ret_actions = json_incref(actions);
    return RESULT_OK;
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *history_item(const struct store_row *row)
{
    char at[INSTANT_TEXT_SIZE];
    instant_print(row_integer(row, "at"), at);
    return json_pack("{s:s, s:o, s:s, s:I, s:I, s:s, s:o, s:I}", "event", row_text(row, "event"), "from",
                     text_or_null(row_text(row, "from_state")), "to", row_text(row, "to_state"), "account",
                     (json_int_t)row_integer(row, "account"), "party", (json_int_t)row_integer(row, "party"),
                     "at", at, "reason", text_or_null(row_text(row, "reason")), "entry",
                     (json_int_t)row_integer(row, "entry"));
}

enum result workflow_history(struct work *work, const struct workflow *workflow, row_id object_id,
                             json_t **ret_history)
{
    struct store_rows rows;
    TRY(store_many(work->tx, work->arena, SQL_WORKFLOW_EVENT_LIST,
                   STORE_BINDS({"kind", store_text(workflow->name)}, {"object_id", store_integer(object_id)}),
                   &rows));
    CLEANUP_JSON json_t *history = json_array();
    for (size_t i = 0; i < rows.count; i++)
        if (json_array_append_new(history, history_item(&rows.rows[i])) != 0)
            return RESULT_MEMORY;
    *ret_history = json_incref(history);
    return RESULT_OK;
}

static json_t *overdue_item(const struct store_row *row)
{
    char due[INSTANT_TEXT_SIZE];
    instant_print(row_integer(row, "due"), due);
    return json_pack("{s:s, s:I, s:s, s:s}", "workflow", row_text(row, "kind"), "object_id",
                     (json_int_t)row_integer(row, "object_id"), "state", row_text(row, "state"), "due", due);
}

enum result workflow_overdue(struct work *work, int limit, json_t **ret_cases)
{
    struct store_rows rows;
    TRY(store_many(work->tx, work->arena, SQL_WORKFLOW_CASE_OVERDUE,
                   STORE_BINDS({"now", store_integer(work_now(work))}, {"limit", store_integer(limit)}),
                   &rows));
    CLEANUP_JSON json_t *cases = json_array();
    for (size_t i = 0; i < rows.count; i++)
        if (json_array_append_new(cases, overdue_item(&rows.rows[i])) != 0)
            return RESULT_MEMORY;
    *ret_cases = json_incref(cases);
    return RESULT_OK;
}
