/* PostgreSQL keeps salts and metered calls in partitions by year: what that must not change. */
#include "audit/audit_batch.h"
#include "support/audit_log.h"

#include <libpq-fe.h>
#include <stdlib.h>

static const char *ask(const struct audit_log *log, const char *sql)
{
    return test_store_ask(log->store_path, sql);
}

static void expect(const struct audit_log *log, const char *sql, const char *answer)
{
    const char *got = ask(log, sql);
    if (strcmp(got, answer) != 0)
        fail_msg("%s: '%s' instead of '%s'", sql, got, answer);
}

static int year_now(const struct audit_log *log)
{
    return (int)strtol(ask(log, "SELECT extract(year FROM now() AT TIME ZONE 'UTC')::int"), NULL, 10);
}

/* The years after the present one, by their distance: "turn(1)". */
static void turn(struct audit_log *log, int years)
{
    expect(log, arena_printf(log->arena, "SELECT dukou_partition(%d)", year_now(log) + years), "t");
}

/* Where the rows lie: "2026:1-3 2027:4-5", the years counted from the present one. */
static void expect_lies(struct audit_log *log, const char *table, const char *key, const char *places)
{
    expect(log,
           arena_printf(
               log->arena,
               "SELECT string_agg(format('+%%s:%%s-%%s', substring(part FROM '[0-9]+$')::int - %d, low, "
               "high), ' ' ORDER BY low) FROM (SELECT tableoid::regclass::text AS part, min(%s) AS "
               "low, max(%s) AS high FROM %s GROUP BY 1) AS p",
               year_now(log), key, key, table),
           places);
}

struct metered {
    struct random *random;
    struct meter_call calls[3];
    size_t count;
};

static enum result meter(struct store_tx *tx, void *argument)
{
    struct metered *metered = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    return meter_append(tx, arena, metered->random, LAW(EXCHANGE), 77, metered->calls, metered->count, NULL,
                        NULL);
}

/* Two calls without a key and one with; true when that one was there already. */
static bool meter_key(struct audit_log *log, const char *key)
{
    struct metered metered = {.random = log->random, .count = 3};
    for (size_t i = 0; i < 3; i++)
        metered.calls[i] = (struct meter_call){.product = 3,
                                               .customer = 4,
                                               .order_id = 1,
                                               .at = 77,
                                               .kind = "score",
                                               .units = 1,
                                               .call_key = i == 2 ? key : NULL};
    assert_ok(store_write(log->store, meter, &metered));
    return metered.calls[2].duplicate;
}

static void open_three_years(struct audit_log *log)
{
    audit_log_open(log);
    assert_false(meter_key(log, "a"));
    turn(log, 1);
    assert_false(meter_key(log, "b"));
    turn(log, 2);
    assert_false(meter_key(log, "c"));
}

TEST(rows_of_three_years_lie_in_their_partitions_and_numbers_go_on)
{
    struct audit_log log;
    open_three_years(&log);
    expect_lies(&log, "meter", "id", "+0:1-3 +1:4-6 +2:7-9");
    expect_lies(&log, "audit_salt", "entry", "+0:0-0 +1:1-1 +2:2-2");
    turn(&log, 2); /* again, and back: nothing to do */
    turn(&log, 0);
    assert_false(meter_key(&log, "d"));
    expect_lies(&log, "meter", "id", "+0:1-3 +1:4-6 +2:7-12");
    audit_log_close(&log);
}

TEST(a_calls_key_is_metered_once_whatever_the_year)
{
    struct audit_log log;
    open_three_years(&log);
    assert_true(meter_key(&log, "a"));
    assert_true(meter_key(&log, "b"));
    assert_true(meter_key(&log, "c"));
    assert_false(meter_key(&log, "d"));
    expect(&log, "SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || count(call_key) FROM meter",
           "18 18 4");
    /* Within a year the table itself refuses, whoever writes. */
    assert_false(test_store_try(log.store_path,
                                "INSERT INTO meter SELECT 100, batch, product, customer, order_id, at, "
                                "kind, units, answer_digest, call_key FROM meter WHERE call_key = 'd'"));
    assert_false(test_store_try(log.store_path,
                                "INSERT INTO meter SELECT 3, batch, product, customer, order_id, at, "
                                "kind, units, answer_digest, NULL FROM meter WHERE id = 4"));
    audit_log_close(&log);
}

static void copy_to(struct store *from, const char *url)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store_copied copied;
    struct store *to;
    assert_ok(store_open(url, &to));
    if (store_copy(from, to, arena, &refusal, &copied) != RESULT_OK)
        fail_msg("%s", refusal.en);
    store_close(to);
}

TEST(verify_and_copy_see_the_rows_of_all_years_in_order)
{
    struct audit_log log;
    struct audit_report report;
    struct store *between;
    char path[256];
    char again[256];
    open_three_years(&log);
    audit_log_seal(&log, 3);
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.entries, 3);
    assert_int_equal(report.batches, 3);
    /* To a file, and from there into partitions again. */
    (void)snprintf(path, sizeof path, "%s/copy.db", log.home);
    (void)snprintf(again, sizeof again, "%s", test_store_url(&store_schema_built));
    copy_to(log.store, path);
    assert_ok(store_open(path, &between));
    copy_to(between, again);
    store_close(between);
    const char *const copies[] = {path, again};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(audit_verify(log.folder, copies[i], NULL, log.arena, &report));
        assert_int_equal(report.batches, 3);
    }
    /* A row lost from an old year is missed. */
    test_store_sql(log.store_path, "DELETE FROM meter WHERE id = 2");
    assert_int_equal(audit_log_check(&log, &report), RESULT_CORRUPT);
    audit_log_close(&log);
}

/* As if this were written years ago. */
static void make_older(struct audit_log *log)
{
    test_store_sql(
        log->store_path,
        "DO $$ DECLARE part text; BEGIN FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits i JOIN"
        " pg_class c ON c.oid = i.inhparent WHERE c.relkind = 'p' LOOP"
        " EXECUTE format('ALTER TABLE %I RENAME TO %I', part, regexp_replace(part, '[0-9]+$', '2020'));"
        " EXECUTE format('ALTER FUNCTION %I() RENAME TO %I', 'dukou_last_' || part,"
        "  'dukou_last_' || regexp_replace(part, '[0-9]+$', '2020'));"
        " END LOOP; END $$");
}

TEST(the_writer_begins_a_year_by_the_servers_clock)
{
    struct audit_log log;
    audit_log_open(&log);
    assert_false(meter_key(&log, "a"));
    audit_log_pause(&log);
    make_older(&log);
    audit_log_reopen(&log);
    assert_true(meter_key(&log, "a"));
    expect(&log, "SELECT count(*) FROM meter_2020", "3");
    expect(&log, "SELECT count(*) FROM audit_salt_2020", "1");
    expect(&log, arena_printf(log.arena, "SELECT count(*) FROM meter_%d", year_now(&log)), "2");
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    audit_log_close(&log);
}

TEST(a_year_without_rows_leaves_no_partition)
{
    struct audit_log log;
    audit_log_open(&log);
    turn(&log, 1);
    turn(&log, 2);
    expect(&log, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'meter'::regclass", "1");
    expect(&log, "SELECT count(*) FROM pg_proc WHERE proname LIKE 'dukou_last_meter%'", "1");
    assert_false(meter_key(&log, "a"));
    expect_lies(&log, "meter", "id", "+2:1-3");
    audit_log_close(&log);
}

static void count_implied(void *argument, const char *message)
{
    int *count = argument;
    *count += strstr(message, "is implied by existing constraints") != NULL;
}

TEST(no_row_is_read_to_end_a_year)
{
    struct audit_log log;
    int implied = 0;
    audit_log_open(&log);
    assert_false(meter_key(&log, "a"));
    PGconn *connection = PQconnectdb(log.store_path);
    (void)PQsetNoticeProcessor(connection, count_implied, &implied);
    PQclear(PQexec(connection, "SET client_min_messages = debug1"));
    PGresult *answer = PQexec(connection, "SELECT dukou_partition(9000)");
    assert_string_equal(PQgetvalue(answer, 0, 0), "t");
    PQclear(answer);
    PQfinish(connection);
    assert_int_equal(implied, 2); /* audit_salt and meter */
    audit_log_close(&log);
}

TEST(a_year_waits_for_who_reads_for_long_and_writing_goes_on)
{
    struct audit_log log;
    audit_log_open(&log);
    assert_false(meter_key(&log, "a"));
    audit_log_pause(&log);
    make_older(&log);
    PGconn *reader = PQconnectdb(log.store_path);
    PQclear(PQexec(reader, "BEGIN"));
    PQclear(PQexec(reader, "SELECT count(*) FROM meter"));
    audit_log_reopen(&log);
    assert_false(meter_key(&log, "b"));
    expect(&log, "SELECT count(*) FROM meter_2020", "6");
    expect(&log, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_salt'::regclass", "1");
    PQfinish(reader);
    turn(&log, 0);
    assert_false(meter_key(&log, "c"));
    expect(&log, "SELECT count(*) FROM meter_2020", "6");
    audit_log_close(&log);
}
