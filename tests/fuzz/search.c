/* store/search: texts that are put into the catalogue, words that are looked for. */
#include "store/search.h"

#include "base/arena.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static sqlite3 *index_in_memory(void)
{
    static sqlite3 *db;
    if (db == NULL && (sqlite3_open(":memory:", &db) != SQLITE_OK || search_register(db) != SQLITE_OK ||
                       sqlite3_exec(db, "CREATE VIRTUAL TABLE s USING fts5 (text, tokenize = 'dukou')", NULL,
                                    NULL, NULL) != SQLITE_OK))
        abort();
    return db;
}

static int ask(const char *sql, const char *text)
{
    sqlite3_stmt *stmt;
    int rows = 0, code;
    if (sqlite3_prepare_v2(index_in_memory(), sql, -1, &stmt, NULL) != SQLITE_OK)
        abort();
    (void)sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
        rows++;
    assert(code == SQLITE_DONE);
    (void)sqlite3_finalize(stmt);
    return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char *text = fuzz_text(bytes, size);
    const char *match = search_match(arena, text);
    (void)ask("INSERT INTO s (rowid, text) VALUES (1, ?)", text);
    if (*match != '\0')
        (void)ask("SELECT rowid FROM s WHERE s MATCH ?", match);
    (void)ask("DELETE FROM s", NULL);
    free(text);
    return 0;
}
