/* Entries and the changes they record: what is in the store together, or not at all. */
#include "support/audit_log.h"

#include <inttypes.h>
#include <pthread.h>

/* Adds `count` cases; with `record` also the entry that names them. */
struct cases {
    struct random *random;
    int64_t first;
    int64_t count;
    bool record;
    enum result end; /* what the unit returns when all went well */
    row_id entry;
};

static enum result add_cases(struct store_tx *tx, void *argument)
{
    struct cases *cases = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int64_t i = 0; i < cases->count; i++) {
        struct store_row row;
        TRY(store_one(tx, arena, SQL_WORKFLOW_CASE_ADD,
                      STORE_BINDS({"kind", store_text("thing")},
                                  {"object_id", store_integer(cases->first + i)},
                                  {"version", store_integer(1)}, {"state", store_text("draft")},
                                  {"since", store_integer(0)}, {"due", store_null()}),
                      &row));
    }
    const struct audit_entry entry = {.event = "add", .object = "thing", .law = LAW(CALL_REVIEW)};
    if (cases->record)
        TRY(audit_append(tx, arena, cases->random, &entry, &cases->entry));
    return cases->end;
}

static enum result ask_next(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    return audit_next(tx, arena, argument);
}

static int64_t next_number(struct audit_log *log)
{
    row_id next = -1;
    assert_ok(store_read(log->store, ask_next, &next));
    return next;
}

TEST(a_change_without_an_entry_is_undone)
{
    struct audit_log log;
    audit_log_open(&log);
    struct cases silent = {.random = log.random, .count = 1};
    assert_int_equal(store_write(log.store, add_cases, &silent), RESULT_CORRUPT);
    struct cases told = {.random = log.random, .count = 1, .record = true, .entry = -1};
    assert_ok(
        store_write(log.store, add_cases, &told)); /* no unique key in the way: the first left no trace */
    assert_int_equal(told.entry, 0);
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.rows, 1);
    audit_log_close(&log);
}

TEST(a_unit_that_fails_takes_its_entry_along)
{
    struct audit_log log;
    audit_log_open(&log);
    struct cases failing = {.random = log.random, .count = 1, .record = true, .end = RESULT_INVALID};
    assert_int_equal(store_write(log.store, add_cases, &failing), RESULT_INVALID);
    assert_int_equal(next_number(&log), 0);
    audit_log_append(&log, 3);
    assert_int_equal(next_number(&log), 3);
    audit_log_close(&log);
}

TEST(changes_that_fill_an_entry_go_on_in_the_next)
{
    struct audit_log log;
    audit_log_open(&log);
    audit_log_append(&log, 1);
    struct cases many = {.random = log.random, .count = 2000, .record = true};
    assert_ok(store_write(log.store, add_cases, &many));
    assert_int_equal(many.entry, 1);
    int64_t next = next_number(&log);
    assert_in_range(next, 4, 10);
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.rows, 2000);
    assert_int_equal(report.pending, next);
    audit_log_seal(&log, next);
    const char *entry;
    assert_ok(audit_read(log.folder, 2, log.arena, &entry));
    assert_non_null(strstr(entry, "\"continues\":1,\"changes\":[[\"workflow_case\","));
    assert_ok(audit_read(log.folder, 1, log.arena, &entry));
    assert_null(strstr(entry, "\"continues\""));
    assert_ok(audit_log_check(&log, &report));
    audit_log_close(&log);
}

enum { WRITERS = 8, UNITS = 40 };

struct writer {
    struct audit_log *log;
    int number;
    int failures;
};

static void *write_units(void *argument)
{
    struct writer *writer = argument;
    struct random *random = random_seeded((uint64_t)writer->number);
    for (int i = 0; i < UNITS; i++) {
        /* Every fourth unit fails, in the same group commits as the others. */
        struct cases cases = {.random = random,
                              .first = writer->number * 1000 + i * 10,
                              .count = 2,
                              .record = true,
                              .end = i % 4 == 3 ? RESULT_INVALID : RESULT_OK};
        if (store_write(writer->log->store, add_cases, &cases) != cases.end)
            writer->failures++;
    }
    random_free(random);
    return NULL;
}

TEST(numbers_have_no_gap_when_many_write_and_some_fail)
{
    struct audit_log log;
    audit_log_open(&log);
    pthread_t threads[WRITERS];
    struct writer writers[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.log = &log, .number = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, write_units, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(writers[i].failures, 0);
    }
    int64_t expected = (int64_t)WRITERS * UNITS * 3 / 4;
    assert_int_equal(next_number(&log), expected);
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.pending, expected);
    assert_int_equal(report.rows, 2 * expected);
    audit_log_seal(&log, expected);
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.entries, expected);
    assert_int_equal(report.pending, 0);
    audit_log_close(&log);
}

TEST(the_log_holds_no_byte_of_a_row)
{
    struct audit_log log;
    audit_log_open(&log);
    struct cases cases = {.random = log.random, .first = 424242, .count = 1, .record = true};
    assert_ok(store_write(log.store, add_cases, &cases));
    audit_log_seal(&log, 1);
    const char *entry;
    assert_ok(audit_read(log.folder, 0, log.arena, &entry));
    assert_null(strstr(entry, "424242"));
    assert_null(strstr(entry, "draft"));
    /* Nor can a value be tried out: two equal rows have different digests in different entries. */
    char *text = arena_printf(log.arena, "%s", entry);
    assert_int_equal(strlen(strstr(text, "null,\"")), strlen("null,\"") + 64 + strlen("\"]]}"));
    audit_log_close(&log);
}
