/* The store of the run finds what a store in SQLite finds, for one seeded corpus and many questions. */
#include "store/schema.h"
#include "store/search.h"
#include "support/store.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_ADD, PAGE_FIND, PAGE_STATEMENTS, TEXTS = 400, QUESTIONS = 400, SEED = 20261127 };

static const struct sql_statement statements[] = {
    {"page_add", SQL_KIND_EXEC, "INSERT INTO page_search (rowid, text) VALUES (:id, :text)",
     "search_both_test.c",
     "INSERT INTO page_search (rowid, text, folded, tokens) VALUES (:id, :text, :text:folded, :text:tokens)"},
    {"page_find", SQL_KIND_MANY,
     "SELECT s.rowid AS id FROM page_search s WHERE s.text MATCH :match ORDER BY s.rowid",
     "search_both_test.c",
     "SELECT s.rowid AS id FROM page_search s WHERE s.tokens @> :match:tokens"
     " AND s.folded LIKE ALL (:match:patterns) ORDER BY s.rowid"},
};
static const struct sql_migration migrations[] = {
    {1, "page", "CREATE VIRTUAL TABLE page_search USING fts5 (text, tokenize = 'dukou');"}, {0}};
static const struct store_uncovered uncovered[] = {{"migration", "shape"}, {"page_search", "an index"}, {0}};
static const struct store_schema schema = {statements, PAGE_STATEMENTS, migrations, 1, uncovered};

/* Few characters, so that texts and questions meet: Chinese with an extension, kana, words, marks, capitals,
 * full width, what SQL and patterns would read as their own. */
static const char *const parts[] = {"数", "据",  "局",  "公",   "共", "𠮷", "カ", "々", " ",
                                    "，", "gdp", "GDP", "2026", "Ｇ", "é",  "É",  "Ж",  "%",
                                    "_",  "\\",  "\"",  "'",    "{",  "}",  "-",  "a",  "b"};

static unsigned next(unsigned *seed, unsigned below)
{
    return ((*seed = *seed * 1103515245u + 12345u) >> 16) % below;
}

static void make_text(unsigned *seed, char *text, unsigned most)
{
    char *at = text;
    *at = '\0';
    for (unsigned left = 1 + next(seed, most); left > 0; left--)
        at = stpcpy(at, parts[next(seed, sizeof parts / sizeof parts[0])]);
}

static enum result add_texts(struct store_tx *tx, void *argument)
{
    unsigned seed = SEED;
    char text[512];
    char word[201];
    (void)argument;
    for (row_id id = 1; id <= TEXTS; id++) {
        make_text(&seed, text, 14);
        TRY(store_exec(tx, (enum sql)PAGE_ADD,
                       STORE_BINDS({"id", store_integer(id)}, {"text", store_text(text)}), NULL));
    }
    memset(word, 'w', 200); /* known by its beginning */
    word[200] = '\0';
    return store_exec(tx, (enum sql)PAGE_ADD,
                      STORE_BINDS({"id", store_integer(TEXTS + 1)}, {"text", store_text(word)}), NULL);
}

struct question {
    const char *match;
    char found[8192];
};

static enum result find(struct store_tx *tx, void *argument)
{
    struct question *question = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_rows rows;
    size_t at = 0;
    question->found[0] = '\0';
    TRY(store_many(tx, arena, (enum sql)PAGE_FIND, STORE_BINDS({"match", store_text(question->match)}),
                   &rows));
    for (size_t i = 0; i < rows.count; i++)
        at += (size_t)snprintf(question->found + at, sizeof question->found - at, "%lld ",
                               (long long)row_integer(&rows.rows[i], "id"));
    return RESULT_OK;
}

static struct store *open_url(const char *url)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    if (store_open_schema(url, &schema, arena, &refusal, &store) != RESULT_OK)
        fail_msg("%s", refusal.en);
    return store;
}

static void compare(struct store *one, struct store *other, const char *typed, size_t *hits)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static struct question a;
    static struct question b;
    a.match = b.match = search_match(arena, typed);
    if (a.match[0] == '\0')
        return;
    assert_ok(store_read(one, find, &a));
    assert_ok(store_read(other, find, &b));
    if (strcmp(a.found, b.found) != 0)
        fail_msg("'%s' (%s): '%s' here, '%s' in SQLite", typed, a.match, a.found, b.found);
    *hits += a.found[0] != '\0';
}

TEST(both_stores_find_the_same)
{
    char path[256];
    char typed[512];
    unsigned seed = SEED + 1;
    size_t hits = 0;
    (void)snprintf(path, sizeof path, "%s/file.db", test_folder());
    struct store *one = open_url(test_store_url(NULL));
    struct store *other = open_url(path);
    assert_ok(store_write(one, add_texts, NULL));
    assert_ok(store_write(other, add_texts, NULL));
    for (int i = 0; i < QUESTIONS; i++) {
        make_text(&seed, typed, 4);
        compare(one, other, typed, &hits);
    }
    memset(typed, 'w', 150);
    typed[150] = '\0';
    compare(one, other, typed, &hits);
    assert_true(hits > QUESTIONS / 4); /* seed SEED: most questions have an answer */
    store_close(one);
    store_close(other);
}
