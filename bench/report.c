/* Reads the figures as bench_tell() writes them, prints the table, and writes them as JSON.
 * report FILE.json < figures; fails when a figure misses its target. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024, FIELDS = 7 };

static bool split(char *line, char **fields)
{
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < FIELDS; i++)
        if ((fields[i] = strsep(&line, "\t")) == NULL)
            return false;
    return true;
}

static json_t *number_or_null(const char *text)
{
    double number = strtod(text, NULL);
    return number == 0 ? json_null() : json_real(number);
}

static json_t *figure_of(char **fields)
{
    bool has_target = fields[5][0] != '\0';
    return json_pack("{s:s, s:f, s:s, s:o, s:o, s:s?, s:o}", "name", fields[0], "value",
                     strtod(fields[1], NULL), "unit", fields[2], "limit", number_or_null(fields[3]), "ratio",
                     number_or_null(fields[4]), "target", has_target ? fields[5] : NULL, "ok",
                     has_target ? json_boolean(fields[6][0] == '1') : json_null());
}

static const char *shown(const char *number)
{
    return strcmp(number, "0") == 0 ? "-" : number;
}

static void print_row(char **fields)
{
    const char *verdict = fields[5][0] == '\0' ? "" : fields[6][0] == '1' ? "ok" : "MISSED";
    (void)printf("%-58s %11s %-11s %11s %8s  %-22s %s\n", fields[0], fields[1], fields[2], shown(fields[3]),
                 shown(fields[4]), fields[5], verdict);
}

int main(int argc, char **argv)
{
    char line[LINE_BYTES], *fields[FIELDS];
    int missed = 0;
    if (argc != 2)
        return 2;
    json_t *figures = json_array();
    (void)printf("%-58s %11s %-11s %11s %8s  %-22s\n", "figure", "value", "unit", "limit", "ratio", "target");
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!split(line, fields))
            continue;
        print_row(fields);
        missed += fields[5][0] != '\0' && fields[6][0] != '1';
        (void)json_array_append_new(figures, figure_of(fields));
    }
    if (json_dump_file(figures, argv[1], JSON_INDENT(1) | JSON_REAL_PRECISION(6)) != 0)
        return 1;
    (void)printf("%zu figures, %d missed\n", json_array_size(figures), missed);
    json_decref(figures);
    return missed > 0;
}
