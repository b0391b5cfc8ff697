#include "store/schema.h"
#include "store/search.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is typed ---- */

static void matches(const char *typed, const char *expected)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_string_equal(search_match(arena, typed), expected);
}

TEST(what_is_typed_becomes_phrases_that_must_all_occur)
{
    matches("数据局", "\"数据局\"");
    matches("数", "\"数\"");
    matches("  武汉 数据，局 ", "\"武汉\" \"数据\" \"局\"");
    matches("GDP数据2026年", "\"gdp\" \"数据\" \"2026\" \"年\"");
    matches("ＡＢＣ１", "\"abc1\"");
    matches("Ünïcode ЖЁ", "\"ünïcode\" \"жё\"");
}

TEST(operators_and_quotes_of_the_search_language_are_only_words)
{
    matches("a\" OR b*", "\"a\" \"or\" \"b\"");
    matches("NEAR(数 据) -x ^y {z}:w", "\"near\" \"数\" \"据\" \"x\" \"y\" \"z\" \"w\"");
}

TEST(nothing_searchable_gives_nothing)
{
    matches("", "");
    matches(" ，。！\"*- \t", "");
    matches("\xff\xfe\xb6", "");
    matches("\xe6\xb8", ""); /* a character cut off */
}

static void append(char *text, size_t room, const char *more)
{
    size_t length = strlen(text);
    (void)snprintf(text + length, room - length, "%s", more);
}

TEST(more_words_than_anybody_types_are_left_out)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char typed[200] = "";
    for (int i = 0; i < 40; i++)
        append(typed, sizeof typed, "x ");
    int quotes = 0;
    for (const char *c = search_match(arena, typed); *c != '\0'; c++)
        quotes += *c == '"';
    assert_int_equal(quotes, 32);
}

/* ---- the index ---- */

static sqlite3 *index_new(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(search_register(db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE VIRTUAL TABLE t USING fts5(text, tokenize = 'dukou');"
                                  "CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    return db;
}

static void put(sqlite3 *db, const char *text, size_t size)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t (text) VALUES (?1)", -1, &stmt, NULL), SQLITE_OK);
    (void)sqlite3_bind_text(stmt, 1, text, (int)size, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    (void)sqlite3_finalize(stmt);
}

/* The first column of all rows, joined by blanks; static storage. */
static const char *ask(sqlite3 *db, const char *sql, const char *argument)
{
    static char answer[4096];
    size_t at = 0;
    sqlite3_stmt *stmt;
    answer[0] = '\0';
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    if (argument != NULL)
        (void)sqlite3_bind_text(stmt, 1, argument, -1, SQLITE_STATIC);
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
        at += (size_t)snprintf(answer + at, sizeof answer - at, "%s%s", at > 0 ? " " : "",
                               sqlite3_column_text(stmt, 0));
    assert_int_equal(code, SQLITE_DONE);
    (void)sqlite3_finalize(stmt);
    return answer;
}

static const char *tokens_of(const char *text)
{
    sqlite3 *db = index_new();
    put(db, text, strlen(text));
    const char *tokens = ask(db, "SELECT offset || term FROM v ORDER BY offset, length(term), term", NULL);
    (void)sqlite3_close(db);
    return tokens;
}

TEST(characters_and_pairs_share_their_places)
{
    assert_string_equal(tokens_of("数据局"), "0数 0数据 1据 1据局 2局");
    assert_string_equal(tokens_of("A1数据，Bc"), "0a1 1数 1数据 2据 3bc");
    assert_string_equal(tokens_of("𠮷野家"), "0𠮷 0𠮷野 1野 1野家 2家");
}

TEST(a_word_without_end_is_known_by_its_beginning)
{
    char text[5001];
    memset(text, 'Q', 5000);
    text[5000] = '\0';
    const char *tokens = tokens_of(text);
    assert_int_equal(strlen(tokens), 1 + 64);
}

/* Row numbers that a person finds. */
static const char *found(sqlite3 *db, const char *typed)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    return ask(db, "SELECT rowid FROM t WHERE t MATCH ?1 ORDER BY rowid DESC", search_match(arena, typed));
}

TEST(one_two_and_more_characters_are_found_and_only_together)
{
    sqlite3 *db = index_new();
    static const char *const texts[] = {"武汉市数据局公共数据目录", "江岸区住房销售 GDP 2026", "据局",
                                        "数 据 局", "数据与局"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put(db, texts[i], strlen(texts[i]));
    assert_string_equal(found(db, "数"), "5 4 1");
    assert_string_equal(found(db, "局"), "5 4 3 1");
    assert_string_equal(found(db, "数据"), "5 1");
    assert_string_equal(found(db, "数据局"), "1");
    assert_string_equal(found(db, "据局"), "3 1");
    assert_string_equal(found(db, "局数"), "");
    assert_string_equal(found(db, "目录 武汉"), "1");
    assert_string_equal(found(db, "gdp住房"), "2");
    assert_string_equal(found(db, "GD"), "");
    (void)sqlite3_close(db);
}

/* A plain reading of what a text of Chinese characters holds, to hold the index against. */
TEST(the_index_finds_what_a_plain_look_finds)
{
    static const char *const alphabet[] = {"数", "据", "局", " "};
    enum { TEXTS = 300, QUERIES = 200 };
    static char texts[TEXTS][64];
    sqlite3 *db = index_new();
    unsigned seed = 5;
    for (int i = 0; i < TEXTS; i++) {
        int length = 1 + (int)((seed = seed * 1103515245u + 12345u) >> 16) % 9;
        for (int j = 0; j < length; j++)
            append(texts[i], sizeof texts[i], alphabet[((seed = seed * 1103515245u + 12345u) >> 16) % 4]);
        put(db, texts[i], strlen(texts[i]));
    }
    for (int q = 0; q < QUERIES; q++) {
        char typed[32] = "";
        char expected[4096] = "";
        int length = 1 + q % 4;
        for (int j = 0; j < length; j++)
            append(typed, sizeof typed, alphabet[((seed = seed * 1103515245u + 12345u) >> 16) % 3]);
        for (int i = TEXTS; i-- > 0;)
            if (strstr(texts[i], typed) != NULL) {
                char number[16];
                (void)snprintf(number, sizeof number, "%s%d", expected[0] != '\0' ? " " : "", i + 1);
                append(expected, sizeof expected, number);
            }
        assert_string_equal(found(db, typed), expected);
    }
    (void)sqlite3_close(db);
}

TEST(bytes_that_are_no_text_do_no_harm)
{
    sqlite3 *db = index_new();
    unsigned seed = 9;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int i = 0; i < 2000; i++) {
        char *bytes = malloc(64); /* its own block, so that a read past its end is seen */
        assert_non_null(bytes);
        size_t size = (seed = seed * 1103515245u + 12345u) >> 16 & 31;
        for (size_t j = 0; j < size; j++)
            bytes[j] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
        char *exact = realloc(bytes, size + 1);
        assert_non_null(exact);
        exact[size] = '\0';
        put(db, exact, size);
        const char *match = search_match(arena, exact);
        if (match[0] != '\0')
            (void)ask(db, "SELECT count(*) FROM t WHERE t MATCH ?1", match);
        free(exact);
    }
    assert_string_equal(ask(db, "SELECT count(*) FROM t", NULL), "2000");
    (void)sqlite3_close(db);
}

/* ---- in a store, kept by triggers ---- */

enum { ENTRY_ADD, ENTRY_SET, ENTRY_FIND, ENTRY_STATEMENTS };

static const struct sql_statement statements[] = {
    {"entry_add", SQL_KIND_EXEC, "INSERT INTO entry (id, title) VALUES (:id, :title)", "search_test.c"},
    {"entry_set", SQL_KIND_EXEC, "UPDATE entry SET title = :title WHERE id = :id", "search_test.c"},
    {"entry_find", SQL_KIND_MANY,
     "SELECT e.id FROM entry_search JOIN entry e ON e.id = entry_search.rowid WHERE entry_search MATCH "
     ":match "
     "ORDER BY entry_search.rowid DESC LIMIT 20",
     "search_test.c"},
};
static const struct sql_migration migrations[] = {
    {1, "entry",
     "CREATE TABLE entry (id INTEGER PRIMARY KEY, title TEXT NOT NULL);"
     "CREATE VIRTUAL TABLE entry_search USING fts5(text, tokenize = 'dukou', content = '');"
     "CREATE TRIGGER entry_search_add AFTER INSERT ON entry BEGIN"
     " INSERT INTO entry_search (rowid, text) VALUES (new.id, new.title); END;"
     "CREATE TRIGGER entry_search_change AFTER UPDATE OF title ON entry BEGIN"
     " INSERT INTO entry_search (entry_search, rowid, text) VALUES ('delete', old.id, old.title);"
     " INSERT INTO entry_search (rowid, text) VALUES (new.id, new.title); END;"},
    {0}};
static const struct store_uncovered uncovered[] = {
    {"migration", "shape"}, {"entry_search", "follows from entry"}, {0}};
static const struct store_schema schema = {statements, ENTRY_STATEMENTS, migrations, 1, uncovered};

struct step {
    enum sql statement;
    row_id id;
    const char *title;
    enum result ends;
    size_t found;
};

static enum result change(struct store_tx *tx, void *argument)
{
    const struct step *step = argument;
    size_t count;
    TRY(store_exec(tx, step->statement,
                   STORE_BINDS({"id", store_integer(step->id)}, {"title", store_text(step->title)}), NULL));
    (void)store_changes_take(tx, &count);
    assert_int_equal(count, 1); /* the row, and nothing of the index */
    return step->ends;
}

static enum result look(struct store_tx *tx, void *argument)
{
    struct step *step = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_rows rows;
    TRY(store_many(tx, arena, (enum sql)ENTRY_FIND,
                   STORE_BINDS({"match", store_text(search_match(arena, step->title))}), &rows));
    step->found = rows.count;
    return RESULT_OK;
}

static size_t looked_up(struct store *store, const char *typed)
{
    struct step step = {.title = typed};
    assert_ok(store_read(store, look, &step));
    return step.found;
}

TEST(a_search_table_follows_its_rows_and_their_rollback)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char path[256];
    struct store *store;
    (void)snprintf(path, sizeof path, "%s/city.db", test_folder());
    assert_ok(store_open_schema(path, &schema, arena, NULL, &store));
    struct step add = {(enum sql)ENTRY_ADD, 1, "公共数据目录", RESULT_OK, 0};
    struct step set = {(enum sql)ENTRY_SET, 1, "住房销售", RESULT_OK, 0};
    struct step bad = {(enum sql)ENTRY_SET, 1, "地铁站点", RESULT_FORBIDDEN, 0};
    assert_ok(store_write(store, change, &add));
    assert_int_equal(looked_up(store, "数据"), 1);
    assert_ok(store_write(store, change, &set));
    assert_int_equal(looked_up(store, "数据"), 0);
    assert_int_equal(store_write(store, change, &bad), RESULT_FORBIDDEN);
    assert_int_equal(looked_up(store, "地"), 0);
    assert_int_equal(looked_up(store, "房"), 1);
    store_close(store);
}
