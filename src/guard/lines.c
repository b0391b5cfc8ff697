#include "guard/lines.h"

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(struct arena *arena, const char *path)
{
    enum { MOST = 4 * 1024 * 1024 };
    const char *source = getenv("DUKOU_SOURCE");
    FILE *file = fopen(arena_printf(arena, "%s/%s", source != NULL ? source : ".", path), "re");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    char *text = arena_alloc(arena, MOST);
    size_t size = fread(text, 1, MOST - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    return text;
}

struct lines lines_read(struct arena *arena, const char *path, size_t columns)
{
    char *text = read_all(arena, path);
    size_t most = 1;
    for (const char *at = text; *at != '\0'; at++)
        most += *at == '\n';
    struct lines lines = {.rows = arena_new_array(arena, const char *const *, most)};
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[0] == '\0' || strcmp(line, "#") == 0 || strncmp(line, "# ", 2) == 0)
            continue;
        const char **row = arena_new_array(arena, const char *, columns);
        char *cells = line;
        for (size_t i = 0; i < columns; i++)
            row[i] = i + 1 < columns ? strsep(&cells, "\t") : cells;
        if (row[columns - 1] == NULL)
            fail_msg("%s: %s: too few columns", path, line);
        lines.rows[lines.count++] = row;
    }
    return lines;
}
