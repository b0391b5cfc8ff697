/* Commands that print what is declared: routes, permissions, workflows, clauses. They open no city. */
#include "command/command.h"
#include "http/dispatch.h"
#include "http/openapi.h"
#include "http/server.h"

#include <stdio.h>
#include <string.h>

int command_refused(const char *what, enum result result, const struct refusal *refusal)
{
    if (refusal == NULL || refusal->zh == NULL) {
        (void)fprintf(stderr, "dukou %s: %s\n", what, result_name(result));
        return 1;
    }
    const char *field = refusal->field != NULL ? refusal->field : "";
    (void)fprintf(stderr, "dukou %s: %s%s%s\n  → %s\n", what, field, field[0] != '\0' ? "：" : "",
                  refusal->zh, refusal->remedy_zh != NULL ? refusal->remedy_zh : "");
    (void)fprintf(stderr, "dukou %s: %s%s%s\n  → %s\n", what, field, field[0] != '\0' ? ": " : "",
                  refusal->en, refusal->remedy_en != NULL ? refusal->remedy_en : "");
    return 1;
}

static const struct app declared = {.tables = command_tables, .workflows = command_workflows};

int command_openapi(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    dispatch_check(&declared);
    CLEANUP_JSON json_t *document = openapi_document(&declared);
    (void)json_dumpf(document, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    return 0;
}

int command_permissions(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    (void)fputs(permissions_report(arena, &declared), stdout);
    return 0;
}

int command_clauses(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)puts("clause\tsymbol\tlocator\ttitle\tstate\twhere\ttest");
    for (enum law law = LAW_NONE + 1; law < LAW_COUNT; law++) {
        const struct law_clause *clause = &law_clauses[law];
        (void)printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", clause->clause, clause->symbol, clause->locator,
                     clause->zh, clause->state, clause->where, clause->test);
    }
    return 0;
}

static int list_workflows(void)
{
    (void)fputs("dukou workflow NAME [--mermaid]\n", stderr);
    for (size_t i = 0; command_workflows[i] != NULL; i++)
        (void)fprintf(stderr, "  %-14s %s\n", command_workflows[i]->name, command_workflows[i]->zh);
    return 2;
}

int command_workflow(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    bool mermaid = argc == 3 && strcmp(argv[2], "--mermaid") == 0;
    if (argc != 2 && !mermaid)
        return list_workflows();
    for (size_t i = 0; command_workflows[i] != NULL; i++)
        if (strcmp(command_workflows[i]->name, argv[1]) == 0) {
            (void)fputs(
                workflow_print(arena, command_workflows[i], mermaid ? WORKFLOW_MERMAID : WORKFLOW_GRAPHVIZ),
                stdout);
            return 0;
        }
    return list_workflows();
}
