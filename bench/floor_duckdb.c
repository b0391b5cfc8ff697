/* The limit of the data plane's figures: DuckDB alone, in memory, unjailed, on all processors.
 *
 * floor_duckdb LIBRARY [fresh]: runs each line of standard input as SQL and prints the milliseconds it took,
 * result fetched. With `fresh` every line gets a process of its own, forked with the library loaded, that
 * opens the database, answers and ends. */
#include <dlfcn.h>
#include <duckdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SQL_BYTES = 64 * 1024 };

struct duck {
    void *library;
    duckdb_database database;
    duckdb_connection connection;
};

#define FN(duck, name) (__extension__(__typeof__(&name)) symbol((duck)->library, #name))

static void *symbol(void *library, const char *name)
{
    void *address = dlsym(library, name);
    if (address == NULL)
        exit(1);
    return address;
}

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool run(struct duck *duck, const char *sql)
{
    duckdb_result result;
    if (FN(duck, duckdb_query)(duck->connection, sql, &result) != DuckDBSuccess) {
        (void)printf("failed: %s\n", FN(duck, duckdb_result_error)(&result));
        return false;
    }
    for (duckdb_data_chunk chunk; (chunk = FN(duck, duckdb_fetch_chunk)(result)) != NULL;)
        FN(duck, duckdb_destroy_data_chunk)(&chunk);
    FN(duck, duckdb_destroy_result)(&result);
    return true;
}

static bool open_database(struct duck *duck)
{
    return FN(duck, duckdb_open)(NULL, &duck->database) == DuckDBSuccess &&
           FN(duck, duckdb_connect)(duck->database, &duck->connection) == DuckDBSuccess;
}

static bool run_fresh(struct duck *duck, const char *sql)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(open_database(duck) && run(duck, sql) ? 0 : 1);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
    static char sql[SQL_BYTES];
    bool fresh = argc > 2 && strcmp(argv[2], "fresh") == 0;
    struct duck duck = {.library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL};
    if (duck.library == NULL || (!fresh && !open_database(&duck)))
        return 1;
    while (fgets(sql, sizeof sql, stdin) != NULL) {
        double start = now_ms();
        if (fresh ? run_fresh(&duck, sql) : run(&duck, sql))
            (void)printf("%.4f\n", now_ms() - start);
        else if (fresh)
            (void)printf("failed\n");
        (void)fflush(stdout);
    }
    return 0;
}
