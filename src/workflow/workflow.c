#include "workflow/workflow.h"

#include "audit/audit.h"
#include "base/json.h"
#include "workflow/walk.h"

/* The end of the last working day that the row allows, or NULL when it sets no deadline. */
static struct store_value due_of(const struct work *work, const struct workflow *workflow,
                                 const struct transition *row, instant now)
{
    if (row->due_working_days <= 0 || walk_without(workflow, row->event, "due"))
        return store_null();
    day last = calendar_add_working_days(work->calendar, day_of_instant(now), row->due_working_days);
    return store_integer(day_begin(last + 1));
}

/* Writes the event row and the audit entry, which name each other. */
static enum result record(struct move *move, const struct transition *row, row_id case_id, instant now)
{
    struct work *work = move->work;
    const struct workflow *workflow = move->workflow;
    const char *to = workflow->states[row->to];
    row_id number;
    TRY(audit_next(work->tx, work->arena, &number));
    TRY(store_exec(
        work->tx, SQL_WORKFLOW_EVENT_ADD,
        STORE_BINDS({"case_id", store_integer(case_id)}, {"event", store_text(row->event)},
                    {"from_state",
                     row->from == WORKFLOW_NEW ? store_null() : store_text(workflow->states[row->from])},
                    {"to_state", store_text(to)}, {"account", store_integer(work->actor->account)},
                    {"party", store_integer(work->actor->party)}, {"at", store_integer(now)},
                    {"reason", store_text(move->reason)}, {"entry", store_integer(number)}),
        NULL));
    const struct audit_entry entry = {
        .at = now,
        .account = work->actor->account,
        .party = work->actor->party,
        .event = row->event,
        .object = workflow->name,
        .object_id = move->object_id,
        .law = row->law,
        .workflow = arena_printf(work->arena, "%s@%d", workflow->name, workflow->version),
        .rule = move->rule,
        .to = to,
        .evidence = move->evidence};
    return audit_append(work->tx, work->arena, work->random, &entry, &work->entry);
}

/* Names the moves that leave `state`, each with who may take it. */
static const char *moves_from(struct arena *arena, const struct workflow *workflow, int state, bool chinese)
{
    const char *list = "";
    for (size_t i = 0; i < workflow->transition_count; i++) {
        const struct transition *row = &workflow->transitions[i];
        if (row->from == state)
            list = arena_printf(arena, chinese ? "%s%s%s(%s)" : "%s%s%s (%s)", list,
                                *list == '\0' ? "" : (chinese ? "、" : ", "), row->event,
                                chinese ? role_chinese(row->by) : role_name(row->by));
    }
    return *list != '\0' ? list : (chinese ? "无" : "none");
}

static enum result refuse_move(struct work *work, const struct workflow *workflow, int state,
                               const char *event)
{
    struct arena *arena = work->arena;
    return REFUSE(
        work, .result = RESULT_CONFLICT,
        .zh = arena_printf(arena, "%s处于“%s”，不能办理“%s”。", workflow->zh,
                           walk_state_chinese(workflow, state), event),
        .en = arena_printf(arena, "The %s is '%s', from where there is no '%s'.", workflow->name,
                           walk_state_name(workflow, state), event),
        .remedy_zh = arena_printf(arena, "现在可以办理:%s。", moves_from(arena, workflow, state, true)),
        .remedy_en =
            arena_printf(arena, "What can be done now: %s.", moves_from(arena, workflow, state, false)));
}

static enum result add_case(struct work *work, const struct workflow *workflow, row_id object_id,
                            const struct transition *row, instant now, row_id *ret_id)
{
    struct store_row added;
    enum result result =
        store_one(work->tx, work->arena, SQL_WORKFLOW_CASE_ADD,
                  STORE_BINDS({"kind", store_text(workflow->name)}, {"object_id", store_integer(object_id)},
                              {"version", store_integer(workflow->version)},
                              {"state", store_text(workflow->states[row->to])}, {"since", store_integer(now)},
                              {"due", due_of(work, workflow, row, now)}),
                  &added);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT,
                      .zh = arena_printf(work->arena, "该%s已经立案。", workflow->zh),
                      .en = arena_printf(work->arena, "This %s already has a case.", workflow->name),
                      .remedy_zh = "请在已有的办理过程中继续。", .remedy_en = "Go on with the one there is.");
    TRY(result);
    *ret_id = row_integer(&added, "id");
    return RESULT_OK;
}

enum result workflow_open(struct work *work, const struct workflow *workflow, row_id object_id,
                          const char *event, const json_t *input, void *context)
{
    const struct transition *row = walk_row(workflow, WORKFLOW_NEW, event, work->actor->role);
    if (row == NULL)
        return refuse_move(work, workflow, WORKFLOW_NEW, event);
    struct move move = {.work = work,
                        .workflow = workflow,
                        .object_id = object_id,
                        .event = event,
                        .reason = json_text(input, "reason"),
                        .input = input,
                        .context = context};
    TRY(walk_ask(&move, row, 0));
    instant now = work_now(work);
    row_id id = 0;
    TRY(add_case(work, workflow, object_id, row, now, &id));
    return record(&move, row, id, now);
}

enum result workflow_step(struct work *work, workflow_list all, const struct workflow *latest,
                          row_id object_id, const char *event, const char *reason, const json_t *input,
                          void *context, int *ret_state)
{
    struct workflow_case found;
    TRY(walk_find(work, all, latest, object_id, &found));
    const struct transition *row = walk_row(found.workflow, found.state, event, work->actor->role);
    if (row == NULL)
        return refuse_move(work, found.workflow, found.state, event);
    struct move move = {.work = work,
                        .workflow = found.workflow,
                        .object_id = object_id,
                        .event = event,
                        .reason = reason,
                        .input = input,
                        .context = context};
    TRY(walk_ask(&move, row, found.id));
    instant now = work_now(work);
    TRY(store_exec(
        work->tx, SQL_WORKFLOW_CASE_MOVE,
        STORE_BINDS({"id", store_integer(found.id)}, {"state", store_text(found.workflow->states[row->to])},
                    {"since", store_integer(now)}, {"due", due_of(work, found.workflow, row, now)}),
        NULL));
    TRY(record(&move, row, found.id, now));
    if (ret_state != NULL)
        *ret_state = row->to;
    return RESULT_OK;
}
