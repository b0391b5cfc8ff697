/* Diagrams: each edge names the event, who takes it and the clause's locator in the plan. */
#include "workflow/walk.h"

static const char *edge_notes(struct arena *arena, const struct transition *row, const char *line_break)
{
    const char *notes = "";
    if (row->apart_from != NULL)
        notes = arena_printf(arena, "%s%snot who did: %s", notes, line_break, row->apart_from);
    if (row->reason)
        notes = arena_printf(arena, "%s%swith reason", notes, line_break);
    if (row->due_working_days > 0)
        notes = arena_printf(arena, "%s%sdue in %d working days", notes, line_break, row->due_working_days);
    for (size_t i = 0; i < sizeof row->guards / sizeof row->guards[0] && row->guards[i].name != NULL; i++)
        notes = arena_printf(arena, "%s%s[%s]", notes, line_break, row->guards[i].name);
    return notes;
}

static char *print_graphviz(struct arena *arena, const struct workflow *workflow)
{
    char *text = arena_printf(arena,
                              "digraph %s {\n  label=\"%s %s@%d\";\n  rankdir=TB;\n"
                              "  node [shape=box, style=rounded];\n  new [shape=point];\n",
                              workflow->name, workflow->zh, workflow->name, workflow->version);
    for (size_t i = 0; i < workflow->state_count; i++)
        text = arena_printf(arena, "%s  \"%s\" [label=\"%s\\n%s\"];\n", text, workflow->states[i],
                            workflow->states_zh[i], workflow->states[i]);
    for (size_t i = 0; i < workflow->transition_count; i++) {
        const struct transition *row = &workflow->transitions[i];
        text =
            arena_printf(arena, "%s  \"%s\" -> \"%s\" [label=\"%s\\n%s\\n%s%s\"];\n", text,
                         walk_state_name(workflow, row->from), workflow->states[row->to], row->event,
                         role_chinese(row->by), law_clauses[row->law].locator, edge_notes(arena, row, "\\n"));
    }
    return arena_printf(arena, "%s}\n", text);
}

static char *print_mermaid(struct arena *arena, const struct workflow *workflow)
{
    char *text = arena_printf(arena, "---\ntitle: %s %s@%d\n---\nstateDiagram-v2\n", workflow->zh,
                              workflow->name, workflow->version);
    for (size_t i = 0; i < workflow->state_count; i++)
        text = arena_printf(arena, "%s    state \"%s\" as %s\n", text, workflow->states_zh[i],
                            workflow->states[i]);
    for (size_t i = 0; i < workflow->transition_count; i++) {
        const struct transition *row = &workflow->transitions[i];
        text = arena_printf(arena, "%s    %s --> %s : %s<br/>%s<br/>%s%s\n", text,
                            row->from == WORKFLOW_NEW ? "[*]" : workflow->states[row->from],
                            workflow->states[row->to], row->event, role_chinese(row->by),
                            law_clauses[row->law].locator, edge_notes(arena, row, "<br/>"));
    }
    return text;
}

char *workflow_print(struct arena *arena, const struct workflow *workflow, enum workflow_format format)
{
    return format == WORKFLOW_GRAPHVIZ ? print_graphviz(arena, workflow) : print_mermaid(arena, workflow);
}
