#include "workflow/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hold(bool condition, const struct workflow *workflow, size_t row, const char *complaint)
{
    if (condition)
        return;
    (void)fprintf(stderr, "workflow %s@%d, row %zu: %s\n", workflow->name, workflow->version, row + 1,
                  complaint);
    abort();
}

static bool is_state(const struct workflow *workflow, int state)
{
    return state >= 0 && (size_t)state < workflow->state_count;
}

static bool is_name(const char *text)
{
    return text != NULL && *text != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static bool event_exists(const struct workflow *workflow, const char *event)
{
    for (size_t i = 0; i < workflow->transition_count; i++)
        if (strcmp(workflow->transitions[i].event, event) == 0)
            return true;
    return false;
}

static void check_row(const struct workflow *workflow, size_t at)
{
    const struct transition *row = &workflow->transitions[at];
    hold(row->from == WORKFLOW_NEW || is_state(workflow, row->from), workflow, at, "unknown state to leave");
    hold(is_state(workflow, row->to), workflow, at, "unknown state to reach");
    hold(is_name(row->event), workflow, at, "an event is named in lower case");
    hold(row->by >= 0 && row->by < ROLE_COUNT, workflow, at, "unknown role");
    hold(row->law > LAW_NONE && row->law < LAW_COUNT, workflow, at, "no clause");
    hold(row->due_working_days >= 0, workflow, at, "a deadline in the past");
    hold(row->apart_from == NULL || event_exists(workflow, row->apart_from), workflow, at,
         "apart from an event that does not exist");
    bool ended = false;
    for (size_t i = 0; i < sizeof row->guards / sizeof row->guards[0]; i++) {
        hold((row->guards[i].ask == NULL) == (row->guards[i].name == NULL), workflow, at,
             "a guard has a name and a function");
        hold(!ended || row->guards[i].ask == NULL, workflow, at, "a guard after an empty place");
        ended = row->guards[i].ask == NULL;
    }
    for (size_t i = 0; i < at; i++) {
        const struct transition *other = &workflow->transitions[i];
        hold(other->from != row->from || other->by != row->by || strcmp(other->event, row->event) != 0,
             workflow, at, "state, event and role as in an earlier row");
    }
}

/* True when some chain of rows leads from a new case to `state`. */
static bool is_reachable(const struct workflow *workflow, int state)
{
    bool reached[64] = {false};
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < workflow->transition_count; i++) {
            const struct transition *row = &workflow->transitions[i];
            if ((row->from == WORKFLOW_NEW || reached[row->from]) && !reached[row->to])
                more = reached[row->to] = true;
        }
    }
    return reached[state];
}

void workflow_check(const struct workflow *workflow)
{
    hold(is_name(workflow->name) && workflow->zh != NULL && workflow->version > 0, workflow, 0,
         "name, Chinese name or version is missing");
    hold(workflow->state_count > 0 && workflow->state_count <= 64, workflow, 0, "1 to 64 states");
    for (size_t i = 0; i < workflow->state_count; i++) {
        hold(is_name(workflow->states[i]) && strcmp(workflow->states[i], "new") != 0, workflow, 0,
             "a state is named in lower case, and not 'new'");
        hold(workflow->states_zh[i] != NULL, workflow, 0, "a state has no Chinese name");
        hold(walk_state_number(workflow, workflow->states[i]) == (int)i, workflow, 0,
             "two states of one name");
    }
    for (size_t i = 0; i < workflow->transition_count; i++)
        check_row(workflow, i);
    for (size_t i = 0; i < workflow->state_count; i++)
        hold(is_reachable(workflow, (int)i), workflow, i,
             "a state that no row reaches (its number + 1 is shown)");
}
