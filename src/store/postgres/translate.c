/* The program's SQL is written for SQLite and PostgreSQL alike. What differs in writing is put right here:
 * parameters by name, and the few type names of the migrations. */
#include "store/postgres/postgres.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Length of a quoted text or a comment that begins at `at`; 0 when none does. */
static size_t skipped(const char *at)
{
    if (at[0] == '\'' || at[0] == '"') {
        const char *end = strchr(at + 1, at[0]);
        return end != NULL ? (size_t)(end - at) + 1 : strlen(at);
    }
    if (at[0] == '-' && at[1] == '-')
        return strcspn(at, "\n");
    if (at[0] == '/' && at[1] == '*') {
        const char *end = strstr(at + 2, "*/");
        return end != NULL ? (size_t)(end - at) + 2 : strlen(at);
    }
    return 0;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const char *at)
{
    size_t length = 0;
    while (is_word(at[length]))
        length++;
    return length;
}

static bool next_words(const char *at, const char *const *words)
{
    for (; *words != NULL; words++) {
        at += strspn(at, " \t\n");
        size_t length = word_length(at);
        if (length != strlen(*words) || strncasecmp(at, *words, length) != 0)
            return false;
        at += length;
    }
    return true;
}

static bool tests_null(const char *behind)
{
    static const char *const is_null[] = {"IS", "NULL", NULL};
    static const char *const is_not_null[] = {"IS", "NOT", "NULL", NULL};
    return next_words(behind, is_null) || next_words(behind, is_not_null);
}

static enum pg_form form_of(const char *word, size_t length)
{
    static const struct {
        const char *word;
        enum pg_form form;
    } forms[] = {{"tokens", PG_TOKENS}, {"patterns", PG_PATTERNS}, {"folded", PG_FOLDED}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strlen(forms[i].word) == length && strncmp(forms[i].word, word, length) == 0)
            return forms[i].form;
    store_stop("a parameter has no form '%.*s'", (int)length, word);
}

static size_t name_index(struct pg_statement *statement, struct arena *arena, const char *name, size_t length)
{
    for (size_t i = 0; i < statement->name_count; i++)
        if (strlen(statement->names[i]) == length && strncmp(statement->names[i], name, length) == 0)
            return i;
    statement->names[statement->name_count] = arena_strndup(arena, name, length);
    return statement->name_count++;
}

/* Reads the parameter at `at` (behind its colon); gives the number of characters it takes. */
static size_t read_place(struct pg_statement *statement, struct arena *arena, const char *at)
{
    size_t length = word_length(at);
    struct pg_place *place = &statement->places[statement->place_count++];
    *place = (struct pg_place){.name = name_index(statement, arena, at, length)};
    if (at[length] == ':' && islower((unsigned char)at[length + 1])) {
        size_t more = word_length(at + length + 1);
        place->form = form_of(at + length + 1, more);
        place->type = place->form == PG_FOLDED ? PG_TEXT : PG_TEXT_LIST;
        length += 1 + more;
    }
    place->null_test = tests_null(at + length);
    if (place->null_test)
        place->type = PG_INT8;
    return length;
}

struct pg_statement *pg_translate_statement(struct arena *arena, const char *text)
{
    size_t most = 1;
    for (const char *c = text; *c != '\0'; c++)
        most += *c == ':';
    struct pg_statement *statement = arena_new_array(arena, struct pg_statement, 1);
    statement->places = arena_new_array(arena, struct pg_place, most);
    statement->names = arena_new_array(arena, const char *, most);
    char *out = arena_alloc(arena, strlen(text) + 8 * most + 1);
    statement->text = out;
    for (const char *at = text; *at != '\0';) {
        size_t skip = skipped(at);
        if (skip == 0 && at[0] == ':' && at[1] == ':')
            skip = 2;
        if (skip == 0 && at[0] == ':' && is_word(at[1])) {
            at += 1 + read_place(statement, arena, at + 1);
            out += sprintf(out, "$%zu", statement->place_count);
            continue;
        }
        skip = skip == 0 ? 1 : skip;
        memcpy(out, at, skip);
        out += skip;
        at += skip;
    }
    *out = '\0';
    return statement;
}

/* ---- migrations ---- */

static const struct {
    const char *sqlite;
    const char *postgres;
} type_words[] = {{"INTEGER", "BIGINT"}, {"BLOB", "BYTEA"}, {"REAL", "DOUBLE PRECISION"}, {"STRICT", ""}};

static const char *translated(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof type_words / sizeof type_words[0]; i++)
        if (strlen(type_words[i].sqlite) == length && strncmp(type_words[i].sqlite, word, length) == 0)
            return type_words[i].postgres;
    return NULL;
}

/* A full-text table: PostgreSQL keeps the text as it was, and what search.h makes of it (see there). Gives
 * the length of what it stands for; 0 when none begins at `at`. */
static size_t search_table(const char *at, char **out)
{
    char name[64];
    int length = 0;
    if (sscanf(at, "CREATE VIRTUAL TABLE %63[a-z_] USING fts5 (%*[^)])%n", name, &length) != 1 || length == 0)
        return 0;
    *out += sprintf(*out,
                    "CREATE TABLE %s (rowid BIGINT PRIMARY KEY, text TEXT NOT NULL, folded TEXT NOT NULL,"
                    " tokens TEXT[] NOT NULL);\nCREATE INDEX %s_tokens ON %s USING gin (tokens)",
                    name, name, name);
    return (size_t)length;
}

char *pg_translate_migration(struct arena *arena, const char *text)
{
    char *start = arena_alloc(arena, 8 * strlen(text) + 1);
    char *out = start;
    for (const char *at = text; *at != '\0';) {
        size_t length = search_table(at, &out);
        const char *word = length > 0 ? "" : NULL;
        length = length == 0 ? skipped(at) : length;
        if (length == 0 && is_word(at[0])) {
            length = word_length(at);
            word = translated(at, length);
        }
        length = length == 0 ? 1 : length;
        if (word != NULL) {
            out = stpcpy(out, word);
        } else {
            memcpy(out, at, length);
            out += length;
        }
        at += length;
    }
    *out = '\0';
    return start;
}
