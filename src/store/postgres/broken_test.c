/* What only PostgreSQL does: connections that break, servers that cannot be used, writers of other processes.
 */
#include "base/clock.h"
#include "store/fixture.h"
#include "support/store.h"
#include "support/test.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum result add(struct store_tx *tx, row_id id)
{
    TRY(store_exec(tx, FIXTURE(NOTE_ADD),
                   STORE_BINDS({"id", store_integer(id)}, {"title", store_null()}, {"weight", store_null()},
                               {"body", store_null()}),
                   NULL));
    return fixture_record(tx);
}

/* Ends every other session of the store's database, as a restart of the server would. */
static void end_sessions(const char *url)
{
    (void)test_store_ask(url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                              " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    (void)usleep(50000);
}

TEST(sessions_that_ended_meanwhile_are_begun_anew)
{
    struct store *store = fixture_open();
    for (row_id id = 1; id <= 5; id++) {
        assert_ok(store_write(store, fixture_add_one, &id));
        end_sessions(fixture_path());
        assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), id);
        end_sessions(fixture_path());
    }
    store_close(store);
}

static enum result add_and_break(struct store_tx *tx, void *argument)
{
    int *runs = argument;
    TRY(add(tx, 1));
    if (++*runs == 1)
        end_sessions(fixture_path());
    return add(tx, 2);
}

TEST(a_unit_whose_session_breaks_is_undone_and_unavailable_and_the_store_goes_on)
{
    struct store *store = fixture_open();
    int runs = 0;
    row_id id = 9;
    assert_int_equal(store_write(store, add_and_break, &runs), RESULT_UNAVAILABLE);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 0);
    assert_ok(store_write(store, fixture_add_one, &id));
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 1);
    store_close(store);
}

/* ---- the answer to a commit is lost ---- */

struct chaos {
    _Atomic bool stop;
    _Atomic long begun; /* units */
    char url[512];
};

static void *end_at_random(void *argument)
{
    struct chaos *chaos = argument;
    unsigned seed = 7;
    long ended = 0;
    PGconn *connection = PQconnectdb(chaos->url);
    while (!atomic_load(&chaos->stop)) {
        (void)usleep((seed = seed * 1103515245u + 12345u) >> 16 & 8191);
        if (atomic_load(&chaos->begun) == ended)
            continue; /* once a unit at most, so that some get through on any machine */
        ended = atomic_load(&chaos->begun);
        PQclear(PQexec(connection, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                   " WHERE datname = current_database() AND pid <> pg_backend_pid()"));
    }
    PQfinish(connection);
    return NULL;
}

static enum result find(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_row row;
    return store_one(tx, arena, FIXTURE(NOTE_BY_ID), STORE_BINDS({"id", store_integer(*(row_id *)argument)}),
                     &row);
}

TEST(what_is_told_of_a_commit_is_true_whenever_the_connection_breaks)
{
    enum { UNITS = 400 };
    static enum result told[UNITS + 1];
    static struct chaos chaos;
    pthread_t thread;
    int done = 0;
    struct store *store = fixture_open();
    (void)snprintf(chaos.url, sizeof chaos.url, "%s", fixture_path());
    assert_int_equal(pthread_create(&thread, NULL, end_at_random, &chaos), 0);
    for (row_id id = 1; id <= UNITS; id++) {
        (void)atomic_fetch_add(&chaos.begun, 1);
        told[id] = store_write(store, fixture_add_one, &id);
    }
    atomic_store(&chaos.stop, true);
    (void)pthread_join(thread, NULL);
    for (row_id id = 1; id <= UNITS; id++) {
        enum result there = store_read(store, find, &id);
        assert_true(told[id] == RESULT_OK || told[id] == RESULT_UNAVAILABLE);
        assert_int_equal(there, told[id] == RESULT_OK ? RESULT_OK : RESULT_NOT_FOUND);
        done += told[id] == RESULT_OK;
    }
    print_message("%d of %d units done, the others broken off\n", done, UNITS);
    assert_true(done > 0);
    assert_int_equal(fixture_count(store, FIXTURE(ENTRY_COUNT)), done);
    store_close(store);
}

/* The server waits for a standby that does not exist, so a commit is durable and not answered until its
 * session is ended. */
static void *end_waiting_commit(void *argument)
{
    (void)argument;
    for (int i = 0; i < 200; i++) {
        (void)usleep(20000);
        if (strcmp(test_store_ask(fixture_path(),
                                  "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"),
                   "0") != 0)
            break;
    }
    end_sessions(fixture_path());
    (void)test_store_ask(fixture_path(), "ALTER SYSTEM RESET synchronous_standby_names");
    (void)test_store_ask(fixture_path(), "SELECT pg_reload_conf()");
    return NULL;
}

TEST(a_commit_that_is_durable_but_gets_no_answer_is_told_as_done)
{
    struct store *store = fixture_open();
    pthread_t thread;
    row_id id = 1;
    assert_ok(store_write(store, fixture_add_one, &id));
    (void)test_store_ask(fixture_path(), "ALTER SYSTEM SET synchronous_standby_names = 'nowhere'");
    (void)test_store_ask(fixture_path(), "SELECT pg_reload_conf()");
    (void)usleep(300000);
    id = 2;
    assert_int_equal(pthread_create(&thread, NULL, end_waiting_commit, NULL), 0);
    assert_ok(store_write(store, fixture_add_one, &id));
    (void)pthread_join(thread, NULL);
    assert_int_equal(fixture_count(store, FIXTURE(NOTE_COUNT)), 2);
    store_close(store);
}

/* ---- opening ---- */

static void refuses(const char *url, enum result expected, const char *words)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct refusal refusal = {0};
    struct store *store = NULL;
    enum result result = store_open_schema(url, &fixture_schema, arena, &refusal, &store);
    if (result != expected || refusal.en == NULL || strstr(refusal.en, words) == NULL || refusal.zh == NULL ||
        refusal.remedy_en == NULL || refusal.remedy_zh == NULL)
        fail_msg("%s: %s", result_name(result), refusal.en);
    else
        assert_true(strstr(refusal.en, "secret") == NULL && strstr(refusal.zh, "secret") == NULL);
}

TEST(a_server_that_is_not_there_is_refused_without_telling_the_password)
{
    refuses("postgresql://dukou:secret@127.0.0.1:1/city", RESULT_UNAVAILABLE,
            "postgresql://dukou@127.0.0.1:1/city");
    refuses("postgresql:///city?host=/nonexistent&password=secret", RESULT_UNAVAILABLE, "postgresql:///city");
}

/* A database made by hand, with `how` behind CREATE DATABASE. */
static const char *database(const char *name, const char *how)
{
    static char url[512];
    char sql[256];
    const char *server = getenv("DUKOU_TEST_STORE");
    const char *at = server != NULL ? strstr(server, "/postgres?") : NULL;
    if (at == NULL) {
        fail_msg("DUKOU_TEST_STORE is no address of the database 'postgres'");
    } else {
        (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s_%d %s", name, (int)getpid(), how);
        (void)test_store_ask(server, sql);
        (void)snprintf(url, sizeof url, "%.*s/%s_%d%s", (int)(at - server), server, name, (int)getpid(),
                       at + strlen("/postgres"));
    }
    return url;
}

TEST(a_database_that_cannot_keep_the_rules_is_refused)
{
    refuses(database("latin", "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"),
            RESULT_INVALID, "not in UTF8");
    refuses(database("icu", "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'"), RESULT_INVALID,
            "sort by bytes");
    const char *theirs = database("theirs", "");
    (void)test_store_ask(theirs, "CREATE TABLE theirs (a int)");
    refuses(theirs, RESULT_INVALID, "other tables");
    char replica[600];
    (void)snprintf(replica, sizeof replica, "%s&options=-csession_replication_role%%3Dreplica",
                   database("replica", ""));
    refuses(replica, RESULT_INVALID, "without triggers");
}

/* ---- other writers, other versions ---- */

static void *release_later(void *argument)
{
    (void)usleep(100000);
    PQclear(PQexec(argument, "COMMIT"));
    return NULL;
}

TEST(a_write_waits_for_another_process_that_writes)
{
    struct store *store = fixture_open();
    row_id id = 1;
    pthread_t thread;
    PGconn *other = PQconnectdb(fixture_path());
    PQclear(PQexec(other, "BEGIN; SELECT pg_advisory_xact_lock(4921114244323213313)"));
    assert_int_equal(pthread_create(&thread, NULL, release_later, other), 0);
    instant begun = clock_monotonic();
    assert_ok(store_write(store, fixture_add_one, &id));
    assert_true(clock_monotonic() - begun > 50 * (INSTANT_SECOND / 1000));
    (void)pthread_join(thread, NULL);
    PQfinish(other);
    store_close(store);
}

static enum result count_columns(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store_row row;
    TRY(store_one(tx, arena, FIXTURE(NOTE_ANY), STORE_NO_BINDS, &row));
    *(size_t *)argument = row.count;
    return RESULT_OK;
}

/* A newer program adds a column while the older one serves. */
TEST(an_older_program_goes_on_while_a_newer_one_adds_a_column)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct store *older = fixture_open();
    struct store *newer = NULL;
    row_id id = 1;
    size_t columns = 0;
    assert_ok(store_write(older, fixture_add_one, &id));
    assert_ok(store_read(older, count_columns, &columns));
    assert_int_equal(columns, 4);
    assert_ok(store_open_schema(fixture_path(), &fixture_schema_v2, arena, NULL, &newer));
    test_store_sql(fixture_path(), "UPDATE note SET remark = 'new' WHERE id = 1");
    id = 2;
    assert_ok(store_write(older, fixture_add_one, &id));
    assert_ok(store_read(older, count_columns, &columns));
    assert_int_equal(columns, 5);
    assert_int_equal(fixture_count(newer, FIXTURE(NOTE_COUNT)), 2);
    store_close(newer);
    store_close(older);
}

TEST(a_trigger_taken_away_is_put_back_when_the_store_is_opened)
{
    struct store *store = fixture_open();
    store_close(store);
    (void)test_store_ask(fixture_path(), "DROP TRIGGER dukou_change ON note");
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_ok(store_open_schema(fixture_path(), &fixture_schema, arena, NULL, &store));
    assert_string_equal(test_store_ask(fixture_path(),
                                       "SELECT count(*) FROM pg_trigger WHERE tgname = 'dukou_change'"
                                       " AND tgrelid = 'note'::regclass"),
                        "1");
    store_close(store);
}
