#include "workflow/walk.h"

#include "base/mutation.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int walk_state_number(const struct workflow *workflow, const char *name)
{
    for (size_t i = 0; i < workflow->state_count; i++)
        if (strcmp(workflow->states[i], name) == 0)
            return (int)i;
    return -1;
}

const char *walk_state_name(const struct workflow *workflow, int state)
{
    assert(state == WORKFLOW_NEW || (size_t)state < workflow->state_count);
    return state == WORKFLOW_NEW ? "new" : workflow->states[state];
}

const char *walk_state_chinese(const struct workflow *workflow, int state)
{
    assert(state == WORKFLOW_NEW || (size_t)state < workflow->state_count);
    return state == WORKFLOW_NEW ? "新建" : workflow->states_zh[state];
}

static const struct workflow *find_version(workflow_list all, const struct workflow *latest, int version)
{
    if (latest->version == version)
        return latest;
    for (; all != NULL && *all != NULL; all++)
        if ((*all)->version == version && strcmp((*all)->name, latest->name) == 0)
            return *all;
    return NULL;
}

enum result walk_find(struct work *work, workflow_list all, const struct workflow *latest, row_id object_id,
                      struct workflow_case *ret_case)
{
    struct store_row row;
    enum result result = store_one(
        work->tx, work->arena, SQL_WORKFLOW_CASE_BY_OBJECT,
        STORE_BINDS({"kind", store_text(latest->name)}, {"object_id", store_integer(object_id)}), &row);
    if (result == RESULT_NOT_FOUND)
        return REFUSE(
            work, .result = RESULT_NOT_FOUND,
            .zh = arena_printf(work->arena, "没有编号为 %lld 的%s。", (long long)object_id, latest->zh),
            .en = arena_printf(work->arena, "There is no %s with the number %lld.", latest->name,
                               (long long)object_id),
            .remedy_zh = "请核对编号。", .remedy_en = "Check the number.");
    TRY(result);
    /* A version or state that this program does not know was written by a newer one, or by a hand. */
    const struct workflow *workflow = find_version(all, latest, (int)row_integer(&row, "version"));
    if (workflow == NULL)
        return RESULT_CORRUPT;
    int state = walk_state_number(workflow, row_text(&row, "state"));
    if (state < 0)
        return RESULT_CORRUPT;
    *ret_case = (struct workflow_case){.id = row_integer(&row, "id"),
                                       .workflow = workflow,
                                       .state = state,
                                       .since = row_integer(&row, "since")};
    return RESULT_OK;
}

bool walk_without(const struct workflow *workflow, const char *event, const char *part)
{
#ifdef DUKOU_MUTATION
    char name[256];
    (void)snprintf(name, sizeof name, "%s:%s:%s", workflow->name, event, part);
    return mutation_without(name);
#else
    (void)workflow;
    (void)event;
    (void)part;
    return false;
#endif
}

const struct transition *walk_row(const struct workflow *workflow, int state, const char *event,
                                  enum role role)
{
    const struct transition *found = NULL;
    for (size_t i = 0; i < workflow->transition_count; i++) {
        const struct transition *row = &workflow->transitions[i];
        if (row->from != state || strcmp(row->event, event) != 0 || walk_without(workflow, event, "row"))
            continue;
        if (row->by == role)
            return row;
        if (found == NULL)
            found = row;
    }
    return found;
}

static enum result ask_role(struct move *move, const struct transition *row)
{
    struct work *work = move->work;
    if (work->actor->role == row->by || walk_without(move->workflow, row->event, "role"))
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_FORBIDDEN, .law = row->law,
                  .zh = arena_printf(work->arena, "“%s”由%s办理，当前身份是%s。", row->event,
                                     role_chinese(row->by), role_chinese(work->actor->role)),
                  .en = arena_printf(work->arena, "'%s' is for the %s; you act as %s.", row->event,
                                     role_name(row->by), role_name(work->actor->role)),
                  .remedy_zh = "请由该方的账号办理。", .remedy_en = "Let an account of that party do it.");
}

static enum result ask_duty(struct move *move, const struct transition *row)
{
    struct work *work = move->work;
    if (row->duty == DUTY_ANY || (work->actor->duties & row->duty) != 0 ||
        walk_without(move->workflow, row->event, "duty"))
        return RESULT_OK;
    const char *name = "";
    for (int bit = 0; bit < DUTY_COUNT; bit++)
        if ((row->duty & 1U << bit) != 0)
            name = duty_name((enum duty_bit)bit);
    return REFUSE(
        work, .result = RESULT_FORBIDDEN, .law = row->law,
        .zh = arena_printf(work->arena, "“%s”需要承担“%s”职责的账号。", row->event, name),
        .en = arena_printf(work->arena, "'%s' needs an account with the duty '%s'.", row->event, name),
        .remedy_zh = "请由有此职责或受其委托的人员办理。",
        .remedy_en = "Let a person with that duty do it, or have it delegated.");
}

static enum result ask_apart(struct move *move, const struct transition *row, row_id case_id)
{
    struct work *work = move->work;
    if (row->apart_from == NULL || case_id == 0 || walk_without(move->workflow, row->event, "apart"))
        return RESULT_OK;
    struct store_row last;
    enum result result = store_one(
        work->tx, work->arena, SQL_WORKFLOW_EVENT_LAST,
        STORE_BINDS({"case_id", store_integer(case_id)}, {"event", store_text(row->apart_from)}), &last);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    TRY(result);
    if (row_integer(&last, "account") != work->actor->account)
        return RESULT_OK;
    return REFUSE(
        work, .result = RESULT_FORBIDDEN, .law = row->law,
        .zh = arena_printf(work->arena, "“%s”与“%s”须由不同的人员办理。", row->event, row->apart_from),
        .en = arena_printf(work->arena, "'%s' and '%s' must be done by two different persons.", row->event,
                           row->apart_from),
        .remedy_zh = "请由另一人办理，或委托代理审批人。",
        .remedy_en = "Let another person do it, or name an acting approver.");
}

static enum result ask_reason(struct move *move, const struct transition *row)
{
    struct work *work = move->work;
    if (!row->reason || move->preview || !text_is_blank(move->reason) ||
        walk_without(move->workflow, row->event, "reason"))
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(REASONS), .field = "/reason",
                  .zh = arena_printf(work->arena, "“%s”必须说明理由。", row->event),
                  .en = arena_printf(work->arena, "'%s' needs a reason.", row->event),
                  .remedy_zh = "请填写理由。", .remedy_en = "State the reason.");
}

/* The one place that asks a guard, so that any of them can be taken out by its name. */
static enum result ask_guard(struct move *move, const struct guard *guard)
{
    return mutation_without(guard->name) ? RESULT_OK : guard->ask(move);
}

enum result walk_ask(struct move *move, const struct transition *row, row_id case_id)
{
    TRY(ask_role(move, row));
    TRY(ask_duty(move, row));
    TRY(ask_apart(move, row, case_id));
    TRY(ask_reason(move, row));
    for (size_t i = 0; i < sizeof row->guards / sizeof row->guards[0] && row->guards[i].ask != NULL; i++)
        TRY(ask_guard(move, &row->guards[i]));
    return RESULT_OK;
}
