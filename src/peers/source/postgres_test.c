#include "peers/source/fixture.h"
#include "peers/source/measure.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#ifndef POSTGRES_BIN
#define POSTGRES_BIN "/usr/lib/postgresql/15/bin"
#endif

static char cluster[64]; /* folder of the data and the socket; "" until it runs */

/* Runs a command as an unprivileged user, since PostgreSQL does not run as root; its output goes to
 * FOLDER/log. */
static int command(const char *path, char *const arguments[])
{
    pid_t child = fork();
    if (child == 0) {
        const struct passwd *user = getuid() == 0 ? getpwnam("nobody") : NULL;
        char log[96];
        (void)snprintf(log, sizeof log, "%s/log", cluster);
        if (user != NULL && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
            _exit(126);
        if (chdir(cluster) != 0 || freopen(log, "a", stdout) == NULL ||
            freopen("/dev/null", "r", stdin) == NULL || dup2(1, 2) < 0)
            _exit(126);
        (void)execv(path, arguments);
        _exit(127);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void stop_cluster(void)
{
    char *const stop[] = {"pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop", NULL};
    (void)command(POSTGRES_BIN "/pg_ctl", stop);
}

static void run_sql(const char *sql)
{
    char *const psql[] = {"psql",     "-h", cluster,           "-U", "owner", "-d",
                          "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-c",    (char *)(uintptr_t)sql,
                          NULL};
    assert_int_equal(command(POSTGRES_BIN "/psql", psql), 0);
}

/* A throw-away cluster on a socket in the test's folder. */
static void start_cluster(void)
{
    if (access(POSTGRES_BIN "/initdb", X_OK) != 0) {
        print_message("skipped: PostgreSQL 15 is not there (" POSTGRES_BIN ")\n");
        skip();
    }
    if (cluster[0] != '\0')
        return;
    (void)fixture_engine();
    (void)snprintf(cluster, sizeof cluster, "%s", test_folder());
    const struct passwd *nobody = getpwnam("nobody");
    if (getuid() == 0) {
        char parent[64];
        (void)snprintf(parent, sizeof parent, "%s", cluster);
        *strrchr(parent, '/') = '\0';
        assert_int_equal(chmod(parent, 0711), 0);
        assert_int_equal(chown(cluster, nobody->pw_uid, nobody->pw_gid), 0);
    }
    char *const init[] = {"initdb", "-D", "data", "-U",         "owner", "-A",
                          "trust",  "-E", "UTF8", "--locale=C", "-N",    NULL};
    char options[160];
    (void)snprintf(options, sizeof options, "-k %s -c listen_addresses='' -c fsync=off", cluster);
    char *const start[] = {"pg_ctl", "-D", "data", "-w", "-o", options, "start", NULL};
    assert_int_equal(command(POSTGRES_BIN "/initdb", init), 0);
    assert_int_equal(command(POSTGRES_BIN "/pg_ctl", start), 0);
    (void)atexit(stop_cluster);
    run_sql("CREATE ROLE agent LOGIN; CREATE SCHEMA \"Open data\";"
            "CREATE TABLE \"Open data\".\"Firm's\" (id bigint NOT NULL PRIMARY KEY, \"na\"\"me\" text, size "
            "numeric(8,2), "
            "open boolean, born date, seen timestamptz, secret varchar(20));"
            "INSERT INTO \"Open data\".\"Firm's\" VALUES "
            "(1, 'a,\"b\"', 1.50, true, '2020-01-01', '2020-01-01 00:30:00+08', 'canary-91'),"
            "(2, E'line\\nbreak', NULL, false, '2020-06-30', '2020-12-31 23:59:59+08', 's2'),"
            "(3, NULL, -3, NULL, NULL, NULL, 's3'), (4, '武汉', 2.25, true, '2021-01-01', '2021-01-01 "
            "00:00:00+08', NULL);"
            "CREATE TABLE closed (id int); INSERT INTO closed VALUES (1);"
            "CREATE TABLE people AS SELECT n AS id, '4201021990' || lpad((n % 12 + 1)::text, 2, '0') || "
            "'15001' AS code "
            "FROM generate_series(1, 50) n;"
            "GRANT USAGE ON SCHEMA \"Open data\" TO agent; GRANT SELECT ON \"Open data\".\"Firm's\", people "
            "TO agent;");
}

static struct source_resource firms(struct arena *arena)
{
    return (struct source_resource){.code = "R1",
                                    .kind = SOURCE_POSTGRESQL,
                                    .connection =
                                        arena_printf(arena, "host=%s user=agent dbname=postgres", cluster),
                                    .table = "Open data.Firm's"};
}

static const char *ordered(struct arena *arena, const struct source_resource *resource, const char *changes,
                           struct refusal *refusal)
{
    unsigned char key[crypto_sign_PUBLICKEYBYTES];
    const char *text = fixture_order(arena, changes);
    CLEANUP_ORDER struct order order = {0};
    struct rows rows;
    assert_ok(hex_parse(fixture_order_key(), key, sizeof key));
    assert_ok(
        source_order_read(arena, key, 7, text, fixture_signature(arena, text), FIXTURE_NOW, &order, refusal));
    if (rows_of_order(fixture_engine(), arena, resource, &order, &rows, refusal) != RESULT_OK) {
        print_message("refused: %s\n", refusal->en);
        return NULL;
    }
    const char *found = fixture_rows(arena, rows.fd);
    (void)close(rows.fd);
    return found;
}

TEST(a_table_gives_exactly_the_ordered_columns_and_rows)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    start_cluster();
    const struct source_resource resource = firms(arena);
    assert_string_equal(ordered(arena, &resource,
                                "{\"columns\":[\"id\",\"na\\\"me\",\"size\",\"open\",\"born\",\"seen\"]}",
                                &refusal),
                        "id|na\"me|size|open|born|seen\n"
                        "1|a,\"b\"|1.5|true|2020-01-01|2020-01-01 00:30:00\n"
                        "2|line\nbreak|-|false|2020-06-30|2020-12-31 23:59:59\n"
                        "3|-|-3|-|-|-\n"
                        "4|武汉|2.25|true|2021-01-01|2021-01-01 00:00:00");
    assert_string_equal(
        ordered(arena, &resource,
                "{\"columns\":[\"open\",\"id\"],\"rows\":[{\"column\":\"size\",\"op\":\">\",\"value\":1.4}]}",
                &refusal),
        "open|id\ntrue|1\ntrue|4");
}

TEST(a_period_over_times_holds_both_its_days)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    start_cluster();
    const struct source_resource resource = firms(arena);
    assert_string_equal(
        ordered(arena, &resource,
                "{\"columns\":[\"id\",\"open\"],\"period\":{\"column\":\"seen\",\"from\":\"2020-01-01\","
                "\"to\":\"2020-12-31\"}}",
                &refusal),
        "id|open\n1|true\n2|false");
}

TEST(one_column_with_missing_values_keeps_every_row)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    start_cluster();
    const struct source_resource resource = firms(arena);
    const char *rows = ordered(arena, &resource, "{\"columns\":[\"size\"]}", &refusal);
    assert_non_null(rows);
    assert_string_equal(rows, "size\n-3\n1.5\n2.25\n-");
}

TEST(no_row_is_an_empty_slice)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal;
    start_cluster();
    const struct source_resource resource = firms(arena);
    assert_string_equal(
        ordered(
            arena, &resource,
            "{\"columns\":[\"id\",\"na\\\"me\"],\"rows\":[{\"column\":\"na\\\"me\",\"op\":\"=\",\"value\":"
            "\"'; DROP TABLE people; --\"}]}",
            &refusal),
        "id|na\"me");
}

TEST(a_table_or_column_that_is_not_there_is_refused)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    start_cluster();
    struct source_resource resource = firms(arena);
    assert_null(ordered(arena, &resource, "{\"columns\":[\"salary\"]}", &refusal));
    assert_int_equal(refusal.result, RESULT_NOT_FOUND);
    assert_int_equal(refusal.law, LAW(CALL_REVIEW));
    resource.table = "none\"; DROP TABLE people; --";
    assert_null(ordered(arena, &resource, "{}", &refusal));
    assert_int_equal(refusal.law, LAW_NONE);
    assert_non_null(strstr(refusal.en, "42P01"));
}

TEST(a_table_without_the_right_to_read_and_a_server_that_is_gone_say_no_value)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    start_cluster();
    struct source_resource resource = firms(arena);
    resource.table = "closed";
    assert_null(ordered(arena, &resource, "{\"columns\":[\"id\"]}", &refusal));
    assert_non_null(strstr(refusal.en, "42501"));
    resource.connection = "host=/nonexistent user=agent password=pw-canary";
    assert_null(ordered(arena, &resource, "{}", &refusal));
    assert_int_equal(refusal.result, RESULT_UNAVAILABLE);
    assert_null(strstr(refusal.en, "pw-canary"));
    assert_null(strstr(refusal.zh, "pw-canary"));
}

TEST(a_table_is_measured_where_it_lives)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *description = NULL;
    struct refusal refusal = {0};
    start_cluster();
    const struct source_resource resource = firms(arena);
    assert_ok(source_measure(fixture_engine(), arena, &resource, FIXTURE_NOW, &description, &refusal));
    assert_int_equal(json_integer_or(description, "rows", 0), 4);
    assert_int_equal(json_array_size(json_object_get(description, "items")), 7);
    const char *text = json_print(arena, description);
    assert_null(strstr(text, "canary-91"));
    assert_non_null(strstr(text, "{\"name\":\"seen\",\"type\":\"text\""));
    assert_non_null(strstr(text, "{\"name\":\"size\",\"type\":\"double\""));
}
