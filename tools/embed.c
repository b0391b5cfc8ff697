/* Build-time tool: turns data files into C tables.
 *
 *   embed sql OUT.h OUT.c FILE.sql…   named statements and numbered migrations
 *   embed law OUT.h OUT.c FILE.tsv    the plan's clauses
 *
 * A statement starts with a line "-- name: product_by_id :one" (or :many, :exec) and runs to the next such
 * line. Where PostgreSQL cannot run it, its own text follows behind a line "-- postgresql:". A file called
 * NNNN_name.sql is migration NNNN, and NNNN_name.postgres.sql what PostgreSQL runs in its place. */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 4096 };

static _Noreturn void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("embed: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail("cannot read %s", path);
    (void)fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size)
        fail("cannot read %s", path);
    (void)fclose(file);
    return text;
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        fail("cannot write %s", path);
    return file;
}

static void print_c_string(FILE *out, const char *text, size_t length)
{
    (void)fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n')
            (void)fputs(i + 1 < length ? "\\n\"\n     \"" : "\\n", out);
        else if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

static void print_c_string_or_null(FILE *out, const char *text, size_t length)
{
    if (text == NULL)
        (void)fputs("0", out);
    else
        print_c_string(out, text, length);
}

static char *upper(const char *name)
{
    char *copy = strdup(name);
    for (char *c = copy; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

struct statement {
    char *name;
    char kind[8];
    const char *text;
    size_t length;
    const char *postgres; /* NULL: the same text */
    size_t postgres_length;
    const char *file;
};

static struct statement statements[MAX_ITEMS];
static size_t statement_count;

struct migration {
    int number;
    char name[64];
    const char *text;
    const char *postgres; /* NULL: translated */
};

static struct migration migrations[MAX_ITEMS];
static size_t migration_count;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static size_t without_end(const char *text, size_t length)
{
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    return length;
}

/* Parts the text for PostgreSQL from the one for all. */
static void split_variant(struct statement *s)
{
    static const char line[] = "\n-- postgresql:\n";
    const char *at = strstr(s->text, line);
    if (at == NULL || at >= s->text + s->length)
        return;
    s->postgres = at + strlen(line);
    s->postgres_length = without_end(s->postgres, (size_t)(s->text + s->length - s->postgres));
    s->length = without_end(s->text, (size_t)(at - s->text));
    const char *second = strstr(s->postgres, line);
    if (s->length == 0 || s->postgres_length == 0 ||
        (second != NULL && second < s->postgres + s->postgres_length))
        fail("%s: %s: one text for all and one for PostgreSQL", s->file, s->name);
}

static void read_statements(const char *path, const char *text)
{
    const char *mark = strstr(text, "-- name:");
    while (mark != NULL) {
        struct statement *s = &statements[statement_count++];
        char name[128];
        if (statement_count > MAX_ITEMS || sscanf(mark, "-- name: %127s :%7s", name, s->kind) != 2)
            fail("%s: a statement needs '-- name: NAME :one|:many|:exec'", path);
        if (strcmp(s->kind, "one") != 0 && strcmp(s->kind, "many") != 0 && strcmp(s->kind, "exec") != 0)
            fail("%s: %s: unknown kind :%s", path, name, s->kind);
        s->name = strdup(name);
        s->file = path;
        s->text = strchr(mark, '\n');
        if (s->text == NULL)
            fail("%s: %s is empty", path, name);
        s->text++;
        mark = strstr(s->text, "-- name:");
        s->length = mark != NULL ? (size_t)(mark - s->text) : strlen(s->text);
        s->length = without_end(s->text, s->length);
        split_variant(s);
    }
}

static int by_number(const void *a, const void *b)
{
    const struct migration *x = a;
    const struct migration *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static int by_name(const void *a, const void *b)
{
    const struct statement *x = a;
    const struct statement *y = b;
    return strcmp(x->name, y->name);
}

static struct migration *migration_of(int number, const char *name)
{
    for (size_t i = 0; i < migration_count; i++)
        if (migrations[i].number == number && strcmp(migrations[i].name, name) == 0)
            return &migrations[i];
    if (migration_count == MAX_ITEMS)
        fail("more than %d migrations", MAX_ITEMS);
    struct migration *m = &migrations[migration_count++];
    m->number = number;
    (void)snprintf(m->name, sizeof m->name, "%s", name);
    return m;
}

static bool read_migration(const char *path, const char *text)
{
    int number;
    char name[64];
    if (sscanf(base_name(path), "%4d_%63[a-z_0-9]", &number, name) != 2)
        return false;
    struct migration *m = migration_of(number, name);
    if (strstr(path, ".postgres.sql") != NULL)
        m->postgres = text;
    else
        m->text = text;
    return true;
}

static void embed_sql(const char *header, const char *source, char **paths, int count)
{
    for (int i = 0; i < count; i++) {
        char *text = read_file(paths[i]);
        if (!read_migration(paths[i], text))
            read_statements(paths[i], text);
    }
    qsort(migrations, migration_count, sizeof migrations[0], by_number);
    qsort(statements, statement_count, sizeof statements[0], by_name);
    for (size_t i = 0; i < migration_count; i++)
        if (migrations[i].text == NULL)
            fail("migration %04d_%s has a text for PostgreSQL only", migrations[i].number,
                 migrations[i].name);
        else if (i > 0 && migrations[i].number == migrations[i - 1].number)
            fail("two migrations have the number %d", migrations[i].number);
    for (size_t i = 1; i < statement_count; i++)
        if (strcmp(statements[i].name, statements[i - 1].name) == 0)
            fail("two statements are called %s", statements[i].name);

    FILE *h = create(header);
    (void)fputs("/* Made from the .sql files by tools/embed.c. */\n#pragma once\n\nenum sql {\n", h);
    for (size_t i = 0; i < statement_count; i++)
        (void)fprintf(h, "    SQL_%s,\n", upper(statements[i].name));
    (void)fputs(
        "    SQL_COUNT\n};\n\nenum sql_kind { SQL_KIND_EXEC, SQL_KIND_ONE, SQL_KIND_MANY };\n\n"
        "struct sql_statement {\n    const char *name;\n    enum sql_kind kind;\n    const char *text;\n"
        "    const char *file;\n    const char *postgres; /* NULL: the same text */\n};\n\n"
        "struct sql_migration {\n    int number;\n    const char *name;\n    const char *text;\n"
        "    const char *postgres; /* NULL: the text, translated */\n};\n\n",
        h);
    (void)fprintf(h,
                  "extern const struct sql_statement sql_statements[SQL_COUNT + 1];\n"
                  "#define SQL_MIGRATION_COUNT %zu\n"
                  "extern const struct sql_migration sql_migrations[SQL_MIGRATION_COUNT + 1];\n",
                  migration_count);
    (void)fclose(h);

    FILE *c = create(source);
    (void)fprintf(c, "#include \"%s\"\n\nconst struct sql_statement sql_statements[SQL_COUNT + 1] = {\n",
                  base_name(header));
    for (size_t i = 0; i < statement_count; i++) {
        const struct statement *s = &statements[i];
        (void)fprintf(c, "    {\"%s\", SQL_KIND_%s,\n     ", s->name, upper(s->kind));
        print_c_string(c, s->text, s->length);
        (void)fprintf(c, ",\n     \"%s\",\n     ", base_name(s->file));
        print_c_string_or_null(c, s->postgres, s->postgres_length);
        (void)fputs("},\n", c);
    }
    (void)fputs("    {0, SQL_KIND_EXEC, 0, 0, 0},\n};\n\nconst struct sql_migration "
                "sql_migrations[SQL_MIGRATION_COUNT + 1] = {\n",
                c);
    for (size_t i = 0; i < migration_count; i++) {
        (void)fprintf(c, "    {%d, \"%s\",\n     ", migrations[i].number, migrations[i].name);
        print_c_string(c, migrations[i].text, strlen(migrations[i].text));
        (void)fputs(",\n     ", c);
        print_c_string_or_null(c, migrations[i].postgres,
                               migrations[i].postgres != NULL ? strlen(migrations[i].postgres) : 0);
        (void)fputs("},\n", c);
    }
    (void)fputs("    {0, 0, 0, 0},\n};\n", c);
    (void)fclose(c);
}

static const char *const law_columns[] = {"clause", "symbol", "locator", "zh",
                                          "en",     "state",  "where",   "test"};
enum { LAW_COLUMNS = sizeof law_columns / sizeof law_columns[0] };

static void embed_law(const char *header, const char *source, const char *path)
{
    char *text = read_file(path);
    FILE *h = create(header);
    FILE *c = create(source);
    (void)fputs("/* Made from law/ by tools/embed.c. */\n#pragma once\n\nenum law {\n    LAW_NONE,\n", h);
    (void)fprintf(c,
                  "#include \"%s\"\n\nconst struct law_clause law_clauses[LAW_COUNT] = {\n"
                  "    {\"\", \"NONE\", \"\", \"\", \"\", \"\", \"\", \"\"},\n",
                  base_name(header));
    int line_number = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *cells[LAW_COLUMNS] = {0};
        int filled = 0;
        line_number++;
        for (char *cell = line; cell != NULL && filled < LAW_COLUMNS; filled++) {
            cells[filled] = cell;
            cell = strchr(cell, '\t');
            if (cell != NULL)
                *cell++ = '\0';
        }
        if (filled != LAW_COLUMNS)
            fail("%s:%d: %d columns instead of %d", path, line_number, filled, LAW_COLUMNS);
        if (line_number == 1)
            continue;
        (void)fprintf(h, "    LAW_%s,\n", cells[1]);
        (void)fputs("    {", c);
        for (int i = 0; i < LAW_COLUMNS; i++) {
            print_c_string(c, cells[i], strlen(cells[i]));
            (void)fputs(i + 1 < LAW_COLUMNS ? ", " : "},\n", c);
        }
    }
    (void)fputs("    LAW_COUNT\n};\n\n/* Names a clause; one that law/ does not list does not compile. */\n"
                "#define LAW(symbol) LAW_##symbol\n\nstruct law_clause {\n",
                h);
    for (int i = 0; i < LAW_COLUMNS; i++)
        (void)fprintf(h, "    const char *%s;\n", law_columns[i]);
    (void)fputs("};\n\nextern const struct law_clause law_clauses[LAW_COUNT];\n", h);
    (void)fputs("};\n", c);
    (void)fclose(h);
    (void)fclose(c);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "sql") == 0)
        embed_sql(argv[2], argv[3], argv + 4, argc - 4);
    else if (argc == 5 && strcmp(argv[1], "law") == 0)
        embed_law(argv[2], argv[3], argv[4]);
    else
        fail("usage: embed sql OUT.h OUT.c FILE.sql… | embed law OUT.h OUT.c FILE.tsv");
    return 0;
}
