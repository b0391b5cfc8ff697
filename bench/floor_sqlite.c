/* The limit of durable changes: SQLite alone, one commit a change (one small update and one insert), WAL,
 * synchronous=FULL, statements prepared once.
 *
 * floor_sqlite FILE: for each line of standard input commits for so many seconds; prints commits per second.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 64 };

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must(int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
        (void)fprintf(stderr, "sqlite: %s\n", sqlite3_errstr(code));
        exit(1);
    }
}

struct floor {
    sqlite3 *connection;
    sqlite3_stmt *begin, *update, *insert, *commit;
    sqlite3_int64 changes;
};

static void run(sqlite3_stmt *statement)
{
    must(sqlite3_step(statement));
    must(sqlite3_reset(statement));
}

static void change(struct floor *floor)
{
    floor->changes++;
    run(floor->begin);
    must(sqlite3_bind_int64(floor->update, 1, floor->changes));
    must(sqlite3_bind_int64(floor->update, 2, 1 + floor->changes % ROWS));
    run(floor->update);
    must(sqlite3_bind_int64(floor->insert, 1, 1 + floor->changes % ROWS));
    must(sqlite3_bind_int64(floor->insert, 2, floor->changes));
    run(floor->insert);
    run(floor->commit);
}

static void prepare(struct floor *floor, const char *sql, sqlite3_stmt **ret_statement)
{
    must(sqlite3_prepare_v3(floor->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL));
}

static void open_file(struct floor *floor, const char *path)
{
    must(sqlite3_open_v2(path, &floor->connection,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    must(sqlite3_exec(
        floor->connection,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE;"
        "CREATE TABLE item (id INTEGER PRIMARY KEY, state INTEGER NOT NULL);"
        "CREATE TABLE event (id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL, at INTEGER NOT NULL);"
        "INSERT INTO item SELECT value, 0 FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL "
        "SELECT value + 1 FROM n WHERE value < 64) SELECT value FROM n)",
        NULL, NULL, NULL));
    prepare(floor, "BEGIN IMMEDIATE", &floor->begin);
    prepare(floor, "UPDATE item SET state = ? WHERE id = ?", &floor->update);
    prepare(floor, "INSERT INTO event (item_id, at) VALUES (?, ?)", &floor->insert);
    prepare(floor, "COMMIT", &floor->commit);
}

int main(int argc, char **argv)
{
    char line[64];
    struct floor floor = {0};
    if (argc != 2)
        return 2;
    open_file(&floor, argv[1]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        double seconds = strtod(line, NULL), start = now();
        sqlite3_int64 before = floor.changes;
        while (now() - start < seconds)
            change(&floor);
        (void)printf("%.1f\n", (double)(floor.changes - before) / (now() - start));
        (void)fflush(stdout);
    }
    return 0;
}
