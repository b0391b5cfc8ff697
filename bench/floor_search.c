/* The limit of the catalogue's search: the same page and count by SQLite and the same tokenizer, without
 * anything around them.
 *
 * floor_search FILE: for each line of standard input ROUNDS rounds of all searches of words.h, page and
 * count; prints the 99th percentile of one statement in milliseconds. */
#include "bench.h"
#include "store/search.h"
#include "words.h"

enum { ROUNDS = 20 };

static const char page[] = "SELECT e.id, e.title, e.abstract, e.code, e.region, p.name FROM entry_search s "
                           "JOIN entry e ON e.id = s.rowid JOIN party p ON p.id = e.provider_id "
                           "WHERE s.text MATCH ?1 AND s.rowid > 0 ORDER BY s.rowid LIMIT 21";
static const char count[] =
    "SELECT count(*) FROM (SELECT s.rowid FROM entry_search s WHERE s.text MATCH ?1 LIMIT 201)";

static double run(sqlite3_stmt *statement, const char *match)
{
    double start = bench_now();
    int code;
    sqlite3_bind_text(statement, 1, match, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        (void)sqlite3_column_text(statement, 0);
    if (code != SQLITE_DONE)
        bench_die("search: %s", sqlite3_errmsg(sqlite3_db_handle(statement)));
    sqlite3_reset(statement);
    return (bench_now() - start) * 1000;
}

static double measure(sqlite3_stmt *const *statements)
{
    double times[ROUNDS * 2 * WORDS(word_searches)];
    size_t at = 0;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < WORDS(word_searches); i++)
            for (int which = 0; which < 2; which++)
                times[at++] = run(statements[which], search_match(arena, word_searches[i]));
    return bench_percentile(times, at, 99);
}

int main(int argc, char **argv)
{
    char line[64];
    sqlite3 *connection;
    sqlite3_stmt *statements[2];
    if (argc != 2 || sqlite3_open_v2(argv[1], &connection, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        search_register(connection) != SQLITE_OK ||
        sqlite3_prepare_v2(connection, page, -1, &statements[0], NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(connection, count, -1, &statements[1], NULL) != SQLITE_OK)
        bench_die("cannot search %s", argc == 2 ? argv[1] : "");
    while (fgets(line, sizeof line, stdin) != NULL) {
        (void)printf("%.4f\n", measure(statements));
        (void)fflush(stdout);
    }
    sqlite3_finalize(statements[0]);
    sqlite3_finalize(statements[1]);
    sqlite3_close(connection);
    return 0;
}
