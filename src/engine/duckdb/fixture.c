#include "engine/duckdb/fixture.h"

#include "engine/duckdb/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct engine *engine;

static void stop(void)
{
    engine_stop(engine);
}

struct engine *fixture_engine(void)
{
    if (engine == NULL) {
        assert_ok(duckdb_engine_start(NULL, &engine));
        (void)atexit(stop);
    }
    return engine;
}

int fixture_file(const void *bytes, size_t size)
{
    int fd = memfd_create("fixture", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, 0), size);
    return fd;
}

static int copy_to(int fd, const char *select, const char *options)
{
    struct duckdb_library db;
    char library[PATH_MAX];
    duckdb_config config;
    duckdb_database database;
    duckdb_connection connection;
    duckdb_result result;
    char *sql;
    if (library_find(library) != RESULT_OK || !duckdb_library_open(library, &db) ||
        asprintf(&sql, "COPY (%s) TO '/proc/self/fd/%d' (FORMAT parquet, USE_TMP_FILE false%s%s)", select, fd,
                 options != NULL ? ", " : "", options != NULL ? options : "") < 0 ||
        db.create_config(&config) != DuckDBSuccess ||
        db.open_ext(":memory:", &database, config, NULL) != DuckDBSuccess ||
        db.connect(database, &connection) != DuckDBSuccess)
        return 1;
    if (db.query(connection, sql, &result) == DuckDBSuccess)
        return 0;
    (void)fprintf(stderr, "%s\n", db.result_error(&result));
    return 1;
}

int fixture_parquet(const char *select, const char *options)
{
    int status = 1;
    int fd = memfd_create("fixture", 0);
    pid_t child = fork();
    if (child == 0)
        _exit(copy_to(fd, select, options));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return fd;
}

int64_t fixture_size(int fd)
{
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    return info.st_size;
}

int fixture_sparse(int fd, int64_t size, const struct engine_range *ranges, size_t count)
{
    enum { PIECE = 1024 * 1024 };
    static char piece[PIECE];
    int sparse = memfd_create("sparse", MFD_CLOEXEC);
    assert_int_equal(ftruncate(sparse, size), 0);
    for (size_t i = 0; i < count; i++)
        for (int64_t done = 0; done < ranges[i].size;) {
            int64_t left = ranges[i].size - done;
            ssize_t got = pread(fd, piece, (size_t)(left < PIECE ? left : PIECE), ranges[i].offset + done);
            assert_true(got > 0);
            assert_int_equal(pwrite(sparse, piece, (size_t)got, ranges[i].offset + done), got);
            done += got;
        }
    return sparse;
}
